// SPDX-License-Identifier: Apache-2.0
/* The score of a token as JSON: everything the engine knows, null and a reason for the rest. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/engine/model/model.h"
#include "agent/sources/book.h"
#include "common/json/write.h"

#define RX_HORIZONS    3
#define RX_MULTIPLIERS 5
extern const char *const rx_horizons[RX_HORIZONS];       /* "24h", "7d", "30d" */
extern const char *const rx_multipliers[RX_MULTIPLIERS]; /* "2x", ... "50x" */

struct rx_score_request {
    unsigned horizons, multipliers; /* masks */
    bool features, timelines;
    int64_t now_ms; /* Unix time of the answer */
};

/* Writes one JSON object. snapshot and as_of as rx_book_lookup gave them. */
void rx_score_json(struct rx_jw *w, const struct rx_model *model,
                   const struct rx_snapshot *snapshot, const struct rx_as_of *as_of,
                   const struct rx_score_request *request);
