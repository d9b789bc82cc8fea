// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/features/locks.h"

#include <math.h>

#include "tests/support/test.h"

static void check(struct rx_lp_lock *locks, size_t n, double expiry, double day, double week)
{
    double x[RX_F_MAX];
    rx_locks_features(locks, n, x);
    assert_true(x[RX_F_LP_LOCK_EXPIRY_H] == expiry ||
                (isnan(expiry) && isnan(x[RX_F_LP_LOCK_EXPIRY_H])));
    assert_true(fabs(x[RX_F_LP_UNLOCK_24H] - day) < 1e-12);
    assert_true(fabs(x[RX_F_LP_UNLOCK_7D] - week) < 1e-12);
}

static void test_expiry(void **state)
{
    (void)state;
    check(NULL, 0, RX_NAN, 0, 0);
    /* A tenth is free again with the second one; the third is far. */
    struct rx_lp_lock three[] = {{0.5, 4000}, {0.06, 20}, {0.05, 100}};
    check(three, 3, 100, 0.06, 0.11);
    /* Less than a tenth is locked in all: when the last of it ends. */
    struct rx_lp_lock little[] = {{0.03, 10}, {0.02, 24}};
    check(little, 2, 24, 0.05, 0.05);
    /* Locks that have ended hold nothing. */
    struct rx_lp_lock over[] = {{0.9, 0}, {0.1, -5}};
    check(over, 2, RX_NAN, 0, 0);
    struct rx_lp_lock mixed[] = {{0.9, -1}, {0.9, 168}, {0, 2}};
    check(mixed, 3, 168, 0, 0.9);
    /* Locks that overlap do not free more than there is. */
    struct rx_lp_lock twice[] = {{0.8, 5}, {0.8, 5}};
    check(twice, 2, 5, 1, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expiry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
