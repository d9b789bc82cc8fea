// SPDX-License-Identifier: Apache-2.0
/*
 * Descriptive statistics of samples. Arrays hold finite numbers; n = 0 answers NaN. Pure;
 * thread-safe; nothing allocates.
 *
 * Sources: quantiles: type 7 of R. Hyndman, Y. Fan 1996. Moments: two passes, so no cancellation.
 * Sums: W. Kahan 1965 with A. Neumaier's correction 1974. Adjusted p values: Y. Benjamini,
 * Y. Hochberg 1995.
 */
#pragma once

#include <stddef.h>

struct rx_moments {
    size_t n;
    double mean;
    double sd_pop, sd_sample; /* divided by n and by n - 1 (NaN when n = 1) */
    double skew_pop;          /* m3 / m2^1.5; NaN when all values are equal */
    double exkurt_pop;        /* m4 / m2^2 - 3; NaN when all values are equal */
};

/* Compensated sum and mean of x[n]. */
double rx_sum(const double *x, size_t n);
double rx_mean(const double *x, size_t n);
void rx_moments(const double *x, size_t n, struct rx_moments *ret);

/* Sorts ascending in place; NaN go to the end. */
void rx_sort_doubles(double *x, size_t n);
/* Quantile of type 7 of x[n], sorted ascending; p in 0..1. */
double rx_quantile7(const double *sorted, size_t n, double p);
/* Entries of the sorted array that are < v, and <= v. O(log n). */
size_t rx_count_below(const double *sorted, size_t n, double v);
size_t rx_count_upto(const double *sorted, size_t n, double v);

/*
 * Benjamini-Hochberg: q[i] is the smallest false-discovery rate at which p[i] is rejected. order[n]
 * is scratch. p must be within 0..1; p and q may be the same array.
 */
void rx_bh_adjust(const double *p, size_t n, size_t *order, double *q);
