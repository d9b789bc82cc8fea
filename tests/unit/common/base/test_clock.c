// SPDX-License-Identifier: Apache-2.0
#include "common/base/clock.h"

#include "tests/support/test.h"

static void test_system(void **state)
{
    (void)state;
    const struct rx_clock *clock = rx_clock_system();
    int64_t before = clock->monotonic_ns(clock->arg);
    int64_t after = clock->monotonic_ns(clock->arg);
    assert_true(after >= before);
    /* After 2025-01-01 and before 2200. */
    assert_in_range(rx_clock_real_ms(clock), 1735689600000, 7258118400000);
}

static void test_manual(void **state)
{
    (void)state;
    struct rx_clock_manual manual;
    rx_clock_manual_init(&manual, 5 * RX_NS_PER_S);
    assert_int_equal(rx_clock_monotonic_ms(&manual.clock), 0);
    assert_int_equal(rx_clock_real_ms(&manual.clock), 5000);
    rx_clock_manual_advance(&manual, 1500000);
    assert_int_equal(rx_clock_monotonic_ms(&manual.clock), 1);
    assert_int_equal(rx_clock_real_ms(&manual.clock), 5001);
    manual.real_ns = 0;
    assert_int_equal(rx_clock_real_ms(&manual.clock), 0);
}

static void test_format(void **state)
{
    (void)state;
    char out[RX_TIME_LEN];
    assert_string_equal(rx_time_format_ms(1767323045678, out), "2026-01-02T03:04:05.678Z");
    assert_string_equal(rx_time_format_s(1767323045, out), "2026-01-02T03:04:05Z");
    assert_string_equal(rx_time_format_ms(-1, out), "1969-12-31T23:59:59.999Z");
    assert_string_equal(rx_time_format_ms(-1000, out), "1969-12-31T23:59:59.000Z");
    assert_string_equal(rx_time_format_s(951782400, out), "2000-02-29T00:00:00Z");
    /* Beyond the form: the nearest time that fits. */
    assert_string_equal(rx_time_format_s(INT64_MAX, out), "9999-12-31T23:59:59Z");
    assert_string_equal(rx_time_format_s(INT64_MIN, out), "0000-01-01T00:00:00Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_system),
        cmocka_unit_test(test_manual),
        cmocka_unit_test(test_format),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
