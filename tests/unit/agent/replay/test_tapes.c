// SPDX-License-Identifier: Apache-2.0
#include "agent/replay/tapes.h"

#include <stdio.h>
#include <unistd.h>

#include "tests/support/test.h"
#include "tests/support/torture.h"

#define POOL_A "0x00000000000000000000000000000000000000aa"
#define POOL_B "0x00000000000000000000000000000000000000bb"
#define TOKEN  "0x1111111111111111111111111111111111111111"

static char path[] = "/tmp/radarx-tapes-XXXXXX";
static struct rx_tables *tables;

static const char *put(const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    return path;
}

/* Pool a has three events, one of them twice, and a transfer; pool b has none. */
static int setup(void **state)
{
    (void)state;
    struct rx_error err = {0};
    const int fd = mkstemp(path);
    if (fd < 0) {
        return -1;
    }
    close(fd);
    tables = rx_tables_new();
    assert_non_null(tables);
    assert_ok(rx_tables_read_pairs(tables,
                                   put("pool,token,decimals,weth_pos\n" POOL_A "," TOKEN
                                       ",9,1\n" POOL_B "," TOKEN ",18,0\n"),
                                   &err),
              &err);
    assert_ok(
        rx_tables_read_events(tables,
                              put("pool,block,logi,reserve0,reserve1\n" POOL_A ",5,1,50,51\n" POOL_A
                                  ",4,9,40,41\n" POOL_A ",5,1,99,99\n" POOL_A ",6,0,60,61\n"),
                              &err),
        &err);
    assert_ok(rx_tables_read_lp(
                  tables,
                  put("pool,block,logi,from,to,value\n" POOL_A ",4,8," TOKEN "," POOL_B ",7\n"),
                  &err),
              &err);
    rx_tables_sort(tables);
    return unlink(path);
}

static int teardown(void **state)
{
    (void)state;
    rx_tables_free(tables);
    return 0;
}

static void test_tapes(void **state)
{
    (void)state;
    rx_auto(tapes) struct rx_tapes tapes = {0};
    struct rx_error err = {0};
    assert_ok(rx_tapes_make(tables, true, &tapes, &err), &err);
    assert_int_equal(tapes.n, 1);
    const struct rx_tape *tape = &tapes.tapes[0];
    assert_int_equal(tape->meta.address[19], 0xaa);
    assert_int_equal(tape->meta.decimals, 9);
    assert_int_equal(tape->meta.weth_pos, 1);
    assert_true(tape->meta.lp && tape->meta.clock == RX_POOL_BLOCKS);
    assert_int_equal(tape->n, 3);
    assert_int_equal(tape->events[0].time, 4);
    assert_true(tape->events[1].reserve[0] == 50 && tape->events[2].reserve[1] == 61);
    assert_int_equal(tape->n_lps, 1);
    assert_int_equal(tape->lps[0].to[19], 0xbb);
}

static int make(void *unused)
{
    (void)unused;
    rx_auto(tapes) struct rx_tapes tapes = {0};
    return rx_tapes_make(tables, false, &tapes, NULL);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    assert_int_equal(rx_torture_alloc(make, NULL), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tapes),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
