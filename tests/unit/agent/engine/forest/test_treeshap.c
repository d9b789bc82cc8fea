// SPDX-License-Identifier: Apache-2.0
/* Contributions against Shapley's definition on random trees, against libxgboost's recorded ones,
 * and their sums against the margins. Covers treeshap.c, treeshap_build.c and treeshap_table.c. */
#include "agent/engine/forest/treeshap.h"

#include <math.h>
#include <stdio.h>

#include "agent/engine/forest/treeshap_core.h"
#include "tests/support/oracle.h"
#include "tests/support/seeded.h"
#include "tests/support/torture.h"

#define MAX_INPUTS 12
#define MAX_SPLITS 40

static double missing(void)
{
    return (double)NAN;
}

/* --- random forests -------------------------------------------------------------------------- */

struct shape {
    bool lightgbm, categories;
    size_t inputs, outputs, trees, splits, depth;
};

/* Splits a random leaf until there are enough; cover is split with it, sometimes all to one side.
 */
static void grow(struct rx_forest *forest, const struct shape *shape, struct seeded *random)
{
    struct rx_forest_node *nodes = NULL;
    struct rx_error err = {0};
    size_t splits = seeded_below(random, shape->splits + 1);
    uint32_t level[2 * MAX_SPLITS + 1] = {0};
    float weight = shape->lightgbm ? 1 : (float)(0.5 + seeded_unit(random));
    uint32_t group = (uint32_t)(forest->n_trees % shape->outputs);
    assert_ok(rx_forest_add_tree(forest, 2 * splits + 1, group, weight, &nodes, &err), &err);
    nodes[0] = (struct rx_forest_node){.kind = RX_NODE_LEAF, .cover = 64};
    uint32_t n = 1;
    for (size_t tries = 0; n < 2 * splits + 1 && tries < 1000; tries++) {
        uint32_t at = (uint32_t)seeded_below(random, n);
        struct rx_forest_node *node = &nodes[at];
        if (node->kind != RX_NODE_LEAF || level[at] >= shape->depth) {
            continue;
        }
        double share = seeded_below(random, 12) == 0 ? 0 : seeded_unit(random);
        node->kind = RX_NODE_NUMERIC;
        node->missing = shape->lightgbm ? (uint8_t)seeded_below(random, 3) : RX_MISSING_NAN;
        node->default_left = seeded_below(random, 2) == 1;
        node->feature = (uint32_t)seeded_below(random, shape->inputs);
        node->value = (double)(float)seeded_normal(random);
        if (shape->categories && node->feature % 2 == 0) {
            uint32_t *words = NULL;
            node->kind = RX_NODE_CATEGORY;
            node->missing = RX_MISSING_NAN;
            node->default_left = !shape->lightgbm && node->default_left;
            node->value = 0;
            node->cat_words = 1;
            assert_ok(rx_forest_add_categories(forest, 1, &node->cat_begin, &words, &err), &err);
            words[0] = (uint32_t)seeded_u64(random);
        }
        node->left = n;
        node->right = n + 1;
        level[n] = level[n + 1] = level[at] + 1;
        nodes[n++] =
            (struct rx_forest_node){.kind = RX_NODE_LEAF, .cover = (float)(node->cover * share)};
        nodes[n++] = (struct rx_forest_node){.kind = RX_NODE_LEAF,
                                             .cover = (float)(node->cover * (1 - share))};
    }
    for (uint32_t i = 0; i < 2 * splits + 1; i++) {
        if (i >= n) {
            nodes[i] = (struct rx_forest_node){.kind = RX_NODE_UNUSED};
        } else if (nodes[i].kind == RX_NODE_LEAF) {
            nodes[i].value = (double)(float)seeded_normal(random);
        }
    }
}

static struct rx_forest *make(const struct shape *shape, struct seeded *random)
{
    struct rx_error err = {0};
    struct rx_forest *forest = rx_forest_new();
    assert_non_null(forest);
    forest->family = shape->lightgbm ? RX_FOREST_LIGHTGBM_TREES : RX_FOREST_XGBOOST;
    forest->dart = !shape->lightgbm;
    forest->n_inputs = shape->inputs;
    assert_ok(rx_forest_set_outputs(forest, shape->outputs, &err), &err);
    for (size_t k = 0; k < shape->outputs; k++) {
        forest->base[k] = (double)(float)seeded_normal(random);
    }
    for (size_t i = 0; i < shape->trees; i++) {
        grow(forest, shape, random);
    }
    assert_ok(rx_forest_finish(forest, &err), &err);
    return forest;
}

static void make_row(const struct shape *shape, struct seeded *random, double *row)
{
    for (size_t i = 0; i < shape->inputs; i++) {
        row[i] = seeded_normal(random);
        if (shape->categories && i % 2 == 0) {
            row[i] = (double)seeded_below(random, 34);
        }
        size_t kind = seeded_below(random, 12);
        row[i] = kind == 0 ? missing() : kind == 1 ? 0 : row[i];
    }
}

/* --- Shapley's definition ----------------------------------------------------------------------
 */

/* The game's value of one tree when the inputs of `known` are known. */
static double value_of(const struct rx_forest *forest, const struct rx_forest_tree *tree,
                       uint32_t at, uint32_t known, const double *row)
{
    const struct rx_forest_node *nodes = forest->nodes + tree->first_node;
    const struct rx_forest_node *node = &nodes[at];
    if (node->kind == RX_NODE_LEAF) {
        return node->value * (double)tree->weight;
    }
    if (known >> node->feature & 1) {
        double x = row[node->feature];
        x = forest->family == RX_FOREST_XGBOOST ? (double)(float)x : x;
        return value_of(forest, tree, rx_forest_step(forest, node, x), known, row);
    }
    bool unknown_cover = node->cover <= 0;
    double left = unknown_cover ? 0.5 : nodes[node->left].cover / node->cover;
    double right = unknown_cover ? 0.5 : nodes[node->right].cover / node->cover;
    return left * value_of(forest, tree, node->left, known, row) +
           right * value_of(forest, tree, node->right, known, row);
}

/* By all subsets: phi_i = sum_S |S|! (n - |S| - 1)! / n! (v(S + i) - v(S)). */
static void shapley(const struct rx_forest *forest, const double *row, double *phi)
{
    static double v[1u << MAX_INPUTS];
    size_t n = forest->n_inputs;
    memset(phi, 0, forest->n_outputs * (n + 1) * sizeof(*phi));
    for (size_t t = 0; t < forest->n_trees; t++) {
        const struct rx_forest_tree *tree = &forest->trees[t];
        double *out = phi + tree->group * (n + 1);
        for (uint32_t s = 0; s < 1u << n; s++) {
            v[s] = value_of(forest, tree, 0, s, row);
        }
        for (uint32_t s = 0; s < 1u << n; s++) {
            double size = __builtin_popcount(s);
            for (size_t i = 0; i < n; i++) {
                if (!(s >> i & 1)) {
                    double weight =
                        exp(lgamma(size + 1) + lgamma((double)n - size) - lgamma((double)n + 1));
                    out[i] += weight * (v[s | 1u << i] - v[s]);
                }
            }
        }
        out[n] += v[0];
    }
    for (size_t k = 0; k < forest->n_outputs; k++) {
        phi[k * (n + 1) + n] += forest->base[k];
    }
}

/* Largest difference to the definition and of the sums to the margins. */
static void compare(const struct shape *shape, struct seeded *random, size_t rows, double *worst,
                    double *worst_sum)
{
    rx_auto(forest) struct rx_forest *forest = make(shape, random);
    struct rx_error err = {0};
    rx_auto(treeshap) struct rx_treeshap *shap = NULL;
    assert_ok(rx_treeshap_new(forest, &shap, &err), &err);
    size_t n = shape->inputs;
    rx_autofree void *scratch = malloc(rx_treeshap_scratch_size(shap));
    rx_autofree double *phi = malloc(shape->outputs * (n + 1) * sizeof(*phi));
    rx_autofree double *want = malloc(shape->outputs * (n + 1) * sizeof(*want));
    rx_autofree double *margins = malloc(shape->outputs * sizeof(*margins));
    for (size_t r = 0; r < rows; r++) {
        double row[MAX_INPUTS];
        make_row(shape, random, row);
        rx_treeshap_values(shap, row, scratch, phi);
        shapley(forest, row, want);
        rx_forest_margins(forest, row, margins);
        for (size_t k = 0; k < shape->outputs; k++) {
            double sum = 0;
            for (size_t i = 0; i <= n; i++) {
                double d = fabs(phi[k * (n + 1) + i] - want[k * (n + 1) + i]);
                assert_true(isfinite(d));
                *worst = d > *worst ? d : *worst;
                sum += phi[k * (n + 1) + i];
            }
            assert_true(rx_treeshap_base(shap, k) == phi[k * (n + 1) + n]);
            double d = fabs(sum - margins[k]);
            *worst_sum = d > *worst_sum ? d : *worst_sum;
        }
    }
}

static void test_definition(void **state)
{
    (void)state;
    static const struct shape shapes[] = {
        /* tables: up to 5 splits on a path */
        {.inputs = 4, .outputs = 1, .trees = 3, .splits = 3, .depth = 2},
        {.inputs = 6, .outputs = 2, .trees = 6, .splits = 7, .depth = 3},
        {.inputs = 8, .outputs = 1, .trees = 4, .splits = 31, .depth = 5},
        {.inputs = 2, .outputs = 1, .trees = 4, .splits = 31, .depth = 5},
        /* sweeps, with inputs that come again on a path */
        {.inputs = 3, .outputs = 1, .trees = 3, .splits = 40, .depth = 9},
        {.inputs = 9, .outputs = 1, .trees = 3, .splits = 40, .depth = 9},
        /* more inputs on a path than one block of points takes */
        {.inputs = 12, .outputs = 1, .trees = 1, .splits = 40, .depth = 30},
    };
    struct seeded random = {1};
    double worst = 0;
    double worst_float = 0;
    double worst_double = 0;
    size_t forests = 0;
    for (size_t i = 0; i < RX_ARRAY_LEN(shapes); i++) {
        for (int kind = 0; kind < 4; kind++) {
            struct shape shape = shapes[i];
            shape.lightgbm = kind & 1;
            shape.categories = kind & 2;
            size_t repeats = shape.inputs > 8 ? 2 : 25;
            for (size_t r = 0; r < repeats; r++, forests++) {
                compare(&shape, &random, 3, &worst, shape.lightgbm ? &worst_double : &worst_float);
            }
        }
    }
    print_message("%zu random forests: largest difference to the definition %.1e, of the sum to "
                  "the margin %.1e (double), %.1e (float32)\n",
                  forests, worst, worst_double, worst_float);
    assert_true(worst <= 1e-12 && worst_double <= 1e-12 && worst_float <= 2e-5);
}

/* --- other properties --------------------------------------------------------------------------
 */

/* A chain of 1000 splits over 30 inputs. */
static struct rx_forest *make_chain(size_t splits)
{
    struct rx_error err = {0};
    struct rx_forest *forest = rx_forest_new();
    forest->family = RX_FOREST_LIGHTGBM_TREES;
    forest->n_inputs = 30;
    assert_ok(rx_forest_set_outputs(forest, 1, &err), &err);
    struct rx_forest_node *nodes = NULL;
    assert_ok(rx_forest_add_tree(forest, 2 * splits + 1, 0, 1, &nodes, &err), &err);
    for (uint32_t i = 0; i < splits; i++) {
        double cover = (double)(splits + 1 - i);
        nodes[2 * i] = (struct rx_forest_node){.kind = RX_NODE_NUMERIC,
                                               .feature = i % 30,
                                               .value = i % 7,
                                               .left = 2 * i + 1,
                                               .right = 2 * i + 2,
                                               .cover = cover};
        nodes[2 * i + 1] =
            (struct rx_forest_node){.kind = RX_NODE_LEAF, .value = i % 5 - 2.0, .cover = 1};
    }
    nodes[2 * splits] = (struct rx_forest_node){.kind = RX_NODE_LEAF, .value = 3, .cover = 1};
    assert_ok(rx_forest_finish(forest, &err), &err);
    return forest;
}

static void test_deep(void **state)
{
    (void)state;
    rx_auto(forest) struct rx_forest *forest = make_chain(1000);
    struct rx_error err = {0};
    rx_auto(treeshap) struct rx_treeshap *shap = NULL;
    assert_ok(rx_treeshap_new(forest, &shap, &err), &err);
    rx_autofree void *scratch = malloc(rx_treeshap_scratch_size(shap));
    struct seeded random = {2};
    for (int r = 0; r < 20; r++) {
        double row[30];
        double phi[31];
        double margin = 0;
        for (size_t i = 0; i < 30; i++) {
            row[i] = 7 * seeded_unit(&random) + (r == 0 ? 10 : 0);
        }
        rx_treeshap_values(shap, row, scratch, phi);
        rx_forest_margins(forest, row, &margin);
        for (size_t i = 0; i < 30; i++) {
            margin -= phi[i];
        }
        assert_true(fabs(margin - phi[30]) < 1e-12);
    }
}

static void test_rule(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 64; n++) {
        double points[64];
        double weights[64];
        rx_shap_gauss(n, points, weights);
        for (size_t degree = 0; degree < 2 * n; degree++) {
            double sum = 0;
            for (size_t i = 0; i < n; i++) {
                sum += weights[i] * pow(points[i], (double)degree);
            }
            assert_close(sum, 1 / ((double)degree + 1), 1e-13);
        }
    }
}

static void test_no_cover(void **state)
{
    (void)state;
    static const char text[] = "tree\nversion=v4\nnum_class=1\nmax_feature_idx=0\n"
                               "feature_names=a\nTree=0\nnum_leaves=2\nnum_cat=0\n"
                               "split_feature=0\nthreshold=0\nleft_child=-1\nright_child=-2\n"
                               "leaf_value=1 2\n\nend of trees\n";
    struct rx_error err = {0};
    rx_auto(forest) struct rx_forest *forest = NULL;
    assert_ok(rx_forest_load(rx_str_of(text), &forest, &err), &err);
    struct rx_treeshap *shap = NULL;
    assert_int_equal(rx_treeshap_new(forest, &shap, &err), RX_EINVALID);
    assert_message(&err, "tree 0: no internal_count at the root");
}

static int prepare(void *arg)
{
    struct rx_error err = {0};
    rx_auto(treeshap) struct rx_treeshap *shap = NULL;
    return rx_treeshap_new(arg, &shap, &err);
}

static void test_allocation(void **state)
{
    (void)state;
    struct seeded random = {3};
    const struct shape shape = {.inputs = 6, .outputs = 2, .trees = 9, .splits = 40, .depth = 7};
    rx_auto(forest) struct rx_forest *forest = make(&shape, &random);
    assert_true(rx_torture_alloc(prepare, forest) > 8);
}

/* --- recorded contributions --------------------------------------------------------------------
 */

static float *read_floats(const char *name, size_t n)
{
    const char *path = oracle_path(name);
    if (!path) {
        print_message("no recorded data: %s (set RADARX_DATA)\n", name);
        skip();
    }
    rx_auto(buf) struct rx_buf bytes = RX_BUF_INIT(64u << 20);
    struct rx_error err = {0};
    assert_ok(rx_file_read(path, &bytes, &err), &err);
    float *floats = malloc(n * sizeof(*floats));
    assert_non_null(floats);
    assert_true(rx_buf_str(&bytes).n >= n * sizeof(*floats));
    memcpy(floats, rx_buf_str(&bytes).p, n * sizeof(*floats));
    return floats;
}

static void compare_recorded(const char *model, size_t n_rows)
{
    enum { INPUTS = 38 };
    char name[200];
    snprintf(name, sizeof(name), "models/xgb_models/golden/%s.contrib_500x39.f32", model);
    rx_autofree float *want = read_floats(name, n_rows * (INPUTS + 1));
    rx_autofree float *rows =
        read_floats("models/xgb_models/golden/X_2000x38.f32", n_rows * INPUTS);
    snprintf(name, sizeof(name), "models/xgb_models/golden/%s.json", model);
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(64u << 20);
    struct rx_error err = {0};
    assert_ok(rx_file_read(oracle_path(name), &text, &err), &err);
    rx_auto(forest) struct rx_forest *forest = NULL;
    assert_ok(rx_forest_load(rx_buf_str(&text), &forest, &err), &err);
    rx_auto(treeshap) struct rx_treeshap *shap = NULL;
    assert_ok(rx_treeshap_new(forest, &shap, &err), &err);
    rx_autofree void *scratch = malloc(rx_treeshap_scratch_size(shap));
    double worst = 0;
    double worst_sum = 0;
    for (size_t r = 0; r < n_rows; r++) {
        double row[INPUTS];
        double phi[INPUTS + 1];
        double margin = 0;
        double sum = 0;
        for (size_t i = 0; i < INPUTS; i++) {
            row[i] = (double)rows[r * INPUTS + i];
        }
        rx_treeshap_values(shap, row, scratch, phi);
        rx_forest_margins(forest, row, &margin);
        for (size_t i = 0; i <= INPUTS; i++) {
            double d = fabs(phi[i] - (double)want[r * (INPUTS + 1) + i]);
            worst = d > worst ? d : worst;
            sum += phi[i];
        }
        worst_sum = fabs(sum - margin) > worst_sum ? fabs(sum - margin) : worst_sum;
    }
    print_message("%s: %zu contributions of libxgboost, largest difference %.1e; of the sum to the "
                  "margin %.1e\n",
                  model, n_rows * (INPUTS + 1), worst, worst_sum);
    assert_true(worst <= 5e-6 && worst_sum <= 2e-5);
}

static void test_recorded(void **state)
{
    (void)state;
    compare_recorded("m100d4", 500);
    compare_recorded("m300d6", 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_definition), cmocka_unit_test(test_deep),
        cmocka_unit_test(test_rule),       cmocka_unit_test(test_no_cover),
        cmocka_unit_test(test_allocation), cmocka_unit_test(test_recorded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
