// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/model/shadow.h"

#include <math.h>

#include "tests/support/bundle.h"
#include "tests/support/torture.h"

static void add(struct rx_shadow *shadow, double a, double b)
{
    struct rx_estimate x[RX_MODEL_MAX_TARGETS] = {0}, y[RX_MODEL_MAX_TARGETS] = {0};
    x[0].p = a;
    y[0].p = b;
    rx_shadow_add(shadow, x, y);
}

static void test_numbers(void **state)
{
    (void)state;
    rx_auto(model) struct rx_model *model = bundle_model();
    rx_auto(shadow) struct rx_shadow *shadow = NULL;
    struct rx_error err = {0};
    static struct rx_shadow_report report;
    assert_ok(rx_shadow_new(model, model, &shadow, &err), &err);
    assert_ok(rx_shadow_report(shadow, &report, &err), &err);
    assert_int_equal(report.n_lines, 18);
    assert_string_equal(report.active, "test-bundle-1");
    assert_true(isnan(report.lines[0].mean_difference) && isnan(report.lines[0].psi));
    /* Ten rows, p = 0.05, 0.15, ...; the other says 0.1 more, and exchanges the last two. */
    for (int i = 0; i < 10; i++) {
        const int k = i == 8 ? 9 : i == 9 ? 8 : i;
        add(shadow, 0.05 + 0.1 * i, 0.15 + 0.1 * k);
    }
    assert_int_equal(rx_shadow_rows(shadow), 10);
    assert_ok(rx_shadow_report(shadow, &report, &err), &err);
    const struct rx_shadow_line *line = &report.lines[0];
    assert_string_equal(line->target, "rug_24h");
    assert_int_equal(line->n, 10);
    /* Eight differences of 0.1, one of 0.2, one of 0. */
    assert_true(fabs(line->mean_difference - 0.1) < 1e-12);
    assert_true(fabs(line->max_difference - 0.2) < 1e-12);
    /* 1 - 6 sum d^2 / (n (n^2 - 1)) = 1 - 12 / 990. */
    assert_true(fabs(line->rank_correlation - (1 - 12.0 / 990)) < 1e-12);
    /* The lowest group is empty, the highest has two: by the definition over ten groups. */
    const double want = (1e-4 - 0.1) * log(1e-4 / 0.1) + (0.2 - 0.1) * log(0.2 / 0.1);
    assert_true(fabs(line->psi - want) < 1e-9);
    assert_true(isnan(report.lines[1].rank_correlation)); /* all equal */
    assert_true(report.lines[1].max_difference == 0);
}

static void test_keeps_the_newest(void **state)
{
    (void)state;
    rx_auto(model) struct rx_model *model = bundle_model();
    rx_auto(shadow) struct rx_shadow *shadow = NULL;
    struct rx_error err = {0};
    static struct rx_shadow_report report;
    assert_ok(rx_shadow_new(model, model, &shadow, &err), &err);
    for (int i = 0; i < 3 * RX_SHADOW_ROWS; i++) {
        add(shadow, 0.5, i < 2 * RX_SHADOW_ROWS ? 0.9 : 0.5);
    }
    assert_ok(rx_shadow_report(shadow, &report, &err), &err);
    assert_int_equal(report.lines[0].n, RX_SHADOW_ROWS);
    assert_true(report.lines[0].max_difference == 0);
}

static int compare(void *arg)
{
    const struct rx_model *model = arg;
    rx_auto(shadow) struct rx_shadow *shadow = NULL;
    static struct rx_shadow_report report;
    struct rx_error err = {0};
    const int rc = rx_shadow_new(model, model, &shadow, &err);
    return rc < 0 ? rc : rx_shadow_report(shadow, &report, &err);
}

static void test_torture(void **state)
{
    (void)state;
    rx_auto(model) struct rx_model *model = bundle_model();
    assert_true(rx_torture_alloc(compare, model) == 1 + 2 * 18 + 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_keeps_the_newest),
        cmocka_unit_test(test_torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
