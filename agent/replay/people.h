// SPDX-License-Identifier: Apache-2.0
/*
 * Columns of a recorded pool that its own events do not give: holders and creator from the token's
 * transfers, and the LP locks. All counts are bounded. One thread.
 */
#pragma once

#include "agent/engine/features/holders.h"
#include "agent/replay/tables.h"

#define RX_PEOPLE_MAX_TRANSFERS 20000000u

struct rx_people_options {
    /*
     * token,block,logi,from,to,value and, when present, time (Unix seconds). Rows of other tokens
     * are skipped; any order. NULL: not read, the columns stay missing.
     */
    const char *transfers;
    /*
     * pool, then unlock_block or unlock_time (Unix seconds), then share (0..1 of the LP supply) or
     * amount (base units; needs the LP transfers). unlock_time needs a column time in `transfers`.
     * Rows of other pools are skipped. NULL: not read.
     */
    const char *locks;
    const unsigned char *creator; /* 20 bytes; NULL: not known */
    struct rx_creator_history history;
};

/*
 * Fills those columns of `features` as of block `at`, and leaves the others. `pool` is what
 * rx_replay_until(rows, ..., at, ...) made. Errors name file, line and column.
 */
int rx_replay_people(const struct rx_pool_rows *rows, struct rx_pool *pool, uint64_t at,
                     const struct rx_people_options *options, double features[RX_F_MAX],
                     struct rx_error *err) RX_MUST_CHECK;
