// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/drift/hysteresis.h"

#include "tests/support/test.h"

/* g = good, b = bad, u = unknown; the answers are written the same way. */
static void follow(unsigned raise_after, unsigned clear_after, const char *in, const char *want)
{
    struct rx_hysteresis h = {.raise_after = raise_after, .clear_after = clear_after};
    assert_int_equal(strlen(in), strlen(want));
    for (size_t i = 0; in[i]; i++) {
        enum rx_health now = in[i] == 'g'   ? RX_HEALTH_GOOD
                             : in[i] == 'b' ? RX_HEALTH_BAD
                                            : RX_HEALTH_UNKNOWN;
        char told = "ugb"[rx_hysteresis_update(&h, now)];
        if (told != want[i]) {
            fail_msg("%s at %zu: expected %c, got %c", in, i, want[i], told);
        }
    }
}

static void test_sequences(void **state)
{
    (void)state;
    follow(3, 2, "ugbbgbbbbgbgggb", "uggggggbbbbbggg");
    follow(3, 2, "bbbgg", "uubbg");
    follow(2, 3, "gbububggg", "gggbbbbbg");
    follow(1, 1, "gbgbu", "gbgbb");
    follow(0, 0, "bg", "bg");
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(rx_health_status(RX_HEALTH_GOOD), "True");
    assert_string_equal(rx_health_status(RX_HEALTH_BAD), "False");
    assert_string_equal(rx_health_status(RX_HEALTH_UNKNOWN), "Unknown");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sequences),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
