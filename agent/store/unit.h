// SPDX-License-Identifier: Apache-2.0
/* The inside of a unit, for the writer. */
#pragma once

#include "agent/store/rows.h"
#include "common/base/arena.h"

enum rx_op_kind {
    RX_OP_TOKEN,
    RX_OP_POOL,
    RX_OP_EVENT,
    RX_OP_BLOCK,
    RX_OP_CURSOR,
    RX_OP_SCORE,
    RX_OP_REWIND,
    RX_OP_WIPE,
    RX_OP_PRUNE,
    RX_OP_FORECAST,
    RX_OP_OUTCOME,
    RX_OP_RECALIBRATION,
    RX_OP_PRUNE_FORECASTS,
};

struct rx_op_range {
    uint32_t source;
    uint64_t block;
};

struct rx_op {
    struct rx_op *next;
    enum rx_op_kind kind;
    union {
        struct rx_row_token token;
        struct rx_row_pool pool;
        struct rx_row_event event;
        struct rx_row_block block;
        struct rx_row_cursor cursor;
        struct rx_row_score score;
        struct rx_op_range range; /* of PRUNE_FORECASTS: how many to keep, from when on */
        struct rx_row_forecast forecast;
        struct rx_row_outcome outcome;
        struct rx_row_recalibration recalibration;
    };
};

struct rx_unit {
    struct rx_arena *arena; /* owned: all ops and their strings */
    struct rx_op *first, *last;
    size_t rows, bytes;
    struct rx_unit *next; /* in the queue */
    int64_t submitted_ms; /* monotonic */
};
