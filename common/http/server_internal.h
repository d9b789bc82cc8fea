// SPDX-License-Identifier: Apache-2.0
/* The server's state and the parts of it that need no library; server_mhd.c drives them. */
#pragma once

#include "common/http/internal.h"

/* The library's types, opaque here. */
struct MHD_Connection;
struct MHD_Daemon;
struct sockaddr;

struct rx_http_connection {
    struct rx_http_connection *prev, *next;
    int fd;
    int64_t deadline_ms; /* monotonic; INT64_MAX while the handler works */
    char peer[RX_HTTP_PEER_MAX];
};

enum rx_http_stage { RX_HTTP_HEADERS, RX_HTTP_BODY, RX_HTTP_RUNNING, RX_HTTP_QUEUED };

struct rx_http_exchange {
    struct rx_http_request request; /* first: a request is its exchange */
    struct rx_http_server *server;  /* NULL once the server is gone */
    struct MHD_Connection *connection;
    struct rx_http_connection *peer;
    struct rx_http_exchange *prev, *next; /* those in flight, or the free list */
    struct rx_http_response *response;    /* reference, set by an answer that came late */
    enum rx_http_stage stage;
    bool suspended, too_large;
    size_t discarded;
};

enum rx_http_reject {
    RX_HTTP_REJECT_FRAMING,
    RX_HTTP_REJECT_BODY,
    RX_HTTP_REJECT_TIMEOUT,
    RX_HTTP_REJECTS
};

struct rx_http_server {
    struct rx_loop *loop; /* borrowed */
    struct rx_http_server_options options;
    rx_http_handler *handler;
    void *handler_arg;
    struct MHD_Daemon *daemon;
    int listen_fd; /* owned */
    uint16_t port;
    struct rx_io *io;
    struct rx_timer again, tick, safety;
    struct rx_http_connection *connections;
    struct rx_http_exchange *exchanges, *free_list;
    unsigned n_connections, n_active, n_suspended, n_free;
    bool draining;
    struct rx_metric *connections_gauge, *rejected[RX_HTTP_REJECTS];
};

/* Copies the options with the defaults filled in and makes the metrics. */
void rx_http_server_setup(struct rx_http_server *server,
                          const struct rx_http_server_options *options);
void rx_http_reject_count(struct rx_http_server *server, enum rx_http_reject why);
int64_t rx_http_deadline_in(const struct rx_http_server *server, unsigned seconds);

/* address: the peer's, may be NULL. NULL when out of memory. */
struct rx_http_connection *rx_http_connection_open(struct rx_http_server *server, int fd,
                                                   const struct sockaddr *address);
void rx_http_connection_close(struct rx_http_server *server, struct rx_http_connection *c);
/* Shuts the sockets whose time is up. */
void rx_http_connections_expire(struct rx_http_server *server, int64_t now_ms);

/* A fresh or reused exchange in the list of those in flight; NULL when out of memory. */
struct rx_http_exchange *rx_http_exchange_new(struct rx_http_server *server);
/* Out of flight: reused, freed, or left to the handler that still holds its request. */
void rx_http_exchange_release(struct rx_http_exchange *x);
void rx_http_exchange_destroy(struct rx_http_exchange *x);

/* Whether a message's end is beyond doubt, found header by header. */
struct rx_http_framing {
    unsigned content_lengths, transfer_encodings, hosts;
    bool bad_name, bad_value;
    int64_t length; /* of the body as announced, 0 without */
};
void rx_http_framing_add(struct rx_http_framing *framing, struct rx_str name, struct rx_str value);
/* NULL, or what was expected. need_host: the message is HTTP/1.1. */
const char *rx_http_framing_error(const struct rx_http_framing *framing, bool need_host);
