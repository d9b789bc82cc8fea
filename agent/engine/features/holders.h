// SPDX-License-Identifier: Apache-2.0
/*
 * Who holds a token, and what its creator does with it, from the token's own Transfer logs at O(1)
 * amortised each. Amounts are exact. Pools, lockers, burn addresses, bridges (custody.h) and the
 * token's contract hold for others and are not counted as holders.
 *
 * Concentration: agent/engine/math/concentration.h. One object belongs to one thread.
 */
#pragma once

#include "agent/engine/features/pool.h"

/* Addresses kept for one token; with more, its holder features are missing. */
#define RX_TOKEN_MAX_HOLDERS 250000
#define RX_TOKEN_MAX_POOLS   64

struct rx_holders;

struct rx_holders_meta {
    unsigned char token[20];
    const unsigned char (*pools)[20]; /* the token's pools; copied */
    size_t n_pools;                   /* at most RX_TOKEN_MAX_POOLS */
    const unsigned char *creator;     /* 20 bytes, copied; NULL: not known */
    enum rx_pool_clock clock;
};

/* One Transfer log of the token. */
struct rx_token_transfer {
    uint64_t block, log_index;
    int64_t time; /* by the clock, >= 0; never decreases */
    unsigned char from[20], to[20];
    struct rx_u256 value;
    bool liquidity; /* to a pool, as liquidity and not for sale: the pool's next Sync is a mint */
};

/* What is known of the creator beside the transfers; NaN = not known. */
struct rx_creator_history {
    double prior_tokens, prior_rugs;
};

/* RX_EINVALID names the field that is out of bounds. *ret is owned by the caller. */
int rx_holders_new(const struct rx_holders_meta *meta, struct rx_holders **ret,
                   struct rx_error *err) RX_MUST_CHECK;
void rx_holders_free(struct rx_holders *holders);
RX_DEFINE_CLEANUP(holders, struct rx_holders *, rx_holders_free);

/* Adds one log: 1 = counted, 0 = the same log again. RX_EINVALID: before the last one, or time
 * going back; -ENOMEM; the object is unchanged then. */
int rx_holders_transfer(struct rx_holders *holders, const struct rx_token_transfer *event,
                        struct rx_error *err) RX_MUST_CHECK;
/* Positive balances that count as holders. */
uint64_t rx_holders_count(const struct rx_holders *holders);
size_t rx_holders_memory(const struct rx_holders *holders);

/*
 * Fills the holder and creator columns of `out` as of `now` (by the clock; a moment before the last
 * transfer counts as that transfer's) and leaves the others. O(n log n) after a transfer, else
 * O(1). `history` may be NULL. -ENOMEM leaves `out` as it was.
 */
int rx_holders_features(struct rx_holders *holders, int64_t now,
                        const struct rx_creator_history *history, double out[RX_F_MAX],
                        struct rx_error *err) RX_MUST_CHECK;
