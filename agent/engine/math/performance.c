// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/math/performance.h"

#include <math.h>

static const double unknown = (double)NAN;

/* Two passes: the mean first, so that the squares do not cancel. */
static void moments(const double *values, size_t n, double *mean, double *sd)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += values[i];
    }
    *mean = sum / (double)n;
    double squares = 0;
    for (size_t i = 0; i < n; i++) {
        const double d = values[i] - *mean;
        squares += d * d;
    }
    *sd = n > 1 ? sqrt(squares / (double)(n - 1)) : unknown;
}

static void follow_equity(const double *returns, size_t n, struct rx_performance *p)
{
    double equity = 1;
    double peak = 1;
    double squares = 0;
    p->max_drawdown = 0;
    p->drawdown_end = 0;
    for (size_t i = 0; i < n; i++) {
        equity *= 1 + returns[i];
        peak = fmax(peak, equity);
        const double drawdown = equity / peak - 1;
        squares += drawdown * drawdown;
        if (drawdown < p->max_drawdown) {
            p->max_drawdown = drawdown;
            p->drawdown_end = i;
        }
    }
    p->total_return = equity - 1;
    p->drawdown_mean = sqrt(squares / (double)n);
}

static double ratio(double value, double by)
{
    const double result = by > 0 ? value / by : unknown;
    return isfinite(result) ? result : unknown;
}

static void ratios(const double *returns, size_t n, double periods, struct rx_performance *p)
{
    double down = 0;
    double gains = 0;
    double losses = 0;
    for (size_t i = 0; i < n; i++) {
        if (returns[i] < 0) {
            down += returns[i] * returns[i];
            losses -= returns[i];
        } else {
            gains += returns[i];
        }
    }
    /* Equal returns leave a deviation of rounding errors only. */
    const bool moves = p->sd > 1e-12 * fabs(p->mean);
    const double each = moves ? ratio(p->mean, p->sd) : unknown;
    p->sharpe = each * sqrt(periods);
    p->sharpe_se = sqrt((1 + each * each / 2) / (double)n) * sqrt(periods);
    p->sortino = ratio(p->mean, sqrt(down / (double)n)) * sqrt(periods);
    p->omega = ratio(gains, losses);
    const double growth = pow(1 + p->total_return, periods / (double)n) - 1;
    p->calmar = ratio(growth, -p->max_drawdown);
}

bool rx_performance(const double *returns, size_t n, double periods, struct rx_performance *ret)
{
    if (n == 0 || !(periods > 0)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (!(returns[i] >= -1) || !isfinite(returns[i])) {
            return false;
        }
    }
    struct rx_performance p = {.n = n,
                               .sharpe = unknown,
                               .sharpe_se = unknown,
                               .sortino = unknown,
                               .calmar = unknown,
                               .omega = unknown};
    moments(returns, n, &p.mean, &p.sd);
    p.volatility = p.sd * sqrt(periods);
    follow_equity(returns, n, &p);
    if (!isfinite(p.total_return) || !isfinite(p.drawdown_mean) || isinf(p.sd)) {
        return false; /* the equity or the squares leave the range of a double */
    }
    if (n >= RX_PERFORMANCE_MIN_POINTS) {
        ratios(returns, n, periods, &p);
    }
    *ret = p;
    return true;
}

double rx_performance_ratio(const double *values, size_t n)
{
    if (n < 2) {
        return unknown;
    }
    double mean;
    double sd;
    moments(values, n, &mean, &sd);
    return sd > 1e-12 * fabs(mean) ? ratio(mean, sd) : unknown;
}
