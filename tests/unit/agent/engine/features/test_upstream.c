// SPDX-License-Identifier: Apache-2.0
/* Small answers made by hand in the shape of each service. */
#include "agent/engine/features/upstream.h"

#include <math.h>
#include <stdio.h>

#include "tests/support/test.h"
#include "tests/support/torture.h"

#define NOW 1735689600 /* 2025-01-01T00:00:00Z */

static struct rx_upstream_answer answer;

static void parse_as(const char *text, enum rx_upstream source, const char *token, unsigned http)
{
    const struct rx_upstream_query query = {
        .source = source, .token = rx_str_of(token), .observed_at = NOW, .http_status = http};
    assert_int_equal(rx_upstream_parse(rx_str_of(text), &query, &answer), 0);
}

static void parse(const char *text)
{
    parse_as(text, RX_UPSTREAM_UNKNOWN, NULL, 0);
}

static void expect(enum rx_upstream source, enum rx_upstream_status status, size_t n)
{
    if (answer.source != source || answer.status != status || answer.n != n) {
        fail_msg("expected %s %s with %zu values, got %s %s with %zu: %s", rx_upstream_name(source),
                 rx_upstream_status_name(status), n, rx_upstream_name(answer.source),
                 rx_upstream_status_name(answer.status), answer.n, answer.message);
    }
}

static void has(enum rx_feature feature, double value)
{
    const double got = rx_upstream_get(&answer, feature);
    if (!(fabs(got - value) <= 1e-12 * fmax(1, fabs(value)))) {
        fail_msg("%s: expected %.17g, got %.17g", rx_feature_info(feature)->name, value, got);
    }
}

static void lacks(enum rx_feature feature)
{
    if (!isnan(rx_upstream_get(&answer, feature))) {
        fail_msg("%s is known", rx_feature_info(feature)->name);
    }
}

#define EVM_A "0xAb00000000000000000000000000000000000001"
#define EVM_B "0xab00000000000000000000000000000000000002"

static void test_goplus(void **state)
{
    (void)state;
    parse("{\"code\":1,\"message\":\"OK\",\"result\":{"
          "\"0xab00000000000000000000000000000000000001\":{"
          "\"is_honeypot\":\"0\",\"is_mintable\":\"1\",\"is_proxy\":\"\",\"is_open_source\":\"1\","
          "\"cannot_sell_all\":1,\"hidden_owner\":false,\"selfdestruct\":\"2\",\"external_call\":"
          "null,"
          "\"buy_tax\":\"0.05\",\"sell_tax\":\"\",\"transfer_tax\":\"1.0000001\","
          "\"slippage_modifiable\":\"0\",\"personal_slippage_modifiable\":\"1\","
          "\"owner_address\":\"0x0000000000000000000000000000000000000000\",\"owner_percent\":\"0."
          "25\","
          "\"creator_percent\":\"0.125\",\"holder_count\":\"1234\",\"honeypot_with_same_creator\":"
          "\"2\","
          "\"trust_list\":\"1\",\"dex\":[{\"liquidity\":\"100.5\",\"pair\":\"" EVM_B "\"},"
          "{\"liquidity\":\"2000.25\",\"pair\":\"0x02\"}],"
          "\"holders\":[{\"address\":\"" EVM_B "\",\"percent\":\"0.5\",\"is_locked\":0},"
          "{\"address\":\"0x03\",\"percent\":\"0.2\",\"is_locked\":0},"
          "{\"address\":\"0x04\",\"percent\":\"0.1\",\"is_locked\":1},"
          "{\"address\":\"0x000000000000000000000000000000000000dEaD\",\"percent\":\"0.05\"},"
          "{\"address\":\"0x05\",\"percent\":\"0.03\"}]}}}");
    expect(RX_UPSTREAM_GOPLUS_EVM, RX_UPSTREAM_OK, 16);
    has(RX_F_IS_HONEYPOT, 0);
    has(RX_F_IS_MINTABLE, 1);
    has(RX_F_CANNOT_SELL_ALL, 1);
    has(RX_F_HIDDEN_OWNER, 0);
    has(RX_F_OPEN_SOURCE, 1);
    has(RX_F_BUY_TAX, 0.05);
    has(RX_F_TRANSFER_TAX, 1);
    has(RX_F_TAX_MODIFIABLE, 1);
    has(RX_F_HAS_OWNER, 0);
    has(RX_F_OWNER_SHARE_UPSTREAM, 0.25);
    has(RX_F_CREATOR_SHARE_UPSTREAM, 0.125);
    has(RX_F_HOLDERS_UPSTREAM, 1234);
    has(RX_F_HONEYPOT_SAME_CREATOR, 2);
    has(RX_F_TRUST_LISTED, 1);
    has(RX_F_LIQ_USD, 2000.25);
    has(RX_F_TOP10_UPSTREAM, 0.23);
    lacks(RX_F_IS_PROXY);
    lacks(RX_F_SELL_TAX);
    lacks(RX_F_SELFDESTRUCT);
    lacks(RX_F_EXTERNAL_CALL);
    lacks(RX_F_HAS_BLACKLIST);
    lacks(RX_F_LP_LOCKED_UPSTREAM);
    assert_string_equal(answer.token, "0xab00000000000000000000000000000000000001");
}

/* Locks: one for a year, one that is over, a small one that ends earlier, the burned part, and a
 * holder who is free. NOW is 2025-01-01. */
static void test_goplus_liquidity(void **state)
{
    (void)state;
    parse("{\"code\":1,\"result\":{\"0x01\":{\"is_open_source\":\"1\",\"lp_holders\":["
          "{\"address\":\"0x0a\",\"percent\":\"0.4\",\"is_locked\":1,\"locked_detail\":["
          "{\"amount\":\"300\",\"end_time\":\"2025-01-11T00:00:00+00:00\"},"
          "{\"amount\":\"100\",\"end_time\":\"2024-12-31T23:59:59+00:00\"}]},"
          "{\"address\":\"0x0b\",\"percent\":\"0.005\",\"is_locked\":1,\"locked_detail\":["
          "{\"amount\":\"5\",\"end_time\":\"2025-01-02T00:00:00+00:00\"}]},"
          "{\"address\":\"0x0000000000000000000000000000000000000000\",\"percent\":\"0.2\","
          "\"is_locked\":1},"
          "{\"address\":\"0x0c\",\"percent\":\"0.15\",\"is_locked\":0}]}}}");
    expect(RX_UPSTREAM_GOPLUS_EVM, RX_UPSTREAM_OK, 4);
    has(RX_F_LP_LOCKED_UPSTREAM, 0.3 + 0.005 + 0.2);
    has(RX_F_LP_TOP_UPSTREAM, 0.15);
    has(RX_F_LP_LOCK_EXPIRY_UPSTREAM_H, 240);
}

static void test_goplus_errors(void **state)
{
    (void)state;
    static const struct {
        int code;
        enum rx_upstream_status status;
    } codes[] = {
        {2004, RX_UPSTREAM_BAD_REQUEST}, {2018, RX_UPSTREAM_BAD_REQUEST},
        {2020, RX_UPSTREAM_BAD_REQUEST}, {2021, RX_UPSTREAM_NOT_FOUND},
        {4010, RX_UPSTREAM_AUTH},        {4012, RX_UPSTREAM_AUTH},
        {4023, RX_UPSTREAM_AUTH},        {4029, RX_UPSTREAM_RATE_LIMITED},
        {5000, RX_UPSTREAM_UNAVAILABLE}, {5006, RX_UPSTREAM_BAD_REQUEST},
        {12345, RX_UPSTREAM_MALFORMED},  {-1, RX_UPSTREAM_MALFORMED},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(codes); i++) {
        char text[128];
        snprintf(text, sizeof(text), "{\"code\":%d,\"message\":\"why\\n\",\"result\":{}}",
                 codes[i].code);
        parse(text);
        expect(RX_UPSTREAM_GOPLUS_EVM, codes[i].status, 0);
        assert_int_equal(answer.code, codes[i].code);
        assert_non_null(strstr(answer.message, "why?"));
    }
    parse("{\"code\":1,\"message\":\"OK\",\"result\":{}}");
    expect(RX_UPSTREAM_GOPLUS_EVM, RX_UPSTREAM_EMPTY, 0);
    parse("{\"code\":1,\"message\":\"OK\",\"result\":null}");
    expect(RX_UPSTREAM_GOPLUS_EVM, RX_UPSTREAM_EMPTY, 0);
    /* Partial: what is there counts, and it is worth asking again. */
    parse("{\"code\":2,\"message\":\"later\",\"result\":{\"0x01\":{\"is_honeypot\":\"1\"}}}");
    expect(RX_UPSTREAM_GOPLUS_EVM, RX_UPSTREAM_PARTIAL, 1);
    assert_true(rx_upstream_retryable(answer.status));
    parse("{\"code\":2,\"message\":\"later\",\"result\":{}}");
    expect(RX_UPSTREAM_GOPLUS_EVM, RX_UPSTREAM_PARTIAL, 0);
}

static void test_goplus_tokens(void **state)
{
    (void)state;
    const char *two = "{\"code\":1,\"result\":{\"0xab00000000000000000000000000000000000001\":"
                      "{\"is_honeypot\":\"1\"},\"" EVM_B "\":{\"is_honeypot\":\"0\"}}}";
    parse(two);
    expect(RX_UPSTREAM_GOPLUS_EVM, RX_UPSTREAM_MALFORMED, 0);
    assert_non_null(strstr(answer.message, "several tokens"));
    parse_as(two, RX_UPSTREAM_GOPLUS_EVM, EVM_A, 200);
    expect(RX_UPSTREAM_GOPLUS_EVM, RX_UPSTREAM_OK, 1);
    has(RX_F_IS_HONEYPOT, 1);
    parse_as(two, RX_UPSTREAM_GOPLUS_EVM, EVM_B, 200);
    has(RX_F_IS_HONEYPOT, 0);
    parse_as(two, RX_UPSTREAM_GOPLUS_EVM, "0x03", 200);
    expect(RX_UPSTREAM_GOPLUS_EVM, RX_UPSTREAM_EMPTY, 0);
}

static void test_goplus_solana(void **state)
{
    (void)state;
    parse("{\"code\":1,\"result\":{\"Mint111\":{\"mintable\":{\"status\":\"1\",\"authority\":[]},"
          "\"freezable\":{\"status\":\"0\",\"authority\":[{\"address\":\"x\","
          "\"malicious_address\":1}]},\"balance_mutable_authority\":{\"status\":\"\"},"
          "\"metadata_mutable\":{\"status\":\"1\"},\"transfer_hook\":[{\"address\":\"y\"}],"
          "\"transfer_fee\":{\"current_fee_rate\":{\"fee_rate\":\"5\"}},"
          "\"non_transferable\":\"0\",\"trusted_token\":0,\"holder_count\":\"7\","
          "\"dex\":[{\"id\":\"P1\",\"tvl\":\"10\",\"burn_percent\":100},"
          "{\"id\":\"P2\",\"tvl\":\"99\",\"burn_percent\":12.5}],"
          "\"holders\":[{\"account\":\"P2\",\"percent\":\"0.9\"},{\"account\":\"H\","
          "\"percent\":\"0.05\"}]}}}");
    expect(RX_UPSTREAM_GOPLUS_SOLANA, RX_UPSTREAM_OK, 9);
    has(RX_F_MINT_AUTHORITY, 1);
    has(RX_F_FREEZE_AUTHORITY, 0);
    has(RX_F_METADATA_MUTABLE, 1);
    has(RX_F_TRANSFER_HOOK, 1);
    has(RX_F_DENY_LIST_HIT, 1);
    has(RX_F_HOLDERS_UPSTREAM, 7);
    has(RX_F_LIQ_USD, 99);
    has(RX_F_LP_LOCKED_UPSTREAM, 0.125);
    has(RX_F_TOP10_UPSTREAM, 0.05);
    lacks(RX_F_PERMANENT_DELEGATE);
    lacks(RX_F_TRANSFER_TAX);
    lacks(RX_F_IS_HONEYPOT);
    lacks(RX_F_TRUST_LISTED);
}

static void test_rugcheck(void **state)
{
    (void)state;
    parse(
        "{\"mint\":\"M1\",\"tokenProgram\":\"TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA\","
        "\"creator\":\"C1\",\"creatorBalance\":9007199254740993,\"score\":901,"
        "\"score_normalised\":57,\"rugged\":true,\"risks\":[{\"name\":\"Creator history of rugged "
        "tokens\",\"score\":16800},{\"name\":\"something new\"}],"
        "\"token\":{\"supply\":18014398509481986,\"decimals\":6,\"mintAuthority\":null,"
        "\"freezeAuthority\":\"F1\"},\"tokenMeta\":{\"mutable\":true},"
        "\"transferFee\":{\"pct\":2.5},\"topHolders\":[{\"owner\":\"pool\",\"pct\":60},"
        "{\"owner\":\"a\",\"pct\":10,\"insider\":true},{\"owner\":\"b\",\"pct\":5,"
        "\"insider\":false}],\"knownAccounts\":{\"pool\":{\"name\":\"x\",\"type\":\"AMM\"}},"
        "\"insiderNetworks\":[{\"tokenAmount\":3602879701896397}],\"graphInsidersDetected\":3,"
        "\"creatorTokens\":[{},{},{}],\"totalHolders\":12,\"totalMarketLiquidity\":412.5,"
        "\"price\":0.001,\"markets\":[{\"lp\":{\"quoteUSD\":1,\"baseUSD\":1,\"lpLockedPct\":100}},"
        "{\"lp\":{\"quoteUSD\":200,\"baseUSD\":210,\"lpLockedPct\":12.5,\"holders\":["
        "{\"owner\":\"z\",\"pct\":80},{\"owner\":\"pool\",\"pct\":90}]}},{\"lp\":null}],"
        "\"lockers\":{\"L1\":{\"unlockDate\":1735776000,\"usdcLocked\":5},"
        "\"L2\":{\"unlockDate\":0,\"usdcLocked\":9}},\"verification\":{\"jup_strict\":true}}");
    expect(RX_UPSTREAM_RUGCHECK, RX_UPSTREAM_OK, 20);
    has(RX_F_RUGCHECK_SCORE, 57);
    has(RX_F_RUGGED, 1);
    has(RX_F_MINT_AUTHORITY, 0);
    has(RX_F_FREEZE_AUTHORITY, 1);
    has(RX_F_TRANSFER_HOOK, 0);
    has(RX_F_PERMANENT_DELEGATE, 0);
    has(RX_F_METADATA_MUTABLE, 1);
    has(RX_F_TRANSFER_TAX, 0.025);
    has(RX_F_CREATOR_SHARE_UPSTREAM, 0.5);
    has(RX_F_CREATOR_PRIOR_RUGS, 1);
    has(RX_F_CREATOR_PRIOR_TOKENS, 3);
    has(RX_F_TOP10_UPSTREAM, 0.15);
    has(RX_F_INSIDER_SHARE, 0.2);
    has(RX_F_LP_LOCKED_UPSTREAM, 0.125);
    has(RX_F_LP_TOP_UPSTREAM, 0.8);
    has(RX_F_LP_LOCK_EXPIRY_UPSTREAM_H, 24);
    has(RX_F_HOLDERS_UPSTREAM, 12);
    has(RX_F_LIQ_USD, 412.5);
    has(RX_F_PRICE_USD, 0.001);
    has(RX_F_TRUST_LISTED, 1);
    parse_as("{\"mint\":\"M1\",\"score\":1,\"risks\":[],\"token\":{}}", RX_UPSTREAM_RUGCHECK, "M2",
             0);
    expect(RX_UPSTREAM_RUGCHECK, RX_UPSTREAM_EMPTY, 0);
}

/* Nothing but nulls: nothing is known, and nothing breaks. */
static void test_rugcheck_nulls(void **state)
{
    (void)state;
    parse("{\"mint\":null,\"score\":1,\"risks\":null,\"token\":{\"supply\":0},\"topHolders\":null,"
          "\"markets\":null,\"insiderNetworks\":null,\"creatorTokens\":null,\"creator\":null,"
          "\"creatorBalance\":0,\"token_extensions\":null,\"totalHolders\":0,\"lockers\":null}");
    expect(RX_UPSTREAM_RUGCHECK, RX_UPSTREAM_OK, 0);
    parse("{\"score\":10,\"risks\":[],\"score_normalised\":101,\"lpLockedPct\":null}");
    expect(RX_UPSTREAM_RUGCHECK_SUMMARY, RX_UPSTREAM_OK, 0);
    parse("{\"score\":10,\"risks\":[],\"score_normalised\":7,\"lpLockedPct\":50}");
    expect(RX_UPSTREAM_RUGCHECK_SUMMARY, RX_UPSTREAM_OK, 2);
    has(RX_F_LP_LOCKED_UPSTREAM, 0.5);
    parse("{\"error\":\"rate limit exceeded\"}");
    expect(RX_UPSTREAM_RUGCHECK, RX_UPSTREAM_RATE_LIMITED, 0);
}

static void test_honeypot(void **state)
{
    (void)state;
    parse("{\"token\":{\"address\":\"" EVM_A "\",\"totalHolders\":40},\"simulationSuccess\":true,"
          "\"honeypotResult\":{\"isHoneypot\":true},\"simulationResult\":{\"buyTax\":5,"
          "\"sellTax\":100,\"transferTax\":-0.000001},\"holderAnalysis\":{\"holders\":\"40\","
          "\"successful\":\"25\",\"failed\":\"10\",\"siphoned\":\"5\"},"
          "\"contractCode\":{\"openSource\":true,\"rootOpenSource\":false,\"isProxy\":true},"
          "\"pair\":{\"liquidity\":1000.5,\"createdAtTimestamp\":\"1735682400\"},"
          "\"flags\":[\"effective_honeypot_low_sell_limit\"]}");
    expect(RX_UPSTREAM_HONEYPOT, RX_UPSTREAM_OK, 12);
    has(RX_F_IS_HONEYPOT, 1);
    has(RX_F_BUY_TAX, 0.05);
    has(RX_F_SELL_TAX, 1);
    has(RX_F_TRANSFER_TAX, 0);
    has(RX_F_FAILED_SELL_RATIO, 0.25);
    has(RX_F_SIPHONED_RATIO, 0.125);
    has(RX_F_OPEN_SOURCE, 0);
    has(RX_F_IS_PROXY, 1);
    has(RX_F_CANNOT_SELL_ALL, 1);
    has(RX_F_LIQ_USD, 1000.5);
    has(RX_F_PAIR_AGE_H, 2);
    has(RX_F_HOLDERS_UPSTREAM, 40);
}

/* Without a successful simulation the taxes and the all-clear mean nothing; a warning stays. */
static void test_honeypot_failed_simulation(void **state)
{
    (void)state;
    parse("{\"simulationSuccess\":false,\"simulationError\":\"reverted\",\"honeypotResult\":"
          "{\"isHoneypot\":false},\"simulationResult\":{\"buyTax\":0,\"sellTax\":0}}");
    expect(RX_UPSTREAM_HONEYPOT, RX_UPSTREAM_OK, 0);
    parse("{\"simulationSuccess\":false,\"honeypotResult\":{\"isHoneypot\":true},"
          "\"simulationResult\":{\"sellTax\":0},\"holderAnalysis\":{\"holders\":\"0\","
          "\"failed\":\"0\"}}");
    expect(RX_UPSTREAM_HONEYPOT, RX_UPSTREAM_OK, 1);
    has(RX_F_IS_HONEYPOT, 1);
    parse("{\"code\":404,\"error\":\"No pairs found\"}");
    expect(RX_UPSTREAM_HONEYPOT, RX_UPSTREAM_NOT_FOUND, 0);
    parse("{\"code\":429,\"error\":\"slow down\"}");
    expect(RX_UPSTREAM_HONEYPOT, RX_UPSTREAM_RATE_LIMITED, 0);
    parse("{\"code\":500,\"error\":\"x\"}");
    expect(RX_UPSTREAM_HONEYPOT, RX_UPSTREAM_UNAVAILABLE, 0);
    parse_as("{\"simulationSuccess\":true,\"token\":{\"address\":\"" EVM_A "\"}}",
             RX_UPSTREAM_HONEYPOT, EVM_B, 0);
    expect(RX_UPSTREAM_HONEYPOT, RX_UPSTREAM_EMPTY, 0);
    parse("[{\"ChainID\":1,\"Pair\":{\"Tokens\":[\"0x01\",\"0x02\"]},\"Liquidity\":3,"
          "\"CreatedAtTimestamp\":1735686000},{\"ChainID\":1,\"Pair\":{},\"Liquidity\":2}]");
    expect(RX_UPSTREAM_HONEYPOT_PAIRS, RX_UPSTREAM_OK, 2);
    has(RX_F_LIQ_USD, 3);
    has(RX_F_PAIR_AGE_H, 1);
}

#define PAIR(chain, base, more)                                                                    \
    "{\"chainId\":\"" chain "\",\"pairAddress\":\"p\",\"baseToken\":{\"address\":\"" base          \
    "\"}" more "}"

static void test_dexscreener(void **state)
{
    (void)state;
    const char *pairs = "{\"schemaVersion\":\"1.0.0\",\"pairs\":[" PAIR(
        "ethereum", EVM_A, ",\"priceUsd\":\"1.5\",\"volume\":{\"h24\":9}") "," /* no liquidity */
        PAIR(
            "ethereum", EVM_A,
            ",\"priceUsd\":\"0.00000005638\",\"liquidity\":{\"usd\":50.5},\"volume\":{\"h24\":7},"
            "\"priceChange\":{\"h1\":-50,\"h24\":350.5,\"m5\":-250},\"txns\":{\"h24\":{\"buys\":3,"
            "\"sells\":4}},\"marketCap\":10,\"fdv\":11,\"pairCreatedAt\":1735682400000,"
            "\"boosts\":{\"active\":20}") "," PAIR("bsc", EVM_A,
                                                   ",\"liquidity\":{\"usd\":9000}") "," PAIR("ether"
                                                                                             "eum",
                                                                                             EVM_B,
                                                                                             ",\"li"
                                                                                             "quidi"
                                                                                             "ty\":"
                                                                                             "{\"us"
                                                                                             "d\":"
                                                                                             "99999"
                                                                                             "}") "," PAIR("ethereum",
                                                                                                           EVM_A,
                                                                                                           ",\"liquidity\":{\"usd\":1},\"info\":{\"websites\":[{},{}],\"socials\":[]}") "]}";
    const struct rx_upstream_query query = {.source = RX_UPSTREAM_UNKNOWN,
                                            .token = RX_STR(EVM_A),
                                            .chain = RX_STR("ethereum"),
                                            .observed_at = NOW};
    assert_int_equal(rx_upstream_parse(rx_str_of(pairs), &query, &answer), 0);
    expect(RX_UPSTREAM_DEXSCREENER, RX_UPSTREAM_OK, 13);
    has(RX_F_PRICE_USD, 0.00000005638);
    has(RX_F_LIQ_USD, 50.5);
    has(RX_F_VOLUME_24H_USD, 7);
    has(RX_F_PRICE_CHANGE_H1, -0.5);
    has(RX_F_PRICE_CHANGE_H24, 3.505);
    has(RX_F_TXN_BUYS_24H, 3);
    has(RX_F_TXN_SELLS_24H, 4);
    has(RX_F_MARKET_CAP_USD, 10);
    has(RX_F_FDV_USD, 11);
    has(RX_F_PAIR_AGE_H, 2);
    has(RX_F_BOOSTS, 20);
    has(RX_F_WEBSITES_N, 2);
    has(RX_F_SOCIALS_N, 0);
    lacks(RX_F_PRICE_CHANGE_M5); /* below -100 % */
    lacks(RX_F_PRICE_CHANGE_H6);
}

static void test_dexscreener_forms(void **state)
{
    (void)state;
    const char *forms[] = {
        "[" PAIR("c", "t", ",\"liquidity\":{\"usd\":5}") "]",
        "{\"pairs\":[" PAIR("c", "t", ",\"liquidity\":{\"usd\":5}") "]}",
        "{\"pairs\":{\"pairs\":[" PAIR("c", "t", ",\"liquidity\":{\"usd\":5}") "]}}",
        "{\"pairs\":null,\"pair\":" PAIR("c", "t", ",\"liquidity\":{\"usd\":5}") "}",
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(forms); i++) {
        parse(forms[i]);
        expect(RX_UPSTREAM_DEXSCREENER, RX_UPSTREAM_OK, 1);
        has(RX_F_LIQ_USD, 5);
        assert_string_equal(answer.token, "t");
    }
    const char *empty[] = {"[]", "{\"pairs\":[]}", "{\"schemaVersion\":\"1.0.0\",\"pairs\":null}"};
    for (size_t i = 0; i < RX_ARRAY_LEN(empty); i++) {
        parse(empty[i]);
        expect(RX_UPSTREAM_DEXSCREENER, RX_UPSTREAM_EMPTY, 0);
    }
    parse("{\"pairs\":7}");
    expect(RX_UPSTREAM_DEXSCREENER, RX_UPSTREAM_MALFORMED, 0);
}

static void test_not_json(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned http;
        enum rx_upstream_status status;
    } cases[] = {
        {"Too Many Requests", 429, RX_UPSTREAM_RATE_LIMITED},
        {"Too Many Requests", 0, RX_UPSTREAM_RATE_LIMITED},
        {"Must be authenticated!", 200, RX_UPSTREAM_AUTH},
        {"<html>", 503, RX_UPSTREAM_UNAVAILABLE},
        {"", 404, RX_UPSTREAM_NOT_FOUND},
        {"", 0, RX_UPSTREAM_MALFORMED},
        {"{\"pairs\":[", 200, RX_UPSTREAM_MALFORMED},
        {"7", 200, RX_UPSTREAM_MALFORMED},
        {"{}", 401, RX_UPSTREAM_AUTH},
        {"{\"hello\":1}", 0, RX_UPSTREAM_MALFORMED},
        {"[{\"x\":1}]", 0, RX_UPSTREAM_MALFORMED},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        parse_as(cases[i].text, RX_UPSTREAM_UNKNOWN, NULL, cases[i].http);
        expect(RX_UPSTREAM_UNKNOWN, cases[i].status, 0);
        assert_true(answer.message[0] != 0);
    }
    /* An error page with the body of a success is an error. */
    parse_as("{\"code\":1,\"result\":{\"0x01\":{\"is_honeypot\":\"0\"}}}", RX_UPSTREAM_UNKNOWN,
             NULL, 500);
    expect(RX_UPSTREAM_GOPLUS_EVM, RX_UPSTREAM_UNAVAILABLE, 0);
    /* Every reader takes every kind of value. */
    static const char *const values[] = {
        "null",          "7", "\"x\"", "[]", "{}", "[[1]]", "{\"error\":{}}", "{\"code\":[]}",
        "{\"pairs\":{}}"};
    for (int source = 0; source < RX_UPSTREAM_MAX; source++) {
        for (size_t i = 0; i < RX_ARRAY_LEN(values); i++) {
            parse_as(values[i], (enum rx_upstream)source, "t", 0);
            assert_int_equal(answer.n, 0);
            assert_true(answer.status != RX_UPSTREAM_OK);
        }
    }
}

static void test_names(void **state)
{
    (void)state;
    for (int i = 0; i < RX_UPSTREAM_MAX; i++) {
        assert_int_equal(rx_upstream_find(rx_str_of(rx_upstream_name((enum rx_upstream)i))), i);
    }
    assert_int_equal(rx_upstream_find(RX_STR("nobody")), RX_UPSTREAM_UNKNOWN);
    assert_string_equal(rx_upstream_name(RX_UPSTREAM_UNKNOWN), "unknown");
    for (int i = 0; i < RX_UPSTREAM_STATUS_MAX; i++) {
        assert_true(rx_upstream_status_name((enum rx_upstream_status)i)[0] != 0);
    }
    assert_true(rx_upstream_is_solana(RX_UPSTREAM_RUGCHECK, RX_STR("")));
    assert_true(rx_upstream_is_solana(RX_UPSTREAM_DEXSCREENER, RX_STR("So111")));
    assert_false(rx_upstream_is_solana(RX_UPSTREAM_DEXSCREENER, RX_STR("0x11")));
    assert_false(rx_upstream_is_solana(RX_UPSTREAM_HONEYPOT, RX_STR("0x11")));
}

static int parse_once(void *arg)
{
    const struct rx_upstream_query query = {.source = RX_UPSTREAM_UNKNOWN};
    return rx_upstream_parse(rx_str_of(arg), &query, &answer);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    char text[] = "{\"code\":1,\"result\":{\"0x01\":{\"is_honeypot\":\"1\"}}}";
    assert_true(rx_torture_alloc(parse_once, text) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goplus),
        cmocka_unit_test(test_goplus_liquidity),
        cmocka_unit_test(test_goplus_errors),
        cmocka_unit_test(test_goplus_tokens),
        cmocka_unit_test(test_goplus_solana),
        cmocka_unit_test(test_rugcheck),
        cmocka_unit_test(test_rugcheck_nulls),
        cmocka_unit_test(test_honeypot),
        cmocka_unit_test(test_honeypot_failed_simulation),
        cmocka_unit_test(test_dexscreener),
        cmocka_unit_test(test_dexscreener_forms),
        cmocka_unit_test(test_not_json),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
