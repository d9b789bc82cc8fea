// SPDX-License-Identifier: Apache-2.0
/*
 * Daily returns. The value of each token changes only on days with a row or a price, so its changes
 * go into an array of differences by day: linear in rows, prices and days, and exact in integers.
 */
#include <errno.h>
#include <stdlib.h>

#include "agent/engine/wallet/history_core.h"

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

struct days {
    int64_t first; /* number of the first day since 1970 */
    size_t n;
    rx_money *change; /* of the value at the day's end */
    rx_money *in, *out;
};

static int by_token_time(const void *left, const void *right)
{
    const struct rx_flow *a = left;
    const struct rx_flow *b = right;
    if (a->token != b->token) {
        return COMPARE(a->token, b->token);
    }
    return a->time != b->time ? COMPARE(a->time, b->time) : COMPARE(a->order, b->order);
}

static rx_money value_of(const struct rx_history *h, const struct rx_flow *state, rx_price price)
{
    const unsigned decimals = rx_trades_token_at(h->trades, state->token)->decimals;
    rx_money value;
    if (price == RX_PRICE_UNKNOWN || !rx_price_value(&state->known, decimals, price, &value)) {
        return state->cost;
    }
    return value;
}

/* Flows of one token, in order of time. */
static void follow_token(const struct rx_history *h, const struct rx_flow *flows, size_t n,
                         struct days *days)
{
    const struct rx_price_span prices = rx_trades_prices(h->trades, flows[0].token);
    int64_t seen = RX_TIME_UNKNOWN;
    rx_price price = rx_trades_price_at(h->trades, flows[0].token, flows[0].time, &seen);
    size_t p = 0;
    while (p < prices.n && prices.p[p].time <= flows[0].time) {
        p++;
    }
    rx_money value = 0;
    size_t f = 0;
    while (f < n || (p < prices.n && prices.p[p].time <= h->as_of)) {
        const bool held = f > 0 && !rx_u256_is_zero(&flows[f - 1].known);
        if (f == n && !held) {
            return;
        }
        int64_t time = f < n ? flows[f].time : prices.p[p].time;
        if (held && p < prices.n && prices.p[p].time < time) {
            time = prices.p[p].time;
        }
        const int64_t day = time / DAY;
        const size_t at = (size_t)(day - days->first);
        for (; f < n && flows[f].time / DAY == day; f++) {
            days->in[at] += flows[f].in;
            days->out[at] += flows[f].out;
        }
        for (; p < prices.n && prices.p[p].time / DAY <= day && prices.p[p].time <= h->as_of; p++) {
            price = prices.p[p].price;
        }
        const rx_money now = value_of(h, &flows[f - 1], price);
        days->change[at] += now - value;
        value = now;
    }
}

static int write_returns(struct rx_history *h, const struct days *days)
{
    h->returns = calloc(days->n, sizeof(*h->returns));
    h->return_days = calloc(days->n, sizeof(*h->return_days));
    if (!h->returns || !h->return_days) {
        return -ENOMEM;
    }
    rx_money value = 0;
    for (size_t d = 0; d < days->n; d++) {
        const rx_money capital = value + days->in[d];
        value += days->change[d];
        if (capital <= 0) {
            continue;
        }
        const rx_money pnl = value + days->out[d] - capital;
        const double r = rx_money_to_double(pnl) / rx_money_to_double(capital);
        h->return_days[h->n_returns] = (days->first + (int64_t)d) * DAY;
        h->returns[h->n_returns++] = r > -1 ? r : -1;
    }
    return 0;
}

int rx_history_returns(struct rx_history *h, struct rx_flow *flows, size_t n_flows)
{
    if (n_flows == 0) {
        return 0;
    }
    struct days days = {.first = h->rows[0]->time / DAY};
    days.n = (size_t)(h->as_of / DAY - days.first) + 1;
    rx_autofree rx_money *cells = calloc(3 * days.n, sizeof(*cells));
    if (!cells) {
        return -ENOMEM;
    }
    days.change = cells;
    days.in = cells + days.n;
    days.out = cells + 2 * days.n;
    qsort(flows, n_flows, sizeof(*flows), by_token_time);
    for (size_t i = 0; i < n_flows;) {
        size_t end = i;
        while (end < n_flows && flows[end].token == flows[i].token) {
            end++;
        }
        follow_token(h, flows + i, end - i, &days);
        i = end;
    }
    return write_returns(h, &days);
}
