// SPDX-License-Identifier: Apache-2.0
/* Inside of the engine: the running sums of a pool and what is computed from them. Plain values. */
#pragma once

#include "agent/engine/features/pool.h"

/* Count, mean and sum of squared deviations, updated by Welford's method. */
struct rx_moments {
    double mean, m2;
};

enum rx_event_class { RX_EV_BUY, RX_EV_SELL, RX_EV_MINT, RX_EV_BURN, RX_EV_OTHER, RX_EV_MAX };

struct rx_price_sums {
    double w0, t0, w, t, w_max; /* WETH and token reserves: first, last, largest */
    double p0, p, p_max;
    struct rx_moments ret; /* log returns */
    double ret_min, ret_max;
};

struct rx_flow_sums {
    uint64_t count[RX_EV_MAX];
    double buy, sell, buy_sq, buy_max; /* WETH */
};

struct rx_time_sums {
    uint64_t b0, block; /* of the first and the last event */
    int64_t first;      /* time of event 0 by the pool's clock */
    double v0, v;       /* of the first and the last event, in blocks */
    struct rx_moments gap;
    uint64_t snipe0, early10, early100, blocks;
};

struct rx_pool_core {
    int dec;
    enum rx_pool_clock clock;
    bool lp;
    uint64_t n;
    struct rx_price_sums price;
    struct rx_flow_sums flow;
    struct rx_time_sums time;
};

/* Event times that late_share may still ask for, ascending, in blocks. */
struct rx_late {
    const double *v; /* borrowed */
    size_t n;
};

/* The time of an event in blocks; `first` is the time of event 0. */
double rx_pool_core_v(enum rx_pool_clock clock, int64_t time, int64_t first);

/* Event times up to this one are of no more use at te or later. */
double rx_pool_core_late_from(double v0, double span);

/* `lp` has the LP columns, or is NULL when they are missing. span > 0 unless te = v0. */
void rx_pool_core_features(const struct rx_pool_core *core, struct rx_late late, const double *lp,
                           double te, double span, double age_days, double out[RX_F_MAX]);
