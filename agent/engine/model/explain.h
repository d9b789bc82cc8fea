// SPDX-License-Identifier: Apache-2.0
/*
 * Why a probability is what it is: shares of its log-odds, one a feature, which add up exactly.
 * Trees by path-dependent TreeSHAP (S. Lundberg et al. 2018, algorithm 2), logistic regressions by
 * coefficient times distance from the training mean; both summed by the stack's weights. A map that
 * is not linear (beta and isotonic calibration) stretches all shares by one ratio, (g(f) - g(b)) /
 * (f - b) for margin f and base b. What the parameters of a target add is part of the base; what
 * the projection of the heatmap moved is a share of its own.
 */
#pragma once

#include "agent/engine/model/model.h"

/* In place of a feature: the share of the projection. */
#define RX_CONTRIBUTION_PROJECTION RX_F_INVALID

/* One share of a target's log-odds. */
struct rx_contribution {
    enum rx_feature feature; /* or RX_CONTRIBUTION_PROJECTION */
    double value;            /* of the feature, NaN when missing */
    double log_odds;
};

struct rx_explanation {
    double base;     /* log-odds before any feature is known */
    double log_odds; /* of the shown p = base + the sum of all shares (to 1e-9) */
    size_t n;
    struct rx_contribution items[RX_F_MAX + 1];
};

/* "late_share", ..., "heatmap_projection". Static storage. */
const char *rx_contribution_name(const struct rx_contribution *part);

/* Right after rx_model_eval(model, features, ..., scratch, estimates), whose scratch it goes on
 * with. The first `top` items come by falling absolute share. Allocates nothing. */
void rx_model_explain(const struct rx_model *model, size_t target, const double features[RX_F_MAX],
                      const struct rx_estimate *estimates, struct rx_model_scratch *scratch,
                      size_t top, struct rx_explanation *ret);
