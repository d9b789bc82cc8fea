// SPDX-License-Identifier: Apache-2.0
/* Inside of the finder: one token's rows grouped by wallet, and what the market did around them. */
#pragma once

#include "agent/engine/wallet/finder.h"
#include "agent/engine/wallet/ranking.h"

/* A row of the token in order of time, with what came after it. */
struct rx_finder_market_row {
    const struct rx_trade *trade;
    int64_t time; /* its time and side, beside each other for the scans of neighbours */
    enum rx_side side;
    uint32_t local;  /* wallet, numbered within the token */
    bool counts;     /* in the window, a buy or sell at or above the smallest size */
    bool known;      /* the price now and within the next hour is known */
    bool pump, dump; /* rises by 20 %, falls by 15 % within the next hour */
    bool early;      /* a buy among the first tenth of the token's buys */
};

struct rx_finder_market {
    const struct rx_trades *trades;
    const struct rx_finder_request *request;
    struct rx_finder_market_row *rows; /* owned, in order of time */
    uint32_t *order;                   /* owned; row indices by wallet, then time */
    uint32_t *start;                   /* owned; n_wallets + 1 offsets into order */
    uint32_t *names;                   /* owned; wallet names by local number */
    uint32_t *stamp;                   /* owned; scratch of n_wallets */
    size_t n_rows, n_wallets;
    int64_t from, as_of;
    double pump_rate, dump_rate; /* shares of the token's moments before a pump or a dump */
    struct rx_win_prior prior;
    double prior_mean, prior_weight;
};

int rx_finder_market_new(const struct rx_trades *trades, const struct rx_finder_request *request,
                         struct rx_finder_market *ret) RX_MUST_CHECK;
void rx_finder_market_fini(struct rx_finder_market *market);
RX_DEFINE_CLEANUP_INPLACE(finder_market, struct rx_finder_market, rx_finder_market_fini);

/* Raw figures of one wallet: everything but win-rate shrinkage and the score. */
int rx_finder_measure(struct rx_finder_market *market, struct rx_ledger *ledger, uint32_t local,
                      struct rx_found_wallet *ret, struct rx_error *err) RX_MUST_CHECK;
/* Contributions and score, once the prior is known. */
void rx_finder_score(const struct rx_finder_market *market, struct rx_found_wallet *wallet);
