// SPDX-License-Identifier: Apache-2.0
#include "agent/replay/people.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "agent/replay/replay.h"
#include "tests/support/test.h"
#include "tests/support/torture.h"

#define POOL    "0x00000000000000000000000000000000000000aa"
#define TOKEN   "0x1111111111111111111111111111111111111111"
#define ZERO    "0x0000000000000000000000000000000000000000"
#define CREATOR "0xc000000000000000000000000000000000000000"
#define FRIEND  "0xf000000000000000000000000000000000000000"
#define BUYER   "0xb000000000000000000000000000000000000000"
#define HEAD    "token,block,logi,from,to,value,time\n"

struct files {
    char pairs[32], events[32], lp[32], transfers[32], locks[32];
};
static struct files files;

static int make_file(char path[32])
{
    snprintf(path, 32, "/tmp/radarx-people-XXXXXX");
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int setup(void **state)
{
    (void)state;
    char *paths[] = {files.pairs, files.events, files.lp, files.transfers, files.locks};
    for (size_t i = 0; i < RX_ARRAY_LEN(paths); i++) {
        if (make_file(paths[i]) < 0) {
            return -1;
        }
    }
    put(files.pairs, "pool,token,decimals,weth_pos\n" POOL "," TOKEN ",0,1\n");
    /* Liquidity at log 4, a sale at log 9, more liquidity in block 7000. */
    put(files.events,
        "pool,block,logi,reserve0,reserve1\n" POOL ",100,4,600,1000000000000000000\n" POOL
        ",100,9,650,930000000000000000\n" POOL ",7000,5,700,1000000000000000000\n");
    put(files.lp, "pool,block,logi,from,to,value\n" POOL ",100,3," ZERO "," CREATOR ",2000\n");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return unlink(files.pairs) | unlink(files.events) | unlink(files.lp) | unlink(files.transfers) |
           unlink(files.locks);
}

struct world {
    struct rx_tables *tables;
    struct rx_pool *pool;
    struct rx_people_options options;
};

static void world_init(struct world *world, uint64_t at)
{
    static const unsigned char creator[20] = {0xc0};
    struct rx_error err = {0};
    *world = (struct world){.tables = rx_tables_new(),
                            .options = {.creator = creator, .history = {2, 1}}};
    assert_non_null(world->tables);
    assert_ok(rx_tables_read_pairs(world->tables, files.pairs, &err), &err);
    assert_ok(rx_tables_read_events(world->tables, files.events, &err), &err);
    assert_ok(rx_tables_read_lp(world->tables, files.lp, &err), &err);
    rx_tables_sort(world->tables);
    assert_ok(rx_replay_until(rx_tables_pool(world->tables, 0), true, at, &world->pool, &err),
              &err);
}

static void world_fini(struct world *world)
{
    rx_pool_free(world->pool);
    rx_tables_free(world->tables);
}

static int read_people(struct world *world, uint64_t at, double x[RX_F_MAX], struct rx_error *err)
{
    for (int i = 0; i < RX_F_MAX; i++) {
        x[i] = RX_NAN;
    }
    return rx_replay_people(rx_tables_pool(world->tables, 0), world->pool, at, &world->options, x,
                            err);
}

/* Out of order, with a repeated row, one of another token and one of a later block. */
static const char moves[] = HEAD TOKEN
    ",100,8," CREATOR "," POOL ",50,1600000000\n" TOKEN ",90,1," ZERO "," CREATOR
    ",1000,1599999000\n" TOKEN ",100,2," CREATOR "," POOL ",600,1600000000\n" TOKEN
    ",100,8," CREATOR "," POOL ",999,1600000000\n" TOKEN ",95,0," CREATOR "," FRIEND
    ",100,1599999900\n" ZERO ",96,0," CREATOR "," FRIEND ",77,1599999950\n" TOKEN ",7000,1," CREATOR
    "," POOL ",50,1600092115\n" TOKEN ",7001,1," CREATOR "," BUYER ",200,1600092128\n";

static void test_holders(void **state)
{
    (void)state;
    struct world world;
    struct rx_error err = {0};
    double x[RX_F_MAX];
    world_init(&world, 120);
    put(files.transfers, moves);
    world.options.transfers = files.transfers;
    assert_ok(read_people(&world, 120, x, &err), &err);
    assert_true(x[RX_F_HOLDERS] == 2);
    assert_true(x[RX_F_CREATOR_SHARE] == 0.25);       /* 1000 - 600 - 50 - 100 */
    assert_true(x[RX_F_CREATOR_SELLS_24H] == 1);      /* not the 600: liquidity */
    assert_true(x[RX_F_CREATOR_SOLD_24H] == 0.05);    /* the first of the repeated rows */
    assert_true(x[RX_F_CREATOR_FUNDED_SHARE] == 0.1); /* the friend */
    assert_true(x[RX_F_HOLDER_COVERAGE] == 0.35);
    assert_true(x[RX_F_CREATOR_PRIOR_TOKENS] == 2 && x[RX_F_CREATOR_PRIOR_RUGS] == 1);
    assert_true(isnan(x[RX_F_LP_UNLOCK_24H]) && isnan(x[RX_F_HOLDER_GROWTH_24H]));
    /* More than a day later: no sale left in the window, and one more holder. */
    assert_ok(read_people(&world, 7001, x, &err), &err);
    assert_true(x[RX_F_CREATOR_SELLS_24H] == 0);
    assert_true(x[RX_F_HOLDERS] == 2); /* the creator has nothing left, the buyer came */
    assert_true(x[RX_F_HOLDER_GROWTH_24H] == 0);
    world.options.transfers = NULL;
    assert_ok(read_people(&world, 120, x, &err), &err);
    assert_true(isnan(x[RX_F_HOLDERS]) && x[RX_F_CREATOR_PRIOR_RUGS] == 1);
    world_fini(&world);
}

static void test_locks(void **state)
{
    (void)state;
    struct world world;
    struct rx_error err = {0};
    double x[RX_F_MAX];
    world_init(&world, 120);
    put(files.transfers, moves);
    world.options.transfers = files.transfers;
    world.options.locks = files.locks;
    put(files.locks, "pool,unlock_block,share\n" POOL ",389,0.5\n" ZERO ",130,0.5\n");
    assert_ok(read_people(&world, 120, x, &err), &err);
    assert_true(fabs(x[RX_F_LP_LOCK_EXPIRY_H] - 269 * 13.35 / 3600) < 1e-9);
    assert_true(x[RX_F_LP_UNLOCK_24H] == 0.5);
    /* The last known time is that of block 100. */
    put(files.locks,
        "unlock_time,amount,pool\n1600003867,200," POOL "\n1700000000,1800," POOL "\n");
    assert_ok(read_people(&world, 120, x, &err), &err);
    assert_true(fabs(x[RX_F_LP_LOCK_EXPIRY_H] - 1) < 1e-9);
    assert_true(x[RX_F_LP_UNLOCK_24H] == 0.1 && x[RX_F_LP_UNLOCK_7D] == 0.1);
    world_fini(&world);
}

static void refused(struct world *world, const char *transfers, const char *locks, const char *text)
{
    struct rx_error err = {0};
    double x[RX_F_MAX];
    put(files.transfers, transfers);
    put(files.locks, locks);
    world->options.transfers = files.transfers;
    world->options.locks = files.locks;
    assert_true(read_people(world, 120, x, &err) < 0);
    assert_message(&err, text);
}

static void test_refusals(void **state)
{
    (void)state;
    static const char good[] = "pool,unlock_block,share\n";
    struct world world;
    world_init(&world, 120);
    refused(&world, "token,block,logi,from,to\n", good, "line 1: column 'value' is missing");
    refused(&world, HEAD TOKEN ",1,1," ZERO "," POOL ",x,1\n", good, "line 2: column value:");
    refused(&world, HEAD TOKEN ",1,1," ZERO "," POOL ",1,soon\n", good, "line 2: column time:");
    refused(&world, HEAD TOKEN ",1,1,0x12," POOL ",1,1\n", good, "line 2: column from:");
    refused(&world, HEAD, "pool,share\n" POOL ",1\n", "unlock_block or unlock_time");
    refused(&world, HEAD, "pool,unlock_block\n" POOL ",1\n", "share or amount");
    refused(&world, HEAD, "pool,unlock_block,share\n" POOL ",1,1.5\n", "column share: a share");
    refused(&world, HEAD, "pool,unlock_block,share\n" POOL ",1,\n", "column share: a share");
    refused(&world, HEAD, "pool,unlock_time,share\n" POOL ",1,1\n",
            "a column time in the transfers");
    world_fini(&world);
}

static int read_all(void *arg)
{
    double x[RX_F_MAX];
    struct rx_error err = {0};
    return read_people(arg, 7001, x, &err);
}

static void test_torture(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 7001);
    put(files.transfers, moves);
    put(files.locks, "pool,unlock_block,share\n" POOL ",389,0.5\n");
    world.options.transfers = files.transfers;
    world.options.locks = files.locks;
    assert_true(rx_torture_alloc(read_all, &world) >= 6);
    world_fini(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_holders),
        cmocka_unit_test(test_locks),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_torture),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
