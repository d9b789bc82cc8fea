// SPDX-License-Identifier: Apache-2.0
/*
 * Whether the active model can be trusted, as background scoring last found it: the drift check
 * needs no labels, calibration in the large does. Written by one thread, read by any: a reader
 * copies under a lock that is held for the copy only.
 */
#pragma once

#include "agent/engine/drift/verdict.h"
#include "agent/engine/model/model.h"

/* Of the drift check (drift_step.h). */
struct rx_health_columns {
    enum rx_health told;
    char reason[32], message[512]; /* of the last check; "" before the first */
    size_t drifted;                /* columns */
    size_t baseline, window;       /* rows */
};

struct rx_health_target {
    char name[32];
    size_t labels, positives;
    double expected;   /* share of positives that was said */
    double oe, lo, hi; /* observed / expected and its interval; NaN = not known */
    double q;          /* of the test that it is 1, corrected for the number of targets */
    enum rx_drift_grade grade;
};

/* Of matured labels (recalibration_step.h). */
struct rx_health_labels {
    enum rx_health told;
    char reason[32], message[512];
    size_t n; /* targets */
    struct rx_health_target targets[RX_MODEL_MAX_TARGETS];
};

struct rx_model_health {
    char model[65]; /* sha256 of the model that it is about; "" = nothing was found yet */
    struct rx_health_columns columns;
    struct rx_health_labels labels;
};

struct rx_health_board;
struct rx_health_board *rx_health_board_new(void) RX_MUST_CHECK; /* NULL when out of memory */
void rx_health_board_free(struct rx_health_board *board);
RX_DEFINE_CLEANUP(health_board, struct rx_health_board *, rx_health_board_free);
/* `model`: sha256; what was found of another one is forgotten. NULL leaves that part as it is. */
void rx_health_board_set(struct rx_health_board *board, const char *model,
                         const struct rx_health_columns *columns,
                         const struct rx_health_labels *labels);
/* What is known of the model; all unknown when nothing is. board: may be NULL. */
void rx_health_board_get(struct rx_health_board *board, const char *model,
                         struct rx_model_health *ret);

/* The graver of the two verdicts: "True", "False" or "Unknown". */
const char *rx_model_health_status(const struct rx_model_health *health);
/* {"status", "reason", "message", "columns_drifted", "rows": {"baseline", "window"}, "targets":
 * [{"name", "labels", "positives", "expected", "observed_over_expected", "lower", "upper", "q",
 * "verdict"}]}. */
void rx_model_health_write(struct rx_jw *w, const struct rx_model_health *health);
