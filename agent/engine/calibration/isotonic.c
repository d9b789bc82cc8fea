// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/calibration/isotonic.h"

#include <errno.h>
#include <math.h>

#include "agent/engine/math/proportion.h"

int rx_cal_rows_check(const struct rx_cal_rows *rows, struct rx_error *err)
{
    if (rows->n == 0) {
        return rx_error_set(err, RX_EINVALID, "at least one row expected");
    }
    if (rows->n > RX_CAL_MAX_ROWS) {
        return rx_error_set(err, RX_ELIMIT, "at most %d rows expected, got %zu", RX_CAL_MAX_ROWS,
                            rows->n);
    }
    for (size_t i = 0; i < rows->n; i++) {
        if (!isfinite(rows->x[i])) {
            return rx_error_set(err, RX_EINVALID, "row %zu: a finite score expected", i);
        }
        if (!(rows->y[i] >= 0 && rows->y[i] <= 1)) {
            return rx_error_set(err, RX_EINVALID, "row %zu: a label from 0 to 1 expected", i);
        }
        if (rows->weights && !(rows->weights[i] > 0 && isfinite(rows->weights[i]))) {
            return rx_error_set(err, RX_EINVALID, "row %zu: a weight above 0 expected", i);
        }
    }
    return 0;
}

static int by_score(const void *a, const void *b)
{
    const struct rx_cal_group *x = a;
    const struct rx_cal_group *y = b;
    return (x->x > y->x) - (x->x < y->x);
}

int rx_cal_group_rows(const struct rx_cal_rows *rows, struct rx_cal_group **ret, size_t *ret_n,
                      struct rx_error *err)
{
    int rc = rx_cal_rows_check(rows, err);
    if (rc < 0) {
        return rc;
    }
    struct rx_cal_group *groups = malloc(rows->n * sizeof(*groups));
    if (!groups) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < rows->n; i++) {
        double weight = rows->weights ? rows->weights[i] : 1;
        groups[i] = (struct rx_cal_group){rows->x[i], weight, weight * rows->y[i]};
    }
    qsort(groups, rows->n, sizeof(*groups), by_score);
    size_t n = 0;
    for (size_t i = 0; i < rows->n; i++) {
        if (n > 0 && groups[n - 1].x >= groups[i].x) {
            groups[n - 1].weight += groups[i].weight;
            groups[n - 1].sum += groups[i].sum;
        } else {
            groups[n++] = groups[i];
        }
    }
    *ret = groups;
    *ret_n = n;
    return 0;
}

struct block {
    double sum, weight;
    size_t first, last; /* groups */
};

/* Pools in place: blocks[] holds one entry a group at first; returns how many blocks remain. */
static size_t pool_violators(const struct rx_cal_group *groups, size_t n, struct block *blocks)
{
    size_t top = 0;
    for (size_t i = 0; i < n; i++) {
        struct block now = {groups[i].sum, groups[i].weight, i, i};
        /* means compared by cross products: exact for counts */
        while (top > 0 && blocks[top - 1].sum * now.weight >= now.sum * blocks[top - 1].weight) {
            top--;
            now.sum += blocks[top].sum;
            now.weight += blocks[top].weight;
            now.first = blocks[top].first;
        }
        blocks[top++] = now;
    }
    return top;
}

static struct rx_isotonic *knots_of(const struct rx_cal_group *groups, const struct block *blocks,
                                    size_t n)
{
    rx_auto(isotonic) struct rx_isotonic *iso = calloc(1, sizeof(*iso));
    if (!iso) {
        return NULL;
    }
    iso->knots = malloc(2 * n * sizeof(*iso->knots));
    if (!iso->knots) {
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        double mean = blocks[i].sum / blocks[i].weight;
        const size_t ends[] = {blocks[i].first, blocks[i].last};
        for (size_t e = 0; e < (ends[0] == ends[1] ? 1u : 2u); e++) {
            iso->knots[iso->n++] =
                (struct rx_isotonic_knot){groups[ends[e]].x, mean, blocks[i].sum, blocks[i].weight};
        }
    }
    return RX_TAKE(iso);
}

int rx_isotonic_fit(const struct rx_cal_rows *rows, struct rx_isotonic **ret, struct rx_error *err)
{
    rx_autofree struct rx_cal_group *groups = NULL;
    size_t n = 0;
    int rc = rx_cal_group_rows(rows, &groups, &n, err);
    if (rc < 0) {
        return rc;
    }
    rx_autofree struct block *blocks = malloc(n * sizeof(*blocks));
    if (!blocks) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    struct rx_isotonic *iso = knots_of(groups, blocks, pool_violators(groups, n, blocks));
    if (!iso) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    *ret = iso;
    return 0;
}

void rx_isotonic_free(struct rx_isotonic *iso)
{
    if (iso) {
        free(iso->knots);
        free(iso);
    }
}

/* The knots around x: *ret_share of the way from the first to the second. */
static void locate(const struct rx_isotonic *iso, double x, size_t *ret_low, size_t *ret_high,
                   double *ret_share)
{
    size_t low = 0;
    size_t high = iso->n;
    while (low < high) { /* low becomes the first knot at or above x */
        size_t middle = low + (high - low) / 2;
        if (iso->knots[middle].x < x) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *ret_share = 0;
    if (low == iso->n) {
        *ret_low = *ret_high = iso->n - 1;
        return;
    }
    if (low == 0 || iso->knots[low].x <= x) {
        *ret_low = *ret_high = low;
        return;
    }
    *ret_low = low - 1;
    *ret_high = low;
    *ret_share = (x - iso->knots[low - 1].x) / (iso->knots[low].x - iso->knots[low - 1].x);
}

double rx_isotonic_at(const struct rx_isotonic *iso, double x)
{
    size_t low, high;
    double share;
    locate(iso, x, &low, &high, &share);
    double from = iso->knots[low].y;
    double to = iso->knots[high].y;
    return fmin(from + share * (to - from), to);
}

void rx_isotonic_interval(const struct rx_isotonic *iso, double x, double level, double *ret_low,
                          double *ret_high)
{
    size_t at[2];
    double share;
    double low[2], high[2];
    locate(iso, x, &at[0], &at[1], &share);
    for (int i = 0; i < 2; i++) {
        const struct rx_isotonic_knot *knot = &iso->knots[at[i]];
        rx_wilson(knot->sum, knot->weight, level, &low[i], &high[i]);
    }
    *ret_low = low[0] + share * (low[1] - low[0]);
    *ret_high = high[0] + share * (high[1] - high[0]);
}

size_t rx_isotonic_log_odds(const struct rx_isotonic *iso, double *x, double *y)
{
    double floor = 1 / (iso->knots[0].weight + 2);
    double ceiling = 1 - 1 / (iso->knots[iso->n - 1].weight + 2);
    for (size_t i = 0; i < iso->n; i++) {
        double p = iso->knots[i].y;
        if (p > 0 && p < 1) {
            floor = fmin(floor, p);
            ceiling = fmax(ceiling, p);
        }
    }
    for (size_t i = 0; i < iso->n; i++) {
        double p = fmin(fmax(iso->knots[i].y, floor), ceiling);
        x[i] = iso->knots[i].x;
        y[i] = log(p) - log1p(-p);
    }
    return iso->n;
}
