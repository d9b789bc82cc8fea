// SPDX-License-Identifier: Apache-2.0
/*
 * Event loop over epoll, eventfd and signalfd. A loop and all it holds belong to the
 * thread that runs it; only rx_loop_post and rx_loop_stop may be called from others.
 */
#pragma once

#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/heap.h"

struct rx_loop;
struct rx_io;

#define RX_IO_READ  1u
#define RX_IO_WRITE 2u
#define RX_IO_ERROR 4u /* reported always, never asked for */

typedef void rx_io_fn(struct rx_loop *loop, int fd, unsigned events, void *arg);
typedef void rx_timer_fn(struct rx_loop *loop, void *arg);
typedef void rx_post_fn(struct rx_loop *loop, void *arg);
typedef void rx_signal_fn(struct rx_loop *loop, int signo, void *arg);

/* clock: borrowed, outlives the loop; NULL = the system's. */
int rx_loop_new(const struct rx_clock *clock, struct rx_loop **ret, struct rx_error *err)
    RX_MUST_CHECK;
/* Outside its callbacks. Frees the rx_io left (not their descriptors); disarms the timers that are
 * armed, which must still be alive; forgets posts that did not run. */
void rx_loop_free(struct rx_loop *loop);
/* Runs until rx_loop_stop; 0, or negative when epoll itself fails. */
int rx_loop_run(struct rx_loop *loop, struct rx_error *err) RX_MUST_CHECK;
/* Waits at most timeout_ms (-1 = for ever) and handles what is ready once. For tests and nested
 * pumping. */
int rx_loop_step(struct rx_loop *loop, int timeout_ms, struct rx_error *err) RX_MUST_CHECK;
void rx_loop_stop(struct rx_loop *loop); /* any thread */
const struct rx_clock *rx_loop_clock(const struct rx_loop *loop);
int64_t rx_loop_now_ms(const struct rx_loop *loop); /* monotonic */

/* Watches fd (not owned) for RX_IO_*; level-triggered. */
int rx_io_new(struct rx_loop *loop, int fd, unsigned events, rx_io_fn *fn, void *arg,
              struct rx_io **ret, struct rx_error *err) RX_MUST_CHECK;
int rx_io_set(struct rx_io *io, unsigned events) RX_MUST_CHECK;
/* Safe inside its own callback and before its fd is closed. NULL is fine. */
void rx_io_free(struct rx_io *io);

/* Embedded one-shot timer; zero-initialised = not armed. */
struct rx_timer {
    struct rx_heap_node node; /* key: deadline, monotonic ms */
    rx_timer_fn *fn;
    void *arg;
};
/* (Re)arms for `delay_ms` from now; 0 or -ENOMEM. */
int rx_timer_start(struct rx_loop *loop, struct rx_timer *timer, int64_t delay_ms, rx_timer_fn *fn,
                   void *arg) RX_MUST_CHECK;
void rx_timer_stop(struct rx_loop *loop, struct rx_timer *timer);

/* Calls fn(loop, arg) on the loop's thread. Any thread; bounded queue of 4,096: -EAGAIN when full.
 */
int rx_loop_post(struct rx_loop *loop, rx_post_fn *fn, void *arg) RX_MUST_CHECK;

/* Blocks signo in the calling thread (call before threads are made) and delivers it here. */
int rx_loop_on_signal(struct rx_loop *loop, int signo, rx_signal_fn *fn, void *arg,
                      struct rx_error *err) RX_MUST_CHECK;

RX_DEFINE_CLEANUP(loop, struct rx_loop *, rx_loop_free);
