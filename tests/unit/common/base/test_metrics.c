// SPDX-License-Identifier: Apache-2.0
#include "common/base/metrics.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "tests/support/test.h"
#include "tests/support/torture.h"

static const struct rx_metric_desc requests_desc = {.name = "requests_total",
                                                    .help = "Requests\nby \\ code.",
                                                    .type = RX_COUNTER,
                                                    .labels = {"method", "code"}};
static const struct rx_metric_desc depth_desc = {
    .name = "queue_depth", .help = "Items waiting.", .type = RX_GAUGE};
static const double bounds[] = {0.1, 1};
static const struct rx_metric_desc seconds_desc = {.name = "seconds",
                                                   .help = "Time.",
                                                   .type = RX_HISTOGRAM,
                                                   .labels = {"route"},
                                                   .buckets = bounds,
                                                   .n_buckets = 2};
static const struct rx_metric_desc plain_desc = {.name = "plain_seconds",
                                                 .help = "Time.",
                                                 .type = RX_HISTOGRAM,
                                                 .buckets = bounds,
                                                 .n_buckets = 1};

static void test_exposition(void **state)
{
    (void)state;
    rx_auto(metrics) struct rx_metrics *metrics = rx_metrics_new();
    struct rx_family *requests = rx_family(metrics, &requests_desc);
    rx_metric_inc(rx_metric(requests, (const char *[]){"GET", "200"}));
    rx_metric_add(rx_metric(requests, (const char *[]){"GET", "200"}), 2.5);
    rx_metric_inc(rx_metric(requests, (const char *[]){"a\"b\\\n\xff", NULL}));
    struct rx_metric *depth = rx_metric(rx_family(metrics, &depth_desc), NULL);
    rx_metric_set(depth, -3);
    rx_metric_add(depth, 1);
    struct rx_metric *seconds =
        rx_metric(rx_family(metrics, &seconds_desc), (const char *[]){"/x"});
    rx_metric_observe(seconds, 0.1);
    rx_metric_observe(seconds, 0.5);
    rx_metric_observe(seconds, 7);
    rx_metric_observe(rx_metric(rx_family(metrics, &plain_desc), NULL), 0.25);
    assert_true(rx_metric_value(seconds) >= 3 && rx_metric_value(seconds) <= 3);
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(65536);
    assert_int_equal(rx_metrics_write(metrics, &out), 0);
    assert_buf(&out, "# HELP requests_total Requests\\nby \\\\ code.\n"
                     "# TYPE requests_total counter\n"
                     "requests_total{method=\"GET\",code=\"200\"} 3.5\n"
                     "requests_total{method=\"a\\\"b\\\\\\n\xef\xbf\xbd\",code=\"\"} 1\n"
                     "# HELP queue_depth Items waiting.\n"
                     "# TYPE queue_depth gauge\n"
                     "queue_depth -2\n"
                     "# HELP seconds Time.\n"
                     "# TYPE seconds histogram\n"
                     "seconds_bucket{route=\"/x\",le=\"0.1\"} 1\n"
                     "seconds_bucket{route=\"/x\",le=\"1\"} 2\n"
                     "seconds_bucket{route=\"/x\",le=\"+Inf\"} 3\n"
                     "seconds_sum{route=\"/x\"} 7.6\n"
                     "seconds_count{route=\"/x\"} 3\n"
                     "# HELP plain_seconds Time.\n"
                     "# TYPE plain_seconds histogram\n"
                     "plain_seconds_bucket{le=\"0.1\"} 0\n"
                     "plain_seconds_bucket{le=\"+Inf\"} 1\n"
                     "plain_seconds_sum 0.25\n"
                     "plain_seconds_count 1\n");
}

static void test_special_numbers(void **state)
{
    (void)state;
    rx_auto(metrics) struct rx_metrics *metrics = rx_metrics_new();
    struct rx_metric *depth = rx_metric(rx_family(metrics, &depth_desc), NULL);
    static const struct {
        double value;
        const char *text;
    } cases[] = {{(double)NAN, "queue_depth NaN\n"},
                 {(double)INFINITY, "queue_depth +Inf\n"},
                 {-(double)INFINITY, "queue_depth -Inf\n"},
                 {1e300, "queue_depth 1e300\n"}};
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        rx_metric_set(depth, cases[i].value);
        rx_auto(buf) struct rx_buf out = RX_BUF_INIT(65536);
        assert_int_equal(rx_metrics_write(metrics, &out), 0);
        assert_true(rx_str_ends(rx_buf_str(&out), rx_str_of(cases[i].text)));
    }
    rx_auto(buf) struct rx_buf small = RX_BUF_INIT(10);
    assert_int_equal(rx_metrics_write(metrics, &small), RX_ELIMIT);
}

static void test_same_series(void **state)
{
    (void)state;
    rx_auto(metrics) struct rx_metrics *metrics = rx_metrics_new();
    struct rx_family *family = rx_family(metrics, &requests_desc);
    assert_ptr_equal(family, rx_family(metrics, &requests_desc));
    assert_ptr_equal(rx_metric(family, (const char *[]){"a", "b"}),
                     rx_metric(family, (const char *[]){"a", "b"}));
    /* Values that would look alike if they were only joined. */
    assert_ptr_not_equal(rx_metric(family, (const char *[]){"a\",code=\"b", ""}),
                         rx_metric(family, (const char *[]){"a", "b"}));
}

static void test_series_are_bounded(void **state)
{
    (void)state;
    rx_auto(metrics) struct rx_metrics *metrics = rx_metrics_new();
    struct rx_family *family = rx_family(metrics, &requests_desc);
    struct rx_metric *last = NULL;
    for (int i = 0; i < RX_METRIC_MAX_SERIES + 10; i++) {
        char value[16];
        (void)snprintf(value, sizeof(value), "%d", i);
        last = rx_metric(family, (const char *[]){"GET", value});
        rx_metric_inc(last);
    }
    assert_ptr_equal(last, rx_metric(family, (const char *[]){"new", "new"}));
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(1u << 20);
    assert_int_equal(rx_metrics_write(metrics, &out), 0);
    assert_true(rx_str_ends(rx_buf_str(&out),
                            RX_STR("requests_total{method=\"other\",code=\"other\"} 10\n")));
}

static void refresh(void *arg)
{
    struct rx_metrics *metrics = arg;
    rx_metric_add(rx_metric(rx_family(metrics, &depth_desc), NULL), 1);
}

static void test_collectors(void **state)
{
    (void)state;
    rx_auto(metrics) struct rx_metrics *metrics = rx_metrics_new();
    rx_metrics_on_collect(metrics, refresh, metrics);
    for (int i = 0; i < 3; i++) {
        rx_auto(buf) struct rx_buf out = RX_BUF_INIT(65536);
        assert_int_equal(rx_metrics_write(metrics, &out), 0);
    }
    double value = rx_metric_value(rx_metric(rx_family(metrics, &depth_desc), NULL));
    assert_true(value >= 3 && value <= 3);
}

/* The number behind a name in the exposition text, or -1. */
static double number_of(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    return at ? strtod(at + strlen(name), NULL) : -1;
}

static void test_process(void **state)
{
    (void)state;
    rx_auto(metrics) struct rx_metrics *metrics = rx_metrics_new();
    rx_metrics_add_process(metrics, "test");
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(65536);
    assert_int_equal(rx_metrics_write(metrics, &out), 0);
    assert_non_null(
        strstr(out.p, "radarx_build_info{program=\"test\",version=\"" RX_VERSION "\"} 1\n"));
    assert_true(number_of(out.p, "\nprocess_resident_memory_bytes ") > 1e5);
    assert_true(number_of(out.p, "\nprocess_virtual_memory_bytes ") > 1e6);
    assert_true(number_of(out.p, "\nprocess_open_fds ") >= 3);
    assert_true(number_of(out.p, "\nprocess_max_fds ") >= 16);
    assert_true(number_of(out.p, "\nprocess_cpu_seconds_total ") >= 0);
    /* After 2025 and not later than a second from now (the kernel's ticks are rounded). */
    double start = number_of(out.p, "\nprocess_start_time_seconds ");
    assert_true(start > 1735689600 && start < (double)time(NULL) + 1);
}

#define THREADS 4
#define ADDS    20000

static void *update(void *arg)
{
    struct rx_metrics *metrics = arg;
    struct rx_metric *seconds =
        rx_metric(rx_family(metrics, &seconds_desc), (const char *[]){"/x"});
    for (int i = 0; i < ADDS; i++) {
        rx_metric_inc(rx_metric(rx_family(metrics, &requests_desc), (const char *[]){"a", "b"}));
        rx_metric_observe(seconds, 0.5);
    }
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    rx_auto(metrics) struct rx_metrics *metrics = rx_metrics_new();
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, update, metrics), 0);
    }
    for (int i = 0; i < 20; i++) {
        rx_auto(buf) struct rx_buf out = RX_BUF_INIT(65536);
        assert_int_equal(rx_metrics_write(metrics, &out), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(65536);
    assert_int_equal(rx_metrics_write(metrics, &out), 0);
    assert_non_null(strstr(out.p, "requests_total{method=\"a\",code=\"b\"} 80000\n"));
    assert_non_null(strstr(out.p, "seconds_count{route=\"/x\"} 80000\n"));
    assert_non_null(strstr(out.p, "seconds_sum{route=\"/x\"} 40000\n"));
}

static int use(void *arg)
{
    struct rx_family *family = arg;
    struct rx_metric *metric = rx_metric(family, (const char *[]){"never", "seen"});
    assert_non_null(metric);
    rx_metric_inc(metric);
    return 0;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    /* A series that cannot be made counts on the shared one. */
    rx_auto(metrics) struct rx_metrics *metrics = rx_metrics_new();
    struct rx_family *family = rx_family(metrics, &requests_desc);
    long failures = rx_torture_tolerant(use, family);
    assert_true(failures >= 3);
    double lost = rx_metric_value(rx_metric(family, (const char *[]){"never", "seen"}));
    assert_true(lost >= 1 && lost <= 1);
    rx_torture_fail_nth(RX_TORTURE_ALLOC, 1, ENOMEM);
    assert_null(rx_metrics_new());
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(65536);
    assert_int_equal(rx_metrics_write(metrics, &out), 0);
    char want[80];
    (void)snprintf(want, sizeof(want), "{method=\"other\",code=\"other\"} %ld\n", failures);
    assert_non_null(strstr(out.p, want));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exposition),  cmocka_unit_test(test_special_numbers),
        cmocka_unit_test(test_same_series), cmocka_unit_test(test_series_are_bounded),
        cmocka_unit_test(test_collectors),  cmocka_unit_test(test_process),
        cmocka_unit_test(test_threads),     cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
