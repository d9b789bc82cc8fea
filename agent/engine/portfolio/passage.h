// SPDX-License-Identifier: Apache-2.0
/*
 * How likely an account is to be liquidated within a horizon: the first passage of ln(health
 * factor) below zero. Pure functions, deterministic; thread-safe.
 */
#pragma once

#include <stdint.h>

#include "agent/engine/portfolio/health.h"
#include "common/base/error.h"

#define RX_PASSAGE_MAX_STEPS 1024
#define RX_PASSAGE_MAX_PATHS 100000

/*
 * Probability that a Brownian motion with `drift` and `sigma` a unit of time, that starts
 * `distance` above a barrier, touches it within `time` (Harrison 1985): the reflection principle
 * with drift. 1 when distance <= 0; 0 when sigma is 0 and the drift does not reach it.
 */
double rx_first_passage(double distance, double drift, double sigma, double time);

/*
 * Drift and sigma of ln(health factor) an interval, when prices follow the covariance without a
 * trend of their own: to first order the factor's weights are those of the collateral less those of
 * the debt; the drift is what is lost to convexity. covariance[assets x assets] of simple returns;
 * scratch[2 assets].
 */
void rx_health_diffusion(const struct rx_holding *holdings, size_t n, const double *prices,
                         const double *covariance, size_t assets, double *scratch, double *drift,
                         double *sigma);

struct rx_passage {
    uint64_t paths, touched;
    double p, lo, hi; /* share that touched, with its 95 % Wilson interval (Wilson 1927) */
};

/*
 * The same from history: `paths` futures of `steps` intervals, each a chain of blocks of `block`
 * successive rows of returns drawn at random (moving blocks: Kuensch 1989), so that correlation,
 * fat tails and clustering of volatility are those seen. returns[rows x assets]; scratch[assets].
 * The same seed gives the same result. RX_EINVALID: no rows, or a bound exceeded.
 */
int rx_passage_simulate(const struct rx_holding *holdings, size_t n, const double *prices,
                        const double *returns, size_t rows, size_t assets, unsigned steps,
                        unsigned block, uint64_t paths, uint64_t seed, double *scratch,
                        struct rx_passage *ret, struct rx_error *err) RX_MUST_CHECK;
