// SPDX-License-Identifier: Apache-2.0
#include "agent/routes/score.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "agent/engine/features/pool.h"
#include "agent/engine/score/score.h"
#include "common/base/clock.h"

#define MAX_NOTES    160
#define NOTE_PATH    80
#define TOP_FEATURES 5

const char *const rx_horizons[RX_HORIZONS] = {"24h", "7d", "30d"};
const char *const rx_multipliers[RX_MULTIPLIERS] = {"2x", "5x", "10x", "20x", "50x"};

struct note {
    char path[NOTE_PATH];
    const char *reason; /* static */
};

struct notes {
    size_t n;
    struct note items[MAX_NOTES];
};

/* One answer being written. */
struct writing {
    struct rx_jw *w;
    const struct rx_model *model;
    const struct rx_snapshot *snapshot;
    const struct rx_score_request *request;
    struct rx_score score;
    double features[RX_F_MAX];
    struct notes unknown, qualified; /* null with a reason; known, but with one */
};

static void note(struct notes *notes, const char *reason, const char *fmt, ...) RX_PRINTF(3, 4);

static void note(struct notes *notes, const char *reason, const char *fmt, ...)
{
    if (notes->n == MAX_NOTES) {
        return;
    }
    struct note *item = &notes->items[notes->n++];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(item->path, sizeof(item->path), fmt, ap);
    va_end(ap);
    item->reason = reason;
}

static void write_notes(struct rx_jw *w, const char *key, const struct notes *notes)
{
    rx_jw_key(w, key);
    rx_jw_begin_array(w);
    for (size_t i = 0; i < notes->n; i++) {
        rx_jw_begin_object(w);
        rx_jw_kv_cstr(w, "path", notes->items[i].path);
        rx_jw_kv_cstr(w, "reason", notes->items[i].reason);
        rx_jw_end_object(w);
    }
    rx_jw_end_array(w);
}

/* A member that is null, and why. */
static void write_unknown(struct writing *x, const char *group, const char *key, const char *reason)
{
    rx_jw_kv_null(x->w, key);
    note(&x->unknown, reason, "%s%s%s", group, group[0] ? "." : "", key);
}

/* ---- probabilities ---- */

/* The estimate of a target, or null and the reason; a reason beside a value is a note. */
static void write_estimate(struct writing *x, const char *target, const char *group,
                           const char *horizon, const char *key)
{
    const struct rx_score_target *t = rx_score_find(&x->score, target);
    char path[NOTE_PATH];
    snprintf(path, sizeof(path), "%s.%s%s%s", group, horizon, key[0] ? "." : "", key);
    rx_jw_key(x->w, key[0] ? key : horizon);
    if (!t || !t->known) {
        rx_jw_null(x->w);
        note(&x->unknown, rx_reason_name(t ? t->reason : RX_REASON_NO_MODEL), "%s", path);
        return;
    }
    if (t->reason != RX_REASON_NONE) {
        note(&x->qualified, rx_reason_name(t->reason), "%s", path);
    }
    rx_jw_begin_object(x->w);
    rx_jw_kv_double(x->w, "probability", t->p);
    rx_jw_key(x->w, "confidence_interval");
    rx_jw_begin_object(x->w);
    rx_jw_kv_double(x->w, "lower", t->lo);
    rx_jw_kv_double(x->w, "upper", t->hi);
    rx_jw_kv_double(x->w, "confidence_level", rx_model_confidence(x->model));
    rx_jw_end_object(x->w);
    rx_jw_end_object(x->w);
}

static void write_heatmap(struct writing *x)
{
    char target[32];
    rx_jw_key(x->w, "probability_heatmap");
    rx_jw_begin_object(x->w);
    rx_jw_key(x->w, "horizons");
    rx_jw_begin_object(x->w);
    for (size_t h = 0; h < RX_HORIZONS; h++) {
        if (!(x->request->horizons & (1u << h))) {
            continue;
        }
        rx_jw_key(x->w, rx_horizons[h]);
        rx_jw_begin_object(x->w);
        for (size_t m = 0; m < RX_MULTIPLIERS; m++) {
            if (x->request->multipliers & (1u << m)) {
                const int digits = (int)strlen(rx_multipliers[m]) - 1;
                snprintf(target, sizeof(target), "x%.*s_%s", digits, rx_multipliers[m],
                         rx_horizons[h]);
                write_estimate(x, target, "probability_heatmap.horizons", rx_horizons[h],
                               rx_multipliers[m]);
            }
        }
        rx_jw_end_object(x->w);
    }
    rx_jw_end_object(x->w);
    rx_jw_end_object(x->w);
}

static void write_rug(struct writing *x)
{
    char target[32];
    rx_jw_key(x->w, "rug_probability");
    rx_jw_begin_object(x->w);
    for (size_t h = 0; h < RX_HORIZONS; h++) {
        if (x->request->horizons & (1u << h)) {
            snprintf(target, sizeof(target), "rug_%s", rx_horizons[h]);
            write_estimate(x, target, "rug_probability", rx_horizons[h], "");
        }
    }
    rx_jw_end_object(x->w);
}

/* ---- risk and explanations ---- */

static void write_risk_value(struct writing *x, enum rx_risk risk, const char *group)
{
    const struct rx_risk_value *value = &x->score.risk[risk];
    rx_jw_kv_double(x->w, rx_risk_name(risk), value->value);
    if (value->reason != RX_REASON_NONE) {
        note(isnan(value->value) ? &x->unknown : &x->qualified, rx_reason_name(value->reason),
             "%s.%s", group, rx_risk_name(risk));
    }
}

static void write_risk(struct writing *x)
{
    rx_jw_key(x->w, "risk_score");
    rx_jw_begin_object(x->w);
    write_risk_value(x, RX_RISK_COMPOSITE, "risk_score");
    rx_jw_key(x->w, "components");
    rx_jw_begin_object(x->w);
    for (int i = 0; i < RX_RISK_COMPOSITE; i++) {
        write_risk_value(x, (enum rx_risk)i, "risk_score.components");
    }
    rx_jw_end_object(x->w);
    write_unknown(x, "risk_score", "risk_flags", "not_computed");
    rx_jw_end_object(x->w);
}

/* "x2_24h" is explained as "probability_2x_24h", "rug_24h" as "rug_probability_24h". False for a
 * horizon that was not asked for. */
static bool explanation_key(const struct writing *x, const char *target, char *out, size_t n)
{
    const struct rx_str name = rx_str_of(target);
    for (size_t h = 0; h < RX_HORIZONS; h++) {
        const struct rx_str horizon = rx_str_of(rx_horizons[h]);
        const size_t head_n = name.n - horizon.n - 1;
        if (!(x->request->horizons & (1u << h)) || name.n < horizon.n + 2 ||
            name.p[head_n] != '_' || !rx_str_ends(name, horizon)) {
            continue;
        }
        const struct rx_str head = {name.p, head_n};
        if (rx_str_is(head, "rug")) {
            snprintf(out, n, "rug_probability_%s", rx_horizons[h]);
        } else {
            snprintf(out, n, "probability_%.*sx_%s", (int)(head.n - 1), head.p + 1, rx_horizons[h]);
        }
        return true;
    }
    return false;
}

static void write_explanations(struct writing *x)
{
    double inputs[RX_F_MAX];
    char key[64];
    memcpy(inputs, x->features, sizeof(inputs));
    inputs[RX_F_AGE_H] = fmin(inputs[RX_F_AGE_H], rx_model_max_age_h(x->model));
    rx_jw_key(x->w, "explanations");
    rx_jw_begin_object(x->w);
    for (size_t i = 0; i < x->score.n_targets; i++) {
        struct rx_contribution top[TOP_FEATURES];
        if (!x->score.targets[i].known ||
            !explanation_key(x, x->score.targets[i].name, key, sizeof(key))) {
            continue;
        }
        const size_t n = rx_model_explain(x->model, i, inputs, top, TOP_FEATURES);
        rx_jw_key(x->w, key);
        rx_jw_begin_object(x->w);
        rx_jw_kv_double(x->w, "base", rx_model_base(x->model, i));
        rx_jw_key(x->w, "top_features");
        rx_jw_begin_array(x->w);
        for (size_t k = 0; k < n; k++) {
            rx_contribution_write(x->w, &top[k]);
        }
        rx_jw_end_array(x->w);
        rx_jw_end_object(x->w);
    }
    rx_jw_end_object(x->w);
}

/* ---- features ---- */

static const char *missing_reason(const struct writing *x, enum rx_feature feature)
{
    if (!x->snapshot->view) {
        return "no_event";
    }
    /* Without LP transfers even their number is missing. */
    if (feature >= RX_F_LP_FIRST && feature < RX_F_LP_END && isnan(x->features[RX_F_LP_N])) {
        return "lp_transfers_not_read";
    }
    return rx_missing_reason(rx_feature_info(feature)->missing);
}

static void write_pool_features(struct writing *x)
{
    rx_jw_key(x->w, "pool_features");
    rx_jw_begin_object(x->w);
    for (int i = 0; i < RX_F_V1_MAX; i++) {
        const enum rx_feature feature = (enum rx_feature)i;
        const char *name = rx_feature_info(feature)->name;
        if (isfinite(x->features[i])) {
            rx_jw_kv_double(x->w, name, x->features[i]);
        } else {
            write_unknown(x, "features.pool_features", name, missing_reason(x, feature));
        }
    }
    rx_jw_end_object(x->w);
}

static void write_features(struct writing *x)
{
    static const char *const token[] = {"market_cap", "volume_24h", "price_change_24h",
                                        "is_paid_listing"};
    static const char *const groups[] = {"liquidity_features", "holder_features", "social_features",
                                         "dev_features"};
    rx_jw_key(x->w, "features");
    if (!x->request->features) {
        rx_jw_null(x->w);
        return;
    }
    rx_jw_begin_object(x->w);
    rx_jw_key(x->w, "token_features");
    rx_jw_begin_object(x->w);
    if (isfinite(x->features[RX_F_AGE_H])) {
        rx_jw_kv_double(x->w, "age_hours", x->features[RX_F_AGE_H]);
    } else {
        write_unknown(x, "features.token_features", "age_hours", missing_reason(x, RX_F_AGE_H));
    }
    for (size_t i = 0; i < RX_ARRAY_LEN(token); i++) {
        write_unknown(x, "features.token_features", token[i], "no_source");
    }
    rx_jw_end_object(x->w);
    for (size_t i = 0; i < RX_ARRAY_LEN(groups); i++) {
        write_unknown(x, "features", groups[i], "no_source");
    }
    write_pool_features(x);
    rx_jw_end_object(x->w);
}

/* ---- the token ---- */

static void write_text(struct writing *x, const char *key, const char *text)
{
    if (text[0]) {
        rx_jw_kv_cstr(x->w, key, text);
    } else {
        write_unknown(x, "token_metadata", key, "not_given_by_contract");
    }
}

static void write_metadata(struct writing *x)
{
    rx_jw_key(x->w, "token_metadata");
    rx_jw_begin_object(x->w);
    write_text(x, "name", x->snapshot->name);
    write_text(x, "symbol", x->snapshot->symbol);
    if (x->snapshot->decimals >= 0) {
        rx_jw_kv_i64(x->w, "decimals", x->snapshot->decimals);
    } else {
        write_unknown(x, "token_metadata", "decimals", "not_given_by_contract");
    }
    write_unknown(x, "token_metadata", "total_supply", "not_read");
    write_unknown(x, "token_metadata", "contract_created_at", "not_read");
    rx_jw_end_object(x->w);
}

static void write_pools(struct writing *x)
{
    const struct rx_snapshot *s = x->snapshot;
    rx_jw_kv_i64(x->w, "pools_total", s->n_pools_total);
    rx_jw_key(x->w, "pools");
    rx_jw_begin_array(x->w);
    for (unsigned i = 0; i < s->n_pools; i++) {
        const struct rx_pool_info *pool = &s->pools[i];
        rx_jw_begin_object(x->w);
        rx_jw_kv_cstr(x->w, "address", pool->pair);
        rx_jw_kv_cstr(x->w, "protocol", pool->protocol);
        rx_jw_kv_i64(x->w, "created_block", (int64_t)pool->created_block);
        rx_jw_kv_double(x->w, "weth", pool->weth);
        rx_jw_kv_i64(x->w, "events", (int64_t)pool->n_sync);
        rx_jw_kv_i64(x->w, "last_block", (int64_t)pool->last_block);
        rx_jw_kv_bool(x->w, "scored", i == 0);
        rx_jw_end_object(x->w);
    }
    rx_jw_end_array(x->w);
}

static void write_model(struct writing *x)
{
    rx_jw_key(x->w, "model_metadata");
    rx_jw_begin_object(x->w);
    rx_jw_kv_cstr(x->w, "model_version", rx_model_version(x->model));
    rx_jw_kv_cstr(x->w, "feature_version", rx_model_feature_version(x->model));
    rx_jw_kv_cstr(x->w, "calibration_date", rx_model_created(x->model));
    rx_jw_end_object(x->w);
}

static void compute(struct writing *x, const struct rx_as_of *as_of)
{
    if (x->snapshot->view) {
        rx_pool_view_features(x->snapshot->view, as_of->time, x->features);
    } else {
        for (int i = 0; i < RX_F_MAX; i++) {
            x->features[i] = (double)NAN;
        }
    }
    rx_score_compute(x->model, x->features, &x->score);
}

void rx_score_json(struct rx_jw *w, const struct rx_model *model,
                   const struct rx_snapshot *snapshot, const struct rx_as_of *as_of,
                   const struct rx_score_request *request)
{
    struct writing x;
    char now[RX_TIME_LEN], at[RX_TIME_LEN];
    x.w = w;
    x.model = model;
    x.snapshot = snapshot;
    x.request = request;
    x.unknown.n = x.qualified.n = 0;
    compute(&x, as_of);
    rx_jw_begin_object(w);
    rx_jw_kv_cstr(w, "token_address", snapshot->address);
    rx_jw_kv_cstr(w, "chain", snapshot->chain);
    rx_jw_kv_cstr(w, "timestamp", rx_time_format_ms(request->now_ms, now));
    rx_jw_kv_i64(w, "as_of_block", (int64_t)as_of->block);
    rx_jw_kv_cstr(w, "as_of_time", rx_time_format_s(as_of->time, at));
    rx_jw_kv_double(w, "lag_seconds", as_of->lag_seconds);
    write_metadata(&x);
    write_heatmap(&x);
    write_rug(&x);
    write_risk(&x);
    write_explanations(&x);
    write_features(&x);
    if (request->timelines) {
        write_unknown(&x, "", "timelines", "no_source");
    } else {
        rx_jw_kv_null(w, "timelines");
    }
    write_unknown(&x, "", "top_holders", "no_source");
    write_pools(&x);
    write_model(&x);
    write_notes(w, "unknown", &x.unknown);
    write_notes(w, "notes", &x.qualified);
    rx_jw_end_object(w);
}
