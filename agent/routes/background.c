// SPDX-License-Identifier: Apache-2.0
#include "agent/routes/background.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "agent/engine/features/pool.h"
#include "agent/engine/score/write.h"
#include "agent/routes/drift_step.h"
#include "agent/routes/recalibration_step.h"
#include "common/base/log.h"
#include "common/json/write.h"

#define BATCH        256 /* tokens a unit: the store commits a batch whole */
#define MAX_ROW_JSON 65536

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

/* What one pass works with: the models of its beginning. */
struct pass {
    struct rx_api *api;
    const struct rx_model_set *models;
    struct rx_model_scratch *scratch, *shadow_scratch;
    struct rx_shadow *shadow; /* NULL: no shadow model */
    struct rx_score score, shadow_score;
};

static void pass_free(struct pass *pass)
{
    if (pass) {
        rx_model_scratch_free(pass->scratch);
        rx_model_scratch_free(pass->shadow_scratch);
        rx_shadow_free(pass->shadow);
        free(pass);
    }
}
RX_DEFINE_CLEANUP(pass, struct pass *, pass_free);

static int pass_new(struct rx_api *api, const struct rx_model_set *models, struct pass **ret,
                    struct rx_error *err)
{
    rx_auto(pass) struct pass *pass = calloc(1, sizeof(*pass));
    if (!pass) {
        return rx_error_errno(err, ENOMEM, "background scoring");
    }
    pass->api = api;
    pass->models = models;
    int r = rx_model_scratch_new(models->active, &pass->scratch, err);
    if (r == 0 && models->shadow) {
        r = rx_model_scratch_new(models->shadow, &pass->shadow_scratch, err);
    }
    if (r == 0 && models->shadow) {
        r = rx_shadow_new(models->active, models->shadow, &pass->shadow, err);
    }
    if (r == 0) {
        rx_model_scratch_recalibrate(pass->scratch, models->recalibration);
        *ret = RX_TAKE(pass);
    }
    return r;
}

/* The same row for the model in the shadow, when both have an answer. */
static void score_shadow(struct pass *pass, const double *features)
{
    const struct rx_model *shadow = pass->models->shadow;
    if (pass->shadow && pass->score.targets[0].known) {
        rx_score_targets(shadow, features, pass->shadow_scratch, &pass->shadow_score);
        if (pass->shadow_score.targets[0].known) {
            rx_shadow_add(pass->shadow, pass->score.estimates, pass->shadow_score.estimates);
        }
    }
}

static void write_score(struct pass *pass, const double *features, struct rx_buf *out)
{
    struct rx_jw w;
    struct rx_score_writer x;
    rx_jw_init(&w, out);
    x.w = &w;
    x.model = pass->models->active;
    x.score = &pass->score;
    x.scratch = pass->scratch;
    x.features = features;
    x.horizons = x.multipliers = ~0U;
    x.no_events = false;
    x.unknown.n = x.notes.n = 0;
    rx_jw_begin_object(&w);
    rx_score_write_targets(&x);
    rx_score_write_risk(&x);
    rx_notes_write(&w, "unknown", &x.unknown);
    rx_notes_write(&w, "notes", &x.notes);
    rx_jw_end_object(&w);
}

/* Only what is known: a feature that is not there is unknown. */
static void write_features(const double *features, struct rx_buf *out)
{
    struct rx_jw w;
    rx_jw_init(&w, out);
    rx_jw_begin_object(&w);
    for (int i = 0; i < RX_F_MAX; i++) {
        if (isfinite(features[i])) {
            rx_jw_kv_double(&w, rx_feature_info((enum rx_feature)i)->name, features[i]);
        }
    }
    rx_jw_end_object(&w);
}

static int add_score(struct pass *pass, struct rx_unit *unit, const struct rx_snapshot *snapshot,
                     const struct rx_as_of *as_of)
{
    struct rx_api *api = pass->api;
    const struct rx_model *model = pass->models->active;
    double features[RX_F_MAX];
    rx_auto(buf) struct rx_buf probabilities = RX_BUF_INIT(MAX_ROW_JSON);
    rx_auto(buf) struct rx_buf values = RX_BUF_INIT(MAX_ROW_JSON);
    rx_pool_view_features(snapshot->view, as_of->time, features);
    rx_score_compute(model, features, api->weights, RX_RISK_EVM, pass->scratch, &pass->score);
    score_shadow(pass, features);
    if (api->drift) {
        rx_drift_step_row(api->drift, features, &pass->score);
    }
    write_score(pass, features, &probabilities);
    write_features(features, &values);
    if (probabilities.error || values.error) {
        return -ENOMEM;
    }
    if (api->recalibration) {
        const int r = rx_forecast_add(unit, model, snapshot, as_of, &pass->score);
        if (r < 0) {
            return r;
        }
    }
    return rx_unit_score(unit,
                         &(struct rx_row_score){
                             .chain = snapshot->chain,
                             .address = snapshot->address,
                             .scored_at = rx_clock_real_ms(api->clock),
                             .as_of_block = as_of->block,
                             .probability_data = probabilities.p,
                             .features = values.p,
                             .risk_score = pass->score.risk.component[RX_RISK_COMPOSITE].value,
                             .model_version = rx_model_version(model),
                         });
}

/* Scores n snapshots and hands them to the store; negative on failure, else how many. */
static int64_t score_batch(struct pass *pass, struct rx_snapshot *const *snapshots, size_t n,
                           const struct rx_as_of *as_of, const atomic_bool *cancel)
{
    rx_auto(unit) struct rx_unit *unit = rx_unit_new();
    int64_t scored = 0;
    int r = unit ? 0 : -ENOMEM;
    for (size_t i = 0; i < n && r == 0; i++) {
        if (snapshots[i]->view) {
            r = add_score(pass, unit, snapshots[i], &as_of[i]);
            scored++;
        }
    }
    if (r == 0 && scored > 0) {
        r = rx_store_submit(pass->api->store, RX_TAKE(unit), cancel);
    }
    return r < 0 ? r : scored;
}

static int64_t score_all(struct pass *pass, const atomic_bool *cancel, struct rx_error *err)
{
    struct rx_snapshot *snapshots[BATCH];
    struct rx_as_of as_of[BATCH];
    size_t pos = 0, n;
    int64_t total = 0;
    while (!atomic_load(cancel) &&
           (n = rx_book_walk(pass->api->book, &pos, snapshots, BATCH, as_of)) > 0) {
        const int64_t r = score_batch(pass, snapshots, n, as_of, cancel);
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

/* What the pass tells of the model, and what can be learned from the passes before. */
static int learn(struct rx_api *api, const struct rx_model *model, const atomic_bool *cancel,
                 struct rx_error *err)
{
    if (api->drift && api->health) {
        struct rx_health_columns columns;
        rx_drift_step_report(api->drift, &columns);
        rx_health_board_set(api->health, rx_model_sha256(model), &columns, NULL);
    }
    const int r =
        api->recalibration ? rx_recalibration_step_run(api->recalibration, model, cancel, err) : 0;
    return r == -ECANCELED ? 0 : r;
}

int64_t rx_background_pass(struct rx_api *api, const atomic_bool *cancel, struct rx_error *err)
{
    rx_auto(model_reader) struct rx_model_reader *reader = NULL;
    rx_auto(pass) struct pass *pass = NULL;
    struct rx_shadow_report report;
    int64_t r = rx_model_reader_new(api->models, &reader, err);
    if (r < 0) {
        return r;
    }
    const struct rx_model_set *models = rx_model_reader_enter(reader);
    if (api->recalibration) {
        rx_recalibration_step_begin(api->recalibration, models->active);
    }
    r = pass_new(api, models, &pass, err);
    if (r == 0 && api->drift) {
        r = rx_drift_step_begin(api->drift, pass->models->active, rx_clock_real_ms(api->clock),
                                err);
    }
    if (r == 0) {
        r = score_all(pass, cancel, err);
    }
    bool compared = r > 0 && pass && pass->shadow && rx_shadow_rows(pass->shadow) > 0;
    if (compared && rx_shadow_report(pass->shadow, &report, err) < 0) {
        compared = false;
        r = -ENOMEM;
    }
    if (r >= 0 && learn(api, models->active, cancel, err) < 0) {
        r = -EIO;
    }
    rx_model_reader_leave(reader);
    if (compared && rx_model_registry_report(api->models, &report, err) < 0) {
        r = -ENOMEM;
    }
    return r;
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

static void stop_steps(struct rx_api *api)
{
    rx_drift_step_free(RX_TAKE(api->drift));
    rx_recalibration_step_free(RX_TAKE(api->recalibration));
}

/* What the store keeps for the active model is in force before the first request. */
static int start_steps(struct rx_api *api, struct rx_error *err)
{
    rx_auto(model_reader) struct rx_model_reader *reader = NULL;
    const struct rx_recalibration_options options = {.store = api->store,
                                                     .models = api->models,
                                                     .board = api->health,
                                                     .clock = api->clock,
                                                     .metrics = api->metrics,
                                                     .enabled = api->recalibrate};
    int r = rx_drift_step_new(api->metrics, &api->drift, err);
    if (r == 0 && api->health) {
        r = rx_recalibration_step_new(&options, &api->recalibration, err);
    }
    if (r == 0) {
        r = rx_model_reader_new(api->models, &reader, err);
    }
    if (r == 0 && api->recalibration) {
        rx_recalibration_step_begin(api->recalibration, rx_model_reader_enter(reader)->active);
        rx_model_reader_leave(reader);
    }
    return r;
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
    int r = start_steps(api, err);
    if (r < 0) {
        stop_steps(api);
        free(b);
        return r;
    }
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&b->wake, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&b->lock, NULL);
    r = pthread_create(&b->thread, NULL, run, b);
    if (r != 0) {
        stop_steps(api);
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
    stop_steps(b->api);
    pthread_cond_destroy(&b->wake);
    pthread_mutex_destroy(&b->lock);
    free(b);
}
