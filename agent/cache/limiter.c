// SPDX-License-Identifier: Apache-2.0
#include "agent/cache/limiter.h"

#include <pthread.h>
#include <stdlib.h>

#include "agent/cache/lru.h"
#include "common/base/map.h"

#define SHARDS    16
#define MINUTE_MS 60000
#define HOUR_MS   3600000

struct window {
    int64_t index; /* now / span of the current window */
    int64_t current, previous;
};

struct identity {
    struct window minute, hour;
};

struct shard {
    pthread_mutex_t lock;
    struct rx_lru *identities; /* protected by lock */
};

struct rx_limiter {
    int64_t per_minute, per_hour;
    struct shard shards[SHARDS];
};

struct rx_limiter *rx_limiter_new(int64_t per_minute, int64_t per_hour)
{
    struct rx_limiter *limiter = calloc(1, sizeof(*limiter));
    if (!limiter) {
        return NULL;
    }
    limiter->per_minute = per_minute;
    limiter->per_hour = per_hour;
    for (size_t i = 0; i < SHARDS; i++) {
        pthread_mutex_init(&limiter->shards[i].lock, NULL);
        limiter->shards[i].identities = rx_lru_new(RX_LIMITER_IDENTITIES / SHARDS, free);
        if (!limiter->shards[i].identities) {
            rx_limiter_free(limiter);
            return NULL;
        }
    }
    return limiter;
}

void rx_limiter_free(struct rx_limiter *limiter)
{
    if (!limiter) {
        return;
    }
    for (size_t i = 0; i < SHARDS; i++) {
        rx_lru_free(limiter->shards[i].identities);
        pthread_mutex_destroy(&limiter->shards[i].lock);
    }
    free(limiter);
}

static void roll(struct window *window, int64_t span_ms, int64_t now_ms)
{
    const int64_t index = now_ms / span_ms;
    if (index != window->index) {
        window->previous = index == window->index + 1 ? window->current : 0;
        window->current = 0;
        window->index = index;
    }
}

/* The first moment of a window at which n requests of the one before leave room for `room`. */
static int64_t faded_ms(int64_t n, int64_t room, int64_t span_ms)
{
    return n <= room ? 0 : (span_ms * (n - room) + n - 1) / n;
}

/* Milliseconds until the window takes one more; 0 = now. */
static int64_t wait_ms(const struct window *window, int64_t span_ms, int64_t limit, int64_t now_ms)
{
    if (limit <= 0) {
        return 0;
    }
    const int64_t gone_ms = now_ms % span_ms;
    const int64_t room = limit - 1 - window->current; /* for the previous window's requests */
    if (room >= 0) {
        const int64_t at_ms = faded_ms(window->previous, room, span_ms);
        return at_ms > gone_ms ? at_ms - gone_ms : 0;
    }
    /* This window is the previous one then. */
    return span_ms - gone_ms + faded_ms(window->current, limit - 1, span_ms);
}

static struct identity *find(struct shard *shard, struct rx_str name)
{
    struct identity *identity = rx_lru_get(shard->identities, name);
    if (!identity) {
        identity = calloc(1, sizeof(*identity));
        if (identity && rx_lru_put(shard->identities, name, identity) < 0) {
            free(identity);
            identity = NULL;
        }
    }
    return identity;
}

unsigned rx_limiter_take(struct rx_limiter *limiter, struct rx_str name, int64_t now_ms)
{
    if (limiter->per_minute <= 0 && limiter->per_hour <= 0) {
        return 0;
    }
    struct shard *shard = &limiter->shards[rx_hash(name) % SHARDS];
    int64_t wait = 1000; /* without memory to count in, nobody gets through */
    pthread_mutex_lock(&shard->lock);
    struct identity *identity = find(shard, name);
    if (identity) {
        roll(&identity->minute, MINUTE_MS, now_ms);
        roll(&identity->hour, HOUR_MS, now_ms);
        const int64_t minute = wait_ms(&identity->minute, MINUTE_MS, limiter->per_minute, now_ms);
        const int64_t hour = wait_ms(&identity->hour, HOUR_MS, limiter->per_hour, now_ms);
        wait = minute > hour ? minute : hour;
        if (wait == 0) {
            identity->minute.current++;
            identity->hour.current++;
        }
    }
    pthread_mutex_unlock(&shard->lock);
    return (unsigned)((wait + 999) / 1000);
}
