// SPDX-License-Identifier: Apache-2.0
/* RugCheck: reports and their summaries. Amounts are integers in base units; lists may be null. */
#include <math.h>

#include "agent/engine/features/upstream_core.h"

#define HOUR_S 3600.0
/* Solana's first token program: its tokens have no extensions. */
#define PLAIN_PROGRAM "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"

/* Integers stay exact up to 2^64 before they become a share. */
static double amount_of(const struct rx_json *value)
{
    if (rx_json_type(value) == RX_JSON_INT) {
        const uint64_t n = rx_json_u64(value, UINT64_MAX);
        return n == UINT64_MAX ? RX_NAN : (double)n;
    }
    return rx_up_number(value);
}

/* An address, or null for nobody; unknown when absent. */
static void authority(struct rx_upstream_answer *a, enum rx_feature feature,
                      const struct rx_json *value)
{
    if (rx_json_type(value) == RX_JSON_NULL) {
        rx_up_set(a, feature, 0);
    } else if (rx_json_str(value).n > 0) {
        rx_up_set(a, feature, 1);
    }
}

/* Findings that say more than the numbers do; their absence says nothing. */
static void read_risks(const struct rx_json *risks, struct rx_upstream_answer *a)
{
    static const struct {
        const char *name;
        enum rx_feature feature;
    } known[] = {
        {"Creator history of rugged tokens", RX_F_CREATOR_PRIOR_RUGS},
        {"Mint Authority still enabled", RX_F_MINT_AUTHORITY},
        {"Freeze Authority still enabled", RX_F_FREEZE_AUTHORITY},
        {"Permanent Control Enabled", RX_F_PERMANENT_DELEGATE},
        {"Mutable metadata", RX_F_METADATA_MUTABLE},
    };
    RX_JSON_FOREACH (it, risks) {
        const struct rx_str name = rx_json_str(rx_json_get(it.value, "name"));
        for (size_t i = 0; i < RX_ARRAY_LEN(known); i++) {
            if (rx_str_eq_nocase(name, rx_str_of(known[i].name))) {
                rx_up_set(a, known[i].feature, 1);
            }
        }
    }
}

static void read_extensions(const struct rx_json *root, struct rx_upstream_answer *a)
{
    if (rx_str_is(rx_json_str(rx_json_get(root, "tokenProgram")), PLAIN_PROGRAM)) {
        rx_up_set(a, RX_F_TRANSFER_HOOK, 0);
        rx_up_set(a, RX_F_PERMANENT_DELEGATE, 0);
        return;
    }
    const struct rx_json *extensions = rx_json_get(root, "token_extensions");
    static const struct {
        const char *key;
        enum rx_feature feature;
    } members[] = {{"transferHook", RX_F_TRANSFER_HOOK},
                   {"permanentDelegate", RX_F_PERMANENT_DELEGATE}};
    for (size_t i = 0; i < RX_ARRAY_LEN(members); i++) {
        const enum rx_json_type type = rx_json_type(rx_json_get(extensions, members[i].key));
        if (type != RX_JSON_MISSING) {
            rx_up_set(a, members[i].feature, type != RX_JSON_NULL);
        }
    }
}

/* Pools and lockers that RugCheck knows by name are no holders. */
static bool is_known_account(const struct rx_json *known, struct rx_str address)
{
    static const char *const types[] = {"AMM", "LOCKER", "BURN"};
    const struct rx_str type =
        rx_json_str(rx_json_get(address.n > 0 ? rx_json_get_n(known, address) : NULL, "type"));
    for (size_t i = 0; i < RX_ARRAY_LEN(types); i++) {
        if (rx_str_eq_nocase(type, rx_str_of(types[i]))) {
            return true;
        }
    }
    return rx_up_is_burn(address);
}

static void read_holders(const struct rx_json *root, struct rx_upstream_answer *a)
{
    const struct rx_json *holders = rx_json_get(root, "topHolders");
    const struct rx_json *known = rx_json_get(root, "knownAccounts");
    struct rx_up_top top = {0};
    double insiders = 0;
    bool any = false;
    RX_JSON_FOREACH (it, holders) {
        const double pct = rx_up_number(rx_json_get(it.value, "pct"));
        if (!(pct >= 0)) {
            continue;
        }
        any = true;
        if (is_known_account(known, rx_json_str(rx_json_get(it.value, "owner"))) ||
            is_known_account(known, rx_json_str(rx_json_get(it.value, "address")))) {
            continue;
        }
        rx_up_top_add(&top, pct);
        insiders += rx_up_bool(rx_json_get(it.value, "insider")) == 1 ? pct : 0;
    }
    if (any) {
        rx_up_share(a, RX_F_TOP10_UPSTREAM, rx_up_top_sum(&top), 100);
        rx_up_share(a, RX_F_INSIDER_SHARE, insiders, 100);
    }
}

/* Networks of insiders hold more than those among the top holders. */
static void read_insiders(const struct rx_json *root, double supply, struct rx_upstream_answer *a)
{
    const struct rx_json *networks = rx_json_get(root, "insiderNetworks");
    const double detected = rx_up_number(rx_json_get(root, "graphInsidersDetected"));
    double held = 0;
    bool any = detected == 0;
    RX_JSON_FOREACH (it, networks) {
        const double amount = amount_of(rx_json_get(it.value, "tokenAmount"));
        if (amount >= 0 && supply > 0) {
            held += amount / supply;
            any = true;
        }
    }
    const double seen = rx_upstream_get(a, RX_F_INSIDER_SHARE);
    if (any && !(seen > held)) {
        rx_up_share(a, RX_F_INSIDER_SHARE, held, 1);
    }
}

static void read_creator(const struct rx_json *root, double supply, struct rx_upstream_answer *a)
{
    if (rx_json_str(rx_json_get(root, "creator")).n > 0) {
        const double balance = amount_of(rx_json_get(root, "creatorBalance"));
        rx_up_share(a, RX_F_CREATOR_SHARE_UPSTREAM, balance, supply);
    }
    const struct rx_json *tokens = rx_json_get(root, "creatorTokens");
    if (rx_json_type(tokens) == RX_JSON_ARRAY) {
        rx_up_set(a, RX_F_CREATOR_PRIOR_TOKENS, (double)rx_json_len(tokens));
    }
}

/* The market that holds most: how much of its liquidity is locked, and who holds the rest. */
static void read_markets(const struct rx_json *root, struct rx_upstream_answer *a)
{
    const struct rx_json *best = NULL;
    double depth = -1;
    RX_JSON_FOREACH (it, rx_json_get(root, "markets")) {
        const struct rx_json *lp = rx_json_get(it.value, "lp");
        const double usd = fmax(0, rx_up_number(rx_json_get(lp, "quoteUSD"))) +
                           fmax(0, rx_up_number(rx_json_get(lp, "baseUSD")));
        if (lp && usd > depth) {
            depth = usd;
            best = lp;
        }
    }
    rx_up_share(a, RX_F_LP_LOCKED_UPSTREAM, rx_up_number(rx_json_get(best, "lpLockedPct")), 100);
    const struct rx_json *known = rx_json_get(root, "knownAccounts");
    double top = RX_NAN;
    RX_JSON_FOREACH (it, rx_json_get(best, "holders")) {
        const struct rx_str owner = rx_json_str(rx_json_get(it.value, "owner"));
        if (!is_known_account(known, owner)) {
            top = fmax(top, rx_up_number(rx_json_get(it.value, "pct")));
        }
    }
    rx_up_share(a, RX_F_LP_TOP_UPSTREAM, top, 100);
}

static void read_lockers(const struct rx_json *root, struct rx_upstream_answer *a)
{
    double first = HUGE_VAL;
    RX_JSON_FOREACH (it, rx_json_get(root, "lockers")) {
        const double end = rx_up_number(rx_json_get(it.value, "unlockDate"));
        const double held = rx_up_number(rx_json_get(it.value, "usdcLocked"));
        if (end > (double)a->observed_at && held > 0) {
            first = fmin(first, end);
        }
    }
    rx_up_amount(a, RX_F_LP_LOCK_EXPIRY_UPSTREAM_H, (first - (double)a->observed_at) / HOUR_S);
}

static void read_report(const struct rx_json *root, struct rx_upstream_answer *a)
{
    const struct rx_json *token = rx_json_get(root, "token");
    const double supply = amount_of(rx_json_get(token, "supply"));
    authority(a, RX_F_MINT_AUTHORITY, rx_json_get(token, "mintAuthority"));
    authority(a, RX_F_FREEZE_AUTHORITY, rx_json_get(token, "freezeAuthority"));
    rx_up_flag(a, RX_F_METADATA_MUTABLE, rx_json_at(root, "tokenMeta.mutable"));
    rx_up_flag(a, RX_F_RUGGED, rx_json_get(root, "rugged"));
    rx_up_share(a, RX_F_TRANSFER_TAX, rx_up_number(rx_json_at(root, "transferFee.pct")), 100);
    read_extensions(root, a);
    read_holders(root, a);
    read_insiders(root, supply, a);
    read_creator(root, supply, a);
    read_markets(root, a);
    read_lockers(root, a);
    const double holders = rx_up_number(rx_json_get(root, "totalHolders"));
    if (holders > 0) { /* 0: not counted */
        rx_up_amount(a, RX_F_HOLDERS_UPSTREAM, holders);
    }
    rx_up_amount(a, RX_F_LIQ_USD, rx_up_number(rx_json_get(root, "totalMarketLiquidity")));
    rx_up_amount(a, RX_F_PRICE_USD, rx_up_number(rx_json_get(root, "price")));
    if (rx_up_bool(rx_json_at(root, "verification.jup_strict")) == 1) {
        rx_up_set(a, RX_F_TRUST_LISTED, 1);
    }
}

void rx_up_rugcheck(const struct rx_json *root, const struct rx_upstream_query *query,
                    struct rx_upstream_answer *a)
{
    const struct rx_json *error = rx_json_get(root, "error");
    if (error) {
        const struct rx_str text = rx_json_str(error);
        rx_up_fail(a, rx_up_status_of_text(text), "%s", rx_json_cstr(error, "error"));
        return;
    }
    if (rx_json_type(rx_json_get(root, "risks")) != RX_JSON_ARRAY &&
        rx_json_type(rx_json_get(root, "score")) == RX_JSON_MISSING) {
        rx_up_fail(a, RX_UPSTREAM_MALFORMED, "no risks and no score: expected a report");
        return;
    }
    const struct rx_str mint = rx_json_str(rx_json_get(root, "mint"));
    if (query->token.n > 0 && mint.n > 0 && !rx_str_eq(mint, query->token)) {
        rx_up_fail(a, RX_UPSTREAM_EMPTY, "the report is about another token");
        return;
    }
    rx_up_token(a, mint.n > 0 ? mint : query->token);
    const double score = rx_up_number(rx_json_get(root, "score_normalised"));
    if (score >= 0 && score <= 100) {
        rx_up_set(a, RX_F_RUGCHECK_SCORE, score);
    }
    /* In summaries; reports have it a market. */
    rx_up_share(a, RX_F_LP_LOCKED_UPSTREAM, rx_up_number(rx_json_get(root, "lpLockedPct")), 100);
    if (rx_json_type(rx_json_get(root, "token")) == RX_JSON_OBJECT) {
        read_report(root, a);
    }
    read_risks(rx_json_get(root, "risks"), a);
}
