// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/portfolio/series.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

struct rx_returns {
    size_t rows, assets;
    int64_t interval, last_time;
    double *data; /* owned */
};

static int ascending(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

int rx_series_interval(const struct rx_price_point *points, size_t n, int64_t *ret)
{
    *ret = 0;
    if (n < 2) {
        return 0;
    }
    rx_autofree int64_t *gaps = malloc((n - 1) * sizeof(*gaps));
    if (!gaps) {
        return -ENOMEM;
    }
    size_t count = 0;
    for (size_t i = 1; i < n; i++) {
        if (points[i].time > points[i - 1].time) {
            gaps[count++] = points[i].time - points[i - 1].time;
        }
    }
    if (count > 0) {
        qsort(gaps, count, sizeof(*gaps), ascending);
        *ret = gaps[count / 2];
    }
    return 0;
}

static int check(const struct rx_price_point *points, size_t n, size_t asset, struct rx_error *err)
{
    if (n == 0 || n > RX_SERIES_MAX_POINTS) {
        return rx_error_set(err, RX_EINVALID, "prices[%zu]: 1 to %u points expected", asset,
                            RX_SERIES_MAX_POINTS);
    }
    for (size_t i = 0; i < n; i++) {
        if (!(points[i].price > 0) || !isfinite(points[i].price)) {
            return rx_error_set(err, RX_EINVALID, "prices[%zu]: a price above zero expected",
                                asset);
        }
        if (i > 0 && points[i].time < points[i - 1].time) {
            return rx_error_set(err, RX_EINVALID, "prices[%zu]: times must not go back", asset);
        }
    }
    return 0;
}

static int64_t tick_of(int64_t time, int64_t interval)
{
    return time >= 0 ? time / interval : -((-time + interval - 1) / interval);
}

/* The last price of each tick first..last into column a; NaN where there is none. */
static void fill(double *prices, size_t assets, size_t a, const struct rx_price_point *points,
                 size_t n, int64_t interval, int64_t first, int64_t last)
{
    size_t next = 0;
    int64_t seen = INT64_MIN;
    double price = 0;
    for (int64_t tick = first; tick <= last; tick++) {
        while (next < n && tick_of(points[next].time, interval) <= tick) {
            price = points[next].price;
            seen = tick_of(points[next].time, interval);
            next++;
        }
        const bool fresh = seen != INT64_MIN && tick - seen <= RX_SERIES_MAX_CARRY;
        prices[(size_t)(tick - first) * assets + a] = fresh ? price : __builtin_nan("");
    }
}

/* Rows of the newest stretch in which every asset has a price. */
static size_t newest_stretch(const double *prices, size_t ticks, size_t assets)
{
    size_t rows = 0;
    while (rows < ticks) {
        const double *row = prices + (ticks - 1 - rows) * assets;
        for (size_t a = 0; a < assets; a++) {
            if (isnan(row[a])) {
                return rows;
            }
        }
        rows++;
    }
    return rows;
}

static int build(struct rx_returns *r, const struct rx_price_point *const *series, const size_t *n,
                 int64_t first, int64_t last, struct rx_error *err)
{
    const size_t ticks = (size_t)(last - first + 1);
    rx_autofree double *prices = calloc(ticks * r->assets, sizeof(*prices));
    if (!prices) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    for (size_t a = 0; a < r->assets; a++) {
        fill(prices, r->assets, a, series[a], n[a], r->interval, first, last);
    }
    const size_t rows = newest_stretch(prices, ticks, r->assets);
    r->last_time = (last + 1) * r->interval;
    if (rows < 2) {
        return 0;
    }
    r->data = calloc((rows - 1) * r->assets, sizeof(*r->data));
    if (!r->data) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    r->rows = rows - 1;
    const double *from = prices + (ticks - rows) * r->assets;
    for (size_t i = 0; i < r->rows * r->assets; i++) {
        r->data[i] = from[i + r->assets] / from[i] - 1;
    }
    return 0;
}

int rx_returns_new(const struct rx_price_point *const *series, const size_t *n, size_t assets,
                   int64_t interval, struct rx_returns **ret, struct rx_error *err)
{
    if (assets == 0 || assets > RX_SERIES_MAX_ASSETS || interval <= 0) {
        return rx_error_set(err, RX_EINVALID, "1 to %u assets and an interval above zero expected",
                            RX_SERIES_MAX_ASSETS);
    }
    /* Common history: from the newest first point to the oldest last one. */
    int64_t first = INT64_MIN, last = INT64_MAX;
    for (size_t a = 0; a < assets; a++) {
        const int rc = check(series[a], n[a], a, err);
        if (rc < 0) {
            return rc;
        }
        const int64_t begin = tick_of(series[a][0].time, interval);
        const int64_t end = tick_of(series[a][n[a] - 1].time, interval);
        first = begin > first ? begin : first;
        last = end < last ? end : last;
    }
    rx_auto(returns) struct rx_returns *r = calloc(1, sizeof(*r));
    if (!r) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    r->assets = assets;
    r->interval = interval;
    r->last_time = (last + 1) * interval;
    if (last - first >= (int64_t)RX_SERIES_MAX_POINTS) {
        return rx_error_set(err, RX_ELIMIT, "more than %u intervals of %lld s in the prices",
                            RX_SERIES_MAX_POINTS, (long long)interval);
    }
    const int rc = first < last ? build(r, series, n, first, last, err) : 0;
    if (rc == 0) {
        *ret = RX_TAKE(r);
    }
    return rc;
}

void rx_returns_free(struct rx_returns *returns)
{
    if (returns) {
        free(returns->data);
        free(returns);
    }
}

size_t rx_returns_count(const struct rx_returns *returns)
{
    return returns->rows;
}

int64_t rx_returns_interval(const struct rx_returns *returns)
{
    return returns->interval;
}

int64_t rx_returns_last_time(const struct rx_returns *returns)
{
    return returns->last_time;
}

const double *rx_returns_data(const struct rx_returns *returns)
{
    return returns->data;
}

void rx_returns_column(const struct rx_returns *returns, size_t asset, double *out)
{
    for (size_t t = 0; t < returns->rows; t++) {
        out[t] = returns->data[t * returns->assets + asset];
    }
}

void rx_returns_weighted(const struct rx_returns *returns, const double *weights, double *out)
{
    for (size_t t = 0; t < returns->rows; t++) {
        const double *row = returns->data + t * returns->assets;
        out[t] = 0;
        for (size_t a = 0; a < returns->assets; a++) {
            out[t] += row[a] * weights[a];
        }
    }
}
