// SPDX-License-Identifier: Apache-2.0
/* Hashes of the blocks that have been read: all near the head, below that those with events. Plain
 * array by ascending number; one thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/cleanup.h"

struct evm_block {
    uint64_t number;
    int64_t time;
    uint8_t hash[32];
    bool has_events;
};

struct evm_blocks {
    struct evm_block *items; /* owned */
    size_t n, cap;
    size_t plain; /* those without events */
};

void evm_blocks_fini(struct evm_blocks *blocks);
/* Number above the last one's. 0 or -ENOMEM. */
int evm_blocks_add(struct evm_blocks *blocks, const struct evm_block *block) RX_MUST_CHECK;
/* Room for n more, so that adding them cannot fail. */
int evm_blocks_reserve(struct evm_blocks *blocks, size_t n) RX_MUST_CHECK;
/* Forgets those above `number`. */
void evm_blocks_cut(struct evm_blocks *blocks, uint64_t number);
/* Forgets those below `number` without events, when there are many. True when it did. */
bool evm_blocks_prune(struct evm_blocks *blocks, uint64_t number);
