// SPDX-License-Identifier: Apache-2.0
#include <math.h>

#include "agent/engine/features/upstream.h"
#include "common/json/read.h"
#include "tests/support/test.h"

static struct rx_upstream_answer answer_of(enum rx_upstream source, int64_t at)
{
    return (struct rx_upstream_answer){.source = source, .observed_at = at};
}

static void add(struct rx_upstream_answer *a, enum rx_feature feature, double value)
{
    a->values[a->n++] = (struct rx_upstream_value){feature, value};
}

/* Three services that do not agree. */
static void three(struct rx_upstream_answer a[3])
{
    a[0] = answer_of(RX_UPSTREAM_GOPLUS_EVM, 1000);
    add(&a[0], RX_F_IS_HONEYPOT, 0);
    add(&a[0], RX_F_SELL_TAX, 0.05);
    add(&a[0], RX_F_OPEN_SOURCE, 1);
    add(&a[0], RX_F_HOLDERS_UPSTREAM, 90);
    add(&a[0], RX_F_LIQ_USD, 100);
    a[1] = answer_of(RX_UPSTREAM_HONEYPOT, 3000);
    add(&a[1], RX_F_IS_HONEYPOT, 1);
    add(&a[1], RX_F_SELL_TAX, 0.0498);
    add(&a[1], RX_F_OPEN_SOURCE, 0);
    add(&a[1], RX_F_HOLDERS_UPSTREAM, 100);
    add(&a[1], RX_F_LIQ_USD, 5);
    a[2] = answer_of(RX_UPSTREAM_DEXSCREENER, 2000);
    add(&a[2], RX_F_LIQ_USD, 110);
    add(&a[2], RX_F_BOOSTS, 3);
}

static void cell(const struct rx_facts *s, enum rx_feature feature, double value,
                 enum rx_upstream source, int64_t at, bool disputed)
{
    assert_true(s->cells[feature].value == value);
    assert_int_equal(s->cells[feature].source, source);
    assert_int_equal(s->cells[feature].observed_at, at);
    assert_int_equal(rx_facts_disputed(s, feature), disputed);
}

static void test_merge(void **state)
{
    (void)state;
    static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                     {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (size_t k = 0; k < 6; k++) {
        struct rx_upstream_answer a[3];
        three(a);
        struct rx_facts s;
        rx_facts_init(&s);
        for (size_t i = 0; i < 3; i++) {
            rx_facts_merge(&s, &a[orders[k][i]]);
        }
        cell(&s, RX_F_IS_HONEYPOT, 1, RX_UPSTREAM_HONEYPOT, 3000, true);
        cell(&s, RX_F_SELL_TAX, 0.05, RX_UPSTREAM_GOPLUS_EVM, 1000, false);
        cell(&s, RX_F_OPEN_SOURCE, 0, RX_UPSTREAM_HONEYPOT, 3000, true);
        cell(&s, RX_F_HOLDERS_UPSTREAM, 90, RX_UPSTREAM_GOPLUS_EVM, 1000, false);
        cell(&s, RX_F_LIQ_USD, 110, RX_UPSTREAM_DEXSCREENER, 2000, true);
        cell(&s, RX_F_BOOSTS, 3, RX_UPSTREAM_DEXSCREENER, 2000, false);
        assert_true(isnan(s.cells[RX_F_BUY_TAX].value));
    }
}

/* Any answers in any order give the same; security flags never get better by another answer. */
static void test_order_property(void **state)
{
    (void)state;
    uint64_t seed = 7;
    size_t checked = 0;
    for (int round = 0; round < 30000; round++) {
        struct rx_upstream_answer a[RX_UPSTREAM_MAX];
        for (int k = 0; k < RX_UPSTREAM_MAX; k++) {
            a[k] = answer_of((enum rx_upstream)k, (int64_t)(seed >> 60));
            for (int f = RX_F_PRICE_USD; f < RX_F_PRICE_USD + 50; f++) {
                seed = seed * 6364136223846793005u + 1442695040888963407u;
                if ((seed >> 62) == 0 && a[k].n < RX_UPSTREAM_MAX_VALUES) {
                    add(&a[k], (enum rx_feature)f, (double)((seed >> 40) & 3) / 3);
                }
            }
        }
        struct rx_facts forth;
        struct rx_facts back;
        rx_facts_init(&forth);
        rx_facts_init(&back);
        for (int k = 0; k < RX_UPSTREAM_MAX; k++) {
            rx_facts_merge(&forth, &a[k]);
            rx_facts_merge(&back, &a[RX_UPSTREAM_MAX - 1 - k]);
        }
        for (int f = 0; f < RX_F_MAX; f++) {
            const struct rx_facts_cell *x = &forth.cells[f];
            const struct rx_facts_cell *y = &back.cells[f];
            if (isnan(x->value)) {
                assert_true(isnan(y->value));
                continue;
            }
            assert_true(x->value == y->value && x->source == y->source);
            assert_int_equal(x->observed_at, y->observed_at);
            const int policy = rx_facts_policy((enum rx_feature)f);
            assert_true(policy == 0 || x->value == (policy > 0 ? x->hi : x->lo));
            checked++;
        }
    }
    print_message("%zu cells in both orders\n", checked);
    assert_true(checked > 1000000);
}

static void test_apply(void **state)
{
    (void)state;
    struct rx_upstream_answer a[3];
    three(a);
    struct rx_facts s;
    rx_facts_init(&s);
    rx_facts_merge(&s, &a[0]);
    double x[RX_F_MAX];
    for (int i = 0; i < RX_F_MAX; i++) {
        x[i] = RX_NAN;
    }
    x[RX_F_SELL_TAX] = 0.5; /* known already: stays */
    assert_int_equal(rx_facts_apply(&s, x), 4);
    assert_true(x[RX_F_SELL_TAX] == 0.5);
    assert_true(x[RX_F_IS_HONEYPOT] == 0);
    assert_true(isnan(x[RX_F_BUY_TAX]));
}

static void test_write(void **state)
{
    (void)state;
    struct rx_upstream_answer a[3];
    three(a);
    struct rx_facts s;
    rx_facts_init(&s);
    rx_facts_merge(&s, &a[0]);
    rx_facts_merge(&s, &a[2]);
    a[1].n = 1;
    rx_facts_merge(&s, &a[1]);
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(1u << 16);
    struct rx_jw w;
    rx_jw_init(&w, &text);
    rx_facts_write(&w, &s, 2000 + 901);
    assert_buf(
        &text,
        "[{\"feature\":\"liq_usd\",\"value\":110,\"unit\":\"USD\",\"source\":\"dexscreener\","
        "\"observed_at\":2000,\"age_s\":901,\"stale\":true},"
        "{\"feature\":\"boosts\",\"value\":3,\"unit\":\"boosts\",\"source\":\"dexscreener\","
        "\"observed_at\":2000,\"age_s\":901,\"stale\":true},"
        "{\"feature\":\"sell_tax\",\"value\":0.05,\"unit\":\"fraction\",\"source\":\"goplus\","
        "\"observed_at\":1000,\"age_s\":1901,\"stale\":false},"
        "{\"feature\":\"is_honeypot\",\"value\":1,\"unit\":\"boolean\","
        "\"source\":\"honeypot_is\",\"observed_at\":3000,\"age_s\":0,\"stale\":false,"
        "\"disputed\":{\"lower\":0,\"upper\":1}},"
        "{\"feature\":\"open_source\",\"value\":1,\"unit\":\"boolean\",\"source\":\"goplus\","
        "\"observed_at\":1000,\"age_s\":1901,\"stale\":false},"
        "{\"feature\":\"holders_upstream\",\"value\":90,\"unit\":\"addresses\","
        "\"source\":\"goplus\",\"observed_at\":1000,\"age_s\":1901,\"stale\":false}]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merge),
        cmocka_unit_test(test_order_property),
        cmocka_unit_test(test_apply),
        cmocka_unit_test(test_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
