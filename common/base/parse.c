// SPDX-License-Identifier: Apache-2.0
#include "common/base/parse.h"

#include <math.h>

#include "common/base/error.h"

#define MAX_DOUBLE_TEXT 400u

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

int rx_parse_u64(struct rx_str text, uint64_t max, uint64_t *ret)
{
    if (text.n == 0) {
        return RX_EPARSE;
    }
    uint64_t value = 0;
    bool over = false;
    for (size_t i = 0; i < text.n; i++) {
        if (!is_digit(text.p[i])) {
            return RX_EPARSE;
        }
        over = over || __builtin_mul_overflow(value, 10u, &value) ||
               __builtin_add_overflow(value, (uint64_t)(text.p[i] - '0'), &value);
    }
    if (over || value > max) {
        return RX_ELIMIT;
    }
    *ret = value;
    return 0;
}

int rx_parse_i64(struct rx_str text, int64_t min, int64_t max, int64_t *ret)
{
    bool negative = text.n > 0 && text.p[0] == '-';
    if (negative) {
        text.p++;
        text.n--;
    }
    uint64_t magnitude = 0;
    uint64_t bound = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
    int r = rx_parse_u64(text, bound, &magnitude);
    if (r < 0) {
        return r;
    }
    int64_t value = (int64_t)magnitude;
    if (negative && magnitude > 0) {
        value = -(int64_t)(magnitude - 1) - 1;
    }
    if (value < min || value > max) {
        return RX_ELIMIT;
    }
    *ret = value;
    return 0;
}

static int hex_value(char c)
{
    if (is_digit(c)) {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static struct rx_str strip_0x(struct rx_str text)
{
    if (rx_str_starts(text, RX_STR("0x"))) {
        text.p += 2;
        text.n -= 2;
    }
    return text;
}

int rx_parse_hex_u64(struct rx_str text, uint64_t *ret)
{
    struct rx_str digits = strip_0x(text);
    if (digits.n == text.n || digits.n == 0) {
        return RX_EPARSE;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < digits.n; i++) {
        int v = hex_value(digits.p[i]);
        if (v < 0) {
            return RX_EPARSE;
        }
        value = (value << 4) | (uint64_t)v;
    }
    if (digits.n > 16) {
        return RX_ELIMIT;
    }
    *ret = value;
    return 0;
}

int rx_parse_hex_bytes(struct rx_str text, void *ret, size_t n)
{
    struct rx_str digits = strip_0x(text);
    if (digits.n % 2 != 0 || digits.n / 2 != n) {
        return RX_EPARSE;
    }
    for (size_t i = 0; i < digits.n; i++) {
        if (hex_value(digits.p[i]) < 0) {
            return RX_EPARSE;
        }
    }
    unsigned char *out = ret;
    for (size_t i = 0; i < n; i++) {
        out[i] = (unsigned char)(16 * hex_value(digits.p[2 * i]) + hex_value(digits.p[2 * i + 1]));
    }
    return 0;
}

static size_t skip_digits(struct rx_str text, size_t at)
{
    while (at < text.n && is_digit(text.p[at])) {
        at++;
    }
    return at;
}

/* -?[0-9]+(.[0-9]+)?([eE][+-]?[0-9]+)? */
static bool is_decimal(struct rx_str text)
{
    size_t at = text.n > 0 && text.p[0] == '-';
    size_t end = skip_digits(text, at);
    if (end == at) {
        return false;
    }
    at = end;
    if (at < text.n && text.p[at] == '.') {
        end = skip_digits(text, ++at);
        if (end == at) {
            return false;
        }
        at = end;
    }
    if (at < text.n && (text.p[at] == 'e' || text.p[at] == 'E')) {
        at++;
        at += at < text.n && (text.p[at] == '+' || text.p[at] == '-');
        end = skip_digits(text, at);
        if (end == at) {
            return false;
        }
        at = end;
    }
    return at == text.n;
}

/* The program never calls setlocale, so that strtod reads the C locale's point. */
static double read_double(struct rx_str text)
{
    char copy[MAX_DOUBLE_TEXT + 1];
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    return strtod(copy, NULL);
}

int rx_parse_double(struct rx_str text, double *ret)
{
    if (!is_decimal(text)) {
        return RX_EPARSE;
    }
    if (text.n > MAX_DOUBLE_TEXT) {
        return RX_ELIMIT;
    }
    double value = read_double(text);
    if (!isfinite(value)) {
        return RX_ELIMIT;
    }
    *ret = value;
    return 0;
}

int rx_parse_bool(struct rx_str text, bool *ret)
{
    bool yes = rx_str_is(text, "true");
    if (!yes && !rx_str_is(text, "false")) {
        return RX_EPARSE;
    }
    *ret = yes;
    return 0;
}
