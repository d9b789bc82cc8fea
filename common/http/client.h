// SPDX-License-Identifier: Apache-2.0
/*
 * HTTP client: requests run on an event loop through one curl multi handle (never block), or
 * straight-line on a pooled blocking session for worker threads. Every transfer has a connect and a
 * total time-out or an idle guard, bodies are bounded, redirects are never followed, results start
 * from zero for each call.
 */
#pragma once

#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/loop.h"

/* Where and as whom: shared by many requests. Strings are copied. */
struct rx_http_tls {
    const char *ca_file, *ca_pem;     /* at most one; neither = system store */
    const char *cert_file, *cert_pem; /* client certificate */
    const char *key_file, *key_pem;
    bool insecure_skip_verify;
    const char *server_name; /* NULL = host of the URL */
};

struct rx_http_call {
    const char *method;            /* "GET" */
    const char *url;               /* absolute http or https */
    const char *const *headers;    /* "Name: value", NULL-terminated; may be NULL */
    struct rx_str body;            /* sent when n > 0, or when the method needs one */
    const struct rx_http_tls *tls; /* may be NULL */
    int64_t connect_timeout_ms;    /* 0 = 5 s */
    int64_t timeout_ms; /* whole transfer; 0 = 30 s; -1 = none (streams: use idle_timeout_ms) */
    int64_t idle_timeout_ms; /* no byte for so long ends the transfer; 0 = off */
    size_t max_body_bytes;   /* 0 = 16 MiB; exceeding it is RX_ELIMIT */
};

struct rx_http_result {
    int error; /* 0, or negative: no complete HTTP answer; err has the text */
    struct rx_error err;
    unsigned status;        /* 0 when error */
    int64_t retry_after_ms; /* from Retry-After (seconds or date), -1 when absent */
    struct rx_buf body;
    struct rx_buf headers; /* raw "Name: value\r\n" lines of the final answer, at most 64 KiB */
};
void rx_http_result_free(struct rx_http_result *result);
/* Value of a response header (case-insensitive), {NULL, 0} when absent. */
struct rx_str rx_http_result_header(const struct rx_http_result *result, const char *name);

/* Once before threads, once at the end. */
int rx_http_client_global_init(struct rx_error *err) RX_MUST_CHECK;
void rx_http_client_global_fini(void);

/* ---- on a loop ---- */
struct rx_http_client;
struct rx_http_transfer;
/* result is borrowed during the call; the transfer is gone afterwards. */
typedef void rx_http_done(struct rx_http_result *result, void *arg);
/* Body bytes as they come (streams: they are not collected then). Negative ends the transfer with
 * that error. */
typedef int rx_http_data(struct rx_str bytes, unsigned status, void *arg);

int rx_http_client_new(struct rx_loop *loop, unsigned max_connections_per_host,
                       struct rx_http_client **ret, struct rx_error *err) RX_MUST_CHECK;
void rx_http_client_free(
    struct rx_http_client *client); /* cancels what is under way, without callbacks */
/* done is always called exactly once later from the loop (never from inside this call) unless
 * cancelled. */
int rx_http_client_start(struct rx_http_client *client, const struct rx_http_call *call,
                         rx_http_data *data, rx_http_done *done, void *arg,
                         struct rx_http_transfer **ret, struct rx_error *err) RX_MUST_CHECK;
void rx_http_transfer_cancel(struct rx_http_transfer *transfer); /* no callback follows */

/* ---- blocking, for one thread at a time ---- */
struct rx_http_session; /* keeps connections alive between calls */
int rx_http_session_new(struct rx_http_session **ret, struct rx_error *err) RX_MUST_CHECK;
void rx_http_session_free(struct rx_http_session *session);
/* Drops kept connections (credentials changed). */
void rx_http_session_reset(struct rx_http_session *session);
/* Fills result (freed by the caller with rx_http_result_free whatever is returned); returns
 * result->error. */
int rx_http_session_call(struct rx_http_session *session, const struct rx_http_call *call,
                         struct rx_http_result *result) RX_MUST_CHECK;

RX_DEFINE_CLEANUP_INPLACE(http_result, struct rx_http_result, rx_http_result_free);
RX_DEFINE_CLEANUP(http_session, struct rx_http_session *, rx_http_session_free);
RX_DEFINE_CLEANUP(http_client, struct rx_http_client *, rx_http_client_free);
