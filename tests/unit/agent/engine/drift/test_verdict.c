// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/drift/verdict.h"

#include "tests/support/oracle.h"
#include "tests/support/seeded.h"

static struct rx_drift_column columns[] = {
    {.name = "w_now"}, {.name = "n_buy"}, {.name = "p_rug_24h", .prediction = true}};
static struct rx_drift_target targets[] = {{.name = "rug_24h"}};
static struct rx_drift_column_result cr[3];
static struct rx_drift_target_result tr[1];
static const struct rx_drift_report report = {columns, cr, 3, targets, tr, 1};

static void grades(enum rx_drift_grade a, enum rx_drift_grade b, enum rx_drift_grade p,
                   enum rx_drift_grade t)
{
    double nan = (double)NAN;
    for (int i = 0; i < 3; i++) {
        cr[i] = (struct rx_drift_column_result){0.3, 0.2, 1e-9, 0, 1, 0.2, 1e-9, 3e-9, 0};
    }
    cr[0].grade = a;
    cr[1].grade = b;
    cr[2].grade = p;
    cr[1].effect = 0.5;
    tr[0] = (struct rx_drift_target_result){
        .has_current = t != RX_DRIFT_UNKNOWN, .auc_drop = nan, .brier_rise = nan, .grade = t};
    tr[0].current =
        (struct rx_quality){.n = 500, .oe = 1.6, .oe_lo = 1.4, .oe_hi = 1.8, .auc = 0.8};
    tr[0].uncalibrated = t == RX_DRIFT_DRIFT;
}

static void expect(enum rx_health health, const char *reason, const char *message)
{
    struct rx_drift_options options = rx_drift_defaults();
    struct rx_verdict v;
    rx_drift_judge(&report, &options, &v);
    assert_int_equal(v.health, health);
    assert_string_equal(v.reason, reason);
    if (!strstr(v.message, message)) {
        fail_msg("expected \"%s\" in \"%s\"", message, v.message);
    }
}

static void test_reasons(void **state)
{
    (void)state;
    enum rx_drift_grade u = RX_DRIFT_UNKNOWN, s = RX_DRIFT_STABLE, d = RX_DRIFT_DRIFT,
                        w = RX_DRIFT_WATCH;
    grades(u, u, u, u);
    expect(RX_HEALTH_UNKNOWN, "NotEnoughData", "100 values in the baseline and 50 now");
    grades(s, w, s, u);
    expect(RX_HEALTH_GOOD, "Stable", "no drift in 2 features, 1 probabilities and 0 targets");
    grades(u, u, u, s);
    expect(RX_HEALTH_GOOD, "Stable", "0 features, 0 probabilities and 1 targets");
    grades(d, s, s, s);
    expect(RX_HEALTH_BAD, "FeatureDrift",
           "1 of 2 features drifted, w_now the most: distance 0.200");
    grades(d, d, s, s);
    expect(RX_HEALTH_BAD, "FeatureDrift", "2 of 2 features drifted, n_buy the most");
    grades(d, d, d, s);
    expect(RX_HEALTH_BAD, "PredictionDrift", "1 of 1 probabilities drifted, p_rug_24h");
    grades(d, d, d, d);
    expect(RX_HEALTH_BAD, "CalibrationDrift",
           "rug_24h: observed 1.6 times what was expected (95% interval 1.4 to 1.8, 500 labels)");
    tr[0].uncalibrated = false;
    tr[0].misranked = true;
    tr[0].has_baseline = true;
    tr[0].baseline.auc = 0.9;
    expect(RX_HEALTH_BAD, "RankingLoss", "AUC 0.800 (was 0.900)");
}

static void test_json(void **state)
{
    (void)state;
    grades(RX_DRIFT_DRIFT, RX_DRIFT_UNKNOWN, RX_DRIFT_STABLE, RX_DRIFT_UNKNOWN);
    cr[1] = (struct rx_drift_column_result){(double)NAN, (double)NAN, (double)NAN,
                                            (double)NAN, (double)NAN, (double)NAN,
                                            (double)NAN, (double)NAN, RX_DRIFT_UNKNOWN};
    struct rx_drift_options options = rx_drift_defaults();
    struct rx_verdict v;
    rx_drift_judge(&report, &options, &v);
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(1u << 16);
    struct rx_jw w;
    rx_jw_init(&w, &out);
    rx_jw_begin_object(&w);
    rx_jw_key(&w, "verdict");
    rx_verdict_write(&w, &v);
    rx_drift_report_write(&w, &report);
    rx_jw_end_object(&w);
    struct rx_error err = {0};
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    assert_ok(rx_json_parse(rx_buf_str(&out), NULL, &doc, &err), &err);
    const struct rx_json *root = rx_json_root(doc);
    assert_str(rx_json_str(rx_json_at(root, "verdict.type")), "ModelHealthy");
    assert_str(rx_json_str(rx_json_at(root, "verdict.status")), "False");
    size_t limits = 0;
    RX_JSON_FOREACH (number, rx_json_at(root, "verdict.numbers")) {
        assert_true(rx_json_str(rx_json_get(number.value, "name")).n > 0);
        limits += rx_json_get(number.value, "limit") != NULL;
    }
    assert_true(limits >= 5);
    const struct rx_json *columns_json = rx_json_get(root, "columns");
    assert_int_equal(rx_json_len(columns_json), 3);
    assert_int_equal(rx_json_type(rx_json_get(rx_json_item(columns_json, 1), "q")), RX_JSON_NULL);
    assert_str(rx_json_str(rx_json_get(rx_json_item(columns_json, 1), "verdict")), "unknown");
    assert_int_equal(rx_json_len(rx_json_get(root, "targets")), 1);
}

/* Whatever the results, the message is whole and the verdict follows from the grades. */
static void test_random(void **state)
{
    (void)state;
    struct seeded s = {6};
    for (int run = 0; run < 2000; run++) {
        enum rx_drift_grade g[4];
        bool bad = false;
        for (int i = 0; i < 4; i++) {
            g[i] = (enum rx_drift_grade)seeded_below(&s, 4);
            bad |= g[i] == RX_DRIFT_DRIFT;
        }
        grades(g[0], g[1], g[2], g[3]);
        struct rx_drift_options options = rx_drift_defaults();
        struct rx_verdict v;
        rx_drift_judge(&report, &options, &v);
        assert_int_equal(v.health == RX_HEALTH_BAD, bad);
        assert_true(v.message[0] != 0 && strlen(v.message) < sizeof(v.message) - 1);
        assert_true(v.n_numbers <= RX_VERDICT_NUMBERS);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
