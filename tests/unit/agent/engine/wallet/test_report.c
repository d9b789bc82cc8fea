// SPDX-License-Identifier: Apache-2.0
/* covers report.c, report_json.c and report_parts.c */
#include "agent/engine/wallet/report_json.h"

#include <errno.h>

#include "tests/support/torture.h"
#include "tests/unit/agent/engine/wallet/build.h"

#define MONEY(usd) ((rx_money)((usd)*1e9))

static const char rows[] = "a,T,buy,864000,10,100,1\n"
                           "a,T,sell,867600,5,80,1\n"       /* +28.5 */
                           "a,T,sell,2592000,5,40,1\n"      /* -11.5 */
                           "a,U,buy,2592000,3,30,,,,base\n" /* marked at 12 */
                           "a,U,transfer_in,2592001,2,,,,,base\n"
                           "a,W,airdrop,3000000,4\n"
                           "a,W,sell,3456000,4,9\n"
                           "b,U,sell,3456000,1,12,,,,base\n";

static struct rx_history *make(const struct rx_trades *set, const char *name)
{
    struct rx_error err = {0};
    struct rx_history *history = NULL;
    const uint32_t wallet = name_of(set, name);
    const struct rx_history_options options = {
        .wallets = &wallet, .n_wallets = 1, .as_of = RX_TIME_UNKNOWN, .returns = true};
    assert_ok(rx_history_new(set, &options, &history, &err), &err);
    return history;
}

static void test_summary_by_hand(void **state)
{
    (void)state;
    rx_auto(trades) struct rx_trades *set = set_of(rows);
    rx_auto(history) struct rx_history *h = make(set, "a");
    struct rx_wallet_summary s;
    rx_wallet_summarise(h, RX_PERIOD_ALL, &s);
    assert_int_equal(s.buys, 2);
    assert_int_equal(s.sells, 3);
    assert_int_equal(s.transfers, 2);
    assert_int_equal(s.transfers_unknown, 2);
    assert_int_equal(s.unknown_basis, 1);
    assert_true(s.unknown_proceeds == MONEY(9));
    assert_int_equal(s.win.n, 2);
    assert_int_equal(s.win.wins, 1);
    assert_true(fabs(s.win.lo - 0.0945312057) < 1e-9 && fabs(s.win.hi - 0.9054687943) < 1e-9);
    assert_true(s.realised == MONEY(17) && s.best == MONEY(28.5) && s.worst == MONEY(-11.5));
    assert_true(s.gains == MONEY(28.5) && s.losses == MONEY(11.5));
    assert_true(fabs(s.profit_factor - 28.5 / 11.5) < 1e-12);
    assert_true(fabs(s.roi - 17.0 / 101) < 1e-12 && s.average == 8.5);
    assert_true(s.buy_volume == MONEY(130) && s.sell_volume == MONEY(129));
    assert_true(s.fees == MONEY(3));
    assert_true(s.unrealised == MONEY(6) && s.unrealised_cost == MONEY(30));
    assert_int_equal(s.unknown_holdings, 1);
    assert_true(fabs(s.hours - (1 + 480) / 2.0) < 1e-9);
    assert_true(fabs(s.per_day - 5 / 30.0) < 1e-12);
    assert_true(s.from == 864000 && s.to == 3456000);
}

static void test_periods(void **state)
{
    (void)state;
    rx_auto(trades) struct rx_trades *set = set_of(rows);
    rx_auto(history) struct rx_history *h = make(set, "a");
    static const size_t trades[RX_PERIOD_MAX] = {0, 0, 2, 2};
    static const size_t sells[RX_PERIOD_MAX] = {1, 1, 3, 3};
    for (int i = 0; i < RX_PERIOD_MAX; i++) {
        struct rx_wallet_summary s;
        rx_wallet_summarise(h, (enum rx_period)i, &s);
        assert_int_equal(s.win.n, trades[i]);
        assert_int_equal(s.sells, sells[i]);
        assert_true((s.win.n == 0) == isnan(s.win.rate));
        assert_true((s.win.n == 0) == (s.best == RX_MONEY_UNKNOWN));
        enum rx_period back;
        assert_int_equal(rx_period_parse(rx_str_of(rx_period_name((enum rx_period)i)), &back), 0);
        assert_int_equal(back, i);
    }
    enum rx_period period;
    assert_int_equal(rx_period_parse(RX_STR("2d"), &period), RX_EINVALID);
}

static void test_groups(void **state)
{
    (void)state;
    rx_auto(trades) struct rx_trades *set = set_of(rows);
    rx_auto(history) struct rx_history *h = make(set, "a");
    rx_autofree struct rx_wallet_group *tokens = NULL;
    rx_autofree struct rx_wallet_group *chains = NULL;
    size_t n = 0;
    assert_int_equal(rx_wallet_group_tokens(h, RX_PERIOD_ALL, &tokens, &n), 0);
    assert_int_equal(n, 3);
    assert_int_equal(tokens[0].id, 0);
    assert_true(tokens[0].realised == MONEY(17) && tokens[0].volume == MONEY(220));
    assert_true(fabs(tokens[0].average_roi - (28.5 / 50.5 - 11.5 / 50.5) / 2) < 1e-12);
    assert_true(tokens[0].first == 864000 && tokens[0].last == 2592000);
    assert_true(tokens[1].unrealised == MONEY(6) && isnan(tokens[1].average_roi));
    assert_int_equal(rx_wallet_group_chains(h, RX_PERIOD_ALL, &chains, &n), 0);
    assert_int_equal(n, 2);
    assert_int_equal(chains[0].trades, 4);
    assert_str(rx_trades_text(set, chains[1].id), "base");
}

/* The parts of the whole add up, for random wallets. */
static void test_groups_add_up(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (int round = 0; round < 500; round++) {
        rx_auto(trades) struct rx_trades *set = rx_trades_new();
        const uint32_t tokens[3] = {add_token(set, "A"), add_token(set, "B"), add_token(set, "C")};
        const uint32_t wallet = add_name(set, "w", 0);
        for (int i = 0; i < 40; i++) {
            add_row(set, wallet, tokens[next_random(&seed) % 3],
                    (enum rx_side)(next_random(&seed) % RX_SIDE_MAX), i * 50000,
                    1 + (double)(next_random(&seed) % 100), 1 + next_uniform(&seed) * 1000);
        }
        assert_int_equal(rx_trades_finish(set), 0);
        rx_auto(history) struct rx_history *h = make(set, "w0");
        for (int p = 0; p < RX_PERIOD_MAX; p++) {
            struct rx_wallet_summary s;
            rx_autofree struct rx_wallet_group *groups = NULL;
            size_t n = 0;
            rx_wallet_summarise(h, (enum rx_period)p, &s);
            assert_int_equal(rx_wallet_group_tokens(h, (enum rx_period)p, &groups, &n), 0);
            rx_money realised = 0;
            rx_money unrealised = 0;
            rx_money volume = 0;
            size_t wins = 0;
            for (size_t i = 0; i < n; i++) {
                realised += groups[i].realised;
                unrealised += groups[i].unrealised;
                volume += groups[i].volume;
                wins += groups[i].win.wins;
            }
            assert_true(realised == s.realised && unrealised == s.unrealised);
            assert_true(volume == s.buy_volume + s.sell_volume && wins == s.win.wins);
            assert_true(s.realised == s.gains - s.losses);
        }
    }
}

static void write_report(const struct rx_trades *set, const char *name, struct rx_buf *out)
{
    rx_auto(history) struct rx_history *h = make(set, name);
    struct rx_error err = {0};
    struct rx_behaviour behaviour;
    rx_auto(ranking) struct rx_ranking *ranking = NULL;
    const struct rx_behaviour_context context = {NULL, 0, NULL};
    const struct rx_ranking_options options = {
        .metric = RX_RANK_PNL, .period = RX_PERIOD_ALL, .min_trades = 1, .as_of = RX_TIME_UNKNOWN};
    assert_int_equal(rx_behaviour_compute(h, &context, &behaviour), 0);
    assert_ok(rx_ranking_new(set, &options, &ranking, &err), &err);
    const struct rx_related related[1] = {{.wallet = 0, .score = .5, .leads = (double)NAN}};
    const struct rx_wallet_report report = {.history = h,
                                            .period = RX_PERIOD_ALL,
                                            .behaviour = &behaviour,
                                            .related = related,
                                            .n_related = 1,
                                            .ranking = ranking,
                                            .max_trades = 2};
    struct rx_jw w;
    rx_jw_init(&w, out);
    assert_int_equal(rx_wallet_report_write(&w, &report), 0);
    assert_ok(rx_buf_error(out, &err), &err);
}

static double number(const struct rx_json *root, const char *path)
{
    const struct rx_json *value = rx_json_at(root, path);
    return rx_json_type(value) == RX_JSON_MISSING ? -12345 : rx_json_double(value, (double)NAN);
}

static void test_json(void **state)
{
    (void)state;
    struct rx_error err = {0};
    rx_auto(trades) struct rx_trades *set = set_of(rows);
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(1u << 20);
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    write_report(set, "a", &out);
    assert_ok(rx_json_parse(rx_buf_str(&out), NULL, &doc, &err), &err);
    const struct rx_json *root = rx_json_root(doc);
    assert_str(rx_json_str(rx_json_get(root, "wallet_address")), "a");
    assert_str(rx_json_str(rx_json_at(root, "timeframe.period")), "all-time");
    assert_str(rx_json_str(rx_json_at(root, "timeframe.from")), "1970-01-11T00:00:00Z");
    assert_true(number(root, "win_rate.overall") == .5);
    assert_true(number(root, "win_rate.by_timeframe.all_time") == .5);
    assert_true(isnan(number(root, "win_rate.by_timeframe.7d")));
    assert_true(number(root, "win_rate.unknown_basis_trades") == 1);
    assert_true(number(root, "pnl_summary.realized_pnl.total_usd") == 17);
    assert_true(number(root, "pnl_summary.unrealized_pnl.total_usd") == 6);
    assert_true(number(root, "pnl_summary.total_volume.total_volume_usd") == 259);
    assert_true(isfinite(number(root, "performance_metrics.sharpe_ratio")));
    assert_true(number(root, "performance_metrics.return_days") == 31);
    assert_int_equal(rx_json_len(rx_json_get(root, "breakdown_by_token")), 3);
    assert_int_equal(rx_json_len(rx_json_get(root, "breakdown_by_chain")), 2);
    /* Two closed and two open ones, of three and two. */
    assert_int_equal(rx_json_len(rx_json_get(root, "trades")), 4);
    assert_true(number(root, "trades_omitted") == 1);
    const struct rx_json *first = rx_json_item(rx_json_get(root, "trades"), 0);
    assert_true(rx_json_bool(rx_json_get(first, "unknown_basis"), false));
    assert_int_equal(rx_json_type(rx_json_get(first, "pnl_usd")), RX_JSON_NULL);
    const struct rx_json *second = rx_json_item(rx_json_get(root, "trades"), 1);
    assert_true(number(second, "pnl_usd") == -11.5 && number(second, "exit_price") == 8);
    assert_str(rx_json_str(rx_json_get(second, "quantity")), "5");
    assert_int_equal(rx_json_len(rx_json_at(root, "behavioral_patterns.tag_evidence")), 12);
    assert_int_equal(rx_json_len(rx_json_get(root, "related_wallets")), 1);
    assert_true(number(root, "ranking.global_rank") == 1);
    assert_true(number(root, "ranking.percentile") == .5);
}

static void test_json_of_next_to_nothing(void **state)
{
    (void)state;
    struct rx_error err = {0};
    rx_auto(trades) struct rx_trades *set = set_of("a,T,airdrop,5,1\n");
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(1u << 20);
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    write_report(set, "a", &out);
    assert_ok(rx_json_parse(rx_buf_str(&out), NULL, &doc, &err), &err);
    assert_null(strstr(out.p, "nan"));
    assert_str(rx_json_str(rx_json_at(rx_json_root(doc), "performance_metrics.sharpe_reason")),
               "fewer_than_30_days");
    assert_int_equal(rx_json_type(rx_json_at(rx_json_root(doc), "win_rate.overall")), RX_JSON_NULL);
}

static int torture_groups(void *arg)
{
    struct rx_wallet_group *groups = NULL;
    size_t n = 0;
    const int rc = rx_wallet_group_tokens(arg, RX_PERIOD_ALL, &groups, &n);
    free(groups);
    return rc;
}

static void test_without_memory(void **state)
{
    (void)state;
    rx_auto(trades) struct rx_trades *set = set_of(rows);
    rx_auto(history) struct rx_history *h = make(set, "a");
    assert_true(rx_torture_alloc(torture_groups, h) == 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_summary_by_hand),
        cmocka_unit_test(test_periods),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_groups_add_up),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_json_of_next_to_nothing),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
