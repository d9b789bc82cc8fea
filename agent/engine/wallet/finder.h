// SPDX-License-Identifier: Apache-2.0
/*
 * Finds the wallets that trade a token well: signals of timing, profit, graph and behaviour, each
 * shrunk by how much speaks for it, summed in log-odds. Linear in the token's rows. Pure,
 * thread-safe.
 *
 *     score = 1 / (1 + exp(-(base + sum of contributions))),  base = ln(.1 / .9)
 *
 * The base says that one wallet in ten is taken to be good before anything is known. A signal that
 * is unknown, or that is what a random trader has, contributes 0. The weights are one table
 * (rx_signal_rule); nobody labels good wallets, so they are set and documented, not fitted: the
 * score ranks and is not a measured frequency.
 */
#pragma once

#include "agent/engine/wallet/report.h"

enum rx_signal {
    RX_SIGNAL_PRE_PUMP,
    RX_SIGNAL_PRE_DUMP,
    RX_SIGNAL_EARLY_ENTRY,
    RX_SIGNAL_WIN_RATE,
    RX_SIGNAL_ROI,
    RX_SIGNAL_CONSISTENCY,
    RX_SIGNAL_SMART_LINKS,
    RX_SIGNAL_CENTRALITY,
    RX_SIGNAL_LEADERSHIP,
    RX_SIGNAL_DEX_DIVERSITY,
    RX_SIGNAL_ACTIVITY,
    RX_SIGNAL_MAX,
};

struct rx_signal_rule {
    const char *name, *category; /* "timing", "profitability", "graph", "behaviour" */
    const char *rule;            /* a sentence */
    double weight;               /* log-odds for one unit of the adjusted value */
    double prior;                /* trades' worth of doubt: value n / (n + prior) */
};

struct rx_signal_value {
    double value; /* as a person reads it: a share, a ratio; NaN = unknown */
    double contribution;
    size_t n; /* trades behind it */
};

enum rx_finder_risk {
    RX_FINDER_WASH,     /* turnover that leaves neither tokens nor money moved, many times a day */
    RX_FINDER_BOT,      /* trades at equal gaps */
    RX_FINDER_SANDWICH, /* buys and sells around a stranger's buy within 15 s */
    RX_FINDER_RAPID,    /* seconds between buy and sell, many times a day */
    RX_FINDER_RISKS,
};

struct rx_found_wallet {
    uint32_t wallet;
    struct rx_signal_value signals[RX_SIGNAL_MAX];
    double log_odds, score;        /* 0..1 */
    double risks[RX_FINDER_RISKS]; /* 0..1 each */
    double risk;                   /* the largest */
    struct rx_win win;
    size_t buys, sells;                      /* in the window, at or above the smallest size */
    double roi;                              /* of the units sold; NaN */
    double hold_hours;                       /* NaN */
    rx_money realised, holdings;             /* holdings: marked value of what is held */
    rx_money best;                           /* of one trade; RX_MONEY_UNKNOWN */
    int64_t first_buy, best_time, exit_time; /* exit: the last sell before a dump; or unknown */
};

struct rx_finder_request {
    uint32_t token;
    int window_days;         /* 1..365, before as_of */
    int64_t as_of;           /* or RX_TIME_UNKNOWN = the last row of the set */
    rx_money min_trade;      /* smaller trades are booked, but count for no signal */
    rx_money min_holdings;   /* wallets that hold less are left out; 0 = all */
    bool internal_transfers; /* book transfers; else their coins are of unknown basis */
    size_t top_k;            /* 1..1000 */
    double min_confidence;   /* 0..1, of the score */
    const bool *smart;       /* by name: wallets known to be good; NULL = unknown */
};

struct rx_finder_result {
    struct rx_found_wallet *wallets; /* owned; best first, at most top_k */
    size_t n, passed, analysed;      /* returned; above the cuts; with trades in the window */
    double mean_score, median_score, mean_win_rate; /* of those that passed; NaN without any */
    int64_t as_of;
};

#define RX_FINDER_MAX_RISK 0.7
#define RX_FINDER_MAX_TOP  1000u

/* RX_EINVALID names the member that is out of range; -ENOMEM; RX_ELIMIT of the ledger. */
int rx_finder_run(const struct rx_trades *trades, const struct rx_finder_request *request,
                  struct rx_finder_result **ret, struct rx_error *err) RX_MUST_CHECK;
void rx_finder_result_free(struct rx_finder_result *result);
RX_DEFINE_CLEANUP(finder_result, struct rx_finder_result *, rx_finder_result_free);

/* One wallet in one token, whatever its score and risk. false in *ret_found: it has no trade of the
 * token in the window. */
int rx_finder_profile(const struct rx_trades *trades, const struct rx_finder_request *request,
                      uint32_t wallet, struct rx_found_wallet *ret, bool *ret_found,
                      struct rx_error *err) RX_MUST_CHECK;

const struct rx_signal_rule *rx_signal_rule(enum rx_signal signal);
const char *rx_finder_risk_name(enum rx_finder_risk risk);
double rx_finder_base(void); /* log-odds before anything is known */
/* "very_high", "high", "medium", "low": by score and by the number of trades behind it. */
const char *rx_finder_confidence(const struct rx_found_wallet *wallet);
