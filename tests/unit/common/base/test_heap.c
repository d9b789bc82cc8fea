// SPDX-License-Identifier: Apache-2.0
#include "common/base/heap.h"

#include <errno.h>

#include "tests/support/test.h"
#include "tests/support/torture.h"

#define MANY 500

static void test_order(void **state)
{
    (void)state;
    struct rx_heap heap = {0};
    struct rx_heap_node nodes[MANY] = {0};
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(rx_heap_push(&heap, &nodes[i], (int64_t)(i * 7919 % 50)), 0);
    }
    int64_t last_key = INT64_MIN;
    uint64_t last_order = 0;
    for (size_t i = 0; i < MANY; i++) {
        struct rx_heap_node *node = rx_heap_pop(&heap);
        assert_true(node->key > last_key || (node->key == last_key && node->order > last_order));
        assert_int_equal(node->index, 0);
        last_key = node->key;
        last_order = node->order;
    }
    assert_null(rx_heap_pop(&heap));
    assert_null(rx_heap_peek(&heap));
    rx_heap_fini(&heap);
}

static void test_remove(void **state)
{
    (void)state;
    struct rx_heap heap = {0};
    struct rx_heap_node nodes[MANY] = {0};
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(rx_heap_push(&heap, &nodes[i], (int64_t)(i * 31 % 97)), 0);
    }
    /* Every second one goes, in an order that has nothing to do with the keys. */
    for (size_t i = 0; i < MANY; i += 2) {
        rx_heap_remove(&heap, &nodes[(i * 3) % MANY]);
        rx_heap_remove(&heap, &nodes[(i * 3) % MANY]);
    }
    int64_t last = INT64_MIN;
    size_t left = 0;
    for (struct rx_heap_node *node; (node = rx_heap_pop(&heap)); left++) {
        assert_true(node->key >= last);
        last = node->key;
        assert_int_equal((node - nodes) % 2, 1);
    }
    assert_int_equal(left, MANY / 2);
    /* A node may be pushed again. */
    assert_int_equal(rx_heap_push(&heap, &nodes[0], -5), 0);
    assert_ptr_equal(rx_heap_peek(&heap), &nodes[0]);
    rx_heap_fini(&heap);
    assert_int_equal(nodes[0].index, 0);
}

static int fill(void *arg)
{
    (void)arg;
    struct rx_heap heap = {0};
    struct rx_heap_node nodes[100] = {0};
    int r = 0;
    for (size_t i = 0; i < RX_ARRAY_LEN(nodes) && r == 0; i++) {
        r = rx_heap_push(&heap, &nodes[i], (int64_t)i);
        assert_int_equal(nodes[i].index != 0, r == 0);
    }
    rx_heap_fini(&heap);
    return r;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    assert_int_equal(rx_torture_alloc(fill, NULL), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_remove),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
