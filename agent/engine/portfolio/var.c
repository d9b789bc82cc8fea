// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/portfolio/var.h"

#include <math.h>
#include <string.h>

#include "agent/engine/math/special.h"
#include "agent/engine/math/stats.h"

double rx_ewma_sigma(const double *returns, size_t n, double lambda)
{
    double variance = n > 0 ? returns[0] * returns[0] : 0;
    for (size_t i = 1; i < n; i++) {
        variance = lambda * variance + (1 - lambda) * returns[i] * returns[i];
    }
    return sqrt(variance);
}

bool rx_cornish_fisher_valid(double skewness, double excess_kurtosis)
{
    /* The slope of the expansion in z is the parabola a z^2 + b z + c; it must not go below zero.
     */
    const double s2 = skewness * skewness;
    const double a = excess_kurtosis / 8 - s2 / 6;
    const double b = skewness / 3;
    const double c = 1 - excess_kurtosis / 8 + 5 * s2 / 36;
    return fabs(skewness) <= 6 * (sqrt(2) - 1) && a >= 0 && c > 0 && b * b - 4 * a * c <= 0;
}

double rx_cornish_fisher(double z, double skewness, double excess_kurtosis)
{
    return z + (z * z - 1) * skewness / 6 + (z * z * z - 3 * z) * excess_kurtosis / 24 -
           (2 * z * z * z - 5 * z) * skewness * skewness / 36;
}

/* I^q of Boudt, Peterson and Croux 2008, appendix A. */
static double partial_moment(unsigned q, double g, double density, double below)
{
    const bool odd = q % 2 == 1;
    /* Terms g^q, g^(q-2), ...: each has the factor q (q-2) ... of those left out above it. */
    double factor = 1, sum = 0;
    for (unsigned power = q; power > 1 || (odd && power == 1); power -= 2) {
        sum += factor * pow(g, power) * density;
        factor *= power;
        if (power < 2) {
            break;
        }
    }
    return odd ? sum - factor * below : sum + factor * density;
}

static double modified_shortfall(const struct rx_moments *m, double g, double alpha)
{
    const double density = rx_normal_pdf(g), below = rx_normal_cdf(g);
    double i[7] = {0};
    for (unsigned q = 1; q <= 6; q++) {
        i[q] = partial_moment(q, g, density, below);
    }
    const double s = m->skew_pop, k = m->exkurt_pop;
    const double e = density + k / 24 * (i[4] - 6 * i[2] + 3 * density) +
                     s / 6 * (i[3] - 3 * i[1]) +
                     s * s / 72 * (i[6] - 15 * i[4] + 45 * i[2] - 15 * density);
    return -m->mean + m->sd_pop * e / alpha;
}

static void set_historical(struct rx_var *v, const double *sorted, size_t n, double alpha)
{
    const double quantile = rx_quantile7(sorted, n, alpha);
    double sum = 0;
    size_t beyond = 0;
    while (beyond < n && sorted[beyond] <= quantile) {
        sum += sorted[beyond++];
    }
    v->historical = -quantile;
    v->historical_lower = -sorted[(size_t)floor(alpha * (double)n)];
    v->historical_shortfall = -sum / (double)beyond;
}

static void set_parametric(struct rx_var *v, const struct rx_moments *m, double alpha)
{
    const double z = rx_normal_quantile(alpha);
    const double cf = rx_cornish_fisher(z, m->skew_pop, m->exkurt_pop);
    v->normal = -(m->mean + z * m->sd_pop);
    v->normal_shortfall = -m->mean + m->sd_pop * rx_normal_pdf(z) / alpha;
    v->cornish_fisher = -(m->mean + cf * m->sd_pop);
    v->modified_shortfall = modified_shortfall(m, cf, alpha);
    v->cornish_fisher_valid = rx_cornish_fisher_valid(m->skew_pop, m->exkurt_pop);
}

int rx_var(const double *returns, size_t n, double level, double *scratch, struct rx_var *ret,
           struct rx_error *err)
{
    if (n < RX_VAR_MIN_RETURNS) {
        return rx_error_set(err, RX_EINVALID, "returns: %zu, at least %d expected", n,
                            RX_VAR_MIN_RETURNS);
    }
    if (!(level >= 0.5 && level <= 0.9999)) {
        return rx_error_set(err, RX_EINVALID, "level: a number from 0.5 to 0.9999 expected");
    }
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(returns[i])) {
            return rx_error_set(err, RX_EINVALID, "returns: number %zu is not finite", i + 1);
        }
    }
    const double alpha = 1 - level;
    struct rx_var v = {.level = level};
    struct rx_moments m;
    memcpy(scratch, returns, n * sizeof(*scratch));
    rx_sort_doubles(scratch, n);
    rx_moments(returns, n, &m);
    if (!(m.sd_pop > 0)) {
        m.skew_pop = m.exkurt_pop = 0; /* a constant series has no shape */
    }
    set_historical(&v, scratch, n, alpha);
    set_parametric(&v, &m, alpha);
    v.ewma = rx_normal_quantile(level) * rx_ewma_sigma(returns, n, RX_EWMA_LAMBDA);
    const bool fits = v.cornish_fisher_valid;
    v.method = fits ? "cornish_fisher" : "historical";
    v.quoted = fmin(1, fmax(0, fits ? v.cornish_fisher : v.historical));
    v.quoted_shortfall =
        fmin(1, fmax(v.quoted, fits ? v.modified_shortfall : v.historical_shortfall));
    *ret = v;
    return 0;
}

void rx_covariance(const double *returns, size_t n, size_t assets, double *out)
{
    for (size_t a = 0; a < assets; a++) {
        for (size_t b = 0; b <= a; b++) {
            double mean_a = 0, mean_b = 0, sum = 0;
            for (size_t t = 0; t < n; t++) {
                mean_a += returns[t * assets + a];
                mean_b += returns[t * assets + b];
            }
            mean_a /= (double)n;
            mean_b /= (double)n;
            for (size_t t = 0; t < n; t++) {
                sum += (returns[t * assets + a] - mean_a) * (returns[t * assets + b] - mean_b);
            }
            out[a * assets + b] = out[b * assets + a] = sum / (double)(n - 1);
        }
    }
}

/* (C w)_i */
static double row_times(const double *covariance, const double *weights, size_t assets, size_t i)
{
    double sum = 0;
    for (size_t j = 0; j < assets; j++) {
        sum += covariance[i * assets + j] * weights[j];
    }
    return sum;
}

double rx_portfolio_sigma(const double *covariance, const double *weights, size_t assets)
{
    double variance = 0;
    for (size_t i = 0; i < assets; i++) {
        variance += weights[i] * row_times(covariance, weights, assets, i);
    }
    return sqrt(fmax(0, variance));
}

void rx_component_var(const double *covariance, const double *weights, size_t assets, double z,
                      double *out)
{
    const double sigma = rx_portfolio_sigma(covariance, weights, assets);
    for (size_t i = 0; i < assets; i++) {
        out[i] = sigma > 0 ? z * weights[i] * row_times(covariance, weights, assets, i) / sigma : 0;
    }
}

/* n ln q, and 0 when nothing happened. */
static double log_likelihood(double n, double q)
{
    return n > 0 && q > 0 ? n * log(q) : 0;
}

void rx_var_test(const bool *hits, size_t n, double alpha, struct rx_var_test *ret)
{
    double count[2][2] = {{0}};
    double exceeded = hits[0];
    for (size_t t = 1; t < n; t++) {
        count[hits[t - 1]][hits[t]]++;
        exceeded += hits[t];
    }
    const double kept = (double)n - exceeded, rate = exceeded / (double)n;
    const double expected = log_likelihood(kept, 1 - alpha) + log_likelihood(exceeded, alpha);
    const double observed = log_likelihood(kept, 1 - rate) + log_likelihood(exceeded, rate);

    const double after[2] = {count[0][0] + count[0][1], count[1][0] + count[1][1]};
    const double p01 = after[0] > 0 ? count[0][1] / after[0] : 0;
    const double p11 = after[1] > 0 ? count[1][1] / after[1] : 0;
    const double p = (count[0][1] + count[1][1]) / (after[0] + after[1]);
    const double together = log_likelihood(count[0][0] + count[1][0], 1 - p) +
                            log_likelihood(count[0][1] + count[1][1], p);
    const double apart = log_likelihood(count[0][0], 1 - p01) + log_likelihood(count[0][1], p01) +
                         log_likelihood(count[1][0], 1 - p11) + log_likelihood(count[1][1], p11);
    ret->n = n;
    ret->exceeded = (size_t)exceeded;
    ret->kupiec = fmax(0, -2 * (expected - observed));
    ret->kupiec_p = rx_chi2_sf(ret->kupiec, 1);
    ret->independence = fmax(0, -2 * (together - apart));
    ret->independence_p = rx_chi2_sf(ret->independence, 1);
}
