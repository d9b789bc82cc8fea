// SPDX-License-Identifier: Apache-2.0
/*
 * A store of pools that were rugged or not, forecasts of them, and a clock that the test moves.
 * It covers forecast.c.
 */
#include "agent/routes/recalibration_step.h"

#include <errno.h>
#include <math.h>

#include "agent/sources/evm_abi.h"
#include "agent/store/sqlite.h"
#include "common/base/log.h"
#include "tests/support/bundle.h"
#include "tests/support/seeded.h"
#include "tests/unit/agent/store/temp.h"

#define START   1700000000ll
#define STEP_S  1800 /* between two forecasts */
#define DAY     86400ll
#define CHAIN   "ethereum"
#define ADDRESS "0x00000000000000000000000000000000000000aa"

struct world {
    struct temp temp;
    struct rx_metrics *metrics;
    struct rx_store *store;
    struct rx_model *model; /* as the registry's, for looking at */
    struct rx_model_registry *models;
    struct rx_model_reader *reader;
    struct rx_health_board *board;
    struct rx_recalibration_step *step;
    struct rx_clock_manual clock;
    struct seeded random;
    uint32_t source, pools;
    int64_t time; /* of the next forecast */
    size_t rug;   /* the target rug_24h */
};

static struct rx_model *another_model(void)
{
    rx_auto(buf) struct rx_buf bundle = RX_BUF_INIT(1 << 22);
    bundle_read(&bundle);
    bundle_change(&bundle, "\"version\":\"test-bundle-1\"", "\"version\":\"other\"");
    return bundle_load(&bundle);
}

static void start(struct world *w, bool other, bool enabled)
{
    struct rx_error err = {0};
    const struct rx_store_options options = {
        .path = w->temp.path, .metrics = w->metrics, .batch_ms = 5};
    assert_ok(rx_store_open(&options, &w->store, &err), &err);
    w->model = other ? another_model() : bundle_model();
    assert_ok(
        rx_model_registry_new(other ? another_model() : bundle_model(), "f", 1, &w->models, &err),
        &err);
    assert_ok(rx_model_reader_new(w->models, &w->reader, &err), &err);
    w->board = rx_health_board_new();
    assert_non_null(w->board);
    const struct rx_recalibration_options how = {.store = w->store,
                                                 .models = w->models,
                                                 .board = w->board,
                                                 .clock = &w->clock.clock,
                                                 .metrics = w->metrics,
                                                 .enabled = enabled};
    assert_ok(rx_recalibration_step_new(&how, &w->step, &err), &err);
    w->rug = (size_t)rx_model_target_find(w->model, "rug_24h");
    assert_true(w->rug < RX_MODEL_MAX_TARGETS);
    rx_recalibration_step_begin(w->step, w->model);
}

static void stop(struct world *w)
{
    rx_recalibration_step_free(w->step);
    rx_health_board_free(w->board);
    rx_model_reader_free(w->reader);
    rx_model_registry_free(w->models);
    rx_model_free(w->model);
    rx_store_close(w->store);
}

static void begin(struct world *w, uint64_t seed)
{
    struct rx_error err = {0};
    *w = (struct world){.random = {seed}, .time = START};
    temp_init(&w->temp);
    rx_log_set_level(RX_LOG_ERROR);
    rx_clock_manual_init(&w->clock, START * RX_NS_PER_S);
    w->metrics = rx_metrics_new();
    start(w, false, true);
    assert_ok(rx_store_source_id(w->store, "main", &w->source, &err), &err);
}

static void end(struct world *w)
{
    stop(w);
    rx_metrics_free(w->metrics);
    temp_fini(&w->temp);
}

static int64_t count(struct world *w, const char *sql)
{
    struct rx_sqlite *db = NULL;
    struct rx_error err = {0};
    int64_t value = -1;
    assert_ok(rx_store_flush(w->store, NULL), &err);
    assert_ok(rx_sqlite_open(w->temp.path, 1000, &db, &err), &err);
    assert_ok(rx_sqlite_get_i64(db, sql, -1, &value, &err), &err);
    rx_sqlite_close(db);
    return value;
}

static int64_t audited(struct world *w, const char *action)
{
    char sql[200];
    snprintf(sql, sizeof(sql),
             "SELECT count(*) FROM recalibration_audit WHERE event LIKE"
             " '%%\"action\":\"%s\"%%' AND (event LIKE '%%rug_24h%%' OR '%s' = 'dropped')",
             action, action);
    return count(w, sql);
}

static struct rx_u256 word_of(uint64_t value)
{
    unsigned char bytes[32] = {0};
    for (int i = 0; i < 8; i++) {
        bytes[31 - i] = (unsigned char)(value >> (8 * i));
    }
    return rx_u256_from_be(bytes);
}

static void add_event(struct rx_unit *unit, uint32_t pool, uint64_t block, int64_t time,
                      double weth)
{
    struct evm_log log = {.kind = RX_EVENT_SYNC};
    uint8_t packed[200];
    log.word[0] = word_of((uint64_t)(weth * 1e18));
    log.word[1] = word_of(1000000000000000000u);
    const size_t n = evm_pack(&log, packed);
    assert_int_equal(rx_unit_event(unit, &(struct rx_row_event){.pool = pool,
                                                                .block = block,
                                                                .time = time,
                                                                .kind = RX_EVENT_SYNC,
                                                                .data = {(char *)packed, n}}),
                     0);
}

/* n pools with a forecast each; the truth is slope * log-odds + shift. */
static void add_pools(struct world *w, size_t n, double slope, double shift)
{
    struct rx_unit *unit = rx_unit_new();
    const size_t targets = rx_model_targets(w->model);
    assert_non_null(unit);
    assert_int_equal(rx_unit_token(unit, &(struct rx_row_token){CHAIN, ADDRESS, "A", "A", 18}), 0);
    for (size_t i = 0; i < n; i++, w->time += STEP_S) {
        struct rx_row_pool pool = {
            .id = ++w->pools, .source = w->source, .chain = CHAIN, .created_block = 1};
        double values[2 * RX_MODEL_MAX_TARGETS];
        const double f = -0.5 + 1.4 * seeded_normal(&w->random);
        const bool rug = seeded_unit(&w->random) < 1 / (1 + exp(-(slope * f + shift)));
        memcpy(pool.pair + 12, &(uint64_t){w->pools}, 8);
        pool.token[19] = 0xaa;
        assert_int_equal(rx_unit_pool(unit, &pool), 0);
        add_event(unit, pool.id, 10 * pool.id, w->time - 60, 10);
        add_event(unit, pool.id, 10 * pool.id + 1, w->time + 3600, rug ? 0.1 : 11);
        /* Too late to count. */
        add_event(unit, pool.id, 10 * pool.id + 2, w->time + DAY + 1, 0.1);
        for (size_t t = 0; t < targets; t++) {
            values[2 * t] = t == w->rug ? f : -3;
            values[2 * t + 1] = 1 / (1 + exp(-values[2 * t]));
        }
        struct rx_row_forecast row = {
            .model = rx_model_sha256(w->model),
            .chain = CHAIN,
            .time = w->time,
            .due = w->time + DAY,
            .forecast = {(const char *)values, 2 * targets * sizeof(*values)}};
        memcpy(row.pair, pool.pair, sizeof(row.pair));
        assert_int_equal(rx_unit_forecast(unit, &row), 0);
        assert_int_equal(rx_unit_forecast(unit, &row), 0); /* the second one is left out */
    }
    assert_int_equal(rx_store_submit(w->store, unit, NULL), 0);
}

/* Everything up to the moment has been read; the clock stands there. */
static void read_to(struct world *w, int64_t time)
{
    struct rx_unit *unit = rx_unit_new();
    assert_non_null(unit);
    assert_int_equal(rx_unit_cursor(unit, &(struct rx_row_cursor){.source = w->source,
                                                                  .block = (uint64_t)time,
                                                                  .time = time,
                                                                  .chain_id = 1,
                                                                  .fingerprint = "f"}),
                     0);
    assert_int_equal(rx_store_submit(w->store, unit, NULL), 0);
    const int64_t now = rx_clock_real_ms(&w->clock.clock) / RX_MS_PER_S;
    assert_true(time >= now);
    rx_clock_manual_advance(&w->clock, (time - now) * RX_NS_PER_S);
}

static void run(struct world *w)
{
    static const atomic_bool go_on;
    struct rx_error err = {0};
    rx_recalibration_step_begin(w->step, w->model);
    assert_ok(rx_recalibration_step_run(w->step, w->model, &go_on, &err), &err);
}

static const struct rx_overlay *in_force(struct world *w)
{
    const struct rx_model_set *set = rx_model_reader_enter(w->reader);
    const struct rx_overlay *overlay = rx_recalibration_of(set->recalibration, w->rug);
    rx_model_reader_leave(w->reader);
    return overlay; /* only this thread changes it */
}

/* Labels count when their time has come; a wrong model is put right; that outlives the process. */
static void test_adopts(void **state)
{
    (void)state;
    struct world w;
    struct rx_model_health health;
    begin(&w, 1);
    add_pools(&w, 900, 0.5, -1);
    assert_int_equal(count(&w, "SELECT count(*) FROM forecasts"), 900);
    read_to(&w, START + DAY - 1);
    run(&w);
    assert_int_equal(count(&w, "SELECT count(*) FROM forecasts WHERE outcomes IS NOT NULL"), 0);
    /* Fifty horizons have passed, one more not quite. */
    read_to(&w, START + DAY + 50 * STEP_S - 1);
    run(&w);
    assert_int_equal(count(&w, "SELECT count(*) FROM forecasts WHERE outcomes IS NOT NULL"), 50);
    assert_null(in_force(&w));
    assert_int_equal(audited(&w, "too_few_labels"), 1);
    read_to(&w, w.time + DAY);
    run(&w);
    assert_int_equal(audited(&w, "adopted"), 1);
    const struct rx_overlay *overlay = in_force(&w);
    assert_non_null(overlay);
    assert_int_equal(overlay->cal.kind, RX_CAL_PLATT);
    assert_true(fabs(overlay->cal.a - 0.5) < 0.25 && fabs(overlay->cal.b + 1) < 0.35);
    assert_int_equal(overlay->test.groups, 270);
    const double a = overlay->cal.a;
    /* Calibration in the large of what was said: a second finding in a row is told. */
    rx_health_board_get(w.board, rx_model_sha256(w.model), &health);
    assert_int_equal(health.labels.targets[w.rug].labels, 500);
    assert_int_equal(health.labels.targets[w.rug].grade, RX_DRIFT_DRIFT);
    assert_true(health.labels.targets[w.rug].oe < 0.8);
    assert_string_equal(health.labels.reason, "CalibrationDrift");
    /* Not again within the hour, nor without new labels. */
    run(&w);
    read_to(&w, w.time + DAY + 3601);
    run(&w);
    assert_int_equal(audited(&w, "adopted") + audited(&w, "rejected"), 1);
    rx_health_board_get(w.board, rx_model_sha256(w.model), &health);
    assert_string_equal(rx_model_health_status(&health), "False");
    stop(&w);

    start(&w, false, true);
    overlay = in_force(&w);
    assert_non_null(overlay);
    assert_true(fabs(overlay->cal.a - a) < 1e-12);
    stop(&w);

    start(&w, false, false); /* turned off */
    assert_null(in_force(&w));
    stop(&w);

    start(&w, true, true); /* another model */
    assert_null(in_force(&w));
    assert_int_equal(audited(&w, "dropped"), 1);
    assert_int_equal(count(&w, "SELECT count(*) FROM recalibration WHERE state LIKE '%target\"%'"),
                     0);
    end(&w);
}

/* A model that is right stays as it is. */
static void test_refuses(void **state)
{
    (void)state;
    struct world w;
    struct rx_model_health health;
    begin(&w, 4);
    add_pools(&w, 900, 1, 0);
    read_to(&w, w.time + DAY);
    run(&w);
    assert_int_equal(audited(&w, "rejected"), 1);
    assert_int_equal(audited(&w, "adopted"), 0);
    assert_null(in_force(&w));
    rx_health_board_get(w.board, rx_model_sha256(w.model), &health);
    assert_int_equal(health.labels.targets[w.rug].grade, RX_DRIFT_STABLE);
    assert_true(health.labels.targets[w.rug].lo < 1 && health.labels.targets[w.rug].hi > 1);
    end(&w);
}

/* What was right once is taken back when its own later labels say so. */
static void test_rolls_back(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 1);
    add_pools(&w, 900, 0.5, -1);
    read_to(&w, w.time + DAY);
    run(&w);
    assert_non_null(in_force(&w));
    w.time += 2 * DAY;
    add_pools(&w, 500, 1, 1);
    read_to(&w, w.time + DAY);
    run(&w);
    assert_int_equal(audited(&w, "rolled_back"), 1);
    const struct rx_overlay *overlay = in_force(&w);
    assert_true(!overlay || overlay->made_at > w.time * RX_MS_PER_S);
    end(&w);
}

/* Turned off: labels are collected and compared, nothing is fitted. */
static void test_disabled(void **state)
{
    (void)state;
    struct world w;
    struct rx_model_health health;
    begin(&w, 1);
    add_pools(&w, 600, 0.5, -1);
    stop(&w);
    start(&w, false, false);
    read_to(&w, w.time + DAY);
    run(&w);
    assert_null(in_force(&w));
    assert_int_equal(count(&w, "SELECT count(*) FROM recalibration_audit"), 0);
    rx_health_board_get(w.board, rx_model_sha256(w.model), &health);
    assert_int_equal(health.labels.targets[w.rug].labels, 500);
    end(&w);
}

/* Old forecasts go, and old lines of the audit trail. */
static void test_bounded(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 2);
    add_pools(&w, 100, 1, 0);
    struct rx_unit *unit = rx_unit_new();
    assert_non_null(unit);
    for (int i = 0; i < 1100; i++) {
        const struct rx_row_recalibration row = {.model = "m", .state = "", .event = "{}", .at = i};
        assert_int_equal(rx_unit_recalibration(unit, &row), 0);
    }
    assert_int_equal(rx_unit_prune_forecasts(unit, 0, 40), 0);
    assert_int_equal(rx_store_submit(w.store, unit, NULL), 0);
    assert_int_equal(count(&w, "SELECT count(*) FROM forecasts"), 40);
    assert_int_equal(count(&w, "SELECT count(*) FROM recalibration_audit"), 1000);
    assert_int_equal(count(&w, "SELECT count(*) FROM recalibration"), 0);
    read_to(&w, START + 121 * DAY);
    run(&w);
    assert_int_equal(count(&w, "SELECT count(*) FROM forecasts WHERE time < 1700086400"), 0);
    end(&w);
}

/* A state that is no state of this model is left out. */
static void test_damaged_state(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 2);
    struct rx_unit *unit = rx_unit_new();
    assert_non_null(unit);
    const struct rx_row_recalibration row = {
        .model = rx_model_sha256(w.model), .state = "{\"format\":1}", .event = "", .at = 1};
    assert_int_equal(rx_unit_recalibration(unit, &row), 0);
    assert_int_equal(rx_store_submit(w.store, unit, NULL), 0);
    stop(&w);
    start(&w, false, true);
    assert_null(in_force(&w));
    end(&w);
}

/* One damaged event costs one label, and is not looked at again. */
static void test_damaged_event(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 2);
    add_pools(&w, 60, 1, 0);
    struct rx_unit *unit = rx_unit_new();
    assert_non_null(unit);
    assert_int_equal(rx_unit_event(unit, &(struct rx_row_event){.pool = 7,
                                                                .block = 1000,
                                                                .time = START + 9 * STEP_S,
                                                                .kind = RX_EVENT_SYNC,
                                                                .data = {"\xff", 1}}),
                     0);
    assert_int_equal(rx_store_submit(w.store, unit, NULL), 0);
    read_to(&w, w.time + DAY);
    run(&w);
    assert_int_equal(count(&w, "SELECT count(*) FROM forecasts WHERE outcomes IS NOT NULL"), 60);
    assert_int_equal(count(&w, "SELECT count(*) FROM forecasts WHERE due IS NULL"), 1);
    struct rx_model_health health;
    rx_health_board_get(w.board, rx_model_sha256(w.model), &health);
    assert_int_equal(health.labels.targets[w.rug].labels, 59);
    end(&w);
}

static void test_board(void **state)
{
    (void)state;
    rx_auto(health_board) struct rx_health_board *board = rx_health_board_new();
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(1 << 16);
    struct rx_model_health health;
    struct rx_jw w;
    rx_health_board_get(NULL, "m", &health);
    assert_string_equal(rx_model_health_status(&health), "Unknown");
    const struct rx_health_columns good = {
        .told = RX_HEALTH_GOOD, .reason = "Stable", .baseline = 1000, .window = 500};
    const struct rx_health_labels bad = {.told = RX_HEALTH_BAD, .reason = "CalibrationDrift"};
    rx_health_board_set(board, "m", &good, NULL);
    rx_health_board_get(board, "m", &health);
    assert_string_equal(rx_model_health_status(&health), "True");
    rx_health_board_set(board, "m", NULL, &bad);
    rx_health_board_get(board, "m", &health);
    assert_string_equal(rx_model_health_status(&health), "False");
    rx_jw_init(&w, &text);
    rx_model_health_write(&w, &health);
    rx_buf_putc(&text, 0);
    assert_non_null(strstr(text.p, "\"reason\":\"CalibrationDrift\""));
    assert_non_null(strstr(text.p, "\"rows\":{\"baseline\":1000,\"window\":500}"));
    rx_health_board_set(board, "other", &good, NULL); /* what was found of m is forgotten */
    rx_health_board_get(board, "m", &health);
    assert_string_equal(rx_model_health_status(&health), "Unknown");
    rx_health_board_get(board, "other", &health);
    assert_string_equal(rx_model_health_status(&health), "True");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_adopts),        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_rolls_back),    cmocka_unit_test(test_disabled),
        cmocka_unit_test(test_bounded),       cmocka_unit_test(test_damaged_state),
        cmocka_unit_test(test_damaged_event), cmocka_unit_test(test_board),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
