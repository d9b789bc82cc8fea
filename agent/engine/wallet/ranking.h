// SPDX-License-Identifier: Apache-2.0
/*
 * All wallets of a set side by side: ranks with shrinkage, and search over them. Pure,
 * thread-safe.
 *
 * Win rates are shrunk before they are compared: wins are taken as binomial with a beta prior whose
 * mean and weight come from all wallets by the method of moments (Kleinman 1973), so three of three
 * does not outrank sixty of eighty. Percentiles are (wallets below + half of the equal ones) / n.
 */
#pragma once

#include "agent/engine/wallet/report.h"

enum rx_rank_metric {
    RX_RANK_WIN_RATE, /* shrunk win rate */
    RX_RANK_WILSON,   /* lower Wilson bound */
    RX_RANK_PNL,
    RX_RANK_VOLUME,
    RX_RANK_TRADES,
    RX_RANK_SHARPE,
    RX_RANK_MAX,
};

/* Sums over wallets for the beta prior of their win rates. */
struct rx_win_prior {
    double n, n2, wins, wallets, squares;
};
void rx_win_prior_add(struct rx_win_prior *prior, size_t wins, size_t n);
/* Mean and weight (in trades, 1..10^6) of the prior; the mean is NaN without any trade. */
void rx_win_prior_fit(const struct rx_win_prior *prior, double *ret_mean, double *ret_weight);

struct rx_rank_row {
    uint32_t wallet, chain; /* chain: where most of its trades are */
    struct rx_win win;
    double shrunk; /* posterior mean of the win rate */
    size_t trades; /* buys and sells */
    rx_money realised, volume;
    double sharpe;                  /* NaN unless the metric is sharpe and 30 days are there */
    size_t global_rank, chain_rank; /* from 1, equal values share a rank; 0 = not ranked */
    double percentile;              /* 0..1, 1 is best; NaN = not ranked */
};

struct rx_ranking_options {
    enum rx_lot_method method;
    enum rx_rank_metric metric;
    enum rx_period period;
    size_t min_trades; /* sells with a known basis; fewer: listed, not ranked */
    int64_t as_of;     /* or RX_TIME_UNKNOWN */
};

struct rx_ranking {
    struct rx_rank_row *rows; /* owned; ranked ones first, best first */
    size_t n, n_ranked;
    double prior_mean, prior_weight; /* of the win rate; weight in trades */
};

int rx_ranking_new(const struct rx_trades *trades, const struct rx_ranking_options *options,
                   struct rx_ranking **ret, struct rx_error *err) RX_MUST_CHECK;
void rx_ranking_free(struct rx_ranking *ranking);
RX_DEFINE_CLEANUP(ranking, struct rx_ranking *, rx_ranking_free);
/* The wallet's row, or NULL. */
const struct rx_rank_row *rx_ranking_find(const struct rx_ranking *ranking, uint32_t wallet);

struct rx_search_query {
    uint32_t chain;      /* RX_NAME_NONE = any */
    double min_win_rate; /* NaN = any; a wallet without a win rate does not pass */
    size_t min_trades;
    rx_money min_pnl;    /* RX_MONEY_UNKNOWN = any */
    rx_money min_volume; /* likewise */
    enum rx_rank_metric sort;
    bool ascending;
    size_t limit, offset;
};

/* Rows that pass, sorted (rows without the value last, ties by rank and name), cut to the page.
 * *ret holds indices of ranking->rows (malloc'd); *ret_total counts all that pass. -ENOMEM. */
int rx_ranking_search(const struct rx_ranking *ranking, const struct rx_search_query *query,
                      size_t **ret, size_t *ret_n, size_t *ret_total) RX_MUST_CHECK;

double rx_rank_value(const struct rx_rank_row *row, enum rx_rank_metric metric);
const char *rx_rank_metric_name(enum rx_rank_metric metric);
int rx_rank_metric_parse(struct rx_str text, enum rx_rank_metric *ret) RX_MUST_CHECK;
