// SPDX-License-Identifier: Apache-2.0
#include "operator/api/quantity.h"

#include <stdint.h>
#include <stdio.h>

#include "common/base/parse.h"

static const struct suffix {
    const char *text;
    int64_t factor_milli; /* thousandths of a unit */
    bool binary;
} suffixes[] = {
    {"", 1000, false},
    {"m", 1, false},
    {"k", 1000 * INT64_C(1000), false},
    {"M", 1000 * INT64_C(1000000), false},
    {"G", 1000 * INT64_C(1000000000), false},
    {"T", 1000 * INT64_C(1000000000000), false},
    {"Ki", 1000 * (INT64_C(1) << 10), true},
    {"Mi", 1000 * (INT64_C(1) << 20), true},
    {"Gi", 1000 * (INT64_C(1) << 30), true},
    {"Ti", 1000 * (INT64_C(1) << 40), true},
};

static size_t digits(struct rx_str text)
{
    size_t n = 0;
    while (n < text.n && text.p[n] >= '0' && text.p[n] <= '9') {
        n++;
    }
    return n;
}

static struct rx_str skip(struct rx_str text, size_t n)
{
    return (struct rx_str){text.p + n, text.n - n};
}

static bool read_text(struct rx_str text, struct rx_quantity *ret)
{
    uint64_t whole, thousandths = 0;
    size_t n = digits(text);

    if (n == 0 || n > 15 || rx_parse_u64((struct rx_str){text.p, n}, UINT64_MAX, &whole) < 0) {
        return false;
    }
    text = skip(text, n);
    if (text.n > 0 && text.p[0] == '.') {
        text = skip(text, 1);
        n = digits(text);
        if (n == 0 || n > 3) {
            return false;
        }
        for (size_t i = 0; i < 3; i++) {
            thousandths = thousandths * 10 + (i < n ? (uint64_t)(text.p[i] - '0') : 0);
        }
        text = skip(text, n);
    }
    for (size_t i = 0; i < RX_ARRAY_LEN(suffixes); i++) {
        if (rx_str_is(text, suffixes[i].text)) {
            __int128 total = ((__int128)whole * 1000 + thousandths) * suffixes[i].factor_milli;
            *ret = (struct rx_quantity){total / 1000, suffixes[i].binary};
            return true;
        }
    }
    return false;
}

bool rx_quantity_read(const struct rx_json *value, struct rx_quantity *ret)
{
    if (rx_json_type(value) == RX_JSON_INT) {
        int64_t whole = rx_json_i64(value, -1);
        if (whole < 0) {
            return false;
        }
        *ret = (struct rx_quantity){(__int128)whole * 1000, false};
        return true;
    }
    return rx_json_type(value) == RX_JSON_STR && read_text(rx_json_str(value), ret);
}

void rx_quantity_format(struct rx_quantity quantity, char out[RX_QUANTITY_TEXT_MAX])
{
    static const char *const decimal[] = {"m", "", "k", "M", "G", "T", "P", "E"};
    static const char *const binary[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
    __int128 value = quantity.milli;
    size_t step = 0;

    if (quantity.milli == 0) {
        snprintf(out, RX_QUANTITY_TEXT_MAX, "0");
        return;
    }
    /* The apiserver falls back to decimal form below 1024 and for parts of a byte. */
    if (quantity.binary && value % 1000 == 0 && value >= 1024 * 1000) {
        for (value /= 1000; value % 1024 == 0 && step + 1 < RX_ARRAY_LEN(binary); step++) {
            value /= 1024;
        }
        snprintf(out, RX_QUANTITY_TEXT_MAX, "%lld%s", (long long)value, binary[step]);
        return;
    }
    for (; value % 1000 == 0 && step + 1 < RX_ARRAY_LEN(decimal); step++) {
        value /= 1000;
    }
    snprintf(out, RX_QUANTITY_TEXT_MAX, "%lld%s", (long long)value, decimal[step]);
}
