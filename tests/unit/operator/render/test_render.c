// SPDX-License-Identifier: Apache-2.0
/*
 * What holds for every child of every CR (the bytes are pinned by test_golden.c).
 * It covers table.c, parts.c, serviceaccount.c, configmap.c, container.c, secret.c, deployment.c,
 * it covers service.c, hpa.c, pdb.c and network.c.
 */
#include "tests/support/test.h"

#include <errno.h>
#include <stdlib.h>

#include "operator/render/render.h"
#include "tests/support/torture.h"

struct rendered {
    struct rx_json_doc *doc;
    struct rx_rxd rxd;
    struct rx_render_in in;
};

static void setup(struct rendered *rendered, const char *spec)
{
    rx_auto(buf) struct rx_buf json = RX_BUF_INIT(1 << 16);
    struct rx_error err = {0};

    rx_buf_printf(&json,
                  "{\"metadata\": {\"name\": \"prod\", \"namespace\": \"risk\", \"uid\": \"u-1\"}, "
                  "\"spec\": %s}",
                  spec);
    assert_ok(rx_json_parse(rx_buf_str(&json), NULL, &rendered->doc, &err), &err);
    assert_ok(rx_rxd_read(rx_json_root(rendered->doc), &rendered->rxd, &err), &err);
    rendered->in = (struct rx_render_in){&rendered->rxd, RX_STR("radarx-system")};
}

static const struct rx_render_child *child_of(const char *kind, const char *suffix)
{
    for (size_t i = 0; i < rx_render_children_n; i++) {
        const struct rx_render_child *child = &rx_render_children[i];
        if (strcmp(child->kind, kind) == 0 && strcmp(child->suffix, suffix) == 0) {
            return child;
        }
    }
    fail_msg("no child %s%s", kind, suffix);
    return NULL;
}

static json_t *render(struct rendered *rendered, const char *kind, const char *suffix)
{
    struct rx_error err = {0};
    json_t *object = NULL;

    assert_ok(rx_render_child(child_of(kind, suffix), &rendered->in, &object, &err), &err);
    return object;
}

static const char *text_at(const json_t *object, const char *a, const char *b)
{
    return json_string_value(json_object_get(json_object_get(object, a), b));
}

#define EVERYTHING                                                                                 \
    "{\"autoscaling\": {\"enabled\": true, \"minReplicas\": 2, \"maxReplicas\": 4, \"behavior\": " \
    "{\"scaleUp\": {\"selectPolicy\": \"Max\"}}}, \"resources\": {\"limits\": {\"cpu\": 2}}, "     \
    "\"sources\": [{\"name\": \"a\", \"type\": \"evm\", \"rpcURLSecretRef\": {\"name\": \"s\", "   \
    "\"key\": \"k\"}, \"factories\": []}, {\"name\": \"b\", \"type\": \"evm\", \"rpcURL\": "       \
    "\"http://10.0.0.1:8545\", \"factories\": []}], \"networkPolicy\": "                           \
    "{\"prometheusNamespaceSelector\": {}, \"egressCIDRs\": [\"10.0.0.0/8\"]}, \"podTemplate\": "  \
    "{\"labels\": {\"a\": \"b\"}, \"nodeSelector\": {\"c\": \"d\"}, \"tolerations\": "             \
    "[{\"operator\": \"Exists\"}], \"affinity\": {\"podAffinity\": {}}, \"env\": [{\"name\": "     \
    "\"A\", \"value\": \"b\"}], \"priorityClassName\": \"high\"}}"

static void test_metadata(void **state)
{
    struct rendered rendered;

    (void)state;
    setup(&rendered, EVERYTHING);
    for (size_t i = 0; i < rx_render_children_n; i++) {
        const struct rx_render_child *child = &rx_render_children[i];
        char name[RX_CHILD_NAME_MAX];
        struct rx_error err = {0};
        json_t *object = NULL;

        assert_true(child->enabled(&rendered.in));
        assert_ok(rx_render_child(child, &rendered.in, &object, &err), &err);
        rx_render_name(child, &rendered.rxd, name);
        assert_string_equal(json_string_value(json_object_get(object, "kind")), child->kind);
        assert_string_equal(json_string_value(json_object_get(object, "apiVersion")),
                            child->api_version);
        assert_string_equal(text_at(object, "metadata", "name"), name);
        assert_string_equal(text_at(object, "metadata", "namespace"), "risk");
        const json_t *metadata = json_object_get(object, "metadata");
        assert_string_equal(text_at(metadata, "labels", RX_MANAGED_BY_LABEL), RX_MANAGED_BY);
        const json_t *owners = json_object_get(metadata, "ownerReferences");
        assert_int_equal(json_array_size(owners), 1);
        const json_t *owner = json_array_get(owners, 0);
        assert_string_equal(json_string_value(json_object_get(owner, "uid")), "u-1");
        assert_true(json_is_true(json_object_get(owner, "controller")));
        json_decref(object);
    }
    rx_json_doc_free(rendered.doc);
}

/* The annotation is the digest of the object without it. */
static void test_hash(void **state)
{
    struct rendered rendered;
    char hash[RX_BUILD_HASH_LEN];

    (void)state;
    setup(&rendered, "{}");
    json_t *object = render(&rendered, "Service", "");
    json_t *metadata = json_object_get(object, "metadata");
    char *kept = strdup(text_at(metadata, "annotations", RX_HASH_ANNOTATION));
    json_object_del(metadata, "annotations");
    assert_int_equal(rx_build_hash(object, hash), 0);
    assert_string_equal(hash, kept);
    free(kept);
    json_decref(object);
    rx_json_doc_free(rendered.doc);
}

static bool enabled(const char *spec, const char *kind, const char *suffix)
{
    struct rendered rendered;

    setup(&rendered, spec);
    bool on = child_of(kind, suffix)->enabled(&rendered.in);
    rx_json_doc_free(rendered.doc);
    return on;
}

static void test_enabled(void **state)
{
    static const struct {
        const char *spec, *kind, *suffix;
        bool on;
    } rows[] = {
        {"{}", "HorizontalPodAutoscaler", "", false},
        {"{\"autoscaling\": {\"enabled\": true, \"maxReplicas\": 2}}", "HorizontalPodAutoscaler",
         "", true},
        {"{\"suspend\": true, \"autoscaling\": {\"enabled\": true, \"maxReplicas\": 2}}",
         "HorizontalPodAutoscaler", "", false},
        {"{}", "PodDisruptionBudget", "", false},
        {"{\"replicas\": 2}", "PodDisruptionBudget", "", true},
        {"{\"disruption\": {\"minAvailable\": 0}}", "PodDisruptionBudget", "", true},
        {"{\"replicas\": 2, \"suspend\": true}", "PodDisruptionBudget", "", false},
        {"{}", "Secret", "-api-keys", true},
        {"{\"auth\": {\"mode\": \"None\"}}", "Secret", "-api-keys", false},
        {"{\"auth\": {\"existingSecret\": \"mine\"}}", "Secret", "-api-keys", false},
        {"{}", "NetworkPolicy", "-deny", true},
        {"{\"networkPolicy\": {\"enabled\": false}}", "NetworkPolicy", "-allow", false},
        {"{\"suspend\": true}", "Deployment", "", true},
    };

    (void)state;
    for (size_t i = 0; i < RX_ARRAY_LEN(rows); i++) {
        if (enabled(rows[i].spec, rows[i].kind, rows[i].suffix) != rows[i].on) {
            fail_msg("%s%s for %s", rows[i].kind, rows[i].suffix, rows[i].spec);
        }
    }
}

static json_int_t replicas_of(const char *spec)
{
    struct rendered rendered;

    setup(&rendered, spec);
    json_t *object = render(&rendered, "Deployment", "");
    const json_t *replicas = json_object_get(json_object_get(object, "spec"), "replicas");
    json_int_t n = replicas ? json_integer_value(replicas) : -1;
    json_decref(object);
    rx_json_doc_free(rendered.doc);
    return n;
}

/* Under the autoscaler the count is not ours, unless the service is suspended. */
static void test_replicas(void **state)
{
    (void)state;
    assert_int_equal(replicas_of("{}"), 1);
    assert_int_equal(replicas_of("{\"replicas\": 0}"), 0);
    assert_int_equal(replicas_of("{\"autoscaling\": {\"enabled\": true, \"maxReplicas\": 3}}"), -1);
    assert_int_equal(
        replicas_of(
            "{\"suspend\": true, \"autoscaling\": {\"enabled\": true, \"maxReplicas\": 3}}"),
        0);
}

static void config_hash(const char *spec, char out[RX_BUILD_HASH_LEN])
{
    struct rendered rendered;

    setup(&rendered, spec);
    json_t *object = render(&rendered, "Deployment", "");
    const json_t *template = json_object_get(json_object_get(object, "spec"), "template");
    const char *hash =
        text_at(json_object_get(template, "metadata"), "annotations", RX_CONFIG_ANNOTATION);
    memcpy(out, hash, RX_BUILD_HASH_LEN);
    json_decref(object);
    rx_json_doc_free(rendered.doc);
}

/* A changed setting rolls the pods, a changed count does not. */
static void test_config_rolls_pods(void **state)
{
    char a[RX_BUILD_HASH_LEN], b[RX_BUILD_HASH_LEN], c[RX_BUILD_HASH_LEN];

    (void)state;
    config_hash("{}", a);
    config_hash("{\"engine\": {\"logLevel\": \"debug\"}}", b);
    config_hash("{\"replicas\": 7}", c);
    assert_string_not_equal(a, b);
    assert_string_equal(a, c);
}

static void test_secret_keys(void **state)
{
    struct rendered rendered;

    (void)state;
    setup(&rendered, "{}");
    json_t *secret = render(&rendered, "Secret", "-api-keys");
    assert_null(json_object_get(secret, "data"));
    assert_int_equal(rx_render_secret_keys(secret, RX_STR("first"), RX_STR("second")), 0);
    assert_string_equal(text_at(secret, "data", "key-1"), "Zmlyc3Q=");
    assert_string_equal(text_at(secret, "data", "key-2"), "c2Vjb25k");
    json_decref(secret);
    rx_json_doc_free(rendered.doc);
}

static void test_status_parts(void **state)
{
    struct rendered rendered;
    char selector[RX_SELECTOR_MAX];
    struct rx_error err = {0};
    json_t *effective = NULL;

    (void)state;
    setup(&rendered, EVERYTHING);
    rx_render_selector(&rendered.rxd, selector);
    assert_string_equal(selector, "app.kubernetes.io/component=agent,app.kubernetes.io/"
                                  "instance=prod,app.kubernetes.io/name=radarx-agent");
    assert_ok(rx_render_effective(&rendered.in, &effective, &err), &err);
    assert_string_equal(json_string_value(json_object_get(effective, "image")),
                        "ghcr.io/radarx/agent:" RX_VERSION);
    assert_string_equal(json_string_value(json_object_get(effective, "apiKeySecret")),
                        "prod-api-keys");
    assert_int_equal(json_integer_value(json_object_get(effective, "maxReplicas")), 4);
    json_decref(effective);
    rx_json_doc_free(rendered.doc);
}

struct torture_one {
    struct rendered rendered;
    const struct rx_render_child *child;
};

static int render_once(void *arg)
{
    struct torture_one *one = arg;
    struct rx_error err = {0};
    json_t *object = NULL;

    int r = rx_render_child(one->child, &one->rendered.in, &object, &err);
    json_decref(object);
    return r;
}

/* No child is ever rendered in part: a failed allocation is an error. */
static void test_out_of_memory(void **state)
{
    struct torture_one one;

    (void)state;
    json_set_alloc_funcs(malloc, free); /* ours, which can be made to fail */
    setup(&one.rendered, EVERYTHING);
    for (size_t i = 0; i < rx_render_children_n; i++) {
        one.child = &rx_render_children[i];
        assert_true(rx_torture_alloc(render_once, &one) > 0);
    }
    rx_json_doc_free(one.rendered.doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_metadata),          cmocka_unit_test(test_hash),
        cmocka_unit_test(test_enabled),           cmocka_unit_test(test_replicas),
        cmocka_unit_test(test_config_rolls_pods), cmocka_unit_test(test_secret_keys),
        cmocka_unit_test(test_status_parts),      cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
