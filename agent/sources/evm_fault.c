// SPDX-License-Identifier: Apache-2.0
#include "agent/sources/evm_fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

static const char *const names[EVM_KIND_MAX] = {
    [EVM_OK] = "ok",
    [EVM_STOPPED] = "stopped",
    [EVM_TRANSPORT] = "transport",
    [EVM_TIMEOUT] = "timeout",
    [EVM_STATUS] = "http_status",
    [EVM_RATE_LIMITED] = "rate_limited",
    [EVM_TOO_LARGE] = "too_large",
    [EVM_TOO_MANY] = "too_many_results",
    [EVM_JSON] = "json",
    [EVM_PROTOCOL] = "protocol",
    [EVM_RPC_ERROR] = "rpc_error",
    [EVM_GAP] = "block_gap",
    [EVM_BLOCK_FORM] = "block_form",
    [EVM_PARENT_HASH] = "parent_hash",
    [EVM_BLOCK_HASH] = "block_hash",
    [EVM_TIME] = "block_time",
    [EVM_LOG_FORM] = "log_form",
    [EVM_LOG_ORDER] = "log_order",
    [EVM_LOG_DUPLICATE] = "log_duplicate",
    [EVM_LOG_FOREIGN] = "log_foreign",
    [EVM_LOG_RANGE] = "log_range",
    [EVM_LOG_REMOVED] = "log_removed",
    [EVM_HEAD_BACKWARDS] = "head_backwards",
    [EVM_CHAIN_ID] = "chain_id",
    [EVM_STORE] = "store",
    [EVM_MEMORY] = "memory",
};

const char *evm_kind_name(enum evm_kind kind)
{
    return names[kind];
}

int evm_fail(struct evm_fault *fault, enum evm_kind kind, const char *fmt, ...)
{
    va_list args;
    fault->kind = kind;
    fault->err.code = RX_EPROTO;
    fault->err.retryable = true;
    va_start(args, fmt);
    vsnprintf(fault->err.msg, sizeof fault->err.msg, fmt, args);
    va_end(args);
    return -1;
}

int evm_no_memory(struct evm_fault *fault)
{
    return evm_fail(fault, EVM_MEMORY, "out of memory");
}
