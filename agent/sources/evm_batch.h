// SPDX-License-Identifier: Apache-2.0
/* What the node told of one range of blocks, checked, before any of it counts. The ingester's
 * thread. */
#pragma once

#include "agent/sources/evm.h"

struct evm_batch {
    uint64_t first, last;
    struct evm_logs created, logs; /* factories' and pairs' */
    bool has_end;
    uint8_t end_hash[32];      /* of block `last`, as told beside the first logs */
    struct rx_row_pool *pools; /* new ones */
    size_t n_pools;
    struct rx_map *new_pairs;      /* pair -> row in pools */
    struct evm_token_info *tokens; /* new ones */
    size_t n_tokens;
    struct rx_map *new_keys; /* token -> itself in tokens */
    struct evm_header *headers;
    size_t n_headers;
};

/*
 * Fills in all that the range first..last of a zeroed batch holds. Nothing outside of the batch is
 * changed, so a failed attempt leaves no trace. Ended by evm_batch_fini whatever is returned.
 */
int evm_batch_collect(struct rx_source *evm, struct evm_batch *batch, struct evm_fault *fault)
    RX_MUST_CHECK;
void evm_batch_fini(struct evm_batch *batch);
