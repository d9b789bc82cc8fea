// SPDX-License-Identifier: Apache-2.0
/*
 * Unsigned 256-bit integers, as much as token amounts need: parse, add, subtract, compare, convert.
 * Plain values; thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/str.h"

/* Reserves are uint112 on chain. */
typedef unsigned __int128 rx_u128;

#define RX_UINT112_MAX ((((rx_u128)1) << 112) - 1)

struct rx_u256 {
    uint64_t limb[4]; /* least significant first */
};

static inline struct rx_u256 rx_u256_of(rx_u128 value)
{
    return (struct rx_u256){{(uint64_t)value, (uint64_t)(value >> 64), 0, 0}};
}

/* Decimal digits only, or "0x" and 1 to 64 hex digits. RX_EPARSE (form), RX_ELIMIT (2^256 or more);
 * *ret is untouched on failure. */
int rx_u256_parse(struct rx_str text, struct rx_u256 *ret) RX_MUST_CHECK;
/* 32 bytes, most significant first: one word of a log's data. */
struct rx_u256 rx_u256_from_be(const unsigned char bytes[32]);

/* False when the result does not fit 256 bits (or is negative); *ret then holds it modulo 2^256. */
bool rx_u256_add(const struct rx_u256 *a, const struct rx_u256 *b, struct rx_u256 *ret);
bool rx_u256_sub(const struct rx_u256 *a, const struct rx_u256 *b, struct rx_u256 *ret);
/* -1, 0 or 1. */
int rx_u256_cmp(const struct rx_u256 *a, const struct rx_u256 *b);
bool rx_u256_is_zero(const struct rx_u256 *a);
/* False when the value needs more than 128 bits. */
bool rx_u256_to_u128(const struct rx_u256 *a, rx_u128 *ret) RX_MUST_CHECK;
/* Nearest double, ties to even. */
double rx_u256_to_double(const struct rx_u256 *a);
