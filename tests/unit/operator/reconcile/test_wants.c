// SPDX-License-Identifier: Apache-2.0
#include "operator/reconcile/wants.h"

#include "tests/support/test.h"
#include "tests/support/torture.h"

static struct rx_record record(unsigned char digest, bool applied, bool consistent)
{
    struct rx_record out = {.owned = {.applied = applied, .consistent = consistent}};
    memset(out.owned.digest, digest, sizeof(out.owned.digest));
    return out;
}

static uint64_t print_of(unsigned char byte)
{
    unsigned char digest[32];
    memset(digest, byte, sizeof(digest));
    return rx_want_fingerprint(digest);
}

static void a_want_holds_for_the_intent_as_applied(void **state)
{
    (void)state;
    const struct rx_want want = {.hash = print_of(7)};
    struct rx_record good = record(7, true, true), other = record(8, true, true),
                     unmarked = record(7, true, false), unowned = record(7, false, false);
    assert_true(rx_want_holds(&want, &good));
    assert_false(rx_want_holds(&want, &other));
    assert_false(rx_want_holds(&want, &unmarked));
    assert_false(rx_want_holds(&want, &unowned));
    assert_false(rx_want_holds(&want, NULL));
}

static void another_spelling_holds_once_it_was_seen(void **state)
{
    (void)state;
    const struct rx_want want = {.hash = print_of(7), .seen = print_of(9)};
    struct rx_record spelled = record(9, true, false), drifted = record(8, true, false);
    assert_true(rx_want_holds(&want, &spelled));
    assert_false(rx_want_holds(&want, &drifted));
}

static void unwanted_and_create_only_children(void **state)
{
    (void)state;
    struct rx_record any = record(3, false, false);
    const struct rx_want absent = {0}, exists = {.hash = RX_WANT_ANY};
    assert_true(rx_want_holds(&absent, NULL));
    assert_false(rx_want_holds(&absent, &any));
    assert_true(rx_want_holds(&exists, &any));
    assert_false(rx_want_holds(&exists, NULL));
}

static void echoes_are_expected_and_drift_is_not(void **state)
{
    (void)state;
    struct rx_wants *wants = rx_wants_new(10);
    struct rx_want_set set = {.uid = 1, .child = {{.hash = print_of(7)}, {.hash = RX_WANT_ANY}}};
    struct rx_record good = record(7, true, true), drifted = record(8, true, false);
    assert_false(rx_wants_expects(wants, RX_STR("ns/prod"), &good));
    assert_int_equal(rx_wants_set(wants, RX_STR("ns/prod"), &set), 0);
    assert_true(rx_wants_expects(wants, RX_STR("ns/prod"), &good));
    assert_false(rx_wants_expects(wants, RX_STR("ns/prod"), &drifted));
    assert_false(rx_wants_expects(wants, RX_STR("ns/other"), &good));
    rx_wants_forget(wants, RX_STR("ns/prod"));
    assert_false(rx_wants_expects(wants, RX_STR("ns/prod"), &good));
    rx_wants_free(wants);
}

static void sets_are_copies(void **state)
{
    (void)state;
    struct rx_wants *wants = rx_wants_new(1);
    struct rx_want_set set = {.uid = 1, .generation = 3}, got = {0};
    assert_false(rx_wants_get(wants, RX_STR("a"), &got));
    assert_int_equal(rx_wants_set(wants, RX_STR("a"), &set), 0);
    set.generation = 9;
    assert_true(rx_wants_get(wants, RX_STR("a"), &got));
    assert_int_equal(got.generation, 3);
    assert_int_equal(rx_wants_set(wants, RX_STR("b"), &set), RX_ELIMIT);
    rx_wants_free(wants);
}

static void fingerprints_are_never_the_reserved_ones(void **state)
{
    (void)state;
    assert_int_equal(print_of(0), 1);
    assert_int_equal(print_of(0xff), 1);
    assert_int_not_equal(print_of(1), print_of(2));
}

static int use(void *arg)
{
    (void)arg;
    const struct rx_want_set set = {.uid = 1};
    rx_auto(wants) struct rx_wants *wants = rx_wants_new(4);
    return wants ? rx_wants_set(wants, RX_STR("k"), &set) : -12;
}

static void no_memory_is_an_error(void **state)
{
    (void)state;
    assert_true(rx_torture_alloc(use, NULL) >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_want_holds_for_the_intent_as_applied),
        cmocka_unit_test(another_spelling_holds_once_it_was_seen),
        cmocka_unit_test(unwanted_and_create_only_children),
        cmocka_unit_test(echoes_are_expected_and_drift_is_not),
        cmocka_unit_test(sets_are_copies),
        cmocka_unit_test(fingerprints_are_never_the_reserved_ones),
        cmocka_unit_test(no_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
