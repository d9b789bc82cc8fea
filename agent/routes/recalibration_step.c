// SPDX-License-Identifier: Apache-2.0
#include "agent/routes/recalibration_step.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/metrics.h"

#define EVERY_MS     3600000
#define MAX_MATURE   2000  /* forecasts a run */
#define MATURE_MS    10000 /* of a run */
#define KEEP_DAYS    120
#define WINDOW       500 /* newest labels of a target that the verdict is about */
#define NEW_LABELS   50  /* a target is tried again with so many new ones, and a fifth */
#define MAX_STATE    (8u << 20)
#define MAX_EVENT    (1u << 20)
#define RAISE_AFTER  2 /* findings in a row that change the verdict */
#define LOWEST_LABEL INT64_MIN

struct rx_recalibration_step {
    struct rx_recalibration_options o;
    char sha256[65];           /* of the model that the rest is about; "" before the first */
    struct rx_overlay_set set; /* owned: what is in force, with what was before */
    int64_t last_ms;           /* of the last run; -1: none */
    int64_t tried[RX_MODEL_MAX_TARGETS]; /* labels known by then were tried */
    struct rx_hysteresis hysteresis;
    struct rx_metric *actions[4], *in_force, *labels, *calibrated;
};

/* The labels of one model, for one target at a time. */
struct labels {
    struct rx_forecasts *forecasts; /* owned, like the rest */
    struct rx_recal_row *rows;
    double *p;
    size_t n;
};

static void labels_fini(struct labels *labels)
{
    rx_forecasts_free(labels->forecasts);
    free(labels->rows);
    free(labels->p);
}
RX_DEFINE_CLEANUP_INPLACE(labels, struct labels, labels_fini);

static const struct rx_metric_desc actions_desc = {
    .name = "radarx_recalibrations_total",
    .help = "Attempts to recalibrate a target by their result",
    .type = RX_COUNTER,
    .labels = {"result", NULL}};
static const struct rx_metric_desc in_force_desc = {
    .name = "radarx_recalibrated_targets",
    .help = "Targets whose probabilities are recalibrated",
    .type = RX_GAUGE};
static const struct rx_metric_desc labels_desc = {
    .name = "radarx_matured_forecasts",
    .help = "Forecasts of the active model with a known outcome",
    .type = RX_GAUGE};

static const struct rx_metric_desc calibrated_desc = {
    .name = "radarx_model_calibrated",
    .help = "Whether labels agree with what was answered: 1 yes, 0 no, -1 not known yet",
    .type = RX_GAUGE};

int rx_recalibration_step_new(const struct rx_recalibration_options *options,
                              struct rx_recalibration_step **ret, struct rx_error *err)
{
    struct rx_recalibration_step *step = calloc(1, sizeof(*step));
    if (!step) {
        return rx_error_errno(err, ENOMEM, "recalibration");
    }
    struct rx_family *actions = rx_family(options->metrics, &actions_desc);
    for (size_t i = 0; i < RX_ARRAY_LEN(step->actions); i++) {
        const char *name = rx_recal_action_name((enum rx_recal_action)i);
        step->actions[i] = rx_metric(actions, &name);
    }
    step->o = *options;
    step->last_ms = -1;
    step->hysteresis =
        (struct rx_hysteresis){.raise_after = RAISE_AFTER, .clear_after = RAISE_AFTER};
    step->in_force = rx_metric(rx_family(options->metrics, &in_force_desc), NULL);
    step->labels = rx_metric(rx_family(options->metrics, &labels_desc), NULL);
    step->calibrated = rx_metric(rx_family(options->metrics, &calibrated_desc), NULL);
    rx_metric_set(step->calibrated, -1);
    *ret = step;
    return 0;
}

void rx_recalibration_step_free(struct rx_recalibration_step *step)
{
    if (step) {
        rx_overlay_set_clear(&step->set);
        free(step);
    }
}

/* ---- what is in force ---- */

static void write_state(const struct rx_recalibration_step *step, struct rx_buf *out)
{
    struct rx_jw w;
    rx_jw_init(&w, out);
    rx_overlay_set_write(&w, &step->set);
    rx_buf_putc(out, 0);
}

/* Readers see what the step has. */
static int publish(struct rx_recalibration_step *step, const struct rx_model *model,
                   struct rx_error *err)
{
    rx_auto(buf) struct rx_buf state = RX_BUF_INIT(MAX_STATE);
    struct rx_recalibration *made = NULL;
    rx_metric_set(step->in_force, (double)step->set.n);
    if (step->set.n > 0) {
        write_state(step, &state);
        if (state.error) {
            return rx_error_set(err, -ENOMEM, "recalibration: out of memory");
        }
        const int r = rx_recalibration_new(model, rx_str_of(state.p), &made, err);
        if (r < 0) {
            return r;
        }
    }
    return rx_model_registry_recalibrate(step->o.models, made, err);
}

/* Into the unit: the state as it is now, and an event ("" = none). */
static int keep(const struct rx_recalibration_step *step, struct rx_unit *unit, const char *event)
{
    rx_auto(buf) struct rx_buf state = RX_BUF_INIT(MAX_STATE);
    write_state(step, &state);
    return state.error ? -ENOMEM
                       : rx_unit_recalibration(unit, &(struct rx_row_recalibration){
                                                         .model = step->sha256,
                                                         .state = state.p,
                                                         .event = event,
                                                         .at = rx_clock_real_ms(step->o.clock)});
}

/* The model has changed: what is stored is for the one before. */
static void drop_stored(struct rx_recalibration_step *step, const char *of)
{
    rx_auto(unit) struct rx_unit *unit = rx_unit_new();
    rx_auto(buf) struct rx_buf event = RX_BUF_INIT(MAX_EVENT);
    struct rx_jw w;
    rx_jw_init(&w, &event);
    rx_jw_begin_object(&w);
    rx_jw_kv_i64(&w, "at", rx_clock_real_ms(step->o.clock));
    rx_jw_kv_cstr(&w, "action", "dropped");
    rx_jw_kv_cstr(&w, "model_sha256", of);
    rx_jw_kv_cstr(&w, "reason", "another model is active");
    rx_jw_end_object(&w);
    rx_buf_putc(&event, 0);
    rx_info("recalibration dropped: another model is active", RX_F_S("model_sha256", of));
    if (!unit || event.error || keep(step, unit, event.p) < 0 ||
        rx_store_submit(step->o.store, RX_TAKE(unit), NULL) < 0) {
        rx_warn("the dropped recalibration could not be written down");
    }
}

void rx_recalibration_step_begin(struct rx_recalibration_step *step, const struct rx_model *model)
{
    rx_auto(buf) struct rx_buf state = RX_BUF_INIT(MAX_STATE);
    struct rx_error err = {0};
    char of[65] = "";
    if (strcmp(step->sha256, rx_model_sha256(model)) == 0) {
        return;
    }
    snprintf(step->sha256, sizeof(step->sha256), "%s", rx_model_sha256(model));
    rx_overlay_set_clear(&step->set);
    step->last_ms = -1;
    step->hysteresis.told = RX_HEALTH_UNKNOWN;
    step->hysteresis.bad = step->hysteresis.good = 0;
    for (size_t t = 0; t < RX_ARRAY_LEN(step->tried); t++) {
        step->tried[t] = LOWEST_LABEL;
    }
    rx_metric_set(step->in_force, 0);
    rx_metric_set(step->labels, 0);
    rx_metric_set(step->calibrated, -1);
    if (!step->o.enabled) {
        return;
    }
    int r = rx_store_recalibration(step->o.store, of, &state, &err);
    if (r == 1 && strcmp(of, step->sha256) != 0) {
        drop_stored(step, of);
        return;
    }
    r = r == 1 ? rx_overlay_set_parse(rx_buf_str(&state), &step->set, &err) : r;
    r = r == 0 && step->set.n > 0 ? publish(step, model, &err) : r;
    if (r < 0) {
        rx_overlay_set_clear(&step->set);
        rx_warn("the stored recalibration is left out", RX_F_ERR(&err));
    } else if (step->set.n > 0) {
        rx_info("recalibration in force again", RX_F_I("targets", step->set.n));
    }
}

/* ---- the labels ---- */

static int load(struct rx_recalibration_step *step, const struct rx_model *model,
                struct labels *labels, struct rx_error *err)
{
    const int r = rx_forecasts_load(step->o.store, model, &labels->forecasts, err);
    if (r < 0) {
        return r;
    }
    const size_t n = rx_forecasts_n(labels->forecasts);
    rx_metric_set(step->labels, (double)n);
    labels->rows = malloc((n + 1) * sizeof(*labels->rows));
    labels->p = malloc((n + 1) * sizeof(*labels->p));
    return labels->rows && labels->p ? 0
                                     : rx_error_set(err, -ENOMEM, "recalibration: out of memory");
}

/* The newest labels of each target, as the drift test wants them. */
struct comparison {
    struct rx_drift_target targets[RX_MODEL_MAX_TARGETS];
    struct rx_drift_target_result results[RX_MODEL_MAX_TARGETS];
    double p[RX_MODEL_MAX_TARGETS][WINDOW], y[RX_MODEL_MAX_TARGETS][WINDOW];
};

static double independent(const struct rx_recal_row *rows, size_t n)
{
    size_t groups = 0;
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        while (k < i && rows[k].group != rows[i].group) {
            k++;
        }
        groups += k == i;
    }
    return n > 0 ? (double)groups / (double)n : 1;
}

static void take_window(struct comparison *c, size_t t, const char *name,
                        const struct labels *labels)
{
    const size_t n = labels->n < WINDOW ? labels->n : WINDOW;
    for (size_t i = 0; i < n; i++) {
        c->p[t][i] = labels->p[i];
        c->y[t][i] = labels->rows[i].y;
    }
    c->targets[t] = (struct rx_drift_target){
        .name = name, .current = {c->p[t], c->y[t], n, independent(labels->rows, n)}};
}

static struct rx_health_target health_of(const struct rx_drift_target *target,
                                         const struct rx_drift_target_result *result)
{
    struct rx_health_target out = {.labels = target->current.n,
                                   .expected = RX_NAN,
                                   .oe = RX_NAN,
                                   .lo = RX_NAN,
                                   .hi = RX_NAN,
                                   .q = RX_NAN,
                                   .grade = result->grade};
    snprintf(out.name, sizeof(out.name), "%s", target->name);
    if (result->has_current) {
        out.positives = result->current.positives;
        out.expected = result->current.mean_p;
        out.oe = result->current.oe;
        out.lo = result->current.oe_lo;
        out.hi = result->current.oe_hi;
        out.q = result->oe_q;
    }
    return out;
}

/* Calibration in the large of what was said, from the newest labels. */
static int compare(struct rx_recalibration_step *step, const struct rx_model *model,
                   struct labels *labels, struct rx_error *err)
{
    const struct rx_drift_options options = rx_drift_defaults();
    const size_t n = rx_model_targets(model);
    struct rx_health_labels found = {.n = n};
    rx_autofree struct comparison *c = calloc(1, sizeof(*c));
    if (!c) {
        return rx_error_set(err, -ENOMEM, "recalibration: out of memory");
    }
    for (size_t t = 0; t < n; t++) {
        labels->n = rx_forecasts_labels(labels->forecasts, model, t, labels->rows, labels->p);
        take_window(c, t, rx_model_target_name(model, t), labels);
    }
    const int r = rx_drift_targets(c->targets, n, &options, c->results, err);
    if (r < 0) {
        return r;
    }
    const struct rx_drift_report report = {
        .targets = c->targets, .target_results = c->results, .n_targets = n};
    struct rx_verdict verdict;
    rx_drift_judge(&report, &options, &verdict);
    const enum rx_health before = step->hysteresis.told;
    found.told = rx_hysteresis_update(&step->hysteresis, verdict.health);
    snprintf(found.reason, sizeof(found.reason), "%s", verdict.reason);
    snprintf(found.message, sizeof(found.message), "%s", verdict.message);
    for (size_t t = 0; t < n; t++) {
        found.targets[t] = health_of(&c->targets[t], &c->results[t]);
    }
    rx_health_board_set(step->o.board, step->sha256, NULL, &found);
    rx_metric_set(step->calibrated, found.told == RX_HEALTH_GOOD  ? 1
                                    : found.told == RX_HEALTH_BAD ? 0
                                                                  : -1);
    if (found.told == RX_HEALTH_BAD && before != RX_HEALTH_BAD) {
        rx_warn("the model is not right any more", RX_F_S("reason", verdict.reason),
                RX_F_S("message", verdict.message));
    }
    return 0;
}

/* ---- maps ---- */

/* Whether enough labels have come since the target was last tried. */
static bool is_due(const struct rx_recalibration_step *step, size_t target,
                   const struct labels *labels, int64_t now)
{
    size_t fresh = 0, known = 0;
    for (size_t i = 0; i < labels->n; i++) {
        const int64_t at = labels->rows[i].known_at;
        known += at <= now;
        fresh += at <= now && at > step->tried[target];
    }
    return fresh >= NEW_LABELS && fresh * 5 >= known;
}

/* The log, the metrics and the unit learn of it. */
static int tell(struct rx_recalibration_step *step, const struct rx_recal_event *event,
                struct rx_unit *unit)
{
    rx_auto(buf) struct rx_buf line = RX_BUF_INIT(MAX_EVENT);
    struct rx_jw w;
    rx_jw_init(&w, &line);
    rx_recal_event_write(&w, event);
    rx_buf_putc(&line, 0);
    rx_metric_inc(step->actions[event->action]);
    rx_info("recalibration", RX_F_S("target", event->target),
            RX_F_S("result", rx_recal_action_name(event->action)), RX_F_S("reason", event->reason),
            RX_F_I("labels", event->matured));
    return line.error ? -ENOMEM : keep(step, unit, line.p);
}

static int roll_back_if_worse(struct rx_recalibration_step *step, const char *target,
                              const struct labels *labels, int64_t now, struct rx_unit *unit,
                              struct rx_error *err)
{
    const struct rx_recal_options options = rx_recal_defaults();
    rx_auto(recal_event) struct rx_recal_event event = {0};
    struct rx_overlay **top = rx_overlay_set_find(&step->set, target);
    struct rx_recal_test test;
    bool worse = false;
    int r =
        top ? rx_recal_guard(*top, labels->rows, labels->n, now, &options, &worse, &test, err) : 0;
    if (r < 0 || !worse) {
        return r;
    }
    r = rx_overlay_set_rollback(&step->set, target, now, &event, err);
    if (r == 0) {
        event.matured = labels->n;
        event.candidate->test = test;
        r = tell(step, &event, unit);
    }
    return r < 0 ? r : 1;
}

static int try_fit(struct rx_recalibration_step *step, const struct rx_model *model,
                   const char *target, const struct labels *labels, int64_t now,
                   struct rx_unit *unit, struct rx_error *err)
{
    const struct rx_recal_options options = rx_recal_defaults();
    rx_auto(recal_event) struct rx_recal_event event = {0};
    struct rx_overlay **top = rx_overlay_set_find(&step->set, target);
    int r = rx_recalibrate(target, rx_model_version(model), labels->rows, labels->n, now, &options,
                           top ? *top : NULL, &event, err);
    if (r < 0 || event.action != RX_RECAL_ADOPTED) {
        return r < 0 ? r : tell(step, &event, unit);
    }
    /* The event is written with the state that it leads to, so the set comes first; the event needs
     * its overlay until then. */
    struct rx_overlay *adopted = event.candidate;
    event.candidate = NULL;
    r = rx_overlay_set_push(&step->set, adopted, err);
    if (r == 0) {
        event.candidate = adopted;
        r = tell(step, &event, unit);
        event.candidate = NULL;
    }
    return r < 0 ? r : 1;
}

/* 1 = what is in force for the target has changed. */
static int do_target(struct rx_recalibration_step *step, const struct rx_model *model, size_t t,
                     struct labels *labels, int64_t now, struct rx_unit *unit, struct rx_error *err)
{
    const char *name = rx_model_target_name(model, t);
    labels->n = rx_forecasts_labels(labels->forecasts, model, t, labels->rows, labels->p);
    if (!is_due(step, t, labels, now)) {
        return 0;
    }
    step->tried[t] = now;
    const int back = roll_back_if_worse(step, name, labels, now, unit, err);
    if (back < 0) {
        return back;
    }
    const int r = try_fit(step, model, name, labels, now, unit, err);
    return r < 0 ? r : r | back;
}

static int do_targets(struct rx_recalibration_step *step, const struct rx_model *model,
                      struct labels *labels, int64_t now, const atomic_bool *cancel,
                      struct rx_error *err)
{
    rx_auto(unit) struct rx_unit *unit = rx_unit_new();
    int changed = 0, r = unit ? 0 : rx_error_set(err, -ENOMEM, "recalibration: out of memory");
    for (size_t t = 0; r == 0 && t < rx_model_targets(model); t++) {
        r = do_target(step, model, t, labels, now, unit, err);
        changed |= r == 1;
        r = r < 0 ? r : 0;
    }
    if (r == 0 && changed) {
        r = publish(step, model, err);
    }
    if (r == 0 && rx_unit_rows(unit) > 0) {
        r = rx_store_submit(step->o.store, RX_TAKE(unit), cancel);
    }
    return r;
}

static int prune(struct rx_recalibration_step *step, int64_t now, const atomic_bool *cancel)
{
    rx_auto(unit) struct rx_unit *unit = rx_unit_new();
    const int64_t oldest = now / RX_MS_PER_S - (int64_t)KEEP_DAYS * 86400;
    if (!unit || rx_unit_prune_forecasts(unit, oldest, 3 * RX_FORECASTS_MAX) < 0) {
        return -ENOMEM;
    }
    return rx_store_submit(step->o.store, RX_TAKE(unit), cancel);
}

int rx_recalibration_step_run(struct rx_recalibration_step *step, const struct rx_model *model,
                              const atomic_bool *cancel, struct rx_error *err)
{
    const int64_t now = rx_clock_real_ms(step->o.clock);
    const int64_t deadline = rx_clock_monotonic_ms(step->o.clock) + MATURE_MS;
    rx_auto(labels) struct labels labels = {0};
    size_t matured;
    if (step->last_ms >= 0 && now - step->last_ms < EVERY_MS) {
        return 0;
    }
    step->last_ms = now;
    int r = prune(step, now, cancel);
    r = r == 0 ? rx_store_flush(step->o.store, cancel) : r;
    if (r == 0) {
        r = rx_forecasts_mature(step->o.store, model, MAX_MATURE, step->o.clock, deadline, cancel,
                                &matured, err);
    }
    r = r == 0 ? rx_store_flush(step->o.store, cancel) : r;
    r = r == 0 ? load(step, model, &labels, err) : r;
    r = r == 0 ? compare(step, model, &labels, err) : r;
    if (r == 0 && step->o.enabled) {
        r = do_targets(step, model, &labels, now, cancel, err);
    }
    return r;
}
