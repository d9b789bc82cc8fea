// SPDX-License-Identifier: Apache-2.0
/* Pools at rest beside pools that never rest: what is published is the same, the memory is not. */
#include "agent/sources/evm_rest.h"

#include <malloc.h>
#include <math.h>
#include <stdlib.h>

#include "tests/support/test.h"
#include "tests/unit/agent/store/temp.h"

#define SOURCE 3
#define POOLS  300
#define START  1600000000
#define DAY    86400
#define BUDGET 2048 /* bytes of a pool that has been idle for a day */

struct world {
    struct rx_book *book;
    unsigned index;
    struct evm_state *state;
    struct evm_rest rest;
    struct evm_fault fault;
};

struct pair {
    struct temp temp;
    struct rx_metrics *metrics;
    struct rx_store *store;
    struct world resting, whole;
    atomic_bool stop;
};

static void world_init(struct world *world)
{
    struct rx_error err = {0};
    *world = (struct world){.book = rx_book_new(NULL)};
    assert_ok(rx_book_add_source(world->book, "s", "evm", "ethereum", &world->index, &err), &err);
    world->state = evm_state_new(SOURCE, "ethereum");
    assert_non_null(world->state);
}

static void pair_init(struct pair *pair)
{
    struct rx_error err = {0};
    *pair = (struct pair){0};
    temp_init(&pair->temp);
    pair->metrics = rx_metrics_new();
    const struct rx_store_options options = {.path = pair->temp.path, .metrics = pair->metrics};
    assert_ok(rx_store_open(&options, &pair->store, &err), &err);
    world_init(&pair->resting);
    world_init(&pair->whole);
}

static void world_fini(struct world *world)
{
    evm_state_free(world->state);
    rx_book_free(world->book);
}

static void pair_fini(struct pair *pair)
{
    world_fini(&pair->resting);
    world_fini(&pair->whole);
    rx_store_close(pair->store);
    rx_metrics_free(pair->metrics);
    temp_fini(&pair->temp);
}

static void address_of(uint8_t out[20], uint8_t kind, unsigned number)
{
    memset(out, 0, 20);
    out[0] = kind;
    out[1] = (uint8_t)(number >> 8);
    out[2] = (uint8_t)number;
}

static void add_pool(struct world *world, unsigned number)
{
    struct evm_token_info info = {.symbol = "SYM", .name = "Name", .decimals = 18};
    struct rx_row_pool row = {
        .id = evm_state_next_id(world->state), .source = SOURCE, .chain = "ethereum"};
    address_of(info.key, 1, number);
    address_of(row.token, 1, number);
    address_of(row.pair, 2, number);
    assert_int_equal(evm_state_add_token(world->state, &info, &world->fault), 0);
    assert_int_equal(evm_state_add_pool(world->state, &row, &world->fault), 0);
}

static struct evm_pool *pool_of(const struct world *world, unsigned number)
{
    uint8_t address[20];
    address_of(address, 2, number);
    return evm_state_pool(world->state, address);
}

/* One event in both worlds, then in the store, as a source does it. */
static void event(struct pair *pair, unsigned number, unsigned i, int64_t time)
{
    struct evm_log log = {
        .kind = i % 3 == 2 ? RX_EVENT_LP_TRANSFER : RX_EVENT_SYNC, .block = i, .time = time};
    log.word[0] = rx_u256_of((rx_u128)(100 + i * 37 % 11) << 60);
    log.word[1] = rx_u256_of((rx_u128)(100 + i * 53 % 13) << 64);
    address_of(log.b, 3, i * number % 7);
    struct world *worlds[] = {&pair->resting, &pair->whole};
    struct evm_pool *pool = pool_of(&pair->resting, number);
    assert_int_equal(
        evm_rest_wake(pair->resting.state, pair->store, &pair->stop, pool, &pair->resting.fault),
        0);
    for (size_t w = 0; w < 2; w++) {
        assert_int_equal(
            evm_state_apply(worlds[w]->state, pool_of(worlds[w], number), &log, &worlds[w]->fault),
            0);
    }
    uint8_t packed[200];
    size_t n = evm_pack(&log, packed);
    const struct rx_row_event row = {.pool = pool->row.id,
                                     .block = log.block,
                                     .time = log.time,
                                     .kind = (enum rx_event_kind)log.kind,
                                     .data = {(const char *)packed, n}};
    struct rx_unit *unit = rx_unit_new();
    assert_true(unit && rx_unit_event(unit, &row) == 0);
    assert_int_equal(rx_store_submit(pair->store, unit, NULL), 0);
}

static void publish(struct world *world, int64_t now)
{
    struct rx_book_change change = {.as_of_block = 1, .as_of_time = now};
    assert_int_equal(
        evm_state_publish(world->state, world->book, world->index, &change, &world->fault), 0);
}

static void sweep(struct pair *pair, int64_t now)
{
    struct world *world = &pair->resting;
    if (evm_rest_sweep(&world->rest, world->state, pair->store, &pair->stop, now, EVM_REST_AFTER,
                       &world->fault) < 0) {
        fail_msg("sweep: %s", world->fault.err.msg);
    }
    publish(world, now);
    publish(&pair->whole, now);
}

static struct rx_snapshot *look(struct world *world, unsigned number)
{
    uint8_t key[20];
    struct rx_as_of as_of;
    struct rx_snapshot *out = NULL;
    address_of(key, 1, number);
    assert_int_equal(rx_book_lookup(world->book, "ethereum", key, &out, &as_of), RX_LOOKUP_FOUND);
    return out;
}

/* Every token reads the same in both worlds at `now`. Returns how many pools are at rest. */
static unsigned compare(struct pair *pair, int64_t now)
{
    unsigned resting = 0;
    for (unsigned i = 0; i < POOLS; i++) {
        rx_auto(snapshot) struct rx_snapshot *a = look(&pair->resting, i);
        rx_auto(snapshot) struct rx_snapshot *b = look(&pair->whole, i);
        assert_memory_equal(&a->pools[0], &b->pools[0], sizeof a->pools[0]);
        assert_int_equal(a->view != NULL, b->view != NULL);
        if (a->view) {
            double x[RX_F_MAX], y[RX_F_MAX];
            rx_pool_view_features(a->view, now, x);
            rx_pool_view_features(b->view, now, y);
            for (int f = 0; f < RX_F_MAX; f++) {
                assert_true(x[f] == y[f] || (isnan(x[f]) && isnan(y[f])));
            }
        }
        struct evm_pool *pool = pool_of(&pair->resting, i);
        assert_true(!(pool->rest && pool->engine));
        resting += pool->rest != NULL;
    }
    assert_true(evm_state_events(pair->resting.state) == evm_state_events(pair->whole.state));
    return resting;
}

static void test_rest_and_wake(void **state)
{
    (void)state;
    struct pair pair;
    pair_init(&pair);
    for (unsigned i = 0; i < POOLS; i++) {
        add_pool(&pair.resting, i);
        add_pool(&pair.whole, i);
    }
    /* Pool i has i events, one an hour: beyond 32 late ones not all times are kept at rest. */
    for (unsigned i = 0; i < POOLS; i++) {
        for (unsigned k = 1; k <= i; k++) {
            event(&pair, i, k, START + k * 3600);
        }
    }
    int64_t end = START + POOLS * 3600;
    sweep(&pair, end);
    unsigned resting = compare(&pair, end);
    assert_int_equal(resting, POOLS - 24); /* but for the empty one and those of this day */
    sweep(&pair, end + DAY);
    assert_int_equal(compare(&pair, end + DAY), POOLS - 1);
    /* Time passes, also beyond what the small views are exact for. */
    unsigned moments = 2;
    for (int64_t at = end + DAY; at < end + 10 * DAY; at += 7777, moments++) {
        sweep(&pair, at);
        assert_int_equal(compare(&pair, at), POOLS - 1);
    }
    /* An event wakes its pool only. */
    int64_t now = end + 11 * DAY;
    for (unsigned i = 0; i < POOLS; i += 10) {
        event(&pair, i, 1000 + i, now);
    }
    sweep(&pair, now);
    assert_int_equal(compare(&pair, now), POOLS - POOLS / 10);
    /* A reorganisation takes the moment back to before the last pools went to rest. */
    sweep(&pair, end + 10 * DAY);
    compare(&pair, end + 10 * DAY);
    print_message("%u moments of %u tokens, equal to the last bit\n", moments + 2, POOLS);
    pair_fini(&pair);
}

/* All that a pool at rest has in memory: engine, view, token, maps, snapshot. */
static void test_memory(void **state)
{
    (void)state;
    struct pair pair;
    pair_init(&pair);
    size_t before = mallinfo2().uordblks;
    for (unsigned i = 0; i < POOLS; i++) {
        add_pool(&pair.resting, i);
    }
    for (unsigned i = 0; i < POOLS; i++) {
        struct evm_pool *pool = pool_of(&pair.resting, i);
        for (unsigned k = 1; k <= 300; k++) {
            struct evm_log log = {.kind = k % 3 == 2 ? RX_EVENT_LP_TRANSFER : RX_EVENT_SYNC,
                                  .block = k,
                                  .time = START + k * 60};
            log.word[0] = rx_u256_of((rx_u128)(100 + k) << 60);
            log.word[1] = rx_u256_of((rx_u128)100 << 64);
            address_of(log.b, 3, k);
            assert_int_equal(evm_state_apply(pair.resting.state, pool, &log, &pair.resting.fault),
                             0);
        }
    }
    publish(&pair.resting, START + 5 * 3600);
    size_t trading = mallinfo2().uordblks - before;
    assert_int_equal(evm_rest_sweep(&pair.resting.rest, pair.resting.state, pair.store, &pair.stop,
                                    START + 2 * DAY, EVM_REST_AFTER, &pair.resting.fault),
                     0);
    publish(&pair.resting, START + 2 * DAY);
    size_t resting = mallinfo2().uordblks - before;
    if (before == 0) {
        print_message("this allocator does not count\n");
    } else {
        print_message("bytes a pool, everything counted: %zu trading, %zu at rest\n",
                      trading / POOLS, resting / POOLS);
        assert_true(resting / POOLS <= BUDGET && trading / POOLS > 4 * BUDGET);
    }
    pair_fini(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rest_and_wake),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
