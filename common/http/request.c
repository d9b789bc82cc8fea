// SPDX-License-Identifier: Apache-2.0
#include "common/http/internal.h"

#include "common/base/random.h"
#include "common/http/router.h"

void rx_http_request_reset(struct rx_http_request *request, size_t max_body)
{
    request->transport = NULL;
    request->carrier = NULL;
    request->method[0] = '\0';
    request->raw = (struct rx_str){request->raw_bytes, 0};
    request->target.n_params = 0;
    request->target.path = request->target.raw_query = (struct rx_str){NULL, 0};
    rx_buf_clear(&request->body);
    request->body.max = max_body;
    request->id[0] = '\0';
    request->id_from_client = request->answered = false;
    request->peer = "";
    request->route = NULL;
    request->route_entry = NULL;
    request->param = (struct rx_str){NULL, 0};
    request->observe = NULL;
    request->observe_arg = NULL;
    request->start_ns = 0;
}

void rx_http_request_take_id(struct rx_http_request *request, struct rx_str id)
{
    if (id.n == 0 || id.n > RX_HTTP_ID_MAX) {
        return;
    }
    for (size_t i = 0; i < id.n; i++) {
        const char c = id.p[i];
        const bool alnum =
            (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!alnum && c != '.' && c != '_' && c != '-') {
            return;
        }
    }
    memcpy(request->id, id.p, id.n);
    request->id[id.n] = '\0';
    request->id_from_client = true;
}

void rx_http_request_dispatch(struct rx_http_request *request, rx_http_handler *handler, void *arg)
{
    struct rx_error err;
    const int r = rx_http_target_parse(&request->target, request->raw, &err);
    if (r < 0) {
        const bool too_long = request->raw.n > RX_HTTP_TARGET_MAX;
        rx_respond_error(request, too_long ? 414 : 400, too_long ? "uri_too_long" : "bad_request",
                         "%s", err.msg);
        return;
    }
    handler(request, arg);
}

struct rx_str rx_http_method(const struct rx_http_request *request)
{
    return rx_str_of(request->method);
}

struct rx_str rx_http_path(const struct rx_http_request *request)
{
    return request->target.path;
}

bool rx_http_query(const struct rx_http_request *request, const char *key, struct rx_str *ret)
{
    for (size_t i = 0; i < request->target.n_params; i++) {
        if (rx_str_is(request->target.params[i].key, key)) {
            *ret = request->target.params[i].value;
            return true;
        }
    }
    return false;
}

struct rx_str rx_http_header(const struct rx_http_request *request, const char *name)
{
    return request->transport->header(request, name);
}

struct rx_str rx_http_query_raw(const struct rx_http_request *request)
{
    return request->target.raw_query;
}

struct rx_str rx_http_body(const struct rx_http_request *request)
{
    return rx_buf_str(&request->body);
}

struct rx_str rx_http_peer(const struct rx_http_request *request)
{
    return rx_str_of(request->peer);
}

struct rx_str rx_http_request_id(const struct rx_http_request *request)
{
    /* Made when first asked for: most answers never need one. */
    if (request->id[0] == '\0') {
        rx_random_uuid(((struct rx_http_request *)request)->id);
    }
    return rx_str_of(request->id);
}

void rx_http_respond(struct rx_http_request *request, struct rx_http_response *response)
{
    if (request->answered) {
        return;
    }
    request->answered = true;
    if (request->observe) {
        request->observe(request, response ? response->status : 500, request->observe_arg);
    }
    request->transport->respond(request, response);
}
