// SPDX-License-Identifier: Apache-2.0
#include "agent/routes/drift_step.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/engine/drift/watch.h"
#include "agent/routes/model_health.h"
#include "common/base/log.h"

#define AT_AGE_H    24.0
#define MAX_COLUMNS (RX_F_EVENTS_END + RX_MODEL_MAX_TARGETS)
#define MAX_NAME    64
#define MS_PER_H    3600000.0

struct rx_drift_step {
    struct rx_drift_watch *watch; /* owned; NULL before the first pass */
    char version[MAX_NAME];       /* of the model that it watches */
    int64_t last_ms;              /* when the last pass began, or -1 */
    double elapsed_h;             /* between that and this one; 0 = take no rows */
    size_t targets;
    const char *names[MAX_COLUMNS];
    bool predictions[MAX_COLUMNS];
    char target_names[RX_MODEL_MAX_TARGETS][MAX_NAME];
    struct rx_health_columns found; /* by the last check */
    struct rx_metric *healthy, *drifted, *baseline_rows, *window_rows;
};

static const struct rx_metric_desc healthy_desc = {
    .name = "radarx_model_healthy",
    .help = "Whether features and probabilities are as they were: 1 yes, 0 no, -1 not known yet",
    .type = RX_GAUGE};
static const struct rx_metric_desc drifted_desc = {
    .name = "radarx_drift_columns",
    .help = "Features and probabilities that drifted at the last check",
    .type = RX_GAUGE};
static const struct rx_metric_desc rows_desc = {.name = "radarx_drift_rows",
                                                .help = "Tokens in the drift check",
                                                .type = RX_GAUGE,
                                                .labels = {"part", NULL}};

int rx_drift_step_new(struct rx_metrics *metrics, struct rx_drift_step **ret, struct rx_error *err)
{
    struct rx_drift_step *step = calloc(1, sizeof(*step));
    if (!step) {
        return rx_error_errno(err, ENOMEM, "drift check");
    }
    step->last_ms = -1;
    step->healthy = rx_metric(rx_family(metrics, &healthy_desc), NULL);
    step->drifted = rx_metric(rx_family(metrics, &drifted_desc), NULL);
    step->baseline_rows =
        rx_metric(rx_family(metrics, &rows_desc), (const char *const[]){"baseline"});
    step->window_rows = rx_metric(rx_family(metrics, &rows_desc), (const char *const[]){"window"});
    rx_metric_set(step->healthy, -1);
    *ret = step;
    return 0;
}

void rx_drift_step_free(struct rx_drift_step *step)
{
    if (step) {
        rx_drift_watch_free(step->watch);
        free(step);
    }
}

/* A watch for the model's columns: the features of events, then its probabilities. */
static int new_watch(struct rx_drift_step *step, const struct rx_model *model, struct rx_error *err)
{
    for (int i = 0; i < RX_F_EVENTS_END; i++) {
        step->names[i] = rx_feature_info((enum rx_feature)i)->name;
        step->predictions[i] = false;
    }
    step->targets = rx_model_targets(model);
    for (size_t t = 0; t < step->targets; t++) {
        snprintf(step->target_names[t], MAX_NAME, "p_%s", rx_model_target_name(model, t));
        step->names[RX_F_EVENTS_END + t] = step->target_names[t];
        step->predictions[RX_F_EVENTS_END + t] = true;
    }
    struct rx_drift_watch_options options = {.names = step->names,
                                             .predictions = step->predictions,
                                             .columns = RX_F_EVENTS_END + step->targets,
                                             .tests = rx_drift_defaults()};
    return rx_drift_watch_new(&options, &step->watch, err);
}

int rx_drift_step_begin(struct rx_drift_step *step, const struct rx_model *model, int64_t now_ms,
                        struct rx_error *err)
{
    step->elapsed_h = step->last_ms >= 0 && now_ms > step->last_ms
                          ? (double)(now_ms - step->last_ms) / MS_PER_H
                          : 0;
    step->last_ms = now_ms;
    if (step->watch && strncmp(step->version, rx_model_version(model), MAX_NAME - 1) == 0) {
        return 0;
    }
    /* Another model: its probabilities have no past. */
    rx_drift_watch_free(step->watch);
    step->watch = NULL;
    snprintf(step->version, sizeof(step->version), "%s", rx_model_version(model));
    rx_metric_set(step->healthy, -1);
    rx_metric_set(step->drifted, 0);
    step->found = (struct rx_health_columns){0};
    return new_watch(step, model, err);
}

static void check(struct rx_drift_step *step)
{
    struct rx_verdict verdict;
    struct rx_error err = {0};
    enum rx_health before = rx_drift_watch_told(step->watch);
    if (rx_drift_watch_check(step->watch, &verdict, &err) < 0) {
        rx_warn("drift check failed", RX_F_ERR(&err));
        return;
    }
    enum rx_health now = rx_drift_watch_told(step->watch);
    double drifted = 0;
    for (size_t i = 0; i < verdict.n_numbers; i++) {
        const char *name = verdict.numbers[i].name;
        if (strcmp(name, "features_drifted") == 0 || strcmp(name, "predictions_drifted") == 0) {
            drifted += verdict.numbers[i].value;
        }
    }
    step->found.told = now;
    step->found.drifted = (size_t)drifted;
    snprintf(step->found.reason, sizeof(step->found.reason), "%s", verdict.reason);
    snprintf(step->found.message, sizeof(step->found.message), "%s", verdict.message);
    rx_metric_set(step->drifted, drifted);
    rx_metric_set(step->healthy, now == RX_HEALTH_GOOD ? 1 : now == RX_HEALTH_BAD ? 0 : -1);
    if (now != before && now == RX_HEALTH_BAD) {
        rx_warn("the model no longer sees what it saw", RX_F_S("reason", verdict.reason),
                RX_F_S("message", verdict.message));
    } else if (now != before) {
        rx_info("the model sees what it saw", RX_F_S("message", verdict.message));
    }
}

void rx_drift_step_row(struct rx_drift_step *step, const double features[RX_F_MAX],
                       const struct rx_score *score)
{
    double age = features[RX_F_AGE_H];
    /* Those who turned that old since the last pass: each token once. */
    if (!step->watch || !(age >= AT_AGE_H && age - step->elapsed_h < AT_AGE_H)) {
        return;
    }
    double row[MAX_COLUMNS];
    memcpy(row, features, RX_F_EVENTS_END * sizeof(*row));
    row[RX_F_AGE_H] = (double)NAN; /* all are as old: only the delay of the pass would show */
    for (size_t t = 0; t < step->targets; t++) {
        /* Of the model alone: a recalibration is no drift. */
        row[RX_F_EVENTS_END + t] = score->targets[t].known ? score->estimates[t].base : (double)NAN;
    }
    bool due = rx_drift_watch_add(step->watch, row);
    size_t baseline, window;
    rx_drift_watch_filled(step->watch, &baseline, &window);
    rx_metric_set(step->baseline_rows, (double)baseline);
    rx_metric_set(step->window_rows, (double)window);
    if (due) {
        check(step);
    }
}

void rx_drift_step_report(const struct rx_drift_step *step, struct rx_health_columns *ret)
{
    *ret = step->found;
    if (step->watch) {
        rx_drift_watch_filled(step->watch, &ret->baseline, &ret->window);
    }
}
