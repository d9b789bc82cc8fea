// SPDX-License-Identifier: Apache-2.0
#include "operator/reconcile/live.h"

#include "tests/support/test.h"

static struct rx_json_doc *parse(const char *text)
{
    struct rx_error err = {0};
    struct rx_json_doc *doc = NULL;
    assert_ok(rx_json_parse(rx_str_of(text), NULL, &doc, &err), &err);
    return doc;
}

static void a_deployment_is_projected(void **state)
{
    (void)state;
    rx_auto(json_doc) struct rx_json_doc *doc = parse(
        "{\"metadata\":{\"managedFields\":[{\"manager\":\"radarx-operator\",\"operation\":"
        "\"Apply\","
        "\"fieldsV1\":{\"f:spec\":{\"f:replicas\":{}}}}]},\"spec\":{\"replicas\":4},\"status\":{"
        "\"observedGeneration\":3,\"replicas\":4,\"readyReplicas\":2,\"updatedReplicas\":3,"
        "\"availableReplicas\":1,\"conditions\":[{\"type\":\"Available\",\"status\":\"True\"},{"
        "\"type\":\"Progressing\",\"reason\":\"ProgressDeadlineExceeded\",\"status\":\"False\"}]}"
        "}");
    struct rx_deploy_live live = {0};
    rx_deploy_project(rx_json_root(doc), &live);
    assert_int_equal(live.observed_generation, 3);
    assert_int_equal(live.spec_replicas, 4);
    assert_int_equal(live.replicas, 4);
    assert_int_equal(live.ready, 2);
    assert_int_equal(live.updated, 3);
    assert_int_equal(live.available, 1);
    assert_true(live.owns_replicas && live.is_available && live.deadline_exceeded);
    assert_false(live.rolled_out);
}

static void a_deployment_without_status_is_zero(void **state)
{
    (void)state;
    rx_auto(json_doc) struct rx_json_doc *doc = parse("{\"spec\":{},\"status\":\"odd\"}");
    struct rx_deploy_live live = {0};
    rx_deploy_project(rx_json_root(doc), &live);
    assert_int_equal(live.spec_replicas, 1); /* the API's default */
    assert_int_equal(live.ready, 0);
    assert_false(live.owns_replicas || live.is_available);
}

static void a_service_has_an_address_or_none(void **state)
{
    (void)state;
    const struct {
        const char *text, *address;
    } cases[] = {
        {"{\"spec\":{\"clusterIP\":\"10.96.0.7\"}}", "10.96.0.7"},
        {"{\"spec\":{\"clusterIP\":\"fd00:1234:5678:9abc:def0:1234:5678:9abc\"}}",
         "fd00:1234:5678:9abc:def0:1234:5678:9abc"},
        {"{\"spec\":{\"clusterIP\":\"None\"}}", ""},
        {"{\"spec\":{\"clusterIP\":7}}", ""},
        {"{}", ""},
        {"{\"spec\":{\"clusterIP\":"
         "\"0123456789012345678901234567890123456789012345678901234567890123456789\"}}",
         ""},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        rx_auto(json_doc) struct rx_json_doc *doc = parse(cases[i].text);
        struct rx_service_live live = {0};
        rx_service_project(rx_json_root(doc), &live);
        assert_string_equal(live.cluster_ip, cases[i].address);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_deployment_is_projected),
        cmocka_unit_test(a_deployment_without_status_is_zero),
        cmocka_unit_test(a_service_has_an_address_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
