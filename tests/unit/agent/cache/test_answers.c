// SPDX-License-Identifier: Apache-2.0
#include "tests/support/test.h"

#include "agent/cache/answers.h"

static void expires_by_time_and_generation(void **state)
{
    (void)state;
    struct rx_metrics *metrics = rx_metrics_new();
    struct rx_answers *answers = rx_answers_new(1000, metrics);
    struct rx_http_response *response = rx_http_response_new(200, "text/plain", RX_STR("x"));
    const struct rx_answer answer = {.response = response, .generation = 7, .made_ms = 5000};
    assert_null(rx_answers_get(answers, RX_STR("k"), 7, 5000));
    rx_answers_put(answers, RX_STR("k"), &answer);
    assert_ptr_equal(rx_answers_get(answers, RX_STR("k"), 7, 5999)->response, response);
    assert_null(rx_answers_get(answers, RX_STR("k"), 7, 6000));
    assert_null(rx_answers_get(answers, RX_STR("k"), 8, 5001));
    assert_null(rx_answers_get(answers, RX_STR("other"), 7, 5001));
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(1 << 20);
    assert_int_equal(rx_metrics_write(metrics, &text), 0);
    assert_non_null(
        strstr(text.p, "radarx_cache_requests_total{cache=\"answers\",result=\"hit\"} 1"));
    assert_non_null(
        strstr(text.p, "radarx_cache_requests_total{cache=\"answers\",result=\"miss\"} 4"));
    rx_answers_free(answers);
    rx_http_response_unref(response);
    rx_metrics_free(metrics);
}

static void keeps_nothing_without_a_life(void **state)
{
    (void)state;
    struct rx_answers *answers = rx_answers_new(0, NULL);
    struct rx_http_response *response = rx_http_response_new(200, "text/plain", RX_STR("x"));
    rx_answers_put(answers, RX_STR("k"), &(struct rx_answer){.response = response});
    assert_null(rx_answers_get(answers, RX_STR("k"), 0, 0));
    rx_answers_free(answers);
    rx_http_response_unref(response);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expires_by_time_and_generation),
        cmocka_unit_test(keeps_nothing_without_a_life),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
