// SPDX-License-Identifier: Apache-2.0
#include "agent/store/forecasts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/store/sqlite.h"
#include "agent/store/store_internal.h"

#define BUSY_MS 5000

static int open_db(struct rx_store *store, struct rx_sqlite **ret, struct rx_error *err)
{
    return rx_sqlite_open(rx_store_path(store), BUSY_MS, ret, err);
}

static int ask(struct rx_sqlite *db, const char *sql, const char *model, size_t max,
               struct rx_sqlite_stmt **ret, struct rx_error *err)
{
    const int r = rx_sqlite_prepare(db, sql, ret, err);
    if (r == 0) {
        rx_sqlite_bind_text(*ret, 1, model);
        rx_sqlite_bind_i64(*ret, 2, (int64_t)max);
    }
    return r;
}

int rx_store_due_forecasts(struct rx_store *store, const char *model, struct rx_due_forecast *ret,
                           size_t max, size_t *ret_n, struct rx_error *err)
{
    rx_auto(sqlite) struct rx_sqlite *db = NULL;
    rx_auto(sqlite_stmt) struct rx_sqlite_stmt *s = NULL;
    *ret_n = 0;
    int r = open_db(store, &db, err);
    if (r == 0) {
        r = ask(db,
                "SELECT f.id, f.time, p.id, p.weth_pos, t.decimals, c.time FROM forecasts f"
                " JOIN pools p ON p.pair = f.pair"
                " JOIN tokens t ON t.id = p.token_id AND t.chain = f.chain"
                " JOIN source_cursors c ON c.source = p.source"
                " WHERE f.model = ?1 AND f.due IS NOT NULL AND f.due <= c.time"
                " ORDER BY f.due LIMIT ?2",
                model, max, &s, err);
    }
    while (r == 0 && (r = rx_sqlite_step(s, err)) == 1) {
        ret[(*ret_n)++] = (struct rx_due_forecast){
            .id = rx_sqlite_col_i64(s, 0),
            .time = rx_sqlite_col_i64(s, 1),
            .pool = {.id = (uint32_t)rx_sqlite_col_i64(s, 2),
                     .weth_pos = (uint8_t)(rx_sqlite_col_i64(s, 3) != 0)},
            .decimals = rx_sqlite_col_is_null(s, 4) ? -1 : (int)rx_sqlite_col_i64(s, 4),
            .end = rx_sqlite_col_i64(s, 5)};
        r = 0;
    }
    return r;
}

int rx_store_outcomes(struct rx_store *store, const char *model, size_t max,
                      int (*forecast)(const struct rx_row_forecast *row, struct rx_str outcomes,
                                      void *arg),
                      void *arg, struct rx_error *err)
{
    rx_auto(sqlite) struct rx_sqlite *db = NULL;
    rx_auto(sqlite_stmt) struct rx_sqlite_stmt *s = NULL;
    int r = open_db(store, &db, err);
    if (r == 0) {
        r = ask(db,
                "SELECT chain, pair, band, time, forecast, outcomes FROM forecasts"
                " WHERE model = ?1 AND outcomes IS NOT NULL ORDER BY time DESC, id DESC LIMIT ?2",
                model, max, &s, err);
    }
    while (r == 0 && (r = rx_sqlite_step(s, err)) == 1) {
        struct rx_row_forecast row = {.model = model,
                                      .chain = rx_sqlite_col_text(s, 0),
                                      .band = (int)rx_sqlite_col_i64(s, 2),
                                      .time = rx_sqlite_col_i64(s, 3),
                                      .forecast = rx_sqlite_col_blob(s, 4)};
        const struct rx_str pair = rx_sqlite_col_blob(s, 1);
        if (pair.n != sizeof(row.pair)) {
            return rx_error_set(err, -EUCLEAN, "database: forecasts.pair has an unexpected form");
        }
        memcpy(row.pair, pair.p, sizeof(row.pair));
        r = forecast(&row, rx_sqlite_col_blob(s, 5), arg);
    }
    return r;
}

int rx_store_recalibration(struct rx_store *store, char model[65], struct rx_buf *state,
                           struct rx_error *err)
{
    rx_auto(sqlite) struct rx_sqlite *db = NULL;
    rx_auto(sqlite_stmt) struct rx_sqlite_stmt *s = NULL;
    int r = open_db(store, &db, err);
    if (r == 0) {
        r = rx_sqlite_prepare(db, "SELECT model, state FROM recalibration", &s, err);
    }
    if (r < 0 || (r = rx_sqlite_step(s, err)) <= 0) {
        return r;
    }
    snprintf(model, 65, "%s", rx_sqlite_col_text(s, 0));
    rx_buf_puts(state, rx_sqlite_col_text(s, 1));
    return state->error ? rx_error_set(err, -ENOMEM, "recalibration: out of memory") : 1;
}
