// SPDX-License-Identifier: Apache-2.0
#include "agent/replay/replay.h"

#include <errno.h>
#include <math.h>

#include "tests/support/test.h"
#include "tests/support/torture.h"

#define E18 ((rx_u128)1000000000000000000u)

static void test_ages(void **state)
{
    (void)state;
    struct rx_replay_options options = {0};
    struct rx_error err = {0};
    assert_ok(rx_replay_parse_ages(RX_STR("72h,1h,1d,90m"), &options, &err), &err);
    assert_int_equal(options.n_ages, 4);
    assert_string_equal(options.ages[0].label, "1h");
    assert_true(options.ages[0].days == 1.0 / 24);
    assert_string_equal(options.ages[1].label, "90m");
    assert_string_equal(options.ages[2].label, "1d");
    assert_true(options.ages[3].days == 3);
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "durations"},           {"1h,", "durations"},
        {"h", "durations"},          {"0h", "durations"},
        {"1h,60m", "appears twice"}, {"9999d", "durations"},
        {"1 h", "durations"},        {"-1h", "durations"},
        {"nan", "durations"},        {"0000000000000001h", "durations"},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        assert_true(rx_replay_parse_ages(rx_str_of(cases[i].text), &options, &err) < 0);
        assert_message(&err, cases[i].message);
    }
    char many[512] = "1s";
    for (int i = 0; i < RX_REPLAY_MAX_AGES; i++) {
        snprintf(many + strlen(many), sizeof(many) - strlen(many), ",%dm", i + 1);
    }
    assert_int_equal(rx_replay_parse_ages(rx_str_of(many), &options, &err), RX_ELIMIT);
}

/* Five events in the first 100 blocks and a drain at block 600: alive at 1 h, dead at 6 h. */
static struct rx_event_row rows[] = {
    {100, 0, 0, {1000 * E18, E18}},    {120, 0, 1, {900 * E18, 2 * E18}},
    {140, 0, 2, {950 * E18, E18}},     {160, 0, 3, {900 * E18, 2 * E18}},
    {200, 0, 4, {800 * E18, 3 * E18}}, {600, 0, 5, {9000 * E18, E18 / 10}},
};
static struct rx_lp_row lps[] = {
    {{.block = 100, .to = {5}, .value = {{1000}}}, 0},
    {{.block = 369, .log_index = 1, .from = {5}, .to = {6}, .value = {{250}}}, 1},
    {{.block = 370, .from = {5}, .to = {6}, .value = {{250}}}, 2},
};
static struct rx_pool_rows pool = {.pool = {0xAB},
                                   .token = {0xCD},
                                   .decimals = 18,
                                   .weth_pos = 1,
                                   .events = rows,
                                   .n_events = RX_ARRAY_LEN(rows),
                                   .lps = lps,
                                   .n_lps = RX_ARRAY_LEN(lps)};

static char *run(const struct rx_replay_options *options, uint64_t *count)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    struct rx_error err = {0};
    assert_non_null(out);
    assert_int_equal(rx_replay_header(out, options), 0);
    assert_ok(rx_replay_pool(out, options, &pool, count, &err), &err);
    assert_int_equal(fclose(out), 0);
    return text;
}

/* The value below a column's name in the line after `at`; "" when empty. */
static void cell(const char *text, size_t line, const char *column, char out[64])
{
    struct rx_str rest = rx_str_of(text);
    struct rx_str header;
    struct rx_str row = {NULL, 0};
    assert_true(rx_str_cut(&rest, '\n', &header));
    for (size_t i = 0; i < line; i++) {
        assert_true(rx_str_cut(&rest, '\n', &row));
    }
    struct rx_str name;
    struct rx_str value;
    while (rx_str_cut(&header, ',', &name)) {
        assert_true(rx_str_cut(&row, ',', &value));
        if (rx_str_is(name, column)) {
            assert_true(value.n < 64);
            memcpy(out, value.p, value.n);
            out[value.n] = 0;
            return;
        }
    }
    fail_msg("no column %s", column);
}

static void check_cell(const char *text, size_t line, const char *column, const char *want)
{
    char got[64];
    cell(text, line, column, got);
    if (strcmp(got, want) != 0) {
        fail_msg("line %zu, %s: expected '%s', got '%s'", line, column, want, got);
    }
}

static void test_rows(void **state)
{
    (void)state;
    struct rx_replay_options options = {.lp = true};
    struct rx_error err = {0};
    uint64_t count = 0;
    assert_ok(rx_replay_parse_ages(RX_STR("10m,1h,6h"), &options, &err), &err);
    rx_autofree char *text = run(&options, &count);
    assert_int_equal(count, 1); /* 4 events after ten minutes; 0.1 WETH after six hours */
    check_cell(text, 1, "pool", "0xab00000000000000000000000000000000000000");
    check_cell(text, 1, "token", "0xcd00000000000000000000000000000000000000");
    check_cell(text, 1, "age", "1h");
    check_cell(text, 1, "first_block", "100");
    check_cell(text, 1, "n_sync", "5");
    check_cell(text, 1, "n_buy", "3");
    check_cell(text, 1, "w_now", "3");
    check_cell(text, 1, "age_h", "1");
    /* te = 100 + 269.66: the transfer in block 369 counts, that in block 370 does not. */
    check_cell(text, 1, "lp_n", "2");
    check_cell(text, 1, "lp_top", "0.75");
}

static void test_model_columns(void **state)
{
    (void)state;
    struct rx_error err = {0};
    rx_auto(model) struct rx_model *model = NULL;
    assert_ok(rx_model_load_default(&model, &err), &err);
    rx_auto(model_scratch) struct rx_model_scratch *scratch = NULL;
    assert_ok(rx_model_scratch_new(model, &scratch, &err), &err);
    struct rx_replay_options options = {.model = model, .scratch = scratch};
    uint64_t count = 0;
    assert_ok(rx_replay_parse_ages(RX_STR("45m,1h"), &options, &err), &err);
    rx_autofree char *text = run(&options, &count);
    assert_int_equal(count, 2);
    check_cell(text, 1, "age", "45m");
    check_cell(text, 1, "p_rug_24h", ""); /* under an hour nothing is answered */
    check_cell(text, 1, "lp_n", "");
    char p[64];
    char lo[64];
    cell(text, 2, "p_x2_24h", p);
    cell(text, 2, "p_x2_24h_lo", lo);
    assert_true(strncmp(p, "0.", 2) == 0 && lo[0] == '0' && strcmp(lo, p) < 0);
    assert_non_null(strstr(text, ",p_rug_24h,p_rug_24h_lo,p_rug_24h_hi,p_rug_7d,"));
}

static void test_until(void **state)
{
    (void)state;
    struct rx_error err = {0};
    static const struct {
        uint64_t at, events;
    } cases[] = {{99, 0}, {100, 1}, {159, 3}, {UINT32_MAX, 6}};
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        rx_auto(pool) struct rx_pool *got = NULL;
        assert_ok(rx_replay_until(&pool, true, cases[i].at, &got, &err), &err);
        assert_int_equal(rx_pool_events(got), cases[i].events);
    }
}

static void test_full_disk(void **state)
{
    (void)state;
    FILE *out = fopen("/dev/full", "w");
    assert_non_null(out);
    setvbuf(out, NULL, _IONBF, 0);
    struct rx_replay_options options = {0};
    struct rx_error err = {0};
    uint64_t count = 0;
    assert_ok(rx_replay_parse_ages(RX_STR("1h"), &options, &err), &err);
    assert_int_equal(rx_replay_header(out, &options), -EIO);
    assert_int_equal(rx_replay_pool(out, &options, &pool, &count, &err), -EIO);
    assert_message(&err, "cannot write the rows");
    fclose(out);
}

static int until(void *arg)
{
    (void)arg;
    struct rx_error err = {0};
    rx_auto(pool) struct rx_pool *got = NULL;
    return rx_replay_until(&pool, true, 1000, &got, &err);
}

static void test_torture(void **state)
{
    (void)state;
    assert_true(rx_torture_alloc(until, NULL) >= 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ages),          cmocka_unit_test(test_rows),
        cmocka_unit_test(test_model_columns), cmocka_unit_test(test_until),
        cmocka_unit_test(test_full_disk),     cmocka_unit_test(test_torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
