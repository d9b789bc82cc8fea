// SPDX-License-Identifier: Apache-2.0
/*
 * Tree models made elsewhere: XGBoost (JSON, UBJSON) and LightGBM (text). A forest is immutable
 * after loading and may be used by several threads.
 *
 * Margins of XGBoost models equal libxgboost's batch prediction bit for bit: inputs and thresholds
 * are float32, the sum starts with the float32 base margin and takes the trees in order. LightGBM
 * models compare and add in double. Sources: T. Chen, C. Guestrin, "XGBoost", KDD 2016, and its
 * model schema; G. Ke et al., "LightGBM", NIPS 2017, and its text format.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/str.h"
#include "common/json/read.h"

#define RX_FOREST_MAX_BYTES   (256u << 20)
#define RX_FOREST_MAX_NODES   10000000u
#define RX_FOREST_MAX_TREES   1000000u
#define RX_FOREST_MAX_INPUTS  65536u
#define RX_FOREST_MAX_OUTPUTS 10000u
#define RX_FOREST_MAX_DEPTH   1024u /* edges from the root to the deepest leaf */

struct rx_forest;

enum rx_forest_format {
    RX_FOREST_XGB_JSON,
    RX_FOREST_XGB_UBJSON,
    RX_FOREST_LIGHTGBM,
    RX_FOREST_FORMAT_MAX
};

/* Which trees count. BEST: those up to the file's best_iteration (early stopping), all when it
 * names none. A positive number: that many boosting rounds. */
enum { RX_FOREST_BEST = 0, RX_FOREST_ALL = -1 };
struct rx_forest_options {
    int64_t iterations;
};

/*
 * Reads a model file; the format is told by its first bytes. Every index, size and number is
 * checked. RX_EPARSE: not of the form; RX_ELIMIT: larger than the bounds above; RX_EINVALID: names
 * field, tree and node and what was expected, or the feature that is not supported; -ENOMEM.
 */
int rx_forest_load(struct rx_str bytes, struct rx_forest **ret, struct rx_error *err) RX_MUST_CHECK;
/* options may be NULL. */
int rx_forest_load_with(struct rx_str bytes, const struct rx_forest_options *options,
                        struct rx_forest **ret, struct rx_error *err) RX_MUST_CHECK;
/* An XGBoost model that is a member of a larger document. */
int rx_forest_load_json(const struct rx_json *value, const struct rx_forest_options *options,
                        struct rx_forest **ret, struct rx_error *err) RX_MUST_CHECK;
void rx_forest_free(struct rx_forest *forest);
RX_DEFINE_CLEANUP(forest, struct rx_forest *, rx_forest_free);

/* Facts. Strings live as long as the forest. */
enum rx_forest_format rx_forest_format(const struct rx_forest *forest);
const char *rx_forest_format_name(const struct rx_forest *forest); /* "XGBoost JSON" */
const char *rx_forest_version(const struct rx_forest *forest);     /* "3.2.0", "v4", "" */
const char *rx_forest_booster(const struct rx_forest *forest);     /* "gbtree", "dart", "rf" */
const char *rx_forest_objective(const struct rx_forest *forest);
size_t rx_forest_inputs(const struct rx_forest *forest);
const char *rx_forest_input_name(const struct rx_forest *forest, size_t input); /* NULL: unnamed */
size_t rx_forest_outputs(const struct rx_forest *forest);                       /* margins a row */
size_t
rx_forest_values(const struct rx_forest *forest); /* what transform writes: 1 for multi:softmax */
double rx_forest_base_margin(const struct rx_forest *forest, size_t output);
size_t rx_forest_trees(const struct rx_forest *forest);         /* that count */
size_t rx_forest_trees_in_file(const struct rx_forest *forest); /* all of them */
size_t rx_forest_nodes(const struct rx_forest *forest);         /* of the trees that count */
size_t rx_forest_leaves(const struct rx_forest *forest);
size_t rx_forest_depth(const struct rx_forest *forest);           /* of the deepest tree */
size_t rx_forest_iterations(const struct rx_forest *forest);      /* in the file */
int64_t rx_forest_best_iteration(const struct rx_forest *forest); /* -1: none named */

/*
 * Margins of one row: row[inputs], NaN = missing, out[outputs]. Values must be finite or NaN;
 * XGBoost rounds them to float32 first. Results of XGBoost models are float32 values, widened.
 */
void rx_forest_margins(const struct rx_forest *forest, const double *row, double *out);
/* rows[n][inputs] and out[n][outputs], row by row; the same values, faster. */
void rx_forest_margins_batch(const struct rx_forest *forest, const double *rows, size_t n,
                             double *out);
/*
 * margins[outputs] to out[values] by the objective: sigmoid, softmax, exp, the class, or as they
 * are. In float32 for XGBoost (its predictions to 1-2 units in the last place).
 */
void rx_forest_transform(const struct rx_forest *forest, const double *margins, double *out);
