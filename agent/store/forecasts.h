// SPDX-License-Identifier: Apache-2.0
/*
 * Forecasts: what a model said of a pool at one moment, and later what came of it; from these the
 * model is recalibrated. Reading opens a connection of its own and blocks: not for an HTTP loop.
 * Rows are written through units (rows.h). Thread-safe.
 */
#pragma once

#include "agent/store/store.h"
#include "common/base/buf.h"

/* A forecast of which another horizon has passed, on the chain's own clock: that of the last block
 * that the pool's source has read. */
struct rx_due_forecast {
    int64_t id, time; /* time: Unix seconds, of the forecast */
    struct rx_row_pool pool;
    int decimals; /* of the token; negative = unknown */
    int64_t end;  /* time of the last block read */
};
/* At most max of the model's, the longest due first; *ret_n of them in ret. */
int rx_store_due_forecasts(struct rx_store *store, const char *model, struct rx_due_forecast *ret,
                           size_t max, size_t *ret_n, struct rx_error *err) RX_MUST_CHECK;

/* The newest max forecasts of the model that have an outcome, the newest first. A callback's
 * negative result ends the reading and is returned. */
int rx_store_outcomes(struct rx_store *store, const char *model, size_t max,
                      int (*forecast)(const struct rx_row_forecast *row, struct rx_str outcomes,
                                      void *arg),
                      void *arg, struct rx_error *err) RX_MUST_CHECK;

/* The recalibration that was stored last: 1 = `model` (hex) and `state` (JSON, appended) are
 * filled in, 0 = there is none. */
int rx_store_recalibration(struct rx_store *store, char model[65], struct rx_buf *state,
                           struct rx_error *err) RX_MUST_CHECK;
