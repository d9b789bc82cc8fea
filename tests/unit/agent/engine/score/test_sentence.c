// SPDX-License-Identifier: Apache-2.0
/* It covers sentence.c and sentence_rows.c. */
#include "agent/engine/score/sentence.h"

#include <math.h>

#include "tests/support/test.h"

static void test_known(void **state)
{
    (void)state;
    static const struct {
        enum rx_feature feature;
        double value;
        const char *sentence;
    } cases[] = {
        {RX_F_P_DD, 0.31, "the price stands at 31 % of its peak"},
        {RX_F_W_NOW, 12.345, "the pool holds 12.3 WETH"},
        {RX_F_AGE_H, 26, "the pool is 26 hours old"},
        {RX_F_AGE_H, 0.5, "the pool is 30 minutes old"},
        {RX_F_AGE_H, 240, "the pool is 10 days old"},
        {RX_F_N_BUY, 12345678, "there were 12.3M buys"},
        {RX_F_P_RET, 0, "the price is 1 times the first one"},
        {RX_F_MAX_DROP, -0.6931471805599453, "the sharpest fall in one event was -50 %"},
        {RX_F_LIQ_USD, 250000, "the liquidity is worth $250k"},
        {RX_F_IS_HONEYPOT, 1, "bought tokens cannot be sold"},
        {RX_F_IDLE, 0.25, "nothing happened in the last 25 % of its life"},
        {RX_F_IDLE, 0, "the last event was just now"},
        {RX_F_IS_HONEYPOT, 0, "bought tokens can be sold"},
        {RX_F_HOLDER_GROWTH_24H, 0.5, "the number of holders changed by 50 % in 24 hours"},
        {RX_F_T_INIT_LOG, 6, "the pool began with 1M tokens"},
        {RX_F_SELL_TAX, __builtin_nan(""), "sell_tax is unknown"},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        char text[RX_SENTENCE_MAX];
        rx_feature_sentence(cases[i].feature, cases[i].value, text, sizeof(text));
        assert_string_equal(text, cases[i].sentence);
    }
}

static void test_directions(void **state)
{
    (void)state;
    char text[RX_SENTENCE_MAX];
    const struct rx_contribution up = {RX_F_P_DD, 0.31, 0.5};
    rx_contribution_sentence(&up, "rug_24h", text, sizeof(text));
    assert_string_equal(text, "the price stands at 31 % of its peak: raises the rug risk");
    const struct rx_contribution down = {RX_F_P_DD, 0.31, -0.5};
    rx_contribution_sentence(&down, "x10_7d", text, sizeof(text));
    assert_string_equal(text, "the price stands at 31 % of its peak: lowers the chance of 10x");
    const struct rx_contribution moved = {RX_CONTRIBUTION_PROJECTION, (double)NAN, 0.1};
    rx_contribution_sentence(&moved, "other", text, sizeof(text));
    assert_string_equal(text, "agreement with the other horizons and multiples: raises other");
    const struct rx_risk_part part = {.id = "floor", .value = (double)NAN, .points = 12.5};
    rx_risk_part_sentence(&part, text, sizeof(text));
    assert_string_equal(text, "a deal-breaker sets the least value: adds 12.5 points");
}

/* Every feature has a sentence, with odd values too, and never runs over. */
static void test_all(void **state)
{
    (void)state;
    static const double values[] = {0, 1, 0.5, -1, 1e300, -1e300, 1e-300, 123456.789, HUGE_VAL};
    size_t n = 0;
    for (int i = 0; i < RX_F_MAX; i++) {
        assert_non_null(rx_sentence_patterns[i]);
        for (size_t v = 0; v < RX_ARRAY_LEN(values); v++) {
            char text[RX_SENTENCE_MAX], small[9];
            rx_feature_sentence((enum rx_feature)i, values[v], text, sizeof(text));
            assert_true(strlen(text) > 5 && !strchr(text, '#') && !strchr(text, '~'));
            assert_null(strstr(text, "nan"));
            assert_null(strstr(text, "inf"));
            rx_feature_sentence((enum rx_feature)i, values[v], small, sizeof(small));
            assert_true(strlen(small) < sizeof(small));
            n++;
        }
    }
    print_message("%zu sentences\n", n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_directions),
        cmocka_unit_test(test_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
