// SPDX-License-Identifier: Apache-2.0
/* Request targets through the decoder and on to a router; one byte chooses the method. */
#include <stdint.h>
#include <stdlib.h>

#include "common/http/internal.h"
#include "common/http/router.h"

static void echo(struct rx_http_request *request, void *arg)
{
    (void)arg;
    struct rx_str value;
    /* The parts that a handler sees are text. */
    if (!rx_str_is_utf8(rx_http_path(request)) || !rx_str_is_utf8(rx_router_param(request)) ||
        (rx_http_query(request, "q", &value) && !rx_str_is_utf8(value))) {
        abort();
    }
    rx_respond_error(request, 400, "seen", RX_STR_FMT, RX_STR_ARG(rx_http_path(request)));
}

static const struct rx_route routes[] = {
    {.method = "GET", .path = "/a", .handle = echo, .open = true},
    {.method = "POST", .path = "/a/{id}", .handle = echo, .open = true},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const methods[] = {"GET", "HEAD", "POST", "BREW"};
    static struct rx_router *router;
    if (!router) {
        router = rx_router_new(NULL, NULL, NULL);
        if (!router || rx_router_add(router, routes, RX_ARRAY_LEN(routes), NULL) < 0) {
            abort();
        }
    }
    if (n == 0 || n > RX_HTTP_TARGET_MAX || memchr(data + 1, 0, n - 1)) {
        return 0; /* a request line holds no NUL */
    }
    char *target = strndup((const char *)data + 1, n - 1);
    struct rx_http_loopback io = {.method = methods[data[0] % 4], .target = target};
    if (!target || rx_http_loopback(NULL, rx_router_handle, router, &io, NULL) < 0 ||
        io.ret_status < 400) {
        abort();
    }
    rx_buf_free(&io.ret_body);
    rx_buf_free(&io.ret_headers);
    free(target);
    return 0;
}
