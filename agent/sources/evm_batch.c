// SPDX-License-Identifier: Apache-2.0
/* Collecting one range: which logs, which new pools and tokens, which blocks, and their checks. */
#include "agent/sources/evm_batch.h"

#include <stdlib.h>
#include <string.h>

/* Filters with more addresses than this are refused by some nodes. */
#define ADDRESSES_A_QUERY 400
#define QUERIES_A_BATCH   4
/* With more pools than this, short ranges are asked for without addresses. */
#define POOLS_BY_TOPIC  2000
#define BLOCKS_BY_TOPIC 8
/* A token that the node cannot be asked about is taken as unknown after so many attempts: one bad
 * contract must not keep all others out. */
#define TOKEN_PATIENCE 6

void evm_batch_fini(struct evm_batch *batch)
{
    evm_logs_fini(&batch->created);
    evm_logs_fini(&batch->logs);
    free(batch->pools);
    rx_map_free(batch->new_pairs);
    free(batch->tokens);
    rx_map_free(batch->new_keys);
    free(batch->headers);
}

static struct rx_str key_of(const uint8_t address[20])
{
    return (struct rx_str){(const char *)address, 20};
}

/* ---- which logs ---- */

/* Sends the queries with a question for the last block of the range and reads the logs. */
static int run_queries(struct rx_source *evm, struct evm_batch *batch,
                       const struct evm_query *queries, size_t n, struct evm_logs *logs,
                       struct evm_fault *fault)
{
    struct evm_header end = {.number = batch->last};
    evm_rpc_begin(evm->rpc);
    for (size_t i = 0; i < n; i++) {
        evm_query_add(evm->rpc, &queries[i]);
    }
    evm_header_add(evm->rpc, batch->last);
    if (evm_rpc_run(evm->rpc, fault) < 0 || evm_header_read(evm->rpc, n, &end, fault) < 0) {
        return -1;
    }
    if (batch->has_end && memcmp(batch->end_hash, end.hash, sizeof end.hash) != 0) {
        return evm_fail(fault, EVM_BLOCK_HASH, "block %llu: its hash changed while logs were read",
                        (unsigned long long)batch->last);
    }
    memcpy(batch->end_hash, end.hash, sizeof end.hash);
    batch->has_end = true;
    for (size_t i = 0; i < n; i++) {
        if (evm_query_read(evm->rpc, i, &queries[i], logs, fault) < 0) {
            return -1;
        }
    }
    return 0;
}

static int read_factories(struct rx_source *evm, struct evm_batch *batch, struct evm_fault *fault)
{
    uint8_t addresses[EVM_MAX_FACTORIES][20];
    rx_auto(map) struct rx_map *known = rx_map_new(EVM_MAX_FACTORIES, NULL);
    const struct evm_settings *settings = &evm->settings;
    for (size_t i = 0; known && i < settings->n_factories; i++) {
        memcpy(addresses[i], settings->factories[i].address, 20);
        if (rx_map_set(known, key_of(addresses[i]), addresses[i]) < 0) {
            return evm_no_memory(fault);
        }
    }
    if (!known) {
        return evm_no_memory(fault);
    }
    struct evm_query query = {.first = batch->first,
                              .last = batch->last,
                              .factories = true,
                              .addresses = (const uint8_t(*)[20])addresses,
                              .n_addresses = settings->n_factories,
                              .known = known};
    return run_queries(evm, batch, &query, 1, &batch->created, fault);
}

/* Logs of the n addresses, some at a time. */
static int read_pairs(struct rx_source *evm, struct evm_batch *batch,
                      const uint8_t (*addresses)[20], size_t n, const struct rx_map *known,
                      struct evm_fault *fault)
{
    for (size_t done = 0; done < n;) {
        struct evm_query queries[QUERIES_A_BATCH];
        size_t n_queries = 0;
        while (done < n && n_queries < QUERIES_A_BATCH) {
            size_t some = n - done < ADDRESSES_A_QUERY ? n - done : ADDRESSES_A_QUERY;
            struct evm_query *query = &queries[n_queries++];
            *query = (struct evm_query){.first = batch->first,
                                        .last = batch->last,
                                        .addresses = addresses + done,
                                        .n_addresses = some,
                                        .known = known};
            done += some;
        }
        if (run_queries(evm, batch, queries, n_queries, &batch->logs, fault) < 0) {
            return -1;
        }
    }
    return 0;
}

static int read_known_pairs(struct rx_source *evm, struct evm_batch *batch, struct evm_fault *fault)
{
    size_t n = evm_state_pools(evm->state);
    const struct rx_map *known = evm_state_pairs(evm->state);
    if (n > POOLS_BY_TOPIC && batch->last - batch->first < BLOCKS_BY_TOPIC) {
        struct evm_query query = {.first = batch->first, .last = batch->last, .known = known};
        return run_queries(evm, batch, &query, 1, &batch->logs, fault);
    }
    rx_autofree uint8_t(*addresses)[20] = calloc(n + 1, sizeof *addresses);
    if (!addresses) {
        return evm_no_memory(fault);
    }
    for (size_t i = 0; i < n; i++) {
        memcpy(addresses[i], evm_state_pool_at(evm->state, i)->row.pair, 20);
    }
    return read_pairs(evm, batch, (const uint8_t(*)[20])addresses, n, known, fault);
}

/* ---- new pools and tokens ---- */

static bool factory_counts(const struct rx_source *evm, const struct evm_log *log)
{
    for (size_t i = 0; i < evm->settings.n_factories; i++) {
        const struct evm_factory *factory = &evm->settings.factories[i];
        if (memcmp(factory->address, log->address, 20) == 0) {
            return factory->from_block == EVM_FROM_DEFAULT || log->block >= factory->from_block;
        }
    }
    return false;
}

static int note_token(struct rx_source *evm, struct evm_batch *batch, const uint8_t key[20],
                      struct evm_fault *fault)
{
    if (evm_state_token(evm->state, key) || rx_map_get(batch->new_keys, key_of(key))) {
        return 0;
    }
    struct evm_token_info *info = &batch->tokens[batch->n_tokens];
    memcpy(info->key, key, sizeof info->key);
    if (rx_map_set(batch->new_keys, key_of(key), info) < 0) {
        return evm_no_memory(fault);
    }
    batch->n_tokens++;
    return 0;
}

/* A pair of WETH and another token becomes a pool; other pairs are of no interest. */
static int note_pool(struct rx_source *evm, struct evm_batch *batch, const struct evm_log *log,
                     struct evm_fault *fault)
{
    const uint8_t *weth = evm->settings.weth;
    bool first = memcmp(log->a, weth, 20) == 0, second = memcmp(log->b, weth, 20) == 0;
    if (first == second || !factory_counts(evm, log)) {
        return 0;
    }
    char text[EVM_ADDRESS_TEXT];
    if (evm_state_pool(evm->state, log->pair) || rx_map_get(batch->new_pairs, key_of(log->pair))) {
        return evm_fail(fault, EVM_LOG_DUPLICATE, "block %llu, log %u: pair %s is created twice",
                        (unsigned long long)log->block, log->logi,
                        evm_address_text(log->pair, text));
    }
    struct rx_row_pool *pool = &batch->pools[batch->n_pools];
    *pool = (struct rx_row_pool){.id = evm_state_next_id(evm->state) + (uint32_t)batch->n_pools,
                                 .source = evm->number,
                                 .chain = evm->settings.chain,
                                 .weth_pos = first ? 0 : 1,
                                 .created_block = log->block,
                                 .created_logi = log->logi};
    memcpy(pool->pair, log->pair, 20);
    memcpy(pool->token, first ? log->b : log->a, 20);
    memcpy(pool->factory, log->address, 20);
    if (rx_map_set(batch->new_pairs, key_of(pool->pair), pool) < 0) {
        return evm_no_memory(fault);
    }
    batch->n_pools++;
    return note_token(evm, batch, pool->token, fault);
}

static int read_new_pools(struct rx_source *evm, struct evm_batch *batch, struct evm_fault *fault)
{
    size_t n = batch->created.n;
    batch->pools = calloc(n + 1, sizeof *batch->pools);
    batch->tokens = calloc(n + 1, sizeof *batch->tokens);
    batch->new_pairs = rx_map_new(n + 1, NULL);
    batch->new_keys = rx_map_new(n + 1, NULL);
    if (!batch->pools || !batch->tokens || !batch->new_pairs || !batch->new_keys) {
        return evm_no_memory(fault);
    }
    for (size_t i = 0; i < n; i++) {
        if (note_pool(evm, batch, &batch->created.items[i], fault) < 0) {
            return -1;
        }
    }
    rx_autofree uint8_t(*addresses)[20] = calloc(batch->n_pools + 1, sizeof *addresses);
    if (!addresses) {
        return evm_no_memory(fault);
    }
    for (size_t i = 0; i < batch->n_pools; i++) {
        memcpy(addresses[i], batch->pools[i].pair, 20);
    }
    if (read_pairs(evm, batch, (const uint8_t(*)[20])addresses, batch->n_pools, batch->new_pairs,
                   fault) < 0) {
        return -1;
    }
    bool give_up = evm->token_failures >= TOKEN_PATIENCE;
    int r = evm_chain_tokens(evm->rpc, batch->tokens, batch->n_tokens, evm->head.number, give_up,
                             fault);
    evm->token_failures = r == 0 ? 0 : evm->token_failures + (fault->kind == EVM_RPC_ERROR);
    return r;
}

/* ---- blocks ---- */

static int by_number(const void *pa, const void *pb)
{
    const struct evm_header *a = pa, *b = pb;
    return a->number < b->number ? -1 : a->number > b->number;
}

/* The first and last block, those with logs, and every one that a reorganisation may reach. */
static int list_headers(struct rx_source *evm, struct evm_batch *batch, struct evm_fault *fault)
{
    uint64_t reach =
        evm->head.number > 2 * EVM_REORG_DEPTH ? evm->head.number - 2 * EVM_REORG_DEPTH : 0;
    uint64_t near = reach > batch->first ? reach : batch->first;
    size_t n_near = near <= batch->last ? (size_t)(batch->last - near + 1) : 0;
    size_t n = 2 + batch->logs.n + batch->created.n + n_near, used = 0;
    struct evm_header *list = calloc(n, sizeof *list);
    if (!list) {
        return evm_no_memory(fault);
    }
    batch->headers = list;
    list[used++].number = batch->first;
    list[used++].number = batch->last;
    for (size_t i = 0; i < batch->logs.n; i++) {
        list[used++].number = batch->logs.items[i].block;
    }
    for (size_t i = 0; i < batch->created.n; i++) {
        list[used++].number = batch->created.items[i].block;
    }
    for (size_t i = 0; i < n_near; i++) {
        list[used++].number = near + i;
    }
    qsort(list, used, sizeof *list, by_number);
    for (size_t i = 0; i < used; i++) {
        if (batch->n_headers == 0 || list[batch->n_headers - 1].number != list[i].number) {
            list[batch->n_headers++] = list[i];
        }
    }
    if (evm_chain_headers(evm->rpc, list, batch->n_headers, false, fault) < 0) {
        return -1;
    }
    if (memcmp(list[batch->n_headers - 1].hash, batch->end_hash, 32) != 0) {
        return evm_fail(fault, EVM_BLOCK_HASH, "block %llu: its hash changed while logs were read",
                        (unsigned long long)batch->last);
    }
    return 0;
}

static const struct evm_header *header_of(const struct evm_batch *batch, uint64_t number)
{
    const struct evm_header key = {.number = number};
    return bsearch(&key, batch->headers, batch->n_headers, sizeof key, by_number);
}

/* Each block follows the one before it: the cursor's, then those of the range. */
static int check_links(const struct rx_source *evm, const struct evm_batch *batch,
                       struct evm_fault *fault)
{
    uint64_t number = evm->cursor.set ? evm->cursor.block : 0;
    const uint8_t *hash = evm->cursor.set ? evm->cursor.hash : NULL;
    int64_t time = evm->cursor.set ? evm->cursor.time : 0;
    for (size_t i = 0; i < batch->n_headers; i++) {
        const struct evm_header *header = &batch->headers[i];
        if (hash && header->number == number + 1 && memcmp(header->parent, hash, 32) != 0) {
            return evm_fail(fault, EVM_PARENT_HASH,
                            "block %llu: its parentHash is not the hash of block %llu",
                            (unsigned long long)header->number, (unsigned long long)number);
        }
        if (header->time < time) {
            return evm_fail(fault, EVM_TIME, "block %llu: its timestamp is before block %llu's",
                            (unsigned long long)header->number, (unsigned long long)number);
        }
        number = header->number;
        hash = header->hash;
        time = header->time;
    }
    return 0;
}

/* Every log belongs to the block that the node calls canonical now. */
static int date_logs(struct evm_logs *logs, const struct evm_batch *batch, struct evm_fault *fault)
{
    for (size_t i = 0; i < logs->n; i++) {
        struct evm_log *log = &logs->items[i];
        const struct evm_header *header = header_of(batch, log->block);
        if (memcmp(header->hash, log->block_hash, 32) != 0) {
            return evm_fail(fault, EVM_BLOCK_HASH,
                            "block %llu, log %u: its blockHash is not the block's hash",
                            (unsigned long long)log->block, log->logi);
        }
        log->time = header->time;
    }
    return 0;
}

int evm_batch_collect(struct rx_source *evm, struct evm_batch *batch, struct evm_fault *fault)
{
    if (read_factories(evm, batch, fault) < 0 || read_known_pairs(evm, batch, fault) < 0 ||
        read_new_pools(evm, batch, fault) < 0 || evm_logs_sort(&batch->logs, fault) < 0 ||
        list_headers(evm, batch, fault) < 0 || check_links(evm, batch, fault) < 0 ||
        date_logs(&batch->created, batch, fault) < 0) {
        return -1;
    }
    return date_logs(&batch->logs, batch, fault);
}
