// SPDX-License-Identifier: Apache-2.0
/* Recorded pools: what one at rest costs, and that it says the same. */
#include <math.h>

#include "agent/replay/replay.h"
#include "tests/support/oracle.h"

#define DAY_BLOCKS 6472
#define BUDGET     2048 /* bytes of a pool that has been idle for a day */

/* Skips the running test when a file is absent. */
static struct rx_tables *read_tables(const char *events, const char *lp)
{
    struct rx_error err = {0};
    struct rx_tables *tables = rx_tables_new();
    assert_non_null(tables);
    if (!oracle_path(events)) {
        rx_tables_free(tables);
        print_message("no recorded pools: set RADARX_DATA\n");
        skip();
    }
    assert_ok(rx_tables_read_pairs(tables, oracle_path("univ2/pairs.csv.gz"), &err), &err);
    assert_ok(rx_tables_read_events(tables, oracle_path(events), &err), &err);
    if (lp) {
        assert_ok(rx_tables_read_lp(tables, oracle_path(lp), &err), &err);
    }
    rx_tables_sort(tables);
    return tables;
}

struct sizes {
    unsigned pools, whole_times;
    size_t sum, max, live;
};

/* A day after the pool's last event: at rest it is small, and says what the whole pool says. */
static void rest(const struct rx_pool_rows *rows, struct sizes *sizes)
{
    rx_auto(pool) struct rx_pool *pool = NULL;
    struct rx_error err = {0};
    assert_ok(rx_replay_until(rows, true, UINT32_MAX, &pool, &err), &err);
    if (rx_pool_events(pool) == 0) {
        return;
    }
    int64_t now = (int64_t)rows->events[rows->n_events - 1].block + DAY_BLOCKS;
    rx_auto(pool_view) struct rx_pool_view *whole = rx_pool_view_new(pool);
    rx_auto(pool_view) struct rx_pool_view *small = rx_pool_compact(pool, now);
    assert_true(whole && small && rx_pool_idle(pool, now));
    for (int64_t at = now; at < now + 20 * DAY_BLOCKS; at += DAY_BLOCKS / 3) {
        double x[RX_F_MAX];
        double y[RX_F_MAX];
        if (at > rx_pool_view_exact_until(small)) {
            break;
        }
        rx_pool_view_features(whole, at, x);
        rx_pool_view_features(small, at, y);
        for (int i = 0; i < RX_F_MAX; i++) {
            assert_true(x[i] == y[i] || (isnan(x[i]) && isnan(y[i])));
        }
    }
    size_t bytes = rx_pool_view_memory(small);
    sizes->pools++;
    sizes->sum += bytes;
    sizes->live += rx_pool_memory(pool) + rx_pool_view_memory(whole);
    sizes->max = bytes > sizes->max ? bytes : sizes->max;
    sizes->whole_times += rx_pool_view_exact_until(small) == INT64_MAX;
}

static void test_rest(void **state)
{
    (void)state;
    static const char *const files[][2] = {
        {"univ2/events_2020_700pools.csv.gz", NULL},
        {"univ2/subset_sync.csv.gz", "univ2/subset_lp_transfer.csv.gz"},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(files); i++) {
        rx_auto(tables) struct rx_tables *tables = read_tables(files[i][0], files[i][1]);
        struct sizes sizes = {0};
        for (size_t k = 0; k < rx_tables_pools(tables); k++) {
            const struct rx_pool_rows *rows = rx_tables_pool(tables, k);
            if (rows->n_events > 0) {
                rest(rows, &sizes);
            }
        }
        assert_true(sizes.pools > 70 && sizes.max <= BUDGET);
        print_message("%s: %u pools idle for a day: %zu bytes each on average, %zu at most (while "
                      "trading: %zu); %u never need the stored event times again\n",
                      files[i][0], sizes.pools, sizes.sum / sizes.pools, sizes.max,
                      sizes.live / sizes.pools, sizes.whole_times);
    }
}

/* Each recorded snapshot again: a pool that was looked at and laid to rest in between says the same
 * as one that was not, and a view at rest the same as a whole one. Returns how many there are. */
static unsigned compare_snapshots(const struct rx_pool_rows *rows, bool lp)
{
    static const double ages[] = {1.0 / 24, 0.25, 1, 3};
    unsigned snapshots = 0;
    struct rx_error err = {0};
    rx_auto(pool) struct rx_pool *first = NULL;
    assert_ok(rx_replay_until(rows, false, rows->events[0].block + DAY_BLOCKS, &first, &err), &err);
    for (size_t i = 0; i < RX_ARRAY_LEN(ages) && rx_pool_events(first) > 0; i++) {
        double limit = (double)rx_pool_first_block(first) + ages[i] * RX_BLOCKS_PER_DAY;
        rx_auto(pool) struct rx_pool *plain = NULL;
        assert_ok(rx_replay_until(rows, lp, (uint64_t)limit, &plain, &err), &err);
        if (rx_pool_events(plain) < RX_POOL_MIN_EVENTS || rx_pool_weth(plain) < RX_POOL_MIN_WETH) {
            continue;
        }
        rx_auto(pool) struct rx_pool *looked = NULL;
        assert_ok(rx_replay_until(rows, lp, (uint64_t)limit, &looked, &err), &err);
        rx_auto(pool_view) struct rx_pool_view *view = rx_pool_view_new(looked);
        rx_auto(pool_view) struct rx_pool_view *small =
            rx_pool_compact(looked, (int64_t)limit + DAY_BLOCKS);
        assert_true(view && small);
        double x[RX_F_MAX];
        double y[RX_F_MAX];
        rx_pool_features_at_age(plain, ages[i], x);
        rx_pool_features_at_age(looked, ages[i], y);
        for (int k = 0; k < RX_F_MAX; k++) {
            assert_true(x[k] == y[k] || (isnan(x[k]) && isnan(y[k])));
        }
        int64_t later = (int64_t)limit + 2 * DAY_BLOCKS;
        if (later <= rx_pool_view_exact_until(small)) {
            rx_pool_view_features(view, later, x);
            rx_pool_view_features(small, later, y);
            for (int k = 0; k < RX_F_MAX; k++) {
                assert_true(x[k] == y[k] || (isnan(x[k]) && isnan(y[k])));
            }
        }
        snapshots++;
    }
    return snapshots;
}

static void test_snapshots_at_rest(void **state)
{
    (void)state;
    unsigned snapshots = 0;
    for (unsigned file = 0; file < 2; file++) {
        rx_auto(tables) struct rx_tables *tables =
            file == 0 ? read_tables("univ2/events_2020_700pools.csv.gz", NULL)
                      : read_tables("univ2/subset_sync.csv.gz", "univ2/subset_lp_transfer.csv.gz");
        for (size_t k = 0; k < rx_tables_pools(tables); k++) {
            if (rx_tables_pool(tables, k)->n_events > 0) {
                snapshots += compare_snapshots(rx_tables_pool(tables, k), file == 1);
            }
        }
    }
    print_message("%u snapshots\n", snapshots);
    assert_int_equal(snapshots, 1120);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rest),
        cmocka_unit_test(test_snapshots_at_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
