// SPDX-License-Identifier: Apache-2.0
/*
 * One pass over one object: read from the caches, make what is wanted so, write the status. A pass
 * reads top to bottom, runs on a worker and blocks on requests; the queue sees to it that no object
 * has two at once.
 */
#pragma once

#include "operator/kube/events.h"
#include "operator/reconcile/cache.h"
#include "operator/reconcile/synced.h"
#include "operator/reconcile/wants.h"

/* What a pass works with. Shared parts are thread-safe; client, text and body belong to the worker.
 */
struct rx_pass {
    struct rx_cache *cache;
    struct rx_wants *wants;
    struct rx_synced *synced;
    struct rx_events *events;
    const struct rx_clock *clock;
    struct rx_str operator_namespace; /* empty outside the cluster */
    struct rx_kube_client *client;
    struct rx_buf *text, *body;
};

enum rx_verdict {
    RX_DONE,
    RX_RETRY, /* by back-off, at least after_ms and at most up_to_ms */
    RX_AFTER, /* once more after after_ms; nothing is wrong */
};

struct rx_pass_result {
    enum rx_verdict verdict;
    int64_t after_ms, up_to_ms;
    struct rx_error err; /* why RX_RETRY */
};

/* key: "namespace/name". */
struct rx_pass_result rx_reconcile_rxd(struct rx_pass *pass, struct rx_str key);
struct rx_pass_result rx_reconcile_alert(struct rx_pass *pass, struct rx_str key);

/*
 * Writes a status when it differs from what record shows. 1 written, 0 equal, negative: refused.
 * A conflict (the cache was behind) is RX_ECONFLICT, retryable.
 */
int rx_write_status(struct rx_pass *pass, struct rx_store *store, const struct rx_record *record,
                    const json_t *status, const struct rx_json *live, struct rx_error *err)
    RX_MUST_CHECK;
