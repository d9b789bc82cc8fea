// SPDX-License-Identifier: Apache-2.0
/*
 * Probability models: a bundle of tree ensembles and logistic regressions, stacked by mean log-odds
 * into one probability with an interval for each target (models/README.md has the format). Loading
 * checks the digest, the features, every bound and the golden vectors inside the file, so a model
 * that loads computes what its trainer computed. A model is immutable once loaded and thread-safe;
 * a scratch belongs to one thread.
 *
 * Sources: stacking by weighted log-odds: C. Genest, J. V. Zidek 1986 (logarithmic opinion pool);
 * isotonic projection of the heatmap: heatmap.h; contributions: explain.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "agent/engine/features/features.h"
#include "common/base/error.h"

#define RX_MODEL_MAX_TARGETS 32
#define RX_MODEL_MAX_HEADS   4
#define RX_MODEL_MAX_BYTES   (64U << 20)
#define RX_MODEL_HORIZONS    3 /* 24h, 7d, 30d */
#define RX_MODEL_MULTIPLIERS 5 /* 2x, 5x, 10x, 20x, 50x */

struct rx_model;
struct rx_model_scratch;

/* One target's result. */
struct rx_estimate {
    double p, lo, hi; /* 0 <= lo <= p <= hi <= 1, 0 < p < 1 */
    double log_odds;  /* of p */
    double base;      /* log-odds of the model alone: before recalibration and projection */
    size_t head;      /* which of the target's heads answered */
    bool thin;        /* the training rows could hardly support it */
};

/* Parses and checks; errors name the member: "targets[1].heads[0].stack[2].component: ...". */
int rx_model_load(struct rx_str file, struct rx_model **ret, struct rx_error *err) RX_MUST_CHECK;
/* The model that the program carries inside itself. */
int rx_model_load_default(struct rx_model **ret, struct rx_error *err) RX_MUST_CHECK;
void rx_model_free(struct rx_model *model);
RX_DEFINE_CLEANUP(model, struct rx_model *, rx_model_free);

/* Working memory for models as large as this one. */
int rx_model_scratch_new(const struct rx_model *model, struct rx_model_scratch **ret,
                         struct rx_error *err) RX_MUST_CHECK;
/* Grows it for another model when needed: allocates then only. On failure it stays as it was. */
int rx_model_scratch_fit(struct rx_model_scratch *scratch, const struct rx_model *model,
                         struct rx_error *err) RX_MUST_CHECK;
void rx_model_scratch_free(struct rx_model_scratch *scratch);
RX_DEFINE_CLEANUP(model_scratch, struct rx_model_scratch *, rx_model_scratch_free);

/* Borrowed strings of the file. */
const char *rx_model_version(const struct rx_model *model);
const char *rx_model_created(const struct rx_model *model); /* RFC 3339 date of calibration */
const char *rx_model_feature_version(const struct rx_model *model);
const char *rx_model_sha256(const struct rx_model *model); /* hex, of the model's JSON */
double rx_model_confidence(const struct rx_model *model);  /* level of the intervals: 0.95 */
/* Ages the model was trained on, in hours. */
double rx_model_max_age_h(const struct rx_model *model);
double rx_model_min_age_h(const struct rx_model *model);

size_t rx_model_targets(const struct rx_model *model);
/* "rug_24h", "x2_24h", ...; NULL beyond the last. */
const char *rx_model_target_name(const struct rx_model *model, size_t target);
/* Index, or -1. */
int rx_model_target_find(const struct rx_model *model, const char *name);
/* Share of positives in the training rows, and how many rows and positives those were. */
double rx_model_base_rate(const struct rx_model *model, size_t target);
double rx_model_rows(const struct rx_model *model, size_t target);
double rx_model_positives(const struct rx_model *model, size_t target);
/* Name of a target's head; NULL beyond the last. */
const char *rx_model_head_name(const struct rx_model *model, size_t target, size_t head);
/* Features that any component reads, in the file's order. */
size_t rx_model_features(const struct rx_model *model);
enum rx_feature rx_model_feature(const struct rx_model *model, size_t index);
/* Parts, for people: name, kind ("xgboost", "lightgbm", "logistic"), inputs, trees (0: none). */
struct rx_model_part {
    const char *name, *kind;
    size_t inputs, trees;
};
size_t rx_model_parts(const struct rx_model *model);
struct rx_model_part rx_model_part(const struct rx_model *model, size_t index);

/*
 * Every target of one row, after what recalibration put on top (recalibration.h: of the scratch)
 * and after the projection that makes the heatmap and the rug chain monotone. features: NaN =
 * missing. `widen` (>= 1) multiplies the intervals' width in log-odds. scratch must fit the model;
 * it keeps what rx_model_explain needs. out: rx_model_targets() of them.
 */
void rx_model_eval(const struct rx_model *model, const double features[RX_F_MAX], double widen,
                   struct rx_model_scratch *scratch, struct rx_estimate *out);
