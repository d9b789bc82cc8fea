// SPDX-License-Identifier: Apache-2.0
/* Holder and creator columns against going over all transfers again, and against goldens;
 * covers dev.c, people_marks.c and balances.c. */
#include "agent/engine/features/holders.h"

#include <errno.h>
#include <math.h>

#include "agent/engine/features/custody.h"
#include "tests/support/oracle.h"
#include "tests/support/torture.h"

#define DAY     86400
#define PEOPLE  14
#define CREATOR 5 /* of the cast below */

/* Zero, dead, a locker, the pool, the token; then people, the creator first. */
static unsigned char cast[PEOPLE][20];
static uint64_t seed;

static uint64_t draw(uint64_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 33) % below;
}

static int make_cast(void **state)
{
    (void)state;
    size_t n;
    const struct rx_custodian *table = rx_custodians(&n);
    memcpy(cast[0], table[0].address, 20);
    memcpy(cast[1], table[1].address, 20);
    memcpy(cast[2], table[2].address, 20);
    for (unsigned i = 3; i < PEOPLE; i++) {
        cast[i][0] = (unsigned char)(i + 100);
    }
    return 0;
}

static struct rx_holders *new_holders(bool creator, enum rx_pool_clock clock)
{
    struct rx_holders_meta meta = {
        .pools = &cast[3], .n_pools = 1, .creator = creator ? cast[CREATOR] : NULL, .clock = clock};
    memcpy(meta.token, cast[4], 20);
    struct rx_holders *holders = NULL;
    struct rx_error err = {0};
    assert_ok(rx_holders_new(&meta, &holders, &err), &err);
    return holders;
}

struct move {
    int64_t time;
    unsigned from, to;
    uint64_t value;
    bool liquidity;
};

static int give(struct rx_holders *holders, const struct move *move, uint64_t i)
{
    struct rx_token_transfer event = {
        .block = i, .time = move->time, .value = {{move->value}}, .liquidity = move->liquidity};
    memcpy(event.from, cast[move->from], 20);
    memcpy(event.to, cast[move->to], 20);
    return rx_holders_transfer(holders, &event, NULL);
}

static void close_to(double got, double want, const char *what)
{
    if (!(fabs(got - want) <= 1e-12 * fmax(1, fabs(want))) && !(isnan(got) && isnan(want))) {
        fail_msg("%s: expected %.17g, got %.17g", what, want, got);
    }
}

/* Balances after the moves up to `until` (included). */
static void settle(const struct move *moves, size_t n, double until, int64_t balance[PEOPLE])
{
    memset(balance, 0, PEOPLE * sizeof(*balance));
    for (size_t i = 0; i < n && (double)moves[i].time <= until; i++) {
        balance[moves[i].from] -= moves[i].from == 0 ? 0 : (int64_t)moves[i].value;
        balance[moves[i].to] += (int64_t)moves[i].value;
    }
}

static unsigned count(const int64_t balance[PEOPLE])
{
    unsigned n = 0;
    for (unsigned i = CREATOR; i < PEOPLE; i++) {
        n += balance[i] > 0;
    }
    return n;
}

/* Who was given tokens by the creator (1), or by one of those (2). */
static void find_funded(const struct move *moves, size_t n, int funded[PEOPLE])
{
    memset(funded, 0, PEOPLE * sizeof(*funded));
    for (size_t i = 0; i < n; i++) {
        const struct move *m = &moves[i];
        if (m->value == 0 || m->to <= CREATOR) {
            continue;
        }
        if (m->from == CREATOR) {
            funded[m->to] = 1;
        } else if (m->from > CREATOR && funded[m->from] == 1 && funded[m->to] == 0) {
            funded[m->to] = 2;
        }
    }
}

/* Gini by its definition: mean absolute difference over twice the mean. */
static void check_spread(const int64_t balance[PEOPLE], const double *x)
{
    double total = 0;
    double differences = 0;
    double squares = 0;
    double largest = 0;
    double n = count(balance);
    for (unsigned i = CREATOR; i < PEOPLE; i++) {
        double a = balance[i] > 0 ? (double)balance[i] : 0;
        total += a;
        squares += a * a;
        largest = fmax(largest, a);
        for (unsigned k = CREATOR; k < PEOPLE; k++) {
            if (balance[i] > 0 && balance[k] > 0) {
                differences += fabs(a - (double)balance[k]);
            }
        }
    }
    close_to(x[RX_F_HOLDER_GINI], differences / (2 * n * total), "gini");
    close_to(x[RX_F_HOLDER_HHI], squares / (total * total), "hhi");
    close_to(x[RX_F_TOP1], largest / total, "top1");
    close_to(x[RX_F_TOP50], 1, "top50");
}

static void check_creator(const struct move *moves, size_t n, double from, double outstanding,
                          const int64_t balance[PEOPLE], const double *x)
{
    int funded[PEOPLE];
    double by_funded = 0;
    double sells = 0;
    double sold = 0;
    find_funded(moves, n, funded);
    for (unsigned i = CREATOR + 1; i < PEOPLE; i++) {
        by_funded += funded[i] && balance[i] > 0 ? (double)balance[i] : 0;
    }
    for (size_t i = 0; i < n; i++) {
        if ((double)moves[i].time > from && moves[i].from == CREATOR && moves[i].to == 3 &&
            moves[i].value > 0 && !moves[i].liquidity) {
            sells++;
            sold += (double)moves[i].value;
        }
    }
    close_to(x[RX_F_CREATOR_SELLS_24H], sells, "creator_sells_24h");
    if (outstanding > 0) {
        close_to(x[RX_F_CREATOR_SOLD_24H], sold / outstanding, "creator_sold_24h");
        close_to(x[RX_F_CREATOR_FUNDED_SHARE], by_funded / outstanding, "creator_funded_share");
        double own = balance[CREATOR] > 0 ? (double)balance[CREATOR] : 0;
        close_to(x[RX_F_CREATOR_SHARE], own / outstanding, "creator_share");
    }
}

static void check_moment(struct rx_holders *holders, const struct move *moves, size_t n,
                         int64_t now, double from)
{
    double x[RX_F_MAX];
    struct rx_error err = {0};
    int64_t balance[PEOPLE];
    int64_t earlier[PEOPLE];
    assert_ok(rx_holders_features(holders, now, NULL, x, &err), &err);
    settle(moves, n, HUGE_VAL, balance);
    settle(moves, n, from, earlier);
    double outstanding = 0;
    double held = 0;
    for (unsigned i = 2; i < PEOPLE; i++) {
        outstanding += balance[i] > 0 ? (double)balance[i] : 0;
        held += i >= CREATOR && balance[i] > 0 ? (double)balance[i] : 0;
    }
    double before = count(earlier);
    close_to(x[RX_F_HOLDERS], count(balance), "holders");
    assert_true((double)rx_holders_count(holders) == x[RX_F_HOLDERS]);
    close_to(x[RX_F_HOLDER_GROWTH_24H], before > 0 ? count(balance) / before - 1 : RX_NAN,
             "holder_growth_24h");
    close_to(x[RX_F_HOLDER_COVERAGE], outstanding > 0 ? held / outstanding : RX_NAN, "coverage");
    if (held > 0) {
        check_spread(balance, x);
    } else {
        assert_true(isnan(x[RX_F_TOP1]) && isnan(x[RX_F_NAKAMOTO]));
    }
    check_creator(moves, n, from, outstanding, balance, x);
}

static unsigned run_walk(enum rx_pool_clock clock)
{
    enum { MOVES = 300 };
    static struct move moves[MOVES];
    double day = clock == RX_POOL_BLOCKS ? DAY / RX_SECONDS_PER_BLOCK : DAY;
    rx_auto(holders) struct rx_holders *holders = new_holders(true, clock);
    struct move now = {.time = 1000000};
    unsigned checks = 0;
    for (size_t i = 0; i < MOVES; i++) {
        now.from = draw(8) == 0 ? 0 : (unsigned)draw(PEOPLE);
        now.to = (unsigned)draw(PEOPLE);
        now.value = draw(10) == 0 ? 0 : draw(1000000);
        now.liquidity = draw(3) == 0;
        moves[i] = now;
        assert_int_equal(give(holders, &moves[i], i + 1), 1);
        assert_int_equal(give(holders, &moves[i], i + 1), 0); /* the same log again */
        int64_t step = (int64_t)draw(draw(10) == 0 ? DAY : 2000);
        if (step > 0) {
            check_moment(holders, moves, i + 1, now.time, (double)now.time - day);
            int64_t later = now.time + (int64_t)draw(2 * DAY);
            check_moment(holders, moves, i + 1, later, (double)later - day);
            checks += 2;
        }
        now.time += step;
    }
    return checks;
}

static void test_walks(void **state)
{
    (void)state;
    unsigned checks = 0;
    for (unsigned walk = 0; walk < 40; walk++) {
        seed = walk;
        checks += run_walk(walk % 2 ? RX_POOL_SECONDS : RX_POOL_BLOCKS);
    }
    print_message("%u moments of 300 transfers each compared\n", checks);
    assert_true(checks > 20000);
}

/* The largest holders of a real token, as its goldens have them. */
static void test_golden(void **state)
{
    (void)state;
    rx_auto(json_doc) struct rx_json_doc *doc = oracle_json("oracle/goldens.json");
    const struct rx_json *golden =
        rx_json_get(rx_json_get(rx_json_root(doc), "concentration"), "ray_goplus_top_holders");
    rx_auto(holders) struct rx_holders *holders = new_holders(false, RX_POOL_BLOCKS);
    unsigned i = 0;
    RX_JSON_FOREACH (balance, rx_json_get(golden, "balances")) {
        uint64_t units = (uint64_t)llround(rx_json_double(balance.value, 0) * 1e6);
        struct move move = {.time = 1, .to = CREATOR + i, .value = units};
        i++;
        assert_int_equal(give(holders, &move, i), 1);
    }
    double x[RX_F_MAX];
    struct rx_error err = {0};
    struct rx_creator_history history = {.prior_tokens = 3, .prior_rugs = RX_NAN};
    assert_ok(rx_holders_features(holders, 1, &history, x, &err), &err);
    assert_close(x[RX_F_HOLDER_HHI], rx_json_double(rx_json_get(golden, "hhi"), 0), 1e-9);
    assert_close(x[RX_F_HOLDER_GINI], rx_json_double(rx_json_get(golden, "gini"), 0), 1e-9);
    assert_close(x[RX_F_TOP1], rx_json_double(rx_json_get(golden, "top1"), 0), 1e-9);
    assert_true(x[RX_F_NAKAMOTO] == rx_json_double(rx_json_get(golden, "nakamoto_51"), 0));
    assert_true(x[RX_F_HOLDER_COVERAGE] == 1);
    /* Without a creator its columns are missing, but for what is known otherwise. */
    assert_true(isnan(x[RX_F_CREATOR_SHARE]) && isnan(x[RX_F_CREATOR_SELLS_24H]));
    assert_true(x[RX_F_CREATOR_PRIOR_TOKENS] == 3 && isnan(x[RX_F_CREATOR_PRIOR_RUGS]));
}

static void test_refusals(void **state)
{
    (void)state;
    struct rx_error err = {0};
    struct rx_holders *none = NULL;
    struct rx_holders_meta meta = {.n_pools = RX_TOKEN_MAX_POOLS + 1};
    assert_int_equal(rx_holders_new(&meta, &none, &err), RX_EINVALID);
    assert_message(&err, "pools: at most 64");
    rx_auto(holders) struct rx_holders *holders = new_holders(true, RX_POOL_SECONDS);
    double x[RX_F_MAX];
    assert_ok(rx_holders_features(holders, 1, NULL, x, &err), &err);
    assert_true(isnan(x[RX_F_HOLDERS]) && isnan(x[RX_F_CREATOR_SHARE]));
    struct rx_token_transfer event = {.block = 9, .log_index = 5, .time = 90};
    assert_int_equal(rx_holders_transfer(holders, &event, &err), 1);
    event.log_index = 4;
    assert_int_equal(rx_holders_transfer(holders, &event, &err), RX_EINVALID);
    assert_message(&err, "log 4 of block 9");
    event = (struct rx_token_transfer){.block = 10, .time = 89};
    assert_int_equal(rx_holders_transfer(holders, &event, &err), RX_EINVALID);
    assert_message(&err, "time of block 10");
    /* An amount that no supply has: everything is missing from then on, nothing breaks. */
    event = (struct rx_token_transfer){.block = 11, .time = 91, .to = {1}};
    event.value.limb[3] = UINT64_MAX;
    assert_int_equal(rx_holders_transfer(holders, &event, &err), 1);
    event.block = 12;
    assert_int_equal(rx_holders_transfer(holders, &event, &err), 1);
    assert_ok(rx_holders_features(holders, 100, NULL, x, &err), &err);
    assert_true(isnan(x[RX_F_HOLDERS]) && isnan(x[RX_F_HOLDER_GROWTH_24H]));
}

/* More addresses than are kept: missing, in bounded memory. */
static void test_too_many(void **state)
{
    (void)state;
    rx_auto(holders) struct rx_holders *holders = new_holders(true, RX_POOL_SECONDS);
    size_t most = 0;
    for (unsigned i = 0; i < 300000; i++) {
        struct rx_token_transfer event = {.block = i, .time = i, .value = {{1}}};
        event.to[10] = (unsigned char)(i >> 16);
        event.to[11] = (unsigned char)(i >> 8);
        event.to[12] = (unsigned char)i;
        event.to[13] = 1;
        assert_int_equal(rx_holders_transfer(holders, &event, NULL), 1);
        size_t now = rx_holders_memory(holders);
        most = now > most ? now : most;
    }
    double x[RX_F_MAX];
    struct rx_error err = {0};
    assert_ok(rx_holders_features(holders, 300000, NULL, x, &err), &err);
    assert_true(isnan(x[RX_F_HOLDERS]));
    print_message("%zu bytes at most, %zu after giving up\n", most, rx_holders_memory(holders));
    assert_true(most < 40u << 20);
}

/* More moments in a day than are kept: what needs the lost ones is missing until they are old. */
static void test_too_busy(void **state)
{
    (void)state;
    enum { BUSY = 80000 };
    rx_auto(holders) struct rx_holders *holders = new_holders(true, RX_POOL_SECONDS);
    struct move move = {.to = CREATOR, .value = BUSY};
    assert_int_equal(give(holders, &move, 1), 1);
    for (unsigned i = 1; i <= BUSY; i++) {
        move = (struct move){.time = i, .from = CREATOR, .to = i % 2 ? 3 : CREATOR + 1, .value = 1};
        assert_int_equal(give(holders, &move, i + 1), 1);
    }
    double x[RX_F_MAX];
    struct rx_error err = {0};
    assert_ok(rx_holders_features(holders, BUSY, NULL, x, &err), &err);
    assert_true(isnan(x[RX_F_CREATOR_SELLS_24H]) && isnan(x[RX_F_HOLDER_GROWTH_24H]));
    assert_true(x[RX_F_HOLDERS] == 1); /* all is given away */
    /* A day after the last mark that was let go, the window is whole again. */
    assert_ok(rx_holders_features(holders, BUSY - 20000 + DAY, NULL, x, &err), &err);
    close_to(x[RX_F_CREATOR_SELLS_24H], 10000, "creator_sells_24h");
    close_to(x[RX_F_HOLDER_GROWTH_24H], 1.0 / 2 - 1, "holder_growth_24h");
    assert_true(rx_holders_memory(holders) < 10u << 20);
}

static int build(void *arg)
{
    (void)arg;
    struct rx_holders_meta meta = {.pools = &cast[3], .n_pools = 1, .creator = cast[CREATOR]};
    struct rx_error err = {0};
    rx_auto(holders) struct rx_holders *holders = NULL;
    int rc = rx_holders_new(&meta, &holders, &err);
    for (unsigned i = 1; rc == 0 && i < 60; i++) {
        struct rx_token_transfer event = {.block = i, .time = i, .value = {{5}}};
        event.to[0] = (unsigned char)i;
        rc = rx_holders_transfer(holders, &event, &err);
        rc = rc > 0 ? 0 : rc;
    }
    double x[RX_F_MAX];
    return rc < 0 ? rc : rx_holders_features(holders, 60, NULL, x, &err);
}

static void test_torture(void **state)
{
    (void)state;
    assert_true(rx_torture_alloc(build, NULL) >= 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walks),    cmocka_unit_test(test_golden),
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_too_busy), cmocka_unit_test(test_torture),
    };
    return cmocka_run_group_tests(tests, make_cast, NULL);
}
