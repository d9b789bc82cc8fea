// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>

#include "agent/sources/evm.h"
#include "tests/support/test.h"

#define ADDRESS "0x00000000000000000000000000000000000000aa"

static int read_spec(const char *text, struct evm_settings *ret, struct rx_error *err)
{
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    assert_ok(rx_json_parse(rx_str_of(text), NULL, &doc, err), err);
    return evm_settings_read(rx_json_root(doc), ret, err);
}

static void test_defaults(void **state)
{
    (void)state;
    struct evm_settings settings;
    struct rx_error err = {0};
    assert_ok(
        read_spec("{\"name\":\"main\",\"type\":\"evm\",\"rpcURL\":\"https://node.example/key\","
                  "\"factories\":[{\"address\":\"" ADDRESS "\"}]}",
                  &settings, &err),
        &err);
    assert_string_equal(settings.chain, "ethereum");
    assert_int_equal(settings.weth[0], 0xc0);
    assert_int_equal(settings.confirmations, 2);
    assert_int_equal(settings.poll_ms, 0);
    assert_int_equal(settings.n_factories, 1);
    assert_true(settings.factories[0].from_block == EVM_FROM_DEFAULT);
    assert_false(settings.local);
    evm_settings_fini(&settings);
}

static void test_local_nodes(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        bool local;
    } cases[] = {
        {"http://127.0.0.1:8545", true},       {"http://localhost:8545/x", true},
        {"http://10.88.0.1:8545", true},       {"http://172.16.0.1", true},
        {"http://172.31.255.1", true},         {"http://172.32.0.1", false},
        {"http://192.168.1.1/", true},         {"http://anvil", true},
        {"http://anvil.chain.svc:8545", true}, {"http://user:pw@127.0.0.1:1", true},
        {"https://eth.example.org", false},    {"https://8.8.8.8", false},
        {"https://127.example.org", false},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        struct evm_settings settings;
        struct rx_error err = {0};
        char text[512];
        snprintf(text, sizeof text,
                 "{\"name\":\"n\",\"rpcURL\":\"%s\",\"factories\":[{\"address\":\"" ADDRESS "\"}]}",
                 cases[i].url);
        assert_ok(read_spec(text, &settings, &err), &err);
        if (settings.local != cases[i].local) {
            fail_msg("%s: local is %d", cases[i].url, settings.local);
        }
        evm_settings_fini(&settings);
    }
}

/* Same data, same fingerprint; what changes the data changes it. */
static void test_fingerprint(void **state)
{
    (void)state;
    struct evm_settings a = {.chain = "ethereum", .n_factories = 1}, b;
    char one[65], other[65];
    b = a;
    b.confirmations = 9;
    b.poll_ms = 5;
    evm_settings_fingerprint(&a, one);
    evm_settings_fingerprint(&b, other);
    assert_string_equal(one, other);
    b.factories[0].from_block = 1;
    evm_settings_fingerprint(&b, other);
    assert_string_not_equal(one, other);
    b = a;
    b.weth[3] = 1;
    evm_settings_fingerprint(&b, other);
    assert_string_not_equal(one, other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_local_nodes),
        cmocka_unit_test(test_fingerprint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
