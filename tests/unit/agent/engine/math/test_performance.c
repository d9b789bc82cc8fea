// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/math/performance.h"

#include <math.h>

#include "common/base/parse.h"
#include "tests/support/oracle.h"
#include "tests/support/test.h"

/* A deterministic series with a known closed form: n pairs of +a, -b. */
static void fill_pairs(double *r, size_t n, double up, double down)
{
    for (size_t i = 0; i < n; i++) {
        r[i] = i % 2 == 0 ? up : -down;
    }
}

static void test_ratios_by_hand(void **state)
{
    (void)state;
    double r[40];
    fill_pairs(r, 40, 0.03, 0.01);
    struct rx_performance p;
    assert_true(rx_performance(r, 40, RX_PERFORMANCE_DAYS, &p));
    const double mean = 0.01;
    const double sd = sqrt(40 * 0.02 * 0.02 / 39);
    assert_true(fabs(p.mean - mean) < 1e-15);
    assert_true(fabs(p.sharpe - mean / sd * sqrt(365)) < 1e-12);
    assert_true(fabs(p.sharpe_se - sqrt((1 + mean * mean / sd / sd / 2) / 40) * sqrt(365)) < 1e-12);
    assert_true(fabs(p.sortino - mean / sqrt(0.01 * 0.01 / 2) * sqrt(365)) < 1e-12);
    assert_true(fabs(p.omega - 3) < 1e-12);
    assert_true(fabs(p.max_drawdown + 0.01) < 1e-12);
    assert_true(fabs(p.total_return - (pow(1.03 * 0.99, 20) - 1)) < 1e-12);
}

static void test_few_points_state_no_ratio(void **state)
{
    (void)state;
    double r[29];
    fill_pairs(r, 29, 0.03, 0.01);
    struct rx_performance p;
    assert_true(rx_performance(r, 29, RX_PERFORMANCE_DAYS, &p));
    assert_true(isnan(p.sharpe) && isnan(p.sharpe_se) && isnan(p.sortino) && isnan(p.calmar));
    assert_true(p.max_drawdown < 0 && isfinite(p.sd));
}

static void test_flat_series_divides_by_nothing(void **state)
{
    (void)state;
    double r[60] = {0};
    struct rx_performance p;
    assert_true(rx_performance(r, 60, RX_PERFORMANCE_DAYS, &p));
    assert_true(isnan(p.sharpe) && isnan(p.sortino) && isnan(p.omega) && isnan(p.calmar));
    assert_true(p.max_drawdown == 0 && p.total_return == 0);
    for (int i = 0; i < 60; i++) {
        r[i] = 0.1;
    }
    assert_true(rx_performance(r, 60, RX_PERFORMANCE_DAYS, &p));
    assert_true(isnan(p.sharpe));
    assert_true(isnan(rx_performance_ratio(r, 60)));
}

static void test_ruin_and_start(void **state)
{
    (void)state;
    const double r[3] = {-0.5, 0.2, -1};
    struct rx_performance p;
    assert_true(rx_performance(r, 2, RX_PERFORMANCE_DAYS, &p));
    assert_true(p.max_drawdown == -0.5 && p.drawdown_end == 0);
    assert_true(rx_performance(r, 3, RX_PERFORMANCE_DAYS, &p));
    assert_true(p.max_drawdown == -1 && p.total_return == -1 && p.drawdown_end == 2);
}

static void test_refuses(void **state)
{
    (void)state;
    const double low[1] = {-1.5};
    const double nan_value[1] = {(double)NAN};
    const double inf_value[1] = {(double)INFINITY};
    struct rx_performance p;
    assert_false(rx_performance(low, 1, 365, &p));
    assert_false(rx_performance(nan_value, 1, 365, &p));
    assert_false(rx_performance(inf_value, 1, 365, &p));
    assert_false(rx_performance(low, 0, 365, &p));
    const double values[3] = {1, 2, 3};
    assert_true(fabs(rx_performance_ratio(values, 3) - 2) < 1e-15);
    assert_true(isnan(rx_performance_ratio(values, 1)));
}

enum { CLOSES = 730, ASSETS = 5 };

/* daily_closes.csv: a day and five closes a line. */
static size_t read_closes(double closes[CLOSES][ASSETS])
{
    const char *path = oracle_path("oracle/daily_closes.csv");
    if (!path) {
        return 0;
    }
    struct rx_error err = {0};
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(1u << 20);
    assert_ok(rx_file_read(path, &text, &err), &err);
    struct rx_str rest = rx_buf_str(&text);
    struct rx_str line;
    struct rx_str field;
    size_t n = 0;
    rx_str_cut(&rest, '\n', &line);
    while (n < CLOSES && rx_str_cut(&rest, '\n', &line) && line.n > 0) {
        rx_str_cut(&line, ',', &field);
        for (int a = 0; a < ASSETS; a++) {
            assert_true(rx_str_cut(&line, ',', &field));
            assert_int_equal(rx_parse_double(field, &closes[n][a]), 0);
        }
        n++;
    }
    return n;
}

static void compare(const struct rx_performance *p, const struct rx_json *golden)
{
    assert_close(p->sharpe, rx_json_double(rx_json_get(golden, "sharpe_sample_sd"), 0), 1e-9);
    assert_close(p->sortino, rx_json_double(rx_json_get(golden, "sortino_tdd"), 0), 1e-9);
    assert_close(p->max_drawdown, rx_json_double(rx_json_get(golden, "max_drawdown"), 0), 1e-9);
    assert_int_equal(p->drawdown_end, rx_json_i64(rx_json_get(golden, "mdd_end_index"), -1));
    assert_close(p->volatility, rx_json_double(rx_json_get(golden, "vol_ann"), 0), 1e-9);
    assert_close(p->total_return, rx_json_double(rx_json_get(golden, "total_return"), 0), 1e-9);
    assert_close(p->calmar, rx_json_double(rx_json_get(golden, "calmar"), 0), 1e-9);
    assert_close(p->drawdown_mean, rx_json_double(rx_json_get(golden, "ulcer"), 0), 1e-9);
    assert_close(p->omega, rx_json_double(rx_json_get(golden, "omega_0"), 0), 1e-9);
}

static void test_goldens(void **state)
{
    (void)state;
    static const double weights[ASSETS] = {.4, .3, .1, .1, .1};
    static double closes[CLOSES][ASSETS];
    rx_auto(json_doc) struct rx_json_doc *doc = oracle_json("oracle/goldens.json");
    const size_t n = read_closes(closes);
    assert_true(n == CLOSES);
    double mixed[CLOSES];
    double weth[CLOSES];
    for (size_t i = 1; i < n; i++) {
        mixed[i - 1] = 0;
        for (int a = 0; a < ASSETS; a++) {
            mixed[i - 1] += weights[a] * (closes[i][a] / closes[i - 1][a] - 1);
        }
        weth[i - 1] = closes[i][0] / closes[i - 1][0] - 1;
    }
    struct rx_performance p;
    assert_true(rx_performance(mixed, n - 1, RX_PERFORMANCE_DAYS, &p));
    compare(&p, rx_json_get(rx_json_root(doc), "performance_portfolio"));
    assert_true(rx_performance(weth, n - 1, RX_PERFORMANCE_DAYS, &p));
    compare(&p, rx_json_get(rx_json_root(doc), "performance_WETH"));
    print_message("goldens: 2 series of %zu returns, 9 figures each\n", n - 1);
}

/* Random series: every figure is finite or NaN, the drawdown in [-1, 0], and scaling time scales
 * the ratio by its root. */
static void test_random_series(void **state)
{
    (void)state;
    uint64_t seed = 11;
    double r[200];
    int cases = 0;
    for (int round = 0; round < 20000; round++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        const size_t n = 1 + (size_t)(seed >> 33) % 200;
        for (size_t i = 0; i < n; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            r[i] = fmax(-1, ((double)(seed >> 40) / 16777216.0 - 0.5) * (round % 7));
        }
        struct rx_performance day;
        struct rx_performance hour;
        assert_true(rx_performance(r, n, 365, &day));
        assert_true(rx_performance(r, n, 8760, &hour));
        assert_true(day.max_drawdown <= 0 && day.max_drawdown >= -1);
        assert_false(isinf(day.sharpe) || isinf(day.sortino) || isinf(day.calmar));
        if (isfinite(day.sharpe)) {
            assert_true(fabs(hour.sharpe / day.sharpe - sqrt(24)) < 1e-9 || day.sharpe == 0);
            cases++;
        }
    }
    print_message("random series: 20000, with a ratio: %d\n", cases);
    assert_true(cases > 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ratios_by_hand),
        cmocka_unit_test(test_few_points_state_no_ratio),
        cmocka_unit_test(test_flat_series_divides_by_nothing),
        cmocka_unit_test(test_ruin_and_start),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_goldens),
        cmocka_unit_test(test_random_series),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
