// SPDX-License-Identifier: Apache-2.0
/* The two sweeps over a tree's splits; see treeshap.h for the method. */
#include "agent/engine/forest/treeshap_core.h"

/* The caller's scratch, cut up. */
struct work {
    rx_shap_vector *product; /* a place each: product of factors from the root; then sums */
    rx_shap_vector *sum;     /* an input each: contributions, one lane a point */
    double *row;             /* as the forest compares it */
    uint8_t *on;             /* a place each: the row satisfies the path's last split on its input
                                and those before it on the same input */
    uint8_t *left;           /* a split each: the row's branch */
};

double rx_treeshap_base(const struct rx_treeshap *shap, size_t output)
{
    return shap->outputs[output].base;
}

size_t rx_treeshap_scratch_size(const struct rx_treeshap *shap)
{
    size_t inputs = shap->forest->n_inputs;
    return (shap->max_places + inputs) * sizeof(rx_shap_vector) + inputs * sizeof(double) +
           shap->max_places + shap->max_splits + 1;
}

static struct work cut(const struct rx_treeshap *shap, void *scratch)
{
    size_t inputs = shap->forest->n_inputs;
    struct work work = {.product = scratch};
    work.sum = work.product + shap->max_places;
    work.row = (double *)(work.sum + inputs);
    work.on = (uint8_t *)(work.row + inputs);
    work.left = work.on + shap->max_places;
    return work;
}

static void decide(const struct rx_treeshap *shap, const struct rx_shap_tree *tree,
                   const struct work *work)
{
    const struct rx_forest *forest = shap->forest;
    work->on[0] = 1;
    for (size_t i = 0; i < tree->n_splits; i++) {
        const struct rx_shap_split *split = &shap->splits[tree->first_split + i];
        const struct rx_forest_node *node = &forest->nodes[split->node];
        uint8_t left = rx_forest_step(forest, node, work->row[node->feature]) == node->left;
        uint8_t on = work->on[split->before];
        work->left[i] = left;
        work->on[split->to[1]] = on & left;
        work->on[split->to[0]] = on & (left ^ 1);
    }
}

/* From the root: each place gets the product of the factors on its path, leaves times value. */
static void multiply(const struct rx_shap_split *splits, size_t n, const rx_shap_vector *at,
                     const struct work *work)
{
    const rx_shap_vector t = *at;
    const rx_shap_vector rest = 1 - t;
    rx_shap_vector *product = work->product;
    for (size_t i = 0; i < n; i++) {
        const struct rx_shap_split *split = &splits[i];
        rx_shap_vector p = product[split->at];
        if (!work->on[split->before]) { /* the factor is z alone */
            product[split->to[0]] = p * (split->share[0] * split->weight[0]);
            product[split->to[1]] = p * (split->share[1] * split->weight[1]);
            continue;
        }
        double z = split->z_before;
        if (split->before) {
            p /= t + rest * z;
        }
        unsigned hot = work->left[i];
        unsigned cold = hot ^ 1;
        product[split->to[hot]] = p * (t + rest * (z * split->share[hot])) * split->weight[hot];
        product[split->to[cold]] = p * rest * (z * split->share[cold] * split->weight[cold]);
    }
}

/* Back to the root: each split gets the sum of the leaves below, its input the difference that its
 * factor makes: (o - z) / factor, less what the earlier split on the path has counted already. */
static void add(const struct rx_shap_split *splits, size_t n, const rx_shap_vector *at,
                const struct rx_forest_node *nodes, const struct work *work)
{
    const rx_shap_vector t = *at;
    const rx_shap_vector rest = 1 - t;
    const rx_shap_vector inverse = 1 / rest;
    rx_shap_vector *product = work->product;
    for (size_t i = n; i-- > 0;) {
        const struct rx_shap_split *split = &splits[i];
        unsigned hot = work->left[i];
        rx_shap_vector on = product[split->to[hot]];
        rx_shap_vector off = product[split->to[hot ^ 1]];
        rx_shap_vector all = on + off;
        product[split->at] = all;
        if (!work->on[split->before]) {
            continue;
        }
        double z = split->z_before * split->share[hot];
        rx_shap_vector phi = on * (1 - z) / (t + rest * z) - off * inverse;
        if (split->before) {
            phi -= all * (1 - split->z_before) / (t + rest * split->z_before);
        }
        work->sum[nodes[split->node].feature] += phi;
    }
}

static void add_tree(const struct rx_treeshap *shap, const struct rx_shap_tree *tree,
                     const struct work *work)
{
    const struct rx_shap_split *splits = shap->splits + tree->first_split;
    size_t rule = rx_shap_rule(tree->n_points);
    decide(shap, tree, work);
    for (size_t k = 0; k < tree->n_points / RX_SHAP_LANES; k++) {
        work->product[0] = shap->weights[rule + k];
        multiply(splits, tree->n_splits, &shap->points[rule + k], work);
        add(splits, tree->n_splits, &shap->points[rule + k], shap->forest->nodes, work);
    }
}

void rx_treeshap_values(const struct rx_treeshap *shap, const double *row, void *scratch,
                        double *phi)
{
    const struct rx_forest *forest = shap->forest;
    size_t inputs = forest->n_inputs;
    struct work work = cut(shap, scratch);
    bool floats = forest->family == RX_FOREST_XGBOOST;
    for (size_t i = 0; i < inputs; i++) {
        work.row[i] = floats ? (double)(float)row[i] : row[i];
    }
    for (size_t k = 0; k < forest->n_outputs; k++) {
        const struct rx_shap_output *output = &shap->outputs[k];
        memset(work.sum, 0, inputs * sizeof(*work.sum));
        for (size_t i = 0; i < output->n_trees; i++) {
            add_tree(shap, &shap->trees[output->first_tree + i], &work);
        }
        double *out = phi + k * (inputs + 1);
        for (size_t i = 0; i < inputs; i++) {
            out[i] = 0;
            for (size_t lane = 0; lane < RX_SHAP_LANES; lane++) {
                out[i] += work.sum[i][lane];
            }
        }
        out[inputs] = output->base;
    }
}
