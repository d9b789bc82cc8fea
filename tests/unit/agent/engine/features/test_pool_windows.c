// SPDX-License-Identifier: Apache-2.0
/* Windows, depth and illiquidity against going over all events again, and against goldens. */
#include <math.h>

#include "agent/engine/features/pool.h"
#include "tests/support/oracle.h"

#define E18 ((rx_u128)1000000000000000000u)

struct event {
    int64_t time;
    rx_u128 weth, token;
};

static uint64_t seed;

static uint64_t draw(uint64_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 33) % below;
}

static struct rx_pool *new_pool(enum rx_pool_clock clock)
{
    struct rx_pool_meta meta = {.decimals = 9, .weth_pos = 1, .clock = clock};
    struct rx_pool *pool = NULL;
    struct rx_error err = {0};
    assert_ok(rx_pool_new(&meta, &pool, &err), &err);
    return pool;
}

static void add(struct rx_pool *pool, const struct event *event, uint64_t i)
{
    struct rx_sync sync = {.block = (uint64_t)event->time,
                           .log_index = i,
                           .time = event->time,
                           .reserve = {event->token, event->weth}};
    struct rx_error err = {0};
    int rc = rx_pool_sync(pool, &sync, &err);
    if (rc != 1) {
        fail_msg("event %llu: %d: %s", (unsigned long long)i, rc, err.msg);
    }
}

static double price(const struct event *event)
{
    return (double)event->weth / 1e18 / ((double)event->token / 1e9);
}

/* 1 buy, -1 sell, 0 neither: by the reserves as real numbers, as all columns class events. */
static int side(const struct event *a, const struct event *b)
{
    double dw = (double)b->weth / 1e18 - (double)a->weth / 1e18;
    double dt = (double)b->token / 1e9 - (double)a->token / 1e9;
    return dw > 0 && dt < 0 ? 1 : dw < 0 && dt > 0 ? -1 : 0;
}

static void same(double got, double want, const char *what)
{
    if (!(got == want)) {
        fail_msg("%s: expected %.17g, got %.17g", what, want, got);
    }
}

/* One window by its definition; amounts are exact, so equality is too. */
static void check_window(const struct event *events, size_t n, double from, const double *column)
{
    unsigned buys = 0;
    unsigned sells = 0;
    rx_u128 bought = 0;
    rx_u128 sold = 0;
    double before = price(&events[0]);
    for (size_t i = 0; i < n; i++) {
        const struct event *b = &events[i];
        if ((double)b->time <= from) {
            before = price(b);
        } else if (i > 0 && side(&b[-1], b) > 0) {
            buys++;
            bought += b->weth - b[-1].weth;
        } else if (i > 0 && side(&b[-1], b) < 0) {
            sells++;
            sold += b[-1].weth - b->weth;
        }
    }
    same(column[0], buys, "n_buy");
    same(column[1], sells, "n_sell");
    same(column[2], (double)bought / 1e18, "buy_vol");
    same(column[3], (double)sold / 1e18, "sell_vol");
    same(column[4], log(price(&events[n - 1]) / before), "ret");
}

static void check_windows(const struct event *events, size_t n, double time, double tick,
                          const double *x)
{
    check_window(events, n, time - 300 / tick, &x[RX_F_N_BUY_M5]);
    check_window(events, n, time - 3600 / tick, &x[RX_F_N_BUY_H1]);
    check_window(events, n, time - 21600 / tick, &x[RX_F_N_BUY_H6]);
    check_window(events, n, time - 86400 / tick, &x[RX_F_N_BUY_H24]);
}

/* Mean of |return| / volume over days of `length` ticks. NaN without any. */
static double illiquidity(const struct event *events, size_t n, int64_t length)
{
    double sum = 0;
    unsigned days = 0;
    for (size_t first = 0; first < n;) {
        int64_t day = (events[first].time - events[0].time) / length;
        size_t end = first;
        double volume = 0;
        for (; end < n && (events[end].time - events[0].time) / length == day; end++) {
            if (end > 0 && side(&events[end - 1], &events[end]) != 0) {
                volume +=
                    fabs((double)events[end].weth / 1e18 - (double)events[end - 1].weth / 1e18);
            }
        }
        if (end - first > 1 && volume > 0) {
            sum += fabs(price(&events[end - 1]) / price(&events[first]) - 1) / volume;
            days++;
        }
        first = end;
    }
    return days > 0 ? sum / days : RX_NAN;
}

enum { EVENTS = 400 };

/* A walk with bursts, pauses of hours and days, equal times and repeated reserves. */
static void make_events(struct event *events, int64_t start, int64_t scale)
{
    static const uint64_t gaps[] = {1, 20, 300, 3600, 30000, 100000};
    struct event now = {.time = start, .weth = 20 * E18, .token = 1000000 * (rx_u128)1000000000};
    for (size_t i = 0; i < EVENTS; i++) {
        events[i] = now;
        uint64_t kind = draw(10);
        rx_u128 weth = now.weth / 100 * draw(7) + draw(1000);
        rx_u128 token = now.token / 100 * draw(7) + draw(1000);
        if (kind < 4) {
            now.weth += weth;
            now.token -= token;
        } else if (kind < 8) {
            now.weth -= weth;
            now.token += token;
        } else if (kind == 8) {
            now.weth += weth;
            now.token += token;
        }
        now.time += (int64_t)draw(gaps[draw(RX_ARRAY_LEN(gaps))] + 1) / scale;
    }
}

static void run_walk(enum rx_pool_clock clock, unsigned *checks)
{
    static struct event events[EVENTS];
    double tick = clock == RX_POOL_BLOCKS ? RX_SECONDS_PER_BLOCK : 1;
    int64_t day = clock == RX_POOL_BLOCKS ? 6472 : 86400;
    make_events(events, clock == RX_POOL_BLOCKS ? 10000000 : 1700000000,
                clock == RX_POOL_BLOCKS ? 13 : 1);
    rx_auto(pool) struct rx_pool *pool = new_pool(clock);
    for (size_t i = 0; i < EVENTS; i++) {
        add(pool, &events[i], i);
        if (i + 1 < EVENTS && events[i + 1].time == events[i].time) {
            continue; /* a moment is after all events of its tick */
        }
        rx_auto(pool_view) struct rx_pool_view *view = rx_pool_view_new(pool);
        assert_non_null(view);
        static const int64_t later[] = {0, 22, 300, 3601, 21600, 86399, 86400, 400000};
        for (size_t k = 0; k < RX_ARRAY_LEN(later); k++) {
            int64_t at = events[i].time + later[k];
            double x[RX_F_MAX];
            rx_pool_view_features(view, at, x);
            check_windows(events, i + 1, (double)at, tick, x);
            double want = illiquidity(events, i + 1, day);
            assert_int_equal(isnan(x[RX_F_AMIHUD]), isnan(want));
            if (!isnan(want)) {
                assert_close(x[RX_F_AMIHUD], want, 1e-12);
            }
            ++*checks;
        }
    }
}

static void test_walks(void **state)
{
    (void)state;
    unsigned checks = 0;
    for (seed = 1; seed <= 20; seed++) {
        uint64_t was = seed;
        run_walk(RX_POOL_SECONDS, &checks);
        run_walk(RX_POOL_BLOCKS, &checks);
        seed = was;
    }
    print_message("%u moments, four windows each, equal to the last bit\n", checks);
    assert_true(checks > 50000);
}

/* More events in a day than are kept: only the windows that need the lost ones are missing. */
static void test_too_busy(void **state)
{
    (void)state;
    enum { BUSY = 100000 };
    rx_auto(pool) struct rx_pool *pool = new_pool(RX_POOL_SECONDS);
    struct event event = {.time = 1000};
    for (unsigned i = 0; i < BUSY; i++) {
        event.weth = E18 * (100 + i % 2);
        event.token = E18 * (100 - i % 2);
        event.time = 1000 + i / 4;
        add(pool, &event, i);
    }
    double x[RX_F_MAX];
    rx_auto(pool_view) struct rx_pool_view *view = rx_pool_view_new(pool);
    rx_pool_view_features(view, event.time, x);
    same(x[RX_F_N_BUY_M5] + x[RX_F_N_SELL_M5], 1200, "trades of five minutes");
    same(x[RX_F_BUY_VOL_H1], 7200, "bought in the hour");
    assert_true(isnan(x[RX_F_N_BUY_H24]) && isnan(x[RX_F_RET_H24]) && isnan(x[RX_F_N_BUY_H6]));
    rx_pool_view_features(view, event.time + 86400, x);
    same(x[RX_F_N_BUY_H24], 0, "the next day");
    same(x[RX_F_RET_H24], 0, "the next day's return");
    assert_true(rx_pool_memory(pool) < 65536u * 64 + BUSY * 16);
    print_message("%u events in %u s: %zu bytes\n", BUSY, BUSY / 4, rx_pool_memory(pool));
}

/* Slippage and depth of the pool that the goldens are of. */
static void test_depth_golden(void **state)
{
    (void)state;
    rx_auto(json_doc) struct rx_json_doc *doc = oracle_json("oracle/goldens.json");
    const struct rx_json *amm = rx_json_get(rx_json_root(doc), "amm_v2");
    rx_auto(pool) struct rx_pool *pool = new_pool(RX_POOL_BLOCKS);
    struct rx_u256 in;
    struct rx_u256 out;
    struct event event = {.time = 1};
    assert_int_equal(rx_u256_parse(rx_json_str(rx_json_get(amm, "reserve_in")), &in), 0);
    assert_int_equal(rx_u256_parse(rx_json_str(rx_json_get(amm, "reserve_out")), &out), 0);
    assert_true(rx_u256_to_u128(&in, &event.weth) && rx_u256_to_u128(&out, &event.token));
    add(pool, &event, 0);
    double x[RX_F_MAX];
    rx_pool_features_at_age(pool, 1, x);
    const struct rx_json *depth = rx_json_get(amm, "depth_weth_to_move_price_up");
    assert_close(x[RX_F_DEPTH_1PCT], rx_json_double(rx_json_get(depth, "0.01"), 0), 1e-9);
    assert_close(x[RX_F_DEPTH_5PCT], rx_json_double(rx_json_get(depth, "0.05"), 0), 1e-9);
    unsigned seen = 0;
    RX_JSON_FOREACH (swap, rx_json_get(amm, "swaps")) {
        if (rx_str_is(rx_json_str(rx_json_get(swap.value, "amount_in_wei")),
                      "1000000000000000000")) {
            assert_close(x[RX_F_SLIP_1],
                         rx_json_double(rx_json_get(swap.value, "slippage_incl_fee"), 0), 1e-9);
            seen++;
        }
    }
    assert_int_equal(seen, 1);
    assert_true(x[RX_F_SLIP_10] > x[RX_F_SLIP_1] && x[RX_F_SLIP_10] < 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walks),
        cmocka_unit_test(test_too_busy),
        cmocka_unit_test(test_depth_golden),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
