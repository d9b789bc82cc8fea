// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/math/proportion.h"

#include "tests/support/oracle.h"

typedef void interval_fn(double k, double n, double level, double *ret_low, double *ret_high);
static interval_fn *const all[] = {rx_wilson, rx_clopper_pearson, rx_jeffreys};

static void test_goldens(void **state)
{
    (void)state;
    rx_auto(json_doc) struct rx_json_doc *doc = oracle_json("oracle/goldens.json");
    size_t compared = 0;
    RX_JSON_FOREACH (row, rx_json_get(rx_json_root(doc), "wilson")) {
        double k = rx_json_double(rx_json_get(row.value, "k"), -1);
        double n = rx_json_double(rx_json_get(row.value, "n"), -1);
        const struct rx_json *want[][2] = {
            {rx_json_get(row.value, "lo"), rx_json_get(row.value, "hi")},
            {rx_json_item(rx_json_get(row.value, "clopper"), 0),
             rx_json_item(rx_json_get(row.value, "clopper"), 1)},
            {rx_json_item(rx_json_get(row.value, "jeffreys"), 0),
             rx_json_item(rx_json_get(row.value, "jeffreys"), 1)},
        };
        for (size_t i = 0; i < RX_ARRAY_LEN(all); i++) {
            double low, high;
            all[i](k, n, 0.95, &low, &high);
            assert_close(low, rx_json_double(want[i][0], (double)NAN), 1e-9);
            assert_close(high, rx_json_double(want[i][1], (double)NAN), 1e-9);
            compared += 2;
        }
    }
    print_message("goldens compared: wilson (lo, hi, clopper, jeffreys): %zu values\n", compared);
    assert_int_equal(compared, 36);
}

static void test_properties(void **state)
{
    (void)state;
    size_t checked = 0;
    for (size_t f = 0; f < RX_ARRAY_LEN(all); f++) {
        for (double n = 1; n < 400; n = n * 1.7 + 1) {
            double before = 0;
            for (double k = 0; k <= n; k += n / 16, checked++) {
                double low, high, wide_low, wide_high;
                all[f](k, n, 0.9, &low, &high);
                all[f](k, n, 0.99, &wide_low, &wide_high);
                assert_true(low >= 0 && high <= 1 && low < high && low >= before);
                assert_true(wide_low <= low && high <= wide_high);
                assert_true(f == 2 || (low <= k / n && k / n <= high));
                before = low;
            }
        }
    }
    print_message("intervals nest at %zu points\n", checked);
}

/* The exact interval covers at least as often as it says; exact sum over all outcomes. */
static void test_coverage(void **state)
{
    (void)state;
    for (double p = 0.01; p < 1; p += 0.049) {
        double covered = 0;
        const int n = 40;
        double mass = pow(1 - p, n);
        for (int k = 0; k <= n; k++) {
            double low, high;
            rx_clopper_pearson(k, n, 0.95, &low, &high);
            if (low <= p && p <= high) {
                covered += mass;
            }
            mass *= (double)(n - k) / (k + 1) * p / (1 - p);
        }
        assert_true(covered >= 0.95);
    }
}

static void test_bad_input(void **state)
{
    (void)state;
    static const double bad[][3] = {{1, 0, 0.95}, {2, 1, 0.95}, {-1, 3, 0.95},
                                    {1, 3, 0},    {1, 3, 1},    {1, (double)NAN, 0.95}};
    for (size_t f = 0; f < RX_ARRAY_LEN(all); f++) {
        for (size_t i = 0; i < RX_ARRAY_LEN(bad); i++) {
            double low, high;
            all[f](bad[i][0], bad[i][1], bad[i][2], &low, &high);
            assert_true(low == 0 && high == 1);
        }
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goldens),
        cmocka_unit_test(test_properties),
        cmocka_unit_test(test_coverage),
        cmocka_unit_test(test_bad_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
