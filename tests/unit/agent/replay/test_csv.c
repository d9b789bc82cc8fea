// SPDX-License-Identifier: Apache-2.0
#include "agent/replay/csv.h"

#include <stdio.h>

#include "tests/support/test.h"
#include "tests/support/torture.h"

static char path[] = "/tmp/radarx-csv-XXXXXX";
static const char *const names[] = {"a", "b", "c"};
enum { A, B, C };

static int setup(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state)
{
    (void)state;
    return unlink(path);
}

static void put(const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int open_csv(const char *text, struct rx_csv **ret, struct rx_error *err)
{
    put(text);
    return rx_csv_open(path, names, 3, 1, ret, err);
}

static void test_columns(void **state)
{
    (void)state;
    rx_auto(csv) struct rx_csv *csv = NULL;
    struct rx_error err = {0};
    assert_ok(open_csv("\xef\xbb\xbfx,b,a\r\n1,2,3\r\n\r\n,5,\n", &csv, &err), &err);
    assert_false(rx_csv_has(csv, C));
    assert_int_equal(rx_csv_next(csv, &err), 1);
    assert_str(rx_csv_field(csv, A), "3");
    assert_str(rx_csv_field(csv, B), "2");
    assert_int_equal(rx_csv_field(csv, C).n, 0);
    assert_int_equal(rx_csv_next(csv, &err), 1);
    assert_str(rx_csv_field(csv, A), "");
    assert_int_equal(rx_csv_next(csv, &err), 0);
}

static void test_headers_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "line 1: a header line is expected"}, {"a,c\n", "line 1: column 'b' is missing"},
        {"b\n", "line 1: column 'a' is missing"},  {"a,b,a\n", "line 1: column 'a' appears twice"},
        {"A,B\n", "column 'a' is missing"},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        struct rx_csv *csv = NULL;
        struct rx_error err = {0};
        assert_int_equal(open_csv(cases[i].text, &csv, &err), RX_EINVALID);
        assert_message(&err, cases[i].message);
        assert_message(&err, path);
    }
    char wide[4096] = "a,b";
    for (int i = 0; i < RX_CSV_MAX_COLUMNS; i++) {
        strncat(wide, ",x", sizeof(wide) - strlen(wide) - 1);
    }
    struct rx_csv *csv = NULL;
    struct rx_error err = {0};
    assert_int_equal(open_csv(wide, &csv, &err), RX_ELIMIT);
    assert_message(&err, "more than 1024 columns");
}

static void test_open_all(void **state)
{
    (void)state;
    rx_auto(csv) struct rx_csv *csv = NULL;
    struct rx_error err = {0};
    double value;
    put("x,y y,z\n1,,3\n");
    assert_ok(rx_csv_open_all(path, &csv, &err), &err);
    assert_int_equal(rx_csv_columns(csv), 3);
    assert_string_equal(rx_csv_name(csv, 1), "y y");
    assert_int_equal(rx_csv_next(csv, &err), 1);
    assert_ok(rx_csv_double(csv, 2, &value, &err), &err);
    assert_true(value == 3);
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "a header line is expected"},
        {"a,,b\n", "line 1: column 2 has no name"},
        {"a,b,a\n", "column 'a' appears twice"},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        struct rx_csv *none = NULL;
        put(cases[i].text);
        assert_int_equal(rx_csv_open_all(path, &none, &err), RX_EINVALID);
        assert_message(&err, cases[i].message);
    }
}

static int open_all_once(void *arg)
{
    (void)arg;
    rx_auto(csv) struct rx_csv *csv = NULL;
    struct rx_error err = {0};
    return rx_csv_open_all(path, &csv, &err);
}

static void test_torture_all(void **state)
{
    (void)state;
    put("x,y\n1,2\n");
    assert_true(rx_torture_alloc(open_all_once, NULL) >= 4);
}

static void test_field_count(void **state)
{
    (void)state;
    rx_auto(csv) struct rx_csv *csv = NULL;
    struct rx_error err = {0};
    assert_ok(open_csv("a,b\n1,2\n1\n", &csv, &err), &err);
    assert_int_equal(rx_csv_next(csv, &err), 1);
    assert_int_equal(rx_csv_next(csv, &err), RX_EPARSE);
    assert_message(&err, "line 3: 2 fields expected, got 1");
}

/* Opens a table of one row with `field` in column a. */
static struct rx_csv *row_of(const char *field)
{
    char text[512];
    struct rx_csv *csv = NULL;
    struct rx_error err = {0};
    snprintf(text, sizeof(text), "a,b\n%s,0\n", field);
    assert_ok(open_csv(text, &csv, &err), &err);
    assert_int_equal(rx_csv_next(csv, &err), 1);
    return csv;
}

static void test_uint112(void **state)
{
    (void)state;
    static const char *const good[] = {"0",
                                       "1",
                                       "9999999999999999999",
                                       "10000000000000000000",
                                       "18446744073709551616",
                                       "00000000000000000000000000000000000042",
                                       "5192296858534827628530496329220095"};
    for (size_t i = 0; i < RX_ARRAY_LEN(good); i++) {
        rx_auto(csv) struct rx_csv *csv = row_of(good[i]);
        rx_u128 value;
        struct rx_u256 wide;
        rx_u128 want;
        assert_int_equal(rx_csv_uint112(csv, A, &value, NULL), 0);
        assert_int_equal(rx_csv_u256(csv, A, &wide, NULL), 0);
        assert_true(rx_u256_to_u128(&wide, &want) && value == want);
    }
    static const struct {
        const char *text;
        int code;
    } bad[] = {
        {"", RX_EPARSE},
        {"NaN", RX_EPARSE},
        {"nan", RX_EPARSE},
        {"-1", RX_EPARSE},
        {"+1", RX_EPARSE},
        {" 1", RX_EPARSE},
        {"1.0", RX_EPARSE},
        {"1e18", RX_EPARSE},
        {"0x10", RX_EPARSE},
        {"inf", RX_EPARSE},
        {"1\t", RX_EPARSE},
        {"\"1\"", RX_EPARSE},
        {"5192296858534827628530496329220096", RX_ELIMIT},
        {"340282366920938463463374607431768211456", RX_ELIMIT},
        {"99999999999999999999999999999999999999999999999999999999999999999999999", RX_ELIMIT},
        {"99999999999999999999999999999999999999999999999999999999999999999999999x", RX_EPARSE},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(bad); i++) {
        rx_auto(csv) struct rx_csv *csv = row_of(bad[i].text);
        struct rx_error err = {0};
        rx_u128 value = 7;
        assert_int_equal(rx_csv_uint112(csv, A, &value, &err), bad[i].code);
        assert_message(&err, "line 2: column a: an unsigned integer below 2^112 expected, got '");
        assert_true(value == 7);
    }
}

static void test_other_types(void **state)
{
    (void)state;
    rx_auto(csv) struct rx_csv *csv = row_of("0xAb49d64095f32Fc9402D5384845bde7f08706065");
    struct rx_error err = {0};
    unsigned char address[20];
    struct rx_u256 wide;
    uint64_t u = 0;
    int64_t i = 0;
    assert_int_equal(rx_csv_address(csv, A, address, &err), 0);
    assert_int_equal(address[0], 0xab);
    assert_int_equal(address[19], 0x65);
    assert_true(rx_csv_u256(csv, A, &wide, &err) < 0);
    assert_message(&err, "column a: an unsigned integer below 2^256 expected");
    assert_int_equal(rx_csv_address(csv, B, address, &err), RX_EPARSE);
    assert_message(&err, "column b: 0x and 40 hex digits expected, got '0'");
    assert_int_equal(rx_csv_u64(csv, B, 5, &u, &err), 0);
    assert_true(rx_csv_u64(csv, A, 5, &u, &err) < 0);
    rx_auto(csv) struct rx_csv *number = row_of("-999");
    assert_int_equal(rx_csv_i64(number, A, -999, 255, &i, &err), 0);
    assert_int_equal(i, -999);
    assert_int_equal(rx_csv_i64(number, A, -998, 255, &i, &err), RX_ELIMIT);
    assert_int_equal(rx_csv_u64(number, A, 5, &u, &err), RX_EPARSE);
}

/* Long and binary fields are shown cut and without broken characters. */
static void test_message_is_clean(void **state)
{
    (void)state;
    rx_auto(csv) struct rx_csv *csv =
        row_of("12345678901234567890123456789012345678\xc3\xa4\xc3\xa4tail");
    struct rx_error err = {0};
    uint64_t u;
    assert_true(rx_csv_u64(csv, A, 5, &u, &err) < 0);
    assert_true(rx_str_is_utf8(rx_str_of(err.msg)));
    assert_message(&err, "'...");
    rx_auto(csv) struct rx_csv *binary = row_of("\xff\xfe");
    assert_true(rx_csv_u64(binary, A, 5, &u, &err) < 0);
    assert_true(rx_str_is_utf8(rx_str_of(err.msg)));
}

static int open_and_close(void *arg)
{
    (void)arg;
    struct rx_csv *csv = NULL;
    struct rx_error err = {0};
    int rc = rx_csv_open(path, names, 3, 1, &csv, &err);
    rx_csv_close(csv);
    return rc;
}

static void test_torture(void **state)
{
    (void)state;
    put("a,b\n1,2\n");
    assert_true(rx_torture_alloc(open_and_close, NULL) >= 3);
}

static void test_double(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
    } good[] = {{"0", 0}, {"-1.5e-3", -1.5e-3}, {"12.25", 12.25}, {"1e300", 1e300}};
    double value = 0;
    struct rx_error err = {0};
    for (size_t i = 0; i < RX_ARRAY_LEN(good); i++) {
        rx_auto(csv) struct rx_csv *csv = row_of(good[i].text);
        assert_ok(rx_csv_double(csv, A, &value, &err), &err);
        assert_true(value == good[i].value);
        assert_ok(rx_csv_double(csv, C, &value, &err), &err); /* the column is absent */
        assert_true(value != value);
    }
    static const char *const missing[] = {"", "nan", "NaN", "NAN"};
    for (size_t i = 0; i < RX_ARRAY_LEN(missing); i++) {
        rx_auto(csv) struct rx_csv *csv = row_of(missing[i]);
        assert_ok(rx_csv_double(csv, A, &value, &err), &err);
        assert_true(value != value);
    }
    static const char *const bad[] = {"x", "1.5x", " 1", "inf", "1e999", "nano", "-nan"};
    for (size_t i = 0; i < RX_ARRAY_LEN(bad); i++) {
        rx_auto(csv) struct rx_csv *csv = row_of(bad[i]);
        value = 7;
        assert_true(rx_csv_double(csv, A, &value, &err) < 0);
        assert_message(&err, "line 2: column a: a finite number or nothing expected");
        assert_true(value == 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns),          cmocka_unit_test(test_headers_refused),
        cmocka_unit_test(test_field_count),      cmocka_unit_test(test_open_all),
        cmocka_unit_test(test_torture_all),      cmocka_unit_test(test_uint112),
        cmocka_unit_test(test_double),           cmocka_unit_test(test_other_types),
        cmocka_unit_test(test_message_is_clean), cmocka_unit_test(test_torture),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
