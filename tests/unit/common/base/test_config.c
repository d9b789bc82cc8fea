// SPDX-License-Identifier: Apache-2.0
#include "common/base/config.h"

#include <errno.h>
#include <stdlib.h>

#include "tests/support/test.h"
#include "tests/support/torture.h"

struct settings {
    char *listen;
    int64_t threads;
    double ratio;
    bool verbose;
    int64_t drain;
    int level;
    char *sources;
    char *key;
    int64_t free_number;
};

static const char *const levels[] = {"debug", "info", "warn", NULL};

static const struct rx_config_row rows[] = {
    {.key = "server.listen",
     .env = "T_LISTEN",
     .flag = "--listen",
     .type = RX_CONFIG_STR,
     .max = 20,
     .def = "127.0.0.1:8080",
     .target = offsetof(struct settings, listen),
     .help = "Address | port."},
    {.key = "server.threads",
     .env = "T_THREADS",
     .flag = "--threads",
     .type = RX_CONFIG_I64,
     .max = 64,
     .def = "0",
     .target = offsetof(struct settings, threads),
     .help = "Worker threads."},
    {.key = "ratio",
     .env = "T_RATIO",
     .flag = "--ratio",
     .type = RX_CONFIG_DOUBLE,
     .max = 1,
     .def = "0.5",
     .target = offsetof(struct settings, ratio),
     .help = "Share."},
    {.key = "verbose",
     .env = "T_VERBOSE",
     .flag = "--verbose",
     .type = RX_CONFIG_BOOL,
     .def = "false",
     .target = offsetof(struct settings, verbose),
     .help = "Say more."},
    {.key = "server.drain",
     .env = "T_DRAIN",
     .flag = "--drain",
     .type = RX_CONFIG_DURATION,
     .min = 1000,
     .max = 300000,
     .def = "10s",
     .target = offsetof(struct settings, drain),
     .reloadable = true,
     .help = "Time to drain."},
    {.key = "log.level",
     .env = "T_LOG_LEVEL,T_LEVEL",
     .flag = "--log-level",
     .type = RX_CONFIG_ENUM,
     .def = "info",
     .choices = levels,
     .target = offsetof(struct settings, level),
     .help = "Least level."},
    {.key = "sources",
     .env = "T_SOURCES",
     .type = RX_CONFIG_JSON,
     .def = "[]",
     .target = offsetof(struct settings, sources),
     .help = "Sources."},
    {.key = "auth.key",
     .env = "T_KEY",
     .flag = "--key",
     .type = RX_CONFIG_STR,
     .def = "",
     .target = offsetof(struct settings, key),
     .secret = true,
     .help = "API key."},
    {.key = "number",
     .type = RX_CONFIG_I64,
     .target = offsetof(struct settings, free_number),
     .help = "Any number."},
};
static const struct rx_config_table table = {rows, RX_ARRAY_LEN(rows)};

static int clear_env(void **state)
{
    (void)state;
    static const char *const names[] = {"T_LISTEN",  "T_THREADS", "T_RATIO",
                                        "T_VERBOSE", "T_DRAIN",   "T_LEVEL",
                                        "T_KEY",     "T_SOURCES", "T_LOG_LEVEL"};
    for (size_t i = 0; i < RX_ARRAY_LEN(names); i++) {
        unsetenv(names[i]);
    }
    return 0;
}

static void test_defaults(void **state)
{
    (void)state;
    struct settings s = {0};
    struct rx_error err;
    assert_ok(rx_config_defaults(&table, &s, &err), &err);
    assert_string_equal(s.listen, "127.0.0.1:8080");
    assert_int_equal(s.drain, 10000);
    assert_int_equal(s.level, 1);
    assert_true(s.ratio >= 0.5 && s.ratio <= 0.5);
    assert_string_equal(s.sources, "[]");
    rx_config_free(&table, &s);
    assert_null(s.listen);
}

static void test_precedence(void **state)
{
    (void)state;
    struct settings s = {0};
    struct rx_error err;
    setenv("T_THREADS", "3", 1);
    setenv("T_LEVEL", "warn", 1);
    setenv("T_LISTEN", "", 1); /* empty counts as unset */
    setenv("T_KEY", "s3cret", 1);
    assert_ok(rx_config_defaults(&table, &s, &err), &err);
    assert_ok(rx_config_set(&table, &s, RX_STR("server.threads"), RX_STR("2"), "file", &err), &err);
    assert_ok(rx_config_set(&table, &s, RX_STR("server.drain"), RX_STR("1m30s"), "file", &err),
              &err);
    assert_ok(rx_config_env(&table, &s, &err), &err);
    assert_int_equal(s.threads, 3);
    assert_int_equal(s.level, 2);
    assert_int_equal(s.drain, 90000);
    assert_string_equal(s.listen, "127.0.0.1:8080");
    setenv("T_LOG_LEVEL", "debug", 1); /* the first name wins */
    assert_ok(rx_config_env(&table, &s, &err), &err);
    assert_int_equal(s.level, 0);
    char *argv[] = {"prog", "--threads", "4", "--listen=0.0.0.0:1", "--verbose", "cmd", "--other"};
    int index = 0;
    assert_ok(rx_config_args(&table, &s, 7, argv, &index, &err), &err);
    assert_int_equal(index, 5);
    assert_int_equal(s.threads, 4);
    assert_true(s.verbose);
    assert_string_equal(s.listen, "0.0.0.0:1");
    rx_config_free(&table, &s);
}

static void test_args(void **state)
{
    (void)state;
    static const struct {
        const char *args[4];
        const char *error; /* NULL = accepted */
        int index;
    } cases[] = {
        {{"--verbose=false", "--", "--threads"}, NULL, 3},
        {{"-", "x"}, NULL, 1},
        {{"--listen", "--", "x"}, NULL, 3},
        {{"--listen="}, NULL, 2},
        {{"--nonsense"}, "unknown flag --nonsense", 0},
        {{"-t"}, "unknown flag -t", 0},
        {{"--threads"}, "flag --threads needs a value", 0},
        {{"--threads=65"},
         "setting server.threads (--threads): expected an integer from 0 to 64",
         0},
        {{"--verbose=1"}, "setting verbose (--verbose): expected true or false", 0},
        {{"--key=abc"}, "unknown flag --key", 0}, /* a secret in argv shows in ps */
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        struct settings s = {0};
        struct rx_error err = {0};
        char *argv[5] = {"prog"};
        int argc = 1;
        for (; cases[i].args[argc - 1]; argc++) {
            argv[argc] = (char *)cases[i].args[argc - 1];
        }
        int index = 0;
        int r = rx_config_args(&table, &s, argc, argv, &index, &err);
        assert_int_equal(r == 0, cases[i].error == NULL);
        assert_int_equal(index, cases[i].index);
        if (cases[i].error) {
            assert_string_equal(err.msg, cases[i].error);
        }
        rx_config_free(&table, &s);
    }
}

static void test_errors(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value, *error;
        int code;
    } cases[] = {
        {"server.listen", "123456789012345678901",
         "setting server.listen (file): expected text of at most 20 bytes", RX_ELIMIT},
        {"server.listen", "\xff", "setting server.listen (file): expected UTF-8 text without NUL",
         RX_EPARSE},
        {"server.threads", "many",
         "setting server.threads (file): expected an integer from 0 to 64", RX_EPARSE},
        {"server.threads", "-1", "setting server.threads (file): expected an integer from 0 to 64",
         RX_ELIMIT},
        {"ratio", "1.01", "setting ratio (file): expected a number from 0 to 1", RX_ELIMIT},
        {"ratio", "x", "setting ratio (file): expected a number from 0 to 1", RX_EPARSE},
        {"server.drain", "999ms",
         "setting server.drain (file): expected a duration like 1h30m from 1s to 5m", RX_ELIMIT},
        {"server.drain", "10",
         "setting server.drain (file): expected a duration like 1h30m from 1s to 5m", RX_EPARSE},
        {"log.level", "loud", "setting log.level (file): expected one of debug, info, warn",
         RX_EPARSE},
        {"number", "x", "setting number (file): expected an integer", RX_EPARSE},
        {"server.nonsense", "1", "setting server.nonsense (file): unknown", RX_EINVALID},
    };
    struct settings s = {0};
    struct rx_error err;
    assert_ok(rx_config_defaults(&table, &s, &err), &err);
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        err = (struct rx_error){0};
        assert_int_equal(rx_config_set(&table, &s, rx_str_of(cases[i].key),
                                       rx_str_of(cases[i].value), "file", &err),
                         cases[i].code);
        assert_string_equal(err.msg, cases[i].error);
    }
    /* A refused value changes nothing. */
    assert_string_equal(s.listen, "127.0.0.1:8080");
    assert_int_equal(s.drain, 10000);
    assert_ok(
        rx_config_set(&table, &s, RX_STR("number"), RX_STR("-9000000000000000000"), "file", &err),
        &err);
    setenv("T_THREADS", "s3cret", 1);
    assert_int_equal(rx_config_env(&table, &s, &err), RX_EPARSE);
    assert_message(&err, "(T_THREADS)");
    assert_null(strstr(err.msg, "s3cret"));
    rx_config_free(&table, &s);
}

static void test_show(void **state)
{
    (void)state;
    struct settings s = {0};
    struct rx_error err;
    assert_ok(rx_config_defaults(&table, &s, &err), &err);
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(4096);
    for (size_t i = 0; i < table.n; i++) {
        rx_config_show(&table.rows[i], &s, &out);
        rx_buf_putc(&out, ';');
    }
    assert_buf(&out, "127.0.0.1:8080;0;0.5;false;10s;info;[];;0;");
    rx_buf_clear(&out);
    assert_ok(rx_config_set(&table, &s, RX_STR("auth.key"), RX_STR("s3cret"), "file", &err), &err);
    rx_config_show(&rows[7], &s, &out);
    assert_buf(&out, "[set]");
    static const struct {
        int64_t ms;
        const char *text;
    } durations[] = {{0, "0s"}, {5400000, "1h30m"}, {61001, "1m1s1ms"}, {86400000, "24h"}};
    for (size_t i = 0; i < RX_ARRAY_LEN(durations); i++) {
        rx_buf_clear(&out);
        rx_config_add_duration(&out, durations[i].ms);
        assert_buf(&out, durations[i].text);
    }
    rx_config_free(&table, &s);
}

static void test_help(void **state)
{
    (void)state;
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(65536);
    const struct rx_config_table two = {rows + 4, 2};
    rx_config_help(&two, &out);
    assert_buf(&out, "  --drain\n"
                     "      Time to drain.\n"
                     "      a duration like 1h30m from 1s to 5m; default 10s\n"
                     "      file: server.drain; environment: T_DRAIN\n"
                     "  --log-level\n"
                     "      Least level.\n"
                     "      one of debug, info, warn; default info\n"
                     "      file: log.level; environment: T_LOG_LEVEL,T_LEVEL\n");
    rx_buf_clear(&out);
    const struct rx_config_table mixed = {rows, 1};
    const struct rx_config_table secret = {rows + 7, 1};
    rx_config_markdown(&mixed, &out);
    assert_buf(&out, "| setting | environment | flag | value | default | reload | meaning |\n"
                     "| --- | --- | --- | --- | --- | --- | --- |\n"
                     "| `server.listen` | `T_LISTEN` | `--listen` | text of at most 20 bytes | "
                     "`127.0.0.1:8080` | no | Address \\| port. |\n");
    rx_buf_clear(&out);
    rx_config_markdown(&secret, &out);
    assert_null(strstr(out.p, "--key"));
}

static int load(void *arg)
{
    (void)arg;
    struct settings s = {0};
    struct rx_error err;
    int r = rx_config_defaults(&table, &s, &err);
    r = r < 0 ? r : rx_config_env(&table, &s, &err);
    rx_config_free(&table, &s);
    return r;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    setenv("T_LISTEN", "x", 1);
    assert_true(rx_torture_alloc(load, NULL) >= 10);
}

int main(void)
{
#define CONFIG_TEST(name) cmocka_unit_test_setup_teardown(name, clear_env, clear_env)
    const struct CMUnitTest tests[] = {
        CONFIG_TEST(test_defaults),      CONFIG_TEST(test_precedence), CONFIG_TEST(test_args),
        CONFIG_TEST(test_errors),        CONFIG_TEST(test_show),       CONFIG_TEST(test_help),
        CONFIG_TEST(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
