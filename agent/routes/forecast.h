// SPDX-License-Identifier: Apache-2.0
/*
 * What a model said and what came of it. Background scoring keeps a forecast of every pool in each
 * of three bands of age (the trained minimum to 6 h, to 24 h, to the trained maximum): the first
 * score in the band, whatever happens next. When a horizon has passed on the pool's own chain, the
 * outcome is computed from the stored events (engine/features/labels.h). One thread.
 */
#pragma once

#include <stdatomic.h>

#include "agent/engine/calibration/recalibrate.h"
#include "agent/engine/score/score.h"
#include "agent/sources/book.h"
#include "agent/store/forecasts.h"

/* Forecasts of a model that are kept and looked at; the newest. */
#define RX_FORECASTS_MAX 20000

/* Adds the score to the unit when it is one to keep (0 also when it is not). -ENOMEM, RX_ELIMIT. */
int rx_forecast_add(struct rx_unit *unit, const struct rx_model *model,
                    const struct rx_snapshot *snapshot, const struct rx_as_of *as_of,
                    const struct rx_score *score) RX_MUST_CHECK;

/* Computes outcomes of at most `max` forecasts, until the clock's monotonic `deadline_ms`; *ret_n
 * were computed and handed to the store. -ECANCELED; the errors of the store. */
int rx_forecasts_mature(struct rx_store *store, const struct rx_model *model, size_t max,
                        const struct rx_clock *clock, int64_t deadline_ms,
                        const atomic_bool *cancel, size_t *ret_n, struct rx_error *err)
    RX_MUST_CHECK;

/* Forecasts of one model with their outcomes, the newest first. */
struct rx_forecasts;
int rx_forecasts_load(struct rx_store *store, const struct rx_model *model,
                      struct rx_forecasts **ret, struct rx_error *err) RX_MUST_CHECK;
void rx_forecasts_free(struct rx_forecasts *forecasts);
RX_DEFINE_CLEANUP(forecasts, struct rx_forecasts *, rx_forecasts_free);
size_t rx_forecasts_n(const struct rx_forecasts *forecasts);
/*
 * Those whose outcome of the target is known, the newest first: rows[] for rx_recalibrate (times in
 * ms, log-odds of the model alone) and p[] as it was answered, either of rx_forecasts_n(); the
 * number of them. 0 for a target that is neither a rug nor a multiple.
 */
size_t rx_forecasts_labels(const struct rx_forecasts *forecasts, const struct rx_model *model,
                           size_t target, struct rx_recal_row *rows, double *p);
