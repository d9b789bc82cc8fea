// SPDX-License-Identifier: Apache-2.0
#include "tests/support/test.h"

#include "agent/routes/token_query.h"

static void finds_chains_by_any_name(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"ethereum", "ethereum"}, {"ETH", "ethereum"}, {"ether", "ethereum"},
        {"bnb", "bsc"},           {"Binance", "bsc"},  {"sol", "solana"},
        {"matic", "polygon"},     {"poly", "polygon"}, {"avax", "avalanche"},
        {"arb", "arbitrum"},      {"base", "base"},    {"optimism", "optimism"},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        assert_string_equal(rx_chain_find(rx_str_of(cases[i][0])), cases[i][1]);
    }
    assert_null(rx_chain_find(RX_STR("notachain")));
    assert_null(rx_chain_find(RX_STR("")));
    assert_null(rx_chain_find(RX_STR("ethereum ")));
    assert_true(rx_chain_is_evm("ethereum"));
    assert_false(rx_chain_is_evm("solana"));
}

static void reads_addresses(void **state)
{
    (void)state;
    uint8_t a[20], b[20];
    struct rx_error err;
    assert_ok(rx_address_evm(RX_STR("0xABCDEFabcdef00000000000000000000000000ff"), a, &err), &err);
    assert_ok(rx_address_evm(RX_STR("0xabcdefabcdef00000000000000000000000000FF"), b, &err), &err);
    assert_memory_equal(a, b, 20);
    assert_int_equal(a[0], 0xab);
    static const char *const bad[] = {"",
                                      "0x",
                                      "not-an-address",
                                      "abcdefabcdef00000000000000000000000000ff00",
                                      "0xabcdefabcdef00000000000000000000000000f",
                                      "0xabcdefabcdef00000000000000000000000000ff0",
                                      "0xabcdefabcdef00000000000000000000000000fg",
                                      "0Xabcdefabcdef00000000000000000000000000ff",
                                      "0x 0x0000000000000000000000000000000000000"};
    for (size_t i = 0; i < RX_ARRAY_LEN(bad); i++) {
        assert_int_equal(rx_address_evm(rx_str_of(bad[i]), a, &err), RX_EINVALID);
        assert_string_equal(err.msg, "address: expected 0x and 40 hex digits");
    }
    assert_true(rx_address_is_solana(RX_STR("So11111111111111111111111111111111111111112")));
    assert_false(rx_address_is_solana(RX_STR("0xabcdefabcdef00000000000000000000000000ff")));
    assert_false(rx_address_is_solana(RX_STR("short")));
}

static void reads_horizons(void **state)
{
    (void)state;
    unsigned mask = 0;
    struct rx_error err;
    assert_ok(rx_horizons_parse(RX_STR("24h, 30d"), 7, &mask, &err), &err);
    assert_int_equal(mask, 5);
    assert_ok(rx_horizons_parse(RX_STR("7d,7d"), 7, &mask, &err), &err);
    assert_int_equal(mask, 2);
    static const char *const bad[] = {"", "24h,", "1h", "24H", "24h;7d", ",", "24h 7d"};
    for (size_t i = 0; i < RX_ARRAY_LEN(bad); i++) {
        assert_int_equal(rx_horizons_parse(rx_str_of(bad[i]), 7, &mask, &err), RX_EINVALID);
        assert_string_equal(err.msg, "horizons: expected some of 24h, 7d, 30d");
    }
    assert_int_equal(rx_horizons_parse(RX_STR("7d"), 5, &mask, &err), RX_EINVALID);
    assert_string_equal(err.msg, "horizons: expected some of 24h, 30d");
}

static void reads_flags(void **state)
{
    (void)state;
    bool flag = false;
    struct rx_error err;
    assert_ok(rx_flag_parse(RX_STR("true"), "f", &flag, &err), &err);
    assert_true(flag);
    assert_ok(rx_flag_parse(RX_STR("0"), "f", &flag, &err), &err);
    assert_false(flag);
    assert_int_equal(rx_flag_parse(RX_STR("yes"), "f", &flag, &err), RX_EINVALID);
    assert_string_equal(err.msg, "f: expected true or false");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_chains_by_any_name),
        cmocka_unit_test(reads_addresses),
        cmocka_unit_test(reads_horizons),
        cmocka_unit_test(reads_flags),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
