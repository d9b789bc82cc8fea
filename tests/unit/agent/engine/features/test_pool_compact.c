// SPDX-License-Identifier: Apache-2.0
/* A pool at rest gives the features of the whole pool, in bounded memory. */
#include <errno.h>
#include <math.h>

#include "agent/engine/features/pool.h"
#include "tests/support/test.h"
#include "tests/support/torture.h"

#define DAY    86400
#define FIRST  1600000000
#define BUDGET 2048 /* bytes of a pool that has been idle for a day */

static uint64_t seed;

static uint64_t draw(uint64_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 33) % below;
}

static struct rx_pool *new_pool(enum rx_pool_clock clock)
{
    struct rx_pool_meta meta = {
        .address = {9}, .decimals = 18, .weth_pos = 0, .clock = clock, .lp = true};
    struct rx_pool *pool = NULL;
    struct rx_error err = {0};
    assert_ok(rx_pool_new(&meta, &pool, &err), &err);
    return pool;
}

static int add(struct rx_pool *pool, uint64_t i, int64_t time)
{
    struct rx_error err = {0};
    struct rx_sync sync = {.block = (uint64_t)time,
                           .log_index = i,
                           .time = time,
                           .reserve = {((rx_u128)1 << 64) + (i * 7919 % 1000 << 50),
                                       ((rx_u128)1 << 70) + (i * 104729 % 1000 << 55)}};
    int rc = rx_pool_sync(pool, &sync, &err);
    if (rc == 1) {
        struct rx_lp_transfer lp = {.block = sync.block, .log_index = i, .value = {{i + 1}}};
        lp.to[0] = (unsigned char)i;
        lp.to[1] = (unsigned char)(i >> 8);
        rc = rx_pool_lp_transfer(pool, &lp, &err);
    }
    return rc;
}

static void same_features(const struct rx_pool_view *a, const struct rx_pool_view *b, int64_t at)
{
    double x[RX_F_MAX];
    double y[RX_F_MAX];
    rx_pool_view_features(a, at, x);
    rx_pool_view_features(b, at, y);
    for (int i = 0; i < RX_F_MAX; i++) {
        if (memcmp(&x[i], &y[i], sizeof(x[i])) != 0 && !(isnan(x[i]) && isnan(y[i]))) {
            fail_msg("%s at %lld: %.17g whole, %.17g at rest",
                     rx_feature_info((enum rx_feature)i)->name, (long long)at, x[i], y[i]);
        }
    }
}

/* A life of `events` over about `length` ticks, then rest. Returns the moments compared. */
static unsigned compare_life(enum rx_pool_clock clock, unsigned events, int64_t length)
{
    rx_auto(pool) struct rx_pool *pool = new_pool(clock);
    int64_t day = clock == RX_POOL_BLOCKS ? 6472 : DAY;
    int64_t time = FIRST;
    for (unsigned i = 0; i < events; i++) {
        assert_int_equal(add(pool, i, time), 1);
        time += (int64_t)draw((uint64_t)(2 * length / events) + 1);
    }
    int64_t now = time + day + (int64_t)draw((uint64_t)day);
    assert_true(!rx_pool_idle(pool, FIRST) && rx_pool_idle(pool, now));
    rx_auto(pool_view) struct rx_pool_view *whole = rx_pool_view_new(pool);
    rx_auto(pool_view) struct rx_pool_view *rest = rx_pool_compact(pool, now);
    assert_true(whole && rest);
    assert_true(rx_pool_view_memory(rest) <= BUDGET);
    assert_true(rx_pool_view_events(rest) == events);
    assert_true(rx_pool_view_weth(rest) == rx_pool_weth(pool));
    int64_t until = rx_pool_view_exact_until(rest);
    assert_true(until > now);
    unsigned moments = 0;
    int64_t end = until < now + 4 * length ? until : now + 4 * length;
    for (int64_t at = now; at < end; at += (end - now) / 50 + 1, moments++) {
        same_features(whole, rest, at);
    }
    same_features(whole, rest, end);
    /* The life is replayed later: what comes out at rest again is exact further on. */
    if (until < now + 4 * length) {
        rx_auto(pool_view) struct rx_pool_view *later = rx_pool_compact(pool, until + 1);
        assert_non_null(later);
        same_features(whole, later, until + 1);
        assert_true(rx_pool_view_exact_until(later) > until);
    }
    return moments;
}

static void test_same_features(void **state)
{
    (void)state;
    unsigned moments = 0;
    unsigned lives = 0;
    for (seed = 1; lives < 300; lives++) {
        static const int64_t lengths[] = {0, 3600, DAY, 30 * DAY, 400 * (int64_t)DAY};
        unsigned events = 1 + (unsigned)draw(lives % 10 == 0 ? 3000 : 100);
        moments += compare_life(lives % 2 ? RX_POOL_SECONDS : RX_POOL_BLOCKS, events,
                                lengths[draw(RX_ARRAY_LEN(lengths))] + 1);
    }
    print_message("%u lives, %u moments, all columns equal to the last bit\n", lives, moments);
    assert_true(moments > 5000);
}

/* One more owner keeps the view. */
static void test_owners(void **state)
{
    (void)state;
    rx_auto(pool) struct rx_pool *pool = new_pool(RX_POOL_SECONDS);
    assert_int_equal(add(pool, 0, FIRST), 1);
    struct rx_pool_view *view = rx_pool_compact(pool, FIRST + DAY);
    assert_non_null(view);
    assert_ptr_equal(rx_pool_view_ref(view), view);
    rx_pool_view_free(view);
    assert_true(rx_pool_view_events(view) == 1);
    rx_pool_view_free(view);
    rx_pool_view_free(NULL);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    rx_auto(pool) struct rx_pool *pool = new_pool(RX_POOL_SECONDS);
    assert_int_equal(add(pool, 0, FIRST), 1);
    rx_torture_fail_nth(RX_TORTURE_ALLOC, 1, ENOMEM);
    assert_null(rx_pool_compact(pool, FIRST + DAY));
    assert_true(rx_torture_disarm());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_features),
        cmocka_unit_test(test_owners),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
