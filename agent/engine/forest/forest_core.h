// SPDX-License-Identifier: Apache-2.0
/*
 * Inside of the forest layer: the canonical node table that loaders fill and from which the
 * compiled layout and the explanations are made. Immutable after rx_forest_finish.
 */
#pragma once

#include <math.h>
#include <stdbool.h>

#include "agent/engine/forest/forest.h"

enum rx_forest_family {
    RX_FOREST_XGBOOST,       /* float32 inputs, thresholds and sums; value < threshold goes left */
    RX_FOREST_LIGHTGBM_TREES /* double everywhere; value <= threshold goes left */
};

enum rx_node_kind {
    RX_NODE_UNUSED, /* pruned: no node leads here */
    RX_NODE_LEAF,
    RX_NODE_NUMERIC,
    RX_NODE_CATEGORY
};

/* What counts as missing at a numeric split; a missing value takes the default side. */
enum rx_node_missing {
    RX_MISSING_NAN,  /* NaN (all of XGBoost; LightGBM's missing type NaN) */
    RX_MISSING_NONE, /* nothing: NaN is read as 0 */
    RX_MISSING_ZERO  /* NaN and |x| <= RX_LIGHTGBM_ZERO */
};

struct rx_forest_node {
    uint8_t kind;    /* enum rx_node_kind */
    uint8_t missing; /* enum rx_node_missing; NAN at category splits */
    bool default_left;
    uint32_t feature;
    uint32_t left, right; /* index within the tree; 0 at leaves */
    /* Category split: cat_words words of forest->cats from cat_begin, bit c = category c is in the
     * set. XGBoost: in the set goes right, all others left. LightGBM: in the set goes left. */
    uint32_t cat_begin, cat_words;
    double value; /* threshold, or the leaf's value without the tree's weight */
    double cover; /* sum of hessians (XGBoost, float32) or row count (LightGBM); 0 = unknown */
};

struct rx_forest_tree {
    uint32_t first_node, n_nodes; /* in forest->nodes; the root is the first */
    uint32_t group;               /* the output that it adds to */
    uint32_t depth, n_leaves;     /* filled by rx_forest_finish */
    float weight;                 /* dart; 1 otherwise */
    bool has_categories;          /* filled by rx_forest_finish */
};

enum rx_forest_link {
    RX_LINK_IDENTITY,
    RX_LINK_SIGMOID, /* of link_scale * margin */
    RX_LINK_EXP,
    RX_LINK_LOG1P_EXP, /* ln(1 + e^margin) */
    RX_LINK_SIGNED_SQUARE,
    RX_LINK_STEP,         /* 1 above 0, else 0 */
    RX_LINK_SOFTMAX,      /* over the outputs */
    RX_LINK_SOFTMAX_CLASS /* index of the largest margin */
};

struct rx_forest_compiled;

struct rx_forest {
    enum rx_forest_family family;
    enum rx_forest_format format;
    char version[32], booster[32], objective[64];

    size_t n_inputs, n_outputs;
    char **names; /* owned, n_inputs strings, or NULL */

    double *base; /* owned, n_outputs base margins (float32 values for XGBoost) */
    enum rx_forest_link link;
    double link_scale;
    double divide; /* margins are divided by it before the link: LightGBM's random forests; or 1 */

    size_t n_trees, trees_cap; /* after rx_forest_finish: those that count */
    size_t keep_trees;         /* set by the loader: how many of the first ones count */
    size_t trees_in_file, iterations;
    int64_t best_iteration;
    bool dart;                    /* leaves are multiplied by their tree's weight */
    struct rx_forest_tree *trees; /* owned */
    size_t n_nodes, nodes_cap;
    struct rx_forest_node *nodes; /* owned */
    size_t n_cats, cats_cap;
    uint32_t *cats; /* owned */

    size_t depth, n_leaves;
    struct rx_forest_compiled *compiled; /* owned; see compiled.h */
};

/* --- for loaders: fill the fields above, add trees in order, finish ------------------------- */

/* An empty forest: divide and link_scale 1, best_iteration -1, keep_trees SIZE_MAX. NULL: out of
 * memory. */
struct rx_forest *rx_forest_new(void) RX_MUST_CHECK;
/* Sets n_outputs and base[] = 0. RX_ELIMIT, -ENOMEM. */
int rx_forest_set_outputs(struct rx_forest *forest, size_t n, struct rx_error *err) RX_MUST_CHECK;
/* Copies a name (index < n_inputs, which must be set before). */
int rx_forest_set_name(struct rx_forest *forest, size_t index, struct rx_str name,
                       struct rx_error *err) RX_MUST_CHECK;
/* Appends a tree of n_nodes zeroed nodes; *ret_nodes is valid until the next call. */
int rx_forest_add_tree(struct rx_forest *forest, size_t n_nodes, uint32_t group, float weight,
                       struct rx_forest_node **ret_nodes, struct rx_error *err) RX_MUST_CHECK;
/* Appends n_words zeroed words; *ret_begin is their index, *ret_words valid until the next call. */
int rx_forest_add_categories(struct rx_forest *forest, size_t n_words, uint32_t *ret_begin,
                             uint32_t **ret_words, struct rx_error *err) RX_MUST_CHECK;
/*
 * Checks every tree (children in range, each node reached once from the root, features, finite
 * numbers, depth), drops those that do not count, then compiles. Errors: "tree 3, node 17: ...".
 */
int rx_forest_finish(struct rx_forest *forest, struct rx_error *err) RX_MUST_CHECK;

/* What a loader is: fills an empty forest from the file's bytes; rx_forest_load finishes it. */
int rx_forest_read_lightgbm(struct rx_str text, const struct rx_forest_options *options,
                            struct rx_forest *forest, struct rx_error *err) RX_MUST_CHECK;

/* --- the meaning of a split ------------------------------------------------------------------ */

/* LightGBM reads what is not larger than this as 0. */
#define RX_LIGHTGBM_ZERO ((double)1e-35f)

static inline bool rx_forest_in_set(const struct rx_forest *forest,
                                    const struct rx_forest_node *node, uint32_t category)
{
    return category / 32 < node->cat_words &&
           (forest->cats[node->cat_begin + category / 32] >> (category % 32) & 1) != 0;
}

static inline bool rx_forest_category_left(const struct rx_forest *forest,
                                           const struct rx_forest_node *node, double x)
{
    bool xgboost = forest->family == RX_FOREST_XGBOOST;
    if (isnan(x)) {
        return node->default_left;
    }
    /* XGBoost tells the sign before it drops the fraction, LightGBM after. */
    bool valid = xgboost ? x >= 0 && x < 16777216.0 : x > -1 && x < 2147483648.0;
    bool in_set = valid && rx_forest_in_set(forest, node, (uint32_t)x);
    return xgboost ? !in_set : in_set;
}

/* The child (index within the tree) that the value x of the node's feature leads to. For XGBoost x
 * must have been rounded to float32. */
static inline uint32_t rx_forest_step(const struct rx_forest *forest,
                                      const struct rx_forest_node *node, double x)
{
    bool left;
    if (node->kind == RX_NODE_CATEGORY) {
        left = rx_forest_category_left(forest, node, x);
    } else if (forest->family == RX_FOREST_XGBOOST) {
        left = isnan(x) ? node->default_left : x < node->value;
    } else {
        bool zero = fabs(x) <= RX_LIGHTGBM_ZERO;
        bool nan = isnan(x);
        bool missing =
            (zero && node->missing == RX_MISSING_ZERO) || (nan && node->missing != RX_MISSING_NONE);
        left = missing ? node->default_left : (zero || nan ? 0 : x) <= node->value;
    }
    return left ? node->left : node->right;
}
