// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/drift/two_sample.h"

#include <math.h>

#include "agent/engine/math/special.h"
#include "agent/engine/math/stats.h"

size_t rx_psi_edges(const double *sorted, size_t n, size_t bins, double *edges)
{
    size_t count = 0;
    bins = bins < 2 ? 2 : bins;
    bins = bins > RX_PSI_MAX_BINS ? RX_PSI_MAX_BINS : bins;
    for (size_t i = 1; i < bins; i++) {
        double edge = rx_quantile7(sorted, n, (double)i / (double)bins);
        if (count == 0 || edge > edges[count - 1]) {
            edges[count++] = edge;
        }
    }
    return count;
}

void rx_psi_shares(const double *sorted, size_t n, const double *edges, size_t n_edges,
                   double *shares)
{
    size_t before = 0;
    for (size_t i = 0; i <= n_edges; i++) {
        size_t upto = i < n_edges ? rx_count_below(sorted, n, edges[i]) : n;
        shares[i] = (double)(upto - before) / (double)n;
        before = upto;
    }
}

double rx_psi(const double *p, const double *q, size_t bins)
{
    double sum = 0;
    for (size_t i = 0; i < bins; i++) {
        double a = fmax(p[i], RX_PSI_FLOOR);
        double b = fmax(q[i], RX_PSI_FLOOR);
        sum += (b - a) * log(b / a);
    }
    return sum;
}

double rx_psi_samples(const double *a, size_t n_a, const double *b, size_t n_b, size_t bins)
{
    double edges[RX_PSI_MAX_BINS], p[RX_PSI_MAX_BINS], q[RX_PSI_MAX_BINS];
    if (n_a == 0 || n_b == 0) {
        return (double)NAN;
    }
    size_t n_edges = rx_psi_edges(a, n_a, bins, edges);
    rx_psi_shares(a, n_a, edges, n_edges, p);
    rx_psi_shares(b, n_b, edges, n_edges, q);
    return rx_psi(p, q, n_edges + 1);
}

double rx_ks_two_sample(const double *a, size_t n_a, const double *b, size_t n_b, double *ret_p)
{
    size_t i = 0, j = 0;
    double largest = 0;
    *ret_p = (double)NAN;
    if (n_a == 0 || n_b == 0) {
        return (double)NAN;
    }
    while (i < n_a && j < n_b) {
        double at = fmin(a[i], b[j]);
        while (i < n_a && a[i] <= at) {
            i++;
        }
        while (j < n_b && b[j] <= at) {
            j++;
        }
        largest = fmax(largest, fabs((double)i / (double)n_a - (double)j / (double)n_b));
    }
    *ret_p = rx_ks_p(largest, (double)n_a, (double)n_b);
    return largest;
}

double rx_ks_p(double distance, double n_a, double n_b)
{
    double size = nearbyint(n_a * n_b / (n_a + n_b));
    return rx_ks_sf(size > 1 ? (size_t)size : 1, distance);
}

double rx_wasserstein(const double *a, size_t n_a, const double *b, size_t n_b)
{
    size_t i = 0, j = 0;
    double area = 0;
    if (n_a == 0 || n_b == 0) {
        return (double)NAN;
    }
    double at = fmin(a[0], b[0]);
    while (i < n_a || j < n_b) {
        double next = i == n_a ? b[j] : j == n_b ? a[i] : fmin(a[i], b[j]);
        area += fabs((double)i / (double)n_a - (double)j / (double)n_b) * (next - at);
        at = next;
        while (i < n_a && a[i] <= at) {
            i++;
        }
        while (j < n_b && b[j] <= at) {
            j++;
        }
    }
    return area;
}

double rx_two_proportions(double k_a, double n_a, double k_b, double n_b)
{
    double n = n_a + n_b;
    double k = k_a + k_b;
    if (!(n_a > 0 && n_b > 0) || k <= 0 || k >= n) {
        return 1;
    }
    double cross = fabs(k_a * (n_b - k_b) - k_b * (n_a - k_a));
    double corrected = fmax(0, cross - 0.5 * n);
    return rx_chi2_sf(n * corrected * corrected / (n_a * n_b * k * (n - k)), 1);
}
