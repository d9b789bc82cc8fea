// SPDX-License-Identifier: Apache-2.0
/* GET /api/info, /metrics and /openapi.json: what this program is and how it is set. */
#include "agent/routes/internal.h"

#include "common/base/clock.h"

static void write_model(struct rx_jw *w, const struct rx_model_set *set,
                        struct rx_health_board *board)
{
    const struct rx_model *model = set->active;
    struct rx_model_health health;
    rx_jw_key(w, "model");
    rx_jw_begin_object(w);
    rx_jw_kv_cstr(w, "version", rx_model_version(model));
    rx_jw_kv_cstr(w, "created", rx_model_created(model));
    rx_jw_kv_cstr(w, "sha256", rx_model_sha256(model));
    rx_jw_kv_cstr(w, "feature_version", rx_model_feature_version(model));
    rx_jw_kv_double(w, "confidence_level", rx_model_confidence(model));
    rx_jw_kv_double(w, "min_age_hours", rx_model_min_age_h(model));
    rx_jw_kv_double(w, "max_age_hours", rx_model_max_age_h(model));
    rx_jw_key(w, "recalibration");
    rx_recalibration_write(w, set->recalibration);
    rx_health_board_get(board, rx_model_sha256(model), &health);
    rx_jw_key(w, "health");
    rx_model_health_write(w, &health);
    rx_jw_key(w, "targets");
    rx_jw_begin_array(w);
    for (size_t i = 0; i < rx_model_targets(model); i++) {
        rx_jw_begin_object(w);
        rx_jw_kv_cstr(w, "name", rx_model_target_name(model, i));
        rx_jw_kv_double(w, "base_rate", rx_model_base_rate(model, i));
        rx_jw_kv_double(w, "rows", rx_model_rows(model, i));
        rx_jw_kv_double(w, "positives", rx_model_positives(model, i));
        rx_jw_end_object(w);
    }
    rx_jw_end_array(w);
    rx_jw_end_object(w);
}

static void write_entry(struct rx_jw *w, const struct rx_model_entry *entry)
{
    char text[RX_TIME_LEN];
    const bool known = entry->sha256[0] != 0;
    rx_jw_begin_object(w);
    rx_jw_kv_cstr(w, "state", rx_model_state_name(entry->state));
    rx_jw_kv_cstr(w, "version", known ? entry->version : NULL);
    rx_jw_kv_cstr(w, "sha256", known ? entry->sha256 : NULL);
    rx_jw_kv_cstr(w, "created", known ? entry->created : NULL);
    rx_jw_kv_cstr(w, "origin", entry->origin);
    rx_jw_kv_cstr(w, "loaded", rx_time_format_ms(entry->loaded_ms, text));
    rx_jw_kv_cstr(w, "reason", entry->reason[0] ? entry->reason : NULL);
    rx_jw_end_object(w);
}

static void write_report(struct rx_jw *w, const struct rx_shadow_report *report)
{
    rx_jw_begin_object(w);
    rx_jw_kv_cstr(w, "active", report->active);
    rx_jw_kv_cstr(w, "shadow", report->shadow);
    rx_jw_key(w, "targets");
    rx_jw_begin_array(w);
    for (size_t i = 0; i < report->n_lines; i++) {
        const struct rx_shadow_line *line = &report->lines[i];
        rx_jw_begin_object(w);
        rx_jw_kv_cstr(w, "name", line->target);
        rx_jw_kv_i64(w, "n", (int64_t)line->n);
        rx_jw_kv_double(w, "mean_difference", line->mean_difference);
        rx_jw_kv_double(w, "max_difference", line->max_difference);
        rx_jw_kv_double(w, "rank_correlation", line->rank_correlation);
        rx_jw_kv_double(w, "psi", line->psi);
        rx_jw_end_object(w);
    }
    rx_jw_end_array(w);
    rx_jw_end_object(w);
}

/* The ledger of models, and what the one in the shadow would have said. */
static void write_models(struct rx_jw *w, const struct rx_model_set *set)
{
    rx_jw_key(w, "models");
    rx_jw_begin_array(w);
    for (size_t i = 0; i < set->n_entries; i++) {
        write_entry(w, &set->entries[i]);
    }
    rx_jw_end_array(w);
    rx_jw_key(w, "shadow_report");
    if (set->has_report) {
        write_report(w, &set->report);
    } else {
        rx_jw_null(w);
    }
}

static void write_sources(struct rx_jw *w, struct rx_book *book)
{
    struct rx_source_status status;
    rx_jw_key(w, "sources");
    rx_jw_begin_array(w);
    for (unsigned i = 0; i < rx_book_sources(book); i++) {
        rx_book_status(book, i, &status);
        rx_jw_begin_object(w);
        rx_jw_kv_cstr(w, "name", status.name);
        rx_jw_kv_cstr(w, "type", status.type);
        rx_jw_kv_cstr(w, "chain", status.chain);
        rx_jw_end_object(w);
    }
    rx_jw_end_array(w);
}

/* Every setting but `sources`, whose URLs may carry keys: they are listed by name. */
static void write_settings(struct rx_jw *w, const struct rx_api *api)
{
    rx_auto(buf) struct rx_buf value = RX_BUF_INIT(64 << 10);
    rx_jw_key(w, "configuration");
    rx_jw_begin_object(w);
    for (size_t i = 0; i < api->table->n; i++) {
        const struct rx_config_row *row = &api->table->rows[i];
        if (row->type == RX_CONFIG_JSON) {
            continue;
        }
        rx_buf_clear(&value);
        rx_config_show(row, api->settings, &value);
        rx_jw_kv_str(w, row->key, rx_buf_str(&value));
    }
    rx_jw_end_object(w);
}

void rx_route_info(struct rx_http_request *request, void *arg)
{
    struct rx_api_loop *loop = arg;
    const struct rx_api *api = loop->api;
    struct rx_jw w;
    rx_buf_clear(&loop->scratch);
    rx_jw_init(&w, &loop->scratch);
    rx_jw_begin_object(&w);
    rx_jw_key(&w, "service");
    rx_jw_begin_object(&w);
    rx_jw_kv_cstr(&w, "name", "radarx-agent");
    rx_jw_kv_cstr(&w, "version", RX_VERSION);
    rx_jw_kv_cstr(&w, "compiler", __VERSION__);
    rx_jw_end_object(&w);
    const struct rx_model_set *models = rx_model_reader_enter(loop->models);
    write_model(&w, models, api->health);
    write_models(&w, models);
    rx_model_reader_leave(loop->models);
    write_sources(&w, api->book);
    write_settings(&w, api);
    rx_write_now(&w, api);
    rx_jw_end_object(&w);
    rx_buf_putc(&loop->scratch, '\n');
    rx_respond_json(request, 200, &loop->scratch);
}

void rx_route_metrics(struct rx_http_request *request, void *arg)
{
    struct rx_api_loop *loop = arg;
    rx_buf_clear(&loop->scratch);
    if (rx_metrics_write(loop->api->metrics, &loop->scratch) < 0) {
        rx_respond_error(request, 503, "out_of_memory", "memory: the metrics could not be written");
        return;
    }
    rx_auto(http_response) struct rx_http_response *response = rx_http_response_new(
        200, "text/plain; version=0.0.4; charset=utf-8", rx_buf_str(&loop->scratch));
    rx_http_respond(request, response);
}

static void write_parameter(struct rx_jw *w, const char *name, bool need, const char *description)
{
    rx_jw_begin_object(w);
    rx_jw_kv_cstr(w, "name", name);
    rx_jw_kv_cstr(w, "in", "query");
    rx_jw_kv_bool(w, "required", need);
    rx_jw_kv_cstr(w, "description", description);
    rx_jw_key(w, "schema");
    rx_jw_raw(w, RX_STR("{\"type\":\"string\"}"));
    rx_jw_end_object(w);
}

static void write_operation(struct rx_jw *w, const struct rx_route *route)
{
    rx_jw_key(w, "get");
    rx_jw_begin_object(w);
    rx_jw_kv_cstr(w, "summary", route->summary);
    if (!route->open) {
        rx_jw_key(w, "security");
        rx_jw_raw(w, RX_STR("[{\"ApiKey\":[]}]"));
    }
    if (route->handle == rx_route_score) {
        rx_jw_key(w, "parameters");
        rx_jw_begin_array(w);
        write_parameter(w, "address", true, "the token: 0x and 40 hex digits");
        write_parameter(w, "chain", true, "ethereum, or another chain or its short name");
        write_parameter(w, "horizons", false, "comma list of 24h, 7d, 30d");
        write_parameter(w, "include_features", false, "true or false");
        write_parameter(w, "include_timelines", false, "true or false");
        rx_jw_end_array(w);
    }
    rx_jw_key(w, "responses");
    rx_jw_raw(w, RX_STR("{\"200\":{\"description\":\"the answer\"},\"default\":{\"description\":"
                        "\"the error envelope {error, code, message, request_id}\"}}"));
    rx_jw_end_object(w);
}

void rx_route_openapi(struct rx_http_request *request, void *arg)
{
    struct rx_api_loop *loop = arg;
    struct rx_jw w;
    rx_buf_clear(&loop->scratch);
    rx_jw_init(&w, &loop->scratch);
    rx_jw_begin_object(&w);
    rx_jw_kv_cstr(&w, "openapi", "3.0.3");
    rx_jw_key(&w, "info");
    rx_jw_begin_object(&w);
    rx_jw_kv_cstr(&w, "title", "RadarX agent");
    rx_jw_kv_cstr(&w, "version", RX_VERSION);
    rx_jw_end_object(&w);
    rx_jw_key(&w, "paths");
    rx_jw_begin_object(&w);
    for (size_t i = 0; i < rx_api_n_routes; i++) {
        rx_jw_key(&w, rx_api_routes[i].path);
        rx_jw_begin_object(&w);
        write_operation(&w, &rx_api_routes[i]);
        rx_jw_end_object(&w);
    }
    rx_jw_end_object(&w);
    rx_jw_key(&w, "components");
    rx_jw_raw(&w, RX_STR("{\"securitySchemes\":{\"ApiKey\":{\"type\":\"apiKey\",\"in\":\"header\","
                         "\"name\":\"X-API-Key\"}}}"));
    rx_jw_end_object(&w);
    rx_buf_putc(&loop->scratch, '\n');
    rx_respond_json(request, 200, &loop->scratch);
}
