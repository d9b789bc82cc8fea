// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/drift/sequential.h"

#include "tests/support/oracle.h"
#include "tests/support/seeded.h"
#include "tests/support/torture.h"

static struct rx_adwin *adwin_of(double delta)
{
    struct rx_adwin *adwin = NULL;
    struct rx_error err = {0};
    assert_ok(rx_adwin_new(delta, &adwin, &err), &err);
    return adwin;
}

static void test_golden(void **state)
{
    (void)state;
    rx_auto(json_doc) struct rx_json_doc *doc = oracle_json("oracle/goldens.json");
    const struct rx_json *want = rx_json_get(rx_json_root(doc), "adwin");
    struct rx_str bits = rx_json_str(rx_json_get(want, "stream_bits"));
    rx_auto(adwin) struct rx_adwin *adwin =
        adwin_of(rx_json_double(rx_json_get(want, "delta"), (double)NAN));
    int64_t first = -1;
    for (size_t i = 0; i < bits.n; i++) {
        if (rx_adwin_add(adwin, bits.p[i] - '0') && first < 0) {
            first = (int64_t)i;
        }
    }
    print_message("goldens compared: adwin.first_detection: 1 value (width at the end %lu; the "
                  "exact window's %ld)\n",
                  (unsigned long)rx_adwin_width(adwin),
                  (long)rx_json_i64(rx_json_get(want, "final_width"), -1));
    assert_int_equal(first, rx_json_i64(rx_json_get(want, "first_detection"), -2));
}

static void test_false_alarms(void **state)
{
    (void)state;
    struct seeded s = {12};
    int alarmed = 0;
    const int runs = 80;
    for (int run = 0; run < runs; run++) {
        rx_auto(adwin) struct rx_adwin *adwin = adwin_of(0.002);
        bool any = false;
        for (int i = 0; i < 2000; i++) {
            any |= rx_adwin_add(adwin, seeded_unit(&s) < 0.3 ? 1 : 0);
        }
        alarmed += any;
        assert_true(any || rx_adwin_width(adwin) == 2000);
        assert_true(fabs(rx_adwin_mean(adwin) - 0.3) < 0.06);
    }
    print_message("ADWIN: false alarms in %d of %d streams of 2000\n", alarmed, runs);
    assert_true(alarmed <= runs / 20);
}

static void test_detects(void **state)
{
    (void)state;
    struct seeded s = {13};
    int found = 0;
    double delay = 0;
    for (int run = 0; run < 60; run++) {
        rx_auto(adwin) struct rx_adwin *adwin = adwin_of(0.002);
        bool seen = false;
        for (int i = 0; i < 2000; i++) {
            bool hit = rx_adwin_add(adwin, seeded_unit(&s) < (i < 1000 ? 0.2 : 0.45) ? 1 : 0);
            if (hit && i >= 1000 && !seen) {
                seen = true;
                delay += i - 1000;
            }
        }
        found += seen;
        assert_true(fabs(rx_adwin_mean(adwin) - 0.45) < 0.08);
    }
    print_message("ADWIN: 0.20 -> 0.45 found in %d of 60 streams, mean delay %.0f\n", found,
                  delay / found);
    assert_int_equal(found, 60);
}

/* The window's sums stay those of the values it holds. */
static void test_window(void **state)
{
    (void)state;
    struct seeded s = {14};
    static double all[12000];
    rx_auto(adwin) struct rx_adwin *adwin = adwin_of(0.01);
    for (size_t i = 0; i < RX_ARRAY_LEN(all); i++) {
        all[i] = seeded_unit(&s) * 0.5 + (i / 4000 % 2 ? 0.5 : 0);
        (void)rx_adwin_add(adwin, all[i]);
        if (i % 500 == 499) {
            double sum = 0;
            uint64_t width = rx_adwin_width(adwin);
            for (size_t j = i + 1 - width; j <= i; j++) {
                sum += all[j];
            }
            assert_close(rx_adwin_mean(adwin), sum / (double)width, 1e-9);
        }
    }
    assert_true(rx_adwin_width(adwin) < 4200);
    uint64_t width = rx_adwin_width(adwin);
    assert_false(rx_adwin_add(adwin, (double)NAN));
    assert_int_equal(rx_adwin_width(adwin), width);
}

static void test_page_hinkley(void **state)
{
    (void)state;
    struct seeded s = {15};
    struct rx_page_hinkley ph = {.delta = 0.05, .lambda = 20, .min_n = 30};
    int alarm = 0, at = 0;
    for (int i = 0; i < 5000; i++) {
        assert_int_equal(rx_page_hinkley_add(&ph, 0.3 * seeded_normal(&s)), 0);
    }
    assert_int_equal(rx_page_hinkley_add(&ph, (double)NAN), 0);
    for (at = 0; at < 500 && !alarm; at++) {
        alarm = rx_page_hinkley_add(&ph, 1 + 0.3 * seeded_normal(&s));
    }
    assert_int_equal(alarm, 1);
    assert_in_range(at, 15, 40);
    assert_int_equal(ph.n, 0);
    for (int i = 0; i < 300; i++) {
        assert_int_equal(rx_page_hinkley_add(&ph, 1 + 0.3 * seeded_normal(&s)), 0);
    }
    for (at = 0, alarm = 0; at < 500 && !alarm; at++) {
        alarm = rx_page_hinkley_add(&ph, 0.3 * seeded_normal(&s));
    }
    assert_int_equal(alarm, -1);
}

static int new_once(void *arg)
{
    (void)arg;
    rx_auto(adwin) struct rx_adwin *adwin = NULL;
    struct rx_error err = {0};
    return rx_adwin_new(0.1, &adwin, &err);
}

static void test_new(void **state)
{
    (void)state;
    struct rx_adwin *adwin = NULL;
    struct rx_error err = {0};
    static const double bad[] = {0, 1, -1, (double)NAN};
    for (size_t i = 0; i < RX_ARRAY_LEN(bad); i++) {
        assert_int_equal(rx_adwin_new(bad[i], &adwin, &err), RX_EINVALID);
    }
    assert_int_equal(rx_torture_alloc(new_once, NULL), 1);
    rx_adwin_free(NULL);
    rx_auto(adwin) struct rx_adwin *empty = adwin_of(0.1);
    assert_true(isnan(rx_adwin_mean(empty)));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),       cmocka_unit_test(test_false_alarms),
        cmocka_unit_test(test_detects),      cmocka_unit_test(test_window),
        cmocka_unit_test(test_page_hinkley), cmocka_unit_test(test_new),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
