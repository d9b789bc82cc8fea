// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/math/u256_muldiv.h"

#include <string.h>

#define LIMBS  8 /* of the widest value: 512 bits in 64-bit limbs */
#define HALVES (2 * LIMBS)

/* out[0..8) = a * b, schoolbook. */
static void multiply(const uint64_t a[4], const uint64_t b[4], uint64_t out[LIMBS])
{
    memset(out, 0, LIMBS * sizeof(*out));
    for (int i = 0; i < 4; i++) {
        rx_u128 carry = 0;
        for (int j = 0; j < 4; j++) {
            carry += (rx_u128)a[i] * b[j] + out[i + j];
            out[i + j] = (uint64_t)carry;
            carry >>= 64;
        }
        out[i + 4] = (uint64_t)carry;
    }
}

static int halves_used(const uint32_t *digits, int n)
{
    while (n > 0 && digits[n - 1] == 0) {
        n--;
    }
    return n;
}

static void split(const uint64_t *limbs, int n, uint32_t *halves)
{
    for (int i = 0; i < n; i++) {
        halves[2 * i] = (uint32_t)limbs[i];
        halves[2 * i + 1] = (uint32_t)(limbs[i] >> 32);
    }
}

/* Divides u (n digits) by one digit in place; returns the remainder. */
static uint32_t divide_short(uint32_t *u, int n, uint32_t digit)
{
    uint64_t rest = 0;
    for (int i = n - 1; i >= 0; i--) {
        const uint64_t part = (rest << 32) | u[i];
        u[i] = (uint32_t)(part / digit);
        rest = part % digit;
    }
    return (uint32_t)rest;
}

/* One digit of the quotient: u[at .. at + n] -= q * v, with q corrected until it does not borrow.
 */
static uint32_t divide_step(uint32_t *u, const uint32_t *v, int n, int at)
{
    const uint64_t base = 1ULL << 32;
    const uint64_t top = ((uint64_t)u[at + n] << 32) | u[at + n - 1];
    uint64_t q = top / v[n - 1];
    uint64_t rest = top % v[n - 1];
    while (q >= base || q * v[n - 2] > ((rest << 32) | u[at + n - 2])) {
        q--;
        rest += v[n - 1];
        if (rest >= base) {
            break;
        }
    }
    int64_t borrow = 0;
    uint64_t carry = 0;
    for (int i = 0; i < n; i++) {
        carry += q * v[i];
        const int64_t digit = (int64_t)u[at + i] - borrow - (int64_t)(uint32_t)carry;
        u[at + i] = (uint32_t)digit;
        borrow = digit < 0;
        carry >>= 32;
    }
    const int64_t last = (int64_t)u[at + n] - borrow - (int64_t)carry;
    u[at + n] = (uint32_t)last;
    if (last < 0) { /* q was one too large: add v back */
        q--;
        carry = 0;
        for (int i = 0; i < n; i++) {
            carry += (uint64_t)u[at + i] + v[i];
            u[at + i] = (uint32_t)carry;
            carry >>= 32;
        }
        u[at + n] += (uint32_t)carry;
    }
    return (uint32_t)q;
}

/*
 * Knuth, The Art of Computer Programming 2, 4.3.1, algorithm D, in 32-bit digits. u has n digits
 * plus one free on top and becomes the remainder; q gets n digits.
 */
static void divide(uint32_t *u, int n, uint32_t *v, int v_n, uint32_t *q)
{
    memset(q, 0, (size_t)n * sizeof(*q));
    if (v_n == 1) {
        memcpy(q, u, (size_t)n * sizeof(*q));
        const uint32_t rest = divide_short(q, n, v[0]);
        memset(u, 0, (size_t)(n + 1) * sizeof(*u));
        u[0] = rest;
        return;
    }
    const int shift = __builtin_clz(v[v_n - 1]);
    if (shift > 0) {
        for (int i = v_n - 1; i > 0; i--) {
            v[i] = (v[i] << shift) | (v[i - 1] >> (32 - shift));
        }
        v[0] <<= shift;
        for (int i = n; i > 0; i--) {
            u[i] = (u[i] << shift) | (u[i - 1] >> (32 - shift));
        }
        u[0] <<= shift;
    }
    for (int at = n - v_n; at >= 0; at--) {
        q[at] = divide_step(u, v, v_n, at);
    }
    if (shift > 0) {
        for (int i = 0; i < n; i++) {
            u[i] = (u[i] >> shift) | (u[i + 1] << (32 - shift));
        }
        u[n] >>= shift;
    }
}

static struct rx_u256 join(const uint32_t *halves)
{
    struct rx_u256 value;
    for (int i = 0; i < 4; i++) {
        value.limb[i] = ((uint64_t)halves[2 * i + 1] << 32) | halves[2 * i];
    }
    return value;
}

/* wide (512 bits) / d. False when d is zero or the quotient needs more than 256 bits. */
static bool divide_wide(const uint64_t wide[LIMBS], const struct rx_u256 *d,
                        struct rx_u256 *quotient, struct rx_u256 *remainder)
{
    uint32_t u[HALVES + 1] = {0}, v[8], q[HALVES] = {0};
    split(wide, LIMBS, u);
    split(d->limb, 4, v);
    const int v_n = halves_used(v, 8);
    if (v_n == 0) {
        return false;
    }
    const int u_n = halves_used(u, HALVES);
    if (u_n >= v_n) {
        divide(u, u_n, v, v_n, q);
    }
    if (halves_used(q, HALVES) > 8) {
        return false;
    }
    if (quotient) {
        *quotient = join(q);
    }
    if (remainder) {
        *remainder = join(u);
    }
    return true;
}

bool rx_u256_mul(const struct rx_u256 *a, const struct rx_u256 *b, struct rx_u256 *ret)
{
    uint64_t wide[LIMBS];
    multiply(a->limb, b->limb, wide);
    memcpy(ret->limb, wide, sizeof(ret->limb));
    return (wide[4] | wide[5] | wide[6] | wide[7]) == 0;
}

bool rx_u256_divmod(const struct rx_u256 *a, const struct rx_u256 *b, struct rx_u256 *quotient,
                    struct rx_u256 *remainder)
{
    uint64_t wide[LIMBS] = {0};
    memcpy(wide, a->limb, sizeof(a->limb));
    return divide_wide(wide, b, quotient, remainder);
}

bool rx_u256_muldiv(const struct rx_u256 *a, const struct rx_u256 *b, const struct rx_u256 *d,
                    struct rx_u256 *ret, struct rx_u256 *remainder)
{
    uint64_t wide[LIMBS];
    multiply(a->limb, b->limb, wide);
    return divide_wide(wide, d, ret, remainder);
}
