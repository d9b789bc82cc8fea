// SPDX-License-Identifier: Apache-2.0
/*
 * Growable byte buffer with a mandatory maximum. A failed append poisons it: later appends are
 * no-ops and rx_buf_error tells at the end, so that a chain of appends is checked once. Not
 * thread-safe.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

#include "common/base/error.h"
#include "common/base/str.h"

struct rx_buf {
    char *p;    /* owned; NUL-terminated when not NULL */
    size_t n;   /* bytes used, without the NUL */
    size_t cap; /* bytes allocated */
    size_t max; /* bytes that n may reach */
    int error;  /* 0, -ENOMEM or RX_ELIMIT */
};

/* An empty buffer that may hold at most `max` bytes; allocates nothing. */
#define RX_BUF_INIT(max_bytes) ((struct rx_buf){.max = (max_bytes)})

void rx_buf_init(struct rx_buf *buf, size_t max);
void rx_buf_free(struct rx_buf *buf);  /* frees the memory and clears; the maximum stays */
void rx_buf_clear(struct rx_buf *buf); /* n = 0 and the poison removed; memory kept */

void rx_buf_add(struct rx_buf *buf, const void *bytes, size_t n);
void rx_buf_add_str(struct rx_buf *buf, struct rx_str text);
void rx_buf_puts(struct rx_buf *buf, const char *text);
void rx_buf_putc(struct rx_buf *buf, char c);
void rx_buf_printf(struct rx_buf *buf, const char *fmt, ...) RX_PRINTF(2, 3);
void rx_buf_vprintf(struct rx_buf *buf, const char *fmt, va_list args)
    __attribute__((format(printf, 2, 0)));
void rx_buf_add_i64(struct rx_buf *buf, long long value);
/* Finite: shortest text that reads back equal; "nan", "inf" or "-inf" otherwise. */
void rx_buf_add_double(struct rx_buf *buf, double value);
/* Percent-encodes everything but RFC 3986 unreserved characters. */
void rx_buf_add_percent(struct rx_buf *buf, struct rx_str text);
/* Lower-case hex, two digits a byte. */
void rx_buf_add_hex(struct rx_buf *buf, const void *bytes, size_t n);

/* Room for `n` more bytes at the end (NULL when poisoned or too long); commit with rx_buf_commit.
 */
char *rx_buf_reserve(struct rx_buf *buf, size_t n) RX_MUST_CHECK;
void rx_buf_commit(struct rx_buf *buf, size_t n);

struct rx_str rx_buf_str(const struct rx_buf *buf);
/* 0, or fills err: "buffer: more than N bytes" / out of memory. */
int rx_buf_error(const struct rx_buf *buf, struct rx_error *err) RX_MUST_CHECK;
/* Hands the bytes over as a malloc'd NUL-terminated string ("" when empty); NULL when poisoned. */
char *rx_buf_take(struct rx_buf *buf) RX_MUST_CHECK;

RX_DEFINE_CLEANUP_INPLACE(buf, struct rx_buf, rx_buf_free);
