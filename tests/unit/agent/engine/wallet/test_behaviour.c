// SPDX-License-Identifier: Apache-2.0
/* covers behaviour.c, bot_score.c and wash_score.c */
#include "agent/engine/wallet/behaviour.h"

#include "tests/support/torture.h"
#include "tests/unit/agent/engine/wallet/build.h"

#define DAY 86400

static struct rx_behaviour judge_with(const struct rx_trades *set, const char *name,
                                      const struct rx_behaviour_context *context)
{
    struct rx_error err = {0};
    struct rx_behaviour b;
    rx_auto(history) struct rx_history *h = NULL;
    const uint32_t wallet = name_of(set, name);
    const struct rx_history_options options = {
        .wallets = &wallet, .n_wallets = 1, .as_of = RX_TIME_UNKNOWN};
    assert_ok(rx_history_new(set, &options, &h, &err), &err);
    assert_int_equal(rx_behaviour_compute(h, context, &b), 0);
    return b;
}

static struct rx_behaviour judge(const struct rx_trades *set, const char *name)
{
    const struct rx_behaviour_context context = {NULL, 0, NULL};
    return judge_with(set, name, &context);
}

/* n round trips of one token each: bought for 100, sold after `held` seconds for `back`. */
static struct rx_trades *round_trips(int n, int64_t held, double back, int64_t every)
{
    struct rx_trades *set = rx_trades_new();
    const uint32_t token = add_token(set, "T");
    const uint32_t wallet = add_name(set, "w", 0);
    for (int i = 0; i < n; i++) {
        add_row(set, wallet, token, RX_SIDE_BUY, DAY + i * every, 10, 100);
        add_row(set, wallet, token, RX_SIDE_SELL, DAY + i * every + held, 10, back);
    }
    assert_int_equal(rx_trades_finish(set), 0);
    return set;
}

static void test_holding_times(void **state)
{
    (void)state;
    static const struct {
        int64_t held;
        enum rx_tag tag;
    } cases[] = {{DAY / 2, RX_TAG_DAY_TRADER},
                 {DAY, RX_TAG_SWING_TRADER},
                 {14 * DAY, RX_TAG_SWING_TRADER},
                 {30 * DAY, RX_TAG_DIAMOND_HANDS}};
    static const enum rx_tag all[] = {RX_TAG_DAY_TRADER, RX_TAG_SWING_TRADER, RX_TAG_DIAMOND_HANDS};
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        rx_auto(trades) struct rx_trades *set = round_trips(6, cases[i].held, 101, 60 * DAY);
        const struct rx_behaviour b = judge(set, "w0");
        for (size_t k = 0; k < RX_ARRAY_LEN(all); k++) {
            assert_int_equal(b.tags[all[k]].set, all[k] == cases[i].tag);
        }
        assert_int_equal(b.tags[cases[i].tag].hits, 6);
        assert_true(b.tags[cases[i].tag].confidence > .5);
    }
    /* Too few trades set nothing, whatever their share. */
    rx_auto(trades) struct rx_trades *few = round_trips(4, DAY / 2, 101, 60 * DAY);
    assert_false(judge(few, "w0").tags[RX_TAG_DAY_TRADER].set);
    assert_true(judge(few, "w0").tags[RX_TAG_DAY_TRADER].value == 1);
}

static void test_results(void **state)
{
    (void)state;
    rx_auto(trades) struct rx_trades *winner = round_trips(12, 3 * DAY, 130, 10 * DAY);
    const struct rx_behaviour w = judge(winner, "w0");
    assert_true(w.tags[RX_TAG_PROFIT_TAKER].set && w.tags[RX_TAG_SMART_MONEY].set);
    assert_true(w.is_smart_money && !w.tags[RX_TAG_LOSS_CUTTER].set);
    rx_auto(trades) struct rx_trades *loser = round_trips(12, 3600, 90, 10 * DAY);
    const struct rx_behaviour l = judge(loser, "w0");
    assert_true(l.tags[RX_TAG_LOSS_CUTTER].set && !l.is_smart_money);
    rx_auto(trades) struct rx_trades *crushed = round_trips(12, 3600, 70, 10 * DAY);
    assert_false(judge(crushed, "w0").tags[RX_TAG_LOSS_CUTTER].set);
    /* Nine of nine is not yet ten. */
    rx_auto(trades) struct rx_trades *short_run = round_trips(9, 3 * DAY, 130, 10 * DAY);
    assert_false(judge(short_run, "w0").is_smart_money);
}

/* The replaced system called this wash trading at a score of 1. */
static void test_turn_taking_is_no_wash(void **state)
{
    (void)state;
    rx_auto(trades) struct rx_trades *set = round_trips(20, 3600, 112, DAY);
    const struct rx_behaviour b = judge(set, "w0");
    assert_true(b.wash.score == 0 && !b.tags[RX_TAG_WASH_TRADER].set);
    assert_true(b.wash.known_share < .2 && b.wash.upper > .9);
    /* Turnover without any effect is a sign, but not enough by itself. */
    rx_auto(trades) struct rx_trades *idle = round_trips(20, 3600, 100, DAY);
    const struct rx_behaviour i = judge(idle, "w0");
    assert_true(fabs(i.wash.score - .3) < 1e-12 && !i.tags[RX_TAG_WASH_TRADER].set);
}

static void test_wash_trades(void **state)
{
    (void)state;
    rx_auto(trades) struct rx_trades *self =
        set_of("w,T,buy,100,10,100,,w\nw,T,sell,200,10,100,,w\n"
               "w,T,buy,300,10,100,,w\nw,T,sell,400,10,100,,w\n");
    const struct rx_behaviour b = judge(self, "w");
    assert_true(b.tags[RX_TAG_WASH_TRADER].set && b.wash.score > .95);
    assert_true(fabs(b.wash.known_share - 1) < 1e-12);
    /* With a partner that it funds. */
    rx_auto(trades) struct rx_trades *pair =
        set_of("w,T,buy,100,10,100,,p\nw,T,sell,200,10,100.5,,p\n"
               "w,T,buy,300,10,100,,p\nw,T,sell,400,10,100.5,,p\n");
    const struct rx_related funded = {.wallet = name_of(pair, "p"), .depth = 1, .score = .9};
    const struct rx_behaviour_context context = {&funded, 1, NULL};
    assert_true(judge_with(pair, "w", &context).wash.score > .95);
    /* With a stranger: only the round trips speak. */
    const struct rx_behaviour stranger = judge(pair, "w");
    assert_true(stranger.wash.parts[0].value == 0 && stranger.wash.parts[1].value == 1);
    /* Strangers all of them: clean. */
    rx_auto(trades) struct rx_trades *market =
        set_of("w,T,buy,100,10,100,,p\nw,T,sell,200,10,110,,q\n"
               "w,T,buy,300,10,100,,r\nw,T,sell,400,10,120,,s\n");
    assert_true(judge(market, "w").wash.score == 0);
}

static void test_entries(void **state)
{
    (void)state;
    /* Listed at 100000: an hour later, a day and a second later, and an hour before. */
    rx_auto(trades) struct rx_trades *set = set_of("a,A,buy,103600,1,10,,,100000\n"
                                                   "a,B,buy,103600,1,10,,,100000\n"
                                                   "a,C,buy,100000,1,10,,,100000\n"
                                                   "a,D,buy,186401,1,10,,,100000\n"
                                                   "b,A,buy,96400,1,10,,,100000\n"
                                                   "b,B,buy,96400,1,10,,,100000\n"
                                                   "b,C,buy,96400,1,10,,,100000\n"
                                                   "b,C,buy,100001,1,10,,,100000\n");
    const struct rx_behaviour a = judge(set, "a");
    assert_true(a.tags[RX_TAG_EARLY_ADOPTER].set && a.tags[RX_TAG_EARLY_ADOPTER].hits == 3);
    const struct rx_behaviour b = judge(set, "b");
    assert_false(b.tags[RX_TAG_EARLY_ADOPTER].set);
    assert_int_equal(b.tags[RX_TAG_EARLY_ADOPTER].hits, 0);
    assert_int_equal(b.tags[RX_TAG_EARLY_ADOPTER].n, 3);
}

static void test_chasing_and_following(void **state)
{
    (void)state;
    struct rx_error err = {0};
    rx_auto(trades) struct rx_trades *set = rx_trades_new();
    const rx_price unit = (rx_price)1000000000 * 1000000000 * 1000000000;
    for (int i = 0; i < 6; i++) {
        rx_auto(buf) struct rx_buf lines = RX_BUF_INIT(512);
        rx_buf_printf(&lines, "chaser,T,buy,%d,1,12\npatient,T,buy,%d,1,12\nleader,T,buy,%d,1,12\n",
                      10000 * i + 700, 10000 * i + 5000, 10000 * i + 600);
        assert_ok(add_lines(set, lines.p, &err), &err);
        assert_ok(rx_trades_add_price(set, 0, 10000 * i + 300, 10 * unit, &err), &err);
        assert_ok(rx_trades_add_price(set, 0, 10000 * i + 650, 12 * unit, &err), &err);
    }
    assert_int_equal(rx_trades_finish(set), 0);
    rx_autofree bool *smart = calloc(rx_trades_names(set), sizeof(*smart));
    smart[name_of(set, "leader")] = true;
    const struct rx_behaviour_context context = {NULL, 0, smart};
    const struct rx_behaviour chaser = judge_with(set, "chaser", &context);
    assert_true(chaser.tags[RX_TAG_PUMP_CHASER].set);
    assert_true(chaser.tags[RX_TAG_SMART_MONEY_FOLLOWER].set);
    const struct rx_behaviour patient = judge_with(set, "patient", &context);
    assert_int_equal(patient.tags[RX_TAG_PUMP_CHASER].hits, 0);
    assert_false(patient.tags[RX_TAG_SMART_MONEY_FOLLOWER].set);
    assert_int_equal(judge(set, "chaser").tags[RX_TAG_SMART_MONEY_FOLLOWER].n, 0);
    assert_false(judge_with(set, "leader", &context).tags[RX_TAG_SMART_MONEY_FOLLOWER].set);
}

static void test_frequency_and_chains(void **state)
{
    (void)state;
    rx_auto(trades) struct rx_trades *busy = round_trips(40, 300, 101, 3600);
    assert_true(judge(busy, "w0").tags[RX_TAG_HIGH_FREQUENCY].hits == 2);
    rx_auto(trades) struct rx_trades *set =
        set_of("w,T,buy,1,1,1\nw,T,buy,2,1,1\nw,T,buy,3,1,1\nw,T,buy,4,1,1\nw,T,buy,5,1,1\n"
               "w,T,buy,6,1,1\nw,T,buy,7,1,1\nw,T,buy,8,1,1\nw,T,buy,9,1,1,,,,base\nw,T,buy,9,1,1,,"
               ",,bsc\n");
    const struct rx_behaviour b = judge(set, "w");
    assert_true(b.tags[RX_TAG_MULTI_CHAIN].set);
    assert_int_equal(b.tags[RX_TAG_MULTI_CHAIN].hits, 2);
}

static void test_bots(void **state)
{
    (void)state;
    /* Every half hour, day and night. */
    rx_auto(trades) struct rx_trades *clock = round_trips(200, 1800, 101, 3600);
    const struct rx_behaviour c = judge(clock, "w0");
    assert_true(c.bot.parts[0].value > .99 && c.bot.parts[3].value == 1);
    /* Sandwiches: own buy, a stranger's, own sell. */
    struct rx_trades *set = rx_trades_new();
    const uint32_t token = add_token(set, "T");
    const uint32_t bot = add_name(set, "bot", 0);
    uint64_t seed = 8;
    for (int i = 0; i < 60; i++) {
        const int64_t at = DAY * 100 + i * 5000 + (int64_t)(next_random(&seed) % 400);
        add_row(set, bot, token, RX_SIDE_BUY, at, 10, 100);
        add_row(set, add_name(set, "victim", (unsigned)i), token, RX_SIDE_BUY, at + 1, 50, 530);
        add_row(set, bot, token, RX_SIDE_SELL, at + 2, 10, 103);
    }
    assert_int_equal(rx_trades_finish(set), 0);
    const struct rx_behaviour b = judge(set, "bot0");
    assert_true(b.bot.parts[2].value == 1 && b.bot.score > .4);
    rx_trades_free(set);
    /* A person: bursts by day, rest by night. */
    rx_auto(trades) struct rx_trades *person = rx_trades_new();
    const uint32_t wallet = add_name(person, "p", 0);
    const uint32_t coin = add_token(person, "T");
    for (int day = 0; day < 30; day++) {
        for (int i = 0; i < 4; i++) {
            const double hour = 9 + 11 * next_uniform(&seed);
            add_row(person, wallet, coin, i % 2 ? RX_SIDE_SELL : RX_SIDE_BUY,
                    (int64_t)day * DAY + (int64_t)(hour * 3600), 5, 50);
        }
    }
    assert_int_equal(rx_trades_finish(person), 0);
    const struct rx_behaviour p = judge(person, "p0");
    assert_true(p.bot.score < .1 && !p.is_bot_like && p.bot.known_share > .9);
    /* One trade says nothing. */
    rx_auto(trades) struct rx_trades *one = set_of("w,T,buy,1,1,1\n");
    assert_true(isnan(judge(one, "w").bot.score) && judge(one, "w").bot.upper == 1);
    assert_false(judge(one, "w").is_bot_like);
}

static void test_copies(void **state)
{
    (void)state;
    rx_auto(trades) struct rx_trades *set = set_of("w,T,buy,1,1,1\nz,T,buy,1,1,1\n");
    struct rx_related r = {
        .wallet = name_of(set, "z"), .scores = {0, 0, .7}, .same_moment = 9, .leads = .9};
    const struct rx_behaviour_context context = {&r, 1, NULL};
    assert_int_equal(judge_with(set, "w", &context).copies_wallet, r.wallet);
    r.leads = .5;
    assert_true(judge_with(set, "w", &context).copies_wallet == RX_NAME_NONE);
}

/* Scores and confidences stay in range and finite or unknown, for anything. */
static void test_random_wallets(void **state)
{
    (void)state;
    uint64_t seed = 21;
    for (int round = 0; round < 1500; round++) {
        rx_auto(trades) struct rx_trades *set = rx_trades_new();
        const uint32_t tokens[2] = {add_token(set, "A"), add_token(set, "B")};
        const uint32_t wallet = add_name(set, "w", 0);
        const int n = 1 + (int)(next_random(&seed) % 80);
        int64_t time = 0;
        for (int i = 0; i < n; i++) {
            time += (int64_t)(next_random(&seed) % (round % 3 ? 20 : 200000));
            add_row(set, wallet, tokens[next_random(&seed) % 2],
                    (enum rx_side)(next_random(&seed) % RX_SIDE_MAX), time,
                    1 + (double)(next_random(&seed) % 9), next_uniform(&seed) * 50);
        }
        assert_int_equal(rx_trades_finish(set), 0);
        const struct rx_behaviour b = judge(set, "w0");
        for (int i = 0; i < RX_TAG_MAX; i++) {
            const struct rx_tag_result *tag = &b.tags[i];
            assert_true(isnan(tag->value) || (tag->value >= 0 && tag->value <= 1));
            assert_true(isnan(tag->confidence) || (tag->confidence >= 0 && tag->confidence <= 1));
            assert_true(!tag->set || tag->n >= rx_tag_rule((enum rx_tag)i)->min_n);
        }
        const struct rx_part_score *scores[2] = {&b.bot, &b.wash};
        for (int i = 0; i < 2; i++) {
            assert_true(isnan(scores[i]->score) ||
                        (scores[i]->score >= 0 && scores[i]->score <= 1));
            assert_true(scores[i]->upper >= 0 && scores[i]->upper <= 1 + 1e-12);
            assert_true(i == 0 || isnan(scores[i]->score) ||
                        scores[i]->score <= scores[i]->upper + 1e-12);
        }
    }
    print_message("behaviour: 1500 random wallets in range\n");
}

static int torture_behaviour(void *arg)
{
    struct rx_behaviour b;
    const struct rx_behaviour_context context = {NULL, 0, NULL};
    return rx_behaviour_compute(arg, &context, &b);
}

static void test_without_memory(void **state)
{
    (void)state;
    struct rx_error err = {0};
    rx_auto(trades) struct rx_trades *set = set_of("w,T,buy,1,1,1\nw,T,sell,5,1,1\n");
    rx_auto(history) struct rx_history *h = NULL;
    const uint32_t wallet = name_of(set, "w");
    const struct rx_history_options options = {
        .wallets = &wallet, .n_wallets = 1, .as_of = RX_TIME_UNKNOWN};
    assert_ok(rx_history_new(set, &options, &h, &err), &err);
    assert_true(rx_torture_alloc(torture_behaviour, h) >= 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_holding_times),
        cmocka_unit_test(test_results),
        cmocka_unit_test(test_turn_taking_is_no_wash),
        cmocka_unit_test(test_wash_trades),
        cmocka_unit_test(test_entries),
        cmocka_unit_test(test_chasing_and_following),
        cmocka_unit_test(test_frequency_and_chains),
        cmocka_unit_test(test_bots),
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_random_wallets),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
