// SPDX-License-Identifier: Apache-2.0
/* Scores every known token at an interval on a thread of its own and stores the results. */
#pragma once

#include "agent/routes/api.h"

struct rx_background;

/* api: borrowed, outlives it. The first pass starts one interval after the start. */
int rx_background_start(struct rx_api *api, int64_t interval_ms, struct rx_background **ret,
                        struct rx_error *err) RX_MUST_CHECK;
/* Ends a pass under way after its current batch, waits for the thread and frees. NULL is fine. */
void rx_background_stop(struct rx_background *background);
/* One pass in the calling thread: how many tokens were scored, or negative. *cancel ends it. */
int64_t rx_background_pass(struct rx_api *api, const atomic_bool *cancel, struct rx_error *err)
    RX_MUST_CHECK;
