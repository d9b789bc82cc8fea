// SPDX-License-Identifier: Apache-2.0
#include "common/base/map.h"

#include <errno.h>
#include <stdio.h>

#include "common/base/error.h"
#include "tests/support/test.h"
#include "tests/support/torture.h"

static int destroyed;

static void count_destroyed(void *value)
{
    destroyed += *(int *)value;
}

static void test_basics(void **state)
{
    (void)state;
    int one = 1, ten = 10;
    destroyed = 0;
    struct rx_map *map = rx_map_new(2, count_destroyed);
    assert_null(rx_map_get(map, RX_STR("a")));
    assert_false(rx_map_del(map, RX_STR("a")));
    assert_int_equal(rx_map_set(map, RX_STR("a"), &one), 0);
    assert_int_equal(rx_map_set(map, (struct rx_str){"a\0b", 3}, &ten), 0);
    assert_ptr_equal(rx_map_get(map, RX_STR("a")), &one);
    assert_ptr_equal(rx_map_get(map, (struct rx_str){"a\0b", 3}), &ten);
    assert_int_equal(rx_map_set(map, RX_STR("c"), &one), RX_ELIMIT);
    assert_int_equal(rx_map_size(map), 2);
    assert_int_equal(destroyed, 0);
    /* Replacing is allowed at the bound. */
    assert_int_equal(rx_map_set(map, RX_STR("a"), &ten), 0);
    assert_int_equal(destroyed, 1);
    assert_int_equal(rx_map_set(map, RX_STR("a"), &ten), 0);
    assert_int_equal(destroyed, 1);
    assert_ptr_equal(rx_map_take(map, RX_STR("a")), &ten);
    assert_null(rx_map_take(map, RX_STR("a")));
    assert_int_equal(destroyed, 1);
    assert_int_equal(rx_map_set(map, (struct rx_str){NULL, 0}, &one), 0);
    assert_ptr_equal(rx_map_get(map, RX_STR("")), &one);
    assert_true(rx_map_del(map, RX_STR("")));
    assert_int_equal(destroyed, 2);
    rx_map_free(map);
    assert_int_equal(destroyed, 12);
    rx_map_free(NULL);
}

static struct rx_str key_of(char buffer[16], int i)
{
    return (struct rx_str){buffer, (size_t)snprintf(buffer, 16, "key-%d", i)};
}

static void test_many(void **state)
{
    (void)state;
    static int values[5000];
    char buffer[16];
    rx_auto(map) struct rx_map *map = rx_map_new(5000, NULL);
    for (int i = 0; i < 5000; i++) {
        assert_int_equal(rx_map_set(map, key_of(buffer, i), &values[i]), 0);
    }
    for (int i = 0; i < 5000; i += 2) {
        assert_true(rx_map_del(map, key_of(buffer, i)));
    }
    for (int i = 0; i < 5000; i++) {
        void *want = i % 2 ? &values[i] : NULL;
        assert_ptr_equal(rx_map_get(map, key_of(buffer, i)), want);
    }
    size_t seen = 0;
    RX_MAP_FOREACH (it, map) {
        assert_ptr_equal(rx_map_get(map, it.key), it.value);
        seen++;
    }
    assert_int_equal(seen, 2500);
    rx_map_clear(map);
    assert_int_equal(rx_map_size(map), 0);
    assert_null(rx_map_get(map, RX_STR("key-1")));
}

/* Inserting and deleting for ever must not fill the table with tombstones. */
static void test_churn(void **state)
{
    (void)state;
    int value = 0;
    char buffer[16];
    rx_auto(map) struct rx_map *map = rx_map_new(10, NULL);
    for (int i = 0; i < 100000; i++) {
        assert_int_equal(rx_map_set(map, key_of(buffer, i), &value), 0);
        if (i >= 5) {
            assert_true(rx_map_del(map, key_of(buffer, i - 5)));
        }
    }
    assert_int_equal(rx_map_size(map), 5);
}

static void test_delete_while_iterating(void **state)
{
    (void)state;
    static int values[100];
    char buffer[16];
    rx_auto(map) struct rx_map *map = rx_map_new(100, NULL);
    for (int i = 0; i < 100; i++) {
        values[i] = i;
        assert_int_equal(rx_map_set(map, key_of(buffer, i), &values[i]), 0);
    }
    int seen = 0;
    RX_MAP_FOREACH (it, map) {
        seen++;
        if (*(int *)it.value % 3 == 0) {
            assert_true(rx_map_del(map, it.key));
        }
    }
    assert_int_equal(seen, 100);
    assert_int_equal(rx_map_size(map), 66);
}

static void test_siphash(void **state)
{
    (void)state;
    /* The reference's vectors: key 00..0f, text of n bytes 00, 01, ... */
    static const struct {
        size_t n;
        uint64_t want;
    } cases[] = {{0, 0x726fdb47dd0e0e31},
                 {1, 0x74f839c593dc67fd},
                 {8, 0x93f5f5799a932462},
                 {15, 0xa129ca6149be45e5}};
    const uint64_t key[2] = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
    char text[16];
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = (char)i;
    }
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        assert_true(rx_siphash(key, (struct rx_str){text, cases[i].n}) == cases[i].want);
    }
    assert_true(rx_hash(RX_STR("x")) == rx_hash(RX_STR("x")));
    assert_true(rx_hash(RX_STR("x")) != rx_hash(RX_STR("y")));
    assert_true(rx_hash((struct rx_str){NULL, 0}) == rx_hash(RX_STR("")));
}

static int fill(void *arg)
{
    (void)arg;
    int value = 0;
    char buffer[16];
    rx_auto(map) struct rx_map *map = rx_map_new(1000, NULL);
    if (!map) {
        return -ENOMEM;
    }
    for (int i = 0; i < 60; i++) {
        int r = rx_map_set(map, key_of(buffer, i), &value);
        if (r < 0) {
            assert_int_equal(rx_map_size(map), i);
            assert_null(rx_map_get(map, key_of(buffer, i)));
            return r;
        }
    }
    return 0;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    assert_true(rx_torture_alloc(fill, NULL) > 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_basics),  cmocka_unit_test(test_many),
        cmocka_unit_test(test_churn),   cmocka_unit_test(test_delete_while_iterating),
        cmocka_unit_test(test_siphash), cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
