// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/model/model.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "common/base/file.h"
#include "common/base/sha256.h"
#include "tests/support/test.h"
#include "tests/support/torture.h"

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

/* A model small enough to work out by hand: one input, idle, standardised by mean 0.5 and scale
 * 0.25; log-odds 2 (0.1 - 1 z) + 0.3. `middle` replaces the marked part of the target. */
static void write_model(struct rx_buf *out, const char *target)
{
    char hash[65];
    rx_feature_registry_hash(hash);
    rx_buf_clear(out);
    rx_buf_printf(out,
                  "{\"format\":\"radarx-model\",\"format_version\":1,\"version\":\"v\","
                  "\"created\":\"2020-01-01T00:00:00Z\",\"feature_version\":\"f\","
                  "\"registry_hash\":\"%s\",\"confidence_level\":0.95,"
                  "\"age_h\":{\"min\":1,\"max\":72},\"sha256\":\"" ZEROS "\",\"targets\":[%s]}",
                  hash, target);
}

static void sign(struct rx_buf *out)
{
    char digest[65];
    rx_sha256_hex(out->p, out->n, digest);
    char *at = memmem(out->p, out->n, ZEROS, 64);
    assert_non_null(at);
    memcpy(at, digest, 64);
}

static const char input[] =
    "{\"name\":\"idle\",\"transform\":\"identity\",\"factor\":1,\"low\":0,\"high\":0.75,"
    "\"mean\":0.5,\"scale\":0.25,\"coefficient\":-1}";

/* Golden vector: idle 1 is clipped to 0.75, so z = 1 and the log-odds are -1.5; the variance is
 * 0.04 + 2 * 0.01 + 0.09 + 0.1 = 0.25. */
static void target_text(struct rx_buf *out, const char *name, const char *inputs, const char *a,
                        const char *covariance, double p)
{
    double half = 0.5 * 1.959963984540054;
    rx_buf_clear(out);
    rx_buf_printf(out,
                  "{\"name\":\"%s\",\"type\":\"logistic\",\"rows\":10,\"base_rate\":0.5,"
                  "\"intercept\":0.1,\"inputs\":[%s],\"calibration\":{\"method\":\"platt\","
                  "\"a\":%s,\"b\":0.3},\"interval\":{\"drift_variance\":0.1,\"covariance\":%s},"
                  "\"golden\":[{\"x\":[",
                  name, inputs, a, covariance);
    for (int i = 0; i < RX_F_V1_MAX; i++) {
        rx_buf_puts(out, i ? "," : "");
        rx_buf_puts(out, i == RX_F_IDLE ? "1" : "null");
    }
    rx_buf_printf(out, "],\"p\":%.17g,\"lo\":%.17g,\"hi\":%.17g}]}", p, 1 / (1 + exp(1.5 + half)),
                  1 / (1 + exp(1.5 - half)));
}

static const char triangle[] = "[0.04,0.01,0.09]";

static void good_target(struct rx_buf *out, const char *name)
{
    target_text(out, name, input, "2", triangle, 1 / (1 + exp(1.5)));
}

static struct rx_model *load(const struct rx_buf *text)
{
    struct rx_model *model = NULL;
    struct rx_error err = {0};
    assert_ok(rx_model_load(rx_buf_str(text), &model, &err), &err);
    return model;
}

static void missing_all(double x[RX_F_MAX])
{
    for (int i = 0; i < RX_F_MAX; i++) {
        x[i] = RX_NAN;
    }
}

static void test_eval(void **state)
{
    (void)state;
    rx_auto(buf) struct rx_buf target = RX_BUF_INIT(1 << 16);
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(1 << 16);
    good_target(&target, "rug_24h");
    write_model(&text, target.p);
    sign(&text);
    rx_auto(model) struct rx_model *model = load(&text);
    assert_int_equal(rx_model_targets(model), 1);
    assert_string_equal(rx_model_target_name(model, 0), "rug_24h");
    assert_null(rx_model_target_name(model, 1));
    assert_int_equal(rx_model_target_find(model, "rug_24h"), 0);
    assert_int_equal(rx_model_target_find(model, "x2_24h"), -1);
    assert_string_equal(rx_model_version(model), "v");
    double x[RX_F_MAX];
    missing_all(x);
    /* Missing = the mean: only the intercept speaks. */
    struct rx_estimate e = rx_model_eval(model, 0, x, 1);
    assert_true(fabs(e.p - 1 / (1 + exp(-0.5))) < 1e-12);
    assert_true(fabs(rx_model_base(model, 0) - 0.5) < 1e-12);
    x[RX_F_IDLE] = 0.25; /* z = -1: log-odds 2.5, variance 0.04 - 0.02 + 0.09 + 0.1 */
    e = rx_model_eval(model, 0, x, 1);
    assert_true(fabs(e.p - 1 / (1 + exp(-2.5))) < 1e-12);
    double half = sqrt(0.21) * 1.959963984540054;
    assert_true(fabs(e.lo - 1 / (1 + exp(half - 2.5))) < 1e-12);
    struct rx_estimate wide = rx_model_eval(model, 0, x, 2);
    assert_true(fabs(wide.lo - 1 / (1 + exp(2 * half - 2.5))) < 1e-12);
    assert_true(wide.p == e.p && wide.hi > e.hi);
    struct rx_contribution out[4];
    assert_int_equal(rx_model_explain(model, 0, x, out, 4), 1);
    assert_int_equal(out[0].feature, RX_F_IDLE);
    assert_true(fabs(out[0].log_odds - 2) < 1e-12 && out[0].value == 0.25);
    assert_int_equal(rx_model_explain(model, 0, x, out, 0), 0);
}

/* Shares and base add up to the log-odds, for the built-in model on odd inputs. */
static void test_default(void **state)
{
    (void)state;
    rx_auto(model) struct rx_model *model = NULL;
    struct rx_error err = {0};
    assert_ok(rx_model_load_default(&model, &err), &err);
    assert_int_equal(rx_model_target_find(model, "rug_24h"), 0);
    assert_int_equal(rx_model_target_find(model, "x2_24h"), 1);
    assert_true(rx_model_min_age_h(model) == 1 && rx_model_max_age_h(model) == 72);
    assert_true(rx_model_confidence(model) == 0.95);
    static const double values[] = {0, 1, -1, 1e300, -1e300, 0.5, 1e-300, HUGE_VAL, -HUGE_VAL};
    for (size_t t = 0; t < rx_model_targets(model); t++) {
        assert_true(rx_model_base_rate(model, t) > 0 && rx_model_base_rate(model, t) < 1);
        for (size_t i = 0; i < RX_ARRAY_LEN(values); i++) {
            double x[RX_F_MAX];
            for (int f = 0; f < RX_F_MAX; f++) {
                x[f] = values[(i + (size_t)f) % RX_ARRAY_LEN(values)];
            }
            struct rx_estimate e = rx_model_eval(model, t, x, 1);
            assert_true(e.lo > 0 && e.lo < e.p && e.p < e.hi && e.hi < 1);
            struct rx_contribution out[RX_F_MAX];
            size_t n = rx_model_explain(model, t, x, out, RX_F_MAX);
            assert_int_equal(n, rx_model_inputs(model, t));
            double sum = rx_model_base(model, t);
            for (size_t k = 0; k < n; k++) {
                sum += out[k].log_odds;
                assert_true(k == 0 || fabs(out[k].log_odds) <= fabs(out[k - 1].log_odds));
            }
            assert_true(fabs(sum - log(e.p / (1 - e.p))) < 1e-6);
        }
    }
}

/* What is known to speak for and against a rug must do so in the built-in model. */
static void test_default_directions(void **state)
{
    (void)state;
    rx_auto(model) struct rx_model *model = NULL;
    struct rx_error err = {0};
    assert_ok(rx_model_load_default(&model, &err), &err);
    static const struct {
        enum rx_feature feature;
        double low, high;
        bool rises;
    } cases[] = {
        {RX_F_AGE_H, 1, 72, false},     {RX_F_N_SELL, 0, 100, false},
        {RX_F_BUY_SHARE, 0.5, 1, true}, {RX_F_K_GROWTH, 0, 0.05, false},
        {RX_F_NET_RATIO, -1, 1, true},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        double x[RX_F_MAX];
        missing_all(x);
        x[cases[i].feature] = cases[i].low;
        double low = rx_model_eval(model, 0, x, 1).p;
        x[cases[i].feature] = cases[i].high;
        double high = rx_model_eval(model, 0, x, 1).p;
        assert_true(cases[i].rises ? high > low : high < low);
    }
}

static void refused(const char *target, const char *message)
{
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(1 << 16);
    write_model(&text, target);
    sign(&text);
    struct rx_model *model = NULL;
    struct rx_error err = {0};
    assert_true(rx_model_load(rx_buf_str(&text), &model, &err) < 0);
    assert_null(model);
    assert_message(&err, message);
}

static void test_refuses_targets(void **state)
{
    (void)state;
    rx_auto(buf) struct rx_buf t = RX_BUF_INIT(1 << 16);
    rx_auto(buf) struct rx_buf two = RX_BUF_INIT(1 << 16);
    double p = 1 / (1 + exp(1.5));
    refused("", "targets: 1 to 32 targets expected");
    refused("3", "targets[0].name: a string of 1 to 31 bytes expected");
    target_text(&t, "a-name-that-is-longer-than-it-may-be", input, "2", triangle, p);
    refused(t.p, "targets[0].name");
    target_text(&t, "r", "", "2", triangle, p);
    refused(t.p, "targets[0].inputs: 1 to 46 inputs expected");
    target_text(&t, "r", "{\"name\":\"idl\"}", "2", triangle, p);
    refused(t.p, "targets[0].inputs[0].name: a feature of the registry expected");
    target_text(&t, "r", input, "-2", triangle, p);
    refused(t.p, "targets[0].calibration.a: a number from 1e-09");
    target_text(&t, "r", input, "\"2\"", triangle, p);
    refused(t.p, "targets[0].calibration.a");
    target_text(&t, "r", input, "2", "[1,2]", p);
    refused(t.p, "targets[0].interval.covariance: 3 numbers expected");
    target_text(&t, "r", input, "2", "[1,2,null]", p);
    refused(t.p, "targets[0].interval.covariance[2]: a number expected");
    target_text(&t, "r", input, "2", triangle, p + 1e-6);
    refused(t.p, "targets[0].golden[0]: the model gives");
    target_text(&t, "r", input, "2", triangle, p);
    rx_buf_printf(&two, "%s,%s", t.p, t.p);
    refused(two.p, "targets[1].name: a name that no other target has expected");
    rx_buf_clear(&two);
    rx_buf_printf(&two, "%s,%s", input, input);
    target_text(&t, "r", two.p, "2", "[1,1,1,1,1,1]", p);
    refused(t.p, "targets[0].inputs[1].name: each feature once expected");
}

static void test_refuses_files(void **state)
{
    (void)state;
    rx_auto(buf) struct rx_buf target = RX_BUF_INIT(1 << 16);
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(1 << 16);
    good_target(&target, "rug_24h");
    static const struct {
        const char *from, *to, *message;
    } cases[] = {
        {"radarx-model", "radarx-m0del", "format: \"radarx-model\" expected"},
        {"\"format_version\":1", "\"format_version\":2", "format_version"},
        {"\"max\":72", "\"max\": 0", "age_h.max"},
        {"0.95", "95.0", "confidence_level"},
        {"\"registry_hash\":\"c", "\"registry_hash\":\"d", "registry_hash"},
        {"\"base_rate\":0.5", "\"base_rate\":1.5", "targets[0].base_rate"},
        {"\"scale\":0.25", "\"scale\":0.00", "targets[0].inputs[0].scale"},
        {"\"high\":0.75", "\"high\":-1.0", "targets[0].inputs[0].high"},
        {"identity", "indentit", "targets[0].inputs[0].transform: identity, log1p or asinh"},
        {"\"type\":\"logistic\"", "\"type\":\"logictis\"", "targets[0].type"},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        write_model(&text, target.p);
        char *at = memmem(text.p, text.n, cases[i].from, strlen(cases[i].from));
        assert_non_null(at);
        memcpy(at, cases[i].to, strlen(cases[i].to));
        sign(&text);
        struct rx_model *model = NULL;
        struct rx_error err = {0};
        assert_true(rx_model_load(rx_buf_str(&text), &model, &err) < 0);
        assert_message(&err, cases[i].message);
    }
    /* A change after signing. */
    write_model(&text, target.p);
    sign(&text);
    char *at = memmem(text.p, text.n, "\"rows\":10", 9);
    assert_non_null(at);
    at[8] = '1';
    struct rx_model *model = NULL;
    struct rx_error err = {0};
    assert_int_equal(rx_model_load(rx_buf_str(&text), &model, &err), RX_EINVALID);
    assert_message(&err, "sha256: the file has been changed");
    /* Cut short anywhere. */
    write_model(&text, target.p);
    sign(&text);
    for (size_t n = 0; n < text.n; n += 7) {
        assert_true(rx_model_load((struct rx_str){text.p, n}, &model, &err) < 0);
    }
    assert_null(model);
}

static int load_good(void *arg)
{
    struct rx_model *model = NULL;
    struct rx_error err = {0};
    int rc = rx_model_load(*(struct rx_str *)arg, &model, &err);
    rx_model_free(model);
    return rc;
}

static void test_torture(void **state)
{
    (void)state;
    rx_auto(buf) struct rx_buf target = RX_BUF_INIT(1 << 16);
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(1 << 16);
    good_target(&target, "rug_24h");
    write_model(&text, target.p);
    sign(&text);
    struct rx_str view = rx_buf_str(&text);
    assert_true(rx_torture_alloc(load_good, &view) >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_eval),
        cmocka_unit_test(test_default),
        cmocka_unit_test(test_default_directions),
        cmocka_unit_test(test_refuses_targets),
        cmocka_unit_test(test_refuses_files),
        cmocka_unit_test(test_torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
