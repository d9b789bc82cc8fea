// SPDX-License-Identifier: Apache-2.0
/*
 * From features to what a client reads: a probability with its interval for each target, or none
 * and the reason; risk components with the same rule. Pure functions; thread-safe.
 */
#pragma once

#include <stdbool.h>

#include "agent/engine/features/features.h"
#include "agent/engine/model/model.h"
#include "agent/engine/risk/risk.h"
#include "common/json/write.h"

/* Why a number is missing or less certain. RX_REASON_NONE = nothing to say. */
enum rx_reason {
    RX_REASON_NONE,
    RX_REASON_POOL_TOO_YOUNG,      /* under one hour since the first event */
    RX_REASON_POOL_TOO_SMALL,      /* fewer than 5 events, or less than 0.5 WETH */
    RX_REASON_AGE_BEYOND_TRAINING, /* computed as for the oldest trained age, interval widened */
    RX_REASON_NO_MODEL,            /* the loaded model has no such target */
    RX_REASON_NO_SOURCE,           /* needs data that no configured source gives */
    RX_REASON_MISSING_COMPONENTS,  /* made of numbers that are missing themselves */
    RX_REASON_MAX
};
/* "pool_too_young", ...; "" for RX_REASON_NONE. Static storage. */
const char *rx_reason_name(enum rx_reason reason);

struct rx_score_target {
    const char *name; /* borrowed from the model */
    bool known;       /* false: p, lo and hi are NaN and `reason` says why */
    double p, lo, hi;
    enum rx_reason reason; /* may be set beside a known value: age_beyond_training */
};

struct rx_risk_value {
    double value; /* NaN when unknown */
    enum rx_reason reason;
};

struct rx_score {
    size_t n_targets;
    struct rx_score_target targets[RX_MODEL_MAX_TARGETS]; /* in the model's order */
    struct rx_risk_value risk[RX_RISK_MAX];
};

/* Reason for which a pool with these features has no probability; RX_REASON_NONE when it has. */
enum rx_reason rx_score_gate(const struct rx_model *model, const double features[RX_F_MAX]);
/* Scores every target of the model. `score` borrows the model's strings. */
void rx_score_compute(const struct rx_model *model, const double features[RX_F_MAX],
                      struct rx_score *score);
/* The target of that name, or NULL when the model has none. */
const struct rx_score_target *rx_score_find(const struct rx_score *score, const char *name);

/*
 * Writes {"probabilities": {NAME: {"probability", "confidence_interval"} | null}, "risk": {...},
 * "unknown": [{"path", "reason"}] for all that is null, "notes": [{"path", "reason"}] for numbers
 * that come with a reservation} as members of the object that is open in `w`.
 */
void rx_score_write(struct rx_jw *w, const struct rx_model *model, const struct rx_score *score);
/* Writes {"feature_name", "value", "contribution", "direction", "description"}: one value. */
void rx_contribution_write(struct rx_jw *w, const struct rx_contribution *part);
/*
 * Writes {"explanations": {NAME: {"base", "top_features": [contribution]}}}: the five
 * largest shares of each known target's log-odds.
 */
void rx_score_write_explanations(struct rx_jw *w, const struct rx_model *model,
                                 const struct rx_score *score, const double features[RX_F_MAX]);
