// SPDX-License-Identifier: Apache-2.0
#include "agent/sources/sources.h"

#include <stdio.h>

#include "tests/support/test.h"

#define SPEC(name)                                                                                 \
    "{\"name\":\"" name "\",\"type\":\"evm\",\"rpcURL\":\"http://127.0.0.1:1\",\"factories\":"     \
    "[{\"address\":\"0x00000000000000000000000000000000000000aa\"}]}"

static int make(const char *json, size_t *ret_count, struct rx_error *err)
{
    rx_auto(metrics) struct rx_metrics *metrics = rx_metrics_new();
    rx_auto(book) struct rx_book *book = rx_book_new(NULL);
    const struct rx_source_deps deps = {.book = book, .metrics = metrics};
    rx_auto(sources) struct rx_sources *sources = NULL;
    int r = rx_sources_new(rx_str_of(json), &deps, &sources, err);
    if (r == 0) {
        *ret_count = rx_sources_count(sources);
        assert_int_equal(rx_book_sources(book), *ret_count);
    }
    return r;
}

static void test_good(void **state)
{
    (void)state;
    size_t n = 99;
    struct rx_error err = {0};
    assert_ok(make("", &n, &err), &err);
    assert_int_equal(n, 0);
    assert_ok(make("[]", &n, &err), &err);
    assert_ok(make("[" SPEC("a") "," SPEC("b") "]", &n, &err), &err);
    assert_int_equal(n, 2);
}

static void test_bad(void **state)
{
    (void)state;
    static const struct {
        const char *json, *message;
    } cases[] = {
        {"{", "sources: "},
        {"{}", "sources: must be a list"},
        {"[1]", "sources[0]: must be an object"},
        {"[{}]", "sources[0]: type: must be evm"},
        {"[" SPEC("a") "," SPEC("a") "]", "sources[1]: name: there twice"},
        {"[" SPEC("a") "," SPEC("B") "]", "sources[1]: name: must be a name"},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        size_t n = 0;
        struct rx_error err = {0};
        assert_true(make(cases[i].json, &n, &err) < 0);
        assert_message(&err, cases[i].message);
    }
}

static void test_too_many(void **state)
{
    (void)state;
    char json[4096] = "[";
    for (int i = 0; i <= RX_SOURCES_MAX; i++) {
        strncat(json, i ? ",{}" : "{}", sizeof json - strlen(json) - 1);
    }
    strncat(json, "]", sizeof json - strlen(json) - 1);
    size_t n = 0;
    struct rx_error err = {0};
    assert_int_equal(make(json, &n, &err), RX_EINVALID);
    assert_message(&err, "at most 16");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
