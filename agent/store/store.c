// SPDX-License-Identifier: Apache-2.0
/*
 * The writer: one thread that owns the writing connection. Submitters append units to a list under
 * the mutex; the thread takes a prefix of it, commits it in one transaction and only then removes
 * it, so that a failed commit loses nothing and is tried again.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "agent/store/migrations.h"
#include "agent/store/store.h"
#include "agent/store/store_apply.h"
#include "agent/store/store_internal.h"
#include "common/base/log.h"

#define DEFAULT_QUEUE_BYTES (32UL << 20)
#define DEFAULT_BATCH_ROWS  20000
#define DEFAULT_BATCH_MS    200
#define BUSY_MS             2000
#define RETRY_MIN_MS        100
#define RETRY_MAX_MS        10000
#define CLOSE_PATIENCE_MS   5000
#define CANCEL_POLL_MS      100

struct rx_store {
    char *path; /* owned */
    size_t max_queue_bytes;
    unsigned batch_rows, batch_ms;
    pthread_t thread;
    bool started;

    /* writer's thread */
    struct rx_sqlite *db;
    struct rx_apply *apply;

    pthread_mutex_t mutex;  /* guards what follows */
    pthread_cond_t changed; /* queue, closing, committed */
    struct rx_unit *first, *last;
    size_t queue_units, queue_bytes;
    uint64_t submitted, committed; /* units since the start */
    bool closing, flush_wanted;
    int64_t close_deadline_ms;
    struct rx_store_status status;

    struct rx_metric *commits, *failures, *rows, *depth, *depth_bytes, *ok;
};

const char *rx_store_path(const struct rx_store *store)
{
    return store->path;
}

static int64_t now_ms(void)
{
    return rx_clock_monotonic_ms(rx_clock_system());
}

/* Waits at most ms; the mutex is held. The condition uses the monotonic clock. */
static void wait_ms(struct rx_store *store, int64_t ms)
{
    int64_t until = now_ms() + ms;
    struct timespec ts = {.tv_sec = until / RX_MS_PER_S,
                          .tv_nsec = until % RX_MS_PER_S * (RX_NS_PER_S / RX_MS_PER_S)};
    (void)pthread_cond_timedwait(&store->changed, &store->mutex, &ts); /* callers look again */
}

static void show_queue(struct rx_store *store)
{
    rx_metric_set(store->depth, (double)store->queue_units);
    rx_metric_set(store->depth_bytes, (double)store->queue_bytes);
}

static struct rx_metric *metric(struct rx_metrics *metrics, const struct rx_metric_desc *desc)
{
    return rx_metric(rx_family(metrics, desc), NULL);
}

static void make_metrics(struct rx_store *store, struct rx_metrics *metrics)
{
    static const struct rx_metric_desc
        commits = {.name = "radarx_store_commits_total",
                   .help = "Transactions committed by the writer.",
                   .type = RX_COUNTER},
        failures = {.name = "radarx_store_commit_failures_total",
                    .help = "Transactions that the database refused; each is tried again.",
                    .type = RX_COUNTER},
        rows = {.name = "radarx_store_rows_total",
                .help = "Rows committed by the writer.",
                .type = RX_COUNTER},
        depth = {.name = "radarx_store_queue_units",
                 .help = "Units that wait to be committed.",
                 .type = RX_GAUGE},
        bytes = {.name = "radarx_store_queue_bytes",
                 .help = "Bytes that wait to be committed.",
                 .type = RX_GAUGE},
        ok = {.name = "radarx_store_ok",
              .help = "1 when the last commit succeeded, else 0.",
              .type = RX_GAUGE};
    store->commits = metric(metrics, &commits);
    store->failures = metric(metrics, &failures);
    store->rows = metric(metrics, &rows);
    store->depth = metric(metrics, &depth);
    store->depth_bytes = metric(metrics, &bytes);
    store->ok = metric(metrics, &ok);
    rx_metric_set(store->ok, 1);
}

/* The last unit of the next batch; the queue is not empty and the mutex is held. */
static struct rx_unit *batch_last(const struct rx_store *store, size_t *ret_rows)
{
    struct rx_unit *last = store->first;
    size_t rows = last->rows;
    while (last->next && rows + last->next->rows <= store->batch_rows) {
        last = last->next;
        rows += last->rows;
    }
    *ret_rows = rows;
    return last;
}

/* Whether it is time to commit; the mutex is held. */
static bool batch_due(const struct rx_store *store, int64_t *ret_wait_ms)
{
    if (!store->first) {
        *ret_wait_ms = RETRY_MAX_MS;
        return false;
    }
    size_t rows;
    bool full = batch_last(store, &rows)->next != NULL || rows >= store->batch_rows;
    int64_t left = store->first->submitted_ms + store->batch_ms - now_ms();
    *ret_wait_ms = left;
    return full || left <= 0 || store->closing || store->flush_wanted ||
           store->queue_bytes * 2 > store->max_queue_bytes;
}

/* Removes the units up to `last`, which are committed; the mutex is held. Returns them. */
static struct rx_unit *unlink_batch(struct rx_store *store, struct rx_unit *last)
{
    struct rx_unit *head = store->first;
    store->first = last->next;
    if (!store->first) {
        store->last = NULL;
    }
    last->next = NULL;
    for (const struct rx_unit *unit = head; unit; unit = unit->next) {
        store->queue_bytes -= unit->bytes;
        store->queue_units--;
        store->committed++;
    }
    return head;
}

static void free_units(struct rx_unit *unit)
{
    while (unit) {
        struct rx_unit *next = unit->next;
        rx_unit_free(unit);
        unit = next;
    }
}

/* The mutex is held. */
static void note_result(struct rx_store *store, int r, const struct rx_error *err, size_t rows)
{
    bool was_ok = store->status.ok;
    store->status.ok = r == 0;
    rx_metric_set(store->ok, r == 0);
    if (r == 0) {
        store->status.error[0] = '\0';
        store->status.commits++;
        store->status.rows += rows;
        rx_metric_inc(store->commits);
        rx_metric_add(store->rows, (double)rows);
        if (!was_ok) {
            rx_info("the store accepts writes again");
        }
        return;
    }
    memcpy(store->status.error, err->msg, sizeof store->status.error);
    rx_metric_inc(store->failures);
    if (was_ok) {
        rx_err("the store refuses writes", RX_F_ERR(err),
               RX_F_I("queued_units", store->queue_units));
    }
}

/* Commits one batch; the mutex is held on entry and exit, not during the commit. */
static int commit_batch(struct rx_store *store)
{
    size_t rows;
    struct rx_error err = {0};
    struct rx_unit *last = batch_last(store, &rows);
    const struct rx_unit *first = store->first;
    pthread_mutex_unlock(&store->mutex);
    int r = rx_apply_units(store->apply, first, last, &err);
    pthread_mutex_lock(&store->mutex);
    note_result(store, r, &err, rows);
    if (r < 0) {
        return r;
    }
    struct rx_unit *done = unlink_batch(store, last);
    store->flush_wanted = store->flush_wanted && store->first;
    show_queue(store);
    pthread_cond_broadcast(&store->changed);
    pthread_mutex_unlock(&store->mutex);
    free_units(done);
    pthread_mutex_lock(&store->mutex);
    return 0;
}

static void *writer_main(void *arg)
{
    struct rx_store *store = arg;
    int64_t retry_ms = RETRY_MIN_MS;
    pthread_mutex_lock(&store->mutex);
    while (!store->closing || store->first) {
        int64_t wait;
        if (!batch_due(store, &wait)) {
            wait_ms(store, wait);
            continue;
        }
        if (commit_batch(store) == 0) {
            retry_ms = RETRY_MIN_MS;
            continue;
        }
        if (store->closing && now_ms() >= store->close_deadline_ms) {
            break;
        }
        int64_t until = now_ms() + retry_ms;
        while (now_ms() < until && !(store->closing && now_ms() >= store->close_deadline_ms)) {
            wait_ms(store, until - now_ms() < CANCEL_POLL_MS ? until - now_ms() : CANCEL_POLL_MS);
        }
        retry_ms = retry_ms * 2 > RETRY_MAX_MS ? RETRY_MAX_MS : retry_ms * 2;
    }
    pthread_mutex_unlock(&store->mutex);
    return NULL;
}

static int init_sync(struct rx_store *store)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    int r = pthread_cond_init(&store->changed, &attr);
    pthread_condattr_destroy(&attr);
    return r ? -r : -pthread_mutex_init(&store->mutex, NULL);
}

static int open_writer(struct rx_store *store, struct rx_error *err)
{
    int r = rx_sqlite_open(store->path, BUSY_MS, &store->db, err);
    if (r == 0) {
        r = rx_migrate(store->db, err);
    }
    if (r == 0) {
        r = rx_apply_new(store->db, &store->apply, err);
    }
    if (r < 0) {
        return rx_error_wrap(err, "store.path %s", store->path);
    }
    r = pthread_create(&store->thread, NULL, writer_main, store);
    if (r != 0) {
        return rx_error_errno(err, r, "start the store's writer");
    }
    store->started = true;
    return 0;
}

int rx_store_open(const struct rx_store_options *options, struct rx_store **ret,
                  struct rx_error *err)
{
    struct rx_store *bare = calloc(1, sizeof *bare);
    if (!bare || init_sync(bare) < 0) {
        free(bare);
        return rx_error_set(err, -ENOMEM, "store: out of memory");
    }
    rx_auto(store) struct rx_store *store = bare;
    store->path = strdup(options->path);
    if (!store->path) {
        return rx_error_set(err, -ENOMEM, "store: out of memory");
    }
    store->max_queue_bytes =
        options->max_queue_bytes ? options->max_queue_bytes : DEFAULT_QUEUE_BYTES;
    store->batch_rows = options->batch_rows ? options->batch_rows : DEFAULT_BATCH_ROWS;
    store->batch_ms = options->batch_ms ? options->batch_ms : DEFAULT_BATCH_MS;
    store->status.ok = true;
    make_metrics(store, options->metrics);
    int r = open_writer(store, err);
    if (r < 0) {
        return r;
    }
    *ret = RX_TAKE(store);
    return 0;
}

void rx_store_close(struct rx_store *store)
{
    if (!store) {
        return;
    }
    if (store->started) {
        pthread_mutex_lock(&store->mutex);
        store->closing = true;
        store->close_deadline_ms = now_ms() + CLOSE_PATIENCE_MS;
        pthread_cond_broadcast(&store->changed);
        pthread_mutex_unlock(&store->mutex);
        pthread_join(store->thread, NULL);
    }
    free_units(store->first);
    rx_apply_free(store->apply);
    rx_sqlite_close(store->db);
    pthread_cond_destroy(&store->changed);
    pthread_mutex_destroy(&store->mutex);
    free(store->path);
    free(store);
}

/* The mutex is held. */
static bool has_room(const struct rx_store *store, const struct rx_unit *unit)
{
    return !store->first || store->queue_bytes + unit->bytes <= store->max_queue_bytes;
}

/* The mutex is held. */
static void enqueue(struct rx_store *store, struct rx_unit *unit)
{
    unit->next = NULL;
    unit->submitted_ms = now_ms();
    if (store->last) {
        store->last->next = unit;
    } else {
        store->first = unit;
    }
    store->last = unit;
    store->queue_units++;
    store->queue_bytes += unit->bytes;
    store->submitted++;
    show_queue(store);
    pthread_cond_broadcast(&store->changed);
}

int rx_store_submit(struct rx_store *store, struct rx_unit *unit, const atomic_bool *cancel)
{
    pthread_mutex_lock(&store->mutex);
    while (!has_room(store, unit) && !(cancel && atomic_load(cancel))) {
        wait_ms(store, CANCEL_POLL_MS);
    }
    bool room = has_room(store, unit);
    if (room) {
        enqueue(store, unit);
    }
    pthread_mutex_unlock(&store->mutex);
    if (!room) {
        rx_unit_free(unit);
    }
    return room ? 0 : -ECANCELED;
}

int rx_store_flush(struct rx_store *store, const atomic_bool *cancel)
{
    pthread_mutex_lock(&store->mutex);
    uint64_t target = store->submitted;
    while (store->committed < target && !(cancel && atomic_load(cancel))) {
        store->flush_wanted = true;
        pthread_cond_broadcast(&store->changed);
        wait_ms(store, CANCEL_POLL_MS);
    }
    int r = store->committed >= target ? 0 : -ECANCELED;
    pthread_mutex_unlock(&store->mutex);
    return r;
}

void rx_store_status(struct rx_store *store, struct rx_store_status *ret)
{
    pthread_mutex_lock(&store->mutex);
    *ret = store->status;
    ret->queue_units = store->queue_units;
    ret->queue_bytes = store->queue_bytes;
    pthread_mutex_unlock(&store->mutex);
}
