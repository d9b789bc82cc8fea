// SPDX-License-Identifier: Apache-2.0
#include "common/base/loop.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>

#include "common/base/queue.h"

#define MAX_EVENTS  64
#define MAX_POSTS   4096u
#define MAX_SIGNALS 64

struct rx_io {
    struct rx_loop *loop; /* borrowed; NULL once freed inside a batch */
    struct rx_io *next;   /* in loop->ios or loop->dead */
    struct rx_io **prev;
    int fd; /* borrowed */
    unsigned events;
    rx_io_fn *fn;
    void *arg;
};

struct signal_handler {
    rx_signal_fn *fn;
    void *arg;
};

struct rx_loop {
    /* Any thread. */
    struct rx_queue *posts; /* owned */
    int wake_fd;
    atomic_bool stop;

    /* The loop's thread. */
    const struct rx_clock *clock; /* borrowed */
    int epoll_fd, signal_fd;
    struct rx_heap timers;
    struct rx_io *ios;  /* owned */
    struct rx_io *dead; /* owned: freed by callbacks of the batch that is being handled */
    unsigned depth;     /* nested rx_loop_step calls that hold pointers to ios */
    sigset_t signals;
    struct signal_handler handlers[MAX_SIGNALS + 1];
};

static void wake(struct rx_loop *loop)
{
    const uint64_t one = 1;
    while (write(loop->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR) {
    }
}

static void run_posts(struct rx_loop *loop, int fd, unsigned events, void *arg)
{
    (void)events;
    (void)arg;
    uint64_t count;
    ssize_t ignored = read(fd, &count, sizeof(count)); /* only resets the counter */
    (void)ignored;
    /* What is posted meanwhile waits for the next round, so that posts cannot starve the rest. */
    size_t n = rx_queue_size(loop->posts);
    struct rx_queue_item item;
    while (n-- > 0 && rx_queue_pop(loop->posts, &item)) {
        ((rx_post_fn *)item.fn)(loop, item.arg);
    }
    if (rx_queue_size(loop->posts) > 0) {
        wake(loop);
    }
}

int rx_loop_new(const struct rx_clock *clock, struct rx_loop **ret, struct rx_error *err)
{
    rx_auto(loop) struct rx_loop *loop = calloc(1, sizeof(*loop));
    if (!loop) {
        return rx_error_errno(err, ENOMEM, "event loop");
    }
    loop->clock = clock ? clock : rx_clock_system();
    loop->wake_fd = loop->epoll_fd = loop->signal_fd = -1;
    sigemptyset(&loop->signals);
    loop->posts = rx_queue_new(MAX_POSTS);
    if (!loop->posts) {
        return rx_error_errno(err, ENOMEM, "event loop");
    }
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (loop->epoll_fd < 0 || loop->wake_fd < 0) {
        return rx_error_errno(err, errno, "event loop");
    }
    struct rx_io *io;
    int r = rx_io_new(loop, loop->wake_fd, RX_IO_READ, run_posts, NULL, &io, err);
    if (r < 0) {
        return r;
    }
    *ret = RX_TAKE(loop);
    return 0;
}

static void free_list(struct rx_io **list)
{
    while (*list) {
        struct rx_io *next = (*list)->next;
        free(*list);
        *list = next;
    }
}

void rx_loop_free(struct rx_loop *loop)
{
    if (!loop) {
        return;
    }
    assert(loop->depth == 0);
    free_list(&loop->ios);
    free_list(&loop->dead);
    rx_heap_fini(&loop->timers);
    rx_queue_free(loop->posts);
    rx_cleanup_close(&loop->wake_fd);
    rx_cleanup_close(&loop->signal_fd);
    rx_cleanup_close(&loop->epoll_fd);
    free(loop);
}

const struct rx_clock *rx_loop_clock(const struct rx_loop *loop)
{
    return loop->clock;
}

int64_t rx_loop_now_ms(const struct rx_loop *loop)
{
    return rx_clock_monotonic_ms(loop->clock);
}

static uint32_t to_epoll(unsigned events)
{
    return (events & RX_IO_READ ? (uint32_t)EPOLLIN : 0u) |
           (events & RX_IO_WRITE ? (uint32_t)EPOLLOUT : 0u);
}

int rx_io_new(struct rx_loop *loop, int fd, unsigned events, rx_io_fn *fn, void *arg,
              struct rx_io **ret, struct rx_error *err)
{
    struct rx_io *io = calloc(1, sizeof(*io));
    if (!io) {
        return rx_error_errno(err, ENOMEM, "watch descriptor");
    }
    *io = (struct rx_io){.loop = loop, .fd = fd, .events = events, .fn = fn, .arg = arg};
    struct epoll_event event = {.events = to_epoll(events), .data.ptr = io};
    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
        int r = rx_error_errno(err, errno, "watch descriptor %d", fd);
        free(io);
        return r;
    }
    io->next = loop->ios;
    io->prev = &loop->ios;
    if (io->next) {
        io->next->prev = &io->next;
    }
    loop->ios = io;
    *ret = io;
    return 0;
}

int rx_io_set(struct rx_io *io, unsigned events)
{
    if (io->events == events) {
        return 0;
    }
    struct epoll_event event = {.events = to_epoll(events), .data.ptr = io};
    if (epoll_ctl(io->loop->epoll_fd, EPOLL_CTL_MOD, io->fd, &event) < 0) {
        return -errno;
    }
    io->events = events;
    return 0;
}

void rx_io_free(struct rx_io *io)
{
    if (!io) {
        return;
    }
    struct rx_loop *loop = io->loop;
    /* Fails only when the descriptor was closed too early, which the header forbids. */
    (void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, io->fd, NULL);
    *io->prev = io->next;
    if (io->next) {
        io->next->prev = io->prev;
    }
    if (loop->depth == 0) {
        free(io);
        return;
    }
    /* The batch in hand may still name it. */
    io->loop = NULL;
    io->next = loop->dead;
    loop->dead = io;
}

int rx_timer_start(struct rx_loop *loop, struct rx_timer *timer, int64_t delay_ms, rx_timer_fn *fn,
                   void *arg)
{
    rx_heap_remove(&loop->timers, &timer->node);
    timer->fn = fn;
    timer->arg = arg;
    int64_t deadline;
    if (__builtin_add_overflow(rx_loop_now_ms(loop), delay_ms > 0 ? delay_ms : 0, &deadline)) {
        deadline = INT64_MAX;
    }
    return rx_heap_push(&loop->timers, &timer->node, deadline);
}

void rx_timer_stop(struct rx_loop *loop, struct rx_timer *timer)
{
    rx_heap_remove(&loop->timers, &timer->node);
}

static void run_timers(struct rx_loop *loop)
{
    int64_t now = rx_loop_now_ms(loop);
    /* Timers that callbacks arm with no delay run in the next round. */
    uint64_t limit = loop->timers.next_order;
    for (;;) {
        struct rx_heap_node *node = rx_heap_peek(&loop->timers);
        if (!node || node->key > now || node->order >= limit) {
            return;
        }
        struct rx_timer *timer = (struct rx_timer *)node; /* its first member */
        rx_heap_remove(&loop->timers, node);
        timer->fn(loop, timer->arg);
    }
}

static int wait_ms(const struct rx_loop *loop, int timeout_ms)
{
    const struct rx_heap_node *node = rx_heap_peek(&loop->timers);
    if (!node) {
        return timeout_ms;
    }
    int64_t left = node->key - rx_loop_now_ms(loop);
    left = left < 0 ? 0 : left > INT_MAX ? INT_MAX : left;
    return timeout_ms >= 0 && timeout_ms < left ? timeout_ms : (int)left;
}

static void dispatch(struct rx_loop *loop, const struct epoll_event *event)
{
    struct rx_io *io = event->data.ptr;
    if (!io->loop) {
        return;
    }
    unsigned events = 0;
    if (event->events & (EPOLLIN | EPOLLHUP | EPOLLRDHUP)) {
        events |= RX_IO_READ;
    }
    if (event->events & EPOLLOUT) {
        events |= RX_IO_WRITE;
    }
    if (event->events & (EPOLLERR | EPOLLHUP)) {
        events |= RX_IO_ERROR;
    }
    /* A callback may have narrowed what it waits for since the batch was read. */
    events &= io->events | RX_IO_ERROR;
    if (events) {
        io->fn(loop, io->fd, events, io->arg);
    }
}

int rx_loop_step(struct rx_loop *loop, int timeout_ms, struct rx_error *err)
{
    struct epoll_event events[MAX_EVENTS];
    int n = epoll_wait(loop->epoll_fd, events, MAX_EVENTS, wait_ms(loop, timeout_ms));
    if (n < 0 && errno != EINTR) {
        return rx_error_errno(err, errno, "wait for events");
    }
    loop->depth++;
    for (int i = 0; i < n; i++) {
        dispatch(loop, &events[i]);
    }
    run_timers(loop);
    if (--loop->depth == 0) {
        free_list(&loop->dead);
    }
    return 0;
}

int rx_loop_run(struct rx_loop *loop, struct rx_error *err)
{
    /* Cleared on the way out, so that a stop before the start is not lost. */
    while (!atomic_exchange(&loop->stop, false)) {
        int r = rx_loop_step(loop, -1, err);
        if (r < 0) {
            return r;
        }
    }
    return 0;
}

void rx_loop_stop(struct rx_loop *loop)
{
    atomic_store(&loop->stop, true);
    wake(loop);
}

int rx_loop_post(struct rx_loop *loop, rx_post_fn *fn, void *arg)
{
    int r = rx_queue_push(loop->posts, (struct rx_queue_item){(void (*)(void))fn, arg});
    if (r > 0) {
        wake(loop);
    }
    return r < 0 ? r : 0;
}

static void read_signals(struct rx_loop *loop, int fd, unsigned events, void *arg)
{
    (void)events;
    (void)arg;
    struct signalfd_siginfo info;
    while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo <= MAX_SIGNALS && loop->handlers[info.ssi_signo].fn) {
            const struct signal_handler *handler = &loop->handlers[info.ssi_signo];
            handler->fn(loop, (int)info.ssi_signo, handler->arg);
        }
    }
}

int rx_loop_on_signal(struct rx_loop *loop, int signo, rx_signal_fn *fn, void *arg,
                      struct rx_error *err)
{
    assert(signo > 0 && signo <= MAX_SIGNALS);
    sigset_t wanted = loop->signals;
    sigaddset(&wanted, signo);
    int r = pthread_sigmask(SIG_BLOCK, &wanted, NULL);
    if (r != 0) {
        return rx_error_errno(err, r, "block signal %d", signo);
    }
    int fd = signalfd(loop->signal_fd, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0) {
        return rx_error_errno(err, errno, "signal descriptor");
    }
    if (loop->signal_fd < 0) {
        struct rx_io *io;
        r = rx_io_new(loop, fd, RX_IO_READ, read_signals, NULL, &io, err);
        if (r < 0) {
            close(fd);
            return r;
        }
        loop->signal_fd = fd;
    }
    loop->signals = wanted;
    loop->handlers[signo] = (struct signal_handler){fn, arg};
    return 0;
}
