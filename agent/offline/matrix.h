// SPDX-License-Identifier: Apache-2.0
/*
 * Tables of numbers for models: CSV (plain or gzip), one row a line, streamed. A field may be
 * quoted ("a,b" with "" for a quote, without line breaks). Empty and "nan" in any case, also
 * with a sign, are missing. Columns are matched by name when the header has all the wanted names,
 * each once, else by position. Errors name file, line and column.
 * Blocking; one thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/error.h"
#include "common/base/str.h"

#define RX_MATRIX_MAX_COLUMNS 65536u
#define RX_MATRIX_MAX_LINE    (4u << 20)

struct rx_matrix;

enum rx_matrix_header {
    RX_HEADER_AUTO, /* there is one when the first line names the wanted columns, has a field that
                       is no number, or counts 0, 1, 2, ... */
    RX_HEADER_YES,
    RX_HEADER_NO
};

/* Whether names that the header lacks are missing in every row (when it has any of them). */
enum rx_matrix_absent { RX_ABSENT_REFUSED, RX_ABSENT_MISSING };

/*
 * Opens the file ("-" = standard input) and reads its first line. names[n] are the wanted columns;
 * names may be NULL, or hold NULLs, for "by position". RX_EINVALID when some of the names are in
 * the header and others are not, when a wanted one is there twice, or when there are fewer columns
 * than wanted. The names must outlive the matrix.
 */
int rx_matrix_open(const char *path, const char *const *names, size_t n,
                   enum rx_matrix_header header, enum rx_matrix_absent absent,
                   struct rx_matrix **ret, struct rx_error *err) RX_MUST_CHECK;
void rx_matrix_close(struct rx_matrix *matrix);
RX_DEFINE_CLEANUP(matrix, struct rx_matrix *, rx_matrix_close);

bool rx_matrix_by_name(const struct rx_matrix *matrix);
size_t rx_matrix_columns(const struct rx_matrix *matrix); /* of the file */
/* The header as it stands in the file; {NULL, 0} when there is none. */
struct rx_str rx_matrix_header(const struct rx_matrix *matrix);

/* 1 = row[n] is filled (NaN = missing) and *ret_line is the row's text until the next call; 0 =
 * end; or an error: wrong number of fields, not a number, infinite. */
int rx_matrix_next(struct rx_matrix *matrix, double *row, struct rx_str *ret_line,
                   struct rx_error *err) RX_MUST_CHECK;
/* Number of the line given last, from 1. */
unsigned long long rx_matrix_line(const struct rx_matrix *matrix);
/* "file: line 3, column 'x'" around the message; returns `code`. */
int rx_matrix_error(const struct rx_matrix *matrix, size_t wanted, int code, struct rx_error *err,
                    const char *message);
