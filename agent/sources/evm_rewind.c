// SPDX-License-Identifier: Apache-2.0
/*
 * Reorganisations. Hashes of all blocks near the head and of all older blocks with events are
 * kept; a block whose hash the node still confirms has only confirmed ancestors, so the last
 * common block is found among the near ones at once and among the older ones by halving.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/sources/evm.h"
#include "common/base/log.h"

/* Whether the node has block items[i] with the hash that was read: 1, 0 or -1. */
static int same_block(struct rx_source *evm, size_t i, struct evm_fault *fault)
{
    const struct evm_block *block = &evm->blocks.items[i];
    struct evm_header header = {.number = block->number};
    if (evm_chain_headers(evm->rpc, &header, 1, true, fault) < 0) {
        return -1;
    }
    return header.present && memcmp(header.hash, block->hash, 32) == 0;
}

/* Looks at the newest blocks: index + 1 of the last confirmed one in *ret, or where to go on. */
static int search_near(struct rx_source *evm, size_t *ret, bool *ret_found, struct evm_fault *fault)
{
    size_t n = evm->blocks.n < EVM_REORG_DEPTH + 1 ? evm->blocks.n : EVM_REORG_DEPTH + 1;
    const struct evm_block *first = &evm->blocks.items[evm->blocks.n - n];
    rx_autofree struct evm_header *headers = calloc(n, sizeof *headers);
    if (!headers) {
        return evm_no_memory(fault);
    }
    for (size_t i = 0; i < n; i++) {
        headers[i].number = first[i].number;
    }
    if (evm_chain_headers(evm->rpc, headers, n, true, fault) < 0) {
        return -1;
    }
    *ret_found = false;
    *ret = evm->blocks.n - n;
    for (size_t i = n; i-- > 0;) {
        if (headers[i].present && memcmp(headers[i].hash, first[i].hash, 32) == 0) {
            *ret = evm->blocks.n - n + i + 1;
            *ret_found = true;
            return 0;
        }
    }
    return 0;
}

/* How many of the remembered blocks are still on the chain. */
static int count_common(struct rx_source *evm, size_t *ret, struct evm_fault *fault)
{
    bool found = false;
    size_t high = 0;
    if (search_near(evm, &high, &found, fault) < 0) {
        return -1;
    }
    size_t low = found ? high : 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int same = same_block(evm, middle, fault);
        if (same < 0) {
            return -1;
        }
        if (same) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *ret = low;
    return 0;
}

/* Removes all above `to` (NULL: everything) from the store and waits for it. */
static int undo_store(struct rx_source *evm, const struct evm_block *to, struct evm_fault *fault)
{
    rx_auto(unit) struct rx_unit *unit = rx_unit_new();
    int r = !unit ? -1
            : to  ? rx_unit_rewind(unit, evm->number, to->number)
                  : rx_unit_wipe(unit, evm->number);
    if (r == 0 && to) {
        struct rx_row_cursor row = {.source = evm->number,
                                    .block = to->number,
                                    .time = to->time,
                                    .from_block = evm->from_block,
                                    .chain_id = evm->chain_id,
                                    .fingerprint = evm->fingerprint};
        memcpy(row.hash, to->hash, sizeof row.hash);
        r = rx_unit_cursor(unit, &row);
    }
    if (r < 0) {
        return evm_no_memory(fault);
    }
    if (rx_store_submit(evm->deps.store, RX_TAKE(unit), &evm->stop) < 0 ||
        rx_store_flush(evm->deps.store, &evm->stop) < 0) {
        return evm_fail(fault, EVM_STOPPED, "stopped");
    }
    return 0;
}

static int undo(struct rx_source *evm, const struct evm_block *to, struct evm_fault *fault)
{
    uint64_t block = to ? to->number : 0;
    if (undo_store(evm, to, fault) < 0) {
        evm_forget(evm);
        return -1;
    }
    /* Nothing in common: every pool was made above "block -1". */
    int r = 0;
    if (to) {
        evm->cursor = (struct evm_cursor){.set = true, .block = block, .time = to->time};
        memcpy(evm->cursor.hash, to->hash, sizeof evm->cursor.hash);
        r = evm_state_rewind(evm->state, evm->deps.store, block, fault);
        evm_blocks_cut(&evm->blocks, block);
    } else {
        evm->cursor = (struct evm_cursor){0};
        evm_blocks_fini(&evm->blocks);
        r = evm_state_clear(evm->state, fault);
    }
    if (r == 0) {
        r = evm_publish(evm, fault);
    }
    if (r < 0) {
        evm_forget(evm);
    }
    return r;
}

int evm_rewind(struct rx_source *evm, struct evm_fault *fault)
{
    size_t common = 0;
    uint64_t from = evm->cursor.block;
    if (count_common(evm, &common, fault) < 0) {
        return -1;
    }
    if (common == evm->blocks.n) {
        return evm_fail(fault, EVM_BLOCK_HASH,
                        "block %llu: the node named two hashes; the one known is confirmed",
                        (unsigned long long)from);
    }
    struct evm_block to = {0};
    if (common > 0) {
        to = evm->blocks.items[common - 1];
    }
    evm_move(evm, RX_SOURCE_REWINDING);
    rx_warn(common > 0 ? "the chain was reorganised; undoing blocks"
                       : "the chain has no block in common with the stored one; reading it again",
            RX_F_S("source", evm->settings.name), RX_F_I("from_block", from),
            RX_F_I("to_block", to.number), RX_F_B("deep", from - to.number > EVM_REORG_DEPTH));
    if (undo(evm, common > 0 ? &to : NULL, fault) < 0) {
        return -1;
    }
    evm->reorgs++;
    rx_metric_inc(evm->metrics.reorgs);
    return evm_publish(evm, fault);
}
