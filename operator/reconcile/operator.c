// SPDX-License-Identifier: Apache-2.0
/*
 * Which events make work: every change of a CR, and of a child only what its CR's last pass did not
 * cause. The echo of an own apply carries the digest that was announced before the request
 * (wants.h), so a fleet that is being created runs one pass an object and not ten.
 */
#include "operator/reconcile/operator.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "operator/kube/workqueue.h"
#include "operator/reconcile/controller.h"
#include "operator/reconcile/live.h"

#define MAX_WORKERS  64
#define MAX_KEYS     200000
#define MAX_INTENT   (2u << 20)
#define WORKER_STACK (512u << 10)
#define CONNECTIONS  64

/* Keys in the queue: a letter for the controller, then namespace/name. */
#define PREFIX_RXD   'd'
#define PREFIX_ALERT 'a'

struct worker {
    struct rx_operator *operator; /* borrowed */
    pthread_t thread;
    bool started;
    struct rx_kube_client *client; /* owned */
    struct rx_buf text, body;
};

struct rx_operator {
    struct rx_operator_options o;
    struct rx_http_client *http;
    struct rx_cache *cache;
    struct rx_wants *wants;
    struct rx_workqueue *queue;
    struct rx_events *events;
    struct rx_synced *synced;
    struct rx_str namespace; /* ours; empty outside the cluster */
    size_t n_workers;
    struct worker *workers; /* owned */
    bool stopped;
    struct rx_family *passes;
    struct rx_metric *seconds, *objects;
};

/* ---- from events to keys ---- */

static void enqueue(struct rx_operator *operator, char prefix, struct rx_str ns, struct rx_str name,
                    bool low)
{
    char key[RX_KEY_LEN + 1];
    key[0] = prefix;
    struct rx_str text = rx_store_key(ns, name, key + 1);
    int rc = text.n ? rx_workqueue_add(operator->queue, (struct rx_str){key, text.n + 1}, low) : 0;
    if (rc < 0 && rc != RX_ECLOSED) {
        rx_err("work is lost: the queue is full", RX_F_V("object", text));
    }
}

static void enqueue_record(struct rx_operator *operator, char prefix,
                           const struct rx_store_change *change)
{
    const struct rx_record *record = change->after ? change->after : change->before;
    enqueue(operator, prefix, rx_str_of(record->ns), rx_str_of(record->name), change->initial);
}

static void on_rxd(const struct rx_store_change *change, void *arg)
{
    enqueue_record(arg, PREFIX_RXD, change);
}

static void on_alert(const struct rx_store_change *change, void *arg)
{
    enqueue_record(arg, PREFIX_ALERT, change);
}

/* Whether what the status is made of has changed. */
static bool live_changed(const struct rx_store_change *change, const struct rx_kube_kind *kind)
{
    size_t size = 0;
    if (strcmp(kind->kind, "Deployment") == 0) {
        size = sizeof(struct rx_deploy_live);
        /* A new generation alone changes whether the observed one is current. */
        if (change->before && change->before->generation != change->after->generation) {
            return true;
        }
    } else if (strcmp(kind->kind, "Service") == 0) {
        size = sizeof(struct rx_service_live);
    }
    return size > 0 && change->before &&
           memcmp(change->before->extra, change->after->extra, size) != 0;
}

static bool is_create_only(const struct rx_kube_kind *kind)
{
    for (size_t i = 0; i < rx_render_children_n; i++) {
        if (strcmp(rx_render_children[i].kind, kind->kind) == 0) {
            return rx_render_children[i].create_only;
        }
    }
    return false;
}

/* An event that the last pass over the CR has caused or would not act upon. */
static bool is_expected(struct rx_operator *operator, const struct rx_store_change * change,
                        const struct rx_kube_kind *kind)
{
    const struct rx_record *before = change->before, *after = change->after;
    if (!after || after->deleting || live_changed(change, kind)) {
        return false;
    }
    if (before && strcmp(before->owner_uid, after->owner_uid) != 0) {
        return false;
    }
    if (is_create_only(kind)) {
        return true;
    }
    char key[RX_KEY_LEN];
    struct rx_str owner = rx_store_key(rx_str_of(after->ns), rx_str_of(after->owner_name), key);
    return rx_wants_expects(operator->wants, owner, after);
}

static void on_child(const struct rx_store_change *change, const struct rx_kube_kind *kind,
                     void *arg)
{
    struct rx_operator *operator= arg;
    const struct rx_record *record = change->after ? change->after : change->before;
    /* The first lists come before any pass: every CR is in the queue anyhow. */
    if (!rx_cache_synced(operator->cache) || is_expected(operator, change, kind)) {
        return;
    }
    /* One without an owner may hold a name that some CR wants. */
    const char *owner = record->owner_name[0] ? record->owner_name : record->name;
    enqueue(operator, PREFIX_RXD, rx_str_of(record->ns), rx_str_of(owner), change->initial);
    if (change->before && strcmp(change->before->owner_name, owner) != 0 &&
        change->before->owner_name[0]) {
        enqueue(operator, PREFIX_RXD, rx_str_of(record->ns), rx_str_of(change->before->owner_name),
                change->initial);
    }
}

static void on_synced_condition(struct rx_str key, void *arg)
{
    struct rx_str name = key, ns = {0};
    rx_str_cut(&name, '/', &ns);
    enqueue(arg, PREFIX_RXD, ns, name, true);
}

/* ---- workers ---- */

static void count_pass(struct rx_operator *operator, char prefix, enum rx_verdict verdict,
                       int64_t took_ms)
{
    static const char *const results[] = {"success", "error", "requeue"};
    const char *const labels[] = {prefix == PREFIX_RXD ? "radarxdeployment" : "alertsubscription",
                                  results[verdict]};
    rx_metric_inc(rx_metric(operator->passes, labels));
    rx_metric_observe(operator->seconds, (double)took_ms / RX_MS_PER_S);
}

static void schedule(struct rx_operator *operator, struct rx_str key,
                     const struct rx_pass_result *result)
{
    int rc = 0;
    switch (result->verdict) {
    case RX_DONE:
        rx_workqueue_forget(operator->queue, key);
        break;
    case RX_RETRY:
        rx_warn("pass failed", RX_F_V("object", ((struct rx_str){key.p + 1, key.n - 1})),
                RX_F_ERR(&result->err));
        rc = rx_workqueue_retry(operator->queue, key, result->after_ms, result->up_to_ms);
        break;
    case RX_AFTER:
        rc = rx_workqueue_add_after(operator->queue, key, result->after_ms);
        break;
    }
    if (rc < 0 && rc != RX_ECLOSED) {
        rx_err("work is lost: the queue is full", RX_F_V("object", key));
    }
}

static void work(struct worker *worker, struct rx_str key)
{
    struct rx_operator *operator= worker->operator;
    struct rx_pass pass = {.cache = operator->cache,
                           .wants = operator->wants,
                           .synced = operator->synced,
                           .events = operator->events,
                           .clock = rx_loop_clock(operator->o.loop),
                           .operator_namespace = operator->namespace,
                           .client = worker->client,
                           .text = &worker->text,
                           .body = &worker->body};
    int64_t began = rx_clock_monotonic_ms(pass.clock);
    struct rx_str object = {key.p + 1, key.n - 1};
    struct rx_pass_result result = key.p[0] == PREFIX_RXD ? rx_reconcile_rxd(&pass, object)
                                                          : rx_reconcile_alert(&pass, object);
    count_pass(operator, key.p[0], result.verdict, rx_clock_monotonic_ms(pass.clock) - began);
    schedule(operator, key, &result);
    rx_workqueue_done(operator->queue, key);
}

static void *worker_main(void *arg)
{
    struct worker *worker = arg;
    char key[RX_KEY_LEN + 1];
    while (rx_workqueue_take(worker->operator->queue, key, sizeof(key))) {
        work(worker, rx_str_of(key));
    }
    rx_store_thread_fini();
    return NULL;
}

static void start_workers(void *arg)
{
    struct rx_operator *operator= arg;
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, WORKER_STACK);
    for (size_t i = 0; i < operator->n_workers && !operator->stopped; i++) {
        struct worker *worker = &operator->workers[i];
        if (!worker->started) {
            worker->started = pthread_create(&worker->thread, &attr, worker_main, worker) == 0;
        }
        if (!worker->started) {
            rx_err("a worker thread could not be started", RX_F_I("worker", i));
        }
    }
    pthread_attr_destroy(&attr);
    rx_info("caches are filled", RX_F_I("objects", rx_cache_size(operator->cache)));
    rx_synced_start(operator->synced);
}

static void on_recovered(void *arg)
{
    struct rx_operator *operator= arg;
    rx_workqueue_kick(operator->queue);
}

/* ---- lifetime ---- */

static void collect(void *arg)
{
    struct rx_operator *operator= arg;
    rx_metric_set(operator->objects, (double)rx_cache_size(operator->cache));
}

static void make_metrics(struct rx_operator *operator)
{
    static const struct rx_metric_desc passes = {
        .name = "radarx_operator_reconcile_total",
        .help = "Passes over objects, by controller and result.",
        .type = RX_COUNTER,
        .labels = {"controller", "result"}};
    static const struct rx_metric_desc seconds = {.name = "radarx_operator_reconcile_seconds",
                                                  .help = "How long a pass took.",
                                                  .type = RX_HISTOGRAM};
    static const struct rx_metric_desc objects = {.name = "radarx_operator_cached_objects",
                                                  .help = "Objects in the caches.",
                                                  .type = RX_GAUGE};
    operator->passes = rx_family(operator->o.metrics, &passes);
    operator->seconds = rx_metric(rx_family(operator->o.metrics, &seconds), NULL);
    operator->objects = rx_metric(rx_family(operator->o.metrics, &objects), NULL);
    rx_metrics_on_collect(operator->o.metrics, collect, operator);
}

static int make_workers(struct rx_operator *operator, struct rx_error * err)
{
    size_t n = operator->o.workers ? operator->o.workers : 1;
    operator->n_workers = n<MAX_WORKERS ? n : MAX_WORKERS;
    operator->workers = calloc(operator->n_workers, sizeof(struct worker));
    if (!operator->workers) {
        return rx_error_errno(err, ENOMEM, "workers");
    }
    const struct rx_kube_client_options options = {operator->o.config, operator->o.metrics };
    for (size_t i = 0; i < operator->n_workers; i++) {
        struct worker *worker = &operator->workers[i];
        worker->operator= operator;
        worker->text = worker->body = RX_BUF_INIT(MAX_INTENT);
        int rc = rx_kube_client_new(&options, &worker->client, err);
        if (rc < 0) {
            return rc;
        }
    }
    return 0;
}

static int make_parts(struct rx_operator *operator, struct rx_error * err)
{
    const struct rx_operator_options *o = &operator->o;
    int rc = rx_http_client_new(o->loop, CONNECTIONS, &operator->http, err);
    if (rc < 0) {
        return rc;
    }
    operator->wants = rx_wants_new(MAX_KEYS);
    operator->queue = rx_workqueue_new("reconcile", MAX_KEYS, rx_loop_clock(o->loop), o->metrics);
    operator->events =
        rx_events_new("radarx.io/operator", o->instance, rx_loop_clock(o->loop), o->metrics);
    if (!operator->wants || !operator->queue || !operator->events) {
        return rx_error_errno(err, ENOMEM, "operator");
    }
    rc = rx_synced_new(o->loop, operator->http, on_synced_condition, operator, & operator->synced,
                       err);
    if (rc < 0) {
        return rc;
    }
    const struct rx_cache_options cache = {.loop = o->loop,
                                           .http = operator->http,
                                           .config = o->config,
                                           .metrics = o->metrics,
                                           .namespaces = o->namespaces,
                                           .rxd_changed = on_rxd,
                                           .alert_changed = on_alert,
                                           .child_changed = on_child,
                                           .synced = start_workers,
                                           .recovered = on_recovered,
                                           .arg = operator};
    rc = rx_cache_new(&cache, &operator->cache, err);
    return rc < 0 ? rc : make_workers(operator, err);
}

int rx_operator_new(const struct rx_operator_options *options, struct rx_operator **ret,
                    struct rx_error *err)
{
    rx_auto(operator) struct rx_operator *operator= calloc(1, sizeof(*operator));
    if (!operator) {
        return rx_error_errno(err, ENOMEM, "operator");
    }
    operator->o = * options;
    if (rx_kube_config_in_cluster(options->config)) {
        operator->namespace = rx_str_of(rx_kube_config_namespace(options->config));
    }
    int rc = make_parts(operator, err);
    if (rc == 0) {
        make_metrics(operator);
        *ret = RX_TAKE(operator);
    }
    return rc;
}

void rx_operator_start(struct rx_operator *operator)
{
    rx_cache_start(operator->cache);
}

bool rx_operator_ready(const struct rx_operator *operator)
{
    return rx_cache_synced(operator->cache);
}

void rx_operator_stop(struct rx_operator *operator)
{
    operator->stopped = true;
    if (operator->queue) {
        rx_workqueue_shutdown(operator->queue);
    }
    for (size_t i = 0; i < operator->n_workers; i++) {
        struct worker *worker = &operator->workers[i];
        if (worker->started) {
            pthread_join(worker->thread, NULL);
            worker->started = false;
        }
    }
}

void rx_operator_free(struct rx_operator *operator)
{
    if (!operator) {
        return;
    }
    rx_operator_stop(operator);
    for (size_t i = 0; operator->workers && i<operator->n_workers; i++) {
        rx_kube_client_free(operator->workers[i].client);
        rx_buf_free(&operator->workers[i].text);
        rx_buf_free(&operator->workers[i].body);
    }
    free(operator->workers);
    rx_synced_free(operator->synced);
    rx_cache_free(operator->cache);
    rx_http_client_free(operator->http);
    rx_events_free(operator->events);
    rx_workqueue_free(operator->queue);
    rx_wants_free(operator->wants);
    rx_store_thread_fini();
    free(operator);
}
