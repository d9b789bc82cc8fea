// SPDX-License-Identifier: Apache-2.0
/* The strict parsers: no over-read, results within bounds, what is formatted reads back. */
#include <assert.h>
#include <math.h>
#include <stdint.h>

#include "common/base/base64.h"
#include "common/base/clock.h"
#include "common/base/format.h"
#include "common/base/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_numbers(struct rx_str text)
{
    char out[RX_FORMAT_LEN];
    double real = 0;
    double back = 1;
    if (rx_parse_double(text, &real) == 0) {
        struct rx_str again = {out, rx_format_double(real, out)};
        assert(isfinite(real) && again.n < RX_FORMAT_LEN);
        int r = rx_parse_double(again, &back);
        assert(r == 0 && memcmp(&real, &back, sizeof(real)) == 0);
    }
    int64_t whole = 0;
    if (rx_parse_i64(text, -1000, 1000, &whole) == 0) {
        assert(whole >= -1000 && whole <= 1000);
    }
    uint64_t big = 0;
    if (rx_parse_u64(text, UINT64_MAX, &big) == 0 || rx_parse_hex_u64(text, &big) == 0) {
        size_t length = rx_format_u64(big, out);
        uint64_t same = 0;
        int r = rx_parse_u64((struct rx_str){out, length}, UINT64_MAX, &same);
        assert(r == 0 && same == big);
    }
}

static void check_units(struct rx_str text)
{
    int64_t value = 0;
    if (rx_parse_duration_ms(text, 0, 1000000, &value) == 0) {
        assert(value >= 0 && value <= 1000000);
    }
    if (rx_parse_rfc3339_ns(text, &value) == 0 && value % 1000000 == 0) {
        char out[RX_TIME_LEN];
        int64_t back = 0;
        (void)rx_time_format_ms(value / 1000000, out);
        int r = rx_parse_rfc3339_ns(rx_str_of(out), &back);
        assert(r == 0 && back == value);
    }
}

static void check_bytes(struct rx_str text)
{
    unsigned char bytes[20];
    bool yes = false;
    (void)!rx_parse_hex_bytes(text, bytes, sizeof(bytes));
    (void)!rx_parse_bool(text, &yes);
    (void)rx_str_is_utf8(text);
    rx_auto(buf) struct rx_buf decoded = RX_BUF_INIT(1u << 20);
    if (rx_base64_decode(&decoded, text) == 0) {
        rx_auto(buf) struct rx_buf again = RX_BUF_INIT(2u << 20);
        rx_base64_encode(&again, decoded.p, decoded.n);
        assert(rx_str_eq(rx_buf_str(&again), text));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct rx_str text = {(const char *)data, n};
    check_numbers(text);
    check_units(text);
    check_bytes(text);
    return 0;
}
