// SPDX-License-Identifier: Apache-2.0
/*
 * One item a key, in a map from its first addition until it is idle and forgotten. An item is in
 * one of the two FIFO lists (due), in the heap (delayed), being worked on, or only remembered for
 * its count of failures.
 */
#include "operator/kube/workqueue.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/error.h"
#include "common/base/heap.h"
#include "common/base/map.h"

struct item {
    struct rx_heap_node node; /* first: the heap hands back nodes; key = due, monotonic ms */
    struct item *prev, *next; /* in a FIFO */
    int64_t added_ms;
    unsigned failures;
    bool due, low, processing;
    bool dirty, dirty_low; /* added again during its work */
    bool by_backoff;       /* delayed by rx_workqueue_retry */
    char key[];
};

struct fifo {
    struct item *first, *last;
};

struct rx_workqueue {
    pthread_mutex_t lock;
    pthread_cond_t ready;
    const struct rx_clock *clock;
    size_t max_keys;
    /* protected by the lock */
    struct rx_map *items; /* owned */
    struct rx_heap delayed;
    struct fifo high, low;
    size_t n_due, n_processing;
    bool shut;
    /* metrics; may be NULL */
    struct rx_metric *depth, *adds, *retries, *wait_s;
};

static void make_metrics(struct rx_workqueue *queue, const char *name, struct rx_metrics *metrics)
{
    static const struct rx_metric_desc depth = {.name = "workqueue_depth",
                                                .help = "Keys waiting for a worker.",
                                                .type = RX_GAUGE,
                                                .labels = {"name"}};
    static const struct rx_metric_desc adds = {.name = "workqueue_adds_total",
                                               .help = "Keys that became due.",
                                               .type = RX_COUNTER,
                                               .labels = {"name"}};
    static const struct rx_metric_desc retries = {.name = "workqueue_retries_total",
                                                  .help = "Keys put back by back-off.",
                                                  .type = RX_COUNTER,
                                                  .labels = {"name"}};
    static const struct rx_metric_desc wait = {.name = "workqueue_queue_duration_seconds",
                                               .help = "How long a due key waited for a worker.",
                                               .type = RX_HISTOGRAM,
                                               .labels = {"name"}};
    if (metrics) {
        const char *const labels[] = {name};
        queue->depth = rx_metric(rx_family(metrics, &depth), labels);
        queue->adds = rx_metric(rx_family(metrics, &adds), labels);
        queue->retries = rx_metric(rx_family(metrics, &retries), labels);
        queue->wait_s = rx_metric(rx_family(metrics, &wait), labels);
    }
}

struct rx_workqueue *rx_workqueue_new(const char *name, size_t max_keys,
                                      const struct rx_clock *clock, struct rx_metrics *metrics)
{
    struct rx_workqueue *queue = calloc(1, sizeof(*queue));
    if (!queue) {
        return NULL;
    }
    queue->items = rx_map_new(max_keys, free);
    if (!queue->items) {
        free(queue);
        return NULL;
    }
    queue->clock = clock ? clock : rx_clock_system();
    queue->max_keys = max_keys;
    pthread_mutex_init(&queue->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&queue->ready, &attr);
    pthread_condattr_destroy(&attr);
    make_metrics(queue, name, metrics);
    return queue;
}

void rx_workqueue_free(struct rx_workqueue *queue)
{
    if (!queue) {
        return;
    }
    rx_heap_fini(&queue->delayed);
    rx_map_free(queue->items);
    pthread_cond_destroy(&queue->ready);
    pthread_mutex_destroy(&queue->lock);
    free(queue);
}

static void fifo_push(struct fifo *fifo, struct item *item)
{
    item->next = NULL;
    item->prev = fifo->last;
    if (fifo->last) {
        fifo->last->next = item;
    } else {
        fifo->first = item;
    }
    fifo->last = item;
}

static void fifo_remove(struct fifo *fifo, struct item *item)
{
    *(item->prev ? &item->prev->next : &fifo->first) = item->next;
    *(item->next ? &item->next->prev : &fifo->last) = item->prev;
    item->prev = item->next = NULL;
}

static struct item *item_of(struct rx_workqueue *queue, struct rx_str key, int *ret_error)
{
    struct item *item = rx_map_get(queue->items, key);
    if (item) {
        return item;
    }
    item = calloc(1, sizeof(*item) + key.n + 1);
    if (!item) {
        *ret_error = -ENOMEM;
        return NULL;
    }
    memcpy(item->key, key.p, key.n);
    int rc = rx_map_set(queue->items, key, item);
    if (rc < 0) {
        free(item);
        *ret_error = rc;
        return NULL;
    }
    return item;
}

static void undelay(struct rx_workqueue *queue, struct item *item)
{
    if (item->node.index) {
        rx_heap_remove(&queue->delayed, &item->node);
    }
    item->by_backoff = false;
}

static void make_due(struct rx_workqueue *queue, struct item *item, bool low)
{
    undelay(queue, item);
    if (item->due) {
        if (item->low && !low) {
            fifo_remove(&queue->low, item);
            item->low = false;
            fifo_push(&queue->high, item);
        }
        return;
    }
    item->due = true;
    item->low = low;
    item->added_ms = rx_clock_monotonic_ms(queue->clock);
    fifo_push(low ? &queue->low : &queue->high, item);
    queue->n_due++;
    if (queue->adds) {
        rx_metric_inc(queue->adds);
        rx_metric_set(queue->depth, (double)queue->n_due);
    }
    pthread_cond_signal(&queue->ready);
}

int rx_workqueue_add(struct rx_workqueue *queue, struct rx_str key, bool low)
{
    int rc = 0;
    pthread_mutex_lock(&queue->lock);
    struct item *item = queue->shut ? NULL : item_of(queue, key, &rc);
    if (queue->shut) {
        rc = RX_ECLOSED;
    } else if (item && item->processing) {
        item->dirty_low = item->dirty ? item->dirty_low && low : low;
        item->dirty = true;
    } else if (item) {
        make_due(queue, item, low);
    }
    pthread_mutex_unlock(&queue->lock);
    return rc;
}

static int delay(struct rx_workqueue *queue, struct item *item, int64_t delay_ms, bool by_backoff)
{
    int64_t due = rx_clock_monotonic_ms(queue->clock) + delay_ms;
    if (item->due || item->dirty || (item->node.index && item->node.key <= due)) {
        return 0;
    }
    undelay(queue, item);
    int rc = rx_heap_push(&queue->delayed, &item->node, due);
    if (rc == 0) {
        item->by_backoff = by_backoff;
        pthread_cond_signal(&queue->ready);
    }
    return rc;
}

int rx_workqueue_add_after(struct rx_workqueue *queue, struct rx_str key, int64_t delay_ms)
{
    int rc = 0;
    pthread_mutex_lock(&queue->lock);
    struct item *item = queue->shut ? NULL : item_of(queue, key, &rc);
    if (queue->shut) {
        rc = RX_ECLOSED;
    } else if (item) {
        rc = delay(queue, item, delay_ms, false);
    }
    pthread_mutex_unlock(&queue->lock);
    return rc;
}

int rx_workqueue_retry(struct rx_workqueue *queue, struct rx_str key, int64_t at_least_ms,
                       int64_t at_most_ms)
{
    int rc = 0;
    pthread_mutex_lock(&queue->lock);
    struct item *item = queue->shut ? NULL : item_of(queue, key, &rc);
    if (queue->shut) {
        rc = RX_ECLOSED;
    } else if (item) {
        unsigned doublings = item->failures < 16 ? item->failures : 16;
        item->failures++;
        int64_t wait = (int64_t)RX_BACKOFF_BASE_MS << doublings;
        wait = wait > at_most_ms ? at_most_ms : wait;
        rc = delay(queue, item, wait > at_least_ms ? wait : at_least_ms, true);
        if (queue->retries) {
            rx_metric_inc(queue->retries);
        }
    }
    pthread_mutex_unlock(&queue->lock);
    return rc;
}

/* Drops an item that nothing remembers any more. */
static void drop_idle(struct rx_workqueue *queue, struct item *item)
{
    if (!item->due && !item->processing && !item->node.index && item->failures == 0) {
        rx_map_del(queue->items, rx_str_of(item->key));
    }
}

void rx_workqueue_forget(struct rx_workqueue *queue, struct rx_str key)
{
    pthread_mutex_lock(&queue->lock);
    struct item *item = rx_map_get(queue->items, key);
    if (item) {
        item->failures = 0;
        drop_idle(queue, item);
    }
    pthread_mutex_unlock(&queue->lock);
}

void rx_workqueue_kick(struct rx_workqueue *queue)
{
    pthread_mutex_lock(&queue->lock);
    RX_MAP_FOREACH (iter, queue->items) {
        struct item *item = iter.value;
        if (item->by_backoff && item->node.index && !item->processing) {
            make_due(queue, item, true);
        }
    }
    pthread_cond_broadcast(&queue->ready);
    pthread_mutex_unlock(&queue->lock);
}

/* Moves what has become due; returns how long until the next, -1 when nothing is delayed. */
static int64_t pull_delayed(struct rx_workqueue *queue)
{
    int64_t now = rx_clock_monotonic_ms(queue->clock);
    struct rx_heap_node *node;
    while ((node = rx_heap_peek(&queue->delayed)) != NULL) {
        if (node->key > now) {
            return node->key - now;
        }
        struct item *item = (struct item *)node;
        rx_heap_remove(&queue->delayed, node);
        if (item->processing) {
            item->dirty = true;
            item->dirty_low = false;
        } else {
            make_due(queue, item, false);
        }
    }
    return -1;
}

static void wait_ready(struct rx_workqueue *queue, int64_t ms)
{
    if (ms < 0) {
        pthread_cond_wait(&queue->ready, &queue->lock);
        return;
    }
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t ns = until.tv_nsec + (ms % RX_MS_PER_S) * 1000000;
    until.tv_sec += ms / RX_MS_PER_S + ns / RX_NS_PER_S;
    until.tv_nsec = ns % RX_NS_PER_S;
    pthread_cond_timedwait(&queue->ready, &queue->lock, &until);
}

bool rx_workqueue_take(struct rx_workqueue *queue, char *out, size_t cap)
{
    pthread_mutex_lock(&queue->lock);
    struct item *item = NULL;
    while (!queue->shut) {
        int64_t wait = pull_delayed(queue);
        item = queue->high.first ? queue->high.first : queue->low.first;
        if (item) {
            break;
        }
        wait_ready(queue, wait);
    }
    if (item) {
        fifo_remove(item->low ? &queue->low : &queue->high, item);
        item->due = false;
        item->processing = true;
        queue->n_due--;
        queue->n_processing++;
        size_t n = strlen(item->key);
        n = n < cap ? n : cap - 1;
        memcpy(out, item->key, n);
        out[n] = '\0';
        if (queue->depth) {
            int64_t waited = rx_clock_monotonic_ms(queue->clock) - item->added_ms;
            rx_metric_set(queue->depth, (double)queue->n_due);
            rx_metric_observe(queue->wait_s, (double)waited / RX_MS_PER_S);
        }
    }
    pthread_mutex_unlock(&queue->lock);
    return item != NULL;
}

void rx_workqueue_done(struct rx_workqueue *queue, struct rx_str key)
{
    pthread_mutex_lock(&queue->lock);
    struct item *item = rx_map_get(queue->items, key);
    if (item && item->processing) {
        item->processing = false;
        queue->n_processing--;
        if (item->dirty) {
            item->dirty = false;
            make_due(queue, item, item->dirty_low);
        } else {
            drop_idle(queue, item);
        }
    }
    pthread_mutex_unlock(&queue->lock);
}

void rx_workqueue_shutdown(struct rx_workqueue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->shut = true;
    pthread_cond_broadcast(&queue->ready);
    pthread_mutex_unlock(&queue->lock);
}

size_t rx_workqueue_depth(struct rx_workqueue *queue)
{
    pthread_mutex_lock(&queue->lock);
    size_t n = queue->n_due + queue->n_processing + queue->delayed.n;
    pthread_mutex_unlock(&queue->lock);
    return n;
}
