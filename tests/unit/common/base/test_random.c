// SPDX-License-Identifier: Apache-2.0
#include "common/base/random.h"

#include "tests/support/test.h"

static void test_bytes(void **state)
{
    (void)state;
    unsigned char a[32] = {0};
    unsigned char b[32] = {0};
    rx_random_bytes(a, sizeof(a));
    rx_random_bytes(b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
}

static void test_below(void **state)
{
    (void)state;
    unsigned seen = 0;
    for (int i = 0; i < 1000; i++) {
        uint64_t value = rx_random_below(6);
        assert_in_range(value, 0, 5);
        seen |= 1u << value;
    }
    assert_int_equal(seen, 0x3f);
    assert_int_equal(rx_random_below(1), 0);
}

static void test_uuid(void **state)
{
    (void)state;
    char text[37];
    rx_random_uuid(text);
    assert_int_equal(strlen(text), 36);
    assert_int_equal(text[14], '4');
    assert_non_null(strchr("89ab", text[19]));
    assert_int_equal(strspn(text, "0123456789abcdef-"), 36);
    assert_int_equal(text[8], '-');
    assert_int_equal(text[23], '-');
}

static void test_base64url(void **state)
{
    (void)state;
    static const size_t lengths[][2] = {{0, 0}, {1, 2}, {2, 3}, {3, 4}, {32, 43}};
    for (size_t i = 0; i < RX_ARRAY_LEN(lengths); i++) {
        char text[64];
        rx_random_base64url(text, lengths[i][0]);
        assert_int_equal(strlen(text), lengths[i][1]);
        assert_int_equal(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                      "0123456789-_"),
                         lengths[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_below),
        cmocka_unit_test(test_uuid),
        cmocka_unit_test(test_base64url),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
