// SPDX-License-Identifier: Apache-2.0
/* Any body of an answer gives a typed result; its values are finite and inside the registry's
 * range. The first byte picks the service (or detection), the second the HTTP status. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "agent/engine/features/upstream.h"

static void check(const struct rx_upstream_answer *a)
{
    const bool good = a->status == RX_UPSTREAM_OK || a->status == RX_UPSTREAM_PARTIAL;
    if (a->status < 0 || a->status >= RX_UPSTREAM_STATUS_MAX || (!good && a->n > 0) ||
        a->n > RX_UPSTREAM_MAX_VALUES || (!good && a->message[0] == 0)) {
        abort();
    }
    for (size_t i = 0; i < a->n; i++) {
        const struct rx_feature_info *info = rx_feature_info(a->values[i].feature);
        const double value = a->values[i].value;
        if (!isfinite(value) || value < info->min || value > info->max) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned http[] = {0, 200, 400, 401, 404, 429, 500};
    if (size < 2) {
        return 0;
    }
    const struct rx_upstream_query query = {
        .source = (enum rx_upstream)(data[0] % (RX_UPSTREAM_MAX + 1)) - 1,
        .token = (data[1] & 0x80) ? RX_STR("0x01") : (struct rx_str){0},
        .observed_at = 1735689600,
        .http_status = http[(data[1] & 0x7f) % RX_ARRAY_LEN(http)],
    };
    struct rx_upstream_answer answer;
    const struct rx_str text = {(const char *)data + 2, size - 2};
    if (rx_upstream_parse(text, &query, &answer) != 0) {
        return 0;
    }
    check(&answer);
    struct rx_facts facts;
    rx_facts_init(&facts);
    rx_facts_merge(&facts, &answer);
    double features[RX_F_MAX];
    for (int i = 0; i < RX_F_MAX; i++) {
        features[i] = RX_NAN;
    }
    if (rx_facts_apply(&facts, features) != answer.n) {
        abort();
    }
    return 0;
}
