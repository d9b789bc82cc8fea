// SPDX-License-Identifier: Apache-2.0
/*
 * Recalibration while serving: labels that have come true since a model was made give a map (an
 * overlay) from its log-odds to better ones. The model itself is never changed, so an overlay can
 * be taken back at any time.
 *
 * What keeps it honest: only labels known at `now` count; the newest rows are held back and the map
 * is fitted on rows whose labels were known before the first of those was scored; it is adopted
 * only when on the held-back rows it is better in the mean, in log loss and in Brier score, than
 * what is in force, and its upper confidence bound excludes that it is worse by more than a margin
 * (a paired non-inferiority test; standard errors clustered by group: K.-Y. Liang, S. Zeger 1986).
 *
 * Platt's map below 1,000 labels or 100 of either class, isotonic above.
 *
 * Pure; thread-safe; nothing here keeps state.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/engine/calibration/calibrator.h"

#define RX_RECAL_NAME 64

/* One score of one target. Times are in one unit of the caller's choice, such as milliseconds. */
struct rx_recal_row {
    int64_t scored_at;
    /* From when on the label may be used. It must not depend on the outcome: scored_at plus the
     * horizon for both classes, or early positives would bias the rows. */
    int64_t known_at;
    uint64_t group;  /* rows of one pool share it */
    double log_odds; /* of the base model; NaN rows are skipped */
    double y;        /* 0 or 1; NaN = no label */
};

struct rx_recal_options {
    size_t min_fit, min_fit_class;   /* labels, and labels of each class, to fit */
    size_t min_test, min_test_class; /* the same of the held-back part */
    size_t isotonic_fit, isotonic_class;
    double test_share; /* newest share of the rows that is held back */
    double level;      /* of the one-sided bound */
    double margin_log_loss, margin_brier;
};
/* 100 and 10, 50 and 5, 1000 and 100, 0.3, 0.95, 0.005 and 0.002. */
struct rx_recal_options rx_recal_defaults(void);

/* The held-back part: losses with what was in force and with the candidate. */
struct rx_recal_test {
    size_t n, positives, groups;
    int64_t from, to; /* times scored */
    double log_loss_before, log_loss_after, log_loss_change, log_loss_bound;
    double brier_before, brier_after, brier_change, brier_bound; /* bound: upper, of the change */
    double oe_before, oe_after;                                  /* observed / expected */
};

/* A calibrator that owns its knots, and where it comes from. */
struct rx_overlay {
    char target[RX_RECAL_NAME], model_version[RX_RECAL_NAME];
    uint64_t number; /* 1, 2, ... within the target */
    int64_t made_at;
    struct rx_calibrator cal;
    double *knots; /* owned: what cal.x and cal.y point into, or NULL */
    size_t fit_n, fit_positives;
    int64_t fit_from, fit_to; /* times scored */
    struct rx_recal_test test;
    struct rx_overlay *previous; /* owned: what rolling back returns to, or NULL = the base model */
};

void rx_overlay_free(struct rx_overlay *overlay); /* with all previous ones */
RX_DEFINE_CLEANUP(overlay, struct rx_overlay *, rx_overlay_free);

enum rx_recal_action {
    RX_RECAL_TOO_FEW,  /* labels: nothing was fitted */
    RX_RECAL_REJECTED, /* fitted, but the guard said no */
    RX_RECAL_ADOPTED,
    RX_RECAL_ROLLED_BACK
};
/* "too_few_labels", "rejected", "adopted", "rolled_back". */
const char *rx_recal_action_name(enum rx_recal_action action);

/* What happened, for the audit trail. */
struct rx_recal_event {
    enum rx_recal_action action;
    int64_t at;
    char target[RX_RECAL_NAME], model_version[RX_RECAL_NAME];
    char reason[160];             /* a sentence with the numbers */
    size_t matured, immature;     /* rows with a label known by then, and not yet known */
    struct rx_overlay *candidate; /* owned until adopted: what was fitted, or NULL */
};
void rx_recal_event_clear(struct rx_recal_event *event);
RX_DEFINE_CLEANUP_INPLACE(recal_event, struct rx_recal_event, rx_recal_event_clear);

/*
 * Fits and tests a new overlay for the target against `in_force` (NULL: the base model as it is).
 * The rows may be in any order. On ADOPTED ret->candidate is the new overlay, with previous = NULL:
 * hand it to rx_overlay_push. RX_EINVALID with the row that is wrong, -ENOMEM.
 */
int rx_recalibrate(const char *target, const char *model_version, const struct rx_recal_row *rows,
                   size_t n, int64_t now, const struct rx_recal_options *options,
                   const struct rx_overlay *in_force, struct rx_recal_event *ret,
                   struct rx_error *err) RX_MUST_CHECK;

/*
 * Whether the overlay in force is worse than what a rollback returns to, on the rows scored after
 * it was made: when going back lowers the log loss and the Brier score, both with their upper
 * confidence bounds below 0. *ret (its n = 0 with too few such labels): before = in force, after =
 * the way back. Errors of rx_recalibrate.
 */
int rx_recal_guard(const struct rx_overlay *in_force, const struct rx_recal_row *rows, size_t n,
                   int64_t now, const struct rx_recal_options *options, bool *ret_worse,
                   struct rx_recal_test *ret, struct rx_error *err) RX_MUST_CHECK;

/* Calibrated log-odds: those of the overlay, or the same when it is NULL. */
double rx_overlay_apply(const struct rx_overlay *overlay, double log_odds);
/* Puts `next` (taken) on top of *stack; keeps at most eight older ones. */
void rx_overlay_push(struct rx_overlay **stack, struct rx_overlay *next);
/* Takes the top away; *ret says so. RX_EINVALID when there is none. */
int rx_overlay_rollback(struct rx_overlay **stack, int64_t now, struct rx_recal_event *ret,
                        struct rx_error *err) RX_MUST_CHECK;
