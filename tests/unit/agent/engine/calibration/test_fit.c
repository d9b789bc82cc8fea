// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/calibration/fit.h"

#include "tests/support/calibration_rows.h"
#include "tests/support/seeded.h"

typedef int fit_fn(const struct rx_cal_rows *rows, struct rx_calibrator *ret, struct rx_error *err);
static fit_fn *const fits[] = {rx_fit_platt, rx_fit_temperature, rx_fit_beta};

static void test_oracle(void **state)
{
    (void)state;
    rx_auto(json_doc) struct rx_json_doc *doc = cal_load();
    const struct rx_json *root = rx_json_root(doc);
    struct rx_cal_rows rows = {(size_t)cal_number(root, "fit_rows"), cal_x, cal_y, NULL};
    struct rx_calibrator cal;
    struct rx_error err = {0};
    assert_ok(rx_fit_platt(&rows, &cal, &err), &err);
    assert_close(cal.a, cal_number(root, "platt.a"), 1e-6);
    assert_close(cal.b, cal_number(root, "platt.b"), 1e-6);
    assert_ok(rx_fit_temperature(&rows, &cal, &err), &err);
    assert_close(cal.a, cal_number(root, "temperature"), 1e-6);
    assert_ok(rx_fit_beta(&rows, &cal, &err), &err);
    const struct rx_json *beta = rx_json_get(root, "beta");
    assert_close(cal.a, rx_json_double(rx_json_item(beta, 0), (double)NAN), 1e-6);
    assert_close(cal.b, rx_json_double(rx_json_item(beta, 1), (double)NAN), 1e-6);
    assert_close(cal.c, rx_json_double(rx_json_item(beta, 2), (double)NAN), 1e-6);
    print_message("platt, temperature, beta against scikit-learn and SciPy: 6 values\n");
}

static double loss(const struct rx_cal_rows *rows, const struct rx_calibrator *cal)
{
    double sum = 0;
    for (size_t i = 0; i < rows->n; i++) {
        double f = rx_calibrator_apply(cal, rows->x[i]);
        sum += (f > 0 ? f + log1p(exp(-f)) : log1p(exp(f))) - rows->y[i] * f;
    }
    return sum;
}

/* Known parameters come back, and nothing near the answer is better. */
static void test_recovers(void **state)
{
    (void)state;
    struct seeded s = {5};
    static double x[40000], y[40000];
    struct rx_cal_rows rows = {40000, x, y, NULL};
    for (size_t i = 0; i < rows.n; i++) {
        x[i] = 2 * seeded_normal(&s);
        y[i] = seeded_unit(&s) < 1 / (1 + exp(-(0.6 * x[i] - 0.8))) ? 1 : 0;
    }
    for (size_t f = 0; f < RX_ARRAY_LEN(fits); f++) {
        struct rx_calibrator cal;
        struct rx_error err = {0};
        assert_ok(fits[f](&rows, &cal, &err), &err);
        assert_ok(rx_calibrator_validate(&cal, &err), &err);
        double best = loss(&rows, &cal);
        for (int t = 0; t < 6; t++) {
            struct rx_calibrator other = cal;
            double *member[] = {&other.a, &other.b, &other.c};
            *member[t / 2] += t % 2 ? 0.01 : -0.01;
            assert_true(loss(&rows, &other) >= best - 1e-3);
        }
    }
    struct rx_calibrator cal;
    struct rx_error err = {0};
    assert_ok(rx_fit_platt(&rows, &cal, &err), &err);
    assert_true(fabs(cal.a - 0.6) < 0.03 && fabs(cal.b + 0.8) < 0.03);
}

static void test_weights(void **state)
{
    (void)state;
    static const double x[] = {-1, 0, 0.5, 2, 1}, y[] = {0, 1, 0, 1, 0}, w[] = {2, 1, 3, 1, 1};
    static const double rx[] = {-1, -1, 0, 0.5, 0.5, 0.5, 2, 1};
    static const double ry[] = {0, 0, 1, 0, 0, 0, 1, 0};
    struct rx_cal_rows weighted = {5, x, y, w}, repeated = {8, rx, ry, NULL};
    for (size_t f = 0; f < RX_ARRAY_LEN(fits); f++) {
        struct rx_calibrator a, b;
        struct rx_error err = {0};
        assert_ok(fits[f](&weighted, &a, &err), &err);
        assert_ok(fits[f](&repeated, &b, &err), &err);
        assert_true(fabs(a.a - b.a) < 1e-7 && fabs(a.b - b.b) < 1e-7 && fabs(a.c - b.c) < 1e-7);
    }
}

static void test_degenerate(void **state)
{
    (void)state;
    static const double x[] = {-3, -1, 1, 3}, apart[] = {0, 0, 1, 1}, backwards[] = {1, 1, 0, 0};
    static const double same[] = {2, 2, 2, 2}, none[] = {0, 0, 0, 0}, mixed[] = {0, 1, 0, 1};
    struct rx_calibrator cal;
    struct rx_error err = {0};
    struct rx_cal_rows rows = {4, x, apart, NULL};
    assert_ok(rx_fit_platt(&rows, &cal, &err), &err); /* smoothed targets keep it finite */
    assert_true(cal.a > 0 && cal.a < 10);
    assert_ok(rx_fit_temperature(&rows, &cal, &err), &err);
    assert_true(cal.a == RX_CAL_MIN_TEMPERATURE);
    assert_int_equal(rx_fit_beta(&rows, &cal, &err), RX_EINVALID);
    assert_message(&err, "the classes are separated");

    rows.y = backwards;
    assert_ok(rx_fit_platt(&rows, &cal, &err), &err);
    assert_true(cal.a == 0 && fabs(cal.b) < 1e-12);
    assert_ok(rx_fit_temperature(&rows, &cal, &err), &err);
    assert_close(cal.a, RX_CAL_MAX_TEMPERATURE, 1e-12);

    rows = (struct rx_cal_rows){4, same, mixed, NULL};
    for (size_t f = 0; f < 2; f++) {
        assert_ok(fits[f](&rows, &cal, &err), &err);
        assert_ok(rx_calibrator_validate(&cal, &err), &err);
    }
    rows = (struct rx_cal_rows){4, x, none, NULL};
    assert_ok(rx_fit_platt(&rows, &cal, &err), &err);
    assert_true(rx_calibrator_apply(&cal, 0) < 0);
    assert_int_equal(rx_fit_temperature(&rows, &cal, &err), RX_EINVALID);
    assert_message(&err, "rows of both classes");
    assert_int_equal(rx_fit_beta(&rows, &cal, &err), RX_EINVALID);
    rows.n = 0;
    for (size_t f = 0; f < RX_ARRAY_LEN(fits); f++) {
        assert_int_equal(fits[f](&rows, &cal, &err), RX_EINVALID);
    }
}

/* Whatever the rows, a fit either says no or can be applied. */
static void test_random(void **state)
{
    (void)state;
    struct seeded s = {8};
    double x[40], y[40];
    size_t fitted = 0, refused = 0;
    for (int round = 0; round < 3000; round++) {
        size_t n = 1 + seeded_below(&s, 40);
        double scale = exp(4 * seeded_normal(&s)), rate = seeded_unit(&s);
        for (size_t i = 0; i < n; i++) {
            x[i] = scale * seeded_normal(&s);
            y[i] = seeded_unit(&s) < rate ? 1 : 0;
        }
        struct rx_cal_rows rows = {n, x, y, NULL};
        for (size_t f = 0; f < RX_ARRAY_LEN(fits); f++) {
            struct rx_calibrator cal;
            struct rx_error err = {0};
            if (fits[f](&rows, &cal, &err) < 0) {
                assert_true(err.msg[0] != 0);
                refused++;
                continue;
            }
            assert_ok(rx_calibrator_validate(&cal, &err), &err);
            assert_true(isfinite(rx_calibrator_apply(&cal, 1e4)));
            fitted++;
        }
    }
    print_message("random rows: %zu fitted, %zu refused\n", fitted, refused);
    assert_true(fitted > 6000);
}

/* Rows as they come in practice always settle, however the sums round. */
static void test_settles(void **state)
{
    (void)state;
    struct seeded s = {16};
    static double x[1200], y[1200];
    for (int round = 0; round < 1500; round++) {
        size_t n = 200 + seeded_below(&s, 1000);
        for (size_t i = 0; i < n; i++) {
            x[i] = -0.5 + 1.4 * seeded_normal(&s);
            y[i] = seeded_unit(&s) < 1 / (1 + exp(-x[i])) ? 1 : 0;
        }
        struct rx_cal_rows rows = {n, x, y, NULL};
        for (size_t f = 0; f < RX_ARRAY_LEN(fits); f++) {
            struct rx_calibrator cal;
            struct rx_error err = {0};
            assert_ok(fits[f](&rows, &cal, &err), &err);
        }
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_oracle),  cmocka_unit_test(test_recovers),
        cmocka_unit_test(test_weights), cmocka_unit_test(test_degenerate),
        cmocka_unit_test(test_random),  cmocka_unit_test(test_settles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
