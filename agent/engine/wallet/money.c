// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/wallet/money.h"

#include <assert.h>
#include <math.h>

#include "agent/engine/math/decimal.h"
#include "agent/engine/math/u256_muldiv.h"

static int parse_scaled(struct rx_str text, unsigned scale, rx_u128 limit, rx_u128 *ret)
{
    struct rx_u256 wide;
    bool negative;
    rx_u128 value;
    const int rc = rx_decimal_parse(text, scale, true, &wide, &negative);
    if (rc < 0) {
        return rc;
    }
    if (negative || !rx_u256_to_u128(&wide, &value) || value >= limit) {
        return RX_ELIMIT;
    }
    *ret = value;
    return 0;
}

int rx_money_parse(struct rx_str text, rx_money *ret)
{
    rx_u128 value;
    const int rc = parse_scaled(text, RX_MONEY_SCALE, (rx_u128)RX_MONEY_MAX, &value);
    if (rc == 0) {
        *ret = (rx_money)value;
    }
    return rc;
}

int rx_price_parse(struct rx_str text, rx_price *ret)
{
    return parse_scaled(text, RX_PRICE_SCALE, RX_PRICE_MAX, ret);
}

bool rx_price_value(const struct rx_u256 *amount, unsigned decimals, rx_price price, rx_money *ret)
{
    const struct rx_u256 p = rx_u256_of(price);
    const struct rx_u256 scale = rx_decimal_power(RX_PRICE_SCALE - RX_MONEY_SCALE + decimals);
    struct rx_u256 value;
    rx_u128 narrow;
    if (!rx_u256_muldiv(amount, &p, &scale, &value, NULL) || !rx_u256_to_u128(&value, &narrow) ||
        narrow >= (rx_u128)RX_MONEY_MAX) {
        return false;
    }
    *ret = (rx_money)narrow;
    return true;
}

bool rx_price_of(rx_money value, const struct rx_u256 *amount, unsigned decimals, rx_price *ret)
{
    const struct rx_u256 v = rx_u256_of((rx_u128)value);
    const struct rx_u256 scale = rx_decimal_power(RX_PRICE_SCALE - RX_MONEY_SCALE + decimals);
    struct rx_u256 price;
    rx_u128 narrow;
    if (!rx_u256_muldiv(&v, &scale, amount, &price, NULL) || !rx_u256_to_u128(&price, &narrow) ||
        narrow >= RX_PRICE_MAX) {
        return false;
    }
    *ret = narrow;
    return true;
}

rx_money rx_money_share(rx_money value, const struct rx_u256 *part, const struct rx_u256 *whole)
{
    rx_u128 p;
    rx_u128 w;
    rx_u128 product;
    assert(value >= 0);
    /* Most sums fit: one multiplication and one division instead of the 512-bit ones. */
    if (rx_u256_to_u128(whole, &w) && rx_u256_to_u128(part, &p) && w != 0 &&
        !__builtin_mul_overflow((rx_u128)value, p, &product)) {
        return (rx_money)(product / w);
    }
    const struct rx_u256 v = rx_u256_of((rx_u128)value);
    struct rx_u256 share = {{0}};
    const bool fits = rx_u256_muldiv(&v, part, whole, &share, NULL);
    assert(fits);
    (void)fits;
    return (rx_money)((rx_u128)share.limb[1] << 64 | share.limb[0]);
}

double rx_money_to_double(rx_money value)
{
    if (value == RX_MONEY_UNKNOWN) {
        return (double)NAN;
    }
    const rx_money whole = value / RX_MONEY_UNIT;
    return (double)whole + (double)(int64_t)(value % RX_MONEY_UNIT) / 1e9;
}

double rx_price_to_double(rx_price price)
{
    return price == RX_PRICE_UNKNOWN ? (double)NAN : (double)price / 1e27;
}

void rx_money_add(struct rx_buf *out, rx_money value)
{
    if (value == RX_MONEY_UNKNOWN) {
        return;
    }
    const bool negative = value < 0;
    const struct rx_u256 magnitude = rx_u256_of((rx_u128)(negative ? -value : value));
    rx_decimal_add(out, &magnitude, RX_MONEY_SCALE, negative);
}

void rx_jw_kv_money(struct rx_jw *w, const char *key, rx_money value)
{
    rx_jw_key(w, key);
    if (value == RX_MONEY_UNKNOWN) {
        rx_jw_null(w);
        return;
    }
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(128);
    rx_money_add(&text, value);
    rx_jw_raw(w, rx_buf_str(&text));
}

void rx_jw_kv_amount(struct rx_jw *w, const char *key, const struct rx_u256 *amount,
                     unsigned decimals)
{
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(256);
    rx_decimal_add(&text, amount, decimals, false);
    rx_jw_kv_str(w, key, rx_buf_str(&text));
}
