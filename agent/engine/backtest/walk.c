// SPDX-License-Identifier: Apache-2.0
/* Folds in order of time: recalibration from what was known before each, and what it was worth. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "agent/engine/backtest/decisions.h"
#include "agent/engine/calibration/calibrator.h"
#include "agent/engine/calibration/fit.h"

/* Fewer known labels, or fewer of either kind, leave the answers as they are. */
#define MIN_LABELS    100
#define MIN_POSITIVES 10

/* Rows of one target that have an answer and a known label. */
struct sample {
    double *p, *y;
    size_t n;
};

static double log_odds(double p)
{
    p = fmin(1 - 1e-12, fmax(1e-12, p));
    return log(p / (1 - p));
}

static double cell(const struct rx_decisions *d, const double *table, size_t row, size_t target)
{
    return table[row * d->n_targets + target];
}

static int measure(const struct sample *s, double base_rate, struct rx_quality *ret,
                   struct rx_error *err)
{
    *ret = (struct rx_quality){0};
    return s->n > 0 ? rx_quality_compute(s->p, s->y, s->n, base_rate, .95, ret, err) : 0;
}

/* Every target over all decisions. */
static int measure_all(const struct rx_decisions *d, const struct rx_backtest_options *options,
                       struct sample *s, struct rx_backtest_report *report, struct rx_error *err)
{
    for (size_t t = 0; t < d->n_targets; t++) {
        s->n = 0;
        for (size_t i = 0; i < d->n; i++) {
            const double p = cell(d, d->p, i, t), y = cell(d, d->y, i, t);
            if (!isnan(p) && !isnan(y)) {
                s->p[s->n] = p;
                s->y[s->n++] = y;
            }
        }
        const int rc = measure(s, options->targets[t].base_rate, &report->targets[t], err);
        if (rc < 0) {
            return rc;
        }
    }
    return 0;
}

/* Labels of the bought target that had come true or not before block `now`. */
static void known_before(const struct rx_decisions *d, const struct rx_backtest_options *options,
                         double now, struct sample *s)
{
    const size_t t = (size_t)options->buy;
    const double horizon = options->targets[t].horizon_days * RX_BLOCKS_PER_DAY;
    s->n = 0;
    for (size_t i = 0; i < d->n && d->rows[i].moment.te + horizon < now; i++) {
        const double p = cell(d, d->p, i, t), y = cell(d, d->y, i, t);
        if (!isnan(p) && !isnan(y)) {
            s->p[s->n] = log_odds(p);
            s->y[s->n++] = y;
        }
    }
}

static bool fit(const struct sample *s, struct rx_calibrator *ret)
{
    double positives = 0;
    for (size_t i = 0; i < s->n; i++) {
        positives += s->y[i];
    }
    if (s->n < MIN_LABELS || positives < MIN_POSITIVES ||
        (double)s->n - positives < MIN_POSITIVES) {
        return false;
    }
    const struct rx_cal_rows rows = {.n = s->n, .x = s->p, .y = s->y};
    /* A map that turned the order around would be noise. */
    return rx_fit_platt(&rows, ret, NULL) == 0 && ret->a > 0;
}

static int walk_fold(struct rx_decisions *d, const struct rx_backtest_options *options, size_t from,
                     size_t to, struct sample *s, struct rx_backtest_fold *fold,
                     struct rx_error *err)
{
    const size_t t = (size_t)options->buy;
    struct rx_calibrator cal;
    *fold = (struct rx_backtest_fold){.from = (uint64_t)d->rows[from].moment.te,
                                      .to = (uint64_t)d->rows[to - 1].moment.te,
                                      .decisions = to - from};
    known_before(d, options, d->rows[from].moment.te, s);
    fold->known_labels = s->n;
    fold->recalibrated = options->recalibrate && fit(s, &cal);
    for (size_t i = from; i < to; i++) {
        const double p = cell(d, d->p, i, t);
        d->rows[i].p_buy = p;
        if (fold->recalibrated && !isnan(p)) {
            d->rows[i].p_buy = 1 / (1 + exp(-rx_calibrator_apply(&cal, log_odds(p))));
        }
    }
    struct rx_quality *const into[] = {&fold->raw, &fold->used};
    int rc = 0;
    for (int used = 0; used < 2 && rc == 0; used++) {
        s->n = 0;
        for (size_t i = from; i < to; i++) {
            const double p = used ? d->rows[i].p_buy : cell(d, d->p, i, t);
            const double y = cell(d, d->y, i, t);
            if (!isnan(p) && !isnan(y)) {
                s->p[s->n] = p;
                s->y[s->n++] = y;
            }
        }
        rc = measure(s, options->targets[t].base_rate, into[used], err);
    }
    return rc;
}

int rx_decisions_walk(struct rx_decisions *decisions, const struct rx_backtest_options *options,
                      struct rx_backtest_report *report, struct rx_error *err)
{
    const size_t n = decisions->n;
    rx_autofree double *p = calloc(n, sizeof(*p));
    rx_autofree double *y = calloc(n, sizeof(*y));
    if (!p || !y) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    struct sample sample = {p, y, 0};
    report->n_targets = decisions->n_targets;
    int rc = measure_all(decisions, options, &sample, report, err);
    report->n_folds = options->folds < n ? options->folds : n;
    for (size_t f = 0; f < report->n_folds && rc == 0; f++) {
        rc = walk_fold(decisions, options, f * n / report->n_folds, (f + 1) * n / report->n_folds,
                       &sample, &report->folds[f], err);
    }
    return rc;
}
