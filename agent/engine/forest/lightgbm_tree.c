// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/forest/lightgbm_tree.h"

#include <errno.h>

/* decision_type: bit 0 category split, bit 1 default left, bits 2-3 the kind of missing. */
#define IS_CATEGORY  1u
#define DEFAULT_LEFT 2u
#define TYPE_MAX     11 /* missing type 2 with both flags; 3 is not defined */

/* So that no sum of leaves leaves the range of doubles. */
#define MAX_LEAF 1e100

#define MAX_CAT_WORDS (1u << 26) /* categories are below 2^31 */

struct tree {
    const struct rx_lgb_fields *fields;
    size_t leaves, inner;
    size_t cats;         /* category splits */
    uint32_t *cat_begin; /* owned: cats + 1 offsets into the forest's words */
    struct rx_forest_node *nodes;
};

static void tree_fini(struct tree *tree)
{
    free(tree->cat_begin);
}
RX_DEFINE_CLEANUP_INPLACE(tree, struct tree, tree_fini);

/* Reads one list of `n` and hands each number to `set`. */
typedef int (*set_int)(struct tree *tree, size_t at, int64_t value, struct rx_error *err);

static int read_ints(struct tree *tree, const char *key, size_t n, int64_t min, int64_t max,
                     set_int set, struct rx_error *err)
{
    struct rx_lgb_list list;
    int r = rx_lgb_list_open(tree->fields, key, n, &list, err);
    for (size_t i = 0; r == 0 && i < n; i++) {
        int64_t value = 0;
        r = rx_lgb_list_int(&list, min, max, &value, err);
        r = r < 0 ? r : set(tree, i, value, err);
    }
    return r < 0 ? r : rx_lgb_list_close(&list, err);
}

static int set_feature(struct tree *tree, size_t at, int64_t value, struct rx_error *err)
{
    (void)err;
    tree->nodes[at].feature = (uint32_t)value;
    return 0;
}

/* Children >= 0 are inner nodes; ~child is a leaf. */
static uint32_t child_index(const struct tree *tree, int64_t child)
{
    return (uint32_t)(child >= 0 ? child : (int64_t)tree->inner + ~child);
}

static int set_left(struct tree *tree, size_t at, int64_t value, struct rx_error *err)
{
    (void)err;
    tree->nodes[at].left = child_index(tree, value);
    return 0;
}

static int set_right(struct tree *tree, size_t at, int64_t value, struct rx_error *err)
{
    (void)err;
    tree->nodes[at].right = child_index(tree, value);
    return 0;
}

static int set_leaf_count(struct tree *tree, size_t at, int64_t value, struct rx_error *err)
{
    (void)err;
    tree->nodes[tree->inner + at].cover = (double)value;
    return 0;
}

static int set_inner_count(struct tree *tree, size_t at, int64_t value, struct rx_error *err)
{
    (void)err;
    tree->nodes[at].cover = (double)value;
    return 0;
}

static int set_decision(struct tree *tree, size_t at, int64_t value, struct rx_error *err)
{
    (void)err;
    static const uint8_t missing[] = {RX_MISSING_NONE, RX_MISSING_ZERO, RX_MISSING_NAN};
    struct rx_forest_node *node = &tree->nodes[at];
    if ((unsigned)value & IS_CATEGORY) {
        /* Whatever the flags say, a missing category goes right. */
        node->kind = RX_NODE_CATEGORY;
        node->missing = RX_MISSING_NAN;
        node->default_left = false;
        return 0;
    }
    node->missing = missing[(unsigned)value >> 2];
    node->default_left = ((unsigned)value & DEFAULT_LEFT) != 0;
    return 0;
}

static int set_cat_begin(struct tree *tree, size_t at, int64_t value, struct rx_error *err)
{
    if (value < (at > 0 ? (int64_t)tree->cat_begin[at - 1] : 0) || (at == 0 && value != 0)) {
        return rx_error_set(err, RX_EINVALID,
                            "cat_boundaries: number %zu: expected offsets that start at 0 and do "
                            "not fall",
                            at + 1);
    }
    tree->cat_begin[at] = (uint32_t)value;
    return 0;
}

/* The bit sets of all category splits; cat_begin become indices into the forest's words. */
static int read_categories(struct tree *tree, struct rx_forest *forest, struct rx_error *err)
{
    if (tree->cats == 0) {
        return 0;
    }
    tree->cat_begin = calloc(tree->cats + 1, sizeof(*tree->cat_begin));
    if (!tree->cat_begin) {
        return rx_error_errno(err, ENOMEM, "cat_boundaries");
    }
    int r = read_ints(tree, "cat_boundaries", tree->cats + 1, 0, MAX_CAT_WORDS, set_cat_begin, err);
    if (r < 0) {
        return r;
    }
    size_t n = tree->cat_begin[tree->cats];
    struct rx_lgb_list list;
    r = rx_lgb_list_open(tree->fields, "cat_threshold", n, &list, err);
    if (r < 0) {
        return r;
    }
    if (n > list.rest.n) { /* a number takes at least a byte: no large allocation for a lie */
        return rx_error_set(err, RX_EINVALID, "cat_threshold: expected %zu numbers, got %zu", n,
                            rx_lgb_words(list.rest));
    }
    uint32_t begin = 0;
    uint32_t *words = NULL;
    r = rx_forest_add_categories(forest, n, &begin, &words, err);
    for (size_t i = 0; r == 0 && i < n; i++) {
        int64_t word = 0;
        r = rx_lgb_list_int(&list, 0, UINT32_MAX, &word, err);
        words[i] = (uint32_t)word;
    }
    for (size_t i = 0; r == 0 && i <= tree->cats; i++) {
        tree->cat_begin[i] += begin;
    }
    return r < 0 ? r : rx_lgb_list_close(&list, err);
}

static int set_threshold(const struct tree *tree, size_t at, double value, struct rx_error *err)
{
    struct rx_forest_node *node = &tree->nodes[at];
    if (node->kind != RX_NODE_CATEGORY) {
        node->value = value;
        return 0;
    }
    /* A category split has the number of its bit set here. */
    if (!(value >= 0 && value < (double)tree->cats && value == floor(value))) {
        return rx_error_set(err, RX_EINVALID,
                            "threshold: number %zu: a category split names bit set %g, expected a "
                            "whole number below num_cat = %zu",
                            at + 1, value, tree->cats);
    }
    size_t set = (size_t)value;
    node->cat_begin = tree->cat_begin[set];
    node->cat_words = tree->cat_begin[set + 1] - tree->cat_begin[set];
    return 0;
}

static int read_thresholds(const struct tree *tree, struct rx_error *err)
{
    struct rx_lgb_list list;
    int r = rx_lgb_list_open(tree->fields, "threshold", tree->inner, &list, err);
    for (size_t i = 0; r == 0 && i < tree->inner; i++) {
        double value = 0;
        r = rx_lgb_list_bound(&list, &value, err);
        r = r < 0 ? r : set_threshold(tree, i, value, err);
    }
    return r < 0 ? r : rx_lgb_list_close(&list, err);
}

static int read_leaves(const struct tree *tree, struct rx_error *err)
{
    struct rx_lgb_list list;
    int r = rx_lgb_list_open(tree->fields, "leaf_value", tree->leaves, &list, err);
    for (size_t i = 0; r == 0 && i < tree->leaves; i++) {
        double *value = &tree->nodes[tree->inner + i].value;
        r = rx_lgb_list_double(&list, value, err);
        if (r == 0 && fabs(*value) > MAX_LEAF) {
            r = rx_error_set(err, RX_EINVALID,
                             "leaf_value: number %zu: expected at most %g in size, got %g", i + 1,
                             MAX_LEAF, *value);
        }
    }
    return r < 0 ? r : rx_lgb_list_close(&list, err);
}

/* The counts are for explanations only; old files and one-leaf trees go without. */
static int read_counts(struct tree *tree, struct rx_error *err)
{
    const struct rx_lgb_field *leaf = rx_lgb_find(tree->fields, "leaf_count");
    int r = 0;
    if (leaf && leaf->value.n > 0) {
        r = read_ints(tree, "leaf_count", tree->leaves, 0, INT32_MAX, set_leaf_count, err);
    }
    const struct rx_lgb_field *inner = rx_lgb_find(tree->fields, "internal_count");
    if (r == 0 && inner && inner->value.n > 0) {
        r = read_ints(tree, "internal_count", tree->inner, 0, INT32_MAX, set_inner_count, err);
    }
    return r;
}

static int read_splits(struct tree *tree, struct rx_forest *forest, struct rx_error *err)
{
    int64_t n = (int64_t)tree->leaves;
    int64_t last = (int64_t)forest->n_inputs - 1;
    int r = read_ints(tree, "split_feature", tree->inner, 0, last, set_feature, err);
    r = r < 0 ? r : read_ints(tree, "left_child", tree->inner, -n, n - 2, set_left, err);
    r = r < 0 ? r : read_ints(tree, "right_child", tree->inner, -n, n - 2, set_right, err);
    if (r == 0 && rx_lgb_find(tree->fields, "decision_type")) {
        r = read_ints(tree, "decision_type", tree->inner, 0, TYPE_MAX, set_decision, err);
    }
    r = r < 0 ? r : read_categories(tree, forest, err);
    return r < 0 ? r : read_thresholds(tree, err);
}

static int refuse_linear(const struct rx_lgb_fields *fields, struct rx_error *err)
{
    const struct rx_lgb_field *linear = rx_lgb_find(fields, "is_linear");
    if (linear && !rx_str_is(linear->value, "0")) {
        return rx_error_set(err, RX_EINVALID,
                            "is_linear: linear trees are not supported; expected is_linear=0 "
                            "(train with linear_tree=false)");
    }
    return 0;
}

int rx_lgb_tree_read(const struct rx_lgb_fields *fields, uint32_t group, struct rx_forest *forest,
                     struct rx_error *err)
{
    int r = refuse_linear(fields, err);
    int64_t leaves = 0;
    int64_t cats = 0;
    r = r < 0 ? r : rx_lgb_int(fields, "num_leaves", 1, RX_FOREST_MAX_NODES / 2, &leaves, err);
    r = r < 0 ? r : rx_lgb_int(fields, "num_cat", 0, leaves - 1, &cats, err);
    struct rx_str values = {NULL, 0};
    r = r < 0 ? r : rx_lgb_need(fields, "leaf_value", &values, err);
    if (r < 0) {
        return r;
    }
    if ((size_t)leaves > values.n) { /* no large allocation for a lie */
        return rx_error_set(err, RX_EINVALID, "leaf_value: expected %zu numbers, got %zu",
                            (size_t)leaves, rx_lgb_words(values));
    }
    rx_auto(tree) struct tree tree = {
        .fields = fields,
        .leaves = (size_t)leaves,
        .inner = (size_t)leaves - 1,
        .cats = (size_t)cats,
    };
    r = rx_forest_add_tree(forest, 2 * tree.leaves - 1, group, 1, &tree.nodes, err);
    if (r < 0) {
        return r;
    }
    for (size_t i = 0; i < tree.leaves + tree.inner; i++) {
        tree.nodes[i].kind = i < tree.inner ? RX_NODE_NUMERIC : RX_NODE_LEAF;
        tree.nodes[i].missing = RX_MISSING_NONE;
    }
    r = tree.inner > 0 ? read_splits(&tree, forest, err) : 0;
    r = r < 0 ? r : read_leaves(&tree, err);
    return r < 0 ? r : read_counts(&tree, err);
}
