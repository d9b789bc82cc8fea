// SPDX-License-Identifier: Apache-2.0
#include "agent/sources/evm_rest.h"

#define SWEEP_SECONDS 60

int evm_rest_wake(struct evm_state *state, struct rx_store *store, const atomic_bool *stop,
                  struct evm_pool *pool, struct evm_fault *fault)
{
    if (!pool->rest) {
        return 0;
    }
    /* What was submitted before may not be committed yet. */
    if (rx_store_flush(store, stop) < 0) {
        return evm_fail(fault, EVM_STOPPED, "stopped");
    }
    return evm_state_rebuild(state, store, pool, fault);
}

static int lay_down(struct evm_state *state, struct evm_pool *pool, int64_t now,
                    struct evm_fault *fault)
{
    pool->rest = rx_pool_compact(pool->engine, now);
    if (!pool->rest) {
        return evm_no_memory(fault);
    }
    pool->rest_from = now;
    rx_pool_free(RX_TAKE(pool->engine));
    return evm_state_touch(state, pool, fault);
}

static bool exact_at(const struct evm_pool *pool, int64_t now)
{
    return now >= pool->rest_from && now <= rx_pool_view_exact_until(pool->rest);
}

static int look_at(struct evm_state *state, struct rx_store *store, const atomic_bool *stop,
                   struct evm_pool *pool, int64_t now, int64_t after, struct evm_fault *fault)
{
    if (pool->rest && !exact_at(pool, now) && evm_rest_wake(state, store, stop, pool, fault) < 0) {
        return -1;
    }
    if (pool->engine && now - pool->last_time >= after && rx_pool_idle(pool->engine, now)) {
        return lay_down(state, pool, now, fault);
    }
    return 0;
}

int evm_rest_sweep(struct evm_rest *rest, struct evm_state *state, struct rx_store *store,
                   const atomic_bool *stop, int64_t now, int64_t after, struct evm_fault *fault)
{
    if (rest->swept && now >= rest->from && now <= rest->until && now < rest->at + SWEEP_SECONDS) {
        return 0;
    }
    rest->from = INT64_MIN;
    rest->until = INT64_MAX;
    for (size_t i = 0; i < evm_state_pools(state); i++) {
        struct evm_pool *pool = evm_state_pool_at(state, i);
        if (look_at(state, store, stop, pool, now, after, fault) < 0) {
            return -1;
        }
        if (pool->rest) {
            int64_t until = rx_pool_view_exact_until(pool->rest);
            rest->from = pool->rest_from > rest->from ? pool->rest_from : rest->from;
            rest->until = until < rest->until ? until : rest->until;
        }
    }
    rest->swept = true;
    rest->at = now;
    return 0;
}
