// SPDX-License-Identifier: Apache-2.0
/*
 * Performance of a series of simple returns r_t = p_t / p_{t-1} - 1. Crypto markets trade on every
 * day of the year, so daily figures are annualised with 365. Pure, thread-safe; a figure that the
 * data cannot give is NaN, never 0.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define RX_PERFORMANCE_DAYS       365.0
#define RX_PERFORMANCE_MIN_POINTS 30 /* fewer returns: no ratio is stated */

struct rx_performance {
    size_t n;            /* returns */
    double mean;         /* per period */
    double sd;           /* sample standard deviation per period (n - 1) */
    double volatility;   /* sd sqrt(periods a year) */
    double total_return; /* prod(1 + r) - 1 */
    /* mean / sd sqrt(periods a year), risk-free rate 0 (Sharpe 1966, 1994) */
    double sharpe;
    /* standard error of `sharpe`: sqrt((1 + S^2 / 2) / n) sqrt(periods a year), S the ratio per
     * period, returns independent (Lo 2002, equation 9) */
    double sharpe_se;
    /* mean / sqrt(mean(min(r, 0)^2)) sqrt(periods a year) (Sortino and Price 1994, target 0) */
    double sortino;
    double max_drawdown;  /* min over t of equity / highest equity so far - 1; in [-1, 0] */
    size_t drawdown_end;  /* index of the return at which it is reached */
    double drawdown_mean; /* Ulcer index: sqrt(mean(drawdown^2)) (Martin 1987) */
    double calmar;        /* annual growth / |max_drawdown| (Young 1991) */
    double omega;         /* gains / losses about 0 (Keating and Shadwick 2002) */
};

/*
 * Measures `returns` (n values, finite, >= -1, oldest first; `periods` > 0 of them make a year)
 * with the equity starting at 1, which is its first peak. sharpe, its error, sortino, calmar and
 * omega are NaN under RX_PERFORMANCE_MIN_POINTS returns or when they would divide by zero. False,
 * with nothing written, when n is 0, a return is out of range or the equity leaves the range of a
 * double.
 */
bool rx_performance(const double *returns, size_t n, double periods, struct rx_performance *ret);

/* Mean / sample standard deviation of any outcomes, without annualising; NaN below 2 of them or
 * when all are equal. */
double rx_performance_ratio(const double *values, size_t n);
