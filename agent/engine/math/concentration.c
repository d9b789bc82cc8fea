// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/math/concentration.h"

#include <math.h>
#include <stdlib.h>

#define MISSING (__builtin_nan(""))

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool add_up(const double *values, size_t n, double *total)
{
    *total = 0;
    for (size_t i = 0; i < n; i++) {
        if (!(values[i] >= 0) || !isfinite(values[i])) {
            return false;
        }
        *total += values[i];
    }
    return *total > 0 && isfinite(*total);
}

/* Sums over the largest values first. */
static void add_shares(const double *values, size_t n, struct rx_concentration *c)
{
    double held = 0;
    for (size_t k = 0; k < n; k++) {
        const double share = values[n - 1 - k] / c->total;
        held += share;
        c->hhi += share * share;
        if (share > 0) {
            c->entropy -= share * log(share);
        }
        if (c->nakamoto == 0 && held > 0.5) {
            c->nakamoto = k + 1;
        }
        if (k == 0) {
            c->top1 = held;
        }
        if (k < 10) {
            c->top10 = held;
        }
        if (k < 50) {
            c->top50 = held;
        }
    }
}

bool rx_concentration(double *values, size_t n, struct rx_concentration *ret)
{
    struct rx_concentration c = {.n = n};
    if (n == 0 || !add_up(values, n, &c.total)) {
        return false;
    }
    qsort(values, n, sizeof(*values), ascending);
    add_shares(values, n, &c);
    double ranked = 0;
    for (size_t i = 0; i < n; i++) {
        ranked += (double)(i + 1) * values[i];
    }
    const double count = (double)n;
    c.gini = 2 * ranked / (count * c.total) - (count + 1) / count;
    c.effective_n = 1 / c.hhi;
    if (n > 1) {
        c.hhi_norm = (c.hhi - 1 / count) / (1 - 1 / count);
        c.gini_unbiased = c.gini * count / (count - 1);
        c.entropy /= log(count);
    } else {
        c.hhi_norm = 1;
        c.gini_unbiased = c.entropy = MISSING;
    }
    *ret = c;
    return true;
}
