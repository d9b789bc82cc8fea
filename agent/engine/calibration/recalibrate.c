// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/calibration/recalibrate.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/engine/calibration/fit.h"
#include "agent/engine/math/special.h"

#define MAX_PREVIOUS 8

struct rx_recal_options rx_recal_defaults(void)
{
    return (struct rx_recal_options){
        .min_fit = 100,
        .min_fit_class = 10,
        .min_test = 50,
        .min_test_class = 5,
        .isotonic_fit = 1000,
        .isotonic_class = 100,
        .test_share = 0.3,
        .level = 0.95,
        .margin_log_loss = 0.005,
        .margin_brier = 0.002,
    };
}

const char *rx_recal_action_name(enum rx_recal_action action)
{
    static const char *const names[] = {"too_few_labels", "rejected", "adopted", "rolled_back"};
    return names[action];
}

void rx_overlay_free(struct rx_overlay *overlay)
{
    while (overlay) {
        struct rx_overlay *previous = overlay->previous;
        free(overlay->knots);
        free(overlay);
        overlay = previous;
    }
}

void rx_recal_event_clear(struct rx_recal_event *event)
{
    rx_overlay_free(event->candidate);
    event->candidate = NULL;
}

double rx_overlay_apply(const struct rx_overlay *overlay, double log_odds)
{
    return overlay ? rx_calibrator_apply(&overlay->cal, log_odds) : log_odds;
}

/* Matured rows in order of time; the first n_fit to fit, those from test_at on to test. */
struct split {
    struct rx_recal_row *rows; /* owned */
    size_t n, n_fit, test_at;
};

static void split_free(struct split *split)
{
    free(split->rows);
}
RX_DEFINE_CLEANUP_INPLACE(split, struct split, split_free);

static int by_time(const void *a, const void *b)
{
    const struct rx_recal_row *x = a, *y = b;
    if (x->scored_at != y->scored_at) {
        return x->scored_at > y->scored_at ? 1 : -1;
    }
    if (x->group != y->group) {
        return x->group > y->group ? 1 : -1;
    }
    return (x->log_odds > y->log_odds) - (x->log_odds < y->log_odds);
}

/* 1 = usable now, 0 = not, or an error. */
static int check_row(const struct rx_recal_row *row, size_t i, int64_t now, size_t *immature,
                     struct rx_error *err)
{
    if (row->known_at < row->scored_at) {
        return rx_error_set(err, RX_EINVALID,
                            "row %zu: known_at: a time not before scored_at expected", i);
    }
    if (isinf(row->log_odds)) {
        return rx_error_set(err, RX_EINVALID, "row %zu: finite log-odds expected", i);
    }
    if (!isnan(row->y) && row->y != 0 && row->y != 1) {
        return rx_error_set(err, RX_EINVALID, "row %zu: a label 0 or 1 expected", i);
    }
    if (row->known_at > now) {
        *immature += 1;
        return 0;
    }
    return !isnan(row->log_odds) && !isnan(row->y);
}

static int split_rows(const struct rx_recal_row *rows, size_t n, int64_t now, double test_share,
                      struct split *ret, size_t *immature, struct rx_error *err)
{
    ret->rows = calloc(n + 1, sizeof(*rows));
    if (!ret->rows) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < n; i++) {
        int rc = check_row(&rows[i], i, now, immature, err);
        if (rc < 0) {
            return rc;
        }
        if (rc > 0) {
            ret->rows[ret->n++] = rows[i];
        }
    }
    if (ret->n == 0) {
        return 0;
    }
    qsort(ret->rows, ret->n, sizeof(*rows), by_time);
    ret->test_at = ret->n - (size_t)ceil(test_share * (double)ret->n);
    /* Rows of one moment stay together. */
    while (ret->test_at > 0 &&
           ret->rows[ret->test_at - 1].scored_at == ret->rows[ret->test_at].scored_at) {
        ret->test_at--;
    }
    /* The embargo: what fits must have been known when the first held-back row was scored. */
    for (size_t i = 0; i < ret->test_at; i++) {
        if (ret->rows[i].known_at <= ret->rows[ret->test_at].scored_at) {
            struct rx_recal_row usable = ret->rows[i];
            ret->rows[ret->n_fit++] = usable;
        }
    }
    return 0;
}

static size_t count_positives(const struct rx_recal_row *rows, size_t n)
{
    size_t positives = 0;
    for (size_t i = 0; i < n; i++) {
        positives += rows[i].y > 0.5;
    }
    return positives;
}

static bool enough(size_t n, size_t positives, size_t min_n, size_t min_class)
{
    return n >= min_n && positives >= min_class && n - positives >= min_class;
}

static int fit_isotonic(const struct rx_cal_rows *rows, struct rx_overlay *overlay,
                        struct rx_error *err)
{
    rx_auto(isotonic) struct rx_isotonic *iso = NULL;
    int rc = rx_isotonic_fit(rows, &iso, err);
    if (rc < 0) {
        return rc;
    }
    if (iso->n > RX_CAL_MAX_KNOTS) {
        return rx_error_set(err, RX_ELIMIT, "more than %d isotonic knots", RX_CAL_MAX_KNOTS);
    }
    overlay->knots = malloc(2 * iso->n * sizeof(*overlay->knots));
    if (!overlay->knots) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    overlay->cal.kind = RX_CAL_ISOTONIC;
    overlay->cal.x = overlay->knots;
    overlay->cal.y = overlay->knots + iso->n;
    overlay->cal.n = rx_isotonic_log_odds(iso, overlay->knots, overlay->knots + iso->n);
    return 0;
}

static int fit(const struct split *split, const struct rx_recal_options *o,
               struct rx_overlay *overlay, struct rx_error *err)
{
    size_t n = split->n_fit;
    assert(n > 0);
    rx_autofree double *xy = malloc(2 * n * sizeof(*xy));
    if (!xy) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < n; i++) {
        xy[i] = split->rows[i].log_odds;
        xy[n + i] = split->rows[i].y;
    }
    struct rx_cal_rows rows = {n, xy, xy + n, NULL};
    overlay->fit_n = n;
    overlay->fit_positives = count_positives(split->rows, n);
    overlay->fit_from = split->rows[0].scored_at;
    overlay->fit_to = split->rows[n - 1].scored_at;
    return enough(n, overlay->fit_positives, o->isotonic_fit, o->isotonic_class)
               ? fit_isotonic(&rows, overlay, err)
               : rx_fit_platt(&rows, &overlay->cal, err);
}

static double probability(double log_odds)
{
    return log_odds >= 0 ? 1 / (1 + exp(-log_odds)) : exp(log_odds) / (1 + exp(log_odds));
}

/* -ln of the probability given to what happened; p is kept off 0 and 1 as in quality.h. */
static double log_loss(double log_odds, double y)
{
    double p = fmin(fmax(probability(log_odds), 1e-15), 1 - 1e-15);
    return y > 0.5 ? -log(p) : -log1p(-p);
}

struct change {
    uint64_t group;
    double log_loss, brier;
};

static int by_group(const void *a, const void *b)
{
    const struct change *x = a, *y = b;
    return (x->group > y->group) - (x->group < y->group);
}

/* Upper bounds of the mean changes, with errors clustered by group. */
static void bound(struct change *changes, size_t n, double level, struct rx_recal_test *t)
{
    double z = rx_normal_quantile(level);
    double square_log = 0, square_brier = 0;
    qsort(changes, n, sizeof(*changes), by_group);
    for (size_t i = 0; i < n;) {
        double in_log = 0, in_brier = 0;
        size_t end = i;
        for (; end < n && changes[end].group == changes[i].group; end++) {
            in_log += changes[end].log_loss - t->log_loss_change;
            in_brier += changes[end].brier - t->brier_change;
        }
        square_log += in_log * in_log;
        square_brier += in_brier * in_brier;
        t->groups++;
        i = end;
    }
    /* One group says nothing about its spread. */
    double g = (double)t->groups;
    double few = g > 1 ? sqrt(g / (g - 1)) / (double)n : (double)INFINITY;
    t->log_loss_bound = t->log_loss_change + z * few * sqrt(square_log);
    t->brier_bound = t->brier_change + z * few * sqrt(square_brier);
}

/* Losses on rows[n] (n > 0, in order of time) with what is in force and with the candidate. */
static int compare(const struct rx_recal_row *rows, size_t n, const struct rx_overlay *in_force,
                   const struct rx_overlay *candidate, double level, struct rx_recal_test *t,
                   struct rx_error *err)
{
    rx_autofree struct change *changes = malloc(n * sizeof(*changes));
    if (!changes) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    *t = (struct rx_recal_test){.n = n, .positives = count_positives(rows, n)};
    t->from = rows[0].scored_at;
    t->to = rows[n - 1].scored_at;
    double expected_before = 0, expected_after = 0;
    double size = (double)n;
    for (size_t i = 0; i < n; i++) {
        double before = rx_overlay_apply(in_force, rows[i].log_odds);
        double after = rx_overlay_apply(candidate, rows[i].log_odds);
        double p = probability(before), q = probability(after), y = rows[i].y;
        double losses[] = {log_loss(before, y), log_loss(after, y), (p - y) * (p - y),
                           (q - y) * (q - y)};
        changes[i] = (struct change){rows[i].group, losses[1] - losses[0], losses[3] - losses[2]};
        t->log_loss_before += losses[0] / size;
        t->log_loss_after += losses[1] / size;
        t->brier_before += losses[2] / size;
        t->brier_after += losses[3] / size;
        t->log_loss_change += changes[i].log_loss / size;
        t->brier_change += changes[i].brier / size;
        expected_before += p;
        expected_after += q;
    }
    t->oe_before = expected_before > 0 ? (double)t->positives / expected_before : (double)NAN;
    t->oe_after = expected_after > 0 ? (double)t->positives / expected_after : (double)NAN;
    bound(changes, n, level, t);
    return 0;
}

static enum rx_recal_action judge(const struct rx_recal_test *t, const struct rx_recal_options *o,
                                  struct rx_recal_event *event)
{
    const char *why = "better on the newest rows";
    enum rx_recal_action action = RX_RECAL_ADOPTED;
    if (!(t->log_loss_change < 0 && t->brier_change <= 0)) {
        why = "not better in the mean";
        action = RX_RECAL_REJECTED;
    } else if (!(t->log_loss_bound <= o->margin_log_loss && t->brier_bound <= o->margin_brier)) {
        why = "it may be worse by more than the margin";
        action = RX_RECAL_REJECTED;
    }
    snprintf(event->reason, sizeof(event->reason),
             "%s: log loss %+.5f (at most %+.5f), Brier %+.5f (at most %+.5f)", why,
             t->log_loss_change, t->log_loss_bound, t->brier_change, t->brier_bound);
    return action;
}

static void start_event(struct rx_recal_event *event, const char *target, const char *version,
                        int64_t at)
{
    *event = (struct rx_recal_event){.action = RX_RECAL_TOO_FEW, .at = at};
    snprintf(event->target, sizeof(event->target), "%s", target);
    snprintf(event->model_version, sizeof(event->model_version), "%s", version);
}

static struct rx_overlay *new_overlay(const struct rx_recal_event *event,
                                      const struct rx_overlay *in_force)
{
    struct rx_overlay *overlay = calloc(1, sizeof(*overlay));
    if (overlay) {
        memcpy(overlay->target, event->target, sizeof(overlay->target));
        memcpy(overlay->model_version, event->model_version, sizeof(overlay->model_version));
        overlay->number = in_force ? in_force->number + 1 : 1;
        overlay->made_at = event->at;
    }
    return overlay;
}

int rx_recalibrate(const char *target, const char *model_version, const struct rx_recal_row *rows,
                   size_t n, int64_t now, const struct rx_recal_options *options,
                   const struct rx_overlay *in_force, struct rx_recal_event *ret,
                   struct rx_error *err)
{
    rx_auto(split) struct split split = {0};
    rx_auto(recal_event) struct rx_recal_event event;
    start_event(&event, target, model_version, now);
    int rc = split_rows(rows, n, now, options->test_share, &split, &event.immature, err);
    if (rc < 0) {
        return rc;
    }
    event.matured = split.n;
    /* n_fit rows were moved to the front; the held-back ones are where they were. */
    size_t n_test = split.n - split.test_at;
    size_t fit_positives = count_positives(split.rows, split.n_fit);
    size_t test_positives = count_positives(split.rows + split.test_at, n_test);
    if (!enough(split.n_fit, fit_positives, options->min_fit, options->min_fit_class) ||
        !enough(n_test, test_positives, options->min_test, options->min_test_class)) {
        snprintf(event.reason, sizeof(event.reason),
                 "%zu labels (%zu positive) to fit and %zu (%zu) to test; %zu (%zu of each class) "
                 "and %zu (%zu) are needed",
                 split.n_fit, fit_positives, n_test, test_positives, options->min_fit,
                 options->min_fit_class, options->min_test, options->min_test_class);
    } else {
        event.candidate = new_overlay(&event, in_force);
        if (!event.candidate) {
            return rx_error_set(err, -ENOMEM, "out of memory");
        }
        rc = fit(&split, options, event.candidate, err);
        if (rc == 0) {
            rc = compare(split.rows + split.test_at, n_test, in_force, event.candidate,
                         options->level, &event.candidate->test, err);
        }
        if (rc < 0) {
            return rc;
        }
        event.action = judge(&event.candidate->test, options, &event);
    }
    *ret = event;
    event.candidate = NULL;
    return 0;
}

void rx_overlay_push(struct rx_overlay **stack, struct rx_overlay *next)
{
    next->previous = *stack;
    *stack = next;
    for (int depth = 0; next; depth++, next = next->previous) {
        if (depth == MAX_PREVIOUS) {
            rx_overlay_free(next->previous);
            next->previous = NULL;
        }
    }
}

int rx_recal_guard(const struct rx_overlay *in_force, const struct rx_recal_row *rows, size_t n,
                   int64_t now, const struct rx_recal_options *options, bool *ret_worse,
                   struct rx_recal_test *ret, struct rx_error *err)
{
    rx_auto(split) struct split split = {0};
    size_t immature = 0, first = 0;
    *ret_worse = false;
    *ret = (struct rx_recal_test){0};
    int rc = split_rows(rows, n, now, 1, &split, &immature, err); /* all to test, by time */
    if (rc < 0) {
        return rc;
    }
    while (first < split.n && split.rows[first].scored_at <= in_force->made_at) {
        first++;
    }
    n = split.n - first;
    if (!enough(n, count_positives(split.rows + first, n), options->min_test,
                options->min_test_class)) {
        return 0;
    }
    rc = compare(split.rows + first, n, in_force, in_force->previous, options->level, ret, err);
    *ret_worse = rc == 0 && ret->log_loss_bound < 0 && ret->brier_bound < 0;
    return rc;
}

int rx_overlay_rollback(struct rx_overlay **stack, int64_t now, struct rx_recal_event *ret,
                        struct rx_error *err)
{
    struct rx_overlay *top = *stack;
    if (!top) {
        return rx_error_set(err, RX_EINVALID, "no recalibration is in force: nothing to take back");
    }
    start_event(ret, top->target, top->model_version, now);
    ret->action = RX_RECAL_ROLLED_BACK;
    if (top->previous) {
        snprintf(ret->reason, sizeof(ret->reason), "number %llu is in force again",
                 (unsigned long long)top->previous->number);
    } else {
        snprintf(ret->reason, sizeof(ret->reason), "the base model is in force again");
    }
    *stack = top->previous;
    top->previous = NULL;
    ret->candidate = top; /* what was taken back, for the record */
    return 0;
}
