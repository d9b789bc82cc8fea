// SPDX-License-Identifier: Apache-2.0
/*
 * JSON-RPC batches to one node. A call waits for its answer by stepping the ingester's own event
 * loop, so it reads top to bottom and still ends at once when the source is stopped. One thread.
 */
#pragma once

#include <stdatomic.h>

#include "agent/sources/evm_fault.h"
#include "common/base/loop.h"
#include "common/base/metrics.h"
#include "common/json/read.h"
#include "common/json/write.h"

#define EVM_BATCH_MAX      100
#define EVM_BODY_MAX_BYTES (8UL << 20)

struct evm_rpc;

struct evm_rpc_options {
    const char *source;         /* label of the metrics */
    const char *url;            /* may hold a secret: never shown */
    const atomic_bool *stop;    /* borrowed; rx_loop_post wakes a waiting call */
    struct rx_loop *loop;       /* borrowed */
    struct rx_metrics *metrics; /* borrowed */
    int64_t timeout_ms;         /* of one HTTP request */
    double calls_per_second;    /* a batch counts as its calls; lower while the node says so */
};

int evm_rpc_new(const struct evm_rpc_options *options, struct evm_rpc **ret, struct rx_error *err)
    RX_MUST_CHECK;
void evm_rpc_free(struct evm_rpc *rpc);

/* Starts a new batch; results of the one before die. */
void evm_rpc_begin(struct evm_rpc *rpc);
/* Adds a call and returns the writer, in which an array for the parameters is open. At most
 * EVM_BATCH_MAX a batch. */
struct rx_jw *evm_rpc_add(struct evm_rpc *rpc, const char *method);
/* Closes the parameters of the last call. */
void evm_rpc_end(struct evm_rpc *rpc);
/*
 * Sends the batch and waits. 0: every call has an answer, a result or an error of its own. -1: no
 * usable answer; the fault says why.
 */
int evm_rpc_run(struct evm_rpc *rpc, struct evm_fault *fault) RX_MUST_CHECK;
/* Result of call i in the order of adding, valid until the next begin. NULL: the node answered
 * with an error, told in the fault (RATE_LIMITED, TOO_MANY or RPC_ERROR). */
const struct rx_json *evm_rpc_result(struct evm_rpc *rpc, size_t i, struct evm_fault *fault);

/* Waits; -1 when the source is being stopped. */
int evm_wait(struct evm_rpc *rpc, int64_t ms);

RX_DEFINE_CLEANUP(evm_rpc, struct evm_rpc *, evm_rpc_free);
