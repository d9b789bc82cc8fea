// SPDX-License-Identifier: Apache-2.0
/* Inside of a history: what the booking of rows leaves for the daily returns. */
#pragma once

#include "agent/engine/wallet/history.h"

#define DAY 86400

/* The state of one token after a row. */
struct rx_flow {
    uint32_t token;
    uint32_t order;
    int64_t time;
    struct rx_u256 known; /* held by the owner afterwards */
    rx_money cost;        /* of it */
    rx_money in, out;     /* value that came and went */
};

/* Fills history->returns from the flows (sorted here). -ENOMEM. */
int rx_history_returns(struct rx_history *history, struct rx_flow *flows, size_t n_flows)
    RX_MUST_CHECK;
