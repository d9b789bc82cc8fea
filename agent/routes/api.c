// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>

#include "agent/routes/internal.h"

#define MAX_BODY (16U << 20)

const struct rx_route rx_api_routes[] = {
    {.method = "GET",
     .path = "/score/token",
     .handle = rx_route_score,
     .summary = "probabilities and risk of a token"},
    {.method = "GET",
     .path = "/api/info",
     .handle = rx_route_info,
     .summary = "version, model and settings"},
    {.method = "GET",
     .path = "/openapi.json",
     .handle = rx_route_openapi,
     .summary = "this description"},
    {.method = "GET",
     .path = "/livez",
     .handle = rx_route_livez,
     .open = true,
     .summary = "the process answers"},
    {.method = "GET",
     .path = "/ready",
     .handle = rx_route_ready,
     .open = true,
     .summary = "requests can be served"},
    {.method = "GET",
     .path = "/health",
     .handle = rx_route_health,
     .open = true,
     .summary = "state of every dependency"},
    {.method = "GET",
     .path = "/metrics",
     .handle = rx_route_metrics,
     .open = true,
     .summary = "Prometheus metrics"},
};
const size_t rx_api_n_routes = RX_ARRAY_LEN(rx_api_routes);

static int refuse_limited(struct rx_http_request *request, unsigned wait_s)
{
    rx_respond_retry(request, 429, wait_s, "rate_limited", "too many requests; wait %u s", wait_s);
    return 1;
}

/*
 * A valid key has its own limit; without one the address has. A wrong key counts against its
 * address too, so that keys cannot be tried out fast.
 */
static int guard(struct rx_http_request *request, const struct rx_route *route, void *arg)
{
    (void)route;
    const struct rx_api *api = ((struct rx_api_loop *)arg)->api;
    const struct rx_str peer = rx_http_peer(request);
    const int64_t now_ms = rx_clock_monotonic_ms(api->clock);
    unsigned char digest[32];
    struct rx_str identity = peer;
    bool known = true;
    if (api->keys) {
        known = rx_keys_check(api->keys, rx_http_header(request, "X-API-Key"), digest) != 0;
        if (known) {
            identity = (struct rx_str){(const char *)digest, sizeof(digest)};
        }
    }
    const unsigned wait_s = api->limiter ? rx_limiter_take(api->limiter, identity, now_ms) : 0;
    if (wait_s > 0) {
        return refuse_limited(request, wait_s);
    }
    if (!known) {
        rx_respond_error(request, 401, "unauthorized", "X-API-Key: expected a valid key");
        return 1;
    }
    return 0;
}

int rx_api_loop_new(struct rx_api *api, struct rx_api_loop **ret, struct rx_error *err)
{
    rx_auto(api_loop) struct rx_api_loop *loop = calloc(1, sizeof(*loop));
    if (!loop) {
        return rx_error_errno(err, ENOMEM, "http api");
    }
    loop->api = api;
    rx_buf_init(&loop->scratch, MAX_BODY);
    int r = rx_model_reader_new(api->models, &loop->models, err);
    if (r == 0) {
        r = rx_model_scratch_new(rx_model_reader_enter(loop->models)->active, &loop->model_scratch,
                                 err);
        rx_model_reader_leave(loop->models);
    }
    if (r < 0) {
        return r;
    }
    loop->router = rx_router_new(api->metrics, guard, loop);
    loop->answers = rx_answers_new(api->cache_ttl_ms, api->metrics);
    if (!loop->router || !loop->answers ||
        rx_router_add(loop->router, rx_api_routes, rx_api_n_routes, loop) < 0) {
        return rx_error_errno(err, ENOMEM, "http api");
    }
    *ret = RX_TAKE(loop);
    return 0;
}

void rx_api_loop_free(struct rx_api_loop *loop)
{
    if (loop) {
        rx_router_free(loop->router);
        rx_answers_free(loop->answers);
        rx_model_scratch_free(loop->model_scratch);
        rx_model_reader_free(loop->models);
        rx_buf_free(&loop->scratch);
        free(loop);
    }
}

void rx_api_handle(struct rx_http_request *request, void *arg)
{
    rx_router_handle(request, ((struct rx_api_loop *)arg)->router);
}
