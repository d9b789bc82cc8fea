// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/drift/watch.h"

#include "tests/support/oracle.h"
#include "tests/support/seeded.h"
#include "tests/support/torture.h"

static const char *const names[] = {"a", "b", "p_t"};
static const bool predictions[] = {false, false, true};

static struct rx_drift_watch_options options_of(void)
{
    return (struct rx_drift_watch_options){
        .names = names, .predictions = predictions, .columns = 3, .tests = rx_drift_defaults()};
}

static struct rx_drift_watch *watch_of(void)
{
    struct rx_drift_watch_options options = options_of();
    struct rx_drift_watch *watch = NULL;
    struct rx_error err = {0};
    assert_ok(rx_drift_watch_new(&options, &watch, &err), &err);
    return watch;
}

/* Feeds rows; how many checks there were, and at which of them the told verdict first was bad. */
static size_t feed(struct rx_drift_watch *watch, struct seeded *s, size_t rows, double shift,
                   size_t *first_bad)
{
    size_t checks = 0;
    *first_bad = 0;
    for (size_t i = 0; i < rows; i++) {
        double row[] = {seeded_normal(s) + shift, i % 7 ? seeded_unit(s) : (double)NAN,
                        seeded_unit(s)};
        if (rx_drift_watch_add(watch, row)) {
            struct rx_verdict verdict;
            struct rx_error err = {0};
            assert_ok(rx_drift_watch_check(watch, &verdict, &err), &err);
            checks++;
            if (rx_drift_watch_told(watch) == RX_HEALTH_BAD && *first_bad == 0) {
                *first_bad = checks;
                assert_string_equal(verdict.reason, "FeatureDrift");
                assert_non_null(strstr(verdict.message, "a the most"));
            }
        }
    }
    return checks;
}

static void test_life(void **state)
{
    (void)state;
    struct seeded s = {9};
    rx_auto(drift_watch) struct rx_drift_watch *watch = watch_of();
    size_t bad, baseline, window;
    assert_int_equal(feed(watch, &s, 1499, 0, &bad), 0); /* baseline and window fill */
    assert_int_equal(rx_drift_watch_told(watch), RX_HEALTH_UNKNOWN);
    rx_drift_watch_filled(watch, &baseline, &window);
    assert_true(baseline == 1000 && window == 499);
    assert_true(feed(watch, &s, 6000, 0, &bad) >= 59 && bad == 0);
    assert_int_equal(rx_drift_watch_told(watch), RX_HEALTH_GOOD);
    size_t checks = feed(watch, &s, 1000, 0.8, &bad);
    assert_true(checks >= 9 && bad >= 5 && bad <= 9); /* not at the first finding */
    assert_int_equal(rx_drift_watch_told(watch), RX_HEALTH_BAD);
    (void)feed(watch, &s, 1500, 0, &bad);
    assert_int_equal(rx_drift_watch_told(watch), RX_HEALTH_GOOD);
    rx_drift_watch_reset(watch);
    rx_drift_watch_filled(watch, &baseline, &window);
    assert_true(baseline == 0 && window == 0);
    assert_int_equal(rx_drift_watch_told(watch), RX_HEALTH_UNKNOWN);
}

/* Streams that do not change, for a long time: what is told stays good. */
static void test_quiet(void **state)
{
    (void)state;
    size_t told = 0, all = 0;
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct seeded s = {seed};
        rx_auto(drift_watch) struct rx_drift_watch *watch = watch_of();
        size_t bad;
        all += feed(watch, &s, 11500, 0, &bad);
        told += bad > 0;
    }
    print_message("unchanged streams: %zu of 40 are told bad in %zu checks\n", told, all);
    assert_true(told <= 2);
}

static int live_once(void *arg)
{
    (void)arg;
    struct rx_drift_watch_options options = options_of();
    rx_auto(drift_watch) struct rx_drift_watch *watch = NULL;
    struct rx_verdict verdict;
    struct rx_error err = {0};
    int rc = rx_drift_watch_new(&options, &watch, &err);
    return rc < 0 ? rc : rx_drift_watch_check(watch, &verdict, &err);
}

static void test_failures(void **state)
{
    (void)state;
    assert_int_equal(rx_torture_alloc(live_once, NULL), 9);
    struct rx_drift_watch_options options = options_of();
    struct rx_drift_watch *watch = NULL;
    struct rx_error err = {0};
    options.columns = 0;
    assert_int_equal(rx_drift_watch_new(&options, &watch, &err), RX_EINVALID);
    options.columns = 3;
    options.window_rows = 2000000;
    assert_int_equal(rx_drift_watch_new(&options, &watch, &err), RX_EINVALID);
    rx_drift_watch_free(NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_life),
        cmocka_unit_test(test_quiet),
        cmocka_unit_test(test_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
