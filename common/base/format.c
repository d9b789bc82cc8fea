// SPDX-License-Identifier: Apache-2.0
#include "common/base/format.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t rx_format_u64(uint64_t value, char out[RX_FORMAT_LEN])
{
    char reversed[RX_FORMAT_LEN];
    size_t n = 0;
    do {
        reversed[n++] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    for (size_t i = 0; i < n; i++) {
        out[i] = reversed[n - 1 - i];
    }
    out[n] = '\0';
    return n;
}

size_t rx_format_i64(int64_t value, char out[RX_FORMAT_LEN])
{
    if (value >= 0) {
        return rx_format_u64((uint64_t)value, out);
    }
    char digits[RX_FORMAT_LEN];
    size_t n = rx_format_u64(0 - (uint64_t)value, digits);
    out[0] = '-';
    memcpy(out + 1, digits, n + 1);
    return n + 1;
}

/* A positive finite number as digits d1 d2 ... dn and the power of ten of d1. */
struct decimal {
    char digits[RX_FORMAT_LEN];
    size_t n;
    int exponent;
};

/*
 * Both m below 2^53 and 10^k up to 10^22 are exact doubles, so m / 10^k is correctly rounded: when
 * it equals the value, the decimal "m times 10^-k" reads back as the value. The first k that does
 * is the shortest. Serves most numbers with up to 16 digits and spares printf and strtod.
 */
static bool decimal_fast(double value, struct decimal *ret)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    const double exact = 9007199254740992.0;
    for (int k = 0; k < (int)(sizeof(powers) / sizeof(powers[0])); k++) {
        double scaled = value * powers[k];
        if (scaled >= exact) {
            return false;
        }
        double whole = nearbyint(scaled);
        if (whole < 1 || whole / powers[k] < value || whole / powers[k] > value) {
            continue;
        }
        ret->n = rx_format_u64((uint64_t)whole, ret->digits);
        ret->exponent = (int)ret->n - 1 - k;
        return true;
    }
    return false;
}

static void decimal_slow(double value, struct decimal *ret)
{
    char text[RX_FORMAT_LEN];
    /* Any 15 digits survive in a normal double; subnormals hold fewer. */
    for (int precision = value < DBL_MIN ? 0 : 14; precision <= 16; precision++) {
        (void)snprintf(text, sizeof(text), "%.*e", precision, value);
        double back = strtod(text, NULL);
        if (!(back < value) && !(back > value)) {
            break;
        }
    }
    const char *e = strchr(text, 'e');
    ret->n = 0;
    for (const char *p = text; p < e; p++) {
        if (*p != '.') {
            ret->digits[ret->n++] = *p;
        }
    }
    ret->exponent = (int)strtol(e + 1, NULL, 10);
}

static size_t put(char *out, size_t n, char c)
{
    out[n] = c;
    return n + 1;
}

static size_t write_plain(const struct decimal *d, char *out, size_t n)
{
    if (d->exponent < 0) {
        n = put(out, put(out, n, '0'), '.');
        for (int i = -1; i > d->exponent; i--) {
            n = put(out, n, '0');
        }
    }
    for (int i = 0; i < (int)d->n || i <= d->exponent; i++) {
        if (i > 0 && i == d->exponent + 1) {
            n = put(out, n, '.');
        }
        n = put(out, n, i < (int)d->n ? d->digits[i] : '0');
    }
    return n;
}

size_t rx_format_double(double value, char out[RX_FORMAT_LEN])
{
    if (isnan(value)) {
        memcpy(out, "nan", 4);
        return 3;
    }
    size_t n = 0;
    if (signbit(value)) {
        n = put(out, n, '-');
        value = -value;
    }
    if (isinf(value)) {
        memcpy(out + n, "inf", 4);
        return n + 3;
    }
    if (!(value > 0)) {
        /* "-0" would read back as the integer 0. */
        const char *zero = n ? "0.0" : "0";
        const size_t len = strlen(zero);
        memcpy(out + n, zero, len + 1);
        return n + len;
    }
    struct decimal d;
    if (!decimal_fast(value, &d)) {
        decimal_slow(value, &d);
    }
    while (d.n > 1 && d.digits[d.n - 1] == '0') {
        d.n--;
    }
    if (d.exponent >= -5 && d.exponent < 17) {
        n = write_plain(&d, out, n);
        out[n] = '\0';
        return n;
    }
    n = put(out, n, d.digits[0]);
    if (d.n > 1) {
        n = put(out, n, '.');
        memcpy(out + n, d.digits + 1, d.n - 1);
        n += d.n - 1;
    }
    n = put(out, n, 'e');
    return n + rx_format_i64(d.exponent, out + n);
}
