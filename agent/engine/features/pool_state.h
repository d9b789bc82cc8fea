// SPDX-License-Identifier: Apache-2.0
/* Inside of the engine: a pool that takes events, and how its parts are kept in bounds. */
#pragma once

#include "agent/engine/features/lp.h"
#include "agent/engine/features/pool_core.h"

/* Position of the last log seen, counted or not: tells repeated and misplaced ones. */
struct rx_position {
    bool any;
    uint64_t block, log_index;
};

struct rx_pool {
    struct rx_pool_core core;
    int weth_pos;
    double scale; /* 10^decimals */
    struct rx_position last_sync, last_lp;
    int64_t last_time;
    double *late; /* owned: ascending event times that late_share may still ask for */
    size_t n_late, cap_late;
    struct rx_window_sums window;
    struct rx_trade_mark *marks; /* owned: of the last 24 hours, see rx_marks */
    size_t n_marks, cap_marks;
    struct rx_lp lp;
};

/* Lets go what no later moment asks for. */
void rx_pool_drop_late(struct rx_pool *pool);
void rx_pool_drop_marks(struct rx_pool *pool);
/* Room for one more event time and mark: 0 or -ENOMEM (nothing that a later moment asks for is
 * lost). */
int rx_pool_reserve(struct rx_pool *pool) RX_MUST_CHECK;
