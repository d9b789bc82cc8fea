// SPDX-License-Identifier: Apache-2.0
/*
 * What the contracts say: topics and selectors, logs of Uniswap-V2 factories and pairs, answers of
 * ERC-20 views, and the packing in which events are stored. Pure functions; thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/engine/math/u256.h"
#include "agent/sources/evm_fault.h"
#include "agent/store/rows.h"
#include "common/json/read.h"

#define EVM_ADDRESS_TEXT 43 /* "0x", 40 hex digits, NUL */

/* Above the kinds of pool events: the factory's. */
#define EVM_LOG_PAIR_CREATED RX_EVENT_KIND_MAX

extern const char evm_topic_pair_created[], evm_topic_sync[], evm_topic_swap[], evm_topic_mint[],
    evm_topic_burn[], evm_topic_transfer[];
extern const char evm_call_decimals[], evm_call_symbol[], evm_call_name[];

/* One log. Which fields are set depends on the kind:
 * SYNC: word = reserve0, reserve1.  SWAP: a = sender, b = to, word = in0, in1, out0, out1.
 * MINT: a = sender, word = amount0, amount1.  BURN: a = sender, b = to, word = amount0, amount1.
 * LP_TRANSFER: a = from, b = to, word = value.  PAIR_CREATED: a = token0, b = token1, pair. */
struct evm_log {
    uint64_t block;
    uint32_t logi;
    int kind;
    int64_t time; /* filled in from the block */
    uint8_t address[20], a[20], b[20], pair[20];
    uint8_t block_hash[32];
    struct rx_u256 word[4];
};

char *evm_address_text(const uint8_t address[20], char out[EVM_ADDRESS_TEXT]);
/* Where the log is: block, index, hash, address; checks removed. Topics and data are left to
 * evm_log_decode, once the address is known to be of interest. */
int evm_log_place(const struct rx_json *json, struct evm_log *ret, struct evm_fault *fault)
    RX_MUST_CHECK;
/* Kind and values. EVM_LOG_FORM when they are not what the contract emits, EVM_LOG_FOREIGN for
 * another event. */
int evm_log_decode(const struct rx_json *json, struct evm_log *log, struct evm_fault *fault)
    RX_MUST_CHECK;

/* The values of a pool event in at most 200 bytes: addresses whole, each word as its length and
 * its bytes without leading zeros. */
size_t evm_pack(const struct evm_log *log, uint8_t out[200]);
/* Back again; false when the bytes are not what evm_pack makes for the kind. */
bool evm_unpack(enum rx_event_kind kind, struct rx_str data, struct evm_log *ret) RX_MUST_CHECK;

/* Answers of eth_call ("0x..." text). -1 when it is not a number of 0..255. */
int evm_decode_decimals(struct rx_str hex);
/* string or bytes32 as text of at most max - 1 bytes of UTF-8 without control characters; ""
 * when it is neither. */
void evm_decode_text(struct rx_str hex, char *out, size_t max);
