// SPDX-License-Identifier: Apache-2.0
#include "agent/sources/evm_abi.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/parse.h"

/* Keccak-256 of the signature named beside it. */
const char evm_topic_pair_created[] = /* PairCreated(address,address,address,uint256) */
    "0x0d3648bd0f6ba80134a33ba9275ac585d9d315f0ad8355cddefde31afa28d0e9";
const char evm_topic_sync[] = /* Sync(uint112,uint112) */
    "0x1c411e9a96e071241c2f21f7726b17ae89e3cab4c78be50e062b03a9fffbbad1";
const char evm_topic_swap[] = /* Swap(address,uint256,uint256,uint256,uint256,address) */
    "0xd78ad95fa46c994b6551d0da85fc275fe613ce37657fb8d5e3d130840159d822";
const char evm_topic_mint[] = /* Mint(address,uint256,uint256) */
    "0x4c209b5fc8ad50758f13e2e1088ba56a560dff690a1c6fef26394f4c03821c4f";
const char evm_topic_burn[] = /* Burn(address,uint256,uint256,address) */
    "0xdccd412f0b1252819cb1fd330b93224ca42612892bb3f4f789976e6d81936496";
const char evm_topic_transfer[] = /* Transfer(address,address,uint256) */
    "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef";
const char evm_call_decimals[] = "0x313ce567"; /* decimals() */
const char evm_call_symbol[] = "0x95d89b41";   /* symbol() */
const char evm_call_name[] = "0x06fdde03";     /* name() */

#define WORD          32
#define TEXT_MAX_HEX  2048
#define LOGI_MAX      ((uint64_t)UINT32_MAX)
#define BLOCK_NUM_MAX ((uint64_t)INT64_MAX)

/* Shape of each event: indexed addresses after topic 0, then words of data. */
static const struct shape {
    const char *name, *topic;
    unsigned indexed, words;
} shapes[EVM_LOG_PAIR_CREATED + 1] = {
    [RX_EVENT_SYNC] = {"Sync", evm_topic_sync, 0, 2},
    [RX_EVENT_SWAP] = {"Swap", evm_topic_swap, 2, 4},
    [RX_EVENT_MINT] = {"Mint", evm_topic_mint, 1, 2},
    [RX_EVENT_BURN] = {"Burn", evm_topic_burn, 2, 2},
    [RX_EVENT_LP_TRANSFER] = {"Transfer", evm_topic_transfer, 2, 1},
    [EVM_LOG_PAIR_CREATED] = {"PairCreated", evm_topic_pair_created, 2, 2},
};

char *evm_address_text(const uint8_t address[20], char out[EVM_ADDRESS_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    out[0] = '0';
    out[1] = 'x';
    for (size_t i = 0; i < 20; i++) {
        out[2 + 2 * i] = digits[address[i] >> 4];
        out[3 + 2 * i] = digits[address[i] & 15];
    }
    out[42] = '\0';
    return out;
}

static int bad_field(const struct evm_log *log, const char *field, const char *wanted,
                     struct evm_fault *fault)
{
    return evm_fail(fault, EVM_LOG_FORM, "block %llu, log %u: %s is not %s",
                    (unsigned long long)log->block, log->logi, field, wanted);
}

int evm_log_place(const struct rx_json *json, struct evm_log *ret, struct evm_fault *fault)
{
    uint64_t logi = 0;
    *ret = (struct evm_log){0};
    if (rx_parse_hex_u64(rx_json_str(rx_json_get(json, "blockNumber")), &ret->block) < 0 ||
        ret->block > BLOCK_NUM_MAX) {
        return evm_fail(fault, EVM_LOG_FORM, "eth_getLogs: a log's blockNumber is not a quantity");
    }
    if (rx_parse_hex_u64(rx_json_str(rx_json_get(json, "logIndex")), &logi) < 0 ||
        logi > LOGI_MAX) {
        return bad_field(ret, "logIndex", "a quantity of 32 bits", fault);
    }
    ret->logi = (uint32_t)logi;
    if (rx_parse_hex_bytes(rx_json_str(rx_json_get(json, "address")), ret->address, 20) < 0) {
        return bad_field(ret, "address", "20 bytes of hex", fault);
    }
    if (rx_parse_hex_bytes(rx_json_str(rx_json_get(json, "blockHash")), ret->block_hash, 32) < 0) {
        return bad_field(ret, "blockHash", "32 bytes of hex", fault);
    }
    const struct rx_json *removed = rx_json_get(json, "removed");
    if (removed && rx_json_type(removed) != RX_JSON_BOOL) {
        return bad_field(ret, "removed", "a boolean", fault);
    }
    if (rx_json_bool(removed, false)) {
        return evm_fail(fault, EVM_LOG_REMOVED,
                        "block %llu, log %u: marked as removed in an answer about the chain",
                        (unsigned long long)ret->block, ret->logi);
    }
    return 0;
}

static int kind_of(struct rx_str topic)
{
    for (int kind = 1; kind <= EVM_LOG_PAIR_CREATED; kind++) {
        if (rx_str_eq_nocase(topic, rx_str_of(shapes[kind].topic))) {
            return kind;
        }
    }
    return 0;
}

/* A word that holds an address: twelve zero bytes, then the address. */
static bool word_to_address(const uint8_t word[WORD], uint8_t out[20])
{
    static const uint8_t zero[12];
    if (memcmp(word, zero, sizeof zero) != 0) {
        return false;
    }
    memcpy(out, word + 12, 20);
    return true;
}

static bool topic_to_address(const struct rx_json *topics, size_t i, uint8_t out[20])
{
    uint8_t word[WORD];
    return rx_parse_hex_bytes(rx_json_str(rx_json_item(topics, i)), word, WORD) == 0 &&
           word_to_address(word, out);
}

static int check_values(struct evm_log *log, const uint8_t *data, struct evm_fault *fault)
{
    rx_u128 narrow;
    if (log->kind == EVM_LOG_PAIR_CREATED) {
        return word_to_address(data, log->pair) ? 0 : bad_field(log, "pair", "an address", fault);
    }
    for (unsigned i = 0; log->kind == RX_EVENT_SYNC && i < 2; i++) {
        if (!rx_u256_to_u128(&log->word[i], &narrow) || narrow > RX_UINT112_MAX) {
            return bad_field(log, i ? "reserve1" : "reserve0", "below 2^112", fault);
        }
    }
    return 0;
}

int evm_log_decode(const struct rx_json *json, struct evm_log *log, struct evm_fault *fault)
{
    const struct rx_json *topics = rx_json_get(json, "topics");
    char address[EVM_ADDRESS_TEXT];
    log->kind = kind_of(rx_json_str(rx_json_item(topics, 0)));
    if (log->kind == 0) {
        return evm_fail(fault, EVM_LOG_FOREIGN, "block %llu, log %u of %s: an event not asked for",
                        (unsigned long long)log->block, log->logi,
                        evm_address_text(log->address, address));
    }
    const struct shape *shape = &shapes[log->kind];
    if (rx_json_len(topics) != shape->indexed + 1 ||
        (shape->indexed > 0 && !topic_to_address(topics, 1, log->a)) ||
        (shape->indexed > 1 && !topic_to_address(topics, 2, log->b))) {
        return bad_field(log, "topics", shape->name, fault);
    }
    uint8_t data[4 * WORD];
    if (rx_parse_hex_bytes(rx_json_str(rx_json_get(json, "data")), data, shape->words * WORD) < 0) {
        return bad_field(log, "data", shape->name, fault);
    }
    for (unsigned i = 0; i < shape->words; i++) {
        log->word[i] = rx_u256_from_be(data + i * WORD);
    }
    return check_values(log, data, fault);
}

static size_t pack_word(const struct rx_u256 *word, uint8_t *out)
{
    uint8_t n = 0;
    for (int i = 31; i >= 0; i--) {
        uint8_t byte = (uint8_t)(word->limb[i / 8] >> (i % 8 * 8));
        if (n || byte) {
            out[++n] = byte;
        }
    }
    out[0] = n;
    return (size_t)n + 1;
}

size_t evm_pack(const struct evm_log *log, uint8_t out[200])
{
    const struct shape *shape = &shapes[log->kind];
    size_t n = 0;
    if (shape->indexed > 0) {
        memcpy(out, log->a, 20);
        n = 20;
    }
    if (shape->indexed > 1) {
        memcpy(out + n, log->b, 20);
        n += 20;
    }
    for (unsigned i = 0; i < shape->words; i++) {
        n += pack_word(&log->word[i], out + n);
    }
    return n;
}

static bool take(struct rx_str *rest, void *out, size_t n)
{
    if (rest->n < n) {
        return false;
    }
    memcpy(out, rest->p, n);
    rest->p += n;
    rest->n -= n;
    return true;
}

bool evm_unpack(enum rx_event_kind kind, struct rx_str data, struct evm_log *ret)
{
    const struct shape *shape = &shapes[kind];
    ret->kind = (int)kind;
    if ((shape->indexed > 0 && !take(&data, ret->a, 20)) ||
        (shape->indexed > 1 && !take(&data, ret->b, 20))) {
        return false;
    }
    for (unsigned i = 0; i < shape->words; i++) {
        uint8_t n = 0, word[WORD] = {0};
        if (!take(&data, &n, 1) || n > WORD || !take(&data, word + WORD - n, n)) {
            return false;
        }
        ret->word[i] = rx_u256_from_be(word);
    }
    return data.n == 0;
}

/* Bytes of an eth_call's answer; the number of them, or -1. */
static int call_bytes(struct rx_str hex, uint8_t *out, size_t max)
{
    if (hex.n < 2 || hex.n % 2 || hex.p[0] != '0' || hex.p[1] != 'x') {
        return -1;
    }
    size_t n = (hex.n - 2) / 2;
    if (n > max) {
        n = max; /* only the beginning is of interest */
    }
    struct rx_str part = {hex.p, 2 + 2 * n};
    return rx_parse_hex_bytes(part, out, n) == 0 ? (int)n : -1;
}

int evm_decode_decimals(struct rx_str hex)
{
    uint8_t bytes[WORD];
    if (call_bytes(hex, bytes, sizeof bytes) != WORD) {
        return -1;
    }
    struct rx_u256 value = rx_u256_from_be(bytes);
    struct rx_u256 most = rx_u256_of(255);
    return rx_u256_cmp(&value, &most) <= 0 ? (int)value.limb[0] : -1;
}

/* Finds the bytes of a string answer: offset 0x20, length, bytes; or one word of bytes32. */
static struct rx_str text_bytes(const uint8_t *bytes, size_t n)
{
    const char *p = (const char *)bytes;
    if (n == WORD) {
        return (struct rx_str){p, strnlen(p, WORD)};
    }
    if (n < 2 * WORD) {
        return (struct rx_str){NULL, 0};
    }
    struct rx_u256 offset = rx_u256_from_be(bytes);
    struct rx_u256 length = rx_u256_from_be(bytes + WORD);
    struct rx_u256 expected = rx_u256_of(WORD), room = rx_u256_of(n - 2 * WORD);
    if (rx_u256_cmp(&offset, &expected) != 0) {
        return (struct rx_str){NULL, 0};
    }
    size_t have = rx_u256_cmp(&length, &room) <= 0 ? (size_t)length.limb[0] : n - 2 * WORD;
    return (struct rx_str){p + 2 * WORD, have};
}

void evm_decode_text(struct rx_str hex, char *out, size_t max)
{
    uint8_t bytes[TEXT_MAX_HEX / 2];
    int n = call_bytes(hex, bytes, sizeof bytes);
    struct rx_str text = n > 0 ? text_bytes(bytes, (size_t)n) : (struct rx_str){NULL, 0};
    assert(max > 0);
    size_t used = text.n < max ? text.n : max - 1;
    /* A cut in the middle of a character is taken back to its beginning. */
    while (used < text.n && used > 0 && ((unsigned char)text.p[used] & 0xc0) == 0x80) {
        used--;
    }
    for (size_t i = 0; i < used; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c < 0x20 || c == 0x7f) {
            used = 0;
        }
    }
    text.n = used;
    if (!rx_str_is_utf8(text)) {
        used = 0;
    }
    if (used) {
        memcpy(out, text.p, used);
    }
    out[used] = '\0';
}
