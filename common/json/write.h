// SPDX-License-Identifier: Apache-2.0
/*
 * Append-only JSON writer into a buffer: commas and escapes are its business, structure is checked
 * by assert. Doubles are written in the shortest form that reads back equal; NaN and infinities
 * become null. Not thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/json/read.h"

#define RX_JW_MAX_DEPTH 64

struct rx_jw {
    struct rx_buf *out; /* borrowed */
    unsigned depth;
    bool comma, after_key;
    unsigned char stack[RX_JW_MAX_DEPTH];
};

void rx_jw_init(struct rx_jw *w, struct rx_buf *out);
void rx_jw_begin_object(struct rx_jw *w);
void rx_jw_end_object(struct rx_jw *w);
void rx_jw_begin_array(struct rx_jw *w);
void rx_jw_end_array(struct rx_jw *w);
void rx_jw_key(struct rx_jw *w, const char *key);
void rx_jw_key_str(struct rx_jw *w, struct rx_str key);
void rx_jw_str(struct rx_jw *w, struct rx_str text); /* invalid UTF-8 bytes become U+FFFD */
void rx_jw_cstr(struct rx_jw *w, const char *text);  /* NULL = null */
void rx_jw_i64(struct rx_jw *w, int64_t value);
void rx_jw_u64(struct rx_jw *w, uint64_t value);
void rx_jw_double(struct rx_jw *w, double value);
void rx_jw_bool(struct rx_jw *w, bool value);
void rx_jw_null(struct rx_jw *w);
void rx_jw_raw(struct rx_jw *w, struct rx_str json); /* one complete value, trusted */
void rx_jw_value(struct rx_jw *w,
                 const struct rx_json *value); /* copies a parsed value, members in order */

/* Appends a quoted, escaped JSON string; a number, or null when it is not finite. */
void rx_json_add_string(struct rx_buf *out, struct rx_str text);
void rx_json_add_double(struct rx_buf *out, double value);

/* key + value in one call. */
void rx_jw_kv_str(struct rx_jw *w, const char *key, struct rx_str text);
void rx_jw_kv_cstr(struct rx_jw *w, const char *key, const char *text);
void rx_jw_kv_i64(struct rx_jw *w, const char *key, int64_t value);
void rx_jw_kv_double(struct rx_jw *w, const char *key, double value);
void rx_jw_kv_bool(struct rx_jw *w, const char *key, bool value);
void rx_jw_kv_null(struct rx_jw *w, const char *key);
