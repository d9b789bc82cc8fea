// SPDX-License-Identifier: Apache-2.0
/*
 * Makes the children of one RadarXDeployment what its spec asks for: applies what differs, creates
 * the generated Secret once, deletes what is no longer wanted, and leaves alone what belongs to
 * somebody else. Runs on a worker; blocks on requests.
 */
#pragma once

#include "operator/kube/client.h"
#include "operator/reconcile/cache.h"
#include "operator/reconcile/wants.h"

struct rx_sync {
    /* in */
    struct rx_cache *cache;
    struct rx_wants *wants;
    struct rx_kube_client *client;
    const struct rx_render_in *in;
    struct rx_str key;          /* of the CR */
    struct rx_buf *text, *body; /* scratch, kept by the worker */
    /* out */
    unsigned n_wanted, n_written;
    unsigned n_repaired; /* written although the CR had been settled in this generation */
    char repaired[96];   /* "Deployment prod", the first of them */
    bool conflict;       /* a name is taken by an object that is not ours */
    bool waiting;        /* children of a deleted CR of this name are still going away */
    bool unreachable;    /* the server gives no answer */
    int64_t retry_after_ms;
    struct rx_error err; /* of the first child that failed; code 0 = all are in place */
};

/*
 * Tries every child, so that one that fails does not hold back the others. 0 when all children are
 * as wanted, else sync->err.code. err.retryable: worth trying again by itself.
 */
int rx_sync_children(struct rx_sync *sync) RX_MUST_CHECK;
