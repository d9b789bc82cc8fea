// SPDX-License-Identifier: Apache-2.0
/* The whole assessment; covers portfolio.c, portfolio_json.c, assess_returns.c and assess_score.c.
 */
#include "agent/engine/portfolio/portfolio.h"

#include <errno.h>
#include <math.h>

#include "tests/support/oracle.h"
#include "tests/support/torture.h"

#define DAYS 200

static struct rx_price_point ether[DAYS], coin[DAYS];

/* Ether of 3 % a day and a coin that stands still. */
static void make_prices(void)
{
    double price = 1000;
    for (int i = 0; i < DAYS; i++) {
        ether[i] = (struct rx_price_point){i * 86400LL, price};
        coin[i] = (struct rx_price_point){i * 86400LL, 1};
        price *= i % 2 == 0 ? 1.03 : 1 / 1.03;
    }
}

static struct rx_portfolio_asset assets[2];
static struct rx_portfolio_position positions[2];

static struct rx_portfolio_input example(void)
{
    make_prices();
    assets[0] = (struct rx_portfolio_asset){"WETH", 1000, ether, DAYS, 5000, 5e6};
    assets[1] = (struct rx_portfolio_asset){"DAI", 1, coin, DAYS, NAN, NAN};
    positions[0] = (struct rx_portfolio_position){
        "0xa", "aave-v2", {.asset = 0, .amount = 10, .threshold = .825, .ltv = .8}};
    positions[1] = (struct rx_portfolio_position){
        "0xa", "aave-v2", {.asset = 1, .debt = true, .amount = 5000, .ltv = NAN}};
    return (struct rx_portfolio_input){assets, 2, positions, 2, 1};
}

static void test_by_hand(void **unused)
{
    (void)unused;
    const struct rx_portfolio_input input = example();
    rx_auto(portfolio) struct rx_portfolio *p = NULL;
    struct rx_error err = {0};
    assert_ok(rx_portfolio_assess(&input, &p, &err), &err);
    assert_close(p->equity, 5000, 1e-12);
    assert_int_equal(p->n_accounts, 1);
    assert_close(p->worst_factor, 1.65, 1e-12);
    assert_close(p->accounts[0].risk, 14, 1e-12);
    assert_close(p->weights[0], 2, 1e-12);
    assert_close(p->weights[1], -1, 1e-12);
    /* Twice the ether: returns of +6 % and -5.825... %, about 5.9 % a day. */
    assert_int_equal(p->volatility.interval, 86400);
    assert_close(p->volatility.daily, .0594, .01);
    assert_close(p->volatility.weekly, p->volatility.daily * sqrt(7), 1e-12);
    assert_int_equal(p->var_reason, RX_PORTFOLIO_KNOWN);
    assert_true(p->var95.quoted > .05 && p->var95.quoted < .07);
    assert_true(isnan(p->correlation[1])); /* a constant price is correlated with nothing */
    assert_true(p->concentration.n == 1 && p->concentration.hhi == 1);
    /* 10 ether into a pool of 5,000 */
    assert_close(p->liquidity[0].slippage, 1 - .997 * 5000 / (5000 + 9.97), 1e-12);
    assert_true(isnan(p->liquidity[1].slippage) && p->liquidity[1].value == 0);
    assert_true(p->known_share == 1 && p->score_lo <= p->score && p->score <= p->score_hi);
    const struct rx_portfolio_passage *week = &p->accounts[0].passage[1];
    assert_true(week->reason == RX_PORTFOLIO_KNOWN && week->closed_form < 1e-6);
    /* Half of the ether gone, the debt as before: nothing left. */
    assert_true(fabs(p->shocked_equity[0]) < 1e-9);
    assert_close(p->accounts[0].shocked[0], .825, 1e-12);
}

static void test_what_is_missing_is_unknown(void **unused)
{
    (void)unused;
    struct rx_portfolio_input input = example();
    assets[0].n_history = 10;
    assets[0].pool_units = assets[0].pool_value = NAN;
    rx_auto(portfolio) struct rx_portfolio *p = NULL;
    struct rx_error err = {0};
    assert_ok(rx_portfolio_assess(&input, &p, &err), &err);
    assert_true(isnan(p->volatility.daily) && p->var_reason == RX_PORTFOLIO_NO_HISTORY);
    assert_true(isnan(p->components[RX_PORTFOLIO_VOLATILITY].value));
    assert_int_equal(p->components[RX_PORTFOLIO_LIQUIDITY].reason, RX_PORTFOLIO_NO_POOL);
    assert_close(p->known_share, .6, 1e-12);
    assert_close(p->score_hi - p->score_lo, 40, 1e-9);
    assert_true(isnan(p->accounts[0].passage[0].closed_form));
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(1u << 20);
    struct rx_jw w;
    rx_jw_init(&w, &out);
    rx_portfolio_write(&w, &input, p);
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    assert_ok(rx_json_parse(rx_buf_str(&out), NULL, &doc, &err), &err);
    const struct rx_json *root = rx_json_root(doc);
    assert_int_equal(rx_json_type(rx_json_get(root, "volatility")), RX_JSON_NULL);
    assert_int_equal(rx_json_len(rx_json_get(root, "unknown")), 9);
    assert_close(rx_json_double(rx_json_at(root, "health_factor"), 0), 1.65, 1e-12);
}

static void test_no_debt(void **unused)
{
    (void)unused;
    struct rx_portfolio_input input = example();
    input.n_positions = 1;
    rx_auto(portfolio) struct rx_portfolio *p = NULL;
    struct rx_error err = {0};
    assert_ok(rx_portfolio_assess(&input, &p, &err), &err);
    assert_true(isinf(p->worst_factor) && p->components[RX_PORTFOLIO_LIQUIDATION].value == 0);
    assert_int_equal(p->accounts[0].passage[0].reason, RX_PORTFOLIO_NO_DEBT);
    assert_true(p->accounts[0].passage[0].closed_form == 0);
}

/* What can be liquidated now is critical, whatever the mean says. */
static void test_under_water(void **unused)
{
    (void)unused;
    struct rx_portfolio_input input = example();
    positions[1].holding.amount = 8300;
    rx_auto(portfolio) struct rx_portfolio *p = NULL;
    assert_int_equal(rx_portfolio_assess(&input, &p, NULL), 0);
    assert_true(p->worst_factor < 1 && p->score >= 80);
    assert_string_equal(p->level, "critical");
    assert_true(p->accounts[0].passage[0].closed_form == 1 &&
                p->accounts[0].passage[0].history.p == 1);
    rx_portfolio_free(p);
    positions[1].holding.amount = 20000;
    assert_int_equal(rx_portfolio_assess(&input, &p, NULL), 0);
    assert_int_equal(p->var_reason, RX_PORTFOLIO_NO_EQUITY);
    assert_true(isnan(p->weights[0]) && p->components[RX_PORTFOLIO_VOLATILITY].value == 100);
}

static void test_refuses(void **unused)
{
    (void)unused;
    struct rx_portfolio_input input = example();
    struct rx_portfolio *p = NULL;
    struct rx_error err = {0};
    assets[0].price = 0;
    assert_int_equal(rx_portfolio_assess(&input, &p, &err), RX_EINVALID);
    assert_message(&err, "assets[0] (WETH): a price above zero expected");
    assets[0].price = 1000;
    positions[1].holding.asset = 2;
    assert_int_equal(rx_portfolio_assess(&input, &p, &err), RX_EINVALID);
    assert_message(&err, "positions[1].asset");
    positions[1].holding.asset = 1;
    positions[0].holding.threshold = NAN;
    assert_int_equal(rx_portfolio_assess(&input, &p, &err), RX_EINVALID);
    assert_message(&err, "positions[0].threshold");
    input.n_positions = 0;
    assert_int_equal(rx_portfolio_assess(&input, &p, &err), RX_ELIMIT);
    assert_null(p);
}

static int assess(void *unused)
{
    (void)unused;
    const struct rx_portfolio_input input = example();
    rx_auto(portfolio) struct rx_portfolio *p = NULL;
    return rx_portfolio_assess(&input, &p, NULL);
}

static void test_out_of_memory(void **unused)
{
    (void)unused;
    assert_true(rx_torture_alloc(assess, NULL) > 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand), cmocka_unit_test(test_what_is_missing_is_unknown),
        cmocka_unit_test(test_no_debt), cmocka_unit_test(test_under_water),
        cmocka_unit_test(test_refuses), cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
