// SPDX-License-Identifier: Apache-2.0
#include "common/json/config_file.h"

#include <stddef.h>

#include "tests/support/test.h"
#include "tests/support/torture.h"

struct settings {
    char *listen, *horizons, *sources;
    int64_t threads, drain;
    double ratio;
    bool on;
};

static const struct rx_config_row rows[] = {
    {.key = "server.listen",
     .type = RX_CONFIG_STR,
     .def = "here",
     .target = offsetof(struct settings, listen)},
    {.key = "server.threads",
     .type = RX_CONFIG_I64,
     .max = 64,
     .target = offsetof(struct settings, threads)},
    {.key = "server.deep.drain",
     .type = RX_CONFIG_DURATION,
     .target = offsetof(struct settings, drain)},
    {.key = "engine.horizons",
     .type = RX_CONFIG_STR,
     .target = offsetof(struct settings, horizons)},
    {.key = "ratio", .type = RX_CONFIG_DOUBLE, .target = offsetof(struct settings, ratio)},
    {.key = "on", .type = RX_CONFIG_BOOL, .target = offsetof(struct settings, on)},
    {.key = "sources", .type = RX_CONFIG_JSON, .target = offsetof(struct settings, sources)},
};
static const struct rx_config_table table = {rows, RX_ARRAY_LEN(rows)};

static int load(struct settings *s, const char *text, struct rx_error *err)
{
    int r = rx_config_defaults(&table, s, err);
    return r < 0 ? r : rx_config_json(&table, s, rx_str_of(text), "radarx.json", err);
}

static void test_all_kinds(void **state)
{
    (void)state;
    struct settings s = {0};
    struct rx_error err;
    assert_ok(load(&s,
                   "{\"server\":{\"listen\":null,\"threads\":4,\"deep\":{\"drain\":\"90s\"}},"
                   "\"engine\":{\"horizons\":[\"24h\",\"7d\"]},\"ratio\":0.25,\"on\":true,"
                   "\"sources\":[ {\"name\" : \"a\", \"x\": [1, 2]} ]}",
                   &err),
              &err);
    assert_string_equal(s.listen, "here");
    assert_int_equal(s.threads, 4);
    assert_int_equal(s.drain, 90000);
    assert_string_equal(s.horizons, "24h,7d");
    assert_true(s.ratio >= 0.25 && s.ratio <= 0.25);
    assert_true(s.on);
    assert_string_equal(s.sources, "[{\"name\":\"a\",\"x\":[1,2]}]");
    assert_ok(
        rx_config_json(&table, &s, RX_STR("{\"engine\":{\"horizons\":[2,5.5,true]}}"), "x", &err),
        &err);
    assert_string_equal(s.horizons, "2,5.5,true");
    assert_ok(rx_config_json(&table, &s, RX_STR("{\"engine\":{\"horizons\":[]},\"server\":{}}"),
                             "x", &err),
              &err);
    assert_string_equal(s.horizons, "");
    rx_config_free(&table, &s);
}

static void test_errors(void **state)
{
    (void)state;
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"{\"server\":{\"thread\":1}}", "setting server.thread (radarx.json): unknown"},
        {"{\"serve\":{}}", "setting serve (radarx.json): unknown"},
        {"{\"server.threads.x\":1}", "setting server.threads.x (radarx.json): unknown"},
        {"{\"server\":1}", "setting server (radarx.json): expected an object, not integer"},
        {"{\"server\":{\"threads\":{}}}",
         "setting server.threads (radarx.json): expected a scalar, not object"},
        {"{\"server\":{\"threads\":65}}",
         "setting server.threads (radarx.json): expected an integer from 0 to 64"},
        {"{\"server\":{\"threads\":\"x\"}}",
         "setting server.threads (radarx.json): expected an integer from 0 to 64"},
        {"{\"engine\":{\"horizons\":[[1]]}}",
         "setting engine.horizons (radarx.json): expected an array of scalars, not array"},
        {"{\"engine\":{\"horizons\":[\"a,b\"]}}",
         "setting engine.horizons (radarx.json): expected elements without commas"},
        {"[]", "radarx.json: expected an object, not array"},
        {"{", "radarx.json: line 1 column 2: "},
        {"{\"on\":true,\"on\":false}", "radarx.json: duplicate key \"on\""},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        struct settings s = {0};
        struct rx_error err = {0};
        assert_true(load(&s, cases[i].text, &err) < 0);
        if (strncmp(err.msg, cases[i].error, strlen(cases[i].error)) != 0) {
            fail_msg("%s: %s", cases[i].text, err.msg);
        }
        rx_config_free(&table, &s);
    }
    /* A key of any length. */
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(4096);
    rx_buf_printf(&text, "{\"%01000d\":1}", 0);
    struct settings s = {0};
    struct rx_error err = {0};
    assert_int_equal(load(&s, text.p, &err), RX_EINVALID);
    assert_message(&err, "setting 000");
    rx_config_free(&table, &s);
}

static int load_all(void *arg)
{
    (void)arg;
    struct settings s = {0};
    struct rx_error err;
    int r = load(&s, "{\"server\":{\"listen\":\"a\"},\"engine\":{\"horizons\":[1]},\"sources\":[]}",
                 &err);
    rx_config_free(&table, &s);
    return r;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    assert_true(rx_torture_alloc(load_all, NULL) >= 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_kinds),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
