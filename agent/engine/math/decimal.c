// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/math/decimal.h"

#include <assert.h>

#include "agent/engine/math/u256_muldiv.h"
#include "common/base/parse.h"

#define MAX_TEXT   200
#define MAX_DIGITS 79 /* of 2^256, and one digit to spare */

struct scan {
    bool negative;
    char digits[MAX_TEXT]; /* without leading zeros */
    size_t n;
    long point; /* digits after the point: value = digits / 10^point */
};

static int scan_exponent(struct rx_str text, long *point)
{
    int64_t exponent;
    if (text.n > 0 && text.p[0] == '+') {
        text.p++;
        text.n--;
        if (text.n == 0 || text.p[0] == '-') {
            return RX_EPARSE;
        }
    }
    const int rc = rx_parse_i64(text, -100000, 100000, &exponent);
    if (rc == 0) {
        *point -= (long)exponent;
    }
    return rc;
}

/* Sign, digits with at most one point among them, exponent. */
static int scan_text(struct rx_str text, struct scan *scan)
{
    if (text.n > MAX_TEXT) {
        return RX_ELIMIT;
    }
    *scan = (struct scan){.n = 0};
    size_t i = 0;
    if (i < text.n && (text.p[i] == '-' || text.p[i] == '+')) {
        scan->negative = text.p[i++] == '-';
    }
    bool any = false;
    bool fraction = false;
    for (; i < text.n; i++) {
        const char c = text.p[i];
        if (c == '.' && !fraction) {
            fraction = true;
            continue;
        }
        if (c < '0' || c > '9') {
            break;
        }
        any = true;
        scan->point += fraction;
        if (scan->n > 0 || c != '0') {
            scan->digits[scan->n++] = c;
        }
    }
    if (!any) {
        return RX_EPARSE;
    }
    if (i == text.n) {
        return 0;
    }
    if (text.p[i] != 'e' && text.p[i] != 'E') {
        return RX_EPARSE;
    }
    return scan_exponent((struct rx_str){text.p + i + 1, text.n - i - 1}, &scan->point);
}

int rx_decimal_parse(struct rx_str text, unsigned scale, bool round, struct rx_u256 *ret,
                     bool *ret_negative)
{
    assert(scale <= RX_DECIMAL_MAX_SCALE);
    struct scan scan;
    int rc = scan_text(text, &scan);
    if (rc < 0) {
        return rc;
    }
    while (scan.n > 0 && scan.digits[scan.n - 1] == '0') {
        scan.n--;
        scan.point--;
    }
    /* digits * 10^shift is the result; a negative shift drops digits. */
    const long shift = (long)scale - scan.point;
    const long kept = (long)scan.n + (shift < 0 ? shift : 0);
    if (shift < 0 && scan.n > 0 && !round) {
        return RX_EPARSE;
    }
    if (scan.n > 0 && (kept > MAX_DIGITS || (shift > 0 && kept + shift > MAX_DIGITS))) {
        return RX_ELIMIT;
    }
    struct rx_u256 value = {{0}};
    if (kept > 0) {
        rc = rx_u256_parse((struct rx_str){scan.digits, (size_t)kept}, &value);
        if (rc < 0) {
            return rc;
        }
    }
    if (shift > 0 && scan.n > 0) {
        const struct rx_u256 power = rx_decimal_power((unsigned)shift);
        if (!rx_u256_mul(&value, &power, &value)) {
            return RX_ELIMIT;
        }
    }
    if (shift < 0 && kept >= 0 && (size_t)kept < scan.n && scan.digits[kept] >= '5') {
        const struct rx_u256 one = rx_u256_of(1);
        if (!rx_u256_add(&value, &one, &value)) {
            return RX_ELIMIT;
        }
    }
    *ret = value;
    *ret_negative = scan.negative && !rx_u256_is_zero(&value);
    return 0;
}

void rx_decimal_add(struct rx_buf *out, const struct rx_u256 *value, unsigned scale, bool negative)
{
    char digits[160];
    size_t at = sizeof(digits);
    struct rx_u256 rest = *value;
    const struct rx_u256 billion = rx_u256_of(1000000000);
    while (!rx_u256_is_zero(&rest)) {
        struct rx_u256 part = {{0}};
        (void)!rx_u256_divmod(&rest, &billion, &rest, &part);
        uint64_t nine = part.limb[0];
        for (int i = 0; i < 9; i++) {
            digits[--at] = (char)('0' + nine % 10);
            nine /= 10;
        }
    }
    while (at < sizeof(digits) && digits[at] == '0') {
        at++;
    }
    while (sizeof(digits) - at < (size_t)scale + 1) {
        digits[--at] = '0';
    }
    if (negative) {
        rx_buf_putc(out, '-');
    }
    const size_t whole = sizeof(digits) - at - scale;
    rx_buf_add(out, digits + at, whole);
    size_t end = sizeof(digits);
    while (end > at + whole && digits[end - 1] == '0') {
        end--;
    }
    if (end > at + whole) {
        rx_buf_putc(out, '.');
        rx_buf_add(out, digits + at + whole, end - at - whole);
    }
}

struct rx_u256 rx_decimal_power(unsigned exponent)
{
    assert(exponent <= 77);
    struct rx_u256 power = rx_u256_of(1);
    const struct rx_u256 ten = rx_u256_of(10);
    const struct rx_u256 big = rx_u256_of(10000000000000000000u);
    for (; exponent >= 19; exponent -= 19) {
        (void)rx_u256_mul(&power, &big, &power);
    }
    for (; exponent > 0; exponent--) {
        (void)rx_u256_mul(&power, &ten, &power);
    }
    return power;
}
