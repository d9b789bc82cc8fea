// SPDX-License-Identifier: Apache-2.0
/*
 * What became of a pool after a moment: the labels that models are trained and judged on. Pure;
 * thread-safe.
 */
#pragma once

#include "agent/engine/features/pool.h"

/* A rug: the WETH reserve falls to this share of its value or less. */
#define RX_LABEL_RUG_SHARE 0.05
/* A price counts while the WETH reserve is at least this share of its value, and RX_POOL_MIN_WETH.
 */
#define RX_LABEL_LIQUID_SHARE 0.2

struct rx_outcome {
    bool known;     /* false: the recording ends before the horizon does */
    double lowest;  /* least WETH reserve after the moment / reserve at it; 1 without events */
    double highest; /* highest price while liquid / price at the moment; 1 without events */
};

/* WETH and token reserves of one event as real numbers; false when either is zero. */
bool rx_label_reserves(const struct rx_pool_meta *meta, const struct rx_sync *event, double *weth,
                       double *token);

/*
 * The outcome of the pool within (te, te + horizon], te and horizon in the unit of events[].time,
 * `end` the last moment of the recording. events[0 .. seen) are those up to te, the rest come after
 * it, in order. known = false also when nothing was seen of both reserves.
 */
void rx_label_outcome(const struct rx_pool_meta *meta, const struct rx_sync *events, size_t n,
                      size_t seen, double te, double horizon, double end, struct rx_outcome *ret);

/* 1, 0, or NaN when unknown. multiplier 0 asks for the rug. */
double rx_label_value(const struct rx_outcome *outcome, double multiplier);
