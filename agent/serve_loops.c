// SPDX-License-Identifier: Apache-2.0
#include "agent/serve_loops.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "common/base/log.h"

#define DRAIN_POLL_MS 50

struct serve_loop {
    struct rx_serve_loops *all;
    struct rx_loop *loop; /* owned but for the first */
    struct rx_api_loop *api;
    struct rx_http_server *server;
    pthread_t thread;
    bool started;
    struct rx_timer drain_timer;
    int64_t drain_until_ms; /* monotonic */
    bool was_quiet;         /* no request at the last look */
};

struct rx_serve_loops {
    unsigned n;
    int64_t drain_limit_ms;
    struct serve_loop loops[];
};

static int loop_init(struct serve_loop *l, struct rx_api *api, const char *host, uint16_t port,
                     struct rx_error *err)
{
    const struct rx_http_server_options options = {
        .host = host, .port = port, .shared = l != l->all->loops, .metrics = api->metrics};
    int r = l->loop ? 0 : rx_loop_new(api->clock, &l->loop, err);
    if (r == 0) {
        r = rx_api_loop_new(api, &l->api, err);
    }
    if (r == 0) {
        r = rx_http_server_new(l->loop, &options, rx_api_handle, l->api, &l->server, err);
    }
    return r;
}

int rx_serve_loops_new(struct rx_loop *first, struct rx_api *api, unsigned n, const char *host,
                       uint16_t port, struct rx_serve_loops **ret, struct rx_error *err)
{
    rx_auto(serve_loops) struct rx_serve_loops *loops =
        calloc(1, sizeof(*loops) + n * sizeof(struct serve_loop));
    if (!loops) {
        return rx_error_errno(err, ENOMEM, "serving loops");
    }
    loops->n = n;
    loops->loops[0].loop = first;
    for (unsigned i = 0; i < n; i++) {
        struct serve_loop *l = &loops->loops[i];
        l->all = loops;
        const int r = loop_init(l, api, host, port, err);
        if (r < 0) {
            return r;
        }
        port = rx_http_server_port(l->server);
    }
    *ret = RX_TAKE(loops);
    return 0;
}

void rx_serve_loops_free(struct rx_serve_loops *loops)
{
    if (!loops) {
        return;
    }
    for (unsigned i = 0; i < loops->n; i++) {
        struct serve_loop *l = &loops->loops[i];
        if (l->loop) {
            rx_timer_stop(l->loop, &l->drain_timer);
        }
        rx_http_server_free(l->server);
        rx_api_loop_free(l->api);
        if (i > 0) {
            rx_loop_free(l->loop);
        }
    }
    free(loops);
}

uint16_t rx_serve_loops_port(const struct rx_serve_loops *loops)
{
    return rx_http_server_port(loops->loops[0].server);
}

static void *loop_main(void *arg)
{
    struct serve_loop *l = arg;
    struct rx_error err;
    if (rx_loop_run(l->loop, &err) < 0) {
        rx_err("a serving loop ended", RX_F_ERR(&err));
        rx_serve_loops_stop(l->all);
    }
    return NULL;
}

int rx_serve_loops_run(struct rx_serve_loops *loops, struct rx_error *err)
{
    int r = 0;
    for (unsigned i = 1; i < loops->n && r == 0; i++) {
        struct serve_loop *l = &loops->loops[i];
        const int failed = pthread_create(&l->thread, NULL, loop_main, l);
        l->started = failed == 0;
        if (failed) {
            r = rx_error_errno(err, failed, "serving loop %u: thread", i);
        }
    }
    if (r == 0) {
        r = rx_loop_run(loops->loops[0].loop, err);
    }
    if (r < 0) {
        rx_serve_loops_stop(loops);
    }
    for (unsigned i = 1; i < loops->n; i++) {
        if (loops->loops[i].started) {
            pthread_join(loops->loops[i].thread, NULL);
        }
    }
    return r;
}

/* Two quiet looks in a row, so that a request whose bytes are on the way is still answered. */
static void on_drain_poll(struct rx_loop *loop, void *arg)
{
    struct serve_loop *l = arg;
    const bool quiet = rx_http_server_active(l->server) == 0;
    if ((quiet && l->was_quiet) || rx_loop_now_ms(loop) >= l->drain_until_ms ||
        rx_timer_start(loop, &l->drain_timer, DRAIN_POLL_MS, on_drain_poll, l) < 0) {
        rx_loop_stop(loop);
    }
    l->was_quiet = quiet;
}

static void on_drain(struct rx_loop *loop, void *arg)
{
    struct serve_loop *l = arg;
    rx_http_server_drain(l->server);
    l->drain_until_ms = rx_loop_now_ms(loop) + l->all->drain_limit_ms;
    on_drain_poll(loop, l);
}

void rx_serve_loops_drain(struct rx_serve_loops *loops, int64_t limit_ms)
{
    loops->drain_limit_ms = limit_ms;
    for (unsigned i = 0; i < loops->n; i++) {
        struct serve_loop *l = &loops->loops[i];
        if (rx_loop_post(l->loop, on_drain, l) < 0) {
            rx_loop_stop(l->loop);
        }
    }
}

void rx_serve_loops_stop(struct rx_serve_loops *loops)
{
    for (unsigned i = 0; i < loops->n; i++) {
        rx_loop_stop(loops->loops[i].loop);
    }
}
