// SPDX-License-Identifier: Apache-2.0
/* Inside of the engine: a loaded model. Immutable after loading. */
#pragma once

#include "agent/engine/model/model.h"

enum rx_transform { RX_TF_IDENTITY, RX_TF_LOG1P, RX_TF_ASINH, RX_TF_MAX };

struct rx_model_input {
    enum rx_feature feature;
    enum rx_transform transform;
    double factor;      /* of asinh(factor * x) */
    double low, high;   /* bounds of the transformed value */
    double mean, scale; /* of the transformed, bounded value over the training rows */
    double coefficient;
};

struct rx_model_target {
    char name[32];
    double rows, base_rate, intercept;
    double platt_a, platt_b;
    double drift_variance; /* in log-odds */
    size_t n_inputs;
    struct rx_model_input inputs[RX_F_MAX];
    double *covariance; /* owned: lower triangle, row by row, of [intercept, coefficients] */
};

struct rx_model {
    char version[64], created[32], feature_version[32], sha256[65];
    double confidence, quantile; /* level of the intervals and its two-sided normal quantile */
    double min_age_h, max_age_h;
    size_t n_targets;
    struct rx_model_target targets[RX_MODEL_MAX_TARGETS];
};
