// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/features/labels.h"

#include <math.h>

#include "tests/support/test.h"

static const struct rx_pool_meta meta = {.decimals = 18, .weth_pos = 0};

static struct rx_sync at(int64_t time, double weth, double token)
{
    return (struct rx_sync){.block = (uint64_t)time,
                            .time = time,
                            .reserve = {(rx_u128)(weth * 1e18), (rx_u128)(token * 1e18)}};
}

static struct rx_outcome outcome(const struct rx_sync *events, size_t n, size_t seen,
                                 double horizon)
{
    struct rx_outcome o;
    rx_label_outcome(&meta, events, n, seen, 100, horizon, 1000, &o);
    return o;
}

static void test_what_comes_after_counts(void **unused)
{
    (void)unused;
    const struct rx_sync events[] = {at(90, 100, 1),    at(100, 10, 100),  at(110, 20, 50),
                                     at(150, 30, 33.3), at(200, .4, 2500), at(250, .4, 1)};
    struct rx_outcome o = outcome(events, 6, 2, 20);
    assert_true(o.known && o.lowest == 2 && o.highest == 4);
    assert_true(rx_label_value(&o, 4) == 1 && rx_label_value(&o, 5) == 0);
    assert_true(rx_label_value(&o, 0) == 0);
    /* The end of the horizon belongs to it. */
    o = outcome(events, 6, 2, 100);
    assert_true(rx_label_value(&o, 0) == 1);
    /* The price of dust does not count: 0.4 WETH is below the floor, however dear a token is. */
    o = outcome(events, 6, 2, 200);
    assert_true(rx_label_value(&o, 10) == 0 && o.highest < 9.1);
}

static void test_nothing_happens(void **unused)
{
    (void)unused;
    const struct rx_sync events[] = {at(90, 10, 100), at(500, 1, 1)};
    const struct rx_outcome o = outcome(events, 2, 1, 100);
    assert_true(o.known && rx_label_value(&o, 0) == 0 && rx_label_value(&o, 2) == 0);
}

static void test_unknown(void **unused)
{
    (void)unused;
    const struct rx_sync events[] = {at(90, 10, 100), at(110, .01, 1e5)};
    struct rx_outcome o = outcome(events, 2, 1, 901);
    assert_true(!o.known && isnan(rx_label_value(&o, 0)) && isnan(rx_label_value(&o, 2)));
    o = outcome(events, 2, 0, 10); /* nothing seen */
    assert_false(o.known);
    const struct rx_sync empty[] = {at(90, 0, 0), at(110, 5, 5)};
    o = outcome(empty, 2, 1, 10);
    assert_false(o.known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_comes_after_counts),
        cmocka_unit_test(test_nothing_happens),
        cmocka_unit_test(test_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
