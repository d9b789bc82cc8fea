// SPDX-License-Identifier: Apache-2.0
/*
 * How good probabilities are: ranking, calibration, sharpness. Rows: p[n] within 0..1, y[n] 0 or 1.
 *
 * Sources: AUC with ties one half: F. Wilcoxon 1945, H. Mann, D. Whitney 1947; its variance:
 * E. DeLong, D. DeLong, D. Clarke-Pearson 1988 by mid-ranks (X. Sun, W. Xu 2014). Average
 * precision: the step sum over distinct thresholds. Brier score: G. Brier 1950; skill against a
 * base rate: 1 - Brier / Brier of the base rate. Log loss with p clipped to 1e-15. Expected
 * calibration error: M. Naeini et al. 2015, in equal-mass and equal-width bins. Calibration in the
 * large: observed over expected positives with Clopper and Pearson's interval (1934) of the
 * observed share.
 *
 * Pure; thread-safe.
 */
#pragma once

#include <stddef.h>

#include "common/base/error.h"

#define RX_QUALITY_BINS     10
#define RX_QUALITY_MAX_ROWS 50000000

/* Members that the rows cannot support (one class only, nothing expected) are NaN. */
struct rx_quality {
    size_t n, positives;
    double mean_p; /* expected share of positives */
    double auc, auc_se, auc_lo, auc_hi;
    double average_precision;
    double brier, brier_se, skill; /* skill: against `base_rate` */
    double log_loss;
    double ece_mass, ece_width; /* RX_QUALITY_BINS bins */
    double oe, oe_lo, oe_hi;    /* observed / expected positives */
    double oe_z;                /* (observed - expected) / sd under the probabilities */
};

/*
 * All of them. base_rate: the share to compare with (of the training data), or NaN for that of the
 * rows. level: of the intervals. RX_EINVALID with the row that is wrong, RX_ELIMIT, -ENOMEM.
 */
int rx_quality_compute(const double *p, const double *y, size_t n, double base_rate, double level,
                       struct rx_quality *ret, struct rx_error *err) RX_MUST_CHECK;

/* F1 of the rule p >= threshold; NaN when nothing is positive, neither said nor true. O(n). */
double rx_quality_f1(const double *p, const double *y, size_t n, double threshold);

struct rx_reliability_row {
    size_t n, positives;
    double mean_p, share;      /* share = positives / n */
    double share_lo, share_hi; /* Wilson */
};
/* Rows in `bins` groups of equal size in the order of p (the first ones one row larger); fills
 * min(bins, n) rows and says how many in *ret_n. */
int rx_quality_reliability(const double *p, const double *y, size_t n, size_t bins, double level,
                           struct rx_reliability_row *rows, size_t *ret_n, struct rx_error *err)
    RX_MUST_CHECK;
