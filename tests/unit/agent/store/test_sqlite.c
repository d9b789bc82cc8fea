// SPDX-License-Identifier: Apache-2.0
#include "agent/store/sqlite.h"

#include <errno.h>
#include <math.h>

#include "tests/support/test.h"
#include "tests/unit/agent/store/temp.h"

static struct rx_sqlite *open_db(const char *path)
{
    struct rx_sqlite *db = NULL;
    struct rx_error err = {0};
    assert_ok(rx_sqlite_open(path, 50, &db, &err), &err);
    return db;
}

static void test_values(void **state)
{
    (void)state;
    struct temp temp;
    struct rx_error err = {0};
    temp_init(&temp);
    struct rx_sqlite *db = open_db(temp.path);
    struct rx_sqlite_stmt *put = NULL, *get = NULL;
    assert_ok(rx_sqlite_exec(db, "CREATE TABLE t (i, d, s, b, n)", &err), &err);
    assert_ok(rx_sqlite_prepare(db, "INSERT INTO t VALUES (?, ?, ?, ?, ?)", &put, &err), &err);
    rx_sqlite_bind_i64(put, 1, INT64_MIN);
    rx_sqlite_bind_double(put, 2, NAN);
    rx_sqlite_bind_text(put, 3, "\xc3\xa4");
    rx_sqlite_bind_blob(put, 4, (struct rx_str){"a\0b", 3});
    rx_sqlite_bind_null(put, 5);
    assert_ok(rx_sqlite_run(put, &err), &err);
    /* Bindings do not survive into the next use; an empty blob is no NULL. */
    rx_sqlite_bind_blob(put, 4, (struct rx_str){NULL, 0});
    assert_ok(rx_sqlite_run(put, &err), &err);
    assert_ok(rx_sqlite_prepare(db, "SELECT i, d, s, b, n FROM t ORDER BY rowid", &get, &err),
              &err);
    assert_int_equal(rx_sqlite_step(get, &err), 1);
    assert_int_equal(rx_sqlite_col_i64(get, 0), INT64_MIN);
    assert_true(rx_sqlite_col_is_null(get, 1));
    assert_string_equal(rx_sqlite_col_text(get, 2), "\xc3\xa4");
    assert_int_equal(rx_sqlite_col_blob(get, 3).n, 3);
    assert_memory_equal(rx_sqlite_col_blob(get, 3).p, "a\0b", 3);
    assert_string_equal(rx_sqlite_col_text(get, 4), "");
    assert_int_equal(rx_sqlite_step(get, &err), 1);
    assert_true(rx_sqlite_col_is_null(get, 0));
    assert_false(rx_sqlite_col_is_null(get, 3));
    assert_int_equal(rx_sqlite_col_blob(get, 3).n, 0);
    assert_int_equal(rx_sqlite_step(get, &err), 0);
    rx_sqlite_stmt_free(put);
    rx_sqlite_stmt_free(get);
    rx_sqlite_close(db);
    temp_fini(&temp);
}

static void test_errors(void **state)
{
    (void)state;
    struct temp temp;
    struct rx_error err = {0};
    temp_init(&temp);
    struct rx_sqlite *db = open_db(temp.path), *other = open_db(temp.path);
    struct rx_sqlite_stmt *stmt = NULL;
    assert_int_equal(rx_sqlite_exec(db, "nonsense", &err), RX_EINVALID);
    assert_message(&err, "syntax error");
    assert_false(err.retryable);
    assert_int_equal(rx_sqlite_prepare(db, "SELECT x FROM nowhere", &stmt, &err), RX_EINVALID);
    assert_null(stmt);
    assert_ok(rx_sqlite_exec(db, "CREATE TABLE t (x UNIQUE); INSERT INTO t VALUES (1)", &err),
              &err);
    assert_int_equal(rx_sqlite_exec(db, "INSERT INTO t VALUES (1)", &err), RX_ECONFLICT);
    /* A bind beyond the parameters shows in the step. */
    assert_ok(rx_sqlite_prepare(db, "INSERT INTO t VALUES (?)", &stmt, &err), &err);
    rx_sqlite_bind_i64(stmt, 2, 5);
    assert_true(rx_sqlite_run(stmt, &err) < 0);
    rx_sqlite_bind_i64(stmt, 1, 5);
    assert_ok(rx_sqlite_run(stmt, &err), &err);
    assert_ok(rx_sqlite_exec(other, "BEGIN IMMEDIATE", &err), &err);
    assert_int_equal(rx_sqlite_exec(db, "BEGIN IMMEDIATE", &err), -EBUSY);
    assert_true(err.retryable);
    assert_message(&err, temp.path);
    rx_sqlite_rollback(other);
    rx_sqlite_rollback(other); /* none is open: nothing happens */
    int64_t value = 0;
    assert_ok(rx_sqlite_get_i64(db, "SELECT x FROM t WHERE x = 77", -3, &value, &err), &err);
    assert_int_equal(value, -3);
    rx_sqlite_stmt_free(stmt);
    rx_sqlite_stmt_free(NULL);
    rx_sqlite_close(db);
    rx_sqlite_close(other);
    rx_sqlite_close(NULL);
    temp_fini(&temp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
