// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/features/pool.h"

#include <errno.h>
#include <math.h>

#include "tests/support/test.h"
#include "tests/support/torture.h"

#define E18 ((rx_u128)1000000000000000000u)

static struct rx_pool *new_pool(int decimals, int weth_pos, enum rx_pool_clock clock, bool lp)
{
    struct rx_pool_meta meta = {
        .address = {9}, .decimals = decimals, .weth_pos = weth_pos, .clock = clock, .lp = lp};
    struct rx_pool *pool = NULL;
    struct rx_error err = {0};
    assert_ok(rx_pool_new(&meta, &pool, &err), &err);
    return pool;
}

/* Token in reserve 0, WETH in reserve 1, both in whole units of 18 digits divided by 100. */
static int add(struct rx_pool *pool, uint64_t block, uint64_t log_index, int64_t time,
               unsigned t_cents, unsigned w_cents)
{
    struct rx_sync event = {.block = block,
                            .log_index = log_index,
                            .time = time,
                            .reserve = {E18 * t_cents / 100, E18 * w_cents / 100}};
    return rx_pool_sync(pool, &event, NULL);
}

static void close_to(double got, double want)
{
    if (!(fabs(got - want) <= 1e-9 * fabs(want) + 1e-12)) {
        fail_msg("expected %.17g, got %.17g", want, got);
    }
}

/* Six events: buy 1, sell 0.5, mint, burn, buy 2; the values below are worked out by hand. */
static struct rx_pool *example(enum rx_pool_clock clock)
{
    static const struct {
        unsigned block, log, second, t, w;
    } events[] = {
        {1000, 1, 0, 100000, 1000},   {1000, 5, 0, 90000, 1100},    {1010, 2, 130, 95000, 1050},
        {1060, 2, 800, 190000, 2100}, {1200, 9, 2700, 95000, 1050}, {1269, 0, 3590, 80000, 1250},
    };
    struct rx_pool *pool = new_pool(18, 1, clock, false);
    for (size_t i = 0; i < RX_ARRAY_LEN(events); i++) {
        int64_t time = clock == RX_POOL_BLOCKS ? events[i].block : 1700000000 + events[i].second;
        assert_int_equal(add(pool, events[i].block, events[i].log, time, events[i].t, events[i].w),
                         1);
    }
    return pool;
}

static void check_example_prices(const double *x)
{
    close_to(x[RX_F_DEC], 18);
    close_to(x[RX_F_N_SYNC], 6);
    close_to(x[RX_F_N_BUY], 2);
    close_to(x[RX_F_N_SELL], 1);
    close_to(x[RX_F_N_MINT], 1);
    close_to(x[RX_F_N_BURN], 1);
    close_to(x[RX_F_N_OTHER], 0);
    close_to(x[RX_F_BUY_SHARE], 2.0 / 3);
    close_to(x[RX_F_BUY_VOL], 3);
    close_to(x[RX_F_SELL_VOL], 0.5);
    close_to(x[RX_F_NET_RATIO], 2.5 / 3.5);
    close_to(x[RX_F_W_INIT], 10);
    close_to(x[RX_F_W_NOW], 12.5);
    close_to(x[RX_F_W_MAX], 21);
    close_to(x[RX_F_W_NOW_MAX], 12.5 / 21);
    close_to(x[RX_F_W_NOW_INIT], 1.25);
    close_to(x[RX_F_P_RET], log(1.5625));
    close_to(x[RX_F_P_DD], 1);
    close_to(x[RX_F_P_UP], log(1.5625));
    /* Returns: ln(11/9), ln(9 * 1.05 / (11 * 0.95)), 0, 0, ln(1.5625 * 0.95 / 1.05). */
    double r[5] = {log(11.0 / 9), log(9 * 10.5 / (11 * 9.5)), 0, 0, log(1.5625 * 9.5 / 10.5)};
    double mean = (r[0] + r[1] + r[4]) / 5;
    double sq = 0;
    for (int i = 0; i < 5; i++) {
        sq += (r[i] - mean) * (r[i] - mean);
    }
    close_to(x[RX_F_VOL], sqrt(sq / 5));
    close_to(x[RX_F_MAX_DROP], r[1]);
    close_to(x[RX_F_MAX_RISE], r[4]);
    close_to(x[RX_F_K_GROWTH], 0.5 * log(12.5 * 800 / (10 * 1000.0)));
    close_to(x[RX_F_MEAN_BUY], 1.5);
    close_to(x[RX_F_MAX_BUY], 2);
    close_to(x[RX_F_MAX_BUY_REL], 0.16);
    close_to(x[RX_F_HHI_BUY], 5.0 / 9);
    close_to(x[RX_F_T_INIT_LOG], 3);
    close_to(x[RX_F_TURNOVER], 0.28);
    close_to(x[RX_F_UNIQ_BLK], 5.0 / 6);
    close_to(x[RX_F_SNIPE0], 2);
    for (int i = RX_F_LP_FIRST; i < RX_F_LP_END; i++) {
        assert_true(isnan(x[i]));
    }
}

static void test_blocks(void **state)
{
    (void)state;
    rx_auto(pool) struct rx_pool *pool = example(RX_POOL_BLOCKS);
    double x[RX_F_MAX];
    rx_pool_features_at_age(pool, 1.0 / 24, x);
    check_example_prices(x);
    /* An hour is 269.66 blocks; its last quarter begins at block 1202.2. */
    double hour = 3600 / 13.35;
    close_to(x[RX_F_LATE_SHARE], 1.0 / 6);
    close_to(x[RX_F_IDLE], (hour - 269) / hour);
    close_to(x[RX_F_EARLY10], 3);
    close_to(x[RX_F_EARLY100], 4);
    close_to(x[RX_F_GAP_MEAN], 53.8);
    /* Gaps 0, 10, 50, 140, 69. */
    close_to(x[RX_F_GAP_CV], sqrt((0 + 100 + 2500 + 19600 + 4761) / 5.0 - 53.8 * 53.8) / 53.8);
    assert_true(x[RX_F_AGE_H] == 1);
    /* Later: the quarter moves past the last event. */
    rx_pool_features_at_age(pool, 0.25, x);
    close_to(x[RX_F_LATE_SHARE], 0);
    close_to(x[RX_F_IDLE], (6 * hour - 269) / (6 * hour));
    assert_int_equal(rx_pool_first_block(pool), 1000);
    assert_int_equal(rx_pool_events(pool), 6);
    close_to(rx_pool_weth(pool), 12.5);
}

static void test_seconds(void **state)
{
    (void)state;
    rx_auto(pool) struct rx_pool *pool = example(RX_POOL_SECONDS);
    rx_auto(pool_view) struct rx_pool_view *view = rx_pool_view_new(pool);
    assert_non_null(view);
    assert_int_equal(rx_pool_view_events(view), 6);
    double x[RX_F_MAX];
    rx_pool_view_features(view, 1700000000 + 3600, x);
    check_example_prices(x);
    close_to(x[RX_F_LATE_SHARE], 1.0 / 6); /* 2700 s is the boundary itself: not late */
    close_to(x[RX_F_IDLE], 10.0 / 3600);
    close_to(x[RX_F_EARLY10], 3);  /* 130 s = 9.74 blocks */
    close_to(x[RX_F_EARLY100], 4); /* 800 s = 59.9 blocks */
    close_to(x[RX_F_GAP_MEAN], 718 / 13.35);
    assert_true(x[RX_F_AGE_H] == 1);
    rx_pool_view_features(view, 1700000000 + 7200, x);
    close_to(x[RX_F_LATE_SHARE], 0);
    close_to(x[RX_F_IDLE], 3610.0 / 7200);
    assert_true(x[RX_F_AGE_H] == 2);
    /* A head before the last event counts as that event. */
    rx_pool_view_features(view, 0, x);
    close_to(x[RX_F_IDLE], 0);
    close_to(x[RX_F_AGE_H], 3590.0 / 3600);
}

static void test_view_does_not_move(void **state)
{
    (void)state;
    rx_auto(pool) struct rx_pool *pool = example(RX_POOL_SECONDS);
    rx_auto(pool_view) struct rx_pool_view *view = rx_pool_view_new(pool);
    double before[RX_F_MAX];
    double after[RX_F_MAX];
    rx_pool_view_features(view, 1700009000, before);
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(add(pool, 1300 + i, 0, 1700004000 + i, 80000 - i, 1250 + i), 1);
    }
    rx_pool_view_features(view, 1700009000, after);
    assert_memory_equal(before, after, sizeof(before));
    rx_auto(pool_view) struct rx_pool_view *next = rx_pool_view_new(pool);
    rx_pool_view_features(next, 1700009000, after);
    close_to(after[RX_F_N_SYNC], 106);
}

static void test_empty_and_single(void **state)
{
    (void)state;
    rx_auto(pool) struct rx_pool *pool = new_pool(18, 1, RX_POOL_BLOCKS, true);
    double x[RX_F_MAX];
    rx_pool_features_at_age(pool, 1, x);
    for (int i = 0; i < RX_F_MAX; i++) {
        assert_true(isnan(x[i]));
    }
    assert_int_equal(add(pool, 5, 0, 5, 100, 100), 1);
    rx_pool_features_at_age(pool, 1, x);
    close_to(x[RX_F_N_SYNC], 1);
    close_to(x[RX_F_HHI_BUY], 1);
    close_to(x[RX_F_LP_N], 0);
    assert_true(isnan(x[RX_F_VOL]) && isnan(x[RX_F_GAP_CV]) && isnan(x[RX_F_LP_SAFE]));
    /* At the very moment of the first event nothing divides by zero. */
    rx_auto(pool_view) struct rx_pool_view *view = rx_pool_view_new(pool);
    rx_pool_view_features(view, 5, x);
    close_to(x[RX_F_IDLE], 0);
    close_to(x[RX_F_AGE_H], 0);
}

static void test_left_out(void **state)
{
    (void)state;
    rx_auto(pool) struct rx_pool *pool = new_pool(18, 1, RX_POOL_BLOCKS, false);
    struct rx_error err = {0};
    /* Empty sides before, between and after: the first kept event sets the origin. */
    assert_int_equal(add(pool, 10, 0, 10, 0, 500), 0);
    assert_int_equal(add(pool, 11, 0, 11, 500, 0), 0);
    assert_int_equal(rx_pool_events(pool), 0);
    assert_int_equal(add(pool, 20, 3, 20, 500, 500), 1);
    assert_int_equal(rx_pool_first_block(pool), 20);
    assert_int_equal(add(pool, 20, 3, 20, 900, 900), 0); /* the same log again */
    assert_int_equal(add(pool, 21, 0, 21, 0, 0), 0);
    assert_int_equal(add(pool, 22, 0, 22, 400, 600), 1);
    double x[RX_F_MAX];
    rx_pool_features_at_age(pool, 1, x);
    close_to(x[RX_F_N_SYNC], 2);
    close_to(x[RX_F_N_BUY], 1);
    close_to(x[RX_F_GAP_MEAN], 2);
    /* Earlier ones are errors and change nothing. */
    struct rx_sync back = {.block = 21, .log_index = 9, .time = 22, .reserve = {E18, E18}};
    assert_int_equal(rx_pool_sync(pool, &back, &err), RX_EINVALID);
    assert_message(&err, "log 9 of block 21 comes after log 0 of block 22");
    back = (struct rx_sync){.block = 23, .time = 21, .reserve = {E18, E18}};
    assert_int_equal(rx_pool_sync(pool, &back, &err), RX_EINVALID);
    assert_message(&err, "time of block 23");
    back = (struct rx_sync){.block = 23, .time = 23, .reserve = {E18, RX_UINT112_MAX + 1}};
    assert_int_equal(rx_pool_sync(pool, &back, &err), RX_EINVALID);
    assert_message(&err, "reserve1: less than 2^112");
    assert_int_equal(rx_pool_events(pool), 2);
    assert_int_equal(add(pool, 23, 0, 23, 400, 600), 1);
    rx_pool_features_at_age(pool, 1, x);
    close_to(x[RX_F_N_OTHER], 1); /* nothing changed: none of the four classes */
}

static void test_meta(void **state)
{
    (void)state;
    static const int good[] = {0, 18, 77, 255, RX_DECIMALS_UNKNOWN};
    for (size_t i = 0; i < RX_ARRAY_LEN(good); i++) {
        rx_auto(pool) struct rx_pool *pool = new_pool(good[i], 0, RX_POOL_BLOCKS, false);
        /* From the largest reserves to the smallest and back. */
        static const rx_u128 sizes[] = {RX_UINT112_MAX, 1, RX_UINT112_MAX, E18, 1};
        for (unsigned k = 0; k < 5; k++) {
            struct rx_sync event = {.block = k, .time = k, .reserve = {sizes[k], sizes[4 - k]}};
            assert_int_equal(rx_pool_sync(pool, &event, NULL), 1);
        }
        double x[RX_F_MAX];
        rx_pool_features_at_age(pool, 1, x);
        for (int f = 0; f < RX_F_LP_FIRST; f++) {
            assert_true(isfinite(x[f]));
        }
        int dec = good[i] == RX_DECIMALS_UNKNOWN ? 18 : good[i];
        close_to(x[RX_F_DEC], dec);
        close_to(x[RX_F_T_INIT_LOG], -dec);
        close_to(x[RX_F_W_MAX], 5192296858534827.628530496329220095);
    }
    static const int bad[] = {-1, 256, -998, -1000, 1000000};
    struct rx_error err = {0};
    struct rx_pool *pool = NULL;
    for (size_t i = 0; i < RX_ARRAY_LEN(bad); i++) {
        struct rx_pool_meta meta = {.decimals = bad[i]};
        assert_int_equal(rx_pool_new(&meta, &pool, &err), RX_EINVALID);
        assert_message(&err, "decimals");
    }
    struct rx_pool_meta meta = {.decimals = 18, .weth_pos = 2};
    assert_int_equal(rx_pool_new(&meta, &pool, &err), RX_EINVALID);
    assert_message(&err, "weth_pos");
    assert_null(pool);
}

/* Late shares of a long life against counting all events each time; memory stays in bounds. */
static void test_late_share(void **state)
{
    (void)state;
    enum { EVENTS = 20000 };
    static int64_t times[EVENTS];
    rx_auto(pool) struct rx_pool *pool = new_pool(18, 1, RX_POOL_BLOCKS, false);
    uint64_t seed = 1;
    int64_t now = 100;
    for (int i = 0; i < EVENTS; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        now += (int64_t)(seed >> 61);
        times[i] = now;
        assert_int_equal(add(pool, (uint64_t)now, (uint64_t)i, now, 1000, 1000 + i % 2), 1);
        if (i % 97 != 0) {
            continue;
        }
        double days =
            ((double)(now - times[0]) + (double)(seed >> 40 & 1023) + 1) / RX_BLOCKS_PER_DAY;
        double span = days * RX_BLOCKS_PER_DAY;
        double x[RX_F_MAX];
        rx_pool_features_at_age(pool, days, x);
        int later = 0;
        for (int k = 0; k <= i; k++) {
            later += (double)times[k] > (double)times[0] + 0.75 * span;
        }
        close_to(x[RX_F_LATE_SHARE], later / (i + 1.0));
    }
    /* Fewer times than events, and the marks of one day (64 bytes each). */
    assert_true(rx_pool_memory(pool) < 8 * EVENTS + 64 * 2 * 4096);
}

static int feed_all(void *arg)
{
    (void)arg;
    struct rx_pool_meta meta = {.decimals = 18, .weth_pos = 1, .lp = true};
    struct rx_error err = {0};
    rx_auto(pool) struct rx_pool *pool = NULL;
    int rc = rx_pool_new(&meta, &pool, &err);
    for (unsigned i = 0; rc == 0 && i < 40; i++) {
        rc = add(pool, i, 0, i, 1000 + i, 1000);
        rc = rc > 0 ? 0 : rc;
        struct rx_lp_transfer lp = {.block = i, .to = {(unsigned char)(i + 1)}, .value = {{5}}};
        if (rc == 0) {
            rc = rx_pool_lp_transfer(pool, &lp, &err);
            rc = rc > 0 ? 0 : rc;
        }
    }
    if (rc < 0) {
        return rc;
    }
    rx_auto(pool_view) struct rx_pool_view *view = rx_pool_view_new(pool);
    return view ? 0 : -ENOMEM;
}

static void test_torture(void **state)
{
    (void)state;
    assert_true(rx_torture_alloc(feed_all, NULL) >= 5);
}

/* An allocation that failed once leaves the pool as if the event had never been given. */
static void test_retry(void **state)
{
    (void)state;
    rx_auto(pool) struct rx_pool *pool = new_pool(18, 1, RX_POOL_BLOCKS, true);
    rx_torture_fail_nth(RX_TORTURE_ALLOC, 1, 0);
    assert_int_equal(add(pool, 1, 0, 1, 100, 100), -ENOMEM);
    rx_torture_disarm();
    assert_int_equal(rx_pool_events(pool), 0);
    assert_int_equal(add(pool, 1, 0, 1, 100, 100), 1);
    struct rx_lp_transfer lp = {.block = 1, .to = {1}, .value = {{5}}};
    rx_torture_fail_nth(RX_TORTURE_ALLOC, 2, 0);
    assert_int_equal(rx_pool_lp_transfer(pool, &lp, NULL), -ENOMEM);
    rx_torture_disarm();
    assert_int_equal(rx_pool_lp_transfer(pool, &lp, NULL), 1);
    double x[RX_F_MAX];
    rx_pool_features_at_age(pool, 1, x);
    close_to(x[RX_F_LP_N], 1);
    close_to(x[RX_F_LP_TOP], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_seconds),
        cmocka_unit_test(test_view_does_not_move),
        cmocka_unit_test(test_empty_and_single),
        cmocka_unit_test(test_left_out),
        cmocka_unit_test(test_meta),
        cmocka_unit_test(test_late_share),
        cmocka_unit_test(test_torture),
        cmocka_unit_test(test_retry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
