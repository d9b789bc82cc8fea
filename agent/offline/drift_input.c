// SPDX-License-Identifier: Apache-2.0
#include "agent/offline/drift_input.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agent/engine/features/features.h"
#include "agent/engine/math/stats.h"

enum { BASELINE, CURRENT, BASELINE_LABELS, CURRENT_LABELS };

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

static bool is_registered(const char *name)
{
    for (int i = 0; i < RX_F_MAX; i++) {
        if (strcmp(rx_feature_info((enum rx_feature)i)->name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* Some features begin with p_ too. */
static bool is_probability(const char *name)
{
    return strncmp(name, "p_", 2) == 0 && !ends_with(name, "_lo") && !ends_with(name, "_hi") &&
           !is_registered(name);
}

static bool is_listed(const char *list, const char *name)
{
    struct rx_str rest = rx_str_of(list), part;
    while (rx_str_cut(&rest, ',', &part)) {
        if (rx_str_is(part, name)) {
            return true;
        }
    }
    return false;
}

/* True for NAME when the table has p_NAME. */
static bool is_label(const struct rx_number_table *table, const char *name)
{
    for (size_t c = 0; c < table->columns; c++) {
        const char *other = table->column[c].name;
        if (is_probability(other) && strcmp(other + 2, name) == 0) {
            return true;
        }
    }
    return false;
}

static bool any_registered(const struct rx_number_table *table)
{
    for (size_t c = 0; c < table->columns; c++) {
        if (is_registered(table->column[c].name)) {
            return true;
        }
    }
    return false;
}

static bool is_wanted(const struct rx_number_table *table, const char *list, bool registered_only,
                      const char *name)
{
    if (list) {
        return is_listed(list, name);
    }
    if (is_probability(name) || is_registered(name)) {
        return true;
    }
    return !registered_only && strncmp(name, "p_", 2) != 0 && !is_label(table, name);
}

static double independent(const struct rx_number_table *table)
{
    return table->rows ? (double)table->groups / (double)table->rows : 1;
}

/* The values that are there, sorted; *ret->sorted is the caller's. */
static int take_sample(const struct rx_number_table *table, const struct rx_number_column *column,
                       struct rx_drift_sample *ret)
{
    size_t rows = table->rows;
    double *values = malloc((rows + 1) * sizeof(*values));
    size_t n = 0;
    if (!values) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < rows; i++) {
        if (!isnan(column->values[i])) {
            values[n++] = column->values[i];
        }
    }
    rx_sort_doubles(values, n);
    *ret = (struct rx_drift_sample){values, n, rows - n, independent(table)};
    return 0;
}

static int add_columns(struct rx_drift_input *in, const char *list, struct rx_error *err)
{
    const struct rx_number_table *base = in->table[BASELINE], *now = in->table[CURRENT];
    bool registered_only = any_registered(base);
    in->columns = calloc(base->columns + 1, sizeof(*in->columns));
    if (!in->columns) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    for (size_t c = 0; c < base->columns; c++) {
        const struct rx_number_column *column = &base->column[c];
        const struct rx_number_column *other = rx_number_table_find(now, column->name);
        if (column->text || !other || !is_wanted(base, list, registered_only, column->name)) {
            continue;
        }
        struct rx_drift_column *to = &in->columns[in->n_columns++];
        to->name = column->name;
        to->prediction = is_probability(column->name);
        if (take_sample(base, column, &to->baseline) < 0 ||
            take_sample(now, other, &to->current) < 0) {
            return rx_error_set(err, -ENOMEM, "out of memory");
        }
    }
    return 0;
}

/* Rows that have both a probability and a label. */
static int take_labels(const struct rx_number_table *table, const struct rx_number_table *labels,
                       const char *name, const char *path, struct rx_drift_labels *ret,
                       struct rx_error *err)
{
    const struct rx_number_column *p = rx_number_table_find(table, name);
    const struct rx_number_column *y = rx_number_table_find(labels, name + 2);
    *ret = (struct rx_drift_labels){NULL, NULL, 0, independent(table)};
    if (!p || !y) {
        return 0;
    }
    double *both = malloc((2 * table->rows + 1) * sizeof(*both));
    if (!both) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    ret->p = both;
    ret->y = both + table->rows;
    for (size_t i = 0; i < table->rows; i++) {
        if (isnan(p->values[i]) || isnan(y->values[i])) {
            continue;
        }
        if (!(p->values[i] >= 0 && p->values[i] <= 1)) {
            return rx_error_set(err, RX_EINVALID,
                                "%s: row %zu: column %s: a probability from 0 to 1 expected", path,
                                i + 1, name);
        }
        if (y->values[i] != 0 && y->values[i] != 1) {
            return rx_error_set(err, RX_EINVALID, "%s: row %zu: column %s: a label 0 or 1 expected",
                                path, i + 1, name + 2);
        }
        both[ret->n] = p->values[i];
        both[table->rows + ret->n++] = y->values[i];
    }
    return 0;
}

static int add_targets(struct rx_drift_input *in, const struct rx_drift_files *files,
                       struct rx_error *err)
{
    const struct rx_number_table *now = in->table[CURRENT];
    in->targets = calloc(now->columns + 1, sizeof(*in->targets));
    if (!in->targets) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    for (size_t c = 0; c < now->columns; c++) {
        const char *name = now->column[c].name;
        if (now->column[c].text || !is_probability(name)) {
            continue;
        }
        struct rx_drift_target *to = &in->targets[in->n_targets++];
        to->name = name + 2;
        int rc = 0;
        for (int side = BASELINE; side <= CURRENT && rc == 0; side++) {
            const struct rx_number_table *labels = in->table[BASELINE_LABELS + side];
            rc = take_labels(in->table[side], labels ? labels : in->table[side], name,
                             side == BASELINE ? files->baseline : files->current,
                             side == BASELINE ? &to->baseline : &to->current, err);
        }
        if (rc < 0) {
            return rc;
        }
        if (to->current.n == 0) { /* nothing to judge */
            free((void *)to->baseline.p);
            free((void *)to->current.p);
            *to = (struct rx_drift_target){0};
            in->n_targets--;
        }
    }
    return 0;
}

static int read_tables(struct rx_drift_input *in, const struct rx_drift_files *files,
                       struct rx_error *err)
{
    const char *const paths[] = {files->baseline, files->current, files->baseline_labels,
                                 files->current_labels};
    for (int i = 0; i < 4; i++) {
        int rc = paths[i] ? rx_number_table_read(paths[i], files->group, &in->table[i], err) : 0;
        if (rc < 0) {
            return rc;
        }
        if (i >= BASELINE_LABELS && paths[i] &&
            in->table[i]->rows != in->table[i - BASELINE_LABELS]->rows) {
            return rx_error_set(err, RX_EINVALID, "%s: %zu rows expected as in %s, got %zu",
                                paths[i], in->table[i - BASELINE_LABELS]->rows,
                                paths[i - BASELINE_LABELS], in->table[i]->rows);
        }
    }
    return 0;
}

int rx_drift_input_read(const struct rx_drift_files *files, struct rx_drift_input **ret,
                        struct rx_error *err)
{
    rx_auto(drift_input) struct rx_drift_input *in = calloc(1, sizeof(*in));
    if (!in) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    int rc = read_tables(in, files, err);
    if (rc == 0) {
        rc = add_columns(in, files->columns, err);
    }
    if (rc == 0) {
        rc = add_targets(in, files, err);
    }
    if (rc == 0 && in->n_columns + in->n_targets == 0) {
        rc = rx_error_set(err, RX_EINVALID, "%s and %s share no column of numbers to compare",
                          files->baseline, files->current);
    }
    if (rc < 0) {
        return rc;
    }
    *ret = RX_TAKE(in);
    return 0;
}

void rx_drift_input_free(struct rx_drift_input *input)
{
    if (!input) {
        return;
    }
    for (size_t i = 0; i < input->n_columns; i++) {
        free((void *)input->columns[i].baseline.sorted);
        free((void *)input->columns[i].current.sorted);
    }
    for (size_t i = 0; i < input->n_targets; i++) {
        free((void *)input->targets[i].baseline.p);
        free((void *)input->targets[i].current.p);
    }
    for (int i = 0; i < 4; i++) {
        rx_number_table_free(input->table[i]);
    }
    free(input->columns);
    free(input->targets);
    free(input);
}
