// SPDX-License-Identifier: Apache-2.0
/*
 * HTTP/1.1 server on an event loop: one server a loop, all listening on the same address by
 * SO_REUSEPORT. The handler runs on the loop's thread and must not block. Repeated Content-Length,
 * or one beside Transfer-Encoding, gets 400 and a close; headers, body, connections and time are
 * bounded. Needs no lock: one loop, one thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/loop.h"
#include "common/base/metrics.h"

struct rx_http_server;
struct rx_http_request;  /* alive until its response is sent */
struct rx_http_response; /* immutable, reference-counted; may be queued many times on one loop
                            (cached answers) */

struct rx_http_server_options {
    const char *host; /* numeric address; "0.0.0.0", "::", "127.0.0.1" */
    uint16_t port;    /* 0 = chosen by the kernel: rx_http_server_port */
    bool shared; /* another server of this program has the address already; otherwise a port that is
                    taken, even by a socket that would share it, is an error */
    size_t max_header_bytes;    /* a connection's memory for request line and headers; 0 = 16 KiB */
    size_t max_body_bytes;      /* 413 above it; 0 = 1 MiB */
    unsigned max_connections;   /* a server; 0 = 1,024 */
    unsigned idle_timeout_s;    /* keep-alive without a request; 0 = 60 */
    unsigned request_timeout_s; /* whole headers and body must have arrived; 0 = 10 */
    struct rx_metrics *metrics; /* borrowed; may be NULL */
};

/*
 * Called once a request when its body is complete. It must answer by rx_http_respond, at once or
 * later from the same loop (the connection waits). arg as given.
 */
typedef void rx_http_handler(struct rx_http_request *request, void *arg);

int rx_http_server_new(struct rx_loop *loop, const struct rx_http_server_options *options,
                       rx_http_handler *handler, void *arg, struct rx_http_server **ret,
                       struct rx_error *err) RX_MUST_CHECK;
uint16_t rx_http_server_port(const struct rx_http_server *server);
/* Stops accepting; answers carry Connection: close. */
void rx_http_server_drain(struct rx_http_server *server);
unsigned rx_http_server_active(const struct rx_http_server *server); /* requests not answered yet */
void rx_http_server_free(struct rx_http_server *server);

/* The request. Views live until the response is queued. */
struct rx_str rx_http_method(const struct rx_http_request *request);
struct rx_str
rx_http_path(const struct rx_http_request *request); /* percent-decoded, without the query */
/* Percent-decoded query value; false when absent. A repeated key is refused with 400 before the
 * handler. */
bool rx_http_query(const struct rx_http_request *request, const char *key, struct rx_str *ret);
struct rx_str rx_http_header(const struct rx_http_request *request,
                             const char *name); /* {NULL,0} when absent */
/* Undecoded text after '?'. */
struct rx_str rx_http_query_raw(const struct rx_http_request *request);
struct rx_str rx_http_body(const struct rx_http_request *request);
struct rx_str
rx_http_peer(const struct rx_http_request *request); /* numeric address without port */
/* X-Request-Id of the client when it is 1 to 64 of [A-Za-z0-9._-], else a fresh UUID. */
struct rx_str rx_http_request_id(const struct rx_http_request *request);

/* body is copied. content_type: static. NULL when out of memory. Refcount 1. */
struct rx_http_response *rx_http_response_new(unsigned status, const char *content_type,
                                              struct rx_str body) RX_MUST_CHECK;
/* Adds a header before the first use. */
int rx_http_response_header(struct rx_http_response *response, const char *name, const char *value)
    RX_MUST_CHECK;
struct rx_http_response *rx_http_response_ref(struct rx_http_response *response);
void rx_http_response_unref(struct rx_http_response *response);

/* Queues the answer; the caller keeps its reference. NULL sends a bare 500. Exactly once a request.
 */
void rx_http_respond(struct rx_http_request *request, struct rx_http_response *response);

/* A request without a socket, for handler tests: runs `handler` and gives its response (owned),
 * which may come later while the caller steps the loop. */
struct rx_http_loopback {
    const char *method, *target; /* target as on the wire: "/a?b=c" */
    const char *const *headers;  /* "Name: value", NULL-terminated; may be NULL */
    struct rx_str body;
    unsigned ret_status;                 /* 0 until answered */
    struct rx_buf ret_body, ret_headers; /* "Name: value\r\n" lines; caller frees */
};
int rx_http_loopback(struct rx_loop *loop, rx_http_handler *handler, void *arg,
                     struct rx_http_loopback *io, struct rx_error *err) RX_MUST_CHECK;

RX_DEFINE_CLEANUP(http_response, struct rx_http_response *, rx_http_response_unref);
