// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/calibration/quality.h"

#include "agent/engine/calibration/fit.h"
#include "tests/support/calibration_rows.h"
#include "tests/support/seeded.h"
#include "tests/support/torture.h"

static double sigmoid(double f)
{
    return 1 / (1 + exp(-f));
}

static size_t compare(const struct rx_json *want, const double *p, const double *y, size_t n)
{
    struct rx_quality m;
    struct rx_error err = {0};
    assert_ok(rx_quality_compute(p, y, n, (double)NAN, 0.95, &m, &err), &err);
    const struct {
        const char *key;
        double value;
    } rows[] = {
        {"auc", m.auc},
        {"auc_se", m.auc_se},
        {"brier", m.brier},
        {"average_precision", m.average_precision},
        {"skill", m.skill},
        {"log_loss", m.log_loss},
        {"ece_mass", m.ece_mass},
        {"ece_width", m.ece_width},
        {"oe", m.oe},
        {"f1", rx_quality_f1(p, y, n, 0.5)},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(rows); i++) {
        assert_close(rows[i].value, cal_number(want, rows[i].key), 1e-6);
    }
    return RX_ARRAY_LEN(rows);
}

static void test_oracle(void **state)
{
    (void)state;
    rx_auto(json_doc) struct rx_json_doc *doc = cal_load();
    const struct rx_json *root = rx_json_root(doc);
    size_t fit = (size_t)cal_number(root, "fit_rows"), n = CAL_ROWS - fit, compared = 0;
    struct rx_cal_rows rows = {fit, cal_x, cal_y, NULL};
    rx_auto(isotonic) struct rx_isotonic *iso = NULL;
    struct rx_calibrator platt;
    struct rx_error err = {0};
    assert_ok(rx_isotonic_fit(&rows, &iso, &err), &err);
    assert_ok(rx_fit_platt(&rows, &platt, &err), &err);
    double p[3][CAL_ROWS];
    for (size_t i = 0; i < n; i++) {
        double f = cal_x[fit + i];
        p[0][i] = sigmoid(f);
        p[1][i] = rx_isotonic_at(iso, f);
        p[2][i] = sigmoid(rx_calibrator_apply(&platt, f));
    }
    compared += compare(rx_json_at(root, "metrics.raw"), p[0], cal_y + fit, n);
    compared += compare(rx_json_at(root, "metrics.isotonic"), p[1], cal_y + fit, n);
    compared += compare(rx_json_at(root, "metrics.platt"), p[2], cal_y + fit, n);
    print_message("metrics against scikit-learn: %zu values\n", compared);
}

static void test_by_hand(void **state)
{
    (void)state;
    static const double p[] = {0.1, 0.4, 0.4, 0.8}, y[] = {0, 0, 1, 1};
    struct rx_quality m;
    struct rx_error err = {0};
    assert_ok(rx_quality_compute(p, y, 4, 0.25, 0.95, &m, &err), &err);
    assert_close(m.auc, 3.5 / 4, 1e-15);
    assert_close(m.average_precision, 0.5 * 1 + 0.5 * (2. / 3), 1e-15);
    assert_close(m.brier, (0.01 + 0.16 + 0.36 + 0.04) / 4, 1e-15);
    assert_close(m.skill, 1 - 0.57 / (2 * 0.0625 + 2 * 0.5625), 1e-15);
    assert_close(m.oe, 2 / 1.7, 1e-15);
    assert_true(m.oe_lo < m.oe && m.oe < m.oe_hi);
    assert_true(m.auc_lo >= 0 && m.auc_lo < m.auc && m.auc <= m.auc_hi && m.auc_hi <= 1);
    assert_close(rx_quality_f1(p, y, 4, 0.4), 0.8, 1e-15);
}

static void test_one_class(void **state)
{
    (void)state;
    static const double p[] = {0, 0, 0}, y[] = {0, 0, 0};
    struct rx_quality m;
    struct rx_error err = {0};
    assert_ok(rx_quality_compute(p, y, 3, (double)NAN, 0.95, &m, &err), &err);
    assert_true(isnan(m.auc) && isnan(m.average_precision) && isnan(m.skill) && isnan(m.oe));
    assert_true(isnan(m.oe_z) && m.brier == 0 && m.ece_mass == 0 && m.log_loss < 1e-14);
    assert_true(isnan(rx_quality_f1(p, y, 3, 0.5)));
    assert_ok(rx_quality_compute(p, y, 1, (double)NAN, 0.95, &m, &err), &err);
    assert_true(isnan(m.brier_se));
}

static void test_reliability(void **state)
{
    (void)state;
    static const double p[] = {0.9, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6}, y[] = {1, 0, 0, 1, 0, 1, 1};
    struct rx_reliability_row rows[10];
    struct rx_error err = {0};
    size_t n = 0;
    assert_ok(rx_quality_reliability(p, y, 7, 3, 0.95, rows, &n, &err), &err);
    assert_int_equal(n, 3);
    assert_int_equal(rows[0].n, 3);
    assert_int_equal(rows[0].positives, 1);
    assert_close(rows[0].mean_p, 0.2, 1e-15);
    assert_int_equal(rows[2].n, 2);
    assert_close(rows[2].share, 1, 1e-15);
    assert_true(rows[2].share_lo < 1 && rows[2].share_hi >= 1);
    assert_ok(rx_quality_reliability(p, y, 2, 10, 0.95, rows, &n, &err), &err);
    assert_int_equal(n, 2);
    assert_int_equal(rx_quality_reliability(p, y, 2, 0, 0.95, rows, &n, &err), RX_EINVALID);
}

/* The AUC's interval covers as often as it says, and z is standard when p is right. */
static void test_coverage(void **state)
{
    (void)state;
    struct seeded s = {21};
    double p[400], y[400];
    int covered = 0, extreme = 0;
    const int runs = 1500;
    const double truth = 23. / 30; /* for p uniform in 0.1..0.9 and y drawn from it */
    for (int run = 0; run < runs; run++) {
        for (size_t i = 0; i < 400; i++) {
            p[i] = 0.1 + 0.8 * seeded_unit(&s);
            y[i] = seeded_unit(&s) < p[i] ? 1 : 0;
        }
        struct rx_quality m;
        struct rx_error err = {0};
        assert_ok(rx_quality_compute(p, y, 400, (double)NAN, 0.95, &m, &err), &err);
        covered += m.auc_lo <= truth && truth <= m.auc_hi;
        extreme += fabs(m.oe_z) > 1.959964;
    }
    print_message("AUC interval covers %.3f of %d runs (0.95 said); |z| > 1.96 in %.3f\n",
                  covered / (double)runs, runs, extreme / (double)runs);
    assert_true(covered > 0.93 * runs && covered < 0.97 * runs);
    assert_true(extreme > 0.03 * runs && extreme < 0.07 * runs);
}

static void test_refused(void **state)
{
    (void)state;
    static const double p[] = {0.5, 1.5}, y[] = {0, 1}, bad[] = {0, 0.5};
    struct rx_quality m;
    struct rx_error err = {0};
    assert_int_equal(rx_quality_compute(p, y, 2, 0, 0.95, &m, &err), RX_EINVALID);
    assert_message(&err, "row 1: a probability from 0 to 1");
    assert_int_equal(rx_quality_compute(y, bad, 2, 0, 0.95, &m, &err), RX_EINVALID);
    assert_message(&err, "row 1: a label 0 or 1");
    assert_int_equal(rx_quality_compute(y, y, 0, 0, 0.95, &m, &err), RX_EINVALID);
    assert_int_equal(rx_quality_compute(y, y, 2, 0, 1, &m, &err), RX_EINVALID);
    assert_int_equal(rx_quality_compute(y, y, RX_QUALITY_MAX_ROWS + 1ul, 0, 0.9, &m, &err),
                     RX_ELIMIT);
}

static int compute_once(void *arg)
{
    (void)arg;
    static const double p[] = {0.5, 0.2}, y[] = {0, 1};
    struct rx_quality m;
    struct rx_error err = {0};
    return rx_quality_compute(p, y, 2, 0.5, 0.95, &m, &err);
}

static int table_once(void *arg)
{
    (void)arg;
    static const double p[] = {0.5, 0.2}, y[] = {0, 1};
    struct rx_reliability_row rows[2];
    size_t n;
    struct rx_error err = {0};
    return rx_quality_reliability(p, y, 2, 2, 0.95, rows, &n, &err);
}

static void test_torture(void **state)
{
    (void)state;
    assert_int_equal(rx_torture_alloc(compute_once, NULL), 1);
    assert_int_equal(rx_torture_alloc(table_once, NULL), 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_oracle),    cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_one_class), cmocka_unit_test(test_reliability),
        cmocka_unit_test(test_coverage),  cmocka_unit_test(test_refused),
        cmocka_unit_test(test_torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
