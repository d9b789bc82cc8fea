// SPDX-License-Identifier: Apache-2.0
/* Inside of the engine: a loaded model. Immutable after loading; all memory is its arena's. */
#pragma once

#include "agent/engine/calibration/calibrator.h"
#include "agent/engine/forest/forest.h"
#include "agent/engine/forest/treeshap.h"
#include "agent/engine/model/model.h"
#include "agent/engine/model/recalibration.h"
#include "common/base/arena.h"

#define RX_MODEL_MAX_COMPONENTS   64
#define RX_MODEL_MAX_INPUTS       256 /* of a component */
#define RX_MODEL_MAX_STACK        16
#define RX_MODEL_MAX_CALIBRATIONS 4
#define RX_MODEL_MAX_POINTS       4096
#define RX_MODEL_MAX_AGES         16
#define RX_MODEL_MAX_OUTPUTS      64  /* of a component that is used in a stack */
#define RX_MODEL_MAX_LOG_ODDS     15  /* answers stay this far from certainty */
#define RX_MODEL_MAX_MARGIN       1e6 /* of a component */

enum rx_transform_kind { RX_TF_IDENTITY, RX_TF_LOG1P, RX_TF_ASINH, RX_TF_QUANTILE, RX_TF_MAX };

/* Piecewise linear, constant outside. */
struct rx_model_table {
    size_t n;
    const double *x; /* ascending, no two equal */
    const double *y;
};

struct rx_transform {
    enum rx_transform_kind kind;
    double factor; /* of asinh(factor * x) */
    size_t n_tables;
    double ln_age[RX_MODEL_MAX_AGES]; /* ascending; of tables[i] when there are two or more */
    struct rx_model_table *tables;
};

/* One distinct transformed feature; several inputs may read it. */
struct rx_model_column {
    enum rx_feature feature;
    struct rx_transform transform;
};

enum rx_model_parameter { RX_PARAM_HORIZON_DAYS, RX_PARAM_MULTIPLIER, RX_PARAM_MAX };

struct rx_model_input {
    int parameter; /* enum rx_model_parameter, or -1: a feature */
    size_t column; /* of the model's columns */
    /* Logistic only. */
    double low, high, mean, scale, coefficient;
    bool by_age;
    double age_mean, age_scale;
};

struct rx_model_component {
    char name[64];
    struct rx_forest *forest; /* owned; NULL: logistic */
    struct rx_treeshap *shap; /* owned; of the forest */
    double intercept;
    size_t n_inputs, n_outputs;
    bool parametric; /* an input is a parameter */
    struct rx_model_input *inputs;
};

/* A component at one setting of the parameters: what is computed at most once a row. */
struct rx_model_eval_plan {
    size_t component;
    double parameters[RX_PARAM_MAX];
    size_t output; /* offset of its outputs in the scratch */
    size_t share;  /* offset of its contributions: outputs x (inputs + 1) */
};

/* Bits of rx_model_scratch.state. */
enum rx_eval_state { RX_EVAL_MARGIN = 1, RX_EVAL_SHARES = 2 };

struct rx_model_term {
    size_t eval;
    size_t output;
    double weight;
};

struct rx_model_head {
    char name[32];
    size_t n_requires, n_terms, n_calibrations;
    enum rx_feature *requires;
    struct rx_model_term terms[RX_MODEL_MAX_STACK];
    double bias;
    struct rx_calibrator calibrations[RX_MODEL_MAX_CALIBRATIONS];
    double shrinkage; /* weight of the model beside the base rate: 1 = no shrinkage */
    size_t n_interval;
    const double *interval_x, *interval_lo, *interval_hi; /* log-odds */
    bool thin;
};

struct rx_model_target {
    char name[32];
    double rows, positives, base_rate;
    double parameters[RX_PARAM_MAX];
    size_t n_heads;
    struct rx_model_head *heads;
};

struct rx_model {
    struct rx_arena *arena; /* owned; also holds this struct's arrays */
    char version[64], created[32], feature_version[32], sha256[65];
    double confidence, min_age_h, max_age_h;
    size_t n_features, n_columns, n_components, n_evals, n_targets;
    enum rx_feature features[RX_F_MAX];
    struct rx_model_column *columns;
    struct rx_model_component *components;
    struct rx_model_eval_plan *evals;
    struct rx_model_target *targets;
    size_t n_outputs, n_shares;                          /* of all evals */
    size_t max_batch, max_inputs, max_margins, max_shap; /* the last in bytes */
    /* Where the heatmap's cells and the rug chain are: target index or -1. */
    int heatmap[RX_MODEL_HORIZONS][RX_MODEL_MULTIPLIERS];
    int rug[RX_MODEL_HORIZONS];
};

/* Working memory of one thread. */
struct rx_model_scratch {
    size_t n_outputs, n_shares, n_columns, n_rows, n_margins, n_evals; /* room */
    double *outputs;
    double *shares;
    double *columns;
    double *rows; /* max_batch x max_inputs */
    double *margins;
    unsigned char *state;                /* of each eval: bits of enum rx_eval_state */
    void *shap;                          /* of rx_treeshap_values */
    size_t n_shap;                       /* its bytes */
    double raw[RX_MODEL_MAX_TARGETS];    /* margin of the chosen head, before calibration */
    double mapped[RX_MODEL_MAX_TARGETS]; /* after calibration, shrinkage, bounds, recalibration */
    const struct rx_recalibration *recalibration; /* borrowed; NULL: none */
    size_t head[RX_MODEL_MAX_TARGETS];
    double ln_age; /* NaN: unknown */
};

/* transform.c */
double rx_transform_apply(const struct rx_transform *transform, double x, double ln_age);
bool rx_transform_equal(const struct rx_transform *a, const struct rx_transform *b);
/* model_eval.c. Margin of a head to log-odds, within the bounds of an answer; overlay NULL: the
 * model alone. */
double rx_model_map(const struct rx_model_target *target, const struct rx_model_head *head,
                    const struct rx_overlay *overlay, double margin);
double rx_model_standardised(const struct rx_model_input *input, double value, double ln_age);
void rx_model_fill_row(const struct rx_model *model, const struct rx_model_eval_plan *plan,
                       const double *columns, double *row);
