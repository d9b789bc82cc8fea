// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/calibration/calibrator.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

#include "tests/support/test.h"

#define assert_near(got, want, tolerance) assert_true(fabs((got) - (want)) <= (tolerance))

static const double knots_x[] = {-2, -1, -1, 0, 3};
static const double knots_y[] = {-3, -2, -1, -1, 1};
static const struct rx_calibrator all[] = {
    {.kind = RX_CAL_PLATT, .a = 0.5, .b = -1},
    {.kind = RX_CAL_TEMPERATURE, .a = 1.6},
    {.kind = RX_CAL_BETA, .a = 0.8, .b = 1.3, .c = -0.2},
    {.kind = RX_CAL_ISOTONIC, .n = 5, .x = knots_x, .y = knots_y},
};

static void test_names(void **state)
{
    (void)state;
    for (int i = 0; i < RX_CAL_KINDS; i++) {
        const char *name = rx_calibrator_kind_name((enum rx_calibrator_kind)i);
        assert_int_equal(rx_calibrator_kind_of(name), i);
    }
    assert_int_equal(rx_calibrator_kind_of("spline"), RX_CAL_KINDS);
    assert_null(rx_calibrator_kind_name(RX_CAL_KINDS));
}

static void test_values(void **state)
{
    (void)state;
    assert_near(rx_calibrator_apply(&all[0], 4), 1, 1e-15);
    assert_near(rx_calibrator_apply(&all[1], 4), 2.5, 1e-15);
    double p = 1 / (1 + exp(-0.7));
    assert_near(rx_calibrator_apply(&all[2], 0.7), 0.8 * log(p) - 1.3 * log(1 - p) - 0.2, 1e-14);
    static const double iso[][2] = {{-9, -3},   {-2, -3}, {-1.5, -2.5}, {-1, -1},
                                    {-0.5, -1}, {1.5, 0}, {3, 1},       {8, 1}};
    for (size_t i = 0; i < RX_ARRAY_LEN(iso); i++) {
        assert_near(rx_calibrator_apply(&all[3], iso[i][0]), iso[i][1], 1e-15);
    }
}

/* Non-decreasing and finite over the whole line. */
static void test_monotone(void **state)
{
    (void)state;
    size_t checked = 0;
    for (size_t k = 0; k < RX_ARRAY_LEN(all); k++) {
        struct rx_error err = {0};
        assert_ok(rx_calibrator_validate(&all[k], &err), &err);
        double before = rx_calibrator_apply(&all[k], -INFINITY);
        for (double f = -60; f <= 60; f += 0.003) {
            double now = rx_calibrator_apply(&all[k], f);
            assert_true(isfinite(now) && now >= before);
            before = now;
            checked++;
        }
        assert_true(rx_calibrator_apply(&all[k], INFINITY) >= before);
        assert_true(isfinite(rx_calibrator_apply(&all[k], DBL_MAX)));
        assert_true(isnan(rx_calibrator_apply(&all[k], NAN)));
    }
    print_message("monotone at %zu points\n", checked);
}

static void test_refused(void **state)
{
    (void)state;
    static const double down[] = {1, 0};
    static const double up[] = {0, 1};
    static const double hole[] = {0, (double)NAN};
    static const struct {
        struct rx_calibrator cal;
        const char *message;
    } cases[] = {
        {{.kind = RX_CAL_PLATT, .a = -0.1}, "platt calibrator: a: a slope of at least 0"},
        {{.kind = RX_CAL_PLATT, .a = 1, .b = (double)NAN}, "b: a finite number"},
        {{.kind = RX_CAL_TEMPERATURE, .a = 0}, "t: a number above 0"},
        {{.kind = RX_CAL_BETA, .a = 1, .b = -1}, "at least 0 expected"},
        {{.kind = RX_CAL_BETA, .a = 1, .b = 1, .c = (double)INFINITY}, "c: a finite number"},
        {{.kind = RX_CAL_ISOTONIC}, "at least one knot"},
        {{.kind = RX_CAL_ISOTONIC, .n = 2, .x = down, .y = up}, "x[1]: ascending"},
        {{.kind = RX_CAL_ISOTONIC, .n = 2, .x = up, .y = down}, "y[1]: a non-decreasing"},
        {{.kind = RX_CAL_ISOTONIC, .n = 2, .x = up, .y = hole}, "knot 1: finite"},
        {{.kind = RX_CAL_KINDS}, "platt, temperature, beta or isotonic"},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        struct rx_error err = {0};
        assert_int_equal(rx_calibrator_validate(&cases[i].cal, &err), RX_EINVALID);
        assert_message(&err, cases[i].message);
    }
    struct rx_calibrator large = {
        .kind = RX_CAL_ISOTONIC, .n = RX_CAL_MAX_KNOTS + 1, .x = up, .y = up};
    struct rx_error err = {0};
    assert_int_equal(rx_calibrator_validate(&large, &err), RX_ELIMIT);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_monotone),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
