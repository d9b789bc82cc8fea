// SPDX-License-Identifier: Apache-2.0
#include "common/base/buf.h"

#include <errno.h>

#include "tests/support/test.h"
#include "tests/support/torture.h"

static void test_append(void **state)
{
    (void)state;
    rx_auto(buf) struct rx_buf buf = RX_BUF_INIT(4096);
    assert_buf(&buf, "");
    rx_buf_puts(&buf, "a");
    rx_buf_putc(&buf, 'b');
    rx_buf_add_str(&buf, RX_STR("cd"));
    rx_buf_add_i64(&buf, INT64_MIN);
    rx_buf_printf(&buf, "[%d]", 7);
    rx_buf_add_hex(&buf, "\x0f\xa0", 2);
    rx_buf_add_percent(&buf, RX_STR("a~ /\xc3\xa9"));
    rx_buf_add_str(&buf, (struct rx_str){NULL, 0});
    assert_buf(&buf, "abcd-9223372036854775808[7]0fa0a~%20%2F%C3%A9");
    assert_int_equal(buf.p[buf.n], '\0');
    rx_buf_clear(&buf);
    assert_buf(&buf, "");
    char *room = rx_buf_reserve(&buf, 3);
    assert_non_null(room);
    memcpy(room, "xyz", 3);
    rx_buf_commit(&buf, 2);
    assert_buf(&buf, "xy");
}

static void test_long_printf(void **state)
{
    (void)state;
    rx_auto(buf) struct rx_buf buf = RX_BUF_INIT(4096);
    rx_buf_printf(&buf, "%01000d", 1);
    assert_int_equal(buf.n, 1000);
    assert_int_equal(buf.p[999], '1');
    rx_buf_printf(&buf, "%04000d", 1);
    assert_int_equal(buf.error, RX_ELIMIT);
}

static void test_bound(void **state)
{
    (void)state;
    struct rx_error err;
    rx_auto(buf) struct rx_buf buf = RX_BUF_INIT(5);
    rx_buf_puts(&buf, "12345");
    assert_int_equal(rx_buf_error(&buf, &err), 0);
    rx_buf_putc(&buf, '6');
    assert_int_equal(rx_buf_error(&buf, &err), RX_ELIMIT);
    assert_string_equal(err.msg, "buffer: more than 5 bytes");
    rx_buf_puts(&buf, "");
    assert_buf(&buf, "12345");
    assert_null(rx_buf_reserve(&buf, 0));
    assert_null(rx_buf_take(&buf));
    rx_buf_clear(&buf);
    assert_int_equal(rx_buf_error(&buf, &err), 0);
    rx_buf_puts(&buf, "123456");
    assert_buf(&buf, "");
    assert_int_equal(rx_buf_error(&buf, NULL), RX_ELIMIT);
    /* A length that would overflow. */
    rx_buf_clear(&buf);
    rx_buf_puts(&buf, "1");
    assert_null(rx_buf_reserve(&buf, SIZE_MAX));
}

static void test_take(void **state)
{
    (void)state;
    struct rx_buf buf;
    rx_buf_init(&buf, 100);
    rx_autofree char *empty = rx_buf_take(&buf);
    assert_string_equal(empty, "");
    rx_buf_puts(&buf, "text");
    rx_autofree char *text = rx_buf_take(&buf);
    assert_string_equal(text, "text");
    assert_null(buf.p);
    assert_int_equal(buf.max, 100);
}

static int grow(void *arg)
{
    (void)arg;
    rx_auto(buf) struct rx_buf buf = RX_BUF_INIT(1u << 20);
    for (int i = 0; i < 10000; i++) {
        rx_buf_puts(&buf, "0123456789");
    }
    return rx_buf_error(&buf, NULL);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    assert_true(rx_torture_alloc(grow, NULL) > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_append),        cmocka_unit_test(test_long_printf),
        cmocka_unit_test(test_bound),         cmocka_unit_test(test_take),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
