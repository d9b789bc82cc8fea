// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/calibration/isotonic.h"

#include "tests/support/calibration_rows.h"
#include "tests/support/seeded.h"
#include "tests/support/torture.h"

static void test_by_hand(void **state)
{
    (void)state;
    static const double x[] = {3, 1, 2, 2, 5, 4};
    static const double y[] = {0, 0, 1, 0, 1, 1};
    struct rx_cal_rows rows = {6, x, y, NULL};
    rx_auto(isotonic) struct rx_isotonic *iso = NULL;
    struct rx_error err = {0};
    assert_ok(rx_isotonic_fit(&rows, &iso, &err), &err);
    /* groups: 1: 0/1, 2: 1/2, 3: 0/1, 4: 1/1, 5: 1/1; 2 and 3 pool to 1/3 */
    static const double want[][2] = {{0, 0},        {1, 0}, {1.5, 1. / 6}, {2, 1. / 3}, {3, 1. / 3},
                                     {3.5, 2. / 3}, {4, 1}, {5, 1},        {9, 1}};
    for (size_t i = 0; i < RX_ARRAY_LEN(want); i++) {
        assert_true(fabs(rx_isotonic_at(iso, want[i][0]) - want[i][1]) < 1e-15);
    }
    assert_int_equal(iso->n, 5);
}

/* A weight of k is k equal rows. */
static void test_weights(void **state)
{
    (void)state;
    static const double x[] = {1, 2, 3}, y[] = {1, 0, 1}, w[] = {1, 3, 2};
    static const double rx[] = {1, 2, 2, 2, 3, 3}, ry[] = {1, 0, 0, 0, 1, 1};
    struct rx_cal_rows weighted = {3, x, y, w}, repeated = {6, rx, ry, NULL};
    rx_auto(isotonic) struct rx_isotonic *a = NULL;
    rx_auto(isotonic) struct rx_isotonic *b = NULL;
    struct rx_error err = {0};
    assert_ok(rx_isotonic_fit(&weighted, &a, &err), &err);
    assert_ok(rx_isotonic_fit(&repeated, &b, &err), &err);
    assert_int_equal(a->n, b->n);
    assert_memory_equal(a->knots, b->knots, a->n * sizeof(*a->knots));
}

static void test_oracle(void **state)
{
    (void)state;
    rx_auto(json_doc) struct rx_json_doc *doc = cal_load();
    const struct rx_json *root = rx_json_root(doc);
    size_t fit = (size_t)cal_number(root, "fit_rows");
    struct rx_cal_rows rows = {fit, cal_x, cal_y, NULL};
    rx_auto(isotonic) struct rx_isotonic *iso = NULL;
    struct rx_error err = {0};
    assert_ok(rx_isotonic_fit(&rows, &iso, &err), &err);
    assert_int_equal(iso->n, (size_t)cal_number(root, "isotonic.knots"));
    size_t compared = 0;
    RX_JSON_FOREACH (p, rx_json_at(root, "isotonic.p")) {
        double want = rx_json_double(p.value, (double)NAN);
        assert_true(fabs(rx_isotonic_at(iso, cal_x[fit + compared]) - want) <= 1e-12);
        compared++;
    }
    print_message("isotonic against scikit-learn: %zu rows\n", compared);
    assert_int_equal(compared, CAL_ROWS - fit);
}

static size_t random_rows(struct seeded *s, double *x, double *y, size_t max)
{
    size_t n = 1 + seeded_below(s, max);
    double step = seeded_unit(s) < 0.5 ? 0.25 : 1e-9; /* many ties or none */
    for (size_t i = 0; i < n; i++) {
        x[i] = step * floor(seeded_normal(s) / step);
        y[i] = seeded_unit(s) < 1 / (1 + exp(-x[i])) ? 1 : 0;
    }
    return n;
}

/* Non-decreasing, mean kept, interval around it, and finite log-odds that agree with it. */
static void test_properties(void **state)
{
    (void)state;
    struct seeded s = {4};
    double x[120], y[120], kx[240], ky[240];
    size_t checked = 0;
    for (int round = 0; round < 2000; round++) {
        size_t n = random_rows(&s, x, y, 120);
        struct rx_cal_rows rows = {n, x, y, NULL};
        rx_auto(isotonic) struct rx_isotonic *iso = NULL;
        struct rx_error err = {0};
        assert_ok(rx_isotonic_fit(&rows, &iso, &err), &err);
        double fitted = 0, seen = 0;
        for (size_t i = 0; i < n; i++) {
            fitted += rx_isotonic_at(iso, x[i]);
            seen += y[i];
        }
        assert_true(fabs(fitted - seen) < 1e-9 * (double)n);
        struct rx_calibrator cal = {.kind = RX_CAL_ISOTONIC, .x = kx, .y = ky};
        cal.n = rx_isotonic_log_odds(iso, kx, ky);
        assert_ok(rx_calibrator_validate(&cal, &err), &err);
        double before = -1;
        for (double at = -4; at < 4; at += 0.11, checked++) {
            double low, high, p = rx_isotonic_at(iso, at);
            rx_isotonic_interval(iso, at, 0.95, &low, &high);
            assert_true(p >= before && low <= p + 1e-12 && p <= high + 1e-12);
            before = p;
        }
        for (size_t i = 0; i < iso->n; i++) {
            double p = iso->knots[i].y;
            double q = 1 / (1 + exp(-rx_calibrator_apply(&cal, iso->knots[i].x)));
            assert_true(q > 0 && q < 1 && (p <= 0 || p >= 1 || fabs(p - q) < 1e-12));
        }
    }
    print_message("isotonic: 2000 random fits, %zu points\n", checked);
}

static void test_refused(void **state)
{
    (void)state;
    static const double x[] = {1, 2}, bad_x[] = {1, (double)NAN};
    static const double y[] = {0, 1}, bad_y[] = {0, 2}, w[] = {1, 0};
    const struct {
        struct rx_cal_rows rows;
        const char *message;
        int code;
    } cases[] = {
        {{0, x, y, NULL}, "at least one row", RX_EINVALID},
        {{2, bad_x, y, NULL}, "row 1: a finite score", RX_EINVALID},
        {{2, x, bad_y, NULL}, "row 1: a label from 0 to 1", RX_EINVALID},
        {{2, x, y, w}, "row 1: a weight above 0", RX_EINVALID},
        {{RX_CAL_MAX_ROWS + 1ul, x, y, NULL}, "at most", RX_ELIMIT},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        struct rx_isotonic *iso = NULL;
        struct rx_error err = {0};
        assert_int_equal(rx_isotonic_fit(&cases[i].rows, &iso, &err), cases[i].code);
        assert_message(&err, cases[i].message);
        assert_null(iso);
    }
    rx_isotonic_free(NULL);
}

static int fit_once(void *arg)
{
    rx_auto(isotonic) struct rx_isotonic *iso = NULL;
    struct rx_error err = {0};
    return rx_isotonic_fit(arg, &iso, &err);
}

static void test_torture(void **state)
{
    (void)state;
    static const double x[] = {1, 2, 3}, y[] = {0, 1, 0};
    struct rx_cal_rows rows = {3, x, y, NULL};
    assert_int_equal(rx_torture_alloc(fit_once, &rows), 4);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand), cmocka_unit_test(test_weights),
        cmocka_unit_test(test_oracle),  cmocka_unit_test(test_properties),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
