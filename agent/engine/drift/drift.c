// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/drift/drift.h"

#include <errno.h>
#include <math.h>

#include "agent/engine/drift/two_sample.h"
#include "agent/engine/math/special.h"
#include "agent/engine/math/stats.h"

struct rx_drift_options rx_drift_defaults(void)
{
    return (struct rx_drift_options){
        .alpha = 0.01,
        .min_effect = 0.1,
        .psi_watch = 0.1,
        .psi_bins = 10,
        .min_baseline = 100,
        .min_current = 50,
        .level = 0.95,
        .oe_factor = 1.25,
        .auc_drop = 0.05,
        .brier_rise = 0.02,
        .min_labels = 50,
        .min_positives = 5,
    };
}

const char *rx_drift_grade_name(enum rx_drift_grade grade)
{
    static const char *const names[] = {"unknown", "stable", "watch", "drift"};
    return names[grade];
}

static double independent(double share)
{
    return share > 0 && share < 1 ? share : 1;
}

static void test_column(const struct rx_drift_column *c, const struct rx_drift_options *o,
                        struct rx_drift_column_result *r)
{
    double nan = (double)NAN;
    const struct rx_drift_sample *a = &c->baseline;
    const struct rx_drift_sample *b = &c->current;
    *r = (struct rx_drift_column_result){nan, nan, nan, nan, nan, nan, nan, nan, RX_DRIFT_UNKNOWN};
    double n_a = (double)(a->n + a->missing);
    double n_b = (double)(b->n + b->missing);
    double w_a = independent(a->independent);
    double w_b = independent(b->independent);
    if (a->n + a->missing < o->min_baseline || b->n + b->missing < o->min_current) {
        return;
    }
    r->missing_change = (double)b->missing / n_b - (double)a->missing / n_a;
    r->missing_p = rx_two_proportions(w_a * (double)a->missing, w_a * n_a, w_b * (double)b->missing,
                                      w_b * n_b);
    r->effect = fabs(r->missing_change);
    bool some_missing = a->missing + b->missing > 0;
    if (a->n >= o->min_baseline && b->n >= o->min_current) {
        r->ks = rx_ks_two_sample(a->sorted, a->n, b->sorted, b->n, &r->ks_p);
        if (w_a < 1 || w_b < 1) {
            r->ks_p = rx_ks_p(r->ks, w_a * (double)a->n, w_b * (double)b->n);
        }
        r->psi = rx_psi_samples(a->sorted, a->n, b->sorted, b->n, o->psi_bins);
        r->effect = fmax(r->effect, r->ks);
        /* two looks at one column: Bonferroni */
        r->p = some_missing ? fmin(1, 2 * fmin(r->ks_p, r->missing_p)) : r->ks_p;
    } else if (some_missing) {
        r->p = r->missing_p;
    }
}

/* Adjusts those of the n p values that are not NaN, in place. */
static int adjust(double *p, size_t n)
{
    rx_autofree size_t *order = malloc((n + 1) * sizeof(*order));
    rx_autofree double *known = calloc(n + 1, sizeof(*known));
    size_t n_known = 0;
    if (!order || !known) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < n; i++) {
        if (!isnan(p[i])) {
            known[n_known++] = p[i];
        }
    }
    rx_bh_adjust(known, n_known, order, known);
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        if (!isnan(p[i])) {
            p[i] = known[at++];
        }
    }
    return 0;
}

int rx_drift_columns(const struct rx_drift_column *columns, size_t n,
                     const struct rx_drift_options *options, struct rx_drift_column_result *ret,
                     struct rx_error *err)
{
    if (n > RX_DRIFT_MAX_COLUMNS) {
        return rx_error_set(err, RX_ELIMIT, "at most %d columns expected, got %zu",
                            RX_DRIFT_MAX_COLUMNS, n);
    }
    rx_autofree double *p = malloc((n + 1) * sizeof(*p));
    if (!p) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < n; i++) {
        test_column(&columns[i], options, &ret[i]);
        p[i] = ret[i].p;
    }
    if (adjust(p, n) < 0) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < n; i++) {
        struct rx_drift_column_result *r = &ret[i];
        r->q = p[i];
        if (isnan(r->q)) {
            continue;
        }
        bool significant = r->q < options->alpha;
        if (significant && r->effect >= options->min_effect) {
            r->grade = RX_DRIFT_DRIFT;
        } else {
            r->grade =
                significant || r->psi >= options->psi_watch ? RX_DRIFT_WATCH : RX_DRIFT_STABLE;
        }
    }
    return 0;
}

/* Two-sided: k or further out under the binomial distribution of n trials. */
static double binomial_p(double k, double n, double share)
{
    double upper = k <= 0 ? 1 : rx_beta_inc(k, n - k + 1, share);
    double lower = k >= n ? 1 : rx_beta_inc(n - k, k + 1, 1 - share);
    return fmin(1, 2 * fmin(lower, upper));
}

/* A difference with its standard error: one-sided p and interval. */
static void compare(double difference, double se_a, double se_b, double level, double *ret_p,
                    double *ret_lo, double *ret_hi)
{
    double se = sqrt(se_a * se_a + se_b * se_b);
    double z = rx_normal_quantile(0.5 + 0.5 * level);
    *ret_p = *ret_lo = *ret_hi = (double)NAN;
    if (se > 0) {
        *ret_p = rx_normal_sf(difference / se);
        *ret_lo = difference - z * se;
        *ret_hi = difference + z * se;
    }
}

static bool enough(const struct rx_drift_labels *labels, const struct rx_drift_options *o)
{
    size_t positives = 0;
    for (size_t i = 0; i < labels->n; i++) {
        positives += labels->y[i] > 0.5;
    }
    return labels->n >= o->min_labels && positives >= o->min_positives &&
           labels->n - positives >= o->min_positives;
}

static int measure(const struct rx_drift_labels *labels, const struct rx_drift_options *o,
                   struct rx_quality *ret, struct rx_error *err)
{
    return rx_quality_compute(labels->p, labels->y, labels->n, (double)NAN, o->level, ret, err);
}

static int test_target(const struct rx_drift_target *t, const struct rx_drift_options *o,
                       struct rx_drift_target_result *r, struct rx_error *err)
{
    double nan = (double)NAN;
    *r = (struct rx_drift_target_result){.oe_p = nan,
                                         .oe_q = nan,
                                         .auc_drop = nan,
                                         .auc_drop_lo = nan,
                                         .auc_drop_hi = nan,
                                         .auc_p = nan,
                                         .auc_q = nan,
                                         .brier_rise = nan,
                                         .brier_rise_lo = nan,
                                         .brier_rise_hi = nan,
                                         .brier_p = nan,
                                         .brier_q = nan};
    /* Calibration needs labels only, ranking both classes. */
    r->has_current = t->current.n > 0 && t->current.n >= o->min_labels;
    if (!r->has_current) {
        return 0;
    }
    int rc = measure(&t->current, o, &r->current, err);
    if (rc < 0) {
        return rx_error_wrap(err, "%s", t->name);
    }
    double share = independent(t->current.independent);
    r->oe_p = binomial_p(share * (double)r->current.positives, share * (double)r->current.n,
                         r->current.mean_p);
    r->has_baseline = enough(&t->baseline, o);
    if (!r->has_baseline || !enough(&t->current, o)) {
        return 0;
    }
    rc = measure(&t->baseline, o, &r->baseline, err);
    if (rc < 0) {
        return rx_error_wrap(err, "%s of the baseline", t->name);
    }
    double wider[] = {1 / sqrt(independent(t->baseline.independent)), 1 / sqrt(share)};
    r->auc_drop = r->baseline.auc - r->current.auc;
    compare(r->auc_drop, wider[0] * r->baseline.auc_se, wider[1] * r->current.auc_se, o->level,
            &r->auc_p, &r->auc_drop_lo, &r->auc_drop_hi);
    r->brier_rise = r->current.brier - r->baseline.brier;
    compare(r->brier_rise, wider[0] * r->baseline.brier_se, wider[1] * r->current.brier_se,
            o->level, &r->brier_p, &r->brier_rise_lo, &r->brier_rise_hi);
    return 0;
}

static void grade_target(struct rx_drift_target_result *r, const struct rx_drift_options *o)
{
    if (!r->has_current) {
        return;
    }
    double far = fmax(r->current.oe, 1 / r->current.oe);
    bool off = r->oe_q < o->alpha;
    bool sunk = r->auc_q < o->alpha;
    bool blurred = r->brier_q < o->alpha;
    r->uncalibrated = (off && far >= o->oe_factor) || (blurred && r->brier_rise >= o->brier_rise);
    r->misranked = sunk && r->auc_drop >= o->auc_drop;
    if (r->uncalibrated || r->misranked) {
        r->grade = RX_DRIFT_DRIFT;
    } else {
        r->grade = off || sunk || blurred ? RX_DRIFT_WATCH : RX_DRIFT_STABLE;
    }
}

int rx_drift_targets(const struct rx_drift_target *targets, size_t n,
                     const struct rx_drift_options *options, struct rx_drift_target_result *ret,
                     struct rx_error *err)
{
    if (n > RX_DRIFT_MAX_COLUMNS) {
        return rx_error_set(err, RX_ELIMIT, "at most %d targets expected, got %zu",
                            RX_DRIFT_MAX_COLUMNS, n);
    }
    rx_autofree double *p = malloc((3 * n + 1) * sizeof(*p));
    if (!p) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < n; i++) {
        int rc = test_target(&targets[i], options, &ret[i], err);
        if (rc < 0) {
            return rc;
        }
        p[3 * i] = ret[i].oe_p;
        p[3 * i + 1] = ret[i].auc_p;
        p[3 * i + 2] = ret[i].brier_p;
    }
    if (adjust(p, 3 * n) < 0) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < n; i++) {
        ret[i].oe_q = p[3 * i];
        ret[i].auc_q = p[3 * i + 1];
        ret[i].brier_q = p[3 * i + 2];
        grade_target(&ret[i], options);
    }
    return 0;
}
