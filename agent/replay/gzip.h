// SPDX-License-Identifier: Apache-2.0
/*
 * Reads the lines of a text file that may be gzip-compressed (told by its first bytes). Memory is
 * one buffer, which only a line longer than it makes grow; a line may have RX_LINE_MAX bytes.
 * Blocking; one thread.
 */
#pragma once

#include <stddef.h>

#include "common/base/error.h"
#include "common/base/str.h"

#define RX_LINE_MAX (64u * 1024)

struct rx_lines;

/* Errors name the path. *ret is owned by the caller. */
int rx_lines_open(const char *path, struct rx_lines **ret, struct rx_error *err) RX_MUST_CHECK;
/* The same for tables of thousands of columns: lines of up to line_max bytes, at most 256 MiB. */
int rx_lines_open_long(const char *path, size_t line_max, struct rx_lines **ret,
                       struct rx_error *err) RX_MUST_CHECK;
void rx_lines_close(struct rx_lines *lines);
RX_DEFINE_CLEANUP(lines, struct rx_lines *, rx_lines_close);

/*
 * The next line without its "\n" or "\r\n", valid until the next call. 1, 0 at the end, or an error
 * that names path and line: RX_ELIMIT (too long), RX_EPARSE (damaged or truncated compression), a
 * negated errno.
 */
int rx_lines_next(struct rx_lines *lines, struct rx_str *ret, struct rx_error *err) RX_MUST_CHECK;
/* Number of the line that rx_lines_next gave last, from 1. */
unsigned long long rx_lines_number(const struct rx_lines *lines);
const char *rx_lines_path(const struct rx_lines *lines);
