// SPDX-License-Identifier: Apache-2.0
#include "common/base/error.h"

#include <errno.h>

#include "tests/support/test.h"

static void test_set(void **state)
{
    (void)state;
    struct rx_error err = {.retryable = true};
    assert_int_equal(rx_error_set(&err, RX_EPARSE, "field %s: expected %d", "a", 3), RX_EPARSE);
    assert_int_equal(err.code, RX_EPARSE);
    assert_false(err.retryable);
    assert_string_equal(err.msg, "field a: expected 3");
    assert_int_equal(rx_error_set(NULL, RX_ELIMIT, "x"), RX_ELIMIT);
}

static void test_errno(void **state)
{
    (void)state;
    struct rx_error err;
    assert_int_equal(rx_error_errno(&err, ENOENT, "open %s", "/x"), -ENOENT);
    assert_string_equal(err.msg, "open /x: No such file or directory");
    assert_false(err.retryable);
    assert_int_equal(rx_error_errno(&err, -ETIMEDOUT, "connect"), -ETIMEDOUT);
    assert_true(err.retryable);
    assert_int_equal(rx_error_errno(NULL, EPERM, "x"), -EPERM);
}

static void test_wrap(void **state)
{
    (void)state;
    struct rx_error err;
    (void)rx_error_errno(&err, EAGAIN, "inner"); /* the code is checked below */
    assert_int_equal(rx_error_wrap(&err, "outer %d", 1), -EAGAIN);
    assert_string_equal(err.msg, "outer 1: inner: Resource temporarily unavailable");
    assert_true(err.retryable);
    assert_int_equal(rx_error_wrap(NULL, "x"), RX_EINVALID);
    /* The old message may be an argument. */
    (void)rx_error_set(&err, RX_EPARSE, "%s", "first");
    (void)rx_error_set(&err, RX_EPARSE, "second after %s", err.msg);
    assert_string_equal(err.msg, "second after first");
}

static void test_long_messages_are_cut(void **state)
{
    (void)state;
    char text[1000];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    struct rx_error err;
    (void)rx_error_set(&err, RX_EPARSE, "%s", text);
    assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
    (void)rx_error_errno(&err, EIO, "%s", text);
    assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
    for (int i = 0; i < 100; i++) {
        (void)rx_error_wrap(&err, "layer %d", i);
    }
    assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
    assert_message(&err, "layer 99: layer 98: ");
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(rx_code_name(0), "ok");
    assert_string_equal(rx_code_name(RX_EPARSE), "parse");
    assert_string_equal(rx_code_name(RX_ECLOSED), "closed");
    assert_string_equal(rx_code_name(-ENOMEM), "Cannot allocate memory");
    assert_string_equal(rx_code_name(-99999), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set),   cmocka_unit_test(test_errno),
        cmocka_unit_test(test_wrap),  cmocka_unit_test(test_long_messages_are_cut),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
