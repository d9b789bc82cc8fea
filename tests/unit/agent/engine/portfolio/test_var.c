// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/portfolio/var.h"

#include "agent/engine/math/special.h"
#include "agent/engine/math/stats.h"
#include "tests/support/oracle.h"

#define MAX_ROWS 1000
#define ASSETS   5

/* Closes of the recorded file, a row a day; returns the number of rows. */
static size_t read_closes(const char *name, size_t columns, double *out)
{
    const char *path = oracle_path(name);
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(1u << 20);
    struct rx_error err = {0};
    assert_non_null(path);
    assert_ok(rx_file_read(path, &text, &err), &err);
    struct rx_str rest = rx_buf_str(&text), line, field;
    size_t rows = 0;
    assert_true(rx_str_cut(&rest, '\n', &line));
    while (rx_str_cut(&rest, '\n', &line) && line.n > 0) {
        assert_true(rx_str_cut(&line, ',', &field) && rows < MAX_ROWS);
        for (size_t c = 0; c < columns; c++) {
            assert_true(rx_str_cut(&line, ',', &field));
            out[rows * columns + c] = strtod(field.p, NULL);
        }
        rows++;
    }
    return rows;
}

static size_t returns_of(const double *closes, size_t rows, size_t columns, double *out)
{
    for (size_t i = 0; i + columns < rows * columns; i++) {
        out[i] = closes[i + columns] / closes[i] - 1;
    }
    return rows - 1;
}

static double golden(const struct rx_json *from, const char *name)
{
    const double value = rx_json_double(rx_json_get(from, name), NAN);
    assert_false(isnan(value));
    return value;
}

static unsigned compare_level(const struct rx_json *from, const double *returns, size_t n,
                              double level)
{
    struct rx_var v;
    struct rx_error err = {0};
    static double scratch[MAX_ROWS];
    assert_ok(rx_var(returns, n, level, scratch, &v, &err), &err);
    assert_close(v.historical, golden(from, "hist_q7"), 1e-9);
    assert_close(v.historical_lower, golden(from, "hist_lower"), 1e-9);
    assert_close(v.historical_shortfall, golden(from, "hist_es_q7"), 1e-9);
    assert_close(v.normal, golden(from, "normal"), 1e-9);
    assert_close(v.normal_shortfall, golden(from, "normal_es"), 1e-9);
    assert_close(v.cornish_fisher, golden(from, "cornish_fisher"), 1e-9);
    assert_close(v.modified_shortfall, golden(from, "modified_es_bpc"), 1e-9);
    assert_true(v.quoted >= 0 && v.quoted <= v.quoted_shortfall && v.quoted_shortfall <= 1);
    return 7;
}

static unsigned compare(const struct rx_json *block, const double *returns, size_t n)
{
    struct rx_moments m;
    rx_moments(returns, n, &m);
    assert_true((double)n == golden(block, "n"));
    assert_close(m.mean, golden(block, "mean"), 1e-9);
    assert_close(m.sd_pop, golden(block, "sd_pop"), 1e-9);
    assert_close(m.sd_sample, golden(block, "sd_sample"), 1e-9);
    assert_close(m.skew_pop, golden(block, "skew_pop"), 1e-9);
    assert_close(m.exkurt_pop, golden(block, "exkurt_pop"), 1e-9);
    unsigned count = 6;
    count += compare_level(rx_json_get(block, "0.95"), returns, n, .95);
    count += compare_level(rx_json_get(block, "0.99"), returns, n, .99);
    const struct rx_json *ewma = rx_json_get(block, "ewma_0.94");
    const double sigma = rx_ewma_sigma(returns, n, RX_EWMA_LAMBDA);
    assert_close(sigma, golden(ewma, "sigma_next"), 1e-9);
    assert_close(rx_normal_quantile(.95) * sigma, golden(ewma, "var95"), 1e-9);
    assert_close(rx_normal_quantile(.99) * sigma, golden(ewma, "var99"), 1e-9);
    return count + 3;
}

static double closes[MAX_ROWS * ASSETS], returns[MAX_ROWS * ASSETS], own[MAX_ROWS];
static const double weights[ASSETS] = {.4, .3, .1, .1, .1};

static size_t portfolio_returns(void)
{
    const size_t n =
        returns_of(closes, read_closes("oracle/daily_closes.csv", ASSETS, closes), ASSETS, returns);
    for (size_t t = 0; t < n; t++) {
        own[t] = 0;
        for (size_t a = 0; a < ASSETS; a++) {
            own[t] += returns[t * ASSETS + a] * weights[a];
        }
    }
    return n;
}

static void test_recorded_series(void **unused)
{
    (void)unused;
    rx_auto(json_doc) struct rx_json_doc *doc = oracle_json("oracle/goldens.json");
    const struct rx_json *root = rx_json_root(doc);
    const size_t n = portfolio_returns();
    unsigned count = compare(rx_json_get(root, "var_portfolio"), own, n);
    double weth[MAX_ROWS];
    for (size_t t = 0; t < n; t++) {
        weth[t] = returns[t * ASSETS];
    }
    count += compare(rx_json_get(root, "var_WETH"), weth, n);
    const size_t days = returns_of(closes, read_closes("oracle/ust_daily.csv", 1, closes), 1, own);
    count += compare(rx_json_get(root, "var_UST"), own, days);
    print_message("%u recorded values\n", count);
    assert_int_equal(count, 69);
}

/* The collapse of a stablecoin is outside the domain of the expansion, which would promise a gain
 * of 600 %. */
static void test_domain_of_cornish_fisher(void **unused)
{
    (void)unused;
    assert_true(rx_cornish_fisher_valid(0, 0));
    assert_true(rx_cornish_fisher_valid(-.2, 2.9));
    assert_false(rx_cornish_fisher_valid(13.06, 179));
    assert_false(rx_cornish_fisher_valid(1, 0));
    assert_false(rx_cornish_fisher_valid(0, -1));
    assert_false(rx_cornish_fisher_valid(0, 9));
    /* Where it is said to be valid the quantile grows with z; counted over a grid. */
    unsigned valid = 0;
    for (double s = -3; s <= 3; s += .05) {
        for (double k = -2; k <= 12; k += .1) {
            bool grows = true;
            for (double z = -6; z < 6; z += .01) {
                grows = grows && rx_cornish_fisher(z + .01, s, k) >= rx_cornish_fisher(z, s, k);
            }
            if (rx_cornish_fisher_valid(s, k)) {
                assert_true(grows);
                valid++;
            }
        }
    }
    print_message("%u valid points of the grid\n", valid);
    assert_true(valid > 500);
    if (!oracle_path("oracle/ust_daily.csv")) {
        return;
    }
    struct rx_var v;
    static double scratch[MAX_ROWS];
    const size_t n = returns_of(closes, read_closes("oracle/ust_daily.csv", 1, closes), 1, own);
    assert_int_equal(rx_var(own, n, .95, scratch, &v, NULL), 0);
    assert_false(v.cornish_fisher_valid);
    assert_string_equal(v.method, "historical");
    assert_close(v.quoted, .1945002504, 1e-9);
    assert_true(v.cornish_fisher < -6);
}

static void test_refuses(void **unused)
{
    (void)unused;
    struct rx_error err = {0};
    struct rx_var v;
    double few[59] = {0}, scratch[60], bad[60] = {0};
    bad[59] = NAN;
    assert_int_equal(rx_var(few, 59, .95, scratch, &v, &err), RX_EINVALID);
    assert_message(&err, "returns: 59, at least 60 expected");
    assert_int_equal(rx_var(bad, 60, .95, scratch, &v, &err), RX_EINVALID);
    assert_message(&err, "number 60 is not finite");
    bad[59] = 0;
    assert_int_equal(rx_var(bad, 60, 1, scratch, &v, &err), RX_EINVALID);
    assert_message(&err, "level");
    /* A price that never moved has no risk, and no shape either. */
    assert_ok(rx_var(bad, 60, .99, scratch, &v, &err), &err);
    assert_true(v.quoted == 0 && v.quoted_shortfall == 0 && v.normal == 0);
}

static void test_components(void **unused)
{
    (void)unused;
    rx_auto(json_doc) struct rx_json_doc *doc = oracle_json("oracle/goldens.json");
    const struct rx_json *block = rx_json_get(rx_json_root(doc), "var_cov");
    const size_t n = portfolio_returns();
    double covariance[ASSETS * ASSETS], parts[ASSETS], sum = 0;
    rx_covariance(returns, n, ASSETS, covariance);
    const struct rx_json *rows = rx_json_get(block, "sample_cov_ddof1");
    for (size_t i = 0; i < ASSETS * ASSETS; i++) {
        const struct rx_json *row = rx_json_item(rows, i / ASSETS);
        assert_close(covariance[i], rx_json_double(rx_json_item(row, i % ASSETS), 0), 1e-9);
    }
    const double sigma = rx_portfolio_sigma(covariance, weights, ASSETS);
    assert_close(sigma, golden(block, "port_sigma"), 1e-9);
    rx_component_var(covariance, weights, ASSETS, rx_normal_quantile(.95), parts);
    for (size_t i = 0; i < ASSETS; i++) {
        assert_close(parts[i],
                     rx_json_double(rx_json_item(rx_json_get(block, "component_var95"), i), 0),
                     1e-9);
        sum += parts[i];
    }
    assert_close(sum, rx_normal_quantile(.95) * sigma, 1e-12);
}

/* The loss that each estimator forecasts for day t from the 250 before it. */
static double forecast(int estimator, const double *window, double *scratch)
{
    const double z = rx_normal_quantile(.05);
    struct rx_moments m;
    struct rx_var v;
    rx_moments(window, 250, &m);
    assert_int_equal(rx_var(window, 250, .95, scratch, &v, NULL), 0);
    const double by[] = {v.historical, -(m.mean + z * m.sd_pop), v.cornish_fisher, v.ewma};
    return by[estimator];
}

static void test_backtests(void **unused)
{
    (void)unused;
    rx_auto(json_doc) struct rx_json_doc *doc = oracle_json("oracle/goldens.json");
    static const char *const names[] = {"hist250", "normal250", "cf250", "ewma94"};
    const size_t n = portfolio_returns();
    static double scratch[MAX_ROWS];
    static bool hits[MAX_ROWS];
    for (int e = 0; e < 4; e++) {
        const struct rx_json *block =
            rx_json_get(rx_json_get(rx_json_root(doc), "var_backtest_95"), names[e]);
        struct rx_var_test test;
        for (size_t t = 250; t < n; t++) {
            hits[t - 250] = own[t] < -forecast(e, own + t - 250, scratch);
        }
        rx_var_test(hits, n - 250, .05, &test);
        assert_true((double)test.n == golden(block, "n"));
        assert_true((double)test.exceeded == golden(block, "exceed"));
        assert_close(test.kupiec, golden(block, "kupiec_lr"), 1e-9);
        assert_close(test.kupiec_p, golden(block, "kupiec_p"), 1e-9);
        assert_close(test.independence, golden(block, "christoffersen_ind_lr"), 1e-9);
        assert_close(test.independence_p, golden(block, "christoffersen_p"), 1e-9);
        assert_true(test.kupiec_p > .05);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recorded_series), cmocka_unit_test(test_domain_of_cornish_fisher),
        cmocka_unit_test(test_refuses),         cmocka_unit_test(test_components),
        cmocka_unit_test(test_backtests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
