// SPDX-License-Identifier: Apache-2.0
#include "operator/reconcile/synced.h"

#include "tests/support/test.h"

static void answers_become_conditions(void **state)
{
    (void)state;
    const struct {
        unsigned http;
        const char *body;
        enum rx_condition_status status;
        const char *reason, *message;
    } cases[] = {
        {200, "{\"status\":\"healthy\",\"synced\":true,\"lag_seconds\":12.5,\"failing\":[]}",
         RX_COND_TRUE, "FollowingHead", "less than a minute behind"},
        {200, "{\"synced\":false,\"lag_seconds\":4000,\"failing\":[]}", RX_COND_FALSE, "Syncing",
         "less than 2 hours behind"},
        {200, "{\"synced\":false,\"lag_seconds\":null}", RX_COND_FALSE, "Syncing",
         "an unknown time behind"},
        {503, "{\"synced\":false,\"lag_seconds\":9,\"failing\":[\"source:mainnet: refused\"]}",
         RX_COND_FALSE, "SourceFailing", "source:mainnet: refused"},
        {0, "", RX_COND_UNKNOWN, "AgentsUnreachable", "no agent"},
        {404, "{\"synced\":true}", RX_COND_UNKNOWN, "AgentsUnreachable", "no agent"},
        {200, "<html>", RX_COND_UNKNOWN, "AgentsUnreachable", "no agent"},
        {200, "{\"synced\":\"yes\"}", RX_COND_UNKNOWN, "AgentsUnreachable", "no agent"},
        {200, "[]", RX_COND_UNKNOWN, "AgentsUnreachable", "no agent"},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        struct rx_condition c = {0};
        rx_synced_judge(cases[i].http, rx_str_of(cases[i].body), &c);
        assert_int_equal(c.status, cases[i].status);
        assert_string_equal(c.reason, cases[i].reason);
        assert_non_null(strstr(c.message, cases[i].message));
    }
}

/* A lag that creeps must not rewrite the status with each poll. */
static void lags_are_told_in_steps(void **state)
{
    (void)state;
    struct rx_condition a = {0}, b = {0}, c = {0};
    rx_synced_judge(200, RX_STR("{\"synced\":true,\"lag_seconds\":1}"), &a);
    rx_synced_judge(200, RX_STR("{\"synced\":true,\"lag_seconds\":59}"), &b);
    rx_synced_judge(200, RX_STR("{\"synced\":true,\"lag_seconds\":61}"), &c);
    assert_string_equal(a.message, b.message);
    assert_string_not_equal(a.message, c.message);
}

static void on_change(struct rx_str key, void *arg)
{
    (void)key;
    ++*(unsigned *)arg;
}

static void nobody_to_ask_is_unknown(void **state)
{
    (void)state;
    struct rx_error err = {0};
    unsigned told = 0;
    rx_auto(loop) struct rx_loop *loop = NULL;
    assert_ok(rx_loop_new(NULL, &loop, &err), &err);
    struct rx_http_client *http = NULL;
    assert_ok(rx_http_client_new(loop, 4, &http, &err), &err);
    struct rx_synced *synced = NULL;
    assert_ok(rx_synced_new(loop, http, on_change, &told, &synced, &err), &err);
    struct rx_condition c = {0};
    rx_synced_get(synced, RX_STR("ns/a"), NULL, &c);
    assert_int_equal(c.status, RX_COND_UNKNOWN);
    assert_string_equal(c.reason, "NoReadyAgents");
    rx_synced_get(synced, RX_STR("ns/a"), "127.0.0.1", &c);
    assert_string_equal(c.reason, "NotAsked");
    rx_synced_start(synced);
    rx_synced_forget(synced, RX_STR("ns/a"));
    rx_synced_free(synced);
    rx_http_client_free(http);
    assert_int_equal(told, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_become_conditions),
        cmocka_unit_test(lags_are_told_in_steps),
        cmocka_unit_test(nobody_to_ask_is_unknown),
    };
    struct rx_error err = {0};
    if (rx_http_client_global_init(&err) < 0) {
        return 1;
    }
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    rx_http_client_global_fini();
    return rc;
}
