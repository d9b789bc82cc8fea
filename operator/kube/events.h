// SPDX-License-Identifier: Apache-2.0
/*
 * events.k8s.io/v1 Events with series: the first occurrence is created, the second patches a series
 * of 2, more are counted here and written at most each 30 min; forgotten after 6 min of silence. At
 * most 1,000 are remembered and each object has a token bucket (25, then one per 300 s). An event
 * that cannot be written is dropped and counted. Thread-safe.
 */
#pragma once

#include "common/base/metrics.h"
#include "operator/kube/client.h"

struct rx_events;

struct rx_event {
    const struct rx_kube_kind *kind; /* regarding */
    struct rx_str ns, name, uid;
    bool warning;
    const char *reason; /* CamelCase, <= 128 characters */
    const char *action; /* what was done or tried: "Apply" */
    const char *note;   /* cut to 1 kB; never a secret */
};

/* controller, instance: reporting names, copied. NULL when out of memory. */
struct rx_events *rx_events_new(const char *controller, const char *instance,
                                const struct rx_clock *clock, struct rx_metrics *metrics)
    RX_MUST_CHECK;
void rx_events_free(struct rx_events *events);
/* Blocks for at most one request. */
void rx_events_emit(struct rx_events *events, struct rx_kube_client *client,
                    const struct rx_event *event);
