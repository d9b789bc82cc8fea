// SPDX-License-Identifier: Apache-2.0
#include "common/base/str.h"

#include <stdint.h>

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool rx_str_eq(struct rx_str a, struct rx_str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool rx_str_eq_nocase(struct rx_str a, struct rx_str b)
{
    if (a.n != b.n) {
        return false;
    }
    for (size_t i = 0; i < a.n; i++) {
        if (lower(a.p[i]) != lower(b.p[i])) {
            return false;
        }
    }
    return true;
}

bool rx_str_is(struct rx_str a, const char *text)
{
    return rx_str_eq(a, rx_str_of(text));
}

bool rx_str_starts(struct rx_str a, struct rx_str prefix)
{
    return a.n >= prefix.n && (prefix.n == 0 || memcmp(a.p, prefix.p, prefix.n) == 0);
}

bool rx_str_ends(struct rx_str a, struct rx_str suffix)
{
    return a.n >= suffix.n &&
           (suffix.n == 0 || memcmp(a.p + (a.n - suffix.n), suffix.p, suffix.n) == 0);
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct rx_str rx_str_trim(struct rx_str a)
{
    while (a.n > 0 && is_space(a.p[0])) {
        a.p++;
        a.n--;
    }
    while (a.n > 0 && is_space(a.p[a.n - 1])) {
        a.n--;
    }
    return a;
}

ptrdiff_t rx_str_find(struct rx_str a, char c)
{
    const char *at = a.n ? memchr(a.p, c, a.n) : NULL;
    return at ? at - a.p : -1;
}

bool rx_str_cut(struct rx_str *rest, char sep, struct rx_str *ret_part)
{
    if (!rest->p) {
        return false;
    }
    ptrdiff_t at = rx_str_find(*rest, sep);
    if (at < 0) {
        *ret_part = *rest;
        *rest = (struct rx_str){NULL, 0};
        return true;
    }
    *ret_part = (struct rx_str){rest->p, (size_t)at};
    rest->p += at + 1;
    rest->n -= (size_t)at + 1;
    return true;
}

char *rx_str_dup(struct rx_str a)
{
    char *copy = a.n < SIZE_MAX ? malloc(a.n + 1) : NULL;
    if (!copy) {
        return NULL;
    }
    if (a.n) {
        memcpy(copy, a.p, a.n);
    }
    copy[a.n] = '\0';
    return copy;
}

size_t rx_utf8_len(struct rx_str a, size_t at)
{
    if (at >= a.n) {
        return 0;
    }
    const unsigned char *p = (const unsigned char *)a.p + at;
    size_t left = a.n - at;
    if (p[0] < 0x80) {
        return 1;
    }
    size_t len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || left < len) {
        return 0;
    }
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    /* Overlong forms, surrogates and code points above U+10FFFF. */
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f)) {
        return 0;
    }
    return len;
}

bool rx_str_is_utf8(struct rx_str a)
{
    for (size_t i = 0; i < a.n;) {
        size_t len = rx_utf8_len(a, i);
        if (len == 0 || a.p[i] == '\0') {
            return false;
        }
        i += len;
    }
    return true;
}

bool rx_str_eq_secret(struct rx_str a, struct rx_str b)
{
    if (a.n != b.n) {
        return false;
    }
    volatile unsigned char diff = 0;
    for (size_t i = 0; i < a.n; i++) {
        diff = (unsigned char)(diff | (unsigned char)(a.p[i] ^ b.p[i]));
    }
    return diff == 0;
}
