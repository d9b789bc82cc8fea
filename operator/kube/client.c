// SPDX-License-Identifier: Apache-2.0
#include "operator/kube/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_URL            (8u << 10)
#define MAX_RETRY_AFTER_MS (300 * RX_MS_PER_S)

struct rx_kube_client {
    struct rx_kube_config *config; /* borrowed */
    struct rx_http_session *session;
    struct rx_buf url;
    uint64_t auth_version;
    int64_t retry_after_ms;
    struct rx_family *requests; /* may be NULL */
};

/* One call, before credentials are added. */
struct call {
    const char *method, *content_type;
    struct rx_str body;
};

int rx_kube_client_new(const struct rx_kube_client_options *options, struct rx_kube_client **ret,
                       struct rx_error *err)
{
    static const struct rx_metric_desc requests = {
        .name = "rest_client_requests_total",
        .help = "Requests to the API server by method and status; code 0: no answer.",
        .type = RX_COUNTER,
        .labels = {"method", "code"}};
    rx_auto(kube_client) struct rx_kube_client *client = calloc(1, sizeof(*client));
    if (!client) {
        return rx_error_errno(err, ENOMEM, "kube client");
    }
    client->config = options->config;
    client->url = RX_BUF_INIT(MAX_URL);
    if (options->metrics) {
        client->requests = rx_family(options->metrics, &requests);
    }
    int rc = rx_http_session_new(&client->session, err);
    if (rc == 0) {
        *ret = RX_TAKE(client);
    }
    return rc;
}

void rx_kube_client_free(struct rx_kube_client *client)
{
    if (client) {
        rx_http_session_free(client->session);
        rx_buf_free(&client->url);
        free(client);
    }
}

int64_t rx_kube_client_retry_after_ms(const struct rx_kube_client *client)
{
    return client->retry_after_ms;
}

void rx_kube_result_free(struct rx_kube_result *result)
{
    rx_json_doc_free(result->doc);
    *result = (struct rx_kube_result){0};
}

static void count(struct rx_kube_client *client, const char *method, unsigned status)
{
    if (client->requests) {
        char code[8];
        snprintf(code, sizeof(code), "%u", status % 1000);
        const char *const labels[] = {method, code};
        rx_metric_inc(rx_metric(client->requests, labels));
    }
}

static int send_once(struct rx_kube_client *client, const struct call *call,
                     struct rx_http_result *http)
{
    rx_auto(kube_auth) struct rx_kube_auth *auth = rx_kube_config_auth(client->config);
    if (auth->version != client->auth_version) {
        rx_http_session_reset(client->session);
        client->auth_version = auth->version;
    }
    const char *headers[5] = {"Accept: application/json", "User-Agent: radarx-operator"};
    size_t n = 2;
    if (call->content_type) {
        headers[n++] = call->content_type;
    }
    if (auth->authorization) {
        headers[n++] = auth->authorization;
    }
    const struct rx_http_call request = {.method = call->method,
                                         .url = client->url.p,
                                         .headers = headers,
                                         .body = call->body,
                                         .tls = &auth->tls,
                                         .timeout_ms = RX_KUBE_TIMEOUT_MS,
                                         .max_body_bytes = RX_KUBE_MAX_BODY};
    int rc = rx_http_session_call(client->session, &request, http);
    count(client, call->method, http->status);
    if (rc == 0 && http->status == 401) {
        rx_kube_config_rejected(client->config, auth);
    }
    return rc;
}

static int code_of(unsigned status)
{
    switch (status) {
    case 400:
    case 422:
        return RX_EINVALID;
    case 401:
    case 403:
        return -EACCES;
    case 404:
        return -ENOENT;
    case 409:
        return RX_ECONFLICT;
    case 410:
        return RX_EGONE;
    default:
        return RX_ESTATUS;
    }
}

/* Turns the server's Status into an error value. */
static int refuse(const struct call *call, unsigned status, const struct rx_json *answer,
                  struct rx_error *err)
{
    const char *message = rx_json_cstr(rx_json_get(answer, "message"), "no message");
    int code = rx_error_set(err, code_of(status), "%s: %u: %s", call->method, status, message);
    if (err) {
        err->retryable = status == 429 || status >= 500 || status == 401;
    }
    return code;
}

static int parse_answer(const struct rx_http_result *http, struct rx_json_doc **ret,
                        struct rx_error *err)
{
    const struct rx_json_limits limits = {.max_bytes = RX_KUBE_MAX_BODY,
                                          .allow_duplicate_keys = true};
    return rx_json_parse(rx_buf_str(&http->body), &limits, ret, err);
}

static int finish(const struct call *call, const struct rx_http_result *http,
                  struct rx_kube_result *result, struct rx_error *err)
{
    bool good = http->status >= 200 && http->status < 300;
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    if (result || !good) {
        int rc = parse_answer(http, &doc, good ? err : NULL);
        if (rc < 0 && good) {
            return rx_error_wrap(err, "%s: answer %u", call->method, http->status);
        }
    }
    int rc = good ? 0 : refuse(call, http->status, rx_json_root(doc), err);
    if (result) {
        result->status = http->status;
        result->doc = RX_TAKE(doc);
    }
    return rc;
}

/* Sends to client->url; a poisoned URL is reported here. */
static int perform(struct rx_kube_client *client, const struct call *call,
                   struct rx_kube_result *result, struct rx_error *err)
{
    int rc = rx_buf_error(&client->url, err);
    if (rc < 0) {
        return rx_error_wrap(err, "URL");
    }
    for (int attempt = 0;; attempt++) {
        rx_auto(http_result) struct rx_http_result http = {0};
        rc = send_once(client, call, &http);
        if (rc < 0) {
            if (err) {
                *err = http.err;
                err->retryable = true;
            }
            return rc;
        }
        /* A 401 once: the token may have been replaced since we read it. */
        if (http.status == 401 && attempt == 0) {
            continue;
        }
        if (http.retry_after_ms > 0 && (http.status == 429 || http.status >= 500)) {
            client->retry_after_ms =
                http.retry_after_ms < MAX_RETRY_AFTER_MS ? http.retry_after_ms : MAX_RETRY_AFTER_MS;
        }
        return finish(call, &http, result, err);
    }
}

/* Starts a call: nothing of the former one may show through. */
static void begin(struct rx_kube_client *client, struct rx_kube_result *result)
{
    if (result) {
        *result = (struct rx_kube_result){0};
    }
    client->retry_after_ms = 0;
    rx_buf_clear(&client->url);
    rx_buf_puts(&client->url, rx_kube_config_server(client->config));
}

static int begin_object(struct rx_kube_client *client, const struct rx_kube_ref *ref,
                        const char *subresource, struct rx_kube_result *result,
                        struct rx_error *err)
{
    begin(client, result);
    return rx_kube_path_object(&client->url, ref->kind, ref->ns, ref->name, subresource, err);
}

static int wrap(const struct rx_kube_ref *ref, int rc, struct rx_error *err)
{
    if (rc < 0) {
        rx_error_wrap(err, "%s " RX_STR_FMT "/" RX_STR_FMT, ref->kind->kind, RX_STR_ARG(ref->ns),
                      RX_STR_ARG(ref->name));
    }
    return rc;
}

int rx_kube_get(struct rx_kube_client *client, const struct rx_kube_ref *ref,
                struct rx_kube_result *result, struct rx_error *err)
{
    int rc = begin_object(client, ref, NULL, result, err);
    if (rc == 0) {
        rc = perform(client, &(struct call){.method = "GET"}, result, err);
    }
    return wrap(ref, rc, err);
}

int rx_kube_apply(struct rx_kube_client *client, const struct rx_kube_ref *ref, const char *manager,
                  struct rx_str intent, struct rx_kube_result *result, struct rx_error *err)
{
    int rc = begin_object(client, ref, NULL, result, err);
    if (rc == 0) {
        const char *name = manager ? manager : RX_KUBE_FIELD_MANAGER;
        rx_kube_path_query(&client->url, "fieldManager", rx_str_of(name));
        rx_kube_path_query(&client->url, "force", RX_STR("true"));
        const struct call call = {.method = "PATCH",
                                  .content_type = "Content-Type: application/apply-patch+yaml",
                                  .body = intent};
        rc = perform(client, &call, result, err);
    }
    return wrap(ref, rc, err);
}

int rx_kube_create(struct rx_kube_client *client, const struct rx_kube_ref *ref,
                   struct rx_str object, struct rx_kube_result *result, struct rx_error *err)
{
    begin(client, result);
    int rc = 0;
    if (ref->ns.n == 0 || ref->name.n == 0) {
        rc = rx_error_set(err, RX_EINVALID, "create needs a namespace and a name");
    } else {
        rc = rx_kube_path_collection(&client->url, ref->kind, ref->ns, err);
    }
    if (rc == 0) {
        rx_kube_path_query(&client->url, "fieldManager", RX_STR(RX_KUBE_FIELD_MANAGER));
        const struct call call = {
            .method = "POST", .content_type = "Content-Type: application/json", .body = object};
        rc = perform(client, &call, result, err);
    }
    return wrap(ref, rc, err);
}

int rx_kube_delete(struct rx_kube_client *client, const struct rx_kube_ref *ref, struct rx_str uid,
                   struct rx_error *err)
{
    rx_auto(buf) struct rx_buf body = RX_BUF_INIT(1024);
    rx_buf_puts(&body, "{\"apiVersion\":\"v1\",\"kind\":\"DeleteOptions\","
                       "\"propagationPolicy\":\"Background\"");
    if (uid.n > 0) {
        rx_buf_printf(&body, ",\"preconditions\":{\"uid\":\"" RX_STR_FMT "\"}", RX_STR_ARG(uid));
    }
    rx_buf_putc(&body, '}');
    int rc = rx_buf_error(&body, err);
    if (rc == 0) {
        rc = begin_object(client, ref, NULL, NULL, err);
    }
    if (rc == 0) {
        const struct call call = {.method = "DELETE",
                                  .content_type = "Content-Type: application/json",
                                  .body = rx_buf_str(&body)};
        rc = perform(client, &call, NULL, err);
    }
    return wrap(ref, rc, err);
}

int rx_kube_merge_patch(struct rx_kube_client *client, const struct rx_kube_ref *ref,
                        const char *subresource, struct rx_str patch, struct rx_kube_result *result,
                        struct rx_error *err)
{
    int rc = begin_object(client, ref, subresource, result, err);
    if (rc == 0) {
        rx_kube_path_query(&client->url, "fieldManager", RX_STR(RX_KUBE_FIELD_MANAGER));
        const struct call call = {.method = "PATCH",
                                  .content_type = "Content-Type: application/merge-patch+json",
                                  .body = patch};
        rc = perform(client, &call, result, err);
    }
    return wrap(ref, rc, err);
}
