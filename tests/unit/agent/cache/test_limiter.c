// SPDX-License-Identifier: Apache-2.0
#include "tests/support/test.h"

#include <stdio.h>

#include "agent/cache/limiter.h"

#define MINUTE 60000
#define HOUR   3600000

static unsigned take_many(struct rx_limiter *limiter, struct rx_str who, int n, int64_t now_ms)
{
    unsigned refused = 0;
    for (int i = 0; i < n; i++) {
        refused += rx_limiter_take(limiter, who, now_ms) > 0;
    }
    return refused;
}

static void limits_a_minute(void **state)
{
    (void)state;
    struct rx_limiter *limiter = rx_limiter_new(60, 0);
    const int64_t start = 1000 * MINUTE;
    assert_int_equal(take_many(limiter, RX_STR("a"), 60, start), 0);
    /* The 60 count fully until the window ends, then fade over the next one. */
    assert_int_equal(rx_limiter_take(limiter, RX_STR("a"), start), 61);
    assert_int_equal(rx_limiter_take(limiter, RX_STR("a"), start + 59000), 2);
    assert_int_equal(rx_limiter_take(limiter, RX_STR("b"), start), 0);
    /* Half of the previous window is still within the last minute. */
    assert_int_equal(take_many(limiter, RX_STR("a"), 31, start + MINUTE + MINUTE / 2), 1);
    /* A minute without requests: all is forgotten. */
    assert_int_equal(take_many(limiter, RX_STR("a"), 60, start + 4 * MINUTE), 0);
    assert_int_equal(take_many(limiter, RX_STR("a"), 60, start + 4 * MINUTE), 60);
    rx_limiter_free(limiter);
}

static void says_when_to_come_back(void **state)
{
    (void)state;
    struct rx_limiter *limiter = rx_limiter_new(5, 20);
    int64_t now = 77 * HOUR + 12345;
    for (int i = 0; i < 200; i++) {
        const unsigned wait = rx_limiter_take(limiter, RX_STR("a"), now);
        if (wait > 0) {
            now += (int64_t)wait * 1000;
            assert_int_equal(rx_limiter_take(limiter, RX_STR("a"), now), 0);
        }
    }
    rx_limiter_free(limiter);
}

static void limits_an_hour(void **state)
{
    (void)state;
    struct rx_limiter *limiter = rx_limiter_new(0, 100);
    const int64_t start = 50 * HOUR;
    assert_int_equal(take_many(limiter, RX_STR("a"), 100, start), 0);
    assert_true(rx_limiter_take(limiter, RX_STR("a"), start + 59 * MINUTE) > 60);
    assert_int_equal(rx_limiter_take(limiter, RX_STR("a"), start + 2 * HOUR), 0);
    rx_limiter_free(limiter);
}

static void zero_is_off(void **state)
{
    (void)state;
    struct rx_limiter *limiter = rx_limiter_new(0, 0);
    assert_int_equal(take_many(limiter, RX_STR("a"), 10000, 0), 0);
    rx_limiter_free(limiter);
}

/* More identities than there is room for: newcomers are still counted. */
static void is_bounded(void **state)
{
    (void)state;
    struct rx_limiter *limiter = rx_limiter_new(1, 0);
    char who[16];
    for (int i = 0; i < 2 * RX_LIMITER_IDENTITIES; i++) {
        snprintf(who, sizeof(who), "%d", i);
        assert_int_equal(rx_limiter_take(limiter, rx_str_of(who), MINUTE), 0);
        assert_true(rx_limiter_take(limiter, rx_str_of(who), MINUTE) > 0);
    }
    rx_limiter_free(limiter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_a_minute), cmocka_unit_test(says_when_to_come_back),
        cmocka_unit_test(limits_an_hour),  cmocka_unit_test(zero_is_off),
        cmocka_unit_test(is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
