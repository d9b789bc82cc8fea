// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/score/score.h"

#include <math.h>
#include <string.h>

#include "agent/engine/features/pool.h"

const char *const rx_horizons[RX_HORIZONS] = {"24h", "7d", "30d"};
const char *const rx_multipliers[RX_MULTIPLIERS] = {"2x", "5x", "10x", "20x", "50x"};

const char *rx_reason_name(enum rx_reason reason)
{
    static const char *const names[RX_REASON_MAX] = {
        [RX_REASON_NONE] = "",
        [RX_REASON_POOL_TOO_YOUNG] = "pool_too_young",
        [RX_REASON_POOL_TOO_SMALL] = "pool_too_small",
        [RX_REASON_AGE_BEYOND_TRAINING] = "age_beyond_training",
        [RX_REASON_LOW_SUPPORT] = "low_support",
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

static void set_target(struct rx_score_target *target, const struct rx_estimate *estimate,
                       bool beyond)
{
    target->known = true;
    target->p = estimate->p;
    target->lo = estimate->lo;
    target->hi = estimate->hi;
    target->notes = (beyond ? 1U << RX_REASON_AGE_BEYOND_TRAINING : 0) |
                    (estimate->thin ? 1U << RX_REASON_LOW_SUPPORT : 0);
}

void rx_score_targets(const struct rx_model *model, const double features[RX_F_MAX],
                      struct rx_model_scratch *scratch, struct rx_score *score)
{
    const enum rx_reason gate = rx_score_gate(model, features);
    const double oldest = rx_model_max_age_h(model);
    const bool beyond = features[RX_F_AGE_H] > oldest;
    memcpy(score->inputs, features, sizeof(score->inputs));
    score->age_h = features[RX_F_AGE_H];
    double widen = 1;
    if (beyond) {
        /* Twice as wide at e times the oldest trained age, and so on. */
        widen = 1 + log(features[RX_F_AGE_H] / oldest);
        score->inputs[RX_F_AGE_H] = oldest;
    }
    if (gate == RX_REASON_NONE) {
        rx_model_eval(model, score->inputs, widen, scratch, score->estimates);
    }
    score->n_targets = rx_model_targets(model);
    for (size_t i = 0; i < score->n_targets; i++) {
        score->targets[i] = (struct rx_score_target){.name = rx_model_target_name(model, i),
                                                     .p = RX_NAN,
                                                     .lo = RX_NAN,
                                                     .hi = RX_NAN,
                                                     .reason = gate};
        if (gate == RX_REASON_NONE) {
            set_target(&score->targets[i], &score->estimates[i], beyond);
        }
    }
}

static struct rx_risk_range range_of(const struct rx_score *score, const char *name)
{
    const struct rx_score_target *target = rx_score_find(score, name);
    if (!target) {
        return (struct rx_risk_range){RX_NAN, RX_NAN, RX_NAN};
    }
    return (struct rx_risk_range){.p = target->p, .lo = target->lo, .hi = target->hi};
}

void rx_score_compute(const struct rx_model *model, const double features[RX_F_MAX],
                      const struct rx_risk_weights *weights, enum rx_risk_chain chain,
                      struct rx_model_scratch *scratch, struct rx_score *score)
{
    rx_score_targets(model, features, scratch, score);
    const struct rx_risk_rug rug = {.day = range_of(score, "rug_24h"),
                                    .week = range_of(score, "rug_7d")};
    rx_risk_compute(features, &rug, weights, chain, &score->risk);
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

void rx_score_explain(const struct rx_model *model, const struct rx_score *score, size_t target,
                      struct rx_model_scratch *scratch, size_t top, struct rx_explanation *ret)
{
    rx_model_explain(model, target, score->inputs, score->estimates, scratch, top, ret);
    for (size_t i = 0; i < ret->n; i++) {
        if (ret->items[i].feature == RX_F_AGE_H) {
            ret->items[i].value = score->age_h;
        }
    }
}
