// SPDX-License-Identifier: Apache-2.0
/* Shared by the files of common/http only: what a request and a response are inside. */
#pragma once

#include "common/http/server.h"

#define RX_HTTP_TARGET_MAX  8192 /* bytes of path and query on the request line */
#define RX_HTTP_PARAMS_MAX  32   /* query parameters of a request */
#define RX_HTTP_HEADERS_MAX 12   /* headers of a response, the security headers among them */
#define RX_HTTP_ID_MAX      64
#define RX_HTTP_PEER_MAX    46 /* INET6_ADDRSTRLEN */

struct rx_route;

struct rx_http_param {
    struct rx_str key, value; /* decoded */
};

/* A request target taken apart; views point into `decoded`, but for raw_query. */
struct rx_http_target {
    struct rx_str path, raw_query;
    struct rx_http_param params[RX_HTTP_PARAMS_MAX];
    size_t n_params;
    char decoded[RX_HTTP_TARGET_MAX + RX_HTTP_PARAMS_MAX + 2]; /* a NUL behind each part */
};

/*
 * Splits and decodes an origin-form target ("/a?b=c"). Refused: another form, a bad %-escape, NUL,
 * invalid UTF-8, a repeated key, too many keys. RX_EINVALID or RX_ELIMIT.
 */
int rx_http_target_parse(struct rx_http_target *target, struct rx_str text, struct rx_error *err)
    RX_MUST_CHECK;

/* What carries a request: a socket or the loopback. */
struct rx_http_transport {
    struct rx_str (*header)(const struct rx_http_request *request, const char *name);
    void (*respond)(struct rx_http_request *request, struct rx_http_response *response);
};

struct rx_http_request {
    const struct rx_http_transport *transport;
    void *carrier; /* the transport's own */

    char method[16];
    struct rx_str raw; /* the target as on the wire, in raw_bytes */
    struct rx_http_target target;
    struct rx_buf body;
    char id[RX_HTTP_ID_MAX + 1]; /* empty until asked for */
    bool id_from_client;
    bool answered;
    const char *peer;

    /* The router's part. */
    const struct rx_route *route;
    void *route_entry; /* the router's record of it */
    struct rx_str param;
    void (*observe)(struct rx_http_request *request, unsigned status, void *arg);
    void *observe_arg;
    int64_t start_ns;

    char raw_bytes[RX_HTTP_TARGET_MAX + 1];
};

/* Clears all but the large arrays; max_body bounds the body. */
void rx_http_request_reset(struct rx_http_request *request, size_t max_body);
/* Takes the client's X-Request-Id when it has the documented form. */
void rx_http_request_take_id(struct rx_http_request *request, struct rx_str id);
/* Parses the target and runs the handler, or answers 400 itself. */
void rx_http_request_dispatch(struct rx_http_request *request, rx_http_handler *handler, void *arg);

struct rx_http_field {
    const char *name; /* static, or owned with value */
    const char *value;
    char *owned;
};

struct rx_http_response {
    unsigned refs;
    unsigned status;
    const char *content_type; /* static */
    struct rx_http_field headers[RX_HTTP_HEADERS_MAX];
    size_t n_headers;
    bool has_request_id;
    char *body; /* owned by us until native is made, then by native */
    size_t body_n;
    void *native; /* the transport's form of it, made at the first use */
    void (*free_native)(void *native);
};

/* 405 with the Allow header. */
void rx_respond_not_allowed(struct rx_http_request *request, const char *allow);

/* A listening stream socket on a numeric address with SO_REUSEPORT, non-blocking. */
int rx_http_listen(const struct rx_http_server_options *options, int *ret_fd, uint16_t *ret_port,
                   struct rx_error *err) RX_MUST_CHECK;
