// SPDX-License-Identifier: Apache-2.0
#include "common/base/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

#include "tests/support/test.h"
#include "tests/support/torture.h"

struct fixture {
    struct rx_clock_manual clock;
    struct rx_loop *loop;
    struct rx_error err;
    int pair[2];
    int calls;
    unsigned events;
    char trace[64];
};

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){0};
    rx_clock_manual_init(&f.clock, 0);
    if (rx_loop_new(&f.clock.clock, &f.loop, &f.err) < 0 ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, f.pair) < 0) {
        return -1;
    }
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    rx_torture_disarm();
    rx_loop_free(f->loop);
    rx_cleanup_close(&f->pair[0]);
    rx_cleanup_close(&f->pair[1]);
    return 0;
}

static void step(struct fixture *f)
{
    assert_ok(rx_loop_step(f->loop, 0, &f->err), &f->err);
}

static void on_io(struct rx_loop *loop, int fd, unsigned events, void *arg)
{
    struct fixture *f = arg;
    assert_ptr_equal(loop, f->loop);
    assert_int_equal(fd, f->pair[0]);
    f->calls++;
    f->events = events;
}

static void test_io(void **state)
{
    struct fixture *f = *state;
    struct rx_io *io;
    assert_ok(rx_io_new(f->loop, f->pair[0], RX_IO_READ, on_io, f, &io, &f->err), &f->err);
    step(f);
    assert_int_equal(f->calls, 0);
    assert_int_equal(write(f->pair[1], "x", 1), 1);
    step(f);
    step(f); /* level-triggered: still unread */
    assert_int_equal(f->calls, 2);
    assert_int_equal(f->events, RX_IO_READ);
    assert_int_equal(rx_io_set(io, RX_IO_WRITE), 0);
    step(f);
    assert_int_equal(f->events, RX_IO_WRITE);
    assert_int_equal(rx_io_set(io, 0), 0);
    step(f);
    assert_int_equal(f->calls, 3);
    /* A hang-up is told even to those who wait for nothing. */
    rx_cleanup_close(&f->pair[1]);
    f->pair[1] = -1;
    step(f);
    assert_int_equal(f->calls, 4);
    assert_true(f->events & RX_IO_ERROR);
    rx_io_free(io);
    step(f);
    assert_int_equal(f->calls, 4);
    rx_io_free(NULL);
    assert_int_equal(rx_io_new(f->loop, 9999, RX_IO_READ, on_io, f, &io, &f->err), -EBADF);
}

struct pair_watch {
    struct rx_io *self, *other;
    int calls;
};

static void free_both(struct rx_loop *loop, int fd, unsigned events, void *arg)
{
    (void)loop;
    (void)fd;
    (void)events;
    struct pair_watch *watch = arg;
    watch->calls++;
    rx_io_free(watch->self);
    rx_io_free(watch->other);
}

static void test_free_inside_a_batch(void **state)
{
    struct fixture *f = *state;
    struct pair_watch a = {0};
    struct pair_watch b = {0};
    assert_ok(rx_io_new(f->loop, f->pair[0], RX_IO_WRITE, free_both, &a, &a.self, &f->err),
              &f->err);
    assert_ok(rx_io_new(f->loop, f->pair[1], RX_IO_WRITE, free_both, &b, &b.self, &f->err),
              &f->err);
    a.other = b.self;
    b.other = a.self;
    step(f);
    step(f);
    assert_int_equal(a.calls + b.calls, 1);
}

struct named_timer {
    struct rx_timer timer;
    struct fixture *f;
    char name;
    int64_t again; /* re-arms itself with this delay when >= 0 */
};

static void on_timer(struct rx_loop *loop, void *arg)
{
    struct named_timer *timer = arg;
    size_t n = strlen(timer->f->trace);
    timer->f->trace[n] = timer->name;
    timer->f->trace[n + 1] = '\0';
    if (timer->again >= 0) {
        assert_int_equal(rx_timer_start(loop, &timer->timer, timer->again, on_timer, timer), 0);
    }
}

static void start(struct named_timer *timer, int64_t delay_ms)
{
    assert_int_equal(rx_timer_start(timer->f->loop, &timer->timer, delay_ms, on_timer, timer), 0);
}

static void test_timers(void **state)
{
    struct fixture *f = *state;
    struct named_timer a = {.f = f, .name = 'a', .again = -1};
    struct named_timer b = {.f = f, .name = 'b', .again = -1};
    struct named_timer c = {.f = f, .name = 'c', .again = -1};
    start(&a, 30);
    start(&b, 10);
    start(&c, 10);
    step(f);
    assert_string_equal(f->trace, "");
    rx_clock_manual_advance(&f->clock, 10 * 1000000);
    assert_int_equal(rx_loop_now_ms(f->loop), 10);
    step(f);
    assert_string_equal(f->trace, "bc");
    rx_clock_manual_advance(&f->clock, 19 * 1000000);
    step(f);
    assert_string_equal(f->trace, "bc");
    start(&a, 5); /* moves it from 30 to 34 */
    rx_clock_manual_advance(&f->clock, 4 * 1000000);
    step(f);
    assert_string_equal(f->trace, "bc");
    rx_clock_manual_advance(&f->clock, 1 * 1000000);
    step(f);
    assert_string_equal(f->trace, "bca");
    start(&b, 0);
    rx_timer_stop(f->loop, &b.timer);
    rx_timer_stop(f->loop, &b.timer);
    step(f);
    assert_string_equal(f->trace, "bca");
    start(&c, INT64_MAX); /* too far to be added: never */
    step(f);
    assert_string_equal(f->trace, "bca");
    rx_timer_stop(f->loop, &c.timer);
}

static void test_timer_that_rearms_runs_once_a_round(void **state)
{
    struct fixture *f = *state;
    struct named_timer a = {.f = f, .name = 'a', .again = 0};
    start(&a, -5);
    step(f);
    assert_string_equal(f->trace, "a");
    step(f);
    assert_string_equal(f->trace, "aa");
    rx_timer_stop(f->loop, &a.timer);
}

static void on_post(struct rx_loop *loop, void *arg)
{
    struct fixture *f = arg;
    if (++f->calls == 3) {
        rx_loop_stop(loop);
    }
}

static void test_post_and_stop(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(rx_loop_post(f->loop, on_post, f), 0);
    }
    assert_ok(rx_loop_run(f->loop, &f->err), &f->err);
    assert_int_equal(f->calls, 3);
    /* A stop before the start counts. */
    rx_loop_stop(f->loop);
    assert_ok(rx_loop_run(f->loop, &f->err), &f->err);
}

static void test_post_is_bounded(void **state)
{
    struct fixture *f = *state;
    int n = 0;
    while (rx_loop_post(f->loop, on_post, f) == 0) {
        n++;
    }
    assert_int_equal(n, 4096);
    assert_int_equal(rx_loop_post(f->loop, on_post, f), -EAGAIN);
    step(f);
    assert_int_equal(f->calls, 4096);
    assert_int_equal(rx_loop_post(f->loop, on_post, f), 0);
}

static void post_again(struct rx_loop *loop, void *arg)
{
    struct fixture *f = arg;
    f->calls++;
    assert_int_equal(rx_loop_post(loop, post_again, f), 0);
}

static void test_posts_do_not_starve_the_rest(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(rx_loop_post(f->loop, post_again, f), 0);
    for (int i = 1; i <= 5; i++) {
        step(f);
        assert_int_equal(f->calls, i);
    }
}

#define POSTERS 3
#define POSTS   2000

struct counter {
    int runs; /* the loop's thread only */
    struct rx_loop *loop;
};

static void count_post(struct rx_loop *loop, void *arg)
{
    struct counter *counter = arg;
    if (++counter->runs == POSTERS * POSTS) {
        rx_loop_stop(loop);
    }
}

static void *post_many(void *arg)
{
    struct counter *counter = arg;
    for (int i = 0; i < POSTS;) {
        i += rx_loop_post(counter->loop, count_post, counter) == 0;
    }
    return NULL;
}

static void test_posts_from_threads(void **state)
{
    struct fixture *f = *state;
    struct counter counter = {.loop = f->loop};
    pthread_t threads[POSTERS];
    for (int i = 0; i < POSTERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, post_many, &counter), 0);
    }
    assert_ok(rx_loop_run(f->loop, &f->err), &f->err);
    for (int i = 0; i < POSTERS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(counter.runs, POSTERS * POSTS);
}

static void on_signal(struct rx_loop *loop, int signo, void *arg)
{
    (void)loop;
    struct fixture *f = arg;
    f->calls += signo == SIGUSR1 ? 1 : 100;
}

static void test_signals(void **state)
{
    struct fixture *f = *state;
    assert_ok(rx_loop_on_signal(f->loop, SIGUSR1, on_signal, f, &f->err), &f->err);
    assert_ok(rx_loop_on_signal(f->loop, SIGUSR2, on_signal, f, &f->err), &f->err);
    assert_int_equal(raise(SIGUSR1), 0);
    assert_int_equal(raise(SIGUSR2), 0);
    step(f);
    assert_int_equal(f->calls, 101);
}

static void stop_on_timer(struct rx_loop *loop, void *arg)
{
    (void)arg;
    rx_loop_stop(loop);
}

static void test_system_clock(void **state)
{
    struct fixture *f = *state;
    rx_auto(loop) struct rx_loop *loop = NULL;
    assert_ok(rx_loop_new(NULL, &loop, &f->err), &f->err);
    assert_ptr_equal(rx_loop_clock(loop), rx_clock_system());
    struct rx_timer timer = {0};
    int64_t before = rx_loop_now_ms(loop);
    assert_int_equal(rx_timer_start(loop, &timer, 20, stop_on_timer, NULL), 0);
    assert_ok(rx_loop_run(loop, &f->err), &f->err);
    assert_true(rx_loop_now_ms(loop) - before >= 20);
}

static int use(void *arg)
{
    struct fixture *f = arg;
    rx_auto(loop) struct rx_loop *loop = NULL;
    struct rx_error err = {0};
    int r = rx_loop_new(NULL, &loop, &err);
    if (r < 0) {
        assert_int_equal(err.code, r);
        return r;
    }
    struct rx_io *io;
    r = rx_io_new(loop, f->pair[0], RX_IO_READ, on_io, f, &io, &err);
    struct rx_timer timer = {0};
    r = r < 0 ? r : rx_timer_start(loop, &timer, 0, stop_on_timer, NULL);
    r = r < 0 ? r : rx_loop_on_signal(loop, SIGUSR1, on_signal, f, &err);
    return r < 0 ? r : rx_loop_step(loop, 0, &err);
}

static void test_out_of_memory(void **state)
{
    assert_true(rx_torture_alloc(use, *state) >= 5);
}

int main(void)
{
#define LOOP_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        LOOP_TEST(test_io),
        LOOP_TEST(test_free_inside_a_batch),
        LOOP_TEST(test_timers),
        LOOP_TEST(test_timer_that_rearms_runs_once_a_round),
        LOOP_TEST(test_post_and_stop),
        LOOP_TEST(test_post_is_bounded),
        LOOP_TEST(test_posts_do_not_starve_the_rest),
        LOOP_TEST(test_posts_from_threads),
        LOOP_TEST(test_signals),
        LOOP_TEST(test_system_clock),
        LOOP_TEST(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
