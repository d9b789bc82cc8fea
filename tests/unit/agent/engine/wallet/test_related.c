// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/wallet/related.h"

#include "tests/support/torture.h"
#include "tests/unit/agent/engine/wallet/build.h"

static struct rx_related *relations(const struct rx_trades *set, const char *name, size_t *n,
                                    size_t *cut)
{
    struct rx_related *list = NULL;
    const uint32_t wallet = name_of(set, name);
    const struct rx_related_options options = {
        .wallets = &wallet, .n_wallets = 1, .as_of = RX_TIME_MAX, .min_score = .1, .max = 20};
    assert_int_equal(rx_related_find(set, &options, &list, n, cut), 0);
    return list;
}

static const struct rx_related *find(const struct rx_trades *set, const struct rx_related *list,
                                     size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (list[i].wallet == name_of(set, name)) {
            return &list[i];
        }
    }
    return NULL;
}

static void test_funding(void **state)
{
    (void)state;
    rx_auto(trades) struct rx_trades *set = set_of("w,T,transfer_in,1,1,,,funder\n"
                                                   "w,T,transfer_out,2,1,,,heir\n"
                                                   "w,T,transfer_out,3,1,,,heir\n"
                                                   "funder,T,transfer_out,1,1,,,cousin\n"
                                                   "quiet,T,transfer_out,9,1,,,w\n"
                                                   "cousin,T,transfer_out,9,1,,,far\n"
                                                   "w,T,transfer_out,9,1,,,w\n");
    size_t n = 0;
    rx_autofree struct rx_related *list = relations(set, "w", &n, NULL);
    assert_int_equal(n, 4);
    const struct rx_related *heir = find(set, list, n, "heir");
    assert_int_equal(heir->relation, RX_RELATION_FUND_FLOW);
    assert_true(heir->score == .75 && heir->events == 2 && heir->depth == 1);
    assert_true(find(set, list, n, "funder")->score == .5);
    assert_true(find(set, list, n, "quiet")->score == .5);
    const struct rx_related *cousin = find(set, list, n, "cousin");
    assert_true(cousin->depth == 2 && cousin->score == .125);
    assert_null(find(set, list, n, "far"));
    assert_ptr_equal(heir, &list[0]);
}

/* An exchange that everybody uses relates nobody. */
static void test_hubs_are_not_followed(void **state)
{
    (void)state;
    rx_auto(buf) struct rx_buf lines = RX_BUF_INIT(1u << 20);
    rx_buf_puts(&lines, "w,T,transfer_in,1,1,,,exchange\n");
    for (int i = 0; i < 60; i++) {
        rx_buf_printf(&lines, "exchange,T,transfer_out,1,1,,,c%d\n", i);
    }
    rx_auto(trades) struct rx_trades *set = set_of(lines.p);
    size_t n = 0;
    size_t cut = 0;
    rx_autofree struct rx_related *list = relations(set, "w", &n, &cut);
    assert_int_equal(n, 1);
    assert_int_equal(cut, 1);
}

static void test_coordination(void **state)
{
    (void)state;
    struct rx_trades *set = rx_trades_new();
    uint64_t seed = 4;
    const uint32_t w = add_name(set, "w", 0);
    const uint32_t shadow = add_name(set, "shadow", 0);
    const uint32_t noise = add_name(set, "noise", 0);
    uint32_t tokens[10];
    for (unsigned i = 0; i < 10; i++) {
        rx_auto(buf) struct rx_buf text = RX_BUF_INIT(16);
        rx_buf_printf(&text, "T%u", i);
        tokens[i] = add_token(set, text.p);
    }
    for (int i = 0; i < 40; i++) {
        const uint32_t token = tokens[i % 10];
        const int64_t at = 100000 + i * 7200;
        add_row(set, w, token, RX_SIDE_BUY, at, 1, 10);
        add_row(set, shadow, token, RX_SIDE_BUY, at - 40, 1, 10);
        add_row(set, noise, token, RX_SIDE_BUY, at + 1000 + (int64_t)(next_random(&seed) % 5000), 1,
                10);
    }
    assert_int_equal(rx_trades_finish(set), 0);
    size_t n = 0;
    rx_autofree struct rx_related *list = relations(set, "w0", &n, NULL);
    const struct rx_related *found = find(set, list, n, "shadow0");
    assert_non_null(found);
    assert_int_equal(found->relation, RX_RELATION_COORDINATED);
    assert_true(found->score > .95 && found->events == 40 && found->leads == 1);
    assert_int_equal(found->shared_tokens, 10);
    const struct rx_related *other = find(set, list, n, "noise0");
    assert_true(!other || other->relation == RX_RELATION_SIMILAR);
    rx_trades_free(set);
}

static void test_similarity_discounts_the_crowd(void **state)
{
    (void)state;
    struct rx_trades *set = rx_trades_new();
    const uint32_t crowd[3] = {add_token(set, "C1"), add_token(set, "C2"), add_token(set, "C3")};
    const uint32_t rare[3] = {add_token(set, "R1"), add_token(set, "R2"), add_token(set, "R3")};
    const uint32_t w = add_name(set, "w", 0);
    const uint32_t twin = add_name(set, "twin", 0);
    int64_t at = 0;
    for (int i = 0; i < 3; i++) {
        add_row(set, w, crowd[i], RX_SIDE_BUY, at += 10000, 1, 10);
        add_row(set, w, rare[i], RX_SIDE_BUY, at += 10000, 1, 10);
        add_row(set, twin, rare[i], RX_SIDE_BUY, at += 10000, 1, 10);
        for (unsigned k = 0; k < 100; k++) {
            add_row(set, add_name(set, "c", k), crowd[i], RX_SIDE_BUY, at += 10000, 1, 10);
        }
    }
    assert_int_equal(rx_trades_finish(set), 0);
    size_t n = 0;
    rx_autofree struct rx_related *list = relations(set, "w0", &n, NULL);
    const struct rx_related *found = find(set, list, n, "twin0");
    assert_non_null(found);
    assert_int_equal(found->relation, RX_RELATION_SIMILAR);
    assert_true(found->score > .9);
    assert_null(find(set, list, n, "c5"));
    assert_int_equal(n, 1);
    rx_trades_free(set);
}

static void test_window_rows_are_bounded(void **state)
{
    (void)state;
    struct rx_trades *set = rx_trades_new();
    const uint32_t token = add_token(set, "T");
    for (unsigned i = 0; i < 3000; i++) {
        add_row(set, add_name(set, "w", i), token, RX_SIDE_BUY, 1000, 1, 10);
    }
    assert_int_equal(rx_trades_finish(set), 0);
    size_t n = 0;
    size_t cut = 0;
    rx_autofree struct rx_related *list = relations(set, "w0", &n, &cut);
    assert_true(cut > 0);
    rx_trades_free(set);
}

static int torture_related(void *arg)
{
    const struct rx_trades *set = arg;
    struct rx_related *list = NULL;
    size_t n = 0;
    const uint32_t wallet = name_of(set, "w");
    const struct rx_related_options options = {
        .wallets = &wallet, .n_wallets = 1, .as_of = RX_TIME_MAX, .max = 5};
    const int rc = rx_related_find(set, &options, &list, &n, NULL);
    free(list);
    return rc;
}

static void test_without_memory(void **state)
{
    (void)state;
    rx_auto(trades) struct rx_trades *set = set_of("w,T,transfer_in,1,1,,,f\n");
    assert_int_equal(rx_torture_alloc(torture_related, set), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_funding),
        cmocka_unit_test(test_hubs_are_not_followed),
        cmocka_unit_test(test_coordination),
        cmocka_unit_test(test_similarity_discounts_the_crowd),
        cmocka_unit_test(test_window_rows_are_bounded),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
