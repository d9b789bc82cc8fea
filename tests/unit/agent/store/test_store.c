// SPDX-License-Identifier: Apache-2.0
#include "agent/store/store.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "agent/store/sqlite.h"
#include "tests/support/test.h"
#include "tests/unit/agent/store/temp.h"

static struct rx_metrics *metrics;

static struct rx_store *open_store(const char *path, size_t queue_bytes)
{
    const struct rx_store_options options = {
        .path = path, .metrics = metrics, .max_queue_bytes = queue_bytes, .batch_ms = 5};
    struct rx_store *store = NULL;
    struct rx_error err = {0};
    assert_ok(rx_store_open(&options, &store, &err), &err);
    return store;
}

static const char *const chain = "ethereum";
static const char address[] = "0x00000000000000000000000000000000000000aa";

static struct rx_row_pool pool_row(uint32_t id, uint32_t source, uint64_t block)
{
    struct rx_row_pool row = {.id = id, .source = source, .chain = chain, .created_block = block};
    row.pair[0] = (uint8_t)id;
    row.token[19] = 0xaa;
    row.factory[0] = 0xfa;
    row.weth_pos = 1;
    return row;
}

static struct rx_unit *unit_of_block(uint32_t source, uint32_t pool, uint64_t block, bool has_pool)
{
    struct rx_unit *unit = rx_unit_new();
    const struct rx_row_token token = {chain, address, "AAA", "Triple A", 9};
    const struct rx_row_pool row = pool_row(pool, source, block);
    struct rx_row_event event = {.pool = pool,
                                 .block = block,
                                 .time = (int64_t)block * 12,
                                 .kind = RX_EVENT_SYNC,
                                 .data = {"\x01\x02\x00\x03", 4}};
    struct rx_row_block header = {
        .source = source, .number = block, .time = event.time, .has_events = true};
    struct rx_row_cursor cursor = {
        .source = source, .block = block, .time = event.time, .chain_id = 1, .fingerprint = "f"};
    assert_non_null(unit);
    if (has_pool) {
        assert_int_equal(rx_unit_token(unit, &token), 0);
        assert_int_equal(rx_unit_pool(unit, &row), 0);
    }
    for (event.logi = 0; event.logi < 3; event.logi++) {
        assert_int_equal(rx_unit_event(unit, &event), 0);
    }
    memset(header.hash, (int)block, sizeof header.hash);
    memset(cursor.hash, (int)block, sizeof cursor.hash);
    assert_int_equal(rx_unit_block(unit, &header), 0);
    assert_int_equal(rx_unit_cursor(unit, &cursor), 0);
    return unit;
}

struct seen {
    struct rx_row_cursor cursor;
    int cursors, blocks, pools, events;
    uint64_t last_block;
    char symbol[16];
    int decimals;
};

static int on_cursor(const struct rx_row_cursor *row, void *arg)
{
    struct seen *seen = arg;
    seen->cursor = *row;
    seen->cursors++;
    assert_string_equal(row->fingerprint, "f");
    return 0;
}

static int on_block(const struct rx_row_block *row, void *arg)
{
    struct seen *seen = arg;
    seen->blocks++;
    assert_int_equal(row->hash[7], row->number & 255);
    return 0;
}

static int on_pool(const struct rx_row_pool *row, const struct rx_row_token *token, void *arg)
{
    struct seen *seen = arg;
    seen->pools++;
    snprintf(seen->symbol, sizeof seen->symbol, "%s", token->symbol);
    seen->decimals = token->decimals;
    assert_string_equal(token->address, address);
    assert_int_equal(row->token[19], 0xaa);
    assert_int_equal(row->weth_pos, 1);
    return 0;
}

static int on_event(const struct rx_row_event *row, void *arg)
{
    struct seen *seen = arg;
    seen->events++;
    assert_true(row->block >= seen->last_block);
    seen->last_block = row->block;
    assert_int_equal(row->data.n, 4);
    assert_memory_equal(row->data.p, "\x01\x02\x00\x03", 4);
    assert_int_equal(row->time, row->block * 12);
    return 0;
}

static struct seen read_all(struct rx_store *store, uint32_t source)
{
    struct seen seen = {0};
    struct rx_error err = {0};
    const struct rx_store_visitor visitor = {on_cursor, on_block, on_pool, on_event, &seen};
    assert_ok(rx_store_read_source(store, source, &visitor, &err), &err);
    return seen;
}

static uint32_t source_id(struct rx_store *store, const char *name)
{
    struct rx_error err = {0};
    uint32_t id = 0;
    assert_ok(rx_store_source_id(store, name, &id, &err), &err);
    return id;
}

static void test_reads_back(void **state)
{
    (void)state;
    struct temp temp;
    temp_init(&temp);
    struct rx_store *store = open_store(temp.path, 0);
    uint32_t source = source_id(store, "a"), other = source_id(store, "b");
    assert_int_not_equal(source, other);
    assert_int_equal(source_id(store, "a"), source);
    for (uint64_t block = 1; block <= 50; block++) {
        assert_int_equal(rx_store_submit(store, unit_of_block(source, 1, block, block == 1), NULL),
                         0);
    }
    assert_int_equal(rx_store_submit(store, unit_of_block(other, 2, 7, true), NULL), 0);
    assert_int_equal(rx_store_flush(store, NULL), 0);
    struct seen seen = read_all(store, source);
    assert_int_equal(seen.cursor.block, 50);
    assert_int_equal(seen.blocks, 50);
    assert_int_equal(seen.pools, 1);
    assert_int_equal(seen.events, 150);
    assert_string_equal(seen.symbol, "AAA");
    assert_int_equal(seen.decimals, 9);
    assert_int_equal(read_all(store, other).events, 3);
    struct rx_store_status status;
    rx_store_status(store, &status);
    assert_true(status.ok);
    assert_int_equal(status.queue_units, 0);
    assert_int_equal(status.rows, 51 * 5 + 2 * 2);
    rx_store_close(store);
    temp_fini(&temp);
}

static void test_rewind_and_wipe(void **state)
{
    (void)state;
    struct temp temp;
    temp_init(&temp);
    struct rx_store *store = open_store(temp.path, 0);
    uint32_t source = source_id(store, "a"), other = source_id(store, "b");
    for (uint64_t block = 1; block <= 9; block++) {
        assert_int_equal(rx_store_submit(store, unit_of_block(source, 1, block, block == 1), NULL),
                         0);
    }
    assert_int_equal(rx_store_submit(store, unit_of_block(source, 3, 10, true), NULL), 0);
    assert_int_equal(rx_store_submit(store, unit_of_block(other, 2, 20, true), NULL), 0);
    struct rx_unit *unit = rx_unit_new();
    assert_int_equal(rx_unit_rewind(unit, source, 6), 0);
    assert_int_equal(rx_store_submit(store, unit, NULL), 0);
    assert_int_equal(rx_store_flush(store, NULL), 0);
    struct seen seen = read_all(store, source);
    assert_int_equal(seen.cursors, 0);
    assert_int_equal(seen.blocks, 6);
    assert_int_equal(seen.pools, 1);
    assert_int_equal(seen.events, 18);
    assert_int_equal(read_all(store, other).events, 3);
    unit = rx_unit_new();
    assert_int_equal(rx_unit_wipe(unit, source), 0);
    assert_int_equal(rx_store_submit(store, unit, NULL), 0);
    assert_int_equal(rx_store_flush(store, NULL), 0);
    seen = read_all(store, source);
    assert_int_equal(seen.blocks + seen.pools + seen.events, 0);
    assert_int_equal(read_all(store, other).events, 3);
    rx_store_close(store);
    temp_fini(&temp);
}

/* The child writes until it is killed. */
static void write_for_ever(const char *path)
{
    struct rx_metrics *own = rx_metrics_new();
    const struct rx_store_options options = {.path = path, .metrics = own, .batch_ms = 1};
    struct rx_store *store = NULL;
    uint32_t source = 0;
    if (rx_store_open(&options, &store, NULL) < 0 ||
        rx_store_source_id(store, "a", &source, NULL) < 0) {
        _exit(1);
    }
    struct seen seen = read_all(store, source);
    for (uint64_t block = seen.cursor.block + 1;; block++) {
        if (rx_store_submit(store, unit_of_block(source, 1, block, block == 1), NULL) < 0) {
            _exit(1);
        }
    }
}

/* Killed at any moment, the file holds whole units up to its cursor, and writing goes on there. */
static void test_killed_at_any_moment(void **state)
{
    (void)state;
    struct temp temp;
    temp_init(&temp);
    uint64_t before = 0;
    for (int round = 0; round < 8; round++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            write_for_ever(temp.path);
        }
        struct timespec moment = {.tv_nsec = (40 + round * 17 % 60) * 1000000L};
        nanosleep(&moment, NULL); /* a moment in the middle of writing, not a wait for anything */
        int status = 0;
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        struct rx_store *store = open_store(temp.path, 0);
        struct seen seen = read_all(store, source_id(store, "a"));
        assert_int_equal(seen.blocks, seen.cursor.block);
        assert_int_equal(seen.events, 3 * seen.cursor.block);
        assert_true(seen.cursor.block >= before);
        before = seen.cursor.block;
        rx_store_close(store);
    }
    assert_true(before > 0);
    temp_fini(&temp);
}

static void *unlock_later(void *arg)
{
    struct rx_sqlite *db = arg;
    struct rx_error err = {0};
    struct timespec pause = {.tv_nsec = 300 * 1000 * 1000};
    nanosleep(&pause, NULL); /* the lock's length is what is tested */
    assert_ok(rx_sqlite_exec(db, "ROLLBACK", &err), &err);
    return NULL;
}

/* Another program holds the write lock: the queue fills, submitters wait, nothing is lost. */
static void test_lock_holds_submitters_back(void **state)
{
    (void)state;
    struct temp temp;
    temp_init(&temp);
    struct rx_store *store = open_store(temp.path, 4000);
    uint32_t source = source_id(store, "a");
    struct rx_sqlite *db = NULL;
    struct rx_error err = {0};
    assert_ok(rx_sqlite_open(temp.path, 100, &db, &err), &err);
    assert_ok(rx_sqlite_exec(db, "BEGIN IMMEDIATE", &err), &err);
    /* Cancelled from the start, a submit tells at once whether there is room. */
    const atomic_bool cancel = true;
    uint64_t block = 0;
    int r = 0;
    while (r == 0) {
        block++;
        r = rx_store_submit(store, unit_of_block(source, 1, block, block == 1), &cancel);
    }
    assert_int_equal(r, -ECANCELED);
    assert_in_range(block, 2, 20);
    struct rx_unit *unit = unit_of_block(source, 1, block, block == 1);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, unlock_later, db), 0);
    assert_int_equal(rx_store_submit(store, unit, NULL), 0);
    assert_int_equal(rx_store_flush(store, NULL), 0);
    pthread_join(thread, NULL);
    struct seen seen = read_all(store, source);
    assert_int_equal(seen.cursor.block, block);
    assert_int_equal(seen.events, 3 * block);
    rx_sqlite_close(db);
    rx_store_close(store);
    temp_fini(&temp);
}

static void test_cancelled_wait(void **state)
{
    (void)state;
    struct temp temp;
    temp_init(&temp);
    struct rx_store *store = open_store(temp.path, 1);
    struct rx_sqlite *db = NULL;
    struct rx_error err = {0};
    atomic_bool cancel = true;
    assert_ok(rx_sqlite_open(temp.path, 100, &db, &err), &err);
    assert_ok(rx_sqlite_exec(db, "BEGIN IMMEDIATE", &err), &err);
    assert_int_equal(rx_store_submit(store, unit_of_block(1, 1, 1, true), NULL), 0);
    assert_int_equal(rx_store_submit(store, unit_of_block(1, 1, 2, false), &cancel), -ECANCELED);
    assert_int_equal(rx_store_flush(store, &cancel), -ECANCELED);
    assert_ok(rx_sqlite_exec(db, "ROLLBACK", &err), &err);
    rx_sqlite_close(db);
    rx_store_close(store);
    temp_fini(&temp);
}

/* A row that breaks a constraint fails its whole batch, is shown, and waits. */
static void test_refused_row_is_shown(void **state)
{
    (void)state;
    struct temp temp;
    temp_init(&temp);
    struct rx_store *store = open_store(temp.path, 0);
    uint32_t source = source_id(store, "a");
    struct rx_sqlite *db = NULL;
    struct rx_error err = {0};
    assert_ok(rx_sqlite_open(temp.path, 2000, &db, &err), &err);
    assert_ok(rx_sqlite_exec(db,
                             "CREATE TRIGGER full BEFORE INSERT ON pool_events BEGIN"
                             " SELECT raise(ABORT, 'the disk is full'); END",
                             &err),
              &err);
    assert_int_equal(rx_store_submit(store, unit_of_block(source, 1, 1, true), NULL), 0);
    struct rx_store_status status = {.ok = true};
    for (int i = 0; i < 500 && status.ok; i++) {
        struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
        nanosleep(&pause, NULL);
        rx_store_status(store, &status);
    }
    assert_false(status.ok);
    assert_non_null(strstr(status.error, "the disk is full"));
    assert_int_equal(status.queue_units, 1);
    assert_int_equal(read_all(store, source).pools, 0);
    assert_ok(rx_sqlite_exec(db, "DROP TRIGGER full", &err), &err);
    assert_int_equal(rx_store_flush(store, NULL), 0);
    rx_store_status(store, &status);
    assert_true(status.ok);
    assert_string_equal(status.error, "");
    assert_int_equal(read_all(store, source).events, 3);
    rx_sqlite_close(db);
    rx_store_close(store);
    temp_fini(&temp);
}

static void test_scores(void **state)
{
    (void)state;
    struct temp temp;
    temp_init(&temp);
    struct rx_store *store = open_store(temp.path, 0);
    struct rx_unit *unit = unit_of_block(source_id(store, "a"), 1, 1, true);
    const struct rx_row_score known = {.chain = chain,
                                       .address = address,
                                       .scored_at = 1000,
                                       .as_of_block = 1,
                                       .probability_data = "{}",
                                       .features = "{}",
                                       .risk_score = NAN,
                                       .model_version = "1"};
    struct rx_row_score unknown = known;
    unknown.address = "0x00000000000000000000000000000000000000bb";
    assert_int_equal(rx_unit_score(unit, &known), 0);
    assert_int_equal(rx_unit_score(unit, &unknown), 0);
    assert_int_equal(rx_store_submit(store, unit, NULL), 0);
    rx_store_close(store);
    struct rx_sqlite *db = NULL;
    struct rx_error err = {0};
    int64_t n = 0;
    assert_ok(rx_sqlite_open(temp.path, 100, &db, &err), &err);
    assert_ok(rx_sqlite_get_i64(db, "SELECT count(*) FROM token_scores WHERE risk_score IS NULL", 0,
                                &n, &err),
              &err);
    assert_int_equal(n, 1);
    rx_sqlite_close(db);
    temp_fini(&temp);
}

static int make_metrics(void **state)
{
    (void)state;
    metrics = rx_metrics_new();
    return metrics ? 0 : -1;
}

static int free_metrics(void **state)
{
    (void)state;
    rx_metrics_free(metrics);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_back),
        cmocka_unit_test(test_rewind_and_wipe),
        cmocka_unit_test(test_killed_at_any_moment),
        cmocka_unit_test(test_lock_holds_submitters_back),
        cmocka_unit_test(test_cancelled_wait),
        cmocka_unit_test(test_refused_row_is_shown),
        cmocka_unit_test(test_scores),
    };
    return cmocka_run_group_tests(tests, make_metrics, free_metrics);
}
