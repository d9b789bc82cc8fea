// SPDX-License-Identifier: Apache-2.0
/* LightGBM's text format: what each split means, the objectives, every refusal by name, and the
 * recorded models. Covers lightgbm.c, lightgbm_text.c and lightgbm_tree.c. */
#include <float.h>
#include <math.h>
#include <stdio.h>

#include "agent/engine/forest/forest_core.h"
#include "common/base/parse.h"
#include "tests/support/oracle.h"
#include "tests/support/torture.h"

/* Two trees. The first: input 0 <= 0.5 (missing NaN, default left), then input 1 in {1, 33}. The
 * second: input 0 <= 0 with the missing type that a test sets, leaves 10 and 20. */
static const char model_text[] = "tree\n"
                                 "version=v4\n"
                                 "num_class=1\n"
                                 "num_tree_per_iteration=1\n"
                                 "label_index=0\n"
                                 "max_feature_idx=1\n"
                                 "objective=binary sigmoid:2\n"
                                 "feature_names=depth kind\n"
                                 "feature_infos=[0:1] -1:0:1:33\n"
                                 "tree_sizes=300 200\n"
                                 "\n"
                                 "Tree=0\n"
                                 "num_leaves=3\n"
                                 "num_cat=1\n"
                                 "split_feature=0 1\n"
                                 "split_gain=2 1\n"
                                 "threshold=0.5 0\n"
                                 "decision_type=10 1\n"
                                 "left_child=1 -1\n"
                                 "right_child=-3 -2\n"
                                 "leaf_value=1 2 4\n"
                                 "leaf_weight=1 1 1\n"
                                 "leaf_count=5 3 2\n"
                                 "internal_value=0 0\n"
                                 "internal_weight=0 0\n"
                                 "internal_count=10 8\n"
                                 "cat_boundaries=0 2\n"
                                 "cat_threshold=2 2\n"
                                 "is_linear=0\n"
                                 "shrinkage=1\n"
                                 "\n"
                                 "\n"
                                 "Tree=1\n"
                                 "num_leaves=2\n"
                                 "num_cat=0\n"
                                 "split_feature=0\n"
                                 "threshold=0\n"
                                 "decision_type=2\n"
                                 "left_child=-1\n"
                                 "right_child=-2\n"
                                 "leaf_value=10 20\n"
                                 "leaf_count=5 5\n"
                                 "internal_count=10\n"
                                 "shrinkage=0.1\n"
                                 "\n"
                                 "\n"
                                 "end of trees\n"
                                 "\n"
                                 "feature_importances:\n"
                                 "depth=2\n";

/* The model with `from` (which must be there once or more) changed to `to`. */
static struct rx_str changed(const char *from, const char *to)
{
    static char text[2 * sizeof(model_text) + 4096];
    const char *at = strstr(model_text, from);
    assert_non_null(at);
    int n = snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - model_text), model_text, to,
                     at + strlen(from));
    assert_true(n > 0 && (size_t)n < sizeof(text));
    return (struct rx_str){text, (size_t)n};
}

static struct rx_forest *load(struct rx_str text)
{
    struct rx_error err = {0};
    struct rx_forest *forest = NULL;
    assert_ok(rx_forest_load(text, &forest, &err), &err);
    return forest;
}

static double margin(const struct rx_forest *forest, double x0, double x1)
{
    const double row[2] = {x0, x1};
    double out[3] = {0};
    rx_forest_margins(forest, row, out);
    double again[3] = {0};
    rx_forest_margins_batch(forest, row, 1, again);
    assert_true(out[0] == again[0]);
    return out[0];
}

static void test_facts(void **state)
{
    (void)state;
    rx_auto(forest) struct rx_forest *forest = load(rx_str_of(model_text));
    assert_int_equal(rx_forest_format(forest), RX_FOREST_LIGHTGBM);
    assert_string_equal(rx_forest_version(forest), "v4");
    assert_string_equal(rx_forest_objective(forest), "binary");
    assert_string_equal(rx_forest_booster(forest), "gbdt");
    assert_int_equal(rx_forest_inputs(forest), 2);
    assert_string_equal(rx_forest_input_name(forest, 1), "kind");
    assert_int_equal(rx_forest_outputs(forest), 1);
    assert_int_equal(rx_forest_trees(forest), 2);
    assert_int_equal(rx_forest_iterations(forest), 2);
    assert_int_equal(rx_forest_nodes(forest), 8);
}

static void test_splits(void **state)
{
    (void)state;
    rx_auto(forest) struct rx_forest *forest = load(rx_str_of(model_text));
    const double nan = (double)NAN;
    static const struct {
        double x1, leaf;
    } categories[] = {{1, 1},   {33, 1},   {0, 2},  {34, 2},   {64, 2},    {1e9, 2},
                      {1.9, 1}, {-0.5, 2}, {-1, 2}, {1e12, 2}, {1e300, 2}, {33.99, 1}};
    for (size_t i = 0; i < RX_ARRAY_LEN(categories); i++) {
        assert_true(margin(forest, -1, categories[i].x1) == categories[i].leaf + 10);
    }
    assert_true(margin(forest, -1, nan) == 12); /* a missing category goes right */
    assert_true(margin(forest, 0.5, 1) == 21);  /* <= goes left */
    assert_true(margin(forest, nextafter(0.5, 1), 1) == 24);
    /* NaN: to the default side where it is the missing type, else it is 0. */
    assert_true(margin(forest, nan, 1) == 11);
    /* What is not larger than 1e-35f is 0. */
    assert_true(margin(forest, 9e-36, 1) == 11);
    assert_true(margin(forest, 2e-35, 1) == 21);
}

static void test_missing_types(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        double at_nan, at_zero, at_one, at_minus;
    } rows[] = {
        {"decision_type=0\n", 10, 10, 20, 10},  /* none: NaN is 0 */
        {"decision_type=2\n", 10, 10, 20, 10},  /* none, default left says nothing */
        {"decision_type=4\n", 20, 20, 20, 10},  /* zero, default right */
        {"decision_type=6\n", 10, 10, 20, 10},  /* zero, default left */
        {"decision_type=8\n", 20, 10, 20, 10},  /* NaN, default right */
        {"decision_type=10\n", 10, 10, 20, 10}, /* NaN, default left */
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(rows); i++) {
        rx_auto(forest) struct rx_forest *forest = load(changed("decision_type=2\n", rows[i].type));
        const double nan = (double)NAN;
        assert_true(margin(forest, nan, 1) == 1 + rows[i].at_nan);
        assert_true(margin(forest, 0, 1) == 1 + rows[i].at_zero);
        assert_true(margin(forest, -5e-36, 1) == 1 + rows[i].at_zero);
        assert_true(margin(forest, 1, 1) == 4 + rows[i].at_one);
        assert_true(margin(forest, -1, 1) == 1 + rows[i].at_minus);
    }
    rx_auto(forest) struct rx_forest *forest = load(changed("threshold=0\n", "threshold=inf\n"));
    assert_true(margin(forest, DBL_MAX, 1) == 14);
}

static void test_links(void **state)
{
    (void)state;
    static const struct {
        const char *objective;
        double out; /* of the margin 0.25 */
    } rows[] = {
        {"binary sigmoid:2", 0.62245933120185459},
        {"regression", 0.25},
        {"regression sqrt", 0.0625},
        {"regression_l1", 0.25},
        {"huber", 0.25},
        {"fair", 0.25},
        {"quantile", 0.25},
        {"mape", 0.25},
        {"poisson", 1.2840254166877414},
        {"gamma", 1.2840254166877414},
        {"tweedie", 1.2840254166877414},
        {"cross_entropy", 0.56217650088579807},
        {"cross_entropy_lambda", 0.8259394198788436},
        {"lambdarank", 0.25},
        {"rank_xendcg", 0.25},
        {"custom", 0.25},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(rows); i++) {
        char line[100];
        snprintf(line, sizeof(line), "objective=%s\n", rows[i].objective);
        rx_auto(forest) struct rx_forest *forest =
            load(changed("objective=binary sigmoid:2\n", line));
        const double in = 0.25;
        double out = 0;
        assert_int_equal(rx_forest_values(forest), 1);
        rx_forest_transform(forest, &in, &out);
        assert_close(out, rows[i].out, 1e-15);
    }
    /* No objective: a function of the trainer's own; the margin is the answer. */
    rx_auto(forest) struct rx_forest *plain = load(changed("objective=binary sigmoid:2\n", ""));
    const double in = -3;
    double out = 0;
    rx_forest_transform(plain, &in, &out);
    assert_true(out == -3);
}

/* A random forest: margins are plain sums, predictions are of their mean. */
static void test_average(void **state)
{
    (void)state;
    rx_auto(forest) struct rx_forest *forest =
        load(changed("objective=binary sigmoid:2\n", "objective=regression\naverage_output\n"));
    assert_string_equal(rx_forest_booster(forest), "rf");
    double sum = margin(forest, 1, 1);
    assert_true(sum == 24);
    double out = 0;
    rx_forest_transform(forest, &sum, &out);
    assert_true(out == 12);
    struct rx_error err = {0};
    const struct rx_forest_options one = {.iterations = 1};
    rx_auto(forest) struct rx_forest *first = NULL;
    assert_ok(rx_forest_load_with(
                  changed("objective=binary sigmoid:2\n", "objective=regression\naverage_output\n"),
                  &one, &first, &err),
              &err);
    sum = margin(first, 1, 1);
    rx_forest_transform(first, &sum, &out);
    assert_true(sum == 4 && out == 4);
}

static void test_classes(void **state)
{
    (void)state;
    rx_auto(forest) struct rx_forest *forest =
        load(changed("num_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=1\n"
                     "objective=binary sigmoid:2\n",
                     "num_class=2\nnum_tree_per_iteration=2\nlabel_index=0\nmax_feature_idx=1\n"
                     "objective=multiclass num_class:2\n"));
    const double row[2] = {1, 1};
    double out[2] = {0};
    rx_forest_margins(forest, row, out);
    assert_true(out[0] == 4 && out[1] == 20);
    rx_forest_transform(forest, out, out);
    assert_close(out[0], 1.1253516205509499e-07, 1e-15);
    assert_close(out[1], 0.99999988746483792, 1e-15);
}

static void test_line_ends(void **state)
{
    (void)state;
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(1u << 20);
    for (const char *p = model_text; *p; p++) {
        if (*p == '\n') {
            rx_buf_putc(&text, '\r');
        }
        rx_buf_putc(&text, *p);
    }
    rx_auto(forest) struct rx_forest *forest = load(rx_buf_str(&text));
    assert_true(margin(forest, 0.5, 1) == 21);
}

static const struct refusal {
    const char *from, *to, *message;
} refusals[] = {
    {"tree\nversion", "trunk\nversion", "not a model"},
    {"version=v4\n", "version=v5\n", "version: expected v2, v3 or v4, got \"v5\""},
    {"version=v4\n", "", "version: missing"},
    {"num_class=1\n", "", "num_class: missing"},
    {"num_class=1\n", "num_class=0\n", "num_class: expected a whole number 1..10000, got \"0\""},
    {"num_class=1\n", "num_class=1\nnum_class=1\n", "\"num_class\" comes twice"},
    {"num_class=1\n", "num_class=3\n", "num_tree_per_iteration: expected 3"},
    {"max_feature_idx=1", "max_feature_idx=70000", "max_feature_idx: expected a whole number"},
    {"max_feature_idx=1", "max_feature_idx=2", "feature_names: expected 3 names, got 2"},
    {"objective=binary sigmoid:2", "objective=magic", "objective: \"magic\" is not supported"},
    {"sigmoid:2", "sigmoid:0", "objective: sigmoid: expected a number above 0, got \"0\""},
    {"sigmoid:2", "sqrt", "objective: \"sqrt\" is not known as an option of binary"},
    {"binary sigmoid:2", "multiclass num_class:3", "objective: num_class: expected 1"},
    {"tree_sizes=300 200", "tree_sizes=300", "tree_sizes: 1 trees are listed, 2 follow"},
    {"Tree=1\n", "Tree=2\n", "expected \"Tree=1\", got \"Tree=2\""},
    {"is_linear=0", "is_linear=1", "tree 0: is_linear: linear trees are not supported"},
    {"num_leaves=3", "num_leaves=0", "tree 0: num_leaves: expected a whole number 1..5000000"},
    {"num_leaves=3\n", "", "tree 0: num_leaves: missing"},
    {"num_leaves=3", "num_leaves=4000000", "tree 0: leaf_value: expected 4000000 numbers, got 3"},
    {"num_leaves=2", "num_leaves=3", "tree 1: split_feature: expected 2 numbers, got 1"},
    {"num_cat=1\n", "num_cat=3\n", "num_cat: expected a whole number 0..2"},
    {"num_cat=1\n", "num_cat=0\n", "threshold: number 2: a category split names bit set 0"},
    {"split_feature=0 1", "split_feature=0 2",
     "split_feature: number 2: expected a whole number "
     "0..1, got \"2\""},
    {"threshold=0.5 0", "threshold=nan 0", "threshold: number 1: expected a finite number"},
    {"threshold=0.5 0", "threshold=0.5 0.5", "a category split names bit set 0.5"},
    {"threshold=0.5 0", "threshold=0.5 1", "below num_cat = 1"},
    {"decision_type=10 1", "decision_type=12 1",
     "decision_type: number 1: expected a whole "
     "number 0..11, got \"12\""},
    {"left_child=1 -1", "left_child=2 -1", "left_child: number 1: expected a whole number -3..1"},
    {"left_child=1 -1", "left_child=1 -4", "left_child: number 2"},
    {"left_child=1 -1", "left_child=0 -1", "tree 0"}, /* a cycle */
    {"right_child=-3 -2", "right_child=-3 1", "tree 0"},
    {"right_child=-3 -2", "right_child=-1 -2", "tree 0"}, /* a leaf twice */
    {"leaf_value=1 2 4", "leaf_value=1 2", "leaf_value: expected 3 numbers, got 2"},
    {"leaf_value=1 2 4", "leaf_value=1 2 4 8", "leaf_value: expected 3 numbers, got 4"},
    {"leaf_value=1 2 4", "leaf_value=1 2 inf", "leaf_value: number 3: expected a finite number"},
    {"leaf_value=1 2 4", "leaf_value=1 2 1e999", "leaf_value: number 3"},
    {"leaf_value=1 2 4", "leaf_value=1 2 -2e100", "leaf_value: number 3: expected at most 1e+100"},
    {"leaf_count=5 3 2", "leaf_count=5 -3 2", "leaf_count: number 2"},
    {"internal_count=10 8", "internal_count=10", "internal_count: expected 2 numbers, got 1"},
    {"cat_boundaries=0 2", "cat_boundaries=1 2", "cat_boundaries: number 1"},
    {"cat_boundaries=0 2", "cat_boundaries=0 3", "cat_threshold: expected 3 numbers, got 2"},
    {"cat_boundaries=0 2", "cat_boundaries=0 60000000",
     "cat_threshold: expected 60000000 numbers, got 2"},
    {"cat_threshold=2 2", "cat_threshold=2 4294967296", "cat_threshold: number 2"},
    {"end of trees", "end of tree", "expected \"end of trees\" behind tree 2"},
};

static void test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < RX_ARRAY_LEN(refusals); i++) {
        struct rx_error err = {0};
        struct rx_forest *forest = NULL;
        int r = rx_forest_load(changed(refusals[i].from, refusals[i].to), &forest, &err);
        if (r >= 0) {
            fail_msg("%s: loaded", refusals[i].to);
        }
        assert_message(&err, refusals[i].message);
        assert_null(forest);
    }
    print_message("%zu broken models refused\n", RX_ARRAY_LEN(refusals));
}

static void test_cut_off(void **state)
{
    (void)state;
    size_t end = (size_t)(strstr(model_text, "end of trees") - model_text) + strlen("end of trees");
    for (size_t n = 0; n < end; n++) {
        struct rx_error err = {0};
        struct rx_forest *forest = NULL;
        char *text = malloc(n + 1); /* so that a read behind the end is seen */
        memcpy(text, model_text, n);
        if (rx_forest_load((struct rx_str){text, n}, &forest, &err) >= 0) {
            fail_msg("the first %zu bytes load", n);
        }
        assert_true(err.msg[0] != 0);
        free(text);
    }
    print_message("%zu cut-off models refused\n", end);
}

static int load_again(void *arg)
{
    const struct rx_str *text = arg;
    struct rx_error err = {0};
    rx_auto(forest) struct rx_forest *forest = NULL;
    return rx_forest_load(*text, &forest, &err);
}

static void test_allocation(void **state)
{
    (void)state;
    struct rx_str text = rx_str_of(model_text);
    assert_true(rx_torture_alloc(load_again, &text) > 5);
}

/* "label 0:1 1:4" lines and the predictions that Treelite recorded of LightGBM. */
static size_t compare_recorded(const struct rx_forest *forest, struct rx_str rows,
                               struct rx_str expected)
{
    size_t n = 0;
    struct rx_str row;
    struct rx_str value;
    while (rows.n > 0 && rx_str_cut(&rows, '\n', &row) && row.n > 0) {
        double x[2] = {(double)NAN, (double)NAN};
        struct rx_str cell;
        while (rx_str_cut(&row, ' ', &cell)) {
            if (cell.n > 2 && cell.p[1] == ':') {
                struct rx_str number = {cell.p + 2, cell.n - 2};
                assert_int_equal(rx_parse_double(number, &x[cell.p[0] == '1']), 0);
            }
        }
        assert_true(rx_str_cut(&expected, '\n', &value));
        double want = 0;
        assert_int_equal(rx_parse_double(rx_str_trim(value), &want), 0);
        assert_close(margin(forest, x[0], x[1]), want, 1e-15);
        n++;
    }
    return n;
}

static void read_recorded(const char *name, struct rx_buf *out)
{
    const char *path = oracle_path(name);
    if (!path) {
        print_message("no recorded data: %s (set RADARX_DATA)\n", name);
        skip();
    }
    struct rx_error err = {0};
    assert_ok(rx_file_read(path, out, &err), &err);
}

static void test_recorded_predictions(void **state)
{
    (void)state;
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(1u << 20);
    rx_auto(buf) struct rx_buf rows = RX_BUF_INIT(1u << 20);
    rx_auto(buf) struct rx_buf expected = RX_BUF_INIT(1u << 20);
    read_recorded("models/lgbm_models/tl2cgen_toy_categorical_model.txt", &text);
    read_recorded("models/lgbm_models/tl2cgen_toy_categorical.test", &rows);
    read_recorded("models/lgbm_models/treelite_toy_categorical.test.pred", &expected);
    rx_auto(forest) struct rx_forest *forest = load(rx_buf_str(&text));
    size_t n = compare_recorded(forest, rx_buf_str(&rows), rx_buf_str(&expected));
    print_message("%zu recorded predictions to 1e-15\n", n);
    assert_int_equal(n, 180);
}

static void test_recorded_models(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t trees, inputs, outputs;
    } models[] = {
        {"lleaves_boston_housing", 100, 13, 1},
        {"lleaves_leaf_scan", 1, 1, 1},
        {"lleaves_mixed_categorical", 1, 5, 1},
        {"lleaves_multiclass", 120, 13, 3},
        {"lleaves_pure_categorical", 1, 3, 1},
        {"lleaves_single_tree", 1, 10, 1},
        {"lleaves_tiniest_single_tree", 1, 3, 1},
        {"tl2cgen_model_with_constant_tree", 2, 126, 1},
        {"tl2cgen_toy_categorical_model", 30, 2, 1},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(models); i++) {
        char name[200];
        snprintf(name, sizeof(name), "models/lgbm_models/%s.txt", models[i].name);
        rx_auto(buf) struct rx_buf text = RX_BUF_INIT(1u << 24);
        read_recorded(name, &text);
        rx_auto(forest) struct rx_forest *forest = load(rx_buf_str(&text));
        assert_int_equal(rx_forest_trees(forest), models[i].trees);
        assert_int_equal(rx_forest_inputs(forest), models[i].inputs);
        assert_int_equal(rx_forest_outputs(forest), models[i].outputs);
    }
    print_message("%zu recorded models loaded\n", RX_ARRAY_LEN(models));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_facts),
        cmocka_unit_test(test_splits),
        cmocka_unit_test(test_missing_types),
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_average),
        cmocka_unit_test(test_classes),
        cmocka_unit_test(test_line_ends),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_cut_off),
        cmocka_unit_test(test_allocation),
        cmocka_unit_test(test_recorded_predictions),
        cmocka_unit_test(test_recorded_models),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
