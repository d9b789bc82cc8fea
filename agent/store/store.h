// SPDX-License-Identifier: Apache-2.0
/*
 * The agent's database. Writes go behind: callers put rows into a unit, submit it, and a writer
 * thread commits units in batches; a unit is committed whole or not at all. A database that
 * refuses (full disk, lock, damage) is retried for ever and shows in rx_store_status; meanwhile
 * the bounded queue fills and submitters wait, so nothing is dropped. Reads use connections of
 * their own. Thread-safe unless a function says otherwise.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/store/rows.h"
#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/metrics.h"

struct rx_store;

struct rx_store_options {
    const char *path;           /* SQLite file; made when absent */
    struct rx_metrics *metrics; /* borrowed, outlives the store */
    size_t max_queue_bytes;     /* 0 = 32 MiB of rows waiting to be committed */
    unsigned batch_rows;        /* 0 = 20,000: a batch is committed when it holds so many ... */
    unsigned batch_ms;          /* 0 = 200: ... or when its first unit has waited so long */
};

struct rx_store_status {
    bool ok;            /* the last commit (or the open) succeeded */
    char error[256];    /* "" when ok */
    size_t queue_units; /* submitted, not committed yet */
    size_t queue_bytes;
    uint64_t commits, rows; /* since the start */
};

/* Opens, migrates and starts the writer. RX_EINVALID when the file was written by a newer release.
 */
int rx_store_open(const struct rx_store_options *options, struct rx_store **ret,
                  struct rx_error *err) RX_MUST_CHECK;
/* Commits what is queued (waits at most 5 s for a database that refuses) and frees. NULL is fine.
 */
void rx_store_close(struct rx_store *store);

/*
 * Hands the unit over (it is taken whatever is returned). Waits while the queue is full, until
 * *cancel becomes true (-ECANCELED; cancel may be NULL). An oversize unit passes when alone.
 */
int rx_store_submit(struct rx_store *store, struct rx_unit *unit, const atomic_bool *cancel)
    RX_MUST_CHECK;
/* Waits until all that was submitted before is committed, or *cancel (-ECANCELED). */
int rx_store_flush(struct rx_store *store, const atomic_bool *cancel) RX_MUST_CHECK;
void rx_store_status(struct rx_store *store, struct rx_store_status *ret);

/* Number of a source, made on first use; blocking. */
int rx_store_source_id(struct rx_store *store, const char *name, uint32_t *ret,
                       struct rx_error *err) RX_MUST_CHECK;

/*
 * Reads one source back, in this order: cursor (when there is one), blocks by number, pools by id
 * with their token, then (unless events is NULL) events by (pool, block, log index), all in one
 * read transaction. A callback's negative result ends the reading and is returned.
 */
struct rx_store_visitor {
    int (*cursor)(const struct rx_row_cursor *row, void *arg);
    int (*block)(const struct rx_row_block *row, void *arg);
    int (*pool)(const struct rx_row_pool *row, const struct rx_row_token *token, void *arg);
    int (*event)(const struct rx_row_event *row, void *arg);
    void *arg;
};
int rx_store_read_source(struct rx_store *store, uint32_t source, const struct rx_store_visitor *to,
                         struct rx_error *err) RX_MUST_CHECK;
/* The events of one pool by (block, log index). */
int rx_store_read_pool(struct rx_store *store, uint32_t pool,
                       int (*event)(const struct rx_row_event *row, void *arg), void *arg,
                       struct rx_error *err) RX_MUST_CHECK;
RX_DEFINE_CLEANUP(store, struct rx_store *, rx_store_close);
