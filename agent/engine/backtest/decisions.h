// SPDX-License-Identifier: Apache-2.0
/* Inside of the backtest: all moments of decision in order of time, with answers and outcomes. */
#pragma once

#include "agent/engine/backtest/backtest.h"

struct rx_decision {
    struct rx_backtest_moment moment;
    size_t index; /* row of p and y */
    double p_buy; /* as used: after recalibration; NaN = no answer */
};

struct rx_decisions {
    struct rx_decision *rows; /* owned, in order of te */
    size_t n, n_targets;
    double *p, *y; /* owned: n x n_targets; NaN = no answer, not known */
    double end;    /* last block of the recording */
};

void rx_decisions_free(struct rx_decisions *decisions);
RX_DEFINE_CLEANUP_INPLACE(decisions, struct rx_decisions, rx_decisions_free);

/* Events of the tape up to te. O(log n). */
size_t rx_tape_seen(const struct rx_tape *tape, double te);
/* WETH and token reserves after event `seen - 1` or the last one before it that has both. False
 * when there is none. */
bool rx_tape_reserves(const struct rx_tape *tape, size_t seen, double *weth, double *token);

/* Finds the moments, asks the scorer, looks up the outcomes. */
int rx_decisions_make(const struct rx_tape *tapes, size_t n_tapes, const double *ages_days,
                      size_t n_ages, const struct rx_backtest_options *options,
                      rx_backtest_score_fn score, void *ctx, struct rx_decisions *ret,
                      struct rx_error *err) RX_MUST_CHECK;

/*
 * Repeats `options->audit` decisions on copies of the tape that end at the moment, and on copies
 * whose future is another: answers that differ are leaks. Fills report->audited and ->leaks.
 */
int rx_decisions_audit(const struct rx_decisions *decisions,
                       const struct rx_backtest_options *options, rx_backtest_score_fn score,
                       void *ctx, struct rx_backtest_report *report, struct rx_error *err)
    RX_MUST_CHECK;

/* Splits into folds, recalibrates from known labels, measures; sets p_buy. */
int rx_decisions_walk(struct rx_decisions *decisions, const struct rx_backtest_options *options,
                      struct rx_backtest_report *report, struct rx_error *err) RX_MUST_CHECK;

/* Trades on p_buy. */
int rx_decisions_trade(const struct rx_decisions *decisions,
                       const struct rx_backtest_options *options,
                       enum rx_backtest_strategy strategy, struct rx_backtest_trades *ret,
                       struct rx_error *err) RX_MUST_CHECK;
