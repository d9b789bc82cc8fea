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
 * A split. Every node of a tree has a place: the split's own is `at`, its children's are to[0]
 * (right) and to[1] (left). `weight` is the leaf's value where the child is a leaf, else 1.
 */
struct rx_shap_split {
    uint32_t node; /* in forest->nodes */
    uint32_t at, to[2];
    /* The place where the path last decided on the same input, 0 = nowhere, and z until there. */
    uint32_t before;
    double z_before;
    double share[2];
    double weight[2];
};

struct rx_shap_tree {
    size_t first_split, n_splits, n_places;
    size_t n_points; /* a multiple of the lanes */
};

/* The trees of one output that have splits, next to each other. */
struct rx_shap_output {
    size_t first_tree, n_trees;
    double base;
};

struct rx_treeshap {
    const struct rx_forest *forest; /* borrowed: outlives us */
    struct rx_shap_split *splits;   /* owned */
    struct rx_shap_tree *trees;     /* owned */
    struct rx_shap_output *outputs; /* owned, forest->n_outputs */
    size_t n_splits, n_trees;
    size_t max_splits, max_places, max_points;
    /* Owned: points and weights of the rule with n points, for n = lanes, 2 lanes, ... max_points,
     * one behind the other. */
    rx_shap_vector *points, *weights;
};

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
