// SPDX-License-Identifier: Apache-2.0
/*
 * The result of a drift check in the shape of a condition: ModelHealthy True, False or Unknown, a
 * reason, a sentence and the numbers behind it. Pure; thread-safe.
 */
#pragma once

#include "agent/engine/drift/drift.h"
#include "agent/engine/drift/hysteresis.h"
#include "common/json/write.h"

struct rx_drift_report {
    const struct rx_drift_column *columns; /* [n_columns], borrowed like the rest */
    const struct rx_drift_column_result *column_results;
    size_t n_columns;
    const struct rx_drift_target *targets; /* [n_targets] */
    const struct rx_drift_target_result *target_results;
    size_t n_targets;
};

#define RX_VERDICT_NUMBERS 16

struct rx_verdict_number {
    const char *name;    /* static */
    const char *of;      /* column or target that it is about (borrowed), or NULL */
    double value, limit; /* limit NaN = none */
};

/*
 * Reasons, the gravest first: CalibrationDrift and RankingLoss (labels), PredictionDrift,
 * FeatureDrift (no labels), Stable, NotEnoughData.
 */
struct rx_verdict {
    enum rx_health health;
    const char *reason; /* static */
    char message[512];
    struct rx_verdict_number numbers[RX_VERDICT_NUMBERS];
    size_t n_numbers;
};

void rx_drift_judge(const struct rx_drift_report *report, const struct rx_drift_options *options,
                    struct rx_verdict *ret);

/* {"type":"ModelHealthy","status":..,"reason":..,"message":..,"numbers":[{name,of,value,limit}]} */
void rx_verdict_write(struct rx_jw *w, const struct rx_verdict *verdict);
/* Members "columns" and "targets" inside an open object. */
void rx_drift_report_write(struct rx_jw *w, const struct rx_drift_report *report);
