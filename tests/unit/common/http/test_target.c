// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/http/internal.h"

static struct rx_http_target target;

static void splits_path_and_query(void **state)
{
    (void)state;
    struct rx_error err;
    assert_int_equal(
        rx_http_target_parse(&target, RX_STR("/a%20b/%C3%A9?k=v%26w&x=1+2&flag&e="), &err), 0);
    assert_true(rx_str_is(target.path, "/a b/\xc3\xa9"));
    assert_true(rx_str_is(target.raw_query, "k=v%26w&x=1+2&flag&e="));
    assert_int_equal(target.n_params, 4);
    assert_true(rx_str_is(target.params[0].key, "k"));
    assert_true(rx_str_is(target.params[0].value, "v&w"));
    assert_true(rx_str_is(target.params[1].value, "1 2"));
    assert_true(rx_str_is(target.params[2].key, "flag"));
    assert_int_equal(target.params[2].value.n, 0);
    assert_int_equal(target.params[3].value.n, 0);
}

static void keeps_plus_in_the_path(void **state)
{
    (void)state;
    assert_int_equal(rx_http_target_parse(&target, RX_STR("/a+b"), NULL), 0);
    assert_true(rx_str_is(target.path, "/a+b"));
    assert_null(target.raw_query.p);
}

static void refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "request target: expected a path starting with /"},
        {"http://host/", "request target: expected a path starting with /"},
        {"*", "request target: expected a path starting with /"},
        {"/%", "path: expected two hex digits after % at byte 1"},
        {"/%4", "path: expected two hex digits after % at byte 1"},
        {"/%zz", "path: expected two hex digits after % at byte 1"},
        {"/%00", "path: NUL is not allowed"},
        {"/%ff", "path: expected UTF-8"},
        {"/\xc3", "path: expected UTF-8"},
        {"/?a=%0", "query: expected two hex digits after % at byte 0"},
        {"/?a=%00", "query: NUL is not allowed"},
        {"/?a=%c3%28", "query: expected UTF-8"},
        {"/?a=1&b=2&a=3", "query: expected each parameter once, got \"a\" twice"},
        {"/?a=1&%61=3", "query: expected each parameter once, got \"a\" twice"},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        struct rx_error err = {0};
        assert_int_equal(rx_http_target_parse(&target, rx_str_of(cases[i].text), &err),
                         RX_EINVALID);
        assert_string_equal(err.msg, cases[i].message);
    }
}

static void bounds_length_and_count(void **state)
{
    (void)state;
    static char text[RX_HTTP_TARGET_MAX + 2];
    memset(text, 'a', sizeof(text));
    text[0] = '/';
    assert_int_equal(rx_http_target_parse(&target, (struct rx_str){text, RX_HTTP_TARGET_MAX}, NULL),
                     0);
    assert_int_equal(target.path.n, RX_HTTP_TARGET_MAX);
    assert_int_equal(
        rx_http_target_parse(&target, (struct rx_str){text, RX_HTTP_TARGET_MAX + 1}, NULL),
        RX_ELIMIT);

    rx_auto(buf) struct rx_buf many = RX_BUF_INIT(4096);
    rx_buf_puts(&many, "/?");
    for (int i = 0; i < RX_HTTP_PARAMS_MAX; i++) {
        rx_buf_printf(&many, "%s%c%d", i ? "&" : "", 'a' + i % 26, i);
    }
    assert_int_equal(rx_http_target_parse(&target, rx_buf_str(&many), NULL), 0);
    assert_int_equal(target.n_params, RX_HTTP_PARAMS_MAX);
    rx_buf_puts(&many, "&more");
    assert_int_equal(rx_http_target_parse(&target, rx_buf_str(&many), NULL), RX_ELIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits_path_and_query),
        cmocka_unit_test(keeps_plus_in_the_path),
        cmocka_unit_test(refuses),
        cmocka_unit_test(bounds_length_and_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
