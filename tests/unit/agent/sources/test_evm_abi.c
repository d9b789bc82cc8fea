// SPDX-License-Identifier: Apache-2.0
#include "agent/sources/evm_abi.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/test.h"

#define HASH "0x1111111111111111111111111111111111111111111111111111111111111111"
#define PAIR "0x00000000000000000000000000000000000000cc"
#define WORD_A                                                                                     \
    "000000000000000000000000"                                                                     \
    "00000000000000000000000000000000000000aa"
#define WORD_B                                                                                     \
    "000000000000000000000000"                                                                     \
    "00000000000000000000000000000000000000bb"
#define NUMBER(last) "00000000000000000000000000000000000000000000000000000000000000" last
#define ONES         "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define MAX112       "000000000000000000000000000000000000ffffffffffffffffffffffffffff"
#define OVER112      "0000000000000000000000000000000000010000000000000000000000000000"

static struct rx_json_doc *parse(const char *text)
{
    struct rx_json_doc *doc = NULL;
    struct rx_error err = {0};
    assert_ok(rx_json_parse(rx_str_of(text), NULL, &doc, &err), &err);
    return doc;
}

/* A log with these topics (JSON, comma-separated) and data, placed and decoded. */
static int decode(const char *topics, const char *data, struct evm_log *log,
                  struct evm_fault *fault)
{
    char text[2048];
    snprintf(
        text, sizeof text,
        "{\"address\":\"%s\",\"blockNumber\":\"0x10\",\"logIndex\":\"0x2\",\"blockHash\":\"%s\","
        "\"topics\":[%s],\"data\":\"0x%s\",\"removed\":false}",
        PAIR, HASH, topics, data);
    rx_auto(json_doc) struct rx_json_doc *doc = parse(text);
    *fault = (struct evm_fault){0};
    int r = evm_log_place(rx_json_root(doc), log, fault);
    return r < 0 ? r : evm_log_decode(rx_json_root(doc), log, fault);
}

static void round_trip(const struct evm_log *log)
{
    uint8_t packed[200];
    struct evm_log back = {0};
    size_t n = evm_pack(log, packed);
    struct rx_str data = {(const char *)packed, n};
    assert_true(evm_unpack((enum rx_event_kind)log->kind, data, &back));
    assert_memory_equal(back.a, log->a, 20);
    assert_memory_equal(back.b, log->b, 20);
    assert_memory_equal(back.word, log->word, sizeof back.word);
    /* Neither a byte less nor one more is taken for the same. */
    data.n = n - 1;
    assert_false(evm_unpack((enum rx_event_kind)log->kind, data, &back));
    packed[n] = 0;
    data.n = n + 1;
    assert_false(evm_unpack((enum rx_event_kind)log->kind, data, &back));
}

static void test_sync(void **state)
{
    (void)state;
    struct evm_log log;
    struct evm_fault fault;
    char topics[80];
    snprintf(topics, sizeof topics, "\"%s\"", evm_topic_sync);
    assert_int_equal(decode(topics, NUMBER("07") MAX112, &log, &fault), 0);
    assert_int_equal(log.kind, RX_EVENT_SYNC);
    assert_int_equal(log.block, 16);
    assert_int_equal(log.logi, 2);
    assert_int_equal(log.address[19], 0xcc);
    assert_int_equal(log.block_hash[31], 0x11);
    assert_int_equal(log.word[0].limb[0], 7);
    assert_true(rx_u256_to_double(&log.word[1]) > 5.19e33);
    round_trip(&log);
    assert_int_equal(decode(topics, NUMBER("00") NUMBER("00"), &log, &fault), 0);
    round_trip(&log);
    assert_int_equal(decode(topics, NUMBER("07") OVER112, &log, &fault), -1);
    assert_int_equal(fault.kind, EVM_LOG_FORM);
    assert_message(&fault.err, "block 16, log 2: reserve1 is not below 2^112");
    assert_int_equal(decode(topics, NUMBER("07"), &log, &fault), -1);
    assert_message(&fault.err, "data is not Sync");
    assert_int_equal(decode(topics, NUMBER("07") MAX112 "00", &log, &fault), -1);
}

static void test_others(void **state)
{
    (void)state;
    struct evm_log log;
    struct evm_fault fault;
    char topics[300];
    snprintf(topics, sizeof topics, "\"%s\",\"0x" WORD_A "\",\"0x" WORD_B "\"", evm_topic_swap);
    assert_int_equal(decode(topics, NUMBER("01") NUMBER("02") NUMBER("03") ONES, &log, &fault), 0);
    assert_int_equal(log.kind, RX_EVENT_SWAP);
    assert_int_equal(log.a[19], 0xaa);
    assert_int_equal(log.b[19], 0xbb);
    assert_int_equal(log.word[3].limb[3], UINT64_MAX);
    round_trip(&log);
    snprintf(topics, sizeof topics, "\"%s\",\"0x" WORD_A "\",\"0x" WORD_B "\"", evm_topic_burn);
    assert_int_equal(decode(topics, NUMBER("01") NUMBER("02"), &log, &fault), 0);
    assert_int_equal(log.kind, RX_EVENT_BURN);
    round_trip(&log);
    snprintf(topics, sizeof topics, "\"%s\",\"0x" WORD_A "\"", evm_topic_mint);
    assert_int_equal(decode(topics, NUMBER("01") NUMBER("02"), &log, &fault), 0);
    assert_int_equal(log.kind, RX_EVENT_MINT);
    round_trip(&log);
    snprintf(topics, sizeof topics, "\"%s\",\"0x" WORD_A "\",\"0x" WORD_B "\"", evm_topic_transfer);
    assert_int_equal(decode(topics, ONES, &log, &fault), 0);
    assert_int_equal(log.kind, RX_EVENT_LP_TRANSFER);
    round_trip(&log);
    snprintf(topics, sizeof topics, "\"%s\",\"0x" WORD_A "\",\"0x" WORD_B "\"",
             evm_topic_pair_created);
    assert_int_equal(decode(topics, WORD_A NUMBER("05"), &log, &fault), 0);
    assert_int_equal(log.kind, EVM_LOG_PAIR_CREATED);
    assert_int_equal(log.pair[19], 0xaa);
}

static void test_bad_topics(void **state)
{
    (void)state;
    struct evm_log log;
    struct evm_fault fault;
    char topics[400];
    assert_int_equal(decode("", "", &log, &fault), -1);
    assert_int_equal(fault.kind, EVM_LOG_FOREIGN);
    assert_int_equal(decode("\"" HASH "\"", "", &log, &fault), -1);
    assert_int_equal(fault.kind, EVM_LOG_FOREIGN);
    assert_int_equal(decode("1", "", &log, &fault), -1);
    assert_int_equal(fault.kind, EVM_LOG_FOREIGN);
    /* An NFT's Transfer has a third indexed argument. */
    snprintf(topics, sizeof topics, "\"%s\",\"0x" WORD_A "\",\"0x" WORD_B "\",\"" HASH "\"",
             evm_topic_transfer);
    assert_int_equal(decode(topics, "", &log, &fault), -1);
    assert_int_equal(fault.kind, EVM_LOG_FORM);
    snprintf(topics, sizeof topics, "\"%s\",\"" HASH "\",\"0x" WORD_B "\"", evm_topic_transfer);
    assert_int_equal(decode(topics, ONES, &log, &fault), -1);
    assert_message(&fault.err, "topics is not Transfer");
}

static void test_place(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
        enum evm_kind kind;
    } cases[] = {
        {"{}", "blockNumber is not a quantity", EVM_LOG_FORM},
        {"7", "blockNumber is not a quantity", EVM_LOG_FORM},
        {"{\"blockNumber\":\"0xffffffffffffffff\"}", "blockNumber", EVM_LOG_FORM},
        {"{\"blockNumber\":\"16\"}", "blockNumber", EVM_LOG_FORM},
        {"{\"blockNumber\":\"0x10\"}", "block 16, log 0: logIndex", EVM_LOG_FORM},
        {"{\"blockNumber\":\"0x10\",\"logIndex\":\"0x100000000\"}", "logIndex", EVM_LOG_FORM},
        {"{\"blockNumber\":\"0x10\",\"logIndex\":\"0x1\",\"address\":\"0x12\"}",
         "block 16, log 1: address is not 20 bytes", EVM_LOG_FORM},
        {"{\"blockNumber\":\"0x10\",\"logIndex\":\"0x1\",\"address\":\"" PAIR "\"}", "blockHash",
         EVM_LOG_FORM},
        {"{\"blockNumber\":\"0x10\",\"logIndex\":\"0x1\",\"address\":\"" PAIR
         "\",\"blockHash\":\"" HASH "\",\"removed\":\"no\"}",
         "removed is not a boolean", EVM_LOG_FORM},
        {"{\"blockNumber\":\"0x10\",\"logIndex\":\"0x1\",\"address\":\"" PAIR
         "\",\"blockHash\":\"" HASH "\",\"removed\":true}",
         "block 16, log 1: marked as removed", EVM_LOG_REMOVED},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        rx_auto(json_doc) struct rx_json_doc *doc = parse(cases[i].text);
        struct evm_log log;
        struct evm_fault fault = {0};
        assert_int_equal(evm_log_place(rx_json_root(doc), &log, &fault), -1);
        assert_int_equal(fault.kind, cases[i].kind);
        assert_message(&fault.err, cases[i].message);
    }
}

static void test_decimals(void **state)
{
    (void)state;
    assert_int_equal(evm_decode_decimals(RX_STR("0x" NUMBER("12"))), 18);
    assert_int_equal(evm_decode_decimals(RX_STR("0x" NUMBER("00"))), 0);
    assert_int_equal(evm_decode_decimals(RX_STR("0x" NUMBER("ff"))), 255);
    assert_int_equal(evm_decode_decimals(RX_STR("0x" ONES)), -1);
    assert_int_equal(evm_decode_decimals(RX_STR("0x")), -1);
    assert_int_equal(evm_decode_decimals(RX_STR("")), -1);
    assert_int_equal(evm_decode_decimals(RX_STR("0x12")), -1);
    assert_int_equal(evm_decode_decimals(RX_STR("0x" NUMBER("zz"))), -1);
}

static void check_text(const char *hex, const char *expected)
{
    char out[9];
    memset(out, 'x', sizeof out);
    evm_decode_text(rx_str_of(hex), out, sizeof out);
    assert_string_equal(out, expected);
}

static void test_text(void **state)
{
    (void)state;
#define ABC "4142430000000000000000000000000000000000000000000000000000000000"
    check_text("0x" NUMBER("20") NUMBER("03") ABC, "ABC");
    check_text("0x" ABC, "ABC");
    check_text("0x" NUMBER("20") NUMBER("00"), "");
    check_text("0x", "");
    check_text("", "");
    check_text("nonsense", "");
    /* Longer than what is kept: cut. */
    check_text("0x"
               "4142434445464748494a00000000000000000000000000000000000000000000",
               "ABCDEFGH");
    /* Cut before a character that would be split (seven letters and a two-byte one). */
    check_text("0x"
               "41424344454647c3a40000000000000000000000000000000000000000000000",
               "ABCDEFG");
    /* Bad UTF-8, control characters, a length beyond the answer, another offset. */
    check_text("0x"
               "41ff420000000000000000000000000000000000000000000000000000000000",
               "");
    check_text("0x"
               "410a420000000000000000000000000000000000000000000000000000000000",
               "");
    check_text("0x" NUMBER("20") ONES ABC, "");
    check_text("0x" NUMBER("40") NUMBER("03") ABC, "");
    check_text("0x" ONES ONES ABC, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sync),       cmocka_unit_test(test_others),
        cmocka_unit_test(test_bad_topics), cmocka_unit_test(test_place),
        cmocka_unit_test(test_decimals),   cmocka_unit_test(test_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
