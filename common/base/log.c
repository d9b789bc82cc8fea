// SPDX-License-Identifier: Apache-2.0
#include "common/base/log.h"

#include <errno.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>

#include "common/base/clock.h"
#include "common/base/format.h"

#define LINE_MAX_BYTES  8192u
#define VALUE_MAX_BYTES 2048u
/* Kept free for the end of a line that had to be cut. */
#define TAIL_BYTES 24u

enum rx_log_level rx_log_min = RX_LOG_INFO;
static atomic_int log_fd = STDERR_FILENO;

static const char *const names[RX_LOG_LEVEL_MAX] = {"debug", "info", "warn", "error"};

void rx_log_set_level(enum rx_log_level level)
{
    __atomic_store_n(&rx_log_min, level, __ATOMIC_RELAXED);
}

static const char *level_name(enum rx_log_level level)
{
    return (unsigned)level < RX_LOG_LEVEL_MAX ? names[level] : "unknown";
}

void rx_log_set_fd(int fd)
{
    atomic_store(&log_fd, fd);
}

struct line {
    char bytes[LINE_MAX_BYTES];
    size_t n;
    bool full; /* something did not fit */
};

static void put(struct line *line, const char *bytes, size_t n)
{
    if (n > LINE_MAX_BYTES - TAIL_BYTES - line->n) {
        line->full = true;
        return;
    }
    memcpy(line->bytes + line->n, bytes, n);
    line->n += n;
}

static void put_text(struct line *line, const char *text)
{
    put(line, text, strlen(text));
}

/* One escaped character at `at`; returns the bytes of input it took. */
static size_t put_char(struct line *line, struct rx_str text, size_t at)
{
    unsigned char c = (unsigned char)text.p[at];
    size_t len = rx_utf8_len(text, at);
    if (len == 0) {
        put_text(line, "\xef\xbf\xbd");
        return 1;
    }
    if (c == '"' || c == '\\') {
        put(line, (char[]){'\\', (char)c}, 2);
    } else if (c == '\n') {
        put_text(line, "\\n");
    } else if (c < 0x20 || c == 0x7f) {
        char code[8];
        (void)snprintf(code, sizeof(code), "\\u%04x", c);
        put_text(line, code);
    } else {
        put(line, text.p + at, len);
    }
    return len;
}

static void put_string(struct line *line, struct rx_str text)
{
    size_t start = line->n;
    put_text(line, "\"");
    for (size_t i = 0; i < text.n && !line->full;) {
        if (line->n - start > VALUE_MAX_BYTES) {
            put_text(line, "...");
            break;
        }
        i += put_char(line, text, i);
    }
    put_text(line, "\"");
}

/* Whether the key names a secret: "api_key", "Authorization", "dsn". Not "token_address". */
static bool is_secret(const char *key)
{
    static const char *const words[] = {"key",      "token",         "secret",
                                        "password", "authorization", "dsn"};
    struct rx_str name = rx_str_of(key);
    for (size_t i = 0; i < RX_ARRAY_LEN(words); i++) {
        struct rx_str word = rx_str_of(words[i]);
        if (name.n >= word.n &&
            rx_str_eq_nocase((struct rx_str){name.p + name.n - word.n, word.n}, word)) {
            return true;
        }
    }
    return false;
}

/* scheme://host:port of an URL. */
static void put_url(struct line *line, struct rx_str url)
{
    const char *sep = url.n ? memmem(url.p, url.n, "://", 3) : NULL;
    if (!sep) {
        put_text(line, "\"[url]\"");
        return;
    }
    struct rx_str scheme = {url.p, (size_t)(sep - url.p) + 3};
    struct rx_str host = {url.p + scheme.n, url.n - scheme.n};
    for (size_t i = 0; i < host.n; i++) {
        if (strchr("/?#\\", host.p[i])) {
            host.n = i;
        }
    }
    for (ptrdiff_t at; (at = rx_str_find(host, '@')) >= 0;) {
        host.p += at + 1;
        host.n -= (size_t)at + 1;
    }
    char text[512];
    int n =
        snprintf(text, sizeof(text), RX_STR_FMT RX_STR_FMT, RX_STR_ARG(scheme), RX_STR_ARG(host));
    size_t length = n < 0 ? 0 : (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1;
    put_string(line, (struct rx_str){text, length});
}

static void put_value(struct line *line, const struct rx_field *field)
{
    char number[RX_FORMAT_LEN];
    switch (field->type) {
    case RX_FIELD_STR:
        if (is_secret(field->key)) {
            put_text(line, "\"[redacted]\"");
        } else if (!field->str.p) {
            put_text(line, "null");
        } else {
            put_string(line, field->str);
        }
        break;
    case RX_FIELD_URL:
        put_url(line, field->str);
        break;
    case RX_FIELD_I64:
        put(line, number, rx_format_i64(field->i64, number));
        break;
    case RX_FIELD_DOUBLE:
        if (isfinite(field->real)) {
            put(line, number, rx_format_double(field->real, number));
        } else {
            put_text(line, "null");
        }
        break;
    case RX_FIELD_BOOL:
        put_text(line, field->i64 ? "true" : "false");
        break;
    }
}

static void put_field(struct line *line, const struct rx_field *field)
{
    size_t before = line->n;
    put_text(line, ",");
    put_string(line, rx_str_of(field->key));
    put_text(line, ":");
    put_value(line, field);
    if (line->full) {
        line->n = before; /* whole fields only: the line stays valid JSON */
    }
}

void rx_log_write(enum rx_log_level level, const char *msg, const struct rx_field *fields, size_t n)
{
    struct line line;
    line.n = 0;
    line.full = false;
    char now[RX_TIME_LEN];
    put_text(&line, "{\"time\":\"");
    put_text(&line, rx_time_format_ms(rx_clock_real_ms(rx_clock_system()), now));
    put_text(&line, "\",\"level\":\"");
    put_text(&line, level_name(level));
    put_text(&line, "\",\"msg\":");
    put_string(&line, rx_str_of(msg));
    for (size_t i = 0; i < n && !line.full; i++) {
        put_field(&line, &fields[i]);
    }
    const char *tail = line.full ? ",\"truncated\":true}\n" : "}\n";
    memcpy(line.bytes + line.n, tail, strlen(tail));
    line.n += strlen(tail);
    /* A log that cannot be written must not stop the program; EINTR before any byte is retried. */
    while (write(atomic_load(&log_fd), line.bytes, line.n) < 0 && errno == EINTR) {
    }
}
