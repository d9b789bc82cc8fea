// SPDX-License-Identifier: Apache-2.0
/* Conditions of a status (metav1.Condition), written so that they move only when they change. */
#pragma once

#include <stdint.h>

#include "common/json/build.h"

enum rx_condition_status { RX_COND_ABSENT, RX_COND_TRUE, RX_COND_FALSE, RX_COND_UNKNOWN };

#define RX_COND_MESSAGE_MAX 512

struct rx_condition {
    const char *type; /* static */
    enum rx_condition_status status;
    const char *reason; /* CamelCase, static */
    char message[RX_COND_MESSAGE_MAX];
};

void rx_condition_set(struct rx_condition *condition, enum rx_condition_status status,
                      const char *reason, const char *fmt, ...) RX_PRINTF(4, 5);

/* Status of a type in live conditions; ABSENT when there is none. */
enum rx_condition_status rx_condition_live(const struct rx_json *live, const char *type);

/*
 * The array for status.conditions: ours in the given order without the absent ones, then those of
 * other types that live holds. lastTransitionTime stays unless the status differs from live's;
 * then it is now_s. NULL when out of memory.
 */
json_t *rx_conditions_build(const struct rx_condition *list, size_t n, const struct rx_json *live,
                            int64_t generation, int64_t now_s) RX_MUST_CHECK;

/*
 * Appends the merge patch {"metadata":{"resourceVersion":rv},"status":...} that turns live into
 * want; nothing when they are equal. 1: there is a patch, 0: none, negative: out of memory.
 */
int rx_status_patch(const json_t *want, const struct rx_json *live, const char *rv,
                    struct rx_buf *out) RX_MUST_CHECK;
