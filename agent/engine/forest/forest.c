// SPDX-License-Identifier: Apache-2.0
/* The public face: loading by format, facts, the objective's link. */
#include "agent/engine/forest/forest.h"

#include <errno.h>

#include "agent/engine/forest/forest_core.h"
#include "agent/engine/forest/xgboost.h"

static bool is_lightgbm(struct rx_str bytes)
{
    return rx_str_starts(bytes, RX_STR("tree\n")) || rx_str_starts(bytes, RX_STR("tree\r\n"));
}

static bool one_of(const char *set, char c)
{
    return c != '\0' && strchr(set, c) != NULL;
}

/* Both begin with '{'. A UBJSON object goes on with the type of a length (or of all its values, or
 * their count), a JSON object with white space, a quote or its end. */
static bool is_ubjson(struct rx_str bytes)
{
    return bytes.n > 1 && bytes.p[0] == '{' && one_of("iUIlL$#N", bytes.p[1]);
}

static int read_any(struct rx_str bytes, const struct rx_forest_options *options,
                    struct rx_forest *forest, struct rx_error *err)
{
    if (bytes.n > RX_FOREST_MAX_BYTES) {
        return rx_error_set(err, RX_ELIMIT, "model of %zu bytes: at most %u are accepted", bytes.n,
                            RX_FOREST_MAX_BYTES);
    }
    if (is_lightgbm(bytes)) {
        forest->format = RX_FOREST_LIGHTGBM;
        return rx_forest_read_lightgbm(bytes, options, forest, err);
    }
    if (is_ubjson(bytes)) {
        forest->format = RX_FOREST_XGB_UBJSON;
        return rx_forest_read_xgb_ubjson(bytes, options, forest, err);
    }
    if (bytes.n > 0 && one_of("{ \t\r\n", bytes.p[0])) {
        forest->format = RX_FOREST_XGB_JSON;
        return rx_forest_read_xgb_json(bytes, options, forest, err);
    }
    return rx_error_set(err, RX_EPARSE,
                        "not a model: XGBoost's JSON or UBJSON or LightGBM's text "
                        "expected");
}

int rx_forest_load_with(struct rx_str bytes, const struct rx_forest_options *options,
                        struct rx_forest **ret, struct rx_error *err)
{
    static const struct rx_forest_options defaults = {.iterations = RX_FOREST_BEST};
    rx_auto(forest) struct rx_forest *forest = rx_forest_new();
    if (!forest) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    int rc = read_any(bytes, options ? options : &defaults, forest, err);
    if (rc == 0) {
        rc = rx_forest_finish(forest, err);
    }
    if (rc < 0) {
        return rc;
    }
    *ret = RX_TAKE(forest);
    return 0;
}

int rx_forest_load(struct rx_str bytes, struct rx_forest **ret, struct rx_error *err)
{
    return rx_forest_load_with(bytes, NULL, ret, err);
}

int rx_forest_load_json(const struct rx_json *value, const struct rx_forest_options *options,
                        struct rx_forest **ret, struct rx_error *err)
{
    static const struct rx_forest_options defaults = {.iterations = RX_FOREST_BEST};
    rx_auto(forest) struct rx_forest *forest = rx_forest_new();
    if (!forest) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    forest->format = RX_FOREST_XGB_JSON;
    int rc =
        rx_forest_read_xgb_value(rx_doc_json(value), options ? options : &defaults, forest, err);
    if (rc == 0) {
        rc = rx_forest_finish(forest, err);
    }
    if (rc < 0) {
        return rc;
    }
    *ret = RX_TAKE(forest);
    return 0;
}

/* --- facts -------------------------------------------------------------------------------------
 */

enum rx_forest_format rx_forest_format(const struct rx_forest *forest)
{
    return forest->format;
}

const char *rx_forest_format_name(const struct rx_forest *forest)
{
    static const char *const names[RX_FOREST_FORMAT_MAX] = {
        [RX_FOREST_XGB_JSON] = "XGBoost JSON",
        [RX_FOREST_XGB_UBJSON] = "XGBoost UBJSON",
        [RX_FOREST_LIGHTGBM] = "LightGBM text",
    };
    return names[forest->format];
}

const char *rx_forest_version(const struct rx_forest *forest)
{
    return forest->version;
}

const char *rx_forest_booster(const struct rx_forest *forest)
{
    return forest->booster;
}

const char *rx_forest_objective(const struct rx_forest *forest)
{
    return forest->objective;
}

size_t rx_forest_inputs(const struct rx_forest *forest)
{
    return forest->n_inputs;
}

const char *rx_forest_input_name(const struct rx_forest *forest, size_t input)
{
    return forest->names && input < forest->n_inputs ? forest->names[input] : NULL;
}

size_t rx_forest_outputs(const struct rx_forest *forest)
{
    return forest->n_outputs;
}

size_t rx_forest_values(const struct rx_forest *forest)
{
    return forest->link == RX_LINK_SOFTMAX_CLASS ? 1 : forest->n_outputs;
}

double rx_forest_base_margin(const struct rx_forest *forest, size_t output)
{
    return forest->base[output];
}

size_t rx_forest_trees(const struct rx_forest *forest)
{
    return forest->n_trees;
}

size_t rx_forest_trees_in_file(const struct rx_forest *forest)
{
    return forest->trees_in_file;
}

size_t rx_forest_nodes(const struct rx_forest *forest)
{
    return forest->n_nodes;
}

size_t rx_forest_leaves(const struct rx_forest *forest)
{
    return forest->n_leaves;
}

size_t rx_forest_depth(const struct rx_forest *forest)
{
    return forest->depth;
}

size_t rx_forest_iterations(const struct rx_forest *forest)
{
    return forest->iterations;
}

int64_t rx_forest_best_iteration(const struct rx_forest *forest)
{
    return forest->best_iteration;
}
