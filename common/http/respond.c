// SPDX-License-Identifier: Apache-2.0
/* Answers with a JSON body: the error envelope and plain documents. */
#include <stdarg.h>
#include <stdio.h>

#include "common/http/internal.h"
#include "common/http/router.h"

#define JSON_TYPE "application/json"

static const char *reason(unsigned status)
{
    switch (status) {
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 409:
        return "Conflict";
    case 413:
        return "Content Too Large";
    case 414:
        return "URI Too Long";
    case 422:
        return "Unprocessable Content";
    case 429:
        return "Too Many Requests";
    case 501:
        return "Not Implemented";
    case 503:
        return "Service Unavailable";
    default:
        return status >= 500 ? "Internal Server Error" : "Error";
    }
}

static void respond_envelope(struct rx_http_request *request, unsigned status, const char *header,
                             const char *header_value, const char *code, const char *message)
{
    rx_auto(buf) struct rx_buf body = RX_BUF_INIT(4096);
    const struct rx_str id = rx_http_request_id(request);
    struct rx_jw w;
    rx_jw_init(&w, &body);
    rx_jw_begin_object(&w);
    rx_jw_kv_cstr(&w, "error", reason(status));
    rx_jw_kv_cstr(&w, "code", code);
    rx_jw_kv_cstr(&w, "message", message);
    rx_jw_kv_str(&w, "request_id", id);
    rx_jw_end_object(&w);
    rx_buf_putc(&body, '\n');
    rx_auto(http_response) struct rx_http_response *response =
        body.error ? NULL : rx_http_response_new(status, JSON_TYPE, rx_buf_str(&body));
    /* Out of memory here still owes an answer: NULL sends a bare 500. */
    if (response && (rx_http_response_header(response, "X-Request-Id", id.p) < 0 ||
                     (header && rx_http_response_header(response, header, header_value) < 0))) {
        rx_http_respond(request, NULL);
        return;
    }
    rx_http_respond(request, response);
}

void rx_respond_error(struct rx_http_request *request, unsigned status, const char *code,
                      const char *fmt, ...)
{
    char message[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(message, sizeof(message), fmt, ap);
    va_end(ap);
    respond_envelope(request, status, NULL, NULL, code, message);
}

void rx_respond_retry(struct rx_http_request *request, unsigned status, unsigned retry_after_s,
                      const char *code, const char *fmt, ...)
{
    char message[512], seconds[12];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(message, sizeof(message), fmt, ap);
    va_end(ap);
    snprintf(seconds, sizeof(seconds), "%u", retry_after_s);
    respond_envelope(request, status, "Retry-After", seconds, code, message);
}

void rx_respond_not_allowed(struct rx_http_request *request, const char *allow)
{
    respond_envelope(request, 405, "Allow", allow, "method_not_allowed",
                     "this path takes another method");
}

void rx_respond_json(struct rx_http_request *request, unsigned status, const struct rx_buf *body)
{
    rx_auto(http_response) struct rx_http_response *response =
        body->error ? NULL : rx_http_response_new(status, JSON_TYPE, rx_buf_str(body));
    rx_http_respond(request, response);
}
