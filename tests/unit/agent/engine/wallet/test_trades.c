// SPDX-License-Identifier: Apache-2.0
/* covers trades.c and trades_index.c */
#include "agent/engine/wallet/trades.h"

#include <errno.h>

#include "tests/support/torture.h"
#include "tests/unit/agent/engine/wallet/build.h"

static void test_names(void **state)
{
    (void)state;
    rx_auto(trades) struct rx_trades *set = rx_trades_new();
    uint32_t a;
    uint32_t b;
    assert_int_equal(rx_trades_name(set, RX_STR("0xABCDEF0123456789abcdef0123456789ABCDEF01"), &a),
                     0);
    assert_int_equal(rx_trades_name(set, RX_STR("0xabcdef0123456789abcdef0123456789abcdef01"), &b),
                     0);
    assert_int_equal(a, b);
    assert_str(rx_trades_text(set, a), "0xabcdef0123456789abcdef0123456789abcdef01");
    /* Base58 names keep their case. */
    assert_int_equal(rx_trades_name(set, RX_STR("So1A"), &a), 0);
    assert_int_equal(rx_trades_name(set, RX_STR("So1a"), &b), 0);
    assert_true(a != b);
    assert_int_equal(rx_trades_name(set, RX_STR(""), &a), RX_EINVALID);
    assert_int_equal(rx_trades_name(set, RX_STR("\xff"), &a), RX_EINVALID);
    char longest[RX_NAME_MAX + 1];
    memset(longest, 'x', sizeof(longest));
    assert_int_equal(rx_trades_name(set, (struct rx_str){longest, RX_NAME_MAX + 1}, &a),
                     RX_EINVALID);
    assert_true(rx_trades_find_name(set, RX_STR("nobody")) == RX_NAME_NONE);
}

static void test_order_and_spans(void **state)
{
    (void)state;
    rx_auto(trades) struct rx_trades *set = set_of("w1,T,buy,300,1,1\n"
                                                   "w2,T,buy,100,1,1\n"
                                                   "w1,U,buy,200,1,1\n"
                                                   "w1,T,sell,300,1,1\n"
                                                   "w1,T,buy,50,1,1\n");
    assert_int_equal(rx_trades_count(set), 5);
    assert_int_equal(rx_trades_wallets(set).n, 2);
    const struct rx_trade_span rows = rx_trades_of_wallet(set, name_of(set, "w1"));
    static const int64_t times[] = {50, 200, 300, 300};
    assert_int_equal(rows.n, 4);
    for (size_t i = 0; i < rows.n; i++) {
        assert_int_equal(rows.p[i].time, times[i]);
    }
    assert_int_equal(rows.p[2].side, RX_SIDE_BUY);
    assert_int_equal(rx_trades_of_wallet(set, name_of(set, "T")).n, 0);
    const struct rx_index_span token = rx_trades_of_token(set, 0);
    assert_int_equal(token.n, 4);
    for (size_t i = 1; i < token.n; i++) {
        assert_true(rx_trades_at(set, token.p[i - 1])->time <= rx_trades_at(set, token.p[i])->time);
    }
    assert_int_equal(rx_trades_last_time(set), 300);
    const uint32_t chain = name_of(set, "ethereum");
    assert_int_equal(rx_trades_find_token(set, chain, name_of(set, "U")), 1);
    assert_true(rx_trades_find_token(set, chain, name_of(set, "w1")) == RX_NAME_NONE);
}

static void test_prices(void **state)
{
    (void)state;
    struct rx_error err = {0};
    rx_auto(trades) struct rx_trades *set = rx_trades_new();
    assert_ok(add_lines(set,
                        "w,T,buy,100,2,10\nw,T,sell,200,2,20\nw,T,sell,300,1,0.5\n"
                        "w,U,buy,100,1,10\nw,V,buy,100,1\n",
                        &err),
              &err);
    assert_ok(rx_trades_add_price(set, 1, 150, 7, &err), &err);
    assert_int_equal(rx_trades_finish(set), 0);
    int64_t time = 0;
    assert_true(rx_trades_price_at(set, 0, 99, NULL) == RX_PRICE_UNKNOWN);
    assert_true(rx_price_to_double(rx_trades_price_at(set, 0, 150, &time)) == 5);
    assert_int_equal(time, 100);
    /* A trade of less than one unit of money sets no price. */
    assert_true(rx_price_to_double(rx_trades_price_at(set, 0, 999, &time)) == 10);
    assert_int_equal(time, 200);
    /* A series replaces the prices of trades. */
    assert_true(rx_trades_price_at(set, 1, 149, NULL) == RX_PRICE_UNKNOWN);
    assert_true(rx_trades_price_at(set, 1, 150, NULL) == 7);
    assert_true(rx_trades_price_at(set, 2, 999, NULL) == RX_PRICE_UNKNOWN);
}

static void test_refuses_what_is_out_of_range(void **state)
{
    (void)state;
    rx_auto(trades) struct rx_trades *set = rx_trades_new();
    const uint32_t token = add_token(set, "T");
    const uint32_t wallet = add_name(set, "w", 1);
    const struct rx_trade good = {.amount = rx_u256_of(1),
                                  .wallet = wallet,
                                  .token = token,
                                  .counterparty = RX_NAME_NONE,
                                  .dex = RX_NAME_NONE,
                                  .tx = RX_NAME_NONE};
    struct rx_trade bad[8];
    for (size_t i = 0; i < RX_ARRAY_LEN(bad); i++) {
        bad[i] = good;
    }
    bad[0].amount = (struct rx_u256){{0}};
    bad[1].time = -1;
    bad[2].time = RX_TIME_MAX + 1;
    bad[3].fee = -1;
    bad[4].value = RX_MONEY_MAX;
    bad[5].wallet = 99;
    bad[6].counterparty = 99;
    bad[7].side = RX_SIDE_MAX;
    static const char *const said[] = {"amount", "time",   "time",         "fee",
                                       "value",  "wallet", "counterparty", "side"};
    struct rx_error err = {0};
    for (size_t i = 0; i < RX_ARRAY_LEN(bad); i++) {
        assert_int_equal(rx_trades_add(set, &bad[i], &err), RX_EINVALID);
        assert_message(&err, said[i]);
    }
    assert_ok(rx_trades_add(set, &good, &err), &err);
    assert_int_equal(rx_trades_add_price(set, 9, 0, 0, &err), RX_EINVALID);
    assert_int_equal(rx_trades_add_price(set, token, 0, RX_PRICE_MAX, &err), RX_EINVALID);
}

static void test_empty_set(void **state)
{
    (void)state;
    rx_auto(trades) struct rx_trades *set = set_of("");
    assert_int_equal(rx_trades_count(set), 0);
    assert_int_equal(rx_trades_wallets(set).n, 0);
    assert_true(rx_trades_last_time(set) == RX_TIME_UNKNOWN);
    assert_int_equal(rx_trades_of_wallet(set, 0).n, 0);
}

static int torture_build(void *arg)
{
    (void)arg;
    struct rx_error err = {0};
    rx_auto(trades) struct rx_trades *set = rx_trades_new();
    if (!set) {
        return -ENOMEM;
    }
    for (unsigned i = 0; i < 70; i++) {
        rx_auto(buf) struct rx_buf line = RX_BUF_INIT(128);
        rx_buf_printf(&line, "w%u,t%u,buy,%u,1,5", i, i, i);
        const int rc = rx_buf_error(&line, &err);
        if (rc < 0) {
            return rc;
        }
        const int added = add_lines(set, line.p, &err);
        if (added < 0) {
            return added;
        }
    }
    return rx_trades_finish(set);
}

static void test_without_memory(void **state)
{
    (void)state;
    assert_true(rx_torture_alloc(torture_build, NULL) > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),     cmocka_unit_test(test_order_and_spans),
        cmocka_unit_test(test_prices),    cmocka_unit_test(test_refuses_what_is_out_of_range),
        cmocka_unit_test(test_empty_set), cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
