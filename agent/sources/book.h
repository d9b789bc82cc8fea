// SPDX-License-Identifier: Apache-2.0
/*
 * What is known of each token, for readers on any thread. A source publishes the changes of one
 * range of blocks in one step: snapshots of the touched tokens and the block that all are true as
 * of. A lookup holds a read lock for a hash probe and a reference count; nothing in a snapshot
 * changes after it is published.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/metrics.h"

struct rx_book;
struct rx_pool_view; /* agent/engine/features/pool.h */

#define RX_BOOK_MAX_SOURCES 16
#define RX_BOOK_MAX_TOKENS  2000000
#define RX_TOKEN_TEXT       33 /* symbol and name: at most 32 bytes of UTF-8 */
#define RX_BOOK_MAX_POOLS   8  /* pools listed in a snapshot: the deepest ones */

struct rx_pool_info {
    char pair[43];        /* 0x + 40 lower-case hex digits */
    const char *protocol; /* "uniswap-v2", static */
    uint64_t created_block;
    double weth;         /* WETH reserve after the last kept event; 0 without one */
    uint64_t n_sync;     /* kept events */
    uint64_t last_block; /* block and time of the last kept event; 0 without one */
    int64_t last_time;
};

struct rx_snapshot {
    atomic_uint refs;
    uint8_t key[20];
    char address[43];
    const char *chain;                               /* borrowed from the book */
    char symbol[RX_TOKEN_TEXT], name[RX_TOKEN_TEXT]; /* "" = unknown */
    int decimals;                                    /* 0..255, -1 = unknown */
    unsigned source;                                 /* index for rx_book_status */
    struct rx_pool_view *view; /* of pools[0]; owned; NULL: no kept event yet */
    unsigned n_pools_total;    /* also those beyond the list */
    unsigned n_pools;
    struct rx_pool_info pools[]; /* deepest WETH reserve first */
};

/* The block that a lookup is true as of. */
struct rx_as_of {
    uint64_t block;
    int64_t time;       /* its timestamp, Unix seconds: te of live features */
    double lag_seconds; /* head's time - time, plus how long the node has not been heard of */
};

enum rx_lookup {
    RX_LOOKUP_FOUND,
    RX_LOOKUP_UNKNOWN,  /* no source of that chain knows it, and all are up to date */
    RX_LOOKUP_SYNCING,  /* not known yet: a source of that chain still reads the past */
    RX_LOOKUP_NO_CHAIN, /* no source is configured for that chain */
};

/* ---- readers: any thread ---- */

/* FOUND: *ret holds a reference (rx_snapshot_unref) and *as_of is consistent with it. */
enum rx_lookup rx_book_lookup(struct rx_book *book, const char *chain, const uint8_t key[20],
                              struct rx_snapshot **ret, struct rx_as_of *as_of) RX_MUST_CHECK;
void rx_snapshot_unref(struct rx_snapshot *snapshot); /* NULL is fine */
/* Grows whenever anything a lookup returns changes but lag_seconds; an answer made at the same
 * number is still true. */
uint64_t rx_book_generation(const struct rx_book *book);
/* Up to max snapshots (references) from *pos on; returns how many and moves *pos; 0 = end. Tokens
 * that come during a walk may be missed. */
size_t rx_book_walk(struct rx_book *book, size_t *pos, struct rx_snapshot **out, size_t max,
                    struct rx_as_of *as_of);

enum rx_source_state {
    RX_SOURCE_STARTING,
    RX_SOURCE_BACKFILLING,
    RX_SOURCE_FOLLOWING,
    RX_SOURCE_REWINDING, /* undoing blocks that left the chain */
    RX_SOURCE_STOPPED,
    RX_SOURCE_STATE_MAX
};
const char *rx_source_state_name(enum rx_source_state state); /* "backfilling" */

struct rx_source_status {
    char name[64], type[16], chain[32];
    enum rx_source_state state;
    bool synced; /* following, and the node was heard of within a minute */
    uint64_t head_block, from_block;
    struct rx_as_of as_of;
    uint64_t pools, tokens, events, reorgs;
    char error[256];      /* last failure while it lasts; "" = none */
    double error_seconds; /* how long it has lasted */
};
unsigned rx_book_sources(struct rx_book *book);
/* index < rx_book_sources(book). */
void rx_book_status(struct rx_book *book, unsigned index, struct rx_source_status *ret);

/* ---- the owner ---- */

/* clock: borrowed; NULL = the system's. Aborts when out of memory (start-up only). */
struct rx_book *rx_book_new(const struct rx_clock *clock);
void rx_book_free(struct rx_book *book); /* after all sources stopped */
/* Exports what depends on the moment of asking (lag). Once, after the sources were added; the book
 * must live as long as the registry is written. */
void rx_book_export(struct rx_book *book, struct rx_metrics *metrics);

/* ---- sources: each for its own index ---- */

/* Before readers start. RX_ELIMIT beyond RX_BOOK_MAX_SOURCES. */
int rx_book_add_source(struct rx_book *book, const char *name, const char *type, const char *chain,
                       unsigned *ret_index, struct rx_error *err) RX_MUST_CHECK;

/* Room for the deepest RX_BOOK_MAX_POOLS of n_pools pools, both counts set; otherwise zeroed, one
 * reference, chain and source set. NULL when out of memory. */
struct rx_snapshot *rx_snapshot_new(struct rx_book *book, unsigned source, const uint8_t key[20],
                                    size_t n_pools) RX_MUST_CHECK;

struct rx_book_change {
    uint64_t as_of_block;
    int64_t as_of_time;
    struct rx_snapshot *const *put; /* references taken over */
    size_t n_put;
    const uint8_t (*drop)[20]; /* tokens that left (their pools were undone) */
    size_t n_drop;
    uint64_t pools, events, reorgs; /* totals of the source */
};
/* All or nothing: -ENOMEM and RX_ELIMIT leave the book as it was, and the snapshots the caller's.
 */
int rx_book_publish(struct rx_book *book, unsigned source, const struct rx_book_change *change)
    RX_MUST_CHECK;
/* Also records that the node was heard of just now. */
void rx_book_set_head(struct rx_book *book, unsigned source, uint64_t head, int64_t head_time);
void rx_book_set_state(struct rx_book *book, unsigned source, enum rx_source_state state,
                       uint64_t from_block);
void rx_book_set_error(struct rx_book *book, unsigned source, const char *error); /* NULL: clears */

RX_DEFINE_CLEANUP(snapshot, struct rx_snapshot *, rx_snapshot_unref);
RX_DEFINE_CLEANUP(book, struct rx_book *, rx_book_free);
