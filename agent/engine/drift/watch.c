// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/drift/watch.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agent/engine/math/stats.h"

#define MAX_ROWS 1000000

struct rx_drift_watch {
    struct rx_drift_watch_options options;
    struct rx_hysteresis told;
    size_t n_baseline, n_window, next; /* next: where the window's oldest row is replaced */
    size_t since_check;
    double *baseline, *window; /* owned: [rows][columns] */
};

int rx_drift_watch_new(const struct rx_drift_watch_options *options, struct rx_drift_watch **ret,
                       struct rx_error *err)
{
    rx_auto(drift_watch) struct rx_drift_watch *w = calloc(1, sizeof(*w));
    if (!w) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    struct rx_drift_watch_options *o = &w->options;
    *o = *options;
    o->baseline_rows = o->baseline_rows ? o->baseline_rows : 1000;
    o->window_rows = o->window_rows ? o->window_rows : 500;
    o->check_every = o->check_every ? o->check_every : o->window_rows / 5 + 1;
    if (o->columns == 0 || o->columns > RX_DRIFT_MAX_COLUMNS || o->baseline_rows > MAX_ROWS ||
        o->window_rows > MAX_ROWS) {
        return rx_error_set(err, RX_EINVALID, "1 to %d columns and at most %d rows expected",
                            RX_DRIFT_MAX_COLUMNS, MAX_ROWS);
    }
    w->told.raise_after = o->raise_after ? o->raise_after : 5;
    w->told.clear_after = o->clear_after ? o->clear_after : 5;
    w->baseline = calloc(o->baseline_rows, o->columns * sizeof(double));
    w->window = calloc(o->window_rows, o->columns * sizeof(double));
    if (!w->baseline || !w->window) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    *ret = RX_TAKE(w);
    return 0;
}

void rx_drift_watch_free(struct rx_drift_watch *watch)
{
    if (watch) {
        free(watch->baseline);
        free(watch->window);
        free(watch);
    }
}

bool rx_drift_watch_add(struct rx_drift_watch *watch, const double *row)
{
    const struct rx_drift_watch_options *o = &watch->options;
    size_t bytes = o->columns * sizeof(double);
    if (watch->n_baseline < o->baseline_rows) {
        memcpy(watch->baseline + watch->n_baseline * o->columns, row, bytes);
        watch->n_baseline++;
        return false;
    }
    memcpy(watch->window + watch->next * o->columns, row, bytes);
    watch->next = (watch->next + 1) % o->window_rows;
    watch->n_window += watch->n_window < o->window_rows;
    watch->since_check++;
    return watch->n_window == o->window_rows && watch->since_check >= o->check_every;
}

/* The finite values of a column, sorted, into values. */
static struct rx_drift_sample column_of(const double *rows, size_t n, size_t columns, size_t column,
                                        double *values)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        double value = rows[i * columns + column];
        if (isfinite(value)) {
            values[kept++] = value;
        }
    }
    rx_sort_doubles(values, kept);
    return (struct rx_drift_sample){values, kept, n - kept, 1};
}

int rx_drift_watch_check(struct rx_drift_watch *watch, struct rx_verdict *ret, struct rx_error *err)
{
    const struct rx_drift_watch_options *o = &watch->options;
    size_t rows = watch->n_baseline + watch->n_window;
    rx_autofree double *values = malloc((rows * o->columns + 1) * sizeof(*values));
    rx_autofree struct rx_drift_column *columns = calloc(o->columns, sizeof(*columns));
    rx_autofree struct rx_drift_column_result *results = calloc(o->columns, sizeof(*results));
    if (!values || !columns || !results) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    for (size_t c = 0; c < o->columns; c++) {
        double *to = values + c * rows;
        columns[c] = (struct rx_drift_column){
            o->names[c], o->predictions[c],
            column_of(watch->baseline, watch->n_baseline, o->columns, c, to),
            column_of(watch->window, watch->n_window, o->columns, c, to + watch->n_baseline)};
    }
    int rc = rx_drift_columns(columns, o->columns, &o->tests, results, err);
    if (rc < 0) {
        return rc;
    }
    struct rx_drift_report report = {columns, results, o->columns, NULL, NULL, 0};
    rx_drift_judge(&report, &o->tests, ret);
    rx_hysteresis_update(&watch->told, ret->health);
    watch->since_check = 0;
    return 0;
}

enum rx_health rx_drift_watch_told(const struct rx_drift_watch *watch)
{
    return watch->told.told;
}

void rx_drift_watch_filled(const struct rx_drift_watch *watch, size_t *ret_baseline,
                           size_t *ret_window)
{
    *ret_baseline = watch->n_baseline;
    *ret_window = watch->n_window;
}

void rx_drift_watch_reset(struct rx_drift_watch *watch)
{
    watch->n_baseline = watch->n_window = watch->next = watch->since_check = 0;
    watch->told.bad = watch->told.good = 0;
    watch->told.told = RX_HEALTH_UNKNOWN;
}
