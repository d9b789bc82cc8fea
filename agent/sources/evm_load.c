// SPDX-License-Identifier: Apache-2.0
/* The stored state, read back after a start or after memory and store came apart. */
#include <string.h>

#include "agent/sources/evm.h"
#include "common/base/log.h"

struct loading {
    struct rx_source *evm;
    struct evm_fault *fault;
    struct evm_pool *pool; /* of the last event */
    bool other_settings;
};

static int on_cursor(const struct rx_row_cursor *row, void *arg)
{
    struct loading *loading = arg;
    struct rx_source *evm = loading->evm;
    if (strcmp(row->fingerprint, evm->fingerprint) != 0) {
        loading->other_settings = true;
        return -1;
    }
    evm->cursor = (struct evm_cursor){.set = true, .block = row->block, .time = row->time};
    memcpy(evm->cursor.hash, row->hash, sizeof evm->cursor.hash);
    evm->from_block = row->from_block;
    evm->from_known = true;
    evm->chain_id = row->chain_id;
    return 0;
}

static int on_block(const struct rx_row_block *row, void *arg)
{
    struct loading *loading = arg;
    struct evm_block block = {
        .number = row->number, .time = row->time, .has_events = row->has_events};
    memcpy(block.hash, row->hash, sizeof block.hash);
    return evm_blocks_add(&loading->evm->blocks, &block) < 0 ? evm_no_memory(loading->fault) : 0;
}

static void copy_text(char out[RX_TOKEN_TEXT], const char *text)
{
    size_t n = strnlen(text, RX_TOKEN_TEXT - 1);
    memcpy(out, text, n);
    out[n] = '\0';
}

static int on_pool(const struct rx_row_pool *row, const struct rx_row_token *token, void *arg)
{
    struct loading *loading = arg;
    struct evm_token_info info = {.decimals = token->decimals};
    memcpy(info.key, row->token, sizeof info.key);
    copy_text(info.symbol, token->symbol);
    copy_text(info.name, token->name);
    if (evm_state_add_token(loading->evm->state, &info, loading->fault) < 0) {
        return -1;
    }
    return evm_state_add_pool(loading->evm->state, row, loading->fault);
}

static int on_event(const struct rx_row_event *row, void *arg)
{
    struct loading *loading = arg;
    struct evm_state *state = loading->evm->state;
    struct evm_log log = {.block = row->block, .logi = row->logi, .time = row->time};
    if (!loading->pool || loading->pool->row.id != row->pool) {
        loading->pool = evm_state_pool_by_id(state, row->pool);
    }
    if (!loading->pool || !evm_unpack(row->kind, row->data, &log)) {
        return evm_fail(loading->fault, EVM_STORE,
                        "stored event of pool %u, block %llu, log %u: damaged", row->pool,
                        (unsigned long long)row->block, row->logi);
    }
    return evm_state_apply(state, loading->pool, &log, loading->fault);
}

void evm_forget(struct rx_source *evm)
{
    evm_state_free(RX_TAKE(evm->state));
    evm_blocks_fini(&evm->blocks);
    evm->rest = (struct evm_rest){0};
    evm->cursor = (struct evm_cursor){0};
    evm->from_known = false;
}

static int fresh(struct rx_source *evm, struct evm_fault *fault)
{
    evm_forget(evm);
    evm->state = evm_state_new(evm->number, evm->settings.chain);
    return evm->state ? 0 : evm_no_memory(fault);
}

/* What was read with other settings is of no use: everything goes, and is read again. */
static int start_over(struct rx_source *evm, struct evm_fault *fault)
{
    rx_auto(unit) struct rx_unit *unit = rx_unit_new();
    if (!unit || rx_unit_wipe(unit, evm->number) < 0) {
        return evm_no_memory(fault);
    }
    rx_warn("stored blocks were read with other settings; reading again from the start",
            RX_F_S("source", evm->settings.name));
    evm->chain_id = 0;
    if (fresh(evm, fault) < 0) {
        return -1;
    }
    if (rx_store_submit(evm->deps.store, RX_TAKE(unit), &evm->stop) < 0) {
        return evm_fail(fault, EVM_STOPPED, "stopped");
    }
    return 0;
}

int evm_load(struct rx_source *evm, struct evm_fault *fault)
{
    struct loading loading = {.evm = evm, .fault = fault};
    const struct rx_store_visitor visitor = {.cursor = on_cursor,
                                             .block = on_block,
                                             .pool = on_pool,
                                             .event = on_event,
                                             .arg = &loading};
    struct rx_error err = {0};
    if (rx_store_flush(evm->deps.store, &evm->stop) < 0) {
        return evm_fail(fault, EVM_STOPPED, "stopped");
    }
    if (fresh(evm, fault) < 0) {
        return -1;
    }
    fault->kind = EVM_OK;
    int r = rx_store_read_source(evm->deps.store, evm->number, &visitor, &err);
    if (loading.other_settings) {
        return start_over(evm, fault);
    }
    if (r < 0) {
        evm_forget(evm);
        return fault->kind != EVM_OK ? -1 : evm_fail(fault, EVM_STORE, "%s", err.msg);
    }
    if (!evm->cursor.set) {
        return 0;
    }
    rx_info("resuming", RX_F_S("source", evm->settings.name), RX_F_I("block", evm->cursor.block),
            RX_F_I("pools", evm_state_pools(evm->state)),
            RX_F_I("events", evm_state_events(evm->state)));
    return evm_publish(evm, fault);
}
