// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/portfolio/passage.h"

#include <math.h>

#include "agent/engine/math/special.h"
#include "tests/support/oracle.h"

static uint64_t state = 7;

static double uniform(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return ((double)(state >> 11) + .5) / 0x1p53;
}

static void test_closed_form(void **unused)
{
    (void)unused;
    assert_true(rx_first_passage(0, 0, 1, 1) == 1);
    assert_true(rx_first_passage(-1, 0, 1, 1) == 1);
    assert_true(rx_first_passage(1, 0, 1, 0) == 0);
    assert_true(rx_first_passage(1, 0, 0, 10) == 0);
    assert_true(rx_first_passage(1, -.2, 0, 10) == 1);
    /* Without drift: twice the tail (reflection). */
    assert_close(rx_first_passage(.5, 0, .3, 4), 2 * rx_normal_cdf(-.5 / .6), 1e-12);
    /* With an endless horizon and upward drift: exp(-2 mu d / sigma^2). */
    assert_close(rx_first_passage(1, .1, .5, 1e9), exp(-2 * .1 / .25), 1e-9);
    /* Far above the barrier the terms must not overflow. */
    assert_true(rx_first_passage(700, -1, .01, 1) == 0);
    assert_true(rx_first_passage(1e-3, -50, 1e-3, 1) == 1);
}

/* More volatility, more time or less distance never make it less likely. */
static void test_monotone(void **unused)
{
    (void)unused;
    unsigned n = 0;
    for (int i = 0; i < 100000; i++) {
        const double d = uniform() * 2, s = .001 + uniform(), t = .01 + 30 * uniform();
        const double p = rx_first_passage(d, 0, s, t);
        assert_true(p >= 0 && p <= 1);
        assert_true(rx_first_passage(d, 0, s * 1.1, t) >= p - 1e-12);
        assert_true(rx_first_passage(d, 0, s, t * 1.1) >= p - 1e-12);
        assert_true(rx_first_passage(d * 1.1, 0, s, t) <= p + 1e-12);
        n++;
    }
    print_message("%u random accounts\n", n);
}

static const struct rx_holding account[] = {
    {.asset = 0, .amount = 10, .threshold = .8},
    {.asset = 1, .debt = true, .amount = 12000},
};
static const double prices[] = {2000, 1};

static void test_diffusion(void **unused)
{
    (void)unused;
    /* All of the collateral is one asset of 4 % a step, the debt does not move. */
    const double covariance[] = {.0016, 0, 0, 0};
    double scratch[4], drift, sigma;
    rx_health_diffusion(account, 2, prices, covariance, 2, scratch, &drift, &sigma);
    assert_close(sigma, .04, 1e-12);
    assert_close(drift, -.0008, 1e-12);
    /* Collateral and debt of the same asset cancel. */
    const struct rx_holding same[] = {{.asset = 0, .amount = 10, .threshold = .8},
                                      {.asset = 0, .debt = true, .amount = 5}};
    rx_health_diffusion(same, 2, prices, covariance, 2, scratch, &drift, &sigma);
    assert_true(fabs(sigma) < 1e-15 && fabs(drift) < 1e-15);
    rx_health_diffusion(account, 1, prices, covariance, 2, scratch, &drift, &sigma);
    assert_true(sigma == 0 && drift == 0);
}

/* Small independent steps make a diffusion: both ways must agree. */
static void test_simulation_agrees_with_closed_form(void **unused)
{
    (void)unused;
    enum { ROWS = 20000, STEPS = 400 };
    static double returns[ROWS * 2];
    const double step = .01;
    for (size_t t = 0; t < ROWS; t++) {
        returns[2 * t] = t % 2 == 0 ? step : -step; /* drawn at random, no trend */
    }
    double scratch[4], drift, sigma;
    const double covariance[] = {step * step, 0, 0, 0};
    struct rx_passage p, again;
    struct rx_error err = {0};
    rx_health_diffusion(account, 2, prices, covariance, 2, scratch, &drift, &sigma);
    const double closed = rx_first_passage(log(16000.0 / 12000), drift, sigma, STEPS);
    assert_ok(rx_passage_simulate(account, 2, prices, returns, ROWS, 2, STEPS, 1, 4000, 3, scratch,
                                  &p, &err),
              &err);
    /* Discrete steps overshoot the barrier a little (Broadie, Glasserman and Kou 1997). */
    print_message("closed form %.4f, simulated %.4f [%.4f, %.4f]\n", closed, p.p, p.lo, p.hi);
    assert_true(closed > .1 && closed < .3 && fabs(p.p - closed) < .03);
    assert_ok(rx_passage_simulate(account, 2, prices, returns, ROWS, 2, STEPS, 1, 4000, 3, scratch,
                                  &again, &err),
              &err);
    assert_int_equal(again.touched, p.touched);
}

static void test_refuses(void **unused)
{
    (void)unused;
    struct rx_passage p;
    struct rx_error err = {0};
    double scratch[2], returns[2] = {0};
    assert_int_equal(
        rx_passage_simulate(account, 2, prices, returns, 0, 2, 1, 1, 1, 1, scratch, &p, &err),
        RX_EINVALID);
    assert_int_equal(
        rx_passage_simulate(account, 2, prices, returns, 1, 2, 2000, 1, 1, 1, scratch, &p, &err),
        RX_EINVALID);
    assert_message(&err, "1 to 1024 steps");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_closed_form),
        cmocka_unit_test(test_monotone),
        cmocka_unit_test(test_diffusion),
        cmocka_unit_test(test_simulation_agrees_with_closed_form),
        cmocka_unit_test(test_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
