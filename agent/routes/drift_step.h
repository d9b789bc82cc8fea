// SPDX-License-Identifier: Apache-2.0
/*
 * The drift check of background scoring: every token once, in the first pass after it turned 24 h
 * old, goes into a watch (engine/drift/watch.h) of its features and probabilities. The first 1,000
 * such tokens since the start, or since the model changed, are the baseline; the newest 500 are
 * compared with them. The verdict is logged when it changes and exported:
 * radarx_model_healthy (1, 0, -1 = not known yet), radarx_drift_columns, radarx_drift_rows{part}.
 *
 * One thread: that of background scoring.
 */
#pragma once

#include "agent/engine/model/model.h"
#include "agent/engine/score/score.h"
#include "common/base/metrics.h"

struct rx_drift_step;
struct rx_health_columns; /* model_health.h */

int rx_drift_step_new(struct rx_metrics *metrics, struct rx_drift_step **ret, struct rx_error *err)
    RX_MUST_CHECK;
void rx_drift_step_free(struct rx_drift_step *step);
RX_DEFINE_CLEANUP(drift_step, struct rx_drift_step *, rx_drift_step_free);

/* A pass begins. The first one takes no rows: it cannot tell who turned 24 h old since the last. */
int rx_drift_step_begin(struct rx_drift_step *step, const struct rx_model *model, int64_t now_ms,
                        struct rx_error *err) RX_MUST_CHECK;
/* A token was scored by that model. */
void rx_drift_step_row(struct rx_drift_step *step, const double features[RX_F_MAX],
                       const struct rx_score *score);
/* What the last check found; nothing before the first. */
void rx_drift_step_report(const struct rx_drift_step *step, struct rx_health_columns *ret);
