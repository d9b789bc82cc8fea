// SPDX-License-Identifier: Apache-2.0
/* Kolmogorov's distribution: its limit and the finite sample. */
#include <assert.h>
#include <math.h>

#include "agent/engine/math/special.h"

#define SQRT_2PI 2.5066282746310002
#define SMALL_N  140
#define MAX_SIDE 41 /* of the matrix: n <= 140 and n d^2 < 2.2 give 2 ceil(n d) - 1 <= 37 */

double rx_kolmogorov_sf(double lambda)
{
    if (isnan(lambda)) {
        return lambda;
    }
    if (lambda <= 0.05) {
        return 1; /* 1 - P < 1e-200 */
    }
    double sum = 0;
    if (lambda < 1) { /* the theta function's other form converges at once here */
        double t = M_PI * M_PI / (8 * lambda * lambda);
        for (int k = 1; k <= 7; k += 2) {
            sum += exp(-k * k * t);
        }
        return 1 - SQRT_2PI / lambda * sum;
    }
    for (int k = 1; k <= 8; k++) {
        double term = exp(-2.0 * k * k * lambda * lambda);
        sum += k % 2 ? term : -term;
    }
    return 2 * sum;
}

/* P(D+_n >= d), the one-sided statistic (Birnbaum and Tingey). All terms are positive. */
static double one_sided_sf(size_t n, double d)
{
    double size = (double)n;
    double log_factorial = lgamma(size + 1);
    double sum = 0;
    for (size_t j = 0; (double)j <= size * (1 - d); j++) {
        double up = d + (double)j / size;
        double down = 1 - up;
        double rest = size - (double)j;
        if (down <= 0) {
            continue; /* 0 to a positive power; at j = n the power is 0 and d = 0 */
        }
        double log_term = log_factorial - lgamma((double)j + 1) - lgamma(rest + 1) +
                          ((double)j - 1) * log(up) + rest * log(down);
        sum += exp(log_term);
    }
    return fmin(d * sum, 1);
}

struct matrix {
    size_t side;
    int exponent; /* the true entries are v times 10^exponent */
    double v[MAX_SIDE * MAX_SIDE];
};

static void multiply(const struct matrix *a, const struct matrix *b, struct matrix *ret)
{
    size_t m = a->side;
    assert(m > 0 && m <= MAX_SIDE);
    ret->side = m;
    ret->exponent = a->exponent + b->exponent;
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < m; j++) {
            double sum = 0;
            for (size_t k = 0; k < m; k++) {
                sum += a->v[i * m + k] * b->v[k * m + j];
            }
            ret->v[i * m + j] = sum;
        }
    }
    if (ret->v[(m / 2) * m + m / 2] > 1e140) {
        for (size_t i = 0; i < m * m; i++) {
            ret->v[i] *= 1e-140;
        }
        ret->exponent += 140;
    }
}

static void power(const struct matrix *base, size_t n, struct matrix *ret)
{
    struct matrix square = *base;
    struct matrix scratch;
    size_t m = base->side;
    *ret = (struct matrix){.side = m};
    for (size_t i = 0; i < m; i++) {
        ret->v[i * m + i] = 1;
    }
    for (; n > 0; n /= 2) {
        if (n % 2) {
            multiply(ret, &square, &scratch);
            *ret = scratch;
        }
        if (n > 1) {
            multiply(&square, &square, &scratch);
            square = scratch;
        }
    }
}

/* Marsaglia, Tsang and Wang's matrix for k = ceil(n d), h = k - n d. */
static void fill_matrix(size_t k, double h, struct matrix *ret)
{
    size_t m = 2 * k - 1;
    *ret = (struct matrix){.side = m};
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < m; j++) {
            ret->v[i * m + j] = i + 1 >= j ? 1 : 0;
        }
    }
    for (size_t i = 0; i < m; i++) {
        ret->v[i * m] -= pow(h, (double)(i + 1));
        ret->v[(m - 1) * m + i] -= pow(h, (double)(m - i));
    }
    ret->v[(m - 1) * m] += 2 * h - 1 > 0 ? pow(2 * h - 1, (double)m) : 0;
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < m; j++) {
            if (i + 1 > j) {
                ret->v[i * m + j] /= tgamma((double)(i - j) + 2); /* (i - j + 1)! */
            }
        }
    }
}

/* P(D_n < d) exactly; n d^2 < 2.2 and n <= SMALL_N. */
static double exact_cdf(size_t n, double d)
{
    double nd = (double)n * d;
    size_t k = (size_t)nd + 1;
    struct matrix base;
    struct matrix product;
    fill_matrix(k, (double)k - nd, &base);
    power(&base, n, &product);
    double sum = product.v[(k - 1) * product.side + k - 1];
    int exponent = product.exponent;
    for (size_t i = 1; i <= n; i++) {
        sum = sum * (double)i / (double)n;
        if (sum < 1e-140) {
            sum *= 1e140;
            exponent -= 140;
        }
    }
    return sum * pow(10, exponent);
}

/*
 * P(D_n < d) by the expansion in 1/sqrt(n) of Pelz and Good up to n^-1.5, where z = sqrt(n) d. The
 * sums run over odd m (exp(-m^2 pi^2 / 8 z^2)) and over all k (exp(-k^2 pi^2 / 2 z^2)).
 */
static double expansion_cdf(double n, double z)
{
    const double pi2 = M_PI * M_PI, pi4 = pi2 * pi2, pi6 = pi4 * pi2;
    const double z2 = z * z, z4 = z2 * z2, z6 = z4 * z2, z8 = z4 * z4;
    double sum[4] = {0, 0, 0, 0};
    double even[2] = {0, 0};
    for (int k = 1; k <= 12; k++) {
        double m2 = (2.0 * k - 1) * (2.0 * k - 1);
        double q = exp(-m2 * pi2 / (8 * z2));
        sum[0] += q;
        sum[1] += q * (m2 * pi2 / 4 - z2);
        sum[2] += q * (6 * z6 + 2 * z4 + (2 * z4 - 5 * z2) * pi2 / 4 * m2 +
                       pi4 * (1 - 2 * z2) / 16 * m2 * m2);
        sum[3] += q * (-30 * z6 - 90 * z8 + pi2 * (135 * z4 - 96 * z6) / 4 * m2 +
                       pi4 * (212 * z4 - 60 * z2) / 16 * m2 * m2 +
                       pi6 * (5 - 30 * z2) / 64 * m2 * m2 * m2);
        double k2 = (double)k * k;
        q = exp(-k2 * pi2 / (2 * z2));
        even[0] += q * k2;
        even[1] += q * k2 * (3 * z2 - pi2 * k2);
    }
    double root = sqrt(n);
    return SQRT_2PI * (sum[0] / z + sum[1] / (6 * z4 * root) +
                       (sum[2] / (72 * z6 * z) - pi2 * even[0] / (36 * z2 * z)) / n +
                       (sum[3] / (6480 * z8 * z2) + pi2 * even[1] / (216 * z6)) / (n * root));
}

double rx_ks_sf(size_t n, double d)
{
    if (n == 0 || isnan(d)) {
        return (double)NAN;
    }
    double size = (double)n;
    if (d <= 0.5 / size || d >= 1) {
        return d >= 1 ? 0 : 1;
    }
    if (d >= 0.5 || size * d * d >= 2.2) {
        if (size * d * d >= 370) {
            return 0; /* below the smallest double */
        }
        /* The sum takes n steps; its limit is as good for very large samples. */
        return n <= 1000000 ? fmin(2 * one_sided_sf(n, d), 1) : rx_kolmogorov_sf(sqrt(size) * d);
    }
    if (n <= SMALL_N) {
        return fmin(fmax(1 - exact_cdf(n, d), 0), 1);
    }
    double z = sqrt(size) * d;
    return z < 0.2 ? 1 : fmin(fmax(1 - expansion_cdf(size, z), 0), 1);
}
