// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/features/features.h"

#include "tests/support/test.h"

static void check_row(enum rx_feature feature)
{
    const struct rx_feature_info *info = rx_feature_info(feature);
    assert_non_null(info->name); /* a hole in a table */
    assert_true(info->unit && info->unit[0] && info->formula && info->formula[0]);
    assert_true(info->min < info->max);
    assert_int_equal(rx_feature_find(rx_str_of(info->name)), feature);
    assert_true(info->revision >= 1);
    assert_int_equal(info->since, feature < RX_F_V1_MAX ? 1 : 2);
    assert_true(info->missing < RX_MISSING_MAX && rx_missing_text(info->missing)[0]);
    assert_true(rx_missing_reason(info->missing)[0]);
    assert_true(info->source < RX_FEATURE_SOURCE_MAX && rx_feature_source_name(info->source)[0]);
    if (strcmp(info->unit, "boolean") == 0 || strcmp(info->unit, "fraction") == 0) {
        assert_true(info->min >= -1 && info->min <= 0);
    }
    if (strcmp(info->unit, "boolean") == 0) {
        assert_true(info->min == 0 && info->max == 1);
    }
    for (const char *c = info->name; *c; c++) {
        assert_true((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == '_');
    }
}

static void test_registry(void **state)
{
    (void)state;
    assert_int_equal(RX_F_V1_MAX, 37 + 1 + 8);
    assert_int_equal(RX_F_EVENTS_END, RX_F_V1_MAX + 4 * 5 + 5);
    for (int i = 0; i < RX_F_MAX; i++) {
        check_row((enum rx_feature)i);
    }
    for (int i = 0; i < RX_F_V1_MAX; i++) {
        assert_int_equal(rx_feature_info((enum rx_feature)i)->missing != RX_MISSING_NEVER,
                         i >= RX_F_LP_FIRST);
    }
    assert_int_equal(rx_feature_find(RX_STR("n_syn")), RX_F_INVALID);
    assert_int_equal(rx_feature_find(RX_STR("")), RX_F_INVALID);
    print_message("%d features\n", (int)RX_F_MAX);
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

static void test_hash_of_a_list(void **state)
{
    (void)state;
    /* printf 'w_now 1\nn_buy_m5 1\n' | sha256sum */
    char hash[65];
    enum rx_feature list[] = {RX_F_W_NOW, RX_F_N_BUY_M5};
    rx_features_hash(list, 2, hash);
    assert_string_equal(hash, "25c5507545ca85d4e756ead5a72dff2d23d2fb4185417efef3071a7e738cdde5");
    rx_features_hash(list, 0, hash);
    assert_string_equal(hash, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registry),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_hash_of_a_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
