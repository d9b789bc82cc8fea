// SPDX-License-Identifier: Apache-2.0
/* A server on a loop of its own thread, and a plain socket to talk to it. */
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/http/server.h"

struct served {
    struct rx_loop *loop;
    struct rx_http_server *server;
    struct rx_metrics *metrics;
    pthread_t thread;
    uint16_t port;
};

static inline void *served_main(void *arg)
{
    struct served *s = arg;
    struct rx_error err;
    if (rx_loop_run(s->loop, &err) < 0) {
        abort();
    }
    return NULL;
}

static inline void served_start(struct served *s, struct rx_http_server_options options,
                                rx_http_handler *handler)
{
    struct rx_error err = {0};
    s->metrics = rx_metrics_new();
    options.host = "127.0.0.1";
    options.metrics = s->metrics;
    assert_int_equal(rx_loop_new(NULL, &s->loop, &err), 0);
    if (rx_http_server_new(s->loop, &options, handler, s, &s->server, &err) < 0) {
        fail_msg("%s", err.msg);
    }
    s->port = rx_http_server_port(s->server);
    assert_int_equal(pthread_create(&s->thread, NULL, served_main, s), 0);
}

static inline void served_stop(struct served *s)
{
    rx_loop_stop(s->loop);
    pthread_join(s->thread, NULL);
    rx_http_server_free(s->server);
    rx_loop_free(s->loop);
    rx_metrics_free(s->metrics);
}

static inline int served_connect(const struct served *s)
{
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons(s->port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)(const void *)&to, sizeof(to)), 0);
    return fd;
}

static inline void served_send(int fd, const char *bytes, size_t n)
{
    /* The server may have refused and closed already; what it said is what counts. */
    (void)!send(fd, bytes, n, MSG_NOSIGNAL);
}

/* Everything until the server closes, or until `until` has been seen; false after ten seconds. */
static inline bool served_read(int fd, struct rx_buf *out, const char *until)
{
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, 10000) != 1) {
            return false;
        }
        char bytes[4096];
        const ssize_t n = recv(fd, bytes, sizeof(bytes), 0);
        if (n <= 0) {
            return until == NULL;
        }
        rx_buf_add(out, bytes, (size_t)n);
        if (until && out->p && strstr(out->p, until)) {
            return true;
        }
    }
}
