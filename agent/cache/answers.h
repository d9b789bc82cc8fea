// SPDX-License-Identifier: Apache-2.0
/*
 * Finished answers of one loop, by what was asked. An entry is good while the state it was made
 * from (a generation number) is the current one, and not longer than the time to live. One thread.
 */
#pragma once

#include <stdint.h>

#include "common/base/metrics.h"
#include "common/http/server.h"

struct rx_answers;

#define RX_ANSWERS_MAX 4096 /* entries a loop */

/* What the user of an entry keeps beside it. */
struct rx_answer {
    struct rx_http_response *response; /* borrowed */
    uint64_t generation;
    int64_t made_ms;    /* monotonic */
    int64_t checked_ms; /* the user's: when lag was last found to be as written */
    double lag_seconds; /* as written in the answer */
};

/* metrics: may be NULL; adds radarx_cache_requests_total{cache="answers",result}. */
struct rx_answers *rx_answers_new(int64_t ttl_ms, struct rx_metrics *metrics) RX_MUST_CHECK;
void rx_answers_free(struct rx_answers *answers);

/* NULL when there is none, or it is too old, or of another generation. */
struct rx_answer *rx_answers_get(struct rx_answers *answers, struct rx_str key, uint64_t generation,
                                 int64_t now_ms);
/* Keeps a reference to the response; nothing is kept when the time to live is 0 or memory short. */
void rx_answers_put(struct rx_answers *answers, struct rx_str key, const struct rx_answer *answer);

RX_DEFINE_CLEANUP(answers, struct rx_answers *, rx_answers_free);
