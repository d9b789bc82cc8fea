// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/math/u256_muldiv.h"

#include "tests/support/test.h"

static uint64_t state;

static uint64_t next(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* Values of every length, with limbs of all zeros and all ones among them. */
static struct rx_u256 any(void)
{
    struct rx_u256 value = {{0}};
    const unsigned limbs = (unsigned)(next() % 5);
    for (unsigned i = 0; i < limbs; i++) {
        const uint64_t kind = next() % 8;
        value.limb[i] = kind == 0 ? 0 : kind == 1 ? UINT64_MAX : next() >> (next() % 64);
    }
    return value;
}

static bool same(const struct rx_u256 *a, const struct rx_u256 *b)
{
    return rx_u256_cmp(a, b) == 0;
}

static void test_small_products_are_the_compilers(void **unused)
{
    (void)unused;
    state = 1;
    for (int i = 0; i < 200000; i++) {
        const rx_u128 a = next() >> (next() % 64), b = next() >> (next() % 64);
        const struct rx_u256 x = rx_u256_of(a), y = rx_u256_of(b), expected = rx_u256_of(a * b);
        struct rx_u256 got;
        assert_true(rx_u256_mul(&x, &y, &got) && same(&got, &expected));
        if (b != 0) {
            const struct rx_u256 quotient = rx_u256_of(a / b), rest = rx_u256_of(a % b);
            struct rx_u256 q, r;
            assert_true(rx_u256_divmod(&x, &y, &q, &r) && same(&q, &quotient) && same(&r, &rest));
        }
    }
}

/* q d + r = n and r < d say that the division is right, whatever way it was done. */
static void test_quotient_and_remainder_give_the_value_back(void **unused)
{
    (void)unused;
    state = 2;
    unsigned divided = 0, wide = 0;
    for (int i = 0; i < 300000; i++) {
        const struct rx_u256 a = any(), b = any(), d = any();
        struct rx_u256 q, r, back;
        if (rx_u256_is_zero(&d)) {
            assert_false(rx_u256_divmod(&a, &d, &q, &r));
            assert_false(rx_u256_muldiv(&a, &b, &d, &q, &r));
            continue;
        }
        assert_true(rx_u256_divmod(&a, &d, &q, &r));
        assert_true(rx_u256_cmp(&r, &d) < 0 && rx_u256_mul(&q, &d, &back) &&
                    rx_u256_add(&back, &r, &back) && same(&back, &a));
        divided++;
        if (rx_u256_muldiv(&a, &b, &d, &q, &r)) {
            /* The identity modulo 2^256; q below 2^256 and r below d make it the whole one. */
            struct rx_u256 product;
            (void)rx_u256_mul(&a, &b, &product);
            (void)rx_u256_mul(&q, &d, &back);
            (void)rx_u256_add(&back, &r, &back);
            assert_true(rx_u256_cmp(&r, &d) < 0 && same(&back, &product));
            wide++;
        }
    }
    print_message("%u divisions and %u of 512-bit products checked\n", divided, wide);
    assert_true(divided > 200000 && wide > 100000);
}

static void test_limits(void **unused)
{
    (void)unused;
    struct rx_u256 all = {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}}, got, rest;
    const struct rx_u256 one = rx_u256_of(1), two = rx_u256_of(2);
    assert_false(rx_u256_mul(&all, &two, &got));
    assert_true(rx_u256_mul(&all, &one, &got) && same(&got, &all));
    assert_true(rx_u256_muldiv(&all, &all, &all, &got, &rest) && same(&got, &all));
    assert_true(rx_u256_is_zero(&rest));
    assert_false(rx_u256_muldiv(&all, &two, &one, &got, NULL));
    assert_true(rx_u256_muldiv(&all, &two, &two, &got, NULL) && same(&got, &all));
    assert_true(rx_u256_divmod(&one, &two, &got, &rest));
    assert_true(rx_u256_is_zero(&got) && same(&rest, &one));
    assert_true(rx_u256_divmod(&all, &two, NULL, &rest) && same(&rest, &one));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_products_are_the_compilers),
        cmocka_unit_test(test_quotient_and_remainder_give_the_value_back),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
