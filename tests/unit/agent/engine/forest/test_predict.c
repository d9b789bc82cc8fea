// SPDX-License-Identifier: Apache-2.0
/* Random forests of every layout: the compiled walk, one row and many, equals the walk on the
 * canonical table bit for bit. Covers predict.c, compile.c and build.c. */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>

#include "agent/engine/forest/compiled.h"
#include "tests/support/seeded.h"
#include "tests/support/test.h"
#include "tests/support/torture.h"

static const double odd_values[] = {0.0, -0.0, 1.0, -1.0, 1e-45, -1e-45, 1e-36, 3e38, -3e38, 0.5};

struct shape {
    enum rx_forest_family family;
    size_t inputs, outputs, trees, leaves;
    bool categories, dart, chains;
    enum rx_forest_layout layout;
};

static double pick(struct seeded *s)
{
    size_t i = seeded_below(s, 2 * RX_ARRAY_LEN(odd_values));
    return i < RX_ARRAY_LEN(odd_values) ? odd_values[i] : (double)(float)seeded_normal(s);
}

static void fill_split(struct rx_forest *forest, const struct shape *shape,
                       struct rx_forest_node *node, struct seeded *s)
{
    node->kind = RX_NODE_NUMERIC;
    node->feature = (uint32_t)seeded_below(s, shape->inputs);
    node->default_left = seeded_below(s, 2) == 1;
    node->value = shape->family == RX_FOREST_XGBOOST ? (double)(float)pick(s) : pick(s);
    if (seeded_below(s, 40) == 0) {
        node->value = seeded_below(s, 2) ? (double)INFINITY : -(double)INFINITY;
    }
    if (shape->family == RX_FOREST_LIGHTGBM_TREES) {
        node->missing = (uint8_t)seeded_below(s, 3);
    }
    if (shape->categories && seeded_below(s, 2) == 0) {
        uint32_t *words;
        node->kind = RX_NODE_CATEGORY;
        node->missing = RX_MISSING_NAN;
        node->cat_words = 1 + (uint32_t)seeded_below(s, 2);
        assert_int_equal(
            rx_forest_add_categories(forest, node->cat_words, &node->cat_begin, &words, NULL), 0);
        for (uint32_t i = 0; i < node->cat_words; i++) {
            words[i] = (uint32_t)seeded_u64(s);
        }
    }
}

/* Grows a tree by splitting leaves: random ones, or always the newest (a chain). */
static void add_tree(struct rx_forest *forest, const struct shape *shape, struct seeded *s)
{
    struct rx_forest_node *nodes;
    size_t n = 2 * (shape->chains ? shape->leaves : 1 + seeded_below(s, shape->leaves)) - 1;
    float weight = shape->dart ? (float)seeded_unit(s) : 1;
    uint32_t group = (uint32_t)seeded_below(s, shape->outputs);
    assert_int_equal(rx_forest_add_tree(forest, n, group, weight, &nodes, NULL), 0);
    for (size_t i = 0; i < n; i++) {
        nodes[i].kind = RX_NODE_LEAF;
        nodes[i].value = (double)(float)seeded_normal(s);
    }
    for (uint32_t used = 1; used < n; used += 2) {
        uint32_t at = shape->chains ? used - 1 : (uint32_t)seeded_below(s, used);
        while (nodes[at].kind != RX_NODE_LEAF) {
            at = (at + 1) % used;
        }
        fill_split(forest, shape, &nodes[at], s);
        nodes[at].left = used;
        nodes[at].right = used + 1;
    }
}

static struct rx_forest *make(const struct shape *shape, struct seeded *s)
{
    struct rx_error err = {0};
    struct rx_forest *forest = rx_forest_new();
    assert_non_null(forest);
    forest->family = shape->family;
    forest->dart = shape->dart;
    forest->n_inputs = shape->inputs;
    assert_ok(rx_forest_set_outputs(forest, shape->outputs, &err), &err);
    for (size_t i = 0; i < shape->outputs; i++) {
        forest->base[i] = (double)(float)seeded_normal(s);
    }
    for (size_t i = 0; i < shape->trees; i++) {
        add_tree(forest, shape, s);
    }
    assert_ok(rx_forest_finish(forest, &err), &err);
    assert_int_equal(forest->compiled->layout, shape->layout);
    return forest;
}

/* The plain walk, straight from the definitions. */
static void walk(const struct rx_forest *forest, const double *row, double *out)
{
    bool xgboost = forest->family == RX_FOREST_XGBOOST;
    for (size_t i = 0; i < forest->n_outputs; i++) {
        out[i] = forest->base[i];
    }
    for (size_t t = 0; t < forest->n_trees; t++) {
        const struct rx_forest_tree *tree = &forest->trees[t];
        const struct rx_forest_node *nodes = forest->nodes + tree->first_node;
        uint32_t at = 0;
        while (nodes[at].kind != RX_NODE_LEAF) {
            double x = row[nodes[at].feature];
            at = rx_forest_step(forest, &nodes[at], xgboost ? (double)(float)x : x);
        }
        double *sum = &out[tree->group];
        float leaf = (float)nodes[at].value;
        leaf = forest->dart ? (0.0f + leaf) * tree->weight : leaf;
        *sum = xgboost ? (double)((float)*sum + leaf) : *sum + nodes[at].value;
    }
}

static void fill_rows(const struct shape *shape, double *rows, size_t n, struct seeded *s)
{
    for (size_t i = 0; i < n * shape->inputs; i++) {
        size_t kind = seeded_below(s, 6);
        rows[i] = kind == 0 ? (double)NAN : kind == 1 ? (double)seeded_below(s, 70) - 2 : pick(s);
    }
}

static size_t compare(const struct shape *shape, uint64_t seed)
{
    enum { ROWS = 101 };
    struct seeded s = {seed};
    struct rx_forest *forest = make(shape, &s);
    size_t numbers = ROWS * shape->outputs;
    rx_autofree double *rows = calloc(ROWS * shape->inputs, sizeof(double));
    rx_autofree double *want = calloc(numbers, sizeof(double));
    rx_autofree double *one = calloc(numbers, sizeof(double));
    rx_autofree double *many = calloc(numbers, sizeof(double));
    assert_true(rows && want && one && many);
    fill_rows(shape, rows, ROWS, &s);
    for (size_t i = 0; i < ROWS; i++) {
        walk(forest, rows + i * shape->inputs, want + i * shape->outputs);
        rx_forest_margins(forest, rows + i * shape->inputs, one + i * shape->outputs);
    }
    rx_forest_margins_batch(forest, rows, ROWS, many);
    for (size_t i = 0; i < numbers; i++) {
        if (memcmp(&one[i], &want[i], sizeof(double)) != 0) {
            fail_msg("seed %llu, margin %zu: %.17g, expected %.17g", (unsigned long long)seed, i,
                     one[i], want[i]);
        }
    }
    assert_memory_equal(many, want, numbers * sizeof(double));
    rx_forest_free(forest);
    return numbers;
}

static void test_every_layout(void **state)
{
    (void)state;
    static const struct shape shapes[] = {
        {RX_FOREST_XGBOOST, 5, 1, 13, 20, false, false, false, RX_LAYOUT_NARROW},
        {RX_FOREST_XGBOOST, 3, 4, 30, 9, true, false, false, RX_LAYOUT_NARROW},
        {RX_FOREST_XGBOOST, 7, 3, 21, 30, true, true, false, RX_LAYOUT_NARROW},
        {RX_FOREST_XGBOOST, 2, 1, 1, 1, false, false, false, RX_LAYOUT_NARROW},
        {RX_FOREST_XGBOOST, 2, 2, 0, 1, false, false, false, RX_LAYOUT_NARROW},
        {RX_FOREST_XGBOOST, 9, 1, 9, 1000, false, false, true, RX_LAYOUT_NARROW},
        {RX_FOREST_XGBOOST, 4, 2, 2, 15000, false, false, false, RX_LAYOUT_NARROW},
        {RX_FOREST_XGBOOST, 6000, 2, 40, 400, true, true, false, RX_LAYOUT_CANONICAL},
        {RX_FOREST_LIGHTGBM_TREES, 5, 1, 13, 20, false, false, false, RX_LAYOUT_DOUBLE},
        {RX_FOREST_LIGHTGBM_TREES, 6, 3, 31, 30, true, false, false, RX_LAYOUT_DOUBLE},
        {RX_FOREST_LIGHTGBM_TREES, 9, 1, 8, 700, true, false, true, RX_LAYOUT_DOUBLE},
        {RX_FOREST_LIGHTGBM_TREES, 6000, 1, 20, 900, true, false, false, RX_LAYOUT_CANONICAL},
    };
    size_t numbers = 0;
    size_t forests = 0;
    for (size_t i = 0; i < RX_ARRAY_LEN(shapes); i++) {
        size_t rounds = shapes[i].leaves > 100 ? 2 : 40;
        for (uint64_t seed = 0; seed < rounds; seed++, forests++) {
            numbers += compare(&shapes[i], 1000 * i + seed);
        }
    }
    print_message("%zu forests, %zu margins: equal bit for bit\n", forests, numbers);
}

/* More nodes than a distance of 16 bits reaches. */
static void test_wide_layout(void **state)
{
    (void)state;
    struct rx_forest *forest = rx_forest_new();
    struct rx_forest_node *nodes;
    enum { LEVELS = 16, NODES = (2 << LEVELS) - 1 };
    assert_non_null(forest);
    forest->n_inputs = 1;
    assert_int_equal(rx_forest_set_outputs(forest, 1, NULL), 0);
    assert_int_equal(rx_forest_add_tree(forest, NODES, 0, 1, &nodes, NULL), 0);
    /* A search tree over 0 .. 2^16 - 1 in heap order: the leaf's value is the number. */
    for (uint32_t i = 0; i < NODES; i++) {
        uint32_t level = 31 - (uint32_t)__builtin_clz(i + 1);
        uint32_t width = UINT32_C(1) << (LEVELS - level);
        uint32_t first = (i + 1 - (UINT32_C(1) << level)) * width;
        bool leaf = level == LEVELS;
        nodes[i] = (struct rx_forest_node){.kind = leaf ? RX_NODE_LEAF : RX_NODE_NUMERIC,
                                           .default_left = i % 2,
                                           .left = leaf ? 0 : 2 * i + 1,
                                           .right = leaf ? 0 : 2 * i + 2,
                                           .value = leaf ? first : first + width / 2.0};
    }
    assert_int_equal(rx_forest_finish(forest, NULL), 0);
    assert_int_equal(forest->compiled->layout, RX_LAYOUT_WIDE);
    double rows[64];
    double out[64];
    for (uint32_t i = 0; i < 65536; i += 64) {
        for (uint32_t j = 0; j < 64; j++) {
            rows[j] = i + j;
        }
        rx_forest_margins_batch(forest, rows, 64, out);
        assert_memory_equal(out, rows, sizeof(out));
        rx_forest_margins(forest, rows + 5, out);
        assert_true(out[0] == rows[5]);
    }
    rx_forest_free(forest);
}

/* --- what finish refuses -----------------------------------------------------------------------
 */

/* A stump over one input, to be spoilt. */
static struct rx_forest *stump(struct rx_forest_node **ret)
{
    struct rx_forest *forest = rx_forest_new();
    assert_non_null(forest);
    forest->n_inputs = 1;
    assert_int_equal(rx_forest_set_outputs(forest, 1, NULL), 0);
    assert_int_equal(rx_forest_add_tree(forest, 3, 0, 1, ret, NULL), 0);
    (*ret)[0] = (struct rx_forest_node){.kind = RX_NODE_NUMERIC, .left = 1, .right = 2};
    (*ret)[1].kind = (*ret)[2].kind = RX_NODE_LEAF;
    return forest;
}

static void refused(struct rx_forest *forest, const char *message)
{
    struct rx_error err = {0};
    assert_true(rx_forest_finish(forest, &err) < 0);
    assert_message(&err, message);
    rx_forest_free(forest);
}

static void test_refusals(void **state)
{
    (void)state;
    struct rx_forest_node *n;
    struct rx_forest *f = stump(&n);
    n[0].left = 3;
    refused(f, "tree 0, node 0: left child 3 of a tree with 3 nodes");
    f = stump(&n);
    n[0].right = UINT32_MAX;
    refused(f, "right child -1 of a tree");
    f = stump(&n);
    n[0].right = 1;
    refused(f, "right child 1 is reached twice (a cycle or a shared branch)");
    f = stump(&n);
    n[0].left = 0;
    refused(f, "left child 0 is reached twice");
    f = stump(&n);
    n[0].kind = RX_NODE_LEAF;
    refused(f, "tree 0, node 1: no node leads to it");
    f = stump(&n);
    n[2].kind = RX_NODE_UNUSED;
    refused(f, "node 2: was pruned, but the tree still leads to it");
    f = stump(&n);
    n[0].feature = 1;
    refused(f, "feature 1 of a model with 1 features");
    f = stump(&n);
    n[0].value = (double)NAN;
    refused(f, "threshold: a number expected, not NaN");
    f = stump(&n);
    n[1].value = (double)INFINITY;
    refused(f, "node 1: leaf value: a finite number expected");
    f = stump(&n);
    n[1].value = 3e38;
    refused(f, "tree 0: leaf values: the sum of the trees can overflow");
    f = stump(&n);
    n[0].kind = RX_NODE_CATEGORY;
    n[0].cat_words = 1;
    refused(f, "its category set lies outside the table");
    f = stump(&n);
    f->trees[0].group = 1;
    refused(f, "output 1 of a model with 1");
    f = stump(&n);
    f->trees[0].weight = NAN;
    refused(f, "its weight is not finite");
    f = stump(&n);
    f->base[0] = (double)NAN;
    refused(f, "base margin 0: a finite number expected");
    f = stump(&n);
    f->n_inputs = RX_FOREST_MAX_INPUTS + 1;
    refused(f, "65537 features");
    f = stump(&n);
    assert_int_equal(rx_forest_add_tree(f, 0, 0, 1, &n, NULL), 0);
    refused(f, "tree 1: at least one node expected");
}

static void test_bounds(void **state)
{
    (void)state;
    struct rx_forest_node *nodes;
    struct rx_error err = {0};
    struct rx_forest *forest = stump(&nodes);
    assert_int_equal(rx_forest_set_outputs(forest, RX_FOREST_MAX_OUTPUTS + 1, &err), RX_ELIMIT);
    assert_int_equal(rx_forest_add_tree(forest, RX_FOREST_MAX_NODES, 0, 1, &nodes, &err),
                     RX_ELIMIT);
    assert_message(&err, "more than 10000000 nodes");
    uint32_t begin;
    uint32_t *words;
    assert_int_equal(rx_forest_add_categories(forest, SIZE_MAX, &begin, &words, &err), RX_ELIMIT);
    rx_forest_free(forest);
    const struct shape deep = {
        RX_FOREST_XGBOOST, 1, 1, 1, RX_FOREST_MAX_DEPTH + 2, false, false, true, RX_LAYOUT_NARROW};
    struct seeded s = {1};
    forest = rx_forest_new();
    assert_non_null(forest);
    forest->n_inputs = 1;
    assert_int_equal(rx_forest_set_outputs(forest, 1, NULL), 0);
    add_tree(forest, &deep, &s);
    refused(forest, "deeper than 1024 levels");
}

static int build_small(void *arg)
{
    (void)arg;
    struct rx_forest_node *nodes;
    uint32_t *words;
    uint32_t begin;
    rx_auto(forest) struct rx_forest *forest = rx_forest_new();
    if (!forest) {
        return -ENOMEM;
    }
    forest->n_inputs = 2;
    int rc = rx_forest_set_outputs(forest, 2, NULL);
    rc = rc < 0 ? rc : rx_forest_set_name(forest, 1, RX_STR("x"), NULL);
    rc = rc < 0 ? rc : rx_forest_add_categories(forest, 1, &begin, &words, NULL);
    rc = rc < 0 ? rc : rx_forest_add_tree(forest, 1, 1, 1, &nodes, NULL);
    if (rc < 0) {
        return rc;
    }
    nodes[0].kind = RX_NODE_LEAF;
    return rx_forest_finish(forest, NULL);
}

static void test_allocation_failures(void **state)
{
    (void)state;
    assert_true(rx_torture_alloc(build_small, NULL) >= 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_layout),
        cmocka_unit_test(test_wide_layout),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_allocation_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
