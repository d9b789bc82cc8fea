// SPDX-License-Identifier: Apache-2.0
#include "common/base/parse.h"

#include "tests/support/test.h"

struct int_case {
    const char *text;
    int code;
    int64_t value;
};

static void check_ints(const struct int_case *cases, size_t n,
                       int (*parse)(struct rx_str text, int64_t *ret))
{
    for (size_t i = 0; i < n; i++) {
        int64_t got = -77;
        int r = parse(rx_str_of(cases[i].text), &got);
        int64_t want = cases[i].code ? -77 : cases[i].value;
        if (r != cases[i].code || got != want) {
            fail_msg("\"%s\": code %d value %lld", cases[i].text, r, (long long)got);
        }
    }
}

static int any_i64(struct rx_str text, int64_t *ret)
{
    return rx_parse_i64(text, INT64_MIN, INT64_MAX, ret);
}

static void test_i64(void **state)
{
    (void)state;
    static const struct int_case cases[] = {
        {"0", 0, 0},
        {"-0", 0, 0},
        {"007", 0, 7},
        {"9223372036854775807", 0, INT64_MAX},
        {"9223372036854775808", RX_ELIMIT, 0},
        {"-9223372036854775808", 0, INT64_MIN},
        {"-9223372036854775809", RX_ELIMIT, 0},
        {"99999999999999999999999", RX_ELIMIT, 0},
        {"", RX_EPARSE, 0},
        {"-", RX_EPARSE, 0},
        {"+1", RX_EPARSE, 0},
        {" 1", RX_EPARSE, 0},
        {"1 ", RX_EPARSE, 0},
        {"1.0", RX_EPARSE, 0},
        {"0x1", RX_EPARSE, 0},
        {"99999999999999999999999x", RX_EPARSE, 0},
    };
    check_ints(cases, RX_ARRAY_LEN(cases), any_i64);
    int64_t value = 5;
    assert_int_equal(rx_parse_i64(RX_STR("11"), 1, 10, &value), RX_ELIMIT);
    assert_int_equal(rx_parse_i64(RX_STR("0"), 1, 10, &value), RX_ELIMIT);
    assert_int_equal(value, 5);
    assert_int_equal(rx_parse_i64((struct rx_str){"12345", 2}, 1, 20, &value), 0);
    assert_int_equal(value, 12);
}

static void test_u64_and_hex(void **state)
{
    (void)state;
    uint64_t value = 5;
    assert_int_equal(rx_parse_u64(RX_STR("18446744073709551615"), UINT64_MAX, &value), 0);
    assert_true(value == UINT64_MAX);
    assert_int_equal(rx_parse_u64(RX_STR("18446744073709551616"), UINT64_MAX, &value), RX_ELIMIT);
    assert_int_equal(rx_parse_u64(RX_STR("-1"), UINT64_MAX, &value), RX_EPARSE);
    assert_int_equal(rx_parse_hex_u64(RX_STR("0x0"), &value), 0);
    assert_int_equal(value, 0);
    assert_int_equal(rx_parse_hex_u64(RX_STR("0xFfFfFfFfFfFfFfFf"), &value), 0);
    assert_true(value == UINT64_MAX);
    assert_int_equal(rx_parse_hex_u64(RX_STR("0x00ff"), &value), 0);
    assert_int_equal(value, 255);
    assert_int_equal(rx_parse_hex_u64(RX_STR("0x10000000000000000"), &value), RX_ELIMIT);
    assert_int_equal(rx_parse_hex_u64(RX_STR("0x"), &value), RX_EPARSE);
    assert_int_equal(rx_parse_hex_u64(RX_STR("ff"), &value), RX_EPARSE);
    assert_int_equal(rx_parse_hex_u64(RX_STR("0xfg"), &value), RX_EPARSE);
    assert_int_equal(rx_parse_hex_u64(RX_STR("0X1"), &value), RX_EPARSE);
    assert_int_equal(value, 255);
}

static void test_hex_bytes(void **state)
{
    (void)state;
    unsigned char bytes[3] = {9, 9, 9};
    assert_int_equal(rx_parse_hex_bytes(RX_STR("0x00aBff"), bytes, 3), 0);
    assert_memory_equal(bytes, "\x00\xab\xff", 3);
    assert_int_equal(rx_parse_hex_bytes(RX_STR("010203"), bytes, 3), 0);
    assert_memory_equal(bytes, "\x01\x02\x03", 3);
    assert_int_equal(rx_parse_hex_bytes(RX_STR("0102"), bytes, 3), RX_EPARSE);
    assert_int_equal(rx_parse_hex_bytes(RX_STR("01020"), bytes, 3), RX_EPARSE);
    assert_int_equal(rx_parse_hex_bytes(RX_STR("0102zz"), bytes, 3), RX_EPARSE);
    assert_int_equal(rx_parse_hex_bytes(RX_STR("01020304"), bytes, 3), RX_EPARSE);
    assert_memory_equal(bytes, "\x01\x02\x03", 3);
    assert_int_equal(rx_parse_hex_bytes(RX_STR("0x"), bytes, 0), 0);
}

static void test_double(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int code;
        double value;
    } cases[] = {
        {"0", 0, 0.0},
        {"-1.5", 0, -1.5},
        {"1e3", 0, 1000.0},
        {"1E+3", 0, 1000.0},
        {"25e-2", 0, 0.25},
        {"0.1", 0, 0.1},
        {"1.7976931348623157e308", 0, 1.7976931348623157e308},
        {"1e-400", 0, 0.0},
        {"1e400", RX_ELIMIT, 0},
        {"-1e400", RX_ELIMIT, 0},
        {"", RX_EPARSE, 0},
        {".5", RX_EPARSE, 0},
        {"5.", RX_EPARSE, 0},
        {"1e", RX_EPARSE, 0},
        {"1e+", RX_EPARSE, 0},
        {"+1", RX_EPARSE, 0},
        {"--1", RX_EPARSE, 0},
        {"inf", RX_EPARSE, 0},
        {"nan", RX_EPARSE, 0},
        {"0x1p3", RX_EPARSE, 0},
        {"1,5", RX_EPARSE, 0},
        {" 1", RX_EPARSE, 0},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        double got = -77;
        int r = rx_parse_double(rx_str_of(cases[i].text), &got);
        double want = cases[i].code ? -77 : cases[i].value;
        if (r != cases[i].code || memcmp(&got, &want, sizeof(got)) != 0) {
            fail_msg("\"%s\": code %d value %g", cases[i].text, r, got);
        }
    }
    char many[500];
    memset(many, '1', sizeof(many));
    double value;
    assert_int_equal(rx_parse_double((struct rx_str){many, sizeof(many)}, &value), RX_ELIMIT);
}

static void test_bool(void **state)
{
    (void)state;
    bool value = false;
    assert_int_equal(rx_parse_bool(RX_STR("true"), &value), 0);
    assert_true(value);
    assert_int_equal(rx_parse_bool(RX_STR("True"), &value), RX_EPARSE);
    assert_int_equal(rx_parse_bool(RX_STR("1"), &value), RX_EPARSE);
    assert_true(value);
    assert_int_equal(rx_parse_bool(RX_STR("false"), &value), 0);
    assert_false(value);
}

static int any_duration(struct rx_str text, int64_t *ret)
{
    return rx_parse_duration_ms(text, 0, INT64_MAX, ret);
}

static void test_duration(void **state)
{
    (void)state;
    static const struct int_case cases[] = {
        {"0s", 0, 0},
        {"300s", 0, 300000},
        {"1h30m", 0, 5400000},
        {"90d", 0, 7776000000},
        {"15ms", 0, 15},
        {"1m1ms", 0, 60001},
        {"1d1h1m1s1ms", 0, 90061001},
        {"1s1s", 0, 2000},
        {"106751991167d", 0, 9223372036828800000},
        {"106751991168d", RX_ELIMIT, 0},
        {"99999999999999999999s", RX_ELIMIT, 0},
        {"9223372036854775807ms1ms", RX_ELIMIT, 0},
        {"", RX_EPARSE, 0},
        {"5", RX_EPARSE, 0},
        {"s", RX_EPARSE, 0},
        {"1.5h", RX_EPARSE, 0},
        {"-1s", RX_EPARSE, 0},
        {"1 s", RX_EPARSE, 0},
        {"1us", RX_EPARSE, 0},
        {"1h5", RX_EPARSE, 0},
        {"99999999999999999999sx", RX_EPARSE, 0},
    };
    check_ints(cases, RX_ARRAY_LEN(cases), any_duration);
    int64_t value = 1;
    assert_int_equal(rx_parse_duration_ms(RX_STR("9s"), 10000, 86400000, &value), RX_ELIMIT);
    assert_int_equal(rx_parse_duration_ms(RX_STR("25h"), 10000, 86400000, &value), RX_ELIMIT);
    assert_int_equal(value, 1);
}

static void test_rfc3339(void **state)
{
    (void)state;
    static const struct int_case cases[] = {
        {"1970-01-01T00:00:00Z", 0, 0},
        {"1970-01-01T00:00:00.000000001Z", 0, 1},
        {"1969-12-31T23:59:59.999999999Z", 0, -1},
        {"2026-01-02T03:04:05.678Z", 0, 1767323045678000000},
        {"2026-01-02T03:04:05+02:00", 0, 1767315845000000000},
        {"2026-01-02T03:04:05-05:30", 0, 1767342845000000000},
        {"2026-01-02t03:04:05z", 0, 1767323045000000000},
        {"2000-02-29T00:00:00Z", 0, 951782400000000000},
        {"2024-02-29T12:00:00Z", 0, 1709208000000000000},
        {"2024-12-31T23:59:59.123456Z", 0, 1735689599123456000},
        {"1900-02-28T00:00:00Z", 0, -2203977600000000000},
        {"1677-09-21T00:12:44Z", 0, -9223372036000000000},
        {"2262-04-11T23:47:16.854775807Z", 0, INT64_MAX},
        {"2262-04-11T23:47:16.854775808Z", RX_ELIMIT, 0},
        {"9999-12-31T23:59:59Z", RX_ELIMIT, 0},
        {"0000-01-01T00:00:00Z", RX_ELIMIT, 0},
        {"1900-02-29T00:00:00Z", RX_EPARSE, 0},
        {"2023-02-29T00:00:00Z", RX_EPARSE, 0},
        {"2023-04-31T00:00:00Z", RX_EPARSE, 0},
        {"2023-13-01T00:00:00Z", RX_EPARSE, 0},
        {"2023-00-01T00:00:00Z", RX_EPARSE, 0},
        {"2023-01-00T00:00:00Z", RX_EPARSE, 0},
        {"2023-01-01T24:00:00Z", RX_EPARSE, 0},
        {"2023-01-01T00:60:00Z", RX_EPARSE, 0},
        {"2023-01-01T00:00:60Z", RX_EPARSE, 0},
        {"2023-01-01T00:00:00", RX_EPARSE, 0},
        {"2023-01-01 00:00:00Z", RX_EPARSE, 0},
        {"2023-01-01T00:00:00.Z", RX_EPARSE, 0},
        {"2023-01-01T00:00:00.1234567890Z", RX_EPARSE, 0},
        {"2023-01-01T00:00:00+0100", RX_EPARSE, 0},
        {"2023-01-01T00:00:00+24:00", RX_EPARSE, 0},
        {"2023-01-01T00:00:00ZZ", RX_EPARSE, 0},
        {"23-01-01T00:00:00Z", RX_EPARSE, 0},
        {"2023-1-01T00:00:00Z", RX_EPARSE, 0},
        {"2023-01-01T-1:00:00Z", RX_EPARSE, 0},
        {"", RX_EPARSE, 0},
    };
    check_ints(cases, RX_ARRAY_LEN(cases), rx_parse_rfc3339_ns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_i64),       cmocka_unit_test(test_u64_and_hex),
        cmocka_unit_test(test_hex_bytes), cmocka_unit_test(test_double),
        cmocka_unit_test(test_bool),      cmocka_unit_test(test_duration),
        cmocka_unit_test(test_rfc3339),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
