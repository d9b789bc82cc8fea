// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <stdio.h>

#include "agent/engine/portfolio/portfolio.h"

/* null and a row of `unknown` for what is missing. */
struct unknown {
    char path[96];
    const char *reason;
};

struct writing {
    struct rx_jw *w;
    const struct rx_portfolio_input *input;
    const struct rx_portfolio *p;
    size_t n_unknown;
    struct unknown unknown[64];
};

static void note(struct writing *x, const char *path, enum rx_portfolio_reason reason)
{
    if (reason != RX_PORTFOLIO_KNOWN && x->n_unknown < RX_ARRAY_LEN(x->unknown)) {
        struct unknown *row = &x->unknown[x->n_unknown++];
        snprintf(row->path, sizeof(row->path), "%s", path);
        row->reason = rx_portfolio_reason_name(reason);
    }
}

static const char *name_of(const struct writing *x, size_t asset)
{
    return x->input->assets[asset].name;
}

static void write_shocks(struct rx_jw *w, const char *key, const double *values)
{
    rx_jw_key(w, "shocks");
    rx_jw_begin_array(w);
    for (size_t s = 0; s < RX_PORTFOLIO_SHOCKS; s++) {
        rx_jw_begin_object(w);
        rx_jw_kv_double(w, "move", rx_portfolio_shocks[s]);
        rx_jw_kv_double(w, key, values[s]);
        rx_jw_end_object(w);
    }
    rx_jw_end_array(w);
}

static void write_passage(struct writing *x, const struct rx_portfolio_account *account)
{
    static const char *const keys[RX_PORTFOLIO_HORIZONS] = {"24h", "7d"};
    struct rx_jw *w = x->w;
    rx_jw_key(w, "liquidation_probability");
    rx_jw_begin_object(w);
    for (size_t h = 0; h < RX_PORTFOLIO_HORIZONS; h++) {
        const struct rx_portfolio_passage *passage = &account->passage[h];
        rx_jw_key(w, keys[h]);
        rx_jw_begin_object(w);
        rx_jw_kv_double(w, "closed_form", passage->closed_form);
        rx_jw_kv_double(w, "from_history", passage->history.p);
        rx_jw_key(w, "interval");
        rx_jw_begin_array(w);
        rx_jw_double(w, passage->history.lo);
        rx_jw_double(w, passage->history.hi);
        rx_jw_end_array(w);
        rx_jw_end_object(w);
        if (isnan(passage->closed_form)) {
            char path[96];
            snprintf(path, sizeof(path), "accounts[%td].liquidation_probability.%s",
                     account - x->p->accounts, keys[h]);
            note(x, path, passage->reason);
        }
    }
    rx_jw_end_object(w);
}

static void write_liquidation_prices(struct writing *x, const struct rx_portfolio_account *account)
{
    struct rx_jw *w = x->w;
    rx_jw_key(w, "liquidation_prices");
    rx_jw_begin_array(w);
    for (size_t a = 0; a < x->p->n_assets; a++) {
        const struct rx_liquidation_price *at = &account->prices[a];
        if (!at->exists) {
            continue;
        }
        rx_jw_begin_object(w);
        rx_jw_kv_cstr(w, "asset", name_of(x, a));
        rx_jw_kv_cstr(w, "when_price", at->falling ? "falls" : "rises");
        rx_jw_kv_double(w, "price", at->price);
        rx_jw_kv_double(w, "distance", at->distance);
        rx_jw_end_object(w);
    }
    rx_jw_end_array(w);
}

static void write_account(struct writing *x, const struct rx_portfolio_account *account)
{
    struct rx_jw *w = x->w;
    rx_jw_begin_object(w);
    rx_jw_kv_cstr(w, "account", account->account);
    rx_jw_kv_cstr(w, "protocol", account->protocol);
    rx_jw_kv_double(w, "collateral", account->health.collateral);
    rx_jw_kv_double(w, "debt", account->health.debt);
    rx_jw_kv_double(w, "health_factor", account->health.factor); /* null without debt */
    rx_jw_kv_double(w, "borrowable", account->health.borrowable);
    rx_jw_kv_double(w, "liquidation_risk", account->risk);
    char path[96];
    const int i = (int)(account - x->p->accounts);
    if (isinf(account->health.factor)) {
        snprintf(path, sizeof(path), "accounts[%d].health_factor", i);
        note(x, path, RX_PORTFOLIO_NO_DEBT);
    }
    if (isnan(account->health.borrowable)) {
        snprintf(path, sizeof(path), "accounts[%d].borrowable", i);
        note(x, path, RX_PORTFOLIO_NO_LTV);
    }
    write_passage(x, account);
    write_liquidation_prices(x, account);
    write_shocks(w, "health_factor", account->shocked);
    rx_jw_end_object(w);
}

static void write_volatility(struct writing *x)
{
    const struct rx_portfolio_volatility *v = &x->p->volatility;
    struct rx_jw *w = x->w;
    rx_jw_key(w, "volatility");
    if (v->reason != RX_PORTFOLIO_KNOWN) {
        rx_jw_null(w);
        note(x, "volatility", v->reason);
        return;
    }
    rx_jw_begin_object(w);
    rx_jw_kv_i64(w, "interval_seconds", v->interval);
    rx_jw_kv_i64(w, "returns", (int64_t)v->returns);
    rx_jw_kv_double(w, "per_interval", v->per_interval);
    rx_jw_kv_double(w, "daily", v->daily);
    rx_jw_kv_double(w, "weekly", v->weekly);
    rx_jw_kv_double(w, "monthly", v->monthly);
    rx_jw_kv_double(w, "annual", v->annual);
    rx_jw_kv_double(w, "ewma_daily", v->ewma_daily);
    rx_jw_end_object(w);
}

static void write_one_var(struct writing *x, const struct rx_var *v)
{
    struct rx_jw *w = x->w;
    char key[16];
    snprintf(key, sizeof(key), "%.0f%%", 100 * v->level);
    rx_jw_key(w, key);
    rx_jw_begin_object(w);
    rx_jw_kv_double(w, "var", v->quoted);
    rx_jw_kv_double(w, "expected_shortfall", v->quoted_shortfall);
    rx_jw_kv_double(w, "var_value", v->quoted * x->p->equity);
    rx_jw_kv_cstr(w, "method", v->method);
    rx_jw_kv_double(w, "historical", v->historical);
    rx_jw_kv_double(w, "historical_shortfall", v->historical_shortfall);
    rx_jw_kv_double(w, "normal", v->normal);
    rx_jw_kv_double(w, "normal_shortfall", v->normal_shortfall);
    rx_jw_kv_double(w, "ewma", v->ewma);
    rx_jw_key(w, "cornish_fisher");
    if (v->cornish_fisher_valid) {
        rx_jw_double(w, v->cornish_fisher);
    } else {
        rx_jw_null(w);
    }
    rx_jw_end_object(w);
}

static void write_var(struct writing *x)
{
    struct rx_jw *w = x->w;
    rx_jw_key(w, "value_at_risk");
    if (x->p->var_reason != RX_PORTFOLIO_KNOWN) {
        rx_jw_null(w);
        note(x, "value_at_risk", x->p->var_reason);
        return;
    }
    rx_jw_begin_object(w);
    rx_jw_kv_cstr(w, "horizon", "1d");
    write_one_var(x, &x->p->var95);
    write_one_var(x, &x->p->var99);
    rx_jw_key(w, "by_asset");
    rx_jw_begin_object(w);
    for (size_t a = 0; a < x->p->n_assets; a++) {
        rx_jw_kv_double(w, name_of(x, a), x->p->component_var[a]);
    }
    rx_jw_end_object(w);
    rx_jw_end_object(w);
}

static void write_performance(struct writing *x)
{
    const struct rx_performance *f = &x->p->performance;
    struct rx_jw *w = x->w;
    rx_jw_key(w, "performance");
    if (f->n == 0) {
        rx_jw_null(w);
        note(x, "performance",
             x->p->var_reason == RX_PORTFOLIO_KNOWN ? RX_PORTFOLIO_NO_EQUITY : x->p->var_reason);
        return;
    }
    rx_jw_begin_object(w);
    rx_jw_kv_double(w, "total_return", f->total_return);
    rx_jw_kv_double(w, "sharpe", f->sharpe);
    rx_jw_kv_double(w, "sharpe_standard_error", f->sharpe_se);
    rx_jw_kv_double(w, "sortino", f->sortino);
    rx_jw_kv_double(w, "max_drawdown", f->max_drawdown);
    rx_jw_kv_double(w, "calmar", f->calmar);
    rx_jw_end_object(w);
}

static void write_concentration(struct writing *x)
{
    const struct rx_concentration *c = &x->p->concentration;
    struct rx_jw *w = x->w;
    rx_jw_key(w, "concentration");
    if (c->n == 0) {
        rx_jw_null(w);
        note(x, "concentration", RX_PORTFOLIO_NOTHING_HELD);
        return;
    }
    rx_jw_begin_object(w);
    rx_jw_kv_i64(w, "assets", (int64_t)c->n);
    rx_jw_kv_double(w, "hhi", c->hhi);
    rx_jw_kv_double(w, "hhi_normalised", c->hhi_norm);
    rx_jw_kv_double(w, "effective_assets", c->effective_n);
    rx_jw_kv_double(w, "largest_share", c->top1);
    rx_jw_end_object(w);
}

static void write_correlation(struct writing *x)
{
    const struct rx_portfolio *p = x->p;
    struct rx_jw *w = x->w;
    rx_jw_key(w, "correlation");
    rx_jw_begin_object(w);
    rx_jw_kv_double(w, "mean", p->mean_correlation);
    rx_jw_key(w, "pairs");
    rx_jw_begin_array(w);
    for (size_t a = 0; a < p->n_assets; a++) {
        for (size_t b = a + 1; b < p->n_assets; b++) {
            if (!isnan(p->correlation[a * p->n_assets + b])) {
                rx_jw_begin_object(w);
                rx_jw_kv_cstr(w, "a", name_of(x, a));
                rx_jw_kv_cstr(w, "b", name_of(x, b));
                rx_jw_kv_double(w, "r", p->correlation[a * p->n_assets + b]);
                rx_jw_end_object(w);
            }
        }
    }
    rx_jw_end_array(w);
    rx_jw_end_object(w);
}

static void write_assets(struct writing *x)
{
    struct rx_jw *w = x->w;
    rx_jw_key(w, "assets");
    rx_jw_begin_array(w);
    for (size_t a = 0; a < x->p->n_assets; a++) {
        const struct rx_portfolio_liquidity *l = &x->p->liquidity[a];
        rx_jw_begin_object(w);
        rx_jw_kv_cstr(w, "asset", name_of(x, a));
        rx_jw_kv_double(w, "price", x->input->assets[a].price);
        rx_jw_kv_double(w, "weight", x->p->weights[a]);
        rx_jw_kv_double(w, "slippage_to_sell", l->slippage);
        rx_jw_kv_double(w, "depth_1pct", l->depth_1pct);
        rx_jw_kv_double(w, "depth_5pct", l->depth_5pct);
        rx_jw_end_object(w);
        if (isnan(l->slippage)) {
            char path[96];
            snprintf(path, sizeof(path), "assets[%zu].slippage_to_sell", a);
            note(x, path, RX_PORTFOLIO_NO_POOL);
        }
    }
    rx_jw_end_array(w);
}

static void write_score(struct writing *x)
{
    const struct rx_portfolio *p = x->p;
    struct rx_jw *w = x->w;
    rx_jw_key(w, "risk");
    rx_jw_begin_object(w);
    rx_jw_kv_double(w, "score", p->score);
    rx_jw_kv_double(w, "lower", p->score_lo);
    rx_jw_kv_double(w, "upper", p->score_hi);
    rx_jw_kv_double(w, "known_share", p->known_share);
    rx_jw_kv_cstr(w, "level", p->level);
    rx_jw_key(w, "components");
    rx_jw_begin_object(w);
    for (int i = 0; i < RX_PORTFOLIO_COMPONENTS; i++) {
        const char *name = rx_portfolio_component_name((enum rx_portfolio_component)i);
        rx_jw_kv_double(w, name, p->components[i].value);
        if (p->components[i].reason != RX_PORTFOLIO_KNOWN) {
            char path[96];
            snprintf(path, sizeof(path), "risk.components.%s", name);
            note(x, path, p->components[i].reason);
        }
    }
    rx_jw_end_object(w);
    rx_jw_end_object(w);
}

void rx_portfolio_write(struct rx_jw *w, const struct rx_portfolio_input *input,
                        const struct rx_portfolio *portfolio)
{
    struct writing x = {.w = w, .input = input, .p = portfolio};
    rx_jw_begin_object(w);
    rx_jw_kv_double(w, "supplied", portfolio->supplied);
    rx_jw_kv_double(w, "borrowed", portfolio->borrowed);
    rx_jw_kv_double(w, "equity", portfolio->equity);
    rx_jw_kv_double(w, "health_factor", portfolio->worst_factor);
    write_score(&x);
    rx_jw_key(w, "accounts");
    rx_jw_begin_array(w);
    for (size_t i = 0; i < portfolio->n_accounts; i++) {
        write_account(&x, &portfolio->accounts[i]);
    }
    rx_jw_end_array(w);
    write_volatility(&x);
    write_var(&x);
    write_performance(&x);
    write_concentration(&x);
    write_correlation(&x);
    write_assets(&x);
    write_shocks(w, "equity", portfolio->shocked_equity);
    rx_jw_key(w, "unknown");
    rx_jw_begin_array(w);
    for (size_t i = 0; i < x.n_unknown; i++) {
        rx_jw_begin_object(w);
        rx_jw_kv_cstr(w, "path", x.unknown[i].path);
        rx_jw_kv_cstr(w, "reason", x.unknown[i].reason);
        rx_jw_end_object(w);
    }
    rx_jw_end_array(w);
    rx_jw_end_object(w);
}
