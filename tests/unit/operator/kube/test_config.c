// SPDX-License-Identifier: Apache-2.0
#include "operator/kube/config.h"

#include "common/base/log.h"
#include "tests/unit/operator/kube/files.h"

struct fixture {
    struct files files;
    struct rx_clock_manual clock;
    struct rx_kube_config *config;
};

static int set_up(void **state)
{
    static struct fixture f;
    struct rx_error err = {0};
    rx_log_set_level(RX_LOG_ERROR);
    files_init(&f.files);
    rx_clock_manual_init(&f.clock, 0);
    files_put(&f.files, "token", "one\n");
    files_put(&f.files, "ca.crt", "CA1\n");
    const char *path = files_put(
        &f.files, "config",
        "current-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\n"
        "clusters: [{name: k, cluster: {server: 'https://k', certificate-authority: ca.crt}}]\n"
        "users: [{name: u, user: {tokenFile: token}}]\n");
    assert_ok(rx_kube_config_load(path, &f.clock.clock, &f.config, &err), &err);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    rx_kube_config_free(f->config);
    files_fini(&f->files);
    return 0;
}

static void assert_token(struct fixture *f, const char *token)
{
    char line[128];
    rx_auto(kube_auth) struct rx_kube_auth *auth = rx_kube_config_auth(f->config);
    snprintf(line, sizeof(line), "Authorization: Bearer %s", token);
    assert_string_equal(auth->authorization, line);
}

static void pass(struct fixture *f, int seconds)
{
    rx_clock_manual_advance(&f->clock, seconds * 1000000000LL);
}

static void tokens_are_read_again_each_minute(void **state)
{
    struct fixture *f = *state;
    assert_token(f, "one");
    files_put(&f->files, "token", "two");
    pass(f, 59);
    assert_token(f, "one");
    pass(f, 2);
    assert_token(f, "two");
}

static void a_401_asks_for_a_fresh_token_but_not_in_a_loop(void **state)
{
    struct fixture *f = *state;
    files_put(&f->files, "token", "two");
    pass(f, 2);
    rx_auto(kube_auth) struct rx_kube_auth *auth = rx_kube_config_auth(f->config);
    rx_kube_config_rejected(f->config, auth);
    assert_token(f, "two");
    files_put(&f->files, "token", "three");
    rx_kube_config_rejected(f->config, auth); /* of the former token: no news */
    assert_token(f, "two");
    rx_auto(kube_auth) struct rx_kube_auth *newer = rx_kube_config_auth(f->config);
    rx_kube_config_rejected(f->config, newer); /* within a second of the last reading */
    assert_token(f, "two");
}

static void an_unreadable_file_leaves_the_old_token(void **state)
{
    struct fixture *f = *state;
    files_put(&f->files, "token", "");
    pass(f, 61);
    assert_token(f, "one");
    files_put(&f->files, "token", "a\r\nX-Header: b");
    pass(f, 61);
    assert_token(f, "one");
    files_put(&f->files, "token", "two");
    pass(f, 61);
    assert_token(f, "two");
}

static void another_ca_means_other_connections(void **state)
{
    struct fixture *f = *state;
    rx_auto(kube_auth) struct rx_kube_auth *before = rx_kube_config_auth(f->config);
    files_put(&f->files, "token", "two");
    pass(f, 61);
    rx_auto(kube_auth) struct rx_kube_auth *token = rx_kube_config_auth(f->config);
    assert_int_equal(token->version, before->version);
    files_put(&f->files, "ca.crt", "CA2\n");
    pass(f, 301);
    rx_auto(kube_auth) struct rx_kube_auth *after = rx_kube_config_auth(f->config);
    assert_int_not_equal(after->version, before->version);
    assert_string_equal(after->tls.ca_pem, "CA2\n");
    assert_string_equal(before->tls.ca_pem, "CA1\n"); /* whoever holds it may go on */
}

static void a_missing_file_is_an_error_at_the_start(void **state)
{
    struct fixture *f = *state;
    struct rx_error err = {0};
    struct rx_kube_config *config = NULL;
    const char *path =
        files_put(&f->files, "bad",
                  "current-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\n"
                  "clusters: [{name: k, cluster: {server: 'https://k'}}]\n"
                  "users: [{name: u, user: {tokenFile: nothing-here}}]\n");
    assert_true(rx_kube_config_load(path, &f->clock.clock, &config, &err) < 0);
    assert_message(&err, "nothing-here");
    assert_null(config);
}

/* The plugin's answer is used, and a 401 makes it run again without anybody waiting for it. */
static void a_plugin_runs_again_after_a_401(void **state)
{
    struct fixture *f = *state;
    struct rx_error err = {0};
    char script[512], text[1024];
    snprintf(script, sizeof(script),
             "#!/bin/sh\necho x >>%s/runs\nn=$(wc -l <%s/runs)\n"
             "echo \"{\\\"status\\\":{\\\"token\\\":\\\"t$((n))\\\"}}\"\n",
             f->files.dir, f->files.dir);
    assert_int_equal(chmod(files_put(&f->files, "plugin", script), 0700), 0);
    snprintf(
        text, sizeof(text),
        "current-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\n"
        "clusters: [{name: k, cluster: {server: 'https://k'}}]\nusers: [{name: u, user: {exec: "
        "{apiVersion: client.authentication.k8s.io/v1, command: ./plugin}}}]\n");
    rx_auto(kube_config) struct rx_kube_config *config = NULL;
    assert_ok(rx_kube_config_load(files_put(&f->files, "exec", text), NULL, &config, &err), &err);
    rx_auto(kube_auth) struct rx_kube_auth *first = rx_kube_config_auth(config);
    assert_string_equal(first->authorization, "Authorization: Bearer t1");
    rx_kube_config_rejected(config, first);
    for (;;) { /* the runner's time-out bounds it */
        rx_auto(kube_auth) struct rx_kube_auth *auth = rx_kube_config_auth(config);
        if (strcmp(auth->authorization, "Authorization: Bearer t2") == 0) {
            break;
        }
        rx_kube_config_rejected(config, auth);
        usleep(10000);
    }
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(tokens_are_read_again_each_minute),
        TEST(a_401_asks_for_a_fresh_token_but_not_in_a_loop),
        TEST(an_unreadable_file_leaves_the_old_token),
        TEST(another_ca_means_other_connections),
        TEST(a_missing_file_is_an_error_at_the_start),
        TEST(a_plugin_runs_again_after_a_401),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
