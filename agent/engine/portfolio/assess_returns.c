// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <math.h>
#include <string.h>

#include "agent/engine/math/special.h"
#include "agent/engine/math/stats.h"
#include "agent/engine/portfolio/assess.h"

#define MISSING (__builtin_nan(""))
#define HOUR    3600
#define DAY     86400
/* Blocks of the bootstrap: a day of hours, a week of days. */
#define BLOCK_OF_HOURS 24
#define BLOCK_OF_DAYS  7

static void set_unknown(struct rx_portfolio *p, enum rx_portfolio_reason reason)
{
    struct rx_portfolio_volatility *v = &p->volatility;
    v->reason = p->var_reason = reason;
    v->per_interval = v->daily = v->weekly = v->monthly = v->annual = v->ewma_daily = MISSING;
    p->mean_correlation = MISSING;
    for (size_t i = 0; i < p->n_assets; i++) {
        p->component_var[i] = MISSING;
    }
    for (size_t i = 0; i < p->n_assets * p->n_assets; i++) {
        p->correlation[i] = MISSING;
    }
    for (size_t i = 0; i < p->n_accounts; i++) {
        struct rx_portfolio_account *account = &p->accounts[i];
        const bool owes = account->health.debt > 0;
        for (size_t h = 0; h < RX_PORTFOLIO_HORIZONS; h++) {
            struct rx_portfolio_passage *passage = &account->passage[h];
            passage->reason = owes ? reason : RX_PORTFOLIO_NO_DEBT;
            passage->closed_form = passage->history.p = owes ? MISSING : 0;
            passage->history.lo = passage->history.hi = passage->history.p;
        }
    }
}

/* Aligned returns at `interval`, or the coarsest interval of the histories when that is longer. */
static int load(const struct rx_portfolio_input *input, int64_t interval, struct rx_returns **ret,
                struct rx_error *err)
{
    const struct rx_price_point *series[RX_PORTFOLIO_MAX_ASSETS];
    size_t n[RX_PORTFOLIO_MAX_ASSETS];
    for (size_t a = 0; a < input->n_assets; a++) {
        int64_t own;
        series[a] = input->assets[a].history;
        n[a] = input->assets[a].n_history;
        if (n[a] == 0) {
            return 0; /* *ret stays NULL: no common history */
        }
        if (rx_series_interval(series[a], n[a], &own) < 0) {
            return rx_error_set(err, -ENOMEM, "out of memory");
        }
        /* Recorded clocks jitter: a step within 1 % of the wanted one is that step. */
        interval = own > interval + interval / 100 ? own : interval;
    }
    return rx_returns_new(series, n, input->n_assets, interval, ret, err);
}

static void set_volatility(struct rx_portfolio *p, const struct rx_returns *returns,
                           const double *own, const struct rx_moments *m)
{
    struct rx_portfolio_volatility *v = &p->volatility;
    const double a_day = DAY / (double)rx_returns_interval(returns);
    v->interval = rx_returns_interval(returns);
    v->returns = rx_returns_count(returns);
    v->per_interval = m->sd_sample;
    v->daily = m->sd_sample * sqrt(a_day);
    v->weekly = v->daily * sqrt(7);
    v->monthly = v->daily * sqrt(30);
    v->annual = v->daily * sqrt(RX_PERFORMANCE_DAYS);
    v->ewma_daily = rx_ewma_sigma(own, v->returns, RX_EWMA_LAMBDA) * sqrt(a_day);
    v->reason = RX_PORTFOLIO_KNOWN;
}

static void set_correlation(struct rx_portfolio *p, const double *covariance)
{
    const size_t n = p->n_assets;
    double sum = 0, weight = 0;
    for (size_t a = 0; a < n; a++) {
        for (size_t b = 0; b < n; b++) {
            const double scale = sqrt(covariance[a * n + a] * covariance[b * n + b]);
            const double r = scale > 0 ? covariance[a * n + b] / scale : MISSING;
            p->correlation[a * n + b] = isnan(r) ? r : fmax(-1, fmin(1, r));
            const double w = p->liquidity[a].value * p->liquidity[b].value;
            if (a != b && scale > 0 && w > 0) {
                sum += w * r;
                weight += w;
            }
        }
    }
    p->mean_correlation = weight > 0 ? sum / weight : MISSING;
}

/* Losses of the equity over a day. */
static int set_var(struct rx_portfolio *p, const double *own, size_t n, double days,
                   const double *covariance, double *scratch, struct rx_error *err)
{
    int rc = rx_var(own, n, .95, scratch, &p->var95, err);
    if (rc == 0) {
        rc = rx_var(own, n, .99, scratch, &p->var99, err);
    }
    rx_component_var(covariance, p->weights, p->n_assets, rx_normal_quantile(.95) / sqrt(days),
                     p->component_var);
    p->var_reason = RX_PORTFOLIO_KNOWN;
    return rc;
}

static int set_passage(struct rx_portfolio *p, const struct rx_portfolio_input *input,
                       const double *prices, const struct rx_returns *returns,
                       const double *covariance, double *scratch, struct rx_error *err)
{
    const int64_t interval = rx_returns_interval(returns);
    for (size_t i = 0; i < p->n_accounts; i++) {
        struct rx_portfolio_account *account = &p->accounts[i];
        double drift, sigma;
        if (!(account->health.debt > 0)) {
            continue;
        }
        rx_health_diffusion(account->holdings, account->n_holdings, prices, covariance, p->n_assets,
                            scratch, &drift, &sigma);
        for (size_t h = 0; h < RX_PORTFOLIO_HORIZONS; h++) {
            struct rx_portfolio_passage *passage = &account->passage[h];
            const double steps = (double)rx_portfolio_horizons[h] / (double)interval;
            const double distance = log(fmax(account->health.factor, 1e-300));
            passage->closed_form = rx_first_passage(distance, drift, sigma, steps);
            const int rc = rx_passage_simulate(
                account->holdings, account->n_holdings, prices, rx_returns_data(returns),
                rx_returns_count(returns), p->n_assets, (unsigned)fmax(1, round(steps)),
                interval <= HOUR ? BLOCK_OF_HOURS : BLOCK_OF_DAYS, RX_PORTFOLIO_PATHS, input->seed,
                scratch, &passage->history, err);
            if (rc < 0) {
                return rc;
            }
            if (distance <= 0) { /* it can be liquidated now */
                passage->history.p = passage->history.hi = 1;
                passage->history.touched = passage->history.paths;
            }
            passage->reason = RX_PORTFOLIO_KNOWN;
        }
    }
    return 0;
}

/* Volatility and correlation from returns of any interval; losses of a day from daily ones. */
static int from_returns(struct rx_portfolio *p, const struct rx_returns *returns,
                        double *covariance, struct rx_error *err)
{
    const size_t n = rx_returns_count(returns);
    const double days = (double)rx_returns_interval(returns) / DAY;
    rx_autofree double *own = calloc(n, sizeof(*own));
    rx_autofree double *scratch = calloc(n, sizeof(*scratch));
    struct rx_moments m;
    if (!own || !scratch) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    rx_covariance(rx_returns_data(returns), n, p->n_assets, covariance);
    set_correlation(p, covariance);
    if (!(p->equity > 0)) {
        p->volatility.reason = p->var_reason = RX_PORTFOLIO_NO_EQUITY;
        return 0;
    }
    rx_returns_weighted(returns, p->weights, own);
    rx_moments(own, n, &m);
    set_volatility(p, returns, own, &m);
    if (days < 1) {
        return 0;
    }
    (void)rx_performance(own, n, RX_PERFORMANCE_DAYS / days, &p->performance);
    return set_var(p, own, n, days, covariance, scratch, err);
}

static bool enough(const struct rx_returns *returns)
{
    return returns && rx_returns_count(returns) >= RX_VAR_MIN_RETURNS;
}

int rx_portfolio_assess_returns(struct rx_portfolio *p, const struct rx_portfolio_input *input,
                                const double *prices, struct rx_error *err)
{
    rx_auto(returns) struct rx_returns *days = NULL, *steps = NULL;
    const size_t n = p->n_assets;
    rx_autofree double *covariance = calloc(n * n, sizeof(*covariance));
    rx_autofree double *scratch = calloc(2 * n, sizeof(*scratch));
    if (!covariance || !scratch) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    set_unknown(p, RX_PORTFOLIO_NO_HISTORY);
    int rc = load(input, DAY, &days, err);
    if (rc == 0) {
        rc = load(input, HOUR, &steps, err);
    }
    if (rc < 0 || !enough(steps)) {
        return rc;
    }
    rc = from_returns(p, enough(days) ? days : steps, covariance, err);
    if (rc < 0) {
        return rc;
    }
    rx_covariance(rx_returns_data(steps), rx_returns_count(steps), n, covariance);
    return set_passage(p, input, prices, steps, covariance, scratch, err);
}
