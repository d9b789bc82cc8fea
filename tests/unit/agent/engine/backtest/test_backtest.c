// SPDX-License-Identifier: Apache-2.0
/* The walk-forward backtest; covers decisions.c, audit.c, walk.c, trade.c and backtest_json.c. */
#include "agent/engine/backtest/backtest.h"

#include <errno.h>
#include <math.h>

#include "tests/support/oracle.h"
#include "tests/support/torture.h"

#define POOLS  240
#define EVENTS 40
#define DAY    6472 /* blocks */

static struct rx_sync events[POOLS][EVENTS];
static struct rx_tape tapes[POOLS];
static const double ages[] = {1};

static const struct rx_backtest_target targets[] = {
    {"x2_24h", 1, 2, NAN},
    {"rug_24h", 1, 0, NAN},
};

static struct rx_sync sync_at(uint64_t block, double weth, double token)
{
    return (struct rx_sync){.block = block,
                            .log_index = 1,
                            .time = (int64_t)block,
                            .reserve = {(rx_u128)(weth * 1e18), (rx_u128)(token * 1e18)}};
}

/*
 * A pool is born every 200 blocks. On its first day 10 events around 100 WETH; on the second every
 * third one triples in price and every third one is drained. What an honest scorer can see is
 * the number of tokens at birth: 1000, 2000 or 3000 for the three fates.
 */
static void make_pools(void)
{
    for (size_t i = 0; i < POOLS; i++) {
        const uint64_t birth = 1000000 + 200 * i;
        const double tokens = 1000.0 * (double)(1 + i % 3);
        size_t n = 0;
        for (; n < 10; n++) {
            events[i][n] = sync_at(birth + 100 * n, 100 + (double)n / 100, tokens);
        }
        for (size_t k = 0; k < 20; k++, n++) {
            const double move = (double)(k + 1) / 20;
            const double weth = i % 3 == 0 ? 100 * (1 + move) : i % 3 == 1 ? 100 - 99 * move : 100;
            events[i][n] = sync_at(birth + DAY + 50 + 100 * k, weth, 100.0 * tokens / weth);
        }
        /* A last word long after, so that all labels are known. */
        events[i][n++] = sync_at(birth + 60 * DAY, 100, tokens);
        tapes[i] =
            (struct rx_tape){.meta = {.address = {(unsigned char)i}, .decimals = 18, .weth_pos = 0},
                             .events = events[i],
                             .n = n};
    }
}

/* Knows the fates by what is there to see, and says 0.3 or 0.7 where it should say 0 or 1. */
static int honest(void *unused, const struct rx_backtest_moment *m, double *p, struct rx_error *err)
{
    (void)unused;
    (void)err;
    assert_true(m->seen == 10 && (double)m->tape->events[m->seen - 1].time <= m->te);
    const double tokens = round((double)m->tape->events[0].reserve[1] / 1e18);
    p[0] = tokens == 1000 ? .7 : .3;
    p[1] = tokens == 2000 ? .7 : .3;
    return 0;
}

/* Looks one event too far. */
static int peeking(void *unused, const struct rx_backtest_moment *m, double *p,
                   struct rx_error *err)
{
    (void)unused;
    (void)err;
    const size_t last = m->tape->n - 1;
    const size_t ahead = m->seen + 19 < last ? m->seen + 19 : last;
    const double now = (double)m->tape->events[m->seen - 1].reserve[0];
    p[0] = (double)m->tape->events[ahead].reserve[0] > 1.5 * now ? .9 : .1;
    p[1] = (double)m->tape->events[ahead].reserve[0] < .5 * now ? .9 : .1;
    return 0;
}

/* Knows only how long the recording goes on. */
static int counting(void *unused, const struct rx_backtest_moment *m, double *p,
                    struct rx_error *err)
{
    (void)unused;
    (void)err;
    p[0] = m->tape->n > m->seen ? .5 : .4;
    p[1] = .1;
    return 0;
}

static struct rx_backtest_options options(void)
{
    struct rx_backtest_options o = rx_backtest_defaults();
    o.targets = targets;
    o.n_targets = 2;
    o.buy = 0;
    o.guard = 1;
    o.max_guard = .5;
    o.strategy = RX_BACKTEST_THRESHOLD;
    o.threshold = .6;
    o.folds = 4;
    o.recalibrate = false;
    o.audit = 1000;
    return o;
}

static void test_honest_answers(void **unused)
{
    (void)unused;
    const struct rx_backtest_options o = options();
    struct rx_backtest_report r;
    struct rx_error err = {0};
    make_pools();
    assert_ok(rx_backtest_run(tapes, POOLS, ages, 1, &o, honest, NULL, &r, &err), &err);
    assert_int_equal(r.decisions, POOLS);
    assert_int_equal(r.answered, POOLS);
    assert_int_equal(r.audited, POOLS);
    assert_int_equal(r.leaks, 0);
    assert_int_equal(r.targets[0].positives, 80);
    assert_true(r.targets[0].auc == 1 && r.targets[1].auc == 1);
    assert_close(r.targets[0].brier, .09, 1e-12);
    /* One in three is bought, at about 2 WETH or a hundredth of the pool, and taken at twice. */
    assert_int_equal(r.trades.n + r.trades.open, 80);
    assert_int_equal(r.trades.taken, 80);
    assert_int_equal(r.trades.wins, r.trades.n);
    assert_true(r.trades.profit > 20 && r.trades.mean_return > .8 && r.trades.mean_return < 1.2);
    assert_true(isnan(r.trades.profit_factor)); /* nothing was lost */
    assert_true(r.trades.win_lo < 1 && r.trades.win_hi == 1);
    /* Fees and slippage were paid: 0.3 % and about 1 % each way. */
    assert_true(r.trades.fees > .003 * r.trades.turnover && r.trades.slippage > 0);
    assert_close(r.trades.gas, .012 * 160, 1e-9);
    /* Buying everything also buys the drained ones. */
    assert_true(r.every.n > 200 && r.every.stopped == 80 && r.every.profit < r.trades.profit);
}

/* A planted leak is seen, whichever way it takes. */
static void test_leaks_are_caught(void **unused)
{
    (void)unused;
    struct rx_backtest_options o = options();
    struct rx_backtest_report r;
    struct rx_error err = {0};
    make_pools();
    assert_int_equal(rx_backtest_run(tapes, POOLS, ages, 1, &o, peeking, NULL, &r, &err),
                     RX_EINVALID);
    assert_message(&err, "look-ahead: ");
    assert_true(r.targets[0].auc == 1); /* it looked splendid */
    assert_int_equal(r.audited, POOLS);
    assert_true(r.leaks >= 160);
    o.audit = 20;
    assert_int_equal(rx_backtest_run(tapes, POOLS, ages, 1, &o, peeking, NULL, &r, &err),
                     RX_EINVALID);
    assert_true(r.audited == 20 && r.leaks > 0);
    assert_int_equal(rx_backtest_run(tapes, POOLS, ages, 1, &o, counting, NULL, &r, &err),
                     RX_EINVALID);
    o.audit = 0;
    assert_ok(rx_backtest_run(tapes, POOLS, ages, 1, &o, peeking, NULL, &r, &err), &err);
}

/* Labels are used when they are known and not before: the first fold has none, and what 0.3 and
 * 0.7 mean is learned for the later ones. */
static void test_recalibration_waits_for_labels(void **unused)
{
    (void)unused;
    struct rx_backtest_options o = options();
    struct rx_backtest_report r;
    struct rx_error err = {0};
    make_pools();
    o.recalibrate = true;
    assert_ok(rx_backtest_run(tapes, POOLS, ages, 1, &o, honest, NULL, &r, &err), &err);
    assert_int_equal(r.n_folds, 4);
    assert_int_equal(r.folds[0].known_labels, 0);
    assert_false(r.folds[0].recalibrated);
    for (size_t f = 1; f < 4; f++) {
        /* Decisions are 200 blocks apart; a label takes a day of them. */
        const double expected = floor((60.0 * (double)f * 200 - RX_BLOCKS_PER_DAY) / 200) + 1;
        assert_true(fabs((double)r.folds[f].known_labels - expected) <= 1);
    }
    assert_true(r.folds[3].recalibrated);
    assert_true(r.folds[3].used.brier < .02 && r.folds[3].raw.brier > .08);
    assert_true(r.folds[3].used.auc == 1);
}

static void test_strategies(void **unused)
{
    (void)unused;
    struct rx_backtest_options o = options();
    struct rx_backtest_report r;
    struct rx_error err = {0};
    make_pools();
    o.strategy = RX_BACKTEST_QUANTILE;
    o.threshold = .34;
    assert_ok(rx_backtest_run(tapes, POOLS, ages, 1, &o, honest, NULL, &r, &err), &err);
    /* It ranks against 50 answers before it buys. */
    assert_in_range(r.trades.taken, 55, 64);
    o.strategy = RX_BACKTEST_KELLY;
    o.threshold = .6;
    o.stake = .5;
    o.max_pool_share = 1;
    assert_ok(rx_backtest_run(tapes, POOLS, ages, 1, &o, honest, NULL, &r, &err), &err);
    assert_true(r.trades.taken > 0 && r.trades.profit > 0);
    o.guard = -1;
    o.threshold = 0;
    o.strategy = RX_BACKTEST_EVERY;
    assert_ok(rx_backtest_run(tapes, POOLS, ages, 1, &o, honest, NULL, &r, &err), &err);
    assert_true(r.trades.n == r.every.n && r.trades.profit == r.every.profit);
    assert_string_equal(rx_backtest_strategy_name(RX_BACKTEST_KELLY), "kelly");
}

/* All money that is not in positions is cash: start + gains - losses - open stakes. */
static void test_money_adds_up(void **unused)
{
    (void)unused;
    struct rx_backtest_options o = options();
    struct rx_backtest_report r;
    struct rx_error err = {0};
    make_pools();
    o.strategy = RX_BACKTEST_EVERY;
    o.gas = 0;
    assert_ok(rx_backtest_run(tapes, POOLS, ages, 1, &o, honest, NULL, &r, &err), &err);
    const struct rx_backtest_trades *t = &r.trades;
    assert_int_equal(t->taken + t->stopped + t->timed_out, t->n);
    assert_true(t->open == 0 && t->worst >= -1 && t->best <= 3);
    assert_close(t->final_equity, 100 + t->profit, 1e-12);
    assert_true(t->max_drawdown <= 0 && t->max_drawdown >= -1 && t->days > 30);
}

static void test_refuses(void **unused)
{
    (void)unused;
    struct rx_backtest_options o = options();
    struct rx_backtest_report r;
    struct rx_error err = {0};
    make_pools();
    o.buy = 1;
    assert_int_equal(rx_backtest_run(tapes, POOLS, ages, 1, &o, honest, NULL, &r, &err),
                     RX_EINVALID);
    assert_message(&err, "buy: a target with a multiplier");
    o = options();
    o.stake = 0;
    assert_int_equal(rx_backtest_run(tapes, POOLS, ages, 1, &o, honest, NULL, &r, &err),
                     RX_EINVALID);
    assert_message(&err, "stake: a number from 1e-06 to 1");
    o = options();
    assert_int_equal(rx_backtest_run(tapes, 0, ages, 1, &o, honest, NULL, &r, &err), RX_ELIMIT);
    const double early[] = {1e-6};
    assert_int_equal(rx_backtest_run(tapes, POOLS, early, 1, &o, honest, NULL, &r, &err),
                     RX_EINVALID);
    assert_message(&err, "no pool has 5 events");
}

static void test_report(void **unused)
{
    (void)unused;
    const struct rx_backtest_options o = options();
    struct rx_backtest_report r;
    struct rx_error err = {0};
    make_pools();
    assert_ok(rx_backtest_run(tapes, POOLS, ages, 1, &o, honest, NULL, &r, &err), &err);
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(1u << 20);
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    struct rx_jw w;
    rx_jw_init(&w, &out);
    rx_backtest_write(&w, &o, &r);
    assert_ok(rx_json_parse(rx_buf_str(&out), NULL, &doc, &err), &err);
    const struct rx_json *root = rx_json_root(doc);
    assert_int_equal(rx_json_i64(rx_json_at(root, "decisions"), 0), POOLS);
    assert_int_equal(rx_json_len(rx_json_get(root, "folds")), 4);
    assert_int_equal(rx_json_type(rx_json_at(root, "trades.profit_factor")), RX_JSON_NULL);
    assert_string_equal(rx_json_cstr(rx_json_at(root, "options.guard"), ""), "rug_24h");
}

static int run(void *unused)
{
    (void)unused;
    struct rx_backtest_options o = options();
    struct rx_backtest_report r;
    o.audit = 2;
    o.recalibrate = true;
    return rx_backtest_run(tapes, POOLS, ages, 1, &o, honest, NULL, &r, NULL);
}

static void test_out_of_memory(void **unused)
{
    (void)unused;
    make_pools();
    /* A fit that cannot allocate leaves the answers as they are. */
    assert_true(rx_torture_tolerant(run, NULL) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_honest_answers),
        cmocka_unit_test(test_leaks_are_caught),
        cmocka_unit_test(test_recalibration_waits_for_labels),
        cmocka_unit_test(test_strategies),
        cmocka_unit_test(test_money_adds_up),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_report),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
