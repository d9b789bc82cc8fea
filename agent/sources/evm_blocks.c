// SPDX-License-Identifier: Apache-2.0
#include "agent/sources/evm_blocks.h"

#include <errno.h>
#include <stdlib.h>

#define PRUNE_ABOVE 1024

void evm_blocks_fini(struct evm_blocks *blocks)
{
    free(blocks->items);
    *blocks = (struct evm_blocks){0};
}

int evm_blocks_reserve(struct evm_blocks *blocks, size_t n)
{
    size_t cap = blocks->cap ? blocks->cap : 256;
    while (cap < blocks->n + n) {
        cap *= 2;
    }
    if (cap == blocks->cap) {
        return 0;
    }
    struct evm_block *items = realloc(blocks->items, cap * sizeof *items);
    if (!items) {
        return -ENOMEM;
    }
    blocks->items = items;
    blocks->cap = cap;
    return 0;
}

int evm_blocks_add(struct evm_blocks *blocks, const struct evm_block *block)
{
    int r = evm_blocks_reserve(blocks, 1);
    if (r == 0) {
        blocks->items[blocks->n++] = *block;
        blocks->plain += !block->has_events;
    }
    return r;
}

void evm_blocks_cut(struct evm_blocks *blocks, uint64_t number)
{
    while (blocks->n && blocks->items[blocks->n - 1].number > number) {
        blocks->n--;
        blocks->plain -= !blocks->items[blocks->n].has_events;
    }
}

bool evm_blocks_prune(struct evm_blocks *blocks, uint64_t number)
{
    if (blocks->plain < PRUNE_ABOVE) {
        return false;
    }
    size_t kept = 0;
    for (size_t i = 0; i < blocks->n; i++) {
        const struct evm_block *block = &blocks->items[i];
        if (block->has_events || block->number >= number) {
            blocks->items[kept++] = *block;
        } else {
            blocks->plain--;
        }
    }
    blocks->n = kept;
    return true;
}
