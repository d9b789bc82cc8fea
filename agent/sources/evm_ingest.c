// SPDX-License-Identifier: Apache-2.0
/*
 * One range of blocks: collected, written and applied as a whole. Nothing changes before all of
 * the node's answers have passed their checks, so a failed attempt leaves no trace but a metric.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/sources/evm_batch.h"

static struct rx_str key_of(const uint8_t address[20])
{
    return (struct rx_str){(const char *)address, 20};
}

static int write_pools(struct rx_source *evm, const struct evm_batch *batch, struct rx_unit *unit)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < batch->n_tokens; i++) {
        const struct evm_token_info *info = &batch->tokens[i];
        char address[EVM_ADDRESS_TEXT];
        const struct rx_row_token row = {.chain = evm->settings.chain,
                                         .address = evm_address_text(info->key, address),
                                         .symbol = info->symbol,
                                         .name = info->name,
                                         .decimals = info->decimals};
        r = rx_unit_token(unit, &row);
    }
    for (size_t i = 0; r == 0 && i < batch->n_pools; i++) {
        r = rx_unit_pool(unit, &batch->pools[i]);
    }
    return r;
}

static uint32_t pool_id(const struct rx_source *evm, const struct evm_batch *batch,
                        const uint8_t pair[20])
{
    const struct evm_pool *pool = evm_state_pool(evm->state, pair);
    const struct rx_row_pool *row = pool ? &pool->row : rx_map_get(batch->new_pairs, key_of(pair));
    return row->id;
}

static int write_events(struct rx_source *evm, const struct evm_batch *batch, struct rx_unit *unit)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < batch->logs.n; i++) {
        const struct evm_log *log = &batch->logs.items[i];
        uint8_t packed[200];
        size_t n = evm_pack(log, packed);
        const struct rx_row_event row = {.pool = pool_id(evm, batch, log->address),
                                         .block = log->block,
                                         .logi = log->logi,
                                         .time = log->time,
                                         .kind = (enum rx_event_kind)log->kind,
                                         .data = {(const char *)packed, n}};
        r = rx_unit_event(unit, &row);
    }
    return r;
}

/* Adds the blocks to the unit and to the ones remembered (room was reserved). */
static int write_blocks(struct rx_source *evm, const struct evm_batch *batch, struct rx_unit *unit)
{
    size_t log = 0, created = 0;
    int r = 0;
    for (size_t i = 0; r == 0 && i < batch->n_headers; i++) {
        const struct evm_header *header = &batch->headers[i];
        struct rx_row_block row = {
            .source = evm->number, .number = header->number, .time = header->time};
        memcpy(row.hash, header->hash, sizeof row.hash);
        for (; log < batch->logs.n && batch->logs.items[log].block == row.number; log++) {
            row.has_events = true;
        }
        for (; created < batch->created.n && batch->created.items[created].block == row.number;
             created++) {
            row.has_events = true;
        }
        struct evm_block block = {
            .number = row.number, .time = row.time, .has_events = row.has_events};
        memcpy(block.hash, row.hash, sizeof block.hash);
        r = rx_unit_block(unit, &row);
        if (r == 0) {
            r = evm_blocks_add(&evm->blocks, &block);
        }
    }
    return r;
}

static int write_cursor(struct rx_source *evm, const struct evm_header *last, struct rx_unit *unit)
{
    struct rx_row_cursor row = {.source = evm->number,
                                .block = last->number,
                                .time = last->time,
                                .from_block = evm->from_block,
                                .chain_id = evm->chain_id,
                                .fingerprint = evm->fingerprint};
    memcpy(row.hash, last->hash, sizeof row.hash);
    int r = rx_unit_cursor(unit, &row);
    uint64_t keep = 2 * EVM_REORG_DEPTH;
    if (r == 0 && last->number > keep && evm_blocks_prune(&evm->blocks, last->number - keep)) {
        r = rx_unit_prune(unit, evm->number, last->number - keep);
    }
    return r;
}

static int apply(struct rx_source *evm, struct evm_batch *batch, struct evm_fault *fault)
{
    for (size_t i = 0; i < batch->n_tokens; i++) {
        if (evm_state_add_token(evm->state, &batch->tokens[i], fault) < 0) {
            return -1;
        }
    }
    for (size_t i = 0; i < batch->n_pools; i++) {
        if (evm_state_add_pool(evm->state, &batch->pools[i], fault) < 0) {
            return -1;
        }
    }
    for (size_t i = 0; i < batch->logs.n; i++) {
        struct evm_log *log = &batch->logs.items[i];
        struct evm_pool *pool = evm_state_pool(evm->state, log->address);
        if (evm_rest_wake(evm->state, evm->deps.store, &evm->stop, pool, fault) < 0 ||
            evm_state_apply(evm->state, pool, log, fault) < 0) {
            return -1;
        }
        rx_metric_inc(evm->metrics.events[log->kind]);
    }
    rx_metric_add(evm->metrics.events[EVM_LOG_PAIR_CREATED], (double)batch->n_pools);
    return 0;
}

static int commit(struct rx_source *evm, struct evm_batch *batch, struct evm_fault *fault)
{
    const struct evm_header *last = &batch->headers[batch->n_headers - 1];
    rx_auto(unit) struct rx_unit *unit = rx_unit_new();
    if (!unit || evm_blocks_reserve(&evm->blocks, batch->n_headers) < 0 ||
        write_pools(evm, batch, unit) < 0 || write_events(evm, batch, unit) < 0) {
        return evm_no_memory(fault);
    }
    /* From here on a failure leaves memory and store apart; the caller reads the store again. */
    if (write_blocks(evm, batch, unit) < 0 || write_cursor(evm, last, unit) < 0) {
        evm_forget(evm);
        return evm_no_memory(fault);
    }
    if (apply(evm, batch, fault) < 0) {
        evm_forget(evm);
        return -1;
    }
    if (rx_store_submit(evm->deps.store, RX_TAKE(unit), &evm->stop) < 0) {
        evm_forget(evm);
        return evm_fail(fault, EVM_STOPPED, "stopped");
    }
    evm->cursor = (struct evm_cursor){.set = true, .block = last->number, .time = last->time};
    memcpy(evm->cursor.hash, last->hash, sizeof evm->cursor.hash);
    return evm_publish(evm, fault);
}

int evm_ingest(struct rx_source *evm, uint64_t first, uint64_t last, struct evm_fault *fault)
{
    struct evm_batch batch = {.first = first, .last = last};
    int r = evm_batch_collect(evm, &batch, fault);
    if (r == 0) {
        r = commit(evm, &batch, fault);
    }
    if (r == 0) {
        evm_range_good(&evm->range, batch.logs.n + batch.created.n);
    }
    evm_batch_fini(&batch);
    return r;
}
