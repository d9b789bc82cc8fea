// SPDX-License-Identifier: Apache-2.0
#include "agent/sources/book.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/engine/features/pool.h"
#include "common/base/map.h"

#define HEARD_OF_MS 60000

/* A token keeps its slot for ever; the snapshot is NULL while it has no pool. */
struct slot {
    struct rx_snapshot *snapshot; /* owned reference */
};

struct source {
    struct rx_source_status status;
    struct rx_map *slots; /* owned: 20-byte key -> struct slot * (owned by book.all) */
    int64_t head_time;
    int64_t heard_ms;    /* monotonic; 0 = never */
    int64_t error_since; /* monotonic ms; 0 = no error */
    bool caught_up;      /* has followed the head since the start */
    struct rx_metric *lag, *synced;
};

struct rx_book {
    const struct rx_clock *clock; /* borrowed */
    _Atomic uint64_t generation;
    pthread_rwlock_t lock; /* guards what follows */
    struct source sources[RX_BOOK_MAX_SOURCES];
    unsigned n_sources;
    struct slot **all; /* owned, in order of first publication */
    size_t n_all, cap_all;
};

static const char *const state_names[RX_SOURCE_STATE_MAX] = {
    [RX_SOURCE_STARTING] = "starting",   [RX_SOURCE_BACKFILLING] = "backfilling",
    [RX_SOURCE_FOLLOWING] = "following", [RX_SOURCE_REWINDING] = "rewinding",
    [RX_SOURCE_STOPPED] = "stopped",
};

const char *rx_source_state_name(enum rx_source_state state)
{
    return state_names[state];
}

struct rx_book *rx_book_new(const struct rx_clock *clock)
{
    struct rx_book *book = calloc(1, sizeof *book);
    if (!book) {
        abort();
    }
    book->clock = clock ? clock : rx_clock_system();
    pthread_rwlockattr_t attr;
    pthread_rwlockattr_init(&attr);
    /* A steady stream of readers must not keep a new block out. */
    pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&book->lock, &attr);
    pthread_rwlockattr_destroy(&attr);
    return book;
}

void rx_book_free(struct rx_book *book)
{
    if (!book) {
        return;
    }
    for (size_t i = 0; i < book->n_all; i++) {
        rx_snapshot_unref(book->all[i]->snapshot);
        free(book->all[i]);
    }
    for (unsigned i = 0; i < book->n_sources; i++) {
        rx_map_free(book->sources[i].slots);
    }
    free(book->all);
    pthread_rwlock_destroy(&book->lock);
    free(book);
}

void rx_snapshot_unref(struct rx_snapshot *snapshot)
{
    if (snapshot && atomic_fetch_sub_explicit(&snapshot->refs, 1, memory_order_acq_rel) == 1) {
        rx_pool_view_free(snapshot->view);
        free(snapshot);
    }
}

static struct rx_snapshot *take_ref(struct rx_snapshot *snapshot)
{
    atomic_fetch_add_explicit(&snapshot->refs, 1, memory_order_relaxed);
    return snapshot;
}

static struct rx_str key_of(const uint8_t key[20])
{
    return (struct rx_str){(const char *)key, 20};
}

static int64_t now_ms(const struct rx_book *book)
{
    return rx_clock_monotonic_ms(book->clock);
}

/* A lock is held. */
static struct rx_as_of as_of(const struct rx_book *book, const struct source *source)
{
    struct rx_as_of out = source->status.as_of;
    double behind = (double)(source->head_time - out.time);
    double silent = source->heard_ms ? (double)(now_ms(book) - source->heard_ms) / RX_MS_PER_S : 0;
    out.lag_seconds = (behind > 0 ? behind : 0) + (silent > 0 ? silent : 0);
    return out;
}

enum rx_lookup rx_book_lookup(struct rx_book *book, const char *chain, const uint8_t key[20],
                              struct rx_snapshot **ret, struct rx_as_of *ret_as_of)
{
    enum rx_lookup found = RX_LOOKUP_NO_CHAIN;
    pthread_rwlock_rdlock(&book->lock);
    for (unsigned i = 0; i < book->n_sources && found != RX_LOOKUP_FOUND; i++) {
        struct source *source = &book->sources[i];
        if (strcmp(source->status.chain, chain) != 0) {
            continue;
        }
        struct slot *slot = rx_map_get(source->slots, key_of(key));
        if (slot && slot->snapshot) {
            *ret = take_ref(slot->snapshot);
            *ret_as_of = as_of(book, source);
            found = RX_LOOKUP_FOUND;
        } else if (!source->caught_up) {
            found = RX_LOOKUP_SYNCING;
        } else if (found == RX_LOOKUP_NO_CHAIN) {
            found = RX_LOOKUP_UNKNOWN;
        }
    }
    pthread_rwlock_unlock(&book->lock);
    return found;
}

uint64_t rx_book_generation(const struct rx_book *book)
{
    return atomic_load_explicit(&book->generation, memory_order_acquire);
}

size_t rx_book_walk(struct rx_book *book, size_t *pos, struct rx_snapshot **out, size_t max,
                    struct rx_as_of *ret_as_of)
{
    size_t n = 0;
    pthread_rwlock_rdlock(&book->lock);
    for (; *pos < book->n_all && n < max; ++*pos) {
        struct rx_snapshot *snapshot = book->all[*pos]->snapshot;
        if (snapshot) {
            ret_as_of[n] = as_of(book, &book->sources[snapshot->source]);
            out[n++] = take_ref(snapshot);
        }
    }
    pthread_rwlock_unlock(&book->lock);
    return n;
}

unsigned rx_book_sources(struct rx_book *book)
{
    pthread_rwlock_rdlock(&book->lock);
    unsigned n = book->n_sources;
    pthread_rwlock_unlock(&book->lock);
    return n;
}

void rx_book_status(struct rx_book *book, unsigned index, struct rx_source_status *ret)
{
    pthread_rwlock_rdlock(&book->lock);
    const struct source *source = &book->sources[index];
    int64_t now = now_ms(book);
    *ret = source->status;
    ret->as_of = as_of(book, source);
    ret->error_seconds =
        source->error_since ? (double)(now - source->error_since) / RX_MS_PER_S : 0;
    ret->synced = source->status.state == RX_SOURCE_FOLLOWING && source->heard_ms &&
                  now - source->heard_ms < HEARD_OF_MS;
    pthread_rwlock_unlock(&book->lock);
}

int rx_book_add_source(struct rx_book *book, const char *name, const char *type, const char *chain,
                       unsigned *ret_index, struct rx_error *err)
{
    if (book->n_sources == RX_BOOK_MAX_SOURCES) {
        return rx_error_set(err, RX_ELIMIT, "at most %d sources", RX_BOOK_MAX_SOURCES);
    }
    struct source *source = &book->sources[book->n_sources];
    source->slots = rx_map_new(RX_BOOK_MAX_TOKENS, NULL);
    if (!source->slots) {
        return rx_error_set(err, -ENOMEM, "source %s: out of memory", name);
    }
    struct rx_source_status *status = &source->status;
    snprintf(status->name, sizeof status->name, "%s", name);
    snprintf(status->type, sizeof status->type, "%s", type);
    snprintf(status->chain, sizeof status->chain, "%s", chain);
    pthread_rwlock_wrlock(&book->lock);
    *ret_index = book->n_sources++;
    pthread_rwlock_unlock(&book->lock);
    return 0;
}

static void collect(void *arg)
{
    struct rx_book *book = arg;
    for (unsigned i = 0; i < rx_book_sources(book); i++) {
        struct rx_source_status status;
        rx_book_status(book, i, &status);
        rx_metric_set(book->sources[i].lag, status.as_of.lag_seconds);
        rx_metric_set(book->sources[i].synced, status.synced);
    }
}

void rx_book_export(struct rx_book *book, struct rx_metrics *metrics)
{
    static const struct rx_metric_desc
        lag = {.name = "radarx_source_lag_seconds",
               .help =
                   "How far scores are behind the head, plus how long the node has been silent.",
               .type = RX_GAUGE,
               .labels = {"source"}},
        synced = {.name = "radarx_source_synced",
                  .help = "1 when the source follows the head and the node answers, else 0.",
                  .type = RX_GAUGE,
                  .labels = {"source"}};
    for (unsigned i = 0; i < book->n_sources; i++) {
        const char *values[] = {book->sources[i].status.name};
        book->sources[i].lag = rx_metric(rx_family(metrics, &lag), values);
        book->sources[i].synced = rx_metric(rx_family(metrics, &synced), values);
    }
    if (book->n_sources > 0) {
        rx_metrics_on_collect(metrics, collect, book);
    }
}

struct rx_snapshot *rx_snapshot_new(struct rx_book *book, unsigned source, const uint8_t key[20],
                                    size_t n_pools)
{
    static const char digits[] = "0123456789abcdef";
    size_t listed = n_pools < RX_BOOK_MAX_POOLS ? n_pools : RX_BOOK_MAX_POOLS;
    struct rx_snapshot *snapshot = calloc(1, sizeof *snapshot + listed * sizeof snapshot->pools[0]);
    if (!snapshot) {
        return NULL;
    }
    snapshot->n_pools_total = (unsigned)n_pools;
    snapshot->n_pools = (unsigned)listed;
    atomic_init(&snapshot->refs, 1);
    memcpy(snapshot->key, key, sizeof snapshot->key);
    snapshot->address[0] = '0';
    snapshot->address[1] = 'x';
    for (size_t i = 0; i < 20; i++) {
        snapshot->address[2 + 2 * i] = digits[key[i] >> 4];
        snapshot->address[3 + 2 * i] = digits[key[i] & 15];
    }
    snapshot->source = source;
    snapshot->chain = book->sources[source].status.chain;
    return snapshot;
}

/* The slot of a token, made when absent; the write lock is held. */
static struct slot *slot_of(struct rx_book *book, struct source *source, const uint8_t key[20],
                            int *ret_error)
{
    struct slot *slot = rx_map_get(source->slots, key_of(key));
    if (slot) {
        return slot;
    }
    *ret_error = -ENOMEM;
    if (book->n_all == book->cap_all) {
        size_t cap = book->cap_all ? book->cap_all * 2 : 256;
        struct slot **grown = realloc(book->all, cap * sizeof(struct slot *));
        if (!grown) {
            return NULL;
        }
        book->all = grown;
        book->cap_all = cap;
    }
    slot = calloc(1, sizeof *slot);
    if (!slot) {
        return NULL;
    }
    int r = rx_map_set(source->slots, key_of(key), slot);
    if (r < 0) {
        *ret_error = r;
        free(slot);
        return NULL;
    }
    book->all[book->n_all++] = slot;
    return slot;
}

/* Swaps the new snapshots in; what they replace is left in `old` to be freed without the lock. */
static void swap_in(struct rx_book *book, struct source *source,
                    const struct rx_book_change *change, struct rx_snapshot **old)
{
    int unused;
    for (size_t i = 0; i < change->n_put; i++) {
        struct slot *slot = slot_of(book, source, change->put[i]->key, &unused);
        old[i] = slot->snapshot;
        slot->snapshot = change->put[i];
        source->status.tokens += old[i] == NULL;
    }
    for (size_t i = 0; i < change->n_drop; i++) {
        struct slot *slot = rx_map_get(source->slots, key_of(change->drop[i]));
        old[change->n_put + i] = slot ? slot->snapshot : NULL;
        if (slot && slot->snapshot) {
            slot->snapshot = NULL;
            source->status.tokens--;
        }
    }
}

int rx_book_publish(struct rx_book *book, unsigned index, const struct rx_book_change *change)
{
    size_t n_old = change->n_put + change->n_drop;
    rx_autofree struct rx_snapshot **old = calloc(n_old + 1, sizeof(struct rx_snapshot *));
    if (!old) {
        return -ENOMEM;
    }
    struct source *source = &book->sources[index];
    int r = 0;
    pthread_rwlock_wrlock(&book->lock);
    for (size_t i = 0; i < change->n_put; i++) {
        if (!slot_of(book, source, change->put[i]->key, &r)) {
            pthread_rwlock_unlock(&book->lock);
            return r; /* the new slots stay empty and are found again */
        }
    }
    swap_in(book, source, change, old);
    source->status.as_of.block = change->as_of_block;
    source->status.as_of.time = change->as_of_time;
    source->status.pools = change->pools;
    source->status.events = change->events;
    source->status.reorgs = change->reorgs;
    atomic_fetch_add_explicit(&book->generation, 1, memory_order_release);
    pthread_rwlock_unlock(&book->lock);
    for (size_t i = 0; i < n_old; i++) {
        rx_snapshot_unref(old[i]);
    }
    return 0;
}

void rx_book_set_head(struct rx_book *book, unsigned index, uint64_t head, int64_t head_time)
{
    struct source *source = &book->sources[index];
    pthread_rwlock_wrlock(&book->lock);
    source->status.head_block = head;
    source->head_time = head_time;
    source->heard_ms = now_ms(book);
    pthread_rwlock_unlock(&book->lock);
}

void rx_book_set_state(struct rx_book *book, unsigned index, enum rx_source_state state,
                       uint64_t from_block)
{
    struct source *source = &book->sources[index];
    pthread_rwlock_wrlock(&book->lock);
    bool changed = source->status.state != state;
    source->status.state = state;
    source->status.from_block = from_block;
    source->caught_up = source->caught_up || state == RX_SOURCE_FOLLOWING;
    if (changed) {
        atomic_fetch_add_explicit(&book->generation, 1, memory_order_release);
    }
    pthread_rwlock_unlock(&book->lock);
}

void rx_book_set_error(struct rx_book *book, unsigned index, const char *error)
{
    struct source *source = &book->sources[index];
    pthread_rwlock_wrlock(&book->lock);
    if (!error) {
        source->error_since = 0;
    } else if (!source->error_since) {
        source->error_since = now_ms(book);
    }
    snprintf(source->status.error, sizeof source->status.error, "%s", error ? error : "");
    pthread_rwlock_unlock(&book->lock);
}
