// SPDX-License-Identifier: Apache-2.0
/* One tree of an XGBoost model: parallel arrays, one entry a node. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/engine/forest/xgboost.h"

/* What libxgboost writes as the feature of a node that pruning took away. */
#define PRUNED 2147483647.0
/* Categories are float32 integers: all below 2^24 are exact. */
#define MAX_CATEGORY 16777215.0

struct reader {
    struct rx_doc tree;
    size_t index, n;
    struct rx_forest *forest;
    struct rx_error *err;
};

static int refuse(const struct reader *r, const char *key, const char *what)
{
    return rx_error_set(r->err, RX_EINVALID, "tree %zu: %s: %s", r->index, key, what);
}

static int refuse_at(const struct reader *r, const char *key, size_t at, const char *what)
{
    return rx_error_set(r->err, RX_EINVALID, "tree %zu, node %zu: %s: %s", r->index, at, key, what);
}

/* The array `key`, which must have n entries (any number when n is SIZE_MAX). */
static int find_array(const struct reader *r, const char *key, size_t n, struct rx_doc *ret)
{
    *ret = rx_doc_get(r->tree, key);
    if (rx_doc_type(*ret) != RX_JSON_ARRAY) {
        return rx_error_set(r->err, RX_EINVALID, "tree %zu: %s: an array expected, found %s",
                            r->index, key, rx_doc_type_name(*ret));
    }
    if (n != SIZE_MAX && rx_doc_len(*ret) != n) {
        return rx_error_set(r->err, RX_EINVALID,
                            "tree %zu: %s: %zu entries expected (num_nodes), found %zu", r->index,
                            key, n, rx_doc_len(*ret));
    }
    return 0;
}

/* --- columns, one value a node -----------------------------------------------------------------
 */

struct column {
    const char *key;
    bool optional, integer;
    double min, max; /* of integers */
    void (*set)(struct rx_forest_node *node, double value);
};

static void set_left(struct rx_forest_node *node, double value)
{
    node->kind = value < 0 ? RX_NODE_LEAF : RX_NODE_NUMERIC;
    node->left = (uint32_t)(int64_t)value;
}

static void set_right(struct rx_forest_node *node, double value)
{
    node->right = (uint32_t)(int64_t)value;
}

static void set_feature(struct rx_forest_node *node, double value)
{
    node->feature = (uint32_t)value;
    if (value == PRUNED) {
        node->kind = RX_NODE_UNUSED;
    }
}

static void set_condition(struct rx_forest_node *node, double value)
{
    node->value = (double)(float)value;
}

static void set_default(struct rx_forest_node *node, double value)
{
    node->default_left = value != 0;
}

static void set_type(struct rx_forest_node *node, double value)
{
    if (node->kind == RX_NODE_NUMERIC && value == 1) {
        node->kind = RX_NODE_CATEGORY;
    }
}

static void set_cover(struct rx_forest_node *node, double value)
{
    node->cover = isfinite((float)value) ? (double)(float)value : 0;
}

/* In this order: kinds are told by left_children first. */
static const struct column columns[] = {
    {"left_children", false, true, -1, INT32_MAX, set_left},
    {"right_children", false, true, -1, INT32_MAX, set_right},
    {"split_indices", false, true, 0, PRUNED, set_feature},
    {"split_conditions", false, false, 0, 0, set_condition},
    {"default_left", false, true, 0, 1, set_default},
    {"split_type", true, true, 0, 1, set_type},
    {"sum_hessian", true, false, 0, 0, set_cover},
};

static int read_column(const struct reader *r, const struct column *column,
                       struct rx_forest_node *nodes)
{
    if (column->optional && rx_doc_len(rx_doc_get(r->tree, column->key)) == 0) {
        return 0;
    }
    struct rx_doc array;
    int rc = find_array(r, column->key, r->n, &array);
    if (rc < 0) {
        return rc;
    }
    struct rx_doc_iter iter = rx_doc_iter_of(array);
    while (rx_doc_next(&iter)) {
        /* Not a number becomes an infinity, which no integer column takes; NaN is for the check of
         * the thresholds and leaves to name. */
        double value = rx_doc_double(iter.value, column->integer ? (double)INFINITY : (double)NAN);
        if (column->integer &&
            !(value >= column->min && value <= column->max && value == floor(value))) {
            char what[80];
            (void)snprintf(what, sizeof(what), "an integer from %.0f to %.0f expected", column->min,
                           column->max);
            return refuse_at(r, column->key, iter.index, what);
        }
        column->set(&nodes[iter.index], value);
    }
    return 0;
}

static int check_nodes(const struct reader *r, const struct rx_forest_node *nodes)
{
    for (size_t i = 0; i < r->n; i++) {
        bool right = nodes[i].right != UINT32_MAX;
        if (nodes[i].kind == RX_NODE_LEAF && right) {
            return refuse_at(r, "right_children", i, "-1 expected: it has no left child");
        }
        if (nodes[i].kind == RX_NODE_LEAF && !isfinite(nodes[i].value)) {
            return refuse_at(r, "split_conditions", i, "a finite leaf value expected");
        }
        if (nodes[i].kind == RX_NODE_NUMERIC && isnan(nodes[i].value)) {
            return refuse_at(r, "split_conditions", i, "a threshold expected, not NaN");
        }
    }
    return 0;
}

/* --- categories --------------------------------------------------------------------------------
 */

/* Values of an integer array, owned by the caller. */
static int read_integers(const struct reader *r, const char *key, size_t n, double max,
                         uint32_t **ret)
{
    struct rx_doc array;
    int rc = find_array(r, key, n, &array);
    if (rc < 0) {
        return rc;
    }
    rx_autofree uint32_t *values = calloc(rx_doc_len(array) + 1, sizeof(*values));
    if (!values) {
        return rx_error_set(r->err, -ENOMEM, "out of memory");
    }
    struct rx_doc_iter iter = rx_doc_iter_of(array);
    while (rx_doc_next(&iter)) {
        double value = rx_doc_double(iter.value, -1);
        if (!(value >= 0 && value <= max && value == floor(value))) {
            return rx_error_set(r->err, RX_EINVALID,
                                "tree %zu: %s[%zu]: an integer from 0 to %.0f expected", r->index,
                                key, iter.index, max);
        }
        values[iter.index] = (uint32_t)value;
    }
    *ret = RX_TAKE(values);
    return 0;
}

static int fill_set(const struct reader *r, struct rx_forest_node *node, const uint32_t *categories,
                    size_t n)
{
    uint32_t highest = 0;
    for (size_t i = 0; i < n; i++) {
        highest = categories[i] > highest ? categories[i] : highest;
    }
    uint32_t *words;
    node->cat_words = highest / 32 + 1;
    int rc = rx_forest_add_categories(r->forest, node->cat_words, &node->cat_begin, &words, r->err);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        words[categories[i] / 32] |= UINT32_C(1) << (categories[i] % 32);
    }
    return rc;
}

struct segments {
    uint32_t *nodes, *begins, *sizes, *categories; /* owned */
    size_t n, n_categories;
};

static void free_segments(struct segments *segments)
{
    free(segments->nodes);
    free(segments->begins);
    free(segments->sizes);
    free(segments->categories);
}

static int read_segments(const struct reader *r, struct segments *ret)
{
    ret->n = rx_doc_len(rx_doc_get(r->tree, "categories_nodes"));
    ret->n_categories = rx_doc_len(rx_doc_get(r->tree, "categories"));
    int rc = read_integers(r, "categories_nodes", SIZE_MAX, INT32_MAX, &ret->nodes);
    if (rc == 0) {
        rc = read_integers(r, "categories_segments", ret->n, INT32_MAX, &ret->begins);
    }
    if (rc == 0) {
        rc = read_integers(r, "categories_sizes", ret->n, INT32_MAX, &ret->sizes);
    }
    return rc < 0 ? rc : read_integers(r, "categories", SIZE_MAX, MAX_CATEGORY, &ret->categories);
}

static int apply_segments(const struct reader *r, const struct segments *segments,
                          struct rx_forest_node *nodes)
{
    for (size_t i = 0; i < segments->n; i++) {
        size_t at = segments->nodes[i];
        if (at >= r->n || nodes[at].kind != RX_NODE_CATEGORY || nodes[at].cat_words > 0) {
            return refuse_at(r, "categories_nodes", at,
                             "each node with a category split once expected");
        }
        size_t begin = segments->begins[i];
        size_t n = segments->sizes[i];
        if (n == 0 || begin > segments->n_categories || n > segments->n_categories - begin) {
            return refuse_at(r, "categories_segments", at,
                             "its part of categories is out of range");
        }
        int rc = fill_set(r, &nodes[at], segments->categories + begin, n);
        if (rc < 0) {
            return rc;
        }
    }
    for (size_t i = 0; i < r->n; i++) {
        if (nodes[i].kind == RX_NODE_CATEGORY && nodes[i].cat_words == 0) {
            return refuse_at(r, "categories_nodes", i, "a category split without categories");
        }
    }
    return 0;
}

static int read_categories(const struct reader *r, struct rx_forest_node *nodes)
{
    bool any = rx_doc_len(rx_doc_get(r->tree, "categories_nodes")) > 0;
    for (size_t i = 0; i < r->n && !any; i++) {
        any = nodes[i].kind == RX_NODE_CATEGORY;
    }
    if (!any) {
        return 0;
    }
    struct segments segments = {0};
    int rc = read_segments(r, &segments);
    if (rc == 0) {
        rc = apply_segments(r, &segments, nodes);
    }
    free_segments(&segments);
    return rc;
}

int rx_xgb_read_tree(struct rx_doc tree, size_t index, uint32_t group, float weight,
                     struct rx_forest *forest, struct rx_error *err)
{
    struct reader r = {.tree = tree, .index = index, .forest = forest, .err = err};
    if (rx_doc_type(tree) != RX_JSON_OBJECT) {
        return refuse(&r, "trees", "an object expected");
    }
    struct rx_doc param = rx_doc_get(tree, "tree_param");
    int64_t n = 0;
    int64_t leaf = 0;
    int rc = rx_xgb_integer(param, "num_nodes", 1, RX_FOREST_MAX_NODES, &n, err);
    if (rc == 0 && rx_doc_type(rx_doc_get(param, "size_leaf_vector")) != RX_JSON_MISSING) {
        rc = rx_xgb_integer(param, "size_leaf_vector", 0, INT32_MAX, &leaf, err);
    }
    if (rc < 0) {
        return rx_error_wrap(err, "tree %zu: tree_param", index);
    }
    if (leaf > 1) {
        return refuse(&r, "tree_param.size_leaf_vector", "vector leaves are not supported");
    }
    r.n = (size_t)n;
    struct rx_doc left;
    rc = find_array(&r, "left_children", r.n, &left); /* before memory is taken for num_nodes */
    struct rx_forest_node *nodes = NULL;
    if (rc == 0) {
        rc = rx_forest_add_tree(forest, r.n, group, weight, &nodes, err);
    }
    for (size_t i = 0; rc == 0 && i < RX_ARRAY_LEN(columns); i++) {
        rc = read_column(&r, &columns[i], nodes);
    }
    if (rc == 0) {
        rc = check_nodes(&r, nodes);
    }
    return rc < 0 ? rc : read_categories(&r, nodes);
}
