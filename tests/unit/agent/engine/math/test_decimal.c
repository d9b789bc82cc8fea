// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/math/decimal.h"

#include "tests/support/test.h"

static void test_parse_and_print(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned scale;
        const char *integer; /* value as printed with scale 0 */
        const char *back;
    } cases[] = {
        {"0", 9, "0", "0"},
        {"-0.0", 9, "0", "0"},
        {"1", 9, "1000000000", "1"},
        {"-12.5", 9, "-12500000000", "-12.5"},
        {"+.5", 1, "5", "0.5"},
        {"5.", 0, "5", "5"},
        {"3e-7", 9, "300", "0.0000003"},
        {"1.25E+3", 2, "125000", "1250"},
        {"1000000e-6", 0, "1", "1"},
        {"0.0000000005", 9, "1", "0.000000001"},
        {"0.00000000049", 9, "0", "0"},
        {"-0.99999999951", 9, "-1000000000", "-1"},
        {"0e99999", 60, "0", "0"},
        {"1e-99999", 18, "0", "0"},
        {"115792089237316195423570985008687907853269984665640564039457584007913129639935", 0,
         "115792089237316195423570985008687907853269984665640564039457584007913129639935",
         "115792089237316195423570985008687907853269984665640564039457584007913129639935"},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        struct rx_u256 value;
        bool negative;
        assert_int_equal(
            rx_decimal_parse(rx_str_of(cases[i].text), cases[i].scale, true, &value, &negative), 0);
        rx_auto(buf) struct rx_buf out = RX_BUF_INIT(512);
        rx_decimal_add(&out, &value, 0, negative);
        assert_buf(&out, cases[i].integer);
        rx_buf_clear(&out);
        rx_decimal_add(&out, &value, cases[i].scale, negative);
        assert_buf(&out, cases[i].back);
    }
}

static void test_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned scale;
        bool round;
        int code;
    } cases[] = {
        {"", 9, true, RX_EPARSE},
        {".", 9, true, RX_EPARSE},
        {"-", 9, true, RX_EPARSE},
        {"1.2.3", 9, true, RX_EPARSE},
        {"1e", 9, true, RX_EPARSE},
        {"1e+", 9, true, RX_EPARSE},
        {"1e+-2", 9, true, RX_EPARSE},
        {"1e5x", 9, true, RX_EPARSE},
        {"nan", 9, true, RX_EPARSE},
        {"0x10", 9, true, RX_EPARSE},
        {" 1", 9, true, RX_EPARSE},
        {"1.5", 0, false, RX_EPARSE},
        {"1e70", 9, true, RX_ELIMIT},
        {"1e999999", 9, true, RX_ELIMIT},
        {"115792089237316195423570985008687907853269984665640564039457584007913129639936", 0, true,
         RX_ELIMIT},
        {"115792089237316195423570985008687907853269984665640564039457584007913129639935.5", 0,
         true, RX_ELIMIT},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        struct rx_u256 value;
        bool negative;
        assert_int_equal(rx_decimal_parse(rx_str_of(cases[i].text), cases[i].scale, cases[i].round,
                                          &value, &negative),
                         cases[i].code);
    }
    char text[256];
    memset(text, '1', sizeof(text));
    struct rx_u256 value;
    bool negative;
    assert_int_equal(rx_decimal_parse((struct rx_str){text, 201}, 9, true, &value, &negative),
                     RX_ELIMIT);
}

/* Printing and parsing again gives the same integer, for every width and scale. */
static void test_round_trip(void **state)
{
    (void)state;
    uint64_t seed = 5;
    for (int round = 0; round < 20000; round++) {
        struct rx_u256 value;
        for (int i = 0; i < 4; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            value.limb[i] = i <= round % 4 ? seed >> (round % 60) : 0;
        }
        const unsigned scale = (unsigned)round % (RX_DECIMAL_MAX_SCALE + 1);
        const bool negative = round % 2 && !rx_u256_is_zero(&value);
        rx_auto(buf) struct rx_buf out = RX_BUF_INIT(512);
        rx_decimal_add(&out, &value, scale, negative);
        struct rx_u256 back;
        bool back_negative;
        assert_int_equal(rx_decimal_parse(rx_buf_str(&out), scale, false, &back, &back_negative),
                         0);
        assert_int_equal(rx_u256_cmp(&value, &back), 0);
        assert_int_equal(back_negative, negative);
    }
}

static void test_powers(void **state)
{
    (void)state;
    for (unsigned e = 0; e <= 77; e++) {
        char text[80];
        memset(text, '0', sizeof(text));
        text[0] = '1';
        struct rx_u256 expected;
        assert_int_equal(rx_u256_parse((struct rx_str){text, e + 1}, &expected), 0);
        const struct rx_u256 power = rx_decimal_power(e);
        assert_int_equal(rx_u256_cmp(&power, &expected), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_and_print),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_powers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
