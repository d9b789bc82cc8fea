// SPDX-License-Identifier: Apache-2.0
#include "tests/support/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/cache/lru.h"
#include "tests/support/torture.h"

static int freed;

static void count_free(void *value)
{
    freed++;
    free(value);
}

static void *number(int n)
{
    int *p = malloc(sizeof(*p));
    assert_non_null(p);
    *p = n;
    return p;
}

static void forgets_the_least_recently_used(void **state)
{
    (void)state;
    freed = 0;
    struct rx_lru *lru = rx_lru_new(3, count_free);
    assert_int_equal(rx_lru_put(lru, RX_STR("a"), number(1)), 0);
    assert_int_equal(rx_lru_put(lru, RX_STR("b"), number(2)), 0);
    assert_int_equal(rx_lru_put(lru, RX_STR("c"), number(3)), 0);
    assert_int_equal(*(int *)rx_lru_get(lru, RX_STR("a")), 1);
    assert_int_equal(rx_lru_put(lru, RX_STR("d"), number(4)), 0);
    assert_null(rx_lru_get(lru, RX_STR("b")));
    assert_int_equal(freed, 1);
    assert_int_equal(rx_lru_put(lru, RX_STR("a"), number(5)), 0); /* replaces */
    assert_int_equal(freed, 2);
    assert_int_equal(*(int *)rx_lru_get(lru, RX_STR("a")), 5);
    rx_lru_free(lru);
    assert_int_equal(freed, 5);
}

static void keeps_binary_keys_apart(void **state)
{
    (void)state;
    struct rx_lru *lru = rx_lru_new(8, NULL);
    int a = 0, b = 0;
    assert_int_equal(rx_lru_put(lru, (struct rx_str){"\0\1", 2}, &a), 0);
    assert_int_equal(rx_lru_put(lru, (struct rx_str){"\0\2", 2}, &b), 0);
    assert_ptr_equal(rx_lru_get(lru, (struct rx_str){"\0\1", 2}), &a);
    assert_ptr_equal(rx_lru_get(lru, (struct rx_str){"\0\2", 2}), &b);
    char longest[RX_LRU_MAX_KEY + 1] = "";
    assert_int_equal(rx_lru_put(lru, (struct rx_str){longest, sizeof(longest)}, &a), RX_ELIMIT);
    rx_lru_free(lru);
}

static int fill(void *arg)
{
    (void)arg;
    rx_auto(lru) struct rx_lru *lru = rx_lru_new(4, NULL);
    int r = lru ? 0 : -ENOMEM;
    for (int i = 0; i < 6 && r == 0; i++) {
        char key[8];
        snprintf(key, sizeof(key), "%d", i);
        r = rx_lru_put(lru, rx_str_of(key), &freed);
    }
    return r;
}

static void survives_lack_of_memory(void **state)
{
    (void)state;
    assert_true(rx_torture_alloc(fill, NULL) > 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forgets_the_least_recently_used),
        cmocka_unit_test(keeps_binary_keys_apart),
        cmocka_unit_test(survives_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
