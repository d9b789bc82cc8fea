// SPDX-License-Identifier: Apache-2.0
/* One row's contributions: tables for what is small, two sweeps over each other tree's splits. See
 * treeshap.h for the method. */
#include "agent/engine/forest/treeshap_core.h"

double rx_treeshap_base(const struct rx_treeshap *shap, size_t output)
{
    return shap->outputs[output].base;
}

size_t rx_treeshap_scratch_size(const struct rx_treeshap *shap)
{
    size_t inputs = shap->forest->n_inputs;
    return (shap->max_places + inputs) * sizeof(rx_shap_vector) +
           shap->n_ways * inputs * sizeof(double) + shap->max_places + shap->max_splits + 1;
}

/* The caller's scratch, cut up. */
static struct rx_shap_work cut_up(const struct rx_treeshap *shap, void *scratch,
                                  double **ret_values)
{
    size_t inputs = shap->forest->n_inputs;
    struct rx_shap_work work = {.product = scratch};
    work.sum = work.product + shap->max_places;
    *ret_values = (double *)(work.sum + inputs);
    work.on = (uint8_t *)(*ret_values + shap->n_ways * inputs);
    work.left = work.on + shap->max_places;
    return work;
}

/* --- the row -----------------------------------------------------------------------------------
 */

static void spread_floats(size_t inputs, const double *row, double *values)
{
    for (size_t i = 0; i < inputs; i++) {
        double x = (double)(float)row[i];
        values[RX_SHAP_RIGHT * inputs + i] = x;
        values[RX_SHAP_LEFT * inputs + i] = isnan(x) ? -(double)INFINITY : x;
    }
}

static void spread_doubles(size_t inputs, const double *row, double *values)
{
    for (size_t i = 0; i < inputs; i++) {
        bool nan = isnan(row[i]);
        bool zero = nan || fabs(row[i]) <= RX_LIGHTGBM_ZERO;
        double x = zero && !nan ? 0 : row[i];
        values[RX_SHAP_RIGHT * inputs + i] = x;
        values[RX_SHAP_LEFT * inputs + i] = nan ? -(double)INFINITY : x;
        values[RX_SHAP_NONE * inputs + i] = nan ? 0 : x;
        values[RX_SHAP_ZERO_RIGHT * inputs + i] = zero ? (double)NAN : x;
        values[RX_SHAP_ZERO_LEFT * inputs + i] = zero ? -(double)INFINITY : x;
    }
}

static inline unsigned goes_left(const struct rx_forest *forest, const struct rx_shap_cut *cut,
                                 const double *values)
{
    if (cut->slot & RX_SHAP_CATEGORY) {
        const struct rx_forest_node *node = &forest->nodes[cut->slot & ~RX_SHAP_CATEGORY];
        return rx_forest_category_left(forest, node, values[cut->input]);
    }
    return values[cut->slot] <= cut->bound;
}

/* --- sweeps ------------------------------------------------------------------------------------
 */

/* From the root: each place gets the product of the factors on its path, leaves times value. */
static void multiply(const struct rx_shap_split *splits, size_t n, const rx_shap_vector *at,
                     const struct rx_shap_work *work)
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
                const struct rx_shap_work *work)
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
        work->sum[split->cut.input] += phi;
    }
}

void rx_shap_sweep(const struct rx_shap_split *splits, size_t n, const rx_shap_vector *points,
                   const rx_shap_vector *weights, size_t n_points, const struct rx_shap_work *work)
{
    work->on[0] = 1;
    for (size_t i = 0; i < n; i++) {
        uint8_t on = work->on[splits[i].before];
        work->on[splits[i].to[1]] = on & work->left[i];
        work->on[splits[i].to[0]] = on & (work->left[i] ^ 1);
    }
    for (size_t k = 0; k < n_points / RX_SHAP_LANES; k++) {
        work->product[0] = weights[k];
        multiply(splits, n, &points[k], work);
        add(splits, n, &points[k], work);
    }
}

static void sweep_trees(const struct rx_treeshap *shap, const struct rx_shap_output *output,
                        const double *values, const struct rx_shap_work *work, double *phi)
{
    size_t inputs = shap->forest->n_inputs;
    memset(work->sum, 0, inputs * sizeof(*work->sum));
    for (size_t k = 0; k < output->n_trees; k++) {
        const struct rx_shap_tree *tree = &shap->trees[output->first_tree + k];
        const struct rx_shap_split *splits = shap->splits + tree->first_split;
        for (size_t i = 0; i < tree->n_splits; i++) {
            work->left[i] = (uint8_t)goes_left(shap->forest, &splits[i].cut, values);
        }
        size_t rule = rx_shap_rule(tree->n_points);
        rx_shap_sweep(splits, tree->n_splits, shap->points + rule, shap->weights + rule,
                      tree->n_points, work);
    }
    for (size_t i = 0; i < inputs; i++) {
        for (size_t lane = 0; lane < RX_SHAP_LANES; lane++) {
            phi[i] += work->sum[i][lane];
        }
    }
}

/* --- tables ------------------------------------------------------------------------------------
 */

static inline __attribute__((always_inline)) void add_group(const struct rx_treeshap *shap,
                                                            const struct rx_shap_group *group,
                                                            size_t n, const double *values,
                                                            double *phi)
{
    const struct rx_shap_cut *cuts = shap->cuts + group->first_cut;
    size_t index = 0;
    for (size_t i = 0; i < n; i++) {
        index |= (size_t)goes_left(shap->forest, &cuts[i], values) << i;
    }
    const double *row = shap->table + group->table + index * n;
    for (size_t i = 0; i < n; i++) {
        phi[cuts[i].input] += row[i];
    }
}

static void look_up(const struct rx_treeshap *shap, const struct rx_shap_output *output,
                    const double *values, double *phi)
{
    for (size_t k = 0; k < output->n_groups; k++) {
        const struct rx_shap_group *group = &shap->groups[output->first_group + k];
        switch (group->n_cuts) { /* so that the usual lengths are unrolled */
        case 3:
            add_group(shap, group, 3, values, phi);
            break;
        case 4:
            add_group(shap, group, 4, values, phi);
            break;
        case 5:
            add_group(shap, group, 5, values, phi);
            break;
        default:
            add_group(shap, group, group->n_cuts, values, phi);
        }
    }
}

void rx_treeshap_values(const struct rx_treeshap *shap, const double *row, void *scratch,
                        double *phi)
{
    const struct rx_forest *forest = shap->forest;
    size_t inputs = forest->n_inputs;
    double *values = NULL;
    struct rx_shap_work work = cut_up(shap, scratch, &values);
    if (forest->family == RX_FOREST_XGBOOST) {
        spread_floats(inputs, row, values);
    } else {
        spread_doubles(inputs, row, values);
    }
    memset(phi, 0, forest->n_outputs * (inputs + 1) * sizeof(*phi));
    for (size_t k = 0; k < forest->n_outputs; k++) {
        const struct rx_shap_output *output = &shap->outputs[k];
        double *out = phi + k * (inputs + 1);
        look_up(shap, output, values, out);
        if (output->n_trees > 0) {
            sweep_trees(shap, output, values, &work, out);
        }
        out[inputs] = output->base;
    }
}
