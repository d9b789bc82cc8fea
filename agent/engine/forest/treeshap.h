// SPDX-License-Identifier: Apache-2.0
/*
 * Exact contributions of the inputs to a forest's margins: Shapley values of the path-dependent
 * game, as XGBoost's pred_contribs and LightGBM's pred_contrib give them.
 *
 * The game (S. Lundberg, G. Erion, S. Lee, "Consistent Individualized Feature Attribution for Tree
 * Ensembles", 2018, algorithm 1): with the inputs in S known, a row is sent down its own branch at
 * their splits, and down both branches at all others, weighted by their share of the cover.
 *
 * The method: a tree's game is a sum over its leaves of products, one factor an input on the leaf's
 * path: o (1 when the row satisfies all its splits there, else 0) when known, z (the product of its
 * cover shares) when not. By G. Owen, "Multilinear Extensions of Games", 1972, the Shapley value of
 * input i is the integral over t in 0..1 of the derivative along i when every other input is known
 * with probability t:
 *     phi_i = integral sum_leaves value (o_i - z_i) prod_{j != i} (t o_j + (1 - t) z_j) dt.
 * With d inputs on a path the integrand has degree d - 1, so Gauss-Legendre points n >= d / 2 give
 * it exactly, and all their weights and factors are positive: nothing cancels. At one point, one
 * sweep over the nodes from the root multiplies the factors and one back adds the leaves, where an
 * input that comes again on a path replaces its earlier factor. A row costs O(nodes x points) in
 * place of algorithm 2's O(leaves x depth^2), without recursion and without allocation.
 *
 * Where the node's cover is 0 both sides count half. Immutable and thread-safe after creation.
 */
#pragma once

#include "agent/engine/forest/forest.h"

struct rx_treeshap;

/*
 * Prepares a forest, which must outlive the result. RX_EINVALID: the file has no cover
 * (sum_hessian; leaf_count and internal_count), which contributions need; -ENOMEM.
 */
int rx_treeshap_new(const struct rx_forest *forest, struct rx_treeshap **ret, struct rx_error *err)
    RX_MUST_CHECK;
void rx_treeshap_free(struct rx_treeshap *shap);
RX_DEFINE_CLEANUP(treeshap, struct rx_treeshap *, rx_treeshap_free);

/* The expected margin: the game's value when no input is known. The bias of every row. */
double rx_treeshap_base(const struct rx_treeshap *shap, size_t output);

/* Bytes that rx_treeshap_values needs beside, aligned as malloc does. */
size_t rx_treeshap_scratch_size(const struct rx_treeshap *shap);

/*
 * Contributions of one row[inputs] (NaN = missing, else finite) to each margin:
 * phi[outputs][inputs + 1], the last of each the base, so that each output's sum is its margin but
 * for rounding. `scratch` is the caller's, one a thread.
 */
void rx_treeshap_values(const struct rx_treeshap *shap, const double *row, void *scratch,
                        double *phi);
