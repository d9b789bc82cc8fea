// SPDX-License-Identifier: Apache-2.0
/* operator/api/rxd.c: what a CR means once everything left out is filled in. */
#include "tests/support/test.h"

#include <stdio.h>

#include "operator/api/rxd.h"

static struct rx_json_doc *doc;

static int read_cr(const char *json, struct rx_rxd *rxd, struct rx_error *err)
{
    rx_json_doc_free(doc);
    doc = NULL;
    assert_ok(rx_json_parse(rx_str_of(json), NULL, &doc, err), err);
    return rx_rxd_read(rx_json_root(doc), rxd, err);
}

static int teardown(void **state)
{
    (void)state;
    rx_json_doc_free(doc);
    doc = NULL;
    return 0;
}

static void test_everything_left_out(void **state)
{
    struct rx_error err = {0};
    struct rx_rxd rxd;

    (void)state;
    assert_ok(read_cr("{\"metadata\": {\"name\": \"a\", \"namespace\": \"n\", \"uid\": \"u\", "
                      "\"generation\": 4, \"resourceVersion\": \"77\"}, \"spec\": {}}",
                      &rxd, &err),
              &err);
    assert_str(rxd.name, "a");
    assert_str(rxd.ns, "n");
    assert_str(rxd.uid, "u");
    assert_str(rxd.resource_version, "77");
    assert_int_equal(rxd.generation, 4);
    assert_false(rxd.deleting);
    assert_int_equal(rxd.replicas, 1);
    assert_int_equal(rx_rxd_floor(&rxd), 1);
    assert_false(rxd.scaling.enabled);
    assert_int_equal(rxd.scaling.target_cpu, 80);
    assert_int_equal(rxd.min_available, -1);
    assert_str(rxd.engine.cache_ttl, "300s");
    assert_int_equal(rxd.engine.rate_per_hour, 1000);
    assert_true(rxd.api_keys);
    assert_true(rxd.network.enabled);
    assert_null(rxd.network.ingress_from);
    assert_null(rxd.sources);
    assert_null(rxd.pod_template);
}

static void test_floor(void **state)
{
    static const struct {
        const char *spec;
        int floor;
    } rows[] = {
        {"{\"replicas\": 5}", 5},
        {"{\"replicas\": 0}", 0},
        {"{\"replicas\": 5, \"autoscaling\": {\"enabled\": true, \"maxReplicas\": 9}}", 1},
        {"{\"autoscaling\": {\"enabled\": true, \"minReplicas\": 3, \"maxReplicas\": 9}}", 3},
        {"{\"autoscaling\": {\"enabled\": false, \"minReplicas\": 3, \"maxReplicas\": 9}}", 1},
        {"{\"replicas\": 5, \"suspend\": true}", 0},
    };
    struct rx_error err = {0};
    struct rx_rxd rxd;
    char json[512];

    (void)state;
    for (size_t i = 0; i < RX_ARRAY_LEN(rows); i++) {
        snprintf(json, sizeof(json), "{\"metadata\": {\"name\": \"a\"}, \"spec\": %s}",
                 rows[i].spec);
        assert_ok(read_cr(json, &rxd, &err), &err);
        assert_int_equal(rx_rxd_floor(&rxd), rows[i].floor);
    }
}

/* A CR from a cluster whose CRD is older or was edited: nothing of a wrong type gets through. */
static void test_wrong_types_count_as_left_out(void **state)
{
    struct rx_error err = {0};
    struct rx_rxd rxd;

    (void)state;
    assert_ok(read_cr("{\"metadata\": {\"name\": \"a\"}, \"spec\": {\"replicas\": \"9\", "
                      "\"image\": [], \"sources\": {}, \"autoscaling\": true, \"podTemplate\": 1, "
                      "\"networkPolicy\": {\"ingressFrom\": \"all\"}}}",
                      &rxd, &err),
              &err);
    assert_int_equal(rxd.replicas, 1);
    assert_null(rxd.sources);
    assert_null(rxd.pod_template);
    assert_null(rxd.network.ingress_from);
    assert_false(rxd.scaling.enabled);
}

static void test_rules_hold_here_too(void **state)
{
    static const struct {
        const char *spec, *message;
    } rows[] = {
        {"{\"replicas\": 1, \"disruption\": {\"minAvailable\": 1}}",
         "spec.disruption.minAvailable: must be below"},
        {"{\"sources\": [{\"rpcURL\": \"a\", \"rpcURLSecretRef\": {}}]}",
         "spec.sources[0].rpcURL: exactly one of"},
        {"{\"podTemplate\": {\"labels\": {\"radarx.io/a\": \"\"}}}", "spec.podTemplate.labels:"},
        {"{\"networkPolicy\": {\"egressCIDRs\": [\"1.2.3.0/24\", \"x\"]}}",
         "spec.networkPolicy.egressCIDRs[1]: must be a range"},
    };
    struct rx_error err = {0};
    struct rx_rxd rxd;
    char json[512];

    (void)state;
    for (size_t i = 0; i < RX_ARRAY_LEN(rows); i++) {
        snprintf(json, sizeof(json),
                 "{\"metadata\": {\"name\": \"a\", \"uid\": \"u\"}, \"spec\": %s}", rows[i].spec);
        assert_int_equal(read_cr(json, &rxd, &err), RX_EINVALID);
        assert_message(&err, rows[i].message);
        assert_str(rxd.uid, "u");
    }
}

static void test_name_is_bounded(void **state)
{
    struct rx_error err = {0};
    struct rx_rxd rxd;

    (void)state;
    assert_int_equal(read_cr("{\"metadata\": {\"name\": "
                             "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}, \"spec\": {}}",
                             &rxd, &err),
                     RX_EINVALID);
    assert_message(&err, "metadata.name");
    assert_int_equal(read_cr("{}", &rxd, &err), RX_EINVALID);
    assert_int_equal(read_cr("{\"metadata\": {\"name\": \"a.b\"}}", &rxd, &err), RX_EINVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everything_left_out),
        cmocka_unit_test(test_floor),
        cmocka_unit_test(test_wrong_types_count_as_left_out),
        cmocka_unit_test(test_rules_hold_here_too),
        cmocka_unit_test(test_name_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
