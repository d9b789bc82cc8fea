// SPDX-License-Identifier: Apache-2.0
#include "agent/sources/book.h"

#include <pthread.h>
#include <stdlib.h>

#include "agent/engine/features/pool.h"
#include "tests/support/test.h"

static unsigned add_source(struct rx_book *book, const char *name, const char *chain)
{
    unsigned index = 99;
    struct rx_error err = {0};
    assert_ok(rx_book_add_source(book, name, "evm", chain, &index, &err), &err);
    return index;
}

static struct rx_snapshot *snapshot(struct rx_book *book, unsigned source, uint8_t last,
                                    int decimals)
{
    uint8_t key[20] = {0};
    key[19] = last;
    struct rx_snapshot *out = rx_snapshot_new(book, source, key, 0);
    assert_non_null(out);
    out->decimals = decimals;
    return out;
}

static void publish(struct rx_book *book, unsigned source, uint64_t block,
                    struct rx_snapshot *const *put, size_t n)
{
    const struct rx_book_change change = {
        .as_of_block = block, .as_of_time = (int64_t)block * 10, .put = put, .n_put = n};
    assert_int_equal(rx_book_publish(book, source, &change), 0);
}

static enum rx_lookup look(struct rx_book *book, const char *chain, uint8_t last, int *ret_decimals,
                           struct rx_as_of *as_of)
{
    uint8_t key[20] = {0};
    struct rx_snapshot *found = NULL;
    key[19] = last;
    enum rx_lookup result = rx_book_lookup(book, chain, key, &found, as_of);
    if (found) {
        *ret_decimals = found->decimals;
    }
    rx_snapshot_unref(found);
    return result;
}

static void test_lookup(void **state)
{
    (void)state;
    struct rx_clock_manual clock;
    rx_clock_manual_init(&clock, 0);
    rx_clock_manual_advance(&clock, RX_NS_PER_S);
    struct rx_book *book = rx_book_new(&clock.clock);
    unsigned one = add_source(book, "one", "ethereum");
    struct rx_as_of as_of = {0};
    int decimals = 0;
    assert_int_equal(look(book, "base", 1, &decimals, &as_of), RX_LOOKUP_NO_CHAIN);
    assert_int_equal(look(book, "ethereum", 1, &decimals, &as_of), RX_LOOKUP_SYNCING);
    struct rx_snapshot *first = snapshot(book, one, 1, 7);
    assert_string_equal(first->address, "0x0000000000000000000000000000000000000001");
    assert_string_equal(first->chain, "ethereum");
    uint64_t generation = rx_book_generation(book);
    publish(book, one, 50, &first, 1);
    assert_true(rx_book_generation(book) > generation);
    rx_book_set_head(book, one, 52, 520);
    rx_clock_manual_advance(&clock, 3 * RX_NS_PER_S);
    assert_int_equal(look(book, "ethereum", 1, &decimals, &as_of), RX_LOOKUP_FOUND);
    assert_int_equal(decimals, 7);
    assert_int_equal(as_of.block, 50);
    assert_int_equal(as_of.time, 500);
    /* 20 s behind the head, which was told 3 s ago. */
    assert_true(as_of.lag_seconds > 22.99 && as_of.lag_seconds < 23.01);
    assert_int_equal(look(book, "ethereum", 2, &decimals, &as_of), RX_LOOKUP_SYNCING);
    rx_book_set_state(book, one, RX_SOURCE_FOLLOWING, 0);
    assert_int_equal(look(book, "ethereum", 2, &decimals, &as_of), RX_LOOKUP_UNKNOWN);
    /* A new pool elsewhere does not make known tokens unknown again. */
    rx_book_set_state(book, one, RX_SOURCE_BACKFILLING, 0);
    assert_int_equal(look(book, "ethereum", 2, &decimals, &as_of), RX_LOOKUP_UNKNOWN);
    rx_book_free(book);
}

static void test_replace_and_drop(void **state)
{
    (void)state;
    struct rx_book *book = rx_book_new(NULL);
    unsigned one = add_source(book, "one", "ethereum");
    struct rx_snapshot *put[] = {snapshot(book, one, 1, 1), snapshot(book, one, 2, 2)};
    struct rx_as_of as_of, walked[4];
    int decimals = 0;
    publish(book, one, 1, put, 2);
    uint8_t key[20] = {0};
    key[19] = 1;
    struct rx_snapshot *held = NULL;
    assert_int_equal(rx_book_lookup(book, "ethereum", key, &held, &as_of), RX_LOOKUP_FOUND);
    struct rx_snapshot *newer = snapshot(book, one, 1, 9);
    publish(book, one, 2, &newer, 1);
    assert_int_equal(held->decimals, 1); /* what a reader holds stays as it was */
    rx_snapshot_unref(held);
    (void)look(book, "ethereum", 1, &decimals, &as_of);
    assert_int_equal(decimals, 9);
    struct rx_snapshot *out[4];
    size_t pos = 0;
    assert_int_equal(rx_book_walk(book, &pos, out, 1, walked), 1);
    rx_snapshot_unref(out[0]);
    assert_int_equal(rx_book_walk(book, &pos, out, 4, walked), 1);
    rx_snapshot_unref(out[0]);
    assert_int_equal(rx_book_walk(book, &pos, out, 4, walked), 0);
    const struct rx_book_change drop = {
        .as_of_block = 1, .drop = (const uint8_t(*)[20])key, .n_drop = 1};
    assert_int_equal(rx_book_publish(book, one, &drop), 0);
    rx_book_set_state(book, one, RX_SOURCE_FOLLOWING, 0);
    assert_int_equal(look(book, "ethereum", 1, &decimals, &as_of), RX_LOOKUP_UNKNOWN);
    struct rx_snapshot *again = snapshot(book, one, 1, 3);
    publish(book, one, 3, &again, 1);
    rx_book_free(book);
}

static void test_two_sources_of_a_chain(void **state)
{
    (void)state;
    struct rx_book *book = rx_book_new(NULL);
    unsigned one = add_source(book, "one", "ethereum"), two = add_source(book, "two", "ethereum");
    struct rx_as_of as_of;
    int decimals = 0;
    rx_book_set_state(book, one, RX_SOURCE_FOLLOWING, 0);
    assert_int_equal(look(book, "ethereum", 1, &decimals, &as_of), RX_LOOKUP_SYNCING);
    struct rx_snapshot *put = snapshot(book, two, 1, 4);
    publish(book, two, 1, &put, 1);
    assert_int_equal(look(book, "ethereum", 1, &decimals, &as_of), RX_LOOKUP_FOUND);
    assert_int_equal(decimals, 4);
    rx_book_free(book);
}

static void test_status(void **state)
{
    (void)state;
    struct rx_clock_manual clock;
    struct rx_source_status status;
    rx_clock_manual_init(&clock, 0);
    rx_clock_manual_advance(&clock, RX_NS_PER_S);
    struct rx_book *book = rx_book_new(&clock.clock);
    unsigned one = add_source(book, "one", "ethereum");
    rx_book_set_state(book, one, RX_SOURCE_FOLLOWING, 3);
    rx_book_status(book, one, &status);
    assert_false(status.synced); /* the node was never heard of */
    rx_book_set_head(book, one, 9, 90);
    rx_book_set_error(book, one, "node: gone");
    rx_clock_manual_advance(&clock, 10 * RX_NS_PER_S);
    rx_book_set_error(book, one, "node: still gone");
    rx_book_status(book, one, &status);
    assert_true(status.synced);
    assert_string_equal(status.error, "node: still gone");
    assert_true(status.error_seconds > 9.9 && status.error_seconds < 10.1);
    assert_int_equal(status.head_block, 9);
    assert_int_equal(status.from_block, 3);
    rx_clock_manual_advance(&clock, 60 * RX_NS_PER_S);
    rx_book_set_error(book, one, NULL);
    rx_book_status(book, one, &status);
    assert_false(status.synced);
    assert_string_equal(status.error, "");
    assert_true(status.error_seconds < 0.1);
    for (unsigned i = 1; i < RX_BOOK_MAX_SOURCES; i++) {
        (void)add_source(book, "more", "ethereum");
    }
    unsigned index;
    struct rx_error err = {0};
    assert_int_equal(rx_book_add_source(book, "x", "evm", "c", &index, &err), RX_ELIMIT);
    for (int i = 0; i < RX_SOURCE_STATE_MAX; i++) {
        assert_non_null(rx_source_state_name((enum rx_source_state)i));
    }
    rx_book_free(book);
}

#define ROUNDS 3000

struct race {
    struct rx_book *book;
    unsigned source;
    atomic_bool done;
};

/* A snapshot's decimals are made equal to the block of its publication. */
static void *read_all_the_time(void *arg)
{
    struct race *race = arg;
    struct rx_as_of as_of;
    int decimals = 0;
    size_t wrong = 0;
    while (!atomic_load(&race->done)) {
        for (uint8_t last = 1; last <= 4; last++) {
            if (look(race->book, "ethereum", last, &decimals, &as_of) == RX_LOOKUP_FOUND) {
                wrong += (uint64_t)decimals != as_of.block;
            }
        }
    }
    return (void *)wrong;
}

static void test_readers_see_whole_publications(void **state)
{
    (void)state;
    struct rx_book *book = rx_book_new(NULL);
    struct race race = {.book = book, .source = add_source(book, "one", "ethereum")};
    pthread_t readers[2];
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&readers[i], NULL, read_all_the_time, &race), 0);
    }
    for (int block = 1; block <= ROUNDS; block++) {
        struct rx_snapshot *put[4];
        for (uint8_t i = 0; i < 4; i++) {
            put[i] = snapshot(book, race.source, (uint8_t)(i + 1), block);
        }
        publish(book, race.source, (uint64_t)block, put, 4);
    }
    atomic_store(&race.done, true);
    for (int i = 0; i < 2; i++) {
        void *wrong = NULL;
        pthread_join(readers[i], &wrong);
        assert_null(wrong);
    }
    rx_book_free(book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lookup),
        cmocka_unit_test(test_replace_and_drop),
        cmocka_unit_test(test_two_sources_of_a_chain),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_readers_see_whole_publications),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
