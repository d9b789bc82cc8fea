// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/wallet/finder.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agent/engine/wallet/finder_core.h"

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))
#define UNKNOWN       ((double)NAN)

double rx_finder_base(void)
{
    return log(.1 / .9);
}

const char *rx_finder_risk_name(enum rx_finder_risk risk)
{
    static const char *const names[RX_FINDER_RISKS] = {"wash_trading", "bot_timing", "sandwich",
                                                       "rapid_trading"};
    return names[risk];
}

const char *rx_finder_confidence(const struct rx_found_wallet *wallet)
{
    static const struct {
        const char *name;
        double score;
        size_t trades;
    } levels[] = {{"very_high", .8, 10}, {"high", .6, 5}, {"medium", .4, 3}};
    for (size_t i = 0; i < RX_ARRAY_LEN(levels); i++) {
        if (wallet->score >= levels[i].score && wallet->win.n >= levels[i].trades) {
            return levels[i].name;
        }
    }
    return "low";
}

static int check(const struct rx_trades *trades, const struct rx_finder_request *r,
                 struct rx_error *err)
{
    if (r->token >= rx_trades_tokens(trades)) {
        return rx_error_set(err, RX_EINVALID, "token: one of the set expected");
    }
    if (r->window_days < 1 || r->window_days > 365) {
        return rx_error_set(err, RX_EINVALID, "window_days: 1 to 365 expected, got %d",
                            r->window_days);
    }
    if (r->top_k < 1 || r->top_k > RX_FINDER_MAX_TOP) {
        return rx_error_set(err, RX_EINVALID, "top_k: 1 to %u expected, got %zu", RX_FINDER_MAX_TOP,
                            r->top_k);
    }
    if (!(r->min_confidence >= 0 && r->min_confidence <= 1)) {
        return rx_error_set(err, RX_EINVALID, "min_confidence: 0 to 1 expected");
    }
    if (r->min_trade < 0 || r->min_holdings < 0) {
        return rx_error_set(err, RX_EINVALID,
                            "min_trade_size_usd, min_holdings_usd: at least 0 "
                            "expected");
    }
    return 0;
}

static int by_score(const void *left, const void *right)
{
    const struct rx_found_wallet *a = left;
    const struct rx_found_wallet *b = right;
    return a->score != b->score ? COMPARE(b->score, a->score) : COMPARE(a->wallet, b->wallet);
}

static bool passes(const struct rx_finder_request *r, const struct rx_found_wallet *wallet)
{
    return wallet->risk < RX_FINDER_MAX_RISK && wallet->score >= r->min_confidence &&
           wallet->holdings >= r->min_holdings;
}

/* All wallets measured and scored; those without a counted trade are left out. */
static int measure_all(struct rx_finder_market *m, struct rx_found_wallet **ret, size_t *ret_n,
                       struct rx_error *err)
{
    rx_auto(ledger) struct rx_ledger *ledger = rx_ledger_new(RX_LOTS_FIFO);
    rx_autofree struct rx_found_wallet *all = calloc(m->n_wallets + 1, sizeof(*all));
    if (!ledger || !all) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    size_t n = 0;
    for (size_t i = 0; i < m->n_wallets; i++) {
        const int rc = rx_finder_measure(m, ledger, (uint32_t)i, &all[n], err);
        if (rc < 0) {
            return rc;
        }
        if (all[n].buys + all[n].sells > 0) {
            rx_win_prior_add(&m->prior, all[n].win.wins, all[n].win.n);
            n++;
        }
    }
    rx_win_prior_fit(&m->prior, &m->prior_mean, &m->prior_weight);
    for (size_t i = 0; i < n; i++) {
        rx_finder_score(m, &all[i]);
    }
    *ret = RX_TAKE(all);
    *ret_n = n;
    return 0;
}

static void summarise(struct rx_finder_result *result)
{
    double scores = 0;
    double wins = 0;
    size_t with_wins = 0;
    const size_t n = result->passed;
    for (size_t i = 0; i < n; i++) {
        const struct rx_found_wallet *w = &result->wallets[i];
        scores += w->score;
        wins += w->win.n > 0 ? w->win.rate : 0;
        with_wins += w->win.n > 0;
    }
    result->mean_score = n > 0 ? scores / (double)n : UNKNOWN;
    result->mean_win_rate = with_wins > 0 ? wins / (double)with_wins : UNKNOWN;
    result->median_score = UNKNOWN;
    if (n > 0) {
        result->median_score =
            (result->wallets[(n - 1) / 2].score + result->wallets[n / 2].score) / 2;
    }
}

int rx_finder_run(const struct rx_trades *trades, const struct rx_finder_request *request,
                  struct rx_finder_result **ret, struct rx_error *err)
{
    rx_auto(finder_market) struct rx_finder_market m = {0};
    rx_auto(finder_result) struct rx_finder_result *result = NULL;
    int rc = check(trades, request, err);
    if (rc < 0) {
        return rc;
    }
    result = calloc(1, sizeof(*result));
    if (!result || rx_finder_market_new(trades, request, &m) < 0) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    rc = measure_all(&m, &result->wallets, &result->analysed, err);
    if (rc < 0) {
        return rc;
    }
    for (size_t i = 0; i < result->analysed; i++) {
        if (passes(request, &result->wallets[i])) {
            result->wallets[result->passed++] = result->wallets[i];
        }
    }
    if (result->passed > 0) {
        qsort(result->wallets, result->passed, sizeof(*result->wallets), by_score);
    }
    summarise(result);
    result->n = result->passed < request->top_k ? result->passed : request->top_k;
    result->as_of = m.as_of;
    *ret = RX_TAKE(result);
    return 0;
}

void rx_finder_result_free(struct rx_finder_result *result)
{
    if (result) {
        free(result->wallets);
        free(result);
    }
}

int rx_finder_profile(const struct rx_trades *trades, const struct rx_finder_request *request,
                      uint32_t wallet, struct rx_found_wallet *ret, bool *ret_found,
                      struct rx_error *err)
{
    rx_auto(finder_market) struct rx_finder_market m = {0};
    rx_autofree struct rx_found_wallet *all = NULL;
    size_t n = 0;
    int rc = check(trades, request, err);
    if (rc < 0) {
        return rc;
    }
    if (rx_finder_market_new(trades, request, &m) < 0) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    /* The others give the prior that this one is compared with. */
    rc = measure_all(&m, &all, &n, err);
    if (rc < 0) {
        return rc;
    }
    *ret_found = false;
    for (size_t i = 0; i < n; i++) {
        if (all[i].wallet == wallet) {
            *ret = all[i];
            *ret_found = true;
        }
    }
    return 0;
}
