// SPDX-License-Identifier: Apache-2.0
#include "common/yaml/scalar.h"

#include "common/json/read.h"
#include "tests/support/test.h"

#define CORE "tag:yaml.org,2002:"

static void test_plain(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", "null"},
        {"~", "null"},
        {"null", "null"},
        {"NULL", "null"},
        {"nULL", "\"nULL\""},
        {"true", "true"},
        {"True", "true"},
        {"FALSE", "false"},
        {"tRUE", "\"tRUE\""},
        {"yes", "true"},
        {"Y", "true"},
        {"ON", "true"},
        {"off", "false"},
        {"No", "false"},
        {"n", "false"},
        {"yES", "\"yES\""},
        {"oN", "\"oN\""},
        {"0", "0"},
        {"-0", "-0"},
        {"+12", "12"},
        {"-12", "-12"},
        {"123456789012345678901234567890", "123456789012345678901234567890"},
        {"0x1F", "31"},
        {"0xffffffffffffffff", "18446744073709551615"},
        {"0o17", "15"},
        {"0o8", "\"0o8\""},
        {"0xg", "\"0xg\""},
        {"0x", "\"0x\""},
        {"0b1", "\"0b1\""},
        {"1_000", "\"1_000\""},
        {"1.5", "1.5"},
        {"1.", "1.0"},
        {".5", "0.5"},
        {"-.5e3", "-0.5e3"},
        {"+1.5", "1.5"},
        {"00.5", "0.5"},
        {"1e3", "1.0e3"},
        {"1E-3", "1.0e-3"},
        {"1e+3", "1.0e+3"},
        {".", "\".\""},
        {"e3", "\"e3\""},
        {"1e", "\"1e\""},
        {"1.2.3", "\"1.2.3\""},
        {"12:30:45", "\"12:30:45\""},
        {"2026-01-02", "\"2026-01-02\""},
        {"500m", "\"500m\""},
        {"256Mi", "\"256Mi\""},
        {"-", "\"-\""},
        {"=", "\"=\""},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        rx_auto(buf) struct rx_buf out = RX_BUF_INIT(4096);
        const char *why = NULL;
        assert_int_equal(rx_yaml_add_scalar(&out, rx_str_of(cases[i][0]), true, NULL, &why), 0);
        assert_buf(&out, cases[i][1]);
        /* Whatever comes out is JSON. */
        rx_auto(json_doc) struct rx_json_doc *doc = NULL;
        struct rx_error err;
        assert_ok(rx_json_parse(rx_buf_str(&out), NULL, &doc, &err), &err);
    }
}

static void test_quoted(void **state)
{
    (void)state;
    static const char *const cases[] = {"", "1", "true", "null", ".inf", "0644"};
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        rx_auto(buf) struct rx_buf out = RX_BUF_INIT(4096);
        rx_auto(buf) struct rx_buf want = RX_BUF_INIT(4096);
        const char *why = NULL;
        rx_buf_printf(&want, "\"%s\"", cases[i]);
        assert_int_equal(rx_yaml_add_scalar(&out, rx_str_of(cases[i]), false, NULL, &why), 0);
        assert_buf(&out, want.p);
        rx_buf_clear(&out);
        assert_int_equal(rx_yaml_add_scalar(&out, rx_str_of(cases[i]), true, CORE "str", &why), 0);
        assert_buf(&out, want.p);
    }
}

static void test_tags(void **state)
{
    (void)state;
    static const struct {
        const char *text, *tag, *json; /* json NULL = refused */
    } cases[] = {
        {"1", CORE "int", "1"},       {"1", CORE "float", "1"},   {"1.5", CORE "float", "1.5"},
        {"1.5", CORE "int", NULL},    {"x", CORE "int", NULL},    {"true", CORE "bool", "true"},
        {"yes", CORE "bool", "true"}, {"", CORE "null", "null"},  {"x", CORE "null", NULL},
        {"1", "!", "\"1\""},          {"1", "!mine", NULL},       {"1", CORE "timestamp", NULL},
        {".inf", CORE "float", NULL}, {"0x1f", CORE "int", "31"},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        rx_auto(buf) struct rx_buf out = RX_BUF_INIT(4096);
        const char *why = NULL;
        int r = rx_yaml_add_scalar(&out, rx_str_of(cases[i].text), true, cases[i].tag, &why);
        assert_int_equal(r == 0, cases[i].json != NULL);
        if (cases[i].json) {
            assert_buf(&out, cases[i].json);
        } else {
            assert_non_null(why);
            assert_buf(&out, "");
        }
    }
}

static void test_too_long_number(void **state)
{
    (void)state;
    char digits[600];
    memset(digits, '1', sizeof(digits));
    digits[1] = '.';
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(4096);
    const char *why = NULL;
    assert_int_equal(
        rx_yaml_add_scalar(&out, (struct rx_str){digits, sizeof(digits)}, true, NULL, &why),
        RX_ELIMIT);
    assert_non_null(why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_quoted),
        cmocka_unit_test(test_tags),
        cmocka_unit_test(test_too_long_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
