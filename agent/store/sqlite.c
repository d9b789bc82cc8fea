// SPDX-License-Identifier: Apache-2.0
#include "agent/store/sqlite.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rx_sqlite {
    sqlite3 *db; /* owned */
    char *path;  /* owned */
};

struct rx_sqlite_stmt {
    struct rx_sqlite *db; /* borrowed */
    sqlite3_stmt *stmt;   /* owned */
    int bind_error;       /* first failed bind since the last reset */
};

static int code_of(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return -EBUSY;
    case SQLITE_FULL:
        return -ENOSPC;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return -EUCLEAN;
    case SQLITE_NOMEM:
        return -ENOMEM;
    case SQLITE_CANTOPEN:
        return -ENOENT;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return -EACCES;
    case SQLITE_CONSTRAINT:
        return RX_ECONFLICT;
    case SQLITE_ERROR:
    case SQLITE_MISUSE:
        return RX_EINVALID;
    default:
        return -EIO;
    }
}

static int fail(const struct rx_sqlite *db, int rc, const char *what, struct rx_error *err)
{
    int code = code_of(rc);
    rx_error_set(err, code, "database %s: %s: %s", db->path, what,
                 db->db && sqlite3_errcode(db->db) == rc ? sqlite3_errmsg(db->db)
                                                         : sqlite3_errstr(rc));
    if (err) {
        err->retryable = code != RX_EINVALID && code != RX_ECONFLICT;
    }
    return code;
}

int rx_sqlite_open(const char *path, int busy_ms, struct rx_sqlite **ret, struct rx_error *err)
{
    rx_auto(sqlite) struct rx_sqlite *db = calloc(1, sizeof *db);
    if (!db || !(db->path = strdup(path))) {
        return rx_error_set(err, -ENOMEM, "database %s: out of memory", path);
    }
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int rc = sqlite3_open_v2(path, &db->db, flags, NULL);
    if (rc != SQLITE_OK) {
        return fail(db, rc, "open", err);
    }
    sqlite3_extended_result_codes(db->db, 0);
    sqlite3_busy_timeout(db->db, busy_ms);
    int r = rx_sqlite_exec(db,
                           "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
                           "PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY;"
                           "PRAGMA cache_size=-4096; PRAGMA journal_size_limit=16777216",
                           err);
    if (r < 0) {
        return r;
    }
    *ret = RX_TAKE(db);
    return 0;
}

void rx_sqlite_close(struct rx_sqlite *db)
{
    if (!db) {
        return;
    }
    sqlite3_close_v2(db->db);
    free(db->path);
    free(db);
}

int rx_sqlite_exec(struct rx_sqlite *db, const char *sql, struct rx_error *err)
{
    int rc = sqlite3_exec(db->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : fail(db, rc, "execute", err);
}

void rx_sqlite_rollback(struct rx_sqlite *db)
{
    if (!sqlite3_get_autocommit(db->db)) {
        (void)sqlite3_exec(db->db, "ROLLBACK", NULL, NULL, NULL); /* nothing else can be done */
    }
}

int rx_sqlite_get_i64(struct rx_sqlite *db, const char *sql, int64_t fallback, int64_t *ret,
                      struct rx_error *err)
{
    rx_auto(sqlite_stmt) struct rx_sqlite_stmt *stmt = NULL;
    int r = rx_sqlite_prepare(db, sql, &stmt, err);
    if (r < 0) {
        return r;
    }
    r = rx_sqlite_step(stmt, err);
    if (r < 0) {
        return r;
    }
    *ret = r == 1 ? rx_sqlite_col_i64(stmt, 0) : fallback;
    return 0;
}

int rx_sqlite_prepare(struct rx_sqlite *db, const char *sql, struct rx_sqlite_stmt **ret,
                      struct rx_error *err)
{
    struct rx_sqlite_stmt *stmt = calloc(1, sizeof *stmt);
    if (!stmt) {
        return rx_error_set(err, -ENOMEM, "database %s: out of memory", db->path);
    }
    stmt->db = db;
    int rc = sqlite3_prepare_v3(db->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt->stmt, NULL);
    if (rc != SQLITE_OK) {
        free(stmt);
        return fail(db, rc, "prepare", err);
    }
    *ret = stmt;
    return 0;
}

void rx_sqlite_stmt_free(struct rx_sqlite_stmt *stmt)
{
    if (stmt) {
        sqlite3_finalize(stmt->stmt);
        free(stmt);
    }
}

static void keep_bind_error(struct rx_sqlite_stmt *stmt, int rc)
{
    if (rc != SQLITE_OK && !stmt->bind_error) {
        stmt->bind_error = rc;
    }
}

void rx_sqlite_bind_i64(struct rx_sqlite_stmt *stmt, int index, int64_t value)
{
    keep_bind_error(stmt, sqlite3_bind_int64(stmt->stmt, index, value));
}

void rx_sqlite_bind_double(struct rx_sqlite_stmt *stmt, int index, double value)
{
    keep_bind_error(stmt, isnan(value) ? sqlite3_bind_null(stmt->stmt, index)
                                       : sqlite3_bind_double(stmt->stmt, index, value));
}

void rx_sqlite_bind_text(struct rx_sqlite_stmt *stmt, int index, const char *text)
{
    keep_bind_error(stmt, sqlite3_bind_text(stmt->stmt, index, text, -1, SQLITE_STATIC));
}

void rx_sqlite_bind_blob(struct rx_sqlite_stmt *stmt, int index, struct rx_str bytes)
{
    /* A NULL pointer would be stored as NULL, an empty blob is meant. */
    keep_bind_error(stmt, sqlite3_bind_blob64(stmt->stmt, index, bytes.p ? bytes.p : "", bytes.n,
                                              SQLITE_STATIC));
}

void rx_sqlite_bind_null(struct rx_sqlite_stmt *stmt, int index)
{
    keep_bind_error(stmt, sqlite3_bind_null(stmt->stmt, index));
}

int rx_sqlite_step(struct rx_sqlite_stmt *stmt, struct rx_error *err)
{
    assert(stmt);
    int rc = stmt->bind_error ? stmt->bind_error : sqlite3_step(stmt->stmt);
    if (rc == SQLITE_ROW) {
        return 1;
    }
    int r = rc == SQLITE_DONE ? 0 : fail(stmt->db, rc, sqlite3_sql(stmt->stmt), err);
    rx_sqlite_reset(stmt);
    return r;
}

int rx_sqlite_run(struct rx_sqlite_stmt *stmt, struct rx_error *err)
{
    int r = rx_sqlite_step(stmt, err);
    rx_sqlite_reset(stmt);
    return r < 0 ? r : 0;
}

void rx_sqlite_reset(struct rx_sqlite_stmt *stmt)
{
    /* The result repeats the error of the last step, which was reported there. */
    (void)sqlite3_reset(stmt->stmt);
    (void)sqlite3_clear_bindings(stmt->stmt);
    stmt->bind_error = 0;
}

int64_t rx_sqlite_col_i64(struct rx_sqlite_stmt *stmt, int column)
{
    return sqlite3_column_int64(stmt->stmt, column);
}

bool rx_sqlite_col_is_null(struct rx_sqlite_stmt *stmt, int column)
{
    return sqlite3_column_type(stmt->stmt, column) == SQLITE_NULL;
}

const char *rx_sqlite_col_text(struct rx_sqlite_stmt *stmt, int column)
{
    const char *text = (const char *)sqlite3_column_text(stmt->stmt, column);
    return text ? text : "";
}

struct rx_str rx_sqlite_col_blob(struct rx_sqlite_stmt *stmt, int column)
{
    const void *bytes = sqlite3_column_blob(stmt->stmt, column);
    int n = sqlite3_column_bytes(stmt->stmt, column);
    return (struct rx_str){bytes, bytes ? (size_t)n : 0};
}
