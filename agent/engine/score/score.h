// SPDX-License-Identifier: Apache-2.0
/*
 * From features to what a client reads: a probability with its interval for each target, or none
 * and the reason; risk components with the same rule. Pure functions; thread-safe on different
 * scratches.
 */
#pragma once

#include <stdbool.h>

#include "agent/engine/features/features.h"
#include "agent/engine/model/explain.h"
#include "agent/engine/model/model.h"
#include "agent/engine/risk/risk.h"

#define RX_HORIZONS    RX_MODEL_HORIZONS
#define RX_MULTIPLIERS RX_MODEL_MULTIPLIERS
extern const char *const rx_horizons[RX_HORIZONS];       /* "24h", "7d", "30d" */
extern const char *const rx_multipliers[RX_MULTIPLIERS]; /* "2x", ... "50x" */

/* Why a number is missing or less certain. RX_REASON_NONE = nothing to say. */
enum rx_reason {
    RX_REASON_NONE,
    RX_REASON_POOL_TOO_YOUNG,      /* under one hour since the first event */
    RX_REASON_POOL_TOO_SMALL,      /* fewer than 5 events, or less than 0.5 WETH */
    RX_REASON_AGE_BEYOND_TRAINING, /* computed as for the oldest trained age, interval widened */
    RX_REASON_LOW_SUPPORT,         /* few such cases in training: close to the base rate */
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
    enum rx_reason reason; /* of an unknown one */
    unsigned notes;        /* beside a known one: bits 1u << enum rx_reason */
};

struct rx_score {
    size_t n_targets;
    struct rx_score_target targets[RX_MODEL_MAX_TARGETS]; /* in the model's order */
    double inputs[RX_F_MAX]; /* what the model got: the features, age at most as trained */
    double age_h;            /* the real one */
    struct rx_estimate estimates[RX_MODEL_MAX_TARGETS]; /* when the gate is open */
    struct rx_risk_result risk;                         /* of rx_score_compute only */
};

/* Reason for which a pool with these features has no probability; RX_REASON_NONE when it has. */
enum rx_reason rx_score_gate(const struct rx_model *model, const double features[RX_F_MAX]);
/* Every target of the model. scratch must fit it. `score` borrows the model's strings. */
void rx_score_targets(const struct rx_model *model, const double features[RX_F_MAX],
                      struct rx_model_scratch *scratch, struct rx_score *score);
/* The same and the risk. weights: NULL = defaults. */
void rx_score_compute(const struct rx_model *model, const double features[RX_F_MAX],
                      const struct rx_risk_weights *weights, enum rx_risk_chain chain,
                      struct rx_model_scratch *scratch, struct rx_score *score);
/* The target of that name, or NULL when the model has none. */
const struct rx_score_target *rx_score_find(const struct rx_score *score, const char *name);
/* Why a known target of this score is what it is; with the scratch that computed it last. The first
 * `top` items by falling share. */
void rx_score_explain(const struct rx_model *model, const struct rx_score *score, size_t target,
                      struct rx_model_scratch *scratch, size_t top, struct rx_explanation *ret);
