// SPDX-License-Identifier: Apache-2.0
/* covers history.c and history_returns.c */
#include "agent/engine/wallet/history.h"

#include <errno.h>

#include "tests/support/torture.h"
#include "tests/unit/agent/engine/wallet/build.h"

#define DAY        86400
#define MONEY(usd) ((rx_money)((usd)*1e9))

static struct rx_history *history_of(const struct rx_trades *set, const char *one, const char *two,
                                     int64_t as_of)
{
    struct rx_error err = {0};
    struct rx_history *history = NULL;
    const uint32_t wallets[2] = {name_of(set, one), two ? name_of(set, two) : 0};
    const struct rx_history_options options = {
        .wallets = wallets, .n_wallets = two ? 2 : 1, .as_of = as_of, .returns = true};
    assert_ok(rx_history_new(set, &options, &history, &err), &err);
    return history;
}

static void test_marks_and_holdings(void **state)
{
    (void)state;
    rx_auto(trades) struct rx_trades *set = set_of("a,T,buy,0,10,100,1\n"
                                                   "a,T,sell,86400,4,60,1\n"
                                                   "b,T,buy,172800,1,20\n"
                                                   "a,V,buy,172800,5,\n");
    rx_auto(history) struct rx_history *h = history_of(set, "a", NULL, RX_TIME_UNKNOWN);
    assert_int_equal(h->n_closed, 1);
    assert_true(h->closed[0].fill.pnl == MONEY(59 - 40.4));
    assert_true(fabs(h->closed[0].roi - 18.6 / 40.4) < 1e-12);
    assert_int_equal(h->n_holdings, 2);
    assert_true(h->holdings[0].cost == MONEY(60.6) && h->holdings[0].value == MONEY(120));
    assert_int_equal(h->holdings[0].mark_time, 2 * DAY);
    assert_true(h->holdings[1].value == RX_MONEY_UNKNOWN);
    assert_true(h->holdings[1].unknown.limb[0] == 5 * UNIT);
    assert_int_equal(h->n_open, 2);
    /* As it stood a day earlier. */
    rx_auto(history) struct rx_history *before = history_of(set, "a", NULL, DAY);
    assert_true(before->holdings[0].value == MONEY(90));
    assert_int_equal(before->n_rows, 2);
}

/* Day 0: 100 -> 100 at the close. Day 1: 120. Day 2: 50 more come in, price down to 9. */
static void test_returns_by_hand(void **state)
{
    (void)state;
    struct rx_error err = {0};
    rx_auto(trades) struct rx_trades *set = rx_trades_new();
    assert_ok(add_lines(set,
                        "a,T,buy,100,10,100\na,T,buy,172900,5,50\na,T,sell,259300,15,150\n"
                        "a,T,buy,432100,1,10\n",
                        &err),
              &err);
    const rx_price unit = (rx_price)1000000000 * 1000000000 * 1000000000;
    assert_ok(rx_trades_add_price(set, 0, 50, 10 * unit, &err), &err);
    assert_ok(rx_trades_add_price(set, 0, DAY + 5, 11 * unit, &err), &err);
    assert_ok(rx_trades_add_price(set, 0, DAY + 9, 12 * unit, &err), &err);
    assert_ok(rx_trades_add_price(set, 0, 2 * DAY + 5, 9 * unit, &err), &err);
    assert_ok(rx_trades_add_price(set, 0, 4 * DAY + 5, 90 * unit, &err), &err);
    assert_int_equal(rx_trades_finish(set), 0);
    rx_auto(history) struct rx_history *h = history_of(set, "a", NULL, RX_TIME_UNKNOWN);
    /* Day 3: 135 at its start, sold for 150. Day 4: nothing held. Day 5: bought at 10, marked 90.
     */
    static const double expected[] = {0, .2, 135.0 / 170 - 1, 150.0 / 135 - 1, 8};
    static const int64_t days[] = {0, 1, 2, 3, 5};
    assert_int_equal(h->n_returns, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_true(fabs(h->returns[i] - expected[i]) < 1e-12);
        assert_int_equal(h->return_days[i], days[i] * DAY);
    }
}

/* Moving coins away and between own wallets is no gain and no loss. */
static void test_transfers_leave_the_return_alone(void **state)
{
    (void)state;
    rx_auto(trades) struct rx_trades *set = set_of("a,T,buy,0,10,100\n"
                                                   "a,T,transfer_out,86400,5,,,exchange\n"
                                                   "a,T,transfer_out,90000,5,,,b\n"
                                                   "b,T,transfer_in,90060,5,,,a\n"
                                                   "z,T,buy,172800,1,30\n");
    rx_auto(history) struct rx_history *h = history_of(set, "a", "b", RX_TIME_UNKNOWN);
    assert_int_equal(h->n_returns, 3);
    assert_true(h->returns[0] == 0 && h->returns[1] == 0);
    assert_true(fabs(h->returns[2] - 2) < 1e-12);
    assert_true(h->totals.basis_out == MONEY(50) && h->n_closed == 0);
}

static void test_own_transfers_are_paired(void **state)
{
    (void)state;
    rx_auto(trades) struct rx_trades *set =
        set_of("a,T,buy,0,10,100\n"
               "a,T,transfer_out,100,4,,,b\n"  /* a tenth is taxed away */
               "b,T,transfer_in,160,3.6,,,a\n" /* answers it */
               "a,T,transfer_out,200,6,,,b\n"  /* no answer: arrives in full */
               "b,T,transfer_in,50,7,,,a\n"    /* before anything was sent: unknown */
               "b,T,sell,300,16.6,332\n");
    rx_auto(history) struct rx_history *h = history_of(set, "a", "b", RX_TIME_UNKNOWN);
    assert_int_equal(h->n_closed, 1);
    const struct rx_fill *fill = &h->closed[0].fill;
    assert_true(fill->cost == MONEY(100) && fill->known.limb[0] == 9600000);
    assert_true(fill->unknown.limb[0] == 7000000 && fill->entry == 0);
    assert_true(fill->pnl == MONEY(192 - 100));
    assert_int_equal(h->n_holdings, 0);
    /* For one of them alone the coins came from somebody else. */
    rx_auto(history) struct rx_history *alone = history_of(set, "b", NULL, RX_TIME_UNKNOWN);
    assert_true(alone->closed[0].fill.pnl == RX_MONEY_UNKNOWN);
}

static void test_more_arrives_than_was_sent(void **state)
{
    (void)state;
    rx_auto(trades) struct rx_trades *set = set_of("a,T,buy,0,10,100\n"
                                                   "a,T,transfer_out,100,10,,,b\n"
                                                   "b,T,transfer_in,100,12,,,a\n");
    rx_auto(history) struct rx_history *h = history_of(set, "b", "a", RX_TIME_UNKNOWN);
    assert_int_equal(h->n_holdings, 1);
    assert_true(h->holdings[0].known.limb[0] == 10 * UNIT);
    assert_true(h->holdings[0].unknown.limb[0] == 2 * UNIT);
    assert_true(h->holdings[0].cost == MONEY(100));
}

static void test_bounds(void **state)
{
    (void)state;
    struct rx_error err = {0};
    rx_auto(trades) struct rx_trades *set = set_of("");
    struct rx_history *h = NULL;
    uint32_t wallets[RX_OWNER_MAX + 1] = {0};
    struct rx_history_options options = {.wallets = wallets, .as_of = RX_TIME_UNKNOWN};
    assert_int_equal(rx_history_new(set, &options, &h, &err), RX_EINVALID);
    options.n_wallets = RX_OWNER_MAX + 1;
    assert_int_equal(rx_history_new(set, &options, &h, &err), RX_EINVALID);
    assert_message(&err, "1 to 64 wallets");
    options.n_wallets = 2;
    options.returns = true;
    assert_ok(rx_history_new(set, &options, &h, &err), &err);
    assert_int_equal(h->n_rows + h->n_returns + h->n_holdings, 0);
    rx_history_free(h);
}

/* Random flows: chained returns and money agree. Value at the end = value the flows would have had
 * at each day's return. */
static void test_returns_chain(void **state)
{
    (void)state;
    uint64_t seed = 9;
    size_t days = 0;
    for (int round = 0; round < 300; round++) {
        struct rx_error err = {0};
        rx_auto(trades) struct rx_trades *set = rx_trades_new();
        const uint32_t token = add_token(set, "T");
        const uint32_t wallet = add_name(set, "w", 0);
        double price = 10;
        double held = 0;
        double flow[40] = {0};
        for (int day = 0; day < 40; day++) {
            price *= .8 + .4 * next_uniform(&seed);
            assert_ok(rx_trades_add_price(set, token, day * DAY,
                                          (rx_price)(price * 1e9) * 1000000000000000000u, &err),
                      &err);
            const double rounded = floor(price * 1e9) / 1e9;
            const double n = 1 + (double)(next_random(&seed) % 50);
            const bool buy = held < n || next_random(&seed) % 2;
            add_row(set, wallet, token, buy ? RX_SIDE_BUY : RX_SIDE_SELL, day * DAY + 60, n,
                    n * rounded);
            held += buy ? n : -n;
            flow[day] = (buy ? n : -n) * rounded;
        }
        assert_int_equal(rx_trades_finish(set), 0);
        rx_auto(history) struct rx_history *h = history_of(set, "w0", NULL, RX_TIME_UNKNOWN);
        double value = 0;
        for (size_t i = 0; i < h->n_returns; i++) {
            const double f = flow[h->return_days[i] / DAY];
            value = f > 0 ? (value + f) * (1 + h->returns[i]) : value * (1 + h->returns[i]) + f;
            days++;
        }
        const double end = h->n_holdings ? rx_money_to_double(h->holdings[0].value) : 0;
        assert_true(fabs(value - end) < 1e-6 * (1 + end));
    }
    print_message("chained returns: 300 histories, %zu days\n", days);
}

static int torture_history(void *arg)
{
    struct rx_error err = {0};
    rx_auto(history) struct rx_history *h = NULL;
    const struct rx_trades *set = arg;
    const uint32_t wallets[2] = {name_of(set, "a"), name_of(set, "b")};
    const struct rx_history_options options = {
        .wallets = wallets, .n_wallets = 2, .as_of = RX_TIME_UNKNOWN, .returns = true};
    return rx_history_new(set, &options, &h, &err);
}

static void test_without_memory(void **state)
{
    (void)state;
    rx_auto(trades) struct rx_trades *set = set_of("a,T,buy,0,10,100\n"
                                                   "a,T,transfer_out,100,10,,,b\n"
                                                   "b,T,transfer_in,100,12,,,a\n"
                                                   "b,T,sell,100000,5,12\n");
    assert_true(rx_torture_alloc(torture_history, set) > 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_marks_and_holdings),
        cmocka_unit_test(test_returns_by_hand),
        cmocka_unit_test(test_transfers_leave_the_return_alone),
        cmocka_unit_test(test_own_transfers_are_paired),
        cmocka_unit_test(test_more_arrives_than_was_sent),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_returns_chain),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
