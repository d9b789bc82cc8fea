// SPDX-License-Identifier: Apache-2.0
#include "operator/kube/exec.h"

#include <errno.h>

#include "tests/unit/operator/kube/files.h"

/* Runs a shell script as the plugin. */
static int run(const char *script, const char *env, struct rx_kube_credential *ret,
               struct rx_error *err)
{
    struct files files;
    files_init(&files);
    const char *path = files_put(&files, "plugin", script);
    assert_int_equal(chmod(path, 0700), 0);
    char *argv[] = {(char *)path, (char *)"first", (char *)"$(touch /tmp/never); x", NULL};
    char *environment[] = {(char *)env, NULL};
    const struct rx_kube_exec exec = {.api_version = (char *)"client.authentication.k8s.io/v1",
                                      .argv = argv,
                                      .env = environment,
                                      .cluster_json = (char *)"{\"server\":\"https://k\"}",
                                      .install_hint = (char *)"install it"};
    int rc = rx_kube_exec_run(&exec, ret, err);
    files_fini(&files);
    return rc;
}

static void a_token_and_its_expiry_are_read(void **state)
{
    (void)state;
    struct rx_error err = {0};
    rx_auto(kube_credential) struct rx_kube_credential credential = {0};
    assert_ok(run("#!/bin/sh\necho '{\"status\":{\"token\":\"secret\",\"expirationTimestamp\":"
                  "\"2030-01-01T00:00:00Z\"}}'\n",
                  "A=1", &credential, &err),
              &err);
    assert_string_equal(credential.token, "secret");
    assert_int_equal(credential.expires_ns / 1000000000, 1893456000);
}

static void arguments_and_environment_arrive_untouched_by_a_shell(void **state)
{
    (void)state;
    struct rx_error err = {0};
    rx_auto(kube_credential) struct rx_kube_credential credential = {0};
    const char *script = "#!/bin/sh\n"
                         "case $KUBERNETES_EXEC_INFO in *'\"server\":\"https://k\"'*) ok=1;; esac\n"
                         "[ \"$ok\" ] && [ \"$2\" = '$(touch /tmp/never); x' ] || exit 9\n"
                         "echo \"{\\\"status\\\":{\\\"token\\\":\\\"$1-$REGION\\\"}}\"\n";
    assert_ok(run(script, "REGION=a b", &credential, &err), &err);
    assert_string_equal(credential.token, "first-a b");
    assert_int_equal(credential.expires_ns, 0);
}

static void a_certificate_needs_its_key(void **state)
{
    (void)state;
    struct rx_error err = {0};
    rx_auto(kube_credential) struct rx_kube_credential credential = {0};
    assert_ok(run("#!/bin/sh\necho '{\"status\":{\"clientCertificateData\":\"C\","
                  "\"clientKeyData\":\"K\"}}'\n",
                  "A=1", &credential, &err),
              &err);
    assert_string_equal(credential.cert_pem, "C");
    assert_string_equal(credential.key_pem, "K");
}

static void failures_are_errors_without_the_output(void **state)
{
    (void)state;
    const struct {
        const char *script, *message;
        int code;
    } cases[] = {
        {"#!/bin/sh\nexit 3\n", "status 3", RX_ESTATUS},
        {"#!/bin/sh\nkill -9 $$\n", "status 137", RX_ESTATUS},
        {"#!/bin/sh\necho 'token: hunter2'\n", "exec: output", RX_EPARSE},
        {"#!/bin/sh\necho '{\"status\":{}}'\n", "expected status.token", RX_EPROTO},
        {"#!/bin/sh\necho '{\"status\":{\"clientCertificateData\":\"C\"}}'\n", "clientKeyData",
         RX_EPROTO},
        {"#!/bin/sh\necho "
         "'{\"status\":{\"token\":\"hunter2\",\"expirationTimestamp\":\"soon\"}}'\n",
         "expirationTimestamp", RX_EPROTO},
        {"#!/bin/sh\nhead -c 3000000 /dev/zero\n", "more than", RX_ELIMIT},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        struct rx_error err = {0};
        rx_auto(kube_credential) struct rx_kube_credential credential = {0};
        assert_int_equal(run(cases[i].script, "A=1", &credential, &err), cases[i].code);
        assert_message(&err, cases[i].message);
        assert_null(strstr(err.msg, "hunter2"));
        assert_null(credential.token);
    }
}

static void a_missing_program_tells_how_to_install_it(void **state)
{
    (void)state;
    struct rx_error err = {0};
    rx_auto(kube_credential) struct rx_kube_credential credential = {0};
    char *argv[] = {(char *)"/nonexistent/login", NULL};
    char *env[] = {NULL};
    const struct rx_kube_exec exec = {.api_version = (char *)"client.authentication.k8s.io/v1",
                                      .argv = argv,
                                      .env = env,
                                      .install_hint = (char *)"install it"};
    assert_int_equal(rx_kube_exec_run(&exec, &credential, &err), -ENOENT);
    assert_message(&err, "install it");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_and_its_expiry_are_read),
        cmocka_unit_test(arguments_and_environment_arrive_untouched_by_a_shell),
        cmocka_unit_test(a_certificate_needs_its_key),
        cmocka_unit_test(failures_are_errors_without_the_output),
        cmocka_unit_test(a_missing_program_tells_how_to_install_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
