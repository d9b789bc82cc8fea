// SPDX-License-Identifier: Apache-2.0
/* What happens on a stream is here; listing by pages is in informer_list.c. */
#include "operator/kube/informer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/random.h"
#include "operator/kube/informer_internal.h"

#define MIN_TIMEOUT_S   300
#define TIMEOUT_SPAN_S  301
#define IDLE_GRACE_MS   (5 * RX_MS_PER_S)
#define BACKOFF_MIN_MS  800
#define BACKOFF_MAX_MS  (30 * RX_MS_PER_S)
#define HEALTHY_MS      (120 * RX_MS_PER_S)
#define SHORT_WATCH_MS  (1 * RX_MS_PER_S)
#define ABSENT_RETRY_MS (15 * RX_MS_PER_S)

static void begin(struct rx_loop *loop, void *arg);

/* ---- transport ---- */

static int http_start(void *self, const struct rx_http_call *call, rx_http_data *data,
                      rx_http_done *done, void *arg, void **ret_transfer, struct rx_error *err)
{
    return rx_http_client_start(self, call, data, done, arg,
                                (struct rx_http_transfer **)ret_transfer, err);
}

static void http_cancel(void *self, void *transfer)
{
    (void)self;
    rx_http_transfer_cancel(transfer);
}

int rx_informer_send(struct rx_informer *informer, const char *path, int64_t idle_ms,
                     rx_http_data *data, rx_http_done *done, struct rx_error *err)
{
    rx_auto(kube_auth) struct rx_kube_auth *auth = rx_kube_config_auth(informer->o.config);
    rx_auto(buf) struct rx_buf url = RX_BUF_INIT(16u << 10);
    rx_buf_puts(&url, rx_kube_config_server(informer->o.config));
    rx_buf_puts(&url, path);
    int rc = rx_buf_error(&url, err);
    if (rc < 0) {
        return rc;
    }
    const char *headers[] = {"Accept: application/json", "User-Agent: radarx-operator",
                             auth->authorization, NULL};
    const struct rx_http_call call = {.method = "GET",
                                      .url = url.p,
                                      .headers = headers,
                                      .tls = &auth->tls,
                                      .timeout_ms = data ? -1 : RX_KUBE_TIMEOUT_MS,
                                      .idle_timeout_ms = idle_ms,
                                      .max_body_bytes = RX_INFORMER_MAX_PAGE_BYTES};
    return informer->transport.start(informer->transport.self, &call, data, done, informer,
                                     &informer->transfer, err);
}

/* ---- when to try again ---- */

void rx_informer_again(struct rx_informer *informer, int64_t delay_ms)
{
    if (rx_timer_start(informer->o.loop, &informer->timer, delay_ms, begin, informer) < 0) {
        rx_err("no memory for a watch's timer", RX_F_S("kind", informer->kind->kind));
    }
}

static int64_t backoff_ms(struct rx_informer *informer)
{
    unsigned doublings = informer->failures < 6 ? informer->failures : 6;
    int64_t wait = (int64_t)BACKOFF_MIN_MS << doublings;
    wait = wait < BACKOFF_MAX_MS ? wait : BACKOFF_MAX_MS;
    return wait + (int64_t)rx_random_below((uint64_t)wait + 1);
}

void rx_informer_failed(struct rx_informer *informer, int64_t at_least_ms,
                        const struct rx_error *why)
{
    int64_t now = rx_loop_now_ms(informer->o.loop);
    if (informer->live && now - informer->started_ms >= HEALTHY_MS) {
        informer->failures = 0;
    }
    int64_t wait = backoff_ms(informer);
    wait = wait > at_least_ms ? wait : at_least_ms;
    /* Once per doubling is enough to see what is wrong without flooding the log. */
    if ((informer->failures & (informer->failures - 1)) == 0) {
        rx_warn("watch failed", RX_F_S("kind", informer->kind->kind), RX_F_ERR(why),
                RX_F_I("failures", informer->failures + 1), RX_F_I("retry_ms", wait));
    }
    informer->failures++;
    informer->live = false;
    informer->waiting = true;
    if (informer->restarts) {
        rx_metric_inc(informer->restarts);
    }
    rx_informer_again(informer, wait);
}

/* The server has answered: whoever waits for it may go on. */
void rx_informer_alive(struct rx_informer *informer)
{
    if (informer->live) {
        return;
    }
    informer->live = true;
    if (informer->failures > 0 && informer->o.recovered) {
        informer->o.recovered(informer, informer->o.arg);
    }
}

void rx_informer_list_done(struct rx_informer *informer, struct rx_str rv)
{
    rx_store_list_end(informer->o.store, rv, informer->o.changed, informer->o.changed_arg);
    informer->state = RX_INFORMER_WATCHING;
    rx_informer_set_rv(informer, rv);
    if (!informer->synced) {
        informer->synced = true;
        informer->o.synced(informer, informer->o.arg);
    }
}

/* ---- events ---- */

void rx_informer_set_rv(struct rx_informer *informer, struct rx_str rv)
{
    if (rv.n < sizeof(informer->rv)) {
        memcpy(informer->rv, rv.p, rv.n);
        informer->rv[rv.n] = '\0';
        rx_store_seen(informer->o.store, rv);
    }
}

void rx_informer_put(struct rx_informer *informer, const struct rx_json *object, bool initial)
{
    struct rx_error err = {0};
    if (rx_store_put(informer->o.store, object, initial, informer->o.changed,
                     informer->o.changed_arg, &err) < 0) {
        rx_err("object not cached", RX_F_S("kind", informer->kind->kind), RX_F_ERR(&err));
    }
}

static int on_event(struct rx_informer *informer, const struct rx_watch_event *event)
{
    bool syncing = informer->state == RX_INFORMER_SYNCING;
    switch (event->type) {
    case RX_WATCH_ADDED:
    case RX_WATCH_MODIFIED:
        rx_informer_put(informer, event->object, syncing);
        break;
    case RX_WATCH_DELETED:
        rx_store_remove(informer->o.store, event->object, informer->o.changed,
                        informer->o.changed_arg);
        break;
    case RX_WATCH_BOOKMARK:
        if (syncing && event->initial_end) {
            rx_informer_list_done(informer, event->resource_version);
            return 0;
        }
        break;
    case RX_WATCH_ERROR:
        return event->code == 410 ? RX_EGONE : RX_ESTATUS;
    }
    /* Initial events come in no order: their versions are not points to resume from. */
    if (!syncing) {
        rx_informer_set_rv(informer, event->resource_version);
    }
    return 0;
}

static int on_line(struct rx_str line, void *arg)
{
    struct rx_informer *informer = arg;
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    struct rx_watch_event event;
    int rc = rx_watch_parse(line, &doc, &event, &informer->stream_error);
    if (rc < 0) {
        return rc;
    }
    informer->events++;
    rx_informer_alive(informer);
    rc = on_event(informer, &event);
    if (rc < 0) {
        const char *message = rx_json_cstr(rx_json_get(event.object, "message"), "no message");
        rx_error_set(&informer->stream_error, rc, "the server ended the watch: %d: %s", event.code,
                     message);
    }
    return rc;
}

static int on_data(struct rx_str bytes, unsigned status, void *arg)
{
    struct rx_informer *informer = arg;
    if (status != 200) {
        return 0; /* the status says enough */
    }
    return rx_watch_lines_feed(&informer->lines, bytes, on_line, informer);
}

/* ---- the end of a stream ---- */

static bool is_unsupported(const struct rx_informer *informer, unsigned status)
{
    return informer->state == RX_INFORMER_SYNCING && informer->events == 0 &&
           (status == 400 || status == 422);
}

void rx_informer_absent(struct rx_informer *informer)
{
    rx_store_list_begin(informer->o.store);
    rx_store_list_end(informer->o.store, (struct rx_str){0}, informer->o.changed,
                      informer->o.changed_arg);
    informer->state = RX_INFORMER_EMPTY;
    informer->failures = 0;
    informer->waiting = true;
    if (!informer->synced) {
        informer->synced = true;
        informer->o.synced(informer, informer->o.arg);
    }
    rx_informer_again(informer, ABSENT_RETRY_MS);
}

static void on_refused(struct rx_informer *informer, const struct rx_http_result *result)
{
    if (result->status == 404 && informer->o.optional) {
        rx_informer_absent(informer);
        return;
    }
    if (result->status == 401) {
        rx_auto(kube_auth) struct rx_kube_auth *auth = rx_kube_config_auth(informer->o.config);
        rx_kube_config_rejected(informer->o.config, auth);
    }
    struct rx_error err = {0};
    rx_error_set(&err, RX_ESTATUS, "status %u", result->status);
    rx_informer_failed(informer, result->retry_after_ms, &err);
}

static void on_stream_done(struct rx_http_result *result, void *arg)
{
    struct rx_informer *informer = arg;
    informer->transfer = NULL;
    bool gone = result->status == 410 || informer->stream_error.code == RX_EGONE;
    if (is_unsupported(informer, result->status)) {
        informer->no_watch_list = true;
        informer->state = RX_INFORMER_EMPTY;
        rx_informer_again(informer, 0);
        return;
    }
    bool unfinished = informer->state == RX_INFORMER_SYNCING;
    if (unfinished || gone) {
        informer->state = RX_INFORMER_EMPTY;
    }
    int64_t lived = rx_loop_now_ms(informer->o.loop) - informer->started_ms;
    struct rx_error err = informer->stream_error.code ? informer->stream_error : result->err;
    if (result->status != 0 && result->status != 200) {
        on_refused(informer, result);
    } else if (err.code != 0 && !gone) {
        rx_informer_failed(informer, 0, &err);
    } else if (gone && informer->failures > 0) {
        rx_informer_failed(informer, 0, &err);
    } else if (!gone && unfinished) {
        rx_error_set(&err, RX_EPROTO, "the watch ended before its initial events");
        rx_informer_failed(informer, 0, &err);
    } else if (!gone && lived < SHORT_WATCH_MS && informer->events == 0) {
        rx_error_set(&err, RX_EPROTO, "the watch ended at once without an event");
        rx_informer_failed(informer, 0, &err);
    } else {
        /* After a 410 one new list at once; a second 410 in a row backs off. */
        informer->failures = gone ? 1 : 0;
        rx_informer_again(informer, 0);
    }
}

/* ---- the beginning ---- */

static void watch_path(struct rx_informer *informer, unsigned timeout_s, struct rx_buf *path)
{
    char text[16];
    snprintf(text, sizeof(text), "%u", timeout_s);
    rx_kube_path_query(path, "watch", RX_STR("true"));
    rx_kube_path_query(path, "allowWatchBookmarks", RX_STR("true"));
    rx_kube_path_query(path, "timeoutSeconds", rx_str_of(text));
    if (informer->state == RX_INFORMER_SYNCING) {
        rx_kube_path_query(path, "sendInitialEvents", RX_STR("true"));
        rx_kube_path_query(path, "resourceVersionMatch", RX_STR("NotOlderThan"));
    } else {
        rx_kube_path_query(path, "resourceVersion", rx_str_of(informer->rv));
    }
}

int rx_informer_path(struct rx_informer *informer, struct rx_buf *path, struct rx_error *err)
{
    int rc = rx_kube_path_collection(path, informer->kind, rx_str_of(informer->o.ns), err);
    if (rc == 0 && informer->o.label_selector) {
        rx_kube_path_query(path, "labelSelector", rx_str_of(informer->o.label_selector));
    }
    return rc;
}

static int start_stream(struct rx_informer *informer, struct rx_error *err)
{
    unsigned timeout_s = MIN_TIMEOUT_S + (unsigned)rx_random_below(TIMEOUT_SPAN_S);
    rx_auto(buf) struct rx_buf path = RX_BUF_INIT(8u << 10);
    int rc = rx_informer_path(informer, &path, err);
    if (rc < 0) {
        return rc;
    }
    watch_path(informer, timeout_s, &path);
    rc = rx_buf_error(&path, err);
    if (rc < 0) {
        return rc;
    }
    rx_watch_lines_reset(&informer->lines);
    return rx_informer_send(informer, path.p, (int64_t)timeout_s * RX_MS_PER_S + IDLE_GRACE_MS,
                            on_data, on_stream_done, err);
}

static void begin(struct rx_loop *loop, void *arg)
{
    struct rx_informer *informer = arg;
    struct rx_error err = {0};
    int rc = 0;
    informer->started_ms = rx_loop_now_ms(loop);
    informer->events = 0;
    informer->waiting = false;
    informer->stream_error = (struct rx_error){0};
    if (informer->state == RX_INFORMER_EMPTY) {
        rx_store_list_begin(informer->o.store);
        if (informer->no_watch_list) {
            rc = rx_informer_list_start(informer, &err);
        } else {
            informer->state = RX_INFORMER_SYNCING;
            rc = start_stream(informer, &err);
        }
    } else {
        rc = start_stream(informer, &err);
    }
    if (rc < 0) {
        informer->state =
            informer->state == RX_INFORMER_WATCHING ? RX_INFORMER_WATCHING : RX_INFORMER_EMPTY;
        rx_informer_failed(informer, 0, &err);
    }
}

/* ---- lifetime ---- */

static void make_metrics(struct rx_informer *informer)
{
    static const struct rx_metric_desc restarts = {.name = "radarx_operator_watch_failures_total",
                                                   .help =
                                                       "Watches and lists that ended in a failure.",
                                                   .type = RX_COUNTER,
                                                   .labels = {"kind"}};
    if (informer->o.metrics) {
        const char *const labels[] = {informer->kind->kind};
        informer->restarts = rx_metric(rx_family(informer->o.metrics, &restarts), labels);
    }
}

int rx_informer_new(const struct rx_informer_options *options, struct rx_informer **ret,
                    struct rx_error *err)
{
    struct rx_informer *informer = calloc(1, sizeof(*informer));
    if (!informer) {
        return rx_error_errno(err, ENOMEM, "informer");
    }
    informer->o = *options;
    informer->kind = rx_store_kind(options->store);
    informer->transport =
        options->transport ? *options->transport
                           : (struct rx_informer_transport){http_start, http_cancel, options->http};
    rx_watch_lines_init(&informer->lines, RX_WATCH_MAX_LINE);
    informer->next_page = RX_BUF_INIT(4096);
    make_metrics(informer);
    *ret = informer;
    return 0;
}

void rx_informer_free(struct rx_informer *informer)
{
    if (!informer) {
        return;
    }
    if (informer->transfer) {
        informer->transport.cancel(informer->transport.self, informer->transfer);
    }
    rx_timer_stop(informer->o.loop, &informer->timer);
    rx_watch_lines_free(&informer->lines);
    rx_buf_free(&informer->next_page);
    free(informer);
}

void rx_informer_start(struct rx_informer *informer)
{
    begin(informer->o.loop, informer);
}

bool rx_informer_synced(const struct rx_informer *informer)
{
    return informer->synced;
}

void rx_informer_kick(struct rx_informer *informer)
{
    if (informer->waiting && informer->failures > 0 && !informer->transfer) {
        informer->waiting = false;
        rx_informer_again(informer, (int64_t)rx_random_below(200));
    }
}
