// SPDX-License-Identifier: Apache-2.0
#include "operator/kube/kubeconfig.h"

#include <errno.h>
#include <libgen.h>
#include <string.h>

#include "common/base/base64.h"
#include "common/base/file.h"
#include "common/json/write.h"
#include "common/yaml/yaml.h"

#define MAX_CONFIG   (4u << 20)
#define MAX_PEM      (1u << 20)
#define ACCOUNT_ROOT "/var/run/secrets/kubernetes.io/serviceaccount"

void rx_kube_source_free(struct rx_kube_source *source)
{
    free(source->server);
    free(source->ns);
    free(source->ca_file);
    free(source->ca_pem);
    free(source->server_name);
    free(source->cert_file);
    free(source->cert_pem);
    free(source->key_file);
    free(source->key_pem);
    free(source->token);
    free(source->token_file);
    rx_kube_exec_free(source->exec);
    *source = (struct rx_kube_source){0};
}

static int no_memory(struct rx_error *err)
{
    return rx_error_errno(err, ENOMEM, "kubeconfig");
}

/* The member's text, or NULL in *ret when it is absent or empty. */
static int take_text(const struct rx_json *object, const char *key, char **ret,
                     struct rx_error *err)
{
    const struct rx_json *value = rx_json_get(object, key);
    enum rx_json_type type = rx_json_type(value);
    if (type != RX_JSON_MISSING && type != RX_JSON_NULL && type != RX_JSON_STR) {
        return rx_error_set(err, RX_EINVALID, "%s: expected a string, got %s", key,
                            rx_json_type_name(value));
    }
    struct rx_str text = rx_json_str(value);
    if (text.n > 0 && !(*ret = rx_str_dup(text))) {
        return no_memory(err);
    }
    return 0;
}

static int take_path(const struct rx_json *object, const char *key, const char *dir, char **ret,
                     struct rx_error *err)
{
    rx_autofree char *text = NULL;
    int rc = take_text(object, key, &text, err);
    if (rc < 0 || !text || text[0] == '/') {
        *ret = RX_TAKE(text);
        return rc;
    }
    rx_auto(buf) struct rx_buf path = RX_BUF_INIT(4096);
    rx_buf_printf(&path, "%s/%s", dir, text);
    *ret = rx_buf_take(&path);
    return *ret ? 0 : no_memory(err);
}

static int take_data(const struct rx_json *object, const char *key, char **ret,
                     struct rx_error *err)
{
    rx_autofree char *text = NULL;
    int rc = take_text(object, key, &text, err);
    if (rc < 0 || !text) {
        return rc;
    }
    rx_auto(buf) struct rx_buf pem = RX_BUF_INIT(MAX_PEM);
    if (rx_base64_decode(&pem, rx_str_of(text)) < 0) {
        return rx_error_set(err, RX_EINVALID, "%s: expected base64", key);
    }
    *ret = rx_buf_take(&pem);
    return *ret ? 0 : no_memory(err);
}

/* The section ("cluster") of the entry called name in the list ("clusters"). */
static const struct rx_json *find_named(const struct rx_json *root, const char *list,
                                        const char *section, struct rx_str name)
{
    RX_JSON_FOREACH (iter, rx_json_get(root, list)) {
        if (rx_str_eq(rx_json_str(rx_json_get(iter.value, "name")), name)) {
            return rx_json_get(iter.value, section);
        }
    }
    return NULL;
}

static int take_cluster(const struct rx_json *cluster, const char *dir, struct rx_kube_source *out,
                        struct rx_error *err)
{
    int rc = take_text(cluster, "server", &out->server, err);
    rc = rc < 0 ? rc : take_path(cluster, "certificate-authority", dir, &out->ca_file, err);
    rc = rc < 0 ? rc : take_data(cluster, "certificate-authority-data", &out->ca_pem, err);
    rc = rc < 0 ? rc : take_text(cluster, "tls-server-name", &out->server_name, err);
    if (rc < 0) {
        return rc;
    }
    out->insecure = rx_json_bool(rx_json_get(cluster, "insecure-skip-tls-verify"), false);
    struct rx_str server = rx_str_of(out->server);
    if (!rx_str_starts(server, RX_STR("https://")) && !rx_str_starts(server, RX_STR("http://"))) {
        return rx_error_set(err, RX_EINVALID, "server: expected an http or https URL");
    }
    while (server.n > 0 && out->server[server.n - 1] == '/') {
        out->server[--server.n] = '\0';
    }
    if (out->ca_pem) { /* data wins over the file, as the format says */
        free(out->ca_file);
        out->ca_file = NULL;
    }
    return 0;
}

/* spec.cluster of KUBERNETES_EXEC_INFO. */
static int cluster_info(const struct rx_json *cluster, struct rx_kube_source *out,
                        struct rx_error *err)
{
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(MAX_PEM);
    struct rx_jw w;
    rx_jw_init(&w, &text);
    rx_jw_begin_object(&w);
    rx_jw_kv_cstr(&w, "server", out->server);
    if (out->server_name) {
        rx_jw_kv_cstr(&w, "tls-server-name", out->server_name);
    }
    struct rx_str data = rx_json_str(rx_json_get(cluster, "certificate-authority-data"));
    if (data.n > 0) {
        rx_jw_kv_str(&w, "certificate-authority-data", data);
    }
    rx_jw_kv_bool(&w, "insecure-skip-tls-verify", out->insecure);
    rx_jw_end_object(&w);
    out->exec->cluster_json = rx_buf_take(&text);
    return out->exec->cluster_json ? 0 : no_memory(err);
}

static int take_user(const struct rx_json *user, const struct rx_json *cluster, const char *dir,
                     struct rx_kube_source *out, struct rx_error *err)
{
    int rc = take_path(user, "client-certificate", dir, &out->cert_file, err);
    rc = rc < 0 ? rc : take_data(user, "client-certificate-data", &out->cert_pem, err);
    rc = rc < 0 ? rc : take_path(user, "client-key", dir, &out->key_file, err);
    rc = rc < 0 ? rc : take_data(user, "client-key-data", &out->key_pem, err);
    rc = rc < 0 ? rc : take_text(user, "token", &out->token, err);
    rc = rc < 0 ? rc : take_path(user, "tokenFile", dir, &out->token_file, err);
    if (rc < 0) {
        return rc;
    }
    if (rx_json_get(user, "username") || rx_json_get(user, "auth-provider")) {
        return rx_error_set(err, RX_EINVALID,
                            "username and auth-provider are not supported: use a "
                            "token, a client certificate or exec");
    }
    const struct rx_json *exec = rx_json_get(user, "exec");
    if (rx_json_type(exec) != RX_JSON_OBJECT) {
        return 0;
    }
    rc = rx_kube_exec_parse(exec, dir, &out->exec, err);
    if (rc == 0 && rx_json_bool(rx_json_get(exec, "provideClusterInfo"), false)) {
        rc = cluster_info(cluster, out, err);
    }
    return rc;
}

int rx_kube_source_parse(struct rx_str text, const char *dir, struct rx_kube_source *ret,
                         struct rx_error *err)
{
    rx_auto(buf) struct rx_buf json = RX_BUF_INIT(2 * MAX_CONFIG);
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    int rc = rx_yaml_to_json(text, NULL, &json, err);
    rc = rc < 0 ? rc : rx_json_parse(rx_buf_str(&json), NULL, &doc, err);
    if (rc < 0) {
        return rc;
    }
    const struct rx_json *root = rx_json_item(rx_json_root(doc), 0);
    struct rx_str current = rx_json_str(rx_json_get(root, "current-context"));
    if (current.n == 0) {
        return rx_error_set(err, RX_EINVALID, "current-context: not set");
    }
    const struct rx_json *context = find_named(root, "contexts", "context", current);
    const struct rx_json *cluster =
        find_named(root, "clusters", "cluster", rx_json_str(rx_json_get(context, "cluster")));
    const struct rx_json *user =
        find_named(root, "users", "user", rx_json_str(rx_json_get(context, "user")));
    if (!context || !cluster) {
        return rx_error_set(err, RX_EINVALID, "context \"" RX_STR_FMT "\": %s", RX_STR_ARG(current),
                            context ? "its cluster is not in clusters" : "not in contexts");
    }
    rx_auto(kube_source) struct rx_kube_source out = {0};
    rc = take_text(context, "namespace", &out.ns, err);
    rc = rc < 0 ? rc : take_cluster(cluster, dir, &out, err);
    rc = rc < 0 ? rc : take_user(user, cluster, dir, &out, err);
    if (rc == 0 && !out.ns && !(out.ns = strdup("default"))) {
        rc = no_memory(err);
    }
    if (rc == 0) {
        *ret = out;
        out = (struct rx_kube_source){0};
    }
    return rc;
}

int rx_kube_source_in_cluster(const char *root, const char *host, const char *port,
                              struct rx_kube_source *ret, struct rx_error *err)
{
    rx_auto(kube_source) struct rx_kube_source out = {.in_cluster = true};
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(4096);
    /* An IPv6 address needs brackets in a URL. */
    rx_buf_printf(&text, strchr(host, ':') ? "https://[%s]:%s" : "https://%s:%s", host, port);
    out.server = rx_buf_take(&text);
    rx_buf_printf(&text, "%s/ca.crt", root);
    out.ca_file = rx_buf_take(&text);
    rx_buf_printf(&text, "%s/token", root);
    out.token_file = rx_buf_take(&text);
    rx_buf_printf(&text, "%s/namespace", root);
    rx_autofree char *ns_file = rx_buf_take(&text);
    if (!out.server || !out.ca_file || !out.token_file || !ns_file) {
        return no_memory(err);
    }
    if (rx_file_read(ns_file, &text, NULL) < 0 || text.n == 0) {
        rx_buf_clear(&text);
        rx_buf_puts(&text, "default");
    }
    out.ns = rx_str_dup(rx_str_trim(rx_buf_str(&text)));
    if (!out.ns) {
        return no_memory(err);
    }
    *ret = out;
    out = (struct rx_kube_source){0};
    return 0;
}

static int load_file(const char *path, struct rx_kube_source *ret, struct rx_error *err)
{
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(MAX_CONFIG);
    int rc = rx_file_read(path, &text, err);
    if (rc < 0) {
        return rc;
    }
    rx_autofree char *copy = strdup(path);
    if (!copy) {
        return no_memory(err);
    }
    rc = rx_kube_source_parse(rx_buf_str(&text), dirname(copy), ret, err);
    if (text.p) {
        explicit_bzero(text.p, text.n);
    }
    return rc < 0 ? rx_error_wrap(err, "kubeconfig %s", path) : 0;
}

int rx_kube_source_load(const char *path, struct rx_kube_source *ret, struct rx_error *err)
{
    const char *env = getenv("KUBECONFIG");
    if (path && path[0]) {
        return load_file(path, ret, err);
    }
    if (env && env[0]) {
        return load_file(env, ret, err);
    }
    const char *host = getenv("KUBERNETES_SERVICE_HOST");
    const char *port = getenv("KUBERNETES_SERVICE_PORT");
    if (host && host[0] && port && port[0] && access(ACCOUNT_ROOT "/token", R_OK) == 0) {
        return rx_kube_source_in_cluster(ACCOUNT_ROOT, host, port, ret, err);
    }
    const char *home = getenv("HOME");
    rx_auto(buf) struct rx_buf file = RX_BUF_INIT(4096);
    rx_buf_printf(&file, "%s/.kube/config", home ? home : "");
    int rc = rx_buf_error(&file, err);
    return rc < 0 ? rc : load_file(file.p, ret, err);
}
