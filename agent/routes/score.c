// SPDX-License-Identifier: Apache-2.0
#include "agent/routes/score.h"

#include <math.h>

#include "agent/engine/features/pool.h"
#include "agent/engine/score/write.h"
#include "common/base/clock.h"

static void write_text(struct rx_score_writer *x, const char *key, const char *text)
{
    if (text[0]) {
        rx_jw_kv_cstr(x->w, key, text);
    } else {
        rx_score_write_unknown(x, "token_metadata", key, "not_given_by_contract");
    }
}

static void write_metadata(struct rx_score_writer *x, const struct rx_snapshot *snapshot)
{
    rx_jw_key(x->w, "token_metadata");
    rx_jw_begin_object(x->w);
    write_text(x, "name", snapshot->name);
    write_text(x, "symbol", snapshot->symbol);
    if (snapshot->decimals >= 0) {
        rx_jw_kv_i64(x->w, "decimals", snapshot->decimals);
    } else {
        rx_score_write_unknown(x, "token_metadata", "decimals", "not_given_by_contract");
    }
    rx_score_write_unknown(x, "token_metadata", "total_supply", "not_read");
    rx_score_write_unknown(x, "token_metadata", "contract_created_at", "not_read");
    rx_jw_end_object(x->w);
}

static void write_pools(struct rx_jw *w, const struct rx_snapshot *s)
{
    rx_jw_kv_i64(w, "pools_total", s->n_pools_total);
    rx_jw_key(w, "pools");
    rx_jw_begin_array(w);
    for (unsigned i = 0; i < s->n_pools; i++) {
        const struct rx_pool_info *pool = &s->pools[i];
        rx_jw_begin_object(w);
        rx_jw_kv_cstr(w, "address", pool->pair);
        rx_jw_kv_cstr(w, "protocol", pool->protocol);
        rx_jw_kv_i64(w, "created_block", (int64_t)pool->created_block);
        rx_jw_kv_double(w, "weth", pool->weth);
        rx_jw_kv_i64(w, "events", (int64_t)pool->n_sync);
        rx_jw_kv_i64(w, "last_block", (int64_t)pool->last_block);
        rx_jw_kv_bool(w, "scored", i == 0);
        rx_jw_end_object(w);
    }
    rx_jw_end_array(w);
}

static void get_features(const struct rx_snapshot *snapshot, int64_t time, double *features)
{
    if (snapshot->view) {
        rx_pool_view_features(snapshot->view, time, features);
        return;
    }
    for (int i = 0; i < RX_F_MAX; i++) {
        features[i] = RX_NAN;
    }
}

/* What was not asked for is null without a reason. */
static void write_extras(struct rx_score_writer *x, const struct rx_score_request *request)
{
    if (request->features) {
        rx_score_write_features(x);
    } else {
        rx_jw_kv_null(x->w, "features");
    }
    if (request->timelines) {
        rx_score_write_unknown(x, "", "timelines", "no_source");
    } else {
        rx_jw_kv_null(x->w, "timelines");
    }
    rx_score_write_unknown(x, "", "top_holders", "no_source");
}

void rx_score_json(struct rx_jw *w, const struct rx_model *model, struct rx_model_scratch *scratch,
                   const struct rx_snapshot *snapshot, const struct rx_as_of *as_of,
                   const struct rx_score_request *request)
{
    struct rx_score_writer x;
    struct rx_score score;
    double features[RX_F_MAX];
    char now[RX_TIME_LEN], at[RX_TIME_LEN];
    get_features(snapshot, as_of->time, features);
    rx_score_compute(model, features, request->weights, RX_RISK_EVM, scratch, &score);
    x.w = w;
    x.model = model;
    x.score = &score;
    x.scratch = scratch;
    x.features = features;
    x.horizons = request->horizons;
    x.multipliers = request->multipliers;
    x.no_events = !snapshot->view;
    x.unknown.n = x.notes.n = 0;
    rx_jw_begin_object(w);
    rx_jw_kv_cstr(w, "token_address", snapshot->address);
    rx_jw_kv_cstr(w, "chain", snapshot->chain);
    rx_jw_kv_cstr(w, "timestamp", rx_time_format_ms(request->now_ms, now));
    rx_jw_kv_i64(w, "as_of_block", (int64_t)as_of->block);
    rx_jw_kv_cstr(w, "as_of_time", rx_time_format_s(as_of->time, at));
    rx_jw_kv_double(w, "lag_seconds", as_of->lag_seconds);
    write_metadata(&x, snapshot);
    rx_score_write_heatmap(&x);
    rx_score_write_rug(&x);
    rx_score_write_risk(&x);
    rx_score_write_explanations(&x);
    write_extras(&x, request);
    write_pools(w, snapshot);
    rx_score_write_model(&x);
    rx_notes_write(w, "unknown", &x.unknown);
    rx_notes_write(w, "notes", &x.notes);
    rx_jw_end_object(w);
}
