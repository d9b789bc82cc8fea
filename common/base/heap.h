// SPDX-License-Identifier: Apache-2.0
/* Intrusive binary min-heap by a 64-bit key; ties leave in the order of insertion. Not thread-safe.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/base/cleanup.h"

struct rx_heap_node {
    int64_t key;    /* smallest first */
    uint64_t order; /* set by the heap */
    size_t index;   /* position + 1; 0 = not in a heap */
};

struct rx_heap {
    struct rx_heap_node **nodes; /* array owned, nodes borrowed */
    size_t n, cap;
    uint64_t next_order;
};

void rx_heap_fini(struct rx_heap *heap);
/* 0 or -ENOMEM. The node must not be in a heap. */
int rx_heap_push(struct rx_heap *heap, struct rx_heap_node *node, int64_t key) RX_MUST_CHECK;
struct rx_heap_node *rx_heap_peek(const struct rx_heap *heap);
struct rx_heap_node *rx_heap_pop(struct rx_heap *heap);
/* No-op when the node is in no heap. */
void rx_heap_remove(struct rx_heap *heap, struct rx_heap_node *node);
