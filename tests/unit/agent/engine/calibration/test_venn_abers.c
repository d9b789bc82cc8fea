// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/calibration/venn_abers.h"

#include "tests/support/calibration_rows.h"
#include "tests/support/seeded.h"
#include "tests/support/torture.h"

/* The definition: isotonic regression with the new row added. */
static double brute_force(const double *x, const double *y, size_t n, double score, double label)
{
    double bx[512], by[512];
    memcpy(bx, x, n * sizeof(*x));
    memcpy(by, y, n * sizeof(*y));
    bx[n] = score;
    by[n] = label;
    struct rx_cal_rows rows = {n + 1, bx, by, NULL};
    rx_auto(isotonic) struct rx_isotonic *iso = NULL;
    struct rx_error err = {0};
    assert_ok(rx_isotonic_fit(&rows, &iso, &err), &err);
    return rx_isotonic_at(iso, score);
}

static void test_brute_force(void **state)
{
    (void)state;
    struct seeded s = {11};
    double x[200], y[200];
    size_t checked = 0;
    for (int round = 0; round < 400; round++) {
        size_t n = 1 + seeded_below(&s, round % 4 ? 30 : 200);
        double step = round % 3 ? 0.2 : 1e-9;
        for (size_t i = 0; i < n; i++) {
            x[i] = step * floor(seeded_normal(&s) / step);
            y[i] = seeded_unit(&s) < 0.5 + 0.2 * x[i] ? 1 : 0;
        }
        struct rx_cal_rows rows = {n, x, y, NULL};
        rx_auto(venn_abers) struct rx_venn_abers *va = NULL;
        struct rx_error err = {0};
        assert_ok(rx_venn_abers_fit(&rows, &va, &err), &err);
        for (int t = 0; t < 40; t++, checked++) {
            double score = t % 2 ? x[seeded_below(&s, n)] : 1.5 * seeded_normal(&s);
            double p0, p1;
            rx_venn_abers_at(va, score, &p0, &p1);
            assert_true(p0 <= p1 && p0 >= 0 && p1 <= 1);
            assert_true(fabs(p0 - brute_force(x, y, n, score, 0)) < 1e-12);
            assert_true(fabs(p1 - brute_force(x, y, n, score, 1)) < 1e-12);
        }
    }
    print_message("Venn-Abers against brute force: %zu scores, 400 fits\n", checked);
}

static void test_oracle(void **state)
{
    (void)state;
    rx_auto(json_doc) struct rx_json_doc *doc = cal_load();
    const struct rx_json *want = rx_json_get(rx_json_root(doc), "venn_abers");
    struct rx_cal_rows rows = {(size_t)cal_number(want, "rows"), cal_x, cal_y, NULL};
    rx_auto(venn_abers) struct rx_venn_abers *va = NULL;
    struct rx_error err = {0};
    assert_ok(rx_venn_abers_fit(&rows, &va, &err), &err);
    size_t compared = 0;
    RX_JSON_FOREACH (test, rx_json_get(want, "tests")) {
        double p0, p1;
        rx_venn_abers_at(va, rx_json_double(rx_json_item(test.value, 0), (double)NAN), &p0, &p1);
        assert_true(fabs(p0 - rx_json_double(rx_json_item(test.value, 1), 9)) <= 1e-9);
        assert_true(fabs(p1 - rx_json_double(rx_json_item(test.value, 2), 9)) <= 1e-9);
        compared++;
    }
    print_message("Venn-Abers against scikit-learn: %zu scores\n", compared);
    assert_int_equal(compared, 62);
}

/* The merged value of the recorded pairs; their calibration rows are not among the data. */
static void test_goldens(void **state)
{
    (void)state;
    rx_auto(json_doc) struct rx_json_doc *doc = oracle_json("oracle/goldens.json");
    size_t compared = 0;
    RX_JSON_FOREACH (test, rx_json_at(rx_json_root(doc), "venn_abers.tests")) {
        double merged =
            rx_venn_abers_merge(cal_number(test.value, "p0"), cal_number(test.value, "p1"));
        assert_close(merged, cal_number(test.value, "merged_logloss"), 1e-9);
        compared++;
    }
    print_message("goldens compared: venn_abers.merged_logloss: %zu values\n", compared);
    assert_int_equal(compared, 20);
}

/* Fits of very many rows stay fast: the walk is linear. */
static void test_large(void **state)
{
    (void)state;
    struct seeded s = {3};
    size_t n = 200000;
    rx_autofree double *x = calloc(2 * n, sizeof(*x));
    assert_non_null(x);
    for (size_t i = 0; i < n; i++) {
        x[i] = seeded_normal(&s);
        x[n + i] = seeded_unit(&s) < 1 / (1 + exp(-x[i])) ? 1 : 0;
    }
    struct rx_cal_rows rows = {n, x, x + n, NULL};
    rx_auto(venn_abers) struct rx_venn_abers *va = NULL;
    struct rx_error err = {0};
    assert_ok(rx_venn_abers_fit(&rows, &va, &err), &err);
    double p0, p1;
    rx_venn_abers_at(va, 0, &p0, &p1);
    assert_true(p0 > 0.45 && p1 < 0.55 && p1 - p0 < 0.01);
}

static int fit_once(void *arg)
{
    rx_auto(venn_abers) struct rx_venn_abers *va = NULL;
    struct rx_error err = {0};
    return rx_venn_abers_fit(arg, &va, &err);
}

static void test_failures(void **state)
{
    (void)state;
    static const double x[] = {1, 2, 3}, y[] = {0, 1, 0};
    struct rx_cal_rows rows = {3, x, y, NULL};
    assert_int_equal(rx_torture_alloc(fit_once, &rows), 7);
    rows.n = 0;
    assert_int_equal(fit_once(&rows), RX_EINVALID);
    rx_venn_abers_free(NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_brute_force), cmocka_unit_test(test_oracle),
        cmocka_unit_test(test_goldens),     cmocka_unit_test(test_large),
        cmocka_unit_test(test_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
