// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/math/stats.h"

#include "tests/support/oracle.h"

static void test_moments(void **state)
{
    (void)state;
    static const double x[] = {2, 4, 4, 4, 5, 5, 7, 9};
    struct rx_moments m;
    rx_moments(x, 8, &m);
    assert_close(m.mean, 5, 1e-15);
    assert_close(m.sd_pop, 2, 1e-15);
    assert_close(m.sd_sample, 2.138089935299395, 1e-15);
    assert_close(m.skew_pop, 0.65625, 1e-14);
    assert_close(m.exkurt_pop, -0.21875, 1e-13);
    rx_moments(x, 1, &m);
    assert_true(m.mean == 2 && m.sd_pop == 0 && isnan(m.sd_sample) && isnan(m.skew_pop));
    rx_moments(x, 0, &m);
    assert_true(isnan(m.mean) && isnan(m.sd_pop));
    assert_true(isnan(rx_mean(x, 0)));
}

static void test_sum(void **state)
{
    (void)state;
    static const double x[] = {1, 1e100, 1, -1e100};
    assert_true(rx_sum(x, 4) == 2);
    assert_true(rx_sum(x, 0) == 0);
}

static void test_order(void **state)
{
    (void)state;
    double x[] = {3, (double)NAN, 1, 2, 2};
    rx_sort_doubles(x, 5);
    assert_true(x[0] == 1 && x[1] == 2 && x[2] == 2 && x[3] == 3 && isnan(x[4]));
    assert_int_equal(rx_count_below(x, 4, 2), 1);
    assert_int_equal(rx_count_upto(x, 4, 2), 3);
    assert_int_equal(rx_count_below(x, 4, 0), 0);
    assert_int_equal(rx_count_upto(x, 4, 9), 4);
    assert_int_equal(rx_count_below(x, 0, 1), 0);
    assert_close(rx_quantile7(x, 4, 0.5), 2, 1e-15);
    assert_close(rx_quantile7(x, 4, 0.25), 1.75, 1e-15);
    assert_true(rx_quantile7(x, 4, 0) == 1 && rx_quantile7(x, 4, 1) == 3);
    assert_true(isnan(rx_quantile7(x, 0, 0.5)) && isnan(rx_quantile7(x, 4, 1.5)));
}

static void test_bh(void **state)
{
    (void)state;
    double p[] = {0.01, 0.04, 0.03, 0.005, 0.8};
    static const double want[] = {0.025, 0.05, 0.05, 0.025, 0.8};
    double q[5];
    size_t order[5];
    rx_bh_adjust(p, 5, order, q);
    for (size_t i = 0; i < 5; i++) {
        assert_close(q[i], want[i], 1e-14);
    }
    rx_bh_adjust(p, 5, order, p); /* in place */
    assert_memory_equal(p, q, sizeof(p));
    rx_bh_adjust(p, 0, order, q);
}

/* Moments, quantiles and order statistics of recorded daily returns. */
static void check_returns(const struct rx_json *block, const double *returns, size_t n,
                          size_t *compared)
{
    static double sorted[1024];
    struct rx_moments m;
    rx_moments(returns, n, &m);
    const struct {
        const char *key;
        double value;
    } rows[] = {{"n", (double)m.n},         {"mean", m.mean},         {"sd_pop", m.sd_pop},
                {"sd_sample", m.sd_sample}, {"skew_pop", m.skew_pop}, {"exkurt_pop", m.exkurt_pop}};
    for (size_t i = 0; i < RX_ARRAY_LEN(rows); i++) {
        double want = rx_json_double(rx_json_get(block, rows[i].key), (double)NAN);
        assert_close(rows[i].value, want, 1e-9);
        *compared += 1;
    }
    memcpy(sorted, returns, n * sizeof(*sorted));
    rx_sort_doubles(sorted, n);
    static const struct {
        const char *level;
        double tail;
    } tails[] = {{"0.95", 0.05}, {"0.99", 0.01}};
    for (size_t i = 0; i < RX_ARRAY_LEN(tails); i++) {
        const struct rx_json *at = rx_json_get(block, tails[i].level);
        assert_close(-rx_quantile7(sorted, n, tails[i].tail),
                     rx_json_double(rx_json_get(at, "hist_q7"), (double)NAN), 1e-9);
        *compared += 1;
    }
}

static void test_goldens(void **state)
{
    (void)state;
    rx_auto(json_doc) struct rx_json_doc *doc = oracle_json("oracle/goldens.json");
    static double closes[1024], returns[1024];
    const char *path = oracle_path("oracle/daily_closes.csv");
    assert_non_null(path);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char line[512];
    size_t n = 0;
    assert_non_null(fgets(line, sizeof(line), file));
    while (n < RX_ARRAY_LEN(closes) && fgets(line, sizeof(line), file)) {
        assert_int_equal(sscanf(line, "%*[^,],%lf", &closes[n]), 1);
        n++;
    }
    assert_int_equal(fclose(file), 0);
    for (size_t i = 1; i < n; i++) {
        returns[i - 1] = closes[i] / closes[i - 1] - 1;
    }
    size_t compared = 0;
    check_returns(rx_json_get(rx_json_root(doc), "var_WETH"), returns, n - 1, &compared);
    print_message("goldens compared: var_WETH (moments, quantiles): %zu values\n", compared);
    assert_int_equal(compared, 8);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_moments), cmocka_unit_test(test_sum),
        cmocka_unit_test(test_order),   cmocka_unit_test(test_bh),
        cmocka_unit_test(test_goldens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
