// SPDX-License-Identifier: Apache-2.0
/*
 * LightGBM's text format, versions 2 to 4: a header of "key=value" lines, one "Tree=" block a tree,
 * then parts that do not matter for predictions. Leaf values are already shrunk. Source: G. Ke et
 * al., "LightGBM: A Highly Efficient Gradient Boosting Decision Tree", NIPS 2017, and the format as
 * the library writes it.
 */
#include <stdio.h>

#include "agent/engine/forest/forest_core.h"
#include "agent/engine/forest/lightgbm_text.h"
#include "agent/engine/forest/lightgbm_tree.h"
#include "common/base/parse.h"

/* What may follow an objective's name. */
enum { WITH_NOTHING = 0, WITH_SIGMOID = 1, WITH_CLASSES = 2, WITH_SQRT = 4 };

static const struct objective {
    const char *name;
    enum rx_forest_link link;
    unsigned with;
} objectives[] = {
    {"binary", RX_LINK_SIGMOID, WITH_SIGMOID},
    {"multiclass", RX_LINK_SOFTMAX, WITH_CLASSES},
    {"multiclassova", RX_LINK_SIGMOID, WITH_CLASSES | WITH_SIGMOID},
    {"regression", RX_LINK_IDENTITY, WITH_SQRT},
    {"regression_l1", RX_LINK_IDENTITY, WITH_NOTHING},
    {"huber", RX_LINK_IDENTITY, WITH_NOTHING},
    {"fair", RX_LINK_IDENTITY, WITH_NOTHING},
    {"quantile", RX_LINK_IDENTITY, WITH_NOTHING},
    {"mape", RX_LINK_IDENTITY, WITH_NOTHING},
    {"poisson", RX_LINK_EXP, WITH_NOTHING},
    {"gamma", RX_LINK_EXP, WITH_NOTHING},
    {"tweedie", RX_LINK_EXP, WITH_NOTHING},
    {"cross_entropy", RX_LINK_SIGMOID, WITH_NOTHING},
    {"cross_entropy_lambda", RX_LINK_LOG1P_EXP, WITH_NOTHING},
    {"lambdarank", RX_LINK_IDENTITY, WITH_NOTHING},
    {"rank_xendcg", RX_LINK_IDENTITY, WITH_NOTHING},
    {"custom", RX_LINK_IDENTITY, WITH_NOTHING},
};

static const struct objective *find_objective(struct rx_str name)
{
    for (size_t i = 0; i < RX_ARRAY_LEN(objectives); i++) {
        if (rx_str_is(name, objectives[i].name)) {
            return &objectives[i];
        }
    }
    return NULL;
}

/* One word behind the objective's name: "sigmoid:1", "num_class:3", "sqrt". */
static int read_option(const struct objective *objective, struct rx_str word,
                       struct rx_forest *forest, struct rx_error *err)
{
    struct rx_str value = word;
    struct rx_str key = {NULL, 0};
    (void)rx_str_cut(&value, ':', &key); /* without ":" value is empty */
    double number = 0;
    if ((objective->with & WITH_SQRT) && rx_str_is(word, "sqrt")) {
        forest->link = RX_LINK_SIGNED_SQUARE;
        return 0;
    }
    if ((objective->with & WITH_SIGMOID) && rx_str_is(key, "sigmoid")) {
        if (rx_parse_double(value, &number) < 0 || !(number > 0)) {
            return rx_error_set(err, RX_EINVALID,
                                "objective: sigmoid: expected a number above 0, got \"" RX_STR_FMT
                                "\"",
                                RX_STR_ARG(value));
        }
        forest->link_scale = number;
        return 0;
    }
    if ((objective->with & WITH_CLASSES) && rx_str_is(key, "num_class")) {
        uint64_t classes = 0;
        if (rx_parse_u64(value, RX_FOREST_MAX_OUTPUTS, &classes) < 0 ||
            classes != forest->n_outputs) {
            return rx_error_set(err, RX_EINVALID,
                                "objective: num_class: expected %zu as in num_class, got "
                                "\"" RX_STR_FMT "\"",
                                forest->n_outputs, RX_STR_ARG(value));
        }
        return 0;
    }
    return rx_error_set(err, RX_EINVALID,
                        "objective: \"" RX_STR_FMT "\" is not known as an option of %s",
                        RX_STR_ARG(word), objective->name);
}

static int read_objective(const struct rx_lgb_fields *fields, struct rx_forest *forest,
                          struct rx_error *err)
{
    /* Without one the trainer had a function of its own: margins are the answer. */
    struct rx_str rest = RX_STR("custom");
    const struct rx_lgb_field *field = rx_lgb_find(fields, "objective");
    if (field && field->value.n > 0) {
        rest = field->value;
    }
    struct rx_str word = {NULL, 0};
    (void)rx_str_cut(&rest, ' ', &word);
    const struct objective *objective = find_objective(word);
    if (!objective) {
        return rx_error_set(err, RX_EINVALID,
                            "objective: \"%.*s\" is not supported (expected binary, multiclass, "
                            "multiclassova, regression, poisson, gamma, tweedie, cross_entropy or "
                            "another of LightGBM's own)",
                            (int)(word.n < 60 ? word.n : 60), word.p);
    }
    (void)snprintf(forest->objective, sizeof(forest->objective), "%s", objective->name);
    forest->link = objective->link;
    int r = 0;
    while (r == 0 && rx_str_cut(&rest, ' ', &word)) {
        r = word.n > 0 ? read_option(objective, word, forest, err) : 0;
    }
    return r;
}

static int read_version(const struct rx_lgb_fields *fields, struct rx_forest *forest,
                        struct rx_error *err)
{
    struct rx_str version = {NULL, 0};
    int r = rx_lgb_need(fields, "version", &version, err);
    if (r < 0) {
        return r;
    }
    if (!rx_str_is(version, "v2") && !rx_str_is(version, "v3") && !rx_str_is(version, "v4")) {
        return rx_error_set(err, RX_EINVALID, "version: expected v2, v3 or v4, got \"%.*s\"",
                            (int)(version.n < 20 ? version.n : 20), version.p);
    }
    (void)snprintf(forest->version, sizeof(forest->version), RX_STR_FMT, RX_STR_ARG(version));
    return 0;
}

static int read_outputs(const struct rx_lgb_fields *fields, struct rx_forest *forest,
                        struct rx_error *err)
{
    int64_t classes = 0;
    int64_t per_iteration = 0;
    int r = rx_lgb_int(fields, "num_class", 1, RX_FOREST_MAX_OUTPUTS, &classes, err);
    per_iteration = classes;
    if (r == 0 && rx_lgb_find(fields, "num_tree_per_iteration")) {
        r = rx_lgb_int(fields, "num_tree_per_iteration", 1, RX_FOREST_MAX_OUTPUTS, &per_iteration,
                       err);
    }
    if (r == 0 && per_iteration != classes) {
        r = rx_error_set(err, RX_EINVALID,
                         "num_tree_per_iteration: expected %lld as num_class, got %lld",
                         (long long)classes, (long long)per_iteration);
    }
    return r < 0 ? r : rx_forest_set_outputs(forest, (size_t)per_iteration, err);
}

static int read_inputs(const struct rx_lgb_fields *fields, struct rx_forest *forest,
                       struct rx_error *err)
{
    int64_t last = 0;
    struct rx_str names = {NULL, 0};
    int r = rx_lgb_int(fields, "max_feature_idx", 0, RX_FOREST_MAX_INPUTS - 1, &last, err);
    r = r < 0 ? r : rx_lgb_need(fields, "feature_names", &names, err);
    if (r < 0) {
        return r;
    }
    size_t n = rx_lgb_words(names);
    if (n != (size_t)last + 1) {
        return rx_error_set(err, RX_EINVALID, "feature_names: expected %zu names, got %zu",
                            (size_t)last + 1, n);
    }
    forest->n_inputs = n;
    struct rx_str name = {NULL, 0};
    for (size_t i = 0; r == 0 && rx_str_cut(&names, ' ', &name);) {
        r = name.n > 0 ? rx_forest_set_name(forest, i++, name, err) : 0;
    }
    return r;
}

static int read_header(struct rx_str *rest, struct rx_lgb_fields *fields, struct rx_forest *forest,
                       struct rx_error *err)
{
    struct rx_str line = {NULL, 0};
    if (!rx_lgb_line(rest, &line) || !rx_str_is(line, "tree")) {
        return rx_error_set(err, RX_EPARSE, "expected \"tree\" on the first line");
    }
    int r = rx_lgb_fields_read(rest, fields, err);
    r = r < 0 ? r : read_version(fields, forest, err);
    r = r < 0 ? r : read_outputs(fields, forest, err);
    r = r < 0 ? r : read_objective(fields, forest, err);
    r = r < 0 ? r : read_inputs(fields, forest, err);
    if (r == 0) {
        bool average = rx_lgb_find(fields, "average_output") != NULL;
        (void)snprintf(forest->booster, sizeof(forest->booster), average ? "rf" : "gbdt");
    }
    return r;
}

/* "Tree=7": the blocks come in order. */
static int read_tree_line(struct rx_str line, size_t expected, struct rx_error *err)
{
    uint64_t number = 0;
    struct rx_str text = {line.p + strlen("Tree="), line.n - strlen("Tree=")};
    if (rx_parse_u64(text, RX_FOREST_MAX_TREES, &number) < 0 || number != expected) {
        return rx_error_set(err, RX_EPARSE, "expected \"Tree=%zu\", got \"%.*s\"", expected,
                            (int)(line.n < 40 ? line.n : 40), line.p);
    }
    return 0;
}

/* All blocks are read, so that a fault behind the trees that count is found too. */
static int read_trees(struct rx_str *rest, struct rx_lgb_fields *fields, struct rx_forest *forest,
                      struct rx_error *err)
{
    struct rx_str before = *rest;
    struct rx_str line = {NULL, 0};
    while (rx_lgb_line(rest, &line) && rx_str_starts(line, RX_STR("Tree="))) {
        size_t n = forest->n_trees;
        int r = read_tree_line(line, n, err);
        if (r < 0) {
            return r;
        }
        r = rx_lgb_fields_read(rest, fields, err);
        r = r < 0 ? r : rx_lgb_tree_read(fields, (uint32_t)(n % forest->n_outputs), forest, err);
        if (r < 0) {
            (void)rx_error_wrap(err, "tree %zu", n);
            return r;
        }
        before = *rest;
    }
    *rest = before;
    return 0;
}

/* A file that was cut off must not load as a smaller model. */
static int check_end(struct rx_str rest, size_t sizes, bool has_sizes,
                     const struct rx_forest *forest, struct rx_error *err)
{
    if (has_sizes && sizes != forest->n_trees) {
        return rx_error_set(err, RX_EINVALID, "tree_sizes: %zu trees are listed, %zu follow", sizes,
                            forest->n_trees);
    }
    struct rx_str line = {NULL, 0};
    if (strcmp(forest->version, "v2") != 0 &&
        (!rx_lgb_line(&rest, &line) || !rx_str_is(line, "end of trees"))) {
        return rx_error_set(err, RX_EPARSE,
                            "expected \"end of trees\" behind tree %zu: is the file complete?",
                            forest->n_trees);
    }
    if (forest->n_trees == 0 || forest->n_trees % forest->n_outputs != 0) {
        return rx_error_set(err, RX_EINVALID,
                            "expected %zu trees an iteration and one iteration at least, got %zu "
                            "trees",
                            forest->n_outputs, forest->n_trees);
    }
    return 0;
}

/* The trees behind the iterations that were asked for do not count. */
static int limit_iterations(const struct rx_forest_options *options, struct rx_forest *forest,
                            struct rx_error *err)
{
    forest->trees_in_file = forest->n_trees;
    forest->iterations = forest->n_trees / forest->n_outputs;
    size_t used = forest->iterations;
    if (options && options->iterations > 0) {
        used = (size_t)options->iterations;
    }
    if (used > forest->iterations) {
        return rx_error_set(err, RX_EINVALID, "expected at most %zu iterations, got %zu",
                            forest->iterations, used);
    }
    forest->keep_trees = used * forest->n_outputs;
    return 0;
}

int rx_forest_read_lightgbm(struct rx_str text, const struct rx_forest_options *options,
                            struct rx_forest *forest, struct rx_error *err)
{
    if (text.n > RX_FOREST_MAX_BYTES) {
        return rx_error_set(err, RX_ELIMIT, "expected at most %u bytes, got %zu",
                            RX_FOREST_MAX_BYTES, text.n);
    }
    forest->family = RX_FOREST_LIGHTGBM_TREES;
    forest->format = RX_FOREST_LIGHTGBM;
    struct rx_lgb_fields fields;
    int r = read_header(&text, &fields, forest, err);
    if (r < 0) {
        return r;
    }
    bool average = rx_lgb_find(&fields, "average_output") != NULL;
    const struct rx_lgb_field *sizes = rx_lgb_find(&fields, "tree_sizes");
    size_t n_sizes = sizes ? rx_lgb_words(sizes->value) : 0;
    r = read_trees(&text, &fields, forest, err);
    r = r < 0 ? r : check_end(text, n_sizes, sizes != NULL, forest, err);
    r = r < 0 ? r : limit_iterations(options, forest, err);
    if (r == 0 && average) {
        size_t used = forest->keep_trees / forest->n_outputs;
        forest->divide = (double)used;
    }
    return r;
}
