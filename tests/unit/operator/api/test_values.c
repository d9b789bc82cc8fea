// SPDX-License-Identifier: Apache-2.0
/* Address ranges and quantities: covers cidr.c and quantity.c. */
#include "tests/support/test.h"

#include "operator/api/cidr.h"
#include "operator/api/quantity.h"

static void test_cidr_forms(void **state)
{
    static const struct {
        const char *text;
        bool good;
    } rows[] = {
        {"10.0.0.0/8", true},
        {"0.0.0.0/0", true},
        {"192.0.2.1/32", true},
        {"2001:db8::/32", true},
        {"::/0", true},
        {"2001:db8::1/128", true},
        {"192.0.2.77/24", true},
        {"10.0.0.0", false},
        {"10.0.0.0/33", false},
        {"10.0.0.0/08", false},
        {"010.0.0.0/8", false},
        {"10.0.0/8", false},
        {"10.0.0.0/", false},
        {"/8", false},
        {"", false},
        {"::ffff:10.0.0.0/104", false},
        {"fe80::1%eth0/64", false},
        {"2001:db8::/129", false},
        {"10.0.0.0/8 ", false},
        {"10.0.0.0/-1", false},
        {"example.com/8", false},
    };
    struct rx_cidr cidr;

    (void)state;
    for (size_t i = 0; i < RX_ARRAY_LEN(rows); i++) {
        if (rx_cidr_parse(rx_str_of(rows[i].text), &cidr) != rows[i].good) {
            fail_msg("%s", rows[i].text);
        }
    }
}

static void test_cidr_contains(void **state)
{
    static const struct {
        const char *outer, *inner;
        bool within;
    } rows[] = {
        {"10.0.0.0/8", "10.1.0.0/16", true},
        {"10.0.0.0/8", "10.0.0.0/8", true},
        {"10.0.0.0/8", "11.0.0.0/16", false},
        {"10.0.0.0/16", "10.0.0.0/8", false},
        {"10.0.0.0/9", "10.128.0.0/9", false},
        {"0.0.0.0/0", "203.0.113.7/32", true},
        {"0.0.0.0/0", "::/0", false},
        {"2001:db8::/33", "2001:db8:8000::/48", false},
        {"2001:db8::/33", "2001:db8:7fff::/48", true},
    };
    struct rx_cidr outer, inner;

    (void)state;
    for (size_t i = 0; i < RX_ARRAY_LEN(rows); i++) {
        assert_true(rx_cidr_parse(rx_str_of(rows[i].outer), &outer));
        assert_true(rx_cidr_parse(rx_str_of(rows[i].inner), &inner));
        if (rx_cidr_contains(&outer, &inner) != rows[i].within) {
            fail_msg("%s in %s", rows[i].inner, rows[i].outer);
        }
    }
}

/* JSON text to the form that the apiserver stores; NULL = refused. */
static void test_quantities(void **state)
{
    static const struct {
        const char *json, *text;
    } rows[] = {
        {"\"100m\"", "100m"},
        {"\"1000m\"", "1"},
        {"\"0.5\"", "500m"},
        {"\"1.5\"", "1500m"},
        {"\"0.001\"", "1m"},
        {"2", "2"},
        {"1000", "1k"},
        {"0", "0"},
        {"\"0\"", "0"},
        {"\"0Gi\"", "0"},
        {"\"1500\"", "1500"},
        {"\"1024Mi\"", "1Gi"},
        {"\"1.5Gi\"", "1536Mi"},
        {"\"0.5Ki\"", "512"},
        {"\"512Mi\"", "512Mi"},
        {"\"1G\"", "1G"},
        {"\"1000M\"", "1G"},
        {"\"0.1Mi\"", "104857600m"},
        {"134217728", "134217728"},
        {"\"999999Ti\"", "999999Ti"},
        {"\"999999999999999\"", "999999999999999"},
        {"\"999999999999999m\"", "999999999999999m"},
        {"-1", NULL},
        {"1.5", NULL},
        {"true", NULL},
        {"\"\"", NULL},
        {"\"1.\"", NULL},
        {"\".5\"", NULL},
        {"\"1.0001\"", NULL},
        {"\"1 Gi\"", NULL},
        {"\"1GiB\"", NULL},
        {"\"-1\"", NULL},
        {"\"1e3\"", NULL},
        {"\"9999999999999999\"", NULL},
    };
    char text[RX_QUANTITY_TEXT_MAX];
    struct rx_quantity quantity;

    (void)state;
    for (size_t i = 0; i < RX_ARRAY_LEN(rows); i++) {
        rx_auto(json_doc) struct rx_json_doc *doc = NULL;
        struct rx_error err = {0};
        assert_ok(rx_json_parse(rx_str_of(rows[i].json), NULL, &doc, &err), &err);
        bool good = rx_quantity_read(rx_json_root(doc), &quantity);
        if (good != (rows[i].text != NULL)) {
            fail_msg("%s", rows[i].json);
        }
        if (good) {
            rx_quantity_format(quantity, text);
            assert_string_equal(text, rows[i].text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cidr_forms),
        cmocka_unit_test(test_cidr_contains),
        cmocka_unit_test(test_quantities),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
