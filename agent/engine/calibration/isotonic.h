// SPDX-License-Identifier: Apache-2.0
/*
 * Isotonic regression of labels on scores: the non-decreasing step fit with the least squared
 * error. Rows with equal scores count as one with their mean. Between the blocks the map is linear,
 * outside it is constant.
 *
 * Sources: pool adjacent violators: M. Ayer et al. 1955; as a calibrator: B. Zadrozny, C. Elkan
 * 2002. The interval is Wilson's (1927) on the block's counts.
 *
 * A fit is immutable and may be read by several threads.
 */
#pragma once

#include "agent/engine/calibration/calibrator.h"

/* Most rows of one fit, here and in fit.h and venn_abers.h. */
#define RX_CAL_MAX_ROWS 50000000

/* Rows: scores x[n], finite; labels y[n] within 0..1; weights[n] > 0, or NULL = 1 each. */
struct rx_cal_rows {
    size_t n;
    const double *x, *y, *weights; /* borrowed */
};

/* Checks the rows: at least one, at most RX_CAL_MAX_ROWS, all as said above. RX_EINVALID or
 * RX_ELIMIT with the row. */
int rx_cal_rows_check(const struct rx_cal_rows *rows, struct rx_error *err) RX_MUST_CHECK;

/* Rows of one score together. */
struct rx_cal_group {
    double x, weight, sum; /* sum of weight times label */
};
/* Rows grouped by score, ascending; *ret_n groups in a malloc'd array that the caller frees. */
int rx_cal_group_rows(const struct rx_cal_rows *rows, struct rx_cal_group **ret, size_t *ret_n,
                      struct rx_error *err) RX_MUST_CHECK;

/* The first and last score of each block: one knot when they are equal, else two. */
struct rx_isotonic_knot {
    double x, y;        /* y is the block's mean label */
    double sum, weight; /* of the whole block */
};

struct rx_isotonic {
    size_t n;
    struct rx_isotonic_knot *knots; /* owned */
};

int rx_isotonic_fit(const struct rx_cal_rows *rows, struct rx_isotonic **ret, struct rx_error *err)
    RX_MUST_CHECK;
void rx_isotonic_free(struct rx_isotonic *iso);
RX_DEFINE_CLEANUP(isotonic, struct rx_isotonic *, rx_isotonic_free);

/* The fit at x. O(log n). */
double rx_isotonic_at(const struct rx_isotonic *iso, double x);
/* Wilson's interval of the block at x, linear between blocks; holds rx_isotonic_at(iso, x). */
void rx_isotonic_interval(const struct rx_isotonic *iso, double x, double level, double *ret_low,
                          double *ret_high);

/*
 * The fit of log-odds scores as calibrator knots: y as log-odds. The ends, where a block may hold
 * one class only, are kept finite: an all-negative first block answers 1 / (n + 2), unless the next
 * block is lower still (Laplace's rule of succession); the last one likewise. Writes at most
 * iso->n knots into x and y; returns how many.
 */
size_t rx_isotonic_log_odds(const struct rx_isotonic *iso, double *x, double *y);
