// SPDX-License-Identifier: Apache-2.0
#include "operator/kube/kind.h"
#include "tests/support/test.h"

static const struct rx_kube_kind core = {"v1", "Service", "services"};
static const struct rx_kube_kind grouped = {"radarx.io/v1", "RadarXDeployment",
                                            "radarxdeployments"};

static void collections(void **state)
{
    (void)state;
    struct rx_error err = {0};
    rx_auto(buf) struct rx_buf path = RX_BUF_INIT(4096);
    assert_ok(rx_kube_path_collection(&path, &core, (struct rx_str){0}, &err), &err);
    assert_buf(&path, "/api/v1/services");
    rx_buf_clear(&path);
    assert_ok(rx_kube_path_collection(&path, &grouped, RX_STR("risk"), &err), &err);
    assert_buf(&path, "/apis/radarx.io/v1/namespaces/risk/radarxdeployments");
}

static void objects_of_any_length(void **state)
{
    (void)state;
    struct rx_error err = {0};
    char ns[64], name[254];
    memset(ns, 'n', 63);
    memset(name, 'a', 253);
    rx_auto(buf) struct rx_buf path = RX_BUF_INIT(4096);
    assert_ok(rx_kube_path_object(&path, &grouped, (struct rx_str){ns, 63},
                                  (struct rx_str){name, 253}, "status", &err),
              &err);
    assert_int_equal(path.n,
                     strlen("/apis/radarx.io/v1/namespaces//radarxdeployments//status") + 63 + 253);
    assert_memory_equal(path.p + path.n - 8, "a/status", 8);
}

static void every_segment_is_encoded(void **state)
{
    (void)state;
    struct rx_error err = {0};
    rx_auto(buf) struct rx_buf path = RX_BUF_INIT(4096);
    assert_ok(rx_kube_path_object(&path, &core, RX_STR("a/b"), RX_STR("c?d#e%f g"), NULL, &err),
              &err);
    rx_kube_path_query(&path, "fieldManager", RX_STR("x&force=false"));
    rx_kube_path_query(&path, "force", RX_STR("true"));
    assert_buf(&path, "/api/v1/namespaces/a%2Fb/services/c%3Fd%23e%25f%20g"
                      "?fieldManager=x%26force%3Dfalse&force=true");
}

/* A DELETE of one object must never become one of the collection. */
static void empty_names_are_refused(void **state)
{
    (void)state;
    const struct {
        struct rx_str ns, name;
        const char *message;
    } cases[] = {{RX_STR("ns"), {0}, "its name"},
                 {{0}, RX_STR("name"), "its namespace"},
                 {RX_STR("ns"), RX_STR(".."), "no names"},
                 {RX_STR("."), RX_STR("name"), "no names"}};
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        struct rx_error err = {0};
        rx_auto(buf) struct rx_buf path = RX_BUF_INIT(4096);
        assert_int_equal(rx_kube_path_object(&path, &core, cases[i].ns, cases[i].name, NULL, &err),
                         RX_EINVALID);
        assert_message(&err, cases[i].message);
        assert_int_equal(path.n, 0);
    }
}

static void a_path_that_is_too_long_is_an_error(void **state)
{
    (void)state;
    struct rx_error err = {0};
    rx_auto(buf) struct rx_buf path = RX_BUF_INIT(20);
    assert_int_equal(rx_kube_path_object(&path, &core, RX_STR("ns"), RX_STR("n"), NULL, &err),
                     RX_ELIMIT);
}

static void versions_are_ordered_as_numbers_of_any_length(void **state)
{
    (void)state;
    assert_true(rx_kube_rv_cmp(RX_STR("9"), RX_STR("10")) < 0);
    assert_true(
        rx_kube_rv_cmp(RX_STR("99999999999999999999999"), RX_STR("99999999999999999999998")) == 1);
    assert_int_equal(rx_kube_rv_cmp(RX_STR("42"), RX_STR("42")), 0);
    assert_int_equal(rx_kube_rv_cmp(RX_STR("abc"), RX_STR("abc")), 0);
    assert_int_equal(rx_kube_rv_cmp(RX_STR("abc"), RX_STR("42")), RX_RV_UNKNOWN);
    assert_int_equal(rx_kube_rv_cmp(RX_STR("042"), RX_STR("42")), RX_RV_UNKNOWN);
    assert_int_equal(rx_kube_rv_cmp(RX_STR(""), RX_STR("42")), RX_RV_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(collections),
        cmocka_unit_test(objects_of_any_length),
        cmocka_unit_test(every_segment_is_encoded),
        cmocka_unit_test(empty_names_are_refused),
        cmocka_unit_test(a_path_that_is_too_long_is_an_error),
        cmocka_unit_test(versions_are_ordered_as_numbers_of_any_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
