// SPDX-License-Identifier: Apache-2.0
/*
 * Any model file behind one face: XGBoost (JSON, UBJSON), LightGBM (text), and the project's own
 * bundles, told apart by their content. One thread each.
 */
#pragma once

#include "agent/engine/forest/forest.h"
#include "agent/engine/model/model.h"
#include "common/json/write.h"

struct rx_model_file {
    struct rx_forest *forest; /* owned; exactly one of forest and bundle is set */
    struct rx_model *bundle;  /* owned */
    struct rx_model_scratch *scratch;
    size_t inputs;
    const char **names; /* owned; of the inputs, borrowed from the model; NULLs: unnamed */
};

/* iterations: see struct rx_forest_options; bundles take no notice of it. Errors begin with the
 * path. rx_model_file_free after success only. */
int rx_model_file_load(const char *path, int64_t iterations, struct rx_model_file *ret,
                       struct rx_error *err) RX_MUST_CHECK;
void rx_model_file_free(struct rx_model_file *file);
RX_DEFINE_CLEANUP_INPLACE(model_file, struct rx_model_file, rx_model_file_free);

/* Outputs a row: margins (log-odds of a bundle's targets), or values (probabilities, classes...).
 */
size_t rx_model_file_outputs(const struct rx_model_file *file, bool margin);
/* "margin", "prediction", numbered "_0", "_1" when there are several; "p_rug_24h" and
 * "logit_rug_24h" for bundles. */
void rx_model_file_output_name(const struct rx_model_file *file, bool margin, size_t output,
                               struct rx_buf *ret);
/* rows[n][inputs], NaN = missing; out[n][outputs]. */
void rx_model_file_predict(struct rx_model_file *file, const double *rows, size_t n, bool margin,
                           double *out);
/* Whether the value can be read: XGBoost's inputs must fit float32. */
bool rx_model_file_accepts(const struct rx_model_file *file, double value);

/* The facts that `model info` prints, as members of the open object, and as lines. */
void rx_model_file_write(const struct rx_model_file *file, bool inputs, struct rx_jw *w);
void rx_model_file_print(const struct rx_model_file *file, struct rx_buf *out);
/* "XGBoost JSON 3.2.0, binary:logistic, 300 trees, depth 6, 38 inputs, 1 output". */
void rx_model_file_summary(const struct rx_model_file *file, struct rx_buf *out);
