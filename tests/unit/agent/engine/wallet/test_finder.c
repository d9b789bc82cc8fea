// SPDX-License-Identifier: Apache-2.0
/* covers finder.c, finder_market.c, finder_signals.c and finder_json.c */
#include "agent/engine/wallet/finder.h"

#include <time.h>

#include "agent/engine/wallet/finder_json.h"
#include "tests/support/torture.h"
#include "tests/unit/agent/engine/wallet/build.h"

#define HOUR       3600
#define UNIT_PRICE ((rx_price)1000000000 * 1000000000 * 1000000000)

/* A price each 15 minutes; every 12 hours up by 30 % in one step, three hours later down by 22 %.
 */
struct world {
    struct rx_trades *set;
    uint32_t token;
    double *prices;
    int n;
    uint64_t seed;
};

#define STEP    900
#define CYCLE   48
#define PUMP_AT 24
#define DUMP_AT 36
#define PUMP(i) ((int64_t)((i)*CYCLE + PUMP_AT) * STEP)

static struct world make_world(int cycles, uint64_t seed)
{
    struct rx_error err = {0};
    struct world w = {.set = rx_trades_new(), .n = cycles * CYCLE, .seed = seed};
    w.token = add_token(w.set, "T");
    w.prices = calloc((size_t)w.n, sizeof(double));
    double price = 1;
    for (int i = 0; i < w.n; i++) {
        const int k = i % CYCLE;
        price *= k == PUMP_AT ? 1.3 : k == DUMP_AT ? .78 : .995 + .01 * next_uniform(&w.seed);
        w.prices[i] = price;
        assert_ok(rx_trades_add_price(w.set, w.token, (int64_t)i * STEP,
                                      (rx_price)(price * 1e12) * 1000000000000000u, &err),
                  &err);
    }
    return w;
}

static void trade(struct world *w, uint32_t wallet, enum rx_side side, int64_t time, double tokens)
{
    const int at = (int)(time / STEP) < w->n ? (int)(time / STEP) : w->n - 1;
    add_row(w->set, wallet, w->token, side, time, tokens, tokens * w->prices[at]);
}

/* Buys 20 minutes before each pump and sells before the dump: wins every time. */
static void add_oracle(struct world *w, uint32_t wallet, int cycles)
{
    for (int i = 0; i < cycles; i++) {
        trade(w, wallet, RX_SIDE_BUY, PUMP(i) - 1200, 100);
        trade(w, wallet, RX_SIDE_SELL, PUMP(i) + 10 * STEP, 100);
    }
}

static void add_random(struct world *w, uint32_t wallet, int trips)
{
    const int64_t span = (int64_t)w->n * STEP - 30 * HOUR;
    for (int i = 0; i < trips; i++) {
        const int64_t at = (int64_t)(next_uniform(&w->seed) * (double)span);
        const double tokens = 10 + floor(100 * next_uniform(&w->seed));
        trade(w, wallet, RX_SIDE_BUY, at, tokens);
        trade(w, wallet, RX_SIDE_SELL, at + HOUR + (int64_t)(next_uniform(&w->seed) * 86400),
              tokens);
    }
}

static struct rx_finder_result *find_with(const struct rx_trades *set,
                                          const struct rx_finder_request *request)
{
    struct rx_error err = {0};
    struct rx_finder_result *result = NULL;
    assert_ok(rx_finder_run(set, request, &result, &err), &err);
    return result;
}

static struct rx_finder_request request_of(uint32_t token)
{
    return (struct rx_finder_request){.token = token,
                                      .window_days = 365,
                                      .as_of = RX_TIME_UNKNOWN,
                                      .top_k = 1000,
                                      .internal_transfers = true};
}

static void end_world(struct world *w)
{
    rx_trades_free(w->set);
    free(w->prices);
}

/* The replaced system gave this wallet .463, under its own cut of .5. */
static void test_foresight_ranks_above_chance(void **state)
{
    (void)state;
    const int worlds = 60;
    const unsigned others = 60;
    size_t above = 0;
    size_t pairs = 0;
    double lowest = 1;
    double mean = 0;
    for (int round = 0; round < worlds; round++) {
        struct world w = make_world(20, 100 + (uint64_t)round);
        const uint32_t oracle = add_name(w.set, "oracle", 0);
        add_oracle(&w, oracle, 5 + round % 10);
        for (unsigned i = 0; i < others; i++) {
            add_random(&w, add_name(w.set, "r", i), 3 + (int)i % 12);
        }
        assert_int_equal(rx_trades_finish(w.set), 0);
        const struct rx_finder_request request = request_of(w.token);
        rx_auto(finder_result) struct rx_finder_result *r = find_with(w.set, &request);
        assert_int_equal(r->analysed, others + 1);
        double score = 0;
        for (size_t i = 0; i < r->n; i++) {
            score = r->wallets[i].wallet == oracle ? r->wallets[i].score : score;
        }
        for (size_t i = 0; i < r->n; i++) {
            if (r->wallets[i].wallet != oracle) {
                above += score > r->wallets[i].score;
                pairs++;
                mean += r->wallets[i].score;
            }
        }
        lowest = score < lowest ? score : lowest;
        assert_int_equal(r->wallets[0].wallet, oracle);
        assert_true(score > .8);
        end_world(&w);
    }
    print_message("foresight: above %zu of %zu random traders in %d worlds, lowest score %.3f, "
                  "mean of the others %.3f\n",
                  above, pairs, worlds, lowest, mean / (double)pairs);
    assert_true(above == pairs && mean / (double)pairs < .25);
}

static void check_wallet(const struct rx_found_wallet *w)
{
    double sum = rx_finder_base();
    for (int i = 0; i < RX_SIGNAL_MAX; i++) {
        assert_true(isfinite(w->signals[i].contribution));
        sum += w->signals[i].contribution;
    }
    assert_true(fabs(sum - w->log_odds) < 1e-12);
    assert_true(fabs(log(w->score / (1 - w->score)) - w->log_odds) < 1e-9);
    assert_true(w->score > 0 && w->score < 1 && w->risk >= 0 && w->risk <= 1);
}

/* Anything goes in; what comes out adds up and stays in range. */
static void test_explanations_add_up(void **state)
{
    (void)state;
    uint64_t seed = 15;
    size_t checked = 0;
    for (int round = 0; round < 200; round++) {
        struct rx_trades *set = rx_trades_new();
        const uint32_t token = add_token(set, "T");
        for (int i = 0; i < 150; i++) {
            add_row(set, add_name(set, "w", (unsigned)(next_random(&seed) % 25)), token,
                    (enum rx_side)(next_random(&seed) % RX_SIDE_MAX),
                    (int64_t)(next_random(&seed) % (round % 2 ? 4000 : 900000)),
                    1 + (double)(next_random(&seed) % 50), next_uniform(&seed) * 100);
        }
        assert_int_equal(rx_trades_finish(set), 0);
        struct rx_finder_request request = request_of(0);
        request.internal_transfers = round % 3 == 0;
        rx_auto(finder_result) struct rx_finder_result *r = find_with(set, &request);
        for (size_t i = 0; i < r->n; i++) {
            check_wallet(&r->wallets[i]);
            assert_true(i == 0 || r->wallets[i - 1].score >= r->wallets[i].score);
            checked++;
        }
        rx_trades_free(set);
    }
    print_message("additive explanations: %zu wallets\n", checked);
    assert_true(checked > 3000);
}

static void test_partial_lots_and_unknown_basis(void **state)
{
    (void)state;
    /* 100 bought for 100, sold in halves at 60 each: +10 and +10. Then coins from nowhere. */
    rx_auto(trades) struct rx_trades *set = set_of("w,T,buy,1000,100,100\n"
                                                   "w,T,sell,2000,50,60\n"
                                                   "w,T,sell,3000,50,60\n"
                                                   "w,T,sell,4000,500,900\n"
                                                   "x,T,buy,1500,1,1\n");
    const struct rx_finder_request request = request_of(0);
    struct rx_error err = {0};
    struct rx_found_wallet f;
    bool found = false;
    assert_ok(rx_finder_profile(set, &request, name_of(set, "w"), &f, &found, &err), &err);
    assert_true(found && f.win.n == 2 && f.win.wins == 2);
    assert_true(f.realised == 20 * RX_MONEY_UNIT && fabs(f.roi - .2) < 1e-12);
    assert_int_equal(f.sells, 3);
    assert_ok(rx_finder_profile(set, &request, name_of(set, "T"), &f, &found, &err), &err);
    assert_false(found);
}

static void test_cuts(void **state)
{
    (void)state;
    struct world w = make_world(10, 3);
    add_oracle(&w, add_name(w.set, "oracle", 0), 8);
    for (unsigned i = 0; i < 20; i++) {
        add_random(&w, add_name(w.set, "r", i), 5);
    }
    /* Turnover for show: 60 round trips of nothing within a day. */
    const uint32_t wash = add_name(w.set, "wash", 0);
    for (int i = 0; i < 60; i++) {
        trade(&w, wash, RX_SIDE_BUY, 2 * STEP + i, 50);
        trade(&w, wash, RX_SIDE_SELL, 2 * STEP + i, 50);
    }
    trade(&w, add_name(w.set, "holder", 0), RX_SIDE_BUY, 5000, 100000);
    assert_int_equal(rx_trades_finish(w.set), 0);
    struct rx_finder_request request = request_of(w.token);
    rx_auto(finder_result) struct rx_finder_result *all = find_with(w.set, &request);
    assert_int_equal(all->analysed, 23);
    assert_int_equal(all->passed, 22); /* without the one that washes */
    request.top_k = 3;
    rx_auto(finder_result) struct rx_finder_result *three = find_with(w.set, &request);
    assert_true(three->n == 3 && three->passed == 22);
    request.min_confidence = .8;
    rx_auto(finder_result) struct rx_finder_result *sure = find_with(w.set, &request);
    assert_int_equal(sure->passed, 1);
    request.min_confidence = 0;
    request.min_holdings = 1000 * RX_MONEY_UNIT;
    rx_auto(finder_result) struct rx_finder_result *rich = find_with(w.set, &request);
    assert_int_equal(rich->passed, 1);
    request.min_holdings = 0;
    request.min_trade = 1000000 * RX_MONEY_UNIT;
    rx_auto(finder_result) struct rx_finder_result *none = find_with(w.set, &request);
    assert_true(none->n == 0 && none->analysed == 0 && isnan(none->mean_score));
    request.min_trade = 0;
    request.window_days = 1;
    rx_auto(finder_result) struct rx_finder_result *recent = find_with(w.set, &request);
    assert_true(recent->analysed < 20);
    end_world(&w);
}

static void test_refuses(void **state)
{
    (void)state;
    rx_auto(trades) struct rx_trades *set = set_of("w,T,buy,1,1,1\n");
    const struct rx_finder_request good = request_of(0);
    struct rx_finder_request bad[6] = {good, good, good, good, good, good};
    bad[0].token = 7;
    bad[1].window_days = 0;
    bad[2].top_k = 1001;
    bad[3].min_confidence = 1.5;
    bad[4].min_confidence = (double)NAN;
    bad[5].min_trade = -1;
    static const char *const said[6] = {"token",          "window_days",    "top_k",
                                        "min_confidence", "min_confidence", "min_trade"};
    for (size_t i = 0; i < 6; i++) {
        struct rx_error err = {0};
        struct rx_finder_result *r = NULL;
        assert_int_equal(rx_finder_run(set, &bad[i], &r, &err), RX_EINVALID);
        assert_message(&err, said[i]);
    }
}

static void test_signals_by_hand(void **state)
{
    (void)state;
    struct rx_error err = {0};
    rx_auto(trades) struct rx_trades *set = rx_trades_new();
    /* Pump at 4000 (10 -> 13), dump at 9000 (13 -> 10). */
    assert_ok(add_lines(set,
                        "w,T,buy,1000,1,10,,,,,uni\nw,T,sell,6000,1,13,,,,,sushi\n"
                        "v,T,buy,1030,1,10\nv,T,sell,100,1,10\nu,T,buy,5000,1,13\n"
                        "u,T,buy,5500,1,13\nz,T,buy,90000,1,10\n",
                        &err),
              &err);
    static const struct {
        int64_t time;
        unsigned price;
    } points[] = {{0, 10}, {3999, 10}, {4000, 13}, {8999, 13}, {9000, 10}, {80000, 10}};
    for (size_t i = 0; i < RX_ARRAY_LEN(points); i++) {
        assert_ok(rx_trades_add_price(set, 0, points[i].time, points[i].price * UNIT_PRICE, &err),
                  &err);
    }
    assert_int_equal(rx_trades_finish(set), 0);
    struct rx_finder_request request = request_of(0);
    rx_autofree bool *smart = calloc(rx_trades_names(set), sizeof(*smart));
    smart[name_of(set, "v")] = true;
    request.smart = smart;
    struct rx_found_wallet f;
    bool found = false;
    assert_ok(rx_finder_profile(set, &request, name_of(set, "w"), &f, &found, &err), &err);
    assert_true(f.signals[RX_SIGNAL_PRE_PUMP].value == 1);
    assert_true(f.signals[RX_SIGNAL_PRE_DUMP].value == 1);
    assert_true(f.signals[RX_SIGNAL_EARLY_ENTRY].value == 1);
    assert_true(f.signals[RX_SIGNAL_WIN_RATE].value == 1 && f.signals[RX_SIGNAL_ROI].value == .3);
    assert_true(f.signals[RX_SIGNAL_SMART_LINKS].value == 1);
    assert_true(fabs(f.signals[RX_SIGNAL_CENTRALITY].value - 1.0 / 3) < 1e-12);
    assert_true(f.signals[RX_SIGNAL_LEADERSHIP].value == 1);
    assert_true(f.signals[RX_SIGNAL_DEX_DIVERSITY].value == 2);
    assert_true(isnan(f.signals[RX_SIGNAL_CONSISTENCY].value));
    assert_ok(rx_finder_profile(set, &request, name_of(set, "u"), &f, &found, &err), &err);
    assert_int_equal(f.signals[RX_SIGNAL_PRE_PUMP].n, 1); /* at 5500 the price is known to 9100 */
    assert_true(f.signals[RX_SIGNAL_PRE_PUMP].value == 0);
    assert_ok(rx_finder_profile(set, &request, name_of(set, "z"), &f, &found, &err), &err);
    assert_true(isnan(f.signals[RX_SIGNAL_PRE_PUMP].value));
}

static void test_json(void **state)
{
    (void)state;
    struct rx_error err = {0};
    struct world w = make_world(10, 5);
    const uint32_t oracle = add_name(w.set, "oracle", 0);
    add_oracle(&w, oracle, 10);
    add_random(&w, add_name(w.set, "r", 0), 10);
    assert_int_equal(rx_trades_finish(w.set), 0);
    const struct rx_finder_request request = request_of(w.token);
    rx_auto(finder_result) struct rx_finder_result *r = find_with(w.set, &request);
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(1u << 20);
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    struct rx_jw jw;
    rx_jw_init(&jw, &out);
    rx_finder_write_find(&jw, w.set, &request, r);
    assert_ok(rx_json_parse(rx_buf_str(&out), NULL, &doc, &err), &err);
    const struct rx_json *root = rx_json_root(doc);
    assert_int_equal(rx_json_i64(rx_json_at(root, "metadata.wallets_returned"), 0), 2);
    const struct rx_json *first = rx_json_item(rx_json_get(root, "ranked_wallets"), 0);
    assert_str(rx_json_str(rx_json_get(first, "wallet_address")), "oracle0");
    const struct rx_json *explanation = rx_json_get(first, "explanation");
    const struct rx_json *signals = rx_json_get(explanation, "top_signals");
    assert_int_equal(rx_json_len(signals), 5);
    double sum = rx_json_double(rx_json_get(explanation, "base_log_odds"), 0) +
                 rx_json_double(rx_json_get(explanation, "other_contributions"), 0);
    RX_JSON_FOREACH (it, signals) {
        sum += rx_json_double(rx_json_get(it.value, "contribution"), 0);
    }
    const double score = rx_json_double(rx_json_get(first, "smart_money_score"), 0);
    assert_true(fabs(1 / (1 + exp(-sum)) - score) < 1e-12);
    assert_str(rx_json_str(rx_json_get(explanation, "confidence_level")), "very_high");
    assert_true(rx_json_len(rx_json_get(explanation, "timeline")) >= 2);
    /* Two tokens: the best score of each wallet leads. */
    rx_buf_clear(&out);
    rx_jw_init(&jw, &out);
    struct rx_finder_result *const both[2] = {r, r};
    const uint32_t tokens[2] = {w.token, w.token};
    assert_int_equal(rx_finder_write_bulk(&jw, w.set, &request, tokens, both, 2), 0);
    rx_json_doc_free(doc);
    doc = NULL;
    assert_ok(rx_json_parse(rx_buf_str(&out), NULL, &doc, &err), &err);
    assert_int_equal(rx_json_len(rx_json_get(rx_json_root(doc), "leaderboard")), 2);
    assert_int_equal(rx_json_len(rx_json_get(rx_json_root(doc), "results")), 2);
    end_world(&w);
}

static double seconds_of(unsigned wallets, unsigned trades, double *finish)
{
    struct rx_trades *set = rx_trades_new();
    uint64_t seed = 1;
    const uint32_t token = add_token(set, "T");
    for (unsigned i = 0; i < wallets; i++) {
        const uint32_t wallet = add_name(set, "w", i);
        for (unsigned k = 0; k < trades; k++) {
            add_row(set, wallet, token, k % 2 ? RX_SIDE_SELL : RX_SIDE_BUY,
                    (int64_t)(next_random(&seed) % 2592000), 5 + (double)(k % 3),
                    50 + next_uniform(&seed) * 20);
        }
    }
    const struct rx_finder_request request = request_of(0);
    struct timespec t[3];
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t[0]);
    assert_int_equal(rx_trades_finish(set), 0);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t[1]);
    rx_auto(finder_result) struct rx_finder_result *r = find_with(set, &request);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t[2]);
    assert_int_equal(r->analysed, wallets);
    rx_trades_free(set);
    *finish = (double)(t[1].tv_sec - t[0].tv_sec) + (double)(t[1].tv_nsec - t[0].tv_nsec) / 1e9;
    return (double)(t[2].tv_sec - t[1].tv_sec) + (double)(t[2].tv_nsec - t[1].tv_nsec) / 1e9;
}

/* Not a benchmark: a quadratic step would show as a factor of ten more a wallet. */
static void test_time_grows_with_the_trades(void **state)
{
    (void)state;
    double finish;
    double base = 0;
    for (unsigned wallets = 200; wallets <= 20000; wallets *= 10) {
        const double run = seconds_of(wallets, 10, &finish);
        print_message("finder: %6u wallets x 10 trades: sort %.2f ms, find %.2f ms, %.2f us a "
                      "wallet\n",
                      wallets, finish * 1e3, run * 1e3, run * 1e6 / wallets);
        base = wallets == 200 ? fmax(run / wallets, 1e-7) : base;
        assert_true(run / wallets < 20 * base);
    }
}

static int torture_finder(void *arg)
{
    struct rx_error err = {0};
    rx_auto(finder_result) struct rx_finder_result *r = NULL;
    const struct rx_finder_request request = request_of(0);
    return rx_finder_run(arg, &request, &r, &err);
}

static void test_without_memory(void **state)
{
    (void)state;
    rx_auto(trades) struct rx_trades *set =
        set_of("w,T,buy,1,1,1\nw,T,sell,2,1,1\nv,T,buy,3,1,1\n");
    assert_true(rx_torture_alloc(torture_finder, set) >= 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_foresight_ranks_above_chance),
        cmocka_unit_test(test_explanations_add_up),
        cmocka_unit_test(test_partial_lots_and_unknown_basis),
        cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_signals_by_hand),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_time_grows_with_the_trades),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
