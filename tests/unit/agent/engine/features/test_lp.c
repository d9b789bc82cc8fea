// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/features/lp.h"

#include <math.h>

#include "tests/support/test.h"

#define STAT(stats, feature) (stats)[(feature)-RX_F_LP_FIRST]

static const unsigned char pair[20] = {0x77};
static const unsigned char zero[20];
static const unsigned char dead[20] = {[18] = 0xde, [19] = 0xad};
static const unsigned char unlocker[20] = {0x66, 0x3a, 0x5c, 0x22, 0x9c, 0x09, 0xb0,
                                           0x49, 0xe3, 0x6d, 0xcc, 0x11, 0xa9, 0xb0,
                                           0xd4, 0xa8, 0xeb, 0x9d, 0xb2, 0x14};
static const unsigned char alice[20] = {1};
static const unsigned char bob[20] = {2};

static void move(struct rx_lp *lp, const unsigned char *from, const unsigned char *to,
                 uint64_t value)
{
    struct rx_lp_transfer event = {.value = {{value}}};
    memcpy(event.from, from, 20);
    memcpy(event.to, to, 20);
    assert_int_equal(rx_lp_apply(lp, &event), 0);
}

static void close_to(double got, double want)
{
    if (!(fabs(got - want) <= 1e-12)) {
        fail_msg("expected %.17g, got %.17g", want, got);
    }
}

static void test_shares(void **state)
{
    (void)state;
    struct rx_lp lp;
    rx_lp_init(&lp, pair);
    const double *s = rx_lp_stats(&lp);
    close_to(STAT(s, RX_F_LP_N), 0);
    assert_true(isnan(STAT(s, RX_F_LP_SAFE)));
    move(&lp, zero, zero, 10); /* the minimum liquidity, burned for ever */
    move(&lp, zero, alice, 990);
    move(&lp, alice, bob, 200);
    move(&lp, alice, dead, 90);
    move(&lp, alice, unlocker, 300);
    move(&lp, bob, pair, 100);
    s = rx_lp_stats(&lp);
    close_to(STAT(s, RX_F_LP_N), 6);
    close_to(STAT(s, RX_F_LP_BURN), 0.1);
    close_to(STAT(s, RX_F_LP_LOCK), 0.3);
    close_to(STAT(s, RX_F_LP_SAFE), 0.4);
    close_to(STAT(s, RX_F_LP_POOL), 0.1);
    close_to(STAT(s, RX_F_LP_HOLDERS), 2);
    close_to(STAT(s, RX_F_LP_TOP), 0.4);
    close_to(STAT(s, RX_F_LP_HHI), 0.16 + 0.01);
    /* The pair burns what it got: gone, not a holding of the zero address. */
    move(&lp, pair, zero, 100);
    s = rx_lp_stats(&lp);
    close_to(STAT(s, RX_F_LP_POOL), 0);
    close_to(STAT(s, RX_F_LP_BURN), 100.0 / 900);
    /* Anybody else's transfer to zero is a holding there. */
    move(&lp, bob, zero, 100);
    s = rx_lp_stats(&lp);
    close_to(STAT(s, RX_F_LP_BURN), 200.0 / 900);
    close_to(STAT(s, RX_F_LP_HOLDERS), 1);
    rx_lp_fini(&lp);
}

static void test_nothing_outstanding(void **state)
{
    (void)state;
    struct rx_lp lp;
    rx_lp_init(&lp, pair);
    move(&lp, zero, alice, 5);
    move(&lp, alice, pair, 5);
    move(&lp, pair, zero, 5);
    const double *s = rx_lp_stats(&lp);
    close_to(STAT(s, RX_F_LP_N), 3);
    assert_true(isnan(STAT(s, RX_F_LP_HOLDERS)) && isnan(STAT(s, RX_F_LP_BURN)));
    rx_lp_fini(&lp);
}

/* A log without its beginning: balances go below zero and do not count until they are back. */
static void test_negative(void **state)
{
    (void)state;
    struct rx_lp lp;
    rx_lp_init(&lp, pair);
    move(&lp, alice, bob, 30);
    const double *s = rx_lp_stats(&lp);
    close_to(STAT(s, RX_F_LP_HOLDERS), 1);
    close_to(STAT(s, RX_F_LP_TOP), 1);
    move(&lp, zero, alice, 40);
    s = rx_lp_stats(&lp);
    close_to(STAT(s, RX_F_LP_HOLDERS), 2);
    close_to(STAT(s, RX_F_LP_TOP), 0.75);
    move(&lp, bob, bob, 1000); /* to oneself: nothing */
    s = rx_lp_stats(&lp);
    close_to(STAT(s, RX_F_LP_TOP), 0.75);
    rx_lp_fini(&lp);
}

static void test_overflow(void **state)
{
    (void)state;
    struct rx_lp lp;
    rx_lp_init(&lp, pair);
    struct rx_lp_transfer huge = {.value = {{0, 0, 0, 1ull << 62}}};
    memcpy(huge.to, alice, 20);
    assert_int_equal(rx_lp_apply(&lp, &huge), 0);
    close_to(STAT(rx_lp_stats(&lp), RX_F_LP_TOP), 1);
    assert_int_equal(rx_lp_apply(&lp, &huge), 0); /* 2^255 is one too many */
    const double *s = rx_lp_stats(&lp);
    close_to(STAT(s, RX_F_LP_N), 2);
    assert_true(isnan(STAT(s, RX_F_LP_TOP)));
    move(&lp, zero, bob, 1);
    close_to(STAT(rx_lp_stats(&lp), RX_F_LP_N), 3);
    assert_int_equal(rx_lp_memory(&lp), 0);
    rx_lp_fini(&lp);
    /* Each fits, the sum does not. */
    rx_lp_init(&lp, pair);
    for (unsigned i = 1; i <= 4; i++) {
        huge.to[0] = (unsigned char)i;
        assert_int_equal(rx_lp_apply(&lp, &huge), 0);
    }
    assert_true(isnan(STAT(rx_lp_stats(&lp), RX_F_LP_TOP)));
    rx_lp_fini(&lp);
}

static void number_to_address(unsigned n, unsigned char out[20])
{
    memset(out, 0, 20);
    out[0] = 0xab;
    memcpy(out + 4, &n, sizeof(n));
}

static void test_many_holders(void **state)
{
    (void)state;
    struct rx_lp lp;
    rx_lp_init(&lp, pair);
    unsigned char to[20];
    for (unsigned i = 0; i < 3000; i++) {
        number_to_address(i, to);
        move(&lp, zero, to, 1 + i % 2);
    }
    const double *s = rx_lp_stats(&lp);
    close_to(STAT(s, RX_F_LP_HOLDERS), 3000);
    close_to(STAT(s, RX_F_LP_TOP), 2.0 / 4500);
    close_to(STAT(s, RX_F_LP_HHI), (1500 * 1 + 1500 * 4) / (4500.0 * 4500));
    /* Those who left do not use up the room of those who come. */
    for (unsigned i = 0; i < RX_POOL_MAX_HOLDERS; i++) {
        number_to_address(10000 + i, to);
        move(&lp, zero, to, 7);
        move(&lp, to, alice, 7);
    }
    close_to(STAT(rx_lp_stats(&lp), RX_F_LP_HOLDERS), 3001);
    assert_true(rx_lp_memory(&lp) < 1 << 20);
    rx_lp_fini(&lp);
}

static void test_too_many_holders(void **state)
{
    (void)state;
    struct rx_lp lp;
    rx_lp_init(&lp, pair);
    unsigned char to[20];
    unsigned n = 0;
    while (!lp.broken && n < 2 * RX_POOL_MAX_HOLDERS) {
        number_to_address(n++, to);
        move(&lp, zero, to, 1);
    }
    assert_true(lp.broken && n > RX_POOL_MAX_HOLDERS / 2);
    const double *s = rx_lp_stats(&lp);
    close_to(STAT(s, RX_F_LP_N), n);
    assert_true(isnan(STAT(s, RX_F_LP_HOLDERS)));
    rx_lp_fini(&lp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shares),       cmocka_unit_test(test_nothing_outstanding),
        cmocka_unit_test(test_negative),     cmocka_unit_test(test_overflow),
        cmocka_unit_test(test_many_holders), cmocka_unit_test(test_too_many_holders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
