// SPDX-License-Identifier: Apache-2.0
/* One token's rows, grouped by wallet in linear time, with the pumps and dumps that followed. */
#include <errno.h>
#include <stdlib.h>

#include "agent/engine/wallet/finder_core.h"

#define DAY  86400
#define LEAD 3600 /* seconds that a trade may come before a pump or a dump */

void rx_finder_market_fini(struct rx_finder_market *market)
{
    free(market->rows);
    free(market->order);
    free(market->start);
    free(market->names);
    free(market->stamp);
    *market = (struct rx_finder_market){0};
}

static bool counts(const struct rx_finder_market *m, const struct rx_trade *row)
{
    return row->side <= RX_SIDE_SELL && row->time > m->from && row->time <= m->as_of &&
           row->value != RX_MONEY_UNKNOWN && row->value >= m->request->min_trade;
}

static int group(struct rx_finder_market *m, const uint32_t *indices, size_t n)
{
    const size_t names = rx_trades_names(m->trades);
    rx_autofree uint32_t *local = calloc(names + 1, sizeof(*local)); /* number + 1 */
    m->rows = calloc(n + 1, sizeof(*m->rows));
    m->order = calloc(n + 1, sizeof(*m->order));
    m->names = calloc(n + 1, sizeof(*m->names));
    if (!local || !m->rows || !m->order || !m->names) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < n; i++) {
        const struct rx_trade *row = rx_trades_at(m->trades, indices[i]);
        if (row->time > m->as_of) {
            break;
        }
        if (local[row->wallet] == 0) {
            m->names[m->n_wallets] = row->wallet;
            local[row->wallet] = (uint32_t)++m->n_wallets;
        }
        m->rows[m->n_rows++] = (struct rx_finder_market_row){.trade = row,
                                                             .time = row->time,
                                                             .side = row->side,
                                                             .local = local[row->wallet] - 1,
                                                             .counts = counts(m, row)};
    }
    m->start = calloc(m->n_wallets + 2, sizeof(*m->start));
    m->stamp = calloc(m->n_wallets + 1, sizeof(*m->stamp));
    if (!m->start || !m->stamp) {
        return -ENOMEM;
    }
    /* Counting sort: sizes, then offsets, then places. */
    for (size_t i = 0; i < m->n_rows; i++) {
        m->start[m->rows[i].local + 2]++;
    }
    for (size_t i = 2; i <= m->n_wallets; i++) {
        m->start[i] += m->start[i - 1];
    }
    for (size_t i = 0; i < m->n_rows; i++) {
        m->order[m->start[m->rows[i].local + 1]++] = (uint32_t)i;
    }
    return 0;
}

static void mark_early(struct rx_finder_market *m)
{
    size_t buys = 0;
    for (size_t i = 0; i < m->n_rows; i++) {
        buys += m->rows[i].side == RX_SIDE_BUY;
    }
    size_t left = (buys + 9) / 10;
    for (size_t i = 0; i < m->n_rows && left > 0; i++) {
        if (m->rows[i].side == RX_SIDE_BUY) {
            m->rows[i].early = true;
            left--;
        }
    }
}

/* Highest or lowest price of a moving window, in amortised constant time (Lemire 2006). */
struct window {
    uint32_t *queue; /* indices of points, from best to newest */
    size_t head, tail;
    int sign; /* 1: highest, -1: lowest */
};

static void push(struct window *w, const struct rx_price_point *points, uint32_t at)
{
    while (w->tail > w->head) {
        const rx_price last = points[w->queue[w->tail - 1]].price;
        const rx_price now = points[at].price;
        if (w->sign > 0 ? last > now : last < now) {
            break;
        }
        w->tail--;
    }
    w->queue[w->tail++] = at;
}

static void drop(struct window *w, size_t before)
{
    while (w->head < w->tail && w->queue[w->head] < before) {
        w->head++;
    }
}

struct outlook {
    struct rx_price_span prices;
    struct window high, low;
    size_t next;  /* first point not yet in the windows */
    size_t after; /* first point later than now */
};

/* Moves to `time` >= the last one; false when no price is known now or in the hour after. */
static bool look(struct outlook *o, int64_t time, int64_t as_of, bool *pump, bool *dump)
{
    const struct rx_price_point *p = o->prices.p;
    while (o->after < o->prices.n && p[o->after].time <= time) {
        o->after++;
    }
    while (o->next < o->prices.n && p[o->next].time <= time + LEAD && p[o->next].time <= as_of) {
        push(&o->high, p, (uint32_t)o->next);
        push(&o->low, p, (uint32_t)o->next++);
    }
    drop(&o->high, o->after);
    drop(&o->low, o->after);
    if (o->after == 0 || o->high.head == o->high.tail || p[o->after - 1].price == 0) {
        return false;
    }
    const double now = rx_price_to_double(p[o->after - 1].price);
    *pump = rx_price_to_double(p[o->high.queue[o->high.head]].price) >= 1.20 * now;
    *dump = rx_price_to_double(p[o->low.queue[o->low.head]].price) <= 0.85 * now;
    return true;
}

static void start(struct outlook *o, uint32_t *queues)
{
    o->high = (struct window){.queue = queues, .sign = 1};
    o->low = (struct window){.queue = queues + o->prices.n, .sign = -1};
    o->next = o->after = 0;
}

static int mark_moves(struct rx_finder_market *m)
{
    struct outlook o = {.prices = rx_trades_prices(m->trades, m->request->token)};
    rx_autofree uint32_t *queues = calloc(2 * o.prices.n + 1, sizeof(*queues));
    if (!queues) {
        return -ENOMEM;
    }
    start(&o, queues);
    for (size_t i = 0; i < m->n_rows; i++) {
        struct rx_finder_market_row *row = &m->rows[i];
        row->known = look(&o, row->time, m->as_of, &row->pump, &row->dump);
    }
    /* The same question at every point of the series: what a trade at any moment would have met. */
    start(&o, queues);
    size_t n = 0;
    size_t pumps = 0;
    size_t dumps = 0;
    for (size_t i = 0; i < o.prices.n && o.prices.p[i].time <= m->as_of; i++) {
        bool pump;
        bool dump;
        if (o.prices.p[i].time > m->from && look(&o, o.prices.p[i].time, m->as_of, &pump, &dump)) {
            n++;
            pumps += pump;
            dumps += dump;
        }
    }
    m->pump_rate = n > 0 ? (double)pumps / (double)n : 0;
    m->dump_rate = n > 0 ? (double)dumps / (double)n : 0;
    return 0;
}

int rx_finder_market_new(const struct rx_trades *trades, const struct rx_finder_request *request,
                         struct rx_finder_market *ret)
{
    const struct rx_index_span rows = rx_trades_of_token(trades, request->token);
    rx_auto(finder_market) struct rx_finder_market m = {.trades = trades, .request = request};
    m.as_of = request->as_of != RX_TIME_UNKNOWN ? request->as_of : rx_trades_last_time(trades);
    m.from = m.as_of - (int64_t)request->window_days * DAY;
    int rc = group(&m, rows.p, rows.n);
    if (rc == 0) {
        mark_early(&m);
        rc = mark_moves(&m);
    }
    if (rc == 0) {
        *ret = m;
        m = (struct rx_finder_market){0};
    }
    return rc;
}
