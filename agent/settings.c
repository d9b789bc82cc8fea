// SPDX-License-Identifier: Apache-2.0
#include "agent/settings.h"

#include "agent/engine/score/score.h"
#include "common/base/buf.h"
#include "common/base/file.h"
#include "common/base/log.h"
#include "common/base/parse.h"
#include "common/json/config_file.h"

#define MAX_CONFIG_BYTES (1u << 20)
#define SECOND_MS        1000
#define HOUR_MS          (3600 * SECOND_MS)

static const char *const log_levels[] = {"debug", "info", "warn", "error", NULL};
static const char *const auth_modes[] = {"ApiKey", "None", NULL};

#define FIELD(name) offsetof(struct rx_settings, name)

static const struct rx_config_row rows[] = {
    {.key = "server.listen",
     .env = "RADARX_LISTEN",
     .flag = "--listen",
     .type = RX_CONFIG_STR,
     .max = 60,
     .def = "127.0.0.1:8080",
     .target = FIELD(listen),
     .help = "numeric address and port to serve HTTP on"},
    {.key = "server.threads",
     .env = "RADARX_THREADS",
     .flag = "--threads",
     .type = RX_CONFIG_I64,
     .max = 64,
     .def = "0",
     .target = FIELD(threads),
     .help = "event loops; 0 = the CPU quota of the control group, rounded up"},
    {.key = "server.drain",
     .env = "RADARX_DRAIN",
     .flag = "--drain",
     .type = RX_CONFIG_DURATION,
     .max = 300 * SECOND_MS,
     .def = "10s",
     .target = FIELD(drain_ms),
     .help = "how long requests under way may take after SIGTERM"},
    {.key = "log.level",
     .env = "LOG_LEVEL",
     .flag = "--log-level",
     .type = RX_CONFIG_ENUM,
     .choices = log_levels,
     .def = "info",
     .target = FIELD(log_level),
     .help = "lowest level that is logged"},
    {.key = "limits.rate_per_minute",
     .env = "RATE_LIMIT_PER_MINUTE",
     .flag = "--rate-per-minute",
     .type = RX_CONFIG_I64,
     .max = 1000000,
     .def = "60",
     .target = FIELD(rate_per_minute),
     .help = "requests of one key, or of one address without a key, a minute; 0 = no limit"},
    {.key = "limits.rate_per_hour",
     .env = "RATE_LIMIT_PER_HOUR",
     .flag = "--rate-per-hour",
     .type = RX_CONFIG_I64,
     .max = 10000000,
     .def = "1000",
     .target = FIELD(rate_per_hour),
     .help = "the same an hour"},
    {.key = "cache.ttl",
     .env = "RADARX_CACHE_TTL",
     .flag = "--cache-ttl",
     .type = RX_CONFIG_DURATION,
     .max = HOUR_MS,
     .def = "300s",
     .target = FIELD(cache_ttl_ms),
     .help = "longest life of a cached answer; a new block ends it at once; 0s = no cache"},
    {.key = "background.interval",
     .env = "BACKGROUND_TASK_INTERVAL",
     .flag = "--background-interval",
     .type = RX_CONFIG_DURATION,
     .min = 10 * SECOND_MS,
     .max = 24 * HOUR_MS,
     .def = "600s",
     .target = FIELD(background_ms),
     .help = "every known token is scored and stored so often"},
    {.key = "engine.horizons",
     .env = "RADARX_HORIZONS",
     .flag = "--horizons",
     .type = RX_CONFIG_STR,
     .max = 40,
     .def = "24h,7d,30d",
     .target = FIELD(horizons),
     .help = "horizons answered, some of 24h, 7d, 30d"},
    {.key = "engine.multipliers",
     .env = "RADARX_MULTIPLIERS",
     .flag = "--multipliers",
     .type = RX_CONFIG_STR,
     .max = 40,
     .def = "2,5,10,20,50",
     .target = FIELD(multipliers),
     .help = "multipliers answered, some of 2, 5, 10, 20, 50"},
    {.key = "store.path",
     .env = "RADARX_STORE_PATH",
     .flag = "--store",
     .type = RX_CONFIG_STR,
     .max = 4096,
     .def = "radarx.db",
     .target = FIELD(store_path),
     .help = "SQLite file; made when absent"},
    {.key = "auth.mode",
     .env = "RADARX_AUTH_MODE",
     .flag = "--auth-mode",
     .type = RX_CONFIG_ENUM,
     .choices = auth_modes,
     .def = "ApiKey",
     .target = FIELD(auth_mode),
     .help =
         "who may ask; with ApiKey and no key at all only a loopback address is served, openly"},
    {.key = "auth.keys_dir",
     .env = "RADARX_API_KEYS_DIR",
     .flag = "--keys-dir",
     .type = RX_CONFIG_STR,
     .max = 4096,
     .def = "",
     .target = FIELD(keys_dir),
     .help = "directory of files with one API key each, read again every 10 s"},
    {.key = "auth.key",
     .env = "RADARX_API_KEY",
     .type = RX_CONFIG_STR,
     .max = 256,
     .def = "",
     .target = FIELD(key),
     .secret = true,
     .help = "one API key, 16 to 256 bytes"},
    {.key = "model.path",
     .env = "RADARX_MODEL_PATH",
     .flag = "--model",
     .type = RX_CONFIG_STR,
     .max = 4096,
     .def = "",
     .target = FIELD(model_path),
     .help = "model file, loaded again when it changes; empty = the built-in model"},
    {.key = "model.shadow_path",
     .env = "RADARX_MODEL_SHADOW_PATH",
     .flag = "--model-shadow",
     .type = RX_CONFIG_STR,
     .max = 4096,
     .def = "",
     .target = FIELD(model_shadow_path),
     .help = "model file that scores in the background beside the active one, for comparison; "
             "empty = none"},
    {.key = "recalibration.enabled",
     .env = "RADARX_RECALIBRATION",
     .flag = "--recalibration",
     .type = RX_CONFIG_BOOL,
     .def = "true",
     .target = FIELD(recalibrate),
     .help =
         "fit the probabilities to what came of earlier ones, where that passes its test; false "
         "also takes back what was fitted before"},
    {.key = "engine.risk_weights",
     .env = "RADARX_RISK_WEIGHTS",
     .flag = "--risk-weights",
     .type = RX_CONFIG_JSON,
     .max = 4096,
     .def = "{}",
     .target = FIELD(risk_weights),
     .help = "JSON object with the weights of the composite risk: rug, dev, distribution, "
             "social_manipulation, liquidity (sum 1), and unknown; {} = the defaults"},
    {.key = "sources",
     .env = "RADARX_SOURCES",
     .flag = "--sources",
     .type = RX_CONFIG_JSON,
     .max = 256 * 1024,
     .def = "[]",
     .target = FIELD(sources),
     .help = "JSON array of {name, type: evm, rpcURL or rpcURLFile, chain, weth, factories: "
             "[{protocol: uniswap-v2, address, fromBlock}], confirmations}"},
};

const struct rx_config_table rx_settings_table = {rows, RX_ARRAY_LEN(rows)};

static int split_listen(struct rx_settings *settings, struct rx_error *err)
{
    struct rx_str text = rx_str_of(settings->listen), host = text;
    while (host.n > 0 && host.p[host.n - 1] != ':') {
        host.n--;
    }
    int64_t port = 0;
    const struct rx_str port_text = {text.p + host.n, text.n - host.n};
    if (host.n < 2 || rx_parse_i64(port_text, 0, 65535, &port) < 0) {
        return rx_error_set(err, RX_EINVALID,
                            "server.listen: expected address:port, like 127.0.0.1:8080 or "
                            "[::]:8080, got \"%s\"",
                            settings->listen);
    }
    host.n--;
    if (host.p[0] == '[' && host.p[host.n - 1] == ']') {
        host = (struct rx_str){host.p + 1, host.n - 2};
    }
    memcpy(settings->host, host.p, host.n);
    settings->host[host.n] = '\0';
    settings->port = (uint16_t)port;
    return 0;
}

/* Each part of a comma list must be one of names; *ret has their bits. */
static int parse_list(const char *key, const char *text, const char *const *names, size_t n,
                      unsigned *ret, struct rx_error *err)
{
    struct rx_str rest = rx_str_of(text), part;
    unsigned mask = 0;
    while (rx_str_cut(&rest, ',', &part)) {
        const struct rx_str name = rx_str_trim(part);
        size_t i = 0;
        while (i < n && !rx_str_is(name, names[i])) {
            i++;
        }
        if (i == n) {
            return rx_error_set(err, RX_EINVALID, "%s: expected some of %s ... %s, got \"%.*s\"",
                                key, names[0], names[n - 1], (int)part.n, part.p);
        }
        mask |= 1u << i;
    }
    *ret = mask;
    return 0;
}

static int check(struct rx_settings *settings, struct rx_error *err)
{
    static const char *const multipliers[] = {"2", "5", "10", "20", "50"};
    int r = split_listen(settings, err);
    if (r == 0) {
        r = parse_list("engine.horizons", settings->horizons, rx_horizons, RX_HORIZONS,
                       &settings->horizon_mask, err);
    }
    if (r == 0) {
        r = parse_list("engine.multipliers", settings->multipliers, multipliers, RX_MULTIPLIERS,
                       &settings->multiplier_mask, err);
    }
    if (r == 0) {
        r = rx_risk_weights_parse(rx_str_of(settings->risk_weights), &settings->weights, err);
        r = r < 0 ? rx_error_wrap(err, "engine.risk_weights") : 0;
    }
    const size_t key_n = strlen(settings->key);
    if (r == 0 && key_n > 0 && key_n < 16) {
        r = rx_error_set(err, RX_EINVALID, "auth.key: expected 16 to 256 bytes");
    }
    return r;
}

static int read_file(struct rx_settings *settings, const char *path, struct rx_error *err)
{
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(MAX_CONFIG_BYTES);
    const int r = rx_file_read(path, &text, err);
    return r < 0 ? r : rx_config_json(&rx_settings_table, settings, rx_buf_str(&text), path, err);
}

static int load(struct rx_settings *settings, const char *config_path, int argc, char **argv,
                struct rx_error *err)
{
    int r = rx_config_defaults(&rx_settings_table, settings, err);
    if (r == 0 && config_path) {
        r = read_file(settings, config_path, err);
    }
    if (r == 0) {
        r = rx_config_env(&rx_settings_table, settings, err);
    }
    int index = argc;
    if (r == 0) {
        r = rx_config_args(&rx_settings_table, settings, argc, argv, &index, err);
    }
    if (r == 0 && index < argc) {
        r = rx_error_set(err, RX_EINVALID, "expected flags only, got \"%.100s\"", argv[index]);
    }
    return r == 0 ? check(settings, err) : r;
}

int rx_settings_load(struct rx_settings *settings, const char *config_path, int argc, char **argv,
                     struct rx_error *err)
{
    *settings = (struct rx_settings){0};
    const int r = load(settings, config_path, argc, argv, err);
    if (r < 0) {
        rx_settings_free(settings);
    }
    return r;
}

void rx_settings_free(struct rx_settings *settings)
{
    if (settings->key) {
        explicit_bzero(settings->key, strlen(settings->key));
    }
    rx_config_free(&rx_settings_table, settings);
}

bool rx_settings_is_loopback(const struct rx_settings *settings)
{
    return rx_str_starts(rx_str_of(settings->host), RX_STR("127.")) ||
           rx_str_is(rx_str_of(settings->host), "::1");
}
