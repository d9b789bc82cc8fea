// SPDX-License-Identifier: Apache-2.0
/*
 * Routes by method and path from static tables; one table row a route. Adds security headers, the
 * request id, access metrics and the error envelope {error, code, message, request_id}. Not
 * thread-safe: one router a loop (tables are shared, read-only).
 */
#pragma once

#include "common/http/server.h"
#include "common/json/write.h"

struct rx_route {
    const char *method; /* "GET"; HEAD is answered from GET */
    const char *path;   /* exact, or with one trailing parameter: "/x/{id}" */
    void (*handle)(struct rx_http_request *request, void *arg);
    bool open; /* no authentication */
    const char *summary;
};

struct rx_router;

/* Called before closed routes: 0 to go on, else it has answered already. NULL = no authentication.
 */
typedef int rx_router_guard(struct rx_http_request *request, const struct rx_route *route,
                            void *arg);

struct rx_router *rx_router_new(struct rx_metrics *metrics, rx_router_guard *guard, void *guard_arg)
    RX_MUST_CHECK;
/* routes: static storage; arg goes to their handlers. */
int rx_router_add(struct rx_router *router, const struct rx_route *routes, size_t n, void *arg)
    RX_MUST_CHECK;
void rx_router_free(struct rx_router *router);
/* The rx_http_handler of a server; arg = the router. Unknown path 404, known path with another
 * method 405 + Allow. */
void rx_router_handle(struct rx_http_request *request, void *router);
/* Value of the trailing {parameter}, {NULL, 0} when none. */
struct rx_str rx_router_param(const struct rx_http_request *request);

/* Answers with the error envelope. code: stable snake_case word. */
void rx_respond_error(struct rx_http_request *request, unsigned status, const char *code,
                      const char *fmt, ...) RX_PRINTF(4, 5);
/* The same with Retry-After seconds. */
void rx_respond_retry(struct rx_http_request *request, unsigned status, unsigned retry_after_s,
                      const char *code, const char *fmt, ...) RX_PRINTF(5, 6);
/* Answers 200-like with a JSON body from a buffer. */
void rx_respond_json(struct rx_http_request *request, unsigned status, const struct rx_buf *body);
