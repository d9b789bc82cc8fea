// SPDX-License-Identifier: Apache-2.0
/*
 * The client on libcurl. One `struct exchange` sets an easy handle up and collects its answer; the
 * loop client runs many under a multi handle whose sockets and timer live in our loop, a session
 * runs one at a time. curl may not be re-entered from its callbacks, so a transfer cancelled inside
 * one is only marked and taken down when curl has returned.
 *
 * More than 500 lines because only this file may include libcurl's header, and both clients share
 * the set-up of a request.
 */
#include <curl/curl.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "common/http/client_internal.h"

#define CONNECT_TIMEOUT_MS  5000
#define TOTAL_TIMEOUT_MS    30000
#define KEEPALIVE_IDLE_S    30L
#define KEEPALIVE_PROBE_S   15L
#define USER_TIMEOUT_MS     45000u
#define MAX_IDLE_CONNECTION 64L

struct exchange {
    CURL *easy; /* owned by the transfer or the session */
    struct curl_slist *headers, *connect_to;
    struct rx_http_result *result;
    rx_http_data *data;
    void *arg;
    int abort_code;       /* why a callback of ours ended the transfer */
    struct rx_loop *loop; /* NULL in a session */
    int64_t last_byte_ms;
    char host[128];
    char detail[CURL_ERROR_SIZE];
};

/* ---- one exchange ---- */

static int on_socket_made(void *arg, curl_socket_t fd, curlsocktype type)
{
    (void)arg;
    const unsigned timeout_ms = USER_TIMEOUT_MS;
    if (type == CURLSOCKTYPE_IPCXN) {
        /* A peer that is gone shows after this, even with data under way. */
        (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof(timeout_ms));
    }
    return CURL_SOCKOPT_OK;
}

static void note_progress(struct exchange *x)
{
    if (x->loop) {
        x->last_byte_ms = rx_loop_now_ms(x->loop);
    }
}

static size_t on_header(char *bytes, size_t size, size_t n, void *arg)
{
    struct exchange *x = arg;
    note_progress(x);
    const int r = rx_http_result_add_header(x->result, (struct rx_str){bytes, size * n});
    if (r < 0) {
        x->abort_code = r;
        return 0;
    }
    return size * n;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
    struct exchange *x = arg;
    const struct rx_str text = {bytes, size * n};
    note_progress(x);
    if (x->data) {
        long status = 0;
        curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
        const int r = x->data(text, (unsigned)status, x->arg);
        if (r < 0 && x->abort_code == 0) {
            x->abort_code = r;
        }
    } else {
        rx_buf_add_str(&x->result->body, text);
        if (x->result->body.error) {
            x->abort_code = x->result->body.error;
        }
    }
    return x->abort_code ? CURL_WRITEFUNC_ERROR : text.n;
}

static bool add_line(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);
    if (longer) {
        *list = longer;
    }
    return longer != NULL;
}

static bool set_headers(struct exchange *x, const struct rx_http_call *call)
{
    bool ok = add_line(&x->headers, "Expect:"), has_type = false;
    for (const char *const *line = call->headers; line && *line; line++) {
        has_type |=
            rx_str_eq_nocase((struct rx_str){*line, strnlen(*line, 13)}, RX_STR("Content-Type:"));
        ok = ok && add_line(&x->headers, *line);
    }
    /* curl would call a body a form. */
    ok = ok && (has_type || add_line(&x->headers, "Content-Type:"));
    return ok && curl_easy_setopt(x->easy, CURLOPT_HTTPHEADER, x->headers) == CURLE_OK;
}

static CURLcode set_blob(CURL *easy, CURLoption option, const char *pem)
{
    struct curl_blob blob = {(void *)pem, strlen(pem), CURL_BLOB_COPY};
    return curl_easy_setopt(easy, option, &blob);
}

/* The certificate is checked against server_name: the URL gets that host, the connection goes to
 * the old one. */
static bool set_server_name(struct exchange *x, const char *url, const char *server_name)
{
    CURLU *u = curl_url();
    char *host = NULL, *port = NULL, *text = NULL, line[600];
    bool ok = u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
              curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
              curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK;
    if (ok) {
        const int n = snprintf(line, sizeof(line), "%s:%s:%s:%s", server_name, port, host, port);
        ok = n > 0 && (size_t)n < sizeof(line) && add_line(&x->connect_to, line) &&
             curl_url_set(u, CURLUPART_HOST, server_name, 0) == CURLUE_OK &&
             curl_url_get(u, CURLUPART_URL, &text, 0) == CURLUE_OK &&
             curl_easy_setopt(x->easy, CURLOPT_URL, text) == CURLE_OK &&
             curl_easy_setopt(x->easy, CURLOPT_CONNECT_TO, x->connect_to) == CURLE_OK;
    }
    curl_free(host);
    curl_free(port);
    curl_free(text);
    curl_url_cleanup(u);
    return ok;
}

static bool set_tls(struct exchange *x, const struct rx_http_tls *tls, const char *url)
{
    CURLcode c = CURLE_OK;
    if (tls->ca_pem) {
        c |= set_blob(x->easy, CURLOPT_CAINFO_BLOB, tls->ca_pem);
    } else if (tls->ca_file) {
        c |= curl_easy_setopt(x->easy, CURLOPT_CAINFO, tls->ca_file);
    }
    if (tls->cert_pem) {
        c |= set_blob(x->easy, CURLOPT_SSLCERT_BLOB, tls->cert_pem);
    } else if (tls->cert_file) {
        c |= curl_easy_setopt(x->easy, CURLOPT_SSLCERT, tls->cert_file);
    }
    if (tls->key_pem) {
        c |= set_blob(x->easy, CURLOPT_SSLKEY_BLOB, tls->key_pem);
    } else if (tls->key_file) {
        c |= curl_easy_setopt(x->easy, CURLOPT_SSLKEY, tls->key_file);
    }
    if (tls->insecure_skip_verify) {
        c |= curl_easy_setopt(x->easy, CURLOPT_SSL_VERIFYPEER, 0L);
        c |= curl_easy_setopt(x->easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    return c == CURLE_OK && (!tls->server_name || set_server_name(x, url, tls->server_name));
}

static CURLcode set_method(CURL *easy, const struct rx_http_call *call)
{
    const char *m = call->method;
    const bool needs_body =
        strcmp(m, "POST") == 0 || strcmp(m, "PUT") == 0 || strcmp(m, "PATCH") == 0;
    CURLcode c = CURLE_OK;
    if (call->body.n > 0 || needs_body) {
        c |= curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.n);
        c |= curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, call->body.n ? call->body.p : "");
    } else if (strcmp(m, "HEAD") == 0) {
        c |= curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else {
        c |= curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    }
    return c | curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, m);
}

static long bounded_ms(int64_t value, int64_t fallback)
{
    if (value < 0) {
        return 0; /* curl's word for none */
    }
    value = value ? value : fallback;
    return value > 86400000 ? 86400000L : (long)value;
}

static CURLcode set_common(struct exchange *x, const struct rx_http_call *call)
{
    CURL *easy = x->easy;
    CURLcode c = curl_easy_setopt(easy, CURLOPT_URL, call->url);
    c |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    c |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    c |= curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    c |= curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    c |= curl_easy_setopt(easy, CURLOPT_USERAGENT, "radarx/" RX_VERSION);
    c |= curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    c |= curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
    c |= curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, KEEPALIVE_PROBE_S);
    c |= curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_socket_made);
    c |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    c |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, x);
    c |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    c |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, x);
    c |= curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, x->detail);
    c |= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                          bounded_ms(call->connect_timeout_ms, CONNECT_TIMEOUT_MS));
    c |= curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, bounded_ms(call->timeout_ms, TOTAL_TIMEOUT_MS));
    if (rx_http_url_is_loopback(call->url)) {
        c |= curl_easy_setopt(easy, CURLOPT_PROXY, "");
    }
    return c;
}

/* result: initialised by the caller. */
static int exchange_setup(struct exchange *x, const struct rx_http_call *call,
                          struct rx_http_result *result, struct rx_error *err)
{
    x->result = result;
    x->abort_code = 0;
    x->detail[0] = '\0';
    rx_http_url_host(call->url, x->host, sizeof(x->host));
    if (set_common(x, call) != CURLE_OK || set_method(x->easy, call) != CURLE_OK ||
        !set_headers(x, call) || (call->tls && !set_tls(x, call->tls, call->url))) {
        return rx_error_set(err, RX_EINVALID, "%s %s: the request could not be set up",
                            call->method, x->host);
    }
    return 0;
}

static void exchange_done(struct exchange *x)
{
    curl_slist_free_all(x->headers);
    curl_slist_free_all(x->connect_to);
    x->headers = x->connect_to = NULL;
}

static int code_of(CURLcode code, bool *retryable)
{
    *retryable = true;
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
        return -ETIMEDOUT;
    case CURLE_COULDNT_CONNECT:
        return -ECONNREFUSED;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return -EHOSTUNREACH;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
        return -ECONNRESET;
    case CURLE_PARTIAL_FILE:
    case CURLE_SSL_CONNECT_ERROR:
        return RX_EPROTO;
    case CURLE_OUT_OF_MEMORY:
        return -ENOMEM;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
        *retryable = false;
        return RX_EINVALID;
    default:
        *retryable = false;
        return RX_EPROTO;
    }
}

static void exchange_finish(struct exchange *x, CURLcode code)
{
    struct rx_http_result *result = x->result;
    long status = 0;
    if (code == CURLE_OK && x->abort_code == 0) {
        curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
        result->status = (unsigned)status;
        result->retry_after_ms = rx_http_retry_after_ms(
            rx_http_result_header(result, "Retry-After"), rx_clock_real_ms(rx_clock_system()));
        return;
    }
    if (x->abort_code == RX_ELIMIT && !x->data) {
        result->error =
            rx_error_set(&result->err, RX_ELIMIT, "%s: answer: more than %zu bytes", x->host,
                         result->body.error ? result->body.max : result->headers.max);
    } else if (x->abort_code) {
        result->error = rx_error_set(&result->err, x->abort_code, "%s: transfer ended: %s", x->host,
                                     rx_code_name(x->abort_code));
        result->err.retryable = x->abort_code == -ETIMEDOUT;
    } else {
        bool retryable = false;
        const int mapped = code_of(code, &retryable);
        result->error = rx_error_set(&result->err, mapped, "%s: %s", x->host,
                                     x->detail[0] ? x->detail : curl_easy_strerror(code));
        result->err.retryable = retryable;
    }
}

int rx_http_client_global_init(struct rx_error *err)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return rx_error_set(err, -ENOMEM, "http client: libcurl refused to start");
    }
    return 0;
}

void rx_http_client_global_fini(void)
{
    curl_global_cleanup();
}

/* ---- blocking ---- */

struct rx_http_session {
    CURL *easy; /* NULL after a reset */
};

int rx_http_session_new(struct rx_http_session **ret, struct rx_error *err)
{
    struct rx_http_session *session = calloc(1, sizeof(*session));
    if (!session) {
        return rx_error_errno(err, ENOMEM, "http session");
    }
    *ret = session;
    return 0;
}

void rx_http_session_free(struct rx_http_session *session)
{
    if (session) {
        rx_http_session_reset(session);
        free(session);
    }
}

void rx_http_session_reset(struct rx_http_session *session)
{
    curl_easy_cleanup(session->easy);
    session->easy = NULL;
}

int rx_http_session_call(struct rx_http_session *session, const struct rx_http_call *call,
                         struct rx_http_result *result)
{
    rx_http_result_init(result, call->max_body_bytes);
    if (session->easy) {
        curl_easy_reset(session->easy); /* connections stay */
    } else if (!(session->easy = curl_easy_init())) {
        return result->error = rx_error_errno(&result->err, ENOMEM, "http session");
    }
    struct exchange x = {.easy = session->easy};
    int r = exchange_setup(&x, call, result, &result->err);
    if (r == 0 && call->idle_timeout_ms > 0) {
        const long seconds = (long)((call->idle_timeout_ms + RX_MS_PER_S - 1) / RX_MS_PER_S);
        curl_easy_setopt(x.easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
        curl_easy_setopt(x.easy, CURLOPT_LOW_SPEED_TIME, seconds);
    }
    if (r < 0) {
        result->error = r;
    } else {
        exchange_finish(&x, curl_easy_perform(x.easy));
    }
    /* The handle keeps no pointer to this frame. */
    curl_easy_reset(session->easy);
    exchange_done(&x);
    return result->error;
}

/* ---- on a loop ---- */

struct rx_http_transfer {
    struct exchange x;
    struct rx_http_client *client; /* borrowed */
    struct rx_http_transfer *prev, *next;
    struct rx_http_result result;
    rx_http_done *done;
    int64_t idle_ms;
    struct rx_timer idle;
    bool cancelled;
};

struct rx_http_client {
    struct rx_loop *loop; /* borrowed */
    CURLM *multi;
    struct rx_timer timer;
    struct rx_http_transfer *transfers;
    bool in_curl, reap;
    bool *freed; /* set when the client goes away under its own callbacks */
};

static void transfer_unlink(struct rx_http_transfer *t)
{
    struct rx_http_client *client = t->client;
    if (t->prev) {
        t->prev->next = t->next;
    } else {
        client->transfers = t->next;
    }
    if (t->next) {
        t->next->prev = t->prev;
    }
    rx_timer_stop(client->loop, &t->idle);
    curl_multi_remove_handle(client->multi, t->x.easy);
}

static void transfer_free(struct rx_http_transfer *t)
{
    curl_easy_cleanup(t->x.easy);
    exchange_done(&t->x);
    rx_http_result_free(&t->result);
    free(t);
}

/* Hands the result over; the client may be gone when this returns. */
static void transfer_complete(struct rx_http_transfer *t, CURLcode code)
{
    transfer_unlink(t);
    if (!t->cancelled) {
        exchange_finish(&t->x, code);
        t->done(&t->result, t->x.arg);
    }
    transfer_free(t);
}

static void reap_cancelled(struct rx_http_client *client)
{
    client->reap = false;
    for (struct rx_http_transfer *t = client->transfers, *next; t; t = next) {
        next = t->next;
        if (t->cancelled) {
            transfer_unlink(t);
            transfer_free(t);
        }
    }
}

/* Lets curl work on a socket or its timer, then completes what has ended. */
static void drive(struct rx_http_client *client, curl_socket_t fd, int events)
{
    int running = 0, left = 0;
    bool freed = false;
    bool *const outer = client->freed;
    client->in_curl = true;
    curl_multi_socket_action(client->multi, fd, events, &running);
    client->in_curl = false;
    if (client->reap) {
        reap_cancelled(client);
    }
    client->freed = &freed;
    const CURLMsg *msg;
    while (!freed && (msg = curl_multi_info_read(client->multi, &left))) {
        if (msg->msg == CURLMSG_DONE) {
            const CURLcode code = msg->data.result;
            char *private = NULL;
            curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &private);
            transfer_complete((struct rx_http_transfer *)(void *)private, code);
        }
    }
    if (freed) {
        if (outer) {
            *outer = true;
        }
        return;
    }
    client->freed = outer;
}

static void on_curl_timer(struct rx_loop *loop, void *arg)
{
    (void)loop;
    drive(arg, CURL_SOCKET_TIMEOUT, 0);
}

static int on_timer_wanted(CURLM *multi, long timeout_ms, void *arg)
{
    (void)multi;
    struct rx_http_client *client = arg;
    if (timeout_ms < 0) {
        rx_timer_stop(client->loop, &client->timer);
        return 0;
    }
    return rx_timer_start(client->loop, &client->timer, timeout_ms, on_curl_timer, client) < 0 ? -1
                                                                                               : 0;
}

static void on_socket_ready(struct rx_loop *loop, int fd, unsigned events, void *arg)
{
    (void)loop;
    const int mask = ((events & RX_IO_READ) ? CURL_CSELECT_IN : 0) |
                     ((events & RX_IO_WRITE) ? CURL_CSELECT_OUT : 0) |
                     ((events & RX_IO_ERROR) ? CURL_CSELECT_ERR : 0);
    drive(arg, fd, mask);
}

static int on_socket_wanted(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
    (void)easy;
    struct rx_http_client *client = arg;
    struct rx_io *io = socket_arg;
    if (what == CURL_POLL_REMOVE) {
        rx_io_free(io);
        return 0;
    }
    const unsigned events =
        ((what & CURL_POLL_IN) ? RX_IO_READ : 0) | ((what & CURL_POLL_OUT) ? RX_IO_WRITE : 0);
    if (io) {
        return rx_io_set(io, events) < 0 ? -1 : 0;
    }
    if (rx_io_new(client->loop, fd, events, on_socket_ready, client, &io, NULL) < 0) {
        return -1;
    }
    curl_multi_assign(client->multi, fd, io);
    return 0;
}

int rx_http_client_new(struct rx_loop *loop, unsigned max_connections_per_host,
                       struct rx_http_client **ret, struct rx_error *err)
{
    struct rx_http_client *client = calloc(1, sizeof(*client));
    CURLM *multi = client ? curl_multi_init() : NULL;
    if (!multi) {
        free(client);
        return rx_error_errno(err, ENOMEM, "http client");
    }
    client->loop = loop;
    client->multi = multi;
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket_wanted);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, client);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, client);
    curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)max_connections_per_host);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, MAX_IDLE_CONNECTION);
    *ret = client;
    return 0;
}

void rx_http_client_free(struct rx_http_client *client)
{
    if (!client) {
        return;
    }
    while (client->transfers) {
        struct rx_http_transfer *t = client->transfers;
        transfer_unlink(t);
        transfer_free(t);
    }
    curl_multi_cleanup(client->multi);
    rx_timer_stop(client->loop, &client->timer);
    if (client->freed) {
        *client->freed = true;
    }
    free(client);
}

static void on_idle(struct rx_loop *loop, void *arg)
{
    struct rx_http_transfer *t = arg;
    const int64_t left = t->x.last_byte_ms + t->idle_ms - rx_loop_now_ms(loop);
    if (left > 0 && rx_timer_start(loop, &t->idle, left, on_idle, t) == 0) {
        return;
    }
    t->x.abort_code = -ETIMEDOUT;
    transfer_complete(t, CURLE_OPERATION_TIMEDOUT);
}

int rx_http_client_start(struct rx_http_client *client, const struct rx_http_call *call,
                         rx_http_data *data, rx_http_done *done, void *arg,
                         struct rx_http_transfer **ret, struct rx_error *err)
{
    struct rx_http_transfer *t = calloc(1, sizeof(*t));
    CURL *easy = t ? curl_easy_init() : NULL;
    if (!easy) {
        free(t);
        return rx_error_errno(err, ENOMEM, "http client");
    }
    t->x = (struct exchange){.easy = easy, .data = data, .arg = arg, .loop = client->loop};
    t->client = client;
    t->done = done;
    t->idle_ms = call->idle_timeout_ms;
    rx_http_result_init(&t->result, call->max_body_bytes);
    note_progress(&t->x);
    int r = exchange_setup(&t->x, call, &t->result, err);
    if (r == 0 && (curl_easy_setopt(easy, CURLOPT_PRIVATE, t) != CURLE_OK ||
                   curl_multi_add_handle(client->multi, easy) != CURLM_OK)) {
        r = rx_error_errno(err, ENOMEM, "%s %s", call->method, t->x.host);
    }
    if (r < 0) {
        transfer_free(t);
        return r;
    }
    t->next = client->transfers;
    if (t->next) {
        t->next->prev = t;
    }
    client->transfers = t;
    if (t->idle_ms > 0 && rx_timer_start(client->loop, &t->idle, t->idle_ms, on_idle, t) < 0) {
        transfer_unlink(t);
        transfer_free(t);
        return rx_error_errno(err, ENOMEM, "http client: idle timer");
    }
    if (ret) {
        *ret = t;
    }
    return 0;
}

void rx_http_transfer_cancel(struct rx_http_transfer *t)
{
    if (!t || t->cancelled) {
        return;
    }
    if (t->client->in_curl) {
        t->cancelled = true;
        t->x.abort_code = -ECANCELED;
        t->client->reap = true;
        return;
    }
    transfer_unlink(t);
    transfer_free(t);
}
