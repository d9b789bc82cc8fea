// SPDX-License-Identifier: Apache-2.0
/* The objects have the shape that an apiserver gives them: defaults added, fields of others inside.
 */
#include "operator/kube/owned.h"

#include "common/base/sha256.h"
#include "common/json/build.h"
#include "tests/support/test.h"

#define MANAGER "radarx-operator"

static const char intent[] =
    "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"labels\":{\"a\":\"b\"},"
    "\"name\":\"prod\",\"namespace\":\"risk\"},\"spec\":{\"selector\":{\"matchLabels\":{\"a\":"
    "\"b\"}},"
    "\"template\":{\"spec\":{\"containers\":[{\"args\":[\"serve\",\"--x\"],\"env\":[{\"name\":"
    "\"A\","
    "\"value\":\"1\"}],\"name\":\"agent\",\"ports\":[{\"containerPort\":8080,\"protocol\":\"TCP\"}]"
    "}],"
    "\"volumes\":[{\"emptyDir\":{},\"name\":\"tmp\"}]}}}}";

static const char fields[] =
    "{\"f:metadata\":{\"f:annotations\":{\"f:radarx.io/"
    "applied-hash\":{}},\"f:labels\":{\"f:a\":{}}},"
    "\"f:spec\":{\"f:selector\":{},\"f:template\":{\"f:spec\":{\"f:containers\":{\"k:{\\\"name\\\":"
    "\\\"agent\\\"}\":{\".\":{},\"f:args\":{},\"f:env\":{\"k:{\\\"name\\\":\\\"A\\\"}\":{\".\":{},"
    "\"f:name\":{},\"f:value\":{}}},\"f:name\":{},\"f:ports\":{\"k:{\\\"containerPort\\\":8080,"
    "\\\"protocol\\\":\\\"TCP\\\"}\":{\".\":{},\"f:containerPort\":{},\"f:protocol\":{}}}}},"
    "\"f:volumes\":{\"k:{\\\"name\\\":\\\"tmp\\\"}\":{\".\":{},\"f:emptyDir\":{},\"f:name\":{}}}}}}"
    "}";

/* What the apiserver shows; %1: hash, then env, args, extra containers, fields. */
#define LIVE                                                                                       \
    "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"annotations\":{"          \
    "\"deployment.kubernetes.io/revision\":\"3\",\"radarx.io/applied-hash\":\"%s\"},\"labels\":{"  \
    "\"a\":\"b\",\"theirs\":\"x\"},\"managedFields\":[{\"manager\":\"kcm\",\"operation\":"         \
    "\"Update\","                                                                                  \
    "\"subresource\":\"status\",\"fieldsV1\":{\"f:status\":{}}},{\"manager\":\"%s\","              \
    "\"operation\":\"Apply\",\"fieldsV1\":%s}],\"name\":\"prod\",\"namespace\":\"risk\",\"uid\":"  \
    "\"u\","                                                                                       \
    "\"resourceVersion\":\"5\"},\"spec\":{\"replicas\":7,\"selector\":{\"matchLabels\":{\"a\":"    \
    "\"b\"}},"                                                                                     \
    "\"strategy\":{\"type\":\"RollingUpdate\"},\"template\":{\"spec\":{\"containers\":[%s{"        \
    "\"name\":"                                                                                    \
    "\"agent\",\"args\":[\"serve\",\"--x\"],\"env\":[{\"name\":\"A\",\"value\":\"%s\"},{\"name\":" \
    "\"B\","                                                                                       \
    "\"value\":\"theirs\"}],\"imagePullPolicy\":\"Always\",\"ports\":[{\"containerPort\":9090,"    \
    "\"protocol\":\"TCP\"},{\"containerPort\":8080,\"protocol\":\"TCP\",\"name\":\"x\"}]}],"       \
    "\"volumes\":[{\"name\":\"tmp\",\"emptyDir\":{}}]}}},\"status\":{\"replicas\":7}}"

struct shape {
    const char *hash, *manager, *fields, *before, *value;
};

static char right_hash[65];

static struct rx_kube_owned look(struct shape shape)
{
    struct rx_error err = {0};
    struct rx_kube_owned owned = {0};
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(65536);
    rx_auto(buf) struct rx_buf scratch = RX_BUF_INIT(65536);
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    rx_buf_printf(&text, LIVE, shape.hash ? shape.hash : right_hash,
                  shape.manager ? shape.manager : MANAGER, shape.fields ? shape.fields : fields,
                  shape.before ? shape.before : "", shape.value ? shape.value : "1");
    assert_ok(rx_json_parse(rx_buf_str(&text), NULL, &doc, &err), &err);
    assert_ok(rx_kube_owned_digest(rx_json_root(doc), MANAGER, "apps/v1", "Deployment", &scratch,
                                   &owned, &err),
              &err);
    return owned;
}

static int set_up(void **state)
{
    (void)state;
    rx_sha256_hex(intent, strlen(intent), right_hash);
    return 0;
}

static void the_digest_is_the_intents_hash(void **state)
{
    (void)state;
    struct rx_kube_owned owned = look((struct shape){0});
    rx_auto(buf) struct rx_buf hex = RX_BUF_INIT(64);
    rx_buf_add_hex(&hex, owned.digest, 32);
    assert_buf(&hex, right_hash);
    assert_true(owned.applied && owned.consistent);
    assert_memory_equal(owned.hash, owned.digest, sizeof(owned.hash));
}

/* The two writers of canonical text must agree, or everything would look like drift. */
static void the_text_is_what_the_builder_writes(void **state)
{
    (void)state;
    struct rx_error err = {0};
    char hash[RX_BUILD_HASH_LEN];
    json_t *tree = NULL;
    assert_ok(rx_build_parse(rx_str_of(intent), &tree, &err), &err);
    assert_int_equal(rx_build_hash(tree, hash), 0);
    json_decref(tree);
    assert_string_equal(hash, right_hash);
}

static void others_fields_do_not_matter(void **state)
{
    (void)state;
    struct rx_kube_owned owned =
        look((struct shape){.before = "{\"name\":\"sidecar\",\"image\":\"proxy\"},"});
    assert_true(owned.consistent);
}

static void a_changed_value_shows(void **state)
{
    (void)state;
    struct rx_kube_owned owned = look((struct shape){.value = "2"});
    assert_true(owned.applied);
    assert_false(owned.consistent);
}

static void a_field_taken_over_shows(void **state)
{
    (void)state;
    /* Another manager forced "value": it is gone from our set though it may be equal. */
    const char *lost = "{\"f:metadata\":{\"f:annotations\":{\"f:radarx.io/applied-hash\":{}}},"
                       "\"f:spec\":{\"f:selector\":{}}}";
    struct rx_kube_owned owned = look((struct shape){.fields = lost});
    assert_true(owned.applied);
    assert_false(owned.consistent);
}

static void the_annotation_must_be_ours_and_right(void **state)
{
    (void)state;
    char other[65];
    rx_sha256_hex("x", 1, other);
    struct rx_kube_owned owned = look((struct shape){.hash = other});
    assert_true(owned.applied && !owned.consistent);
    assert_memory_not_equal(owned.hash, owned.digest, sizeof(owned.hash));
    owned = look((struct shape){.hash = "not hex"});
    assert_true(owned.applied && !owned.consistent);
    const unsigned char zeros[8] = {0};
    assert_memory_equal(owned.hash, zeros, sizeof(zeros));
}

static void without_an_apply_entry_nothing_is_ours(void **state)
{
    (void)state;
    struct rx_kube_owned owned = look((struct shape){.manager = "kubectl"});
    assert_false(owned.applied || owned.consistent);
}

static void owns_tells_single_fields(void **state)
{
    (void)state;
    struct rx_error err = {0};
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    const char *object =
        "{\"metadata\":{\"managedFields\":[{\"manager\":\"radarx-operator\","
        "\"operation\":\"Apply\",\"fieldsV1\":{\"f:spec\":{\"f:replicas\":{}}}}]}}";
    assert_ok(rx_json_parse(rx_str_of(object), NULL, &doc, &err), &err);
    assert_true(rx_kube_owns(rx_json_root(doc), MANAGER, "spec.replicas"));
    assert_false(rx_kube_owns(rx_json_root(doc), MANAGER, "spec.paused"));
    assert_false(rx_kube_owns(rx_json_root(doc), "kubectl", "spec.replicas"));
    assert_false(rx_kube_owns(NULL, MANAGER, "spec.replicas"));
}

static void depth_is_bounded(void **state)
{
    (void)state;
    struct rx_error err = {0};
    struct rx_kube_owned owned;
    rx_auto(buf) struct rx_buf scratch = RX_BUF_INIT(65536);
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(65536);
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    rx_buf_puts(&text, "{\"spec\":");
    for (int i = 0; i < 55; i++) {
        rx_buf_puts(&text, "[");
    }
    for (int i = 0; i < 55; i++) {
        rx_buf_puts(&text, "]");
    }
    rx_buf_puts(&text, ",\"metadata\":{\"managedFields\":[{\"manager\":\"radarx-operator\","
                       "\"operation\":\"Apply\",\"fieldsV1\":{\"f:spec\":{}}}]}}");
    assert_ok(rx_json_parse(rx_buf_str(&text), NULL, &doc, &err), &err);
    assert_int_equal(
        rx_kube_owned_digest(rx_json_root(doc), MANAGER, "v1", "X", &scratch, &owned, &err),
        RX_ELIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_digest_is_the_intents_hash),
        cmocka_unit_test(the_text_is_what_the_builder_writes),
        cmocka_unit_test(others_fields_do_not_matter),
        cmocka_unit_test(a_changed_value_shows),
        cmocka_unit_test(a_field_taken_over_shows),
        cmocka_unit_test(the_annotation_must_be_ours_and_right),
        cmocka_unit_test(without_an_apply_entry_nothing_is_ours),
        cmocka_unit_test(owns_tells_single_fields),
        cmocka_unit_test(depth_is_bounded),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
