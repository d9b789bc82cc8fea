// SPDX-License-Identifier: Apache-2.0
/*
 * Does the model still see the data that it was made for, and is it still right? Columns (features
 * and probabilities) are compared between a baseline and the present, which needs no labels;
 * targets with matured labels are checked for calibration in the large, ranking and Brier score.
 *
 * A column drifts only when three things agree: the change is significant after the Benjamini and
 * Hochberg correction over all columns, it is large enough to matter (min_effect), and there is
 * enough data. PSI is shown but never raises alone: by chance it is about
 * (bins - 1)(1/n1 + 1/n2), so a fixed limit fires on small samples.
 *
 * Sources: two_sample.h, calibration/quality.h; exact binomial tail by the incomplete beta function
 * (a sum of unequal Bernoulli trials spreads less than the binomial of their mean: W. Hoeffding
 * 1956, so the test errs on the quiet side).
 *
 * Pure; thread-safe.
 */
#pragma once

#include <stdbool.h>

#include "agent/engine/calibration/quality.h"

#define RX_DRIFT_MAX_COLUMNS 4096

struct rx_drift_options {
    double alpha;      /* false discovery rate of either family of tests */
    double min_effect; /* least KS distance, or change of the missing share, that counts */
    double psi_watch;  /* PSI from which a column is marked watch */
    size_t psi_bins;
    size_t min_baseline, min_current; /* values; fewer = unknown */
    double level;                     /* of intervals */
    double oe_factor;                 /* observed / expected beyond this or its inverse counts */
    double auc_drop, brier_rise;      /* least changes that count */
    size_t min_labels, min_positives;
};
/* alpha .01, effect .1, PSI .1 in 10 bins, 100 and 50 values, level .95, factor 1.25, AUC .05,
 * Brier .02, 50 labels with 5 of each class. */
struct rx_drift_options rx_drift_defaults(void);

enum rx_drift_grade { RX_DRIFT_UNKNOWN, RX_DRIFT_STABLE, RX_DRIFT_WATCH, RX_DRIFT_DRIFT };
/* "unknown", "stable", "watch", "drift". */
const char *rx_drift_grade_name(enum rx_drift_grade grade);

/*
 * Finite values, sorted ascending, and how many rows had none. Rows that belong together, such as
 * several snapshots of one pool, are not independent: `independent` is the number of groups over
 * the number of rows (0 counts as 1), and tests count so much of each row. That is right when the
 * rows of a group are alike and errs on the quiet side when they differ.
 */
struct rx_drift_sample {
    const double *sorted; /* borrowed */
    size_t n, missing;
    double independent;
};

struct rx_drift_column {
    const char *name; /* borrowed */
    bool prediction;  /* a probability of the model, not an input */
    struct rx_drift_sample baseline, current;
};

/* NaN where a test could not be run. */
struct rx_drift_column_result {
    double psi, ks, ks_p;
    double missing_change, missing_p; /* share now minus share then */
    double effect;                    /* larger of ks and |missing_change| */
    double p, q;                      /* of the column, q adjusted over all columns */
    enum rx_drift_grade grade;
};

/* Tests all columns as one family; fills ret[n]. RX_ELIMIT, -ENOMEM. */
int rx_drift_columns(const struct rx_drift_column *columns, size_t n,
                     const struct rx_drift_options *options, struct rx_drift_column_result *ret,
                     struct rx_error *err) RX_MUST_CHECK;

/* Matured labels of one target: n = 0 when there are none. */
struct rx_drift_labels {
    const double *p, *y; /* borrowed: probabilities, labels 0 / 1 */
    size_t n;
    double independent; /* as above */
};
struct rx_drift_target {
    const char *name; /* borrowed */
    struct rx_drift_labels baseline, current;
};

struct rx_drift_target_result {
    bool has_baseline, has_current;
    struct rx_quality baseline, current;                     /* valid when has_... */
    double oe_p, oe_q;                                       /* calibration in the large */
    double auc_drop, auc_drop_lo, auc_drop_hi, auc_p, auc_q; /* baseline - current */
    double brier_rise, brier_rise_lo, brier_rise_hi, brier_p, brier_q; /* current - baseline */
    bool uncalibrated, misranked;                                      /* what drifted */
    enum rx_drift_grade grade;
};

/* Tests all targets as one family; fills ret[n]. Errors of rx_quality_compute with the target. */
int rx_drift_targets(const struct rx_drift_target *targets, size_t n,
                     const struct rx_drift_options *options, struct rx_drift_target_result *ret,
                     struct rx_error *err) RX_MUST_CHECK;
