// SPDX-License-Identifier: Apache-2.0
#include "agent/replay/csv.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "common/base/parse.h"

#define MAX_WANTED 16
#define ABSENT     (-1)

struct rx_csv {
    struct rx_lines *lines; /* owned */
    const char *const *names;
    size_t n_names;
    size_t n_columns;
    char *header;               /* owned: the names that rx_csv_open_all wants; else NULL */
    const char **all;           /* owned: one for each of them */
    int at[RX_CSV_MAX_COLUMNS]; /* column of each wanted name, or ABSENT */
    struct rx_str fields[RX_CSV_MAX_COLUMNS];
};

static int split(struct rx_csv *csv, struct rx_str line, struct rx_error *err)
{
    size_t n = 0;
    struct rx_str rest = line;
    struct rx_str part;
    while (rx_str_cut(&rest, ',', &part)) {
        if (n == RX_CSV_MAX_COLUMNS) {
            return rx_error_set(err, RX_ELIMIT, "%s: line %llu: more than %d columns",
                                rx_lines_path(csv->lines), rx_lines_number(csv->lines),
                                RX_CSV_MAX_COLUMNS);
        }
        csv->fields[n++] = part;
    }
    return (int)n;
}

static int find_columns(struct rx_csv *csv, size_t n_columns, size_t optional, struct rx_error *err)
{
    for (size_t i = 0; i < csv->n_names; i++) {
        csv->at[i] = ABSENT;
        for (size_t c = 0; c < n_columns; c++) {
            if (!rx_str_is(csv->fields[c], csv->names[i])) {
                continue;
            }
            if (csv->at[i] != ABSENT) {
                return rx_error_set(err, RX_EINVALID, "%s: line 1: column '%s' appears twice",
                                    rx_lines_path(csv->lines), csv->names[i]);
            }
            csv->at[i] = (int)c;
        }
        if (csv->at[i] == ABSENT && i + optional < csv->n_names) {
            return rx_error_set(err, RX_EINVALID, "%s: line 1: column '%s' is missing",
                                rx_lines_path(csv->lines), csv->names[i]);
        }
    }
    return 0;
}

static int read_header(struct rx_csv *csv, size_t optional, struct rx_error *err)
{
    struct rx_str line;
    int rc = rx_lines_next(csv->lines, &line, err);
    if (rc < 0) {
        return rc;
    }
    if (rc == 0) {
        return rx_error_set(err, RX_EINVALID,
                            "%s: line 1: a header line is expected, not an "
                            "empty file",
                            rx_lines_path(csv->lines));
    }
    struct rx_str mark = RX_STR("\xef\xbb\xbf"); /* some editors put a byte-order mark first */
    if (rx_str_starts(line, mark)) {
        line.p += mark.n;
        line.n -= mark.n;
    }
    int n = split(csv, line, err);
    if (n < 0) {
        return n;
    }
    csv->n_columns = (size_t)n;
    return find_columns(csv, csv->n_columns, optional, err);
}

/* Wants what the header has: copies its names, each ending in NUL. */
static int want_all(struct rx_csv *csv, struct rx_error *err)
{
    size_t bytes = 0;
    for (size_t i = 0; i < csv->n_columns; i++) {
        bytes += csv->fields[i].n + 1;
        if (csv->fields[i].n == 0) {
            return rx_error_set(err, RX_EINVALID, "%s: line 1: column %zu has no name",
                                rx_lines_path(csv->lines), i + 1);
        }
    }
    csv->header = malloc(bytes);
    csv->all = malloc(csv->n_columns * sizeof(*csv->all));
    if (!csv->header || !csv->all) {
        return rx_error_set(err, -ENOMEM, "%s: out of memory", rx_lines_path(csv->lines));
    }
    char *at = csv->header;
    for (size_t i = 0; i < csv->n_columns; i++) {
        memcpy(at, csv->fields[i].p, csv->fields[i].n);
        at[csv->fields[i].n] = 0;
        csv->all[i] = at;
        at += csv->fields[i].n + 1;
    }
    csv->names = csv->all;
    csv->n_names = csv->n_columns;
    return 0;
}

int rx_csv_open_all(const char *path, struct rx_csv **ret, struct rx_error *err)
{
    rx_auto(csv) struct rx_csv *csv = NULL;
    int rc = rx_csv_open(path, NULL, 0, 0, &csv, err);
    if (rc == 0) {
        rc = want_all(csv, err);
    }
    if (rc == 0) {
        rc = find_columns(csv, csv->n_columns, 0, err);
    }
    if (rc < 0) {
        return rc;
    }
    *ret = RX_TAKE(csv);
    return 0;
}

size_t rx_csv_columns(const struct rx_csv *csv)
{
    return csv->n_names;
}

const char *rx_csv_name(const struct rx_csv *csv, size_t column)
{
    return csv->names[column];
}

int rx_csv_open(const char *path, const char *const *names, size_t n_names, size_t optional,
                struct rx_csv **ret, struct rx_error *err)
{
    if (n_names > MAX_WANTED) {
        return rx_error_set(err, RX_ELIMIT, "%s: more than %d columns asked for", path, MAX_WANTED);
    }
    rx_auto(csv) struct rx_csv *csv = calloc(1, sizeof(*csv));
    if (!csv) {
        return rx_error_set(err, -ENOMEM, "%s: out of memory", path);
    }
    csv->names = names;
    csv->n_names = n_names;
    int rc = rx_lines_open(path, &csv->lines, err);
    if (rc < 0) {
        return rc;
    }
    rc = read_header(csv, optional, err);
    if (rc < 0) {
        return rc;
    }
    *ret = RX_TAKE(csv);
    return 0;
}

void rx_csv_close(struct rx_csv *csv)
{
    if (csv) {
        rx_lines_close(csv->lines);
        free(csv->header);
        free(csv->all);
        free(csv);
    }
}

int rx_csv_next(struct rx_csv *csv, struct rx_error *err)
{
    struct rx_str line;
    int rc;
    do {
        rc = rx_lines_next(csv->lines, &line, err);
        if (rc <= 0) {
            return rc;
        }
    } while (line.n == 0);
    int n = split(csv, line, err);
    if (n < 0) {
        return n;
    }
    if ((size_t)n != csv->n_columns) {
        return rx_error_set(err, RX_EPARSE, "%s: line %llu: %zu fields expected, got %d",
                            rx_lines_path(csv->lines), rx_lines_number(csv->lines), csv->n_columns,
                            n);
    }
    return 1;
}

bool rx_csv_has(const struct rx_csv *csv, size_t column)
{
    return csv->at[column] != ABSENT;
}

struct rx_str rx_csv_field(const struct rx_csv *csv, size_t column)
{
    if (!rx_csv_has(csv, column)) {
        return (struct rx_str){NULL, 0};
    }
    return csv->fields[csv->at[column]];
}

int rx_csv_error(const struct rx_csv *csv, size_t column, int code, struct rx_error *err,
                 const char *expected)
{
    struct rx_str field = rx_csv_field(csv, column);
    size_t shown = field.n < 40 ? field.n : 40;
    while (shown > 0 && !rx_str_is_utf8((struct rx_str){field.p, shown})) {
        shown--;
    }
    return rx_error_set(err, code, "%s: line %llu: column %s: %s expected, got '%.*s'%s",
                        rx_lines_path(csv->lines), rx_lines_number(csv->lines), csv->names[column],
                        expected, (int)shown, field.p ? field.p : "", shown < field.n ? "..." : "");
}

int rx_csv_u64(const struct rx_csv *csv, size_t column, uint64_t max, uint64_t *ret,
               struct rx_error *err)
{
    int rc = rx_parse_u64(rx_csv_field(csv, column), max, ret);
    return rc < 0 ? rx_csv_error(csv, column, rc, err, "an unsigned integer within range") : 0;
}

int rx_csv_i64(const struct rx_csv *csv, size_t column, int64_t min, int64_t max, int64_t *ret,
               struct rx_error *err)
{
    int rc = rx_parse_i64(rx_csv_field(csv, column), min, max, ret);
    return rc < 0 ? rx_csv_error(csv, column, rc, err, "an integer within range") : 0;
}

/* The hot path of replay: up to 38 digits in two halves of 19, which fit 64 bits each. */
static int parse_u128(struct rx_str text, rx_u128 *ret)
{
    static const uint64_t ten19 = 10000000000000000000u;
    if (text.n == 0) {
        return RX_EPARSE;
    }
    uint64_t half[2] = {0, 0};
    size_t split_at = text.n > 19 ? text.n - 19 : 0;
    for (size_t i = 0; i < text.n; i++) {
        unsigned digit = (unsigned char)text.p[i] - (unsigned)'0';
        if (digit > 9) {
            return RX_EPARSE;
        }
        /* A longer number wraps here and is refused below, once all of it is known to be digits. */
        uint64_t *part = &half[i >= split_at];
        *part = *part * 10 + digit;
    }
    if (text.n > 38) {
        return RX_ELIMIT;
    }
    *ret = (rx_u128)half[0] * ten19 + half[1];
    return 0;
}

int rx_csv_uint112(const struct rx_csv *csv, size_t column, rx_u128 *ret, struct rx_error *err)
{
    rx_u128 value;
    int rc = parse_u128(rx_csv_field(csv, column), &value);
    if (rc == 0 && value > RX_UINT112_MAX) {
        rc = RX_ELIMIT;
    }
    if (rc < 0) {
        return rx_csv_error(csv, column, rc, err, "an unsigned integer below 2^112");
    }
    *ret = value;
    return 0;
}

int rx_csv_u256(const struct rx_csv *csv, size_t column, struct rx_u256 *ret, struct rx_error *err)
{
    struct rx_str field = rx_csv_field(csv, column);
    int rc = rx_str_starts(field, RX_STR("0x")) ? RX_EPARSE : rx_u256_parse(field, ret);
    return rc < 0 ? rx_csv_error(csv, column, rc, err, "an unsigned integer below 2^256") : 0;
}

int rx_csv_double(const struct rx_csv *csv, size_t column, double *ret, struct rx_error *err)
{
    struct rx_str field = rx_csv_field(csv, column);
    if (field.n == 0 || (field.n == 3 && strncasecmp(field.p, "nan", 3) == 0)) {
        *ret = (double)NAN;
        return 0;
    }
    int rc = rx_parse_double(field, ret);
    return rc < 0 ? rx_csv_error(csv, column, rc, err, "a finite number or nothing") : 0;
}

int rx_csv_address(const struct rx_csv *csv, size_t column, unsigned char ret[20],
                   struct rx_error *err)
{
    struct rx_str field = rx_csv_field(csv, column);
    int rc = RX_EPARSE;
    if (field.n == 42 && field.p[0] == '0' && field.p[1] == 'x') {
        rc = rx_parse_hex_bytes(field, ret, 20);
    }
    return rc < 0 ? rx_csv_error(csv, column, rc, err, "0x and 40 hex digits") : 0;
}
