// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/wallet/history.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "agent/engine/wallet/history_core.h"

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

/* A transfer between two wallets of the owner, at either end. */
struct link {
    uint32_t from, to, token, order;
    int64_t time;
    size_t row;
};

struct work {
    struct rx_history *history;
    struct rx_ledger *ledger;
    size_t *answer; /* by row: 0 = none, 1 = this row answers another, else 2 + the answering row */
    struct rx_flow *flows;
    size_t n_flows;
    bool returns;
};

static bool is_own(const struct rx_history *h, uint32_t name)
{
    for (size_t i = 0; i < h->n_wallets; i++) {
        if (h->wallets[i] == name) {
            return true;
        }
    }
    return false;
}

static int by_time(const void *left, const void *right)
{
    const struct rx_trade *a = *(const struct rx_trade *const *)left;
    const struct rx_trade *b = *(const struct rx_trade *const *)right;
    return a->time != b->time ? COMPARE(a->time, b->time) : COMPARE(a->row, b->row);
}

static int gather(struct rx_history *h)
{
    size_t n = 0;
    for (size_t i = 0; i < h->n_wallets; i++) {
        n += rx_trades_of_wallet(h->trades, h->wallets[i]).n;
    }
    h->rows = calloc(n + 1, sizeof(*h->rows));
    if (!h->rows) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < h->n_wallets; i++) {
        const struct rx_trade_span span = rx_trades_of_wallet(h->trades, h->wallets[i]);
        for (size_t k = 0; k < span.n && span.p[k].time <= h->as_of; k++) {
            h->rows[h->n_rows++] = &span.p[k];
        }
    }
    if (h->n_wallets > 1 && h->n_rows > 0) {
        qsort(h->rows, h->n_rows, sizeof(const struct rx_trade *), by_time);
    }
    return 0;
}

static int by_link(const void *left, const void *right)
{
    const struct link *a = left;
    const struct link *b = right;
    if (a->from != b->from) {
        return COMPARE(a->from, b->from);
    }
    if (a->to != b->to) {
        return COMPARE(a->to, b->to);
    }
    if (a->token != b->token) {
        return COMPARE(a->token, b->token);
    }
    return a->time != b->time ? COMPARE(a->time, b->time) : COMPARE(a->order, b->order);
}

static int by_route(const struct link *a, const struct link *b)
{
    if (a->from != b->from) {
        return COMPARE(a->from, b->from);
    }
    return a->to != b->to ? COMPARE(a->to, b->to) : COMPARE(a->token, b->token);
}

/* Outgoing rows meet the incoming rows of the same route in order of time. */
static void match(struct work *work, const struct link *outs, size_t n_outs, const struct link *ins,
                  size_t n_ins)
{
    size_t o = 0;
    for (size_t i = 0; i < n_ins; i++) {
        while (o < n_outs && by_route(&outs[o], &ins[i]) < 0) {
            o++;
        }
        if (o == n_outs) {
            return;
        }
        if (by_route(&outs[o], &ins[i]) == 0 && outs[o].time <= ins[i].time) {
            work->answer[outs[o].row] = 2 + ins[i].row;
            work->answer[ins[i].row] = 1;
            o++;
        }
    }
}

static int pair_transfers(struct work *work)
{
    const struct rx_history *h = work->history;
    rx_autofree struct link *links = calloc(h->n_rows + 1, sizeof(*links));
    if (!links) {
        return -ENOMEM;
    }
    size_t n_outs = 0;
    size_t n_ins = 0;
    for (size_t i = 0; i < h->n_rows && h->n_wallets > 1; i++) {
        const struct rx_trade *row = h->rows[i];
        const bool out = row->side == RX_SIDE_TRANSFER_OUT;
        if ((!out && row->side != RX_SIDE_TRANSFER_IN) || !is_own(h, row->counterparty) ||
            row->counterparty == row->wallet) {
            continue;
        }
        /* Outs fill the array from the front, ins from the back. */
        struct link *link = &links[out ? n_outs++ : h->n_rows - ++n_ins];
        *link = (struct link){.from = out ? row->wallet : row->counterparty,
                              .to = out ? row->counterparty : row->wallet,
                              .token = row->token,
                              .order = (uint32_t)i,
                              .time = row->time,
                              .row = i};
    }
    struct link *ins = links + h->n_rows - n_ins;
    if (n_outs > 0 && n_ins > 0) {
        qsort(links, n_outs, sizeof(*links), by_link);
        qsort(ins, n_ins, sizeof(*links), by_link);
        match(work, links, n_outs, ins, n_ins);
    }
    return 0;
}

static void note_flow(struct work *work, const struct rx_trade *row, const struct rx_fill *fill,
                      bool own)
{
    const struct rx_history *h = work->history;
    struct rx_flow flow = {
        .token = row->token, .order = (uint32_t)work->n_flows, .time = row->time};
    for (size_t i = 0; i < h->n_wallets; i++) {
        const struct rx_position *p = rx_ledger_find(work->ledger, h->wallets[i], row->token);
        if (p) {
            (void)rx_u256_add(&flow.known, &p->known, &flow.known);
            flow.cost += p->cost;
        }
    }
    if (row->side == RX_SIDE_SELL && fill->proceeds != RX_MONEY_UNKNOWN) {
        flow.out = fill->proceeds;
    } else if (row->side == RX_SIDE_SELL || (row->side == RX_SIDE_TRANSFER_OUT && !own)) {
        const rx_price price = rx_trades_price_at(h->trades, row->token, row->time, NULL);
        const unsigned decimals = rx_trades_token_at(h->trades, row->token)->decimals;
        if (price == RX_PRICE_UNKNOWN ||
            !rx_price_value(&fill->known, decimals, price, &flow.out)) {
            flow.out = fill->cost;
        }
    } else if (!own) {
        flow.in = fill->cost;
    }
    work->flows[work->n_flows++] = flow;
}

static int book_own(struct work *work, size_t i, struct rx_fill *fill, struct rx_error *err)
{
    const struct rx_history *h = work->history;
    const struct rx_trade *row = h->rows[i];
    const struct rx_trade *in = work->answer[i] >= 2 ? h->rows[work->answer[i] - 2] : NULL;
    const bool all = !in || rx_u256_cmp(&in->amount, &row->amount) >= 0;
    int rc = rx_ledger_move(work->ledger, row, row->counterparty, all ? &row->amount : &in->amount,
                            fill, err);
    if (rc == 0 && in && rx_u256_cmp(&in->amount, &row->amount) > 0) {
        /* More arrived than was sent: the surplus came from somewhere else. */
        struct rx_trade surplus = *in;
        (void)rx_u256_sub(&in->amount, &row->amount, &surplus.amount);
        surplus.side = RX_SIDE_AIRDROP;
        surplus.fee = 0;
        rc = rx_ledger_apply(work->ledger, &surplus, NULL, err);
    }
    return rc;
}

static int book_rows(struct work *work, struct rx_error *err)
{
    struct rx_history *h = work->history;
    for (size_t i = 0; i < h->n_rows; i++) {
        const struct rx_trade *row = h->rows[i];
        if (work->answer[i] == 1) {
            continue;
        }
        const bool own = row->side == RX_SIDE_TRANSFER_OUT && is_own(h, row->counterparty) &&
                         row->counterparty != row->wallet;
        struct rx_fill fill;
        const int rc =
            own ? book_own(work, i, &fill, err) : rx_ledger_apply(work->ledger, row, &fill, err);
        if (rc < 0) {
            return rc;
        }
        if (work->returns) {
            note_flow(work, row, &fill, own);
        }
        if (row->side == RX_SIDE_SELL) {
            const double pnl = rx_money_to_double(fill.pnl);
            const double roi = fill.cost > 0 ? pnl / rx_money_to_double(fill.cost) : (double)NAN;
            h->closed[h->n_closed++] = (struct rx_closed){row, fill, roi};
        }
    }
    h->totals = *rx_ledger_totals(work->ledger);
    return 0;
}

static int by_token(const void *left, const void *right)
{
    const struct rx_holding *a = left;
    const struct rx_holding *b = right;
    return COMPARE(a->token, b->token);
}

static void price_holding(const struct rx_history *h, struct rx_holding *holding)
{
    const unsigned decimals = rx_trades_token_at(h->trades, holding->token)->decimals;
    holding->value = RX_MONEY_UNKNOWN;
    holding->mark = rx_trades_price_at(h->trades, holding->token, h->as_of, &holding->mark_time);
    if (holding->mark != RX_PRICE_UNKNOWN &&
        !rx_price_value(&holding->known, decimals, holding->mark, &holding->value)) {
        holding->value = RX_MONEY_UNKNOWN;
    }
}

/* One holding a token: positions of the owner's wallets together. */
static void merge_holdings(struct rx_history *h)
{
    size_t kept = 0;
    if (h->n_holdings > 0) {
        qsort(h->holdings, h->n_holdings, sizeof(*h->holdings), by_token);
    }
    for (size_t i = 0; i < h->n_holdings; i++) {
        struct rx_holding *last = kept > 0 ? &h->holdings[kept - 1] : NULL;
        const struct rx_holding *it = &h->holdings[i];
        if (last && last->token == it->token) {
            (void)rx_u256_add(&last->known, &it->known, &last->known);
            (void)rx_u256_add(&last->unknown, &it->unknown, &last->unknown);
            last->cost += it->cost;
        } else {
            h->holdings[kept++] = *it;
        }
    }
    h->n_holdings = kept;
    for (size_t i = 0; i < kept; i++) {
        price_holding(h, &h->holdings[i]);
    }
}

static int list_open(struct rx_history *h, const struct rx_ledger *ledger)
{
    const size_t positions = rx_ledger_positions(ledger);
    size_t lots = 0;
    for (size_t i = 0; i < positions; i++) {
        size_t n;
        rx_ledger_lots(ledger, i, &n);
        lots += n;
    }
    h->open = calloc(lots + 1, sizeof(*h->open));
    h->holdings = calloc(positions + 1, sizeof(*h->holdings));
    if (!h->open || !h->holdings) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < positions; i++) {
        const struct rx_position *p = rx_ledger_position(ledger, i);
        size_t n;
        const struct rx_lot *open = rx_ledger_lots(ledger, i, &n);
        for (size_t k = 0; k < n; k++) {
            h->open[h->n_open++] = (struct rx_open){p->wallet, p->token, open[k]};
        }
        if (n > 0) {
            h->holdings[h->n_holdings++] = (struct rx_holding){
                .token = p->token, .known = p->known, .unknown = p->unknown, .cost = p->cost};
        }
    }
    merge_holdings(h);
    return 0;
}

static int run(struct rx_history *h, const struct rx_history_options *options, struct rx_error *err)
{
    static const char no_memory[] = "out of memory";
    rx_auto(ledger) struct rx_ledger *ledger = rx_ledger_new(options->method);
    if (!ledger || gather(h) < 0) {
        return rx_error_set(err, -ENOMEM, no_memory);
    }
    rx_autofree size_t *answer = calloc(h->n_rows + 1, sizeof(*answer));
    rx_autofree struct rx_flow *flows =
        calloc(options->returns ? h->n_rows + 1 : 1, sizeof(*flows));
    h->closed = calloc(h->n_rows + 1, sizeof(*h->closed));
    if (!answer || !flows || !h->closed) {
        return rx_error_set(err, -ENOMEM, no_memory);
    }
    struct work work = {h, ledger, answer, flows, 0, options->returns};
    int rc = pair_transfers(&work);
    if (rc == 0) {
        rc = book_rows(&work, err);
        if (rc < 0) {
            return rc;
        }
        rc = list_open(h, ledger);
    }
    if (rc == 0 && options->returns) {
        rc = rx_history_returns(h, flows, work.n_flows);
    }
    return rc < 0 ? rx_error_set(err, rc, no_memory) : 0;
}

int rx_history_new(const struct rx_trades *trades, const struct rx_history_options *options,
                   struct rx_history **ret, struct rx_error *err)
{
    if (options->n_wallets == 0 || options->n_wallets > RX_OWNER_MAX) {
        return rx_error_set(err, RX_EINVALID, "1 to %u wallets expected, got %zu", RX_OWNER_MAX,
                            options->n_wallets);
    }
    rx_auto(history) struct rx_history *h = calloc(1, sizeof(*h));
    if (!h) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    h->trades = trades;
    h->as_of = options->as_of != RX_TIME_UNKNOWN ? options->as_of : rx_trades_last_time(trades);
    h->wallet = options->wallets[0];
    for (size_t i = 0; i < options->n_wallets; i++) {
        if (!is_own(h, options->wallets[i])) {
            h->wallets[h->n_wallets++] = options->wallets[i];
        }
    }
    const int rc = run(h, options, err);
    if (rc < 0) {
        return rc;
    }
    *ret = RX_TAKE(h);
    return 0;
}

void rx_history_free(struct rx_history *history)
{
    if (history) {
        free(history->rows);
        free(history->closed);
        free(history->open);
        free(history->holdings);
        free(history->returns);
        free(history->return_days);
        free(history);
    }
}
