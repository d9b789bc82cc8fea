// SPDX-License-Identifier: Apache-2.0
#include <math.h>

#include "agent/engine/risk/risk.h"
#include "tests/support/test.h"
#include "tests/support/torture.h"

static void test_defaults(void **state)
{
    (void)state;
    const struct rx_risk_weights d = rx_risk_weights_default();
    double sum = 0;
    for (int i = 0; i < RX_RISK_COMPOSITE; i++) {
        sum += d.component[i];
    }
    assert_true(fabs(sum - 1) < 1e-12);
    struct rx_risk_weights w = {0};
    struct rx_error err = {0};
    assert_ok(rx_risk_weights_parse(RX_STR("{}"), &w, &err), &err);
    assert_memory_equal(&w, &d, sizeof(w));
    assert_ok(rx_risk_weights_parse(RX_STR("{\"unknown\": 0}"), &w, &err), &err);
    assert_true(w.unknown == 0 && w.component[RX_RISK_RUG] == d.component[RX_RISK_RUG]);
}

static void test_parse(void **state)
{
    (void)state;
    struct rx_risk_weights w = {0};
    struct rx_error err = {0};
    assert_ok(rx_risk_weights_parse(
                  RX_STR("{\"rug\":0.3,\"dev\":0.25,\"distribution\":0.2,"
                         "\"social_manipulation\":0.15,\"liquidity\":0.1,\"unknown\":0.5}"),
                  &w, &err),
              &err);
    assert_true(fabs(w.component[RX_RISK_RUG] - 0.3) < 1e-12);
    assert_true(fabs(w.component[RX_RISK_LIQUIDITY] - 0.1) < 1e-12);
    assert_true(w.unknown == 0.5);
}

static void test_errors(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"[]", "expected an object, got array"},
        {"{\"rug\":1}", "'dev' is missing: expected all five"},
        {"{\"rug\":1,\"dev\":0,\"distribution\":0,\"social_manipulation\":0,\"liquidity\":0.5}",
         "sum to 1.5: expected 1"},
        {"{\"rug\":1.5}", "rug: expected a number from 0 to 1"},
        {"{\"rug\":-0.1}", "rug: expected a number from 0 to 1"},
        {"{\"rug\":\"1\"}", "rug: expected a number from 0 to 1"},
        {"{\"unknown\":0.6}", "unknown: expected a number from 0 to 0.5"},
        {"{\"social\":0.1}", "no member 'social': expected rug, dev"},
        {"{\"rug\":1", "risk weights: "},
        {"", "risk weights: "},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        struct rx_risk_weights w = {.unknown = 7};
        struct rx_error err = {0};
        assert_true(rx_risk_weights_parse(rx_str_of(cases[i].text), &w, &err) < 0);
        assert_message(&err, cases[i].message);
        assert_true(w.unknown == 7);
    }
}

static int parse_once(void *arg)
{
    struct rx_risk_weights w;
    return rx_risk_weights_parse(rx_str_of(arg), &w, NULL);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    char text[] = "{\"unknown\":0.1}";
    assert_true(rx_torture_alloc(parse_once, text) > 0);
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(rx_risk_name(RX_RISK_SOCIAL), "social_manipulation_risk");
    assert_string_equal(rx_risk_name(RX_RISK_MAX), "");
    assert_string_equal(rx_severity_name(RX_SEVERITY_CRITICAL), "critical");
    assert_string_equal(rx_severity_name((enum rx_severity)9), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults), cmocka_unit_test(test_parse),
        cmocka_unit_test(test_errors),   cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
