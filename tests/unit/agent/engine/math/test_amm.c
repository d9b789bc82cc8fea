// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/math/amm.h"

#include "tests/support/oracle.h"

static rx_u128 reserve(const char *text)
{
    struct rx_u256 wide;
    rx_u128 value;
    assert_int_equal(rx_u256_parse(rx_str_of(text), &wide), 0);
    assert_true(rx_u256_to_u128(&wide, &value));
    return value;
}

static void test_exact_output(void **unused)
{
    (void)unused;
    struct rx_u256 out;
    const struct rx_u256 in = rx_u256_of(1000);
    /* floor(1000 997 10000 / (10000 1000 + 1000 997)) = floor(906.6...) */
    assert_true(rx_amm_out(&in, 10000, 10000, &out) && out.limb[0] == 906);
    assert_false(rx_amm_out(&in, 0, 10000, &out));
    assert_false(rx_amm_out(&in, 10000, 0, &out));
    /* The largest reserves that a pair can hold. */
    const struct rx_u256 most = rx_u256_of(RX_UINT112_MAX);
    assert_true(rx_amm_out(&most, RX_UINT112_MAX, RX_UINT112_MAX, &out));
    assert_close(rx_u256_to_double(&out), 0.997 / 1.997 * 0x1p112, 1e-15);
    const struct rx_u256 too_much = {{0, 0, 0, UINT64_MAX}};
    assert_false(rx_amm_out(&too_much, 1, 1, &out));
}

static void test_real_numbers(void **unused)
{
    (void)unused;
    assert_close(rx_amm_out_real(1000, 10000, 10000), 906.610893880149, 1e-12);
    assert_close(rx_amm_slippage(0, 100), 0.003, 1e-12);
    assert_close(rx_amm_impact(100, 100), 0.997 / 1.997, 1e-15);
    /* What the depth says moves the price by that much when the fee leaves the pool. */
    const double in = rx_amm_depth(0.05, 200) * RX_AMM_AFTER_FEE;
    assert_close((200 + in) * (200 + in) / (200.0 * 200), 1.05, 1e-14);
    assert_true(rx_amm_depth(-0.05, 200) < 0);
}

static void test_recorded(void **unused)
{
    (void)unused;
    rx_auto(json_doc) struct rx_json_doc *doc = oracle_json("oracle/goldens.json");
    const struct rx_json *amm = rx_json_at(rx_json_root(doc), "amm_v2");
    const rx_u128 r_in = reserve(rx_json_cstr(rx_json_get(amm, "reserve_in"), ""));
    const rx_u128 r_out = reserve(rx_json_cstr(rx_json_get(amm, "reserve_out"), ""));
    unsigned n = 0;
    RX_JSON_FOREACH (swap, rx_json_get(amm, "swaps")) {
        struct rx_u256 in, out, expected;
        assert_int_equal(rx_u256_parse(rx_json_str(rx_json_get(swap.value, "amount_in_wei")), &in),
                         0);
        assert_int_equal(
            rx_u256_parse(rx_json_str(rx_json_get(swap.value, "amount_out_wei")), &expected), 0);
        assert_true(rx_amm_out(&in, r_in, r_out, &out));
        assert_int_equal(rx_u256_cmp(&out, &expected), 0);
        const double paid = rx_u256_to_double(&in);
        assert_close(rx_amm_slippage(paid, (double)r_in),
                     rx_json_double(rx_json_get(swap.value, "slippage_incl_fee"), 0), 1e-9);
        assert_close(rx_amm_impact(paid, (double)r_in),
                     rx_json_double(rx_json_get(swap.value, "price_impact_ex_fee"), 0), 1e-9);
        n += 3;
    }
    static const char *const moves[] = {"0.01", "0.02", "0.05", "0.1"};
    static const double by[] = {0.01, 0.02, 0.05, 0.1};
    const struct rx_json *depth = rx_json_get(amm, "depth_weth_to_move_price_up");
    for (size_t i = 0; i < RX_ARRAY_LEN(moves); i++) {
        assert_close(rx_amm_depth(by[i], (double)r_in / 1e18),
                     rx_json_double(rx_json_get(depth, moves[i]), 0), 1e-9);
        n++;
    }
    print_message("%u recorded values\n", n);
    assert_int_equal(n, 19);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact_output),
        cmocka_unit_test(test_real_numbers),
        cmocka_unit_test(test_recorded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
