// SPDX-License-Identifier: Apache-2.0
/* Logs: asking for them and checking what comes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/sources/evm_chain.h"

void evm_logs_fini(struct evm_logs *logs)
{
    free(logs->items);
    *logs = (struct evm_logs){0};
}

static struct evm_log *grow(struct evm_logs *logs, struct evm_fault *fault)
{
    if (logs->n == EVM_LOGS_MAX) {
        evm_fail(fault, EVM_TOO_LARGE, "eth_getLogs: more than %d logs in one range", EVM_LOGS_MAX);
        return NULL;
    }
    if (logs->n == logs->cap) {
        size_t cap = logs->cap ? logs->cap * 2 : 64;
        struct evm_log *items = realloc(logs->items, cap * sizeof *items);
        if (!items) {
            evm_no_memory(fault);
            return NULL;
        }
        logs->items = items;
        logs->cap = cap;
    }
    return &logs->items[logs->n];
}

static int compare(const void *pa, const void *pb)
{
    const struct evm_log *a = pa, *b = pb;
    if (a->block != b->block) {
        return a->block < b->block ? -1 : 1;
    }
    return a->logi < b->logi ? -1 : a->logi > b->logi;
}

static int duplicate(const struct evm_log *log, struct evm_fault *fault)
{
    return evm_fail(fault, EVM_LOG_DUPLICATE, "eth_getLogs: block %llu, log %u: there twice",
                    (unsigned long long)log->block, log->logi);
}

int evm_logs_sort(struct evm_logs *logs, struct evm_fault *fault)
{
    if (logs->n) {
        qsort(logs->items, logs->n, sizeof *logs->items, compare);
    }
    for (size_t i = 1; i < logs->n; i++) {
        if (compare(&logs->items[i - 1], &logs->items[i]) == 0) {
            return duplicate(&logs->items[i], fault);
        }
    }
    return 0;
}

static void add_quantity(struct rx_jw *w, const char *key, uint64_t value)
{
    char text[20];
    snprintf(text, sizeof text, "0x%llx", (unsigned long long)value);
    rx_jw_kv_cstr(w, key, text);
}

void evm_query_add(struct evm_rpc *rpc, const struct evm_query *query)
{
    static const char *const pair_topics[] = {evm_topic_sync, evm_topic_swap, evm_topic_mint,
                                              evm_topic_burn, evm_topic_transfer};
    struct rx_jw *w = evm_rpc_add(rpc, "eth_getLogs");
    char address[EVM_ADDRESS_TEXT];
    rx_jw_begin_object(w);
    add_quantity(w, "fromBlock", query->first);
    add_quantity(w, "toBlock", query->last);
    if (query->addresses) {
        rx_jw_key(w, "address");
        rx_jw_begin_array(w);
        for (size_t i = 0; i < query->n_addresses; i++) {
            rx_jw_cstr(w, evm_address_text(query->addresses[i], address));
        }
        rx_jw_end_array(w);
    }
    rx_jw_key(w, "topics");
    rx_jw_begin_array(w);
    rx_jw_begin_array(w);
    if (query->factories) {
        rx_jw_cstr(w, evm_topic_pair_created);
    }
    for (size_t i = 0; !query->factories && i < RX_ARRAY_LEN(pair_topics); i++) {
        rx_jw_cstr(w, pair_topics[i]);
    }
    rx_jw_end_array(w);
    rx_jw_end_array(w);
    rx_jw_end_object(w);
    evm_rpc_end(rpc);
}

static int check_order(const struct evm_log *last, const struct evm_log *log,
                       struct evm_fault *fault)
{
    int order = last ? compare(last, log) : -1;
    if (order == 0) {
        return duplicate(log, fault);
    }
    if (order > 0) {
        return evm_fail(
            fault, EVM_LOG_ORDER, "eth_getLogs: block %llu, log %u comes after block %llu, log %u",
            (unsigned long long)log->block, log->logi, (unsigned long long)last->block, last->logi);
    }
    return 0;
}

static int check_place(const struct evm_log *log, const struct evm_query *query,
                       struct evm_fault *fault)
{
    char address[EVM_ADDRESS_TEXT];
    if (log->block < query->first || log->block > query->last) {
        return evm_fail(fault, EVM_LOG_RANGE,
                        "eth_getLogs: block %llu, log %u: asked for blocks %llu to %llu",
                        (unsigned long long)log->block, log->logi, (unsigned long long)query->first,
                        (unsigned long long)query->last);
    }
    struct rx_str key = {(const char *)log->address, sizeof log->address};
    if (query->addresses && !rx_map_get(query->known, key)) {
        return evm_fail(fault, EVM_LOG_FOREIGN,
                        "eth_getLogs: block %llu, log %u: of %s, which was not asked for",
                        (unsigned long long)log->block, log->logi,
                        evm_address_text(log->address, address));
    }
    return 0;
}

int evm_query_read(struct evm_rpc *rpc, size_t i, const struct evm_query *query,
                   struct evm_logs *logs, struct evm_fault *fault)
{
    const struct rx_json *array = evm_rpc_result(rpc, i, fault);
    if (!array) {
        return -1;
    }
    if (rx_json_type(array) != RX_JSON_ARRAY) {
        return evm_fail(fault, EVM_PROTOCOL, "eth_getLogs: the result is a JSON %s, not an array",
                        rx_json_type_name(array));
    }
    struct evm_log last = {0};
    bool any = false;
    RX_JSON_FOREACH (it, array) {
        struct evm_log *log = grow(logs, fault);
        if (!log || evm_log_place(it.value, log, fault) < 0 ||
            check_order(any ? &last : NULL, log, fault) < 0 || check_place(log, query, fault) < 0) {
            return -1;
        }
        last = *log;
        any = true;
        struct rx_str key = {(const char *)log->address, sizeof log->address};
        if (!rx_map_get(query->known, key)) {
            continue; /* another contract with such an event: its form says nothing */
        }
        if (evm_log_decode(it.value, log, fault) < 0) {
            return -1;
        }
        if ((log->kind == EVM_LOG_PAIR_CREATED) != query->factories) {
            return evm_fail(fault, EVM_LOG_FOREIGN,
                            "eth_getLogs: block %llu, log %u: an event that was not asked for",
                            (unsigned long long)log->block, log->logi);
        }
        logs->n++;
    }
    return 0;
}
