// SPDX-License-Identifier: Apache-2.0
/*
 * Comma-separated tables with a header line: columns are found by name, in any order; others are
 * ignored. Fields hold no quotes or commas. Every error names file, line and column. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/engine/math/u256.h"
#include "agent/replay/gzip.h"

#define RX_CSV_MAX_COLUMNS 1024

struct rx_csv;

/*
 * Opens the file and reads its header. `names` are the wanted columns, `optional` how many at the
 * end of them may be absent. RX_EINVALID: "events.csv: line 1: column 'block' is missing". The
 * names must outlive the table.
 */
int rx_csv_open(const char *path, const char *const *names, size_t n_names, size_t optional,
                struct rx_csv **ret, struct rx_error *err) RX_MUST_CHECK;
/* The same with every column of the file wanted, in its order: rx_csv_columns of them, whose names
 * rx_csv_name gives. An empty name and one that appears twice are refused. */
int rx_csv_open_all(const char *path, struct rx_csv **ret, struct rx_error *err) RX_MUST_CHECK;
size_t rx_csv_columns(const struct rx_csv *csv);
const char *rx_csv_name(const struct rx_csv *csv, size_t column); /* borrowed from csv */
void rx_csv_close(struct rx_csv *csv);
RX_DEFINE_CLEANUP(csv, struct rx_csv *, rx_csv_close);

/* 1 = a row is ready, 0 = end, or an error. Empty lines are skipped. */
int rx_csv_next(struct rx_csv *csv, struct rx_error *err) RX_MUST_CHECK;

/* The field of names[column] in the present row, or an empty view when the column is absent. */
struct rx_str rx_csv_field(const struct rx_csv *csv, size_t column);
bool rx_csv_has(const struct rx_csv *csv, size_t column);

/* Typed fields; RX_EPARSE or RX_ELIMIT with the place and what was expected. */
int rx_csv_u64(const struct rx_csv *csv, size_t column, uint64_t max, uint64_t *ret,
               struct rx_error *err) RX_MUST_CHECK;
int rx_csv_i64(const struct rx_csv *csv, size_t column, int64_t min, int64_t max, int64_t *ret,
               struct rx_error *err) RX_MUST_CHECK;
/* An unsigned integer below 2^112. */
int rx_csv_uint112(const struct rx_csv *csv, size_t column, rx_u128 *ret, struct rx_error *err)
    RX_MUST_CHECK;
int rx_csv_u256(const struct rx_csv *csv, size_t column, struct rx_u256 *ret, struct rx_error *err)
    RX_MUST_CHECK;
/* "0x" and 40 hex digits of either case. */
int rx_csv_address(const struct rx_csv *csv, size_t column, unsigned char ret[20],
                   struct rx_error *err) RX_MUST_CHECK;
/* A finite number in decimal or exponent form; an empty field, or "nan" in any case, is missing:
 * NaN. An absent column is missing as well. */
int rx_csv_double(const struct rx_csv *csv, size_t column, double *ret, struct rx_error *err)
    RX_MUST_CHECK;
/* Fills err with the place of the column in front of the message; returns `code`. */
int rx_csv_error(const struct rx_csv *csv, size_t column, int code, struct rx_error *err,
                 const char *expected);
