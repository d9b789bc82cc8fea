// SPDX-License-Identifier: Apache-2.0
#include "common/json/write.h"

#include <assert.h>
#include <math.h>

#include "common/base/format.h"

enum { IN_OBJECT = 1, IN_ARRAY = 2 };

void rx_jw_init(struct rx_jw *w, struct rx_buf *out)
{
    *w = (struct rx_jw){.out = out};
}

/* For assertions, which a build may leave out. */
__attribute__((unused)) static bool in_object(const struct rx_jw *w)
{
    return w->depth > 0 && w->stack[w->depth - 1] == IN_OBJECT;
}

/* What must precede a value or, with `key`, a key. */
static void separate(struct rx_jw *w, bool key)
{
    if (key) {
        assert(in_object(w) && !w->after_key);
    } else if (w->after_key) {
        w->after_key = false;
        return;
    } else {
        assert(!in_object(w));
        assert(w->depth > 0 || !w->comma); /* one value at the top */
    }
    if (w->comma) {
        rx_buf_putc(w->out, ',');
    }
    w->comma = true;
}

static void begin(struct rx_jw *w, unsigned char kind)
{
    separate(w, false);
    assert(w->depth < RX_JW_MAX_DEPTH);
    w->stack[w->depth++] = kind;
    w->comma = false;
    rx_buf_putc(w->out, kind == IN_OBJECT ? '{' : '[');
}

static void end(struct rx_jw *w, unsigned char kind)
{
    assert(w->depth > 0 && w->stack[w->depth - 1] == kind && !w->after_key);
    w->depth--;
    w->comma = true;
    rx_buf_putc(w->out, kind == IN_OBJECT ? '}' : ']');
}

void rx_jw_begin_object(struct rx_jw *w)
{
    begin(w, IN_OBJECT);
}

void rx_jw_end_object(struct rx_jw *w)
{
    end(w, IN_OBJECT);
}

void rx_jw_begin_array(struct rx_jw *w)
{
    begin(w, IN_ARRAY);
}

void rx_jw_end_array(struct rx_jw *w)
{
    end(w, IN_ARRAY);
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

static void add_escape(struct rx_buf *out, unsigned char c)
{
    static const char digits[] = "0123456789abcdef";
    static const char letters[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    for (size_t i = 0; i + 1 < sizeof(letters); i += 2) {
        if ((char)c == letters[i]) {
            rx_buf_add(out, (char[]){'\\', letters[i + 1]}, 2);
            return;
        }
    }
    rx_buf_add(out, (char[]){'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]}, 6);
}

void rx_json_add_string(struct rx_buf *out, struct rx_str text)
{
    rx_buf_putc(out, '"');
    size_t start = 0; /* of the run that is copied as it is */
    for (size_t i = 0; i < text.n;) {
        unsigned char c = (unsigned char)text.p[i];
        if (is_plain(c)) {
            i++;
            continue;
        }
        size_t len = rx_utf8_len(text, i);
        if (len > 1) {
            i += len;
            continue;
        }
        rx_buf_add(out, text.p + start, i - start);
        if (len == 0) {
            rx_buf_puts(out, "\xef\xbf\xbd");
        } else {
            add_escape(out, c);
        }
        start = ++i;
    }
    if (text.n > start) {
        rx_buf_add(out, text.p + start, text.n - start);
    }
    rx_buf_putc(out, '"');
}

void rx_json_add_double(struct rx_buf *out, double value)
{
    if (isfinite(value)) {
        rx_buf_add_double(out, value);
    } else {
        rx_buf_puts(out, "null");
    }
}

void rx_jw_key_str(struct rx_jw *w, struct rx_str key)
{
    separate(w, true);
    rx_json_add_string(w->out, key);
    rx_buf_putc(w->out, ':');
    w->after_key = true;
}

void rx_jw_key(struct rx_jw *w, const char *key)
{
    rx_jw_key_str(w, rx_str_of(key));
}

void rx_jw_str(struct rx_jw *w, struct rx_str text)
{
    separate(w, false);
    rx_json_add_string(w->out, text);
}

void rx_jw_cstr(struct rx_jw *w, const char *text)
{
    if (text) {
        rx_jw_str(w, rx_str_of(text));
    } else {
        rx_jw_null(w);
    }
}

void rx_jw_i64(struct rx_jw *w, int64_t value)
{
    separate(w, false);
    rx_buf_add_i64(w->out, value);
}

void rx_jw_u64(struct rx_jw *w, uint64_t value)
{
    char text[RX_FORMAT_LEN];
    separate(w, false);
    rx_buf_add(w->out, text, rx_format_u64(value, text));
}

void rx_jw_double(struct rx_jw *w, double value)
{
    separate(w, false);
    rx_json_add_double(w->out, value);
}

void rx_jw_bool(struct rx_jw *w, bool value)
{
    separate(w, false);
    rx_buf_puts(w->out, value ? "true" : "false");
}

void rx_jw_null(struct rx_jw *w)
{
    separate(w, false);
    rx_buf_puts(w->out, "null");
}

void rx_jw_raw(struct rx_jw *w, struct rx_str json)
{
    separate(w, false);
    rx_buf_add_str(w->out, json);
}

static void add_container(struct rx_buf *out, const struct rx_json *value, bool object);

/* Recursion is bounded by the document's depth. The writer's stack is left alone, so that a deep
 * value from outside cannot trip its assertion. */
static void add_value(struct rx_buf *out, const struct rx_json *value)
{
    char text[RX_FORMAT_LEN];
    switch (rx_json_type(value)) {
    case RX_JSON_MISSING:
    case RX_JSON_NULL:
        rx_buf_puts(out, "null");
        break;
    case RX_JSON_BOOL:
        rx_buf_puts(out, rx_json_bool(value, false) ? "true" : "false");
        break;
    case RX_JSON_INT:
        rx_buf_add_i64(out, rx_json_i64(value, 0));
        break;
    case RX_JSON_REAL:
        /* 0 only for a value that is no uint64: 0 itself is of the integer type. */
        if (rx_json_u64(value, 0) != 0) {
            rx_buf_add(out, text, rx_format_u64(rx_json_u64(value, 0), text));
        } else {
            rx_json_add_double(out, rx_json_double(value, 0));
        }
        break;
    case RX_JSON_STR:
        rx_json_add_string(out, rx_json_str(value));
        break;
    case RX_JSON_ARRAY:
    case RX_JSON_OBJECT:
        add_container(out, value, rx_json_type(value) == RX_JSON_OBJECT);
        break;
    }
}

static void add_container(struct rx_buf *out, const struct rx_json *value, bool object)
{
    rx_buf_putc(out, object ? '{' : '[');
    RX_JSON_FOREACH (it, value) {
        if (it.index > 0) {
            rx_buf_putc(out, ',');
        }
        if (object) {
            rx_json_add_string(out, it.key);
            rx_buf_putc(out, ':');
        }
        add_value(out, it.value);
    }
    rx_buf_putc(out, object ? '}' : ']');
}

void rx_jw_value(struct rx_jw *w, const struct rx_json *value)
{
    separate(w, false);
    add_value(w->out, value);
}

void rx_jw_kv_str(struct rx_jw *w, const char *key, struct rx_str text)
{
    rx_jw_key(w, key);
    rx_jw_str(w, text);
}

void rx_jw_kv_cstr(struct rx_jw *w, const char *key, const char *text)
{
    rx_jw_key(w, key);
    rx_jw_cstr(w, text);
}

void rx_jw_kv_i64(struct rx_jw *w, const char *key, int64_t value)
{
    rx_jw_key(w, key);
    rx_jw_i64(w, value);
}

void rx_jw_kv_double(struct rx_jw *w, const char *key, double value)
{
    rx_jw_key(w, key);
    rx_jw_double(w, value);
}

void rx_jw_kv_bool(struct rx_jw *w, const char *key, bool value)
{
    rx_jw_key(w, key);
    rx_jw_bool(w, value);
}

void rx_jw_kv_null(struct rx_jw *w, const char *key)
{
    rx_jw_key(w, key);
    rx_jw_null(w);
}
