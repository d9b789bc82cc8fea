// SPDX-License-Identifier: Apache-2.0
/*
 * The server on libmicrohttpd, driven from outside: its epoll descriptor sits in our loop, and
 * MHD_run is repeated while it has more to do, for a resumed connection shows no event of its own.
 *
 * A request goes through begin (request line seen; the target is copied raw because the library
 * decodes in place), headers (framing checks), body, and run (the handler). A handler that has not
 * answered when it returns leaves the connection suspended; its answer resumes it and the library
 * calls us once more to take the response. A one-second tick closes connections whose headers and
 * body did not arrive in time; it runs only while there are connections.
 */
#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "common/base/log.h"
#include "common/http/router.h"
#include "common/http/server_internal.h"

#define PUMP_ROUNDS    64 /* runs in one wake-up, so that other work of the loop gets its turn */
#define TICK_MS        1000
#define SUSPENDED_MS   100 /* safety tick while an answer is awaited */
#define DISCARD_FACTOR 4   /* chunked bodies above the limit are read on this far, for the 413 */

/* ---- driving the library ---- */

static void pump(struct rx_http_server *server);

static void on_ready(struct rx_loop *loop, int fd, unsigned events, void *arg)
{
    (void)loop, (void)fd, (void)events;
    pump(arg);
}

static void on_again(struct rx_loop *loop, void *arg)
{
    (void)loop;
    pump(arg);
}

/* A timer that cannot be armed is no disaster: the next event of any connection pumps too. */
static void arm(struct rx_http_server *server, struct rx_timer *timer, int64_t ms, rx_timer_fn *fn)
{
    if (rx_timer_start(server->loop, timer, ms, fn, server) < 0) {
        rx_warn("http server: out of memory for a timer");
    }
}

static void pump(struct rx_http_server *server)
{
    MHD_UNSIGNED_LONG_LONG wait_ms = 0;
    for (int i = 0; i < PUMP_ROUNDS; i++) {
        MHD_run(server->daemon);
        if (MHD_get_timeout(server->daemon, &wait_ms) != MHD_YES || wait_ms > 0) {
            return;
        }
    }
    arm(server, &server->again, 0, on_again);
}

static void on_tick(struct rx_loop *loop, void *arg)
{
    struct rx_http_server *server = arg;
    rx_http_connections_expire(server, rx_loop_now_ms(loop));
    if (server->n_connections > 0) {
        arm(server, &server->tick, TICK_MS, on_tick);
    }
    pump(server);
}

static void on_safety(struct rx_loop *loop, void *arg)
{
    (void)loop;
    struct rx_http_server *server = arg;
    if (server->n_suspended > 0) {
        arm(server, &server->safety, SUSPENDED_MS, on_safety);
    }
    pump(server);
}

/* ---- connections ---- */

static void on_connection(void *cls, struct MHD_Connection *mhd, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct rx_http_server *server = cls;
    if (code != MHD_CONNECTION_NOTIFY_STARTED) {
        rx_http_connection_close(server, *context);
        *context = NULL;
        return;
    }
    /* Version 1.0 reuses one union for every answer: take the value before asking again. */
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    const int fd = info ? info->connect_fd : -1;
    info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    /* Without a record, out of memory, its first request is refused. */
    *context = rx_http_connection_open(server, fd, info ? info->client_addr : NULL);
    if (*context && server->n_connections == 1) {
        arm(server, &server->tick, TICK_MS, on_tick);
    }
}

static const struct rx_http_transport transport;

static struct rx_str request_header(const struct rx_http_request *request, const char *name)
{
    const struct rx_http_exchange *x = request->carrier;
    const char *value = NULL;
    size_t n = 0;
    if (!x->connection || MHD_lookup_connection_value_n(x->connection, MHD_HEADER_KIND, name,
                                                        strlen(name), &value, &n) != MHD_YES) {
        return (struct rx_str){NULL, 0};
    }
    return (struct rx_str){value ? value : "", n};
}

/* ---- responses ---- */

static void native_free(void *native)
{
    MHD_destroy_response(native);
}

static bool native_headers(struct MHD_Response *native, const struct rx_http_response *response)
{
    if (MHD_add_response_header(native, "Content-Type", response->content_type) != MHD_YES) {
        return false;
    }
    for (size_t i = 0; i < response->n_headers; i++) {
        if (MHD_add_response_header(native, response->headers[i].name,
                                    response->headers[i].value) != MHD_YES) {
            return false;
        }
    }
    return true;
}

/* The shared form: made once, the body handed over to it. */
static struct MHD_Response *native_shared(struct rx_http_response *response)
{
    if (response->native || !response->body) {
        return response->native;
    }
    struct MHD_Response *native =
        MHD_create_response_from_buffer(response->body_n, response->body, MHD_RESPMEM_MUST_FREE);
    if (native && !native_headers(native, response)) {
        MHD_destroy_response(native);
        native = NULL;
        response->body = NULL; /* went with it */
        response->body_n = 0;
    }
    response->native = native;
    response->free_native = native_free;
    return native;
}

static void variant_free(void *response)
{
    rx_http_response_unref(response);
}

/* One answer's own form, for headers that the shared one cannot carry; it borrows the body. */
static struct MHD_Response *native_variant(struct rx_http_exchange *x,
                                           struct rx_http_response *response, bool with_id,
                                           bool close)
{
    if (!response->body) {
        return NULL;
    }
    struct MHD_Response *native = MHD_create_response_from_buffer_with_free_callback_cls(
        response->body_n, response->body, variant_free, response);
    if (!native) {
        return NULL;
    }
    rx_http_response_ref(response);
    if (!native_headers(native, response) ||
        (with_id && MHD_add_response_header(native, "X-Request-Id", x->request.id) != MHD_YES) ||
        (close && MHD_add_response_header(native, "Connection", "close") != MHD_YES)) {
        MHD_destroy_response(native);
        return NULL;
    }
    return native;
}

static enum MHD_Result queue(struct rx_http_exchange *x, struct rx_http_response *response)
{
    struct rx_http_server *server = x->server;
    const bool close = server->draining || x->stage == RX_HTTP_HEADERS || x->too_large;
    x->stage = RX_HTTP_QUEUED;
    if (x->peer) {
        x->peer->deadline_ms = rx_http_deadline_in(server, server->options.idle_timeout_s);
    }
    if (!response) {
        struct MHD_Response *bare =
            MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);
        const enum MHD_Result r = bare ? MHD_queue_response(x->connection, 500, bare) : MHD_NO;
        if (bare) {
            MHD_destroy_response(bare);
        }
        return r;
    }
    const bool with_id = x->request.id_from_client && !response->has_request_id;
    if (!with_id && !close) {
        struct MHD_Response *shared = native_shared(response);
        return shared ? MHD_queue_response(x->connection, response->status, shared) : MHD_NO;
    }
    struct MHD_Response *variant = native_variant(x, response, with_id, close);
    if (!variant) {
        return MHD_NO;
    }
    const enum MHD_Result r = MHD_queue_response(x->connection, response->status, variant);
    MHD_destroy_response(variant);
    return r;
}

static void request_respond(struct rx_http_request *request, struct rx_http_response *response)
{
    struct rx_http_exchange *x = request->carrier;
    struct rx_http_server *server = x->server;
    if (!server) {
        rx_http_exchange_destroy(x);
        return;
    }
    server->n_active -= x->stage == RX_HTTP_RUNNING;
    x->response = response ? rx_http_response_ref(response) : NULL;
    if (x->suspended) {
        x->suspended = false;
        server->n_suspended--;
        MHD_resume_connection(x->connection);
    }
}

static const struct rx_http_transport transport = {request_header, request_respond};

/* ---- what the library calls ---- */

static void *on_target(void *cls, const char *uri, struct MHD_Connection *mhd)
{
    struct rx_http_server *server = cls;
    struct rx_http_exchange *x = rx_http_exchange_new(server);
    if (!x) {
        return NULL;
    }
    x->request.transport = &transport;
    const size_t n = strnlen(uri, RX_HTTP_TARGET_MAX + 1);
    memcpy(x->request.raw_bytes, uri, n <= RX_HTTP_TARGET_MAX ? n : 0);
    x->request.raw.n = n; /* a longer one is refused by its length, unread */
    x->connection = mhd;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    x->peer = info ? info->socket_context : NULL;
    if (x->peer) {
        x->request.peer = x->peer->peer;
        x->peer->deadline_ms = rx_http_deadline_in(server, server->options.request_timeout_s);
    }
    return x;
}

struct header_walk {
    struct rx_http_exchange *x;
    struct rx_http_framing framing;
};

static enum MHD_Result on_header(void *cls, enum MHD_ValueKind kind, const char *key, size_t key_n,
                                 const char *value, size_t value_n)
{
    (void)kind;
    struct header_walk *walk = cls;
    const struct rx_str name = {key, key_n}, text = {value ? value : "", value ? value_n : 0};
    rx_http_framing_add(&walk->framing, name, text);
    if (name.n == 12 && rx_str_eq_nocase(name, RX_STR("X-Request-Id"))) {
        rx_http_request_take_id(&walk->x->request, text);
    }
    return MHD_YES;
}

/* Answers by itself and returns true when the message's frame is not clear or too large. */
static bool refuse_headers(struct rx_http_exchange *x, bool need_host)
{
    struct header_walk walk = {.x = x};
    MHD_get_connection_values_n(x->connection, MHD_HEADER_KIND, on_header, &walk);
    const char *error = rx_http_framing_error(&walk.framing, need_host);
    if (error) {
        rx_http_reject_count(x->server, RX_HTTP_REJECT_FRAMING);
        rx_respond_error(&x->request, 400, "bad_request", "%s", error);
        return true;
    }
    if ((uint64_t)walk.framing.length > x->server->options.max_body_bytes) {
        rx_http_reject_count(x->server, RX_HTTP_REJECT_BODY);
        rx_respond_error(&x->request, 413, "body_too_large", "body: more than %zu bytes",
                         x->server->options.max_body_bytes);
        return true;
    }
    return false;
}

static enum MHD_Result take_body(struct rx_http_exchange *x, const char *bytes, size_t n)
{
    if (!x->too_large) {
        rx_buf_add(&x->request.body, bytes, n);
        x->too_large = x->request.body.error != 0;
    }
    if (x->too_large) {
        /* An answer cannot be queued amid a body, so some of it is read on and dropped. */
        x->discarded += n;
        if (x->discarded > DISCARD_FACTOR * x->server->options.max_body_bytes) {
            rx_http_reject_count(x->server, RX_HTTP_REJECT_BODY);
            return MHD_NO;
        }
    }
    return MHD_YES;
}

static enum MHD_Result run(struct rx_http_exchange *x)
{
    struct rx_http_server *server = x->server;
    if (x->too_large) {
        rx_http_reject_count(server, RX_HTTP_REJECT_BODY);
        rx_respond_error(&x->request, 413, "body_too_large", "body: more than %zu bytes",
                         server->options.max_body_bytes);
        return queue(x, x->response);
    }
    x->stage = RX_HTTP_RUNNING;
    server->n_active++;
    if (x->peer) {
        x->peer->deadline_ms = INT64_MAX;
    }
    rx_http_request_dispatch(&x->request, server->handler, server->handler_arg);
    if (x->request.answered) {
        return queue(x, x->response);
    }
    x->suspended = true;
    if (server->n_suspended++ == 0) {
        arm(server, &server->safety, SUSPENDED_MS, on_safety);
    }
    MHD_suspend_connection(x->connection);
    return MHD_YES;
}

static enum MHD_Result on_access(void *cls, struct MHD_Connection *mhd, const char *url,
                                 const char *method, const char *version, const char *upload,
                                 size_t *upload_n, void **context)
{
    (void)cls, (void)mhd, (void)url;
    struct rx_http_exchange *x = *context;
    if (!x || !x->peer) {
        return MHD_NO; /* out of memory at its start: close */
    }
    switch (x->stage) {
    case RX_HTTP_HEADERS: {
        const size_t n = strlen(method);
        if (n >= sizeof(x->request.method)) {
            rx_http_reject_count(x->server, RX_HTTP_REJECT_FRAMING);
            rx_respond_error(&x->request, 501, "not_implemented", "unknown method");
            return queue(x, x->response);
        }
        memcpy(x->request.method, method, n + 1);
        if (refuse_headers(x, strcmp(version, MHD_HTTP_VERSION_1_1) == 0)) {
            return queue(x, x->response);
        }
        x->stage = RX_HTTP_BODY;
        return MHD_YES;
    }
    case RX_HTTP_BODY:
        if (*upload_n > 0) {
            const enum MHD_Result r = take_body(x, upload, *upload_n);
            *upload_n = 0;
            return r;
        }
        return run(x);
    case RX_HTTP_RUNNING:
        /* Resumed: by an answer, or by the server's end. */
        return x->request.answered ? queue(x, x->response) : MHD_NO;
    case RX_HTTP_QUEUED:
        break;
    }
    return MHD_NO;
}

static void on_completed(void *cls, struct MHD_Connection *mhd, void **context,
                         enum MHD_RequestTerminationCode code)
{
    (void)mhd, (void)code;
    struct rx_http_server *server = cls;
    struct rx_http_exchange *x = *context;
    *context = NULL;
    if (!x) {
        return;
    }
    if (x->peer) {
        /* The next request's first byte is not shown to us; its line must be here by then. */
        x->peer->deadline_ms = rx_http_deadline_in(server, server->options.idle_timeout_s +
                                                               server->options.request_timeout_s);
    }
    rx_http_exchange_release(x);
}

static size_t no_unescape(void *cls, struct MHD_Connection *mhd, char *text)
{
    (void)cls, (void)mhd;
    return strlen(text); /* we decode, from the raw target */
}

static void no_log(void *cls, const char *fmt, va_list ap)
{
    (void)cls, (void)fmt, (void)ap;
}

/* ---- life ---- */

static int start_daemon(struct rx_http_server *server, struct rx_error *err)
{
    const struct rx_http_server_options *o = &server->options;
    server->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_access,
        server, MHD_OPTION_EXTERNAL_LOGGER, no_log, NULL, MHD_OPTION_LISTEN_SOCKET,
        server->listen_fd, MHD_OPTION_CONNECTION_MEMORY_LIMIT, o->max_header_bytes,
        MHD_OPTION_CONNECTION_LIMIT, o->max_connections, MHD_OPTION_CONNECTION_TIMEOUT,
        o->idle_timeout_s, MHD_OPTION_URI_LOG_CALLBACK, on_target, server,
        MHD_OPTION_UNESCAPE_CALLBACK, no_unescape, NULL, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
        server, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_END);
    if (!server->daemon) {
        return rx_error_set(err, -ENOMEM, "http server: the library refused to start");
    }
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (!info) {
        return rx_error_set(err, RX_EINVALID, "http server: no epoll support");
    }
    return rx_io_new(server->loop, info->epoll_fd, RX_IO_READ, on_ready, server, &server->io, err);
}

int rx_http_server_new(struct rx_loop *loop, const struct rx_http_server_options *options,
                       rx_http_handler *handler, void *arg, struct rx_http_server **ret,
                       struct rx_error *err)
{
    struct rx_http_server *server = calloc(1, sizeof(*server));
    if (!server) {
        return rx_error_errno(err, ENOMEM, "http server");
    }
    server->loop = loop;
    server->handler = handler;
    server->handler_arg = arg;
    server->listen_fd = -1;
    rx_http_server_setup(server, options);
    int r = rx_http_listen(options, &server->listen_fd, &server->port, err);
    if (r == 0) {
        r = start_daemon(server, err);
    }
    if (r < 0) {
        rx_http_server_free(server);
        return r;
    }
    *ret = server;
    return 0;
}

void rx_http_server_drain(struct rx_http_server *server)
{
    if (server->draining) {
        return;
    }
    pump(server); /* what the kernel has accepted already is served */
    server->draining = true;
    MHD_quiesce_daemon(server->daemon);
    close(RX_TAKE_FD(server->listen_fd));
}

void rx_http_server_free(struct rx_http_server *server)
{
    if (!server) {
        return;
    }
    rx_timer_stop(server->loop, &server->again);
    rx_timer_stop(server->loop, &server->tick);
    rx_timer_stop(server->loop, &server->safety);
    rx_io_free(server->io);
    if (server->daemon) {
        /* The library must not stop with suspended connections. */
        for (struct rx_http_exchange *x = server->exchanges; x; x = x->next) {
            if (x->suspended) {
                x->suspended = false;
                MHD_resume_connection(x->connection);
            }
        }
        MHD_run(server->daemon);
        MHD_stop_daemon(server->daemon);
    }
    if (server->listen_fd >= 0) {
        close(server->listen_fd);
    }
    while (server->free_list) {
        struct rx_http_exchange *x = server->free_list;
        server->free_list = x->next;
        rx_http_exchange_destroy(x);
    }
    free(server);
}
