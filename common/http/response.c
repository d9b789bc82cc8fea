// SPDX-License-Identifier: Apache-2.0
#include "common/http/internal.h"

#include <errno.h>
#include <stdlib.h>

/* On every answer unless the handler sets its own value. */
static const struct rx_http_field security_headers[] = {
    {.name = "X-Content-Type-Options", .value = "nosniff"},
    {.name = "Cache-Control", .value = "no-store"},
    {.name = "X-Frame-Options", .value = "DENY"},
    {.name = "Content-Security-Policy", .value = "default-src 'none'"},
};

struct rx_http_response *rx_http_response_new(unsigned status, const char *content_type,
                                              struct rx_str body)
{
    struct rx_http_response *response = calloc(1, sizeof(*response));
    char *copy = malloc(body.n + 1);
    if (!response || !copy) {
        free(response);
        free(copy);
        return NULL;
    }
    if (body.n > 0) {
        memcpy(copy, body.p, body.n);
    }
    copy[body.n] = '\0';
    response->refs = 1;
    response->status = status;
    response->content_type = content_type;
    response->body = copy;
    response->body_n = body.n;
    for (size_t i = 0; i < RX_ARRAY_LEN(security_headers); i++) {
        response->headers[response->n_headers++] = security_headers[i];
    }
    return response;
}

static bool header_value_ok(struct rx_str text)
{
    for (size_t i = 0; i < text.n; i++) {
        const unsigned char c = (unsigned char)text.p[i];
        if (c == 0x7f || (c < 0x20 && c != '\t')) {
            return false;
        }
    }
    return true;
}

int rx_http_response_header(struct rx_http_response *response, const char *name, const char *value)
{
    const struct rx_str n = rx_str_of(name), v = rx_str_of(value);
    if (n.n == 0 || !header_value_ok(n) || !header_value_ok(v)) {
        return RX_EINVALID;
    }
    size_t slot = response->n_headers;
    for (size_t i = 0; i < response->n_headers; i++) {
        if (rx_str_eq_nocase(rx_str_of(response->headers[i].name), n)) {
            slot = i;
        }
    }
    if (slot == RX_HTTP_HEADERS_MAX) {
        return RX_ELIMIT;
    }
    char *owned = malloc(n.n + v.n + 2);
    if (!owned) {
        return -ENOMEM;
    }
    memcpy(owned, name, n.n + 1);
    memcpy(owned + n.n + 1, value, v.n + 1);
    if (slot < response->n_headers) {
        free(response->headers[slot].owned);
    } else {
        response->n_headers++;
    }
    response->headers[slot] =
        (struct rx_http_field){.name = owned, .value = owned + n.n + 1, .owned = owned};
    if (rx_str_eq_nocase(n, RX_STR("X-Request-Id"))) {
        response->has_request_id = true;
    }
    return 0;
}

struct rx_http_response *rx_http_response_ref(struct rx_http_response *response)
{
    response->refs++;
    return response;
}

void rx_http_response_unref(struct rx_http_response *response)
{
    if (!response || --response->refs > 0) {
        return;
    }
    if (response->native) {
        response->free_native(response->native); /* the body goes with it */
    } else {
        free(response->body);
    }
    for (size_t i = 0; i < response->n_headers; i++) {
        free(response->headers[i].owned);
    }
    free(response);
}
