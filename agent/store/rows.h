// SPDX-License-Identifier: Apache-2.0
/*
 * Rows as the rest of the agent sees them, and units: rows that are committed together or not at
 * all. Strings and data of a row handed in are copied; those handed out are borrowed during the
 * callback. A unit belongs to one thread until it is submitted.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/str.h"

struct rx_row_token {
    const char *chain, *address; /* "ethereum", 0x + 40 lower-case hex digits */
    const char *symbol, *name;   /* UTF-8; "" = unknown */
    int decimals;                /* 0..255; negative = unknown */
};

/* How far a source has been read. Everything up to `block` is in the same commit or before it. */
struct rx_row_cursor {
    uint32_t source;
    uint64_t block;
    uint8_t hash[32]; /* of that block */
    int64_t time;     /* of that block, Unix seconds */
    uint64_t from_block;
    uint64_t chain_id;
    const char *fingerprint; /* of the settings that decide what is read */
};

struct rx_row_block {
    uint32_t source;
    uint64_t number;
    uint8_t hash[32];
    int64_t time;
    bool has_events; /* such blocks are kept, others only near the head */
};

struct rx_row_pool {
    uint32_t id; /* the caller numbers them, from 1, unique over all sources */
    uint32_t source;
    const char *chain; /* with token: names a row that was written before */
    uint8_t pair[20], token[20], factory[20];
    uint8_t weth_pos; /* index of the reserve that is WETH: 0 or 1 */
    uint64_t created_block;
    uint32_t created_logi;
};

enum rx_event_kind {
    RX_EVENT_SYNC = 1,
    RX_EVENT_SWAP,
    RX_EVENT_MINT,
    RX_EVENT_BURN,
    RX_EVENT_LP_TRANSFER,
    RX_EVENT_KIND_MAX
};

struct rx_row_event {
    uint32_t pool;
    uint64_t block;
    uint32_t logi; /* index of the log in its block */
    int64_t time;
    enum rx_event_kind kind;
    struct rx_str data; /* exact values, in the source's own packing; at most 256 bytes */
};

struct rx_row_score {
    const char *chain, *address;
    int64_t scored_at; /* Unix ms */
    uint64_t as_of_block;
    const char *probability_data; /* JSON */
    const char *features;         /* JSON */
    double risk_score;            /* NaN = unknown: stored as NULL */
    const char *model_version;
};

/* What a model said of a pool: one row a model, pool and band; a second one is left out. */
struct rx_row_forecast {
    const char *model; /* its sha256 in hex */
    const char *chain;
    uint8_t pair[20];
    int band;               /* of the pool's age: numbered by the caller */
    int64_t time, due;      /* Unix seconds: of the forecast; of its first horizon's end */
    struct rx_str forecast; /* in the caller's own packing; at most 1024 bytes */
};

/* What came of a forecast: `due` = when there is more to learn, negative = all is known. */
struct rx_row_outcome {
    int64_t id, due;
    struct rx_str outcomes; /* in the caller's own packing; at most 1024 bytes */
};

struct rx_row_recalibration {
    const char *model; /* sha256 of the model that `state` is for */
    const char *state; /* JSON: replaces the one before; "" leaves it */
    const char *event; /* JSON: a line of the audit trail; "" = none */
    int64_t at;        /* Unix ms */
};

struct rx_unit;
/* NULL when out of memory. A unit holds at most 64 MiB. */
struct rx_unit *rx_unit_new(void) RX_MUST_CHECK;
void rx_unit_free(struct rx_unit *unit);
size_t rx_unit_bytes(const struct rx_unit *unit);
size_t rx_unit_rows(const struct rx_unit *unit);

/* Each appends one row, applied in this order at commit: 0, -ENOMEM or RX_ELIMIT. */
int rx_unit_token(struct rx_unit *unit, const struct rx_row_token *row) RX_MUST_CHECK;
int rx_unit_pool(struct rx_unit *unit, const struct rx_row_pool *row) RX_MUST_CHECK;
int rx_unit_event(struct rx_unit *unit, const struct rx_row_event *row) RX_MUST_CHECK;
int rx_unit_block(struct rx_unit *unit, const struct rx_row_block *row) RX_MUST_CHECK;
int rx_unit_cursor(struct rx_unit *unit, const struct rx_row_cursor *row) RX_MUST_CHECK;
int rx_unit_score(struct rx_unit *unit, const struct rx_row_score *row) RX_MUST_CHECK;
int rx_unit_forecast(struct rx_unit *unit, const struct rx_row_forecast *row) RX_MUST_CHECK;
int rx_unit_outcome(struct rx_unit *unit, const struct rx_row_outcome *row) RX_MUST_CHECK;
int rx_unit_recalibration(struct rx_unit *unit, const struct rx_row_recalibration *row)
    RX_MUST_CHECK;
/* Forgets forecasts from before `time` (Unix seconds), all but the newest `keep`, and all but the
 * newest 1,000 lines of the audit trail. */
int rx_unit_prune_forecasts(struct rx_unit *unit, int64_t time, uint32_t keep) RX_MUST_CHECK;
/* Deletes the source's blocks, events and pools above `block`, and the cursor when it is above. */
int rx_unit_rewind(struct rx_unit *unit, uint32_t source, uint64_t block) RX_MUST_CHECK;
/* Deletes all of the source's rows. */
int rx_unit_wipe(struct rx_unit *unit, uint32_t source) RX_MUST_CHECK;
/* Forgets blocks below `block` that carry no event. */
int rx_unit_prune(struct rx_unit *unit, uint32_t source, uint64_t block) RX_MUST_CHECK;

RX_DEFINE_CLEANUP(unit, struct rx_unit *, rx_unit_free);
