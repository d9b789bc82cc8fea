// SPDX-License-Identifier: Apache-2.0
/* Bounded first-in-first-out queue of two words an item. Any number of producers and consumers;
 * never blocks. Thread-safe. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/cleanup.h"

struct rx_queue;

struct rx_queue_item {
    void (*fn)(void); /* the user's function type, cast back before the call */
    void *arg;        /* not owned */
};

/* Holds at most `capacity` items (at least 1). NULL on allocation failure. */
struct rx_queue *rx_queue_new(size_t capacity) RX_MUST_CHECK;
/* Items left are forgotten. */
void rx_queue_free(struct rx_queue *queue);
/* 1 when the queue was empty before (wake the consumer), 0 when not, -EAGAIN when it is full. */
int rx_queue_push(struct rx_queue *queue, struct rx_queue_item item) RX_MUST_CHECK;
bool rx_queue_pop(struct rx_queue *queue, struct rx_queue_item *ret);
size_t rx_queue_size(struct rx_queue *queue);

RX_DEFINE_CLEANUP(queue, struct rx_queue *, rx_queue_free);
