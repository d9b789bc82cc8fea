// SPDX-License-Identifier: Apache-2.0
#include "agent/replay/tables.h"

#include <errno.h>
#include <stdio.h>

#include "tests/support/test.h"
#include "tests/support/torture.h"

#define POOL_A "0x00000000000000000000000000000000000000Aa"
#define POOL_B "0x00000000000000000000000000000000000000bB"
#define POOL_C "0x00000000000000000000000000000000000000cc"
#define TOKEN  "0x1111111111111111111111111111111111111111"
#define PAIRS                                                                                      \
    "pool,token,decimals,weth_pos\n" POOL_B "," TOKEN ",-999,1\n" POOL_A "," TOKEN ",9,0\n"
#define EVENTS "pool,block,logi,reserve0,reserve1,event\n"
#define LPS    "pool,block,logi,from,to,value\n"

static char path[] = "/tmp/radarx-tables-XXXXXX";

static int setup(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state)
{
    (void)state;
    return unlink(path);
}

static const char *put(const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    return path;
}

static struct rx_tables *with_pairs(void)
{
    struct rx_error err = {0};
    struct rx_tables *tables = rx_tables_new();
    assert_non_null(tables);
    assert_ok(rx_tables_read_pairs(tables, put(PAIRS), &err), &err);
    return tables;
}

static void test_sorting(void **state)
{
    (void)state;
    rx_auto(tables) struct rx_tables *tables = with_pairs();
    struct rx_error err = {0};
    const char *events =
        EVENTS POOL_B ",5,1,50,51,Sync\n" POOL_A ",7,0,1,1,Sync\n" POOL_B ",4,9,40,41,Sync\n" POOL_B
                      ",5,0,48,49,Sync\n" POOL_B ",5,1,999,999,Sync\n" POOL_C
                      ",1,1,1,1,Sync\n" POOL_C ",2,1,1,1,Sync\n" POOL_A ",6,0,1,1,Mint\n";
    assert_ok(rx_tables_read_events(tables, put(events), &err), &err);
    const char *lps = LPS POOL_A ",3,2," TOKEN "," POOL_A ",7\n" POOL_A ",3,1," TOKEN "," POOL_B
                                 ",8\n" POOL_C ",3,1," TOKEN "," POOL_B ",8\n";
    assert_ok(rx_tables_read_lp(tables, put(lps), &err), &err);
    rx_tables_sort(tables);
    const struct rx_tables_counts *counts = rx_tables_counts(tables);
    assert_int_equal(counts->rows, 7);
    assert_int_equal(counts->lp_rows, 3);
    assert_int_equal(counts->other_events, 1);
    assert_int_equal(counts->unknown_rows, 3);
    assert_int_equal(counts->unknown_pools, 1);
    assert_int_equal(counts->out_of_order, 2); /* 4,9 after 5,1; the transfer 3,1 after 3,2 */
    assert_int_equal(counts->repeated, 1);
    assert_int_equal(rx_tables_pools(tables), 2);
    const struct rx_pool_rows *a = rx_tables_pool(tables, 0);
    const struct rx_pool_rows *b = rx_tables_pool(tables, 1);
    assert_int_equal(a->pool[19], 0xaa);
    assert_ptr_equal(rx_tables_find(tables, b->pool), b);
    assert_int_equal(b->decimals, -999);
    assert_int_equal(b->n_events, 4);
    assert_int_equal(b->events[0].block, 4);
    assert_int_equal(b->events[1].log_index, 0);
    assert_true(b->events[2].reserve[0] == 50); /* of repeated rows the first in the file */
    assert_true(b->events[3].reserve[0] == 999);
    assert_int_equal(a->n_lps, 2);
    assert_int_equal(a->lps[0].transfer.log_index, 1);
    unsigned char unknown[20] = {0};
    assert_null(rx_tables_find(tables, unknown));
}

static void test_pairs_refused(void **state)
{
    (void)state;
    static const struct {
        const char *row, *message;
    } cases[] = {
        {"0x12," TOKEN ",18,0\n", "line 2: column pool: 0x and 40 hex digits expected"},
        {POOL_A ",,18,0\n", "line 2: column token"},
        {POOL_A "," TOKEN ",256,0\n", "line 2: column decimals"},
        {POOL_A "," TOKEN ",-5,0\n", "line 2: column decimals: 0 to 255, or -999 for unknown,"},
        {POOL_A "," TOKEN ",NaN,0\n", "line 2: column decimals"},
        {POOL_A "," TOKEN ",18,2\n", "line 2: column weth_pos"},
        {POOL_A "," TOKEN ",18,0\n" POOL_A "," TOKEN ",18,1\n", "line 3: column pool: one row"},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        rx_auto(tables) struct rx_tables *tables = rx_tables_new();
        struct rx_error err = {0};
        char text[512];
        snprintf(text, sizeof(text), "pool,token,decimals,weth_pos\n%s", cases[i].row);
        assert_true(rx_tables_read_pairs(tables, put(text), &err) < 0);
        assert_message(&err, cases[i].message);
    }
    rx_auto(tables) struct rx_tables *tables = with_pairs();
    struct rx_error err = {0};
    assert_ok(rx_tables_read_pairs(tables, path, &err), &err); /* the same rows again */
    assert_int_equal(rx_tables_pools(tables), 2);
}

static void test_events_refused(void **state)
{
    (void)state;
    static const struct {
        const char *row, *message;
    } cases[] = {
        {"x,1,1,1,1,Sync\n", "line 2: column pool"},
        {POOL_A ",-1,1,1,1,Sync\n", "line 2: column block"},
        {POOL_A ",9223372036854775808,1,1,1,Sync\n", "line 2: column block"},
        {POOL_A ",1,4294967296,1,1,Sync\n", "line 2: column logi"},
        {POOL_A ",1,1,NaN,1,Sync\n", "line 2: column reserve0"},
        {POOL_A ",1,1,1,,Sync\n", "line 2: column reserve1"},
        {POOL_A ",1,1,1\n", "line 2: 6 fields expected, got 4"},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        rx_auto(tables) struct rx_tables *tables = with_pairs();
        struct rx_error err = {0};
        char text[512];
        snprintf(text, sizeof(text), "%s%s", EVENTS, cases[i].row);
        assert_true(rx_tables_read_events(tables, put(text), &err) < 0);
        assert_message(&err, cases[i].message);
    }
}

static void test_lp_refused(void **state)
{
    (void)state;
    static const struct {
        const char *row, *message;
    } cases[] = {
        {POOL_A ",1,1,0x1," TOKEN ",1\n", "line 2: column from"},
        {POOL_A ",1,1," TOKEN ",-,1\n", "line 2: column to"},
        {POOL_A ",1,1," TOKEN "," TOKEN ",1.5\n", "line 2: column value"},
        {POOL_A ",1,1," TOKEN "," TOKEN ",115792089237316195423570985008687907853269984665640564"
                "039457584007913129639936\n",
         "line 2: column value"},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        rx_auto(tables) struct rx_tables *tables = with_pairs();
        struct rx_error err = {0};
        char text[512];
        snprintf(text, sizeof(text), "%s%s", LPS, cases[i].row);
        assert_true(rx_tables_read_lp(tables, put(text), &err) < 0);
        assert_message(&err, cases[i].message);
    }
}

static int read_all(void *arg)
{
    const char *const *paths = arg;
    struct rx_error err = {0};
    rx_auto(tables) struct rx_tables *tables = rx_tables_new();
    if (!tables) {
        return -ENOMEM;
    }
    int rc = rx_tables_read_pairs(tables, paths[0], &err);
    if (rc == 0) {
        rc = rx_tables_read_events(tables, paths[1], &err);
    }
    if (rc == 0) {
        rx_tables_sort(tables);
    }
    return rc;
}

static void test_torture(void **state)
{
    (void)state;
    char pairs[] = "/tmp/radarx-pairs-XXXXXX";
    int fd = mkstemp(pairs);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, PAIRS, strlen(PAIRS)), strlen(PAIRS));
    close(fd);
    put(EVENTS POOL_A ",1,1,1,1,Sync\n" POOL_C ",1,1,1,1,Sync\n");
    const char *paths[] = {pairs, path};
    assert_true(rx_torture_alloc(read_all, paths) >= 8);
    unlink(pairs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sorting),        cmocka_unit_test(test_pairs_refused),
        cmocka_unit_test(test_events_refused), cmocka_unit_test(test_lp_refused),
        cmocka_unit_test(test_torture),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
