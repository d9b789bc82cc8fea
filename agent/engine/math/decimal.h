// SPDX-License-Identifier: Apache-2.0
/*
 * Decimal text to exact scaled integers and back: "12.5" with scale 6 is 12500000. Amounts of money
 * and tokens never pass through a double. Plain values; thread-safe.
 */
#pragma once

#include "agent/engine/math/u256.h"
#include "common/base/buf.h"

#define RX_DECIMAL_MAX_SCALE 60

/*
 * A decimal with optional sign, fraction and exponent ("-1.25", "3e-7"), times 10^scale
 * (0..RX_DECIMAL_MAX_SCALE). Digits below the scale are rounded half up in magnitude when `round`,
 * else refused unless zero. RX_EPARSE (form, or too many fraction digits), RX_ELIMIT (2^256 or
 * more, or longer than 200 bytes); the results are untouched on failure. Zero is never negative.
 */
int rx_decimal_parse(struct rx_str text, unsigned scale, bool round, struct rx_u256 *ret,
                     bool *ret_negative) RX_MUST_CHECK;

/* Appends value / 10^scale without trailing zeros: "12.5", "-0.000001", "0". */
void rx_decimal_add(struct rx_buf *out, const struct rx_u256 *value, unsigned scale, bool negative);

/* 10^exponent, exponent <= 77. */
struct rx_u256 rx_decimal_power(unsigned exponent);
