// SPDX-License-Identifier: Apache-2.0
#include "operator/kube/events.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/map.h"
#include "common/base/random.h"
#include "common/json/write.h"

#define MAX_SERIES     1000
#define MAX_OBJECTS    1000
#define NOTE_MAX       1000
#define FORGET_MS      (6 * 60 * RX_MS_PER_S)
#define REFRESH_MS     (30 * 60 * RX_MS_PER_S)
#define BURST          25
#define REFILL_MS      (300 * RX_MS_PER_S)
#define SWEEP_EVERY_MS (60 * RX_MS_PER_S)

static const struct rx_kube_kind event_kind = {"events.k8s.io/v1", "Event", "events"};

/* One kind of happening to one object. */
struct series {
    char name[64]; /* of the Event */
    int64_t last_ms, written_ms;
    int64_t count;
};

/* Token bucket of one object. */
struct bucket {
    int tokens;
    int64_t refill_ms;
};

struct rx_events {
    char *controller, *instance;
    const struct rx_clock *clock;
    struct rx_metric *dropped; /* may be NULL */
    pthread_mutex_t lock;
    /* protected by the lock */
    struct rx_map *series, *buckets;
    int64_t swept_ms;
};

struct rx_events *rx_events_new(const char *controller, const char *instance,
                                const struct rx_clock *clock, struct rx_metrics *metrics)
{
    static const struct rx_metric_desc dropped = {
        .name = "radarx_operator_events_dropped_total",
        .help = "Events that were not written: rate limit or a failed request.",
        .type = RX_COUNTER};
    struct rx_events *events = calloc(1, sizeof(*events));
    if (!events) {
        return NULL;
    }
    pthread_mutex_init(&events->lock, NULL);
    events->clock = clock ? clock : rx_clock_system();
    events->controller = strdup(controller);
    events->instance = strdup(instance);
    events->series = rx_map_new(MAX_SERIES, free);
    events->buckets = rx_map_new(MAX_OBJECTS, free);
    if (!events->controller || !events->instance || !events->series || !events->buckets) {
        rx_events_free(events);
        return NULL;
    }
    if (metrics) {
        events->dropped = rx_metric(rx_family(metrics, &dropped), NULL);
    }
    return events;
}

void rx_events_free(struct rx_events *events)
{
    if (events) {
        rx_map_free(events->series);
        rx_map_free(events->buckets);
        free(events->controller);
        free(events->instance);
        pthread_mutex_destroy(&events->lock);
        free(events);
    }
}

static void drop(struct rx_events *events)
{
    if (events->dropped) {
        rx_metric_inc(events->dropped);
    }
}

/* Forgets what has been silent. Under the lock. */
static void sweep_series(struct rx_events *events, int64_t now)
{
    RX_MAP_FOREACH (iter, events->series) {
        if (now - ((struct series *)iter.value)->last_ms > FORGET_MS) {
            rx_map_del(events->series, iter.key);
        }
    }
}

/* A bucket that has had the time to fill up again says nothing. Under the lock. */
static void sweep_buckets(struct rx_events *events, int64_t now)
{
    RX_MAP_FOREACH (iter, events->buckets) {
        if (now - ((struct bucket *)iter.value)->refill_ms > BURST * REFILL_MS) {
            rx_map_del(events->buckets, iter.key);
        }
    }
}

static void sweep(struct rx_events *events, int64_t now)
{
    if (now - events->swept_ms >= SWEEP_EVERY_MS) {
        events->swept_ms = now;
        sweep_series(events, now);
        sweep_buckets(events, now);
    }
}

/* Takes a token of the object's bucket. Under the lock. */
static bool allowed(struct rx_events *events, struct rx_str uid, int64_t now)
{
    struct bucket *bucket = rx_map_get(events->buckets, uid);
    if (!bucket) {
        bucket = calloc(1, sizeof(*bucket));
        if (!bucket || rx_map_set(events->buckets, uid, bucket) < 0) {
            free(bucket);
            return false;
        }
        *bucket = (struct bucket){BURST, now};
    }
    int64_t earned = (now - bucket->refill_ms) / REFILL_MS;
    if (earned > 0) {
        int64_t tokens = bucket->tokens + earned;
        bucket->tokens = tokens > BURST ? BURST : (int)tokens;
        bucket->refill_ms += earned * REFILL_MS;
    }
    if (bucket->tokens == 0) {
        return false;
    }
    bucket->tokens--;
    return true;
}

/* What is to be sent for this occurrence. */
struct plan {
    bool create, patch;
    struct series series;
};

static struct series *series_add(struct rx_events *events, const struct rx_event *event,
                                 struct rx_str key)
{
    struct series *series = calloc(1, sizeof(*series));
    if (!series || rx_map_set(events->series, key, series) < 0) {
        free(series);
        return NULL;
    }
    unsigned char id[8];
    rx_random_bytes(id, sizeof(id));
    rx_auto(buf) struct rx_buf name = RX_BUF_INIT(sizeof(series->name) - 1);
    rx_buf_add(&name, event->name.p, event->name.n < 40 ? event->name.n : 40);
    rx_buf_putc(&name, '.');
    rx_buf_add_hex(&name, id, sizeof(id));
    memcpy(series->name, name.p, name.n + 1);
    return series;
}

static struct plan make_plan(struct rx_events *events, const struct rx_event *event)
{
    struct plan plan = {0};
    int64_t now = rx_clock_monotonic_ms(events->clock);
    rx_auto(buf) struct rx_buf key = RX_BUF_INIT(1024);
    rx_buf_printf(&key, RX_STR_FMT "|%d|%s|%s", RX_STR_ARG(event->uid), event->warning,
                  event->reason, event->action);
    pthread_mutex_lock(&events->lock);
    sweep(events, now);
    struct series *series = rx_map_get(events->series, rx_buf_str(&key));
    if (!series && allowed(events, event->uid, now)) {
        series = series_add(events, event, rx_buf_str(&key));
    }
    if (series) {
        series->count++;
        series->last_ms = now;
        plan.create = series->count == 1;
        plan.patch =
            series->count == 2 || (series->count > 2 && now - series->written_ms >= REFRESH_MS);
        if (plan.create || plan.patch) {
            series->written_ms = now;
        }
        plan.series = *series;
    } else {
        drop(events);
    }
    pthread_mutex_unlock(&events->lock);
    return plan;
}

/* MicroTime, as the events API wants it. */
static void write_time(struct rx_jw *w, const char *key, int64_t real_ms)
{
    char text[RX_TIME_LEN];
    char micro[RX_TIME_LEN + 4];
    rx_time_format_ms(real_ms, text);
    size_t n = strlen(text) - 1; /* without the Z */
    snprintf(micro, sizeof(micro), "%.*s000Z", (int)n, text);
    rx_jw_kv_cstr(w, key, micro);
}

static void write_event(struct rx_jw *w, const struct rx_events *events,
                        const struct rx_event *event, const struct series *series)
{
    size_t note = strlen(event->note);
    rx_jw_begin_object(w);
    rx_jw_kv_cstr(w, "apiVersion", event_kind.api_version);
    rx_jw_kv_cstr(w, "kind", event_kind.kind);
    rx_jw_key(w, "metadata");
    rx_jw_begin_object(w);
    rx_jw_kv_cstr(w, "name", series->name);
    rx_jw_kv_str(w, "namespace", event->ns);
    rx_jw_end_object(w);
    write_time(w, "eventTime", rx_clock_real_ms(events->clock));
    rx_jw_kv_cstr(w, "reportingController", events->controller);
    rx_jw_kv_cstr(w, "reportingInstance", events->instance);
    rx_jw_kv_cstr(w, "action", event->action);
    rx_jw_kv_cstr(w, "reason", event->reason);
    rx_jw_kv_cstr(w, "type", event->warning ? "Warning" : "Normal");
    rx_jw_kv_str(w, "note", (struct rx_str){event->note, note < NOTE_MAX ? note : NOTE_MAX});
    rx_jw_key(w, "regarding");
    rx_jw_begin_object(w);
    rx_jw_kv_cstr(w, "apiVersion", event->kind->api_version);
    rx_jw_kv_cstr(w, "kind", event->kind->kind);
    rx_jw_kv_str(w, "namespace", event->ns);
    rx_jw_kv_str(w, "name", event->name);
    rx_jw_kv_str(w, "uid", event->uid);
    rx_jw_end_object(w);
    rx_jw_end_object(w);
}

static int send_new(struct rx_events *events, struct rx_kube_client *client,
                    const struct rx_event *event, const struct series *series)
{
    struct rx_jw w;
    rx_auto(buf) struct rx_buf body = RX_BUF_INIT(16u << 10);
    rx_jw_init(&w, &body);
    write_event(&w, events, event, series);
    int rc = rx_buf_error(&body, NULL);
    const struct rx_kube_ref ref = {&event_kind, event->ns, rx_str_of(series->name)};
    return rc < 0 ? rc : rx_kube_create(client, &ref, rx_buf_str(&body), NULL, NULL);
}

static int send_series(struct rx_events *events, struct rx_kube_client *client,
                       const struct rx_event *event, const struct series *series)
{
    struct rx_jw w;
    rx_auto(buf) struct rx_buf body = RX_BUF_INIT(1024);
    rx_jw_init(&w, &body);
    rx_jw_begin_object(&w);
    rx_jw_key(&w, "series");
    rx_jw_begin_object(&w);
    rx_jw_kv_i64(&w, "count", series->count);
    write_time(&w, "lastObservedTime", rx_clock_real_ms(events->clock));
    rx_jw_end_object(&w);
    rx_jw_end_object(&w);
    int rc = rx_buf_error(&body, NULL);
    const struct rx_kube_ref ref = {&event_kind, event->ns, rx_str_of(series->name)};
    rc = rc < 0 ? rc : rx_kube_merge_patch(client, &ref, NULL, rx_buf_str(&body), NULL, NULL);
    /* Events live for an hour; one that has expired begins anew. */
    return rc == -ENOENT ? send_new(events, client, event, series) : rc;
}

void rx_events_emit(struct rx_events *events, struct rx_kube_client *client,
                    const struct rx_event *event)
{
    struct plan plan = make_plan(events, event);
    int rc = 0;
    if (plan.create) {
        rc = send_new(events, client, event, &plan.series);
    } else if (plan.patch) {
        rc = send_series(events, client, event, &plan.series);
    }
    if (rc < 0) {
        drop(events);
    }
}
