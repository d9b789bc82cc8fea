// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/features/custody.h"

#include "tests/support/test.h"

static void test_table(void **state)
{
    (void)state;
    size_t n;
    const struct rx_custodian *table = rx_custodians(&n);
    unsigned lockers = 0;
    assert_true(n > 10);
    for (size_t i = 0; i < n; i++) {
        assert_true(table[i].name[0] && table[i].kind != RX_CUSTODY_NONE);
        assert_int_equal(rx_custody_of(table[i].address), table[i].kind); /* no address twice */
        lockers += table[i].kind == RX_CUSTODY_LOCK;
    }
    /* lp_lock counts these six; another one is a new revision of that feature. */
    assert_int_equal(lockers, 6);
    static const unsigned char dead[20] = {[18] = 0xde, [19] = 0xad};
    static const unsigned char alice[20] = {[19] = 1};
    assert_int_equal(rx_custody_of(dead), RX_CUSTODY_BURN);
    assert_int_equal(rx_custody_of(alice), RX_CUSTODY_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
