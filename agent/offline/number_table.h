// SPDX-License-Identifier: Apache-2.0
/*
 * A CSV of numbers, whole in memory, column by column; an empty field or "nan" is NaN. A column
 * whose first value is not a number is text and is left out; a later value that is not one is an
 * error. Blocking; one thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"

/* Most fields of a table. */
#define RX_TABLE_MAX_CELLS (32u << 20)

struct rx_number_column {
    char *name;     /* owned */
    bool text;      /* left out: values hold nothing */
    bool seen;      /* a value that is not missing was met */
    double *values; /* owned: [rows] */
};

struct rx_number_table {
    size_t rows, columns;
    size_t groups;   /* distinct values of the group column; rows without one */
    uint64_t *group; /* owned: [rows] a number for each such value, or NULL without one */
    struct rx_number_column *column; /* owned: [columns] */
};

/* group: name of the column that tells which rows belong together, or NULL; it may be absent. */
int rx_number_table_read(const char *path, const char *group, struct rx_number_table **ret,
                         struct rx_error *err) RX_MUST_CHECK;
void rx_number_table_free(struct rx_number_table *table);
RX_DEFINE_CLEANUP(number_table, struct rx_number_table *, rx_number_table_free);

/* The column of that name that holds numbers, or NULL. */
const struct rx_number_column *rx_number_table_find(const struct rx_number_table *table,
                                                    const char *name);
