// SPDX-License-Identifier: Apache-2.0
#include "common/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "tests/support/test.h"
#include "tests/support/torture.h"

struct fixture {
    char folder[64];
    char path[96];
};

static int setup(void **state)
{
    static struct fixture fixture;
    (void)snprintf(fixture.folder, sizeof(fixture.folder), "/tmp/test_file.XXXXXX");
    if (!mkdtemp(fixture.folder)) {
        return -1;
    }
    (void)snprintf(fixture.path, sizeof(fixture.path), "%s/file", fixture.folder);
    *state = &fixture;
    return 0;
}

static int count_entries(const struct fixture *fixture)
{
    DIR *dir = opendir(fixture->folder);
    int n = -2;
    while (readdir(dir)) {
        n++;
    }
    closedir(dir);
    return n;
}

static int teardown(void **state)
{
    const struct fixture *fixture = *state;
    rx_torture_disarm();
    rx_torture_max_io(0);
    unlink(fixture->path);
    return rmdir(fixture->folder);
}

static void test_write_and_read(void **state)
{
    const struct fixture *fixture = *state;
    struct rx_error err;
    assert_ok(rx_file_write_atomic(fixture->path, RX_STR("one"), 0600, &err), &err);
    rx_torture_max_io(1);
    assert_ok(rx_file_write_atomic(fixture->path, RX_STR("two\0three"), 0640, &err), &err);
    rx_auto(buf) struct rx_buf buf = RX_BUF_INIT(100);
    rx_buf_puts(&buf, ">");
    assert_ok(rx_file_read(fixture->path, &buf, &err), &err);
    assert_int_equal(buf.n, 10);
    assert_memory_equal(buf.p, ">two\0three", 10);
    struct stat info;
    assert_int_equal(stat(fixture->path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
    assert_int_equal(count_entries(fixture), 1);
}

static void test_errors(void **state)
{
    const struct fixture *fixture = *state;
    struct rx_error err;
    rx_auto(buf) struct rx_buf buf = RX_BUF_INIT(3);
    assert_int_equal(rx_file_read(fixture->path, &buf, &err), -ENOENT);
    assert_message(&err, fixture->path);
    assert_message(&err, "No such file");
    assert_ok(rx_file_write_atomic(fixture->path, RX_STR("four"), 0600, &err), &err);
    assert_int_equal(rx_file_read(fixture->path, &buf, &err), RX_ELIMIT);
    assert_message(&err, "more than 3 bytes");
    rx_buf_clear(&buf);
    assert_int_equal(rx_file_read(fixture->folder, &buf, &err), -EISDIR);
    assert_int_equal(rx_file_write_atomic("/nonexistent/x", RX_STR(""), 0600, &err), -ENOENT);
}

static int read_file(void *arg)
{
    rx_auto(buf) struct rx_buf buf = RX_BUF_INIT(1u << 20);
    return rx_file_read(arg, &buf, NULL);
}

static int write_file(void *arg)
{
    return rx_file_write_atomic(arg, RX_STR("new"), 0600, NULL);
}

static void test_failures_leave_the_old_file(void **state)
{
    struct fixture *fixture = *state;
    struct rx_error err;
    assert_ok(rx_file_write_atomic(fixture->path, RX_STR("old"), 0600, &err), &err);
    rx_torture_fail_nth(RX_TORTURE_WRITE, 1, ENOSPC);
    assert_int_equal(write_file(fixture->path), -ENOSPC);
    rx_torture_disarm();
    rx_auto(buf) struct rx_buf buf = RX_BUF_INIT(10);
    assert_ok(rx_file_read(fixture->path, &buf, &err), &err);
    assert_buf(&buf, "old");
    assert_int_equal(count_entries(fixture), 1);
    assert_true(rx_torture(RX_TORTURE_READ, EIO, -EIO, read_file, fixture->path) >= 2);
    assert_true(rx_torture_alloc(read_file, fixture->path) >= 1);
    assert_true(rx_torture_alloc(write_file, fixture->path) >= 1);
    assert_int_equal(count_entries(fixture), 1);
}

static void test_interrupted_calls_are_repeated(void **state)
{
    struct fixture *fixture = *state;
    rx_torture_fail_nth(RX_TORTURE_WRITE, 1, EINTR);
    assert_int_equal(write_file(fixture->path), 0);
    assert_true(rx_torture_disarm());
    rx_torture_fail_nth(RX_TORTURE_READ, 1, EINTR);
    assert_int_equal(read_file(fixture->path), 0);
    assert_true(rx_torture_disarm());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_write_and_read, setup, teardown),
        cmocka_unit_test_setup_teardown(test_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failures_leave_the_old_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_interrupted_calls_are_repeated, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
