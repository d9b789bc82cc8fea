// SPDX-License-Identifier: Apache-2.0
#include "agent/routes/background.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "agent/engine/features/pool.h"
#include "agent/engine/score/score.h"
#include "common/base/log.h"
#include "common/json/write.h"

#define BATCH        256 /* tokens a unit: the store commits a batch whole */
#define MAX_ROW_JSON 16384

struct rx_background {
    struct rx_api *api;
    int64_t interval_ms;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    atomic_bool cancel;
    struct rx_metric *scored, *seconds, *failures;
};

static const struct rx_metric_desc scored_desc = {.name = "radarx_background_scores_total",
                                                  .help = "Tokens scored and handed to the store",
                                                  .type = RX_COUNTER};
static const struct rx_metric_desc seconds_desc = {
    .name = "radarx_background_pass_seconds", .help = "Time of the last pass", .type = RX_GAUGE};
static const struct rx_metric_desc failures_desc = {
    .name = "radarx_background_failures_total", .help = "Passes that failed", .type = RX_COUNTER};

/* NULL-terminated text of a finished buffer; NULL when it overflowed. */
static const char *finish(struct rx_jw *w, struct rx_buf *text)
{
    rx_jw_end_object(w);
    return text->error ? NULL : text->p;
}

static int add_score(struct rx_api *api, struct rx_unit *unit, const struct rx_snapshot *snapshot,
                     const struct rx_as_of *as_of)
{
    double features[RX_F_MAX];
    struct rx_score score;
    struct rx_jw w;
    rx_auto(buf) struct rx_buf probabilities = RX_BUF_INIT(MAX_ROW_JSON);
    rx_auto(buf) struct rx_buf values = RX_BUF_INIT(MAX_ROW_JSON);
    rx_pool_view_features(snapshot->view, as_of->time, features);
    rx_score_compute(api->model, features, &score);
    rx_jw_init(&w, &probabilities);
    rx_jw_begin_object(&w);
    rx_score_write(&w, api->model, &score);
    const char *probability_data = finish(&w, &probabilities);
    rx_jw_init(&w, &values);
    rx_jw_begin_object(&w);
    for (int i = 0; i < RX_F_V1_MAX; i++) {
        rx_jw_kv_double(&w, rx_feature_info((enum rx_feature)i)->name, features[i]);
    }
    const char *feature_data = finish(&w, &values);
    if (!probability_data || !feature_data) {
        return -ENOMEM;
    }
    return rx_unit_score(unit, &(struct rx_row_score){
                                   .chain = snapshot->chain,
                                   .address = snapshot->address,
                                   .scored_at = rx_clock_real_ms(api->clock),
                                   .as_of_block = as_of->block,
                                   .probability_data = probability_data,
                                   .features = feature_data,
                                   .risk_score = score.risk[RX_RISK_COMPOSITE].value,
                                   .model_version = rx_model_version(api->model),
                               });
}

/* Scores n snapshots and hands them to the store; negative on failure, else how many. */
static int64_t score_batch(struct rx_api *api, struct rx_snapshot *const *snapshots, size_t n,
                           const struct rx_as_of *as_of, const atomic_bool *cancel)
{
    rx_auto(unit) struct rx_unit *unit = rx_unit_new();
    int64_t scored = 0;
    int r = unit ? 0 : -ENOMEM;
    for (size_t i = 0; i < n && r == 0; i++) {
        if (snapshots[i]->view) {
            r = add_score(api, unit, snapshots[i], &as_of[i]);
            scored++;
        }
    }
    if (r == 0 && scored > 0) {
        r = rx_store_submit(api->store, RX_TAKE(unit), cancel);
    }
    return r < 0 ? r : scored;
}

int64_t rx_background_pass(struct rx_api *api, const atomic_bool *cancel, struct rx_error *err)
{
    struct rx_snapshot *snapshots[BATCH];
    struct rx_as_of as_of[BATCH];
    size_t pos = 0, n;
    int64_t total = 0;
    while (!atomic_load(cancel) &&
           (n = rx_book_walk(api->book, &pos, snapshots, BATCH, as_of)) > 0) {
        const int64_t r = score_batch(api, snapshots, n, as_of, cancel);
        for (size_t i = 0; i < n; i++) {
            rx_snapshot_unref(snapshots[i]);
        }
        if (r == -ECANCELED) {
            break;
        }
        if (r < 0) {
            return rx_error_errno(err, ENOMEM, "background scoring");
        }
        total += r;
    }
    return total;
}

/* False when it is time to end. */
static bool wait_interval(struct rx_background *b)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    const int64_t ns = until.tv_nsec + (b->interval_ms % RX_MS_PER_S) * 1000000;
    until.tv_sec += b->interval_ms / RX_MS_PER_S + ns / RX_NS_PER_S;
    until.tv_nsec = ns % RX_NS_PER_S;
    pthread_mutex_lock(&b->lock);
    int r = 0;
    while (!atomic_load(&b->cancel) && r != ETIMEDOUT) {
        r = pthread_cond_timedwait(&b->wake, &b->lock, &until);
    }
    pthread_mutex_unlock(&b->lock);
    return !atomic_load(&b->cancel);
}

static void *run(void *arg)
{
    struct rx_background *b = arg;
    while (wait_interval(b)) {
        struct rx_error err = {0};
        const int64_t start_ms = rx_clock_monotonic_ms(b->api->clock);
        const int64_t n = rx_background_pass(b->api, &b->cancel, &err);
        const int64_t took_ms = rx_clock_monotonic_ms(b->api->clock) - start_ms;
        rx_metric_set(b->seconds, (double)took_ms / RX_MS_PER_S);
        if (n < 0) {
            rx_metric_inc(b->failures);
            rx_warn("background scoring failed", RX_F_ERR(&err));
        } else {
            rx_metric_add(b->scored, (double)n);
            rx_info("scored every known token", RX_F_I("tokens", n), RX_F_I("took_ms", took_ms));
        }
    }
    return NULL;
}

int rx_background_start(struct rx_api *api, int64_t interval_ms, struct rx_background **ret,
                        struct rx_error *err)
{
    struct rx_background *b = calloc(1, sizeof(*b));
    if (!b) {
        return rx_error_errno(err, ENOMEM, "background scoring");
    }
    b->api = api;
    b->interval_ms = interval_ms;
    b->scored = rx_metric(rx_family(api->metrics, &scored_desc), NULL);
    b->seconds = rx_metric(rx_family(api->metrics, &seconds_desc), NULL);
    b->failures = rx_metric(rx_family(api->metrics, &failures_desc), NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&b->wake, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&b->lock, NULL);
    const int r = pthread_create(&b->thread, NULL, run, b);
    if (r != 0) {
        free(b);
        return rx_error_errno(err, r, "background scoring: thread");
    }
    *ret = b;
    return 0;
}

void rx_background_stop(struct rx_background *b)
{
    if (!b) {
        return;
    }
    pthread_mutex_lock(&b->lock);
    atomic_store(&b->cancel, true);
    pthread_cond_signal(&b->wake);
    pthread_mutex_unlock(&b->lock);
    pthread_join(b->thread, NULL);
    pthread_cond_destroy(&b->wake);
    pthread_mutex_destroy(&b->lock);
    free(b);
}
