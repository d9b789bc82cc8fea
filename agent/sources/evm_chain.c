// SPDX-License-Identifier: Apache-2.0
#include "agent/sources/evm_chain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/parse.h"

#define CALLS_A_TOKEN 3
#define TIME_MAX      253402300799ULL /* the end of year 9999 */

static void add_quantity(struct rx_jw *w, uint64_t value)
{
    char text[20];
    snprintf(text, sizeof text, "0x%llx", (unsigned long long)value);
    rx_jw_cstr(w, text);
}

static void add_block(struct evm_rpc *rpc, const char *tag, uint64_t number)
{
    struct rx_jw *w = evm_rpc_add(rpc, "eth_getBlockByNumber");
    if (tag) {
        rx_jw_cstr(w, tag);
    } else {
        add_quantity(w, number);
    }
    rx_jw_bool(w, false);
    evm_rpc_end(rpc);
}

static int bad_block(const char *field, uint64_t number, struct evm_fault *fault)
{
    return evm_fail(fault, EVM_BLOCK_FORM, "eth_getBlockByNumber: block %llu: bad %s",
                    (unsigned long long)number, field);
}

static int decode_header(const struct rx_json *json, struct evm_header *out,
                         struct evm_fault *fault)
{
    uint64_t time = 0;
    uint64_t asked = out->number;
    if (rx_parse_hex_u64(rx_json_str(rx_json_get(json, "number")), &out->number) < 0) {
        return bad_block("number", asked, fault);
    }
    if (rx_parse_hex_bytes(rx_json_str(rx_json_get(json, "hash")), out->hash, 32) < 0) {
        return bad_block("hash", out->number, fault);
    }
    if (rx_parse_hex_bytes(rx_json_str(rx_json_get(json, "parentHash")), out->parent, 32) < 0) {
        return bad_block("parentHash", out->number, fault);
    }
    if (rx_parse_hex_u64(rx_json_str(rx_json_get(json, "timestamp")), &time) < 0 ||
        time > TIME_MAX) {
        return bad_block("timestamp", out->number, fault);
    }
    out->time = (int64_t)time;
    out->present = true;
    return 0;
}

/* Result i as the block `out->number`; a null result leaves present = false. */
static int read_header(struct evm_rpc *rpc, size_t i, struct evm_header *out,
                       struct evm_fault *fault)
{
    const struct rx_json *json = evm_rpc_result(rpc, i, fault);
    uint64_t asked = out->number;
    if (!json) {
        return -1;
    }
    out->present = false;
    if (rx_json_type(json) == RX_JSON_NULL) {
        return 0;
    }
    if (decode_header(json, out, fault) < 0) {
        return -1;
    }
    if (out->number != asked) {
        return evm_fail(fault, EVM_BLOCK_FORM,
                        "eth_getBlockByNumber: asked for block %llu, got block %llu",
                        (unsigned long long)asked, (unsigned long long)out->number);
    }
    return 0;
}

int evm_chain_poll(struct evm_rpc *rpc, uint64_t known, struct evm_poll *ret,
                   struct evm_fault *fault)
{
    evm_rpc_begin(rpc);
    (void)evm_rpc_add(rpc, "eth_chainId"); /* no parameters to write */
    evm_rpc_end(rpc);
    add_block(rpc, "latest", 0);
    add_block(rpc, NULL, known);
    if (evm_rpc_run(rpc, fault) < 0) {
        return -1;
    }
    const struct rx_json *id = evm_rpc_result(rpc, 0, fault);
    const struct rx_json *head = id ? evm_rpc_result(rpc, 1, fault) : NULL;
    if (!head) {
        return -1;
    }
    if (rx_parse_hex_u64(rx_json_str(id), &ret->chain_id) < 0) {
        return evm_fail(fault, EVM_PROTOCOL, "eth_chainId: not a quantity");
    }
    if (rx_json_type(head) == RX_JSON_NULL) {
        return evm_fail(fault, EVM_GAP, "eth_getBlockByNumber: the node has no newest block");
    }
    ret->known = (struct evm_header){.number = known};
    ret->head = (struct evm_header){0};
    return decode_header(head, &ret->head, fault) < 0 ? -1
                                                      : read_header(rpc, 2, &ret->known, fault);
}

void evm_header_add(struct evm_rpc *rpc, uint64_t number)
{
    add_block(rpc, NULL, number);
}

int evm_header_read(struct evm_rpc *rpc, size_t i, struct evm_header *ret, struct evm_fault *fault)
{
    if (read_header(rpc, i, ret, fault) < 0) {
        return -1;
    }
    return ret->present
               ? 0
               : evm_fail(fault, EVM_GAP, "the node has no block %llu, which is below its head",
                          (unsigned long long)ret->number);
}

static int headers_chunk(struct evm_rpc *rpc, struct evm_header *out, size_t n, bool may_lack,
                         struct evm_fault *fault)
{
    evm_rpc_begin(rpc);
    for (size_t i = 0; i < n; i++) {
        add_block(rpc, NULL, out[i].number);
    }
    if (evm_rpc_run(rpc, fault) < 0) {
        return -1;
    }
    for (size_t i = 0; i < n; i++) {
        int r = may_lack ? read_header(rpc, i, &out[i], fault)
                         : evm_header_read(rpc, i, &out[i], fault);
        if (r < 0) {
            return -1;
        }
    }
    return 0;
}

int evm_chain_headers(struct evm_rpc *rpc, struct evm_header *out, size_t n, bool may_lack,
                      struct evm_fault *fault)
{
    for (size_t done = 0; done < n;) {
        size_t some = n - done < EVM_BATCH_MAX ? n - done : EVM_BATCH_MAX;
        if (headers_chunk(rpc, out + done, some, may_lack, fault) < 0) {
            return -1;
        }
        done += some;
    }
    return 0;
}

static void add_call(struct evm_rpc *rpc, const uint8_t token[20], const char *data, uint64_t at)
{
    char address[EVM_ADDRESS_TEXT];
    struct rx_jw *w = evm_rpc_add(rpc, "eth_call");
    rx_jw_begin_object(w);
    rx_jw_kv_cstr(w, "to", evm_address_text(token, address));
    rx_jw_kv_cstr(w, "data", data);
    rx_jw_end_object(w);
    add_quantity(w, at);
    evm_rpc_end(rpc);
}

/* Whether the error is the contract's own doing. */
static bool contract_refused(const struct evm_fault *fault)
{
    static const char *const words[] = {"revert",       "opcode",     "out of gas", "execution",
                                        "VM Exception", "stack",      "jump",       "gas required",
                                        "InvalidFEOp",  "not enough", "(3)"};
    for (size_t i = 0; i < RX_ARRAY_LEN(words); i++) {
        if (strcasestr(fault->err.msg, words[i])) {
            return true;
        }
    }
    return false;
}

/* Answer i as hex text; {NULL, 0} when the contract refuses. */
static int call_result(struct evm_rpc *rpc, size_t i, bool give_up, struct rx_str *ret,
                       struct evm_fault *fault)
{
    const struct rx_json *json = evm_rpc_result(rpc, i, fault);
    *ret = rx_json_str(json);
    if (!json && (fault->kind == EVM_RATE_LIMITED || (!give_up && !contract_refused(fault)))) {
        return -1;
    }
    fault->kind = EVM_OK;
    return 0;
}

static int tokens_chunk(struct evm_rpc *rpc, struct evm_token_info *tokens, size_t n, uint64_t at,
                        bool give_up, struct evm_fault *fault)
{
    evm_rpc_begin(rpc);
    for (size_t i = 0; i < n; i++) {
        add_call(rpc, tokens[i].key, evm_call_decimals, at);
        add_call(rpc, tokens[i].key, evm_call_symbol, at);
        add_call(rpc, tokens[i].key, evm_call_name, at);
    }
    if (evm_rpc_run(rpc, fault) < 0) {
        return -1;
    }
    for (size_t i = 0; i < n; i++) {
        struct rx_str hex[CALLS_A_TOKEN];
        for (size_t k = 0; k < CALLS_A_TOKEN; k++) {
            if (call_result(rpc, i * CALLS_A_TOKEN + k, give_up, &hex[k], fault) < 0) {
                return -1;
            }
        }
        tokens[i].decimals = evm_decode_decimals(hex[0]);
        evm_decode_text(hex[1], tokens[i].symbol, sizeof tokens[i].symbol);
        evm_decode_text(hex[2], tokens[i].name, sizeof tokens[i].name);
    }
    return 0;
}

int evm_chain_tokens(struct evm_rpc *rpc, struct evm_token_info *tokens, size_t n, uint64_t at,
                     bool give_up, struct evm_fault *fault)
{
    const size_t most = EVM_BATCH_MAX / CALLS_A_TOKEN;
    for (size_t done = 0; done < n;) {
        size_t some = n - done < most ? n - done : most;
        if (tokens_chunk(rpc, tokens + done, some, at, give_up, fault) < 0) {
            return -1;
        }
        done += some;
    }
    return 0;
}
