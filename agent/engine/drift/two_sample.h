// SPDX-License-Identifier: Apache-2.0
/*
 * Distances between two samples. Arrays are sorted ascending and hold finite numbers. Pure;
 * thread-safe; nothing allocates.
 *
 * Sources: population stability index: sum of (q - p) ln(q / p) over bins cut at the quantiles of
 * the first sample (D. Lewis 1994; quantiles of type 7), a symmetric Kullback-Leibler divergence
 * (H. Jeffreys 1946). Kolmogorov-Smirnov: N. Smirnov 1939; its p value is that of the one-sample
 * distribution at the rounded size n1 n2 / (n1 + n2). Wasserstein distance of order one: the area
 * between the distribution functions (S. Vallender 1974). Two proportions: chi-squared with
 * F. Yates's correction 1934.
 */
#pragma once

#include <stddef.h>

#define RX_PSI_MAX_BINS 64
/* Shares below this count as this, so that an empty bin has a finite weight. */
#define RX_PSI_FLOOR 1e-4

/*
 * Edges of `bins` (2 to RX_PSI_MAX_BINS) quantile bins of the first sample; equal edges are one, so
 * fewer bins may come out. Fills edges[bins - 1]; returns how many. A value belongs to the first
 * bin whose edge is above it, values above all edges to the last bin.
 */
size_t rx_psi_edges(const double *sorted, size_t n, size_t bins, double *edges);
/* Shares of the n_edges + 1 bins. */
void rx_psi_shares(const double *sorted, size_t n, const double *edges, size_t n_edges,
                   double *shares);
/* The index of two sets of shares. */
double rx_psi(const double *p, const double *q, size_t bins);
/* All of it at once; NaN when a sample is empty. */
double rx_psi_samples(const double *a, size_t n_a, const double *b, size_t n_b, size_t bins);

/* Largest distance of the distribution functions; *ret_p is the asymptotic two-sided p value.
 * NaN when a sample is empty. */
double rx_ks_two_sample(const double *a, size_t n_a, const double *b, size_t n_b, double *ret_p);
/* The p value alone, for sizes that need not be whole (rows that count less than one). */
double rx_ks_p(double distance, double n_a, double n_b);
double rx_wasserstein(const double *a, size_t n_a, const double *b, size_t n_b);

/* p value of equal shares: k_a of n_a against k_b of n_b; 1 when nothing can differ. */
double rx_two_proportions(double k_a, double n_a, double k_b, double n_b);
