// SPDX-License-Identifier: Apache-2.0
#include "operator/kube/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "common/base/clock.h"
#include "common/base/parse.h"
#include "common/json/write.h"

#define MAX_OUTPUT (1u << 20)
#define MAX_WORDS  256

extern char **environ;

static void free_list(char **list)
{
    for (size_t i = 0; list && list[i]; i++) {
        free(list[i]);
    }
    free(list);
}

void rx_kube_exec_free(struct rx_kube_exec *exec)
{
    if (exec) {
        free(exec->api_version);
        free_list(exec->argv);
        free_list(exec->env);
        free(exec->cluster_json);
        free(exec->install_hint);
        free(exec);
    }
}

void rx_kube_credential_free(struct rx_kube_credential *credential)
{
    free(credential->token);
    free(credential->cert_pem);
    free(credential->key_pem);
    *credential = (struct rx_kube_credential){0};
}

/* "NAME=value", or NULL. */
static char *env_word(struct rx_str name, struct rx_str value)
{
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(128u << 10);
    rx_buf_add_str(&text, name);
    rx_buf_putc(&text, '=');
    rx_buf_add_str(&text, value);
    return rx_buf_take(&text);
}

static char *command_path(struct rx_str command, const char *dir)
{
    bool relative = command.n > 0 && command.p[0] != '/' && rx_str_find(command, '/') >= 0;
    rx_auto(buf) struct rx_buf path = RX_BUF_INIT(4096);
    if (relative) {
        rx_buf_printf(&path, "%s/", dir);
    }
    rx_buf_add_str(&path, command);
    return rx_buf_take(&path);
}

static int parse_words(const struct rx_json *exec, const char *dir, struct rx_kube_exec *out,
                       struct rx_error *err)
{
    const struct rx_json *args = rx_json_get(exec, "args");
    const struct rx_json *env = rx_json_get(exec, "env");
    size_t n_args = rx_json_len(args), n_env = rx_json_len(env);
    struct rx_str command = rx_json_str(rx_json_get(exec, "command"));
    if (command.n == 0 || n_args > MAX_WORDS || n_env > MAX_WORDS) {
        return rx_error_set(err, RX_EINVALID,
                            "exec: expected a command and at most %d args and env", MAX_WORDS);
    }
    out->argv = calloc(n_args + 2, sizeof(char *));
    out->env = calloc(n_env + 1, sizeof(char *));
    if (!out->argv || !out->env || !(out->argv[0] = command_path(command, dir))) {
        return rx_error_errno(err, ENOMEM, "exec");
    }
    size_t i = 1;
    RX_JSON_FOREACH (arg, args) {
        if (!(out->argv[i++] = rx_str_dup(rx_json_str(arg.value)))) {
            return rx_error_errno(err, ENOMEM, "exec");
        }
    }
    i = 0;
    RX_JSON_FOREACH (entry, env) {
        out->env[i] = env_word(rx_json_str(rx_json_get(entry.value, "name")),
                               rx_json_str(rx_json_get(entry.value, "value")));
        if (!out->env[i++]) {
            return rx_error_errno(err, ENOMEM, "exec");
        }
    }
    return 0;
}

int rx_kube_exec_parse(const struct rx_json *exec, const char *dir, struct rx_kube_exec **ret,
                       struct rx_error *err)
{
    struct rx_str version = rx_json_str(rx_json_get(exec, "apiVersion"));
    if (!rx_str_is(version, "client.authentication.k8s.io/v1") &&
        !rx_str_is(version, "client.authentication.k8s.io/v1beta1")) {
        return rx_error_set(err, RX_EINVALID,
                            "exec.apiVersion: expected client.authentication.k8s.io/v1 or v1beta1, "
                            "got \"" RX_STR_FMT "\"",
                            RX_STR_ARG(version));
    }
    if (rx_str_is(rx_json_str(rx_json_get(exec, "interactiveMode")), "Always")) {
        return rx_error_set(err, RX_EINVALID,
                            "exec.interactiveMode: Always: no terminal to ask on");
    }
    rx_auto(kube_exec) struct rx_kube_exec *out = calloc(1, sizeof(*out));
    if (!out || !(out->api_version = rx_str_dup(version))) {
        return rx_error_errno(err, ENOMEM, "exec");
    }
    out->install_hint = rx_str_dup(rx_json_str(rx_json_get(exec, "installHint")));
    int rc = parse_words(exec, dir, out, err);
    if (rc == 0) {
        *ret = RX_TAKE(out);
    }
    return rc;
}

/* ---- running ---- */

static char *exec_info(const struct rx_kube_exec *exec)
{
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(256u << 10);
    struct rx_jw w;
    rx_buf_puts(&text, "KUBERNETES_EXEC_INFO=");
    rx_jw_init(&w, &text);
    rx_jw_begin_object(&w);
    rx_jw_kv_cstr(&w, "apiVersion", exec->api_version);
    rx_jw_kv_cstr(&w, "kind", "ExecCredential");
    rx_jw_key(&w, "spec");
    rx_jw_begin_object(&w);
    if (exec->cluster_json) {
        rx_jw_key(&w, "cluster");
        rx_jw_raw(&w, rx_str_of(exec->cluster_json));
    }
    rx_jw_kv_bool(&w, "interactive", false);
    rx_jw_end_object(&w);
    rx_jw_end_object(&w);
    return rx_buf_take(&text);
}

/* Our environment, then the plugin's, then the info. Only the array and the info are owned. */
static char **whole_env(const struct rx_kube_exec *exec, char *info)
{
    size_t n = 0, extra = 0;
    while (environ[n]) {
        n++;
    }
    while (exec->env[extra]) {
        extra++;
    }
    char **env = calloc(n + extra + 2, sizeof(char *));
    if (!env) {
        return NULL;
    }
    size_t at = 0;
    env[at++] = info;
    /* The first of equal names wins in getenv, so ours come last. */
    for (size_t i = 0; i < extra; i++) {
        env[at++] = exec->env[i];
    }
    for (size_t i = 0; i < n; i++) {
        if (strncmp(environ[i], "KUBERNETES_EXEC_INFO=", 21) != 0) {
            env[at++] = environ[i];
        }
    }
    return env;
}

static int spawn(const struct rx_kube_exec *exec, int out_fd, pid_t *ret, struct rx_error *err)
{
    rx_autofree char *info = exec_info(exec);
    rx_autofree char **env = info ? whole_env(exec, info) : NULL;
    posix_spawn_file_actions_t actions;
    if (!env || posix_spawn_file_actions_init(&actions) != 0) {
        return rx_error_errno(err, ENOMEM, "exec %s", exec->argv[0]);
    }
    posix_spawnattr_t attr;
    posix_spawnattr_init(&attr);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out_fd, 1);
    int rc = posix_spawnp(ret, exec->argv[0], &actions, &attr, exec->argv, env);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attr);
    if (rc != 0) {
        return rx_error_errno(err, rc, "exec %s (%s)", exec->argv[0],
                              exec->install_hint && exec->install_hint[0] ? exec->install_hint
                                                                          : "credential plugin");
    }
    return 0;
}

/* Reads until the end, the bound or the deadline. */
static int gather(int fd, struct rx_buf *out, struct rx_error *err)
{
    int64_t deadline = rx_clock_monotonic_ms(rx_clock_system()) + RX_KUBE_EXEC_TIMEOUT_MS;
    for (;;) {
        int64_t left = deadline - rx_clock_monotonic_ms(rx_clock_system());
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        int n = left > 0 ? poll(&ready, 1, (int)left) : 0;
        if (n == 0) {
            return rx_error_set(err, -ETIMEDOUT, "exec: no answer within %d s",
                                RX_KUBE_EXEC_TIMEOUT_MS / 1000);
        }
        char chunk[4096];
        ssize_t got = n < 0 ? -1 : read(fd, chunk, sizeof(chunk));
        if (got == 0) {
            return rx_buf_error(out, err);
        }
        if (got < 0 && errno != EINTR) {
            return rx_error_errno(err, errno, "exec: read");
        }
        if (got > 0) {
            rx_buf_add(out, chunk, (size_t)got);
        }
        if (rx_buf_error(out, err) < 0) {
            return rx_error_wrap(err, "exec: output");
        }
    }
}

static int dup_field(const struct rx_json *status, const char *key, char **ret)
{
    struct rx_str text = rx_json_str(rx_json_get(status, key));
    if (text.n > 0 && !(*ret = rx_str_dup(text))) {
        return -ENOMEM;
    }
    return 0;
}

static int read_credential(struct rx_str text, struct rx_kube_credential *ret, struct rx_error *err)
{
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    rx_auto(kube_credential) struct rx_kube_credential out = {0};
    int rc = rx_json_parse(text, NULL, &doc, err);
    if (rc < 0) {
        return rx_error_wrap(err, "exec: output");
    }
    const struct rx_json *status = rx_json_get(rx_json_root(doc), "status");
    struct rx_str expires = rx_json_str(rx_json_get(status, "expirationTimestamp"));
    if (dup_field(status, "token", &out.token) < 0 ||
        dup_field(status, "clientCertificateData", &out.cert_pem) < 0 ||
        dup_field(status, "clientKeyData", &out.key_pem) < 0) {
        return rx_error_errno(err, ENOMEM, "exec");
    }
    if ((!out.token && !out.cert_pem) || !out.cert_pem != !out.key_pem) {
        return rx_error_set(err, RX_EPROTO,
                            "exec: expected status.token, or clientCertificateData with "
                            "clientKeyData");
    }
    if (expires.n > 0 && rx_parse_rfc3339_ns(expires, &out.expires_ns) < 0) {
        return rx_error_set(err, RX_EPROTO, "exec: status.expirationTimestamp: not RFC 3339");
    }
    *ret = out;
    out = (struct rx_kube_credential){0};
    return 0;
}

int rx_kube_exec_run(const struct rx_kube_exec *exec, struct rx_kube_credential *ret,
                     struct rx_error *err)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) < 0) {
        return rx_error_errno(err, errno, "exec: pipe");
    }
    rx_autoclose int in = fds[0];
    rx_autoclose int out = fds[1];
    pid_t pid = 0;
    int rc = spawn(exec, out, &pid, err);
    if (rc < 0) {
        return rc;
    }
    close(RX_TAKE_FD(out));
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(MAX_OUTPUT);
    rc = gather(in, &text, err);
    if (rc < 0) {
        kill(pid, SIGKILL);
    }
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (rc == 0 && (!WIFEXITED(status) || WEXITSTATUS(status) != 0)) {
        rc = rx_error_set(err, RX_ESTATUS, "exec %s: status %d", exec->argv[0],
                          WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    }
    if (rc == 0) {
        rc = read_credential(rx_buf_str(&text), ret, err);
    }
    if (text.p) {
        explicit_bzero(text.p, text.n);
    }
    return rc;
}
