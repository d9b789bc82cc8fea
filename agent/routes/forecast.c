// SPDX-License-Identifier: Apache-2.0
#include "agent/routes/forecast.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/engine/features/labels.h"
#include "agent/sources/evm_abi.h"
#include "common/base/log.h"
#include "common/base/parse.h"

#define MAX_EVENTS 200000 /* of a pool within a forecast's longest horizon */
#define DAY_S      86400
#define OUTCOMES   ((size_t)(2 * RX_HORIZONS)) /* lowest and highest of each horizon */

static const int64_t horizon_s[RX_HORIZONS] = {DAY_S, (int64_t)7 * DAY_S, (int64_t)30 * DAY_S};
static const double multiples[RX_MULTIPLIERS] = {2, 5, 10, 20, 50};

struct forecast {
    int64_t time;
    uint64_t group;
    double outcomes[2 * RX_HORIZONS];        /* NaN: not known yet */
    double values[2 * RX_MODEL_MAX_TARGETS]; /* log-odds of the model alone and p, by target */
};

struct rx_forecasts {
    size_t n, targets;
    struct forecast rows[];
};

/* ---- keeping ---- */

/* Upper ends of the bands, in hours; the last is the model's. */
static int band_of(const struct rx_model *model, double age_h)
{
    static const double ends[] = {6, 24};
    int band = 0;
    if (!(age_h >= rx_model_min_age_h(model)) || age_h > rx_model_max_age_h(model)) {
        return -1;
    }
    while (band < (int)RX_ARRAY_LEN(ends) && age_h >= ends[band]) {
        band++;
    }
    return band;
}

/* Numbers are kept as the machine has them: a store stays with its machine's kind. */
int rx_forecast_add(struct rx_unit *unit, const struct rx_model *model,
                    const struct rx_snapshot *snapshot, const struct rx_as_of *as_of,
                    const struct rx_score *score)
{
    double values[2 * RX_MODEL_MAX_TARGETS];
    const int band = band_of(model, score->age_h);
    if (band < 0 || snapshot->n_pools == 0 || score->n_targets == 0 || !score->targets[0].known) {
        return 0;
    }
    for (size_t t = 0; t < score->n_targets; t++) {
        values[2 * t] = score->estimates[t].base;
        values[2 * t + 1] = score->estimates[t].p;
    }
    struct rx_row_forecast row = {
        .model = rx_model_sha256(model),
        .chain = snapshot->chain,
        .band = band,
        .time = as_of->time,
        .due = as_of->time + horizon_s[0],
        .forecast = {(const char *)values, 2 * score->n_targets * sizeof(*values)}};
    if (rx_parse_hex_bytes(rx_str_of(snapshot->pools[0].pair), row.pair, sizeof(row.pair)) < 0) {
        return 0;
    }
    return rx_unit_forecast(unit, &row);
}

/* ---- maturing ---- */

/* Events of a pool from the last one before a forecast on. */
struct tape {
    const struct rx_due_forecast *due;
    const struct rx_pool_meta *meta;
    struct rx_sync *events; /* owned */
    size_t n, room, seen;
    bool unusable; /* too many events, or a damaged one: nothing will be known */
};

static void tape_fini(struct tape *tape)
{
    free(tape->events);
}
RX_DEFINE_CLEANUP_INPLACE(tape, struct tape, tape_fini);

static int add_event(struct tape *tape, const struct rx_sync *event)
{
    if (tape->n == tape->room) {
        const size_t room = tape->room ? 2 * tape->room : 256;
        struct rx_sync *events = realloc(tape->events, room * sizeof(*events));
        if (!events) {
            return -ENOMEM;
        }
        tape->events = events;
        tape->room = room;
    }
    tape->events[tape->n++] = *event;
    return 0;
}

static int on_event(const struct rx_row_event *row, void *arg)
{
    struct tape *tape = arg;
    struct evm_log log = {0};
    double weth, token;
    if (row->kind != RX_EVENT_SYNC || tape->unusable ||
        row->time > tape->due->time + horizon_s[RX_HORIZONS - 1]) {
        return 0;
    }
    struct rx_sync event = {.block = row->block, .log_index = row->logi, .time = row->time};
    if (!evm_unpack(row->kind, row->data, &log) ||
        !rx_u256_to_u128(&log.word[0], &event.reserve[0]) ||
        !rx_u256_to_u128(&log.word[1], &event.reserve[1])) {
        return -EUCLEAN;
    }
    if (!rx_label_reserves(tape->meta, &event, &weth, &token)) {
        return 0;
    }
    if (row->time <= tape->due->time) {
        tape->n = 0; /* only the last one before the forecast counts */
        tape->seen = 1;
    }
    tape->unusable = tape->n >= MAX_EVENTS;
    return tape->unusable ? 0 : add_event(tape, &event);
}

/* Outcomes of all horizons that the recording covers; when there is more to learn, or -1. */
static int64_t judge(const struct tape *tape, double outcomes[2 * RX_HORIZONS])
{
    const struct rx_due_forecast *due = tape->due;
    int64_t next = -1;
    for (size_t h = RX_HORIZONS; h-- > 0;) {
        struct rx_outcome outcome = {false, RX_NAN, RX_NAN};
        if (due->time + horizon_s[h] > due->end) {
            next = tape->unusable ? -1 : due->time + horizon_s[h];
        } else if (!tape->unusable) {
            rx_label_outcome(tape->meta, tape->events, tape->n, tape->seen, (double)due->time,
                             (double)horizon_s[h], (double)due->end, &outcome);
        }
        outcomes[2 * h] = outcome.lowest;
        outcomes[2 * h + 1] = outcome.highest;
    }
    return next;
}

static int mature_one(struct rx_store *store, struct rx_unit *unit,
                      const struct rx_due_forecast *due, struct rx_error *err)
{
    const struct rx_pool_meta meta = {.decimals =
                                          due->decimals < 0 ? RX_DECIMALS_UNKNOWN : due->decimals,
                                      .weth_pos = due->pool.weth_pos,
                                      .clock = RX_POOL_SECONDS};
    rx_auto(tape) struct tape tape = {.due = due, .meta = &meta};
    double outcomes[2 * RX_HORIZONS];
    int r = rx_store_read_pool(store, due->pool.id, on_event, &tape, err);
    if (r == -EUCLEAN) {
        rx_warn("a stored event is damaged: what came of a forecast stays unknown",
                RX_F_I("pool", due->pool.id));
        tape.unusable = true;
        r = 0;
    }
    if (r == -ENOMEM) {
        return rx_error_set(err, r, "outcomes: out of memory");
    }
    if (r == 0) {
        const int64_t next = judge(&tape, outcomes);
        r = rx_unit_outcome(
            unit, &(struct rx_row_outcome){.id = due->id,
                                           .due = next,
                                           .outcomes = {(const char *)outcomes, sizeof(outcomes)}});
        if (r < 0) {
            return rx_error_set(err, r, "outcomes: out of memory");
        }
    }
    return r;
}

int rx_forecasts_mature(struct rx_store *store, const struct rx_model *model, size_t max,
                        const struct rx_clock *clock, int64_t deadline_ms,
                        const atomic_bool *cancel, size_t *ret_n, struct rx_error *err)
{
    rx_autofree struct rx_due_forecast *due = malloc((max + 1) * sizeof(*due));
    rx_auto(unit) struct rx_unit *unit = rx_unit_new();
    size_t n = 0;
    *ret_n = 0;
    if (!due || !unit) {
        return rx_error_set(err, -ENOMEM, "outcomes: out of memory");
    }
    int r = rx_store_due_forecasts(store, rx_model_sha256(model), due, max, &n, err);
    for (size_t i = 0;
         r == 0 && i < n && !atomic_load(cancel) && rx_clock_monotonic_ms(clock) <= deadline_ms;
         i++) {
        r = mature_one(store, unit, &due[i], err);
        *ret_n += r == 0;
    }
    if (*ret_n > 0) {
        const int submitted = rx_store_submit(store, RX_TAKE(unit), cancel);
        r = r == 0 ? submitted : r;
    }
    return r;
}

/* ---- reading back ---- */

static int on_forecast(const struct rx_row_forecast *row, struct rx_str outcomes, void *arg)
{
    struct rx_forecasts *f = arg;
    struct forecast *to = &f->rows[f->n];
    if (row->forecast.n != 2 * f->targets * sizeof(double) ||
        outcomes.n != OUTCOMES * sizeof(double)) {
        return 0; /* not of this model's form: nothing can be learned from it */
    }
    to->time = row->time;
    memcpy(&to->group, row->pair + sizeof(row->pair) - sizeof(to->group), sizeof(to->group));
    memcpy(to->values, row->forecast.p, row->forecast.n);
    memcpy(to->outcomes, outcomes.p, outcomes.n);
    f->n++;
    return 0;
}

int rx_forecasts_load(struct rx_store *store, const struct rx_model *model,
                      struct rx_forecasts **ret, struct rx_error *err)
{
    rx_auto(forecasts) struct rx_forecasts *f =
        malloc(sizeof(*f) + RX_FORECASTS_MAX * sizeof(f->rows[0]));
    if (!f) {
        return rx_error_set(err, -ENOMEM, "forecasts: out of memory");
    }
    f->n = 0;
    f->targets = rx_model_targets(model);
    const int r =
        rx_store_outcomes(store, rx_model_sha256(model), RX_FORECASTS_MAX, on_forecast, f, err);
    if (r == 0) {
        *ret = RX_TAKE(f);
    }
    return r;
}

void rx_forecasts_free(struct rx_forecasts *forecasts)
{
    free(forecasts);
}

size_t rx_forecasts_n(const struct rx_forecasts *forecasts)
{
    return forecasts->n;
}

/* "rug_24h", "x2_24h": its horizon and multiple (0 = the rug). */
static bool parse_target(const char *name, size_t *horizon, double *multiple)
{
    char wanted[32];
    for (size_t h = 0; h < RX_HORIZONS; h++) {
        for (size_t m = 0; m <= RX_MULTIPLIERS; m++) {
            if (m == RX_MULTIPLIERS) {
                snprintf(wanted, sizeof(wanted), "rug_%s", rx_horizons[h]);
            } else {
                snprintf(wanted, sizeof(wanted), "x%.0f_%s", multiples[m], rx_horizons[h]);
            }
            if (strcmp(name, wanted) == 0) {
                *horizon = h;
                *multiple = m == RX_MULTIPLIERS ? 0 : multiples[m];
                return true;
            }
        }
    }
    return false;
}

size_t rx_forecasts_labels(const struct rx_forecasts *forecasts, const struct rx_model *model,
                           size_t target, struct rx_recal_row *rows, double *p)
{
    size_t n = 0, h;
    double multiple;
    if (!parse_target(rx_model_target_name(model, target), &h, &multiple)) {
        return 0;
    }
    for (size_t i = 0; i < forecasts->n; i++) {
        const struct forecast *f = &forecasts->rows[i];
        const struct rx_outcome outcome = {!isnan(f->outcomes[2 * h]), f->outcomes[2 * h],
                                           f->outcomes[2 * h + 1]};
        const double y = rx_label_value(&outcome, multiple);
        const double base = f->values[2 * target];
        if (isnan(y) || !isfinite(base)) {
            continue;
        }
        rows[n] = (struct rx_recal_row){.scored_at = f->time * RX_MS_PER_S,
                                        .known_at = (f->time + horizon_s[h]) * RX_MS_PER_S,
                                        .group = f->group,
                                        .log_odds = base,
                                        .y = y};
        p[n++] = f->values[2 * target + 1];
    }
    return n;
}
