// SPDX-License-Identifier: Apache-2.0
/*
 * Probability models: calibrated logistic regressions read from JSON (models/README.md has the
 * format). Loading checks the checksum, the feature registry, every bound and the golden vectors
 * inside the file, so a model that loads computes what its trainer computed. Immutable once loaded;
 * thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "agent/engine/features/features.h"
#include "common/base/error.h"

#define RX_MODEL_MAX_TARGETS 32
#define RX_MODEL_MAX_BYTES   (4u << 20)

struct rx_model;

/* A view of one target's result. */
struct rx_estimate {
    double p, lo, hi; /* 0 <= lo <= p <= hi <= 1 */
};

/* One feature's share of a target's log-odds. */
struct rx_contribution {
    enum rx_feature feature;
    double value;    /* of the feature, NaN when missing */
    double log_odds; /* all of them plus rx_model_base() = log-odds of p, exactly additive */
};

/* Parses and checks; errors name the field: "targets[1].mean: 36 numbers expected". */
int rx_model_load(struct rx_str json, struct rx_model **ret, struct rx_error *err) RX_MUST_CHECK;
/* The model that the program carries inside itself. */
int rx_model_load_default(struct rx_model **ret, struct rx_error *err) RX_MUST_CHECK;
void rx_model_free(struct rx_model *model);
RX_DEFINE_CLEANUP(model, struct rx_model *, rx_model_free);

/* Borrowed strings of the file. */
const char *rx_model_version(const struct rx_model *model);
const char *rx_model_created(const struct rx_model *model); /* RFC 3339 date of calibration */
const char *rx_model_feature_version(const struct rx_model *model);
const char *rx_model_sha256(const struct rx_model *model); /* hex, of the targets */
double rx_model_confidence(const struct rx_model *model);  /* level of the intervals: 0.95 */
/* Ages the model was trained on, in hours. */
double rx_model_max_age_h(const struct rx_model *model);
double rx_model_min_age_h(const struct rx_model *model);

size_t rx_model_targets(const struct rx_model *model);
/* "rug_24h", "x2_24h", ...; NULL beyond the last. */
const char *rx_model_target_name(const struct rx_model *model, size_t target);
/* Index, or -1. */
int rx_model_target_find(const struct rx_model *model, const char *name);
/* Share of positives in the training rows. */
double rx_model_base_rate(const struct rx_model *model, size_t target);
/* Number of features the target reads: the bound for rx_model_explain. */
size_t rx_model_inputs(const struct rx_model *model, size_t target);
/* Log-odds when every feature is at its training mean. */
double rx_model_base(const struct rx_model *model, size_t target);

/* `widen` (>= 1) multiplies the interval's width in log-odds. Missing features count as their
 * training mean. */
struct rx_estimate rx_model_eval(const struct rx_model *model, size_t target,
                                 const double features[RX_F_MAX], double widen);
/* Fills out[0 .. rx_model_inputs()) by falling absolute share; returns the count written (<= max).
 */
size_t rx_model_explain(const struct rx_model *model, size_t target,
                        const double features[RX_F_MAX], struct rx_contribution *out, size_t max);
