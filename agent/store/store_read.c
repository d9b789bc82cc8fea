// SPDX-License-Identifier: Apache-2.0
/* Reading back: each call opens a connection of its own, so that the writer never waits for it. */
#include <errno.h>
#include <string.h>

#include "agent/store/sqlite.h"
#include "agent/store/store.h"
#include "agent/store/store_internal.h"

#define BUSY_MS 5000

static int open_db(struct rx_store *store, struct rx_sqlite **ret, struct rx_error *err)
{
    return rx_sqlite_open(rx_store_path(store), BUSY_MS, ret, err);
}

static int damaged(const char *what, struct rx_error *err)
{
    return rx_error_set(err, -EUCLEAN, "database: %s has an unexpected form", what);
}

/* Copies a blob of exactly n bytes. */
static bool take_blob(struct rx_sqlite_stmt *s, int column, void *out, size_t n)
{
    struct rx_str blob = rx_sqlite_col_blob(s, column);
    if (blob.n != n) {
        return false;
    }
    memcpy(out, blob.p, n);
    return true;
}

static int prepare_for(struct rx_sqlite *db, const char *sql, int64_t parameter,
                       struct rx_sqlite_stmt **ret, struct rx_error *err)
{
    int r = rx_sqlite_prepare(db, sql, ret, err);
    if (r == 0) {
        rx_sqlite_bind_i64(*ret, 1, parameter);
    }
    return r;
}

static int read_cursor(struct rx_sqlite *db, uint32_t source, const struct rx_store_visitor *to,
                       struct rx_error *err)
{
    rx_auto(sqlite_stmt) struct rx_sqlite_stmt *s = NULL;
    int r = prepare_for(db,
                        "SELECT block, hash, time, from_block, chain_id, fingerprint"
                        " FROM source_cursors WHERE source = ?",
                        source, &s, err);
    if (r < 0 || (r = rx_sqlite_step(s, err)) <= 0) {
        return r;
    }
    struct rx_row_cursor row = {.source = source,
                                .block = (uint64_t)rx_sqlite_col_i64(s, 0),
                                .time = rx_sqlite_col_i64(s, 2),
                                .from_block = (uint64_t)rx_sqlite_col_i64(s, 3),
                                .chain_id = (uint64_t)rx_sqlite_col_i64(s, 4),
                                .fingerprint = rx_sqlite_col_text(s, 5)};
    if (!take_blob(s, 1, row.hash, sizeof row.hash)) {
        return damaged("source_cursors.hash", err);
    }
    return to->cursor(&row, to->arg);
}

static int read_blocks(struct rx_sqlite *db, uint32_t source, const struct rx_store_visitor *to,
                       struct rx_error *err)
{
    rx_auto(sqlite_stmt) struct rx_sqlite_stmt *s = NULL;
    int r = prepare_for(db,
                        "SELECT number, hash, time, has_events FROM source_blocks"
                        " WHERE source = ? ORDER BY number",
                        source, &s, err);
    while (r == 0 && (r = rx_sqlite_step(s, err)) == 1) {
        struct rx_row_block row = {.source = source,
                                   .number = (uint64_t)rx_sqlite_col_i64(s, 0),
                                   .time = rx_sqlite_col_i64(s, 2),
                                   .has_events = rx_sqlite_col_i64(s, 3) != 0};
        r = take_blob(s, 1, row.hash, sizeof row.hash) ? to->block(&row, to->arg)
                                                       : damaged("source_blocks.hash", err);
        if (r == 0) {
            continue;
        }
        return r;
    }
    return r;
}

static int visit_pool(struct rx_sqlite_stmt *s, uint32_t source, const struct rx_store_visitor *to,
                      struct rx_error *err)
{
    struct rx_row_pool pool = {.id = (uint32_t)rx_sqlite_col_i64(s, 0),
                               .source = source,
                               .weth_pos = (uint8_t)(rx_sqlite_col_i64(s, 4) != 0),
                               .created_block = (uint64_t)rx_sqlite_col_i64(s, 5),
                               .created_logi = (uint32_t)rx_sqlite_col_i64(s, 6)};
    if (!take_blob(s, 1, pool.pair, 20) || !take_blob(s, 2, pool.token, 20) ||
        !take_blob(s, 3, pool.factory, 20)) {
        return damaged("pools' addresses", err);
    }
    struct rx_row_token token = {
        .chain = rx_sqlite_col_text(s, 7),
        .address = rx_sqlite_col_text(s, 8),
        .symbol = rx_sqlite_col_text(s, 9),
        .name = rx_sqlite_col_text(s, 10),
        .decimals = rx_sqlite_col_is_null(s, 11) ? -1 : (int)rx_sqlite_col_i64(s, 11)};
    pool.chain = token.chain;
    return to->pool(&pool, &token, to->arg);
}

static int read_pools(struct rx_sqlite *db, uint32_t source, const struct rx_store_visitor *to,
                      struct rx_error *err)
{
    rx_auto(sqlite_stmt) struct rx_sqlite_stmt *s = NULL;
    int r = prepare_for(db,
                        "SELECT p.id, p.pair, p.token, p.factory, p.weth_pos, p.created_block,"
                        " p.created_logi, t.chain, t.address, t.symbol, t.name, t.decimals"
                        " FROM pools p JOIN tokens t ON t.id = p.token_id"
                        " WHERE p.source = ? ORDER BY p.id",
                        source, &s, err);
    while (r == 0 && (r = rx_sqlite_step(s, err)) == 1) {
        r = visit_pool(s, source, to, err);
        if (r < 0) {
            return r;
        }
    }
    return r;
}

typedef int event_fn(const struct rx_row_event *row, void *arg);

static int read_events(struct rx_sqlite *db, const char *sql, int64_t parameter, event_fn *event,
                       void *arg, struct rx_error *err)
{
    rx_auto(sqlite_stmt) struct rx_sqlite_stmt *s = NULL;
    int r = prepare_for(db, sql, parameter, &s, err);
    while (r == 0 && (r = rx_sqlite_step(s, err)) == 1) {
        int64_t kind = rx_sqlite_col_i64(s, 4);
        if (kind <= 0 || kind >= RX_EVENT_KIND_MAX) {
            return damaged("pool_events.kind", err);
        }
        struct rx_row_event row = {.pool = (uint32_t)rx_sqlite_col_i64(s, 0),
                                   .block = (uint64_t)rx_sqlite_col_i64(s, 1),
                                   .logi = (uint32_t)rx_sqlite_col_i64(s, 2),
                                   .time = rx_sqlite_col_i64(s, 3),
                                   .kind = (enum rx_event_kind)kind,
                                   .data = rx_sqlite_col_blob(s, 5)};
        r = event(&row, arg);
        if (r < 0) {
            return r;
        }
    }
    return r;
}

int rx_store_read_source(struct rx_store *store, uint32_t source, const struct rx_store_visitor *to,
                         struct rx_error *err)
{
    rx_auto(sqlite) struct rx_sqlite *db = NULL;
    int r = open_db(store, &db, err);
    if (r == 0) {
        r = rx_sqlite_exec(db, "BEGIN", err);
    }
    if (r == 0) {
        r = read_cursor(db, source, to, err);
    }
    if (r == 0) {
        r = read_blocks(db, source, to, err);
    }
    if (r == 0) {
        r = read_pools(db, source, to, err);
    }
    if (r == 0 && to->event) {
        r = read_events(db,
                        "SELECT pool, block, logi, time, kind, data FROM pool_events"
                        " WHERE pool IN (SELECT id FROM pools WHERE source = ?)"
                        " ORDER BY pool, block, logi",
                        source, to->event, to->arg, err);
    }
    return r;
}

int rx_store_read_pool(struct rx_store *store, uint32_t pool, event_fn *event, void *arg,
                       struct rx_error *err)
{
    rx_auto(sqlite) struct rx_sqlite *db = NULL;
    int r = open_db(store, &db, err);
    return r < 0 ? r
                 : read_events(db,
                               "SELECT pool, block, logi, time, kind, data FROM pool_events"
                               " WHERE pool = ? ORDER BY block, logi",
                               pool, event, arg, err);
}

int rx_store_source_id(struct rx_store *store, const char *name, uint32_t *ret,
                       struct rx_error *err)
{
    rx_auto(sqlite) struct rx_sqlite *db = NULL;
    rx_auto(sqlite_stmt) struct rx_sqlite_stmt *insert = NULL;
    rx_auto(sqlite_stmt) struct rx_sqlite_stmt *get = NULL;
    int r = open_db(store, &db, err);
    if (r < 0 || (r = rx_sqlite_prepare(db, "INSERT OR IGNORE INTO sources (name) VALUES (?)",
                                        &insert, err)) < 0) {
        return r;
    }
    rx_sqlite_bind_text(insert, 1, name);
    r = rx_sqlite_run(insert, err);
    if (r < 0 ||
        (r = rx_sqlite_prepare(db, "SELECT id FROM sources WHERE name = ?", &get, err)) < 0) {
        return r;
    }
    rx_sqlite_bind_text(get, 1, name);
    r = rx_sqlite_step(get, err);
    if (r == 1) {
        *ret = (uint32_t)rx_sqlite_col_i64(get, 0);
        return 0;
    }
    return r < 0 ? r : damaged("sources", err);
}
