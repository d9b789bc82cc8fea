// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/wallet/ranking.h"

#include "tests/support/torture.h"
#include "tests/unit/agent/engine/wallet/build.h"

/* A wallet with `wins` winning and `losses` losing trades. */
static void add_trader(struct rx_trades *set, uint32_t token, const char *name, int wins,
                       int losses)
{
    uint32_t wallet;
    assert_int_equal(rx_trades_name(set, rx_str_of(name), &wallet), 0);
    for (int i = 0; i < wins + losses; i++) {
        add_row(set, wallet, token, RX_SIDE_BUY, i * 100, 1, 10);
        add_row(set, wallet, token, RX_SIDE_SELL, i * 100 + 50, 1, i < wins ? 12 : 9);
    }
}

static struct rx_ranking *rank(const struct rx_trades *set, enum rx_rank_metric metric,
                               size_t min_trades)
{
    struct rx_error err = {0};
    struct rx_ranking *ranking = NULL;
    const struct rx_ranking_options options = {.metric = metric,
                                               .period = RX_PERIOD_ALL,
                                               .min_trades = min_trades,
                                               .as_of = RX_TIME_UNKNOWN};
    assert_ok(rx_ranking_new(set, &options, &ranking, &err), &err);
    return ranking;
}

static const struct rx_rank_row *row_of(const struct rx_trades *set,
                                        const struct rx_ranking *ranking, const char *name)
{
    return rx_ranking_find(ranking, name_of(set, name));
}

static void test_shrinkage_beats_luck(void **state)
{
    (void)state;
    rx_auto(trades) struct rx_trades *set = rx_trades_new();
    const uint32_t token = add_token(set, "T");
    add_trader(set, token, "lucky", 3, 0);
    add_trader(set, token, "skilled", 64, 16);
    for (int i = 0; i < 30; i++) {
        rx_auto(buf) struct rx_buf name = RX_BUF_INIT(16);
        rx_buf_printf(&name, "n%d", i);
        add_trader(set, token, name.p, 4 + i * 7 % 14, 16 - i * 7 % 14);
    }
    assert_int_equal(rx_trades_finish(set), 0);
    rx_auto(ranking) struct rx_ranking *r = rank(set, RX_RANK_WIN_RATE, 1);
    const struct rx_rank_row *lucky = row_of(set, r, "lucky");
    const struct rx_rank_row *skilled = row_of(set, r, "skilled");
    assert_true(lucky->win.rate == 1 && lucky->shrunk < skilled->shrunk);
    assert_int_equal(skilled->global_rank, 1);
    print_message("prior %.3f of weight %.1f: 3 of 3 -> %.3f, 64 of 80 -> %.3f\n", r->prior_mean,
                  r->prior_weight, lucky->shrunk, skilled->shrunk);
    assert_true(skilled->shrunk > .6 && skilled->shrunk < .8);
    assert_true(r->prior_mean > .4 && r->prior_mean < .5 && r->prior_weight > 2);
    rx_auto(ranking) struct rx_ranking *bound = rank(set, RX_RANK_WILSON, 1);
    assert_int_equal(row_of(set, bound, "skilled")->global_rank, 1);
}

static void test_ties_and_percentiles(void **state)
{
    (void)state;
    rx_auto(trades) struct rx_trades *set = rx_trades_new();
    const uint32_t token = add_token(set, "T");
    add_trader(set, token, "a", 5, 0);
    add_trader(set, token, "b", 2, 0);
    add_trader(set, token, "c", 2, 0);
    add_trader(set, token, "d", 0, 3);
    add_trader(set, token, "tiny", 1, 0);
    assert_int_equal(rx_trades_finish(set), 0);
    rx_auto(ranking) struct rx_ranking *r = rank(set, RX_RANK_PNL, 2);
    assert_int_equal(r->n, 5);
    assert_int_equal(r->n_ranked, 4);
    assert_int_equal(row_of(set, r, "a")->global_rank, 1);
    assert_int_equal(row_of(set, r, "b")->global_rank, 2);
    assert_int_equal(row_of(set, r, "c")->global_rank, 2);
    assert_int_equal(row_of(set, r, "d")->global_rank, 4);
    assert_int_equal(row_of(set, r, "d")->chain_rank, 4);
    assert_true(row_of(set, r, "a")->percentile == .875);
    assert_true(row_of(set, r, "b")->percentile == .5 && row_of(set, r, "c")->percentile == .5);
    assert_true(row_of(set, r, "d")->percentile == .125);
    assert_int_equal(row_of(set, r, "tiny")->global_rank, 0);
    assert_true(isnan(row_of(set, r, "tiny")->percentile));
}

static void test_search(void **state)
{
    (void)state;
    rx_auto(trades) struct rx_trades *set = rx_trades_new();
    const uint32_t token = add_token(set, "T");
    add_trader(set, token, "a", 5, 5);
    add_trader(set, token, "b", 8, 2);
    add_trader(set, token, "c", 3, 0);
    uint32_t other;
    uint32_t base;
    assert_int_equal(rx_trades_name(set, RX_STR("base"), &base), 0);
    assert_int_equal(rx_trades_token(set, base, name_of(set, "T"), &other), 0);
    rx_trades_token_edit(set, other)->decimals = 6;
    add_trader(set, other, "d", 6, 4);
    add_row(set, name_of(set, "a"), token, RX_SIDE_AIRDROP, 9999, 1, 0);
    assert_int_equal(rx_trades_finish(set), 0);
    rx_auto(ranking) struct rx_ranking *r = rank(set, RX_RANK_WIN_RATE, 1);
    struct rx_search_query query = {.chain = RX_NAME_NONE,
                                    .min_win_rate = (double)NAN,
                                    .min_pnl = RX_MONEY_UNKNOWN,
                                    .min_volume = RX_MONEY_UNKNOWN,
                                    .sort = RX_RANK_TRADES,
                                    .limit = 2};
    static const struct {
        double win_rate;
        size_t trades;
        int64_t pnl; /* 0 = any */
        bool base, ascending;
        size_t offset;
        size_t total, n;
        const char *first;
    } cases[] = {{-1, 0, 0, false, false, 0, 4, 2, NULL}, {-1, 0, 0, false, true, 0, 4, 2, "c"},
                 {.55, 0, 0, false, true, 0, 3, 2, "c"},  {.55, 7, 0, false, false, 0, 2, 2, NULL},
                 {-1, 0, 10, false, false, 0, 1, 1, "b"}, {-1, 0, 0, true, false, 0, 1, 1, "d"},
                 {-1, 0, 0, false, false, 3, 4, 1, "c"},  {-1, 0, 0, false, false, 9, 4, 0, NULL},
                 {.99, 7, 0, false, false, 0, 0, 0, NULL}};
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        rx_autofree size_t *page = NULL;
        size_t n = 0;
        size_t total = 0;
        query.min_win_rate = cases[i].win_rate < 0 ? (double)NAN : cases[i].win_rate;
        query.min_trades = cases[i].trades;
        query.min_pnl = cases[i].pnl ? cases[i].pnl * RX_MONEY_UNIT : RX_MONEY_UNKNOWN;
        query.chain = cases[i].base ? base : RX_NAME_NONE;
        query.ascending = cases[i].ascending;
        query.offset = cases[i].offset;
        assert_int_equal(rx_ranking_search(r, &query, &page, &n, &total), 0);
        assert_int_equal(total, cases[i].total);
        assert_int_equal(n, cases[i].n);
        if (cases[i].first) {
            assert_str(rx_trades_text(set, r->rows[page[0]].wallet), cases[i].first);
        }
    }
    query.min_volume = 250 * RX_MONEY_UNIT;
    rx_autofree size_t *page = NULL;
    size_t n = 0;
    size_t total = 0;
    assert_int_equal(rx_ranking_search(r, &query, &page, &n, &total), 0);
    assert_int_equal(total, 0);
}

static void test_prior(void **state)
{
    (void)state;
    double mean;
    double weight;
    struct rx_win_prior none = {0};
    rx_win_prior_fit(&none, &mean, &weight);
    assert_true(isnan(mean) && weight == 1);
    /* Wallets as alike as coins: next to no spread beyond noise, so all weight on the mean. */
    struct rx_win_prior alike = {0};
    for (int i = 0; i < 50; i++) {
        rx_win_prior_add(&alike, 5, 10);
    }
    rx_win_prior_fit(&alike, &mean, &weight);
    assert_true(mean == .5 && weight == 1e6);
    /* As different as can be: every wallet speaks for itself. */
    struct rx_win_prior apart = {0};
    for (int i = 0; i < 50; i++) {
        rx_win_prior_add(&apart, i % 2 ? 10 : 0, 10);
    }
    rx_win_prior_fit(&apart, &mean, &weight);
    assert_true(mean == .5 && weight == 1);
    /* Beta(4, 6) wallets with 30 trades each: mean .4, weight 10. */
    uint64_t seed = 6;
    struct rx_win_prior beta = {0};
    for (int i = 0; i < 20000; i++) {
        double a = 0;
        double b = 0;
        for (int k = 0; k < 10; k++) {
            *(k < 4 ? &a : &b) -= log(next_uniform(&seed) + 1e-12);
        }
        size_t wins = 0;
        for (int k = 0; k < 30; k++) {
            wins += next_uniform(&seed) < a / (a + b);
        }
        rx_win_prior_add(&beta, wins, 30);
    }
    rx_win_prior_fit(&beta, &mean, &weight);
    print_message("prior of 20000 beta(4, 6) wallets: mean %.4f, weight %.2f\n", mean, weight);
    assert_true(fabs(mean - .4) < .01 && fabs(weight - 10) < .5);
}

static void test_sharpe_needs_days(void **state)
{
    (void)state;
    rx_auto(trades) struct rx_trades *set = rx_trades_new();
    const uint32_t token = add_token(set, "T");
    uint64_t seed = 12;
    const uint32_t long_one = add_name(set, "long", 0);
    const uint32_t brief = add_name(set, "brief", 0);
    for (int day = 0; day < 60; day++) {
        add_row(set, long_one, token, RX_SIDE_BUY, day * 86400, 1, 10 + next_uniform(&seed));
    }
    add_row(set, brief, token, RX_SIDE_BUY, 59 * 86400, 1, 10);
    assert_int_equal(rx_trades_finish(set), 0);
    rx_auto(ranking) struct rx_ranking *r = rank(set, RX_RANK_SHARPE, 0);
    assert_int_equal(r->n_ranked, 1);
    assert_true(isfinite(row_of(set, r, "long0")->sharpe));
    assert_true(isnan(row_of(set, r, "brief0")->sharpe));
}

static void test_metric_names(void **state)
{
    (void)state;
    for (int i = 0; i < RX_RANK_MAX; i++) {
        enum rx_rank_metric back;
        const char *name = rx_rank_metric_name((enum rx_rank_metric)i);
        assert_int_equal(rx_rank_metric_parse(rx_str_of(name), &back), 0);
        assert_int_equal(back, i);
    }
    enum rx_rank_metric metric;
    assert_int_equal(rx_rank_metric_parse(RX_STR("luck"), &metric), RX_EINVALID);
}

static int torture_ranking(void *arg)
{
    struct rx_error err = {0};
    rx_auto(ranking) struct rx_ranking *r = NULL;
    const struct rx_ranking_options options = {.period = RX_PERIOD_ALL, .as_of = RX_TIME_UNKNOWN};
    return rx_ranking_new(arg, &options, &r, &err);
}

static void test_without_memory(void **state)
{
    (void)state;
    rx_auto(trades) struct rx_trades *set = set_of("w,T,buy,1,1,1\nv,T,sell,5,1,1\n");
    assert_true(rx_torture_alloc(torture_ranking, set) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shrinkage_beats_luck),
        cmocka_unit_test(test_ties_and_percentiles),
        cmocka_unit_test(test_search),
        cmocka_unit_test(test_prior),
        cmocka_unit_test(test_sharpe_needs_days),
        cmocka_unit_test(test_metric_names),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
