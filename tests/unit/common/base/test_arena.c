// SPDX-License-Identifier: Apache-2.0
#include "common/base/arena.h"

#include <errno.h>

#include "tests/support/test.h"
#include "tests/support/torture.h"

static void test_alloc(void **state)
{
    (void)state;
    rx_auto(arena) struct rx_arena *arena = rx_arena_new(1u << 20);
    for (size_t n = 0; n < 3000; n += 13) {
        unsigned char *p = rx_arena_alloc(arena, n);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 16, 0);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(p[i], 0);
        }
        memset(p, 0xff, n);
    }
    assert_string_equal(rx_arena_strdup(arena, (struct rx_str){"abcdef", 3}), "abc");
    assert_string_equal(rx_arena_strdup(arena, (struct rx_str){NULL, 0}), "");
    assert_string_equal(rx_arena_printf(arena, "%d-%s", 5, "x"), "5-x");
    rx_arena_reset(arena);
    unsigned char *again = rx_arena_alloc(arena, 100);
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(again[i], 0);
    }
}

static void test_bound(void **state)
{
    (void)state;
    rx_auto(arena) struct rx_arena *arena = rx_arena_new(100000);
    size_t total = 0;
    while (rx_arena_alloc(arena, 1000)) {
        total += 1000;
        assert_true(total <= 100000);
    }
    assert_true(total > 50000);
    assert_null(rx_arena_alloc(arena, SIZE_MAX));
    assert_null(rx_arena_alloc(arena, SIZE_MAX - 15));
    rx_arena_reset(arena);
    assert_non_null(rx_arena_alloc(arena, 80000));
    assert_null(rx_arena_alloc(arena, 80000));
    rx_auto(arena) struct rx_arena *small = rx_arena_new(10);
    assert_null(rx_arena_alloc(small, 11));
    rx_arena_free(NULL);
}

static int use(void *arg)
{
    (void)arg;
    rx_auto(arena) struct rx_arena *arena = rx_arena_new(1u << 20);
    if (!arena) {
        return -ENOMEM;
    }
    for (int i = 0; i < 20; i++) {
        if (!rx_arena_alloc(arena, 5000)) {
            return -ENOMEM;
        }
    }
    return rx_arena_printf(arena, "%05000d", 1) ? 0 : -ENOMEM;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    /* A failed large block is tried again as a small one, so that some runs succeed. */
    assert_true(rx_torture_tolerant(use, NULL) >= 3);
    rx_torture_fail_nth(RX_TORTURE_ALLOC, 1, ENOMEM);
    assert_int_equal(use(NULL), -ENOMEM);
    rx_torture_fail_nth(RX_TORTURE_ALLOC, 2, ENOMEM);
    assert_int_equal(use(NULL), -ENOMEM);
    rx_torture_fail_from(RX_TORTURE_ALLOC, 3, ENOMEM);
    assert_int_equal(use(NULL), -ENOMEM);
    assert_true(rx_torture_disarm());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alloc),
        cmocka_unit_test(test_bound),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
