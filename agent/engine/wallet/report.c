// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/wallet/report.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agent/engine/math/proportion.h"

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))
#define DAY           86400
#define UNKNOWN       ((double)NAN)

static const struct {
    const char *name;
    int64_t seconds; /* 0 = all */
} periods[RX_PERIOD_MAX] = {
    [RX_PERIOD_1D] = {"1d", DAY},
    [RX_PERIOD_7D] = {"7d", 7 * DAY},
    [RX_PERIOD_30D] = {"30d", 30 * DAY},
    [RX_PERIOD_ALL] = {"all-time", 0},
};

const char *rx_period_name(enum rx_period period)
{
    return periods[period].name;
}

int rx_period_parse(struct rx_str text, enum rx_period *ret)
{
    for (int i = 0; i < RX_PERIOD_MAX; i++) {
        if (rx_str_is(text, periods[i].name)) {
            *ret = (enum rx_period)i;
            return 0;
        }
    }
    return RX_EINVALID;
}

int64_t rx_period_start(const struct rx_history *history, enum rx_period period)
{
    if (periods[period].seconds == 0 || history->as_of == RX_TIME_UNKNOWN) {
        return RX_TIME_UNKNOWN;
    }
    return history->as_of - periods[period].seconds;
}

struct rx_win rx_win_of(size_t wins, size_t n)
{
    struct rx_win win = {wins, n, UNKNOWN, UNKNOWN, UNKNOWN};
    if (n > 0) {
        win.rate = (double)wins / (double)n;
        rx_wilson((double)wins, (double)n, 0.95, &win.lo, &win.hi);
    }
    return win;
}

static void count_rows(const struct rx_history *h, int64_t from, struct rx_wallet_summary *s)
{
    for (size_t i = 0; i < h->n_rows; i++) {
        const struct rx_trade *row = h->rows[i];
        if (row->time <= from) {
            continue;
        }
        const bool priced = row->value != RX_MONEY_UNKNOWN;
        if (row->side == RX_SIDE_BUY || row->side == RX_SIDE_SELL) {
            const bool buy = row->side == RX_SIDE_BUY;
            *(buy ? &s->buys : &s->sells) += 1;
            *(buy ? &s->buy_volume : &s->sell_volume) += priced ? row->value : 0;
            s->unpriced += !priced;
            s->fees += row->fee;
        } else {
            s->transfers++;
            s->transfer_fees += row->fee;
            s->transfers_unknown +=
                row->side == RX_SIDE_AIRDROP || (row->side == RX_SIDE_TRANSFER_IN && !priced);
        }
    }
}

static void add_trade(struct rx_wallet_summary *s, const struct rx_fill *fill, size_t *wins,
                      size_t *n, double *seconds)
{
    s->unknown_basis += !rx_u256_is_zero(&fill->unknown);
    s->unknown_proceeds += fill->unknown_proceeds;
    if (fill->pnl == RX_MONEY_UNKNOWN) {
        return;
    }
    *wins += fill->pnl > 0;
    s->realised += fill->pnl;
    s->cost_sold += fill->cost;
    *(fill->pnl > 0 ? &s->gains : &s->losses) += fill->pnl > 0 ? fill->pnl : -fill->pnl;
    s->best = *n == 0 || fill->pnl > s->best ? fill->pnl : s->best;
    s->worst = *n == 0 || fill->pnl < s->worst ? fill->pnl : s->worst;
    *seconds += fill->held;
    (*n)++;
}

static void value_holdings(const struct rx_history *h, struct rx_wallet_summary *s)
{
    for (size_t i = 0; i < h->n_holdings; i++) {
        const struct rx_holding *holding = &h->holdings[i];
        s->unknown_holdings += !rx_u256_is_zero(&holding->unknown);
        if (rx_u256_is_zero(&holding->known)) {
            continue;
        }
        if (holding->value == RX_MONEY_UNKNOWN) {
            s->unpriced_holdings++;
            continue;
        }
        s->unrealised += holding->value - holding->cost;
        s->unrealised_cost += holding->cost;
    }
}

static void measure(const struct rx_history *h, int64_t from, struct rx_wallet_summary *s)
{
    size_t skip = 0;
    size_t end = h->n_returns;
    /* A day belongs to the period when all of it does. */
    while (skip < end) {
        const size_t mid = skip + (end - skip) / 2;
        if (h->return_days[mid] < from) {
            skip = mid + 1;
        } else {
            end = mid;
        }
    }
    if (h->n_returns > skip) {
        s->has_performance = rx_performance(h->returns + skip, h->n_returns - skip,
                                            RX_PERFORMANCE_DAYS, &s->performance);
    }
}

static double ratio(rx_money a, rx_money b)
{
    return b > 0 ? rx_money_to_double(a) / rx_money_to_double(b) : UNKNOWN;
}

void rx_wallet_summarise(const struct rx_history *h, enum rx_period period,
                         struct rx_wallet_summary *ret)
{
    const int64_t from = rx_period_start(h, period);
    struct rx_wallet_summary s = {
        .best = RX_MONEY_UNKNOWN, .worst = RX_MONEY_UNKNOWN, .to = h->as_of, .from = from};
    if (from == RX_TIME_UNKNOWN && h->n_rows > 0) {
        s.from = h->rows[0]->time;
    }
    count_rows(h, from, &s);
    size_t wins = 0;
    size_t n = 0;
    double seconds = 0;
    for (size_t i = 0; i < h->n_closed; i++) {
        if (h->closed[i].trade->time > from) {
            add_trade(&s, &h->closed[i].fill, &wins, &n, &seconds);
        }
    }
    s.win = rx_win_of(wins, n);
    value_holdings(h, &s);
    measure(h, from, &s);
    s.average = n > 0 ? rx_money_to_double(s.realised) / (double)n : UNKNOWN;
    s.hours = n > 0 ? seconds / (double)n / 3600 : UNKNOWN;
    s.profit_factor = ratio(s.gains, s.losses);
    s.roi = ratio(s.realised, s.cost_sold);
    const double days = h->n_rows > 0 ? (double)(s.to - s.from) / DAY : 0;
    s.per_day = h->n_rows > 0 ? (double)(s.buys + s.sells) / fmax(days, 1) : UNKNOWN;
    *ret = s;
}

struct tally {
    struct rx_wallet_group group;
    size_t wins, n, rois;
    double roi;
};

static struct tally *tally_of(struct tally *tallies, size_t *index, uint32_t id, size_t *n)
{
    if (index[id] == 0) {
        tallies[*n] =
            (struct tally){.group = {.id = id, .first = RX_TIME_UNKNOWN, .last = RX_TIME_UNKNOWN}};
        index[id] = ++*n;
    }
    return &tallies[index[id] - 1];
}

static int by_total(const void *left, const void *right)
{
    const struct rx_wallet_group *a = left;
    const struct rx_wallet_group *b = right;
    const rx_money x = a->realised + a->unrealised;
    const rx_money y = b->realised + b->unrealised;
    return x != y ? COMPARE(y, x) : COMPARE(a->id, b->id);
}

static uint32_t id_of(const struct rx_history *h, uint32_t token, bool chains)
{
    return chains ? rx_trades_token_at(h->trades, token)->chain : token;
}

static void fill_tallies(const struct rx_history *h, int64_t from, bool chains,
                         struct tally *tallies, size_t *index, size_t *n)
{
    for (size_t i = 0; i < h->n_rows; i++) {
        const struct rx_trade *row = h->rows[i];
        if (row->side > RX_SIDE_SELL || row->time <= from) {
            continue;
        }
        struct tally *t = tally_of(tallies, index, id_of(h, row->token, chains), n);
        t->group.trades++;
        t->group.volume += row->value == RX_MONEY_UNKNOWN ? 0 : row->value;
        t->group.first = t->group.first == RX_TIME_UNKNOWN ? row->time : t->group.first;
        t->group.last = row->time;
    }
    for (size_t i = 0; i < h->n_closed; i++) {
        const struct rx_closed *closed = &h->closed[i];
        if (closed->trade->time <= from || closed->fill.pnl == RX_MONEY_UNKNOWN) {
            continue;
        }
        struct tally *t = tally_of(tallies, index, id_of(h, closed->trade->token, chains), n);
        t->n++;
        t->wins += closed->fill.pnl > 0;
        t->group.realised += closed->fill.pnl;
        if (!isnan(closed->roi)) {
            t->roi += closed->roi;
            t->rois++;
        }
    }
    for (size_t i = 0; i < h->n_holdings; i++) {
        const struct rx_holding *holding = &h->holdings[i];
        if (holding->value != RX_MONEY_UNKNOWN && !rx_u256_is_zero(&holding->known)) {
            struct tally *t = tally_of(tallies, index, id_of(h, holding->token, chains), n);
            t->group.unrealised += holding->value - holding->cost;
        }
    }
}

static int group(const struct rx_history *h, enum rx_period period, bool chains,
                 struct rx_wallet_group **ret, size_t *ret_n)
{
    const size_t ids = chains ? rx_trades_names(h->trades) : rx_trades_tokens(h->trades);
    const size_t most = h->n_rows + h->n_holdings < ids ? h->n_rows + h->n_holdings : ids;
    rx_autofree struct tally *tallies = calloc(most + 1, sizeof(*tallies));
    rx_autofree size_t *index = calloc(ids + 1, sizeof(*index));
    rx_autofree struct rx_wallet_group *groups = calloc(most + 1, sizeof(*groups));
    if (!tallies || !index || !groups) {
        return -ENOMEM;
    }
    size_t n = 0;
    fill_tallies(h, rx_period_start(h, period), chains, tallies, index, &n);
    for (size_t i = 0; i < n; i++) {
        groups[i] = tallies[i].group;
        groups[i].win = rx_win_of(tallies[i].wins, tallies[i].n);
        groups[i].average_roi =
            tallies[i].rois > 0 ? tallies[i].roi / (double)tallies[i].rois : UNKNOWN;
    }
    if (n > 0) {
        qsort(groups, n, sizeof(*groups), by_total);
    }
    *ret = RX_TAKE(groups);
    *ret_n = n;
    return 0;
}

int rx_wallet_group_tokens(const struct rx_history *history, enum rx_period period,
                           struct rx_wallet_group **ret, size_t *ret_n)
{
    return group(history, period, false, ret, ret_n);
}

int rx_wallet_group_chains(const struct rx_history *history, enum rx_period period,
                           struct rx_wallet_group **ret, size_t *ret_n)
{
    return group(history, period, true, ret, ret_n);
}
