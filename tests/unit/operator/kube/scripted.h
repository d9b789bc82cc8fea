// SPDX-License-Identifier: Apache-2.0
/* A server that answers by a short script and keeps what it was asked, with a client for it. */
#pragma once

#include <errno.h>

#include "common/base/log.h"
#include "operator/kube/client.h"
#include "tests/unit/common/http/served.h"
#include "tests/unit/operator/kube/files.h"

static const struct rx_kube_kind kind = {"apps/v1", "Deployment", "deployments"};
static const struct rx_kube_ref ref = {&kind, {"ns", 2}, {"prod", 4}};

struct fixture {
    struct served served; /* first: handed to the handler */
    struct files files;
    struct rx_kube_config *config;
    struct rx_kube_client *client;
    /* the script: what to answer */
    unsigned status[4];
    const char *body, *retry_after;
    /* what came; written by the server's thread while the caller waits for its answer */
    unsigned count;
    char method[4][16], path[256], query[256], type[64], authorization[4][64], received[4][2048];
};

static inline void keep(char *out, size_t cap, struct rx_str text)
{
    snprintf(out, cap, RX_STR_FMT, RX_STR_ARG(text));
}

static inline void handle(struct rx_http_request *request, void *arg)
{
    struct fixture *f = arg;
    unsigned i = f->count < 4 ? f->count : 3;
    keep(f->method[i], sizeof(f->method[i]), rx_http_method(request));
    keep(f->path, sizeof(f->path), rx_http_path(request));
    keep(f->query, sizeof(f->query), rx_http_query_raw(request));
    keep(f->type, sizeof(f->type), rx_http_header(request, "Content-Type"));
    keep(f->authorization[i], sizeof(f->authorization[i]),
         rx_http_header(request, "Authorization"));
    keep(f->received[i], sizeof(f->received[i]), rx_http_body(request));
    f->count++;
    unsigned status = f->status[i] ? f->status[i] : 200;
    rx_auto(http_response) struct rx_http_response *response =
        rx_http_response_new(status, "application/json", rx_str_of(f->body ? f->body : "{}"));
    if (f->retry_after) {
        assert_int_equal(rx_http_response_header(response, "Retry-After", f->retry_after), 0);
    }
    rx_http_respond(request, response);
}

static inline int set_up(void **state)
{
    static struct fixture fixture;
    struct fixture *f = &fixture;
    struct rx_error err = {0};
    char text[512];
    *f = (struct fixture){0};
    rx_log_set_level(RX_LOG_ERROR);
    served_start(&f->served, (struct rx_http_server_options){0}, handle);
    files_init(&f->files);
    files_put(&f->files, "token", "one");
    snprintf(text, sizeof(text),
             "current-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\n"
             "clusters: [{name: k, cluster: {server: 'http://127.0.0.1:%u'}}]\n"
             "users: [{name: u, user: {tokenFile: token}}]\n",
             f->served.port);
    assert_ok(rx_kube_config_load(files_put(&f->files, "config", text), NULL, &f->config, &err),
              &err);
    const struct rx_kube_client_options options = {.config = f->config};
    assert_ok(rx_kube_client_new(&options, &f->client, &err), &err);
    *state = f;
    return 0;
}

static inline int tear_down(void **state)
{
    struct fixture *f = *state;
    rx_kube_client_free(f->client);
    rx_kube_config_free(f->config);
    served_stop(&f->served);
    files_fini(&f->files);
    return 0;
}
