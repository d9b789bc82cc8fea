// SPDX-License-Identifier: Apache-2.0
#include "common/json/write.h"

#include <math.h>

#include "tests/support/test.h"
#include "tests/support/torture.h"

static void test_structure(void **state)
{
    (void)state;
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(4096);
    struct rx_jw w;
    rx_jw_init(&w, &out);
    rx_jw_begin_object(&w);
    rx_jw_kv_str(&w, "s", RX_STR("x"));
    rx_jw_kv_cstr(&w, "c", NULL);
    rx_jw_kv_i64(&w, "i", INT64_MIN);
    rx_jw_kv_double(&w, "d", 0.1);
    rx_jw_kv_double(&w, "nan", (double)NAN);
    rx_jw_kv_double(&w, "inf", (double)INFINITY);
    rx_jw_kv_bool(&w, "b", true);
    rx_jw_kv_null(&w, "n");
    rx_jw_key(&w, "a");
    rx_jw_begin_array(&w);
    rx_jw_u64(&w, UINT64_MAX);
    rx_jw_begin_array(&w);
    rx_jw_end_array(&w);
    rx_jw_begin_object(&w);
    rx_jw_end_object(&w);
    rx_jw_raw(&w, RX_STR("{\"raw\":1}"));
    rx_jw_end_array(&w);
    rx_jw_key_str(&w, RX_STR("last"));
    rx_jw_double(&w, -0.0);
    rx_jw_end_object(&w);
    assert_buf(&out, "{\"s\":\"x\",\"c\":null,\"i\":-9223372036854775808,\"d\":0.1,\"nan\":null,"
                     "\"inf\":null,\"b\":true,\"n\":null,\"a\":[18446744073709551615,[],{},"
                     "{\"raw\":1}],\"last\":-0.0}");
}

static void test_strings(void **state)
{
    (void)state;
    static const struct {
        const char *text, *json;
    } cases[] = {
        {"", "\"\""},
        {"plain /", "\"plain /\""},
        {"\"\\\b\f\n\r\t", "\"\\\"\\\\\\b\\f\\n\\r\\t\""},
        {"\x01\x1f\x7f", "\"\\u0001\\u001f\x7f\""},
        {"\xc3\xa9\xf0\x9f\x98\x80", "\"\xc3\xa9\xf0\x9f\x98\x80\""},
        {"a\xff"
         "b\xc3",
         "\"a\xef\xbf\xbd"
         "b\xef\xbf\xbd\""},
        {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        rx_auto(buf) struct rx_buf out = RX_BUF_INIT(4096);
        rx_json_add_string(&out, rx_str_of(cases[i].text));
        assert_buf(&out, cases[i].json);
    }
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(4096);
    rx_json_add_string(&out, (struct rx_str){"a\0b", 3});
    assert_buf(&out, "\"a\\u0000b\"");
}

static void test_every_character_reads_back(void **state)
{
    (void)state;
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(8u << 20);
    for (unsigned c = 0; c < 0x10ffff; c += c < 0x900 ? 1 : 0x101) {
        if (c >= 0xd800 && c <= 0xdfff) {
            continue;
        }
        if (c < 0x80) {
            rx_buf_putc(&text, (char)c);
        } else if (c < 0x800) {
            rx_buf_add(&text, (char[]){(char)(0xc0 | c >> 6), (char)(0x80 | (c & 63))}, 2);
        } else if (c < 0x10000) {
            rx_buf_add(&text,
                       (char[]){(char)(0xe0 | c >> 12), (char)(0x80 | (c >> 6 & 63)),
                                (char)(0x80 | (c & 63))},
                       3);
        } else {
            rx_buf_add(&text,
                       (char[]){(char)(0xf0 | c >> 18), (char)(0x80 | (c >> 12 & 63)),
                                (char)(0x80 | (c >> 6 & 63)), (char)(0x80 | (c & 63))},
                       4);
        }
    }
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(8u << 20);
    rx_json_add_string(&out, rx_buf_str(&text));
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    struct rx_error err;
    assert_ok(rx_json_parse(rx_buf_str(&out), NULL, &doc, &err), &err);
    assert_true(rx_str_eq(rx_json_str(rx_json_root(doc)), rx_buf_str(&text)));
}

static void test_copy_of_parsed_values(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "null",
        "true",
        "-12",
        "9223372036854775808",
        "18446744073709551615",
        "0.30000000000000004",
        "1e300",
        "-0.0",
        "\"\\u0000\xc3\xa9\"",
        "[]",
        "{}",
        "[1,[2,{\"a\":[]}],\"x\"]",
        "{\"b\":1,\"a\":{\"d\":null,\"c\":[true,false]}}",
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        rx_auto(json_doc) struct rx_json_doc *doc = NULL;
        rx_auto(buf) struct rx_buf out = RX_BUF_INIT(4096);
        struct rx_error err;
        struct rx_jw w;
        assert_ok(rx_json_parse(rx_str_of(cases[i]), NULL, &doc, &err), &err);
        rx_jw_init(&w, &out);
        rx_jw_value(&w, rx_json_root(doc));
        assert_buf(&out, cases[i]);
    }
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(4096);
    struct rx_jw w;
    rx_jw_init(&w, &out);
    rx_jw_value(&w, NULL);
    assert_buf(&out, "null");
}

/* A value of the deepest kind that the reader takes, below levels of our own. */
static void test_deep_copies_are_no_assertion(void **state)
{
    (void)state;
    char text[128];
    memset(text, '[', 64);
    memset(text + 64, ']', 64);
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    struct rx_error err;
    assert_ok(rx_json_parse((struct rx_str){text, 128}, NULL, &doc, &err), &err);
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(4096);
    struct rx_jw w;
    rx_jw_init(&w, &out);
    for (int i = 0; i < RX_JW_MAX_DEPTH; i++) {
        rx_jw_begin_array(&w);
    }
    rx_jw_value(&w, rx_json_root(doc));
    for (int i = 0; i < RX_JW_MAX_DEPTH; i++) {
        rx_jw_end_array(&w);
    }
    assert_int_equal(out.n, 256);
}

static int write_much(void *arg)
{
    (void)arg;
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(1u << 20);
    struct rx_jw w;
    rx_jw_init(&w, &out);
    rx_jw_begin_array(&w);
    for (int i = 0; i < 1000; i++) {
        rx_jw_cstr(&w, "text \n");
    }
    rx_jw_end_array(&w);
    return rx_buf_error(&out, NULL);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    assert_true(rx_torture_alloc(write_much, NULL) >= 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_structure),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_every_character_reads_back),
        cmocka_unit_test(test_copy_of_parsed_values),
        cmocka_unit_test(test_deep_copies_are_no_assertion),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
