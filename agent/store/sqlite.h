// SPDX-License-Identifier: Apache-2.0
/*
 * Thin layer over SQLite: connections, prepared statements, errors as struct rx_error. A
 * connection and its statements belong to one thread at a time. Bound text and blobs must live
 * until the statement is reset.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/str.h"

struct rx_sqlite;
struct rx_sqlite_stmt;

/*
 * Opens (and makes) the file in WAL mode with synchronous=NORMAL, foreign keys on and busy_ms of
 * patience with other writers. Errors: -ENOSPC, -EBUSY, -EUCLEAN (not a database, or damaged),
 * -EIO, -ENOMEM; each names the path.
 */
int rx_sqlite_open(const char *path, int busy_ms, struct rx_sqlite **ret, struct rx_error *err)
    RX_MUST_CHECK;
/* Statements must be freed before. NULL is fine. */
void rx_sqlite_close(struct rx_sqlite *db);

/* Runs statements that give no rows. */
int rx_sqlite_exec(struct rx_sqlite *db, const char *sql, struct rx_error *err) RX_MUST_CHECK;
/* Rolls back if a transaction is open; never fails. */
void rx_sqlite_rollback(struct rx_sqlite *db);
/* First column of the first row; `fallback` when there is no row. */
int rx_sqlite_get_i64(struct rx_sqlite *db, const char *sql, int64_t fallback, int64_t *ret,
                      struct rx_error *err) RX_MUST_CHECK;

int rx_sqlite_prepare(struct rx_sqlite *db, const char *sql, struct rx_sqlite_stmt **ret,
                      struct rx_error *err) RX_MUST_CHECK;
void rx_sqlite_stmt_free(struct rx_sqlite_stmt *stmt);

/* Parameters count from 1. A failed bind shows in the next step. */
void rx_sqlite_bind_i64(struct rx_sqlite_stmt *stmt, int index, int64_t value);
void rx_sqlite_bind_double(struct rx_sqlite_stmt *stmt, int index, double value); /* NaN = NULL */
void rx_sqlite_bind_text(struct rx_sqlite_stmt *stmt, int index,
                         const char *text); /* NULL = NULL */
void rx_sqlite_bind_blob(struct rx_sqlite_stmt *stmt, int index, struct rx_str bytes);
void rx_sqlite_bind_null(struct rx_sqlite_stmt *stmt, int index);

/* 1 = a row is there, 0 = done (the statement is reset), negative = error (reset as well). */
int rx_sqlite_step(struct rx_sqlite_stmt *stmt, struct rx_error *err) RX_MUST_CHECK;
/* Steps a statement that gives no rows, and resets it. */
int rx_sqlite_run(struct rx_sqlite_stmt *stmt, struct rx_error *err) RX_MUST_CHECK;
void rx_sqlite_reset(struct rx_sqlite_stmt *stmt);

/* Columns count from 0; valid until the next step. */
int64_t rx_sqlite_col_i64(struct rx_sqlite_stmt *stmt, int column);
bool rx_sqlite_col_is_null(struct rx_sqlite_stmt *stmt, int column);
const char *rx_sqlite_col_text(struct rx_sqlite_stmt *stmt, int column); /* "" for NULL */
struct rx_str rx_sqlite_col_blob(struct rx_sqlite_stmt *stmt, int column);

RX_DEFINE_CLEANUP(sqlite, struct rx_sqlite *, rx_sqlite_close);
RX_DEFINE_CLEANUP(sqlite_stmt, struct rx_sqlite_stmt *, rx_sqlite_stmt_free);
