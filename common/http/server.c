// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "common/base/parse.h"
#include "common/http/server_internal.h"

#define FREE_REQUESTS   64   /* kept for reuse */
#define KEEP_BODY_BYTES 4096 /* a larger body buffer is not kept with them */

static const struct rx_metric_desc connections_desc = {
    .name = "http_connections", .help = "Open connections", .type = RX_GAUGE};
static const struct rx_metric_desc rejected_desc = {
    .name = "http_rejected_total",
    .help = "Requests refused before a handler saw them",
    .type = RX_COUNTER,
    .labels = {"reason"}};

static void set_defaults(struct rx_http_server_options *options)
{
    options->max_header_bytes = options->max_header_bytes ? options->max_header_bytes : 16U << 10;
    options->max_body_bytes = options->max_body_bytes ? options->max_body_bytes : 1U << 20;
    options->max_connections = options->max_connections ? options->max_connections : 1024;
    options->idle_timeout_s = options->idle_timeout_s ? options->idle_timeout_s : 60;
    options->request_timeout_s = options->request_timeout_s ? options->request_timeout_s : 10;
}

void rx_http_server_setup(struct rx_http_server *server,
                          const struct rx_http_server_options *options)
{
    static const char *const reasons[RX_HTTP_REJECTS] = {"framing", "body_too_large", "timeout"};
    server->options = *options;
    server->options.host = NULL;
    set_defaults(&server->options);
    if (options->metrics) {
        server->connections_gauge = rx_metric(rx_family(options->metrics, &connections_desc), NULL);
        struct rx_family *rejected = rx_family(options->metrics, &rejected_desc);
        for (size_t i = 0; i < RX_HTTP_REJECTS; i++) {
            server->rejected[i] = rx_metric(rejected, &reasons[i]);
        }
    }
}

void rx_http_reject_count(struct rx_http_server *server, enum rx_http_reject why)
{
    if (server->rejected[why]) {
        rx_metric_inc(server->rejected[why]);
    }
}

int64_t rx_http_deadline_in(const struct rx_http_server *server, unsigned seconds)
{
    return rx_loop_now_ms(server->loop) + (int64_t)seconds * RX_MS_PER_S;
}

static void format_peer(const struct sockaddr *address, char out[RX_HTTP_PEER_MAX])
{
    if (address && address->sa_family == AF_INET6) {
        const struct in6_addr *a = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
        const bool mapped = IN6_IS_ADDR_V4MAPPED(a);
        inet_ntop(mapped ? AF_INET : AF_INET6, mapped ? (const char *)a + 12 : (const char *)a, out,
                  RX_HTTP_PEER_MAX);
    } else if (address && address->sa_family == AF_INET) {
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)address)->sin_addr, out,
                  RX_HTTP_PEER_MAX);
    }
}

struct rx_http_connection *rx_http_connection_open(struct rx_http_server *server, int fd,
                                                   const struct sockaddr *address)
{
    struct rx_http_connection *c = calloc(1, sizeof(*c));
    if (!c) {
        return NULL;
    }
    c->fd = fd;
    format_peer(address, c->peer);
    c->deadline_ms = rx_http_deadline_in(server, server->options.request_timeout_s);
    c->next = server->connections;
    if (c->next) {
        c->next->prev = c;
    }
    server->connections = c;
    server->n_connections++;
    if (server->connections_gauge) {
        rx_metric_add(server->connections_gauge, 1);
    }
    return c;
}

void rx_http_connection_close(struct rx_http_server *server, struct rx_http_connection *c)
{
    if (!c) {
        return;
    }
    if (c->prev) {
        c->prev->next = c->next;
    } else {
        server->connections = c->next;
    }
    if (c->next) {
        c->next->prev = c->prev;
    }
    server->n_connections--;
    if (server->connections_gauge) {
        rx_metric_add(server->connections_gauge, -1);
    }
    free(c);
}

void rx_http_connections_expire(struct rx_http_server *server, int64_t now_ms)
{
    for (struct rx_http_connection *c = server->connections; c; c = c->next) {
        if (now_ms >= c->deadline_ms) {
            c->deadline_ms = INT64_MAX;
            rx_http_reject_count(server, RX_HTTP_REJECT_TIMEOUT);
            shutdown(c->fd, SHUT_RDWR); /* the library sees the end and closes */
        }
    }
}

struct rx_http_exchange *rx_http_exchange_new(struct rx_http_server *server)
{
    struct rx_http_exchange *x = server->free_list;
    if (x) {
        server->free_list = x->next;
        server->n_free--;
    } else {
        x = malloc(sizeof(*x));
        if (!x) {
            return NULL;
        }
        rx_buf_init(&x->request.body, 0);
    }
    rx_http_request_reset(&x->request, server->options.max_body_bytes);
    x->request.carrier = x;
    x->server = server;
    x->connection = NULL;
    x->peer = NULL;
    x->response = NULL;
    x->stage = RX_HTTP_HEADERS;
    x->suspended = x->too_large = false;
    x->discarded = 0;
    x->prev = NULL;
    x->next = server->exchanges;
    if (x->next) {
        x->next->prev = x;
    }
    server->exchanges = x;
    return x;
}

void rx_http_exchange_destroy(struct rx_http_exchange *x)
{
    rx_buf_free(&x->request.body);
    free(x);
}

void rx_http_exchange_release(struct rx_http_exchange *x)
{
    struct rx_http_server *server = x->server;
    if (x->prev) {
        x->prev->next = x->next;
    } else {
        server->exchanges = x->next;
    }
    if (x->next) {
        x->next->prev = x->prev;
    }
    rx_http_response_unref(x->response);
    x->response = NULL;
    if (x->stage == RX_HTTP_RUNNING && !x->request.answered) {
        /* The handler still holds it: its answer frees it. */
        server->n_active--;
        x->server = NULL;
        x->connection = NULL;
        x->request.peer = "";
        return;
    }
    if (server->n_free == FREE_REQUESTS || x->request.body.cap > KEEP_BODY_BYTES) {
        rx_http_exchange_destroy(x);
        return;
    }
    x->next = server->free_list;
    server->free_list = x;
    server->n_free++;
}

static bool name_is_token(struct rx_str name)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < name.n; i++) {
        const char c = name.p[i];
        const bool alnum =
            (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!alnum && (c == '\0' || !strchr(marks, c))) {
            return false;
        }
    }
    return name.n > 0;
}

void rx_http_framing_add(struct rx_http_framing *framing, struct rx_str name, struct rx_str value)
{
    framing->bad_name |= !name_is_token(name);
    if (name.n == 14 && rx_str_eq_nocase(name, RX_STR("Content-Length"))) {
        framing->content_lengths++;
        framing->bad_value |= rx_parse_i64(value, 0, INT64_MAX, &framing->length) < 0;
    } else if (name.n == 17 && rx_str_eq_nocase(name, RX_STR("Transfer-Encoding"))) {
        framing->transfer_encodings++;
        framing->bad_value |= !rx_str_eq_nocase(value, RX_STR("chunked"));
    } else if (name.n == 4 && rx_str_eq_nocase(name, RX_STR("Host"))) {
        framing->hosts++;
    }
}

const char *rx_http_framing_error(const struct rx_http_framing *framing, bool need_host)
{
    if (framing->bad_name) {
        return "header: expected a token as its name";
    }
    if (framing->hosts > 1 || (need_host && framing->hosts == 0)) {
        return "Host: expected one";
    }
    if (framing->bad_value || framing->content_lengths + framing->transfer_encodings > 1) {
        return "expected one valid Content-Length, or one Transfer-Encoding: chunked";
    }
    return NULL;
}

uint16_t rx_http_server_port(const struct rx_http_server *server)
{
    return server->port;
}

unsigned rx_http_server_active(const struct rx_http_server *server)
{
    return server->n_active;
}
