// SPDX-License-Identifier: Apache-2.0
#include "agent/offline/number_table.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/replay/csv.h"
#include "common/base/parse.h"

static int add_columns(struct rx_number_table *table, const struct rx_csv *csv,
                       struct rx_error *err)
{
    size_t n = rx_csv_columns(csv);
    table->column = calloc(n, sizeof(*table->column));
    if (!table->column) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    table->columns = n;
    for (size_t c = 0; c < n; c++) {
        table->column[c].name = strdup(rx_csv_name(csv, c));
        if (!table->column[c].name) {
            return rx_error_set(err, -ENOMEM, "out of memory");
        }
    }
    return 0;
}

static int grow(struct rx_number_table *table, size_t *capacity, const char *path,
                struct rx_error *err)
{
    size_t wanted = *capacity ? 2 * *capacity : 1024;
    if (table->rows >= RX_TABLE_MAX_CELLS / table->columns) {
        return rx_error_set(err, RX_ELIMIT, "%s: more than %u fields", path, RX_TABLE_MAX_CELLS);
    }
    for (size_t c = 0; c < table->columns; c++) {
        double *values = realloc(table->column[c].values, wanted * sizeof(*values));
        if (!values) {
            return rx_error_set(err, -ENOMEM, "%s: out of memory", path);
        }
        table->column[c].values = values;
    }
    *capacity = wanted;
    return 0;
}

static int read_row(struct rx_number_table *table, const struct rx_csv *csv, struct rx_error *err)
{
    for (size_t c = 0; c < table->columns; c++) {
        struct rx_number_column *column = &table->column[c];
        double *value = &column->values[table->rows];
        *value = (double)NAN;
        if (column->text) {
            continue;
        }
        if (!column->seen && rx_csv_field(csv, c).n > 0) {
            double first;
            struct rx_error not_a_number = {0};
            column->text = rx_csv_double(csv, c, &first, &not_a_number) < 0;
            if (column->text) {
                continue;
            }
        }
        int rc = rx_csv_double(csv, c, value, err);
        if (rc < 0) {
            return rc;
        }
        column->seen |= !isnan(*value);
    }
    table->rows++;
    return 0;
}

/* Hashes of the group column's fields. */
struct groups {
    size_t column, n, capacity;
    uint64_t *hashes; /* owned */
};

/* FNV-1a (G. Fowler, L. Noll, K. Vo). Two values that collide count as one, which is harmless. */
static int add_group(struct groups *groups, struct rx_str field, struct rx_error *err)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < field.n; i++) {
        hash = (hash ^ (unsigned char)field.p[i]) * 0x100000001b3u;
    }
    if (groups->n == groups->capacity) {
        size_t wanted = groups->capacity ? 2 * groups->capacity : 1024;
        uint64_t *hashes = realloc(groups->hashes, wanted * sizeof(*hashes));
        if (!hashes) {
            return rx_error_set(err, -ENOMEM, "out of memory");
        }
        groups->hashes = hashes;
        groups->capacity = wanted;
    }
    groups->hashes[groups->n++] = hash;
    return 0;
}

static int by_hash(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Hands the hashes to the table and counts the distinct ones. */
static int count_groups(struct groups *groups, struct rx_number_table *table, struct rx_error *err)
{
    size_t n = groups->n;
    rx_autofree uint64_t *sorted = malloc((n + 1) * sizeof(*sorted));
    if (!sorted) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    if (n > 0) {
        memcpy(sorted, groups->hashes, n * sizeof(*sorted));
        qsort(sorted, n, sizeof(*sorted), by_hash);
    }
    for (size_t i = 0; i < n; i++) {
        table->groups += i == 0 || sorted[i] != sorted[i - 1];
    }
    table->group = RX_TAKE(groups->hashes);
    return 0;
}

static void groups_free(struct groups *groups)
{
    free(groups->hashes);
}
RX_DEFINE_CLEANUP_INPLACE(groups, struct groups, groups_free);

/* The column of that name, or `columns` when there is none. */
static size_t find_group(const struct rx_number_table *table, const char *name)
{
    size_t c = 0;
    while (c < table->columns && !(name && strcmp(table->column[c].name, name) == 0)) {
        c++;
    }
    return c;
}

int rx_number_table_read(const char *path, const char *group, struct rx_number_table **ret,
                         struct rx_error *err)
{
    rx_auto(csv) struct rx_csv *csv = NULL;
    rx_auto(number_table) struct rx_number_table *table = calloc(1, sizeof(*table));
    if (!table) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    rx_auto(groups) struct groups groups = {0};
    size_t capacity = 0;
    int rc = rx_csv_open_all(path, &csv, err);
    if (rc == 0) {
        rc = add_columns(table, csv, err);
    }
    if (rc == 0) {
        groups.column = find_group(table, group);
    }
    while (rc == 0) {
        rc = rx_csv_next(csv, err);
        if (rc <= 0) {
            break;
        }
        rc = table->rows == capacity ? grow(table, &capacity, path, err) : 0;
        if (rc == 0) {
            rc = read_row(table, csv, err);
        }
        if (rc == 0 && groups.column < table->columns) {
            rc = add_group(&groups, rx_csv_field(csv, groups.column), err);
        }
    }
    if (rc < 0) {
        return rc;
    }
    if (groups.column == table->columns) {
        table->groups = table->rows;
    } else if (count_groups(&groups, table, err) < 0) {
        return -ENOMEM;
    }
    *ret = RX_TAKE(table);
    return 0;
}

void rx_number_table_free(struct rx_number_table *table)
{
    if (!table) {
        return;
    }
    for (size_t c = 0; c < table->columns; c++) {
        free(table->column[c].name);
        free(table->column[c].values);
    }
    free(table->column);
    free(table->group);
    free(table);
}

const struct rx_number_column *rx_number_table_find(const struct rx_number_table *table,
                                                    const char *name)
{
    for (size_t c = 0; c < table->columns; c++) {
        if (!table->column[c].text && strcmp(table->column[c].name, name) == 0) {
            return &table->column[c];
        }
    }
    return NULL;
}
