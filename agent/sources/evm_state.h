// SPDX-License-Identifier: Apache-2.0
/*
 * The pools and tokens of one source in memory: applies events, undoes blocks, publishes to the
 * book. The ingester's thread.
 */
#pragma once

#include "agent/engine/features/pool.h"
#include "agent/sources/evm_chain.h"
#include "agent/store/store.h"

/* Pool ids carry the source's number above this many bits. */
#define EVM_POOL_BITS 24

struct evm_token;

struct evm_pool {
    struct rx_row_pool row;
    struct rx_pool *engine;    /* owned; NULL: no event yet, or at rest */
    struct rx_pool_view *rest; /* owned; what a pool at rest keeps (evm_rest.h) */
    int64_t rest_from;         /* `rest` holds from this moment on */
    struct evm_token *token;   /* borrowed from the state */
    uint64_t n_events;         /* of any kind */
    uint64_t last_block;       /* of any event; 0 = none */
    int64_t last_time;
    uint64_t sync_block; /* of the last kept Sync */
    int64_t sync_time;
};

struct evm_token {
    struct evm_token_info info;
    struct evm_pool **pools; /* array owned, pools borrowed from the state */
    size_t n_pools, cap_pools;
    bool dirty; /* in the state's list of tokens to publish */
};

struct evm_state;

struct evm_state *evm_state_new(uint32_t source, const char *chain) RX_MUST_CHECK;
void evm_state_free(struct evm_state *state);

struct evm_pool *evm_state_pool(const struct evm_state *state, const uint8_t pair[20]);
struct evm_token *evm_state_token(const struct evm_state *state, const uint8_t key[20]);
struct evm_pool *evm_state_pool_by_id(const struct evm_state *state, uint32_t id);
/* All pools, by pair: for queries. */
const struct rx_map *evm_state_pairs(const struct evm_state *state);
size_t evm_state_pools(const struct evm_state *state);
struct evm_pool *evm_state_pool_at(const struct evm_state *state, size_t i);
uint64_t evm_state_events(const struct evm_state *state);
uint32_t evm_state_next_id(const struct evm_state *state);

/* Adds a token unless it is there. */
int evm_state_add_token(struct evm_state *state, const struct evm_token_info *info,
                        struct evm_fault *fault) RX_MUST_CHECK;
/* The pool's token must be there. EVM_STORE when the pair is there already. */
int evm_state_add_pool(struct evm_state *state, const struct rx_row_pool *row,
                       struct evm_fault *fault) RX_MUST_CHECK;
/* One event of a known pool that is not at rest, in order. A failure leaves the state unusable:
 * free it. */
int evm_state_apply(struct evm_state *state, struct evm_pool *pool, const struct evm_log *log,
                    struct evm_fault *fault) RX_MUST_CHECK;
/*
 * Undoes all above `block`, of which the store no longer has anything: pools made later go, pools
 * with later events are rebuilt from the store. A failure leaves the state unusable.
 */
int evm_state_rewind(struct evm_state *state, struct rx_store *store, uint64_t block,
                     struct evm_fault *fault) RX_MUST_CHECK;
/* Builds the pool again from its stored events. A failure leaves the state unusable. */
int evm_state_rebuild(struct evm_state *state, struct rx_store *store, struct evm_pool *pool,
                      struct evm_fault *fault) RX_MUST_CHECK;
/* The pool's token is among those of the next publication. */
int evm_state_touch(struct evm_state *state, struct evm_pool *pool, struct evm_fault *fault)
    RX_MUST_CHECK;
/* Removes every pool; the tokens are dropped from the book by the next publication. */
int evm_state_clear(struct evm_state *state, struct evm_fault *fault) RX_MUST_CHECK;
/* Publishes every token that changed since the last time. */
int evm_state_publish(struct evm_state *state, struct rx_book *book, unsigned index,
                      struct rx_book_change *change, struct evm_fault *fault) RX_MUST_CHECK;
