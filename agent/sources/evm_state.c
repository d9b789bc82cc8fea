// SPDX-License-Identifier: Apache-2.0
#include "agent/sources/evm_state.h"

#include <stdlib.h>
#include <string.h>

#define MAX_POOLS ((1UL << EVM_POOL_BITS) - 1)

struct evm_state {
    uint32_t source;
    char *chain;             /* owned */
    struct rx_map *pairs;    /* owned: pair -> pool, borrowed from pools */
    struct rx_map *keys;     /* owned: token -> evm_token, owned by it */
    struct evm_pool **pools; /* owned with its elements, by ascending id */
    size_t n_pools, cap_pools;
    struct evm_token **dirty; /* array owned, tokens borrowed */
    size_t n_dirty, cap_dirty;
    uint64_t events;
    uint32_t next_id;
};

static struct rx_str key_of(const uint8_t address[20])
{
    return (struct rx_str){(const char *)address, 20};
}

static void free_token(void *value)
{
    struct evm_token *token = value;
    free(token->pools);
    free(token);
}

static void free_pool(struct evm_pool *pool)
{
    rx_pool_free(pool->engine);
    rx_pool_view_free(pool->rest);
    free(pool);
}

struct evm_state *evm_state_new(uint32_t source, const char *chain)
{
    struct evm_state *state = calloc(1, sizeof *state);
    if (!state) {
        return NULL;
    }
    state->source = source;
    state->next_id = (source << EVM_POOL_BITS) + 1;
    state->chain = strdup(chain);
    state->pairs = rx_map_new(MAX_POOLS, NULL);
    state->keys = rx_map_new(MAX_POOLS, free_token);
    if (!state->chain || !state->pairs || !state->keys) {
        evm_state_free(state);
        return NULL;
    }
    return state;
}

void evm_state_free(struct evm_state *state)
{
    if (!state) {
        return;
    }
    for (size_t i = 0; i < state->n_pools; i++) {
        free_pool(state->pools[i]);
    }
    free(state->pools);
    free(state->dirty);
    rx_map_free(state->pairs);
    rx_map_free(state->keys);
    free(state->chain);
    free(state);
}

struct evm_pool *evm_state_pool(const struct evm_state *state, const uint8_t pair[20])
{
    return rx_map_get(state->pairs, key_of(pair));
}

struct evm_token *evm_state_token(const struct evm_state *state, const uint8_t key[20])
{
    return rx_map_get(state->keys, key_of(key));
}

struct evm_pool *evm_state_pool_by_id(const struct evm_state *state, uint32_t id)
{
    size_t low = 0, high = state->n_pools;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (state->pools[middle]->row.id < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < state->n_pools && state->pools[low]->row.id == id ? state->pools[low] : NULL;
}

const struct rx_map *evm_state_pairs(const struct evm_state *state)
{
    return state->pairs;
}

size_t evm_state_pools(const struct evm_state *state)
{
    return state->n_pools;
}

struct evm_pool *evm_state_pool_at(const struct evm_state *state, size_t i)
{
    return state->pools[i];
}

uint64_t evm_state_events(const struct evm_state *state)
{
    return state->events;
}

uint32_t evm_state_next_id(const struct evm_state *state)
{
    return state->next_id;
}

/* Makes room for one more pointer; NULL when out of memory. */
static void *with_room(void *array, size_t n, size_t *cap)
{
    if (n < *cap) {
        return array;
    }
    size_t grown = *cap ? *cap * 2 : 1; /* most tokens have one pool */
    void *out = realloc(array, grown * sizeof(void *));
    if (out) {
        *cap = grown;
    }
    return out;
}

static int mark_dirty(struct evm_state *state, struct evm_token *token, struct evm_fault *fault)
{
    if (token->dirty) {
        return 0;
    }
    struct evm_token **dirty = with_room(state->dirty, state->n_dirty, &state->cap_dirty);
    if (!dirty) {
        return evm_no_memory(fault);
    }
    state->dirty = dirty;
    state->dirty[state->n_dirty++] = token;
    token->dirty = true;
    return 0;
}

int evm_state_touch(struct evm_state *state, struct evm_pool *pool, struct evm_fault *fault)
{
    return mark_dirty(state, pool->token, fault);
}

int evm_state_add_token(struct evm_state *state, const struct evm_token_info *info,
                        struct evm_fault *fault)
{
    if (evm_state_token(state, info->key)) {
        return 0;
    }
    struct evm_token *token = calloc(1, sizeof *token);
    if (!token || rx_map_set(state->keys, key_of(info->key), token) < 0) {
        free(token);
        return evm_no_memory(fault);
    }
    token->info = *info;
    return 0;
}

static int make_engine(struct evm_pool *pool, struct evm_fault *fault)
{
    int decimals = pool->token->info.decimals;
    struct rx_pool_meta meta = {.decimals = decimals < 0 ? RX_DECIMALS_UNKNOWN : decimals,
                                .weth_pos = pool->row.weth_pos,
                                .clock = RX_POOL_SECONDS,
                                .lp = true};
    struct rx_error err = {0};
    memcpy(meta.address, pool->row.pair, sizeof meta.address);
    if (rx_pool_new(&meta, &pool->engine, &err) < 0) {
        return evm_fail(fault, EVM_MEMORY, "new pool: %s", err.msg);
    }
    return 0;
}

static int link_pool(struct evm_state *state, struct evm_pool *pool, struct evm_fault *fault)
{
    struct evm_token *token = pool->token;
    struct evm_pool **pools = with_room(state->pools, state->n_pools, &state->cap_pools);
    if (!pools) {
        return evm_no_memory(fault);
    }
    state->pools = pools;
    struct evm_pool **of_token = with_room(token->pools, token->n_pools, &token->cap_pools);
    if (!of_token) {
        return evm_no_memory(fault);
    }
    token->pools = of_token;
    if (mark_dirty(state, token, fault) < 0) {
        return -1;
    }
    if (rx_map_set(state->pairs, key_of(pool->row.pair), pool) < 0) {
        return evm_no_memory(fault);
    }
    state->pools[state->n_pools++] = pool;
    token->pools[token->n_pools++] = pool;
    return 0;
}

int evm_state_add_pool(struct evm_state *state, const struct rx_row_pool *row,
                       struct evm_fault *fault)
{
    if (state->n_pools == MAX_POOLS) {
        return evm_fail(fault, EVM_MEMORY, "more than %lu pools", MAX_POOLS);
    }
    struct evm_token *token = evm_state_token(state, row->token);
    if (!token || evm_state_pool(state, row->pair) || row->id < state->next_id) {
        return evm_fail(fault, EVM_STORE, "pool %u is there already, or lacks its token", row->id);
    }
    struct evm_pool *pool = calloc(1, sizeof *pool);
    if (!pool) {
        return evm_no_memory(fault);
    }
    pool->row = *row;
    pool->row.chain = state->chain;
    pool->token = token;
    if (link_pool(state, pool, fault) < 0) {
        free_pool(pool);
        return -1;
    }
    state->next_id = row->id + 1;
    return 0;
}

static int apply_sync(struct evm_pool *pool, const struct evm_log *log, struct rx_error *err)
{
    struct rx_sync sync = {.block = log->block, .log_index = log->logi, .time = log->time};
    if (!rx_u256_to_u128(&log->word[0], &sync.reserve[0]) ||
        !rx_u256_to_u128(&log->word[1], &sync.reserve[1])) {
        return rx_error_set(err, RX_EINVALID, "reserve of 2^128 or more");
    }
    int r = rx_pool_sync(pool->engine, &sync, err);
    if (r > 0) {
        pool->sync_block = log->block;
        pool->sync_time = log->time;
    }
    return r;
}

static int apply_transfer(struct evm_pool *pool, const struct evm_log *log, struct rx_error *err)
{
    struct rx_lp_transfer transfer = {
        .block = log->block, .log_index = log->logi, .value = log->word[0]};
    memcpy(transfer.from, log->a, sizeof transfer.from);
    memcpy(transfer.to, log->b, sizeof transfer.to);
    return rx_pool_lp_transfer(pool->engine, &transfer, err);
}

int evm_state_apply(struct evm_state *state, struct evm_pool *pool, const struct evm_log *log,
                    struct evm_fault *fault)
{
    struct rx_error err = {0};
    int r = 0;
    if (!pool->engine && make_engine(pool, fault) < 0) {
        return -1;
    }
    if (log->kind == RX_EVENT_SYNC) {
        r = apply_sync(pool, log, &err);
    } else if (log->kind == RX_EVENT_LP_TRANSFER) {
        r = apply_transfer(pool, log, &err);
    }
    if (r < 0) {
        char address[EVM_ADDRESS_TEXT];
        return evm_fail(fault, r == RX_EINVALID ? EVM_LOG_FORM : EVM_MEMORY,
                        "pool %s, block %llu, log %u: %s",
                        evm_address_text(pool->row.pair, address), (unsigned long long)log->block,
                        log->logi, err.msg);
    }
    pool->last_block = log->block;
    pool->last_time = log->time;
    pool->n_events++;
    state->events++;
    return mark_dirty(state, pool->token, fault);
}

/* ---- undoing ---- */

struct rebuild {
    struct evm_state *state;
    struct evm_pool *pool;
    struct evm_fault *fault;
};

static int replay_event(const struct rx_row_event *row, void *arg)
{
    struct rebuild *rebuild = arg;
    struct evm_log log = {.block = row->block, .logi = row->logi, .time = row->time};
    if (!evm_unpack(row->kind, row->data, &log)) {
        return evm_fail(rebuild->fault, EVM_STORE, "pool %u, block %llu, log %u: damaged values",
                        row->pool, (unsigned long long)row->block, row->logi);
    }
    return evm_state_apply(rebuild->state, rebuild->pool, &log, rebuild->fault);
}

int evm_state_rebuild(struct evm_state *state, struct rx_store *store, struct evm_pool *pool,
                      struct evm_fault *fault)
{
    struct rebuild rebuild = {state, pool, fault};
    struct rx_error err = {0};
    rx_pool_free(RX_TAKE(pool->engine));
    rx_pool_view_free(RX_TAKE(pool->rest));
    state->events -= pool->n_events;
    pool->n_events = pool->last_block = pool->sync_block = 0;
    pool->sync_time = pool->last_time = 0;
    fault->kind = EVM_OK;
    if (mark_dirty(state, pool->token, fault) < 0) {
        return -1;
    }
    if (rx_store_read_pool(store, pool->row.id, replay_event, &rebuild, &err) < 0) {
        return fault->kind != EVM_OK ? -1 : evm_fail(fault, EVM_STORE, "%s", err.msg);
    }
    return 0;
}

static int remove_pool(struct evm_state *state, struct evm_pool *pool, struct evm_fault *fault)
{
    struct evm_token *token = pool->token;
    for (size_t i = 0; i < token->n_pools; i++) {
        if (token->pools[i] == pool) {
            memmove(&token->pools[i], &token->pools[i + 1],
                    (token->n_pools - i - 1) * sizeof(struct evm_pool *));
            token->n_pools--;
            break;
        }
    }
    rx_map_del(state->pairs, key_of(pool->row.pair));
    state->events -= pool->n_events;
    return mark_dirty(state, token, fault);
}

int evm_state_rewind(struct evm_state *state, struct rx_store *store, uint64_t block,
                     struct evm_fault *fault)
{
    size_t kept = 0;
    int r = 0;
    for (size_t i = 0; i < state->n_pools; i++) {
        struct evm_pool *pool = state->pools[i];
        if (r == 0 && pool->row.created_block > block) {
            r = remove_pool(state, pool, fault);
            free_pool(pool);
            continue;
        }
        state->pools[kept++] = pool;
        if (r == 0 && pool->last_block > block) {
            r = evm_state_rebuild(state, store, pool, fault);
        }
    }
    state->n_pools = kept;
    return r;
}

int evm_state_clear(struct evm_state *state, struct evm_fault *fault)
{
    int r = 0;
    for (size_t i = 0; i < state->n_pools; i++) {
        if (r == 0) {
            r = remove_pool(state, state->pools[i], fault);
        }
        free_pool(state->pools[i]);
    }
    state->n_pools = 0;
    return r;
}

/* ---- publishing ---- */

static double weth_of(const struct evm_pool *pool)
{
    return pool->engine ? rx_pool_weth(pool->engine)
           : pool->rest ? rx_pool_view_weth(pool->rest)
                        : 0;
}

static uint64_t syncs_of(const struct evm_pool *pool)
{
    return pool->engine ? rx_pool_events(pool->engine)
           : pool->rest ? rx_pool_view_events(pool->rest)
                        : 0;
}

static int deeper_first(const void *pa, const void *pb)
{
    const struct evm_pool *a = *(struct evm_pool *const *)pa, *b = *(struct evm_pool *const *)pb;
    double wa = weth_of(a), wb = weth_of(b);
    if (wa != wb) {
        return wa > wb ? -1 : 1;
    }
    return a->row.id < b->row.id ? -1 : a->row.id > b->row.id;
}

static void describe_pool(const struct evm_pool *pool, struct rx_pool_info *out)
{
    evm_address_text(pool->row.pair, out->pair);
    out->protocol = "uniswap-v2";
    out->created_block = pool->row.created_block;
    out->weth = weth_of(pool);
    out->n_sync = syncs_of(pool);
    out->last_block = pool->sync_block;
    out->last_time = pool->sync_time;
}

/* NULL when out of memory; only for a pool that has a kept event. */
static struct rx_pool_view *view_of(struct evm_pool *pool)
{
    return pool->rest ? rx_pool_view_ref(pool->rest) : rx_pool_view_new(pool->engine);
}

static struct rx_snapshot *snapshot_of(struct evm_token *token, struct rx_book *book,
                                       unsigned index)
{
    rx_auto(snapshot) struct rx_snapshot *out =
        rx_snapshot_new(book, index, token->info.key, token->n_pools);
    if (!out) {
        return NULL;
    }
    qsort(token->pools, token->n_pools, sizeof(struct evm_pool *), deeper_first);
    memcpy(out->symbol, token->info.symbol, sizeof out->symbol);
    memcpy(out->name, token->info.name, sizeof out->name);
    out->decimals = token->info.decimals;
    for (unsigned i = 0; i < out->n_pools; i++) {
        describe_pool(token->pools[i], &out->pools[i]);
    }
    if (syncs_of(token->pools[0]) > 0 && !(out->view = view_of(token->pools[0]))) {
        return NULL;
    }
    return RX_TAKE(out);
}

static void drop_snapshots(struct rx_snapshot **put, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        rx_snapshot_unref(put[i]);
    }
}

int evm_state_publish(struct evm_state *state, struct rx_book *book, unsigned index,
                      struct rx_book_change *change, struct evm_fault *fault)
{
    rx_autofree struct rx_snapshot **put = calloc(state->n_dirty + 1, sizeof(struct rx_snapshot *));
    rx_autofree uint8_t(*drop)[20] = calloc(state->n_dirty + 1, sizeof *drop);
    size_t n_put = 0, n_drop = 0;
    if (!put || !drop) {
        return evm_no_memory(fault);
    }
    for (size_t i = 0; i < state->n_dirty; i++) {
        struct evm_token *token = state->dirty[i];
        if (token->n_pools == 0) {
            memcpy(drop[n_drop++], token->info.key, 20);
        } else if (!(put[n_put] = snapshot_of(token, book, index))) {
            drop_snapshots(put, n_put);
            return evm_no_memory(fault);
        } else {
            n_put++;
        }
    }
    change->put = put;
    change->n_put = n_put;
    change->drop = (const uint8_t(*)[20])drop;
    change->n_drop = n_drop;
    change->pools = state->n_pools;
    change->events = state->events;
    if (rx_book_publish(book, index, change) < 0) {
        drop_snapshots(put, n_put);
        return evm_no_memory(fault);
    }
    for (size_t i = 0; i < state->n_dirty; i++) {
        state->dirty[i]->dirty = false;
    }
    state->n_dirty = 0;
    return 0;
}
