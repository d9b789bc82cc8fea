// SPDX-License-Identifier: Apache-2.0
/* UBJSON: every type, typed containers, every length; truncation at each byte; allocation failures.
 */
#include "agent/engine/forest/ubjson.h"

#include <errno.h>
#include <math.h>

#include "tests/support/test.h"
#include "tests/support/torture.h"

#define BYTES(literal) ((struct rx_str){literal, sizeof(literal) - 1})

static struct rx_ubj_doc *parse(struct rx_str bytes)
{
    struct rx_ubj_doc *doc = NULL;
    struct rx_error err = {0};
    assert_ok(rx_ubj_parse(bytes, &doc, &err), &err);
    return doc;
}

static double number_of(struct rx_str bytes)
{
    rx_auto(ubj_doc) struct rx_ubj_doc *doc = parse(bytes);
    return rx_ubj_double(rx_ubj_root(doc), -999);
}

static void test_numbers(void **state)
{
    (void)state;
    assert_true(number_of(BYTES("i\xff")) == -1);
    assert_true(number_of(BYTES("U\xff")) == 255);
    assert_true(number_of(BYTES("I\x80\x00")) == -32768);
    assert_true(number_of(BYTES("l\x7f\xff\xff\xff")) == 2147483647);
    assert_true(number_of(BYTES("L\xff\xff\xff\xff\xff\xff\xff\xfe")) == -2);
    assert_true(number_of(BYTES("d\x3f\xc0\x00\x00")) == 1.5);
    assert_true(number_of(BYTES("D\xc0\x04\x00\x00\x00\x00\x00\x00")) == -2.5);
    assert_true(number_of(BYTES("Hi\x05"
                                "12.25")) == 12.25);
    assert_true(number_of(BYTES("T")) == 1);
    assert_true(number_of(BYTES("NNF")) == 0);
    assert_true(number_of(BYTES("Z")) == -999);
    assert_true(isnan(number_of(BYTES("d\x7f\xc0\x00\x00"))));
}

static void test_texts(void **state)
{
    (void)state;
    rx_auto(ubj_doc) struct rx_ubj_doc *text = parse(BYTES("SU\x02hi"));
    rx_auto(ubj_doc) struct rx_ubj_doc *letter = parse(BYTES("Cx"));
    rx_auto(ubj_doc) struct rx_ubj_doc *empty = parse(BYTES("Sl\0\0\0\0"));
    assert_str(rx_ubj_str(rx_ubj_root(text)), "hi");
    assert_str(rx_ubj_str(rx_ubj_root(letter)), "x");
    assert_int_equal(rx_ubj_str(rx_ubj_root(empty)).n, 0);
    assert_int_equal(rx_ubj_type(rx_ubj_root(empty)), RX_JSON_STR);
    assert_null(rx_ubj_str(NULL).p);
}

static void assert_items(struct rx_str bytes, const double *want, size_t n)
{
    rx_auto(ubj_doc) struct rx_ubj_doc *doc = parse(bytes);
    struct rx_ubj_iter iter;
    rx_ubj_iter_init(&iter, rx_ubj_root(doc));
    assert_int_equal(rx_ubj_len(rx_ubj_root(doc)), n);
    for (size_t i = 0; i < n; i++) {
        assert_true(rx_ubj_iter_next(&iter));
        assert_int_equal(iter.index, i);
        assert_true(rx_ubj_double(iter.value, -999) == want[i]);
    }
    assert_false(rx_ubj_iter_next(&iter));
}

static void test_arrays(void **state)
{
    (void)state;
    static const double three[] = {1, -2, 3};
    assert_items(BYTES("[i\x01i\xfei\x03]"), three, 3);
    assert_items(BYTES("[NNi\x01Ni\xfeI\x00\x03N]"), three, 3);
    assert_items(BYTES("[#i\x03i\x01i\xfei\x03"), three, 3);
    assert_items(BYTES("[$i#U\x03\x01\xfe\x03"), three, 3);
    assert_items(BYTES("[$d#i\x03\x3f\x80\x00\x00\xc0\x00\x00\x00\x40\x40\x00\x00"), three, 3);
    assert_items(BYTES("[$T#i\x02"), (const double[]){1, 1}, 2);
    assert_items(BYTES("[]"), NULL, 0);
    assert_items(BYTES("[$l#i\x00"), NULL, 0);
    assert_items(BYTES("[#L\0\0\0\0\0\0\0\0"), NULL, 0);
}

static void test_objects(void **state)
{
    (void)state;
    static const char *const forms[] = {"{i\x01"
                                        "ai\x07i\x01"
                                        "bSi\x01x}",
                                        "{#i\x02i\x01"
                                        "ai\x07i\x01"
                                        "bSi\x01x"};
    for (size_t i = 0; i < 2; i++) {
        rx_auto(ubj_doc) struct rx_ubj_doc *doc = parse(rx_str_of(forms[i]));
        const struct rx_ubj *root = rx_ubj_root(doc);
        assert_int_equal(rx_ubj_len(root), 2);
        assert_true(rx_ubj_double(rx_ubj_get(root, "a"), 0) == 7);
        assert_str(rx_ubj_str(rx_ubj_get(root, "b")), "x");
        assert_null(rx_ubj_get(root, "c"));
        assert_null(rx_ubj_get(rx_ubj_get(root, "a"), "a"));
    }
    rx_auto(ubj_doc) struct rx_ubj_doc *typed = parse(BYTES("{$U#i\x02i\x01"
                                                            "a\x05i\x01"
                                                            "b\x06"));
    assert_true(rx_ubj_double(rx_ubj_get(rx_ubj_root(typed), "b"), 0) == 6);
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        struct rx_str bytes;
        const char *message;
    } cases[] = {
        {{"", 0}, "the file ends inside a value"},
        {{"x", 1}, "a UBJSON type expected"},
        {{"ZZ", 2}, "bytes after the end"},
        {{"[$d#i\x03\x3f\x80", 8}, "an array is longer than the rest of the file"},
        {{"[$Z#i\x7f", 7}, "more members than the file has bytes"},
        {{"[#i\xff", 4}, "a length of 0 or more expected"},
        {{"Sd\0\0\0\0", 6}, "a length of an integer type expected"},
        {{"SL\x7f\xff\xff\xff\xff\xff\xff\xff", 10}, "the file ends inside a value"},
        {{"[$i[", 4}, "a count ('#') expected"},
        {{"Hi\x02no", 5}, "a decimal number expected"},
        {{"{i\x01", 3}, "the file ends inside a value"},
        {{"]", 1}, "a UBJSON type expected"},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        struct rx_ubj_doc *doc = NULL;
        struct rx_error err = {0};
        assert_int_equal(rx_ubj_parse(cases[i].bytes, &doc, &err), RX_EPARSE);
        assert_message(&err, cases[i].message);
        assert_null(doc);
    }
}

static void test_bounds(void **state)
{
    (void)state;
    char deep[200];
    struct rx_ubj_doc *doc = NULL;
    struct rx_error err = {0};
    memset(deep, '[', sizeof(deep));
    assert_int_equal(rx_ubj_parse((struct rx_str){deep, sizeof(deep)}, &doc, &err), RX_ELIMIT);
    assert_message(&err, "nested deeper than 32 levels");
    /* A megabyte of nulls is more than a model of that size may hold. */
    rx_autofree char *nulls = malloc(1u << 20);
    assert_non_null(nulls);
    memset(nulls, 'Z', 1u << 20);
    nulls[0] = '[';
    assert_int_equal(rx_ubj_parse((struct rx_str){nulls, 1u << 20}, &doc, &err), -ENOMEM);
    assert_message(&err, "more values than there is memory for");
}

/* All kinds of values in one document. */
static const char mixed[] = "{i\x01"
                            "a[$d#i\x02\x3f\x80\x00\x00\x3f\x80\x00\x00i\x01"
                            "b{i\x01"
                            "cSi\x03xyzi\x01"
                            "d[TFZ]}i\x01"
                            "e[#i\x02i\x01L\0\0\0\0\0\0\0\x02}";

static void test_every_truncation(void **state)
{
    (void)state;
    size_t refused = 0;
    for (size_t n = 0; n + 1 < sizeof(mixed) - 1; n++) {
        struct rx_ubj_doc *doc = NULL;
        rx_autofree char *copy = malloc(n + 1); /* its end is guarded by the sanitizer */
        assert_non_null(copy);
        memcpy(copy, mixed, n);
        refused += rx_ubj_parse((struct rx_str){copy, n}, &doc, NULL) < 0;
        rx_ubj_doc_free(doc);
    }
    assert_int_equal(refused, sizeof(mixed) - 2);
    rx_ubj_doc_free(parse(BYTES(mixed)));
}

static int parse_mixed(void *arg)
{
    (void)arg;
    struct rx_ubj_doc *doc = NULL;
    int rc = rx_ubj_parse(BYTES(mixed), &doc, NULL);
    rx_ubj_doc_free(doc);
    return rc;
}

static void test_allocation_failures(void **state)
{
    (void)state;
    assert_true(rx_torture_alloc(parse_mixed, NULL) >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),          cmocka_unit_test(test_texts),
        cmocka_unit_test(test_arrays),           cmocka_unit_test(test_objects),
        cmocka_unit_test(test_refusals),         cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_every_truncation), cmocka_unit_test(test_allocation_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
