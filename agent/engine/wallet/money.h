// SPDX-License-Identifier: Apache-2.0
/*
 * Money as exact integers: nano-units (10^-9) of the quote currency, US dollars throughout. Prices
 * are 10^-27 of it for one whole token. Sums of up to 10^7 inputs stay within 128 bits because each
 * input is below RX_MONEY_MAX. Plain values; thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/engine/math/u256.h"
#include "common/json/write.h"

typedef __int128 rx_money;
typedef unsigned __int128 rx_price;

#define RX_MONEY_SCALE   9
#define RX_MONEY_UNIT    ((rx_money)1000000000)
#define RX_MONEY_MAX     ((rx_money)1000000000000000000 * 1000000000) /* 10^18 of the quote */
#define RX_MONEY_UNKNOWN (-((rx_money)1 << 126) * 2)                  /* the lowest value */
#define RX_PRICE_SCALE   27
/* 10^10 of the quote for one token */
#define RX_PRICE_MAX     ((rx_price)10000000000000000000u * 1000000000000000000u)
#define RX_PRICE_UNKNOWN (~(rx_price)0)
#define RX_MAX_DECIMALS  36

/* Decimal text, 0 <= value < 10^18; more than nine fraction digits are rounded half up. RX_EPARSE,
 * RX_ELIMIT. */
int rx_money_parse(struct rx_str text, rx_money *ret) RX_MUST_CHECK;
/* Decimal text of a price, 0 <= value < 10^10, rounded half up at 10^-27. */
int rx_price_parse(struct rx_str text, rx_price *ret) RX_MUST_CHECK;

/* Value of `amount` base units at `price`, rounded down; false when it is not below RX_MONEY_MAX.
 */
bool rx_price_value(const struct rx_u256 *amount, unsigned decimals, rx_price price, rx_money *ret)
    RX_MUST_CHECK;
/* Price of one whole token when `amount` base units cost `value` >= 0, rounded down; false when
 * amount is zero or the price leaves the range. */
bool rx_price_of(rx_money value, const struct rx_u256 *amount, unsigned decimals, rx_price *ret)
    RX_MUST_CHECK;

/* floor(value * part / whole) for value >= 0, part <= whole, whole > 0: the share of a sum that
 * belongs to a part. The rest, value - share, stays with the remainder, so nothing is lost. */
rx_money rx_money_share(rx_money value, const struct rx_u256 *part, const struct rx_u256 *whole);

/* Nearest double in whole units; NaN for RX_MONEY_UNKNOWN. */
double rx_money_to_double(rx_money value);
double rx_price_to_double(rx_price price);

/* Exact decimal text; "" for unknown. */
void rx_money_add(struct rx_buf *out, rx_money value);
/* Members of the open JSON object: an exact number, or null when unknown; the amount as a decimal
 * string of whole tokens. */
void rx_jw_kv_money(struct rx_jw *w, const char *key, rx_money value);
void rx_jw_kv_amount(struct rx_jw *w, const char *key, const struct rx_u256 *amount,
                     unsigned decimals);
