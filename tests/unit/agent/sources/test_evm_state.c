// SPDX-License-Identifier: Apache-2.0
#include "agent/sources/evm_state.h"

#include <errno.h>
#include <stdlib.h>

#include "agent/sources/evm_blocks.h"
#include "tests/support/test.h"
#include "tests/support/torture.h"
#include "tests/unit/agent/store/temp.h"

#define SOURCE 3

struct world {
    struct rx_book *book;
    unsigned index;
    struct evm_state *state;
    struct evm_fault fault;
};

static void world_init(struct world *world)
{
    struct rx_error err = {0};
    *world = (struct world){.book = rx_book_new(NULL)};
    assert_ok(rx_book_add_source(world->book, "s", "evm", "ethereum", &world->index, &err), &err);
}

static void world_fini(struct world *world)
{
    evm_state_free(world->state);
    rx_book_free(world->book);
}

static int add_pool(struct world *world, uint8_t number, uint8_t token, uint64_t block)
{
    struct evm_token_info info = {.symbol = "SYM", .decimals = 18};
    struct rx_row_pool row = {.id = evm_state_next_id(world->state),
                              .source = SOURCE,
                              .chain = "ethereum",
                              .created_block = block};
    info.key[0] = token;
    row.pair[0] = number;
    row.token[0] = token;
    int r = evm_state_add_token(world->state, &info, &world->fault);
    return r < 0 ? r : evm_state_add_pool(world->state, &row, &world->fault);
}

static struct evm_log sync_log(uint64_t block, uint32_t logi, uint64_t weth)
{
    struct evm_log log = {
        .kind = RX_EVENT_SYNC, .block = block, .logi = logi, .time = (int64_t)block * 12};
    log.word[0] = rx_u256_of((rx_u128)weth * 1000000000000000000u);
    log.word[1] = rx_u256_of((rx_u128)1000 * 1000000000000000000u);
    return log;
}

static struct evm_pool *pool_of(const struct world *world, uint8_t number)
{
    uint8_t pair[20] = {number};
    return evm_state_pool(world->state, pair);
}

static int apply(struct world *world, uint8_t pool, const struct evm_log *log)
{
    return evm_state_apply(world->state, pool_of(world, pool), log, &world->fault);
}

static int publish(struct world *world, uint64_t block)
{
    struct rx_book_change change = {.as_of_block = block, .as_of_time = (int64_t)block * 12};
    return evm_state_publish(world->state, world->book, world->index, &change, &world->fault);
}

static struct rx_snapshot *look(struct world *world, uint8_t token)
{
    uint8_t key[20] = {token};
    struct rx_as_of as_of;
    struct rx_snapshot *out = NULL;
    return rx_book_lookup(world->book, "ethereum", key, &out, &as_of) == RX_LOOKUP_FOUND ? out
                                                                                         : NULL;
}

static void test_deepest_first(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world.state = evm_state_new(SOURCE, "ethereum");
    assert_int_equal(evm_state_next_id(world.state), (SOURCE << EVM_POOL_BITS) + 1);
    for (uint8_t i = 1; i <= RX_BOOK_MAX_POOLS + 2; i++) {
        assert_int_equal(add_pool(&world, i, 9, i), 0);
    }
    assert_int_equal(add_pool(&world, 1, 9, 1), -1);
    assert_int_equal(world.fault.kind, EVM_STORE);
    struct evm_log log = sync_log(20, 0, 5);
    assert_int_equal(apply(&world, 2, &log), 0);
    log = sync_log(20, 1, 7);
    assert_int_equal(apply(&world, 4, &log), 0);
    assert_int_equal(publish(&world, 20), 0);
    struct rx_snapshot *snapshot = look(&world, 9);
    assert_non_null(snapshot);
    assert_int_equal(snapshot->n_pools_total, RX_BOOK_MAX_POOLS + 2);
    assert_int_equal(snapshot->n_pools, RX_BOOK_MAX_POOLS);
    assert_string_equal(snapshot->pools[0].pair, "0x0400000000000000000000000000000000000000");
    assert_true(snapshot->pools[0].weth > 6.999 && snapshot->pools[0].weth < 7.001);
    assert_string_equal(snapshot->pools[1].pair, "0x0200000000000000000000000000000000000000");
    assert_int_equal(rx_pool_view_events(snapshot->view), 1);
    assert_int_equal(snapshot->pools[0].last_block, 20);
    rx_snapshot_unref(snapshot);
    /* Only what changed is published again. */
    uint64_t generation = rx_book_generation(world.book);
    assert_int_equal(publish(&world, 21), 0);
    assert_true(rx_book_generation(world.book) > generation);
    assert_ptr_equal(evm_state_pool_by_id(world.state, (SOURCE << EVM_POOL_BITS) + 4),
                     pool_of(&world, 4));
    assert_null(evm_state_pool_by_id(world.state, 1));
    assert_null(evm_state_pool_by_id(world.state, UINT32_MAX));
    assert_int_equal(evm_state_clear(world.state, &world.fault), 0);
    assert_int_equal(publish(&world, 1), 0);
    assert_null(look(&world, 9));
    assert_int_equal(evm_state_events(world.state), 0);
    world_fini(&world);
}

/* Events in the store up to block 10; memory goes on to block 12 and is taken back. */
static void test_rewind(void **state)
{
    (void)state;
    struct temp temp;
    struct world world, twin;
    struct rx_error err = {0};
    struct rx_store *store = NULL;
    temp_init(&temp);
    world_init(&world);
    world_init(&twin);
    rx_auto(metrics) struct rx_metrics *metrics = rx_metrics_new();
    const struct rx_store_options options = {.path = temp.path, .metrics = metrics};
    assert_ok(rx_store_open(&options, &store, &err), &err);
    world.state = evm_state_new(SOURCE, "ethereum");
    twin.state = evm_state_new(SOURCE, "ethereum");
    assert_int_equal(add_pool(&world, 1, 9, 1) | add_pool(&twin, 1, 9, 1), 0);
    struct rx_unit *unit = rx_unit_new();
    uint32_t id = pool_of(&world, 1)->row.id;
    for (uint64_t block = 2; block <= 12; block++) {
        struct evm_log log = sync_log(block, 0, block);
        assert_int_equal(apply(&world, 1, &log), 0);
        if (block > 10) {
            continue;
        }
        assert_int_equal(apply(&twin, 1, &log), 0);
        uint8_t packed[200];
        size_t n = evm_pack(&log, packed);
        const struct rx_row_event row = {.pool = id,
                                         .block = block,
                                         .time = log.time,
                                         .kind = RX_EVENT_SYNC,
                                         .data = {(const char *)packed, n}};
        assert_int_equal(rx_unit_event(unit, &row), 0);
    }
    assert_int_equal(rx_store_submit(store, unit, NULL), 0);
    assert_int_equal(rx_store_flush(store, NULL), 0);
    assert_int_equal(add_pool(&world, 2, 8, 12), 0);
    assert_int_equal(publish(&world, 12), 0);
    assert_int_equal(evm_state_events(world.state), 11);
    assert_int_equal(evm_state_rewind(world.state, store, 10, &world.fault), 0);
    assert_int_equal(evm_state_events(world.state), 9);
    assert_int_equal(evm_state_pools(world.state), 1);
    assert_int_equal(publish(&world, 10), 0);
    assert_int_equal(publish(&twin, 10), 0);
    assert_null(look(&world, 8));
    struct rx_snapshot *one = look(&world, 9), *other = look(&twin, 9);
    double a[RX_F_MAX], b[RX_F_MAX];
    rx_pool_view_features(one->view, 500, a);
    rx_pool_view_features(other->view, 500, b);
    assert_memory_equal(a, b, sizeof a);
    rx_snapshot_unref(one);
    rx_snapshot_unref(other);
    rx_store_close(store);
    world_fini(&world);
    world_fini(&twin);
    temp_fini(&temp);
}

static int build_and_publish(void *arg)
{
    struct world *world = arg;
    evm_state_free(RX_TAKE(world->state));
    world->fault = (struct evm_fault){0};
    if (!(world->state = evm_state_new(SOURCE, "ethereum"))) {
        return -ENOMEM;
    }
    int r = 0;
    for (uint8_t i = 1; r == 0 && i <= 12; i++) {
        r = add_pool(world, i, i / 2, i);
        for (uint32_t logi = 0; r == 0 && logi < 6; logi++) {
            struct evm_log log = sync_log(20, i * 10u + logi, i + logi);
            r = apply(world, i, &log);
        }
    }
    if (r == 0) {
        r = publish(world, 20);
    }
    assert_true(r == 0 || world->fault.kind == EVM_MEMORY);
    return r < 0 ? -ENOMEM : 0;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    assert_true(rx_torture_alloc(build_and_publish, &world) > 30);
    world_fini(&world);
}

static void test_blocks(void **state)
{
    (void)state;
    struct evm_blocks blocks = {0};
    for (uint64_t number = 0; number < 3000; number++) {
        struct evm_block block = {.number = number, .has_events = number % 10 == 0};
        assert_int_equal(evm_blocks_add(&blocks, &block), 0);
    }
    assert_int_equal(blocks.plain, 2700);
    assert_true(evm_blocks_prune(&blocks, 2744));
    assert_int_equal(blocks.n, 275 + 256);
    assert_false(evm_blocks_prune(&blocks, 2999)); /* few are left: not worth it */
    for (size_t i = 1; i < blocks.n; i++) {
        assert_true(blocks.items[i].number > blocks.items[i - 1].number);
        assert_true(blocks.items[i].has_events || blocks.items[i].number >= 2744);
    }
    evm_blocks_cut(&blocks, 2750);
    assert_int_equal(blocks.items[blocks.n - 1].number, 2750);
    evm_blocks_cut(&blocks, 2749);
    assert_int_equal(blocks.items[blocks.n - 1].number, 2749);
    assert_int_equal(blocks.plain, 2749 - 2744 + 1);
    evm_blocks_fini(&blocks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deepest_first),
        cmocka_unit_test(test_rewind),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
