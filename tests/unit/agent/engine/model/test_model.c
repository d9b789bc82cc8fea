// SPDX-License-Identifier: Apache-2.0
/*
 * Bundles: what loads, what is refused and in which words, what is computed.
 * It covers model.c, model_eval.c, model_load.c, load_component.c, load_target.c
 * and load_transform.c, and reader.c, scratch.c and transform.c. The golden vectors of the
 * file come from tests/support/bundle_oracle.py, and every load compares them to 1e-9.
 */
#include "agent/engine/model/model.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "common/json/read.h"
#include "tests/support/bundle.h"
#include "tests/support/torture.h"

static void test_facts(void **state)
{
    (void)state;
    rx_auto(model) struct rx_model *model = bundle_model();
    assert_string_equal(rx_model_version(model), "test-bundle-1");
    assert_string_equal(rx_model_created(model), "2020-09-05T00:00:00Z");
    assert_string_equal(rx_model_feature_version(model), "test-2");
    assert_int_equal(strlen(rx_model_sha256(model)), 64);
    assert_true(rx_model_confidence(model) == 0.95);
    assert_true(rx_model_min_age_h(model) == 1 && rx_model_max_age_h(model) == 72);
    assert_int_equal(rx_model_targets(model), 18);
    assert_string_equal(rx_model_target_name(model, 0), "rug_24h");
    assert_null(rx_model_target_name(model, 18));
    assert_int_equal(rx_model_target_find(model, "x2_24h"), 3);
    assert_int_equal(rx_model_target_find(model, "x3_24h"), -1);
    assert_true(rx_model_base_rate(model, 0) == 0.2 && rx_model_rows(model, 0) == 1500);
    assert_true(rx_model_positives(model, 0) == 500);
    assert_string_equal(rx_model_head_name(model, 0, 0), "lp");
    assert_null(rx_model_head_name(model, 0, 2));
    assert_int_equal(rx_model_features(model), 8);
    assert_int_equal(rx_model_feature(model, 1), RX_F_P_DD);
    assert_int_equal(rx_model_parts(model), 4);
    assert_string_equal(rx_model_part(model, 0).kind, "xgboost");
    assert_string_equal(rx_model_part(model, 2).kind, "lightgbm");
    assert_string_equal(rx_model_part(model, 3).kind, "logistic");
    assert_int_equal(rx_model_part(model, 0).trees, 8);
    assert_int_equal(rx_model_part(model, 3).trees, 0);
}

/* The head with LP features answers only when all of them are there. */
static void test_heads(void **state)
{
    (void)state;
    rx_auto(model) struct rx_model *model = bundle_model();
    rx_auto(model_scratch) struct rx_model_scratch *scratch = bundle_scratch(model);
    struct rx_estimate out[RX_MODEL_MAX_TARGETS];
    double x[RX_F_MAX];
    bundle_missing(x);
    x[RX_F_AGE_H] = 6;
    rx_model_eval(model, x, 1, scratch, out);
    assert_int_equal(out[0].head, 1);
    x[RX_F_LP_BURN] = 1;
    rx_model_eval(model, x, 1, scratch, out);
    assert_int_equal(out[0].head, 1);
    x[RX_F_K_GROWTH] = 0;
    rx_model_eval(model, x, 1, scratch, out);
    assert_int_equal(out[0].head, 0);
    const int thin = rx_model_target_find(model, "x50_24h");
    assert_true(out[thin].thin && !out[0].thin);
}

/* Hostile values, every target: numbers in order, monotone cells; wider never narrower. */
static void test_odd_inputs(void **state)
{
    (void)state;
    rx_auto(model) struct rx_model *model = bundle_model();
    rx_auto(model_scratch) struct rx_model_scratch *scratch = bundle_scratch(model);
    static const double values[] = {0,      1,   -1,       1e300,     -1e300,
                                    1e-300, 0.5, HUGE_VAL, -HUGE_VAL, __builtin_nan("")};
    size_t checked = 0;
    for (size_t i = 0; i < 10 * RX_ARRAY_LEN(values); i++) {
        double x[RX_F_MAX];
        struct rx_estimate out[RX_MODEL_MAX_TARGETS], wide[RX_MODEL_MAX_TARGETS];
        for (size_t f = 0; f < RX_F_MAX; f++) {
            x[f] = values[(i * 7 + f * (1 + i / 10)) % RX_ARRAY_LEN(values)];
        }
        rx_model_eval(model, x, 3, scratch, wide);
        rx_model_eval(model, x, 1, scratch, out);
        for (size_t t = 0; t < rx_model_targets(model); t++) {
            assert_true(out[t].lo >= 0 && out[t].lo <= out[t].p && out[t].p <= out[t].hi);
            assert_true(out[t].hi <= 1 && out[t].p > 0 && out[t].p < 1);
            assert_true(wide[t].lo <= out[t].lo + 1e-12 && wide[t].hi >= out[t].hi - 1e-12);
            assert_true(fabs(wide[t].p - out[t].p) < 1e-15);
            assert_true(fabs(out[t].log_odds - log(out[t].p / (1 - out[t].p))) < 1e-9);
            checked++;
        }
        assert_true(out[0].p <= out[1].p && out[1].p <= out[2].p);
    }
    print_message("%zu estimates of odd inputs\n", checked);
}

static void test_default(void **state)
{
    (void)state;
    rx_auto(model) struct rx_model *model = NULL;
    struct rx_error err = {0};
    assert_ok(rx_model_load_default(&model, &err), &err);
    static const char *const names[] = {"rug_24h", "rug_7d", "rug_30d", "x2_24h", "x50_30d"};
    for (size_t i = 0; i < RX_ARRAY_LEN(names); i++) {
        assert_true(rx_model_target_find(model, names[i]) >= 0);
    }
    assert_int_equal(rx_model_targets(model), 18);
    assert_true(rx_model_min_age_h(model) == 1 && rx_model_max_age_h(model) == 72);
    assert_true(rx_model_confidence(model) == 0.95);
}

static void refused(struct rx_str file, const char *message)
{
    struct rx_model *model = NULL;
    struct rx_error err = {0};
    const int rc = rx_model_load(file, &model, &err);
    if (rc >= 0 || !strstr(err.msg, message)) {
        rx_model_free(model);
        fail_msg("expected \"%s\", got %d \"%s\"", message, rc, err.msg);
    }
    assert_null(model);
}

static void test_refuses_members(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *message;
    } cases[] = {
        {"radarx-model", "other-model", "format: \"radarx-model\" expected"},
        {"\"format_version\":2", "\"format_version\":3", "format_version: 2 expected"},
        {"\"version\":\"test-bundle-1\"", "\"version\":7", "version: a string of 1 to 63 bytes"},
        {"\"max\":72", "\"max\":0", "age_h.max: a number from 1 to 1e+06 expected"},
        {"0.95", "95", "confidence_level: a number from 0.5 to 0.9999 expected"},
        {"\"features\":[\"n_buy\"", "\"features\":[\"n_b\"",
         "features: item 0: 'n_b' is not a feature of this program"},
        {"\"features\":[\"n_buy\"", "\"features\":[\"p_dd\"",
         "features: item 1: 'p_dd' is there twice"},
        {"\"features_sha256\":\"", "\"features_sha256\":\"0",
         "expected: the model was trained with another revision of a feature"},
        {"\"components\":[", "\"components\":3,\"x\":[",
         "components: an array of 1 to 64 expected"},
        {"\"name\":\"reach\"", "\"name\":\"trees\"",
         "components[1].name: a name that no other component has expected"},
        {"\"kind\":\"xgboost\"", "\"kind\":\"forest\"",
         "components[0].kind: one of xgboost, lightgbm, logistic expected"},
        {"\"inputs\":[{\"feature\":\"n_buy\"", "\"inputs\":[{\"feature\":\"vol\"",
         "components[0].inputs[0].feature: a name out of \"features\" expected"},
        {"\"inputs\":[{\"feature\":\"n_buy\",\"transform\":\"log1p\"},", "\"inputs\":[",
         "components[0].inputs: 5 expected, as its model has"},
        {"\"transform\":\"log1p\"", "\"transform\":\"log2\"",
         "components[0].inputs[0].transform: one of identity, log1p, asinh, quantile expected"},
        {"\"knots\":[0,0.2", "\"knots\":[0,0.0",
         "components[1].inputs[1].knots: ascending numbers"},
        {"\"knots\":[0,0.2,", "\"knots\":[0.2,",
         "inputs[1].values: 3 numbers expected, as there are"},
        {"{\"age_h\":24,", "{\"age_h\":0.5,", "inputs[2].by_age: ascending ages expected"},
        {"{\"parameter\":\"horizon_days\"}", "{\"parameter\":\"days\"}",
         "components[1].inputs[0].parameter: one of horizon_days, multiplier expected"},
        {"\"split_indices\":[", "\"split_indices\":[99,", "components[0].model: "},
        {"\"model\":\"tree\\n", "\"model\":\"tee\\n", "components[2].model: "},
        {"\"intercept\":-0.75", "\"intercept\":null", "components[3].intercept: a number from"},
        {"\"scale\":1.25", "\"scale\":0", "components[3].inputs[0].scale: a number from 1e-09"},
        {"\"low\":-3,\"high\":5", "\"low\":6,\"high\":5",
         "components[3].inputs[0].high: a number not below low expected"},
        {"\"by\":\"age_h\"", "\"by\":\"idle\"",
         "components[3].inputs[2].by: one of age_h expected"},
        {"\"name\":\"rug_7d\"", "\"name\":\"rug_24h\"",
         "targets[1].name: a name that no other target has expected"},
        {"\"base_rate\":0.2", "\"base_rate\":1", "targets[0].base_rate: a number from"},
        {"\"positives\":500", "\"positives\":5000",
         "targets[0].positives: a number from 0 to 1500"},
        {"\"horizon_days\":1", "\"horizon_days\":-1", "targets[0].parameters.horizon_days"},
        {"\"requires\":[\"lp_burn\",", "\"requires\":[\"lp_brn\",",
         "targets[0].heads[0].requires: item 0: a feature's name expected"},
        {"{\"component\":\"line\",\"output\":0", "{\"component\":\"lime\",\"output\":0",
         "targets[0].heads[0].stack[1].component: 'lime' is not a component"},
        {"{\"component\":\"line\",\"output\":0", "{\"component\":\"line\",\"output\":1",
         "targets[0].heads[0].stack[1].output: a number from 0 to 0 expected"},
        {"\"weight\":0.5", "\"weight\":true", "targets[0].heads[1].stack[0].weight: a number from"},
        {"\"method\":\"platt\"", "\"method\":\"plat\"",
         "calibration[0].method: one of platt, temperature"},
        {"\"a\":0.8", "\"a\":-0.8", "calibration[0].a: a number from 0 to 1e+06 expected"},
        {"\"t\":1.3", "\"t\":0", "calibration[0]"},
        {"\"x\":[-4,-1,", "\"x\":[-1,-4,", "calibration[1]"},
        {"\"shrinkage\":{\"weight\":0.9}", "\"shrinkage\":{\"weight\":1.9}",
         "shrinkage.weight: a number from 0 to 1 expected"},
        {"\"interval\":{\"x\":[-5.0,", "\"interval\":{\"x\":[5.0,",
         "targets[0].heads[0].interval.x: ascending numbers expected"},
        {"\"interval\":{\"x\":[-5.0,", "\"interval\":{\"x\":[",
         "targets[0].heads[0].interval.lo: 3 numbers expected, as there are in x"},
        {"\"support\":\"full\"", "\"support\":\"some\"", "support: one of full, thin expected"},
        {"\"bias\":0.2", "\"bias\":0.25", "golden[0].rug_7d: the model gives ["},
        {"\"golden\":[{\"x\":[", "\"golden\":[{\"x\":[1,",
         "golden[0].x: an array of 8 to 8 expected"},
        {"\"golden\":[", "\"golden\":[],\"more\":[", "golden: an array of 1 to 1000 expected"},
        {"\"format\"", "\"format", "line 1"},
    };
    rx_auto(buf) struct rx_buf bundle = RX_BUF_INIT(1 << 22);
    size_t n = 0;
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        rx_buf_clear(&bundle);
        bundle_read(&bundle);
        bundle_change(&bundle, cases[i].from, cases[i].to);
        refused(rx_buf_str(&bundle), cases[i].message);
        n++;
    }
    print_message("%zu kinds of broken members refused by name\n", n);
}

/* The last head must answer for every row. */
static void test_refuses_heads_that_all_require(void **state)
{
    (void)state;
    rx_auto(buf) struct rx_buf bundle = RX_BUF_INIT(1 << 22);
    bundle_read(&bundle);
    bundle_change(
        &bundle, "\"requires\":[],\"stack\":[{\"component\":\"trees\",\"output\":0,\"weight\":0.5}",
        "\"requires\":[\"idle\"],\"stack\":[{\"component\":\"trees\",\"output\":0,\"weight\":0.5}");
    refused(rx_buf_str(&bundle), "targets[0].heads: a last one that requires nothing expected");
}

static void test_refuses_files(void **state)
{
    (void)state;
    rx_auto(buf) struct rx_buf bundle = RX_BUF_INIT(1 << 22);
    static const char frame[] =
        "sha256: a file {\"sha256\":\"64 hex digits\",\"model\":{...}} expected";
    refused(RX_STR(""), frame);
    refused(RX_STR("{}"), frame);
    refused(RX_STR("{\"format\": \"radarx-model\", \"format_version\": 1, \"version\": \"univ2\"}"),
            "format_version: 2 expected: a model of the first format must be trained again");
    bundle_read(&bundle);
    /* A change after signing, anywhere in the model. */
    for (size_t at = BUNDLE_HEAD; at < bundle.n - 2; at += 997) {
        bundle.p[at] ^= 1;
        refused(rx_buf_str(&bundle), "sha256: the file has been changed: its digest is");
        bundle.p[at] ^= 1;
    }
    for (size_t n = 0; n < bundle.n - 1; n += 611) {
        refused((struct rx_str){bundle.p, n}, "sha256: ");
    }
    /* Without the last newline it is the same. */
    struct rx_model *model = NULL;
    assert_int_equal(rx_model_load((struct rx_str){bundle.p, bundle.n - 1}, &model, NULL), 0);
    rx_model_free(model);
}

static int load_good(void *arg)
{
    rx_auto(model) struct rx_model *model = NULL;
    rx_auto(model_scratch) struct rx_model_scratch *scratch = NULL;
    struct rx_error err = {0};
    int rc = rx_model_load(rx_buf_str(arg), &model, &err);
    if (rc == 0) {
        rc = rx_model_scratch_new(model, &scratch, &err);
    }
    return rc == 0 ? rx_model_scratch_fit(scratch, model, &err) : rc;
}

static void test_torture(void **state)
{
    (void)state;
    rx_auto(buf) struct rx_buf bundle = RX_BUF_INIT(1 << 22);
    bundle_read(&bundle);
    const long failed = rx_torture_tolerant(load_good, &bundle);
    assert_true(failed >= 20);
    print_message("%ld failed allocations survived\n", failed);
}

/* A scratch made for a small model serves a larger one after it was fitted, and allocates no more
 * when nothing grows. */
static void test_scratch_fits(void **state)
{
    (void)state;
    rx_auto(model) struct rx_model *small = bundle_model();
    rx_auto(model) struct rx_model *large = NULL;
    rx_auto(model_scratch) struct rx_model_scratch *scratch = bundle_scratch(small);
    struct rx_estimate a[RX_MODEL_MAX_TARGETS], b[RX_MODEL_MAX_TARGETS];
    struct rx_error err = {0};
    double x[RX_F_MAX];
    assert_ok(rx_model_load_default(&large, &err), &err);
    assert_ok(rx_model_scratch_fit(scratch, large, &err), &err);
    rx_auto(model_scratch) struct rx_model_scratch *own = bundle_scratch(large);
    bundle_missing(x);
    x[RX_F_AGE_H] = 24;
    x[RX_F_P_DD] = 0.25;
    rx_torture_fail_from(RX_TORTURE_ALLOC, 1, ENOMEM);
    assert_int_equal(rx_model_scratch_fit(scratch, small, &err), 0);
    rx_model_eval(large, x, 1, scratch, a);
    rx_model_eval(large, x, 1, own, b);
    assert_false(rx_torture_disarm());
    for (size_t t = 0; t < rx_model_targets(large); t++) {
        assert_true(a[t].p == b[t].p && a[t].lo == b[t].lo && a[t].hi == b[t].hi);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_facts),
        cmocka_unit_test(test_heads),
        cmocka_unit_test(test_odd_inputs),
        cmocka_unit_test(test_default),
        cmocka_unit_test(test_refuses_members),
        cmocka_unit_test(test_refuses_heads_that_all_require),
        cmocka_unit_test(test_refuses_files),
        cmocka_unit_test(test_scratch_fits),
        cmocka_unit_test(test_torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
