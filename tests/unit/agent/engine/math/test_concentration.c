// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/math/concentration.h"

#include "tests/support/oracle.h"

static void test_by_hand(void **unused)
{
    (void)unused;
    struct rx_concentration c;
    double one_holds_most[] = {1, 96, 1, 1, 1};
    assert_true(rx_concentration(one_holds_most, 5, &c));
    assert_close(c.gini, 0.76, 1e-12);
    assert_close(c.gini_unbiased, 0.95, 1e-12);
    assert_close(c.top1, 0.96, 1e-12);
    assert_int_equal(c.nakamoto, 1);
    double single[] = {3};
    assert_true(rx_concentration(single, 1, &c));
    assert_true(c.hhi == 1 && c.hhi_norm == 1 && c.top10 == 1 && isnan(c.gini_unbiased));
    double equal[] = {2, 2, 2, 2};
    assert_true(rx_concentration(equal, 4, &c));
    assert_true(c.hhi == 0.25 && c.hhi_norm == 0 && fabs(c.gini) < 1e-15 && c.nakamoto == 3);
}

static void test_refuses(void **unused)
{
    (void)unused;
    struct rx_concentration c = {.n = 77};
    double none[] = {0, 0}, negative[] = {1, -1}, not_finite[] = {1, (double)INFINITY};
    assert_false(rx_concentration(none, 0, &c));
    assert_false(rx_concentration(none, 2, &c));
    assert_false(rx_concentration(negative, 2, &c));
    assert_false(rx_concentration(not_finite, 2, &c));
    assert_int_equal(c.n, 77);
}

static unsigned compare(const struct rx_json *golden, double *values, size_t n)
{
    struct rx_concentration c;
    assert_true(rx_concentration(values, n, &c));
    const struct {
        const char *name;
        double value;
    } rows[] = {
        {"hhi", c.hhi},
        {"effective_n", c.effective_n},
        {"gini", c.gini},
        {"top1", c.top1},
        {"top10", c.top10},
        {"gini_unbiased", c.gini_unbiased},
        {"nakamoto_51", (double)c.nakamoto},
        {"entropy_norm", c.entropy},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(rows); i++) {
        const double expected = rx_json_double(rx_json_get(golden, rows[i].name), -1);
        if (fabs(rows[i].value - expected) > 1e-9 * fabs(expected) + 1e-15) {
            fail_msg("%s: expected %.17g, got %.17g", rows[i].name, expected, rows[i].value);
        }
    }
    return RX_ARRAY_LEN(rows);
}

static void test_recorded(void **unused)
{
    (void)unused;
    rx_auto(json_doc) struct rx_json_doc *doc = oracle_json("oracle/goldens.json");
    const struct rx_json *all = rx_json_at(rx_json_root(doc), "concentration");
    double holders[8], weights[] = {.4, .3, .1, .1, .1}, four[] = {1, 1, 1, 1},
                       most[] = {100, 1, 1, 1, 1};
    const struct rx_json *ray = rx_json_get(all, "ray_goplus_top_holders");
    size_t n_holders = 0;
    RX_JSON_FOREACH (balance, rx_json_get(ray, "balances")) {
        holders[n_holders++] = rx_json_double(balance.value, 0);
    }
    unsigned n = compare(ray, holders, n_holders);
    n += compare(rx_json_get(all, "weights"), weights, 5);
    n += compare(rx_json_get(all, "uniform4"), four, 4);
    n += compare(rx_json_get(all, "one_dominates"), most, 5);
    print_message("%u recorded values\n", n);
    assert_int_equal(n, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_recorded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
