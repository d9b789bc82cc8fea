// SPDX-License-Identifier: Apache-2.0
/* Multiplication and division of unsigned 256-bit integers. Plain values; thread-safe. */
#pragma once

#include "agent/engine/math/u256.h"

/* False when the product needs more than 256 bits; *ret then holds it modulo 2^256. */
bool rx_u256_mul(const struct rx_u256 *a, const struct rx_u256 *b, struct rx_u256 *ret);
/* Quotient rounded down and remainder; either result may be NULL. False when b is zero (nothing is
 * written). */
bool rx_u256_divmod(const struct rx_u256 *a, const struct rx_u256 *b, struct rx_u256 *quotient,
                    struct rx_u256 *remainder) RX_MUST_CHECK;
/*
 * floor(a * b / d), the product held in 512 bits. False when d is zero or the result needs more
 * than 256 bits; *ret is then untouched. `remainder` may be NULL; it is below d.
 */
bool rx_u256_muldiv(const struct rx_u256 *a, const struct rx_u256 *b, const struct rx_u256 *d,
                    struct rx_u256 *ret, struct rx_u256 *remainder) RX_MUST_CHECK;
