// SPDX-License-Identifier: Apache-2.0
#include "common/json/read.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "tests/support/test.h"
#include "tests/support/torture.h"

static struct rx_json_doc *parse(const char *text)
{
    struct rx_json_doc *doc = NULL;
    struct rx_error err;
    assert_ok(rx_json_parse(rx_str_of(text), NULL, &doc, &err), &err);
    return doc;
}

static void test_accessors(void **state)
{
    (void)state;
    rx_auto(json_doc) struct rx_json_doc *doc =
        parse(" {\"s\":\"a\\u00e9\\n\",\"i\":-5,\"r\":1.5,\"t\":true,\"n\":null,"
              "\"a\":[1,\"x\",[2]],\"o\":{\"p\":{\"q\":7}},\"z\":\"a\\u0000b\",\"\":1} ");
    const struct rx_json *root = rx_json_root(doc);
    assert_string_equal(rx_json_type_name(root), "object");
    assert_int_equal(rx_json_len(root), 9);
    assert_str(rx_json_str(rx_json_get(root, "s")), "a\xc3\xa9\n");
    assert_string_equal(rx_json_cstr(rx_json_get(root, "s"), "-"), "a\xc3\xa9\n");
    assert_string_equal(rx_json_cstr(rx_json_get(root, "i"), "-"), "-");
    assert_int_equal(rx_json_i64(rx_json_get(root, "i"), 0), -5);
    assert_int_equal(rx_json_i64(rx_json_get(root, "r"), 9), 9);
    assert_true(rx_json_double(rx_json_get(root, "r"), 0) >= 1.5);
    assert_true(rx_json_double(rx_json_get(root, "i"), 0) <= -5);
    assert_true(rx_json_bool(rx_json_get(root, "t"), false));
    assert_true(rx_json_bool(rx_json_get(root, "i"), true));
    assert_int_equal(rx_json_type(rx_json_get(root, "n")), RX_JSON_NULL);
    assert_int_equal(rx_json_type(rx_json_get(root, "t")), RX_JSON_BOOL);
    assert_int_equal(rx_json_type(rx_json_get(root, "r")), RX_JSON_REAL);
    assert_int_equal(rx_json_i64(rx_json_at(root, "o.p.q"), 0), 7);
    assert_null(rx_json_at(root, "o.x.q"));
    assert_null(rx_json_at(root, "i.x"));
    assert_int_equal(rx_json_i64(rx_json_get(root, ""), 0), 1);
    const struct rx_json *array = rx_json_get(root, "a");
    assert_int_equal(rx_json_len(array), 3);
    assert_str(rx_json_str(rx_json_item(array, 1)), "x");
    assert_null(rx_json_item(array, 3));
    assert_null(rx_json_get(array, "s"));
    /* A string with a NUL inside is a view, never a C string. */
    assert_int_equal(rx_json_str(rx_json_get(root, "z")).n, 3);
    assert_string_equal(rx_json_cstr(rx_json_get(root, "z"), "-"), "-");
}

static void test_missing(void **state)
{
    (void)state;
    assert_int_equal(rx_json_type(NULL), RX_JSON_MISSING);
    assert_string_equal(rx_json_type_name(NULL), "missing");
    assert_null(rx_json_get(NULL, "x"));
    assert_null(rx_json_at(NULL, "x.y"));
    assert_null(rx_json_item(NULL, 0));
    assert_int_equal(rx_json_len(NULL), 0);
    assert_null(rx_json_str(NULL).p);
    assert_null(rx_json_cstr(NULL, NULL));
    assert_int_equal(rx_json_i64(NULL, 3), 3);
    assert_int_equal(rx_json_u64(NULL, 3), 3);
    assert_true(rx_json_bool(NULL, true));
    assert_null(rx_json_root(NULL));
    rx_json_doc_free(NULL);
    RX_JSON_FOREACH (it, NULL) {
        fail();
    }
}

static void test_iteration(void **state)
{
    (void)state;
    rx_auto(json_doc) struct rx_json_doc *doc =
        parse("{\"a\":[],\"b\":{\"x\":[1,{}]},\"c\":3,\"d\":[[1,2],[3],4]}");
    const char *const keys[] = {"a", "b", "c", "d"};
    size_t n = 0;
    RX_JSON_FOREACH (it, rx_json_root(doc)) {
        assert_int_equal(it.index, n);
        assert_str(it.key, keys[n]);
        assert_ptr_equal(it.value, rx_json_get(rx_json_root(doc), keys[n]));
        n++;
    }
    assert_int_equal(n, 4);
    const struct rx_json *array = rx_json_get(rx_json_root(doc), "d");
    n = 0;
    RX_JSON_FOREACH (it, array) {
        assert_ptr_equal(it.value, rx_json_item(array, n));
        n++;
    }
    assert_int_equal(n, 3);
    RX_JSON_FOREACH (it, rx_json_get(rx_json_root(doc), "c")) {
        fail();
    }
}

static void test_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum rx_json_type type;
        int64_t i64;
        uint64_t u64;
        double real;
    } cases[] = {
        {"0", RX_JSON_INT, 0, 0, 0},
        {"9223372036854775807", RX_JSON_INT, INT64_MAX, INT64_MAX, 0x1p63},
        {"-9223372036854775808", RX_JSON_INT, INT64_MIN, 99, -0x1p63},
        {"9223372036854775808", RX_JSON_REAL, 99, (uint64_t)1 << 63, 0x1p63},
        {"18446744073709551615", RX_JSON_REAL, 99, UINT64_MAX, 0x1p64},
        {"18446744073709551616", RX_JSON_REAL, 99, 99, 0x1p64},
        {"-9223372036854775809", RX_JSON_REAL, 99, 99, -0x1p63},
        {"1e0", RX_JSON_REAL, 99, 99, 1},
        {"1.0", RX_JSON_REAL, 99, 99, 1},
        {"5e-324", RX_JSON_REAL, 99, 99, 5e-324},
        {"1e-400", RX_JSON_REAL, 99, 99, 0},
        {"0.1", RX_JSON_REAL, 99, 99, 0.1},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        rx_auto(json_doc) struct rx_json_doc *doc = parse(cases[i].text);
        const struct rx_json *root = rx_json_root(doc);
        double real = rx_json_double(root, -1);
        assert_int_equal(rx_json_type(root), cases[i].type);
        assert_true(rx_json_i64(root, 99) == cases[i].i64);
        assert_true(rx_json_u64(root, 99) == cases[i].u64);
        assert_memory_equal(&real, &cases[i].real, sizeof(real));
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "line 1 column 1: empty text"},
        {"  ", "line 1 column "},
        {"{", "line 1 column "},
        {"[1,]", "line 1 column "},
        {"{\"a\":1,}", "line 1 column "},
        {"{a:1}", "line 1 column 2"},
        {"[1 2]", "line 1 column 4"},
        {"[1]x", "line 1 column 4"},
        {"1 2", "line 1 column 3"},
        {"nul", "line 1 column "},
        {"'a'", "line 1 column 1"},
        {"\"a\nb\"", "line "},
        {"\"\\x\"", "line 1 column "},
        {"\"\\ud800\"", "line 1 column "},
        {"\"a", "line 1 column "},
        {"\"\xff\"", "line 1 column "},
        {"\"\xed\xa0\x80\"", "line 1 column "},
        {"\xef\xbb\xbf{}", "line 1 column 1"},
        {"1e400", "line 1 column "},
        {"-1e400", "line 1 column "},
        {"01", "line 1 column "},
        {"1.", "line 1 column "},
        {".5", "line 1 column "},
        {"+1", "line 1 column "},
        {"NaN", "line 1 column "},
        {"Infinity", "line 1 column "},
        {"[1,\n 2,\n x]", "line 3 column 2"},
        {"/* c */ 1", "line 1 column 1"},
        {"{\"a\":1,\"a\":2}", "duplicate key \"a\""},
        {"[{\"x\":{\"\\u0061\":1,\"b\":2,\"a\":3}}]", "duplicate key \"a\""},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        struct rx_json_doc *doc = NULL;
        struct rx_error err = {0};
        int r = rx_json_parse(rx_str_of(cases[i].text), NULL, &doc, &err);
        if (r != RX_EPARSE || doc || !strstr(err.msg, cases[i].message)) {
            fail_msg("%s: %d %s", cases[i].text, r, err.msg);
        }
    }
}

static void test_depth(void **state)
{
    (void)state;
    static char text[2000001];
    struct rx_json_doc *doc = NULL;
    struct rx_error err;
    memset(text, '[', 64);
    memset(text + 64, ']', 64);
    assert_ok(rx_json_parse((struct rx_str){text, 128}, NULL, &doc, &err), &err);
    rx_json_doc_free(doc);
    memset(text, '[', 65);
    memset(text + 65, ']', 65);
    assert_int_equal(rx_json_parse((struct rx_str){text, 130}, NULL, &doc, &err), RX_ELIMIT);
    assert_string_equal(err.msg, "line 1 column 65: nested deeper than 64 levels");
    /* A bomb is refused before it is built. */
    memset(text, '[', sizeof(text));
    rx_torture_fail_nth(RX_TORTURE_ALLOC, 1, ENOMEM);
    assert_int_equal(rx_json_parse((struct rx_str){text, sizeof(text)}, NULL, &doc, &err),
                     RX_ELIMIT);
    assert_false(rx_torture_disarm());
    for (size_t i = 0; i + 5 <= sizeof(text); i += 5) {
        memcpy(text + i, "{\"a\":", 5);
    }
    const struct rx_json_limits deep = {.max_depth = 100000};
    assert_int_equal(rx_json_parse((struct rx_str){text, sizeof(text)}, &deep, &doc, &err),
                     RX_ELIMIT);
    /* Brackets inside strings do not count. */
    const struct rx_json_limits flat = {.max_depth = 1};
    assert_ok(rx_json_parse(RX_STR("[\"[[[\\\"[[\\\\\",\"]\"]"), &flat, &doc, &err), &err);
    assert_int_equal(rx_json_len(rx_json_root(doc)), 2);
    rx_json_doc_free(doc);
    assert_int_equal(rx_json_parse(RX_STR("[\"\\\\\",[1]]"), &flat, &doc, &err), RX_ELIMIT);
}

static void test_limits(void **state)
{
    (void)state;
    struct rx_json_doc *doc = NULL;
    struct rx_error err;
    const struct rx_json_limits small = {.max_bytes = 4};
    assert_int_equal(rx_json_parse(RX_STR("[1,2]"), &small, &doc, &err), RX_ELIMIT);
    assert_message(&err, "at most 4");
    const struct rx_json_limits twice = {.allow_duplicate_keys = true};
    assert_ok(rx_json_parse(RX_STR("{\"a\":1,\"a\":2}"), &twice, &doc, &err), &err);
    assert_int_equal(rx_json_i64(rx_json_get(rx_json_root(doc), "a"), 0), 1);
    rx_json_doc_free(doc);
    assert_int_equal(rx_json_parse((struct rx_str){NULL, 0}, NULL, &doc, &err), RX_EPARSE);
    const struct rx_json_limits loose = {.allow_nonfinite = true};
    assert_ok(rx_json_parse(RX_STR("[NaN,-Infinity]"), &loose, &doc, &err), &err);
    assert_true(isnan(rx_json_double(rx_json_item(rx_json_root(doc), 0), 0)));
    assert_true(isinf(rx_json_double(rx_json_item(rx_json_root(doc), 1), 0)));
    rx_json_doc_free(doc);
    assert_int_equal(rx_json_parse(RX_STR("[NaN]"), NULL, &doc, &err), RX_EPARSE);
}

/* An object of n members k0, k1, ..., the last one repeated when asked for. */
static void write_object(struct rx_buf *out, int n, bool repeat)
{
    rx_buf_putc(out, '{');
    for (int i = 0; i < n; i++) {
        rx_buf_printf(out, "%s\"k%d\":%d", i ? "," : "", i, i);
    }
    rx_buf_puts(out, repeat ? ",\"k3\":0}" : "}");
}

static void test_duplicates_in_objects_of_any_size(void **state)
{
    (void)state;
    static const int sizes[] = {4, 14, 15, 16, 17, 18, 33, 1000, 100000};
    for (size_t i = 0; i < RX_ARRAY_LEN(sizes); i++) {
        rx_auto(buf) struct rx_buf text = RX_BUF_INIT(8u << 20);
        struct rx_json_doc *doc = NULL;
        struct rx_error err;
        write_object(&text, sizes[i], false);
        assert_ok(rx_json_parse(rx_buf_str(&text), NULL, &doc, &err), &err);
        assert_int_equal(rx_json_len(rx_json_root(doc)), sizes[i]);
        rx_json_doc_free(doc);
        rx_buf_clear(&text);
        write_object(&text, sizes[i], true);
        assert_int_equal(rx_json_parse(rx_buf_str(&text), NULL, &doc, &err), RX_EPARSE);
        assert_string_equal(err.msg, "duplicate key \"k3\"");
    }
}

static int parse_big(void *arg)
{
    const struct rx_buf *text = arg;
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    return rx_json_parse(rx_buf_str(text), NULL, &doc, NULL);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(1u << 20);
    write_object(&text, 200, false);
    assert_true(rx_torture_alloc(parse_big, &text) >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accessors),
        cmocka_unit_test(test_missing),
        cmocka_unit_test(test_iteration),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_duplicates_in_objects_of_any_size),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
