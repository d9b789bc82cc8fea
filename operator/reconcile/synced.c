// SPDX-License-Identifier: Apache-2.0
#include "operator/reconcile/synced.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/map.h"
#include "operator/kube/store.h"

#define MAX_OBJECTS  10000
#define MAX_UNDERWAY 16
#define TICK_MS      1000
#define TIMEOUT_MS   3000
#define MAX_ANSWER   (256u << 10)
#define FORGIVEN     1 /* failures in a row that do not count */
/* The same verdict in other words is told at most this often. */
#define REWORD_MS (60 * RX_MS_PER_S)

struct target {
    struct rx_synced *owner;
    char key[RX_KEY_LEN];
    char address[48]; /* "": not asked now */
    struct rx_condition state;
    int64_t next_ms, told_ms;
    unsigned failures;
    struct rx_http_transfer *transfer; /* loop thread */
    bool forgotten;                    /* removed by the loop */
};

struct rx_synced {
    struct rx_loop *loop;
    struct rx_http_client *http;
    void (*changed)(struct rx_str key, void *arg);
    void *arg;
    struct rx_timer timer;
    unsigned underway; /* loop thread */
    pthread_mutex_t lock;
    struct rx_map *targets; /* protected by the lock; values owned by hand */
};

/* ---- what an answer means ---- */

static const char *lag_step(int64_t seconds)
{
    static const struct {
        int64_t below;
        const char *text;
    } steps[] = {{60, "less than a minute"},
                 {300, "less than 5 minutes"},
                 {1800, "less than half an hour"},
                 {7200, "less than 2 hours"},
                 {86400, "less than a day"}};
    for (size_t i = 0; i < RX_ARRAY_LEN(steps); i++) {
        if (seconds < steps[i].below) {
            return steps[i].text;
        }
    }
    return "a day or more";
}

void rx_synced_judge(unsigned status, struct rx_str body, struct rx_condition *ret)
{
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    bool answered = (status == 200 || status == 503) && rx_json_parse(body, NULL, &doc, NULL) == 0;
    const struct rx_json *root = answered ? rx_json_root(doc) : NULL;
    if (rx_json_type(rx_json_get(root, "synced")) != RX_JSON_BOOL) {
        rx_condition_set(ret, RX_COND_UNKNOWN, "AgentsUnreachable",
                         "no agent tells its state through the Service");
        return;
    }
    const struct rx_json *failing = rx_json_get(root, "failing");
    const struct rx_json *lag = rx_json_get(root, "lag_seconds");
    bool has_lag = rx_json_type(lag) == RX_JSON_INT || rx_json_type(lag) == RX_JSON_REAL;
    const char *step = has_lag ? lag_step((int64_t)rx_json_double(lag, 0)) : "an unknown time";
    if (rx_json_bool(rx_json_get(root, "synced"), false)) {
        rx_condition_set(ret, RX_COND_TRUE, "FollowingHead", "%s behind", step);
    } else if (rx_json_len(failing) > 0) {
        struct rx_str first = rx_json_str(rx_json_item(failing, 0));
        first.n = first.n < 200 ? first.n : 200;
        rx_condition_set(ret, RX_COND_FALSE, "SourceFailing", RX_STR_FMT, RX_STR_ARG(first));
    } else {
        rx_condition_set(ret, RX_COND_FALSE, "Syncing", "%s behind", step);
    }
}

/* ---- polling ---- */

/* Takes a verdict over; true when it is to be told. Under the lock. */
static bool take_over(struct target *target, const struct rx_condition *fresh, int64_t now)
{
    target->failures = fresh->status == RX_COND_UNKNOWN ? target->failures + 1 : 0;
    if (target->failures > 0 && target->failures <= FORGIVEN) {
        return false;
    }
    bool flipped =
        fresh->status != target->state.status || strcmp(fresh->reason, target->state.reason) != 0;
    bool reworded = strcmp(fresh->message, target->state.message) != 0;
    if (!flipped && !(reworded && now - target->told_ms >= REWORD_MS)) {
        return false;
    }
    target->state = *fresh;
    target->told_ms = now;
    return true;
}

static void on_answer(struct rx_http_result *result, void *arg)
{
    struct target *target = arg;
    struct rx_synced *synced = target->owner;
    struct rx_condition fresh = {0};
    target->transfer = NULL;
    synced->underway--;
    rx_synced_judge(result->status, rx_buf_str(&result->body), &fresh);
    int64_t now = rx_loop_now_ms(synced->loop);
    char key[RX_KEY_LEN];
    memcpy(key, target->key, sizeof(key));
    pthread_mutex_lock(&synced->lock);
    bool tell = !target->forgotten && take_over(target, &fresh, now);
    pthread_mutex_unlock(&synced->lock);
    if (tell) {
        synced->changed(rx_str_of(key), synced->arg);
    }
}

static void ask(struct rx_synced *synced, struct target *target)
{
    char url[96];
    bool is_v6 = strchr(target->address, ':') != NULL;
    snprintf(url, sizeof(url), "http://%s%s%s:80/health", is_v6 ? "[" : "", target->address,
             is_v6 ? "]" : "");
    const struct rx_http_call call = {.method = "GET",
                                      .url = url,
                                      .connect_timeout_ms = TIMEOUT_MS,
                                      .timeout_ms = TIMEOUT_MS,
                                      .max_body_bytes = MAX_ANSWER};
    if (rx_http_client_start(synced->http, &call, NULL, on_answer, target, &target->transfer,
                             NULL) == 0) {
        synced->underway++;
    }
}

static void tick(struct rx_loop *loop, void *arg)
{
    struct rx_synced *synced = arg;
    int64_t now = rx_loop_now_ms(loop);
    pthread_mutex_lock(&synced->lock);
    RX_MAP_FOREACH (iter, synced->targets) {
        struct target *target = iter.value;
        if (target->forgotten && !target->transfer) {
            rx_map_del(synced->targets, iter.key);
            free(target);
            continue;
        }
        if (target->address[0] && !target->forgotten && !target->transfer &&
            now >= target->next_ms && synced->underway < MAX_UNDERWAY) {
            target->next_ms = now + RX_SYNCED_EVERY_MS;
            ask(synced, target);
        }
    }
    pthread_mutex_unlock(&synced->lock);
    (void)!rx_timer_start(loop, &synced->timer, TICK_MS, tick, synced);
}

/* ---- for workers ---- */

static struct target *target_of(struct rx_synced *synced, struct rx_str key)
{
    struct target *target = rx_map_get(synced->targets, key);
    if (target) {
        target->forgotten = false;
        return target;
    }
    if (key.n >= RX_KEY_LEN) {
        return NULL;
    }
    target = calloc(1, sizeof(*target));
    if (!target || rx_map_set(synced->targets, key, target) < 0) {
        free(target);
        return NULL;
    }
    target->owner = synced;
    memcpy(target->key, key.p, key.n);
    rx_condition_set(&target->state, RX_COND_UNKNOWN, "NotAsked", "no agent has been asked yet");
    return target;
}

void rx_synced_get(struct rx_synced *synced, struct rx_str key, const char *address,
                   struct rx_condition *ret)
{
    bool somebody =
        address && address[0] && strlen(address) < sizeof(((struct target *)0)->address);
    rx_condition_set(ret, RX_COND_UNKNOWN, "NoReadyAgents", "no agent is ready to be asked");
    pthread_mutex_lock(&synced->lock);
    struct target *target = target_of(synced, key);
    if (target && somebody) {
        snprintf(target->address, sizeof(target->address), "%s", address);
        *ret = target->state;
    } else if (target) {
        target->address[0] = '\0';
        rx_condition_set(&target->state, RX_COND_UNKNOWN, "NotAsked",
                         "no agent has been asked yet");
    }
    pthread_mutex_unlock(&synced->lock);
}

void rx_synced_forget(struct rx_synced *synced, struct rx_str key)
{
    pthread_mutex_lock(&synced->lock);
    struct target *target = rx_map_get(synced->targets, key);
    if (target) {
        target->forgotten = true;
        target->address[0] = '\0';
    }
    pthread_mutex_unlock(&synced->lock);
}

/* ---- lifetime ---- */

int rx_synced_new(struct rx_loop *loop, struct rx_http_client *http,
                  void (*changed)(struct rx_str key, void *arg), void *arg, struct rx_synced **ret,
                  struct rx_error *err)
{
    struct rx_synced *synced = calloc(1, sizeof(*synced));
    if (!synced || !(synced->targets = rx_map_new(MAX_OBJECTS, NULL))) {
        free(synced);
        return rx_error_errno(err, ENOMEM, "synced");
    }
    pthread_mutex_init(&synced->lock, NULL);
    synced->loop = loop;
    synced->http = http;
    synced->changed = changed;
    synced->arg = arg;
    *ret = synced;
    return 0;
}

void rx_synced_start(struct rx_synced *synced)
{
    tick(synced->loop, synced);
}

void rx_synced_free(struct rx_synced *synced)
{
    if (!synced) {
        return;
    }
    rx_timer_stop(synced->loop, &synced->timer);
    RX_MAP_FOREACH (iter, synced->targets) {
        struct target *target = iter.value;
        if (target->transfer) {
            rx_http_transfer_cancel(target->transfer);
        }
        free(target);
    }
    rx_map_free(synced->targets);
    pthread_mutex_destroy(&synced->lock);
    free(synced);
}
