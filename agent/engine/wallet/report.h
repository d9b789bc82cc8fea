// SPDX-License-Identifier: Apache-2.0
/*
 * Figures of a wallet over a period, from its history. Money is exact; a figure that the data
 * cannot give is NaN (null in JSON) or RX_MONEY_UNKNOWN, never 0. Pure, thread-safe.
 *
 * A trade is a sell with a known basis; it wins when its net proceeds are above the cost of the
 * units sold. Sells of unknown basis and sells without a value are counted and left out.
 */
#pragma once

#include "agent/engine/math/performance.h"
#include "agent/engine/wallet/history.h"

enum rx_period { RX_PERIOD_1D, RX_PERIOD_7D, RX_PERIOD_30D, RX_PERIOD_ALL, RX_PERIOD_MAX };

struct rx_win {
    size_t wins, n;
    double rate;   /* wins / n; NaN when n is 0 */
    double lo, hi; /* Wilson 1927, 95 %; NaN when n is 0 */
};

struct rx_wallet_summary {
    int64_t from, to; /* from < time <= to; all time: from is the first row's */
    size_t buys, sells, transfers;
    size_t unknown_basis;     /* sells of which at least a part has no basis */
    size_t unpriced;          /* buys and sells without a value */
    size_t transfers_unknown; /* transfers in and airdrops without a basis */
    struct rx_win win;
    rx_money realised, best, worst;   /* best and worst: unknown when win.n is 0 */
    rx_money gains, losses;           /* sums of winning and of losing trades, >= 0 */
    rx_money buy_volume, sell_volume; /* gross */
    rx_money fees, cost_sold, unknown_proceeds, transfer_fees;
    rx_money unrealised;      /* at `to`, of holdings with basis and price; whole history */
    rx_money unrealised_cost; /* of the same */
    size_t unpriced_holdings; /* holdings with a basis, but no price */
    size_t unknown_holdings;  /* holdings with a quantity of unknown basis */
    double average;           /* realised / win.n */
    double profit_factor;     /* gains / losses; NaN without losses */
    double roi;               /* realised / cost_sold */
    double hours;             /* mean over trades of the mean time held */
    double per_day;           /* buys and sells a day of the period, at least one day */
    bool has_performance;
    struct rx_performance performance; /* of the daily returns in the period */
};

/* Rows of a group: one token, or one chain. */
struct rx_wallet_group {
    uint32_t id;   /* token, or the name of a chain */
    size_t trades; /* buys and sells */
    struct rx_win win;
    rx_money realised, unrealised, volume;
    double average_roi; /* mean over trades; NaN without any */
    int64_t first, last;
};

void rx_wallet_summarise(const struct rx_history *history, enum rx_period period,
                         struct rx_wallet_summary *ret);
/* Groups by token and by chain over the period, most realised + unrealised first; *ret is
 * malloc'd. -ENOMEM. */
int rx_wallet_group_tokens(const struct rx_history *history, enum rx_period period,
                           struct rx_wallet_group **ret, size_t *ret_n) RX_MUST_CHECK;
int rx_wallet_group_chains(const struct rx_history *history, enum rx_period period,
                           struct rx_wallet_group **ret, size_t *ret_n) RX_MUST_CHECK;

struct rx_win rx_win_of(size_t wins, size_t n);
/* Start of the period that ends at history->as_of; RX_TIME_UNKNOWN of all time. */
int64_t rx_period_start(const struct rx_history *history, enum rx_period period);
const char *rx_period_name(enum rx_period period); /* "1d", "7d", "30d", "all-time" */
int rx_period_parse(struct rx_str text, enum rx_period *ret) RX_MUST_CHECK;
