// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/portfolio/series.h"

#include <errno.h>
#include <math.h>

#include "tests/support/oracle.h"
#include "tests/support/torture.h"

static void test_interval(void **unused)
{
    (void)unused;
    const struct rx_price_point points[] = {{0, 1}, {60, 1}, {60, 1}, {120, 1}, {500, 1}, {560, 1}};
    int64_t interval;
    assert_int_equal(rx_series_interval(points, 6, &interval), 0);
    assert_int_equal(interval, 60);
    assert_int_equal(rx_series_interval(points, 1, &interval), 0);
    assert_int_equal(interval, 0);
}

static void test_common_history(void **unused)
{
    (void)unused;
    /* The second starts later, ends earlier and lacks tick 3, which is carried. */
    const struct rx_price_point a[] = {{0, 1}, {10, 2}, {20, 4}, {30, 8}, {40, 16}, {50, 32}};
    const struct rx_price_point b[] = {{11, 10}, {19, 12}, {25, 6}, {41, 3}};
    const struct rx_price_point *const series[] = {a, b};
    const size_t n[] = {6, 4};
    rx_auto(returns) struct rx_returns *r = NULL;
    struct rx_error err = {0};
    assert_ok(rx_returns_new(series, n, 2, 10, &r, &err), &err);
    assert_int_equal(rx_returns_count(r), 3);
    assert_int_equal(rx_returns_last_time(r), 50);
    const double *data = rx_returns_data(r);
    const double expected[] = {1, -.5, 1, 0, 1, -.5};
    for (size_t i = 0; i < 6; i++) {
        assert_true(fabs(data[i] - expected[i]) < 1e-15);
    }
    double column[3], sum[3];
    const double weights[] = {.5, 2};
    rx_returns_column(r, 1, column);
    rx_returns_weighted(r, weights, sum);
    assert_true(column[0] == -.5 && column[1] == 0 && sum[0] == -.5 && sum[1] == .5);
}

static void test_a_long_gap_ends_the_history(void **unused)
{
    (void)unused;
    const struct rx_price_point a[] = {{0, 1}, {10, 2}, {100, 4}, {110, 8}};
    const struct rx_price_point *const series[] = {a};
    const size_t n[] = {4};
    rx_auto(returns) struct rx_returns *r = NULL;
    assert_int_equal(rx_returns_new(series, n, 1, 10, &r, NULL), 0);
    assert_int_equal(rx_returns_count(r), 1);
    assert_true(rx_returns_data(r)[0] == 1);
}

static void test_refuses(void **unused)
{
    (void)unused;
    const struct rx_price_point back[] = {{10, 1}, {5, 1}}, zero[] = {{10, 0}};
    const struct rx_price_point *const series[] = {back, zero};
    const size_t n[] = {2, 1}, none[] = {0, 0};
    struct rx_returns *r = NULL;
    struct rx_error err = {0};
    assert_int_equal(rx_returns_new(series, n, 1, 10, &r, &err), RX_EINVALID);
    assert_message(&err, "prices[0]: times must not go back");
    assert_int_equal(rx_returns_new(series + 1, n + 1, 1, 10, &r, &err), RX_EINVALID);
    assert_message(&err, "a price above zero");
    assert_int_equal(rx_returns_new(series, none, 1, 10, &r, &err), RX_EINVALID);
    assert_int_equal(rx_returns_new(series, n, 0, 10, &r, &err), RX_EINVALID);
    assert_int_equal(rx_returns_new(series, n, 1, 0, &r, &err), RX_EINVALID);
    const struct rx_price_point far[] = {{0, 1}, {4000000000, 1}};
    const struct rx_price_point *const long_one[] = {far};
    assert_int_equal(rx_returns_new(long_one, n, 1, 1, &r, &err), RX_ELIMIT);
    assert_null(r);
    /* Histories that do not meet have no returns; that is not an error. */
    const struct rx_price_point early[] = {{0, 1}, {10, 1}}, late[] = {{100, 1}, {110, 1}};
    const struct rx_price_point *const apart[] = {early, late};
    const size_t two[] = {2, 2};
    assert_ok(rx_returns_new(apart, two, 2, 10, &r, &err), &err);
    assert_int_equal(rx_returns_count(r), 0);
    rx_returns_free(r);
}

static int build(void *unused)
{
    (void)unused;
    const struct rx_price_point a[] = {{0, 1}, {10, 2}, {20, 4}};
    const struct rx_price_point *const series[] = {a};
    const size_t n[] = {3};
    rx_auto(returns) struct rx_returns *r = NULL;
    int64_t interval;
    const int rc = rx_series_interval(a, 3, &interval);
    return rc < 0 ? rc : rx_returns_new(series, n, 1, interval, &r, NULL);
}

static void test_out_of_memory(void **unused)
{
    (void)unused;
    assert_true(rx_torture_alloc(build, NULL) >= 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_interval),
        cmocka_unit_test(test_common_history),
        cmocka_unit_test(test_a_long_gap_ends_the_history),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
