// SPDX-License-Identifier: Apache-2.0
#include "agent/sources/evm_range.h"

#include "tests/support/test.h"

static void test_grows_to_the_bound(void **state)
{
    (void)state;
    struct evm_range range;
    evm_range_init(&range, 500, 2000);
    evm_range_good(&range, 10);
    assert_int_equal(range.size, 1000);
    evm_range_good(&range, 10);
    evm_range_good(&range, 10);
    assert_int_equal(range.size, 2000);
    evm_range_init(&range, 500, 100);
    assert_int_equal(range.size, 100);
}

static void test_full_answers_do_not_grow(void **state)
{
    (void)state;
    struct evm_range range;
    evm_range_init(&range, 500, 2000);
    evm_range_good(&range, 9000);
    assert_int_equal(range.size, 500);
}

static void test_shrinks_to_one(void **state)
{
    (void)state;
    struct evm_range range;
    evm_range_init(&range, 5, 2000);
    assert_true(evm_range_too_many(&range));
    assert_int_equal(range.size, 2);
    assert_true(evm_range_too_many(&range));
    assert_int_equal(range.size, 1);
    assert_false(evm_range_too_many(&range));
    assert_int_equal(range.size, 1);
}

/* A node that refuses 1,000 blocks is asked for 1,000 only now and then. */
static void test_finds_the_limit(void **state)
{
    (void)state;
    struct evm_range range;
    unsigned refused = 0;
    evm_range_init(&range, 500, 10000);
    for (int i = 0; i < 200; i++) {
        if (range.size >= 1000) {
            refused++;
            assert_true(evm_range_too_many(&range));
        } else {
            evm_range_good(&range, 1);
        }
    }
    assert_in_range(refused, 2, 12);
    assert_int_equal(range.size, 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grows_to_the_bound),
        cmocka_unit_test(test_full_answers_do_not_grow),
        cmocka_unit_test(test_shrinks_to_one),
        cmocka_unit_test(test_finds_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
