// SPDX-License-Identifier: Apache-2.0
#include "agent/store/unit.h"

#include <errno.h>
#include <math.h>

#include "common/base/error.h"
#include "tests/support/test.h"
#include "tests/support/torture.h"

static void test_copies_what_it_is_given(void **state)
{
    (void)state;
    char chain[] = "ethereum", address[] = "0xaa", symbol[] = "S", name[] = "N";
    char bytes[] = {1, 2, 3};
    struct rx_unit *unit = rx_unit_new();
    const struct rx_row_token token = {chain, address, symbol, name, -1};
    const struct rx_row_event event = {
        .pool = 1, .block = 2, .kind = RX_EVENT_MINT, .data = {bytes, 3}};
    assert_int_equal(rx_unit_token(unit, &token), 0);
    assert_int_equal(rx_unit_event(unit, &event), 0);
    chain[0] = address[0] = symbol[0] = name[0] = bytes[0] = 'x';
    assert_string_equal(unit->first->token.chain, "ethereum");
    assert_string_equal(unit->first->token.symbol, "S");
    assert_int_equal(unit->last->event.data.p[0], 1);
    assert_ptr_equal(unit->first->next, unit->last);
    assert_null(unit->last->next);
    assert_int_equal(rx_unit_rows(unit), 2);
    rx_unit_free(unit);
}

static void test_bounds(void **state)
{
    (void)state;
    char big[300] = {0};
    struct rx_unit *unit = rx_unit_new();
    struct rx_row_event event = {.kind = RX_EVENT_SYNC, .data = {big, 257}};
    assert_int_equal(rx_unit_event(unit, &event), RX_ELIMIT);
    assert_int_equal(rx_unit_rows(unit), 0);
    event.data.n = 256;
    int r = 0;
    while (r == 0) {
        r = rx_unit_event(unit, &event);
    }
    assert_int_equal(r, RX_ELIMIT);
    assert_in_range(rx_unit_bytes(unit), 60UL << 20, 64UL << 20);
    rx_unit_free(unit);
    rx_unit_free(NULL);
}

static int fill(void *arg)
{
    (void)arg;
    static const char text[9000] = "";
    rx_auto(unit) struct rx_unit *unit = rx_unit_new();
    const struct rx_row_score score = {.chain = "c",
                                       .address = "a",
                                       .probability_data = text,
                                       .features = "",
                                       .model_version = ""};
    const struct rx_row_cursor cursor = {.fingerprint = "f"};
    const struct rx_row_pool pool = {.chain = "c"};
    const struct rx_row_block block = {.number = 1};
    const struct rx_row_event event = {.kind = RX_EVENT_SYNC, .data = {text, 200}};
    const struct rx_row_token token = {"c", "a", "s", "n", 1};
    if (!unit) {
        return -ENOMEM;
    }
    int r = 0;
    for (int i = 0; i < 200 && r == 0; i++) {
        if ((r = rx_unit_token(unit, &token)) < 0 || (r = rx_unit_pool(unit, &pool)) < 0 ||
            (r = rx_unit_event(unit, &event)) < 0 || (r = rx_unit_block(unit, &block)) < 0 ||
            (r = rx_unit_cursor(unit, &cursor)) < 0 || (r = rx_unit_score(unit, &score)) < 0 ||
            (r = rx_unit_rewind(unit, 1, 2)) < 0 || (r = rx_unit_prune(unit, 1, 2)) < 0) {
            return r;
        }
    }
    return rx_unit_wipe(unit, 1);
}

/* The arena tries a smaller block before it gives up, so that a failure may pass unseen. */
static void test_out_of_memory(void **state)
{
    (void)state;
    assert_true(rx_torture_tolerant(fill, NULL) > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copies_what_it_is_given),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
