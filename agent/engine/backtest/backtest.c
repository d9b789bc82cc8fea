// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/backtest/backtest.h"

#include <math.h>

#include "agent/engine/backtest/decisions.h"

const char *rx_backtest_strategy_name(enum rx_backtest_strategy strategy)
{
    static const char *const names[RX_BACKTEST_STRATEGIES] = {
        [RX_BACKTEST_THRESHOLD] = "threshold",
        [RX_BACKTEST_QUANTILE] = "quantile",
        [RX_BACKTEST_KELLY] = "kelly",
        [RX_BACKTEST_EVERY] = "every",
    };
    return names[strategy];
}

struct rx_backtest_options rx_backtest_defaults(void)
{
    return (struct rx_backtest_options){
        .guard = -1,
        .strategy = RX_BACKTEST_QUANTILE,
        .threshold = .1,
        .max_guard = .3,
        .capital = 100,
        .stake = .02,
        .max_pool_share = .01,
        .gas = .012, /* 150,000 gas at 80 gwei */
        .delay_blocks = 2,
        .stop = .5,
        .max_open = 50,
        .folds = 5,
        .recalibrate = true,
        .audit = 200,
        .seed = 1,
    };
}

static bool within(double value, double low, double high)
{
    return value >= low && value <= high;
}

static int check_targets(const struct rx_backtest_options *o, struct rx_error *err)
{
    if (o->n_targets == 0 || o->n_targets > RX_BACKTEST_MAX_TARGETS) {
        return rx_error_set(err, RX_EINVALID, "targets: 1 to %d expected", RX_BACKTEST_MAX_TARGETS);
    }
    for (size_t t = 0; t < o->n_targets; t++) {
        if (!within(o->targets[t].horizon_days, 1e-3, 365) ||
            !(o->targets[t].multiplier == 0 || within(o->targets[t].multiplier, 1.001, 1e6))) {
            return rx_error_set(err, RX_EINVALID,
                                "targets[%zu] (%s): a horizon up to 365 days, and a multiplier "
                                "above 1 or 0 for a rug, expected",
                                t, o->targets[t].name);
        }
    }
    if (o->buy < 0 || (size_t)o->buy >= o->n_targets || o->targets[o->buy].multiplier == 0) {
        return rx_error_set(err, RX_EINVALID, "buy: a target with a multiplier expected");
    }
    if (o->guard >= 0 && (size_t)o->guard >= o->n_targets) {
        return rx_error_set(err, RX_EINVALID, "guard: a target, or none, expected");
    }
    return 0;
}

static int check(const struct rx_backtest_options *o, struct rx_error *err)
{
    const struct {
        const char *name;
        double value, low, high;
    } rows[] = {
        {"threshold", o->threshold, 0, 1},
        {"max_guard", o->max_guard, 0, 1},
        {"capital", o->capital, 1e-6, 1e12},
        {"stake", o->stake, 1e-6, 1},
        {"max_pool_share", o->max_pool_share, 1e-6, 1},
        {"gas", o->gas, 0, 1e6},
        {"delay_blocks", o->delay_blocks, 0, 1e6},
        {"stop", o->stop, 0, .999},
        {"max_open", (double)o->max_open, 1, 100000},
        {"folds", (double)o->folds, 1, RX_BACKTEST_MAX_FOLDS},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(rows); i++) {
        if (!within(rows[i].value, rows[i].low, rows[i].high)) {
            return rx_error_set(err, RX_EINVALID, "%s: a number from %g to %g expected",
                                rows[i].name, rows[i].low, rows[i].high);
        }
    }
    return check_targets(o, err);
}

int rx_backtest_run(const struct rx_tape *tapes, size_t n_tapes, const double *ages_days,
                    size_t n_ages, const struct rx_backtest_options *options,
                    rx_backtest_score_fn score, void *ctx, struct rx_backtest_report *ret,
                    struct rx_error *err)
{
    rx_auto(decisions) struct rx_decisions d = {0};
    *ret = (struct rx_backtest_report){.pools = n_tapes};
    int rc = check(options, err);
    if (rc == 0) {
        rc = rx_decisions_make(tapes, n_tapes, ages_days, n_ages, options, score, ctx, &d, err);
    }
    if (rc < 0) {
        return rc;
    }
    ret->decisions = d.n;
    for (size_t i = 0; i < d.n; i++) {
        ret->answered += !isnan(d.p[i * d.n_targets + (size_t)options->buy]);
    }
    rc = rx_decisions_walk(&d, options, ret, err);
    if (rc == 0) {
        rc = rx_decisions_trade(&d, options, options->strategy, &ret->trades, err);
    }
    if (rc == 0) {
        rc = rx_decisions_trade(&d, options, RX_BACKTEST_EVERY, &ret->every, err);
    }
    return rc < 0 ? rc : rx_decisions_audit(&d, options, score, ctx, ret, err);
}
