// SPDX-License-Identifier: Apache-2.0
#include "common/base/format.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "tests/support/test.h"

static void test_integers(void **state)
{
    (void)state;
    char text[RX_FORMAT_LEN];
    assert_int_equal(rx_format_i64(0, text), 1);
    assert_string_equal(text, "0");
    assert_int_equal(rx_format_i64(INT64_MIN, text), 20);
    assert_string_equal(text, "-9223372036854775808");
    (void)rx_format_i64(INT64_MAX, text);
    assert_string_equal(text, "9223372036854775807");
    (void)rx_format_u64(UINT64_MAX, text);
    assert_string_equal(text, "18446744073709551615");
}

static void test_doubles(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0.0, "0"},
        {-0.0, "-0.0"},
        {1.0, "1"},
        {-1.5, "-1.5"},
        {0.1, "0.1"},
        {0.3, "0.3"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1.0 / 3, "0.3333333333333333"},
        {123456789.125, "123456789.125"},
        {1e15, "1000000000000000"},
        {1e16, "10000000000000000"},
        {1e17, "1e17"},
        {1.5e300, "1.5e300"},
        {0.00001, "0.00001"},
        {0.000001, "1e-6"},
        {1.25e-7, "1.25e-7"},
        {5e-324, "5e-324"},
        {DBL_MAX, "1.7976931348623157e308"},
        {DBL_MIN, "2.2250738585072014e-308"},
        {9007199254740993.0, "9007199254740992"},
        {123456789012345680.0, "1.2345678901234568e17"},
        {(double)NAN, "nan"},
        {(double)INFINITY, "inf"},
        {-(double)INFINITY, "-inf"},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        char text[RX_FORMAT_LEN];
        size_t n = rx_format_double(cases[i].value, text);
        assert_string_equal(text, cases[i].text);
        assert_int_equal(n, strlen(text));
    }
}

/* A fixed xorshift sequence: the same bits on every run. */
static uint64_t next_bits(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void check_round_trip(double value)
{
    char text[RX_FORMAT_LEN];
    size_t n = rx_format_double(value, text);
    double back = strtod(text, NULL);
    if (memcmp(&back, &value, sizeof(back)) != 0 || n >= RX_FORMAT_LEN) {
        fail_msg("%a became %s", value, text);
    }
}

static void test_round_trip(void **state)
{
    (void)state;
    uint64_t seed = 0x9e3779b97f4a7c15;
    for (int i = 0; i < 200000; i++) {
        uint64_t bits = next_bits(&seed);
        double value;
        memcpy(&value, &bits, sizeof(value));
        if (isfinite(value)) {
            check_round_trip(value);
        }
        /* Numbers of the sizes that are usual here. */
        check_round_trip((double)(bits >> 11) / 9007199254740992.0);
        check_round_trip((double)(bits % 1000000007) / 1000);
        check_round_trip((double)bits);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_doubles),
        cmocka_unit_test(test_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
