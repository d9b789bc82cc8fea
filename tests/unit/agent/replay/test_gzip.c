// SPDX-License-Identifier: Apache-2.0
#include "agent/replay/gzip.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "tests/support/test.h"
#include "tests/support/torture.h"

static char folder[] = "/tmp/radarx-test-XXXXXX";
static char path[64];

static int setup(void **state)
{
    (void)state;
    if (!mkdtemp(folder)) {
        return -1;
    }
    snprintf(path, sizeof(path), "%s/lines", folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static void put(const void *bytes, size_t n)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

/* "one\ntwo\n", made by gzip -n. */
static const unsigned char packed[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03,
                                       0xcb, 0xcf, 0x4b, 0xe5, 0x2a, 0x29, 0xcf, 0xe7, 0x02, 0x00,
                                       0xe6, 0x0b, 0xba, 0x12, 0x08, 0x00, 0x00, 0x00};

static struct rx_lines *open_lines(void)
{
    struct rx_lines *lines = NULL;
    struct rx_error err = {0};
    assert_ok(rx_lines_open(path, &lines, &err), &err);
    return lines;
}

static void test_plain(void **state)
{
    (void)state;
    put("a\r\n\nlast", 8);
    rx_auto(lines) struct rx_lines *lines = open_lines();
    struct rx_str line;
    assert_int_equal(rx_lines_next(lines, &line, NULL), 1);
    assert_str(line, "a");
    assert_int_equal(rx_lines_next(lines, &line, NULL), 1);
    assert_str(line, "");
    assert_int_equal(rx_lines_next(lines, &line, NULL), 1);
    assert_str(line, "last");
    assert_int_equal(rx_lines_number(lines), 3);
    assert_int_equal(rx_lines_next(lines, &line, NULL), 0);
    assert_int_equal(rx_lines_next(lines, &line, NULL), 0);
    assert_string_equal(rx_lines_path(lines), path);
}

static void test_gzip(void **state)
{
    (void)state;
    put(packed, sizeof(packed));
    rx_auto(lines) struct rx_lines *lines = open_lines();
    struct rx_str line;
    assert_int_equal(rx_lines_next(lines, &line, NULL), 1);
    assert_str(line, "one");
    assert_int_equal(rx_lines_next(lines, &line, NULL), 1);
    assert_str(line, "two");
    assert_int_equal(rx_lines_next(lines, &line, NULL), 0);
}

static int read_all(struct rx_error *err)
{
    rx_auto(lines) struct rx_lines *lines = open_lines();
    struct rx_str line;
    int rc;
    do {
        rc = rx_lines_next(lines, &line, err);
    } while (rc == 1);
    return rc;
}

static void test_truncated(void **state)
{
    (void)state;
    /* Cut behind the header: always an error, never a short but silent read. */
    for (size_t n = 11; n < sizeof(packed); n++) {
        struct rx_error err = {0};
        put(packed, n);
        assert_int_equal(read_all(&err), RX_EPARSE);
        assert_message(&err, path);
        assert_message(&err, "truncated");
    }
}

static void test_damaged(void **state)
{
    (void)state;
    unsigned char bytes[sizeof(packed)];
    struct rx_error err = {0};
    memcpy(bytes, packed, sizeof(packed));
    bytes[22] ^= 1; /* the checksum */
    put(bytes, sizeof(bytes));
    assert_int_equal(read_all(&err), RX_EPARSE);
    assert_message(&err, "damaged compression");
}

static void test_line_limit(void **state)
{
    (void)state;
    static char text[2 * RX_LINE_MAX];
    memset(text, 'x', sizeof(text));
    text[RX_LINE_MAX] = '\n';
    text[RX_LINE_MAX + 1] = '\n';
    put(text, RX_LINE_MAX + 2);
    struct rx_error err = {0};
    assert_ok(read_all(&err), &err);
    text[RX_LINE_MAX] = 'x';
    put(text, RX_LINE_MAX + 2);
    assert_int_equal(read_all(&err), RX_ELIMIT);
    assert_message(&err, "line 1: longer than 65536 bytes");
    text[RX_LINE_MAX + 1] = 'x';
    put(text, sizeof(text));
    assert_int_equal(read_all(&err), RX_ELIMIT);
    rx_auto(lines) struct rx_lines *lines = NULL;
    struct rx_str line;
    assert_ok(rx_lines_open_long(path, sizeof(text), &lines, &err), &err);
    assert_int_equal(rx_lines_next(lines, &line, &err), 1);
    assert_int_equal(line.n, sizeof(text));
    assert_int_equal(rx_lines_next(lines, &line, &err), 0);
}

static void test_many_lines(void **state)
{
    (void)state;
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 100000; i++) {
        fprintf(file, "%d,%.*s\n", i, i % 60,
                "............................................................");
    }
    assert_int_equal(fclose(file), 0);
    rx_auto(lines) struct rx_lines *lines = open_lines();
    struct rx_str line;
    for (int i = 0; i < 100000; i++) {
        char want[16];
        assert_int_equal(rx_lines_next(lines, &line, NULL), 1);
        snprintf(want, sizeof(want), "%d,", i);
        assert_true(rx_str_starts(line, rx_str_of(want)));
        assert_int_equal(line.n, strlen(want) + (size_t)(i % 60));
    }
    assert_int_equal(rx_lines_next(lines, &line, NULL), 0);
}

static void test_absent(void **state)
{
    (void)state;
    struct rx_lines *lines = NULL;
    struct rx_error err = {0};
    assert_int_equal(rx_lines_open("/nonexistent/x.csv", &lines, &err), -ENOENT);
    assert_message(&err, "/nonexistent/x.csv");
    assert_null(lines);
    /* A folder opens, but does not read. */
    assert_ok(rx_lines_open(folder, &lines, &err), &err);
    struct rx_str line;
    assert_int_equal(rx_lines_next(lines, &line, &err), -EISDIR);
    assert_message(&err, folder);
    rx_lines_close(lines);
    rx_lines_close(NULL);
}

static int open_and_close(void *arg)
{
    (void)arg;
    struct rx_lines *lines = NULL;
    struct rx_error err = {0};
    int rc = rx_lines_open(path, &lines, &err);
    rx_lines_close(lines);
    return rc;
}

static void test_torture(void **state)
{
    (void)state;
    put("a\n", 2);
    assert_true(rx_torture_alloc(open_and_close, NULL) >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),      cmocka_unit_test(test_gzip),
        cmocka_unit_test(test_truncated),  cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_line_limit), cmocka_unit_test(test_many_lines),
        cmocka_unit_test(test_absent),     cmocka_unit_test(test_torture),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
