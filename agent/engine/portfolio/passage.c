// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/portfolio/passage.h"

#include <math.h>
#include <string.h>

#include "agent/engine/math/proportion.h"
#include "agent/engine/math/special.h"
#include "agent/engine/portfolio/var.h"

double rx_first_passage(double distance, double drift, double sigma, double time)
{
    if (distance <= 0) {
        return 1;
    }
    if (time <= 0) {
        return 0;
    }
    if (!(sigma > 0)) {
        return distance + drift * time <= 0 ? 1 : 0;
    }
    const double spread = sigma * sqrt(time);
    const double below = rx_normal_cdf((-distance - drift * time) / spread);
    const double reflected = rx_normal_cdf((-distance + drift * time) / spread);
    /* exp() may overflow where the factor beside it is zero to all digits. */
    const double back =
        reflected > 0 ? exp(-2 * drift * distance / (sigma * sigma) + log(reflected)) : 0;
    return fmin(1, below + back);
}

/* w' C w */
static double quadratic(const double *w, const double *covariance, size_t assets)
{
    const double sigma = rx_portfolio_sigma(covariance, w, assets);
    return sigma * sigma;
}

void rx_health_diffusion(const struct rx_holding *holdings, size_t n, const double *prices,
                         const double *covariance, size_t assets, double *scratch, double *drift,
                         double *sigma)
{
    double *above = scratch, *below = scratch + assets;
    struct rx_health h;
    rx_health(holdings, n, prices, &h);
    memset(scratch, 0, 2 * assets * sizeof(*scratch));
    *drift = *sigma = 0;
    if (!(h.debt > 0) || !(h.counted > 0)) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const double value = holdings[i].amount * prices[holdings[i].asset];
        if (holdings[i].debt) {
            below[holdings[i].asset] += value / h.debt;
        } else {
            above[holdings[i].asset] += value * holdings[i].threshold / h.counted;
        }
    }
    /* Each logarithm loses half its variance to convexity (Ito 1951). */
    *drift = -(quadratic(above, covariance, assets) - quadratic(below, covariance, assets)) / 2;
    for (size_t a = 0; a < assets; a++) {
        above[a] -= below[a];
    }
    *sigma = rx_portfolio_sigma(covariance, above, assets);
}

/* splitmix64 (Steele, Lea and Flood 2014). */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static bool path_touches(const struct rx_holding *holdings, size_t n, const double *prices,
                         const double *returns, size_t rows, size_t assets, unsigned steps,
                         unsigned block, uint64_t *state, double *now)
{
    struct rx_health h;
    size_t row = 0;
    memcpy(now, prices, assets * sizeof(*now));
    for (unsigned step = 0; step < steps; step++) {
        row = step % block == 0 ? (size_t)(draw(state) % rows) : (row + 1) % rows;
        for (size_t a = 0; a < assets; a++) {
            now[a] *= 1 + returns[row * assets + a];
        }
        rx_health(holdings, n, now, &h);
        if (h.factor < 1) {
            return true;
        }
    }
    return false;
}

int rx_passage_simulate(const struct rx_holding *holdings, size_t n, const double *prices,
                        const double *returns, size_t rows, size_t assets, unsigned steps,
                        unsigned block, uint64_t paths, uint64_t seed, double *scratch,
                        struct rx_passage *ret, struct rx_error *err)
{
    if (rows == 0 || block == 0 || steps == 0 || steps > RX_PASSAGE_MAX_STEPS || paths == 0 ||
        paths > RX_PASSAGE_MAX_PATHS) {
        return rx_error_set(err, RX_EINVALID,
                            "simulation: returns, blocks, 1 to %d steps and 1 to %d paths expected",
                            RX_PASSAGE_MAX_STEPS, RX_PASSAGE_MAX_PATHS);
    }
    struct rx_passage p = {.paths = paths};
    uint64_t state = seed;
    for (uint64_t i = 0; i < paths; i++) {
        p.touched +=
            path_touches(holdings, n, prices, returns, rows, assets, steps, block, &state, scratch);
    }
    p.p = (double)p.touched / (double)paths;
    rx_wilson((double)p.touched, (double)paths, 0.95, &p.lo, &p.hi);
    *ret = p;
    return 0;
}
