// SPDX-License-Identifier: Apache-2.0
#include "common/yaml/yaml.h"

#include <stdio.h>

#include "common/json/read.h"
#include "tests/support/test.h"
#include "tests/support/torture.h"

static int convert(const char *yaml, struct rx_buf *out, struct rx_error *err)
{
    return rx_yaml_to_json(rx_str_of(yaml), NULL, out, err);
}

static void test_structure(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", "[]"},
        {"# only a comment\n", "[]"},
        {"---\n---\n", "[]"},
        {"a: 1\n", "[{\"a\":1}]"},
        {"\xef\xbb\xbf"
         "a: 1\n",
         "[{\"a\":1}]"},
        {"- a\n- [b, {c: d}]\n-\n", "[[\"a\",[\"b\",{\"c\":\"d\"}],null]]"},
        {"a:\n  b: []\n  c: {}\nd:\n- e: 1\n  f: 2\n- g\n",
         "[{\"a\":{\"b\":[],\"c\":{}},\"d\":[{\"e\":1,\"f\":2},\"g\"]}]"},
        {"a: 1\n---\n# nothing\n---\nb: 2\n...\n---\n- 3\n", "[{\"a\":1},{\"b\":2},[3]]"},
        {"x: |\n  two\n  lines\ny: >-\n  one\n  line\n",
         "[{\"x\":\"two\\nlines\\n\",\"y\":\"one line\"}]"},
        {"{\"json\": [1, 2.5, true, null, \"\\u00e9\\n\"], \"b\": {}}",
         "[{\"json\":[1,2.5,true,null,\"\xc3\xa9\\n\"],\"b\":{}}]"},
        {"1: a\ntrue: b\n~: c\n\"\": d\n", "[{\"1\":\"a\",\"true\":\"b\",\"~\":\"c\",\"\":\"d\"}]"},
        {"a: {x: 1}\nb: {x: 1}\n", "[{\"a\":{\"x\":1},\"b\":{\"x\":1}}]"},
        {"\"<<\": 1\n", "[{\"<<\":1}]"},
        {"null\n", "[null]"},
        {"'': ''\n", "[{\"\":\"\"}]"},
        {"a: \"\\0\"\n", "[{\"a\":\"\\u0000\"}]"},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        rx_auto(buf) struct rx_buf out = RX_BUF_INIT(4096);
        struct rx_error err;
        assert_ok(convert(cases[i][0], &out, &err), &err);
        assert_buf(&out, cases[i][1]);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *message;
    } cases[] = {
        {"a: &x 1\nb: 2\n", "line 1 column 4: anchors are not supported"},
        {"a: &x [1]\n", "line 1 column 4: anchors are not supported"},
        {"&x {a: 1}\n", "line 1 column 1: anchors are not supported"},
        {"b: *x\n", "line 1 column 4: aliases are not supported"},
        {"a: 1\n<<: {b: 2}\n", "line 2 column 1: merge keys are not supported"},
        {"a: 1\nb: 2\na: 3\n", "line 3 column 1: duplicate key \"a\""},
        {"x:\n  a: 1\n  \"a\": 2\n", "line 3 column 3: duplicate key \"a\""},
        {"{a: {a: 1}, a: 2}", "line 1 column 13: duplicate key \"a\""},
        {"a: !custom 1\n", "line 1 column 4: tag is unknown or does not fit the value"},
        {"a: !!binary aGk=\n", "tag is unknown"},
        {"a: !!int x\n", "tag is unknown or does not fit the value"},
        {"a: !!set {x: }\n", "line 1 column 4: unknown tag"},
        {"!!python/object:os.system [x]\n", "unknown tag"},
        {"!!int 1: a\n", "tags on keys must be !!str"},
        {"? [a]\n: b\n", "line 1 column 3: keys must be scalars"},
        {"? {a: 1}\n: b\n", "line 1 column 3: keys must be scalars"},
        {"a: .inf\n", "line 1 column 4: expected a finite number"},
        {"a: -.INF\n", "expected a finite number"},
        {"a: .NaN\n", "expected a finite number"},
        {"a: 1e999\n", "number beyond the range of a double"},
        {"a: 0644\n", "line 1 column 4: integer with a leading zero"},
        {"a: 0x10000000000000000\n", "integer of more than 64 bits"},
        {"a: [1\n", "line 2 column 1"},
        {"a: b: c\n", "line 1 column 5"},
        {"a:\n\t- b\n", "line 2 column 1"},
        {"a: \"\xff\"\n", "byte 4"},
        {"a: \"\\xZZ\"\n", "line 1 column"},
        {"%YAML 3.0\n---\na\n", "line 1 column"},
        {"@a", "line 1 column 1"},
        {"}", "line 1 column 1"},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        rx_auto(buf) struct rx_buf out = RX_BUF_INIT(4096);
        struct rx_error err = {0};
        int r = convert(cases[i].yaml, &out, &err);
        if (r >= 0 || !strstr(err.msg, cases[i].message)) {
            fail_msg("%s: %d %s", cases[i].yaml, r, err.msg);
        }
    }
}

static int convert_limited(const char *yaml, const struct rx_yaml_limits *limits,
                           struct rx_error *err)
{
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(65536);
    return rx_yaml_to_json(rx_str_of(yaml), limits, &out, err);
}

static void test_limits(void **state)
{
    (void)state;
    struct rx_error err;
    const struct rx_yaml_limits limits = {
        .max_bytes = 40, .max_depth = 2, .max_nodes = 6, .max_documents = 2};
    assert_ok(convert_limited("[[1]]", &limits, &err), &err);
    assert_int_equal(convert_limited("[[[1]]]", &limits, &err), RX_ELIMIT);
    assert_message(&err, "line 1 column 3: more than 2 levels of nesting");
    assert_int_equal(convert_limited("a: {b: {c: 1}}", &limits, &err), RX_ELIMIT);
    assert_ok(convert_limited("[1,2,3,4,5]", &limits, &err), &err);
    assert_int_equal(convert_limited("[1,2,3,4,5,6]", &limits, &err), RX_ELIMIT);
    assert_message(&err, "more than 6 nodes");
    assert_ok(convert_limited("--- 1\n--- 2\n", &limits, &err), &err);
    assert_int_equal(convert_limited("--- 1\n--- 2\n--- 3\n", &limits, &err), RX_ELIMIT);
    assert_message(&err, "more than 2 documents");
    assert_int_equal(
        convert_limited("#aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", &limits, &err),
        RX_ELIMIT);
    rx_auto(buf) struct rx_buf small = RX_BUF_INIT(5);
    assert_int_equal(rx_yaml_to_json(RX_STR("[1,2,3]"), NULL, &small, &err), RX_ELIMIT);
}

static void test_bombs(void **state)
{
    (void)state;
    struct rx_error err;
    static char text[2000000];
    memset(text, '[', sizeof(text));
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(1u << 20);
    assert_int_equal(rx_yaml_to_json((struct rx_str){text, sizeof(text)}, NULL, &out, &err),
                     RX_ELIMIT);
    for (size_t i = 0; i < sizeof(text); i += 2) {
        memcpy(text + i, "- ", 2);
    }
    rx_buf_clear(&out);
    assert_int_equal(rx_yaml_to_json((struct rx_str){text, sizeof(text)}, NULL, &out, &err),
                     RX_ELIMIT);
    /* Aliases that would multiply are refused at the first anchor. */
    rx_buf_clear(&out);
    assert_int_equal(convert("a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n", &out, &err), RX_EINVALID);
}

static void test_many_keys(void **state)
{
    (void)state;
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(4u << 20);
    for (int i = 0; i < 50000; i++) {
        rx_buf_printf(&text, "key%d: %d\n", i, i);
    }
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(4u << 20);
    struct rx_error err;
    assert_ok(rx_yaml_to_json(rx_buf_str(&text), NULL, &out, &err), &err);
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    assert_ok(rx_json_parse(rx_buf_str(&out), NULL, &doc, &err), &err);
    assert_int_equal(rx_json_len(rx_json_item(rx_json_root(doc), 0)), 50000);
    rx_buf_puts(&text, "key777: again\n");
    rx_buf_clear(&out);
    assert_int_equal(rx_yaml_to_json(rx_buf_str(&text), NULL, &out, &err), RX_EINVALID);
    assert_message(&err, "duplicate key \"key777\"");
}

static int convert_some(void *arg)
{
    (void)arg;
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(65536);
    return convert("a: 1\nb: [x, 1.5, {c: d}]\n---\nlong: \"0123456789012345678901234567890123456\""
                   "\n",
                   &out, NULL);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    assert_true(rx_torture_alloc(convert_some, NULL) >= 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_structure), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_limits),    cmocka_unit_test(test_bombs),
        cmocka_unit_test(test_many_keys), cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
