// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/math/u256.h"

#include <math.h>

#include "common/base/error.h"

/* value = value * factor + digit; false when it leaves 256 bits. */
static bool shift_in(struct rx_u256 *value, unsigned factor, unsigned digit)
{
    rx_u128 carry = digit;
    for (int i = 0; i < 4; i++) {
        carry += (rx_u128)value->limb[i] * factor;
        value->limb[i] = (uint64_t)carry;
        carry >>= 64;
    }
    return carry == 0;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return 16;
}

int rx_u256_parse(struct rx_str text, struct rx_u256 *ret)
{
    unsigned base = 10;
    if (text.n > 2 && text.p[0] == '0' && text.p[1] == 'x') {
        base = 16;
        text.p += 2;
        text.n -= 2;
        if (text.n > 64) {
            return RX_ELIMIT;
        }
    }
    if (text.n == 0) {
        return RX_EPARSE;
    }
    struct rx_u256 value = {{0}};
    bool fits = true;
    for (size_t i = 0; i < text.n; i++) {
        int digit = digit_of(text.p[i]);
        if (digit >= (int)base) {
            return RX_EPARSE;
        }
        fits = fits && shift_in(&value, base, (unsigned)digit);
    }
    if (!fits) {
        return RX_ELIMIT;
    }
    *ret = value;
    return 0;
}

struct rx_u256 rx_u256_from_be(const unsigned char bytes[32])
{
    struct rx_u256 value = {{0}};
    for (int i = 0; i < 32; i++) {
        int limb = 3 - i / 8;
        value.limb[limb] = value.limb[limb] << 8 | bytes[i];
    }
    return value;
}

bool rx_u256_add(const struct rx_u256 *a, const struct rx_u256 *b, struct rx_u256 *ret)
{
    rx_u128 carry = 0;
    for (int i = 0; i < 4; i++) {
        carry += (rx_u128)a->limb[i] + b->limb[i];
        ret->limb[i] = (uint64_t)carry;
        carry >>= 64;
    }
    return carry == 0;
}

bool rx_u256_sub(const struct rx_u256 *a, const struct rx_u256 *b, struct rx_u256 *ret)
{
    unsigned borrow = 0;
    for (int i = 0; i < 4; i++) {
        rx_u128 left = (rx_u128)a->limb[i];
        rx_u128 right = (rx_u128)b->limb[i] + borrow;
        borrow = left < right;
        ret->limb[i] = (uint64_t)(left - right);
    }
    return borrow == 0;
}

int rx_u256_cmp(const struct rx_u256 *a, const struct rx_u256 *b)
{
    for (int i = 3; i >= 0; i--) {
        if (a->limb[i] != b->limb[i]) {
            return a->limb[i] < b->limb[i] ? -1 : 1;
        }
    }
    return 0;
}

bool rx_u256_is_zero(const struct rx_u256 *a)
{
    return (a->limb[0] | a->limb[1] | a->limb[2] | a->limb[3]) == 0;
}

bool rx_u256_to_u128(const struct rx_u256 *a, rx_u128 *ret)
{
    if (a->limb[2] != 0 || a->limb[3] != 0) {
        return false;
    }
    *ret = (rx_u128)a->limb[1] << 64 | a->limb[0];
    return true;
}

double rx_u256_to_double(const struct rx_u256 *a)
{
    int top = 3;
    while (top > 0 && a->limb[top] == 0) {
        top--;
    }
    if (top == 0) {
        return (double)a->limb[0];
    }
    /* The 64 leading bits, with every bit below folded into the last: a double keeps 53 of them,
     * so the fold only breaks ties the right way. */
    int shift = __builtin_clzll(a->limb[top]);
    uint64_t lead = a->limb[top] << shift;
    uint64_t rest = 0;
    if (shift > 0) {
        lead |= a->limb[top - 1] >> (64 - shift);
        rest = a->limb[top - 1] << shift;
    } else {
        rest = a->limb[top - 1];
    }
    for (int i = top - 2; i >= 0; i--) {
        rest |= a->limb[i];
    }
    lead |= rest != 0;
    return ldexp((double)lead, 64 * top - shift);
}
