// SPDX-License-Identifier: Apache-2.0
#include "agent/offline/matrix.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/replay/gzip.h"
#include "common/base/parse.h"

#define MAX_NUMBER 399u /* characters behind the sign */

struct rx_matrix {
    char *path; /* owned */
    struct rx_lines *lines;
    const char *const *names; /* borrowed */
    size_t n;                 /* wanted */
    bool by_name, has_header;
    size_t columns;      /* of the file */
    uint32_t *wanted_of; /* owned: of each column of the file, the wanted one + 1, or 0 */
    char *first;         /* owned: the first line, which is the header or a row to be read */
    bool first_pending;
};

void rx_matrix_close(struct rx_matrix *matrix)
{
    if (matrix) {
        rx_lines_close(matrix->lines);
        free(matrix->path);
        free(matrix->wanted_of);
        free(matrix->first);
        free(matrix);
    }
}

/* --- fields ------------------------------------------------------------------------------------
 */

/* Cuts the next field off *rest; p == NULL there ends the line. A quoted field is given without its
 * outer quotes and with "" inside as it stands. False: an opening quote without its end. */
static bool cut_field(struct rx_str *rest, struct rx_str *field)
{
    if (rest->n == 0 || rest->p[0] != '"') {
        (void)rx_str_cut(rest, ',', field);
        *field = rx_str_trim(*field);
        return true;
    }
    size_t at = 1;
    while (at < rest->n && !(rest->p[at] == '"' && (at + 1 == rest->n || rest->p[at + 1] == ','))) {
        at += rest->p[at] == '"' && rest->p[at + 1] == '"' ? 2 : 1;
    }
    if (at >= rest->n) {
        return false;
    }
    *field = (struct rx_str){rest->p + 1, at - 1};
    bool more = at + 1 < rest->n;
    *rest = more ? (struct rx_str){rest->p + at + 2, rest->n - at - 2} : (struct rx_str){NULL, 0};
    return true;
}

static struct rx_str without_sign(struct rx_str field)
{
    bool sign = field.n > 0 && (field.p[0] == '-' || field.p[0] == '+');
    return sign ? (struct rx_str){field.p + 1, field.n - 1} : field;
}

/* printf gives NaN a sign. */
static bool is_nan(struct rx_str field)
{
    return rx_str_eq_nocase(without_sign(field), RX_STR("nan"));
}

static bool is_infinite(struct rx_str field)
{
    field = without_sign(field);
    return rx_str_eq_nocase(field, RX_STR("inf")) || rx_str_eq_nocase(field, RX_STR("infinity"));
}

static bool digit_at(struct rx_str text, size_t at)
{
    return at < text.n && text.p[at] >= '0' && text.p[at] <= '9';
}

/* As rx_parse_double, and also "+1", ".5" and "5.". RX_ELIMIT: too long, or infinite. */
static int parse_number(struct rx_str field, double *ret)
{
    struct rx_str bare = without_sign(field);
    if (!digit_at(bare, 0) && !digit_at(bare, 1)) {
        return RX_EPARSE;
    }
    if (bare.n > MAX_NUMBER) {
        double ignored;
        return rx_parse_double(bare, &ignored) == RX_EPARSE ? RX_EPARSE : RX_ELIMIT;
    }
    size_t whole = 0;
    while (digit_at(bare, whole)) {
        whole++;
    }
    bool lone = whole > 0 && whole < bare.n && bare.p[whole] == '.' && !digit_at(bare, whole + 1);
    char text[MAX_NUMBER + 3];
    int n = snprintf(text, sizeof(text), "%s%s%.*s%.*s", field.p[0] == '-' ? "-" : "",
                     bare.p[0] == '.' ? "0" : "", (int)whole, bare.p, (int)(bare.n - whole - lone),
                     bare.p + whole + lone);
    return rx_parse_double((struct rx_str){text, (size_t)n}, ret);
}

static bool looks_numeric(struct rx_str field)
{
    double value;
    return field.n == 0 || is_nan(field) || is_infinite(field) ||
           parse_number(field, &value) != RX_EPARSE;
}

/* --- the first line ----------------------------------------------------------------------------
 */

struct facts {
    size_t fields;
    bool text;   /* a field is no number */
    bool counts; /* 0, 1, 2, ... */
};

static int look_at(const struct rx_matrix *matrix, struct facts *ret, struct rx_error *err)
{
    *ret = (struct facts){.counts = true};
    struct rx_str rest = rx_str_of(matrix->first);
    struct rx_str field;
    do {
        if (!cut_field(&rest, &field)) {
            return rx_error_set(err, RX_EPARSE, "%s: line 1: a quote has no end", matrix->path);
        }
        uint64_t number;
        ret->text |= !looks_numeric(field);
        ret->counts &= rx_parse_u64(field, UINT32_MAX, &number) == 0 && number == ret->fields;
        ret->fields++;
    } while (rest.p);
    ret->counts &= ret->fields > 1;
    return 0;
}

/* A column's name, without the quotes' doubling. */
struct place {
    struct rx_str name;
    size_t column;
};

static int compare_names(struct rx_str a, struct rx_str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n > 0 ? memcmp(a.p, b.p, n) : 0;
    return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

static int compare_places(const void *a, const void *b)
{
    return compare_names(((const struct place *)a)->name, ((const struct place *)b)->name);
}

static struct rx_str undouble(char *text, size_t n)
{
    size_t to = 0;
    for (size_t i = 0; i < n; i++) {
        text[to++] = text[i];
        i += text[i] == '"' && i + 1 < n && text[i + 1] == '"';
    }
    return (struct rx_str){text, to};
}

/* The columns of the header by name; header is changed and holds the names. */
static void sort_header(const struct rx_matrix *matrix, char *header, struct place *places)
{
    struct rx_str rest = rx_str_of(header);
    struct rx_str field;
    for (size_t i = 0; i < matrix->columns; i++) {
        (void)cut_field(&rest, &field);
        places[i] = (struct place){undouble(header + (field.p - header), field.n), i};
    }
    qsort(places, matrix->columns, sizeof(*places), compare_places);
}

/* Finds the column of a wanted name; 0 when there is none, 1 when it is noted. */
static int match_name(struct rx_matrix *matrix, const struct place *places, size_t wanted,
                      struct rx_error *err)
{
    struct place key = {.name = rx_str_of(matrix->names[wanted])};
    const struct place *end = places + matrix->columns;
    const struct place *found =
        bsearch(&key, places, matrix->columns, sizeof(*places), compare_places);
    if (!found) {
        return 0;
    }
    bool twice = (found > places && compare_places(found - 1, &key) == 0) ||
                 (found + 1 < end && compare_places(found + 1, &key) == 0);
    if (twice || matrix->wanted_of[found->column] > 0) {
        return rx_error_set(err, RX_EINVALID, "%s: line 1: column '%s' %s twice", matrix->path,
                            matrix->names[wanted],
                            twice ? "appears" : "is read by an input that the model names");
    }
    matrix->wanted_of[found->column] = (uint32_t)wanted + 1;
    return 1;
}

/* Matches the header with the wanted names; *ret_found is how many are there. */
static int match_names(struct rx_matrix *matrix, size_t *ret_found, size_t *ret_lacking,
                       struct rx_error *err)
{
    rx_autofree struct place *places = calloc(matrix->columns, sizeof(*places));
    rx_autofree char *header = strdup(matrix->first);
    if (!places || !header) {
        return rx_error_set(err, -ENOMEM, "%s: out of memory", matrix->path);
    }
    sort_header(matrix, header, places);
    *ret_found = 0;
    for (size_t i = 0; i < matrix->n; i++) {
        bool named = matrix->names && matrix->names[i];
        int rc = named ? match_name(matrix, places, i, err) : 0;
        if (rc < 0) {
            return rc;
        }
        *ret_found += rc > 0;
        *ret_lacking = rc > 0 ? *ret_lacking : i;
    }
    return 0;
}

static int by_position(struct rx_matrix *matrix, struct rx_error *err)
{
    if (matrix->columns < matrix->n) {
        return rx_error_set(err, RX_EINVALID, "%s: %zu columns found, the model reads %zu",
                            matrix->path, matrix->columns, matrix->n);
    }
    for (size_t i = 0; i < matrix->columns; i++) {
        matrix->wanted_of[i] = i < matrix->n ? (uint32_t)i + 1 : 0;
    }
    return 0;
}

static int read_first(struct rx_matrix *matrix, enum rx_matrix_header header,
                      enum rx_matrix_absent absent, struct rx_error *err)
{
    struct rx_str line;
    int rc = rx_lines_next(matrix->lines, &line, err);
    if (rc < 0) {
        return rc;
    }
    if (rc == 0) {
        return rx_error_set(err, RX_EINVALID, "%s: the file is empty", matrix->path);
    }
    if (rx_str_starts(line, RX_STR("\xef\xbb\xbf"))) {
        line = (struct rx_str){line.p + 3, line.n - 3};
    }
    matrix->first = rx_str_dup(line);
    if (!matrix->first) {
        return rx_error_set(err, -ENOMEM, "%s: out of memory", matrix->path);
    }
    struct facts facts;
    rc = look_at(matrix, &facts, err);
    if (rc < 0) {
        return rc;
    }
    if (facts.fields > RX_MATRIX_MAX_COLUMNS) {
        return rx_error_set(err, RX_ELIMIT, "%s: more than %u columns", matrix->path,
                            RX_MATRIX_MAX_COLUMNS);
    }
    matrix->columns = facts.fields;
    matrix->wanted_of = calloc(facts.fields, sizeof(*matrix->wanted_of));
    if (!matrix->wanted_of) {
        return rx_error_set(err, -ENOMEM, "%s: out of memory", matrix->path);
    }
    size_t found = 0;
    size_t lacking = 0;
    rc = header == RX_HEADER_NO ? 0 : match_names(matrix, &found, &lacking, err);
    if (rc < 0) {
        return rc;
    }
    matrix->by_name = found > 0 && (found == matrix->n || absent == RX_ABSENT_MISSING);
    matrix->has_header = header == RX_HEADER_YES ||
                         (header == RX_HEADER_AUTO && (found > 0 || facts.text || facts.counts));
    matrix->first_pending = !matrix->has_header;
    if (matrix->by_name) {
        return 0;
    }
    if (found > 0) {
        return rx_error_set(err, RX_EINVALID,
                            "%s: line 1: column '%s' is missing (%zu of the model's %zu are there)",
                            matrix->path, matrix->names[lacking] ? matrix->names[lacking] : "",
                            found, matrix->n);
    }
    return by_position(matrix, err);
}

int rx_matrix_open(const char *path, const char *const *names, size_t n,
                   enum rx_matrix_header header, enum rx_matrix_absent absent,
                   struct rx_matrix **ret, struct rx_error *err)
{
    bool standard = strcmp(path, "-") == 0;
    rx_auto(matrix) struct rx_matrix *matrix = calloc(1, sizeof(*matrix));
    char *copy = matrix ? strdup(standard ? "standard input" : path) : NULL;
    if (!copy) {
        return rx_error_set(err, -ENOMEM, "%s: out of memory", path);
    }
    matrix->path = copy;
    matrix->names = names;
    matrix->n = n;
    int rc =
        rx_lines_open_long(standard ? "/dev/stdin" : path, RX_MATRIX_MAX_LINE, &matrix->lines, err);
    if (rc == 0) {
        rc = read_first(matrix, header, absent, err);
    }
    if (rc < 0) {
        return rc;
    }
    *ret = RX_TAKE(matrix);
    return 0;
}

bool rx_matrix_by_name(const struct rx_matrix *matrix)
{
    return matrix->by_name;
}

size_t rx_matrix_columns(const struct rx_matrix *matrix)
{
    return matrix->columns;
}

struct rx_str rx_matrix_header(const struct rx_matrix *matrix)
{
    return matrix->has_header ? rx_str_of(matrix->first) : (struct rx_str){NULL, 0};
}

unsigned long long rx_matrix_line(const struct rx_matrix *matrix)
{
    return rx_lines_number(matrix->lines);
}

/* --- rows --------------------------------------------------------------------------------------
 */

int rx_matrix_error(const struct rx_matrix *matrix, size_t wanted, int code, struct rx_error *err,
                    const char *message)
{
    const char *name = matrix->names && wanted < matrix->n ? matrix->names[wanted] : NULL;
    if (name) {
        return rx_error_set(err, code, "%s: line %llu, column '%s': %s", matrix->path,
                            rx_matrix_line(matrix), name, message);
    }
    return rx_error_set(err, code, "%s: line %llu, column %zu: %s", matrix->path,
                        rx_matrix_line(matrix), wanted + 1, message);
}

static int read_number(const struct rx_matrix *matrix, size_t wanted, struct rx_str field,
                       double *ret, struct rx_error *err)
{
    if (field.n == 0 || is_nan(field)) {
        *ret = (double)NAN;
        return 0;
    }
    int rc = parse_number(field, ret);
    if (rc == 0) {
        return 0;
    }
    if (rc == RX_ELIMIT && field.n > MAX_NUMBER) {
        return rx_matrix_error(matrix, wanted, RX_ELIMIT, err,
                               "a number of at most 399 characters expected");
    }
    if (rc == RX_ELIMIT || is_infinite(field)) {
        return rx_matrix_error(matrix, wanted, RX_ELIMIT, err,
                               "infinite: a finite number or nothing (missing) expected");
    }
    char message[96];
    field.n = field.n > 32 ? 32 : field.n;
    (void)snprintf(message, sizeof(message), "'" RX_STR_FMT "': a number expected",
                   RX_STR_ARG(field));
    return rx_matrix_error(matrix, wanted, RX_EPARSE, err, message);
}

static int read_row(const struct rx_matrix *matrix, struct rx_str line, double *row,
                    struct rx_error *err)
{
    struct rx_str rest = line.p ? line : RX_STR("");
    struct rx_str field;
    size_t at = 0;
    for (size_t i = 0; i < matrix->n; i++) {
        row[i] = (double)NAN;
    }
    for (; rest.p; at++) {
        if (!cut_field(&rest, &field)) {
            return rx_error_set(err, RX_EPARSE, "%s: line %llu: a quote has no end", matrix->path,
                                rx_matrix_line(matrix));
        }
        if (at < matrix->columns && matrix->wanted_of[at] > 0) {
            size_t wanted = matrix->wanted_of[at] - 1;
            int rc = read_number(matrix, wanted, field, &row[wanted], err);
            if (rc < 0) {
                return rc;
            }
        }
    }
    if (at != matrix->columns) {
        return rx_error_set(err, RX_EPARSE, "%s: line %llu: %zu fields expected, %zu found",
                            matrix->path, rx_matrix_line(matrix), matrix->columns, at);
    }
    return 1;
}

int rx_matrix_next(struct rx_matrix *matrix, double *row, struct rx_str *ret_line,
                   struct rx_error *err)
{
    if (matrix->first_pending) {
        matrix->first_pending = false;
        *ret_line = rx_str_of(matrix->first);
        return read_row(matrix, *ret_line, row, err);
    }
    for (;;) {
        int rc = rx_lines_next(matrix->lines, ret_line, err);
        if (rc <= 0) {
            return rc;
        }
        /* An empty line of a table with one column is a missing value. */
        if (ret_line->n > 0 || matrix->columns == 1) {
            return read_row(matrix, *ret_line, row, err);
        }
    }
}
