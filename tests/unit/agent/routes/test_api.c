// SPDX-License-Identifier: Apache-2.0
/*
 * The whole API without sockets, over a book that the test fills.
 * It covers background.c, route_health.c, route_info.c, route_score.c and score.c.
 * Answers are compared with tests/golden/agent; RADARX_UPDATE_GOLDEN=1 writes the files anew, to be
 * reviewed as a diff.
 */
#include "tests/support/bundle.h"

#include <math.h>
#include <sys/stat.h>

#include "agent/engine/features/pool.h"
#include "agent/routes/api.h"
#include "agent/routes/background.h"
#include "agent/routes/recalibration_step.h"
#include "agent/routes/score.h"
#include "agent/store/sqlite.h"
#include "common/base/file.h"
#include "common/base/parse.h"
#include "common/json/build.h"
#include "tests/unit/agent/store/temp.h"

#define GOLDEN   RX_SOURCE_DIR "/tests/golden/agent/"
#define GENESIS  1700000000    /* 2023-11-14T22:13:20Z */
#define MODEL_MS 1600000000000 /* loaded 2020-09-13T12:26:40Z */
#define TOKEN    "0x00000000000000000000000000000000000000aa"
#define EMPTY    "0x00000000000000000000000000000000000000bb"
#define YOUNG    "0x00000000000000000000000000000000000000cc"
#define OLD      "0x00000000000000000000000000000000000000dd"

struct shown {
    char *listen, *key;
    int64_t threads;
};
static const struct rx_config_row rows[] = {
    {.key = "server.listen",
     .type = RX_CONFIG_STR,
     .max = 60,
     .target = offsetof(struct shown, listen)},
    {.key = "auth.key",
     .type = RX_CONFIG_STR,
     .max = 60,
     .secret = true,
     .target = offsetof(struct shown, key)},
    {.key = "server.threads",
     .type = RX_CONFIG_I64,
     .max = 9,
     .target = offsetof(struct shown, threads)},
};
static const struct rx_config_table table = {rows, RX_ARRAY_LEN(rows)};
static const struct shown shown = {
    .listen = (char *)"0.0.0.0:8080", .key = (char *)"hidden-hidden", .threads = 2};

struct fixture {
    struct temp temp;
    struct rx_clock_manual clock;
    struct rx_api api;
    struct rx_api_loop *loop;
    unsigned source;
    struct rx_http_loopback io;
    struct rx_json_doc *doc;
};

static void key_of(const char *address, uint8_t key[20])
{
    assert_int_equal(rx_parse_hex_bytes(rx_str_of(address), key, 20), 0);
}

/* A pool with n trades, one every 200 s, that ends `age_h` hours after its first event. */
static struct rx_pool_view *make_view(int n, double weth)
{
    struct rx_pool *pool = NULL;
    struct rx_error err = {0};
    const struct rx_pool_meta meta = {.decimals = 18, .weth_pos = 0, .clock = RX_POOL_SECONDS};
    assert_ok(rx_pool_new(&meta, &pool, &err), &err);
    for (int i = 0; i < n; i++) {
        const double w = weth * (1 + 0.1 * ((i * 7) % 5));
        const struct rx_sync event = {.block = (uint64_t)(100 + i),
                                      .time = GENESIS + 200 * i,
                                      .reserve = {(rx_u128)(w * 1e18), (rx_u128)(1e24 / w)}};
        assert_int_equal(rx_pool_sync(pool, &event, &err), 1);
    }
    struct rx_pool_view *view = rx_pool_view_new(pool);
    assert_non_null(view);
    rx_pool_free(pool);
    return view;
}

static struct rx_snapshot *make_snapshot(struct fixture *f, const char *address, int n, double weth)
{
    uint8_t key[20];
    key_of(address, key);
    struct rx_snapshot *s = rx_snapshot_new(f->api.book, f->source, key, 1);
    assert_non_null(s);
    memcpy(s->address, address, 43);
    snprintf(s->symbol, sizeof(s->symbol), "T%s", address + 40);
    s->decimals = 18;
    s->pools[0] = (struct rx_pool_info){.protocol = "uniswap-v2",
                                        .created_block = 99,
                                        .weth = weth,
                                        .n_sync = (uint64_t)n,
                                        .last_block = (uint64_t)(99 + n)};
    memcpy(s->pools[0].pair, "0x00000000000000000000000000000000000000ff", 43);
    s->view = n > 0 ? make_view(n, weth) : NULL;
    return s;
}

static void publish(struct fixture *f, struct rx_snapshot *snapshot, uint64_t block, int64_t time)
{
    const struct rx_book_change change = {.as_of_block = block,
                                          .as_of_time = time,
                                          .put = &snapshot,
                                          .n_put = snapshot != NULL,
                                          .pools = 1,
                                          .events = 40};
    assert_int_equal(rx_book_publish(f->api.book, f->source, &change), 0);
    rx_book_set_head(f->api.book, f->source, block, time);
}

static int setup(void **state)
{
    static struct fixture f;
    struct rx_error err = {0};
    f = (struct fixture){0};
    temp_init(&f.temp);
    rx_clock_manual_init(&f.clock, (GENESIS + 8000) * RX_NS_PER_S);
    rx_clock_manual_advance(&f.clock, 1000 * RX_NS_PER_S);
    f.api.clock = &f.clock.clock;
    f.api.metrics = rx_metrics_new();
    const struct rx_store_options options = {.path = f.temp.path, .metrics = f.api.metrics};
    assert_ok(rx_store_open(&options, &f.api.store, &err), &err);
    assert_ok(rx_model_registry_new(bundle_model(), "model.json", MODEL_MS, &f.api.models, &err),
              &err);
    f.api.book = rx_book_new(&f.clock.clock);
    assert_ok(rx_book_add_source(f.api.book, "main", "evm", "ethereum", &f.source, &err), &err);
    rx_book_set_state(f.api.book, f.source, RX_SOURCE_FOLLOWING, 90);
    publish(&f, make_snapshot(&f, TOKEN, 40, 10), 150, GENESIS + 8000);
    f.api.cache_ttl_ms = 60000;
    f.api.horizon_mask = (1u << RX_HORIZONS) - 1;
    f.api.multiplier_mask = (1u << RX_MULTIPLIERS) - 1;
    f.api.table = &table;
    f.api.settings = &shown;
    assert_ok(rx_api_loop_new(&f.api, &f.loop, &err), &err);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    rx_json_doc_free(f->doc);
    rx_buf_free(&f->io.ret_body);
    rx_buf_free(&f->io.ret_headers);
    rx_api_loop_free(f->loop);
    rx_limiter_free(f->api.limiter);
    rx_keys_free(f->api.keys);
    rx_book_free(f->api.book);
    rx_model_registry_free(f->api.models);
    rx_store_close(f->api.store);
    rx_metrics_free(f->api.metrics);
    temp_fini(&f->temp);
    return 0;
}

static unsigned ask_as(struct fixture *f, const char *target, const char *const *headers)
{
    rx_buf_free(&f->io.ret_body);
    rx_buf_free(&f->io.ret_headers);
    f->io = (struct rx_http_loopback){.method = "GET", .target = target, .headers = headers};
    assert_int_equal(rx_http_loopback(NULL, rx_api_handle, f->loop, &f->io, NULL), 0);
    rx_json_doc_free(f->doc);
    f->doc = NULL;
    if (f->io.ret_body.p && f->io.ret_body.p[0] == '{') {
        assert_int_equal(rx_json_parse(rx_buf_str(&f->io.ret_body), NULL, &f->doc, NULL), 0);
    }
    return f->io.ret_status;
}

static unsigned ask(struct fixture *f, const char *target)
{
    return ask_as(f, target, (const char *const[]){"X-Request-Id: golden-1", NULL});
}

static const struct rx_json *at(struct fixture *f, const char *path)
{
    return rx_json_at(rx_json_root(f->doc), path);
}

static bool has_header(struct fixture *f, const char *line)
{
    return strstr(f->io.ret_headers.p, line);
}

/* Equal, numbers to 1e-9: mathematical functions differ in the last digit between C libraries. */
static void compare(const struct rx_json *want, const struct rx_json *got, const char *path)
{
    char child[300];
    const enum rx_json_type type = rx_json_type(want);
    if (type == RX_JSON_REAL || type == RX_JSON_INT) {
        const double a = rx_json_double(want, 0), b = rx_json_double(got, (double)NAN);
        if (!(fabs(a - b) <= 1e-9 * fabs(a) + 1e-12)) {
            fail_msg("%s: expected %.17g, got %.17g", path, a, b);
        }
        return;
    }
    if (type != rx_json_type(got) || rx_json_len(want) != rx_json_len(got) ||
        !rx_str_eq(rx_json_str(want), rx_json_str(got)) ||
        rx_json_bool(want, false) != rx_json_bool(got, false)) {
        fail_msg("%s: expected another %s", path, rx_json_type_name(want));
    }
    size_t i = 0;
    RX_JSON_FOREACH (it, want) {
        if (type == RX_JSON_OBJECT) {
            snprintf(child, sizeof(child), "%s.%.*s", path, (int)it.key.n, it.key.p);
            compare(it.value, rx_json_get_n(got, it.key), child);
        } else {
            snprintf(child, sizeof(child), "%s[%zu]", path, i);
            compare(it.value, rx_json_item(got, i++), child);
        }
    }
}

static void golden(struct fixture *f, const char *name)
{
    char path[512];
    struct rx_error err = {0};
    rx_auto(buf) struct rx_buf want = RX_BUF_INIT(1 << 20);
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    snprintf(path, sizeof(path), GOLDEN "%s.json", name);
    if (getenv("RADARX_UPDATE_GOLDEN")) {
        json_t *tree = NULL;
        assert_ok(rx_build_parse(rx_buf_str(&f->io.ret_body), &tree, &err), &err);
        assert_int_equal(rx_build_write_pretty(tree, &want), 0);
        json_decref(tree);
        rx_buf_putc(&want, '\n');
        assert_ok(rx_file_write_atomic(path, rx_buf_str(&want), 0644, &err), &err);
        return;
    }
    assert_ok(rx_file_read(path, &want, &err), &err);
    assert_ok(rx_json_parse(rx_buf_str(&want), NULL, &doc, &err), &err);
    compare(rx_json_root(doc), rx_json_root(f->doc), name);
}

static void scores_a_token(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f, "/score/token?address=" TOKEN "&chain=ethereum"), 200);
    golden(f, "score");
    const double p = rx_json_double(at(f, "rug_probability.24h.probability"), -1);
    assert_true(p > 0 && p < 1);
    assert_true(rx_json_double(at(f, "rug_probability.24h.confidence_interval.lower"), 2) <= p);
    assert_true(rx_json_double(at(f, "rug_probability.24h.confidence_interval.upper"), -1) >= p);
    assert_int_equal(rx_json_type(at(f, "features")), RX_JSON_NULL);
    assert_int_equal(ask(f, "/score/token?address=0x00000000000000000000000000000000000000AA&chain="
                            "ETH&horizons=24h&include_features=true&include_timelines=1"),
                     200);
    golden(f, "score-features");
}

/* Every null in the document is named in `unknown`, but for what was not asked for. */
static void check_nulls(const struct rx_json *value, const char *path,
                        const struct rx_json *unknown)
{
    char child[200];
    if (rx_json_type(value) == RX_JSON_OBJECT) {
        RX_JSON_FOREACH (it, value) {
            snprintf(child, sizeof(child), "%s%s%.*s", path, path[0] ? "." : "", (int)it.key.n,
                     it.key.p);
            check_nulls(it.value, child, unknown);
        }
    } else if (rx_json_type(value) == RX_JSON_NULL && strcmp(path, "features") != 0 &&
               strcmp(path, "timelines") != 0) {
        bool named = false;
        RX_JSON_FOREACH (it, unknown) {
            named |= rx_str_is(rx_json_str(rx_json_get(it.value, "path")), path) &&
                     rx_json_str(rx_json_get(it.value, "reason")).n > 0;
        }
        if (!named) {
            fail_msg("%s is null without a reason", path);
        }
    }
}

static void explains_every_null(void **state)
{
    struct fixture *f = *state;
    publish(f, make_snapshot(f, EMPTY, 0, 0), 151, GENESIS + 8100);
    publish(f, make_snapshot(f, YOUNG, 4, 10), 152, GENESIS + 8200);
    static const char *const tokens[] = {TOKEN, EMPTY, YOUNG};
    for (size_t i = 0; i < RX_ARRAY_LEN(tokens); i++) {
        char target[200];
        snprintf(target, sizeof(target), "/score/token?address=%s&chain=eth&include_features=true",
                 tokens[i]);
        assert_int_equal(ask(f, target), 200);
        check_nulls(rx_json_root(f->doc), "", at(f, "unknown"));
        if (i > 0) {
            assert_int_equal(rx_json_type(at(f, "rug_probability.24h")), RX_JSON_NULL);
        }
    }
    golden(f, "score-too-small");
}

static void notes_an_age_beyond_training(void **state)
{
    struct fixture *f = *state;
    publish(f, make_snapshot(f, OLD, 40, 10), 5000, GENESIS + 100 * 3600);
    assert_int_equal(ask(f, "/score/token?address=" OLD "&chain=eth&horizons=24h"), 200);
    const struct rx_json *first = rx_json_item(at(f, "notes"), 0);
    assert_string_equal(rx_json_cstr(rx_json_get(first, "reason"), ""), "age_beyond_training");
    assert_true(rx_json_double(at(f, "rug_probability.24h.probability"), -1) > 0);
}

static void refuses(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *target;
        unsigned status;
        const char *code;
    } cases[] = {
        {"/score/token", 422, "missing_parameter"},
        {"/score/token?address=" TOKEN, 422, "missing_parameter"},
        {"/score/token?chain=ethereum", 422, "missing_parameter"},
        {"/score/token?address=not-an-address&chain=ethereum", 400, "invalid_address"},
        {"/score/token?address=&chain=ethereum", 400, "invalid_address"},
        {"/score/token?address=" TOKEN "&chain=notachain", 400, "invalid_chain"},
        {"/score/token?address=" TOKEN "&chain=", 400, "invalid_chain"},
        {"/score/token?address=" TOKEN "&chain=solana", 400, "invalid_address"},
        {"/score/token?address=So11111111111111111111111111111111111111112&chain=sol", 404,
         "chain_not_followed"},
        {"/score/token?address=" TOKEN "&chain=bsc", 404, "chain_not_followed"},
        {"/score/token?address=" TOKEN "&chain=eth&horizons=1h", 400, "invalid_parameter"},
        {"/score/token?address=" TOKEN "&chain=eth&horizons=", 400, "invalid_parameter"},
        {"/score/token?address=" TOKEN "&chain=eth&include_features=yes", 400, "invalid_parameter"},
        {"/score/token?address=" TOKEN "&chain=eth&chain=eth", 400, "bad_request"},
        {"/score/token?address=" EMPTY "&chain=eth", 404, "unknown_token"},
        {"/score/nothing", 404, "not_found"},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        if (ask(f, cases[i].target) != cases[i].status) {
            fail_msg("%s: expected %u, got %u", cases[i].target, cases[i].status, f->io.ret_status);
        }
        assert_string_equal(rx_json_cstr(at(f, "code"), ""), cases[i].code);
        assert_string_equal(rx_json_cstr(at(f, "request_id"), ""), "golden-1");
        assert_true(rx_json_str(at(f, "message")).n > 0 && rx_json_str(at(f, "error")).n > 0);
    }
    ask(f, "/score/token?address=not-an-address&chain=ethereum");
    golden(f, "error");
}

static void says_syncing_during_backfill(void **state)
{
    struct fixture *f = *state;
    unsigned other = 0;
    assert_int_equal(rx_book_add_source(f->api.book, "side", "evm", "base", &other, NULL), 0);
    rx_book_set_state(f->api.book, other, RX_SOURCE_BACKFILLING, 1);
    assert_int_equal(ask(f, "/score/token?address=" EMPTY "&chain=base"), 503);
    assert_string_equal(rx_json_cstr(at(f, "code"), ""), "syncing");
    assert_true(has_header(f, "Retry-After: 5\r\n"));
    assert_int_equal(ask(f, "/score/token?address=" TOKEN "&chain=eth"), 200);
    assert_int_equal(ask(f, "/ready"), 200);
    assert_int_equal(ask(f, "/health"), 200);
    assert_string_equal(rx_json_cstr(at(f, "status"), ""), "syncing");
}

static void caches_until_a_new_block(void **state)
{
    struct fixture *f = *state;
    static const char target[] = "/score/token?address=" TOKEN "&chain=eth";
    rx_auto(buf) struct rx_buf first = RX_BUF_INIT(1 << 20);
    assert_int_equal(ask(f, target), 200);
    rx_buf_add_str(&first, rx_buf_str(&f->io.ret_body));
    rx_clock_manual_advance(&f->clock, RX_NS_PER_S / 2);
    assert_int_equal(ask(f, target), 200);
    assert_true(rx_str_eq(rx_buf_str(&first), rx_buf_str(&f->io.ret_body)));
    /* Other options are another answer. */
    assert_int_equal(ask(f, "/score/token?address=" TOKEN "&chain=eth&horizons=24h"), 200);
    assert_false(rx_str_eq(rx_buf_str(&first), rx_buf_str(&f->io.ret_body)));
    /* The node falls silent: lag_seconds goes on. */
    rx_clock_manual_advance(&f->clock, 10 * RX_NS_PER_S);
    assert_int_equal(ask(f, target), 200);
    assert_false(rx_str_eq(rx_buf_str(&first), rx_buf_str(&f->io.ret_body)));
    /* Trades in a new block change the score at once. */
    const double before = rx_json_double(at(f, "rug_probability.24h.probability"), -1);
    publish(f, make_snapshot(f, TOKEN, 60, 10), 170, GENESIS + 12000);
    assert_int_equal(ask(f, target), 200);
    assert_int_equal(rx_json_i64(at(f, "as_of_block"), 0), 170);
    assert_true(fabs(rx_json_double(at(f, "rug_probability.24h.probability"), -1) - before) > 1e-9);
}

static void asks_for_a_key(void **state)
{
    struct fixture *f = *state;
    static const char target[] = "/score/token?address=" TOKEN "&chain=eth";
    f->api.keys = rx_keys_new(NULL, "right-key-0123456789");
    f->api.limiter = rx_limiter_new(3, 0);
    assert_int_equal(rx_keys_reload(f->api.keys, NULL), 0);
    assert_int_equal(ask(f, target), 401);
    golden(f, "unauthorized");
    const char *const wrong[] = {"X-API-Key: wrong-key-0123456789", NULL};
    const char *const right[] = {"X-API-Key: right-key-0123456789", NULL};
    assert_int_equal(ask_as(f, target, wrong), 401);
    assert_int_equal(ask_as(f, target, wrong), 401);
    assert_int_equal(ask_as(f, target, wrong), 429); /* tried too often from this address */
    assert_int_equal(ask_as(f, target, right), 200); /* the key has its own limit */
    assert_int_equal(ask_as(f, "/api/info", right), 200);
    assert_null(strstr(f->io.ret_body.p, "hidden-hidden"));
    assert_int_equal(ask_as(f, target, right), 200);
    assert_int_equal(ask_as(f, target, right), 429);
    assert_true(has_header(f, "Retry-After: "));
    for (int i = 0; i < 10; i++) {
        assert_int_equal(ask(f, "/livez"), 200);
        assert_int_equal(ask(f, "/ready"), 200);
        assert_int_equal(ask(f, "/health"), 200);
        assert_int_equal(ask(f, "/metrics"), 200);
    }
}

static void tells_its_health(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f, "/livez"), 200);
    golden(f, "livez");
    assert_int_equal(ask(f, "/ready"), 200);
    golden(f, "ready");
    assert_int_equal(ask(f, "/health"), 200);
    golden(f, "health");
    rx_book_set_error(f->api.book, f->source, "node.example:8545: connection refused");
    rx_clock_manual_advance(&f->clock, 90 * RX_NS_PER_S);
    assert_int_equal(ask(f, "/health"), 503);
    golden(f, "health-failing");
    assert_int_equal(ask(f, "/ready"), 200);
    assert_int_equal(ask(f, "/livez"), 200);
    atomic_store(&f->api.draining, true);
    assert_int_equal(ask(f, "/ready"), 503);
    assert_int_equal(ask(f, "/livez"), 200);
}

static void describes_itself(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f, "/api/info"), 200);
    assert_string_equal(rx_json_cstr(at(f, "service.version"), ""), RX_VERSION);
    const struct rx_json *settings = at(f, "configuration");
    assert_string_equal(rx_json_cstr(rx_json_get(settings, "auth.key"), ""), "[set]");
    assert_string_equal(rx_json_cstr(rx_json_get(settings, "server.threads"), ""), "2");
    assert_int_equal(ask(f, "/openapi.json"), 200);
    golden(f, "openapi");
    assert_int_equal(ask(f, "/metrics"), 200);
    assert_true(has_header(f, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    assert_non_null(strstr(f->io.ret_body.p,
                           "http_requests_total{method=\"GET\",route=\"/api/info\","
                           "status=\"200\"} 1\n"));
}

static void scores_in_the_background(void **state)
{
    struct fixture *f = *state;
    struct rx_error err = {0};
    atomic_bool cancel = false;
    publish(f, make_snapshot(f, EMPTY, 0, 0), 151, GENESIS + 8100);
    assert_int_equal(rx_background_pass(&f->api, &cancel, &err), 1);
    assert_int_equal(rx_store_flush(f->api.store, NULL), 0);
    struct rx_store_status status;
    rx_store_status(f->api.store, &status);
    assert_true(status.ok);
    assert_int_equal(status.rows, 1);
    atomic_store(&cancel, true);
    assert_int_equal(rx_background_pass(&f->api, &cancel, &err), 0);
}

static int64_t stored(struct fixture *f, const char *sql)
{
    struct rx_sqlite *db = NULL;
    struct rx_error err = {0};
    int64_t value = -1;
    assert_int_equal(rx_store_flush(f->api.store, NULL), 0);
    assert_ok(rx_sqlite_open(f->temp.path, 1000, &db, &err), &err);
    assert_ok(rx_sqlite_get_i64(db, sql, -1, &value, &err), &err);
    rx_sqlite_close(db);
    return value;
}

/* A pass keeps one forecast of a pool in a band of age, and tells what is known of the model. */
static void keeps_forecasts(void **state)
{
    struct fixture *f = *state;
    struct rx_error err = {0};
    atomic_bool cancel = false;
    rx_auto(health_board) struct rx_health_board *board = rx_health_board_new();
    const struct rx_recalibration_options options = {.store = f->api.store,
                                                     .models = f->api.models,
                                                     .board = board,
                                                     .clock = f->api.clock,
                                                     .metrics = f->api.metrics,
                                                     .enabled = true};
    f->api.health = board;
    rx_auto(recalibration_step) struct rx_recalibration_step *step = NULL;
    assert_ok(rx_recalibration_step_new(&options, &step, &err), &err);
    f->api.recalibration = step;
    assert_int_equal(rx_background_pass(&f->api, &cancel, &err), 1);
    assert_int_equal(rx_background_pass(&f->api, &cancel, &err), 1);
    assert_int_equal(stored(f, "SELECT count(*) FROM forecasts"), 1);
    assert_int_equal(stored(f, "SELECT due - time FROM forecasts"), 86400);
    /* Six hours old: the next band. */
    publish(f, NULL, 160, GENESIS + 6 * 3600);
    assert_int_equal(rx_background_pass(&f->api, &cancel, &err), 1);
    assert_int_equal(stored(f, "SELECT count(*) FROM forecasts WHERE band = 1"), 1);
    /* Older than the model was trained for. */
    publish(f, NULL, 170, GENESIS + 80 * 3600);
    assert_int_equal(rx_background_pass(&f->api, &cancel, &err), 1);
    assert_int_equal(stored(f, "SELECT count(*) FROM forecasts"), 2);
    assert_int_equal(ask(f, "/api/info"), 200);
    assert_str(rx_json_str(at(f, "model.health.status")), "Unknown");
    assert_int_equal(rx_json_len(at(f, "model.health.targets")),
                     rx_json_len(at(f, "model.targets")));
    assert_int_equal(rx_json_len(at(f, "model.recalibration")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(scores_a_token, setup, teardown),
        cmocka_unit_test_setup_teardown(explains_every_null, setup, teardown),
        cmocka_unit_test_setup_teardown(notes_an_age_beyond_training, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses, setup, teardown),
        cmocka_unit_test_setup_teardown(says_syncing_during_backfill, setup, teardown),
        cmocka_unit_test_setup_teardown(caches_until_a_new_block, setup, teardown),
        cmocka_unit_test_setup_teardown(asks_for_a_key, setup, teardown),
        cmocka_unit_test_setup_teardown(tells_its_health, setup, teardown),
        cmocka_unit_test_setup_teardown(describes_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(scores_in_the_background, setup, teardown),
        cmocka_unit_test_setup_teardown(keeps_forecasts, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
