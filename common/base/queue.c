// SPDX-License-Identifier: Apache-2.0
#include "common/base/queue.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>

struct rx_queue {
    pthread_mutex_t lock; /* guards the rest; held for a few instructions */
    size_t cap, head, n;
    struct rx_queue_item items[];
};

struct rx_queue *rx_queue_new(size_t capacity)
{
    assert(capacity > 0);
    struct rx_queue *queue = calloc(1, sizeof(*queue) + capacity * sizeof(queue->items[0]));
    if (!queue) {
        return NULL;
    }
    queue->cap = capacity;
    if (pthread_mutex_init(&queue->lock, NULL) != 0) {
        free(queue);
        return NULL;
    }
    return queue;
}

void rx_queue_free(struct rx_queue *queue)
{
    if (queue) {
        (void)pthread_mutex_destroy(&queue->lock); /* nobody holds it any more */
        free(queue);
    }
}

int rx_queue_push(struct rx_queue *queue, struct rx_queue_item item)
{
    int r = -EAGAIN;
    pthread_mutex_lock(&queue->lock);
    if (queue->n < queue->cap) {
        queue->items[(queue->head + queue->n) % queue->cap] = item;
        r = queue->n++ == 0;
    }
    pthread_mutex_unlock(&queue->lock);
    return r;
}

bool rx_queue_pop(struct rx_queue *queue, struct rx_queue_item *ret)
{
    pthread_mutex_lock(&queue->lock);
    bool some = queue->n > 0;
    if (some) {
        *ret = queue->items[queue->head];
        queue->head = (queue->head + 1) % queue->cap;
        queue->n--;
    }
    pthread_mutex_unlock(&queue->lock);
    return some;
}

size_t rx_queue_size(struct rx_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    size_t n = queue->n;
    pthread_mutex_unlock(&queue->lock);
    return n;
}
