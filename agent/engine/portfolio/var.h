// SPDX-License-Identifier: Apache-2.0
/*
 * Value at risk and expected shortfall of one return series, as losses: 0.07 = 7 % of the value,
 * positive. Returns are simple, p[t] / p[t-1] - 1, of equal intervals; the horizon is one interval.
 * Pure functions; thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/error.h"

/* Fewer returns than this give no VaR. */
#define RX_VAR_MIN_RETURNS 60
/* Decay of the exponentially weighted variance for daily returns (RiskMetrics 1996). */
#define RX_EWMA_LAMBDA 0.94

struct rx_var {
    double level;                /* 0.95: the loss is exceeded with probability 0.05 */
    double historical;           /* quantile of type 7 (Hyndman and Fan 1996) */
    double historical_lower;     /* the order statistic floor(alpha n) (Jorion 2006) */
    double historical_shortfall; /* mean loss at or beyond `historical` (Acerbi and Tasche 2002) */
    double normal, normal_shortfall; /* McNeil, Frey and Embrechts 2015 */
    /*
     * Cornish-Fisher expansion (Zangari 1996; Favre and Galeano 2002) and its shortfall (Boudt,
     * Peterson and Croux 2008). Computed always, to be used only when cornish_fisher_valid.
     */
    double cornish_fisher, modified_shortfall;
    bool cornish_fisher_valid; /* inside the domain in which the quantile grows with the level */
    double ewma;               /* normal with the variance that RiskMetrics expects next */
    /* What to quote: Cornish-Fisher when valid, else historical; a long position loses at most 1.
     */
    double quoted, quoted_shortfall;
    const char *method; /* "cornish_fisher" or "historical" */
};

/* Standard deviation expected for the next return: v = lambda v + (1 - lambda) r^2 from v = r[0]^2.
 */
double rx_ewma_sigma(const double *returns, size_t n, double lambda);
/*
 * True where the Cornish-Fisher quantile is monotone: |S| <= 6 (sqrt 2 - 1) and K between the roots
 * of Maillard (2012).
 */
bool rx_cornish_fisher_valid(double skewness, double excess_kurtosis);
/* The quantile in standard deviations for the normal quantile z. */
double rx_cornish_fisher(double z, double skewness, double excess_kurtosis);

/*
 * `scratch` has room for n values. RX_EINVALID with fewer than RX_VAR_MIN_RETURNS returns, a return
 * that is not finite, or a level outside 0.5..0.9999.
 */
int rx_var(const double *returns, size_t n, double level, double *scratch, struct rx_var *ret,
           struct rx_error *err) RX_MUST_CHECK;

/* ---- of several assets ---- */

/* Sample covariance (n - 1) of `assets` columns; returns[t * assets + a]; out[a * assets + b]. */
void rx_covariance(const double *returns, size_t n, size_t assets, double *out);
/* sqrt(w' C w). */
double rx_portfolio_sigma(const double *covariance, const double *weights, size_t assets);
/*
 * Share of each asset in z sigma_p: z w_i (C w)_i / sigma_p, which add up to it (Litterman 1996).
 * All zero when sigma_p is.
 */
void rx_component_var(const double *covariance, const double *weights, size_t assets, double z,
                      double *out);

/* ---- is a VaR believable ---- */

struct rx_var_test {
    size_t n, exceeded;
    double kupiec, kupiec_p;             /* likelihood ratio of the count (Kupiec 1995), chi2(1) */
    double independence, independence_p; /* of clustering (Christoffersen 1998), chi2(1) */
};

/* hits[t]: the loss of period t was larger than forecast with probability alpha. n >= 2. */
void rx_var_test(const bool *hits, size_t n, double alpha, struct rx_var_test *ret);
