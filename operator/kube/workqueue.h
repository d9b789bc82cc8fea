// SPDX-License-Identifier: Apache-2.0
/*
 * Keys that wait for a worker. A key is in the queue once, is never worked on by two threads, and
 * an addition during its work is remembered and done after. Two priorities, delays, and an
 * exponential back-off for each key (5 ms x 2^n, at most 300 s). Thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/metrics.h"
#include "common/base/str.h"

struct rx_workqueue;

#define RX_BACKOFF_BASE_MS 5
#define RX_BACKOFF_MAX_MS  (300 * RX_MS_PER_S)

/* metrics may be NULL. max_keys bounds the queue. NULL when out of memory. */
struct rx_workqueue *rx_workqueue_new(const char *name, size_t max_keys,
                                      const struct rx_clock *clock, struct rx_metrics *metrics)
    RX_MUST_CHECK;
void rx_workqueue_free(struct rx_workqueue *queue);

/* low: from an initial list; overtaken by others. 0, -ENOMEM, RX_ELIMIT, or RX_ECLOSED. */
int rx_workqueue_add(struct rx_workqueue *queue, struct rx_str key, bool low);
/* Not before delay_ms from now; the earlier of two delays wins. */
int rx_workqueue_add_after(struct rx_workqueue *queue, struct rx_str key, int64_t delay_ms);
/* By the key's own back-off, at most at_most_ms, at least at_least_ms (a Retry-After). */
int rx_workqueue_retry(struct rx_workqueue *queue, struct rx_str key, int64_t at_least_ms,
                       int64_t at_most_ms);
/* The key went well: its back-off starts over. */
void rx_workqueue_forget(struct rx_workqueue *queue, struct rx_str key);
/* Everything that waits by back-off becomes due now: the server is back. */
void rx_workqueue_kick(struct rx_workqueue *queue);

/*
 * Blocks for the next key and copies it to out (cap bytes with the NUL). False when the queue is
 * shut down. Every key taken must be given back by rx_workqueue_done.
 */
bool rx_workqueue_take(struct rx_workqueue *queue, char *out, size_t cap);
void rx_workqueue_done(struct rx_workqueue *queue, struct rx_str key);
/* Nothing is taken any more; takers return false. */
void rx_workqueue_shutdown(struct rx_workqueue *queue);
/* Keys due, delayed and being worked on. */
size_t rx_workqueue_depth(struct rx_workqueue *queue);

RX_DEFINE_CLEANUP(workqueue, struct rx_workqueue *, rx_workqueue_free);
