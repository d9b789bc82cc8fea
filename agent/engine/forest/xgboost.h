// SPDX-License-Identifier: Apache-2.0
/*
 * XGBoost models of versions 1.0 to 3.2, as JSON or UBJSON. Source: the schema in XGBoost's
 * documentation ("Introduction to Model IO") and libxgboost's behaviour at 3.2.0. Refused by name:
 * gblinear, more than one target, vector leaves, re-coded categories, unknown objectives, newer
 * versions. Missing inputs are NaN; the model file does not keep another value for them.
 */
#pragma once

#include "agent/engine/forest/document.h"
#include "agent/engine/forest/forest_core.h"

#define RX_XGB_NEWEST_MAJOR 3
#define RX_XGB_NEWEST_MINOR 2
/* Of the document: objects and arrays inside each other. */
#define RX_XGB_MAX_DEPTH 32

/* They fill an empty forest and leave the check of its trees to rx_forest_finish. Errors as those
 * of rx_forest_load. */
int rx_forest_read_xgb_json(struct rx_str text, const struct rx_forest_options *options,
                            struct rx_forest *forest, struct rx_error *err) RX_MUST_CHECK;
int rx_forest_read_xgb_ubjson(struct rx_str bytes, const struct rx_forest_options *options,
                              struct rx_forest *forest, struct rx_error *err) RX_MUST_CHECK;
int rx_forest_read_xgb_value(struct rx_doc root, const struct rx_forest_options *options,
                             struct rx_forest *forest, struct rx_error *err) RX_MUST_CHECK;

/* Sets link and base margins from the objective and the base score (in the space of its
 * predictions): one value for all outputs, or n of them. libxgboost takes the score of an untrained
 * model (no trees, boost_from_average) for the margin itself. */
int rx_xgb_set_objective(struct rx_forest *forest, struct rx_str objective, bool untrained,
                         const double *scores, size_t n, struct rx_error *err) RX_MUST_CHECK;
/* Reads one element of model.trees as the next tree of the forest. */
int rx_xgb_read_tree(struct rx_doc tree, size_t index, uint32_t group, float weight,
                     struct rx_forest *forest, struct rx_error *err) RX_MUST_CHECK;
/* An integer given as a number or as text ("12"); RX_EINVALID names the field. */
int rx_xgb_integer(struct rx_doc object, const char *key, int64_t min, int64_t max, int64_t *ret,
                   struct rx_error *err) RX_MUST_CHECK;
