// SPDX-License-Identifier: Apache-2.0
/*
 * Two-sided confidence intervals for a binomial proportion: k successes of n, 0 <= k <= n, n > 0;
 * level in (0, 1), for example 0.95. k and n may be fractional (weights). Bad input answers the
 * whole range [0, 1]. Pure; thread-safe.
 *
 * Sources: E. Wilson 1927; C. Clopper, E. Pearson 1934 (beta quantiles, exact); Jeffreys: L. Brown,
 * T. Cai, A. DasGupta 2001.
 */
#pragma once

void rx_wilson(double k, double n, double level, double *ret_low, double *ret_high);
void rx_clopper_pearson(double k, double n, double level, double *ret_low, double *ret_high);
void rx_jeffreys(double k, double n, double level, double *ret_low, double *ret_high);
