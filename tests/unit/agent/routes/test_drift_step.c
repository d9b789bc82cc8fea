// SPDX-License-Identifier: Apache-2.0
#include "agent/routes/drift_step.h"

#include "tests/support/bundle.h"
#include "tests/support/oracle.h"
#include "tests/support/seeded.h"

#define HOUR_MS 3600000ll

static struct rx_score score;

static double metric(struct rx_metrics *metrics, const char *name)
{
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(1u << 20);
    assert_int_equal(rx_metrics_write(metrics, &text), 0);
    rx_buf_putc(&text, 0);
    char wanted[128];
    snprintf(wanted, sizeof(wanted), "\n%s ", name);
    const char *at = strstr(text.p, wanted);
    assert_non_null(at);
    return strtod(at + strlen(wanted), NULL);
}

/* `tokens` that turned 24 h old in the last ten minutes and others that did not. */
static void pass(struct rx_drift_step *step, const struct rx_model *model, struct seeded *s,
                 int64_t now, size_t tokens, double shift)
{
    struct rx_error err = {0};
    assert_ok(rx_drift_step_begin(step, model, now, &err), &err);
    score.n_targets = rx_model_targets(model);
    for (size_t i = 0; i < tokens; i++) {
        double features[RX_F_MAX];
        for (size_t f = 0; f < RX_F_MAX; f++) {
            features[f] = seeded_normal(s) + (f == RX_F_W_NOW ? shift : 0);
        }
        for (size_t t = 0; t < score.n_targets; t++) {
            score.targets[t].known = i % 3 > 0;
            score.estimates[t].base = seeded_unit(s);
        }
        static const double other_ages[] = {1, 23.9, 24.2, 60, 72};
        features[RX_F_AGE_H] = 24.1;
        rx_drift_step_row(step, features, &score);
        features[RX_F_AGE_H] = other_ages[i % 5];
        features[RX_F_W_NOW] += 100;
        rx_drift_step_row(step, features, &score);
    }
}

static void test_watches(void **state)
{
    (void)state;
    rx_auto(metrics) struct rx_metrics *metrics = rx_metrics_new();
    rx_auto(model) struct rx_model *model = bundle_model();
    rx_auto(drift_step) struct rx_drift_step *step = NULL;
    struct rx_error err = {0};
    struct seeded s = {3};
    int64_t now = 1700000000000;
    assert_ok(rx_drift_step_new(metrics, &step, &err), &err);
    pass(step, model, &s, now, 100, 0); /* the first pass takes none */
    assert_true(metric(metrics, "radarx_drift_rows{part=\"baseline\"}") == 0);
    for (int i = 0; i < 10; i++) {
        pass(step, model, &s, now += HOUR_MS / 6, 100, 0);
    }
    assert_true(metric(metrics, "radarx_drift_rows{part=\"baseline\"}") == 1000);
    assert_true(metric(metrics, "radarx_drift_rows{part=\"window\"}") == 0);
    for (int i = 0; i < 10; i++) {
        pass(step, model, &s, now += HOUR_MS / 6, 100, 0);
    }
    assert_true(metric(metrics, "radarx_drift_rows{part=\"window\"}") == 500);
    assert_true(metric(metrics, "radarx_model_healthy") == 1);
    for (int i = 0; i < 10; i++) {
        pass(step, model, &s, now += HOUR_MS / 6, 100, 1);
    }
    assert_true(metric(metrics, "radarx_model_healthy") == 0);
    assert_true(metric(metrics, "radarx_drift_columns") == 1);
}

/* A model with another version starts anew. */
static void test_new_model(void **state)
{
    (void)state;
    rx_auto(metrics) struct rx_metrics *metrics = rx_metrics_new();
    rx_auto(model) struct rx_model *model = bundle_model();
    rx_auto(drift_step) struct rx_drift_step *step = NULL;
    struct rx_error err = {0};
    struct seeded s = {4};
    assert_ok(rx_drift_step_new(metrics, &step, &err), &err);
    assert_true(metric(metrics, "radarx_model_healthy") == -1);
    pass(step, model, &s, HOUR_MS, 1, 0);
    for (int i = 0; i < 16; i++) {
        pass(step, model, &s, HOUR_MS + (i + 1) * HOUR_MS / 6, 100, 0);
    }
    assert_true(metric(metrics, "radarx_model_healthy") >= -1);
    rx_auto(buf) struct rx_buf bundle = RX_BUF_INIT(1 << 22);
    bundle_read(&bundle);
    bundle_change(&bundle, "\"version\":\"test-bundle-1\"", "\"version\":\"other\"");
    rx_auto(model) struct rx_model *other = bundle_load(&bundle);
    pass(step, other, &s, 9 * HOUR_MS, 0, 0);
    assert_true(metric(metrics, "radarx_model_healthy") == -1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_watches),
        cmocka_unit_test(test_new_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
