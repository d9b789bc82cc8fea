// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/features/features.h"

#include "tests/support/test.h"

static void test_registry(void **state)
{
    (void)state;
    assert_int_equal(RX_F_MAX, 37 + 1 + 8);
    for (int i = 0; i < RX_F_MAX; i++) {
        const struct rx_feature_info *info = rx_feature_info((enum rx_feature)i);
        assert_non_null(info->name);
        assert_true(info->unit[0] && info->formula[0] && info->min < info->max);
        assert_int_equal(rx_feature_find(rx_str_of(info->name)), i);
        assert_int_equal(info->missing != RX_MISSING_NEVER, i >= RX_F_LP_FIRST);
    }
    assert_int_equal(rx_feature_find(RX_STR("n_syn")), RX_F_INVALID);
    assert_int_equal(rx_feature_find(RX_STR("")), RX_F_INVALID);
}

static void test_order(void **state)
{
    (void)state;
    /* Models and snapshot files depend on these positions. */
    assert_str(rx_str_of(rx_feature_info(0)->name), "dec");
    assert_str(rx_str_of(rx_feature_info(10)->name), "net_ratio");
    assert_str(rx_str_of(rx_feature_info(36)->name), "turnover");
    assert_str(rx_str_of(rx_feature_info(37)->name), "age_h");
    assert_str(rx_str_of(rx_feature_info(38)->name), "lp_n");
    assert_str(rx_str_of(rx_feature_info(45)->name), "lp_safe");
    /* printf '%s\n' dec n_sync ... lp_safe | sha256sum */
    char hash[65];
    rx_feature_registry_hash(hash);
    assert_string_equal(hash, "c95a4dcbf3572256e641cab8e882811928d54647218d32901f2183a9eb2a2901");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registry),
        cmocka_unit_test(test_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
