// SPDX-License-Identifier: Apache-2.0
#include "common/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/support/test.h"
#include "tests/support/torture.h"

static int pipe_fds[2];

static int setup(void **state)
{
    (void)state;
    rx_log_set_level(RX_LOG_INFO);
    if (pipe2(pipe_fds, O_NONBLOCK) < 0) {
        return -1;
    }
    rx_log_set_fd(pipe_fds[1]);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rx_torture_disarm();
    rx_log_set_fd(2);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    return 0;
}

/* What was logged, without the leading time; one read gets all lines of a test. */
static const char *logged(void)
{
    static char text[65536];
    ssize_t n = read(pipe_fds[0], text, sizeof(text) - 1);
    text[n > 0 ? n : 0] = '\0';
    char *level = strstr(text, "\"level\"");
    return level ? level : text;
}

static void test_fields(void **state)
{
    (void)state;
    rx_info("started", RX_F_S("name", "a\"b\\\n\x01\xc3\xa9\xff"), RX_F_I("port", -1),
            RX_F_D("ratio", 0.1), RX_F_D("bad", (double)NAN), RX_F_B("ok", true),
            RX_F_V("view", RX_STR("xy")), RX_F_S("none", NULL));
    assert_string_equal(logged(),
                        "\"level\":\"info\",\"msg\":\"started\",\"name\":\"a\\\"b\\\\\\n\\u0001"
                        "\xc3\xa9\xef\xbf\xbd\",\"port\":-1,\"ratio\":0.1,\"bad\":null,\"ok\":true,"
                        "\"view\":\"xy\",\"none\":null}\n");
    rx_err("plain");
    assert_string_equal(logged(), "\"level\":\"error\",\"msg\":\"plain\"}\n");
}

static void test_secrets(void **state)
{
    (void)state;
    rx_info("x", RX_F_S("api_key", "s3cret"), RX_F_S("Authorization", "s3cret"),
            RX_F_S("authToken", "s3cret"), RX_F_S("db_PASSWORD", "s3cret"), RX_F_S("dsn", "s3cret"),
            RX_F_V("client_secret", RX_STR("s3cret")), RX_F_S("token_address", "0xabc"));
    const char *line = logged();
    assert_null(strstr(line, "s3cret"));
    assert_non_null(strstr(line, "\"token_address\":\"0xabc\""));
    assert_non_null(strstr(line, "\"api_key\":\"[redacted]\""));
}

static void test_urls(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"https://user:pw@host.example:8443/path?key=s3cret#f", "https://host.example:8443"},
        {"https://a@b@host/path", "https://host"},
        {"http://host?s3cret", "http://host"},
        {"http://host#s3cret", "http://host"},
        {"http://host\\s3cret", "http://host"},
        {"http://[::1]:80/x", "http://[::1]:80"},
        {"s3cret", "[url]"},
        {"", "[url]"},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        char want[128];
        (void)snprintf(want, sizeof(want), "\"level\":\"info\",\"msg\":\"x\",\"url\":\"%s\"}\n",
                       cases[i][1]);
        rx_info("x", RX_F_URL("url", cases[i][0]));
        assert_string_equal(logged(), want);
    }
}

static int evaluated;

static const char *evaluate(void)
{
    evaluated++;
    return "x";
}

static void test_levels(void **state)
{
    (void)state;
    rx_debug("hidden", RX_F_S("value", evaluate()));
    assert_string_equal(logged(), "");
    assert_int_equal(evaluated, 0);
    rx_log_set_level(RX_LOG_DEBUG);
    rx_debug("shown", RX_F_S("value", evaluate()));
    assert_non_null(strstr(logged(), "\"debug\""));
    assert_int_equal(evaluated, 1);
}

static void test_long_lines_stay_one_valid_line(void **state)
{
    (void)state;
    char big[9000];
    memset(big, '\x01', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    rx_info(big, RX_F_S("a", big), RX_F_S("b", big), RX_F_S("c", big), RX_F_S("d", big),
            RX_F_I("last", 1));
    const char *line = logged();
    size_t n = strlen(line);
    assert_true(n < 8192 && n > 4096);
    assert_string_equal(line + n - 19, ",\"truncated\":true}\n");
    assert_ptr_equal(strchr(line, '\n'), line + n - 1);
}

static void test_write_errors_are_survived(void **state)
{
    (void)state;
    rx_torture_fail_nth(RX_TORTURE_WRITE, 1, EINTR);
    rx_info("again");
    assert_true(rx_torture_disarm());
    assert_non_null(strstr(logged(), "again"));
    rx_torture_fail_nth(RX_TORTURE_WRITE, 1, EPIPE);
    rx_info("lost");
    assert_true(rx_torture_disarm());
    assert_string_equal(logged(), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_fields, setup, teardown),
        cmocka_unit_test_setup_teardown(test_secrets, setup, teardown),
        cmocka_unit_test_setup_teardown(test_urls, setup, teardown),
        cmocka_unit_test_setup_teardown(test_levels, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_lines_stay_one_valid_line, setup, teardown),
        cmocka_unit_test_setup_teardown(test_write_errors_are_survived, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
