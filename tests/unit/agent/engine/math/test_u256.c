// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/math/u256.h"

#include <math.h>

#include "tests/support/test.h"

#define MAX_DECIMAL "115792089237316195423570985008687907853269984665640564039457584007913129639935"

static struct rx_u256 parse(const char *text)
{
    struct rx_u256 value = {{7, 7, 7, 7}};
    assert_int_equal(rx_u256_parse(rx_str_of(text), &value), 0);
    return value;
}

static void test_parse(void **state)
{
    (void)state;
    struct rx_u256 value = parse("0");
    assert_true(rx_u256_is_zero(&value));
    value = parse("18446744073709551616");
    assert_int_equal(value.limb[0], 0);
    assert_int_equal(value.limb[1], 1);
    value = parse(MAX_DECIMAL);
    struct rx_u256 hex =
        parse("0xffffffffffffffffffffffffffffffffFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF");
    assert_int_equal(rx_u256_cmp(&value, &hex), 0);
    for (int i = 0; i < 4; i++) {
        assert_true(value.limb[i] == UINT64_MAX);
    }
    value = parse("0x0100000000000000000000000000000002");
    assert_int_equal(value.limb[0], 2);
    assert_int_equal(value.limb[2], 1);
}

static void test_parse_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int code;
    } cases[] = {
        {"", RX_EPARSE},
        {"0x", RX_EPARSE},
        {"-1", RX_EPARSE},
        {"+1", RX_EPARSE},
        {" 1", RX_EPARSE},
        {"1 ", RX_EPARSE},
        {"1.0", RX_EPARSE},
        {"1e3", RX_EPARSE},
        {"NaN", RX_EPARSE},
        {"0xg", RX_EPARSE},
        {"0X1", RX_EPARSE},
        {"12a", RX_EPARSE},
        {"115792089237316195423570985008687907853269984665640564039457584007913129639936",
         RX_ELIMIT},
        {"0x10000000000000000000000000000000000000000000000000000000000000000", RX_ELIMIT},
        {"9999999999999999999999999999999999999999999999999999999999999999999999999999999999x",
         RX_EPARSE},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        struct rx_u256 value = {{1, 2, 3, 4}};
        assert_int_equal(rx_u256_parse(rx_str_of(cases[i].text), &value), cases[i].code);
        assert_int_equal(value.limb[3], 4);
    }
}

static void test_arithmetic(void **state)
{
    (void)state;
    struct rx_u256 max = parse(MAX_DECIMAL);
    struct rx_u256 one = parse("1");
    struct rx_u256 out;
    assert_false(rx_u256_add(&max, &one, &out));
    assert_true(rx_u256_is_zero(&out));
    struct rx_u256 zero = {{0}};
    assert_false(rx_u256_sub(&zero, &one, &out));
    assert_int_equal(rx_u256_cmp(&out, &max), 0);
    struct rx_u256 a = parse("0xffffffffffffffffffffffffffffffff");
    assert_true(rx_u256_add(&a, &one, &out));
    assert_int_equal(out.limb[2], 1);
    assert_int_equal(out.limb[1], 0);
    assert_true(rx_u256_sub(&out, &one, &out));
    assert_int_equal(rx_u256_cmp(&out, &a), 0);
    assert_int_equal(rx_u256_cmp(&one, &a), -1);
    assert_int_equal(rx_u256_cmp(&a, &one), 1);
    /* A borrow that runs through a limb of ones. */
    struct rx_u256 b = {{0, UINT64_MAX, 0, 0}};
    struct rx_u256 c = {{0, 0, 1, 0}};
    struct rx_u256 d = {{1, UINT64_MAX, 0, 0}};
    assert_true(rx_u256_sub(&c, &d, &out));
    assert_true(out.limb[0] == UINT64_MAX && out.limb[1] == 0 && out.limb[2] == 0);
    assert_true(rx_u256_sub(&c, &b, &out));
    assert_true(out.limb[0] == 0 && out.limb[1] == 1 && out.limb[2] == 0);
}

static void test_convert(void **state)
{
    (void)state;
    unsigned char bytes[32] = {0};
    bytes[31] = 5;
    bytes[15] = 1;
    bytes[0] = 0x80;
    struct rx_u256 value = rx_u256_from_be(bytes);
    assert_true(value.limb[0] == 5 && value.limb[2] == 1 && value.limb[3] == 1ull << 63);
    rx_u128 narrow = 42;
    assert_false(rx_u256_to_u128(&value, &narrow));
    assert_true(narrow == 42);
    value = rx_u256_of(RX_UINT112_MAX);
    assert_true(rx_u256_to_u128(&value, &narrow));
    assert_true(narrow == RX_UINT112_MAX);
}

static void test_to_double(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
    } cases[] = {
        {"0", 0},
        {"1", 1},
        {"9007199254740993", 9007199254740992.0}, /* 2^53 + 1: tie to even */
        {"9007199254740995", 9007199254740996.0},
        {"0x20000000000001", 9007199254740992.0},
        /* 2^53 + 1 shifted by 64: a tie; with one more bit far below it rounds up. */
        {"0x200000000000010000000000000000", 0x1p117},
        {"0x200000000000010000000000000001", 0x1.0000000000001p117},
        {"0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 0x1p256},
        {"123456789012345678901234567890", 123456789012345678901234567890.0},
        {"5192296858534827628530496329220095", 5192296858534827628530496329220095.0},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        struct rx_u256 value = parse(cases[i].text);
        assert_true(rx_u256_to_double(&value) == cases[i].value);
    }
    /* Agrees with the compiler's conversion wherever both apply. */
    rx_u128 x = 1;
    for (int i = 0; i < 2000; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        rx_u128 shifted = x >> (i % 128);
        struct rx_u256 value = rx_u256_of(shifted);
        assert_true(rx_u256_to_double(&value) == (double)shifted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),      cmocka_unit_test(test_parse_refuses),
        cmocka_unit_test(test_arithmetic), cmocka_unit_test(test_convert),
        cmocka_unit_test(test_to_double),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
