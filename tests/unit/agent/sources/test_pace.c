// SPDX-License-Identifier: Apache-2.0
#include "agent/sources/pace.h"

#include "tests/support/test.h"

static void test_bucket(void **state)
{
    (void)state;
    struct rx_bucket bucket;
    rx_bucket_init(&bucket, 10, 5, 1000);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(rx_bucket_take(&bucket, 1, 1000), 0);
    }
    assert_in_range(rx_bucket_take(&bucket, 1, 1000), 100, 101);
    /* Debt is paid off by time; the burst is never exceeded; time going back gives nothing. */
    assert_int_equal(rx_bucket_take(&bucket, 0, 1100), 0);
    assert_true(rx_bucket_take(&bucket, 1, 500) > 0);
    assert_int_equal(rx_bucket_take(&bucket, 5, 1000000), 0);
    assert_true(rx_bucket_take(&bucket, 1, 1000000) > 0);
}

static void test_bucket_adapts(void **state)
{
    (void)state;
    struct rx_bucket bucket;
    rx_bucket_init(&bucket, 100, 5, 0);
    for (int i = 0; i < 20; i++) {
        rx_bucket_slower(&bucket);
    }
    assert_true(bucket.rate >= 1 && bucket.rate < 1.01);
    for (int i = 0; i < 1000; i++) {
        rx_bucket_faster(&bucket);
    }
    assert_true(bucket.rate > 99.9 && bucket.rate < 100.1);
}

static void test_backoff(void **state)
{
    (void)state;
    struct rx_backoff backoff;
    rx_backoff_init(&backoff, 100, 1000);
    assert_in_range(rx_backoff_next(&backoff, -1), 50, 100);
    assert_in_range(rx_backoff_next(&backoff, -1), 100, 200);
    assert_in_range(rx_backoff_next(&backoff, -1), 200, 400);
    for (int i = 0; i < 100; i++) {
        assert_in_range(rx_backoff_next(&backoff, -1), 200, 1000);
    }
    assert_in_range(rx_backoff_next(&backoff, -1), 500, 1000);
    assert_int_equal(rx_backoff_next(&backoff, 7000), 7000);
    assert_int_equal(rx_backoff_next(&backoff, 86400000), 600000);
    rx_backoff_reset(&backoff);
    assert_in_range(rx_backoff_next(&backoff, 0), 50, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bucket),
        cmocka_unit_test(test_bucket_adapts),
        cmocka_unit_test(test_backoff),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
