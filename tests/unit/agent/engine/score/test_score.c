// SPDX-License-Identifier: Apache-2.0
/* It covers score.c, notes.c, write.c and write_features.c. */
#include "agent/engine/score/score.h"

#include <math.h>

#include "agent/engine/features/pool.h"
#include "agent/engine/score/write.h"
#include "common/json/read.h"
#include "tests/support/bundle.h"

static struct rx_model *model;
static struct rx_model_scratch *scratch;

static int setup(void **state)
{
    (void)state;
    model = bundle_model();
    scratch = bundle_scratch(model);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rx_model_scratch_free(scratch);
    rx_model_free(model);
    return 0;
}

/* A pool of ordinary features, missing but for those that the gate reads. */
static void ordinary(double x[RX_F_MAX])
{
    bundle_missing(x);
    x[RX_F_N_SYNC] = 5;
    x[RX_F_W_NOW] = 0.5;
    x[RX_F_AGE_H] = 1;
}

static void compute(const double *x, struct rx_score *score)
{
    rx_score_compute(model, x, NULL, RX_RISK_EVM, scratch, score);
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
        {RX_F_N_SYNC, __builtin_nan(""), RX_REASON_POOL_TOO_SMALL},
        {RX_F_W_NOW, 0.49999, RX_REASON_POOL_TOO_SMALL},
        {RX_F_W_NOW, __builtin_nan(""), RX_REASON_POOL_TOO_SMALL},
        {RX_F_AGE_H, 0.99999, RX_REASON_POOL_TOO_YOUNG},
        {RX_F_AGE_H, __builtin_nan(""), RX_REASON_POOL_TOO_YOUNG},
        {RX_F_AGE_H, 72, RX_REASON_NONE},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        double x[RX_F_MAX];
        ordinary(x);
        x[cases[i].feature] = cases[i].value;
        assert_int_equal(rx_score_gate(model, x), cases[i].reason);
        struct rx_score score;
        compute(x, &score);
        assert_int_equal(score.n_targets, 18);
        for (size_t t = 0; t < score.n_targets; t++) {
            const struct rx_score_target *target = &score.targets[t];
            assert_int_equal(target->known, cases[i].reason == RX_REASON_NONE);
            assert_int_equal(target->reason, cases[i].reason);
            assert_int_equal(isnan(target->p), !target->known);
            assert_true(target->known || target->notes == 0);
        }
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
    compute(x, &at72);
    x[RX_F_AGE_H] = 300;
    compute(x, &at300);
    for (size_t t = 0; t < at72.n_targets; t++) {
        assert_int_equal(at72.targets[t].notes >> RX_REASON_AGE_BEYOND_TRAINING & 1, 0);
        assert_int_equal(at300.targets[t].notes >> RX_REASON_AGE_BEYOND_TRAINING & 1, 1);
        assert_true(at300.targets[t].known);
        assert_true(at300.targets[t].p == at72.targets[t].p);
        assert_true(at300.targets[t].lo < at72.targets[t].lo);
        assert_true(at300.targets[t].hi > at72.targets[t].hi);
    }
    const struct rx_score_target *thin = rx_score_find(&at72, "x50_7d");
    const struct rx_score_target *full = rx_score_find(&at72, "x2_7d");
    assert_non_null(thin);
    assert_non_null(full);
    assert_int_equal(thin->notes, 1U << RX_REASON_LOW_SUPPORT);
    assert_int_equal(full->notes, 0);
    assert_null(rx_score_find(&at72, "x3_7d"));
    for (int i = 1; i < RX_REASON_MAX; i++) {
        assert_true(rx_reason_name((enum rx_reason)i)[0] != 0);
    }
    assert_string_equal(rx_reason_name(RX_REASON_MAX), "");
}

static void write_score(struct rx_buf *out, const double x[RX_F_MAX], unsigned horizons)
{
    struct rx_score score;
    struct rx_jw w;
    struct rx_score_writer writer = {.w = &w,
                                     .model = model,
                                     .score = &score,
                                     .scratch = scratch,
                                     .features = x,
                                     .horizons = horizons,
                                     .multipliers = ~0U};
    compute(x, &score);
    rx_buf_clear(out);
    rx_jw_init(&w, out);
    rx_jw_begin_object(&w);
    rx_score_write_targets(&writer);
    rx_score_write_heatmap(&writer);
    rx_score_write_rug(&writer);
    rx_score_write_risk(&writer);
    rx_score_write_explanations(&writer);
    rx_score_write_features(&writer);
    rx_score_write_model(&writer);
    rx_notes_write(&w, "unknown", &writer.unknown);
    rx_notes_write(&w, "notes", &writer.notes);
    rx_jw_end_object(&w);
    assert_int_equal(out->error, 0);
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

/* base + shown shares + other = log_odds of the shown probability, to 1e-9. */
static void check_sums(const struct rx_json *root)
{
    const struct rx_json *why = rx_json_at(root, "explanations.probability_5x_7d");
    double sum = rx_json_double(rx_json_get(why, "base"), RX_NAN);
    RX_JSON_FOREACH (part, rx_json_get(why, "top_features")) {
        sum += rx_json_double(rx_json_get(part.value, "contribution"), RX_NAN);
        assert_true(rx_json_str(rx_json_get(part.value, "description")).n > 10);
    }
    sum += rx_json_double(rx_json_get(why, "other"), RX_NAN);
    const double p =
        rx_json_double(rx_json_at(root, "probability_heatmap.horizons.7d.5x.probability"), RX_NAN);
    assert_true(fabs(sum - log(p / (1 - p))) < 1e-9);
    assert_true(fabs(sum - rx_json_double(rx_json_get(why, "log_odds"), RX_NAN)) < 1e-12);
}

static void test_write(void **state)
{
    (void)state;
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(1 << 20);
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    struct rx_error err = {0};
    double x[RX_F_MAX];
    ordinary(x);
    x[RX_F_AGE_H] = 100;
    x[RX_F_P_DD] = 0.3;
    write_score(&out, x, ~0U);
    assert_ok(rx_json_parse(rx_buf_str(&out), NULL, &doc, &err), &err);
    const struct rx_json *root = rx_json_root(doc);
    const struct rx_json *rug = rx_json_at(root, "rug_probability.24h");
    double p = rx_json_double(rx_json_get(rug, "probability"), -1);
    assert_true(p > 0 && p < 1);
    assert_true(rx_json_double(rx_json_at(rug, "confidence_interval.lower"), 2) < p);
    assert_true(rx_json_double(rx_json_at(rug, "confidence_interval.upper"), -1) > p);
    assert_true(p == rx_json_double(rx_json_at(root, "probabilities.rug_24h.probability"), -1));
    const struct rx_json *notes = rx_json_get(root, "notes");
    assert_true(lists(notes, "probabilities.x2_24h", "age_beyond_training"));
    assert_true(lists(notes, "probability_heatmap.horizons.24h.2x", "age_beyond_training"));
    const struct rx_json *top = rx_json_at(root, "explanations.rug_probability_24h.top_features");
    assert_int_equal(rx_json_len(top), 5);
    check_sums(root);
    const struct rx_json *unknown = rx_json_get(root, "unknown");
    assert_true(lists(unknown, "risk_score.components.dev_risk", "no_source"));
    assert_int_equal(rx_json_type(rx_json_at(root, "risk_score.components.dev_risk")),
                     RX_JSON_NULL);
    assert_int_equal(rx_json_type(rx_json_at(root, "features.security_features")), RX_JSON_NULL);
    assert_true(lists(unknown, "features.security_features", "no_source"));
    assert_true(rx_json_double(rx_json_at(root, "features.pool_features.p_dd"), -1) == 0.3);
    assert_true(lists(unknown, "features.pool_features.lp_burn", "lp_transfers_not_read"));
}

/* Only the horizons that were asked for. */
static void test_write_part(void **state)
{
    (void)state;
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(1 << 20);
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    double x[RX_F_MAX];
    ordinary(x);
    write_score(&out, x, 2);
    assert_int_equal(rx_json_parse(rx_buf_str(&out), NULL, &doc, NULL), 0);
    const struct rx_json *root = rx_json_root(doc);
    assert_int_equal(rx_json_len(rx_json_at(root, "probability_heatmap.horizons")), 1);
    assert_int_equal(rx_json_len(rx_json_at(root, "probability_heatmap.horizons.7d")), 5);
    assert_int_equal(rx_json_len(rx_json_get(root, "rug_probability")), 1);
    assert_null(rx_json_at(root, "explanations.rug_probability_24h"));
    assert_non_null(rx_json_at(root, "explanations.rug_probability_7d"));
}

static void test_write_unknown(void **state)
{
    (void)state;
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(1 << 20);
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    struct rx_error err = {0};
    double x[RX_F_MAX];
    ordinary(x);
    x[RX_F_AGE_H] = 0.5;
    write_score(&out, x, ~0U);
    assert_ok(rx_json_parse(rx_buf_str(&out), NULL, &doc, &err), &err);
    const struct rx_json *root = rx_json_root(doc);
    assert_int_equal(rx_json_type(rx_json_at(root, "probabilities.x2_24h")), RX_JSON_NULL);
    const struct rx_json *unknown = rx_json_get(root, "unknown");
    assert_true(lists(unknown, "probabilities.rug_24h", "pool_too_young"));
    assert_true(lists(unknown, "rug_probability.24h", "pool_too_young"));
    assert_true(lists(unknown, "probability_heatmap.horizons.30d.50x", "pool_too_young"));
    assert_int_equal(rx_json_len(rx_json_get(root, "notes")), 0);
    assert_null(rx_json_at(root, "explanations.rug_probability_24h"));
}

static void test_notes_are_bounded(void **state)
{
    (void)state;
    static struct rx_notes notes;
    for (int i = 0; i < RX_NOTES_MAX + 5; i++) {
        rx_notes_add(&notes, "no_source", "a.%0200d", i);
    }
    assert_int_equal(notes.n, RX_NOTES_MAX);
    assert_int_equal(strlen(notes.items[0].path), RX_NOTE_PATH_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gate),          cmocka_unit_test(test_old_pools),
        cmocka_unit_test(test_write),         cmocka_unit_test(test_write_part),
        cmocka_unit_test(test_write_unknown), cmocka_unit_test(test_notes_are_bounded),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
