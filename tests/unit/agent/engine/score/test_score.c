// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/score/score.h"

#include <math.h>

#include "agent/engine/features/pool.h"
#include "common/json/read.h"
#include "tests/support/test.h"

static struct rx_model *model;

static int setup(void **state)
{
    (void)state;
    struct rx_error err = {0};
    return rx_model_load_default(&model, &err);
}

static int teardown(void **state)
{
    (void)state;
    rx_model_free(model);
    return 0;
}

/* A pool of ordinary features, missing but for those that the gate reads. */
static void ordinary(double x[RX_F_MAX])
{
    for (int i = 0; i < RX_F_MAX; i++) {
        x[i] = RX_NAN;
    }
    x[RX_F_N_SYNC] = 5;
    x[RX_F_W_NOW] = 0.5;
    x[RX_F_AGE_H] = 1;
}

static void test_gate(void **state)
{
    (void)state;
    static const struct {
        enum rx_feature feature;
        double value;
        enum rx_reason reason;
    } cases[] = {
        {RX_F_N_SYNC, 5, RX_REASON_NONE},
        {RX_F_N_SYNC, 4, RX_REASON_POOL_TOO_SMALL},
        {RX_F_N_SYNC, RX_NAN, RX_REASON_POOL_TOO_SMALL},
        {RX_F_W_NOW, 0.49999, RX_REASON_POOL_TOO_SMALL},
        {RX_F_W_NOW, RX_NAN, RX_REASON_POOL_TOO_SMALL},
        {RX_F_AGE_H, 0.99999, RX_REASON_POOL_TOO_YOUNG},
        {RX_F_AGE_H, RX_NAN, RX_REASON_POOL_TOO_YOUNG},
        {RX_F_AGE_H, 72, RX_REASON_NONE},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        double x[RX_F_MAX];
        ordinary(x);
        x[cases[i].feature] = cases[i].value;
        assert_int_equal(rx_score_gate(model, x), cases[i].reason);
        struct rx_score score;
        rx_score_compute(model, x, &score);
        assert_int_equal(score.n_targets, 2);
        for (size_t t = 0; t < score.n_targets; t++) {
            const struct rx_score_target *target = &score.targets[t];
            assert_int_equal(target->known, cases[i].reason == RX_REASON_NONE);
            assert_int_equal(target->reason, cases[i].reason);
            assert_int_equal(isnan(target->p), !target->known);
        }
        assert_int_equal(score.risk[RX_RISK_RUG].reason, cases[i].reason);
    }
}

static void test_old_pools(void **state)
{
    (void)state;
    double x[RX_F_MAX];
    struct rx_score at72;
    struct rx_score at300;
    ordinary(x);
    x[RX_F_AGE_H] = 72;
    rx_score_compute(model, x, &at72);
    x[RX_F_AGE_H] = 300;
    rx_score_compute(model, x, &at300);
    for (size_t t = 0; t < at72.n_targets; t++) {
        assert_int_equal(at72.targets[t].reason, RX_REASON_NONE);
        assert_int_equal(at300.targets[t].reason, RX_REASON_AGE_BEYOND_TRAINING);
        assert_true(at300.targets[t].known);
        assert_true(at300.targets[t].p == at72.targets[t].p);
        assert_true(at300.targets[t].lo < at72.targets[t].lo);
        assert_true(at300.targets[t].hi > at72.targets[t].hi);
    }
}

static void test_risk(void **state)
{
    (void)state;
    double x[RX_F_MAX];
    struct rx_score score;
    ordinary(x);
    rx_score_compute(model, x, &score);
    const struct rx_score_target *rug = rx_score_find(&score, "rug_24h");
    assert_non_null(rug);
    assert_null(rx_score_find(&score, "rug_7d"));
    assert_true(score.risk[RX_RISK_RUG].value == 100 * rug->p);
    for (int i = RX_RISK_DEV; i < RX_RISK_MAX; i++) {
        assert_true(isnan(score.risk[i].value));
        assert_int_not_equal(score.risk[i].reason, RX_REASON_NONE);
    }
    for (int i = 1; i < RX_REASON_MAX; i++) {
        assert_true(rx_reason_name((enum rx_reason)i)[0] != 0);
    }
    assert_string_equal(rx_reason_name(RX_REASON_MAX), "");
    assert_string_equal(rx_risk_name(RX_RISK_MAX), "");
}

static void write_score(struct rx_buf *out, const double x[RX_F_MAX])
{
    struct rx_score score;
    struct rx_jw w;
    rx_score_compute(model, x, &score);
    rx_buf_clear(out);
    rx_jw_init(&w, out);
    rx_jw_begin_object(&w);
    rx_score_write(&w, model, &score);
    rx_score_write_explanations(&w, model, &score, x);
    rx_jw_end_object(&w);
}

static bool lists(const struct rx_json *array, const char *path, const char *reason)
{
    RX_JSON_FOREACH (item, array) {
        if (rx_str_is(rx_json_str(rx_json_get(item.value, "path")), path)) {
            return rx_str_is(rx_json_str(rx_json_get(item.value, "reason")), reason);
        }
    }
    return false;
}

static void test_write(void **state)
{
    (void)state;
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(1 << 16);
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    struct rx_error err = {0};
    double x[RX_F_MAX];
    ordinary(x);
    x[RX_F_AGE_H] = 100;
    write_score(&out, x);
    assert_ok(rx_json_parse(rx_buf_str(&out), NULL, &doc, &err), &err);
    const struct rx_json *root = rx_json_root(doc);
    const struct rx_json *rug = rx_json_at(root, "probabilities.rug_24h");
    double p = rx_json_double(rx_json_get(rug, "probability"), -1);
    assert_true(p > 0 && p < 1);
    assert_true(rx_json_double(rx_json_at(rug, "confidence_interval.lower"), 2) < p);
    assert_true(rx_json_double(rx_json_at(rug, "confidence_interval.upper"), -1) > p);
    assert_int_equal(rx_json_type(rx_json_at(root, "risk.dev_risk")), RX_JSON_NULL);
    /* unknown has exactly what is null. */
    const struct rx_json *unknown = rx_json_get(root, "unknown");
    assert_int_equal(rx_json_len(unknown), 5);
    assert_true(lists(unknown, "risk.dev_risk", "no_source"));
    assert_true(lists(unknown, "risk.composite_score", "missing_components"));
    const struct rx_json *notes = rx_json_get(root, "notes");
    assert_int_equal(rx_json_len(notes), 3);
    assert_true(lists(notes, "probabilities.x2_24h", "age_beyond_training"));
    const struct rx_json *top = rx_json_at(root, "explanations.rug_24h.top_features");
    assert_int_equal(rx_json_len(top), 5);
}

static void test_write_unknown(void **state)
{
    (void)state;
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(1 << 16);
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    struct rx_error err = {0};
    double x[RX_F_MAX];
    ordinary(x);
    x[RX_F_AGE_H] = 0.5;
    write_score(&out, x);
    assert_ok(rx_json_parse(rx_buf_str(&out), NULL, &doc, &err), &err);
    const struct rx_json *root = rx_json_root(doc);
    assert_int_equal(rx_json_type(rx_json_at(root, "probabilities.x2_24h")), RX_JSON_NULL);
    assert_int_equal(rx_json_type(rx_json_at(root, "risk.rug_risk")), RX_JSON_NULL);
    const struct rx_json *unknown = rx_json_get(root, "unknown");
    assert_true(lists(unknown, "probabilities.rug_24h", "pool_too_young"));
    assert_true(lists(unknown, "risk.rug_risk", "pool_too_young"));
    assert_int_equal(rx_json_len(rx_json_get(root, "notes")), 0);
    assert_int_equal(rx_json_len(rx_json_get(root, "explanations")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gate),          cmocka_unit_test(test_old_pools),
        cmocka_unit_test(test_risk),          cmocka_unit_test(test_write),
        cmocka_unit_test(test_write_unknown),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
