// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/wallet/trade_text.h"

#include "tests/unit/agent/engine/wallet/build.h"

static int add_json(struct rx_trades *set, const char *text, struct rx_error *err)
{
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    assert_ok(rx_json_parse(rx_str_of(text), NULL, &doc, err), err);
    return rx_trades_add_json(set, rx_json_root(doc), err);
}

static void test_json_rows(void **state)
{
    (void)state;
    struct rx_error err = {0};
    rx_auto(trades) struct rx_trades *set = rx_trades_new();
    assert_ok(add_json(set,
                       "{\"trades\":[{\"wallet\":\"w\",\"token\":\"T\",\"side\":\"buy\",\"time\":"
                       "\"2023-11-14T22:13:20Z\",\"amount\":1.5,\"price\":\"2\",\"fee\":0.25,"
                       "\"decimals\":9,\"symbol\":\"TT\",\"gas_price\":3,\"dex\":null},"
                       "{\"wallet\":\"w\",\"token\":\"T\",\"side\":\"sell\",\"time\":1700000010,"
                       "\"amount\":\"0.000000001\",\"usd\":1e-9}],"
                       "\"prices\":[{\"token\":\"T\",\"time\":1700000005,\"price\":\"4.5\"}]}",
                       &err),
              &err);
    assert_int_equal(rx_trades_finish(set), 0);
    const struct rx_trade_span rows = rx_trades_of_wallet(set, name_of(set, "w"));
    assert_int_equal(rows.n, 2);
    assert_int_equal(rows.p[0].time, 1700000000);
    assert_int_equal(rows.p[0].amount.limb[0], 1500000000);
    assert_true(rows.p[0].value == 3 * RX_MONEY_UNIT && rows.p[0].fee == RX_MONEY_UNIT / 4);
    assert_true(rows.p[0].gas_price == 3 && isnan(rows.p[1].gas_price));
    assert_true(rows.p[1].value == 1 && rows.p[1].amount.limb[0] == 1);
    const struct rx_token *token = rx_trades_token_at(set, 0);
    assert_int_equal(token->decimals, 9);
    assert_str(rx_trades_text(set, token->symbol), "TT");
    assert_str(rx_trades_text(set, token->chain), "ethereum");
    assert_true(rx_price_to_double(rx_trades_price_at(set, 0, 1700000005, NULL)) == 4.5);
}

static void test_refused_json_names_the_place(void **state)
{
    (void)state;
#define ROW(more)                                                                                  \
    "[{\"wallet\":\"w\",\"token\":\"T\",\"side\":\"buy\",\"time\":1,\"amount\":1" more "}]"
    static const struct {
        const char *text, *said;
    } cases[] = {
        {"{}", "trades: array expected, got missing"},
        {"3", "trades: array expected"},
        {"[3]", "trades[0]: object expected, got integer"},
        {"[{}]", "trades[0].wallet: a name of 1 to 128 bytes expected"},
        {ROW(",\"usd\":[]"), "trades[0].usd: number or string expected, got array"},
        {ROW(",\"usd\":-1"), "trades[0].usd: an amount of money from 0 to 10^18 expected, got '-1"},
        {ROW(",\"fee\":\"x\""), "trades[0].fee"},
        {ROW(",\"decimals\":37"), "trades[0].decimals"},
        {ROW(",\"listed\":\"soon\""), "trades[0].listed"},
        {ROW(",\"gas_price\":-2"), "trades[0].gas_price"},
        {ROW(",\"price\":1e11"), "trades[0].price"},
        {"[{\"wallet\":\"w\",\"token\":\"T\",\"side\":\"swap\",\"time\":1,\"amount\":1}]",
         "trades[0].side: buy, sell, transfer_in, transfer_out or airdrop expected, got 'swap'"},
        {"[{\"wallet\":\"w\",\"token\":\"T\",\"side\":\"buy\",\"time\":1.5,\"amount\":1}]",
         "trades[0].time"},
        {"[{\"wallet\":\"w\",\"token\":\"T\",\"side\":\"buy\",\"time\":1,\"amount\":0}]",
         "trades[0].amount"},
        {"[{\"wallet\":\"w\",\"token\":\"T\",\"side\":\"buy\",\"time\":1,\"amount\":\"1e-19\"}]",
         "trades[0].amount"},
        {"{\"trades\":[],\"prices\":[{\"token\":\"T\",\"time\":1}]}", "prices[0].price"},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        rx_auto(trades) struct rx_trades *set = rx_trades_new();
        struct rx_error err = {0};
        assert_true(add_json(set, cases[i].text, &err) < 0);
        assert_message(&err, cases[i].said);
    }
}

static void test_decimals_may_not_change(void **state)
{
    (void)state;
    struct rx_error err = {0};
    rx_auto(trades) struct rx_trades *set = rx_trades_new();
    assert_ok(add_json(set, ROW(""), &err), &err);
    assert_true(add_json(set, ROW(",\"decimals\":6"), &err) < 0);
    assert_message(&err, "the same in every row of the token");
    assert_ok(add_json(set, ROW(",\"decimals\":18"), &err), &err);
}

static void test_times(void **state)
{
    (void)state;
    int64_t time;
    assert_int_equal(rx_trade_time_parse(RX_STR("1700000000"), &time), 0);
    assert_int_equal(time, 1700000000);
    assert_int_equal(rx_trade_time_parse(RX_STR("2023-11-14T23:13:20+01:00"), &time), 0);
    assert_int_equal(time, 1700000000);
    assert_int_equal(rx_trade_time_parse(RX_STR("-5"), &time), RX_ELIMIT);
    assert_int_equal(rx_trade_time_parse(RX_STR("1969-12-31T00:00:00Z"), &time), RX_ELIMIT);
    assert_int_equal(rx_trade_time_parse(RX_STR("yesterday"), &time), RX_EPARSE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_rows),
        cmocka_unit_test(test_refused_json_names_the_place),
        cmocka_unit_test(test_decimals_may_not_change),
        cmocka_unit_test(test_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
