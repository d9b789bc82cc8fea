// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/drift/verdict.h"

#include <math.h>
#include <stdio.h>

struct counts {
    size_t known, drifted;
    size_t worst; /* index of the largest effect among the drifted, else among all known */
};

static void count_columns(const struct rx_drift_report *r, bool prediction, struct counts *ret)
{
    bool worst_drifted = false;
    *ret = (struct counts){0, 0, r->n_columns};
    for (size_t i = 0; i < r->n_columns; i++) {
        const struct rx_drift_column_result *c = &r->column_results[i];
        if (r->columns[i].prediction != prediction || c->grade == RX_DRIFT_UNKNOWN) {
            continue;
        }
        bool drifted = c->grade == RX_DRIFT_DRIFT;
        ret->known++;
        ret->drifted += drifted;
        if (ret->worst == r->n_columns || (drifted && !worst_drifted) ||
            (drifted == worst_drifted && c->effect > r->column_results[ret->worst].effect)) {
            ret->worst = i;
            worst_drifted = drifted;
        }
    }
}

static void add(struct rx_verdict *v, const char *name, const char *of, double value, double limit)
{
    if (v->n_numbers < RX_VERDICT_NUMBERS) {
        v->numbers[v->n_numbers++] = (struct rx_verdict_number){name, of, value, limit};
    }
}

static void add_worst(const struct rx_drift_report *r, const struct rx_drift_options *o,
                      const struct counts *counts, struct rx_verdict *v)
{
    if (counts->worst < r->n_columns) {
        const char *name = r->columns[counts->worst].name;
        const struct rx_drift_column_result *c = &r->column_results[counts->worst];
        add(v, "effect", name, c->effect, o->min_effect);
        add(v, "q", name, c->q, o->alpha);
        add(v, "psi", name, c->psi, o->psi_watch);
    }
}

static void tell_columns(const struct rx_drift_report *r, const struct counts *counts,
                         const char *what, struct rx_verdict *v)
{
    const struct rx_drift_column_result *c = &r->column_results[counts->worst];
    snprintf(v->message, sizeof(v->message),
             "%zu of %zu %s drifted, %s the most: distance %.3f, q %.2g, PSI %.3f", counts->drifted,
             counts->known, what, r->columns[counts->worst].name, c->effect, c->q, c->psi);
}

/* True when a target drifted; then message and reason are set. */
static bool judge_targets(const struct rx_drift_report *r, const struct rx_drift_options *o,
                          struct rx_verdict *v)
{
    size_t known = 0, drifted = 0, worst = r->n_targets;
    for (size_t i = 0; i < r->n_targets; i++) {
        const struct rx_drift_target_result *t = &r->target_results[i];
        known += t->grade != RX_DRIFT_UNKNOWN;
        if (t->grade == RX_DRIFT_DRIFT) {
            drifted++;
            bool graver = worst == r->n_targets ||
                          (t->uncalibrated && !r->target_results[worst].uncalibrated) ||
                          (t->uncalibrated == r->target_results[worst].uncalibrated &&
                           t->oe_q < r->target_results[worst].oe_q);
            worst = graver ? i : worst;
        }
    }
    add(v, "targets_tested", NULL, (double)known, (double)NAN);
    add(v, "targets_drifted", NULL, (double)drifted, 0);
    if (drifted == 0) {
        return false;
    }
    const struct rx_drift_target_result *t = &r->target_results[worst];
    const char *name = r->targets[worst].name;
    add(v, "observed_over_expected", name, t->current.oe, o->oe_factor);
    add(v, "auc_drop", name, t->auc_drop, o->auc_drop);
    add(v, "brier_rise", name, t->brier_rise, o->brier_rise);
    v->reason = t->uncalibrated ? "CalibrationDrift" : "RankingLoss";
    int n = snprintf(v->message, sizeof(v->message),
                     "%zu of %zu targets with labels drifted; %s: observed %.3g times what was "
                     "expected (%.0f%% interval %.3g to %.3g, %zu labels), AUC %.3f",
                     drifted, known, name, t->current.oe, 100 * o->level, t->current.oe_lo,
                     t->current.oe_hi, t->current.n, t->current.auc);
    if (t->has_baseline && n > 0 && (size_t)n < sizeof(v->message)) {
        snprintf(v->message + n, sizeof(v->message) - (size_t)n,
                 " (was %.3f), Brier %.3f (was %.3f)", t->baseline.auc, t->current.brier,
                 t->baseline.brier);
    }
    return true;
}

void rx_drift_judge(const struct rx_drift_report *report, const struct rx_drift_options *options,
                    struct rx_verdict *ret)
{
    struct counts features, predictions;
    *ret = (struct rx_verdict){.health = RX_HEALTH_BAD};
    count_columns(report, false, &features);
    count_columns(report, true, &predictions);
    add(ret, "features_tested", NULL, (double)features.known, (double)NAN);
    add(ret, "features_drifted", NULL, (double)features.drifted, 0);
    add_worst(report, options, &features, ret);
    add(ret, "predictions_tested", NULL, (double)predictions.known, (double)NAN);
    add(ret, "predictions_drifted", NULL, (double)predictions.drifted, 0);
    add_worst(report, options, &predictions, ret);
    size_t tested_targets = 0;
    for (size_t i = 0; i < report->n_targets; i++) {
        tested_targets += report->target_results[i].grade != RX_DRIFT_UNKNOWN;
    }
    if (judge_targets(report, options, ret)) {
        return;
    }
    if (predictions.drifted > 0) {
        ret->reason = "PredictionDrift";
        tell_columns(report, &predictions, "probabilities", ret);
        return;
    }
    if (features.drifted > 0) {
        ret->reason = "FeatureDrift";
        tell_columns(report, &features, "features", ret);
        return;
    }
    if (features.known + predictions.known + tested_targets == 0) {
        ret->health = RX_HEALTH_UNKNOWN;
        ret->reason = "NotEnoughData";
        snprintf(ret->message, sizeof(ret->message),
                 "no column has %zu values in the baseline and %zu now", options->min_baseline,
                 options->min_current);
        return;
    }
    ret->health = RX_HEALTH_GOOD;
    ret->reason = "Stable";
    snprintf(ret->message, sizeof(ret->message),
             "no drift in %zu features, %zu probabilities and %zu targets with labels",
             features.known, predictions.known, tested_targets);
}

void rx_verdict_write(struct rx_jw *w, const struct rx_verdict *verdict)
{
    rx_jw_begin_object(w);
    rx_jw_kv_cstr(w, "type", "ModelHealthy");
    rx_jw_kv_cstr(w, "status", rx_health_status(verdict->health));
    rx_jw_kv_cstr(w, "reason", verdict->reason);
    rx_jw_kv_cstr(w, "message", verdict->message);
    rx_jw_key(w, "numbers");
    rx_jw_begin_array(w);
    for (size_t i = 0; i < verdict->n_numbers; i++) {
        const struct rx_verdict_number *number = &verdict->numbers[i];
        rx_jw_begin_object(w);
        rx_jw_kv_cstr(w, "name", number->name);
        if (number->of) {
            rx_jw_kv_cstr(w, "of", number->of);
        }
        rx_jw_kv_double(w, "value", number->value);
        if (!isnan(number->limit)) {
            rx_jw_kv_double(w, "limit", number->limit);
        }
        rx_jw_end_object(w);
    }
    rx_jw_end_array(w);
    rx_jw_end_object(w);
}

static void write_column(struct rx_jw *w, const struct rx_drift_column *c,
                         const struct rx_drift_column_result *r)
{
    rx_jw_begin_object(w);
    rx_jw_kv_cstr(w, "name", c->name);
    rx_jw_kv_cstr(w, "kind", c->prediction ? "probability" : "feature");
    rx_jw_kv_i64(w, "baseline_n", (int64_t)c->baseline.n);
    rx_jw_kv_i64(w, "baseline_missing", (int64_t)c->baseline.missing);
    rx_jw_kv_i64(w, "current_n", (int64_t)c->current.n);
    rx_jw_kv_i64(w, "current_missing", (int64_t)c->current.missing);
    rx_jw_kv_double(w, "psi", r->psi);
    rx_jw_kv_double(w, "ks", r->ks);
    rx_jw_kv_double(w, "ks_p", r->ks_p);
    rx_jw_kv_double(w, "missing_change", r->missing_change);
    rx_jw_kv_double(w, "effect", r->effect);
    rx_jw_kv_double(w, "p", r->p);
    rx_jw_kv_double(w, "q", r->q);
    rx_jw_kv_cstr(w, "verdict", rx_drift_grade_name(r->grade));
    rx_jw_end_object(w);
}

static void write_metrics(struct rx_jw *w, const char *key, const struct rx_quality *m)
{
    const struct {
        const char *name;
        double value;
    } rows[] = {
        {"mean_p", m->mean_p},
        {"auc", m->auc},
        {"auc_lo", m->auc_lo},
        {"auc_hi", m->auc_hi},
        {"brier", m->brier},
        {"brier_skill", m->skill},
        {"log_loss", m->log_loss},
        {"average_precision", m->average_precision},
        {"ece_mass", m->ece_mass},
        {"ece_width", m->ece_width},
        {"observed_over_expected", m->oe},
        {"observed_over_expected_lo", m->oe_lo},
        {"observed_over_expected_hi", m->oe_hi},
    };
    rx_jw_key(w, key);
    rx_jw_begin_object(w);
    rx_jw_kv_i64(w, "n", (int64_t)m->n);
    rx_jw_kv_i64(w, "positives", (int64_t)m->positives);
    for (size_t i = 0; i < RX_ARRAY_LEN(rows); i++) {
        rx_jw_kv_double(w, rows[i].name, rows[i].value);
    }
    rx_jw_end_object(w);
}

static void write_target(struct rx_jw *w, const char *name, const struct rx_drift_target_result *r)
{
    const struct {
        const char *name;
        double value;
    } rows[] = {
        {"calibration_p", r->oe_p},          {"calibration_q", r->oe_q},
        {"auc_drop", r->auc_drop},           {"auc_drop_lo", r->auc_drop_lo},
        {"auc_drop_hi", r->auc_drop_hi},     {"auc_drop_q", r->auc_q},
        {"brier_rise", r->brier_rise},       {"brier_rise_lo", r->brier_rise_lo},
        {"brier_rise_hi", r->brier_rise_hi}, {"brier_rise_q", r->brier_q},
    };
    rx_jw_begin_object(w);
    rx_jw_kv_cstr(w, "name", name);
    if (r->has_current) {
        write_metrics(w, "current", &r->current);
    }
    if (r->has_baseline) {
        write_metrics(w, "baseline", &r->baseline);
    }
    for (size_t i = 0; i < RX_ARRAY_LEN(rows); i++) {
        rx_jw_kv_double(w, rows[i].name, rows[i].value);
    }
    rx_jw_kv_cstr(w, "verdict", rx_drift_grade_name(r->grade));
    rx_jw_end_object(w);
}

void rx_drift_report_write(struct rx_jw *w, const struct rx_drift_report *report)
{
    rx_jw_key(w, "columns");
    rx_jw_begin_array(w);
    for (size_t i = 0; i < report->n_columns; i++) {
        write_column(w, &report->columns[i], &report->column_results[i]);
    }
    rx_jw_end_array(w);
    rx_jw_key(w, "targets");
    rx_jw_begin_array(w);
    for (size_t i = 0; i < report->n_targets; i++) {
        write_target(w, report->targets[i].name, &report->target_results[i]);
    }
    rx_jw_end_array(w);
}
