// SPDX-License-Identifier: Apache-2.0
#include "common/base/buf.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>

#include "common/base/format.h"

#define FIRST_CAP 64u

void rx_buf_init(struct rx_buf *buf, size_t max)
{
    *buf = RX_BUF_INIT(max);
}

void rx_buf_free(struct rx_buf *buf)
{
    free(buf->p);
    *buf = RX_BUF_INIT(buf->max);
}

void rx_buf_clear(struct rx_buf *buf)
{
    buf->n = 0;
    buf->error = 0;
    if (buf->p) {
        buf->p[0] = '\0';
    }
}

char *rx_buf_reserve(struct rx_buf *buf, size_t n)
{
    if (buf->error) {
        return NULL;
    }
    if (buf->n > buf->max || n > buf->max - buf->n || buf->max == SIZE_MAX) {
        buf->error = RX_ELIMIT;
        return NULL;
    }
    size_t need = buf->n + n + 1;
    if (need <= buf->cap) {
        return buf->p + buf->n;
    }
    size_t cap = buf->cap < FIRST_CAP ? FIRST_CAP : buf->cap;
    while (cap < need) {
        cap = cap > SIZE_MAX / 2 ? need : cap * 2;
    }
    if (cap > buf->max + 1) {
        cap = buf->max + 1;
    }
    char *grown = realloc(buf->p, cap);
    if (!grown) {
        buf->error = -ENOMEM;
        return NULL;
    }
    buf->p = grown;
    buf->cap = cap;
    buf->p[buf->n] = '\0';
    return buf->p + buf->n;
}

void rx_buf_commit(struct rx_buf *buf, size_t n)
{
    assert(buf->p && n < buf->cap - buf->n);
    buf->n += n;
    buf->p[buf->n] = '\0';
}

void rx_buf_add(struct rx_buf *buf, const void *bytes, size_t n)
{
    char *to = rx_buf_reserve(buf, n);
    if (!to || n == 0) {
        return;
    }
    memcpy(to, bytes, n);
    rx_buf_commit(buf, n);
}

void rx_buf_add_str(struct rx_buf *buf, struct rx_str text)
{
    rx_buf_add(buf, text.p, text.n);
}

void rx_buf_puts(struct rx_buf *buf, const char *text)
{
    rx_buf_add(buf, text, strlen(text));
}

void rx_buf_putc(struct rx_buf *buf, char c)
{
    /* The common case stays inline: one byte with room for it and the NUL. */
    if (!buf->error && buf->n < buf->max && buf->cap - buf->n > 1) {
        buf->p[buf->n++] = c;
        buf->p[buf->n] = '\0';
        return;
    }
    rx_buf_add(buf, &c, 1);
}

void rx_buf_printf(struct rx_buf *buf, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    rx_buf_vprintf(buf, fmt, args);
    va_end(args);
}

void rx_buf_vprintf(struct rx_buf *buf, const char *fmt, va_list args)
{
    char small[256];
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(small, sizeof(small), fmt, args);
    if (n < 0) {
        buf->error = buf->error ? buf->error : RX_EINVALID;
    } else if ((size_t)n < sizeof(small)) {
        rx_buf_add(buf, small, (size_t)n);
    } else {
        char *to = rx_buf_reserve(buf, (size_t)n);
        if (to) {
            (void)vsnprintf(to, (size_t)n + 1, fmt, again);
            rx_buf_commit(buf, (size_t)n);
        }
    }
    va_end(again);
}

void rx_buf_add_i64(struct rx_buf *buf, long long value)
{
    char text[RX_FORMAT_LEN];
    rx_buf_add(buf, text, rx_format_i64(value, text));
}

void rx_buf_add_double(struct rx_buf *buf, double value)
{
    char text[RX_FORMAT_LEN];
    rx_buf_add(buf, text, rx_format_double(value, text));
}

void rx_buf_add_percent(struct rx_buf *buf, struct rx_str text)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '.' || c == '_' || c == '~';
        if (plain) {
            rx_buf_putc(buf, (char)c);
        } else {
            rx_buf_add(buf, (char[]){'%', digits[c >> 4], digits[c & 15]}, 3);
        }
    }
}

void rx_buf_add_hex(struct rx_buf *buf, const void *bytes, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *p = bytes;
    for (size_t i = 0; i < n; i++) {
        rx_buf_add(buf, (char[]){digits[p[i] >> 4], digits[p[i] & 15]}, 2);
    }
}

struct rx_str rx_buf_str(const struct rx_buf *buf)
{
    return (struct rx_str){buf->p ? buf->p : "", buf->n};
}

int rx_buf_error(const struct rx_buf *buf, struct rx_error *err)
{
    switch (buf->error) {
    case 0:
        return 0;
    case RX_ELIMIT:
        return rx_error_set(err, RX_ELIMIT, "buffer: more than %zu bytes", buf->max);
    case -ENOMEM:
        return rx_error_set(err, -ENOMEM, "buffer: out of memory");
    default:
        return rx_error_set(err, buf->error, "buffer: %s", rx_code_name(buf->error));
    }
}

char *rx_buf_take(struct rx_buf *buf)
{
    /* Makes sure that an empty buffer has its NUL. */
    if (!rx_buf_reserve(buf, 0)) {
        return NULL;
    }
    char *text = buf->p;
    *buf = RX_BUF_INIT(buf->max);
    return text;
}
