// SPDX-License-Identifier: Apache-2.0
/* The walk over an XGBoost document: parameters, objective, booster, trees. */
#include "agent/engine/forest/xgboost.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/parse.h"

/* What the walk gathers before the trees are read. */
struct walker {
    struct rx_doc learner, model; /* model: gradient_booster.model, or that of dart's gbtree */
    struct rx_forest *forest;     /* borrowed */
    const struct rx_forest_options *options;
    struct rx_error *err;
    int64_t n_trees, parallel;
    uint32_t *groups; /* owned: tree_info */
    float *weights;   /* owned: weight_drop, or NULL */
};

static int refuse(const struct walker *w, const char *what)
{
    return rx_error_set(w->err, RX_EINVALID, "%s", what);
}

int rx_xgb_integer(struct rx_doc object, const char *key, int64_t min, int64_t max, int64_t *ret,
                   struct rx_error *err)
{
    struct rx_doc value = rx_doc_get(object, key);
    struct rx_str text = rx_doc_str(value);
    double number = rx_doc_double(value, (double)NAN);
    if (text.p && rx_parse_i64(text, min, max, ret) == 0) {
        return 0;
    }
    if (!text.p && number >= (double)min && number <= (double)max && number == floor(number)) {
        *ret = (int64_t)number;
        return 0;
    }
    return rx_error_set(err, RX_EINVALID, "%s: an integer from %lld to %lld expected", key,
                        (long long)min, (long long)max);
}

/* As above; the fallback when the key is absent. */
static int integer_or(struct rx_doc object, const char *key, int64_t fallback, int64_t max,
                      int64_t *ret, struct rx_error *err)
{
    *ret = fallback;
    if (rx_doc_type(rx_doc_get(object, key)) == RX_JSON_MISSING) {
        return 0;
    }
    return rx_xgb_integer(object, key, 0, max, ret, err);
}

static int read_version(const struct walker *w, struct rx_doc version)
{
    double parts[3] = {1, 0, 0};
    struct rx_doc_iter iter = rx_doc_iter_of(version);
    bool ok = rx_doc_type(version) == RX_JSON_ARRAY && rx_doc_len(version) == 3;
    while (ok && rx_doc_next(&iter)) {
        parts[iter.index] = rx_doc_double(iter.value, -1);
        ok = parts[iter.index] >= 0 && parts[iter.index] < 10000;
    }
    if (!ok) {
        return refuse(w, "version: three integers expected, such as [3, 2, 0]");
    }
    (void)snprintf(w->forest->version, sizeof(w->forest->version), "%.0f.%.0f.%.0f", parts[0],
                   parts[1], parts[2]);
    if (parts[0] > RX_XGB_NEWEST_MAJOR ||
        (parts[0] >= RX_XGB_NEWEST_MAJOR && parts[1] > RX_XGB_NEWEST_MINOR)) {
        return rx_error_set(w->err, RX_EINVALID,
                            "version: XGBoost %s is newer than the newest that is supported, %d.%d",
                            w->forest->version, RX_XGB_NEWEST_MAJOR, RX_XGB_NEWEST_MINOR);
    }
    return 0;
}

static int read_counts(const struct walker *w)
{
    struct rx_doc param = rx_doc_get(w->learner, "learner_model_param");
    int64_t inputs;
    int64_t classes;
    int64_t targets;
    int rc = rx_xgb_integer(param, "num_feature", 0, RX_FOREST_MAX_INPUTS, &inputs, w->err);
    if (rc == 0) {
        rc = integer_or(param, "num_class", 0, RX_FOREST_MAX_OUTPUTS, &classes, w->err);
    }
    if (rc == 0) {
        rc = integer_or(param, "num_target", 1, INT32_MAX, &targets, w->err);
    }
    if (rc < 0) {
        return rx_error_wrap(w->err, "learner.learner_model_param");
    }
    if (targets > 1) {
        return rx_error_set(w->err, RX_EINVALID,
                            "learner.learner_model_param.num_target: %lld targets are not "
                            "supported, only 1",
                            (long long)targets);
    }
    w->forest->n_inputs = (size_t)inputs;
    return rx_forest_set_outputs(w->forest, classes > 1 ? (size_t)classes : 1, w->err);
}

static int read_names(const struct walker *w)
{
    struct rx_doc names = rx_doc_get(w->learner, "feature_names");
    size_t n = rx_doc_len(names);
    if (n == 0) {
        return 0;
    }
    if (rx_doc_type(names) != RX_JSON_ARRAY || n != w->forest->n_inputs) {
        return rx_error_set(w->err, RX_EINVALID,
                            "learner.feature_names: %zu names expected (num_feature), found %zu",
                            w->forest->n_inputs, n);
    }
    struct rx_doc_iter iter = rx_doc_iter_of(names);
    while (rx_doc_next(&iter)) {
        struct rx_str name = rx_doc_str(iter.value);
        if (!name.p || !rx_str_is_utf8(name)) {
            return rx_error_set(w->err, RX_EINVALID, "learner.feature_names[%zu]: a name expected",
                                iter.index);
        }
        int rc = rx_forest_set_name(w->forest, iter.index, name, w->err);
        if (rc < 0) {
            return rc;
        }
    }
    return 0;
}

/* "5E-1", or "[a,b,...]" since 3.1. */
static int read_scores(const struct walker *w, struct rx_doc value, double *scores, size_t max,
                       size_t *ret)
{
    static const char *const what =
        "learner.learner_model_param.base_score: a number or a list of numbers expected";
    struct rx_str text = rx_doc_str(value);
    size_t n = 0;
    if (!text.p) {
        scores[n++] = rx_doc_double(value, (double)NAN);
    } else if (text.n >= 2 && text.p[0] == '[' && text.p[text.n - 1] == ']') {
        struct rx_str rest = {text.p + 1, text.n - 2};
        struct rx_str part;
        while (rx_str_cut(&rest, ',', &part)) {
            if (n == max || rx_parse_double(rx_str_trim(part), &scores[n]) < 0) {
                return refuse(w, what);
            }
            n++;
        }
    } else if (rx_parse_double(text, &scores[n]) < 0) {
        return refuse(w, what);
    } else {
        n++;
    }
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(scores[i])) {
            return refuse(w, what);
        }
    }
    *ret = n;
    return 0;
}

static int read_objective(const struct walker *w)
{
    struct rx_doc name = rx_doc_get(rx_doc_get(w->learner, "objective"), "name");
    struct rx_doc param = rx_doc_get(w->learner, "learner_model_param");
    if (!rx_doc_str(name).p) {
        return refuse(w, "learner.objective.name: a string expected");
    }
    size_t max = w->forest->n_outputs;
    size_t n = 0;
    rx_autofree double *scores = calloc(max, sizeof(*scores));
    if (!scores) {
        return rx_error_set(w->err, -ENOMEM, "out of memory");
    }
    int64_t from_average = 1;
    int rc = integer_or(param, "boost_from_average", 1, 1, &from_average, w->err);
    if (rc == 0) {
        rc = read_scores(w, rx_doc_get(param, "base_score"), scores, max, &n);
    }
    bool untrained = w->n_trees == 0 && from_average == 1;
    return rc < 0 ? rc
                  : rx_xgb_set_objective(w->forest, rx_doc_str(name), untrained, scores, n, w->err);
}

static int read_booster(struct walker *w)
{
    struct rx_doc booster = rx_doc_get(w->learner, "gradient_booster");
    struct rx_str name = rx_doc_str(rx_doc_get(booster, "name"));
    if (!rx_str_is(name, "gbtree") && !rx_str_is(name, "dart")) {
        name.n = name.n > 32 ? 32 : name.n;
        return rx_error_set(w->err, RX_EINVALID,
                            "learner.gradient_booster.name: gbtree or dart expected; \"" RX_STR_FMT
                            "\" is not supported",
                            RX_STR_ARG(name));
    }
    memcpy(w->forest->booster, name.p, name.n);
    w->forest->dart = rx_str_is(name, "dart");
    struct rx_doc holder = w->forest->dart ? rx_doc_get(booster, "gbtree") : booster;
    w->model = rx_doc_get(holder, "model");
    if (rx_doc_type(w->model) != RX_JSON_OBJECT) {
        return refuse(w, "learner.gradient_booster.model: an object expected");
    }
    if (rx_doc_len(rx_doc_get(rx_doc_get(w->model, "cats"), "enc")) > 0) {
        return refuse(w, "learner.gradient_booster.model.cats: re-coded categories are not "
                         "supported; train on integer codes instead of a data frame's categories");
    }
    struct rx_doc param = rx_doc_get(w->model, "gbtree_model_param");
    int rc = rx_xgb_integer(param, "num_trees", 0, RX_FOREST_MAX_TREES, &w->n_trees, w->err);
    if (rc == 0) {
        rc = integer_or(param, "num_parallel_tree", 1, RX_FOREST_MAX_TREES, &w->parallel, w->err);
    }
    if (rc < 0) {
        return rx_error_wrap(w->err, "learner.gradient_booster.model.gbtree_model_param");
    }
    w->parallel = w->parallel > 0 ? w->parallel : 1;
    return 0;
}

/* Checks that an array has one entry a tree. */
static int per_tree(const struct walker *w, struct rx_doc array, const char *key)
{
    if (rx_doc_type(array) != RX_JSON_ARRAY || rx_doc_len(array) != (size_t)w->n_trees) {
        return rx_error_set(w->err, RX_EINVALID,
                            "learner.gradient_booster: %s: %lld entries expected (num_trees), "
                            "found %zu",
                            key, (long long)w->n_trees, rx_doc_len(array));
    }
    return 0;
}

static int read_tree_info(struct walker *w)
{
    struct rx_doc array = rx_doc_get(w->model, "tree_info");
    int rc = per_tree(w, array, "tree_info");
    if (rc < 0) {
        return rc;
    }
    w->groups = calloc((size_t)w->n_trees + 1, sizeof(*w->groups));
    if (!w->groups) {
        return rx_error_set(w->err, -ENOMEM, "out of memory");
    }
    struct rx_doc_iter iter = rx_doc_iter_of(array);
    while (rx_doc_next(&iter)) {
        double group = rx_doc_double(iter.value, -1);
        if (!(group >= 0 && group < (double)w->forest->n_outputs && group == floor(group))) {
            return rx_error_set(w->err, RX_EINVALID,
                                "tree_info[%zu]: an integer below %zu expected (the outputs)",
                                iter.index, w->forest->n_outputs);
        }
        w->groups[iter.index] = (uint32_t)group;
    }
    return 0;
}

static int read_weights(struct walker *w)
{
    if (!w->forest->dart) {
        return 0;
    }
    struct rx_doc booster = rx_doc_get(w->learner, "gradient_booster");
    struct rx_doc array = rx_doc_get(booster, "weight_drop");
    int rc = per_tree(w, array, "weight_drop");
    if (rc < 0) {
        return rc;
    }
    w->weights = calloc((size_t)w->n_trees + 1, sizeof(*w->weights));
    if (!w->weights) {
        return rx_error_set(w->err, -ENOMEM, "out of memory");
    }
    struct rx_doc_iter iter = rx_doc_iter_of(array);
    while (rx_doc_next(&iter)) {
        float weight = (float)rx_doc_double(iter.value, (double)NAN);
        if (!isfinite(weight)) {
            return rx_error_set(w->err, RX_EINVALID, "weight_drop[%zu]: a number expected",
                                iter.index);
        }
        w->weights[iter.index] = weight;
    }
    return 0;
}

/* How many trees the first `rounds` boosting rounds have; also counts the rounds of the file. */
static int trees_of_rounds(const struct walker *w, int64_t rounds, size_t *ret)
{
    struct rx_doc starts = rx_doc_get(w->model, "iteration_indptr");
    size_t a_round = w->forest->n_outputs * (size_t)w->parallel;
    size_t n_trees = (size_t)w->n_trees;
    assert(a_round > 0); /* both were read as at least 1 */
    *ret = n_trees;
    if (rx_doc_len(starts) == 0) {
        w->forest->iterations = (n_trees + a_round - 1) / a_round;
        if (rounds >= 0 && (size_t)rounds < w->forest->iterations) {
            *ret = (size_t)rounds * a_round;
        }
        return 0;
    }
    w->forest->iterations = rx_doc_len(starts) - 1;
    double before = 0;
    struct rx_doc_iter iter = rx_doc_iter_of(starts);
    while (rx_doc_next(&iter)) {
        double at = rx_doc_double(iter.value, -1);
        bool last = iter.index == w->forest->iterations;
        if (!(at >= before && at <= (double)n_trees && at == floor(at)) ||
            (iter.index == 0 && at != 0) || (last && at != (double)n_trees)) {
            return rx_error_set(w->err, RX_EINVALID,
                                "iteration_indptr[%zu]: a rising list from 0 to num_trees expected",
                                iter.index);
        }
        if (rounds >= 0 && (size_t)rounds == iter.index) {
            *ret = (size_t)at;
        }
        before = at;
    }
    return 0;
}

static int read_rounds(const struct walker *w)
{
    struct rx_doc attributes = rx_doc_get(w->learner, "attributes");
    int64_t best = -1;
    int rc = 0;
    if (rx_doc_type(rx_doc_get(attributes, "best_iteration")) != RX_JSON_MISSING) {
        rc = rx_xgb_integer(attributes, "best_iteration", 0, INT32_MAX, &best, w->err);
    }
    if (rc < 0) {
        return rx_error_wrap(w->err, "learner.attributes");
    }
    w->forest->best_iteration = best;
    int64_t rounds = w->options->iterations;
    if (rounds == RX_FOREST_BEST) {
        rounds = best >= 0 ? best + 1 : -1;
    }
    rc = trees_of_rounds(w, rounds, &w->forest->keep_trees);
    if (rc == 0 && w->options->iterations > 0 && (size_t)rounds > w->forest->iterations) {
        rc = rx_error_set(w->err, RX_EINVALID, "at most %zu rounds expected, %lld asked for",
                          w->forest->iterations, (long long)rounds);
    }
    return rc;
}

static int read_trees(const struct walker *w)
{
    struct rx_doc trees = rx_doc_get(w->model, "trees");
    int rc = per_tree(w, trees, "trees");
    if (rc < 0) {
        return rc;
    }
    struct rx_doc_iter iter = rx_doc_iter_of(trees);
    while (rx_doc_next(&iter)) {
        float weight = w->weights ? w->weights[iter.index] : 1;
        rc = rx_xgb_read_tree(iter.value, iter.index, w->groups[iter.index], weight, w->forest,
                              w->err);
        if (rc < 0) {
            return rc;
        }
    }
    return 0;
}

int rx_forest_read_xgb_value(struct rx_doc root, const struct rx_forest_options *options,
                             struct rx_forest *forest, struct rx_error *err)
{
    static int (*const parts[])(const struct walker *) = {read_counts, read_names, read_objective};
    struct walker w = {
        .learner = rx_doc_get(root, "learner"), .forest = forest, .options = options, .err = err};
    forest->family = RX_FOREST_XGBOOST;
    if (rx_doc_type(w.learner) != RX_JSON_OBJECT) {
        return refuse(&w, "learner: an object expected: this is not an XGBoost model");
    }
    int rc = read_version(&w, rx_doc_get(root, "version"));
    if (rc == 0) {
        rc = read_booster(&w); /* first: gblinear has other parameters */
    }
    for (size_t i = 0; rc == 0 && i < RX_ARRAY_LEN(parts); i++) {
        rc = parts[i](&w);
    }
    if (rc == 0) {
        rc = read_tree_info(&w);
    }
    if (rc == 0) {
        rc = read_weights(&w);
    }
    if (rc == 0) {
        rc = read_rounds(&w);
    }
    if (rc == 0) {
        rc = read_trees(&w);
    }
    free(w.groups);
    free(w.weights);
    return rc;
}

int rx_forest_read_xgb_json(struct rx_str text, const struct rx_forest_options *options,
                            struct rx_forest *forest, struct rx_error *err)
{
    struct rx_json_limits limits = {
        .max_bytes = RX_FOREST_MAX_BYTES, .max_depth = RX_XGB_MAX_DEPTH, .allow_nonfinite = true};
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    int rc = rx_json_parse(text, &limits, &doc, err);
    if (rc < 0) {
        return rc;
    }
    return rx_forest_read_xgb_value(rx_doc_json(rx_json_root(doc)), options, forest, err);
}

int rx_forest_read_xgb_ubjson(struct rx_str bytes, const struct rx_forest_options *options,
                              struct rx_forest *forest, struct rx_error *err)
{
    rx_auto(ubj_doc) struct rx_ubj_doc *doc = NULL;
    int rc = rx_ubj_parse(bytes, &doc, err);
    if (rc < 0) {
        return rc;
    }
    return rx_forest_read_xgb_value(rx_doc_ubj(rx_ubj_root(doc)), options, forest, err);
}
