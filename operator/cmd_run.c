// SPDX-License-Identifier: Apache-2.0
/* `radarx-operator run`: settings, signals, the health and metrics server, and the operator. */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/config.h"
#include "common/base/log.h"
#include "common/base/parse.h"
#include "common/http/server.h"
#include "operator/cmd.h"
#include "operator/reconcile/operator.h"

#define MAX_NAMESPACES  64
#define MAX_EXPOSITION  (4u << 20)
#define MAX_HOST        64
#define METRICS_TEXT    "text/plain; version=0.0.4; charset=utf-8"
#define MAX_CONNECTIONS 64

struct settings {
    char *kubeconfig, *namespaces, *metrics_address;
    int64_t workers;
    int log_level;
};

static const char *const levels[] = {"debug", "info", "warn", "error", NULL};

static const struct rx_config_row rows[] = {
    {.key = "kubeconfig",
     .env = "RADARX_KUBECONFIG",
     .flag = "--kubeconfig",
     .type = RX_CONFIG_STR,
     .max = 4096,
     .target = offsetof(struct settings, kubeconfig),
     .help = "Kubeconfig file; without it $KUBECONFIG, the pod's service account, or "
             "~/.kube/config."},
    {.key = "workers",
     .env = "RADARX_WORKERS",
     .flag = "--workers",
     .type = RX_CONFIG_I64,
     .min = 1,
     .max = 64,
     .def = "4",
     .target = offsetof(struct settings, workers),
     .help = "Objects that are worked on at the same time."},
    {.key = "metrics_bind_address",
     .env = "RADARX_METRICS_BIND_ADDRESS",
     .flag = "--metrics-bind-address",
     .type = RX_CONFIG_STR,
     .max = 128,
     .def = "127.0.0.1:8081",
     .target = offsetof(struct settings, metrics_address),
     .help = "host:port of /metrics, /healthz and /readyz; 0 = none, port 0 = any free one."},
    {.key = "namespaces",
     .env = "RADARX_NAMESPACES",
     .flag = "--namespaces",
     .type = RX_CONFIG_STR,
     .max = 8192,
     .def = "",
     .target = offsetof(struct settings, namespaces),
     .help = "Namespaces to watch, separated by commas; empty = all."},
    {.key = "log.level",
     .env = "LOG_LEVEL",
     .flag = "--log-level",
     .type = RX_CONFIG_ENUM,
     .def = "info",
     .choices = levels,
     .target = offsetof(struct settings, log_level),
     .help = "Least severe messages to log."},
};
static const struct rx_config_table table = {rows, RX_ARRAY_LEN(rows)};

/* The running program. */
struct program {
    struct settings settings;
    const char *namespaces[MAX_NAMESPACES + 1]; /* into settings.namespaces */
    struct rx_loop *loop;
    struct rx_metrics *metrics;
    struct rx_kube_config *config;
    struct rx_operator *operator;
    struct rx_http_server *server;
};

static void program_fini(struct program *program)
{
    rx_operator_free(program->operator);
    rx_http_server_free(program->server);
    rx_kube_config_free(program->config);
    rx_metrics_free(program->metrics);
    rx_loop_free(program->loop);
    rx_config_free(&table, &program->settings);
}
RX_DEFINE_CLEANUP_INPLACE(program, struct program, program_fini);

/* ---- settings ---- */

static int usage(bool markdown)
{
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(64u << 10);
    if (markdown) {
        rx_config_markdown(&table, &text);
    } else {
        rx_buf_puts(&text, "usage: radarx-operator run [OPTIONS]\n\n");
        rx_config_help(&table, &text);
    }
    fputs(text.p ? text.p : "", stdout);
    return 0;
}

/* Cuts the list in place. */
static int split_namespaces(struct program *program, struct rx_error *err)
{
    char *rest = program->settings.namespaces;
    size_t n = 0;
    for (char *name = strsep(&rest, ","); name && name[0]; name = strsep(&rest, ",")) {
        if (n == MAX_NAMESPACES) {
            return rx_error_set(err, RX_ELIMIT, "--namespaces: more than %d", MAX_NAMESPACES);
        }
        if (strlen(name) > 63) {
            return rx_error_set(err, RX_EINVALID, "--namespaces: \"%.20s...\" is too long", name);
        }
        program->namespaces[n++] = name;
    }
    return 0;
}

static int read_settings(struct program *program, int argc, char **argv, struct rx_error *err)
{
    int rest = argc;
    struct settings *settings = &program->settings;
    int rc = rx_config_defaults(&table, settings, err);
    rc = rc < 0 ? rc : rx_config_env(&table, settings, err);
    rc = rc < 0 ? rc : rx_config_args(&table, settings, argc, argv, &rest, err);
    if (rc == 0 && rest < argc) {
        rc = rx_error_set(err, RX_EINVALID, "unexpected argument \"%s\"", argv[rest]);
    }
    return rc < 0 ? rc : split_namespaces(program, err);
}

/* ---- health and metrics ---- */

static void answer(struct rx_http_request *request, unsigned status, const char *type,
                   struct rx_str body)
{
    rx_auto(http_response) struct rx_http_response *response =
        rx_http_response_new(status, type, body);
    rx_http_respond(request, response);
}

static void answer_metrics(struct rx_http_request *request, struct program *program)
{
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(MAX_EXPOSITION);
    bool good = rx_metrics_write(program->metrics, &text) == 0;
    answer(request, good ? 200 : 500, METRICS_TEXT, rx_buf_str(&text));
}

static void on_request(struct rx_http_request *request, void *arg)
{
    struct program *program = arg;
    struct rx_str path = rx_http_path(request);
    if (!rx_str_is(rx_http_method(request), "GET") && !rx_str_is(rx_http_method(request), "HEAD")) {
        answer(request, 405, "text/plain", RX_STR("only GET\n"));
    } else if (rx_str_is(path, "/metrics")) {
        answer_metrics(request, program);
    } else if (rx_str_is(path, "/healthz")) {
        /* That the loop answers is what it tells. */
        answer(request, 200, "text/plain", RX_STR("ok\n"));
    } else if (rx_str_is(path, "/readyz")) {
        bool ready = rx_operator_ready(program->operator);
        answer(request, ready ? 200 : 503, "text/plain",
               ready ? RX_STR("ok\n") : RX_STR("caches are being filled\n"));
    } else {
        answer(request, 404, "text/plain", RX_STR("not found\n"));
    }
}

static int start_server(struct program *program, struct rx_error *err)
{
    const char *address = program->settings.metrics_address;
    if (!address || !address[0] || strcmp(address, "0") == 0) {
        return 0;
    }
    const char *colon = strrchr(address, ':');
    int64_t port = 0;
    if (!colon || rx_parse_i64(rx_str_of(colon + 1), 0, 65535, &port) < 0 ||
        (size_t)(colon - address) >= MAX_HOST) {
        return rx_error_set(err, RX_EINVALID, "--metrics-bind-address: expected host:port");
    }
    char host[MAX_HOST] = "0.0.0.0";
    if (colon > address) {
        snprintf(host, sizeof(host), "%.*s", (int)(colon - address), address);
    }
    const struct rx_http_server_options options = {
        .host = host, .port = (uint16_t)port, .max_connections = MAX_CONNECTIONS};
    int rc =
        rx_http_server_new(program->loop, &options, on_request, program, &program->server, err);
    if (rc == 0) {
        rx_info("listening", RX_F_S("host", host),
                RX_F_I("port", rx_http_server_port(program->server)));
    }
    return rc;
}

/* ---- the run ---- */

static void on_signal(struct rx_loop *loop, int signo, void *arg)
{
    struct program *program = arg;
    rx_info("stopping", RX_F_I("signal", signo));
    if (program->operator) {
        rx_operator_stop(program->operator);
    }
    rx_loop_stop(loop);
}

static int start(struct program *program, struct rx_error *err)
{
    const char *pod = getenv("POD_NAME");
    int rc = rx_loop_new(NULL, &program->loop, err);
    rc = rc < 0 ? rc : rx_loop_on_signal(program->loop, SIGTERM, on_signal, program, err);
    rc = rc < 0 ? rc : rx_loop_on_signal(program->loop, SIGINT, on_signal, program, err);
    rc = rc < 0 ? rc
                : rx_kube_config_load(program->settings.kubeconfig, NULL, &program->config, err);
    if (rc < 0) {
        return rc;
    }
    program->metrics = rx_metrics_new();
    rx_metrics_add_process(program->metrics, "radarx-operator");
    const struct rx_operator_options options = {
        .loop = program->loop,
        .config = program->config,
        .metrics = program->metrics,
        .workers = (unsigned)program->settings.workers,
        .namespaces = program->namespaces[0] ? program->namespaces : NULL,
        .instance = pod && pod[0] ? pod : "radarx-operator"};
    rc = rx_operator_new(&options, &program->operator, err);
    return rc < 0 ? rc : start_server(program, err);
}

static int run(int argc, char **argv, struct rx_error *err)
{
    rx_auto(program) struct program program = {0};
    int rc = read_settings(&program, argc, argv, err);
    if (rc < 0) {
        return rc;
    }
    rx_log_set_level((enum rx_log_level)program.settings.log_level);
    rc = start(&program, err);
    if (rc < 0) {
        return rc;
    }
    rx_info("starting", RX_F_S("version", RX_VERSION),
            RX_F_URL("server", rx_kube_config_server(program.config)),
            RX_F_I("workers", program.settings.workers));
    rx_operator_start(program.operator);
    return rx_loop_run(program.loop, err);
}

int rx_cmd_run(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "--help-markdown") == 0) {
            return usage(strcmp(argv[i], "--help") != 0);
        }
    }
    /* Few threads that hardly ever allocate at once: one arena each would only hold memory. */
    mallopt(M_ARENA_MAX, 2);
    struct rx_error err = {0};
    int rc = rx_http_client_global_init(&err);
    if (rc == 0) {
        rc = run(argc, argv, &err);
        rx_http_client_global_fini();
    }
    if (rc < 0) {
        fprintf(stderr, "radarx-operator run: %s\n", err.msg);
        return err.code == RX_EINVALID ? 2 : 1;
    }
    return 0;
}
