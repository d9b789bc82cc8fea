// SPDX-License-Identifier: Apache-2.0
#include "agent/replay/tables.h"

#include <errno.h>
#include <string.h>

#include "agent/replay/csv.h"
#include "common/base/map.h"

struct rx_tables {
    struct rx_map *by_address;   /* to struct rx_pool_rows, owned by `pools` */
    struct rx_map *unknown;      /* addresses seen that the pairs file lacks */
    struct rx_pool_rows **pools; /* owned */
    size_t n, cap;
    struct rx_pool_rows *last; /* rows of one pool often follow each other */
    struct rx_tables_counts counts;
};

static void pool_rows_free(struct rx_pool_rows *rows)
{
    if (rows) {
        free(rows->events);
        free(rows->lps);
        free(rows);
    }
}
RX_DEFINE_CLEANUP(pool_rows, struct rx_pool_rows *, pool_rows_free);

static struct rx_str key_of(const unsigned char address[20])
{
    return (struct rx_str){(const char *)address, 20};
}

struct rx_tables *rx_tables_new(void)
{
    rx_auto(tables) struct rx_tables *tables = calloc(1, sizeof(*tables));
    if (!tables) {
        return NULL;
    }
    tables->by_address = rx_map_new(RX_TABLES_MAX_POOLS, NULL);
    tables->unknown = rx_map_new(RX_TABLES_MAX_POOLS, NULL);
    if (!tables->by_address || !tables->unknown) {
        return NULL;
    }
    return RX_TAKE(tables);
}

void rx_tables_free(struct rx_tables *tables)
{
    if (tables) {
        for (size_t i = 0; i < tables->n; i++) {
            pool_rows_free(tables->pools[i]);
        }
        free(tables->pools);
        rx_map_free(tables->by_address);
        rx_map_free(tables->unknown);
        free(tables);
    }
}

/* Makes room for one more element of an owned array. */
static int grow(void **array, size_t n, size_t *cap, size_t size)
{
    if (n < *cap) {
        return 0;
    }
    size_t wanted = *cap ? *cap * 2 : 8;
    void *bigger = realloc(*array, wanted * size);
    if (!bigger) {
        return -ENOMEM;
    }
    *array = bigger;
    *cap = wanted;
    return 0;
}

static int out_of_memory(struct rx_error *err)
{
    return rx_error_set(err, -ENOMEM, "out of memory");
}

enum { PAIR_POOL, PAIR_TOKEN, PAIR_DECIMALS, PAIR_WETH_POS, PAIR_COLUMNS };
static const char *const pair_names[] = {"pool", "token", "decimals", "weth_pos"};

static int parse_pair(const struct rx_csv *csv, struct rx_pool_rows *rows, struct rx_error *err)
{
    int64_t decimals;
    int64_t weth_pos;
    int rc = rx_csv_address(csv, PAIR_POOL, rows->pool, err);
    if (rc == 0) {
        rc = rx_csv_address(csv, PAIR_TOKEN, rows->token, err);
    }
    if (rc == 0) {
        rc = rx_csv_i64(csv, PAIR_DECIMALS, RX_DECIMALS_UNKNOWN, 255, &decimals, err);
    }
    if (rc == 0 && decimals < 0 && decimals != RX_DECIMALS_UNKNOWN) {
        rc = rx_csv_error(csv, PAIR_DECIMALS, RX_ELIMIT, err, "0 to 255, or -999 for unknown,");
    }
    if (rc == 0) {
        rc = rx_csv_i64(csv, PAIR_WETH_POS, 0, 1, &weth_pos, err);
    }
    if (rc == 0) {
        rows->decimals = (int)decimals;
        rows->weth_pos = (int)weth_pos;
    }
    return rc;
}

static int add_pair(struct rx_tables *tables, const struct rx_csv *csv, struct rx_error *err)
{
    rx_auto(pool_rows) struct rx_pool_rows *rows = calloc(1, sizeof(*rows));
    if (!rows) {
        return out_of_memory(err);
    }
    int rc = parse_pair(csv, rows, err);
    if (rc < 0) {
        return rc;
    }
    const struct rx_pool_rows *old = rx_map_get(tables->by_address, key_of(rows->pool));
    if (old) {
        bool same = memcmp(old->token, rows->token, 20) == 0 && old->decimals == rows->decimals &&
                    old->weth_pos == rows->weth_pos;
        return same ? 0
                    : rx_csv_error(csv, PAIR_POOL, RX_EINVALID, err,
                                   "one row, or equal rows, for each pool");
    }
    if (grow((void **)&tables->pools, tables->n, &tables->cap, sizeof(struct rx_pool_rows *)) < 0) {
        return out_of_memory(err);
    }
    rc = rx_map_set(tables->by_address, key_of(rows->pool), rows);
    if (rc == RX_ELIMIT) {
        return rx_error_set(err, rc, "pairs: more than %u pools", RX_TABLES_MAX_POOLS);
    }
    if (rc < 0) {
        return out_of_memory(err);
    }
    tables->pools[tables->n++] = RX_TAKE(rows);
    return 0;
}

int rx_tables_read_pairs(struct rx_tables *tables, const char *path, struct rx_error *err)
{
    rx_auto(csv) struct rx_csv *csv = NULL;
    int rc = rx_csv_open(path, pair_names, PAIR_COLUMNS, 0, &csv, err);
    while (rc == 0 && (rc = rx_csv_next(csv, err)) == 1) {
        rc = add_pair(tables, csv, err);
    }
    return rc;
}

/* The pool of a row; NULL (and counted) when it is not in the pairs file. -ENOMEM / RX_ELIMIT. */
static int find_pool(struct rx_tables *tables, const unsigned char address[20],
                     struct rx_pool_rows **ret, struct rx_error *err)
{
    if (!tables->last || memcmp(tables->last->pool, address, 20) != 0) {
        tables->last = rx_map_get(tables->by_address, key_of(address));
    }
    *ret = tables->last;
    if (*ret) {
        return 0;
    }
    tables->counts.unknown_rows++;
    int rc = rx_map_set(tables->unknown, key_of(address), tables);
    if (rc == RX_ELIMIT) {
        return rx_error_set(err, rc, "more than %u pools without a pair", RX_TABLES_MAX_POOLS);
    }
    tables->counts.unknown_pools = rx_map_size(tables->unknown);
    return rc < 0 ? out_of_memory(err) : 0;
}

enum { EV_POOL, EV_BLOCK, EV_LOGI, EV_R0, EV_R1, EV_EVENT, EV_COLUMNS };
static const char *const event_names[] = {"pool", "block", "logi", "reserve0", "reserve1", "event"};

static bool is_before(uint64_t block, uint64_t log_index, uint64_t than_block, uint64_t than_log)
{
    return block < than_block || (block == than_block && log_index < than_log);
}

static int parse_event(const struct rx_csv *csv, struct rx_event_row *row, struct rx_error *err)
{
    uint64_t log_index = 0;
    int rc = rx_csv_u64(csv, EV_BLOCK, INT64_MAX, &row->block, err);
    if (rc == 0) {
        rc = rx_csv_u64(csv, EV_LOGI, UINT32_MAX, &log_index, err);
    }
    if (rc == 0) {
        rc = rx_csv_uint112(csv, EV_R0, &row->reserve[0], err);
    }
    if (rc == 0) {
        rc = rx_csv_uint112(csv, EV_R1, &row->reserve[1], err);
    }
    row->log_index = (uint32_t)log_index;
    return rc;
}

static int add_event(struct rx_tables *tables, const struct rx_csv *csv, struct rx_error *err)
{
    unsigned char address[20];
    struct rx_event_row row = {0};
    struct rx_pool_rows *pool;
    if (rx_csv_has(csv, EV_EVENT) && !rx_str_is(rx_csv_field(csv, EV_EVENT), "Sync")) {
        tables->counts.other_events++;
        return 0;
    }
    int rc = rx_csv_address(csv, EV_POOL, address, err);
    if (rc == 0) {
        rc = parse_event(csv, &row, err);
    }
    if (rc == 0) {
        rc = find_pool(tables, address, &pool, err);
    }
    if (rc != 0) {
        return rc;
    }
    if (tables->counts.rows++ >= RX_TABLES_MAX_EVENTS) {
        return rx_error_set(err, RX_ELIMIT, "more than %u events", RX_TABLES_MAX_EVENTS);
    }
    if (!pool) {
        return 0;
    }
    row.row = (uint32_t)pool->n_events;
    if (grow((void **)&pool->events, pool->n_events, &pool->cap_events, sizeof(row)) < 0) {
        return out_of_memory(err);
    }
    if (pool->n_events > 0) {
        const struct rx_event_row *last = &pool->events[pool->n_events - 1];
        if (is_before(row.block, row.log_index, last->block, last->log_index)) {
            tables->counts.out_of_order++;
            pool->events_unsorted = true;
        }
    }
    pool->events[pool->n_events++] = row;
    return 0;
}

int rx_tables_read_events(struct rx_tables *tables, const char *path, struct rx_error *err)
{
    rx_auto(csv) struct rx_csv *csv = NULL;
    int rc = rx_csv_open(path, event_names, EV_COLUMNS, 1, &csv, err);
    while (rc == 0 && (rc = rx_csv_next(csv, err)) == 1) {
        rc = add_event(tables, csv, err);
    }
    return rc;
}

enum { LP_POOL, LP_BLOCK, LP_LOGI, LP_FROM, LP_TO, LP_VALUE, LP_EVENT, LP_COLUMNS };
static const char *const lp_names[] = {"pool", "block", "logi", "from", "to", "value", "event"};

static int parse_lp(const struct rx_csv *csv, struct rx_lp_transfer *transfer, struct rx_error *err)
{
    int rc = rx_csv_u64(csv, LP_BLOCK, INT64_MAX, &transfer->block, err);
    if (rc == 0) {
        rc = rx_csv_u64(csv, LP_LOGI, UINT32_MAX, &transfer->log_index, err);
    }
    if (rc == 0) {
        rc = rx_csv_address(csv, LP_FROM, transfer->from, err);
    }
    if (rc == 0) {
        rc = rx_csv_address(csv, LP_TO, transfer->to, err);
    }
    if (rc == 0) {
        rc = rx_csv_u256(csv, LP_VALUE, &transfer->value, err);
    }
    return rc;
}

static int add_lp(struct rx_tables *tables, const struct rx_csv *csv, struct rx_error *err)
{
    unsigned char address[20];
    struct rx_lp_row row = {0};
    struct rx_pool_rows *pool;
    if (rx_csv_has(csv, LP_EVENT) && !rx_str_is(rx_csv_field(csv, LP_EVENT), "Transfer")) {
        tables->counts.other_events++;
        return 0;
    }
    int rc = rx_csv_address(csv, LP_POOL, address, err);
    if (rc == 0) {
        rc = parse_lp(csv, &row.transfer, err);
    }
    if (rc == 0) {
        rc = find_pool(tables, address, &pool, err);
    }
    if (rc != 0) {
        return rc;
    }
    if (tables->counts.lp_rows++ >= RX_TABLES_MAX_EVENTS) {
        return rx_error_set(err, RX_ELIMIT, "more than %u LP transfers", RX_TABLES_MAX_EVENTS);
    }
    if (!pool) {
        return 0;
    }
    row.row = (uint32_t)pool->n_lps;
    if (grow((void **)&pool->lps, pool->n_lps, &pool->cap_lps, sizeof(row)) < 0) {
        return out_of_memory(err);
    }
    if (pool->n_lps > 0) {
        const struct rx_lp_transfer *last = &pool->lps[pool->n_lps - 1].transfer;
        if (is_before(row.transfer.block, row.transfer.log_index, last->block, last->log_index)) {
            tables->counts.out_of_order++;
            pool->lps_unsorted = true;
        }
    }
    pool->lps[pool->n_lps++] = row;
    return 0;
}

int rx_tables_read_lp(struct rx_tables *tables, const char *path, struct rx_error *err)
{
    rx_auto(csv) struct rx_csv *csv = NULL;
    int rc = rx_csv_open(path, lp_names, LP_COLUMNS, 1, &csv, err);
    while (rc == 0 && (rc = rx_csv_next(csv, err)) == 1) {
        rc = add_lp(tables, csv, err);
    }
    return rc;
}

static int compare(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int compare_events(const void *a, const void *b)
{
    const struct rx_event_row *x = a;
    const struct rx_event_row *y = b;
    int order = compare(x->block, y->block);
    order = order ? order : compare(x->log_index, y->log_index);
    return order ? order : compare(x->row, y->row);
}

static int compare_lps(const void *a, const void *b)
{
    const struct rx_lp_row *x = a;
    const struct rx_lp_row *y = b;
    int order = compare(x->transfer.block, y->transfer.block);
    order = order ? order : compare(x->transfer.log_index, y->transfer.log_index);
    return order ? order : compare(x->row, y->row);
}

static int compare_pools(const void *a, const void *b)
{
    const struct rx_pool_rows *const *x = a;
    const struct rx_pool_rows *const *y = b;
    return memcmp((*x)->pool, (*y)->pool, 20);
}

static void sort_pool(struct rx_tables *tables, struct rx_pool_rows *pool)
{
    if (pool->events_unsorted) {
        qsort(pool->events, pool->n_events, sizeof(*pool->events), compare_events);
    }
    for (size_t i = 1; i < pool->n_events; i++) {
        const struct rx_event_row *row = &pool->events[i];
        tables->counts.repeated +=
            row[0].block == row[-1].block && row[0].log_index == row[-1].log_index;
    }
    if (pool->lps_unsorted) {
        qsort(pool->lps, pool->n_lps, sizeof(*pool->lps), compare_lps);
    }
    for (size_t i = 1; i < pool->n_lps; i++) {
        const struct rx_lp_transfer *now = &pool->lps[i].transfer;
        const struct rx_lp_transfer *before = &pool->lps[i - 1].transfer;
        tables->counts.repeated +=
            now->block == before->block && now->log_index == before->log_index;
    }
}

void rx_tables_sort(struct rx_tables *tables)
{
    for (size_t i = 0; i < tables->n; i++) {
        sort_pool(tables, tables->pools[i]);
    }
    if (tables->n > 1) {
        qsort(tables->pools, tables->n, sizeof(struct rx_pool_rows *), compare_pools);
    }
}

size_t rx_tables_pools(const struct rx_tables *tables)
{
    return tables->n;
}

const struct rx_pool_rows *rx_tables_pool(const struct rx_tables *tables, size_t index)
{
    return tables->pools[index];
}

const struct rx_pool_rows *rx_tables_find(const struct rx_tables *tables,
                                          const unsigned char pool[20])
{
    return rx_map_get(tables->by_address, key_of(pool));
}

const struct rx_tables_counts *rx_tables_counts(const struct rx_tables *tables)
{
    return &tables->counts;
}
