// SPDX-License-Identifier: Apache-2.0
/*
 * Drift watched while serving, without labels: the first rows after the start are the baseline, the
 * newest ones the window, and a verdict that must repeat before it is told. Rows must be
 * comparable, such as every token once at the same age: the same tokens later are older, which is
 * not drift.
 *
 * Memory is fixed at the start: (baseline_rows + window_rows) x columns x 8 bytes. One owner; no
 * locks. No clock, nothing random.
 */
#pragma once

#include "agent/engine/drift/verdict.h"

struct rx_drift_watch;

struct rx_drift_watch_options {
    const char *const *names; /* [columns], borrowed, outlive the watch */
    const bool *predictions;  /* [columns], borrowed likewise: which are probabilities */
    size_t columns;
    size_t baseline_rows, window_rows; /* 0 = 1000 and 500 */
    size_t check_every;                /* rows between two checks; 0 = a fifth of the window */
    unsigned raise_after, clear_after; /* checks; 0 = 5: a whole window apart */
    struct rx_drift_options tests;
};

int rx_drift_watch_new(const struct rx_drift_watch_options *options, struct rx_drift_watch **ret,
                       struct rx_error *err) RX_MUST_CHECK;
void rx_drift_watch_free(struct rx_drift_watch *watch);
RX_DEFINE_CLEANUP(drift_watch, struct rx_drift_watch *, rx_drift_watch_free);

/* Takes row[columns] in (not finite = missing). True when a check is due. */
bool rx_drift_watch_add(struct rx_drift_watch *watch, const double *row);
/* Tests the window now. *ret is the finding of this check; the told verdict is rx_drift_watch_told.
 * -ENOMEM. */
int rx_drift_watch_check(struct rx_drift_watch *watch, struct rx_verdict *ret, struct rx_error *err)
    RX_MUST_CHECK;
enum rx_health rx_drift_watch_told(const struct rx_drift_watch *watch);
/* Rows in the baseline and in the window. */
void rx_drift_watch_filled(const struct rx_drift_watch *watch, size_t *ret_baseline,
                           size_t *ret_window);
/* Forgets everything: another model's probabilities are no baseline. */
void rx_drift_watch_reset(struct rx_drift_watch *watch);
