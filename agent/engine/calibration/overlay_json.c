// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/calibration/overlay_json.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PREVIOUS 16
#define MAX_BYTES    (16u << 20)

void rx_overlay_set_clear(struct rx_overlay_set *set)
{
    for (size_t i = 0; i < set->n; i++) {
        rx_overlay_free(set->top[i]);
    }
    set->n = 0;
}

struct rx_overlay **rx_overlay_set_find(struct rx_overlay_set *set, const char *target)
{
    for (size_t i = 0; i < set->n; i++) {
        if (strcmp(set->top[i]->target, target) == 0) {
            return &set->top[i];
        }
    }
    return NULL;
}

int rx_overlay_set_push(struct rx_overlay_set *set, struct rx_overlay *overlay,
                        struct rx_error *err)
{
    struct rx_overlay **stack = rx_overlay_set_find(set, overlay->target);
    if (stack) {
        rx_overlay_push(stack, overlay);
        return 0;
    }
    if (set->n == RX_OVERLAY_MAX_TARGETS) {
        rx_overlay_free(overlay);
        return rx_error_set(err, RX_ELIMIT, "at most %d targets expected", RX_OVERLAY_MAX_TARGETS);
    }
    set->top[set->n++] = overlay;
    return 0;
}

int rx_overlay_set_rollback(struct rx_overlay_set *set, const char *target, int64_t now,
                            struct rx_recal_event *ret, struct rx_error *err)
{
    struct rx_overlay **stack = rx_overlay_set_find(set, target);
    if (!stack) {
        return rx_error_set(err, RX_EINVALID, "%s: no recalibration is in force", target);
    }
    int rc = rx_overlay_rollback(stack, now, ret, err);
    if (rc == 0 && !*stack) {
        *stack = set->top[--set->n];
    }
    return rc;
}

/* ---- writing ---- */

static void write_numbers(struct rx_jw *w, const char *key, const double *values, size_t n)
{
    rx_jw_key(w, key);
    rx_jw_begin_array(w);
    for (size_t i = 0; i < n; i++) {
        rx_jw_double(w, values[i]);
    }
    rx_jw_end_array(w);
}

/* The same form as a calibration of a model bundle. */
static void write_calibrator(struct rx_jw *w, const struct rx_calibrator *cal)
{
    rx_jw_key(w, "calibration");
    rx_jw_begin_object(w);
    rx_jw_kv_cstr(w, "method", rx_calibrator_kind_name(cal->kind));
    if (cal->kind == RX_CAL_ISOTONIC) {
        write_numbers(w, "x", cal->x, cal->n);
        write_numbers(w, "y", cal->y, cal->n);
    } else {
        rx_jw_kv_double(w, cal->kind == RX_CAL_TEMPERATURE ? "t" : "a", cal->a);
    }
    if (cal->kind == RX_CAL_PLATT || cal->kind == RX_CAL_BETA) {
        rx_jw_kv_double(w, "b", cal->b);
    }
    if (cal->kind == RX_CAL_BETA) {
        rx_jw_kv_double(w, "c", cal->c);
    }
    rx_jw_end_object(w);
}

static void write_test(struct rx_jw *w, const struct rx_recal_test *t)
{
    const struct {
        const char *name;
        double value;
    } rows[] = {
        {"log_loss_before", t->log_loss_before},
        {"log_loss_after", t->log_loss_after},
        {"log_loss_change", t->log_loss_change},
        {"log_loss_bound", t->log_loss_bound},
        {"brier_before", t->brier_before},
        {"brier_after", t->brier_after},
        {"brier_change", t->brier_change},
        {"brier_bound", t->brier_bound},
        {"oe_before", t->oe_before},
        {"oe_after", t->oe_after},
    };
    rx_jw_key(w, "test");
    rx_jw_begin_object(w);
    rx_jw_kv_i64(w, "n", (int64_t)t->n);
    rx_jw_kv_i64(w, "positives", (int64_t)t->positives);
    rx_jw_kv_i64(w, "groups", (int64_t)t->groups);
    rx_jw_kv_i64(w, "from", t->from);
    rx_jw_kv_i64(w, "to", t->to);
    for (size_t i = 0; i < RX_ARRAY_LEN(rows); i++) {
        rx_jw_kv_double(w, rows[i].name, rows[i].value);
    }
    rx_jw_end_object(w);
}

/* The members of an overlay, without its previous ones. */
static void write_overlay(struct rx_jw *w, const struct rx_overlay *o)
{
    rx_jw_kv_cstr(w, "target", o->target);
    rx_jw_kv_cstr(w, "model_version", o->model_version);
    rx_jw_kv_i64(w, "number", (int64_t)o->number);
    rx_jw_kv_i64(w, "made_at", o->made_at);
    write_calibrator(w, &o->cal);
    rx_jw_key(w, "fit");
    rx_jw_begin_object(w);
    rx_jw_kv_i64(w, "n", (int64_t)o->fit_n);
    rx_jw_kv_i64(w, "positives", (int64_t)o->fit_positives);
    rx_jw_kv_i64(w, "from", o->fit_from);
    rx_jw_kv_i64(w, "to", o->fit_to);
    rx_jw_end_object(w);
    write_test(w, &o->test);
}

void rx_overlay_set_write(struct rx_jw *w, const struct rx_overlay_set *set)
{
    rx_jw_begin_object(w);
    rx_jw_kv_cstr(w, "format", "radarx-recalibration");
    rx_jw_kv_i64(w, "format_version", 1);
    rx_jw_key(w, "targets");
    rx_jw_begin_array(w);
    for (size_t i = 0; i < set->n; i++) {
        rx_jw_begin_object(w);
        write_overlay(w, set->top[i]);
        rx_jw_key(w, "previous");
        rx_jw_begin_array(w);
        for (const struct rx_overlay *o = set->top[i]->previous; o; o = o->previous) {
            rx_jw_begin_object(w);
            write_overlay(w, o);
            rx_jw_end_object(w);
        }
        rx_jw_end_array(w);
        rx_jw_end_object(w);
    }
    rx_jw_end_array(w);
    rx_jw_end_object(w);
}

void rx_recal_event_write(struct rx_jw *w, const struct rx_recal_event *event)
{
    rx_jw_begin_object(w);
    rx_jw_kv_i64(w, "at", event->at);
    rx_jw_kv_cstr(w, "action", rx_recal_action_name(event->action));
    rx_jw_kv_cstr(w, "target", event->target);
    rx_jw_kv_cstr(w, "model_version", event->model_version);
    rx_jw_kv_cstr(w, "reason", event->reason);
    rx_jw_kv_i64(w, "matured", (int64_t)event->matured);
    rx_jw_kv_i64(w, "immature", (int64_t)event->immature);
    if (event->candidate) {
        rx_jw_key(w, "overlay");
        rx_jw_begin_object(w);
        write_overlay(w, event->candidate);
        rx_jw_end_object(w);
    }
    rx_jw_end_object(w);
}

/* ---- reading ---- */

static int parse_name(const struct rx_json *object, const char *key, char ret[RX_RECAL_NAME],
                      struct rx_error *err)
{
    const char *text = rx_json_cstr(rx_json_get(object, key), NULL);
    if (!text || !*text || strlen(text) >= RX_RECAL_NAME) {
        return rx_error_set(err, RX_EINVALID, "%s: a string of 1 to %d bytes expected", key,
                            RX_RECAL_NAME - 1);
    }
    snprintf(ret, RX_RECAL_NAME, "%s", text);
    return 0;
}

/* Numbers that an overlay keeps for the record: a missing one is NaN. */
static void parse_test(const struct rx_json *v, struct rx_recal_test *t)
{
    const struct {
        const char *name;
        double *to;
    } rows[] = {
        {"log_loss_before", &t->log_loss_before},
        {"log_loss_after", &t->log_loss_after},
        {"log_loss_change", &t->log_loss_change},
        {"log_loss_bound", &t->log_loss_bound},
        {"brier_before", &t->brier_before},
        {"brier_after", &t->brier_after},
        {"brier_change", &t->brier_change},
        {"brier_bound", &t->brier_bound},
        {"oe_before", &t->oe_before},
        {"oe_after", &t->oe_after},
    };
    t->n = rx_json_u64(rx_json_get(v, "n"), 0);
    t->positives = rx_json_u64(rx_json_get(v, "positives"), 0);
    t->groups = rx_json_u64(rx_json_get(v, "groups"), 0);
    t->from = rx_json_i64(rx_json_get(v, "from"), 0);
    t->to = rx_json_i64(rx_json_get(v, "to"), 0);
    for (size_t i = 0; i < RX_ARRAY_LEN(rows); i++) {
        *rows[i].to = rx_json_double(rx_json_get(v, rows[i].name), (double)NAN);
    }
}

static int parse_knots(const struct rx_json *v, struct rx_overlay *o, struct rx_error *err)
{
    const struct rx_json *arrays[] = {rx_json_get(v, "x"), rx_json_get(v, "y")};
    size_t n = rx_json_len(arrays[0]);
    if (n == 0 || n > RX_CAL_MAX_KNOTS || rx_json_len(arrays[1]) != n) {
        return rx_error_set(err, RX_EINVALID,
                            "calibration: x and y: 1 to %d numbers each, as many in both, expected",
                            RX_CAL_MAX_KNOTS);
    }
    o->knots = malloc(2 * n * sizeof(*o->knots));
    if (!o->knots) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    for (int i = 0; i < 2; i++) {
        size_t at = (size_t)i * n;
        RX_JSON_FOREACH (item, arrays[i]) {
            o->knots[at++] = rx_json_double(item.value, (double)NAN);
        }
    }
    o->cal.n = n;
    o->cal.x = o->knots;
    o->cal.y = o->knots + n;
    return 0;
}

static int parse_calibrator(const struct rx_json *v, struct rx_overlay *o, struct rx_error *err)
{
    double nan = (double)NAN;
    o->cal.kind = rx_calibrator_kind_of(rx_json_cstr(rx_json_get(v, "method"), ""));
    o->cal.a = rx_json_double(rx_json_get(v, o->cal.kind == RX_CAL_TEMPERATURE ? "t" : "a"), nan);
    o->cal.b = rx_json_double(rx_json_get(v, "b"), nan);
    o->cal.c = rx_json_double(rx_json_get(v, "c"), nan);
    int rc = o->cal.kind == RX_CAL_ISOTONIC ? parse_knots(v, o, err) : 0;
    return rc < 0 ? rc : rx_calibrator_validate(&o->cal, err);
}

static int parse_overlay(const struct rx_json *v, struct rx_overlay **ret, struct rx_error *err)
{
    rx_auto(overlay) struct rx_overlay *o = calloc(1, sizeof(*o));
    if (!o) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    int rc = parse_name(v, "target", o->target, err);
    if (rc == 0) {
        rc = parse_name(v, "model_version", o->model_version, err);
    }
    if (rc == 0) {
        rc = parse_calibrator(rx_json_get(v, "calibration"), o, err);
    }
    if (rc < 0) {
        return rc;
    }
    const struct rx_json *fit = rx_json_get(v, "fit");
    o->number = rx_json_u64(rx_json_get(v, "number"), 0) & INT64_MAX;
    o->made_at = rx_json_i64(rx_json_get(v, "made_at"), 0);
    o->fit_n = rx_json_u64(rx_json_get(fit, "n"), 0);
    o->fit_positives = rx_json_u64(rx_json_get(fit, "positives"), 0);
    o->fit_from = rx_json_i64(rx_json_get(fit, "from"), 0);
    o->fit_to = rx_json_i64(rx_json_get(fit, "to"), 0);
    parse_test(rx_json_get(v, "test"), &o->test);
    *ret = RX_TAKE(o);
    return 0;
}

/* An overlay with its previous ones, the newest of those first. */
static int parse_stack(const struct rx_json *v, struct rx_overlay **ret, struct rx_error *err)
{
    rx_auto(overlay) struct rx_overlay *top = NULL;
    int rc = parse_overlay(v, &top, err);
    struct rx_overlay **end = top ? &top->previous : NULL;
    const struct rx_json *previous = rx_json_get(v, "previous");
    if (rc == 0 && rx_json_len(previous) > MAX_PREVIOUS) {
        rc = rx_error_set(err, RX_ELIMIT, "previous: at most %d expected", MAX_PREVIOUS);
    }
    RX_JSON_FOREACH (item, previous) {
        rc = rc < 0 ? rc : parse_overlay(item.value, end, err);
        if (rc < 0) {
            break;
        }
        if (strcmp((*end)->target, top->target) != 0) {
            rc = rx_error_set(err, RX_EINVALID, "previous: target: %s expected, got %s",
                              top->target, (*end)->target);
        }
        end = &(*end)->previous;
    }
    if (rc == 0) {
        *ret = RX_TAKE(top);
    }
    return rc;
}

int rx_overlay_set_parse(struct rx_str text, struct rx_overlay_set *ret, struct rx_error *err)
{
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    rx_auto(overlay_set) struct rx_overlay_set set = {0};
    struct rx_json_limits limits = {.max_bytes = MAX_BYTES};
    int rc = rx_json_parse(text, &limits, &doc, err);
    if (rc < 0) {
        return rc;
    }
    const struct rx_json *root = rx_json_root(doc);
    if (!rx_str_is(rx_json_str(rx_json_get(root, "format")), "radarx-recalibration") ||
        rx_json_i64(rx_json_get(root, "format_version"), 0) != 1) {
        return rx_error_set(err, RX_EINVALID,
                            "format: radarx-recalibration of format_version 1 expected");
    }
    RX_JSON_FOREACH (item, rx_json_get(root, "targets")) {
        struct rx_overlay *stack = NULL;
        rc = parse_stack(item.value, &stack, err);
        if (rc < 0) {
            return rc == -ENOMEM || !err ? rc
                                         : (rx_error_wrap(err, "targets[%zu]", item.index), rc);
        }
        if (rx_overlay_set_find(&set, stack->target)) {
            rx_error_set(err, RX_EINVALID, "targets[%zu]: %s appears twice", item.index,
                         stack->target);
            rx_overlay_free(stack);
            return RX_EINVALID;
        }
        rc = rx_overlay_set_push(&set, stack, err);
        if (rc < 0) {
            return rc;
        }
    }
    *ret = set;
    set.n = 0;
    return 0;
}
