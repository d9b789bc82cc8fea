// SPDX-License-Identifier: Apache-2.0
/*
 * Incremental features of one Uniswap-V2 pool of a token and WETH. Events go in once, in chain
 * order, at O(1) amortised cost each; features come out for any moment not before the last event.
 * A reorganisation is undone by building the pool again from the events that remain.
 *
 * One pool belongs to one thread. An rx_pool_view is immutable: any thread may read it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "agent/engine/features/features.h"
#include "agent/engine/math/u256.h"
#include "common/base/error.h"

#define RX_SECONDS_PER_BLOCK 13.35
#define RX_BLOCKS_PER_DAY    (86400.0 / RX_SECONDS_PER_BLOCK)
#define RX_DECIMALS_UNKNOWN  (-999) /* counted as 18 */
/* Below these a pool has no snapshot and no score. */
#define RX_POOL_MIN_EVENTS 5
#define RX_POOL_MIN_WETH   0.5
/* Times of late events that a compact pool keeps. */
#define RX_POOL_COMPACT_TIMES 32
/* Holders of one pool's LP token that are kept; with more, its LP features are missing. */
#define RX_POOL_MAX_HOLDERS 100000

struct rx_pool;
struct rx_pool_view;

/* What rx_sync.time counts. */
enum rx_pool_clock {
    RX_POOL_BLOCKS, /* block numbers, as in recorded data */
    RX_POOL_SECONDS /* block timestamps (Unix seconds), as on a live chain */
};

struct rx_pool_meta {
    unsigned char address[20]; /* of the pair */
    int decimals;              /* of the token: 0..255 or RX_DECIMALS_UNKNOWN */
    int weth_pos;              /* index of the reserve that is WETH: 0 or 1 */
    enum rx_pool_clock clock;
    bool lp; /* LP transfers are read as well; otherwise the LP features are missing */
};

/* One Sync log. */
struct rx_sync {
    uint64_t block, log_index;
    int64_t time; /* block number or timestamp by the pool's clock, >= 0; never decreases */
    rx_u128 reserve[2];
};

/* One Transfer log of the pair's own token. */
struct rx_lp_transfer {
    uint64_t block, log_index;
    unsigned char from[20], to[20];
    struct rx_u256 value;
};

/* RX_EINVALID names the field that is out of bounds. *ret is owned by the caller. */
int rx_pool_new(const struct rx_pool_meta *meta, struct rx_pool **ret, struct rx_error *err)
    RX_MUST_CHECK;
void rx_pool_free(struct rx_pool *pool);
RX_DEFINE_CLEANUP(pool, struct rx_pool *, rx_pool_free);

/*
 * Adds one event. 1 = counted; 0 = left out: a repeated (block, log_index), or a reserve of zero.
 * RX_EINVALID: before the last event, time going back, or a reserve of 2^112 or more (the pool is
 * unchanged); -ENOMEM (unchanged).
 */
int rx_pool_sync(struct rx_pool *pool, const struct rx_sync *event, struct rx_error *err)
    RX_MUST_CHECK;
/* The same for LP transfers, whose order is kept apart from that of the Syncs. Ignored (0) when the
 * pool was made without .lp. */
int rx_pool_lp_transfer(struct rx_pool *pool, const struct rx_lp_transfer *event,
                        struct rx_error *err) RX_MUST_CHECK;

/* Kept Sync events; 0 before the first. */
uint64_t rx_pool_events(const struct rx_pool *pool);
/* Block of the first kept event; valid when rx_pool_events() > 0. */
uint64_t rx_pool_first_block(const struct rx_pool *pool);
/* WETH reserve after the last kept event (0 before the first). */
double rx_pool_weth(const struct rx_pool *pool);
/* LP tokens outstanding, in base units; NaN when the LP features are missing. */
double rx_pool_lp_supply(struct rx_pool *pool);
/* Bytes of memory held. */
size_t rx_pool_memory(const struct rx_pool *pool);

/*
 * All features from the events so far, seen `age_days` (> 0) after the first one; the caller has
 * added exactly the events up to then. NaN = missing; all NaN before the first event.
 */
void rx_pool_features_at_age(struct rx_pool *pool, double age_days, double out[RX_F_MAX]);

/* Immutable copy for other threads; NULL when out of memory. Free with rx_pool_view_free. */
struct rx_pool_view *rx_pool_view_new(struct rx_pool *pool) RX_MUST_CHECK;
/* One more owner; returns the view. Each owner frees it once. */
struct rx_pool_view *rx_pool_view_ref(struct rx_pool_view *view);
void rx_pool_view_free(struct rx_pool_view *view); /* NULL is fine */
RX_DEFINE_CLEANUP(pool_view, struct rx_pool_view *, rx_pool_view_free);
/*
 * Features at the moment `time` by the pool's clock (the head block's number or timestamp; a moment
 * before the last event counts as that event's). RX_F_AGE_H is the real age, whatever the model
 * covers. All NaN before the first event.
 */
void rx_pool_view_features(const struct rx_pool_view *view, int64_t time, double out[RX_F_MAX]);
/* Kept events in the view; WETH reserve after the last one; bytes of memory held. */
uint64_t rx_pool_view_events(const struct rx_pool_view *view);
double rx_pool_view_weth(const struct rx_pool_view *view);
size_t rx_pool_view_memory(const struct rx_pool_view *view);

/* ---- pools at rest ---- */

/* No Sync for a day at `now`: rx_pool_compact may be used. */
bool rx_pool_idle(const struct rx_pool *pool, int64_t now);
/*
 * A view of an idle pool in less than 1 KiB, which gives the same features as
 * rx_pool_view_new at every moment from `now` to rx_pool_view_exact_until(). The pool itself can
 * then be freed: it is built again from its stored events when another one comes, or when that
 * moment has passed. NULL when out of memory.
 */
struct rx_pool_view *rx_pool_compact(struct rx_pool *pool, int64_t now) RX_MUST_CHECK;
/* Later moments count too many late events; INT64_MAX but for a compact pool with more late events
 * than it keeps times of. */
int64_t rx_pool_view_exact_until(const struct rx_pool_view *view);
