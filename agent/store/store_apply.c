// SPDX-License-Identifier: Apache-2.0
#include "agent/store/store_apply.h"

#include <errno.h>

enum stmt {
    TOKEN,
    POOL,
    EVENT,
    BLOCK,
    CURSOR,
    SCORE,
    REWIND_EVENTS,
    REWIND_POOLS,
    REWIND_BLOCKS,
    REWIND_CURSOR,
    PRUNE,
    FORECAST,
    OUTCOME,
    STATE,
    AUDIT,
    PRUNE_FORECASTS,
    PRUNE_AUDIT,
    STMT_MAX
};

static const char *const sql[STMT_MAX] = {
    [TOKEN] = "INSERT INTO tokens (chain, address, symbol, name, decimals) VALUES (?, ?, ?, ?, ?)"
              " ON CONFLICT (address, chain) DO UPDATE SET symbol = excluded.symbol,"
              " name = excluded.name, decimals = excluded.decimals",
    [POOL] = "INSERT INTO pools (id, source, token_id, pair, token, factory, weth_pos,"
             " created_block, created_logi) VALUES (?1, ?2,"
             " (SELECT id FROM tokens WHERE address = '0x' || lower(hex(?5)) AND chain = ?3),"
             " ?4, ?5, ?6, ?7, ?8, ?9)",
    [EVENT] = "INSERT INTO pool_events (pool, block, logi, time, kind, data)"
              " VALUES (?, ?, ?, ?, ?, ?)",
    [BLOCK] = "INSERT INTO source_blocks (source, number, hash, time, has_events)"
              " VALUES (?, ?, ?, ?, ?) ON CONFLICT (source, number) DO UPDATE SET"
              " hash = excluded.hash, time = excluded.time,"
              " has_events = max(has_events, excluded.has_events)",
    [CURSOR] = "INSERT OR REPLACE INTO source_cursors (source, block, hash, time, from_block,"
               " chain_id, fingerprint) VALUES (?, ?, ?, ?, ?, ?, ?)",
    [SCORE] = "INSERT INTO token_scores (token_id, scored_at, as_of_block, probability_data,"
              " features, risk_score, model_version)"
              " SELECT id, ?3, ?4, ?5, ?6, ?7, ?8 FROM tokens WHERE chain = ?1 AND address = ?2",
    [REWIND_EVENTS] = "DELETE FROM pool_events WHERE block > ?2"
                      " AND pool IN (SELECT id FROM pools WHERE source = ?1)",
    [REWIND_POOLS] = "DELETE FROM pools WHERE source = ?1 AND created_block > ?2",
    [REWIND_BLOCKS] = "DELETE FROM source_blocks WHERE source = ?1 AND number > ?2",
    [REWIND_CURSOR] = "DELETE FROM source_cursors WHERE source = ?1 AND block > ?2",
    [PRUNE] = "DELETE FROM source_blocks WHERE source = ?1 AND number < ?2 AND has_events = 0",
    [FORECAST] = "INSERT OR IGNORE INTO forecasts (model, chain, pair, band, time, due, forecast)"
                 " VALUES (?, ?, ?, ?, ?, ?, ?)",
    [OUTCOME] = "UPDATE forecasts SET due = ?2, outcomes = ?3 WHERE id = ?1",
    [STATE] = "INSERT OR REPLACE INTO recalibration (id, model, state, changed_at)"
              " VALUES (1, ?, ?, ?)",
    [AUDIT] = "INSERT INTO recalibration_audit (model, event, at) VALUES (?, ?, ?)",
    [PRUNE_FORECASTS] = "DELETE FROM forecasts WHERE time < ?2"
                        " OR id <= (SELECT max(id) FROM forecasts) - ?1",
    [PRUNE_AUDIT] = "DELETE FROM recalibration_audit"
                    " WHERE id <= (SELECT max(id) FROM recalibration_audit) - 1000",
};

struct rx_apply {
    struct rx_sqlite *db; /* borrowed */
    struct rx_sqlite_stmt *stmts[STMT_MAX];
};

int rx_apply_new(struct rx_sqlite *db, struct rx_apply **ret, struct rx_error *err)
{
    rx_auto(apply) struct rx_apply *apply = calloc(1, sizeof *apply);
    if (!apply) {
        return rx_error_set(err, -ENOMEM, "store: out of memory");
    }
    apply->db = db;
    for (int i = 0; i < STMT_MAX; i++) {
        int r = rx_sqlite_prepare(db, sql[i], &apply->stmts[i], err);
        if (r < 0) {
            return r;
        }
    }
    *ret = RX_TAKE(apply);
    return 0;
}

void rx_apply_free(struct rx_apply *apply)
{
    if (apply) {
        for (int i = 0; i < STMT_MAX; i++) {
            rx_sqlite_stmt_free(apply->stmts[i]);
        }
        free(apply);
    }
}

static struct rx_str bytes_of(const void *p, size_t n)
{
    return (struct rx_str){p, n};
}

static int put_token(struct rx_apply *apply, const struct rx_row_token *row, struct rx_error *err)
{
    struct rx_sqlite_stmt *s = apply->stmts[TOKEN];
    rx_sqlite_bind_text(s, 1, row->chain);
    rx_sqlite_bind_text(s, 2, row->address);
    rx_sqlite_bind_text(s, 3, row->symbol);
    rx_sqlite_bind_text(s, 4, row->name);
    if (row->decimals < 0) {
        rx_sqlite_bind_null(s, 5);
    } else {
        rx_sqlite_bind_i64(s, 5, row->decimals);
    }
    return rx_sqlite_run(s, err);
}

static int put_pool(struct rx_apply *apply, const struct rx_row_pool *row, struct rx_error *err)
{
    struct rx_sqlite_stmt *s = apply->stmts[POOL];
    rx_sqlite_bind_i64(s, 1, row->id);
    rx_sqlite_bind_i64(s, 2, row->source);
    rx_sqlite_bind_text(s, 3, row->chain);
    rx_sqlite_bind_blob(s, 4, bytes_of(row->pair, sizeof row->pair));
    rx_sqlite_bind_blob(s, 5, bytes_of(row->token, sizeof row->token));
    rx_sqlite_bind_blob(s, 6, bytes_of(row->factory, sizeof row->factory));
    rx_sqlite_bind_i64(s, 7, row->weth_pos);
    rx_sqlite_bind_i64(s, 8, (int64_t)row->created_block);
    rx_sqlite_bind_i64(s, 9, row->created_logi);
    return rx_sqlite_run(s, err);
}

static int put_event(struct rx_apply *apply, const struct rx_row_event *row, struct rx_error *err)
{
    struct rx_sqlite_stmt *s = apply->stmts[EVENT];
    rx_sqlite_bind_i64(s, 1, row->pool);
    rx_sqlite_bind_i64(s, 2, (int64_t)row->block);
    rx_sqlite_bind_i64(s, 3, row->logi);
    rx_sqlite_bind_i64(s, 4, row->time);
    rx_sqlite_bind_i64(s, 5, row->kind);
    rx_sqlite_bind_blob(s, 6, row->data);
    return rx_sqlite_run(s, err);
}

static int put_block(struct rx_apply *apply, const struct rx_row_block *row, struct rx_error *err)
{
    struct rx_sqlite_stmt *s = apply->stmts[BLOCK];
    rx_sqlite_bind_i64(s, 1, row->source);
    rx_sqlite_bind_i64(s, 2, (int64_t)row->number);
    rx_sqlite_bind_blob(s, 3, bytes_of(row->hash, sizeof row->hash));
    rx_sqlite_bind_i64(s, 4, row->time);
    rx_sqlite_bind_i64(s, 5, row->has_events);
    return rx_sqlite_run(s, err);
}

static int put_cursor(struct rx_apply *apply, const struct rx_row_cursor *row, struct rx_error *err)
{
    struct rx_sqlite_stmt *s = apply->stmts[CURSOR];
    rx_sqlite_bind_i64(s, 1, row->source);
    rx_sqlite_bind_i64(s, 2, (int64_t)row->block);
    rx_sqlite_bind_blob(s, 3, bytes_of(row->hash, sizeof row->hash));
    rx_sqlite_bind_i64(s, 4, row->time);
    rx_sqlite_bind_i64(s, 5, (int64_t)row->from_block);
    rx_sqlite_bind_i64(s, 6, (int64_t)row->chain_id);
    rx_sqlite_bind_text(s, 7, row->fingerprint);
    return rx_sqlite_run(s, err);
}

static int put_score(struct rx_apply *apply, const struct rx_row_score *row, struct rx_error *err)
{
    struct rx_sqlite_stmt *s = apply->stmts[SCORE];
    rx_sqlite_bind_text(s, 1, row->chain);
    rx_sqlite_bind_text(s, 2, row->address);
    rx_sqlite_bind_i64(s, 3, row->scored_at);
    rx_sqlite_bind_i64(s, 4, (int64_t)row->as_of_block);
    rx_sqlite_bind_text(s, 5, row->probability_data);
    rx_sqlite_bind_text(s, 6, row->features);
    rx_sqlite_bind_double(s, 7, row->risk_score);
    rx_sqlite_bind_text(s, 8, row->model_version);
    return rx_sqlite_run(s, err);
}

static int put_forecast(struct rx_apply *apply, const struct rx_row_forecast *row,
                        struct rx_error *err)
{
    struct rx_sqlite_stmt *s = apply->stmts[FORECAST];
    rx_sqlite_bind_text(s, 1, row->model);
    rx_sqlite_bind_text(s, 2, row->chain);
    rx_sqlite_bind_blob(s, 3, bytes_of(row->pair, sizeof row->pair));
    rx_sqlite_bind_i64(s, 4, row->band);
    rx_sqlite_bind_i64(s, 5, row->time);
    rx_sqlite_bind_i64(s, 6, row->due);
    rx_sqlite_bind_blob(s, 7, row->forecast);
    return rx_sqlite_run(s, err);
}

static int put_outcome(struct rx_apply *apply, const struct rx_row_outcome *row,
                       struct rx_error *err)
{
    struct rx_sqlite_stmt *s = apply->stmts[OUTCOME];
    rx_sqlite_bind_i64(s, 1, row->id);
    if (row->due < 0) {
        rx_sqlite_bind_null(s, 2);
    } else {
        rx_sqlite_bind_i64(s, 2, row->due);
    }
    rx_sqlite_bind_blob(s, 3, row->outcomes);
    return rx_sqlite_run(s, err);
}

static int put_text(struct rx_apply *apply, enum stmt which, const char *text,
                    const struct rx_row_recalibration *row, struct rx_error *err)
{
    struct rx_sqlite_stmt *s = apply->stmts[which];
    if (!text[0]) {
        return 0;
    }
    rx_sqlite_bind_text(s, 1, row->model);
    rx_sqlite_bind_text(s, 2, text);
    rx_sqlite_bind_i64(s, 3, row->at);
    return rx_sqlite_run(s, err);
}

static int put_recalibration(struct rx_apply *apply, const struct rx_row_recalibration *row,
                             struct rx_error *err)
{
    const int r = put_text(apply, STATE, row->state, row, err);
    return r < 0 ? r : put_text(apply, AUDIT, row->event, row, err);
}

static int run_range(struct rx_apply *apply, enum stmt which, uint32_t source, int64_t block,
                     struct rx_error *err)
{
    struct rx_sqlite_stmt *s = apply->stmts[which];
    rx_sqlite_bind_i64(s, 1, source);
    rx_sqlite_bind_i64(s, 2, block);
    return rx_sqlite_run(s, err);
}

/* block -1 deletes everything. */
static int rewind_to(struct rx_apply *apply, uint32_t source, int64_t block, struct rx_error *err)
{
    static const enum stmt order[] = {REWIND_EVENTS, REWIND_POOLS, REWIND_BLOCKS, REWIND_CURSOR};
    int r = 0;
    for (size_t i = 0; r == 0 && i < RX_ARRAY_LEN(order); i++) {
        r = run_range(apply, order[i], source, block, err);
    }
    return r;
}

static int prune_forecasts(struct rx_apply *apply, const struct rx_op_range *range,
                           struct rx_error *err)
{
    const int r = run_range(apply, PRUNE_FORECASTS, range->source, (int64_t)range->block, err);
    return r < 0 ? r : rx_sqlite_run(apply->stmts[PRUNE_AUDIT], err);
}

static int put(struct rx_apply *apply, const struct rx_op *op, struct rx_error *err)
{
    switch (op->kind) {
    case RX_OP_TOKEN:
        return put_token(apply, &op->token, err);
    case RX_OP_POOL:
        return put_pool(apply, &op->pool, err);
    case RX_OP_EVENT:
        return put_event(apply, &op->event, err);
    case RX_OP_BLOCK:
        return put_block(apply, &op->block, err);
    case RX_OP_CURSOR:
        return put_cursor(apply, &op->cursor, err);
    case RX_OP_SCORE:
        return put_score(apply, &op->score, err);
    case RX_OP_REWIND:
        return rewind_to(apply, op->range.source, (int64_t)op->range.block, err);
    case RX_OP_WIPE:
        return rewind_to(apply, op->range.source, -1, err);
    case RX_OP_PRUNE:
        return run_range(apply, PRUNE, op->range.source, (int64_t)op->range.block, err);
    case RX_OP_FORECAST:
        return put_forecast(apply, &op->forecast, err);
    case RX_OP_OUTCOME:
        return put_outcome(apply, &op->outcome, err);
    case RX_OP_RECALIBRATION:
        return put_recalibration(apply, &op->recalibration, err);
    case RX_OP_PRUNE_FORECASTS:
        return prune_forecasts(apply, &op->range, err);
    }
    return 0;
}

int rx_apply_units(struct rx_apply *apply, const struct rx_unit *first, const struct rx_unit *last,
                   struct rx_error *err)
{
    int r = rx_sqlite_exec(apply->db, "BEGIN IMMEDIATE", err);
    for (const struct rx_unit *unit = first; r == 0; unit = unit->next) {
        for (const struct rx_op *op = unit->first; r == 0 && op; op = op->next) {
            r = put(apply, op, err);
        }
        if (unit == last) {
            break;
        }
    }
    if (r == 0) {
        r = rx_sqlite_exec(apply->db, "COMMIT", err);
    }
    if (r < 0) {
        rx_sqlite_rollback(apply->db);
    }
    return r;
}
