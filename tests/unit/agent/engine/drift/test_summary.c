// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/drift/summary.h"

#include "tests/support/oracle.h"
#include "tests/support/seeded.h"
#include "tests/support/torture.h"

static struct rx_drift_summary *summary_of(size_t columns, size_t capacity, uint64_t seed)
{
    struct rx_drift_summary *s = NULL;
    struct rx_error err = {0};
    assert_ok(rx_drift_summary_new(columns, capacity, seed, &s, &err), &err);
    return s;
}

static struct rx_drift_sample sample_of(const struct rx_drift_summary *s, size_t column)
{
    struct rx_drift_sample sample;
    assert_int_equal(rx_drift_summary_sample(s, column, &sample), 0);
    return sample;
}

static void test_below_capacity(void **state)
{
    (void)state;
    rx_auto(drift_summary) struct rx_drift_summary *s = summary_of(2, 10, 1);
    const double rows[][2] = {{3, (double)NAN}, {1, (double)INFINITY}, {2, 5}};
    for (size_t i = 0; i < 3; i++) {
        rx_drift_summary_add(s, rows[i]);
    }
    struct rx_drift_sample a = sample_of(s, 0), b = sample_of(s, 1);
    assert_true(a.n == 3 && a.missing == 0 && a.sorted[0] == 1 && a.sorted[2] == 3);
    assert_true(b.n == 1 && b.missing == 2 && b.sorted[0] == 5);
    free((void *)a.sorted);
    free((void *)b.sorted);
    rx_drift_summary_clear(s);
    a = sample_of(s, 0);
    assert_true(a.n == 0 && a.missing == 0 && rx_drift_summary_rows(s) == 0);
    free((void *)a.sorted);
}

/* Every row has the same chance to be kept: chi-squared over 20 parts of the stream. */
static void test_uniform(void **state)
{
    (void)state;
    double counts[20] = {0};
    const size_t rows = 10000, capacity = 200;
    const int runs = 200;
    for (int run = 0; run < runs; run++) {
        rx_auto(drift_summary) struct rx_drift_summary *s = summary_of(1, capacity, (uint64_t)run);
        for (size_t i = 0; i < rows; i++) {
            double value = (double)i;
            rx_drift_summary_add(s, &value);
        }
        assert_int_equal(rx_drift_summary_rows(s), rows);
        struct rx_drift_sample sample = sample_of(s, 0);
        assert_int_equal(sample.n, capacity);
        for (size_t i = 0; i < sample.n; i++) {
            counts[(size_t)(sample.sorted[i] / 500)]++;
            assert_true(i == 0 || sample.sorted[i] > sample.sorted[i - 1]); /* none twice */
        }
        free((void *)sample.sorted);
    }
    double chi2 = 0, expected = runs * 200 / 20.;
    for (size_t i = 0; i < 20; i++) {
        chi2 += (counts[i] - expected) * (counts[i] - expected) / expected;
    }
    print_message("kept rows over 20 parts of the stream: chi-squared %.1f (19 expected)\n", chi2);
    assert_true(chi2 < 43.8); /* p = .001 */
}

/* From stream to verdict: a server's memory of many rows finds a shift, and only then. */
static void test_stream(void **state)
{
    (void)state;
    struct seeded rng = {77};
    for (int shifted = 0; shifted < 2; shifted++) {
        rx_auto(drift_summary) struct rx_drift_summary *then = summary_of(3, 1000, 1);
        rx_auto(drift_summary) struct rx_drift_summary *now = summary_of(3, 1000, 2);
        for (size_t i = 0; i < 60000; i++) {
            double row[3] = {seeded_normal(&rng), seeded_unit(&rng), floor(4 * seeded_unit(&rng))};
            rx_drift_summary_add(then, row);
            row[0] += shifted ? 0.5 : 0;
            rx_drift_summary_add(now, row);
        }
        struct rx_drift_column columns[3];
        struct rx_drift_column_result results[3];
        struct rx_drift_options options = rx_drift_defaults();
        struct rx_error err = {0};
        for (size_t c = 0; c < 3; c++) {
            columns[c] =
                (struct rx_drift_column){"c", false, sample_of(then, c), sample_of(now, c)};
        }
        assert_ok(rx_drift_columns(columns, 3, &options, results, &err), &err);
        assert_int_equal(results[0].grade == RX_DRIFT_DRIFT, shifted);
        for (size_t c = 0; c < 3; c++) {
            assert_true(c == 0 || results[c].grade != RX_DRIFT_DRIFT);
            free((void *)columns[c].baseline.sorted);
            free((void *)columns[c].current.sorted);
        }
    }
}

static int new_once(void *arg)
{
    (void)arg;
    rx_auto(drift_summary) struct rx_drift_summary *s = NULL;
    struct rx_error err = {0};
    int rc = rx_drift_summary_new(2, 4, 0, &s, &err);
    struct rx_drift_sample sample;
    if (rc == 0) {
        rc = rx_drift_summary_sample(s, 0, &sample);
    }
    if (rc == 0) {
        free((void *)sample.sorted);
    }
    return rc;
}

static void test_refused(void **state)
{
    (void)state;
    struct rx_drift_summary *s = NULL;
    struct rx_error err = {0};
    assert_int_equal(rx_drift_summary_new(0, 5, 0, &s, &err), RX_EINVALID);
    assert_int_equal(rx_drift_summary_new(5, 0, 0, &s, &err), RX_EINVALID);
    assert_int_equal(rx_drift_summary_new(5000, 5, 0, &s, &err), RX_ELIMIT);
    assert_int_equal(rx_drift_summary_new(5, 2000000, 0, &s, &err), RX_ELIMIT);
    assert_int_equal(rx_torture_alloc(new_once, NULL), 3);
    rx_drift_summary_free(NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_below_capacity),
        cmocka_unit_test(test_uniform),
        cmocka_unit_test(test_stream),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
