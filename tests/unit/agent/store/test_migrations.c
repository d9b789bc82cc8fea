// SPDX-License-Identifier: Apache-2.0
#include "agent/store/migrations.h"

#include <errno.h>

#include "tests/support/test.h"
#include "tests/unit/agent/store/temp.h"

static int64_t get(struct rx_sqlite *db, const char *sql)
{
    struct rx_error err = {0};
    int64_t value = -1;
    assert_ok(rx_sqlite_get_i64(db, sql, -1, &value, &err), &err);
    return value;
}

static void test_makes_and_repeats(void **state)
{
    (void)state;
    struct temp temp;
    struct rx_error err = {0};
    struct rx_sqlite *db = NULL;
    temp_init(&temp);
    assert_ok(rx_sqlite_open(temp.path, 100, &db, &err), &err);
    assert_int_equal(get(db, "PRAGMA user_version"), 0);
    assert_ok(rx_migrate(db, &err), &err);
    assert_int_equal(get(db, "PRAGMA user_version"), rx_migrations_latest());
    assert_int_equal(get(db, "SELECT count(*) FROM sqlite_master WHERE name IN ('tokens',"
                             " 'token_scores', 'sources', 'source_cursors', 'source_blocks',"
                             " 'pools', 'pool_events', 'forecasts', 'recalibration',"
                             " 'recalibration_audit')"),
                     10);
    assert_ok(rx_sqlite_exec(db, "INSERT INTO tokens (address, chain) VALUES ('0x1', 'c')", &err),
              &err);
    assert_ok(rx_migrate(db, &err), &err);
    assert_int_equal(get(db, "SELECT count(*) FROM tokens"), 1);
    rx_sqlite_close(db);
    temp_fini(&temp);
}

static void test_newer_is_refused(void **state)
{
    (void)state;
    struct temp temp;
    struct rx_error err = {0};
    struct rx_sqlite *db = NULL;
    temp_init(&temp);
    assert_ok(rx_sqlite_open(temp.path, 100, &db, &err), &err);
    assert_ok(rx_migrate(db, &err), &err);
    assert_ok(rx_sqlite_exec(db, "PRAGMA user_version = 999", &err), &err);
    assert_int_equal(rx_migrate(db, &err), RX_EINVALID);
    assert_message(&err, "version 999, newer than");
    rx_sqlite_close(db);
    temp_fini(&temp);
}

/* A step that fails half-way leaves the version before it, and nothing of itself. */
static void test_failed_step_leaves_nothing(void **state)
{
    (void)state;
    struct temp temp;
    struct rx_error err = {0};
    struct rx_sqlite *db = NULL;
    temp_init(&temp);
    assert_ok(rx_sqlite_open(temp.path, 100, &db, &err), &err);
    assert_ok(rx_sqlite_exec(db, "CREATE TABLE pools (x)", &err), &err);
    assert_true(rx_migrate(db, &err) < 0);
    assert_message(&err, "migration to version 1");
    assert_int_equal(get(db, "PRAGMA user_version"), 0);
    assert_int_equal(get(db, "SELECT count(*) FROM sqlite_master WHERE type = 'table'"), 1);
    assert_ok(rx_sqlite_exec(db, "DROP TABLE pools", &err), &err);
    assert_ok(rx_migrate(db, &err), &err);
    rx_sqlite_close(db);
    temp_fini(&temp);
}

static void test_not_a_database(void **state)
{
    (void)state;
    struct temp temp;
    struct rx_error err = {0};
    struct rx_sqlite *db = NULL;
    temp_init(&temp);
    FILE *file = fopen(temp.path, "wb");
    assert_non_null(file);
    for (int i = 0; i < 1000; i++) {
        fputs("this is no database, ", file);
    }
    fclose(file);
    assert_int_equal(rx_sqlite_open(temp.path, 100, &db, &err), -EUCLEAN);
    assert_message(&err, temp.path);
    assert_null(db);
    temp_fini(&temp);
}

static void test_no_folder(void **state)
{
    (void)state;
    struct rx_error err = {0};
    struct rx_sqlite *db = NULL;
    assert_int_equal(rx_sqlite_open("/nonexistent/x.db", 100, &db, &err), -ENOENT);
    assert_message(&err, "/nonexistent/x.db");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_makes_and_repeats),
        cmocka_unit_test(test_newer_is_refused),
        cmocka_unit_test(test_failed_step_leaves_nothing),
        cmocka_unit_test(test_not_a_database),
        cmocka_unit_test(test_no_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
