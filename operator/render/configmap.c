// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "operator/render/parts.h"

static bool put_str(json_t *object, const char *key, const struct rx_json *value)
{
    return !value || rx_part_put(object, key, rx_part_str(rx_json_str(value)));
}

static bool put_copy(json_t *object, const char *key, const struct rx_json *value)
{
    return !value || rx_part_put(object, key, rx_build_from(value));
}

/* One source as the agent's settings have it; a URL in a Secret becomes the path of its file. */
static json_t *source(const struct rx_json *from)
{
    struct rx_str name = rx_json_str(rx_json_get(from, "name"));
    rx_auto(build) json_t *to = json_object();
    char file[128];

    bool ok = put_str(to, "name", rx_json_get(from, "name")) &&
              put_str(to, "type", rx_json_get(from, "type")) &&
              rx_part_put(to, "chain",
                          json_string(rx_json_cstr(rx_json_get(from, "chain"), "ethereum"))) &&
              put_str(to, "weth", rx_json_get(from, "weth")) &&
              put_copy(to, "factories", rx_json_get(from, "factories")) &&
              rx_part_put(to, "confirmations",
                          json_integer(rx_json_i64(rx_json_get(from, "confirmations"), 2)));
    if (rx_json_type(rx_json_get(from, "rpcURL")) == RX_JSON_STR) {
        ok = ok && put_str(to, "rpcURL", rx_json_get(from, "rpcURL"));
    } else {
        snprintf(file, sizeof(file), RX_SOURCES_DIR "/" RX_STR_FMT "/" RX_SOURCE_FILE,
                 RX_STR_ARG(name));
        ok = ok && rx_part_put(to, "rpcURLFile", json_string(file));
    }
    return ok ? RX_TAKE(to) : NULL;
}

static json_t *sources(const struct rx_rxd *rxd)
{
    rx_auto(build) json_t *list = json_array();

    RX_JSON_FOREACH (item, rxd->sources) {
        if (json_array_append_new(list, source(item.value)) < 0) {
            return NULL;
        }
    }
    return RX_TAKE(list);
}

/* The list of the CR, or all that there are. */
static json_t *list_or(const struct rx_json *list, json_t *all)
{
    if (!list) {
        return all;
    }
    json_decref(all);
    return rx_build_from(list);
}

static json_t *settings(const struct rx_rxd *rxd)
{
    const struct rx_rxd_engine *engine = &rxd->engine;
    char listen[32], drain[16];

    snprintf(listen, sizeof(listen), "0.0.0.0:%d", RX_AGENT_PORT);
    snprintf(drain, sizeof(drain), "%ds", RX_DRAIN_SECONDS);
    return json_pack(
        "{s:{s:s, s:s}, s:{s:o}, s:{s:I, s:I}, s:{s:o}, s:{s:o}, s:{s:o, s:o}, s:{s:s}, "
        "s:{s:s, s:s}, s:o}",
        "server", "listen", listen, "drain", drain, "log", "level", rx_part_str(engine->log_level),
        "limits", "rate_per_minute", (json_int_t)engine->rate_per_minute, "rate_per_hour",
        (json_int_t)engine->rate_per_hour, "cache", "ttl", rx_part_str(engine->cache_ttl),
        "background", "interval", rx_part_str(engine->background_interval), "engine", "horizons",
        list_or(engine->horizons, json_pack("[s, s, s]", "24h", "7d", "30d")), "multipliers",
        list_or(engine->multipliers, json_pack("[i, i, i, i, i]", 2, 5, 10, 20, 50)), "store",
        "path", RX_DATA_DIR "/radarx.db", "auth", "mode", rxd->api_keys ? "ApiKey" : "None",
        "keys_dir", rxd->api_keys ? RX_KEYS_DIR : "", "sources", sources(rxd));
}

#define CONFIG_MAX (1 << 20) /* what a ConfigMap can hold */

json_t *rx_part_config_data(const struct rx_rxd *rxd)
{
    rx_auto(build) json_t *tree = settings(rxd);
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(CONFIG_MAX);

    if (!tree || rx_build_write_pretty(tree, &text) < 0) {
        return NULL;
    }
    rx_buf_putc(&text, '\n');
    if (text.error) {
        return NULL;
    }
    return json_pack("{s:o}", RX_CONFIG_KEY, rx_part_str(rx_buf_str(&text)));
}

int rx_render_configmap(const struct rx_render_in *in, json_t **ret, struct rx_error *err)
{
    return rx_part_finish(in, "v1", "ConfigMap", "", "data", rx_part_config_data(in->rxd), ret,
                          err);
}
