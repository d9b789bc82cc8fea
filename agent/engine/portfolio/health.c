// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/portfolio/health.h"

#include <math.h>

void rx_health(const struct rx_holding *holdings, size_t n, const double *prices,
               struct rx_health *ret)
{
    struct rx_health h = {0};
    double limit = 0;
    for (size_t i = 0; i < n; i++) {
        const double value = holdings[i].amount * prices[holdings[i].asset];
        if (holdings[i].debt) {
            h.debt += value;
        } else {
            h.collateral += value;
            h.counted += value * holdings[i].threshold;
            limit += value * holdings[i].ltv; /* NaN stays */
        }
    }
    h.factor = h.debt > 0 ? h.counted / h.debt : HUGE_VAL;
    h.borrowable = isnan(limit) ? limit : fmax(0, limit - h.debt);
    *ret = h;
}

void rx_liquidation_price(const struct rx_holding *holdings, size_t n, const double *prices,
                          size_t asset, struct rx_liquidation_price *ret)
{
    /* counted - debt = other + slope price: zero at -other / slope. */
    double slope = 0, other = 0, debt = 0;
    for (size_t i = 0; i < n; i++) {
        const struct rx_holding *h = &holdings[i];
        const double units = h->debt ? -h->amount : h->amount * h->threshold;
        debt += h->debt ? h->amount : 0;
        if (h->asset == asset) {
            slope += units;
        } else {
            other += units * prices[h->asset];
        }
    }
    *ret = (struct rx_liquidation_price){0};
    if (slope == 0 || debt == 0) {
        return;
    }
    const double price = -other / slope;
    if (!(price > 0) || !isfinite(price)) {
        return;
    }
    ret->exists = true;
    ret->falling = slope > 0;
    ret->price = price;
    ret->distance = price / prices[asset] - 1;
}

double rx_liquidation_risk(double factor)
{
    static const struct {
        double factor, risk;
    } points[] = {{2, 0}, {1.5, 20}, {1.2, 60}, {1, 95}, {0, 100}};
    if (isnan(factor)) {
        return factor;
    }
    if (factor >= points[0].factor) {
        return points[0].risk;
    }
    for (size_t i = 1; i < sizeof(points) / sizeof(points[0]); i++) {
        if (factor >= points[i].factor) {
            const double share =
                (points[i - 1].factor - factor) / (points[i - 1].factor - points[i].factor);
            return points[i - 1].risk + share * (points[i].risk - points[i - 1].risk);
        }
    }
    return 100;
}

double rx_health_shocked(const struct rx_holding *holdings, size_t n, const double *prices,
                         const bool *moves, size_t assets, double shock, double *scratch)
{
    struct rx_health h;
    for (size_t a = 0; a < assets; a++) {
        scratch[a] = prices[a] * (moves[a] ? 1 + shock : 1);
    }
    rx_health(holdings, n, scratch, &h);
    return h.factor;
}
