// SPDX-License-Identifier: Apache-2.0
/* covers ledger.c, ledger_take.c and money.c */
#include "agent/engine/wallet/ledger.h"

#include <errno.h>
#include <math.h>

#include "tests/support/oracle.h"
#include "tests/support/test.h"
#include "tests/support/torture.h"

#define MONEY(units) ((rx_money)((units)*1e9))

static struct rx_trade row(enum rx_side side, uint64_t amount, double value, double fee)
{
    return (struct rx_trade){.amount = rx_u256_of(amount),
                             .value = value < 0 ? RX_MONEY_UNKNOWN : MONEY(value),
                             .fee = MONEY(fee),
                             .side = side,
                             .counterparty = RX_NAME_NONE};
}

static struct rx_fill book(struct rx_ledger *ledger, struct rx_trade trade, int64_t time)
{
    struct rx_error err = {0};
    struct rx_fill fill;
    trade.time = time;
    assert_ok(rx_ledger_apply(ledger, &trade, &fill, &err), &err);
    return fill;
}

/* realised + mark - cost held, against the flows; equal in integers. */
static void check_conservation(const struct rx_ledger *ledger)
{
    const struct rx_ledger_totals *t = rx_ledger_totals(ledger);
    rx_money cost = 0;
    for (size_t i = 0; i < rx_ledger_positions(ledger); i++) {
        const struct rx_position *p = rx_ledger_position(ledger, i);
        size_t n;
        const struct rx_lot *lots = rx_ledger_lots(ledger, i, &n);
        struct rx_u256 known = {{0}};
        struct rx_u256 unknown = {{0}};
        rx_money sum = 0;
        for (size_t k = 0; k < n; k++) {
            const bool has = lots[k].cost != RX_MONEY_UNKNOWN;
            struct rx_u256 *to = has ? &known : &unknown;
            assert_true(rx_u256_add(to, &lots[k].quantity, to));
            sum += has ? lots[k].cost : 0;
            assert_true(!has || lots[k].cost >= 0);
            assert_false(rx_u256_is_zero(&lots[k].quantity));
        }
        assert_int_equal(rx_u256_cmp(&known, &p->known), 0);
        assert_int_equal(rx_u256_cmp(&unknown, &p->unknown), 0);
        assert_true(sum == p->cost);
        cost += sum;
    }
    assert_true(t->realised - cost ==
                t->cash_out - t->unknown_proceeds - t->cash_in - t->basis_in + t->basis_out);
}

static void test_goldens(void **state)
{
    (void)state;
    rx_auto(json_doc) struct rx_json_doc *doc = oracle_json("oracle/goldens.json");
    const struct rx_json *golden = rx_json_get(rx_json_root(doc), "pnl");
    const double mark = rx_json_double(rx_json_get(golden, "mark"), 0);
    for (int m = 0; m < RX_LOTS_MAX; m++) {
        rx_auto(ledger) struct rx_ledger *ledger = rx_ledger_new((enum rx_lot_method)m);
        int64_t time = 0;
        RX_JSON_FOREACH (it, rx_json_get(golden, "trades(side,qty,price,fee)")) {
            const bool buy = rx_str_is(rx_json_str(rx_json_item(it.value, 0)), "buy");
            const int64_t quantity = rx_json_i64(rx_json_item(it.value, 1), 0);
            const double price = rx_json_double(rx_json_item(it.value, 2), 0);
            book(ledger,
                 row(buy ? RX_SIDE_BUY : RX_SIDE_SELL, (uint64_t)quantity, (double)quantity * price,
                     rx_json_double(rx_json_item(it.value, 3), 0)),
                 time++);
        }
        check_conservation(ledger);
        const struct rx_json *want = rx_json_get(golden, rx_lot_method_name((enum rx_lot_method)m));
        const struct rx_position *p = rx_ledger_position(ledger, 0);
        const double held = rx_u256_to_double(&p->known);
        const double realised = rx_money_to_double(rx_ledger_totals(ledger)->realised);
        const double cost = rx_money_to_double(p->cost);
        assert_close(realised, rx_json_double(rx_json_get(want, "realised"), 0), 1e-9);
        assert_close(held, rx_json_double(rx_json_get(want, "qty"), 0), 1e-9);
        assert_close(cost, rx_json_double(rx_json_get(want, "cost_basis"), 0), 1e-9);
        assert_close(held * mark - cost, rx_json_double(rx_json_get(want, "unrealised"), 0), 1e-9);
        assert_close(realised + held * mark - cost, rx_json_double(rx_json_get(want, "total"), 0),
                     1e-9);
    }
}

static void test_part_of_a_lot(void **state)
{
    (void)state;
    rx_auto(ledger) struct rx_ledger *ledger = rx_ledger_new(RX_LOTS_FIFO);
    book(ledger, row(RX_SIDE_BUY, 100, 100, 0), 0);
    const struct rx_fill first = book(ledger, row(RX_SIDE_SELL, 50, 60, 0), 3600);
    const struct rx_fill second = book(ledger, row(RX_SIDE_SELL, 50, 60, 0), 7200);
    assert_true(first.pnl == MONEY(10) && second.pnl == MONEY(10));
    assert_true(first.held == 3600 && second.held == 7200);
    assert_true(first.entry == 0 && first.lots == 1 && !second.beyond);
}

static void test_sells_beyond_the_lots(void **state)
{
    (void)state;
    rx_auto(ledger) struct rx_ledger *ledger = rx_ledger_new(RX_LOTS_FIFO);
    book(ledger, row(RX_SIDE_BUY, 60, 60, 0), 0);
    const struct rx_fill fill = book(ledger, row(RX_SIDE_SELL, 100, 200, 10), 1);
    assert_true(fill.beyond);
    assert_true(fill.proceeds == MONEY(114) && fill.unknown_proceeds == MONEY(76));
    assert_true(fill.pnl == MONEY(54));
    const struct rx_fill none = book(ledger, row(RX_SIDE_SELL, 5, 50, 0), 2);
    assert_true(none.pnl == RX_MONEY_UNKNOWN && none.unknown_proceeds == MONEY(50));
    assert_true(isnan(none.held));
    check_conservation(ledger);
}

static void test_unknown_basis(void **state)
{
    (void)state;
    for (int m = 0; m < RX_LOTS_MAX; m++) {
        rx_auto(ledger) struct rx_ledger *ledger = rx_ledger_new((enum rx_lot_method)m);
        book(ledger, row(RX_SIDE_AIRDROP, 50, 1000, 0), 0);
        book(ledger, row(RX_SIDE_TRANSFER_IN, 30, -1, 1), 1);
        book(ledger, row(RX_SIDE_TRANSFER_IN, 20, 40, 0), 2);
        book(ledger, row(RX_SIDE_BUY, 100, 200, 0), 3);
        const struct rx_fill fill = book(ledger, row(RX_SIDE_SELL, 100, 300, 0), 4);
        static const uint64_t known[RX_LOTS_MAX] = {20, 60, 100};
        assert_int_equal(fill.known.limb[0], known[m]);
        assert_int_equal(fill.unknown.limb[0], 100 - known[m]);
        assert_false(fill.beyond);
        assert_true(fill.pnl == MONEY((double)known[m]));
        assert_true(rx_ledger_totals(ledger)->transfer_fees == MONEY(1));
        check_conservation(ledger);
    }
}

static void test_unpriced_rows_realise_nothing(void **state)
{
    (void)state;
    rx_auto(ledger) struct rx_ledger *ledger = rx_ledger_new(RX_LOTS_FIFO);
    book(ledger, row(RX_SIDE_BUY, 10, 100, 1), 0);
    book(ledger, row(RX_SIDE_BUY, 10, -1, 0), 1);
    const struct rx_fill sell = book(ledger, row(RX_SIDE_SELL, 5, -1, 0), 2);
    assert_true(sell.pnl == RX_MONEY_UNKNOWN && sell.cost == MONEY(50.5));
    const struct rx_fill out = book(ledger, row(RX_SIDE_TRANSFER_OUT, 5, 900, 0), 3);
    assert_true(out.pnl == RX_MONEY_UNKNOWN);
    assert_true(rx_ledger_totals(ledger)->basis_out == MONEY(101));
    assert_true(rx_ledger_totals(ledger)->realised == 0);
    check_conservation(ledger);
}

static void test_fee_above_the_proceeds(void **state)
{
    (void)state;
    rx_auto(ledger) struct rx_ledger *ledger = rx_ledger_new(RX_LOTS_LIFO);
    book(ledger, row(RX_SIDE_BUY, 10, 10, 0), 0);
    const struct rx_fill fill = book(ledger, row(RX_SIDE_SELL, 20, 1, 7), 1);
    assert_true(fill.proceeds == MONEY(-3) && fill.unknown_proceeds == MONEY(-3));
    assert_true(fill.pnl == MONEY(-13));
    check_conservation(ledger);
}

static void test_own_transfers_carry_basis(void **state)
{
    (void)state;
    struct rx_error err = {0};
    for (int m = 0; m < RX_LOTS_MAX; m++) {
        rx_auto(ledger) struct rx_ledger *ledger = rx_ledger_new((enum rx_lot_method)m);
        book(ledger, row(RX_SIDE_BUY, 100, 100, 0), 0);
        book(ledger, row(RX_SIDE_BUY, 100, 300, 0), 10);
        struct rx_trade out = row(RX_SIDE_TRANSFER_OUT, 200, -1, 0);
        out.time = 20;
        /* A tax of a tenth: 180 arrive and cost what 200 did. */
        const struct rx_u256 received = rx_u256_of(180);
        assert_ok(rx_ledger_move(ledger, &out, 9, &received, NULL, &err), &err);
        check_conservation(ledger);
        assert_int_equal(rx_ledger_positions(ledger), 2);
        const struct rx_position *p = rx_ledger_position(ledger, 1);
        assert_true(p->wallet == 9 && p->cost == MONEY(400) && p->known.limb[0] == 180);
        struct rx_trade sell = row(RX_SIDE_SELL, 90, 90, 0);
        sell.wallet = 9;
        const struct rx_fill fill = book(ledger, sell, 30);
        static const double pnl[RX_LOTS_MAX] = {-10, -110, -210};
        static const double held[RX_LOTS_MAX] = {30, 25, 20};
        assert_true(fill.pnl == MONEY(pnl[m]));
        assert_true(fill.held == held[m]);
        check_conservation(ledger);
    }
}

static uint64_t next(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 17;
}

/* Amounts of 1 to 2^(up to 240) base units, values from nano-units to millions. */
static struct rx_trade random_row(uint64_t *seed, int64_t time)
{
    struct rx_trade trade = {.time = time,
                             .wallet = (uint32_t)(next(seed) % 2),
                             .token = (uint32_t)(next(seed) % 2),
                             .counterparty = RX_NAME_NONE};
    static const enum rx_side sides[8] = {RX_SIDE_BUY,          RX_SIDE_BUY,    RX_SIDE_BUY,
                                          RX_SIDE_SELL,         RX_SIDE_SELL,   RX_SIDE_TRANSFER_IN,
                                          RX_SIDE_TRANSFER_OUT, RX_SIDE_AIRDROP};
    trade.side = sides[next(seed) % 8];
    const unsigned width = (unsigned)(next(seed) % 3);
    trade.amount = rx_u256_of(1 + next(seed) % 1000);
    if (width > 0) {
        trade.amount.limb[width] = 1 + next(seed) % 1000;
        trade.amount.limb[0] = next(seed);
    }
    trade.value = next(seed) % 10 == 0 ? RX_MONEY_UNKNOWN
                                       : (rx_money)(next(seed) % (1ull << (next(seed) % 47)));
    trade.fee = (rx_money)(next(seed) % 3 == 0 ? next(seed) % 100000 : 0);
    return trade;
}

/* Flows added up by hand while the rows are booked; then the books must agree to the last unit. */
static void one_history(struct rx_ledger *ledger, uint64_t *seed, size_t *rows, size_t *moves)
{
    struct rx_error err = {0};
    rx_money in = 0;
    rx_money out = 0;
    rx_money pnl = 0;
    const size_t n = 1 + next(seed) % 24;
    rx_ledger_reset(ledger);
    for (size_t i = 0; i < n; i++) {
        const struct rx_trade trade = random_row(seed, (int64_t)i * 100);
        struct rx_fill fill;
        if (trade.side == RX_SIDE_TRANSFER_OUT && next(seed) % 2) {
            struct rx_u256 received = trade.amount;
            received.limb[0] -= next(seed) % (received.limb[0] ? received.limb[0] : 1);
            received.limb[0] += rx_u256_is_zero(&received);
            assert_ok(rx_ledger_move(ledger, &trade, 1 - trade.wallet, &received, &fill, &err),
                      &err);
            (*moves)++;
        } else {
            assert_ok(rx_ledger_apply(ledger, &trade, &fill, &err), &err);
        }
        if (trade.side == RX_SIDE_BUY && trade.value != RX_MONEY_UNKNOWN) {
            in += trade.value + trade.fee;
        }
        if (trade.side == RX_SIDE_SELL && trade.value != RX_MONEY_UNKNOWN) {
            struct rx_u256 all;
            assert_true(rx_u256_add(&fill.known, &fill.unknown, &all));
            assert_int_equal(rx_u256_cmp(&all, &trade.amount), 0);
            assert_true(fill.proceeds + fill.unknown_proceeds == trade.value - trade.fee);
            out += trade.value - trade.fee;
            pnl += fill.pnl == RX_MONEY_UNKNOWN ? 0 : fill.pnl;
        }
    }
    *rows += n;
    const struct rx_ledger_totals *t = rx_ledger_totals(ledger);
    assert_true(t->cash_in == in && t->cash_out == out && t->realised == pnl);
    check_conservation(ledger);
}

static void test_random_histories_conserve(void **state)
{
    (void)state;
    size_t rows = 0;
    size_t moves = 0;
    uint64_t seed = 2026;
    const int histories = 40000;
    for (int m = 0; m < RX_LOTS_MAX; m++) {
        rx_auto(ledger) struct rx_ledger *ledger = rx_ledger_new((enum rx_lot_method)m);
        for (int i = 0; i < histories; i++) {
            one_history(ledger, &seed, &rows, &moves);
        }
    }
    print_message("conservation: %d histories (%d a method), %zu rows, %zu own transfers, 0 off\n",
                  histories * RX_LOTS_MAX, histories, rows, moves);
}

/* Buys and sells only, never more than is held: the plain identity, and the same total for every
 * method. */
static void test_methods_agree_on_the_total(void **state)
{
    (void)state;
    uint64_t seed = 77;
    int checked = 0;
    for (int round = 0; round < 20000; round++) {
        rx_money total[RX_LOTS_MAX];
        const uint64_t start = seed;
        for (int m = 0; m < RX_LOTS_MAX; m++) {
            rx_auto(ledger) struct rx_ledger *ledger = rx_ledger_new((enum rx_lot_method)m);
            seed = start;
            uint64_t held = 0;
            for (int i = 0; i < 12; i++) {
                const bool buy = held == 0 || next(&seed) % 2;
                struct rx_trade trade = row(buy ? RX_SIDE_BUY : RX_SIDE_SELL,
                                            1 + next(&seed) % (buy ? 1000000 : held), 0, 0);
                trade.value = (rx_money)(next(&seed) % 1000000000000);
                trade.fee = (rx_money)(next(&seed) % 1000000);
                book(ledger, trade, i);
                held += buy ? trade.amount.limb[0] : -trade.amount.limb[0];
            }
            const struct rx_ledger_totals *t = rx_ledger_totals(ledger);
            const rx_money mark = (rx_money)held * 123456789;
            total[m] = t->realised + mark - rx_ledger_position(ledger, 0)->cost;
            assert_true(total[m] == t->cash_out - t->cash_in + mark);
        }
        assert_true(total[0] == total[1] && total[1] == total[2]);
        checked++;
    }
    print_message("total of the three methods equal: %d histories of 12 trades\n", checked);
}

static void test_bounds(void **state)
{
    (void)state;
    struct rx_error err = {0};
    rx_auto(ledger) struct rx_ledger *ledger = rx_ledger_new(RX_LOTS_FIFO);
    struct rx_trade huge = row(RX_SIDE_BUY, 1, 1, 0);
    memset(huge.amount.limb, 0xff, sizeof(huge.amount.limb));
    book(ledger, huge, 0);
    assert_int_equal(rx_ledger_apply(ledger, &huge, NULL, &err), RX_ELIMIT);
    check_conservation(ledger);
    huge.side = RX_SIDE_SELL;
    const struct rx_fill fill = book(ledger, huge, 1);
    assert_true(fill.pnl == 0);
}

static void test_money(void **state)
{
    (void)state;
    rx_money money;
    assert_int_equal(rx_money_parse(RX_STR("12.5"), &money), 0);
    assert_true(money == MONEY(12.5));
    assert_int_equal(rx_money_parse(RX_STR("-1"), &money), RX_ELIMIT);
    assert_int_equal(rx_money_parse(RX_STR("1e18"), &money), RX_ELIMIT);
    assert_int_equal(rx_money_parse(RX_STR("x"), &money), RX_EPARSE);
    rx_price price;
    assert_int_equal(rx_price_parse(RX_STR("0.000000000000000123"), &price), 0);
    struct rx_u256 amount;
    assert_int_equal(rx_u256_parse(RX_STR("5000000000000000000000000000000000"), &amount), 0);
    assert_true(rx_price_value(&amount, 18, price, &money));
    assert_true(money == (rx_money)615000000); /* 5e15 tokens at 1.23e-16 */
    assert_true(rx_price_of(money, &amount, 18, &price));
    assert_true(fabs(rx_price_to_double(price) - 1.23e-16) < 1e-30);
    assert_false(rx_price_of(money, &(struct rx_u256){{0}}, 18, &price));
    assert_true(isnan(rx_money_to_double(RX_MONEY_UNKNOWN)));
    assert_true(rx_money_to_double(-MONEY(2.5)) == -2.5);
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(1024);
    struct rx_jw w;
    rx_jw_init(&w, &out);
    rx_jw_begin_object(&w);
    rx_jw_kv_money(&w, "a", -MONEY(0.25));
    rx_jw_kv_money(&w, "b", RX_MONEY_UNKNOWN);
    rx_jw_kv_amount(&w, "c", &amount, 18);
    rx_jw_end_object(&w);
    assert_buf(&out, "{\"a\":-0.25,\"b\":null,\"c\":\"5000000000000000\"}");
}

static int torture_history(void *arg)
{
    struct rx_error err = {0};
    rx_auto(ledger) struct rx_ledger *ledger = rx_ledger_new(*(enum rx_lot_method *)arg);
    if (!ledger) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < 60; i++) {
        struct rx_trade trade = row(i % 5 == 4 ? RX_SIDE_SELL : RX_SIDE_BUY, 5, 5, 0);
        trade.token = i % 20;
        int rc = rx_ledger_apply(ledger, &trade, NULL, &err);
        if (rc == 0 && i % 7 == 6) {
            const struct rx_u256 one = rx_u256_of(1);
            rc = rx_ledger_move(ledger, &trade, 3, &one, NULL, &err);
        }
        if (rc < 0) {
            return rc;
        }
    }
    check_conservation(ledger);
    return 0;
}

static void test_without_memory(void **state)
{
    (void)state;
    for (int m = 0; m < RX_LOTS_MAX; m++) {
        assert_true(rx_torture_alloc(torture_history, &m) > 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goldens),
        cmocka_unit_test(test_part_of_a_lot),
        cmocka_unit_test(test_sells_beyond_the_lots),
        cmocka_unit_test(test_unknown_basis),
        cmocka_unit_test(test_unpriced_rows_realise_nothing),
        cmocka_unit_test(test_fee_above_the_proceeds),
        cmocka_unit_test(test_own_transfers_carry_basis),
        cmocka_unit_test(test_random_histories_conserve),
        cmocka_unit_test(test_methods_agree_on_the_total),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_money),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
