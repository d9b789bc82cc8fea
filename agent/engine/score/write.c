// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/score/write.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "agent/engine/model/recalibration.h"

void rx_score_write_unknown(struct rx_score_writer *x, const char *group, const char *key,
                            const char *reason)
{
    rx_jw_kv_null(x->w, key);
    rx_notes_add(&x->unknown, reason, "%s%s%s", group, group[0] ? "." : "", key);
}

static void write_range(struct rx_score_writer *x, const struct rx_score_target *t)
{
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

/* The estimate of a target, or null and the reason; a reason beside a value is a note. */
static void write_estimate(struct rx_score_writer *x, const char *target, const char *group,
                           const char *key)
{
    const struct rx_score_target *t = rx_score_find(x->score, target);
    if (!t || !t->known) {
        rx_score_write_unknown(x, group, key, rx_reason_name(t ? t->reason : RX_REASON_NO_MODEL));
        return;
    }
    for (int reason = 1; reason < RX_REASON_MAX; reason++) {
        if (t->notes >> reason & 1) {
            rx_notes_add(&x->notes, rx_reason_name((enum rx_reason)reason), "%s.%s", group, key);
        }
    }
    rx_jw_key(x->w, key);
    write_range(x, t);
}

void rx_score_write_heatmap(struct rx_score_writer *x)
{
    char target[32], group[RX_NOTE_PATH_MAX];
    rx_jw_key(x->w, "probability_heatmap");
    rx_jw_begin_object(x->w);
    rx_jw_key(x->w, "horizons");
    rx_jw_begin_object(x->w);
    for (size_t h = 0; h < RX_HORIZONS; h++) {
        if (!(x->horizons & (1u << h))) {
            continue;
        }
        snprintf(group, sizeof(group), "probability_heatmap.horizons.%s", rx_horizons[h]);
        rx_jw_key(x->w, rx_horizons[h]);
        rx_jw_begin_object(x->w);
        for (size_t m = 0; m < RX_MULTIPLIERS; m++) {
            if (x->multipliers & (1u << m)) {
                const int digits = (int)strlen(rx_multipliers[m]) - 1;
                snprintf(target, sizeof(target), "x%.*s_%s", digits, rx_multipliers[m],
                         rx_horizons[h]);
                write_estimate(x, target, group, rx_multipliers[m]);
            }
        }
        rx_jw_end_object(x->w);
    }
    rx_jw_end_object(x->w);
    rx_jw_end_object(x->w);
}

void rx_score_write_rug(struct rx_score_writer *x)
{
    char target[32];
    rx_jw_key(x->w, "rug_probability");
    rx_jw_begin_object(x->w);
    for (size_t h = 0; h < RX_HORIZONS; h++) {
        if (x->horizons & (1u << h)) {
            snprintf(target, sizeof(target), "rug_%s", rx_horizons[h]);
            write_estimate(x, target, "rug_probability", rx_horizons[h]);
        }
    }
    rx_jw_end_object(x->w);
}

void rx_score_write_targets(struct rx_score_writer *x)
{
    rx_jw_key(x->w, "probabilities");
    rx_jw_begin_object(x->w);
    for (size_t i = 0; i < x->score->n_targets; i++) {
        write_estimate(x, x->score->targets[i].name, "probabilities", x->score->targets[i].name);
    }
    rx_jw_end_object(x->w);
}

void rx_score_write_risk(struct rx_score_writer *x)
{
    const struct rx_risk_result *risk = &x->score->risk;
    rx_jw_key(x->w, "risk_score");
    rx_jw_begin_object(x->w);
    rx_risk_write(x->w, risk);
    rx_jw_end_object(x->w);
    for (int i = 0; i < RX_RISK_MAX; i++) {
        const char *name = rx_risk_name((enum rx_risk)i);
        const bool whole = i == RX_RISK_COMPOSITE;
        if (isnan(risk->component[i].value)) {
            const char *reason =
                rx_reason_name(whole ? RX_REASON_MISSING_COMPONENTS : RX_REASON_NO_SOURCE);
            rx_notes_add(&x->unknown, reason, "risk_score.%s%s", whole ? "" : "components.", name);
            rx_notes_add(&x->unknown, reason, "risk_score.details.%s.value", name);
        }
    }
}

/* "x2_24h" is explained as "probability_2x_24h", "rug_24h" as "rug_probability_24h". False for a
 * horizon that was not asked for. */
static bool explanation_key(const struct rx_score_writer *x, const char *target, char *out,
                            size_t n)
{
    const struct rx_str name = rx_str_of(target);
    for (size_t h = 0; h < RX_HORIZONS; h++) {
        const struct rx_str horizon = rx_str_of(rx_horizons[h]);
        const size_t head_n = name.n - horizon.n - 1;
        if (!(x->horizons & (1u << h)) || name.n < horizon.n + 2 || name.p[head_n] != '_' ||
            !rx_str_ends(name, horizon)) {
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

static void write_contribution(struct rx_jw *w, const struct rx_contribution *part,
                               const char *target)
{
    char sentence[RX_SENTENCE_MAX];
    const bool projection = part->feature == RX_CONTRIBUTION_PROJECTION;
    rx_contribution_sentence(part, target, sentence, sizeof(sentence));
    rx_jw_begin_object(w);
    rx_jw_kv_cstr(w, "feature_name", rx_contribution_name(part));
    rx_jw_kv_double(w, "value", part->value);
    rx_jw_kv_cstr(w, "unit", projection ? "log odds" : rx_feature_info(part->feature)->unit);
    rx_jw_kv_double(w, "contribution", part->log_odds);
    rx_jw_kv_cstr(w, "direction", part->log_odds < 0 ? "negative" : "positive");
    rx_jw_kv_cstr(w, "description", sentence);
    rx_jw_end_object(w);
}

static void write_target_explanation(struct rx_score_writer *x, size_t target)
{
    struct rx_explanation why;
    rx_score_explain(x->model, x->score, target, x->scratch, RX_TOP_FEATURES, &why);
    const size_t top = why.n < RX_TOP_FEATURES ? why.n : RX_TOP_FEATURES;
    double other = 0;
    for (size_t k = top; k < why.n; k++) {
        other += why.items[k].log_odds;
    }
    rx_jw_begin_object(x->w);
    rx_jw_kv_double(x->w, "base", why.base);
    rx_jw_kv_double(x->w, "log_odds", why.log_odds);
    rx_jw_kv_double(x->w, "other", other);
    rx_jw_key(x->w, "top_features");
    rx_jw_begin_array(x->w);
    for (size_t k = 0; k < top; k++) {
        write_contribution(x->w, &why.items[k], x->score->targets[target].name);
    }
    rx_jw_end_array(x->w);
    rx_jw_end_object(x->w);
}

static void write_risk_part(struct rx_jw *w, const struct rx_risk_part *part)
{
    char sentence[RX_SENTENCE_MAX];
    const enum rx_feature feature = part->rule ? part->rule->feature : RX_F_INVALID;
    rx_risk_part_sentence(part, sentence, sizeof(sentence));
    rx_jw_begin_object(w);
    rx_jw_kv_cstr(w, "feature_name",
                  feature == RX_F_INVALID ? part->id : rx_feature_info(feature)->name);
    if (!isnan(part->value)) {
        rx_jw_kv_double(w, "value", part->value);
    }
    if (feature != RX_F_INVALID) {
        rx_jw_kv_cstr(w, "unit", rx_feature_info(feature)->unit);
    }
    rx_jw_kv_double(w, "contribution", part->points);
    rx_jw_kv_cstr(w, "direction", part->points < 0 ? "negative" : "positive");
    rx_jw_kv_cstr(w, "description", sentence);
    rx_jw_end_object(w);
}

static void write_risk_explanation(struct rx_jw *w, const struct rx_risk_component *risk)
{
    const size_t top = risk->n_parts < RX_TOP_FEATURES ? risk->n_parts : RX_TOP_FEATURES;
    double other = 0;
    for (size_t k = top; k < risk->n_parts; k++) {
        other += risk->parts[k].points;
    }
    rx_jw_begin_object(w);
    rx_jw_kv_i64(w, "base", 0);
    rx_jw_kv_double(w, "value", risk->value);
    rx_jw_kv_double(w, "other", other);
    rx_jw_key(w, "top_features");
    rx_jw_begin_array(w);
    for (size_t k = 0; k < top; k++) {
        write_risk_part(w, &risk->parts[k]);
    }
    rx_jw_end_array(w);
    rx_jw_end_object(w);
}

void rx_score_write_explanations(struct rx_score_writer *x)
{
    char key[64];
    rx_jw_key(x->w, "explanations");
    rx_jw_begin_object(x->w);
    for (size_t i = 0; i < x->score->n_targets; i++) {
        const struct rx_score_target *target = &x->score->targets[i];
        if (target->known && explanation_key(x, target->name, key, sizeof(key))) {
            rx_jw_key(x->w, key);
            write_target_explanation(x, i);
        }
    }
    for (int i = 0; i < RX_RISK_MAX; i++) {
        if (!isnan(x->score->risk.component[i].value)) {
            rx_jw_key(x->w, i == RX_RISK_COMPOSITE ? "risk_score" : rx_risk_name((enum rx_risk)i));
            write_risk_explanation(x->w, &x->score->risk.component[i]);
        }
    }
    rx_jw_end_object(x->w);
}

void rx_score_write_model(struct rx_score_writer *x)
{
    rx_jw_key(x->w, "model_metadata");
    rx_jw_begin_object(x->w);
    rx_jw_kv_cstr(x->w, "model_version", rx_model_version(x->model));
    rx_jw_kv_cstr(x->w, "feature_version", rx_model_feature_version(x->model));
    rx_jw_kv_cstr(x->w, "calibration_date", rx_model_created(x->model));
    rx_jw_key(x->w, "recalibration");
    rx_recalibration_write(x->w, rx_model_scratch_recalibration(x->scratch));
    rx_jw_end_object(x->w);
}
