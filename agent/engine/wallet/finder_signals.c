// SPDX-License-Identifier: Apache-2.0
/* What one wallet did in one token, and what that says. */
#include <math.h>
#include <string.h>

#include "agent/engine/wallet/finder_core.h"

#define DAY       86400.0
#define NEAR      60 /* seconds between trades of neighbours */
#define MAX_NEAR  8  /* rows looked at on each side of a trade */
#define REACTION  15 /* seconds around a sandwich */
#define UNKNOWN   ((double)NAN)
#define MAX_RATIO 2.0

static const struct rx_signal_rule rules[RX_SIGNAL_MAX] = {
    [RX_SIGNAL_PRE_PUMP] = {"pre_pump_entry_rate", "timing",
                            "buys within 60 min before the price rises by 20 %, of all buys, less "
                            "the share of all moments that are so",
                            5, 4},
    [RX_SIGNAL_PRE_DUMP] = {"pre_dump_exit_rate", "timing",
                            "sells within 60 min before the price falls by 15 %, of all sells, "
                            "less the share of all moments that are so",
                            3, 4},
    [RX_SIGNAL_EARLY_ENTRY] = {"early_entry_rate", "timing",
                               "buys among the first tenth of the token's buys, less a tenth", 1,
                               4},
    [RX_SIGNAL_WIN_RATE] = {"win_rate", "profitability",
                            "win rate shrunk to that of all wallets (beta prior), less theirs", 4,
                            0},
    [RX_SIGNAL_ROI] = {"realised_roi", "profitability",
                       "log2(1 + realised gain / cost of the units sold), within -2 and 2", 1, 3},
    [RX_SIGNAL_CONSISTENCY] = {"consistency", "profitability",
                               "mean / standard deviation of the trades' returns, within -2 and 2",
                               .5, 5},
    [RX_SIGNAL_SMART_LINKS] = {"smart_links", "graph",
                               "neighbours known to be good, five or more count as 1", .8, 0},
    [RX_SIGNAL_CENTRALITY] = {"graph_centrality", "graph",
                              "wallets that traded within 60 s or exchanged the token, of all", .3,
                              0},
    [RX_SIGNAL_LEADERSHIP] = {"leadership", "graph",
                              "neighbours' trades that came after its own, less a half", .6, 8},
    [RX_SIGNAL_DEX_DIVERSITY] = {"dex_diversity", "behaviour",
                                 "exchanges used beyond the first, four or more count as 1", .2, 2},
    [RX_SIGNAL_ACTIVITY] = {"trades_per_day", "behaviour", "above 10 trades a day: minus 1 at 50",
                            .8, 0},
};

const struct rx_signal_rule *rx_signal_rule(enum rx_signal signal)
{
    return &rules[signal];
}

struct measure {
    struct rx_finder_market *m;
    struct rx_found_wallet *f;
    uint32_t local;
    size_t buys_known, pumps, sells_known, dumps, early;
    size_t neighbours, smart, edges, leads;
    size_t sandwiches, wins, trades;
    double roi_sum, roi_squares, held;
    size_t rois;
    rx_money cost, paid, volume;
    double bought, sold;
    int64_t first, last; /* counted trades */
    double gaps, gap_squares;
    size_t n_gaps;
    uint32_t dexes[5];
    size_t n_dexes;
};

static void note_dex(struct measure *a, uint32_t dex)
{
    if (dex == RX_NAME_NONE || a->n_dexes == 5) {
        return;
    }
    for (size_t i = 0; i < a->n_dexes; i++) {
        if (a->dexes[i] == dex) {
            return;
        }
    }
    a->dexes[a->n_dexes++] = dex;
}

static void note_neighbour(struct measure *a, uint32_t local)
{
    struct rx_finder_market *m = a->m;
    if (m->stamp[local] == a->local + 1) {
        return;
    }
    m->stamp[local] = a->local + 1;
    a->neighbours++;
    a->smart += m->request->smart && m->request->smart[m->names[local]];
}

/* Rows just before and after one, of other wallets. */
static void look_around(struct measure *a, size_t at)
{
    const struct rx_finder_market *m = a->m;
    const int64_t time = m->rows[at].time;
    for (size_t i = at; i > 0 && at - i < MAX_NEAR && m->rows[i - 1].time >= time - NEAR; i--) {
        if (m->rows[i - 1].local != a->local) {
            note_neighbour(a, m->rows[i - 1].local);
            a->edges++;
        }
    }
    for (size_t i = at + 1; i < m->n_rows && i - at <= MAX_NEAR && m->rows[i].time <= time + NEAR;
         i++) {
        if (m->rows[i].local != a->local) {
            note_neighbour(a, m->rows[i].local);
            a->edges++;
            a->leads++;
        }
    }
}

/* Own buy, a stranger's buy, own sell within seconds. */
static bool is_sandwich(const struct measure *a, size_t at)
{
    const struct rx_finder_market *m = a->m;
    bool stranger = false;
    for (size_t i = at; i > 0 && at - i < 4 * MAX_NEAR; i--) {
        const struct rx_finder_market_row *row = &m->rows[i - 1];
        if (row->time < m->rows[at].time - REACTION) {
            return false;
        }
        if (row->local == a->local && row->side == RX_SIDE_BUY) {
            return stranger;
        }
        stranger = stranger || (row->local != a->local && row->side == RX_SIDE_BUY);
    }
    return false;
}

static void note_sell(struct measure *a, const struct rx_finder_market_row *row,
                      const struct rx_fill *fill)
{
    struct rx_found_wallet *f = a->f;
    if (row->known) {
        a->sells_known++;
        a->dumps += row->dump;
        f->exit_time = row->dump ? row->time : f->exit_time;
    }
    if (fill->pnl == RX_MONEY_UNKNOWN) {
        return;
    }
    a->trades++;
    a->wins += fill->pnl > 0;
    a->held += fill->held;
    a->cost += fill->cost;
    f->realised += fill->pnl;
    if (f->best == RX_MONEY_UNKNOWN || fill->pnl > f->best) {
        f->best = fill->pnl;
        f->best_time = row->time;
    }
    if (fill->cost > 0) {
        const double roi = rx_money_to_double(fill->pnl) / rx_money_to_double(fill->cost);
        a->roi_sum += roi;
        a->roi_squares += roi * roi;
        a->rois++;
    }
}

static void note_trade(struct measure *a, size_t at, const struct rx_fill *fill)
{
    const struct rx_finder_market_row *row = &a->m->rows[at];
    const struct rx_trade *trade = row->trade;
    struct rx_found_wallet *f = a->f;
    const bool buy = trade->side == RX_SIDE_BUY;
    *(buy ? &f->buys : &f->sells) += 1;
    *(buy ? &a->bought : &a->sold) += rx_u256_to_double(&trade->amount);
    a->paid += buy ? trade->value : -trade->value;
    a->volume += trade->value;
    if (buy) {
        f->first_buy = f->first_buy == RX_TIME_UNKNOWN ? trade->time : f->first_buy;
        a->buys_known += row->known;
        a->pumps += row->known && row->pump;
        a->early += row->early;
    } else {
        note_sell(a, row, fill);
        a->sandwiches += is_sandwich(a, at);
    }
    if (a->last != RX_TIME_UNKNOWN) {
        const double gap = (double)(trade->time - a->last);
        a->gaps += gap;
        a->gap_squares += gap * gap;
        a->n_gaps++;
    }
    a->first = a->first == RX_TIME_UNKNOWN ? trade->time : a->first;
    a->last = trade->time;
    note_dex(a, trade->dex);
    look_around(a, at);
}

static double share(size_t hits, size_t n)
{
    return n > 0 ? (double)hits / (double)n : UNKNOWN;
}

static double clamp(double value, double low, double high)
{
    return fmin(high, fmax(low, value));
}

static double per_day(const struct measure *a)
{
    const double n = (double)(a->f->buys + a->f->sells);
    return n / fmax(1, a->last == RX_TIME_UNKNOWN ? 1 : (double)(a->last - a->first) / DAY);
}

static void put(struct rx_found_wallet *f, enum rx_signal signal, double value, size_t n)
{
    f->signals[signal] = (struct rx_signal_value){.value = value, .n = n};
}

static void fill_signals(struct measure *a)
{
    struct rx_found_wallet *f = a->f;
    const struct rx_finder_market *m = a->m;
    double consistency = UNKNOWN;
    if (a->rois >= 2) {
        const double mean = a->roi_sum / (double)a->rois;
        const double spread = a->roi_squares / (double)a->rois - mean * mean;
        const double sd = sqrt(fmax(0, spread) * (double)a->rois / (double)(a->rois - 1));
        /* Equal returns have no deviation to speak of: as consistent as the scale allows. */
        consistency = sd > fabs(mean) / MAX_RATIO ? mean / sd
                      : mean == 0                 ? 0
                                                  : copysign(MAX_RATIO, mean);
    }
    f->win = rx_win_of(a->wins, a->trades);
    f->roi = a->cost > 0 ? rx_money_to_double(f->realised) / rx_money_to_double(a->cost) : UNKNOWN;
    f->hold_hours = a->trades > 0 ? a->held / (double)a->trades / 3600 : UNKNOWN;
    put(f, RX_SIGNAL_PRE_PUMP, share(a->pumps, a->buys_known), a->buys_known);
    put(f, RX_SIGNAL_PRE_DUMP, share(a->dumps, a->sells_known), a->sells_known);
    put(f, RX_SIGNAL_EARLY_ENTRY, share(a->early, f->buys), f->buys);
    put(f, RX_SIGNAL_WIN_RATE, f->win.rate, a->trades);
    put(f, RX_SIGNAL_ROI, f->roi, a->trades);
    put(f, RX_SIGNAL_CONSISTENCY, consistency, a->rois);
    put(f, RX_SIGNAL_SMART_LINKS, m->request->smart ? (double)a->smart : UNKNOWN, a->neighbours);
    put(f, RX_SIGNAL_CENTRALITY,
        m->n_wallets > 1 ? (double)a->neighbours / (double)(m->n_wallets - 1) : UNKNOWN,
        a->neighbours);
    put(f, RX_SIGNAL_LEADERSHIP, share(a->leads, a->edges), a->edges);
    put(f, RX_SIGNAL_DEX_DIVERSITY, a->n_dexes > 0 ? (double)a->n_dexes : UNKNOWN,
        f->buys + f->sells);
    put(f, RX_SIGNAL_ACTIVITY, per_day(a), f->buys + f->sells);
}

static void fill_risks(struct measure *a)
{
    struct rx_found_wallet *f = a->f;
    const double rate = per_day(a);
    const double volume = rx_money_to_double(a->volume);
    const bool flat = f->buys + f->sells >= 10 && f->sells > 0 &&
                      fabs(a->bought - a->sold) <= .05 * (a->bought + a->sold) &&
                      fabs(rx_money_to_double(a->paid)) <= .005 * volume;
    f->risks[RX_FINDER_WASH] = flat ? clamp(.5 + rate / 50, .5, .9) : 0;
    if (a->n_gaps >= 20 && a->gaps > 0) {
        const double mean = a->gaps / (double)a->n_gaps;
        const double variation =
            sqrt(fmax(0, a->gap_squares / (double)a->n_gaps - mean * mean)) / mean;
        f->risks[RX_FINDER_BOT] = .8 * clamp(1 - variation / .5, 0, 1);
    }
    f->risks[RX_FINDER_SANDWICH] =
        f->sells >= 3 ? .9 * fmin(1, 2 * (double)a->sandwiches / (double)f->sells) : 0;
    f->risks[RX_FINDER_RAPID] = f->hold_hours < 1.0 / 60 && rate > 20 ? .7 : 0;
    for (int i = 0; i < RX_FINDER_RISKS; i++) {
        f->risk = fmax(f->risk, f->risks[i]);
    }
}

static void value_holdings(const struct rx_finder_market *m, const struct rx_ledger *ledger,
                           struct rx_found_wallet *f)
{
    const struct rx_position *p = rx_ledger_find(ledger, f->wallet, m->request->token);
    struct rx_u256 all = {{0}};
    if (!p || !rx_u256_add(&p->known, &p->unknown, &all)) {
        return;
    }
    const rx_price price = rx_trades_price_at(m->trades, m->request->token, m->as_of, NULL);
    const unsigned decimals = rx_trades_token_at(m->trades, m->request->token)->decimals;
    if (price == RX_PRICE_UNKNOWN || !rx_price_value(&all, decimals, price, &f->holdings)) {
        f->holdings = p->cost;
    }
}

int rx_finder_measure(struct rx_finder_market *market, struct rx_ledger *ledger, uint32_t local,
                      struct rx_found_wallet *ret, struct rx_error *err)
{
    struct rx_found_wallet f = {.wallet = market->names[local],
                                .best = RX_MONEY_UNKNOWN,
                                .first_buy = RX_TIME_UNKNOWN,
                                .best_time = RX_TIME_UNKNOWN,
                                .exit_time = RX_TIME_UNKNOWN};
    struct measure a = {
        .m = market, .f = &f, .local = local, .first = RX_TIME_UNKNOWN, .last = RX_TIME_UNKNOWN};
    rx_ledger_reset(ledger);
    for (uint32_t i = market->start[local]; i < market->start[local + 1]; i++) {
        const size_t at = market->order[i];
        const struct rx_trade *trade = market->rows[at].trade;
        struct rx_fill fill;
        if (trade->side > RX_SIDE_SELL && !market->request->internal_transfers) {
            continue;
        }
        const int rc = rx_ledger_apply(ledger, trade, &fill, err);
        if (rc < 0) {
            return rc;
        }
        if (market->rows[at].counts) {
            note_trade(&a, at, &fill);
        }
    }
    fill_signals(&a);
    fill_risks(&a);
    value_holdings(market, ledger, &f);
    *ret = f;
    return 0;
}

/* What a signal says beyond what any trader would have; 0 when it is unknown. */
static double adjusted(const struct rx_finder_market *m, const struct rx_found_wallet *f,
                       int signal)
{
    const double value = f->signals[signal].value;
    if (isnan(value)) {
        return 0;
    }
    switch (signal) {
    case RX_SIGNAL_PRE_PUMP:
        return value - m->pump_rate;
    case RX_SIGNAL_PRE_DUMP:
        return value - m->dump_rate;
    case RX_SIGNAL_EARLY_ENTRY:
        return value - .1;
    case RX_SIGNAL_WIN_RATE: {
        const double n = (double)f->win.n;
        return (value - m->prior_mean) * n / (n + m->prior_weight);
    }
    case RX_SIGNAL_ROI:
        return clamp(log2(fmax(1 + value, 1e-9)), -MAX_RATIO, MAX_RATIO);
    case RX_SIGNAL_CONSISTENCY:
        return clamp(value, -MAX_RATIO, MAX_RATIO);
    case RX_SIGNAL_SMART_LINKS:
        return fmin(1, value / 5);
    case RX_SIGNAL_LEADERSHIP:
        return value - .5;
    case RX_SIGNAL_DEX_DIVERSITY:
        return fmin(1, (value - 1) / 4);
    case RX_SIGNAL_ACTIVITY:
        return -clamp((value - 10) / 40, 0, 1);
    default:
        return value;
    }
}

void rx_finder_score(const struct rx_finder_market *market, struct rx_found_wallet *wallet)
{
    double sum = rx_finder_base();
    for (int i = 0; i < RX_SIGNAL_MAX; i++) {
        struct rx_signal_value *signal = &wallet->signals[i];
        const double n = (double)signal->n;
        const double trust = rules[i].prior > 0 ? n / (n + rules[i].prior) : 1;
        signal->contribution = rules[i].weight * trust * adjusted(market, wallet, i);
        sum += signal->contribution;
    }
    wallet->log_odds = sum;
    wallet->score = 1 / (1 + exp(-sum));
}
