// SPDX-License-Identifier: Apache-2.0
#include "operator/kube/events.h"

#include "tests/unit/operator/kube/scripted.h"

static void equal_events_become_a_series(void **state)
{
    struct fixture *f = *state;
    struct rx_clock_manual clock;
    rx_clock_manual_init(&clock, 1700000000LL * 1000000000);
    struct rx_events *events = rx_events_new("radarx.io/operator", "pod-1", &clock.clock, NULL);
    const struct rx_event event = {.kind = &kind,
                                   .ns = RX_STR("ns"),
                                   .name = RX_STR("prod"),
                                   .uid = RX_STR("u1"),
                                   .warning = true,
                                   .reason = "Conflict",
                                   .action = "Apply",
                                   .note = "a \"name\" is taken"};
    for (int i = 0; i < 5; i++) {
        rx_events_emit(events, f->client, &event);
    }
    assert_int_equal(f->count, 2); /* one Event, one series; the rest is only counted */
    assert_string_equal(f->method[0], "POST");
    assert_string_equal(f->method[1], "PATCH");
    assert_non_null(strstr(f->received[0], "\"note\":\"a \\\"name\\\" is taken\""));
    assert_non_null(strstr(f->received[0], "\"eventTime\":\"2023-11-14T22:13:20.000000Z\""));
    assert_non_null(strstr(f->received[0], "\"type\":\"Warning\""));
    assert_non_null(strstr(f->received[1], "\"series\":{\"count\":2,"));
    rx_clock_manual_advance(&clock, 31LL * 60 * 1000000000);
    rx_events_emit(events, f->client, &event); /* silent for long: a new Event */
    assert_int_equal(f->count, 3);
    assert_string_equal(f->method[2], "POST");
    rx_events_free(events);
}

static void an_object_that_floods_is_cut_off(void **state)
{
    struct fixture *f = *state;
    struct rx_clock_manual clock;
    rx_clock_manual_init(&clock, 0);
    struct rx_events *events = rx_events_new("c", "i", &clock.clock, NULL);
    char reason[16];
    for (int i = 0; i < 60; i++) {
        snprintf(reason, sizeof(reason), "R%d", i);
        const struct rx_event event = {.kind = &kind,
                                       .ns = RX_STR("ns"),
                                       .name = RX_STR("prod"),
                                       .uid = RX_STR("u1"),
                                       .reason = reason,
                                       .action = "A",
                                       .note = ""};
        rx_events_emit(events, f->client, &event);
    }
    assert_int_equal(f->count, 25);
    rx_events_free(events);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(equal_events_become_a_series),
        TEST(an_object_that_floods_is_cut_off),
    };
    struct rx_error err = {0};
    if (rx_http_client_global_init(&err) < 0) {
        return 1;
    }
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    rx_http_client_global_fini();
    return rc;
}
