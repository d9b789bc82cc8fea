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

/*
 * The trades up to one event, that event included. What lies between two marks is their difference:
 * amounts are exact, modulo 2^128 (65,536 amounts below 2^112 fit).
 */
struct rx_trade_mark {
    int64_t time;      /* by the pool's clock */
    double p;          /* price after the event */
    rx_u128 buy, sell; /* base units of WETH */
    uint32_t n_buy, n_sell;
};

#define RX_MARKS_MAX 65536

struct rx_window_sums {
    struct rx_trade_mark base; /* before the first kept mark: the first event, or one let go */
    struct rx_trade_mark last; /* at the last event */
    int64_t lost;              /* marks up to this time were let go for their number alone */
    bool any_lost;
};

/* Illiquidity by days of the pool's life (Amihud 2002). */
struct rx_day_sums {
    int64_t day;    /* the one that the last event is in, from 0 */
    double p_first; /* price after its first and its last event */
    double p_last;
    double volume;       /* traded in it, WETH */
    double sum;          /* of |return| / volume of the days before */
    uint64_t events, of; /* events in the day; days in the sum */
};

struct rx_pool_core {
    int dec;
    enum rx_pool_clock clock;
    bool lp;
    uint64_t n;
    rx_u128 weth, token; /* reserves after the last event, base units */
    struct rx_price_sums price;
    struct rx_flow_sums flow;
    struct rx_time_sums time;
    struct rx_day_sums day;
};

/* Event times that late_share may still ask for, ascending, in blocks. */
struct rx_late {
    const double *v; /* borrowed */
    size_t n;
    uint64_t more; /* events after the last of them whose times are not kept here */
};

/* Marks of the last 24 hours before the last event, ascending. */
struct rx_marks {
    const struct rx_window_sums *sums; /* borrowed */
    const struct rx_trade_mark *marks; /* borrowed */
    size_t n;
};

/* The moment of the features. */
struct rx_moment {
    double te;       /* in blocks */
    double time;     /* the same by the pool's clock */
    double span;     /* te - v0; > 0 unless te = v0 */
    double age_days; /* span in days */
};

/* The time of an event in blocks; `first` is the time of event 0. */
double rx_pool_core_v(enum rx_pool_clock clock, int64_t time, int64_t first);

/* Event times up to this one are of no more use at te or later. */
double rx_pool_core_late_from(double v0, double span);

/* A span of seconds by the pool's clock. */
double rx_pool_core_ticks(enum rx_pool_clock clock, double seconds);

/* Add an event whose price core->price has already (and core->n does not count yet). `amount`: of a
 * buy or sell. */
void rx_windows_add(struct rx_window_sums *sums, const struct rx_pool_core *core, int64_t time,
                    enum rx_event_class class, rx_u128 amount);
void rx_days_add(struct rx_pool_core *core, int64_t time, double volume);
/* First mark that a window reaching back to `from` (excluded) can ask for. */
size_t rx_windows_first(struct rx_marks marks, double from);

void rx_windows_features(struct rx_marks marks, enum rx_pool_clock clock, double time,
                         double out[RX_F_MAX]);
void rx_depth_features(const struct rx_pool_core *core, double out[RX_F_MAX]);

/* `lp` has the LP columns, or is NULL when they are missing. */
void rx_pool_core_features(const struct rx_pool_core *core, struct rx_late late,
                           struct rx_marks marks, const double *lp, const struct rx_moment *at,
                           double out[RX_F_MAX]);
