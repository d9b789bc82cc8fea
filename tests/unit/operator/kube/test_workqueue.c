// SPDX-License-Identifier: Apache-2.0
#include "operator/kube/workqueue.h"

#include <pthread.h>
#include <stdio.h>

#include "common/base/error.h"
#include "tests/support/test.h"
#include "tests/support/torture.h"

struct fixture {
    struct rx_clock_manual clock;
    struct rx_workqueue *queue;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    rx_clock_manual_init(&fixture.clock, 0);
    fixture.queue = rx_workqueue_new("test", 100, &fixture.clock.clock, NULL);
    *state = &fixture;
    return fixture.queue ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    rx_workqueue_free(fixture->queue);
    return 0;
}

/* Takes a key that must be there: with a clock that stands still, waiting would be for ever. */
static void assert_next(struct rx_workqueue *queue, const char *expected)
{
    char key[64];
    assert_true(rx_workqueue_depth(queue) > 0);
    assert_true(rx_workqueue_take(queue, key, sizeof(key)));
    assert_string_equal(key, expected);
}

static void done(struct rx_workqueue *queue, const char *key)
{
    rx_workqueue_done(queue, rx_str_of(key));
}

static void keys_leave_once_and_in_order(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(rx_workqueue_add(f->queue, RX_STR("a"), false), 0);
    assert_int_equal(rx_workqueue_add(f->queue, RX_STR("b"), false), 0);
    assert_int_equal(rx_workqueue_add(f->queue, RX_STR("a"), false), 0);
    assert_int_equal(rx_workqueue_depth(f->queue), 2);
    assert_next(f->queue, "a");
    assert_next(f->queue, "b");
    done(f->queue, "a");
    done(f->queue, "b");
    assert_int_equal(rx_workqueue_depth(f->queue), 0);
}

static void edits_overtake_the_initial_list(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(rx_workqueue_add(f->queue, RX_STR("list-1"), true), 0);
    assert_int_equal(rx_workqueue_add(f->queue, RX_STR("list-2"), true), 0);
    assert_int_equal(rx_workqueue_add(f->queue, RX_STR("edit"), false), 0);
    assert_int_equal(rx_workqueue_add(f->queue, RX_STR("list-2"), false), 0);
    assert_next(f->queue, "edit");
    assert_next(f->queue, "list-2");
    assert_next(f->queue, "list-1");
}

static void what_is_added_during_its_work_is_done_after(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(rx_workqueue_add(f->queue, RX_STR("a"), false), 0);
    assert_next(f->queue, "a");
    assert_int_equal(rx_workqueue_add(f->queue, RX_STR("a"), false), 0);
    assert_int_equal(rx_workqueue_add(f->queue, RX_STR("b"), false), 0);
    assert_next(f->queue, "b"); /* and not a second worker on a */
    done(f->queue, "a");
    assert_next(f->queue, "a");
    done(f->queue, "a");
    done(f->queue, "b");
    assert_int_equal(rx_workqueue_depth(f->queue), 0);
}

static void delays_keep_their_time(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(rx_workqueue_add_after(f->queue, RX_STR("late"), 500), 0);
    assert_int_equal(rx_workqueue_add_after(f->queue, RX_STR("soon"), 100), 0);
    assert_int_equal(rx_workqueue_add_after(f->queue, RX_STR("late"), 900), 0); /* earlier wins */
    rx_clock_manual_advance(&f->clock, 100 * 1000000LL);
    assert_next(f->queue, "soon");
    rx_clock_manual_advance(&f->clock, 400 * 1000000LL);
    assert_next(f->queue, "late");
}

/* Milliseconds until the key comes back after one more failure. */
static int64_t fail_once(struct fixture *f, const char *key, int64_t at_least, int64_t at_most)
{
    assert_int_equal(rx_workqueue_retry(f->queue, rx_str_of(key), at_least, at_most), 0);
    done(f->queue, key);
    /* Whatever waits by a delay is found by letting time pass in steps of a millisecond. */
    for (int64_t ms = 0;; ms++) {
        assert_int_equal(rx_workqueue_add_after(f->queue, RX_STR("probe"), 0), 0);
        char got[64];
        assert_true(rx_workqueue_take(f->queue, got, sizeof(got)));
        if (strcmp(got, key) == 0) {
            assert_true(rx_workqueue_take(f->queue, got, sizeof(got)));
            done(f->queue, "probe");
            return ms;
        }
        done(f->queue, "probe");
        rx_clock_manual_advance(&f->clock, 1000000LL);
    }
}

static void back_off_doubles_and_is_forgotten(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(rx_workqueue_add(f->queue, RX_STR("a"), false), 0);
    assert_next(f->queue, "a");
    const int64_t expected[] = {5, 10, 20, 40, 80, 160, 300, 300};
    for (size_t i = 0; i < RX_ARRAY_LEN(expected); i++) {
        assert_int_equal(fail_once(f, "a", 0, 300), expected[i]);
    }
    assert_int_equal(fail_once(f, "a", 1000, 300), 1000); /* the server asked for more */
    rx_workqueue_forget(f->queue, RX_STR("a"));
    assert_int_equal(fail_once(f, "a", 0, 300), 5);
}

static void a_kick_ends_back_offs_only(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(rx_workqueue_add(f->queue, RX_STR("failed"), false), 0);
    assert_next(f->queue, "failed");
    assert_int_equal(rx_workqueue_retry(f->queue, RX_STR("failed"), 60000, 60000), 0);
    done(f->queue, "failed");
    assert_int_equal(rx_workqueue_add_after(f->queue, RX_STR("planned"), 60000), 0);
    rx_workqueue_kick(f->queue);
    assert_next(f->queue, "failed");
    rx_clock_manual_advance(&f->clock, 60000 * 1000000LL);
    assert_next(f->queue, "planned");
}

static void an_edit_cuts_a_delay_short(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(rx_workqueue_add_after(f->queue, RX_STR("a"), 60000), 0);
    assert_int_equal(rx_workqueue_add(f->queue, RX_STR("a"), false), 0);
    assert_next(f->queue, "a");
    done(f->queue, "a");
    assert_int_equal(rx_workqueue_depth(f->queue), 0);
}

static void the_number_of_keys_is_bounded(void **state)
{
    struct fixture *f = *state;
    char key[16];
    for (int i = 0; i < 100; i++) {
        snprintf(key, sizeof(key), "k%d", i);
        assert_int_equal(rx_workqueue_add(f->queue, rx_str_of(key), false), 0);
    }
    assert_int_equal(rx_workqueue_add(f->queue, RX_STR("more"), false), RX_ELIMIT);
    assert_int_equal(rx_workqueue_add(f->queue, RX_STR("k1"), false), 0);
}

static void shutdown_ends_taking(void **state)
{
    struct fixture *f = *state;
    char key[16];
    assert_int_equal(rx_workqueue_add(f->queue, RX_STR("a"), false), 0);
    rx_workqueue_shutdown(f->queue);
    assert_false(rx_workqueue_take(f->queue, key, sizeof(key)));
    assert_int_equal(rx_workqueue_add(f->queue, RX_STR("b"), false), RX_ECLOSED);
    assert_int_equal(rx_workqueue_retry(f->queue, RX_STR("b"), 0, 10), RX_ECLOSED);
}

/* ---- threads ---- */

#define KEYS   20
#define ROUNDS 200

struct shared {
    struct rx_workqueue *queue;
    int inside[KEYS]; /* workers at the key, atomics */
    int worked;
};

static void *worker(void *arg)
{
    struct shared *shared = arg;
    char key[16];
    while (rx_workqueue_take(shared->queue, key, sizeof(key))) {
        int i = key[0] - 'a';
        if (__atomic_add_fetch(&shared->inside[i], 1, __ATOMIC_SEQ_CST) != 1) {
            __atomic_store_n(&shared->worked, -1000000, __ATOMIC_SEQ_CST);
        }
        __atomic_add_fetch(&shared->worked, 1, __ATOMIC_SEQ_CST);
        __atomic_sub_fetch(&shared->inside[i], 1, __ATOMIC_SEQ_CST);
        rx_workqueue_done(shared->queue, rx_str_of(key));
    }
    return NULL;
}

static void no_key_has_two_workers(void **state)
{
    (void)state;
    struct shared shared = {.queue = rx_workqueue_new("threads", 100, NULL, NULL)};
    pthread_t threads[4];
    assert_non_null(shared.queue);
    for (size_t i = 0; i < RX_ARRAY_LEN(threads); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, worker, &shared), 0);
    }
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < KEYS; i++) {
            char key[2] = {(char)('a' + i), '\0'};
            assert_int_equal(rx_workqueue_add(shared.queue, rx_str_of(key), i % 2), 0);
        }
    }
    while (rx_workqueue_depth(shared.queue) > 0) {
        sched_yield();
    }
    rx_workqueue_shutdown(shared.queue);
    for (size_t i = 0; i < RX_ARRAY_LEN(threads); i++) {
        pthread_join(threads[i], NULL);
    }
    assert_true(shared.worked >= KEYS && shared.worked <= KEYS * ROUNDS);
    rx_workqueue_free(shared.queue);
}

static int use(void *arg)
{
    (void)arg;
    struct rx_workqueue *queue = rx_workqueue_new("torture", 10, NULL, NULL);
    if (!queue) {
        return -12;
    }
    int rc = rx_workqueue_add(queue, RX_STR("a"), false);
    rc = rc < 0 ? rc : rx_workqueue_add_after(queue, RX_STR("b"), 1000);
    rx_workqueue_free(queue);
    return rc;
}

static void no_memory_is_an_error(void **state)
{
    (void)state;
    assert_true(rx_torture_alloc(use, NULL) >= 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keys_leave_once_and_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(edits_overtake_the_initial_list, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_added_during_its_work_is_done_after, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(delays_keep_their_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(back_off_doubles_and_is_forgotten, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_kick_ends_back_offs_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_edit_cuts_a_delay_short, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_number_of_keys_is_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(shutdown_ends_taking, set_up, tear_down),
        cmocka_unit_test(no_key_has_two_workers),
        cmocka_unit_test(no_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
