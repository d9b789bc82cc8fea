// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/score/score.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "agent/engine/features/pool.h"

#define TOP_FEATURES 5

const char *rx_reason_name(enum rx_reason reason)
{
    static const char *const names[RX_REASON_MAX] = {
        [RX_REASON_NONE] = "",
        [RX_REASON_POOL_TOO_YOUNG] = "pool_too_young",
        [RX_REASON_POOL_TOO_SMALL] = "pool_too_small",
        [RX_REASON_AGE_BEYOND_TRAINING] = "age_beyond_training",
        [RX_REASON_NO_MODEL] = "no_model",
        [RX_REASON_NO_SOURCE] = "no_source",
        [RX_REASON_MISSING_COMPONENTS] = "missing_components",
    };
    return reason >= 0 && reason < RX_REASON_MAX ? names[reason] : "";
}

enum rx_reason rx_score_gate(const struct rx_model *model, const double features[RX_F_MAX])
{
    /* Written so that a missing value closes the gate. */
    if (!(features[RX_F_N_SYNC] >= RX_POOL_MIN_EVENTS) ||
        !(features[RX_F_W_NOW] >= RX_POOL_MIN_WETH)) {
        return RX_REASON_POOL_TOO_SMALL;
    }
    if (!(features[RX_F_AGE_H] >= rx_model_min_age_h(model))) {
        return RX_REASON_POOL_TOO_YOUNG;
    }
    return RX_REASON_NONE;
}

static void set_risk(struct rx_score *score, enum rx_risk risk, double value, enum rx_reason reason)
{
    score->risk[risk] = (struct rx_risk_value){value, reason};
}

static void compute_risk(struct rx_score *score)
{
    const struct rx_score_target *rug = rx_score_find(score, "rug_24h");
    if (rug) {
        set_risk(score, RX_RISK_RUG, 100 * rug->p, rug->reason);
    } else {
        set_risk(score, RX_RISK_RUG, RX_NAN, RX_REASON_NO_MODEL);
    }
    for (int i = RX_RISK_DEV; i <= RX_RISK_LIQUIDITY; i++) {
        set_risk(score, (enum rx_risk)i, RX_NAN, RX_REASON_NO_SOURCE);
    }
    set_risk(score, RX_RISK_COMPOSITE, RX_NAN, RX_REASON_MISSING_COMPONENTS);
}

void rx_score_compute(const struct rx_model *model, const double features[RX_F_MAX],
                      struct rx_score *score)
{
    enum rx_reason gate = rx_score_gate(model, features);
    double inputs[RX_F_MAX];
    memcpy(inputs, features, sizeof(inputs));
    enum rx_reason note = RX_REASON_NONE;
    double widen = 1;
    double oldest = rx_model_max_age_h(model);
    if (features[RX_F_AGE_H] > oldest) {
        note = RX_REASON_AGE_BEYOND_TRAINING;
        /* Twice as wide at e times the oldest trained age, and so on. */
        widen = 1 + log(features[RX_F_AGE_H] / oldest);
        inputs[RX_F_AGE_H] = oldest;
    }
    score->n_targets = rx_model_targets(model);
    for (size_t i = 0; i < score->n_targets; i++) {
        struct rx_score_target *target = &score->targets[i];
        *target = (struct rx_score_target){
            rx_model_target_name(model, i), false, RX_NAN, RX_NAN, RX_NAN, gate};
        if (gate == RX_REASON_NONE) {
            struct rx_estimate estimate = rx_model_eval(model, i, inputs, widen);
            target->known = true;
            target->p = estimate.p;
            target->lo = estimate.lo;
            target->hi = estimate.hi;
            target->reason = note;
        }
    }
    compute_risk(score);
}

const struct rx_score_target *rx_score_find(const struct rx_score *score, const char *name)
{
    for (size_t i = 0; i < score->n_targets; i++) {
        if (strcmp(score->targets[i].name, name) == 0) {
            return &score->targets[i];
        }
    }
    return NULL;
}

static void write_target(struct rx_jw *w, const struct rx_model *model,
                         const struct rx_score_target *target)
{
    rx_jw_key(w, target->name);
    if (!target->known) {
        rx_jw_null(w);
        return;
    }
    rx_jw_begin_object(w);
    rx_jw_kv_double(w, "probability", target->p);
    rx_jw_key(w, "confidence_interval");
    rx_jw_begin_object(w);
    rx_jw_kv_double(w, "lower", target->lo);
    rx_jw_kv_double(w, "upper", target->hi);
    rx_jw_kv_double(w, "confidence_level", rx_model_confidence(model));
    rx_jw_end_object(w);
    rx_jw_end_object(w);
}

static void write_reason(struct rx_jw *w, const char *group, const char *name,
                         enum rx_reason reason)
{
    char path[96];
    snprintf(path, sizeof(path), "%s.%s", group, name);
    rx_jw_begin_object(w);
    rx_jw_kv_cstr(w, "path", path);
    rx_jw_kv_cstr(w, "reason", rx_reason_name(reason));
    rx_jw_end_object(w);
}

/* The reasons of what is known (notes), or of what is not. */
static void write_reasons(struct rx_jw *w, const char *key, const struct rx_score *score,
                          bool known)
{
    rx_jw_key(w, key);
    rx_jw_begin_array(w);
    for (size_t i = 0; i < score->n_targets; i++) {
        const struct rx_score_target *target = &score->targets[i];
        if (target->reason != RX_REASON_NONE && target->known == known) {
            write_reason(w, "probabilities", target->name, target->reason);
        }
    }
    for (int i = 0; i < RX_RISK_MAX; i++) {
        const struct rx_risk_value *risk = &score->risk[i];
        if (risk->reason != RX_REASON_NONE && !isnan(risk->value) == known) {
            write_reason(w, "risk", rx_risk_name((enum rx_risk)i), risk->reason);
        }
    }
    rx_jw_end_array(w);
}

void rx_score_write(struct rx_jw *w, const struct rx_model *model, const struct rx_score *score)
{
    rx_jw_key(w, "probabilities");
    rx_jw_begin_object(w);
    for (size_t i = 0; i < score->n_targets; i++) {
        write_target(w, model, &score->targets[i]);
    }
    rx_jw_end_object(w);
    rx_jw_key(w, "risk");
    rx_jw_begin_object(w);
    for (int i = 0; i < RX_RISK_MAX; i++) {
        rx_jw_kv_double(w, rx_risk_name((enum rx_risk)i), score->risk[i].value);
    }
    rx_jw_end_object(w);
    write_reasons(w, "unknown", score, false);
    write_reasons(w, "notes", score, true);
}

void rx_contribution_write(struct rx_jw *w, const struct rx_contribution *part)
{
    const struct rx_feature_info *info = rx_feature_info(part->feature);
    rx_jw_begin_object(w);
    rx_jw_kv_cstr(w, "feature_name", info->name);
    rx_jw_kv_double(w, "value", part->value);
    rx_jw_kv_double(w, "contribution", part->log_odds);
    rx_jw_kv_cstr(w, "direction", part->log_odds < 0 ? "negative" : "positive");
    rx_jw_kv_cstr(w, "description", info->formula);
    rx_jw_end_object(w);
}

void rx_score_write_explanations(struct rx_jw *w, const struct rx_model *model,
                                 const struct rx_score *score, const double features[RX_F_MAX])
{
    double inputs[RX_F_MAX];
    memcpy(inputs, features, sizeof(inputs));
    inputs[RX_F_AGE_H] = fmin(inputs[RX_F_AGE_H], rx_model_max_age_h(model));
    rx_jw_key(w, "explanations");
    rx_jw_begin_object(w);
    for (size_t i = 0; i < score->n_targets; i++) {
        if (!score->targets[i].known) {
            continue;
        }
        struct rx_contribution top[TOP_FEATURES];
        size_t n = rx_model_explain(model, i, inputs, top, TOP_FEATURES);
        rx_jw_key(w, score->targets[i].name);
        rx_jw_begin_object(w);
        rx_jw_kv_double(w, "base", rx_model_base(model, i));
        rx_jw_key(w, "top_features");
        rx_jw_begin_array(w);
        for (size_t k = 0; k < n; k++) {
            rx_contribution_write(w, &top[k]);
        }
        rx_jw_end_array(w);
        rx_jw_end_object(w);
    }
    rx_jw_end_object(w);
}
