// SPDX-License-Identifier: Apache-2.0
/*
 * radarx-agent serve: settings, then store, model and sources, then the loops. Objects are freed in
 * the reverse order by their cleanups. On SIGTERM /ready says no at once, requests are taken for a
 * while longer (those who route to us learn of it late), then those under way are finished; a
 * second signal, or SIGINT, does not wait.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "agent/cmd.h"
#include "agent/offline/cmd_input.h"
#include "agent/quota.h"
#include "agent/routes/background.h"
#include "agent/routes/model_watch.h"
#include "agent/serve_loops.h"
#include "agent/settings.h"
#include "agent/sources/sources.h"
#include "common/base/log.h"
#include "common/http/client.h"

#define KEYS_RELOAD_MS   10000
#define MODEL_LOOK_MS    5000
#define MAX_LAME_DUCK_MS 3000
#define MAX_HELP         (1u << 20)

struct server {
    struct rx_settings settings;
    struct rx_loop *loop; /* the first one: signals and the keys' timer */
    struct rx_metrics *metrics;
    struct rx_store *store;
    struct rx_model_registry *models;
    struct rx_model_watch *watch;
    struct rx_book *book;
    struct rx_sources *sources;
    struct rx_keys *keys; /* NULL: open */
    struct rx_limiter *limiter;
    struct rx_health_board *health;
    struct rx_api api;
    struct rx_serve_loops *loops;
    struct rx_background *background;
    struct rx_timer keys_timer, lame_duck;
    bool keys_failed, global_http, going;
};

static void server_fini(struct server *s)
{
    rx_background_stop(s->background);
    rx_model_watch_free(s->watch);
    rx_sources_free(s->sources);
    if (s->loop) {
        rx_timer_stop(s->loop, &s->keys_timer);
        rx_timer_stop(s->loop, &s->lame_duck);
    }
    rx_serve_loops_free(s->loops);
    rx_limiter_free(s->limiter);
    rx_keys_free(s->keys);
    rx_book_free(s->book);
    rx_store_close(s->store);
    rx_model_registry_free(s->models);
    rx_health_board_free(s->health);
    rx_metrics_free(s->metrics);
    rx_loop_free(s->loop);
    if (s->global_http) {
        rx_http_client_global_fini();
    }
    rx_settings_free(&s->settings);
}
RX_DEFINE_CLEANUP_INPLACE(server, struct server, server_fini);

/* ---- signals ---- */

static void on_lame_duck(struct rx_loop *loop, void *arg)
{
    (void)loop;
    struct server *s = arg;
    rx_serve_loops_drain(s->loops, s->settings.drain_ms);
}

static void on_signal(struct rx_loop *loop, int signo, void *arg)
{
    struct server *s = arg;
    rx_info("going down", RX_F_I("signal", signo));
    if (s->going || signo == SIGINT) {
        rx_serve_loops_stop(s->loops);
        return;
    }
    s->going = true;
    atomic_store(&s->api.draining, true);
    const int64_t quarter_ms = s->settings.drain_ms / 4;
    const int64_t wait_ms = quarter_ms < MAX_LAME_DUCK_MS ? quarter_ms : MAX_LAME_DUCK_MS;
    if (rx_timer_start(loop, &s->lame_duck, wait_ms, on_lame_duck, s) < 0) {
        on_lame_duck(loop, s);
    }
}

/* Back to the previous model, until a model file changes. */
static void on_rollback(struct rx_loop *loop, int signo, void *arg)
{
    (void)loop;
    (void)signo;
    struct server *s = arg;
    if (s->watch) {
        rx_model_watch_rollback(s->watch);
    }
}

/* Before any thread is made: each inherits the mask. */
static int start_loop(struct server *s, struct rx_error *err)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, NULL);
    int r = rx_loop_new(NULL, &s->loop, err);
    if (r == 0) {
        r = rx_loop_on_signal(s->loop, SIGTERM, on_signal, s, err);
    }
    if (r == 0) {
        r = rx_loop_on_signal(s->loop, SIGINT, on_signal, s, err);
    }
    if (r == 0) {
        r = rx_loop_on_signal(s->loop, SIGUSR2, on_rollback, s, err);
    }
    return r;
}

/* ---- keys ---- */

static void on_reload_keys(struct rx_loop *loop, void *arg)
{
    struct server *s = arg;
    struct rx_error err;
    const bool failed = rx_keys_reload(s->keys, &err) < 0;
    if (failed && !s->keys_failed) {
        rx_warn("the API keys stay as they were", RX_F_ERR(&err));
    } else if (!failed && s->keys_failed) {
        rx_info("the API keys were read again");
    }
    s->keys_failed = failed;
    if (rx_timer_start(loop, &s->keys_timer, KEYS_RELOAD_MS, on_reload_keys, s) < 0) {
        rx_err("out of memory: the API keys are not read again");
    }
}

static int open_keys(struct server *s, struct rx_error *err)
{
    const struct rx_settings *settings = &s->settings;
    if (settings->auth_mode == RX_AUTH_NONE) {
        return 0;
    }
    s->keys = rx_keys_new(settings->keys_dir, settings->key);
    if (!s->keys) {
        return rx_error_errno(err, ENOMEM, "API keys");
    }
    const int r = rx_keys_reload(s->keys, err);
    if (r < 0) {
        return r;
    }
    if (rx_keys_count(s->keys) == 0) {
        if (settings->keys_dir[0] || !rx_settings_is_loopback(settings)) {
            return rx_error_set(err, RX_EINVALID,
                                "auth.keys_dir, auth.key: expected at least one API key "
                                "(or auth.mode None) to listen on %s",
                                settings->listen);
        }
        rx_keys_free(RX_TAKE(s->keys));
        rx_warn("no API key is set: open to everybody on this machine");
        return 0;
    }
    if (!settings->keys_dir[0]) {
        return 0;
    }
    return rx_timer_start(s->loop, &s->keys_timer, KEYS_RELOAD_MS, on_reload_keys, s);
}

/* ---- parts ---- */

/* The first model must load; what comes later may be refused. */
static int open_models(struct server *s, struct rx_error *err)
{
    const struct rx_settings *settings = &s->settings;
    const struct rx_model_watch_options options = {.path = settings->model_path,
                                                   .shadow_path = settings->model_shadow_path,
                                                   .interval_ms = MODEL_LOOK_MS,
                                                   .load = rx_cmd_load_model,
                                                   .clock = rx_clock_system(),
                                                   .metrics = s->metrics};
    const char *path = settings->model_path[0] ? settings->model_path : NULL;
    struct rx_model *model = NULL;
    int r = rx_cmd_load_model(path, &model, err);
    if (r == 0) {
        r = rx_model_registry_new(model, path ? path : "built-in", rx_clock_real_ms(options.clock),
                                  &s->models, err);
    }
    return r == 0 ? rx_model_watch_new(&options, s->models, &s->watch, err) : r;
}

static int open_data(struct server *s, struct rx_error *err)
{
    const struct rx_settings *settings = &s->settings;
    const struct rx_store_options options = {.path = settings->store_path, .metrics = s->metrics};
    int r = rx_store_open(&options, &s->store, err);
    if (r == 0) {
        r = open_models(s, err);
    }
    if (r < 0) {
        return r;
    }
    s->book = rx_book_new(NULL);
    const struct rx_source_deps deps = {
        .store = s->store, .book = s->book, .metrics = s->metrics, .clock = NULL};
    return rx_sources_new(rx_str_of(settings->sources), &deps, &s->sources, err);
}

static int open_api(struct server *s, struct rx_error *err)
{
    const struct rx_settings *settings = &s->settings;
    s->limiter = rx_limiter_new(settings->rate_per_minute, settings->rate_per_hour);
    s->health = rx_health_board_new();
    if (!s->limiter || !s->health) {
        return rx_error_errno(err, ENOMEM, "http api");
    }
    s->api.clock = rx_clock_system();
    s->api.metrics = s->metrics;
    s->api.store = s->store;
    s->api.book = s->book;
    s->api.models = s->models;
    s->api.health = s->health;
    s->api.recalibrate = settings->recalibrate;
    s->api.weights = &settings->weights;
    s->api.keys = s->keys;
    s->api.limiter = settings->rate_per_minute || settings->rate_per_hour ? s->limiter : NULL;
    s->api.cache_ttl_ms = settings->cache_ttl_ms;
    s->api.horizon_mask = settings->horizon_mask;
    s->api.multiplier_mask = settings->multiplier_mask;
    s->api.table = &rx_settings_table;
    s->api.settings = settings;
    s->api.started_ms = rx_clock_monotonic_ms(s->api.clock);
    const unsigned n = settings->threads ? (unsigned)settings->threads : rx_quota_cpus();
    int r = rx_serve_loops_new(s->loop, &s->api, n, settings->host, settings->port, &s->loops, err);
    if (r == 0) {
        r = rx_sources_start(s->sources, err);
    }
    if (r == 0) {
        r = rx_background_start(&s->api, settings->background_ms, &s->background, err);
    }
    if (r == 0) {
        r = rx_model_watch_start(s->watch, err);
    }
    if (r == 0) {
        rx_info("listening", RX_F_S("address", settings->host),
                RX_F_I("port", rx_serve_loops_port(s->loops)), RX_F_I("loops", n),
                RX_F_I("sources", rx_sources_count(s->sources)), RX_F_B("auth", s->keys != NULL),
                RX_F_S("version", RX_VERSION));
    }
    return r;
}

static int serve(struct server *s, struct rx_error *err)
{
    int r = start_loop(s, err);
    if (r == 0) {
        r = rx_http_client_global_init(err);
        s->global_http = r == 0;
    }
    if (r < 0) {
        return r;
    }
    s->metrics = rx_metrics_new();
    if (!s->metrics) {
        return rx_error_errno(err, ENOMEM, "metrics");
    }
    rx_metrics_add_process(s->metrics, "radarx-agent");
    r = open_keys(s, err);
    if (r == 0) {
        r = open_data(s, err);
    }
    if (r == 0) {
        r = open_api(s, err);
    }
    return r == 0 ? rx_serve_loops_run(s->loops, err) : r;
}

/* ---- command line ---- */

static int print_help(bool markdown)
{
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(MAX_HELP);
    if (markdown) {
        rx_config_markdown(&rx_settings_table, &text);
    } else {
        rx_buf_puts(&text, "usage: radarx-agent serve [--config FILE] [--SETTING VALUE...]\n\n"
                           "A flag wins over the environment, that over the file (JSON, the keys "
                           "nested by their dots), that over the default.\n\n");
        rx_config_help(&rx_settings_table, &text);
    }
    if (text.error) {
        return 1;
    }
    return fwrite(text.p, 1, text.n, stdout) == text.n && fflush(stdout) == 0 ? 0 : 1;
}

/* Takes --config out of argv (the table does not know it); -1 when it lacks its value. */
static int take_config(int *argc, char **argv, const char **ret)
{
    static const char flag[] = "--config";
    int n = 0;
    for (int i = 0; i < *argc; i++) {
        if (strcmp(argv[i], flag) == 0) {
            if (i + 1 == *argc) {
                return -1;
            }
            *ret = argv[++i];
        } else if (strncmp(argv[i], "--config=", sizeof(flag)) == 0) {
            *ret = argv[i] + sizeof(flag);
        } else {
            argv[n++] = argv[i];
        }
    }
    *argc = n;
    return 0;
}

int rx_cmd_serve(int argc, char **argv)
{
    const char *config = NULL;
    struct rx_error err = {0};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "--help-markdown") == 0) {
            return print_help(argv[i][6] != '\0');
        }
    }
    if (take_config(&argc, argv, &config) < 0) {
        fputs("radarx-agent serve: --config: expected a file\n", stderr);
        return 2;
    }
    rx_auto(server) struct server s = {0};
    if (rx_settings_load(&s.settings, config, argc, argv, &err) < 0) {
        fprintf(stderr, "radarx-agent serve: %s\n", err.msg);
        return 2;
    }
    rx_log_set_level((enum rx_log_level)s.settings.log_level);
    if (serve(&s, &err) < 0) {
        rx_err("serve failed", RX_F_ERR(&err));
        return 1;
    }
    rx_info("ended");
    return 0;
}
