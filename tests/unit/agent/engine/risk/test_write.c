// SPDX-License-Identifier: Apache-2.0
/* What a reader gets: the bytes of a small document, and sentences. */
#include <math.h>

#include "agent/engine/risk/risk.h"
#include "common/json/read.h"
#include "tests/support/test.h"

static struct rx_risk_result result;
static double x[RX_F_MAX];

static struct rx_json_doc *write_and_read(struct rx_buf *text)
{
    struct rx_error err = {0};
    struct rx_json_doc *doc = NULL;
    struct rx_jw w;
    rx_jw_init(&w, text);
    rx_jw_begin_object(&w);
    rx_risk_write(&w, &result);
    rx_jw_end_object(&w);
    assert_ok(rx_json_parse(rx_buf_str(text), NULL, &doc, &err), &err);
    return doc;
}

static void clear(void)
{
    for (int i = 0; i < RX_F_MAX; i++) {
        x[i] = RX_NAN;
    }
}

static void test_document(void **state)
{
    (void)state;
    static const struct rx_risk_rug rug = {{0.5, 0.4, 0.6}, {0.5, 0.4, 0.6}};
    struct rx_risk_weights w = rx_risk_weights_default();
    w.unknown = 0; /* round numbers */
    clear();
    x[RX_F_SELL_TAX] = 0.5;
    rx_risk_compute(x, &rug, &w, RX_RISK_EVM, &result);
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(1u << 20);
    rx_auto(json_doc) struct rx_json_doc *doc = write_and_read(&text);
    const struct rx_json *root = rx_json_root(doc);
    assert_true(rx_json_double(rx_json_get(root, "composite_score"), 0) >= 90);
    assert_int_equal(rx_json_type(rx_json_at(root, "components.dev_risk")), RX_JSON_NULL);
    const struct rx_json *detail = rx_json_at(root, "details.rug_risk");
    assert_true(rx_json_double(rx_json_get(detail, "value"), 0) == 90);
    assert_str(rx_json_str(rx_json_at(detail, "floor.id")), "sell_tax_high");
    assert_true(rx_json_double(rx_json_at(detail, "floor.value"), 0) == 90);
    double sum = rx_json_double(rx_json_get(detail, "base"), RX_NAN);
    RX_JSON_FOREACH (it, rx_json_get(detail, "contributions")) {
        sum += rx_json_double(rx_json_get(it.value, "points"), RX_NAN);
    }
    assert_true(fabs(sum - 90) < 1e-9);
    assert_str(rx_json_str(rx_json_at(root, "details.dev_risk.reason")), "no_source");
    assert_int_equal(rx_json_len(rx_json_get(root, "missing_components")), 4);
    assert_str(rx_json_str(rx_json_item(rx_json_get(root, "risk_flags"), 0)), "sell_tax_high");
    const struct rx_json *flag = rx_json_item(rx_json_get(root, "flag_details"), 0);
    assert_str(rx_json_str(rx_json_get(flag, "severity")), "critical");
    assert_str(rx_json_str(rx_json_get(flag, "component")), "rug_risk");
    assert_true(rx_json_double(rx_json_at(flag, "evidence.value"), 0) == 0.5);
    assert_true(rx_json_double(rx_json_at(flag, "evidence.threshold"), 0) == 0.5);
    assert_str(rx_json_str(rx_json_at(flag, "evidence.op")), ">=");
    assert_str(rx_json_str(rx_json_at(flag, "evidence.unit")), "fraction");
    assert_str(rx_json_str(rx_json_get(flag, "sentence")),
               "The token keeps half of every sale or more. sell_tax is 50 %; flagged at 50 % or "
               "more.");
}

/* Nothing known: nulls with reasons, and still an interval. */
static void test_unknown(void **state)
{
    (void)state;
    clear();
    rx_risk_compute(x, NULL, NULL, RX_RISK_EVM, &result);
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(1u << 20);
    rx_auto(json_doc) struct rx_json_doc *doc = write_and_read(&text);
    const struct rx_json *root = rx_json_root(doc);
    assert_int_equal(rx_json_type(rx_json_get(root, "composite_score")), RX_JSON_NULL);
    assert_str(rx_json_str(rx_json_at(root, "details.composite_score.reason")),
               "missing_components");
    for (int i = 0; i < RX_RISK_MAX; i++) {
        const struct rx_json *detail =
            rx_json_get(rx_json_get(root, "details"), rx_risk_name((enum rx_risk)i));
        assert_int_equal(rx_json_type(rx_json_get(detail, "value")), RX_JSON_NULL);
        assert_true(rx_json_double(rx_json_get(detail, "lower"), 1) == 0);
        assert_true(rx_json_double(rx_json_get(detail, "upper"), 0) > 80);
        assert_int_equal(rx_json_len(rx_json_get(detail, "contributions")), 0);
    }
    assert_int_equal(rx_json_len(rx_json_get(root, "risk_flags")), 0);
}

static void test_sentences(void **state)
{
    (void)state;
    char text[320];
    clear();
    x[RX_F_IS_MINTABLE] = 1;
    x[RX_F_LIQ_USD] = 1234.5;
    rx_risk_compute(x, NULL, NULL, RX_RISK_EVM, &result);
    assert_int_equal(result.n_flags, 2);
    rx_risk_flag_text(&result.flags[0], text, sizeof(text));
    assert_string_equal(text, "More tokens can be made.");
    rx_risk_flag_text(&result.flags[1], text, sizeof(text));
    assert_string_equal(text, "The pool holds little money. liq_usd is 1234.5 USD; flagged at "
                              "10000 USD or less.");
    rx_risk_flag_text(&result.flags[1], text, 9);
    assert_string_equal(text, "The pool");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_document),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_sentences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
