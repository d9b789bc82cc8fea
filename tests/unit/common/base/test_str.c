// SPDX-License-Identifier: Apache-2.0
#include "common/base/str.h"

#include <errno.h>

#include "tests/support/test.h"
#include "tests/support/torture.h"

static void test_compare(void **state)
{
    (void)state;
    assert_true(rx_str_eq(RX_STR("abc"), rx_str_of("abc")));
    assert_false(rx_str_eq(RX_STR("abc"), RX_STR("abd")));
    assert_false(rx_str_eq(RX_STR("abc"), RX_STR("ab")));
    assert_true(rx_str_eq((struct rx_str){NULL, 0}, RX_STR("")));
    assert_true(rx_str_eq_nocase(RX_STR("X-Api-Key"), RX_STR("x-API-kEY")));
    assert_false(rx_str_eq_nocase(RX_STR("["), RX_STR("{")));
    assert_true(rx_str_is(RX_STR("abc"), "abc"));
    assert_true(rx_str_starts(RX_STR("abc"), RX_STR("ab")));
    assert_true(rx_str_starts(RX_STR("abc"), RX_STR("")));
    assert_false(rx_str_starts(RX_STR("a"), RX_STR("ab")));
    assert_true(rx_str_ends(RX_STR("abc"), RX_STR("bc")));
    assert_false(rx_str_ends(RX_STR("c"), RX_STR("bc")));
    assert_true(rx_str_eq_secret(RX_STR("same"), RX_STR("same")));
    assert_false(rx_str_eq_secret(RX_STR("same"), RX_STR("sama")));
    assert_false(rx_str_eq_secret(RX_STR("same"), RX_STR("samee")));
}

static void test_trim_and_find(void **state)
{
    (void)state;
    assert_str(rx_str_trim(RX_STR(" \t\r\n a b \v\f")), "a b");
    assert_str(rx_str_trim(RX_STR("  ")), "");
    assert_int_equal(rx_str_find(RX_STR("a=b=c"), '='), 1);
    assert_int_equal(rx_str_find(RX_STR("abc"), '='), -1);
    assert_int_equal(rx_str_find((struct rx_str){NULL, 0}, '='), -1);
}

static void test_cut(void **state)
{
    (void)state;
    struct rx_str rest = RX_STR("a,,b");
    struct rx_str part;
    assert_true(rx_str_cut(&rest, ',', &part));
    assert_str(part, "a");
    assert_true(rx_str_cut(&rest, ',', &part));
    assert_str(part, "");
    assert_true(rx_str_cut(&rest, ',', &part));
    assert_str(part, "b");
    assert_false(rx_str_cut(&rest, ',', &part));
    rest = RX_STR("");
    assert_true(rx_str_cut(&rest, ',', &part));
    assert_str(part, "");
    assert_false(rx_str_cut(&rest, ',', &part));
    rest = RX_STR("x,");
    assert_true(rx_str_cut(&rest, ',', &part));
    assert_true(rx_str_cut(&rest, ',', &part));
    assert_str(part, "");
    assert_false(rx_str_cut(&rest, ',', &part));
}

static void test_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        bool valid;
    } cases[] = {
        {"", true},
        {"plain", true},
        {"\xc3\xa9", true},
        {"\xe2\x82\xac", true},
        {"\xf0\x9f\x98\x80", true},
        {"\xf4\x8f\xbf\xbf", true},  /* U+10FFFF */
        {"\xf4\x90\x80\x80", false}, /* above it */
        {"\xc0\x80", false},         /* overlong NUL */
        {"\xc1\xbf", false},
        {"\xe0\x9f\xbf", false}, /* overlong */
        {"\xe0\xa0\x80", true},
        {"\xed\x9f\xbf", true},
        {"\xed\xa0\x80", false}, /* surrogate */
        {"\xf0\x8f\xbf\xbf", false},
        {"\x80", false},
        {"\xff", false},
        {"\xc3", false},
        {"\xe2\x82", false},
        {"\xe2\x28\xa1", false},
        {"a\xf5\x80\x80\x80", false},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        if (rx_str_is_utf8(rx_str_of(cases[i].bytes)) != cases[i].valid) {
            fail_msg("case %zu", i);
        }
    }
    assert_false(rx_str_is_utf8((struct rx_str){"a\0b", 3}));
    assert_int_equal(rx_utf8_len(RX_STR("a\xe2\x82\xac"), 1), 3);
    assert_int_equal(rx_utf8_len(RX_STR("a"), 1), 0);
}

static int duplicate(void *arg)
{
    (void)arg;
    rx_autofree char *copy = rx_str_dup(RX_STR("text"));
    if (!copy) {
        return -ENOMEM;
    }
    assert_string_equal(copy, "text");
    return 0;
}

static void test_dup(void **state)
{
    (void)state;
    assert_int_equal(rx_torture_alloc(duplicate, NULL), 1);
    rx_autofree char *empty = rx_str_dup((struct rx_str){NULL, 0});
    assert_string_equal(empty, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compare), cmocka_unit_test(test_trim_and_find),
        cmocka_unit_test(test_cut),     cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_dup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
