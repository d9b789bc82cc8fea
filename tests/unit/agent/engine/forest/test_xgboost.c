// SPDX-License-Identifier: Apache-2.0
/* XGBoost models made by hand and the recorded ones: splits, categories, dart, classes, rounds,
 * base scores, every refusal. It covers forest.c, link.c and document.c, too. */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>

#include "agent/engine/forest/forest_core.h"
#include "agent/engine/forest/xgboost.h"
#include "tests/support/oracle.h"
#include "tests/support/torture.h"

/* Tree 0: input 0 below 1.5 (missing right), then on the left input 1 in {1, 33} goes right
 * (missing left). Tree 1: one leaf. */
static const char model_text[] =
    "{\"version\":[2,1,0],\"learner\":{\"attributes\":{},\"feature_names\":[\"a\",\"b\"],"
    "\"feature_types\":[\"q\",\"c\"],"
    "\"objective\":{\"name\":\"reg:squarederror\"},"
    "\"learner_model_param\":{\"base_score\":\"5E-1\",\"num_class\":\"0\",\"num_feature\":\"2\","
    "\"num_target\":\"1\",\"boost_from_average\":\"1\"},"
    "\"gradient_booster\":{\"name\":\"gbtree\",\"model\":{"
    "\"gbtree_model_param\":{\"num_trees\":\"2\",\"num_parallel_tree\":\"1\"},"
    "\"iteration_indptr\":[0,1,2],\"tree_info\":[0,0],"
    "\"trees\":[{\"tree_param\":{\"num_nodes\":\"7\",\"num_deleted\":\"2\","
    "\"size_leaf_vector\":\"1\"},"
    "\"left_children\":[1,3,-1,-1,-1,-1,-1],\"right_children\":[2,4,-1,-1,-1,-1,-1],"
    "\"split_indices\":[0,1,0,0,0,2147483647,2147483647],"
    "\"split_conditions\":[1.5E0,0,1E1,1,2,9,9],\"default_left\":[0,1,0,0,0,0,0],"
    "\"split_type\":[0,1,0,0,0,0,0],\"categories\":[1,33],\"categories_nodes\":[1],"
    "\"categories_segments\":[0],\"categories_sizes\":[2],"
    "\"sum_hessian\":[10,6,4,3,3,1,1]},"
    "{\"tree_param\":{\"num_nodes\":\"1\"},\"left_children\":[-1],\"right_children\":[-1],"
    "\"split_indices\":[0],\"split_conditions\":[1E2],\"default_left\":[false]}]}}}}";

/* The model with `from` (which must be there) replaced. */
static struct rx_str edited(struct rx_buf *out, const char *from, const char *to)
{
    const char *at = strstr(model_text, from);
    assert_non_null(at);
    rx_buf_clear(out);
    rx_buf_add(out, model_text, (size_t)(at - model_text));
    rx_buf_puts(out, to);
    rx_buf_puts(out, at + strlen(from));
    return rx_buf_str(out);
}

static struct rx_forest *load(struct rx_str text)
{
    struct rx_forest *forest = NULL;
    struct rx_error err = {0};
    assert_ok(rx_forest_load(text, &forest, &err), &err);
    return forest;
}

static double margin(const struct rx_forest *forest, double a, double b)
{
    double out;
    rx_forest_margins(forest, (const double[]){a, b}, &out);
    return out;
}

static void test_splits(void **state)
{
    (void)state;
    const double nan = (double)NAN;
    rx_auto(forest) struct rx_forest *f = load(rx_str_of(model_text));
    assert_true(margin(f, 1.5, 0) == 110.5);
    assert_true(margin(f, nan, 0) == 110.5);
    assert_true(margin(f, 1.5 - 1e-12, 0) == 110.5); /* float32: 1.5 */
    assert_true(margin(f, 1, 0) == 101.5);
    assert_true(margin(f, 1, nan) == 101.5);
    assert_true(margin(f, 1, 1) == 102.5);
    assert_true(margin(f, 1, 1.9) == 102.5);
    assert_true(margin(f, 1, 33) == 102.5);
    assert_true(margin(f, 1, -0.5) == 101.5);
    assert_true(margin(f, 1, 65) == 101.5);
    assert_true(margin(f, 1, 16777216) == 101.5);
    assert_true(margin(f, 1, 1e30) == 101.5);
}

static void test_facts(void **state)
{
    (void)state;
    rx_auto(forest) struct rx_forest *f = load(rx_str_of(model_text));
    assert_int_equal(rx_forest_format(f), RX_FOREST_XGB_JSON);
    assert_string_equal(rx_forest_format_name(f), "XGBoost JSON");
    assert_string_equal(rx_forest_version(f), "2.1.0");
    assert_string_equal(rx_forest_booster(f), "gbtree");
    assert_string_equal(rx_forest_objective(f), "reg:squarederror");
    assert_string_equal(rx_forest_input_name(f, 1), "b");
    assert_null(rx_forest_input_name(f, 2));
    assert_int_equal(rx_forest_inputs(f), 2);
    assert_int_equal(rx_forest_outputs(f), 1);
    assert_int_equal(rx_forest_values(f), 1);
    assert_int_equal(rx_forest_trees(f), 2);
    assert_int_equal(rx_forest_trees_in_file(f), 2);
    assert_int_equal(rx_forest_iterations(f), 2);
    assert_int_equal(rx_forest_nodes(f), 8);
    assert_int_equal(rx_forest_leaves(f), 4);
    assert_int_equal(rx_forest_depth(f), 2);
    assert_true(rx_forest_best_iteration(f) == -1);
    assert_true(rx_forest_base_margin(f, 0) == 0.5);
}

static void test_rounds(void **state)
{
    (void)state;
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(1u << 16);
    struct rx_str early =
        edited(&text, "\"attributes\":{}", "\"attributes\":{\"best_iteration\":\"0\"}");
    static const struct {
        int64_t iterations;
        double margin;
    } cases[] = {{RX_FOREST_BEST, 10.5}, {RX_FOREST_ALL, 110.5}, {1, 10.5}, {2, 110.5}};
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        struct rx_forest_options options = {cases[i].iterations};
        rx_auto(forest) struct rx_forest *f = NULL;
        assert_int_equal(rx_forest_load_with(early, &options, &f, NULL), 0);
        assert_true(margin(f, 9, 0) == cases[i].margin);
        assert_int_equal(rx_forest_trees_in_file(f), 2);
    }
    struct rx_forest_options more = {3};
    struct rx_forest *none = NULL;
    struct rx_error err = {0};
    assert_int_equal(rx_forest_load_with(early, &more, &none, &err), RX_EINVALID);
    assert_message(&err, "at most 2 rounds expected, 3 asked for");
    /* Before 2.0 there was no list of rounds. */
    rx_auto(forest) struct rx_forest *f = load(edited(&text, "\"iteration_indptr\":[0,1,2],", ""));
    assert_int_equal(rx_forest_iterations(f), 2);
}

static void test_dart(void **state)
{
    (void)state;
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(1u << 16);
    rx_auto(buf) struct rx_buf all = RX_BUF_INIT(1u << 16);
    struct rx_str body = edited(&text, "\"name\":\"gbtree\",", "\"name\":\"gbtree\",");
    const char *booster = strstr(text.p, "{\"name\":\"gbtree\"");
    assert_non_null(booster);
    rx_buf_add(&all, body.p, (size_t)(booster - body.p));
    rx_buf_puts(&all, "{\"name\":\"dart\",\"weight_drop\":[2.5E-1,1E-1],\"gbtree\":");
    rx_buf_puts(&all, booster);
    rx_buf_puts(&all, "}");
    rx_auto(forest) struct rx_forest *f = load(rx_buf_str(&all));
    float want = 0.5f + 10 * 0.25f;
    want += 100 * 0.1f;
    assert_true(margin(f, 9, 0) == (double)want);
    assert_string_equal(rx_forest_booster(f), "dart");
}

static void test_base_scores(void **state)
{
    (void)state;
    static const struct {
        const char *objective, *score;
        float base;
    } cases[] = {
        {"binary:logistic", "3E-1", 0}, /* below */
        {"reg:squarederror", "[-2.5]", -2.5f},
        {"binary:logitraw", "3E-1", 0.3f},
        {"binary:hinge", "0E0", 0},
        {"rank:ndcg", "5E-1", 0.5f},
        {"survival:aft", "1E0", 0},
        {"reg:quantileerror", "[1E-7]", 1e-7f},
        /* Shares are kept off 0 and 1: libxgboost 3.2 answers these margins. */
        {"binary:logistic", "0E0", -13.81551f},
        {"binary:logistic", "-0E0", -13.81551f},
        {"reg:logistic", "1E-12", -13.81551f},
        {"binary:logistic", "9E-7", -13.81551f},
        {"binary:logistic", "9.999995E-1", 13.74516f},
        {"reg:logistic", "[1E0]", 13.74516f},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        char from[512];
        rx_auto(buf) struct rx_buf text = RX_BUF_INIT(1u << 16);
        rx_auto(buf) struct rx_buf twice = RX_BUF_INIT(1u << 16);
        snprintf(from, sizeof(from), "\"%s\"", cases[i].objective);
        edited(&text, "\"reg:squarederror\"", from);
        const char *at = strstr(text.p, "5E-1");
        assert_non_null(at);
        rx_buf_add(&twice, text.p, (size_t)(at - text.p));
        rx_buf_puts(&twice, cases[i].score);
        rx_buf_puts(&twice, at + 4);
        rx_auto(forest) struct rx_forest *f = load(rx_buf_str(&twice));
        volatile float p = 0.3f;
        float want = i == 0 ? -logf(1.0f / p - 1.0f) : cases[i].base;
        assert_true(rx_forest_base_margin(f, 0) == (double)want);
    }
}

static void test_untrained(void **state)
{
    (void)state;
    static const char text[] =
        "{\"version\":[3,2,0],\"learner\":{\"objective\":{\"name\":\"binary:logistic\"},"
        "\"learner_model_param\":{\"base_score\":\"[3E-1]\",\"num_feature\":\"2\","
        "\"boost_from_average\":\"%d\"},\"gradient_booster\":{\"name\":\"gbtree\",\"model\":{"
        "\"gbtree_model_param\":{\"num_trees\":\"0\"},\"tree_info\":[],\"trees\":[]}}}}";
    for (int from_average = 0; from_average < 2; from_average++) {
        rx_auto(buf) struct rx_buf out = RX_BUF_INIT(4096);
        rx_buf_add(&out, text, (size_t)(strstr(text, "%d") - text));
        rx_buf_putc(&out, from_average ? '1' : '0');
        rx_buf_puts(&out, strstr(text, "%d") + 2);
        rx_auto(forest) struct rx_forest *f = load(rx_buf_str(&out));
        double want = from_average ? (double)0.3f : (double)-logf(1 / 0.3f - 1);
        assert_true(fabs(margin(f, 0, 0) - want) < 1e-6);
        assert_int_equal(rx_forest_trees(f), 0);
        assert_int_equal(rx_forest_depth(f), 0);
    }
}

static void test_classes(void **state)
{
    (void)state;
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(1u << 16);
    rx_auto(buf) struct rx_buf more = RX_BUF_INIT(1u << 16);
    edited(&text, "\"num_class\":\"0\"", "\"num_class\":\"2\"");
    static const char *const names[] = {"\"multi:softprob\"", "\"multi:softmax\""};
    for (int i = 0; i < 2; i++) {
        const char *at = strstr(text.p, "\"reg:squarederror\"");
        const char *info = strstr(text.p, "\"tree_info\":[0,0]");
        assert_true(at && info);
        rx_buf_clear(&more);
        rx_buf_add(&more, text.p, (size_t)(at - text.p));
        rx_buf_puts(&more, names[i]);
        at += strlen("\"reg:squarederror\"");
        rx_buf_add(&more, at, (size_t)(info - at));
        rx_buf_puts(&more, "\"tree_info\":[1,0]");
        rx_buf_puts(&more, info + strlen("\"tree_info\":[0,0]"));
        rx_auto(forest) struct rx_forest *f = load(rx_buf_str(&more));
        double margins[2];
        double values[2] = {-1, -1};
        rx_forest_margins(f, (const double[]){9, 0}, margins);
        assert_true(margins[0] == 100.5 && margins[1] == 10.5);
        rx_forest_transform(f, margins, values);
        assert_int_equal(rx_forest_values(f), i == 0 ? 2 : 1);
        if (i == 0) {
            assert_true(values[0] == 1 && values[1] == (double)expf(-90));
        } else {
            assert_true(values[0] == 0 && values[1] == -1);
        }
    }
}

static void test_links(void **state)
{
    (void)state;
    struct rx_forest f = {
        .family = RX_FOREST_XGBOOST, .n_outputs = 1, .divide = 1, .link_scale = 1};
    static const struct {
        enum rx_forest_family family;
        enum rx_forest_link link;
        double scale, divide, margin, value;
    } cases[] = {
        {RX_FOREST_XGBOOST, RX_LINK_SIGMOID, 1, 1, 0, 0.5},
        {RX_FOREST_XGBOOST, RX_LINK_SIGMOID, 1, 1, 200, 1},
        {RX_FOREST_XGBOOST, RX_LINK_EXP, 1, 1, 0, 1},
        {RX_FOREST_XGBOOST, RX_LINK_EXP, 1, 1, 1000, (double)FLT_MAX},
        {RX_FOREST_XGBOOST, RX_LINK_STEP, 1, 1, 1e-30, 1},
        {RX_FOREST_XGBOOST, RX_LINK_STEP, 1, 1, 0, 0},
        {RX_FOREST_XGBOOST, RX_LINK_IDENTITY, 1, 1, -3, -3},
        {RX_FOREST_LIGHTGBM_TREES, RX_LINK_SIGMOID, 2, 4, 0, 0.5},
        {RX_FOREST_LIGHTGBM_TREES, RX_LINK_EXP, 1, 1, 1000, DBL_MAX},
        {RX_FOREST_LIGHTGBM_TREES, RX_LINK_LOG1P_EXP, 1, 1, 800, DBL_MAX},
        {RX_FOREST_LIGHTGBM_TREES, RX_LINK_SIGNED_SQUARE, 1, 2, -6, -9},
        {RX_FOREST_LIGHTGBM_TREES, RX_LINK_SIGNED_SQUARE, 1, 1, -1e200, -DBL_MAX},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        double out = -7;
        f.family = cases[i].family;
        f.link = cases[i].link;
        f.link_scale = cases[i].scale;
        f.divide = cases[i].divide;
        rx_forest_transform(&f, &cases[i].margin, &out);
        assert_true(out == cases[i].value);
    }
    double two[2] = {0, 0};
    f.n_outputs = 2;
    f.link = RX_LINK_SOFTMAX;
    f.divide = 10;
    rx_forest_transform(&f, (const double[]){10 * log(3), 0}, two);
    assert_true(fabs(two[0] - 0.75) < 1e-15 && fabs(two[1] - 0.25) < 1e-15);
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *message;
    } cases[] = {
        {"[2,1,0]", "[3,3,0]", "XGBoost 3.3.0 is newer than the newest that is supported, 3.2"},
        {"[2,1,0]", "[2,1]", "version: three integers expected"},
        {"\"learner\":{", "\"x\":{", "learner: an object expected"},
        {"\"gbtree\"", "\"gblinear\"", "\"gblinear\" is not supported"},
        {"\"model\":{", "\"x\":{", "gradient_booster.model: an object expected"},
        {"\"tree_info\":[0,0]", "\"cats\":{\"enc\":[1]},\"tree_info\":[0,0]", "re-coded"},
        {"\"num_target\":\"1\"", "\"num_target\":\"2\"", "2 targets are not supported"},
        {"\"size_leaf_vector\":\"1\"", "\"size_leaf_vector\":\"2\"", "vector leaves"},
        {"reg:squarederror", "reg:cubed", "\"reg:cubed\" is not an objective"},
        {"{\"name\":\"reg:squarederror\"}", "{}", "objective.name: a string expected"},
        {"reg:squarederror", "binary:logistic\",\"x\":\"", NULL},
        {"\"5E-1\"", "\"half\"", "base_score: a number or a list of numbers expected"},
        {"\"5E-1\"", "\"[1,2]\"", "base_score"},
        {"\"5E-1\"", "\"[]\"", "base_score"},
        {"\"num_feature\":\"2\"", "\"num_feature\":\"65537\"", "num_feature: an integer from 0"},
        {"\"num_feature\":\"2\"", "\"num_feature\":\"3\"", "3 names expected"},
        {"\"num_class\":\"0\"", "\"num_class\":\"10001\"", "num_class: an integer from 0 to 10000"},
        {"[\"a\",\"b\"]", "[\"a\",7]", "feature_names[1]: a name expected"},
        {"\"num_trees\":\"2\"", "\"num_trees\":\"1\"", "tree_info: 1 entries expected"},
        {"\"num_trees\":\"2\"", "\"num_trees\":\"-1\"", "num_trees: an integer from 0 to 1000000"},
        {"\"tree_info\":[0,0]", "\"tree_info\":[0,1]", "tree_info[1]: an integer below 1"},
        {"[0,1,2]", "[1,1,2]", "iteration_indptr[0]"},
        {"[0,1,2]", "[0,1,1]", "iteration_indptr[2]"},
        {"\"attributes\":{}", "\"attributes\":{\"best_iteration\":\"-3\"}", "best_iteration"},
        {"\"trees\":[{", "\"trees\":[7,{", "trees: 2 entries expected"},
        {"\"num_nodes\":\"7\"", "\"num_nodes\":\"0\"", "num_nodes: an integer from 1"},
        {"\"num_nodes\":\"7\"", "\"num_nodes\":\"10000000\"", "10000000 entries expected"},
        {"[1,3,-1,", "[1,3.5,-1,", "node 1: left_children: an integer from -1"},
        {"[1,3,-1,", "[1,-2,-1,", "node 1: left_children: an integer from -1"},
        {"[1,3,-1,", "[1,3,\"x\",", "node 2: left_children"},
        {"[1,3,-1,", "[1,0,-1,", "left child 0 is reached twice"},
        {"[1,3,-1,", "[1,5,-1,", "node 5: was pruned, but the tree still leads to it"},
        {"[2,4,-1,", "[2,-1,-1,", "node 1: right child -1 of a tree with 7 nodes"},
        {"[2,4,-1,", "[2,4,3,", "node 2: right_children: -1 expected"},
        {"[0,1,0,0,0,", "[2,1,0,0,0,", "node 0: feature 2 of a model with 2"},
        {"[0,1,0,0,0,", "[0,-1,0,0,0,", "node 1: split_indices"},
        {"[1.5E0,", "[NaN,", "node 0: split_conditions: a threshold expected, not NaN"},
        {"[1.5E0,", "[null,", "node 0: split_conditions: a threshold expected, not NaN"},
        {"1E1,", "Infinity,", "node 2: split_conditions: a finite leaf value expected"},
        {"1E1,", "1E39,", "node 2: split_conditions: a finite leaf value expected"},
        {"1E1,", "3E38,", "the sum of the trees can overflow"},
        {"\"default_left\":[0,", "\"default_left\":[2,", "node 0: default_left"},
        {"\"split_type\":[0,", "\"split_type\":[2,", "node 0: split_type"},
        {"\"split_type\":[0,", "\"split_type\":[1,", "node 0: categories_nodes: a category split"},
        {"\"split_type\":[0,1,", "\"split_type\":[0,0,", "node 1: categories_nodes: each node"},
        {"\"categories\":[1,33]", "\"categories\":[1,-33]", "categories[1]: an integer from 0"},
        {"\"categories\":[1,33]", "\"categories\":[1,16777216]", "categories[1]"},
        {"\"categories_nodes\":[1]", "\"categories_nodes\":[99]", "node 99: categories_nodes"},
        {"\"categories_sizes\":[2]", "\"categories_sizes\":[3]", "node 1: categories_segments"},
        {"\"categories_sizes\":[2]", "\"categories_sizes\":[]", "categories_sizes: 1 entries"},
        {"\"categories_segments\":[0]", "\"categories_segments\":[9]", "out of range"},
        {"\"left_children\":[-1]", "\"left_children\":{}", "tree 1: left_children: an array"},
    };
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(1u << 16);
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        struct rx_forest *forest = NULL;
        struct rx_error err = {0};
        int rc = rx_forest_load(edited(&text, cases[i].from, cases[i].to), &forest, &err);
        if (!cases[i].message) {
            assert_ok(rc, &err); /* base score 0.5 suits every objective */
            rx_forest_free(forest);
            continue;
        }
        assert_true(rc < 0);
        assert_message(&err, cases[i].message);
        assert_null(forest);
    }
}

static void test_scores_that_do_not_suit(void **state)
{
    (void)state;
    static const double scores[] = {-1, -1e-30, 1.5, 2};
    for (size_t i = 0; i < RX_ARRAY_LEN(scores); i++) {
        struct rx_forest forest = {.n_outputs = 1};
        struct rx_error err = {0};
        double base;
        forest.base = &base;
        assert_int_equal(
            rx_xgb_set_objective(&forest, RX_STR("binary:logistic"), false, &scores[i], 1, &err),
            RX_EINVALID);
        assert_message(&err, "does not suit binary:logistic");
    }
}

static void test_other_files(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {{"", "not a model"},
                 {"\x89PNG", "not a model"},
                 {"{\"a\":1}", "this is not an XGBoost model"},
                 {"{\"a\":", "line 1 column"},
                 {"{L\x01", "byte"},
                 {"{}", "this is not an XGBoost model"}};
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        struct rx_forest *forest = NULL;
        struct rx_error err = {0};
        assert_true(rx_forest_load(rx_str_of(cases[i].text), &forest, &err) < 0);
        assert_message(&err, cases[i].message);
    }
}

/* --- the recorded models -----------------------------------------------------------------------
 */

static struct rx_buf read_recorded(const char *name)
{
    const char *path = oracle_path(name);
    struct rx_error err = {0};
    struct rx_buf bytes = RX_BUF_INIT(64u << 20);
    if (!path) {
        print_message("no recorded data: %s (set RADARX_DATA)\n", name);
        skip();
    }
    assert_ok(rx_file_read(path, &bytes, &err), &err);
    return bytes;
}

static size_t compare(const char *model, const char *rows, const char *margins, const char *values)
{
    rx_auto(buf) struct rx_buf text = read_recorded(model);
    rx_auto(buf) struct rx_buf x = read_recorded(rows);
    rx_auto(buf) struct rx_buf want = read_recorded(margins);
    rx_auto(buf) struct rx_buf probabilities = RX_BUF_INIT(1u << 24);
    if (values) {
        probabilities = read_recorded(values);
    }
    rx_auto(forest) struct rx_forest *f = load(rx_buf_str(&text));
    size_t inputs = rx_forest_inputs(f);
    size_t n = want.n / sizeof(float);
    assert_int_equal(x.n, n * inputs * sizeof(float));
    for (size_t i = 0; i < n; i++) {
        double row[64];
        double out;
        double value;
        float single;
        for (size_t j = 0; j < inputs; j++) {
            memcpy(&single, x.p + (i * inputs + j) * sizeof(float), sizeof(float));
            row[j] = (double)single;
        }
        rx_forest_margins(f, row, &out);
        memcpy(&single, want.p + i * sizeof(float), sizeof(float));
        assert_true(out == (double)single);
        if (values) {
            rx_forest_transform(f, &out, &value);
            memcpy(&single, probabilities.p + i * sizeof(float), sizeof(float));
            assert_true(fabs(value - (double)single) <= (double)(2 * FLT_EPSILON * single));
        }
    }
    return n;
}

static void test_recorded_models(void **state)
{
    (void)state;
#define GOLDEN "models/xgb_models/golden/"
    size_t n = 0;
    n += compare(GOLDEN "m100d4.json", GOLDEN "X_2000x38.f32", GOLDEN "m100d4.margin.f32",
                 GOLDEN "m100d4.prob.f32");
    n += compare(GOLDEN "m100d4.ubj", GOLDEN "X_2000x38.f32", GOLDEN "m100d4.margin.f32",
                 GOLDEN "m100d4.prob.f32");
    n += compare(GOLDEN "m300d6.json", GOLDEN "X_2000x38.f32", GOLDEN "m300d6.margin.f32",
                 GOLDEN "m300d6.prob.f32");
    n += compare(GOLDEN "m300d6.ubj", GOLDEN "X_2000x38.f32", GOLDEN "m300d6.margin.f32",
                 GOLDEN "m300d6.prob.f32");
    n += compare("models/xgb_models/luero_xgb214_400trees.json",
                 GOLDEN "luero_xgb214_400trees.X_1000x14.f32",
                 GOLDEN "luero_xgb214_400trees.margin.f32", NULL);
    n += compare("models/xgb_models/alexdelos_xgb203_100trees_a.json",
                 GOLDEN "alexdelos_xgb203_100trees_a.X_1000x13.f32",
                 GOLDEN "alexdelos_xgb203_100trees_a.margin.f32", NULL);
    n += compare("models/xgb_models/alexdelos_xgb203_100trees_b.json",
                 GOLDEN "alexdelos_xgb203_100trees_b.X_1000x13.f32",
                 GOLDEN "alexdelos_xgb203_100trees_b.margin.f32", NULL);
    print_message("%zu of %zu recorded margins equal bit for bit\n", n, n);
}

static int load_it(void *arg)
{
    struct rx_forest *forest = NULL;
    int rc = rx_forest_load(*(struct rx_str *)arg, &forest, NULL);
    rx_forest_free(forest);
    return rc;
}

static void test_allocation_failures(void **state)
{
    (void)state;
    struct rx_str text = rx_str_of(model_text);
    assert_true(rx_torture_alloc(load_it, &text) >= 25);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_splits),
        cmocka_unit_test(test_facts),
        cmocka_unit_test(test_rounds),
        cmocka_unit_test(test_dart),
        cmocka_unit_test(test_base_scores),
        cmocka_unit_test(test_untrained),
        cmocka_unit_test(test_classes),
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_scores_that_do_not_suit),
        cmocka_unit_test(test_other_files),
        cmocka_unit_test(test_recorded_models),
        cmocka_unit_test(test_allocation_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
