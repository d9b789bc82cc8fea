// SPDX-License-Identifier: Apache-2.0
/* The score of a token as JSON: everything the engine knows, null and a reason for the rest. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/engine/score/score.h"
#include "agent/sources/book.h"
#include "common/json/write.h"

struct rx_score_request {
    unsigned horizons, multipliers; /* masks */
    bool features, timelines;
    int64_t now_ms;                        /* Unix time of the answer */
    const struct rx_risk_weights *weights; /* NULL: the defaults */
};

/* Writes one JSON object. scratch: fits the model; snapshot and as_of as rx_book_lookup gave them.
 */
void rx_score_json(struct rx_jw *w, const struct rx_model *model, struct rx_model_scratch *scratch,
                   const struct rx_snapshot *snapshot, const struct rx_as_of *as_of,
                   const struct rx_score_request *request);
