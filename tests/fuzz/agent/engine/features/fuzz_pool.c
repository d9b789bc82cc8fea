// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as a stream of events of one token: Syncs, LP and token transfers, and looks at the
 * features in between. Every feature is missing or finite and within the range of its row; a pool
 * at rest says what the whole pool says.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/engine/features/holders.h"
#include "agent/engine/features/locks.h"
#include "agent/engine/features/pool.h"

struct bytes {
    const uint8_t *p;
    size_t n;
};

/* The next n bytes as a number; zeros after the end. */
static uint64_t take(struct bytes *in, unsigned n)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < n; i++) {
        value = value << 8 | (in->n > 0 ? *in->p : 0);
        in->p += in->n > 0;
        in->n -= in->n > 0;
    }
    return value;
}

/* A size from 1 to 2^112 - 1, small and large ones alike; sometimes 0. */
static rx_u128 take_reserve(struct bytes *in)
{
    unsigned shift = (unsigned)take(in, 1) % 97;
    return (rx_u128)take(in, 2) << shift;
}

struct world {
    struct rx_pool *pool;
    struct rx_holders *holders;
    enum rx_pool_clock clock;
    uint64_t log_index;
    int64_t time;
};

static void check(const double x[RX_F_MAX])
{
    for (int i = 0; i < RX_F_MAX; i++) {
        const struct rx_feature_info *info = rx_feature_info((enum rx_feature)i);
        double slack = 1e-9;
        if (!isnan(x[i]) &&
            !(isfinite(x[i]) && x[i] >= info->min - slack && x[i] <= info->max + slack)) {
            abort();
        }
    }
}

static void look(struct world *world, struct bytes *in)
{
    double x[RX_F_MAX];
    double y[RX_F_MAX];
    struct rx_error err = {0};
    struct rx_lp_lock locks[3];
    rx_auto(pool_view) struct rx_pool_view *view = rx_pool_view_new(world->pool);
    int64_t now = world->time + (int64_t)take(in, 3);
    rx_pool_view_features(view, now, x);
    if (rx_holders_features(world->holders, now, NULL, x, &err) < 0) {
        abort();
    }
    for (size_t i = 0; i < RX_ARRAY_LEN(locks); i++) {
        locks[i] = (struct rx_lp_lock){(double)take(in, 1) / 255, (double)(int16_t)take(in, 2)};
    }
    rx_locks_features(locks, RX_ARRAY_LEN(locks), x);
    check(x);
    if (rx_pool_events(world->pool) == 0 || !rx_pool_idle(world->pool, now)) {
        return;
    }
    rx_auto(pool_view) struct rx_pool_view *rest = rx_pool_compact(world->pool, now);
    int64_t later = now + (int64_t)take(in, 3);
    int64_t until = rx_pool_view_exact_until(rest);
    later = later < until ? later : until;
    rx_pool_view_features(view, later, x);
    rx_pool_view_features(rest, later, y);
    for (int i = 0; i < RX_F_EVENTS_END; i++) {
        if (!(x[i] == y[i] || (isnan(x[i]) && isnan(y[i])))) {
            abort();
        }
    }
}

static void add_sync(struct world *world, struct bytes *in, uint64_t block)
{
    struct rx_error err = {0};
    struct rx_sync event = {.block = block, .log_index = world->log_index++, .time = world->time};
    event.reserve[0] = take_reserve(in);
    event.reserve[1] = take_reserve(in);
    if (rx_pool_sync(world->pool, &event, &err) < 0) {
        abort();
    }
}

static void take_address(struct bytes *in, unsigned char out[20])
{
    memset(out, 0, 20);
    out[0] = (unsigned char)(take(in, 1) % 16);
}

static void add_transfer(struct world *world, struct bytes *in, uint64_t block, bool lp)
{
    struct rx_error err = {0};
    struct rx_token_transfer event = {
        .block = block, .log_index = world->log_index++, .time = world->time};
    take_address(in, event.from);
    take_address(in, event.to);
    event.value.limb[take(in, 1) % 4] = take(in, 2);
    event.liquidity = take(in, 1) & 1;
    struct rx_lp_transfer of_lp = {
        .block = block, .log_index = event.log_index, .value = event.value};
    memcpy(of_lp.from, event.from, 20);
    memcpy(of_lp.to, event.to, 20);
    int rc = lp ? rx_pool_lp_transfer(world->pool, &of_lp, &err)
                : rx_holders_transfer(world->holders, &event, &err);
    if (rc < 0) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = {data, size};
    struct rx_error err = {0};
    static const unsigned char pool[1][20] = {{3}};
    static const unsigned char creator[20] = {5};
    unsigned kind = (unsigned)take(&in, 1);
    struct world world = {.clock = kind & 1 ? RX_POOL_SECONDS : RX_POOL_BLOCKS, .time = 1000000};
    struct rx_pool_meta meta = {.address = {3},
                                .decimals = (int)take(&in, 1),
                                .weth_pos = kind >> 1 & 1,
                                .clock = world.clock,
                                .lp = true};
    struct rx_holders_meta who = {
        .token = {4}, .pools = pool, .n_pools = 1, .creator = creator, .clock = world.clock};
    if (rx_pool_new(&meta, &world.pool, &err) < 0 ||
        rx_holders_new(&who, &world.holders, &err) < 0) {
        abort();
    }
    while (in.n > 0) {
        uint8_t op = (uint8_t)take(&in, 1);
        world.time += (int64_t)take(&in, op >> 4 & 3);
        uint64_t block = (uint64_t)world.time;
        if (op % 8 < 4) {
            add_sync(&world, &in, block);
        } else if (op % 8 < 7) {
            add_transfer(&world, &in, block, op & 1);
        } else {
            look(&world, &in);
        }
    }
    look(&world, &in);
    rx_pool_free(world.pool);
    rx_holders_free(world.holders);
    return 0;
}
