// SPDX-License-Identifier: Apache-2.0
/*
 * Questions to the node with their answers checked: blocks, logs, token descriptions. What comes
 * out is typed and consistent in itself; whether it continues what is known is the caller's check.
 * The ingester's thread.
 */
#pragma once

#include "agent/sources/book.h"
#include "agent/sources/evm_abi.h"
#include "agent/sources/evm_rpc.h"
#include "common/base/map.h"

struct evm_header {
    uint64_t number;
    bool present; /* false: the node has no such block */
    uint8_t hash[32], parent[32];
    int64_t time; /* Unix seconds */
};

struct evm_poll {
    uint64_t chain_id;
    struct evm_header head;
    struct evm_header known; /* the block asked for beside the head */
};

/* One batch: chain id, newest block, and block `known`. */
int evm_chain_poll(struct evm_rpc *rpc, uint64_t known, struct evm_poll *ret,
                   struct evm_fault *fault) RX_MUST_CHECK;
/* The n blocks named by out[i].number. A block the node lacks is EVM_GAP, or present = false when
 * may_lack. */
int evm_chain_headers(struct evm_rpc *rpc, struct evm_header *out, size_t n, bool may_lack,
                      struct evm_fault *fault) RX_MUST_CHECK;

/* For batches of other calls: the block is asked for in the same request, so that a node behind a
 * balancer that has not seen the block yet does not pass its logs off as none. */
void evm_header_add(struct evm_rpc *rpc, uint64_t number);
/* Result i of such a batch; EVM_GAP when the node lacks the block. */
int evm_header_read(struct evm_rpc *rpc, size_t i, struct evm_header *ret, struct evm_fault *fault)
    RX_MUST_CHECK;

#define EVM_LOGS_MAX 100000 /* of one range of blocks */

struct evm_logs {
    struct evm_log *items; /* owned */
    size_t n, cap;
};
void evm_logs_fini(struct evm_logs *logs);
/* By block and index; EVM_LOG_DUPLICATE when one is there twice. */
int evm_logs_sort(struct evm_logs *logs, struct evm_fault *fault) RX_MUST_CHECK;

struct evm_query {
    uint64_t first, last;
    bool factories;                 /* PairCreated; else the events of pairs */
    const uint8_t (*addresses)[20]; /* NULL = any address: logs of strangers are skipped */
    size_t n_addresses;
    const struct rx_map *known; /* keys: the 20-byte addresses whose logs are wanted */
};
/* Adds eth_getLogs to the batch under construction. */
void evm_query_add(struct evm_rpc *rpc, const struct evm_query *query);
/* Appends the logs of call i: in the node's order, which is checked, as are range, address, event
 * and form. */
int evm_query_read(struct evm_rpc *rpc, size_t i, const struct evm_query *query,
                   struct evm_logs *logs, struct evm_fault *fault) RX_MUST_CHECK;

struct evm_token_info {
    uint8_t key[20];
    char symbol[RX_TOKEN_TEXT], name[RX_TOKEN_TEXT]; /* "" = unknown */
    int decimals;                                    /* -1 = unknown */
};
/*
 * Asks each token for decimals, symbol and name, as of block `at` (a node that lacks it says so
 * instead of answering from an older state). A token that reverts or answers nonsense is unknown.
 * An error that is not the contract's is a fault, unless `give_up`: then the token is unknown too.
 */
int evm_chain_tokens(struct evm_rpc *rpc, struct evm_token_info *tokens, size_t n, uint64_t at,
                     bool give_up, struct evm_fault *fault) RX_MUST_CHECK;
