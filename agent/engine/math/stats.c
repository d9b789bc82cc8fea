// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/math/stats.h"

#include <math.h>
#include <stdlib.h>

double rx_sum(const double *x, size_t n)
{
    double sum = 0;
    double lost = 0;
    for (size_t i = 0; i < n; i++) {
        double next = sum + x[i];
        lost += fabs(sum) >= fabs(x[i]) ? (sum - next) + x[i] : (x[i] - next) + sum;
        sum = next;
    }
    return sum + lost;
}

double rx_mean(const double *x, size_t n)
{
    return n ? rx_sum(x, n) / (double)n : (double)NAN;
}

void rx_moments(const double *x, size_t n, struct rx_moments *ret)
{
    double nan = (double)NAN;
    *ret = (struct rx_moments){n, nan, nan, nan, nan, nan};
    if (n == 0) {
        return;
    }
    double size = (double)n;
    double m2 = 0, m3 = 0, m4 = 0;
    ret->mean = rx_mean(x, n);
    for (size_t i = 0; i < n; i++) {
        double d = x[i] - ret->mean;
        m2 += d * d;
        m3 += d * d * d;
        m4 += d * d * d * d;
    }
    ret->sd_pop = sqrt(m2 / size);
    if (n > 1) {
        ret->sd_sample = sqrt(m2 / (size - 1));
    }
    if (m2 > 0) {
        double variance = m2 / size;
        ret->skew_pop = m3 / size / (variance * sqrt(variance));
        ret->exkurt_pop = m4 / size / (variance * variance) - 3;
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    if (isnan(x) || isnan(y)) {
        return (isnan(x) != 0) - (isnan(y) != 0);
    }
    return (x > y) - (x < y);
}

void rx_sort_doubles(double *x, size_t n)
{
    if (n > 1) {
        qsort(x, n, sizeof(*x), by_value);
    }
}

double rx_quantile7(const double *sorted, size_t n, double p)
{
    if (n == 0 || !(p >= 0 && p <= 1)) {
        return (double)NAN;
    }
    double at = p * (double)(n - 1);
    size_t low = (size_t)at;
    if (low + 1 >= n) {
        return sorted[n - 1];
    }
    return sorted[low] + (at - (double)low) * (sorted[low + 1] - sorted[low]);
}

size_t rx_count_below(const double *sorted, size_t n, double v)
{
    size_t low = 0;
    while (n > 0) {
        size_t half = n / 2;
        if (sorted[low + half] < v) {
            low += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    return low;
}

size_t rx_count_upto(const double *sorted, size_t n, double v)
{
    size_t low = 0;
    while (n > 0) {
        size_t half = n / 2;
        if (sorted[low + half] <= v) {
            low += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    return low;
}

static int by_p(const void *a, const void *b, void *arg)
{
    const double *p = arg;
    size_t i = *(const size_t *)a;
    size_t j = *(const size_t *)b;
    return p[i] != p[j] ? (p[i] > p[j]) - (p[i] < p[j]) : (i > j) - (i < j);
}

void rx_bh_adjust(const double *p, size_t n, size_t *order, double *q)
{
    if (n == 0) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        order[i] = i;
        q[i] = p[i]; /* from here on only q is read, so the arrays may be one */
    }
    qsort_r(order, n, sizeof(*order), by_p, q);
    double smallest = 1;
    for (size_t rank = n; rank-- > 0;) {
        double scaled = q[order[rank]] * (double)n / (double)(rank + 1);
        smallest = fmin(smallest, scaled);
        q[order[rank]] = smallest;
    }
}
