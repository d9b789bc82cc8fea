// SPDX-License-Identifier: Apache-2.0
#include "operator/kube/kubeconfig.h"

#include "tests/unit/operator/kube/files.h"

#define HEAD                                                                                       \
    "apiVersion: v1\nkind: Config\ncurrent-context: dev\ncontexts:\n"                              \
    "- name: other\n  context: {cluster: other, user: other}\n"                                    \
    "- name: dev\n  context: {cluster: k, user: u, namespace: risk}\n"

static int parse(const char *text, struct rx_kube_source *ret, struct rx_error *err)
{
    return rx_kube_source_parse(rx_str_of(text), "/etc/kube", ret, err);
}

static void paths_are_relative_to_the_file(void **state)
{
    (void)state;
    struct rx_error err = {0};
    rx_auto(kube_source) struct rx_kube_source source = {0};
    const char *text =
        HEAD "clusters:\n- name: k\n  cluster:\n    server: https://k.example:6443/\n"
             "    certificate-authority: pki/ca.crt\n    tls-server-name: kube\n"
             "users:\n- name: u\n  user:\n    client-certificate: /abs/me.crt\n"
             "    client-key: me.key\n";
    assert_ok(parse(text, &source, &err), &err);
    assert_string_equal(source.server, "https://k.example:6443");
    assert_string_equal(source.ns, "risk");
    assert_string_equal(source.ca_file, "/etc/kube/pki/ca.crt");
    assert_string_equal(source.cert_file, "/abs/me.crt");
    assert_string_equal(source.key_file, "/etc/kube/me.key");
    assert_string_equal(source.server_name, "kube");
    assert_false(source.insecure || source.in_cluster);
    assert_null(source.exec);
}

static void inline_data_wins_over_files(void **state)
{
    (void)state;
    struct rx_error err = {0};
    rx_auto(kube_source) struct rx_kube_source source = {0};
    const char *text = HEAD "clusters:\n- name: k\n  cluster: {server: 'http://127.0.0.1:8080', "
                            "certificate-authority: x, certificate-authority-data: UEVN, "
                            "insecure-skip-tls-verify: true}\n"
                            "users:\n- name: u\n  user: {token: abc, client-key-data: S0VZ}\n";
    assert_ok(parse(text, &source, &err), &err);
    assert_string_equal(source.ca_pem, "PEM");
    assert_null(source.ca_file);
    assert_string_equal(source.key_pem, "KEY");
    assert_string_equal(source.token, "abc");
    assert_true(source.insecure);
}

static void exec_plugins_are_taken(void **state)
{
    (void)state;
    struct rx_error err = {0};
    rx_auto(kube_source) struct rx_kube_source source = {0};
    const char *text =
        HEAD "clusters:\n- name: k\n  cluster: {server: 'https://k', "
             "certificate-authority-data: UEVN}\n"
             "users:\n- name: u\n  user:\n    exec:\n"
             "      apiVersion: client.authentication.k8s.io/v1\n      command: bin/login\n"
             "      args: [--cluster, a b]\n      env: [{name: REGION, value: x}]\n"
             "      provideClusterInfo: true\n      interactiveMode: Never\n";
    assert_ok(parse(text, &source, &err), &err);
    assert_non_null(source.exec);
    assert_string_equal(source.exec->argv[0], "/etc/kube/bin/login");
    assert_string_equal(source.exec->argv[2], "a b");
    assert_null(source.exec->argv[3]);
    assert_string_equal(source.exec->env[0], "REGION=x");
    assert_non_null(strstr(source.exec->cluster_json, "\"server\":\"https://k\""));
}

static void errors_name_the_field(void **state)
{
    (void)state;
#define CLUSTER "clusters:\n- name: k\n  cluster: {server: 'https://k'}\n"
    const struct {
        const char *text, *message;
    } cases[] = {
        {"a: [", "line"},
        {"apiVersion: v1\n", "current-context"},
        {"current-context: gone\n", "\"gone\": not in contexts"},
        {HEAD, "its cluster is not in clusters"},
        {HEAD "clusters:\n- name: k\n  cluster: {server: 'ftp://k'}\n", "server: expected"},
        {HEAD "clusters:\n- name: k\n  cluster: {server: 7}\n",
         "server: expected a string, got int"},
        {HEAD "clusters:\n- name: k\n  cluster: {server: 'https://k', "
              "certificate-authority-data: '*'}\n",
         "certificate-authority-data: expected base64"},
        {HEAD CLUSTER "users:\n- name: u\n  user: {username: me, password: x}\n",
         "username and auth-provider"},
        {HEAD CLUSTER "users:\n- name: u\n  user: {exec: {apiVersion: v7, command: x}}\n",
         "exec.apiVersion"},
        {HEAD CLUSTER "users:\n- name: u\n  user: {exec: {apiVersion: "
                      "client.authentication.k8s.io/v1}}\n",
         "exec: expected a command"},
        {HEAD CLUSTER "users:\n- name: u\n  user: {exec: {apiVersion: "
                      "client.authentication.k8s.io/v1, command: x, interactiveMode: Always}}\n",
         "interactiveMode"},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        struct rx_error err = {0};
        struct rx_kube_source source = {0};
        assert_true(parse(cases[i].text, &source, &err) < 0);
        assert_message(&err, cases[i].message);
        assert_null(source.server); /* nothing half-made is handed out */
    }
}

static void the_service_account_is_read(void **state)
{
    (void)state;
    struct rx_error err = {0};
    struct files files;
    rx_auto(kube_source) struct rx_kube_source source = {0};
    files_init(&files);
    files_put(&files, "namespace", "radarx-system\n");
    assert_ok(rx_kube_source_in_cluster(files.dir, "fd00::1", "443", &source, &err), &err);
    assert_string_equal(source.server, "https://[fd00::1]:443");
    assert_string_equal(source.ns, "radarx-system");
    assert_true(source.in_cluster);
    assert_non_null(strstr(source.token_file, "/token"));
    assert_non_null(strstr(source.ca_file, "/ca.crt"));
    files_fini(&files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_relative_to_the_file),
        cmocka_unit_test(inline_data_wins_over_files),
        cmocka_unit_test(exec_plugins_are_taken),
        cmocka_unit_test(errors_name_the_field),
        cmocka_unit_test(the_service_account_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
