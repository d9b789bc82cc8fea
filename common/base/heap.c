// SPDX-License-Identifier: Apache-2.0
#include "common/base/heap.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>

void rx_heap_fini(struct rx_heap *heap)
{
    for (size_t i = 0; i < heap->n; i++) {
        heap->nodes[i]->index = 0;
    }
    free(heap->nodes);
    *heap = (struct rx_heap){0};
}

static bool before(const struct rx_heap_node *a, const struct rx_heap_node *b)
{
    return a->key != b->key ? a->key < b->key : a->order < b->order;
}

static void place(struct rx_heap *heap, size_t at, struct rx_heap_node *node)
{
    heap->nodes[at] = node;
    node->index = at + 1;
}

static void sift_up(struct rx_heap *heap, size_t at)
{
    struct rx_heap_node *node = heap->nodes[at];
    while (at > 0 && before(node, heap->nodes[(at - 1) / 2])) {
        place(heap, at, heap->nodes[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    place(heap, at, node);
}

static void sift_down(struct rx_heap *heap, size_t at)
{
    struct rx_heap_node *node = heap->nodes[at];
    for (size_t child = 2 * at + 1; child < heap->n; child = 2 * at + 1) {
        if (child + 1 < heap->n && before(heap->nodes[child + 1], heap->nodes[child])) {
            child++;
        }
        if (!before(heap->nodes[child], node)) {
            break;
        }
        place(heap, at, heap->nodes[child]);
        at = child;
    }
    place(heap, at, node);
}

int rx_heap_push(struct rx_heap *heap, struct rx_heap_node *node, int64_t key)
{
    assert(node->index == 0);
    if (heap->n == heap->cap) {
        size_t cap = heap->cap ? heap->cap * 2 : 16;
        struct rx_heap_node **grown = realloc(heap->nodes, cap * sizeof(*grown));
        if (!grown) {
            return -ENOMEM;
        }
        heap->nodes = grown;
        heap->cap = cap;
    }
    node->key = key;
    node->order = heap->next_order++;
    heap->nodes[heap->n] = node;
    sift_up(heap, heap->n++);
    return 0;
}

struct rx_heap_node *rx_heap_peek(const struct rx_heap *heap)
{
    return heap->n ? heap->nodes[0] : NULL;
}

struct rx_heap_node *rx_heap_pop(struct rx_heap *heap)
{
    struct rx_heap_node *node = rx_heap_peek(heap);
    if (node) {
        rx_heap_remove(heap, node);
    }
    return node;
}

void rx_heap_remove(struct rx_heap *heap, struct rx_heap_node *node)
{
    if (node->index == 0) {
        return;
    }
    size_t at = node->index - 1;
    assert(at < heap->n && heap->nodes[at] == node);
    node->index = 0;
    struct rx_heap_node *last = heap->nodes[--heap->n];
    if (last == node) {
        return;
    }
    place(heap, at, last);
    sift_up(heap, at);
    sift_down(heap, last->index - 1);
}
