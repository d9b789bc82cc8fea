// SPDX-License-Identifier: Apache-2.0
#include "agent/store/migrations.h"

#include <stdio.h>

/*
 * Element i brings version i to i + 1. Published steps are never edited: a change is a new step.
 * Blocks that carry events keep their hash for ever, so that a reorganisation of any depth finds
 * the last common block. Pool events are stored in the order in which a pool is rebuilt.
 */
static const char *const steps[] = {
    "CREATE TABLE tokens ("
    " id INTEGER PRIMARY KEY,"
    " address TEXT NOT NULL,"
    " chain TEXT NOT NULL,"
    " symbol TEXT NOT NULL DEFAULT '',"
    " name TEXT NOT NULL DEFAULT '',"
    " decimals INTEGER,"
    " created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),"
    " UNIQUE (address, chain));"
    "CREATE TABLE token_scores ("
    " id INTEGER PRIMARY KEY,"
    " token_id INTEGER NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,"
    " scored_at INTEGER NOT NULL,"
    " as_of_block INTEGER NOT NULL,"
    " probability_data TEXT NOT NULL,"
    " risk_score REAL,"
    " features TEXT NOT NULL,"
    " model_version TEXT NOT NULL);"
    "CREATE INDEX token_scores_latest ON token_scores (token_id, scored_at);"
    "CREATE TABLE sources ("
    " id INTEGER PRIMARY KEY,"
    " name TEXT NOT NULL UNIQUE);"
    "CREATE TABLE source_cursors ("
    " source INTEGER PRIMARY KEY REFERENCES sources (id),"
    " block INTEGER NOT NULL,"
    " hash BLOB NOT NULL,"
    " time INTEGER NOT NULL,"
    " from_block INTEGER NOT NULL,"
    " chain_id INTEGER NOT NULL,"
    " fingerprint TEXT NOT NULL);"
    "CREATE TABLE source_blocks ("
    " source INTEGER NOT NULL,"
    " number INTEGER NOT NULL,"
    " hash BLOB NOT NULL,"
    " time INTEGER NOT NULL,"
    " has_events INTEGER NOT NULL,"
    " PRIMARY KEY (source, number)) WITHOUT ROWID;"
    "CREATE TABLE pools ("
    " id INTEGER PRIMARY KEY,"
    " source INTEGER NOT NULL REFERENCES sources (id),"
    " token_id INTEGER NOT NULL REFERENCES tokens (id),"
    " pair BLOB NOT NULL,"
    " token BLOB NOT NULL,"
    " factory BLOB NOT NULL,"
    " weth_pos INTEGER NOT NULL,"
    " created_block INTEGER NOT NULL,"
    " created_logi INTEGER NOT NULL,"
    " UNIQUE (source, pair));"
    "CREATE TABLE pool_events ("
    " pool INTEGER NOT NULL,"
    " block INTEGER NOT NULL,"
    " logi INTEGER NOT NULL,"
    " time INTEGER NOT NULL,"
    " kind INTEGER NOT NULL,"
    " data BLOB NOT NULL,"
    " PRIMARY KEY (pool, block, logi)) WITHOUT ROWID;",
    "CREATE TABLE forecasts ("
    " id INTEGER PRIMARY KEY,"
    " model TEXT NOT NULL,"
    " chain TEXT NOT NULL,"
    " pair BLOB NOT NULL,"
    " band INTEGER NOT NULL,"
    " time INTEGER NOT NULL,"
    " due INTEGER,"
    " forecast BLOB NOT NULL,"
    " outcomes BLOB,"
    " UNIQUE (model, chain, pair, band));"
    "CREATE INDEX forecasts_due ON forecasts (model, due);"
    "CREATE INDEX forecasts_time ON forecasts (model, time);"
    "CREATE INDEX pools_pair ON pools (pair);"
    "CREATE TABLE recalibration ("
    " id INTEGER PRIMARY KEY CHECK (id = 1),"
    " model TEXT NOT NULL,"
    " state TEXT NOT NULL,"
    " changed_at INTEGER NOT NULL);"
    "CREATE TABLE recalibration_audit ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " at INTEGER NOT NULL,"
    " model TEXT NOT NULL,"
    " event TEXT NOT NULL);",
};

int rx_migrations_latest(void)
{
    return (int)RX_ARRAY_LEN(steps);
}

static int apply(struct rx_sqlite *db, int version, struct rx_error *err)
{
    char mark[64];
    snprintf(mark, sizeof mark, "PRAGMA user_version = %d", version + 1);
    int r = rx_sqlite_exec(db, steps[version], err);
    if (r == 0) {
        r = rx_sqlite_exec(db, mark, err);
    }
    if (r == 0) {
        r = rx_sqlite_exec(db, "COMMIT", err);
    }
    if (r < 0) {
        rx_sqlite_rollback(db);
    }
    return r;
}

int rx_migrate(struct rx_sqlite *db, struct rx_error *err)
{
    for (;;) {
        /* The lock is taken before the version is read: two programs may start at once. */
        int r = rx_sqlite_exec(db, "BEGIN IMMEDIATE", err);
        if (r < 0) {
            return r;
        }
        int64_t version = 0;
        r = rx_sqlite_get_i64(db, "PRAGMA user_version", 0, &version, err);
        if (r < 0 || version >= rx_migrations_latest()) {
            rx_sqlite_rollback(db);
            if (r == 0 && version > rx_migrations_latest()) {
                r = rx_error_set(err, RX_EINVALID,
                                 "database layout is version %lld, newer than the %d of this "
                                 "release: use the newer release or another file",
                                 (long long)version, rx_migrations_latest());
            }
            return r;
        }
        r = apply(db, (int)version, err);
        if (r < 0) {
            rx_error_wrap(err, "migration to version %lld", (long long)version + 1);
            return r;
        }
    }
}
