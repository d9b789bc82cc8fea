// SPDX-License-Identifier: Apache-2.0
#include "common/base/queue.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>

#include "tests/support/test.h"
#include "tests/support/torture.h"

#define PRODUCERS 4
#define EACH      5000

static void some_function(void)
{
}

static void test_order_and_bound(void **state)
{
    (void)state;
    int values[4];
    rx_auto(queue) struct rx_queue *queue = rx_queue_new(3);
    struct rx_queue_item item = {some_function, NULL};
    assert_false(rx_queue_pop(queue, &item));
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 3; i++) {
            item.arg = &values[i];
            assert_int_equal(rx_queue_push(queue, item), i == 0);
        }
        assert_int_equal(rx_queue_push(queue, item), -EAGAIN);
        assert_int_equal(rx_queue_size(queue), 3);
        for (int i = 0; i < 3; i++) {
            assert_true(rx_queue_pop(queue, &item));
            assert_ptr_equal(item.arg, &values[i]);
            assert_true(item.fn == some_function);
        }
        assert_false(rx_queue_pop(queue, &item));
    }
}

struct producer {
    struct rx_queue *queue;
    int *slots;
};

static void *produce(void *arg)
{
    const struct producer *producer = arg;
    for (int i = 0; i < EACH;) {
        if (rx_queue_push(producer->queue,
                          (struct rx_queue_item){some_function, &producer->slots[i]}) < 0) {
            sched_yield();
        } else {
            i++;
        }
    }
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    static int slots[PRODUCERS][EACH];
    rx_auto(queue) struct rx_queue *queue = rx_queue_new(64);
    pthread_t threads[PRODUCERS];
    struct producer producers[PRODUCERS];
    for (int i = 0; i < PRODUCERS; i++) {
        producers[i] = (struct producer){queue, slots[i]};
        assert_int_equal(pthread_create(&threads[i], NULL, produce, &producers[i]), 0);
    }
    int *last[PRODUCERS] = {0};
    for (int got = 0; got < PRODUCERS * EACH;) {
        struct rx_queue_item item;
        if (!rx_queue_pop(queue, &item)) {
            sched_yield();
            continue;
        }
        ptrdiff_t at = (int *)item.arg - &slots[0][0];
        int *slot = item.arg;
        assert_true(slot > last[at / EACH]); /* in the order of each producer */
        last[at / EACH] = slot;
        got++;
    }
    for (int i = 0; i < PRODUCERS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(rx_queue_size(queue), 0);
}

static int make(void *arg)
{
    (void)arg;
    rx_auto(queue) struct rx_queue *queue = rx_queue_new(10);
    return queue ? 0 : -ENOMEM;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    assert_int_equal(rx_torture_alloc(make, NULL), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_and_bound),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
