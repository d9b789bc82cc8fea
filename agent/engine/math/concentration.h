// SPDX-License-Identifier: Apache-2.0
/* How unequally an amount is spread. Shares are of the sum of all values; pure, thread-safe. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct rx_concentration {
    size_t n;           /* values, all >= 0 */
    double total;       /* > 0 */
    double hhi;         /* sum of squared shares, 1/n..1 (Herfindahl 1950, Hirschman 1945) */
    double hhi_norm;    /* (hhi - 1/n) / (1 - 1/n), 0..1; 1 for a single value */
    double effective_n; /* 1 / hhi */
    double gini; /* 2 sum(i x_i) / (n total) - (n + 1) / n, ascending, i from 1 (Gini 1912) */
    double gini_unbiased;      /* gini n / (n - 1); NaN for a single value */
    size_t nakamoto;           /* fewest values that together hold more than half */
    double top1, top10, top50; /* largest share; sum of the 10 and 50 largest */
    double entropy; /* -sum(s ln s) / ln n, 0..1 (Shannon 1948); NaN for a single value */
};

/*
 * Sorts `values` (n >= 1, finite, >= 0) ascending and measures them. False, and nothing written to
 * *ret, when n is 0, a value is negative or not finite, or all are zero.
 */
bool rx_concentration(double *values, size_t n, struct rx_concentration *ret);
