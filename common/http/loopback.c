// SPDX-License-Identifier: Apache-2.0
/* A request without a socket. */
#include "common/http/internal.h"

#include <errno.h>
#include <stdlib.h>

#include "common/base/clock.h"

struct loopback {
    struct rx_http_request request;
    struct rx_http_loopback *io; /* borrowed until answered */
};

static struct rx_str loopback_header(const struct rx_http_request *request, const char *name)
{
    const struct loopback *loopback = request->carrier;
    for (const char *const *line = loopback->io->headers; line && *line; line++) {
        const struct rx_str text = rx_str_of(*line);
        const ptrdiff_t colon = rx_str_find(text, ':');
        if (colon > 0 &&
            rx_str_eq_nocase((struct rx_str){text.p, (size_t)colon}, rx_str_of(name))) {
            return rx_str_trim((struct rx_str){text.p + colon + 1, text.n - (size_t)colon - 1});
        }
    }
    return (struct rx_str){NULL, 0};
}

static void loopback_respond(struct rx_http_request *request, struct rx_http_response *response)
{
    struct loopback *loopback = request->carrier;
    struct rx_http_loopback *io = loopback->io;
    io->ret_status = response ? response->status : 500;
    if (response) {
        if (!rx_str_is(rx_http_method(request), "HEAD")) {
            rx_buf_add(&io->ret_body, response->body, response->body_n);
        }
        rx_buf_printf(&io->ret_headers, "Content-Type: %s\r\n", response->content_type);
        for (size_t i = 0; i < response->n_headers; i++) {
            rx_buf_printf(&io->ret_headers, "%s: %s\r\n", response->headers[i].name,
                          response->headers[i].value);
        }
        if (request->id_from_client && !response->has_request_id) {
            rx_buf_printf(&io->ret_headers, "X-Request-Id: %s\r\n", request->id);
        }
    }
    rx_buf_free(&request->body);
    free(loopback);
}

static const struct rx_http_transport transport = {loopback_header, loopback_respond};

int rx_http_loopback(struct rx_loop *loop, rx_http_handler *handler, void *arg,
                     struct rx_http_loopback *io, struct rx_error *err)
{
    (void)loop; /* the handler's own; it steps on the caller's thread */
    const struct rx_str target = rx_str_of(io->target), method = rx_str_of(io->method);
    if (target.n > RX_HTTP_TARGET_MAX ||
        method.n >= sizeof(((struct rx_http_request *)0)->method)) {
        return rx_error_set(err, RX_ELIMIT, "loopback: method or target too long");
    }
    struct loopback *loopback = calloc(1, sizeof(*loopback));
    if (!loopback) {
        return rx_error_errno(err, ENOMEM, "loopback");
    }
    struct rx_http_request *request = &loopback->request;
    rx_http_request_reset(request, 1 << 20);
    rx_buf_add_str(&request->body, io->body);
    if (request->body.error) {
        rx_buf_free(&request->body);
        free(loopback);
        return rx_error_set(err, RX_ELIMIT, "loopback: body too long or out of memory");
    }
    loopback->io = io;
    request->transport = &transport;
    request->carrier = loopback;
    request->peer = "127.0.0.1";
    memcpy(request->method, method.p, method.n + 1);
    memcpy(request->raw_bytes, target.p, target.n);
    request->raw.n = target.n;
    io->ret_status = 0;
    io->ret_body.max = io->ret_body.max ? io->ret_body.max : 16U << 20;
    io->ret_headers.max = io->ret_headers.max ? io->ret_headers.max : 64U << 10;
    rx_http_request_take_id(request, loopback_header(request, "X-Request-Id"));
    rx_http_request_dispatch(request, handler, arg);
    return 0;
}
