// SPDX-License-Identifier: Apache-2.0
#include "common/json/build.h"

#include <errno.h>
#include <math.h>

#include "tests/support/test.h"
#include "tests/support/torture.h"

static json_t *parse(const char *text)
{
    json_t *tree = NULL;
    struct rx_error err;
    assert_ok(rx_build_parse(rx_str_of(text), &tree, &err), &err);
    return tree;
}

static void test_write_is_stable(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{\"b\":1,\"a\":[true,null,\"/\xc3\xa9\\u0000\"],\"ab\":{},\"\":[]}",
         "{\"\":[],\"a\":[true,null,\"/\xc3\xa9\\u0000\"],\"ab\":{},\"b\":1}"},
        {"{\"z\":{\"y\":1,\"x\":0.1}}", "{\"z\":{\"x\":0.1,\"y\":1}}"},
        {"-9223372036854775808", "-9223372036854775808"},
        {"\"text\"", "\"text\""},
        {"false", "false"},
        {"{\"a\\u0000b\":1,\"a\":2}", "{\"a\":2,\"a\\u0000b\":1}"},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        rx_auto(build) json_t *tree = parse(cases[i][0]);
        rx_auto(buf) struct rx_buf out = RX_BUF_INIT(4096);
        assert_int_equal(rx_build_write(tree, &out), 0);
        assert_buf(&out, cases[i][1]);
    }
}

static void test_pretty(void **state)
{
    (void)state;
    rx_auto(build) json_t *tree = parse("{\"b\":[1,{}],\"a\":{\"c\":[]}}");
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(4096);
    assert_int_equal(rx_build_write_pretty(tree, &out), 0);
    assert_buf(&out, "{\n  \"a\": {\n    \"c\": []\n  },\n  \"b\": [\n    1,\n    {}\n  ]\n}");
}

static void test_hash(void **state)
{
    (void)state;
    char a[RX_BUILD_HASH_LEN];
    char b[RX_BUILD_HASH_LEN];
    rx_auto(build) json_t *one = parse("{\"a\":1,\"b\":2}");
    rx_auto(build) json_t *two = parse("{\"b\":2,\"a\":1}");
    rx_auto(build) json_t *three = parse("{\"b\":2,\"a\":2}");
    assert_int_equal(rx_build_hash(one, a), 0);
    assert_string_equal(a, "43258cff783fe7036d8a43033f830adfc60ec037382473548ac742b888292777");
    assert_int_equal(rx_build_hash(two, b), 0);
    assert_string_equal(a, b);
    assert_int_equal(rx_build_hash(three, b), 0);
    assert_string_not_equal(a, b);
}

static void test_errors(void **state)
{
    (void)state;
    json_t *tree = NULL;
    struct rx_error err;
    assert_int_equal(rx_build_parse(RX_STR("{"), &tree, &err), RX_EPARSE);
    assert_null(tree);
    rx_auto(buf) struct rx_buf small = RX_BUF_INIT(3);
    rx_auto(build) json_t *text = json_string("long");
    assert_int_equal(rx_build_write(text, &small), RX_ELIMIT);
    assert_int_equal(rx_build_write(NULL, &small), RX_EINVALID);
    /* A builder's mistake: a tree without end. */
    rx_auto(build) json_t *deep = json_array();
    for (int i = 0; i < 200; i++) {
        json_t *outer = json_array();
        assert_int_equal(json_array_append_new(outer, deep), 0);
        deep = outer;
    }
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(4096);
    assert_int_equal(rx_build_write(deep, &out), RX_ELIMIT);
}

static void test_subset(void **state)
{
    (void)state;
    static const struct {
        const char *want, *live;
        bool subset;
    } cases[] = {
        {"{}", "{\"a\":1}", true},
        {"{\"a\":1}", "{\"a\":1,\"b\":2}", true},
        {"{\"a\":1,\"b\":2}", "{\"a\":1}", false},
        {"{\"a\":{\"b\":\"x\"}}", "{\"a\":{\"b\":\"x\",\"c\":0}}", true},
        {"{\"a\":{\"b\":\"x\"}}", "{\"a\":{\"b\":\"y\"}}", false},
        {"{\"a\":{}}", "{\"a\":[]}", false},
        {"[1,2]", "[1,2]", true},
        {"[1,2]", "[2,1]", false},
        {"[1]", "[1,2]", false},
        {"[{\"a\":1}]", "[{\"a\":1,\"z\":9}]", true},
        {"1", "1.0", true},
        {"1.0", "1", true},
        {"9223372036854775807", "9223372036854775806", false},
        {"1", "\"1\"", false},
        {"true", "true", true},
        {"true", "false", false},
        {"true", "1", false},
        {"null", "null", true},
        {"{\"a\":null}", "{}", true},
        {"{\"a\":null}", "{\"a\":0}", false},
        {"\"a\"", "\"a\"", true},
        {"\"a\"", "\"a\\u0000\"", false},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        rx_auto(build) json_t *want = parse(cases[i].want);
        rx_auto(json_doc) struct rx_json_doc *live = NULL;
        struct rx_error err;
        assert_ok(rx_json_parse(rx_str_of(cases[i].live), NULL, &live, &err), &err);
        if (rx_build_subset(want, rx_json_root(live)) != cases[i].subset) {
            fail_msg("%s in %s", cases[i].want, cases[i].live);
        }
    }
    rx_auto(build) json_t *object = parse("{}");
    assert_false(rx_build_subset(object, NULL));
    assert_false(rx_build_subset(NULL, NULL));
}

static void *torture_malloc(size_t n)
{
    return malloc(n);
}

static int build(void *arg)
{
    (void)arg;
    json_t *tree = NULL;
    int r = rx_build_parse(RX_STR("{\"a\":[1,2.5,\"x\",{\"b\":null}],\"c\":{\"d\":[[],{}]}}"),
                           &tree, NULL);
    if (r < 0) {
        assert_null(tree);
        return r;
    }
    char hash[RX_BUILD_HASH_LEN];
    r = rx_build_hash(tree, hash);
    rx_build_free(tree);
    return r;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    /* jansson lives in a shared library: its allocations are led through here. */
    json_set_alloc_funcs(torture_malloc, free);
    assert_true(rx_torture_alloc(build, NULL) >= 20);
    json_set_alloc_funcs(malloc, free);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write_is_stable),
        cmocka_unit_test(test_pretty),
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_subset),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
