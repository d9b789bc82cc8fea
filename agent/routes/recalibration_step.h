// SPDX-License-Identifier: Apache-2.0
/*
 * Recalibration of a serving agent, a step of background scoring. Forecasts are kept as they are
 * made; once an hour those whose horizon has passed get their outcome from the stored events, the
 * labels are compared with what was said (model_health.h), and where enough new ones have come,
 * engine/calibration/recalibrate.h fits a map and lets it in only through its guard. What is in
 * force is published through the model registry, kept in the store, taken back when its own later
 * labels say that it is worse, and forgotten when another model becomes active. Each of these is a
 * line of the log and a row of the table recalibration_audit.
 *
 * One thread: that of background scoring (it waits for the store).
 */
#pragma once

#include "agent/engine/model/registry.h"
#include "agent/routes/forecast.h"
#include "agent/routes/model_health.h"

struct rx_recalibration_step;

/* All borrowed; they outlive the step. */
struct rx_recalibration_options {
    struct rx_store *store;
    struct rx_model_registry *models;
    struct rx_health_board *board;
    const struct rx_clock *clock;
    struct rx_metrics *metrics;
    bool enabled; /* false: labels are collected and compared, nothing is fitted or applied */
};

int rx_recalibration_step_new(const struct rx_recalibration_options *options,
                              struct rx_recalibration_step **ret, struct rx_error *err)
    RX_MUST_CHECK;
void rx_recalibration_step_free(struct rx_recalibration_step *step);
RX_DEFINE_CLEANUP(recalibration_step, struct rx_recalibration_step *, rx_recalibration_step_free);

/* The active model, before anything else is done with it: puts back in force what the store keeps
 * for it. A state that cannot be read is logged and left out. */
void rx_recalibration_step_begin(struct rx_recalibration_step *step, const struct rx_model *model);
/* At most once an hour of the clock: labels, verdict, maps. -ECANCELED; the errors of the store. */
int rx_recalibration_step_run(struct rx_recalibration_step *step, const struct rx_model *model,
                              const atomic_bool *cancel, struct rx_error *err) RX_MUST_CHECK;
