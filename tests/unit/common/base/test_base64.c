// SPDX-License-Identifier: Apache-2.0
#include "common/base/base64.h"

#include "tests/support/test.h"
#include "tests/support/torture.h"

static void test_vectors(void **state)
{
    (void)state;
    /* RFC 4648 section 10. */
    static const char *const cases[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xff\xfe\xfd", "//79"},
        {"\xfb\xef", "++8="},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        rx_auto(buf) struct rx_buf out = RX_BUF_INIT(100);
        rx_base64_encode(&out, cases[i][0], strlen(cases[i][0]));
        assert_buf(&out, cases[i][1]);
        rx_buf_clear(&out);
        assert_int_equal(rx_base64_decode(&out, rx_str_of(cases[i][1])), 0);
        assert_buf(&out, cases[i][0]);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {"Z",    "Zg",       "Zg=",  "Zh==",   "Zm9=",
                                        "====", "Zg==Zg==", "Z===", "Zm9v\n", "Zm 9",
                                        "Zm9-", "=Zg=",     "Zg=x"};
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        rx_auto(buf) struct rx_buf out = RX_BUF_INIT(100);
        if (rx_base64_decode(&out, rx_str_of(cases[i])) != RX_EPARSE) {
            fail_msg("\"%s\" was accepted", cases[i]);
        }
    }
}

static int round_trip(void *arg)
{
    (void)arg;
    char bytes[3000];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (char)(i * 7);
    }
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(8192);
    rx_auto(buf) struct rx_buf back = RX_BUF_INIT(8192);
    rx_base64_encode(&text, bytes, sizeof(bytes));
    int r = rx_buf_error(&text, NULL);
    r = r < 0 ? r : rx_base64_decode(&back, rx_buf_str(&text));
    if (r == 0) {
        assert_int_equal(back.n, sizeof(bytes));
        assert_memory_equal(back.p, bytes, sizeof(bytes));
    }
    return r;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    assert_true(rx_torture_alloc(round_trip, NULL) > 2);
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(2);
    assert_int_equal(rx_base64_decode(&out, RX_STR("Zm9v")), RX_ELIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
