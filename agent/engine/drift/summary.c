// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/drift/summary.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agent/engine/math/stats.h"

struct rx_drift_summary {
    size_t columns, capacity;
    uint64_t seed, state, rows;
    double *values; /* owned: [capacity][columns] */
};

int rx_drift_summary_new(size_t columns, size_t capacity, uint64_t seed,
                         struct rx_drift_summary **ret, struct rx_error *err)
{
    if (columns == 0 || capacity == 0) {
        return rx_error_set(err, RX_EINVALID, "at least one column and room for one row expected");
    }
    if (columns > RX_DRIFT_MAX_COLUMNS || capacity > RX_SUMMARY_MAX_CAPACITY) {
        return rx_error_set(err, RX_ELIMIT, "at most %d columns and %d rows expected",
                            RX_DRIFT_MAX_COLUMNS, RX_SUMMARY_MAX_CAPACITY);
    }
    rx_auto(drift_summary) struct rx_drift_summary *s = calloc(1, sizeof(*s));
    if (s) {
        s->values = calloc(capacity, columns * sizeof(*s->values));
    }
    if (!s || !s->values) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    s->columns = columns;
    s->capacity = capacity;
    s->seed = s->state = seed;
    *ret = RX_TAKE(s);
    return 0;
}

void rx_drift_summary_free(struct rx_drift_summary *summary)
{
    if (summary) {
        free(summary->values);
        free(summary);
    }
}

/* Uniform in 0..n-1; the bias of the product is below n / 2^64. */
static uint64_t below(struct rx_drift_summary *s, uint64_t n)
{
    uint64_t z = s->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    return (uint64_t)(((unsigned __int128)z * n) >> 64);
}

void rx_drift_summary_add(struct rx_drift_summary *summary, const double *row)
{
    uint64_t at = summary->rows++;
    if (at >= summary->capacity) {
        at = below(summary, summary->rows);
    }
    if (at < summary->capacity) {
        memcpy(summary->values + at * summary->columns, row, summary->columns * sizeof(*row));
    }
}

void rx_drift_summary_clear(struct rx_drift_summary *summary)
{
    summary->rows = 0;
    summary->state = summary->seed;
}

uint64_t rx_drift_summary_rows(const struct rx_drift_summary *summary)
{
    return summary->rows;
}

int rx_drift_summary_sample(const struct rx_drift_summary *summary, size_t column,
                            struct rx_drift_sample *ret)
{
    size_t kept = summary->rows < summary->capacity ? (size_t)summary->rows : summary->capacity;
    double *sorted = malloc((kept + 1) * sizeof(*sorted));
    size_t n = 0;
    if (!sorted) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < kept; i++) {
        double value = summary->values[i * summary->columns + column];
        if (isfinite(value)) {
            sorted[n++] = value;
        }
    }
    rx_sort_doubles(sorted, n);
    *ret = (struct rx_drift_sample){sorted, n, kept - n, 1};
    return 0;
}
