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

static const uint64_t powers[] = {1,
                                  10,
                                  100,
                                  1000,
                                  10000,
                                  100000,
                                  1000000,
                                  10000000,
                                  100000000,
                                  1000000000,
                                  10000000000,
                                  100000000000,
                                  1000000000000,
                                  10000000000000,
                                  100000000000000,
                                  1000000000000000,
                                  10000000000000000,
                                  100000000000000000,
                                  1000000000000000000,
                                  10000000000000000000u};

/*
 * The value scaled by 10^scale in units of 2^-shift, exactly: m * 10^scale with m below 2^53 and
 * scale at most 22 stays below 2^127.
 */
struct scaled {
    unsigned __int128 bits; /* scaled value times 2^shift */
    unsigned __int128 half; /* half the distance to the next double, in the same units */
    unsigned __int128 half_below;
    int shift, scale;
    bool odd;
};

static struct scaled scale_exactly(double value, int scale)
{
    int exponent;
    uint64_t mantissa = (uint64_t)ldexp(frexp(value, &exponent), 53);
    unsigned __int128 ten =
        (unsigned __int128)powers[scale > 19 ? 19 : scale] * powers[scale > 19 ? scale - 19 : 0];
    struct scaled made = {
        .bits = ten * mantissa,
        .half = ten / 2,
        .half_below = mantissa == (uint64_t)1 << 52 ? ten / 4 : ten / 2,
        .shift = 53 - exponent,
        .scale = scale,
        .odd = mantissa % 2 != 0,
    };
    return made;
}

/* Drops digits of the 17-digit number while a rounder one lies closer to the value than any other
 * double: such a number reads back as the value. */
static uint64_t shorten(const struct scaled *scaled)
{
    uint64_t whole = (uint64_t)(scaled->bits >> scaled->shift);
    unsigned __int128 one = (unsigned __int128)1 << scaled->shift;
    unsigned __int128 rest = scaled->bits & (one - 1);
    uint64_t best = whole + (rest > one / 2 || (rest == one / 2 && whole % 2 != 0));
    for (int j = 1; j <= 16; j++) {
        uint64_t over = whole % powers[j];
        unsigned __int128 below = over * one + rest;
        unsigned __int128 above = (powers[j] - over) * one - rest;
        /* Ties go to the even digit, as elsewhere. */
        bool down = below < above || (below == above && whole / powers[j] % 2 == 0);
        unsigned __int128 distance = down ? below : above;
        unsigned __int128 bound = down ? scaled->half_below : scaled->half;
        if (distance > bound || (distance == bound && scaled->odd)) {
            break;
        }
        best = down ? whole - over : whole - over + powers[j];
    }
    return best;
}

/* Shortest digits of a value from 1e-5 up to 2^53, by exact integers instead of printf and strtod.
 * False for others. */
static bool decimal_fast(double value, struct decimal *ret)
{
    if (!(value >= 1e-5 && value < 9007199254740992.0)) {
        return false;
    }
    int exponent;
    (void)frexp(value, &exponent);
    /* Just below log10(2): the estimate is right or one too low. */
    int power = (int)floor((exponent - 1) * 0.301029995663981);
    struct scaled scaled = scale_exactly(value, 16 - power);
    if ((scaled.bits >> scaled.shift) >= powers[17]) {
        scaled = scale_exactly(value, 16 - ++power);
    }
    ret->n = rx_format_u64(shorten(&scaled), ret->digits);
    ret->exponent = (int)ret->n - 1 - scaled.scale;
    return true;
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
    struct decimal d = {0};
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
