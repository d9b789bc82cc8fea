// SPDX-License-Identifier: Apache-2.0
/* What can go wrong with a node: a kind for the metric and the reaction, and a sentence that says
 * what and where. Plain values. */
#pragma once

#include <stdint.h>

#include "common/base/error.h"

enum evm_kind {
    EVM_OK,
    EVM_STOPPED,      /* the source is being stopped: no failure */
    EVM_TRANSPORT,    /* no complete HTTP answer */
    EVM_TIMEOUT,      /* none in time */
    EVM_STATUS,       /* an HTTP status other than 200 */
    EVM_RATE_LIMITED, /* HTTP 429, or its like inside HTTP 200 */
    EVM_TOO_LARGE,    /* more bytes or logs than are read at once */
    EVM_TOO_MANY,     /* the node refuses the size of the range */
    EVM_JSON,         /* the body is not JSON (bad UTF-8 included) */
    EVM_PROTOCOL,     /* JSON, but not the JSON-RPC answer to what was asked */
    EVM_RPC_ERROR,    /* a JSON-RPC error */
    EVM_GAP,          /* a block below the head is missing */
    EVM_BLOCK_FORM,   /* a block lacks a field, or has another number than asked */
    EVM_PARENT_HASH,  /* a block does not name its predecessor */
    EVM_BLOCK_HASH,   /* two answers disagree about a block's hash */
    EVM_TIME,         /* a block is older than its predecessor */
    EVM_LOG_FORM,
    EVM_LOG_ORDER,
    EVM_LOG_DUPLICATE,
    EVM_LOG_FOREIGN, /* an address or event nobody asked for */
    EVM_LOG_RANGE,   /* a block outside the asked range */
    EVM_LOG_REMOVED,
    EVM_HEAD_BACKWARDS,
    EVM_CHAIN_ID,
    EVM_STORE,
    EVM_MEMORY,
    EVM_KIND_MAX
};

struct evm_fault {
    enum evm_kind kind;
    int64_t retry_after_ms; /* -1 = not said */
    struct rx_error err;
};

/* "log_order", for the label of the metric. */
const char *evm_kind_name(enum evm_kind kind);
/* Fills the fault in and returns -1 for `return evm_fail(...)`. */
int evm_fail(struct evm_fault *fault, enum evm_kind kind, const char *fmt, ...) RX_PRINTF(3, 4);
int evm_no_memory(struct evm_fault *fault);
