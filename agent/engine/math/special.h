// SPDX-License-Identifier: Apache-2.0
/*
 * Special functions and the tails of the usual distributions. Relative accuracy is about 1e-13
 * unless a line says otherwise. A domain error answers NaN. Pure; thread-safe.
 *
 * Sources: normal: complementary error function of the C library; quantile: start of Abramowitz and
 * Stegun 26.2.23, refined by Halley steps. Gamma: series 8.11.4 and continued fraction 8.9.2 of the
 * NIST Digital Library of Mathematical Functions (DLMF); beta: continued fraction DLMF 8.17.22,
 * both evaluated by W. Lentz's method (1976). Kolmogorov: A. Kolmogorov 1933; one sample of finite
 * size: Z. Birnbaum, F. Tingey 1951 (upper tail), G. Marsaglia, W. Tsang, J. Wang 2003 (small n),
 * J. Vrbik 2018 (correction for large n).
 */
#pragma once

#include <stddef.h>

double rx_normal_pdf(double x);
double rx_normal_cdf(double x); /* P(X <= x) */
double rx_normal_sf(double x);  /* P(X > x), accurate far out */
/* x with rx_normal_cdf(x) = p; -inf at 0, inf at 1. */
double rx_normal_quantile(double p);

/* Regularised lower and upper incomplete gamma functions P(a, x) and Q(a, x); a > 0, x >= 0. */
double rx_gamma_p(double a, double x);
double rx_gamma_q(double a, double x);
/* P(X > x) of chi-squared with df > 0 degrees of freedom. */
double rx_chi2_sf(double x, double df);

/* Regularised incomplete beta function I_x(a, b); a, b > 0, 0 <= x <= 1. */
double rx_beta_inc(double a, double b, double x);
/* x with I_x(a, b) = p. The beta functions lose digits with large parameters: 1e-9 at 1e6. */
double rx_beta_inv(double a, double b, double p);

/* P(K > lambda) of Kolmogorov's limit distribution; lambda = sqrt(n) D. */
double rx_kolmogorov_sf(double lambda);
/*
 * P(D_n > d) of the two-sided one-sample Kolmogorov statistic at sample size n: exact for n <= 140
 * and in the upper tail (n d^2 >= 2.2), about 1e-6 relative elsewhere. With n the rounded
 * n1 n2 / (n1 + n2) this is the asymptotic p of the two-sample test.
 */
double rx_ks_sf(size_t n, double d);
