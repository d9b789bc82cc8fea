// SPDX-License-Identifier: Apache-2.0
#include "agent/replay/gzip.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

/* The buffer grows from here when a line does not fit. */
#define BUFFER_BYTES (4u * RX_LINE_MAX)

struct rx_lines {
    char *path; /* owned */
    gzFile file;
    unsigned long long number;
    size_t start, end; /* unread bytes of the buffer */
    size_t line_max;
    bool eof;
    char *buffer; /* owned */
    size_t cap;
};

int rx_lines_open(const char *path, struct rx_lines **ret, struct rx_error *err)
{
    return rx_lines_open_long(path, RX_LINE_MAX, ret, err);
}

int rx_lines_open_long(const char *path, size_t line_max, struct rx_lines **ret,
                       struct rx_error *err)
{
    rx_auto(lines) struct rx_lines *lines = malloc(sizeof(*lines));
    if (!lines) {
        return rx_error_set(err, -ENOMEM, "%s: out of memory", path);
    }
    lines->line_max = line_max;
    lines->cap = BUFFER_BYTES;
    lines->file = NULL;
    lines->number = 0;
    lines->start = lines->end = 0;
    lines->eof = false;
    lines->buffer = malloc(lines->cap);
    lines->path = strdup(path);
    if (!lines->path || !lines->buffer) {
        return rx_error_set(err, -ENOMEM, "%s: out of memory", path);
    }
    errno = 0;
    lines->file = gzopen(path, "rbe");
    if (!lines->file) {
        return rx_error_errno(err, errno ? errno : ENOMEM, "%s", path);
    }
    if (gzbuffer(lines->file, BUFFER_BYTES) != 0) {
        return rx_error_set(err, -ENOMEM, "%s: out of memory", path);
    }
    *ret = RX_TAKE(lines);
    return 0;
}

void rx_lines_close(struct rx_lines *lines)
{
    if (lines) {
        if (lines->file) {
            gzclose(lines->file);
        }
        free(lines->path);
        free(lines->buffer);
        free(lines);
    }
}

/* Why reading stopped: 0 at a proper end. */
static int read_error(struct rx_lines *lines, struct rx_error *err)
{
    int code = Z_OK;
    const char *text = gzerror(lines->file, &code);
    if (code == Z_OK || code == Z_STREAM_END) {
        return 0;
    }
    if (code == Z_ERRNO) {
        return rx_error_errno(err, errno ? errno : EIO, "%s: line %llu", lines->path,
                              lines->number + 1);
    }
    if (code == Z_MEM_ERROR) {
        return rx_error_set(err, -ENOMEM, "%s: out of memory", lines->path);
    }
    if (code == Z_BUF_ERROR) {
        return rx_error_set(err, RX_EPARSE, "%s: line %llu: the compressed file is truncated",
                            lines->path, lines->number + 1);
    }
    return rx_error_set(err, RX_EPARSE, "%s: line %llu: damaged compression: %s", lines->path,
                        lines->number + 1, text);
}

/* Moves the unread bytes to the front and reads more behind them. */
static int fill(struct rx_lines *lines, struct rx_error *err)
{
    memmove(lines->buffer, lines->buffer + lines->start, lines->end - lines->start);
    lines->end -= lines->start;
    lines->start = 0;
    if (lines->end == lines->cap) {
        char *grown = realloc(lines->buffer, 2 * lines->cap);
        if (!grown) {
            return rx_error_set(err, -ENOMEM, "%s: out of memory", lines->path);
        }
        lines->buffer = grown;
        lines->cap *= 2;
    }
    errno = 0;
    int got = gzread(lines->file, lines->buffer + lines->end, (unsigned)(lines->cap - lines->end));
    if (got <= 0) {
        lines->eof = true;
        return read_error(lines, err);
    }
    lines->end += (size_t)got;
    return 0;
}

static int give(struct rx_lines *lines, size_t n, size_t skip, struct rx_str *ret,
                struct rx_error *err)
{
    const char *text = lines->buffer + lines->start;
    lines->start += n + skip;
    lines->number++;
    if (n > lines->line_max) {
        return rx_error_set(err, RX_ELIMIT, "%s: line %llu: longer than %zu bytes", lines->path,
                            lines->number, lines->line_max);
    }
    if (n > 0 && text[n - 1] == '\r') {
        n--;
    }
    *ret = (struct rx_str){text, n};
    return 1;
}

int rx_lines_next(struct rx_lines *lines, struct rx_str *ret, struct rx_error *err)
{
    size_t searched = 0;
    for (;;) {
        size_t have = lines->end - lines->start;
        const char *text = lines->buffer + lines->start;
        const char *nl = memchr(text + searched, '\n', have - searched);
        if (nl) {
            return give(lines, (size_t)(nl - text), 1, ret, err);
        }
        searched = have;
        if (lines->eof) {
            return have > 0 ? give(lines, have, 0, ret, err) : 0;
        }
        if (have > lines->line_max) {
            return give(lines, have, 0, ret, err);
        }
        int rc = fill(lines, err);
        if (rc < 0) {
            return rc;
        }
    }
}

unsigned long long rx_lines_number(const struct rx_lines *lines)
{
    return lines->number;
}

const char *rx_lines_path(const struct rx_lines *lines)
{
    return lines->path;
}
