// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/math/proportion.h"

#include <math.h>
#include <stdbool.h>

#include "agent/engine/math/special.h"

static bool usable(double k, double n, double level)
{
    return n > 0 && isfinite(n) && k >= 0 && k <= n && level > 0 && level < 1;
}

void rx_wilson(double k, double n, double level, double *ret_low, double *ret_high)
{
    *ret_low = 0;
    *ret_high = 1;
    if (!usable(k, n, level)) {
        return;
    }
    double z = rx_normal_quantile(0.5 + 0.5 * level);
    double share = k / n;
    double scale = 1 + z * z / n;
    double middle = (share + z * z / (2 * n)) / scale;
    double half = z / scale * sqrt(share * (1 - share) / n + z * z / (4 * n * n));
    *ret_low = k <= 0 ? 0 : fmax(0, middle - half); /* the ends are exact, rounding aside */
    *ret_high = k >= n ? 1 : fmin(1, middle + half);
}

void rx_clopper_pearson(double k, double n, double level, double *ret_low, double *ret_high)
{
    *ret_low = 0;
    *ret_high = 1;
    if (!usable(k, n, level)) {
        return;
    }
    double tail = 0.5 * (1 - level);
    if (k > 0) {
        *ret_low = rx_beta_inv(k, n - k + 1, tail);
    }
    if (k < n) {
        *ret_high = rx_beta_inv(k + 1, n - k, 1 - tail);
    }
}

void rx_jeffreys(double k, double n, double level, double *ret_low, double *ret_high)
{
    *ret_low = 0;
    *ret_high = 1;
    if (!usable(k, n, level)) {
        return;
    }
    double tail = 0.5 * (1 - level);
    *ret_low = rx_beta_inv(k + 0.5, n - k + 0.5, tail);
    *ret_high = rx_beta_inv(k + 0.5, n - k + 0.5, 1 - tail);
}
