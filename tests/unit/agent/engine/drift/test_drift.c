// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/drift/drift.h"

#include "agent/engine/math/stats.h"
#include "tests/support/oracle.h"
#include "tests/support/seeded.h"
#include "tests/support/torture.h"

#define FEATURES 30

static double base[FEATURES][1000], now[FEATURES][1000];
static struct rx_drift_column columns[FEATURES];
static struct rx_drift_column_result results[FEATURES];

/* Feature 0, 3, 6.. normal, 1, 4, 7.. counts with ties, 2, 5, 8.. heavy-tailed; all of them share a
 * common cause, as market data do. */
static void draw(struct seeded *s, size_t n, double shift, size_t shifted, double out[][1000])
{
    for (size_t i = 0; i < n; i++) {
        double common = seeded_normal(s);
        for (size_t f = 0; f < FEATURES; f++) {
            double x = 0.5 * common + seeded_normal(s) + (f < shifted ? shift : 0);
            out[f][i] = f % 3 == 0 ? x : f % 3 == 1 ? floor(exp(x)) : exp(2 * x);
        }
    }
    for (size_t f = 0; f < FEATURES; f++) {
        rx_sort_doubles(out[f], n);
    }
}

static size_t drifted(size_t n_base, size_t n_now)
{
    struct rx_drift_options options = rx_drift_defaults();
    struct rx_error err = {0};
    size_t count = 0;
    for (size_t f = 0; f < FEATURES; f++) {
        columns[f] =
            (struct rx_drift_column){"f", false, {base[f], n_base, 0, 1}, {now[f], n_now, 0, 1}};
    }
    assert_ok(rx_drift_columns(columns, FEATURES, &options, results, &err), &err);
    for (size_t f = 0; f < FEATURES; f++) {
        count += results[f].grade == RX_DRIFT_DRIFT;
    }
    return count;
}

/* The bar: on identical distributions at most 5 % of runs raise, whatever the sample sizes. */
static void test_false_alarms(void **state)
{
    (void)state;
    static const size_t sizes[][2] = {{1000, 500}, {1000, 1000}, {300, 100}, {100, 50}};
    struct seeded s = {2026};
    size_t old_rule = 0, all = 0;
    for (size_t k = 0; k < RX_ARRAY_LEN(sizes); k++) {
        size_t raised = 0;
        const size_t runs = 150;
        for (size_t run = 0; run < runs; run++, all++) {
            draw(&s, sizes[k][0], 0, 0, base);
            draw(&s, sizes[k][1], 0, 0, now);
            raised += drifted(sizes[k][0], sizes[k][1]) > 0;
            bool any = false;
            for (size_t f = 0; f < FEATURES; f++) {
                any |= results[f].ks_p < 0.05;
            }
            old_rule += any;
        }
        print_message("%zu against %zu rows, %d features: %zu of %zu runs raise (%.2f %%)\n",
                      sizes[k][0], sizes[k][1], FEATURES, raised, runs,
                      100.0 * (double)raised / (double)runs);
        assert_true(20 * raised <= runs);
    }
    print_message("any KS p < .05 without correction would raise in %.0f %%\n",
                  100.0 * (double)old_rule / (double)all);
    assert_true(2 * old_rule > all);
}

static void test_power(void **state)
{
    (void)state;
    struct seeded s = {7};
    static const double shifts[] = {0.25, 0.5, 1};
    for (size_t k = 0; k < RX_ARRAY_LEN(shifts); k++) {
        size_t raised = 0, found = 0, wrong = 0;
        const size_t runs = 100;
        for (size_t run = 0; run < runs; run++) {
            draw(&s, 1000, 0, 0, base);
            draw(&s, 500, shifts[k], 3, now);
            size_t n = drifted(1000, 500), right = 0;
            for (size_t f = 0; f < 3; f++) {
                right += results[f].grade == RX_DRIFT_DRIFT;
            }
            raised += n > 0;
            found += right;
            wrong += n - right;
        }
        print_message("3 of 30 shifted by %.2f: %zu of %zu runs raise, %.2f of 3 found, %zu "
                      "wrong names\n",
                      shifts[k], raised, runs, (double)found / (double)runs, wrong);
        assert_true(k == 0 || (raised == runs && wrong <= runs / 10));
    }
}

/* A small but certain change is worth a look, not an alarm. */
static void test_effect_size(void **state)
{
    (void)state;
    static double a[20000], b[20000];
    struct seeded s = {3};
    for (size_t i = 0; i < 20000; i++) {
        a[i] = seeded_normal(&s);
        b[i] = seeded_normal(&s) + 0.1;
    }
    rx_sort_doubles(a, 20000);
    rx_sort_doubles(b, 20000);
    struct rx_drift_column column = {"f", false, {a, 20000, 0, 1}, {b, 20000, 0, 1}};
    struct rx_drift_column_result r;
    struct rx_drift_options options = rx_drift_defaults();
    struct rx_error err = {0};
    assert_ok(rx_drift_columns(&column, 1, &options, &r, &err), &err);
    assert_true(r.q < 1e-10 && r.ks < 0.1);
    assert_int_equal(r.grade, RX_DRIFT_WATCH);
    options.min_effect = 0.02;
    assert_ok(rx_drift_columns(&column, 1, &options, &r, &err), &err);
    assert_int_equal(r.grade, RX_DRIFT_DRIFT);
}

static void test_missing(void **state)
{
    (void)state;
    static double a[1000];
    for (size_t i = 0; i < 1000; i++) {
        a[i] = (double)i;
    }
    struct rx_drift_options options = rx_drift_defaults();
    struct rx_error err = {0};
    struct rx_drift_column cases[] = {
        {"gone", false, {a, 1000, 0, 1}, {a, 0, 200, 1}},      /* a source died */
        {"fewer", false, {a, 1000, 0, 1}, {a, 1000, 400, 1}},  /* */
        {"never", false, {a, 0, 1000, 1}, {a, 0, 1000, 1}},    /* nothing to compare */
        {"short", false, {a, 99, 0, 1}, {a, 1000, 0, 1}},      /* */
        {"brief", false, {a, 1000, 0, 1}, {a, 49, 0, 1}},      /* */
        {"same", false, {a, 1000, 100, 1}, {a, 1000, 103, 1}}, /* */
    };
    struct rx_drift_column_result r[6];
    assert_ok(rx_drift_columns(cases, 6, &options, r, &err), &err);
    assert_int_equal(r[0].grade, RX_DRIFT_DRIFT);
    assert_close(r[0].effect, 1, 1e-15);
    assert_true(isnan(r[0].ks));
    assert_int_equal(r[1].grade, RX_DRIFT_DRIFT);
    for (size_t i = 2; i < 5; i++) {
        if (i != 2) {
            assert_int_equal(r[i].grade, RX_DRIFT_UNKNOWN);
            assert_true(isnan(r[i].q));
        }
    }
    assert_int_not_equal(r[2].grade, RX_DRIFT_DRIFT);
    assert_int_equal(r[5].grade, RX_DRIFT_STABLE);
}

/* Every row four times over: told so, the tests stay as quiet as on single rows. */
static void test_groups(void **state)
{
    (void)state;
    static double a[1200], b[800];
    struct seeded s = {44};
    size_t told = 0, untold = 0;
    const size_t runs = 400;
    struct rx_drift_options options = rx_drift_defaults();
    options.min_effect = 0.01;
    options.alpha = 0.05;
    for (size_t run = 0; run < runs; run++) {
        for (size_t i = 0; i < 1200; i += 4) {
            a[i] = a[i + 1] = a[i + 2] = a[i + 3] = seeded_normal(&s);
        }
        for (size_t i = 0; i < 800; i += 4) {
            b[i] = b[i + 1] = b[i + 2] = b[i + 3] = seeded_normal(&s);
        }
        rx_sort_doubles(a, 1200);
        rx_sort_doubles(b, 800);
        struct rx_drift_column_result r;
        struct rx_error err = {0};
        struct rx_drift_column column = {"f", false, {a, 1200, 0, 0.25}, {b, 800, 0, 0.25}};
        assert_ok(rx_drift_columns(&column, 1, &options, &r, &err), &err);
        told += r.grade == RX_DRIFT_DRIFT;
        column.baseline.independent = column.current.independent = 0;
        assert_ok(rx_drift_columns(&column, 1, &options, &r, &err), &err);
        untold += r.grade == RX_DRIFT_DRIFT;
    }
    print_message("rows four times over: %zu of %zu raise at .05; %zu when the groups are not "
                  "told\n",
                  told, runs, untold);
    assert_true(told <= runs * 8 / 100 && untold > runs / 3);
}

/* Probabilities and labels drawn so that label odds = `odds` times what p says. */
static void outcomes(struct seeded *s, size_t n, double odds, double blur, double *p, double *y)
{
    for (size_t i = 0; i < n; i++) {
        double f = -1 + 1.5 * seeded_normal(s);
        double seen = f + blur * seeded_normal(s);
        p[i] = 1 / (1 + exp(-seen));
        y[i] = seeded_unit(s) < 1 / (1 + exp(-f) / odds) ? 1 : 0;
    }
}

static enum rx_drift_grade grade_of(struct seeded *s, double odds, double blur,
                                    struct rx_drift_target_result *r)
{
    static double p[2][2000], y[2][2000];
    struct rx_drift_options options = rx_drift_defaults();
    struct rx_error err = {0};
    outcomes(s, 2000, 1, 0, p[0], y[0]);
    outcomes(s, 1000, odds, blur, p[1], y[1]);
    struct rx_drift_target target = {"t", {p[0], y[0], 2000, 1}, {p[1], y[1], 1000, 1}};
    assert_ok(rx_drift_targets(&target, 1, &options, r, &err), &err);
    return r->grade;
}

static void test_targets(void **state)
{
    (void)state;
    struct seeded s = {19};
    struct rx_drift_target_result r;
    size_t quiet = 0, shifted = 0, blurred = 0;
    for (int run = 0; run < 200; run++) {
        quiet += grade_of(&s, 1, 0, &r) == RX_DRIFT_DRIFT;
        assert_true(r.has_baseline && r.has_current && r.auc_drop_lo <= r.auc_drop);
        shifted += grade_of(&s, 2.2, 0, &r) == RX_DRIFT_DRIFT && r.uncalibrated;
        blurred += grade_of(&s, 1, 2.5, &r) == RX_DRIFT_DRIFT && r.misranked;
    }
    print_message("targets: %zu of 200 raise when nothing changed, %zu when the odds double, %zu "
                  "when p is blurred\n",
                  quiet, shifted, blurred);
    assert_true(quiet <= 4 && shifted >= 190 && blurred >= 190);
}

static void test_few_labels(void **state)
{
    (void)state;
    static double p[200], y[200];
    struct seeded s = {1};
    outcomes(&s, 200, 1, 0, p, y);
    static const double none[200] = {0};
    struct rx_drift_options options = rx_drift_defaults();
    struct rx_error err = {0};
    struct rx_drift_target targets[] = {
        {"few", {p, y, 200, 1}, {p, y, 49, 1}},
        {"no baseline", {NULL, NULL, 0, 1}, {p, y, 200, 1}},
        {"one class", {p, y, 200, 1}, {p, none, 200, 1}},
    };
    struct rx_drift_target_result r[3];
    assert_ok(rx_drift_targets(targets, 3, &options, r, &err), &err);
    assert_int_equal(r[0].grade, RX_DRIFT_UNKNOWN);
    assert_true(r[1].has_current && !r[1].has_baseline && isnan(r[1].auc_drop));
    assert_int_equal(r[1].grade, RX_DRIFT_STABLE);
    assert_int_equal(r[2].grade, RX_DRIFT_DRIFT); /* a third expected, none seen */
    assert_true(r[2].uncalibrated && r[2].current.oe == 0 && r[2].oe_q < 1e-6);
    static double bad[200];
    memcpy(bad, p, sizeof(bad));
    bad[7] = 2;
    targets[0] = (struct rx_drift_target){"wrong", {NULL, NULL, 0, 1}, {bad, y, 200, 1}};
    assert_int_equal(rx_drift_targets(targets, 1, &options, r, &err), RX_EINVALID);
    assert_message(&err, "wrong: row 7: a probability");
}

static int columns_once(void *arg)
{
    (void)arg;
    static const double x[200] = {0};
    struct rx_drift_column column = {"f", false, {x, 200, 0, 1}, {x, 200, 0, 1}};
    struct rx_drift_column_result r;
    struct rx_drift_options options = rx_drift_defaults();
    struct rx_error err = {0};
    return rx_drift_columns(&column, 1, &options, &r, &err);
}

static int targets_once(void *arg)
{
    (void)arg;
    static const double p[200] = {0}, y[200] = {0};
    struct rx_drift_target target = {"t", {NULL, NULL, 0, 1}, {p, y, 200, 1}};
    struct rx_drift_target_result r;
    struct rx_drift_options options = rx_drift_defaults();
    struct rx_error err = {0};
    return rx_drift_targets(&target, 1, &options, &r, &err);
}

static void test_failures(void **state)
{
    (void)state;
    assert_int_equal(rx_torture_alloc(columns_once, NULL), 3);
    assert_int_equal(rx_torture_alloc(targets_once, NULL), 4);
    struct rx_drift_options options = rx_drift_defaults();
    struct rx_error err = {0};
    assert_int_equal(rx_drift_columns(columns, RX_DRIFT_MAX_COLUMNS + 1, &options, results, &err),
                     RX_ELIMIT);
    assert_int_equal(rx_drift_targets(NULL, RX_DRIFT_MAX_COLUMNS + 1, &options, NULL, &err),
                     RX_ELIMIT);
    assert_ok(rx_drift_columns(NULL, 0, &options, NULL, &err), &err);
    assert_ok(rx_drift_targets(NULL, 0, &options, NULL, &err), &err);
    assert_string_equal(rx_drift_grade_name(RX_DRIFT_WATCH), "watch");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_false_alarms), cmocka_unit_test(test_power),
        cmocka_unit_test(test_effect_size),  cmocka_unit_test(test_missing),
        cmocka_unit_test(test_groups),       cmocka_unit_test(test_targets),
        cmocka_unit_test(test_few_labels),   cmocka_unit_test(test_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
