// SPDX-License-Identifier: Apache-2.0
/*
 * Pools at rest. A pool without an event for a day keeps only a small view (rx_pool_compact); its
 * balances and event times are those in the store. It is built again when an event comes, and when
 * the moment asked for leaves the range that the small view is exact for. The ingester's thread.
 */
#pragma once

#include <stdatomic.h>

#include "agent/sources/evm_state.h"

#define EVM_REST_AFTER 86400 /* seconds without an event */

struct evm_rest {
    bool swept;
    int64_t at;    /* of the last sweep */
    int64_t from;  /* every view at rest is exact from here ... */
    int64_t until; /* ... to here */
};

/*
 * Brings the pools into the form for `now` (the block time that is published next): idle ones go to
 * rest, those at rest whose view is not exact then are made anew. `after`: seconds without an
 * event. Looks at all pools at most once a minute of the chain. A failure leaves the state
 * unusable.
 */
int evm_rest_sweep(struct evm_rest *rest, struct evm_state *state, struct rx_store *store,
                   const atomic_bool *stop, int64_t now, int64_t after, struct evm_fault *fault)
    RX_MUST_CHECK;
/* Before the first event of a pool is applied: builds it again if it is at rest. */
int evm_rest_wake(struct evm_state *state, struct rx_store *store, const atomic_bool *stop,
                  struct evm_pool *pool, struct evm_fault *fault) RX_MUST_CHECK;
