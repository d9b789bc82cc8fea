// SPDX-License-Identifier: Apache-2.0
/*
 * Walk-forward backtest of a scorer on recorded pools: how good its probabilities were, and what a
 * trader would have earned who bought on them, with fees, slippage of the pool's own depth and gas.
 * Decisions are made in order of time from events up to their moment; labels are used once they
 * are known; the audit proves both. Trades of ours do not change the recorded future, which is why
 * their size is bounded by the pool's. Deterministic; one thread.
 */
#pragma once

#include "agent/engine/calibration/quality.h"
#include "agent/engine/features/labels.h"
#include "agent/engine/features/pool.h"
#include "common/json/write.h"

#define RX_BACKTEST_MAX_TARGETS   32
#define RX_BACKTEST_MAX_FOLDS     64
#define RX_BACKTEST_MAX_DECISIONS 4000000u

/* The recorded events of one pool, in order, with .time by blocks (RX_POOL_BLOCKS). */
struct rx_tape {
    struct rx_pool_meta meta;
    const struct rx_sync *events; /* borrowed */
    size_t n;
    const struct rx_lp_transfer *lps; /* borrowed; used when meta.lp */
    size_t n_lps;
};

/* What a scorer is given: everything up to the moment and nothing after it. */
struct rx_backtest_moment {
    const struct rx_tape *tape;
    size_t seen, seen_lps; /* events and transfers up to te */
    double te;             /* block, a real number */
    double age_days;
};

/*
 * Probabilities of all targets into p[n_targets], NaN = no answer. Must depend on nothing beyond
 * the moment. 0, or negative with err set.
 */
typedef int (*rx_backtest_score_fn)(void *ctx, const struct rx_backtest_moment *moment, double *p,
                                    struct rx_error *err);

struct rx_backtest_target {
    const char *name;    /* borrowed */
    double horizon_days; /* > 0 */
    double multiplier;   /* of the price; 0 = rug */
    double base_rate;    /* of the training rows; NaN: skill is against the rows' own */
};

enum rx_backtest_strategy {
    RX_BACKTEST_THRESHOLD, /* buy when p >= threshold */
    RX_BACKTEST_QUANTILE,  /* buy when p is in the top `threshold` share of the last 200 answers */
    RX_BACKTEST_KELLY,     /* as threshold, with a quarter of Kelly's stake (Kelly 1956) */
    RX_BACKTEST_EVERY,     /* buy every pool that has an answer: the yardstick */
    RX_BACKTEST_STRATEGIES
};
/* "threshold", "quantile", "kelly", "every". */
const char *rx_backtest_strategy_name(enum rx_backtest_strategy strategy);

struct rx_backtest_options {
    const struct rx_backtest_target *targets;
    size_t n_targets;
    int buy;   /* index of the target that is bought on; its multiplier > 1 */
    int guard; /* index of the target that forbids, or -1 */
    enum rx_backtest_strategy strategy;
    double threshold;      /* 0..1 */
    double max_guard;      /* p of the guard above this forbids */
    double capital;        /* WETH at the start */
    double stake;          /* share of the equity in one position */
    double max_pool_share; /* of the pool's WETH in one position */
    double gas;            /* WETH a transaction */
    double delay_blocks;   /* between a decision or trigger and its execution */
    double stop;           /* sell when the price falls to this share of the entry's */
    size_t max_open;       /* positions at a time */
    size_t folds;          /* 1..RX_BACKTEST_MAX_FOLDS, of equal numbers of decisions */
    bool recalibrate;      /* before each fold, from the labels known by then */
    size_t audit;          /* decisions to repeat without a future; 0 = none */
    uint64_t seed;         /* picks those decisions */
};
/* Sensible values for all but the targets. */
struct rx_backtest_options rx_backtest_defaults(void);

struct rx_backtest_fold {
    uint64_t from, to; /* blocks of its first and last decision */
    size_t decisions;
    size_t known_labels; /* of the bought target, before the fold */
    bool recalibrated;
    struct rx_quality raw, used; /* of the bought target; n = 0: no label known by the end */
};

struct rx_backtest_trades {
    size_t n, wins, open, stopped, taken, timed_out;
    double win_rate, win_lo, win_hi; /* 95 % Wilson */
    double profit, profit_factor;    /* WETH; gains / losses, NaN without losses */
    double best, worst, mean_return; /* of the stake */
    double fees, slippage, gas;      /* WETH paid; slippage of a sale up to its proceeds */
    double turnover;                 /* WETH bought */
    double final_equity, total_return, max_drawdown, sharpe, sharpe_se; /* NaN: too few days */
    double days;
};

struct rx_backtest_report {
    size_t pools, decisions, answered;
    size_t n_targets;
    struct rx_quality targets[RX_BACKTEST_MAX_TARGETS]; /* raw, over all decisions */
    size_t n_folds;
    struct rx_backtest_fold folds[RX_BACKTEST_MAX_FOLDS];
    struct rx_backtest_trades trades, every; /* the strategy, and buying everything */
    size_t audited, leaks; /* decisions repeated, and those that came out different */
};

/*
 * ages_days[n_ages], ascending: a decision for each pool at each age at which a snapshot exists
 * (RX_POOL_MIN_EVENTS, RX_POOL_MIN_WETH). RX_EINVALID names the option or says that the audit found
 * a leak: "look-ahead: ..."; the report is then filled as far as it goes. RX_ELIMIT, -ENOMEM, and
 * whatever the scorer returns.
 */
int rx_backtest_run(const struct rx_tape *tapes, size_t n_tapes, const double *ages_days,
                    size_t n_ages, const struct rx_backtest_options *options,
                    rx_backtest_score_fn score, void *ctx, struct rx_backtest_report *ret,
                    struct rx_error *err) RX_MUST_CHECK;

/* Writes the report as one object. */
void rx_backtest_write(struct rx_jw *w, const struct rx_backtest_options *options,
                       const struct rx_backtest_report *report);
