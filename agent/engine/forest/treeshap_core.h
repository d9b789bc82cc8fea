// SPDX-License-Identifier: Apache-2.0
/*
 * Inside of treeshap.h: the splits of each tree in an order where parents come first, with all that
 * the sweeps need. Immutable once built.
 */
#pragma once

#include "agent/engine/forest/forest_core.h"
#include "agent/engine/forest/treeshap.h"

/* Integration points that a sweep carries side by side. */
#define RX_SHAP_LANES 4

/* A vector of one double a point; the compiler maps it to what the machine has. */
typedef double rx_shap_vector __attribute__((vector_size(8 * RX_SHAP_LANES), aligned(16)));

/*
 * A split's test: left when the value in `slot` is <= bound. A row is spread over ways x inputs
 * slots, one way for each manner of reading a missing value, so that the test has no branch.
 * XGBoost's x < t is x <= the float32 number before t.
 */
struct rx_shap_cut {
    double bound;
    uint32_t slot; /* way * n_inputs + input; or RX_SHAP_CATEGORY | index in forest->nodes */
    uint32_t input;
};
#define RX_SHAP_CATEGORY 0x80000000u

enum rx_shap_way {
    RX_SHAP_RIGHT, /* NaN stays NaN: goes right; as it is for category splits */
    RX_SHAP_LEFT,  /* NaN is -infinity: goes left */
    RX_SHAP_XGBOOST_WAYS,
    RX_SHAP_NONE = RX_SHAP_XGBOOST_WAYS, /* NaN is 0 */
    RX_SHAP_ZERO_RIGHT,                  /* 0 is missing too */
    RX_SHAP_ZERO_LEFT,
    RX_SHAP_WAY_MAX
};

/*
 * A split. Every node of a tree has a place: the split's own is `at`, its children's are to[0]
 * (right) and to[1] (left). `weight` is the leaf's value where the child is a leaf, else 1.
 */
struct rx_shap_split {
    struct rx_shap_cut cut;
    uint32_t at, to[2];
    /* The place where the path last decided on the same input, 0 = nowhere, and z until there. */
    uint32_t before;
    double z_before;
    double share[2];
    double weight[2];
};

/* A tree that is swept; parents come before children, levels together: neighbours do not wait for
 * each other. */
struct rx_shap_tree {
    size_t first_split, n_splits, n_places;
    size_t n_points; /* a multiple of the lanes */
};

/*
 * Leaves whose paths have few splits together: their contributions depend on the outcomes of those
 * splits alone, so that they are worked out at load for each combination of outcomes. Row r of the
 * table (bit i of r: split i goes left) has one number for each split's input. The idea is that of
 * J. Yang, "Fast TreeSHAP", 2021, version 2, by outcomes of splits in place of leaves.
 */
struct rx_shap_group {
    uint32_t first_cut, n_cuts;
    size_t table;
};
#define RX_SHAP_GROUP_CUTS  5
#define RX_SHAP_TABLE_BYTES ((size_t)8 << 20) /* of one forest; further trees are swept */

/* What adds to one output. */
struct rx_shap_output {
    size_t first_tree, n_trees;
    size_t first_group, n_groups;
    double base;
};

struct rx_treeshap {
    const struct rx_forest *forest; /* borrowed: outlives us */
    size_t n_ways;
    struct rx_shap_split *splits;   /* owned */
    struct rx_shap_tree *trees;     /* owned */
    struct rx_shap_output *outputs; /* owned, forest->n_outputs */
    size_t n_splits, n_trees;
    size_t max_splits, max_places, max_points;
    struct rx_shap_group *groups; /* owned */
    struct rx_shap_cut *cuts;     /* owned */
    double *table;                /* owned */
    size_t n_groups, groups_cap, n_cuts, cuts_cap, n_table, table_cap;
    /* Owned: points and weights of the rule with n points, for n = lanes, 2 lanes, ... max_points,
     * one behind the other. */
    rx_shap_vector *points, *weights;
};

/* What the sweeps over one tree work on. */
struct rx_shap_work {
    rx_shap_vector *product; /* a place each: product of factors from the root; then sums */
    rx_shap_vector *sum;     /* an input each: contributions, one lane a point */
    uint8_t *on;             /* a place each: the row satisfies the path's last split on its input
                                and those before it on the same input */
    uint8_t *left;           /* a split each: the row's branch */
};

/* Adds the contributions of one tree to work->sum; work->left says where the row goes. */
void rx_shap_sweep(const struct rx_shap_split *splits, size_t n, const rx_shap_vector *points,
                   const rx_shap_vector *weights, size_t n_points, const struct rx_shap_work *work);

/* Turns a tree into groups where it is small enough and the tables have room; *ret says whether.
 * -ENOMEM. */
int rx_shap_tabulate(struct rx_treeshap *shap, const struct rx_shap_tree *tree, bool *ret,
                     struct rx_error *err) RX_MUST_CHECK;

/* Index of the rule with n points in `points` and `weights`. */
static inline size_t rx_shap_rule(size_t n)
{
    size_t k = n / RX_SHAP_LANES;
    return k * (k - 1) / 2;
}

/*
 * Gauss-Legendre points and weights on 0..1, exact for polynomials up to degree 2 n - 1. Newton's
 * iteration on the Legendre polynomial (P. Davis, P. Rabinowitz, "Methods of Numerical
 * Integration", 1984, 2.7).
 */
void rx_shap_gauss(size_t n, double *points, double *weights);
