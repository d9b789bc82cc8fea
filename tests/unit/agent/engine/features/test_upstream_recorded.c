// SPDX-License-Identifier: Apache-2.0
/* Recorded answers, each with the values that a person reads in it. Skipped where they are absent.
 */
#include <math.h>

#include "agent/engine/features/upstream.h"
#include "tests/support/oracle.h"

#define NOW        1735689600 /* 2025-01-01T00:00:00Z */
#define MAX_VALUES 28

struct expected {
    const char *name; /* of a feature; NULL ends the list */
    double value;
};

struct recording {
    const char *file;
    const char *token;
    enum rx_upstream source;
    enum rx_upstream_status status;
    struct expected values[MAX_VALUES];
};

static const struct recording recordings[] = {
    {"goplus/token_security_1_UNI-V2-LP_locked_2023.json",
     "0xD7E1055AA8CA4BC723788C5E69E38D27B90C5097",
     RX_UPSTREAM_GOPLUS_EVM,
     RX_UPSTREAM_OK,
     {{"anti_whale_modifiable", 0},
      {"buy_tax", 0.05},
      {"sell_tax", 0.0493},
      {"can_take_back", 0},
      {"cannot_buy", 0},
      {"cannot_sell_all", 0},
      {"creator_share_upstream", 0},
      {"external_call", 0},
      {"hidden_owner", 0},
      {"holders_upstream", 3},
      {"top10_upstream", 0.009999999999999999},
      {"honeypot_same_creator", 0},
      {"has_blacklist", 0},
      {"is_honeypot", 0},
      {"is_mintable", 1},
      {"open_source", 1},
      {"is_proxy", 0},
      {"has_whitelist", 0},
      {"has_owner", 1},
      {"owner_change_balance", 0},
      {"owner_share_upstream", 0},
      {"tax_modifiable", 0},
      {"trading_cooldown", 0},
      {"is_pausable", 0},
      {"selfdestruct", 0}}},
    {"goplus/solana_RAY_2025-08-28.json",
     "4k3Dyjzvzp8eMZWUXbBCjEvwSkkk59S5iCNLY3QrkX6R",
     RX_UPSTREAM_GOPLUS_SOLANA,
     RX_UPSTREAM_OK,
     {{"mint_authority", 0},
      {"freeze_authority", 0},
      {"permanent_delegate", 0},
      {"metadata_mutable", 1},
      {"tax_modifiable", 0},
      {"transfer_hook", 0},
      {"transfer_tax", 0},
      {"trust_listed", 1},
      {"holders_upstream", 250721},
      {"top10_upstream", 0.5332},
      {"liq_usd", 5324113.72758366778},
      {"lp_locked_upstream", 0.0009},
      {"lp_top_upstream", 0.5736}}},
    {"rugcheck/report_MEMELON_2025-04-28.json",
     "9DVNHn7haa3ssQgBK1bgVKZkQ7myV8aDdPywXQsipump",
     RX_UPSTREAM_RUGCHECK,
     RX_UPSTREAM_OK,
     {{"rugcheck_score", 57},
      {"lp_locked_upstream", 1},
      {"mint_authority", 0},
      {"freeze_authority", 0},
      {"metadata_mutable", 0},
      {"rugged", 0},
      {"transfer_tax", 0},
      {"transfer_hook", 0},
      {"permanent_delegate", 0},
      {"insider_share", 0},
      {"creator_share_upstream", 0.06643962845773},
      {"creator_prior_tokens", 3},
      {"creator_prior_rugs", 1},
      {"holders_upstream", 2},
      {"liq_usd", 3817.0213825693854},
      {"price_usd", 4.84881442986372e-06}}},
    {"rugcheck/summary_low_liquidity.json",
     "",
     RX_UPSTREAM_RUGCHECK_SUMMARY,
     RX_UPSTREAM_OK,
     {{"rugcheck_score", 29}, {"lp_locked_upstream", 0}}},
    /* Keys were renamed by a client: what still has the service's own names. */
    {"rugcheck/NORMALISED_report_RAY_2025-08-28.json",
     "",
     RX_UPSTREAM_RUGCHECK,
     RX_UPSTREAM_OK,
     {{"mint_authority", 0},
      {"freeze_authority", 0},
      {"metadata_mutable", 1},
      {"rugged", 0},
      {"trust_listed", 1}}},
    {"rugcheck/error_unable.json", "", RX_UPSTREAM_RUGCHECK, RX_UPSTREAM_NOT_FOUND, {{0}}},
    {"honeypot.is/IsHoneypot_v2_CNDL_taxed_maxbuy.json",
     "0x6efb32bc7893b793603e39643d86594ce3638157",
     RX_UPSTREAM_HONEYPOT,
     RX_UPSTREAM_OK,
     {{"is_honeypot", 0},
      {"buy_tax", 0.04999999999999993},
      {"sell_tax", 0.04979118170850721},
      {"transfer_tax", 0},
      {"failed_sell_ratio", 0},
      {"siphoned_ratio", 0},
      {"holders_upstream", 1212},
      {"open_source", 1},
      {"is_proxy", 0},
      {"liq_usd", 141615.43175887625},
      {"pair_age_h", (NOW - 1715100863) / 3600.0}}},
    {"honeypot.is/IsHoneypot_v2_USDT_ok.json",
     "",
     RX_UPSTREAM_HONEYPOT,
     RX_UPSTREAM_OK,
     {{"is_honeypot", 0},
      {"buy_tax", 0},
      {"sell_tax", 0},
      {"transfer_tax", 0},
      {"holders_upstream", 6354736},
      {"open_source", 1},
      {"is_proxy", 0},
      {"liq_usd", 119074507.63794056},
      {"pair_age_h", (NOW - 1620232628) / 3600.0}}},
    {"honeypot.is/GetPairs_v1_NITRO.json",
     "0x95b6cd4acb05a4e3b682f009fd323bb1d822f5cf",
     RX_UPSTREAM_HONEYPOT_PAIRS,
     RX_UPSTREAM_OK,
     {{"liq_usd", 0}, {"pair_age_h", (NOW - 1698164795) / 3600.0}}},
    {"honeypot.is/error_404_no_pairs.json", "", RX_UPSTREAM_HONEYPOT, RX_UPSTREAM_NOT_FOUND, {{0}}},
    {"dexscreener/pairs_RAY_2025-08-28.json",
     "",
     RX_UPSTREAM_DEXSCREENER,
     RX_UPSTREAM_OK,
     {{"price_usd", 3.75},
      {"liq_usd", 8517032.69},
      {"volume_24h_usd", 37969132.46},
      {"market_cap_usd", 1007031610},
      {"fdv_usd", 2084808772},
      {"price_change_m5", 0.0015},
      {"price_change_h1", -0.0052},
      {"price_change_h6", -0.0329},
      {"price_change_h24", 0.0341},
      {"txn_buys_24h", 39764},
      {"txn_sells_24h", 33635},
      {"websites_n", 0},
      {"socials_n", 1},
      {"pair_age_h", (NOW - 1723699296.0) / 3600}}},
    {"dexscreener/tokens_multi_solana_2024-04.json",
     "FS66v5XYtJAFo14LiPz5HT93EUMAHmYipCfQhLpU4ss8",
     RX_UPSTREAM_DEXSCREENER,
     RX_UPSTREAM_OK,
     {{"price_usd", 0.06147},
      {"liq_usd", 1656302.24},
      {"volume_24h_usd", 161150.28},
      {"fdv_usd", 86059607},
      {"price_change_m5", 0},
      {"price_change_h1", 0.0021},
      {"price_change_h6", 0.0115},
      {"price_change_h24", 0.1266},
      {"txn_buys_24h", 332},
      {"txn_sells_24h", 402},
      {"websites_n", 3},
      {"socials_n", 3},
      {"pair_age_h", (NOW - 1707321927.0) / 3600}}},
    {"dexscreener/tokens_multi_solana_2024-04.json",
     "D5HcRu139cfYrJdGJtDtkCS8RgG2R2huzRAthqYw4aDx",
     RX_UPSTREAM_DEXSCREENER,
     RX_UPSTREAM_OK,
     {{"price_usd", 0.00000005638},
      {"liq_usd", 0},
      {"volume_24h_usd", 0},
      {"fdv_usd", 5623},
      {"price_change_m5", 0},
      {"price_change_h1", 0},
      {"price_change_h6", 0},
      {"price_change_h24", 0},
      {"txn_buys_24h", 1},
      {"txn_sells_24h", 0},
      {"pair_age_h", (NOW - 1711485527.0) / 3600}}},
    {"dexscreener/tokens_not_indexed.json", "", RX_UPSTREAM_DEXSCREENER, RX_UPSTREAM_EMPTY, {{0}}},
};

static void read_recorded(const char *file, struct rx_buf *text)
{
    char name[256];
    snprintf(name, sizeof(name), "fixtures/%s", file);
    const char *path = oracle_path(name);
    if (!path) {
        print_message("no recorded data: %s (set RADARX_DATA)\n", name);
        skip();
    }
    struct rx_error err = {0};
    assert_ok(rx_file_read(path, text, &err), &err);
}

static void compare(const struct recording *r, const struct rx_upstream_answer *answer)
{
    if (answer->source != r->source || answer->status != r->status) {
        fail_msg("%s: %s %s: %s", r->file, rx_upstream_name(answer->source),
                 rx_upstream_status_name(answer->status), answer->message);
    }
    size_t n = 0;
    for (; n < MAX_VALUES && r->values[n].name; n++) {
        const enum rx_feature feature = rx_feature_find(rx_str_of(r->values[n].name));
        assert_true(feature >= 0);
        const double got = rx_upstream_get(answer, feature);
        const double want = r->values[n].value;
        if (!(fabs(got - want) <= 1e-12 * fmax(1, fabs(want)))) {
            fail_msg("%s: %s: expected %.17g, got %.17g", r->file, r->values[n].name, want, got);
        }
    }
    if (answer->n != n) {
        for (size_t i = 0; i < answer->n; i++) {
            print_message("%s = %.17g\n", rx_feature_info(answer->values[i].feature)->name,
                          answer->values[i].value);
        }
        fail_msg("%s: %zu values instead of %zu", r->file, answer->n, n);
    }
}

static void test_recordings(void **state)
{
    (void)state;
    size_t values = 0;
    for (size_t i = 0; i < RX_ARRAY_LEN(recordings); i++) {
        const struct recording *r = &recordings[i];
        rx_auto(buf) struct rx_buf text = RX_BUF_INIT(1u << 20);
        read_recorded(r->file, &text);
        const struct rx_upstream_query query = {
            .source = RX_UPSTREAM_UNKNOWN, .token = rx_str_of(r->token), .observed_at = NOW};
        struct rx_upstream_answer answer;
        assert_int_equal(rx_upstream_parse(rx_buf_str(&text), &query, &answer), 0);
        compare(r, &answer);
        values += answer.n;
    }
    print_message("%zu recorded answers, %zu values\n", RX_ARRAY_LEN(recordings), values);
}

/* The codes of GoPlus' own list, and its samples of answers that are no success. */
static void test_goplus_codes(void **state)
{
    (void)state;
    rx_auto(json_doc) struct rx_json_doc *doc =
        oracle_json("fixtures/goplus/error_shapes_CONSTRUCTED.json");
    const struct rx_json *root = rx_json_root(doc);
    static const enum rx_upstream_status samples[] = {RX_UPSTREAM_RATE_LIMITED, RX_UPSTREAM_PARTIAL,
                                                      RX_UPSTREAM_EMPTY};
    const struct rx_upstream_query query = {.source = RX_UPSTREAM_UNKNOWN};
    struct rx_upstream_answer answer;
    size_t n = 0;
    RX_JSON_FOREACH (it, rx_json_get(root, "samples")) {
        rx_auto(buf) struct rx_buf text = RX_BUF_INIT(1u << 16);
        struct rx_jw w;
        rx_jw_init(&w, &text);
        rx_jw_value(&w, it.value);
        assert_int_equal(rx_upstream_parse(rx_buf_str(&text), &query, &answer), 0);
        assert_int_equal(answer.status, samples[n++]);
    }
    assert_int_equal(n, RX_ARRAY_LEN(samples));
    RX_JSON_FOREACH (it, rx_json_get(root, "codes")) {
        char text[64];
        snprintf(text, sizeof(text), "{\"code\":%d,\"message\":\"x\"}",
                 (int)rx_json_i64(it.value, -1));
        assert_int_equal(rx_upstream_parse(rx_str_of(text), &query, &answer), 0);
        assert_true(answer.status != RX_UPSTREAM_MALFORMED);
        n++;
    }
    print_message("%zu samples and codes\n", n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recordings),
        cmocka_unit_test(test_goplus_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
