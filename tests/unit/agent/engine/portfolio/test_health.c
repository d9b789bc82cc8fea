// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/portfolio/health.h"

#include <math.h>

#include "tests/support/oracle.h"

/* 10 ether at 2,000 with a threshold of 0.825, and 5,000 of a stablecoin owed. */
static const struct rx_holding simple[] = {
    {.asset = 0, .amount = 10, .threshold = .825, .ltv = .8},
    {.asset = 1, .debt = true, .amount = 5000},
};

static void test_factor(void **unused)
{
    (void)unused;
    const double prices[] = {2000, 1};
    struct rx_health h;
    rx_health(simple, 2, prices, &h);
    assert_close(h.factor, 3.3, 1e-12);
    assert_close(h.collateral, 20000, 1e-12);
    assert_close(h.borrowable, 11000, 1e-12);
    rx_health(simple, 1, prices, &h);
    assert_true(isinf(h.factor) && h.debt == 0);
    struct rx_holding without_ltv = simple[0];
    without_ltv.ltv = NAN;
    rx_health(&without_ltv, 1, prices, &h);
    assert_true(isnan(h.borrowable));
}

static void test_liquidation_price(void **unused)
{
    (void)unused;
    const double prices[] = {2000, 1};
    struct rx_liquidation_price at;
    struct rx_health h;
    rx_liquidation_price(simple, 2, prices, 0, &at);
    assert_true(at.exists && at.falling);
    assert_close(at.price, 5000 / 8.25, 1e-12);
    assert_close(at.distance, 5000 / 8.25 / 2000 - 1, 1e-12);
    const double there[] = {at.price, 1};
    rx_health(simple, 2, there, &h);
    assert_close(h.factor, 1, 1e-12);
    /* The debt's price is dangerous when it rises. */
    rx_liquidation_price(simple, 2, prices, 1, &at);
    assert_true(at.exists && !at.falling);
    assert_close(at.price, 3.3, 1e-12);
    /* Collateral that is more than covered by another has no such price. */
    const struct rx_holding covered[] = {
        {.asset = 0, .amount = 10, .threshold = .8},
        {.asset = 2, .amount = 10000, .threshold = .9},
        {.asset = 1, .debt = true, .amount = 5000},
    };
    const double three[] = {2000, 1, 1};
    rx_liquidation_price(covered, 3, three, 0, &at);
    assert_false(at.exists);
    rx_liquidation_price(covered, 2, three, 0, &at); /* no debt */
    assert_false(at.exists);
}

static void test_curve(void **unused)
{
    (void)unused;
    static const double vectors[][2] = {
        {INFINITY, 0}, {3, 0},      {2.0, 0},  {1.75, 10}, {1.5, 20}, {1.35, 40},
        {1.2, 60},     {1.1, 77.5}, {1.0, 95}, {.5, 97.5}, {0, 100},  {1.1458333, 69.4791725},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(vectors); i++) {
        const double got = rx_liquidation_risk(vectors[i][0]);
        if (fabs(got - vectors[i][1]) > 1e-6) {
            fail_msg("%g: expected %g, got %g", vectors[i][0], vectors[i][1], got);
        }
    }
    assert_true(isnan(rx_liquidation_risk(NAN)));
    for (double f = 0; f < 2.5; f += .001) {
        assert_true(rx_liquidation_risk(f) >= rx_liquidation_risk(f + .001));
    }
}

static void test_shock(void **unused)
{
    (void)unused;
    const double prices[] = {2000, 1};
    const bool ether[] = {true, false}, both[] = {true, true};
    double scratch[2];
    assert_close(rx_health_shocked(simple, 2, prices, ether, 2, -.5, scratch), 1.65, 1e-12);
    /* When everything moves alike nothing changes. */
    assert_close(rx_health_shocked(simple, 2, prices, both, 2, -.5, scratch), 3.3, 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_factor),
        cmocka_unit_test(test_liquidation_price),
        cmocka_unit_test(test_curve),
        cmocka_unit_test(test_shock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
