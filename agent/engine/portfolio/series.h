// SPDX-License-Identifier: Apache-2.0
/*
 * Prices of several assets brought onto one clock, and the simple returns between its ticks. Pure;
 * one thread an object, results may be read by several.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"

#define RX_SERIES_MAX_POINTS 4000000u
#define RX_SERIES_MAX_ASSETS 256u
/* A price is carried forward over at most this many ticks; a longer gap ends the common history. */
#define RX_SERIES_MAX_CARRY 3

/* One observed price. */
struct rx_price_point {
    int64_t time; /* Unix seconds */
    double price; /* > 0 */
};

struct rx_returns; /* immutable */

/*
 * The usual distance of two points in seconds: the median of the positive gaps. 0 with fewer than
 * two points. Points are in order of time. -ENOMEM.
 */
int rx_series_interval(const struct rx_price_point *points, size_t n, int64_t *ret) RX_MUST_CHECK;

/*
 * Returns over ticks of `interval` seconds: in each tick the last price up to its end, carried over
 * at most RX_SERIES_MAX_CARRY empty ticks. The history is the newest unbroken stretch that all
 * assets share. series[a] has n[a] points in order of time, prices finite and above zero.
 * RX_EINVALID: an asset without points, a price that is not, points out of order (names the asset's
 * index); -ENOMEM.
 */
int rx_returns_new(const struct rx_price_point *const *series, const size_t *n, size_t assets,
                   int64_t interval, struct rx_returns **ret, struct rx_error *err) RX_MUST_CHECK;
void rx_returns_free(struct rx_returns *returns);
RX_DEFINE_CLEANUP(returns, struct rx_returns *, rx_returns_free);

size_t rx_returns_count(const struct rx_returns *returns);      /* rows; may be 0 */
int64_t rx_returns_interval(const struct rx_returns *returns);  /* seconds */
int64_t rx_returns_last_time(const struct rx_returns *returns); /* end of the last tick */
/* rows x assets, row by row; borrowed. */
const double *rx_returns_data(const struct rx_returns *returns);
/* The returns of one asset into out[rx_returns_count()]. */
void rx_returns_column(const struct rx_returns *returns, size_t asset, double *out);
/* Weighted sums of the rows into out[rx_returns_count()]: returns of a portfolio whose weights are
 * restored after each tick. */
void rx_returns_weighted(const struct rx_returns *returns, const double *weights, double *out);
