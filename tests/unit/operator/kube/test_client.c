// SPDX-License-Identifier: Apache-2.0
/* Requests as a server sees them, and answers as the caller does. */
#include "operator/kube/client.h"

#include "tests/unit/operator/kube/scripted.h"

static void apply_is_one_patch_with_one_content_type(void **state)
{
    struct fixture *f = *state;
    struct rx_error err = {0};
    rx_auto(kube_result) struct rx_kube_result result = {0};
    f->body = "{\"metadata\":{\"uid\":\"u1\"}}";
    f->status[0] = 201;
    assert_ok(rx_kube_apply(f->client, &ref, NULL, RX_STR("{\"a\":1}"), &result, &err), &err);
    assert_int_equal(f->count, 1);
    assert_string_equal(f->method[0], "PATCH");
    assert_string_equal(f->path, "/apis/apps/v1/namespaces/ns/deployments/prod");
    assert_string_equal(f->query, "fieldManager=radarx-operator&force=true");
    assert_string_equal(f->type, "application/apply-patch+yaml");
    assert_string_equal(f->authorization[0], "Bearer one");
    assert_string_equal(f->received[0], "{\"a\":1}");
    assert_int_equal(result.status, 201);
    assert_str(rx_json_str(rx_json_at(rx_json_root(result.doc), "metadata.uid")), "u1");
}

static void a_deletion_names_the_object_and_its_uid(void **state)
{
    struct fixture *f = *state;
    struct rx_error err = {0};
    assert_ok(rx_kube_delete(f->client, &ref, RX_STR("u-1"), &err), &err);
    assert_string_equal(f->method[0], "DELETE");
    assert_string_equal(f->path, "/apis/apps/v1/namespaces/ns/deployments/prod");
    assert_non_null(strstr(f->received[0], "\"preconditions\":{\"uid\":\"u-1\"}"));
    assert_non_null(strstr(f->received[0], "\"propagationPolicy\":\"Background\""));
}

static void calls_without_a_name_never_reach_the_server(void **state)
{
    struct fixture *f = *state;
    const struct rx_kube_ref nameless = {&kind, {"ns", 2}, {"", 0}};
    struct rx_error err = {0};
    assert_int_equal(rx_kube_delete(f->client, &nameless, (struct rx_str){0}, &err), RX_EINVALID);
    assert_int_equal(rx_kube_get(f->client, &nameless, NULL, &err), RX_EINVALID);
    assert_int_equal(rx_kube_create(f->client, &nameless, RX_STR("{}"), NULL, &err), RX_EINVALID);
    assert_int_equal(f->count, 0);
}

static void refusals_become_errors_with_the_servers_words(void **state)
{
    struct fixture *f = *state;
    const struct {
        unsigned status;
        int code;
        bool retryable;
    } cases[] = {{400, RX_EINVALID, false},  {403, -EACCES, false},   {404, -ENOENT, false},
                 {409, RX_ECONFLICT, false}, {410, RX_EGONE, false},  {422, RX_EINVALID, false},
                 {429, RX_ESTATUS, true},    {500, RX_ESTATUS, true}, {503, RX_ESTATUS, true},
                 {302, RX_ESTATUS, false}};
    f->body = "{\"kind\":\"Status\",\"message\":\"spec.x: no good\"}";
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        struct rx_error err = {0};
        f->count = 0;
        f->status[0] = cases[i].status;
        assert_int_equal(rx_kube_get(f->client, &ref, NULL, &err), cases[i].code);
        assert_int_equal(err.retryable, cases[i].retryable);
        assert_message(&err, "Deployment ns/prod");
        assert_message(&err, "spec.x: no good");
        assert_int_equal(f->count, 1);
    }
}

static void retry_after_is_told_and_bounded(void **state)
{
    struct fixture *f = *state;
    struct rx_error err = {0};
    f->status[0] = 429;
    f->retry_after = "7";
    assert_int_equal(rx_kube_get(f->client, &ref, NULL, &err), RX_ESTATUS);
    assert_int_equal(rx_kube_client_retry_after_ms(f->client), 7000);
    f->count = 0;
    f->retry_after = "86400";
    assert_int_equal(rx_kube_get(f->client, &ref, NULL, &err), RX_ESTATUS);
    assert_int_equal(rx_kube_client_retry_after_ms(f->client), 300000);
    f->count = 0;
    f->status[0] = 200;
    f->retry_after = NULL;
    assert_ok(rx_kube_get(f->client, &ref, NULL, &err), &err);
    assert_int_equal(rx_kube_client_retry_after_ms(f->client), 0);
}

static void a_401_is_tried_once_more_with_the_new_token(void **state)
{
    struct fixture *f = *state;
    struct rx_error err = {0};
    f->status[0] = f->status[1] = 401;
    files_put(&f->files, "token", "two");
    usleep(1100000); /* files are not read more often than each second */
    assert_int_equal(rx_kube_get(f->client, &ref, NULL, &err), -EACCES);
    assert_true(err.retryable);
    assert_int_equal(f->count, 2);
    assert_string_equal(f->authorization[0], "Bearer one");
    assert_string_equal(f->authorization[1], "Bearer two");
}

/* The failure of a call must not show what an earlier one got. */
static void results_start_from_zero(void **state)
{
    struct fixture *f = *state;
    struct rx_error err = {0};
    rx_auto(kube_result) struct rx_kube_result result = {0};
    assert_ok(rx_kube_get(f->client, &ref, &result, &err), &err);
    assert_int_equal(result.status, 200);
    rx_kube_result_free(&result);
    result.status = 200;
    struct rx_kube_client *nobody = NULL;
    struct rx_kube_config *config = NULL;
    const char *path =
        files_put(&f->files, "dead",
                  "current-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\n"
                  "clusters: [{name: k, cluster: {server: 'http://127.0.0.1:1'}}]\nusers: []\n");
    assert_ok(rx_kube_config_load(path, NULL, &config, &err), &err);
    const struct rx_kube_client_options options = {.config = config};
    assert_ok(rx_kube_client_new(&options, &nobody, &err), &err);
    assert_true(rx_kube_get(nobody, &ref, &result, &err) < 0);
    assert_true(err.retryable);
    assert_int_equal(result.status, 0);
    assert_null(result.doc);
    rx_kube_client_free(nobody);
    rx_kube_config_free(config);
}

static void an_answer_that_is_no_json_is_an_error(void **state)
{
    struct fixture *f = *state;
    struct rx_error err = {0};
    rx_auto(kube_result) struct rx_kube_result result = {0};
    f->body = "<html>";
    assert_int_equal(rx_kube_get(f->client, &ref, &result, &err), RX_EPARSE);
    f->count = 0;
    f->status[0] = 502;
    assert_int_equal(rx_kube_get(f->client, &ref, &result, &err), RX_ESTATUS);
    assert_message(&err, "502: no message");
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(apply_is_one_patch_with_one_content_type),
        TEST(a_deletion_names_the_object_and_its_uid),
        TEST(calls_without_a_name_never_reach_the_server),
        TEST(refusals_become_errors_with_the_servers_words),
        TEST(retry_after_is_told_and_bounded),
        TEST(a_401_is_tried_once_more_with_the_new_token),
        TEST(results_start_from_zero),
        TEST(an_answer_that_is_no_json_is_an_error),
    };
    struct rx_error err = {0};
    if (rx_http_client_global_init(&err) < 0) {
        return 1;
    }
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    rx_http_client_global_fini();
    return rc;
}
