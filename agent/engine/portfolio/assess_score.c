// SPDX-License-Identifier: Apache-2.0
#include <math.h>

#include "agent/engine/portfolio/assess.h"

#define MISSING (__builtin_nan(""))

struct point {
    double x, y;
};

/* Straight between the points, level outside them. */
static double along(const struct point *points, size_t n, double x)
{
    if (x <= points[0].x) {
        return points[0].y;
    }
    for (size_t i = 1; i < n; i++) {
        if (x <= points[i].x) {
            const double share = (x - points[i - 1].x) / (points[i].x - points[i - 1].x);
            return points[i - 1].y + share * (points[i].y - points[i - 1].y);
        }
    }
    return points[n - 1].y;
}

/* Daily standard deviation: 5 % a day asks for attention, 10 % is high (levels of the table below).
 */
static const struct point volatility_scale[] = {
    {0, 0}, {.02, 20}, {.05, 50}, {.10, 80}, {.20, 100}};
/* Share lost when everything is sold at once. */
static const struct point slippage_scale[] = {
    {.003, 0}, {.01, 20}, {.05, 50}, {.20, 80}, {.50, 100}};

static struct rx_portfolio_score liquidation(const struct rx_portfolio *p)
{
    return (struct rx_portfolio_score){rx_liquidation_risk(p->worst_factor), RX_PORTFOLIO_KNOWN};
}

static struct rx_portfolio_score volatility(const struct rx_portfolio *p)
{
    if (p->volatility.reason == RX_PORTFOLIO_NO_EQUITY) {
        return (struct rx_portfolio_score){100, RX_PORTFOLIO_KNOWN}; /* nothing left to lose */
    }
    if (p->volatility.reason != RX_PORTFOLIO_KNOWN) {
        return (struct rx_portfolio_score){MISSING, p->volatility.reason};
    }
    const double daily = fmax(p->volatility.daily, p->volatility.ewma_daily);
    return (struct rx_portfolio_score){
        along(volatility_scale, sizeof(volatility_scale) / sizeof(volatility_scale[0]), daily),
        RX_PORTFOLIO_KNOWN};
}

static struct rx_portfolio_score concentration(const struct rx_portfolio *p)
{
    if (p->concentration.n == 0) {
        return (struct rx_portfolio_score){MISSING, RX_PORTFOLIO_NOTHING_HELD};
    }
    return (struct rx_portfolio_score){100 * p->concentration.hhi_norm, RX_PORTFOLIO_KNOWN};
}

/* The mean loss on selling, by value. Known when pools of at least half the value are. */
static struct rx_portfolio_score liquidity(const struct rx_portfolio *p)
{
    double known = 0, all = 0, lost = 0;
    for (size_t a = 0; a < p->n_assets; a++) {
        const struct rx_portfolio_liquidity *l = &p->liquidity[a];
        all += l->value;
        if (!isnan(l->slippage)) {
            known += l->value;
            lost += l->value * l->slippage;
        }
    }
    if (all == 0) {
        return (struct rx_portfolio_score){MISSING, RX_PORTFOLIO_NOTHING_HELD};
    }
    if (known < all / 2) {
        return (struct rx_portfolio_score){MISSING, RX_PORTFOLIO_NO_POOL};
    }
    return (struct rx_portfolio_score){
        along(slippage_scale, sizeof(slippage_scale) / sizeof(slippage_scale[0]), lost / known),
        RX_PORTFOLIO_KNOWN};
}

static const char *level_of(double score)
{
    return score < 20 ? "low" : score < 50 ? "medium" : score < 80 ? "high" : "critical";
}

void rx_portfolio_assess_score(struct rx_portfolio *p)
{
    p->components[RX_PORTFOLIO_LIQUIDATION] = liquidation(p);
    p->components[RX_PORTFOLIO_VOLATILITY] = volatility(p);
    p->components[RX_PORTFOLIO_CONCENTRATION] = concentration(p);
    p->components[RX_PORTFOLIO_LIQUIDITY] = liquidity(p);
    double sum = 0;
    for (int i = 0; i < RX_PORTFOLIO_COMPONENTS; i++) {
        const double weight = rx_portfolio_weight((enum rx_portfolio_component)i);
        if (!isnan(p->components[i].value)) {
            sum += weight * p->components[i].value;
            p->known_share += weight;
        }
    }
    p->score_lo = sum;
    p->score_hi = fmin(100, sum + 100 * (1 - p->known_share));
    p->score = p->known_share > 0 ? sum / p->known_share : MISSING;
    /* An account that can be liquidated now is critical, however calm the rest. */
    if (p->worst_factor < 1) {
        p->score = fmax(p->score, 80);
        p->score_lo = fmax(p->score_lo, 80);
        p->score_hi = fmax(p->score_hi, p->score);
    }
    p->level = level_of(p->score);
}
