// SPDX-License-Identifier: Apache-2.0
/* GET /livez, /ready, /health: alive depends on nothing, ready on what answers need, healthy on
 * everything. */
#include <math.h>
#include <stdio.h>

#include "agent/routes/internal.h"

void rx_write_now(struct rx_jw *w, const struct rx_api *api)
{
    char text[RX_TIME_LEN];
    rx_jw_kv_cstr(w, "timestamp", rx_time_format_ms(rx_clock_real_ms(api->clock), text));
}

void rx_route_livez(struct rx_http_request *request, void *arg)
{
    struct rx_api_loop *loop = arg;
    rx_buf_clear(&loop->scratch);
    rx_buf_puts(&loop->scratch, "{\"status\":\"alive\"}\n");
    rx_respond_json(request, 200, &loop->scratch);
}

void rx_route_ready(struct rx_http_request *request, void *arg)
{
    struct rx_api_loop *loop = arg;
    struct rx_store_status store;
    if (atomic_load(&loop->api->draining)) {
        rx_respond_error(request, 503, "draining", "the agent is going down");
        return;
    }
    rx_store_status(loop->api->store, &store);
    if (!store.ok) {
        rx_respond_error(request, 503, "store_unavailable", "store: %s", store.error);
        return;
    }
    rx_buf_clear(&loop->scratch);
    rx_buf_puts(&loop->scratch, "{\"status\":\"ready\"}\n");
    rx_respond_json(request, 200, &loop->scratch);
}

/* A single refused call is retried within seconds; only what lasts makes the agent unhealthy. */
#define SOURCE_GRACE_S 10

struct health {
    bool synced;
    bool failing;
    double lag_seconds; /* of the source furthest behind; NaN = none known */
    bool as_of_known;   /* every source has read something, and there is one */
    uint64_t as_of_block;
};

static void write_as_of(struct rx_jw *w, bool known, uint64_t block)
{
    if (known) {
        rx_jw_kv_i64(w, "as_of_block", (int64_t)block);
    } else {
        rx_jw_kv_null(w, "as_of_block");
    }
}

static void write_source(struct rx_jw *w, const struct rx_source_status *s)
{
    rx_jw_begin_object(w);
    rx_jw_kv_cstr(w, "name", s->name);
    rx_jw_kv_cstr(w, "type", s->type);
    rx_jw_kv_cstr(w, "chain", s->chain);
    rx_jw_kv_cstr(w, "state", rx_source_state_name(s->state));
    rx_jw_kv_bool(w, "synced", s->synced);
    rx_jw_kv_i64(w, "from_block", (int64_t)s->from_block);
    rx_jw_kv_i64(w, "head_block", (int64_t)s->head_block);
    write_as_of(w, !isnan(s->as_of.lag_seconds), s->as_of.block);
    rx_jw_kv_double(w, "lag_seconds", s->as_of.lag_seconds);
    rx_jw_kv_i64(w, "pools", (int64_t)s->pools);
    rx_jw_kv_i64(w, "tokens", (int64_t)s->tokens);
    rx_jw_kv_i64(w, "events", (int64_t)s->events);
    rx_jw_kv_i64(w, "reorgs", (int64_t)s->reorgs);
    rx_jw_kv_cstr(w, "error", s->error[0] ? s->error : NULL);
    rx_jw_end_object(w);
}

/* "sources" and "failing", with what they add up to. */
static void write_sources(struct rx_jw *w, const struct rx_api *api,
                          const struct rx_store_status *store, struct health *health)
{
    struct rx_source_status status;
    const unsigned n = rx_book_sources(api->book);
    rx_auto(buf) struct rx_buf failing = RX_BUF_INIT(16 << 10);
    struct rx_jw f;
    rx_jw_init(&f, &failing);
    rx_jw_begin_array(&f);
    if (!store->ok) {
        char text[300];
        snprintf(text, sizeof(text), "store: %s", store->error);
        rx_jw_cstr(&f, text);
    }
    rx_jw_key(w, "sources");
    rx_jw_begin_array(w);
    for (unsigned i = 0; i < n; i++) {
        rx_book_status(api->book, i, &status);
        write_source(w, &status);
        health->synced = health->synced && status.synced;
        health->lag_seconds = fmax(health->lag_seconds, status.as_of.lag_seconds);
        health->as_of_known = (i == 0 || health->as_of_known) && !isnan(status.as_of.lag_seconds);
        if (i == 0 || status.as_of.block < health->as_of_block) {
            health->as_of_block = status.as_of.block;
        }
        if (status.error_seconds >= SOURCE_GRACE_S) {
            char text[400];
            snprintf(text, sizeof(text), "source:%s: %s", status.name, status.error);
            rx_jw_cstr(&f, text);
            health->failing = true;
        }
    }
    rx_jw_end_array(w);
    rx_jw_end_array(&f);
    rx_jw_key(w, "failing");
    rx_jw_raw(w, failing.error ? RX_STR("[]") : rx_buf_str(&failing));
}

static void write_store(struct rx_jw *w, const struct rx_store_status *store)
{
    rx_jw_key(w, "store");
    rx_jw_begin_object(w);
    rx_jw_kv_bool(w, "ok", store->ok);
    rx_jw_kv_i64(w, "queue_units", (int64_t)store->queue_units);
    rx_jw_kv_i64(w, "queue_bytes", (int64_t)store->queue_bytes);
    rx_jw_kv_cstr(w, "error", store->error[0] ? store->error : NULL);
    rx_jw_end_object(w);
}

/* The model that answers, and why a newer file does not. */
static void write_models(struct rx_jw *w, struct rx_api_loop *loop)
{
    const struct rx_model_set *set = rx_model_reader_enter(loop->models);
    const struct rx_model_entry *newest = &set->entries[0];
    struct rx_model_health health;
    rx_health_board_get(loop->api->health, rx_model_sha256(set->active), &health);
    rx_jw_key(w, "model");
    rx_jw_begin_object(w);
    rx_jw_kv_cstr(w, "version", rx_model_version(set->active));
    rx_jw_kv_cstr(w, "status", rx_model_health_status(&health));
    rx_jw_kv_cstr(w, "refused", newest->state == RX_MODEL_REFUSED ? newest->reason : NULL);
    rx_jw_end_object(w);
    rx_model_reader_leave(loop->models);
}

void rx_route_health(struct rx_http_request *request, void *arg)
{
    struct rx_api_loop *loop = arg;
    const struct rx_api *api = loop->api;
    struct rx_store_status store;
    rx_store_status(api->store, &store);
    struct health health = {.synced = true, .failing = !store.ok, .lag_seconds = (double)NAN};
    struct rx_jw w;
    rx_buf_clear(&loop->scratch);
    rx_jw_init(&w, &loop->scratch);
    rx_jw_begin_object(&w);
    write_sources(&w, api, &store, &health);
    rx_jw_kv_cstr(&w, "status",
                  health.failing ? "unhealthy" : (health.synced ? "healthy" : "syncing"));
    rx_jw_kv_bool(&w, "synced", health.synced);
    rx_jw_kv_double(&w, "lag_seconds", health.lag_seconds);
    write_as_of(&w, health.as_of_known, health.as_of_block);
    write_store(&w, &store);
    write_models(&w, loop);
    rx_jw_kv_cstr(&w, "version", RX_VERSION);
    rx_jw_kv_i64(&w, "uptime_seconds",
                 (rx_clock_monotonic_ms(api->clock) - api->started_ms) / RX_MS_PER_S);
    rx_write_now(&w, api);
    rx_jw_end_object(&w);
    rx_buf_putc(&loop->scratch, '\n');
    rx_respond_json(request, health.failing ? 503 : 200, &loop->scratch);
}
