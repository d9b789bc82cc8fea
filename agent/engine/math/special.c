// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/math/special.h"

#include <float.h>
#include <math.h>

#define MAX_STEPS 100000

double rx_normal_pdf(double x)
{
    return exp(-0.5 * x * x) * (M_2_SQRTPI * M_SQRT1_2 / 2);
}

double rx_normal_cdf(double x)
{
    return 0.5 * erfc(-x * M_SQRT1_2);
}

double rx_normal_sf(double x)
{
    return 0.5 * erfc(x * M_SQRT1_2);
}

/* The lower half; p in (0, 0.5]. */
static double lower_quantile(double p)
{
    double t = sqrt(-2 * log(p));
    double x = -(t - (2.515517 + t * (0.802853 + t * 0.010328)) /
                         (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))));
    for (int i = 0; i < 3; i++) {
        double density = rx_normal_pdf(x);
        if (density < DBL_MIN) {
            break; /* beyond 37 sigma the start is as good as it gets */
        }
        double u = (rx_normal_cdf(x) - p) / density;
        x -= u / (1 + 0.5 * x * u); /* Halley: f''/f' = -x */
    }
    return x;
}

double rx_normal_quantile(double p)
{
    if (!(p >= 0 && p <= 1)) {
        return (double)NAN;
    }
    if (p <= 0 || p >= 1) {
        return p <= 0 ? -(double)INFINITY : (double)INFINITY;
    }
    if (p == 0.5) {
        return 0;
    }
    return p < 0.5 ? lower_quantile(p) : -lower_quantile(1 - p);
}

/* x^a e^-x / Gamma(a) */
static double gamma_front(double a, double x)
{
    return exp(a * log(x) - x - lgamma(a));
}

static double gamma_series(double a, double x)
{
    double term = 1 / a;
    double sum = term;
    for (int i = 1; i < MAX_STEPS && fabs(term) > DBL_EPSILON * fabs(sum); i++) {
        term *= x / (a + i);
        sum += term;
    }
    return sum * gamma_front(a, x);
}

static double away_from_zero(double x)
{
    return fabs(x) < 1e-300 ? 1e-300 : x;
}

static double gamma_fraction(double a, double x)
{
    double b = x + 1 - a;
    double c = 1e300;
    double d = 1 / away_from_zero(b);
    double h = d;
    for (int i = 1; i < MAX_STEPS; i++) {
        double an = -i * (i - a);
        b += 2;
        d = 1 / away_from_zero(an * d + b);
        c = away_from_zero(b + an / c);
        double step = c * d;
        h *= step;
        if (fabs(step - 1) <= DBL_EPSILON) {
            break;
        }
    }
    return h * gamma_front(a, x);
}

double rx_gamma_p(double a, double x)
{
    if (!(a > 0 && x >= 0)) {
        return (double)NAN;
    }
    if (x == 0 || isinf(x)) {
        return x == 0 ? 0 : 1;
    }
    return x < a + 1 ? gamma_series(a, x) : 1 - gamma_fraction(a, x);
}

double rx_gamma_q(double a, double x)
{
    if (!(a > 0 && x >= 0)) {
        return (double)NAN;
    }
    if (x == 0 || isinf(x)) {
        return x == 0 ? 1 : 0;
    }
    return x < a + 1 ? 1 - gamma_series(a, x) : gamma_fraction(a, x);
}

double rx_chi2_sf(double x, double df)
{
    if (df == 1 && x >= 0) {
        return erfc(sqrt(0.5 * x)); /* exact, and no cancellation near 0 */
    }
    return rx_gamma_q(0.5 * df, 0.5 * x);
}

static double beta_fraction(double a, double b, double x)
{
    double c = 1;
    double d = 1 / away_from_zero(1 - (a + b) * x / (a + 1));
    double h = d;
    for (int m = 1; m < MAX_STEPS; m++) {
        double m2 = 2.0 * m;
        double even = m * (b - m) * x / ((a + m2 - 1) * (a + m2));
        d = 1 / away_from_zero(1 + even * d);
        c = away_from_zero(1 + even / c);
        h *= d * c;
        double odd = -(a + m) * (a + b + m) * x / ((a + m2) * (a + m2 + 1));
        d = 1 / away_from_zero(1 + odd * d);
        c = away_from_zero(1 + odd / c);
        double step = d * c;
        h *= step;
        if (fabs(step - 1) <= DBL_EPSILON) {
            break;
        }
    }
    return h;
}

double rx_beta_inc(double a, double b, double x)
{
    if (!(a > 0 && b > 0 && x >= 0 && x <= 1)) {
        return (double)NAN;
    }
    if (x <= 0 || x >= 1) {
        return x <= 0 ? 0 : 1;
    }
    double front = exp(a * log(x) + b * log1p(-x) + lgamma(a + b) - lgamma(a) - lgamma(b));
    if (x < (a + 1) / (a + b + 2)) {
        return front * beta_fraction(a, b, x) / a;
    }
    return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double rx_beta_inv(double a, double b, double p)
{
    if (!(a > 0 && b > 0 && p >= 0 && p <= 1)) {
        return (double)NAN;
    }
    if (p <= 0 || p >= 1) {
        return p <= 0 ? 0 : 1;
    }
    /* Newton inside a bracket; a step that leaves it is replaced by bisection, in log x where the
     * answer may be tiny. */
    double low = 0;
    double high = 1;
    double x = a / (a + b);
    double log_beta = lgamma(a) + lgamma(b) - lgamma(a + b);
    for (int i = 0; i < 2000; i++) {
        double error = rx_beta_inc(a, b, x) - p;
        if (error > 0) {
            high = x;
        } else {
            low = x;
        }
        double slope = exp((a - 1) * log(x) + (b - 1) * log1p(-x) - log_beta);
        double next = x - error / slope;
        if (!(next > low && next < high)) {
            next = low > 0 ? sqrt(low * high) : high * 0.125;
            if (low > 0.1) {
                next = 0.5 * (low + high);
            }
        }
        if (fabs(next - x) <= 4 * DBL_EPSILON * x || next <= 0) {
            return next;
        }
        x = next;
    }
    return x;
}
