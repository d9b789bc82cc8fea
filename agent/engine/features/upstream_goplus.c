// SPDX-License-Identifier: Apache-2.0
/* GoPlus token_security: flags are the strings "0" and "1", taxes and shares fractions in strings;
 * what it does not know it leaves out or sends as "". */
#include <math.h>

#include "agent/engine/features/upstream_core.h"
#include "common/base/parse.h"

#define NS_PER_S   1000000000
#define HOUR_S     3600.0
#define SMALL_LOCK 0.01 /* locks of less of the liquidity do not set the expiry */

static enum rx_upstream_status status_of_code(int64_t code)
{
    static const struct {
        int64_t code;
        enum rx_upstream_status status;
    } codes[] = {
        {1, RX_UPSTREAM_OK},
        {2, RX_UPSTREAM_PARTIAL},
        {2004, RX_UPSTREAM_BAD_REQUEST}, /* form of the address */
        {2018, RX_UPSTREAM_BAD_REQUEST}, /* chain not supported */
        {2020, RX_UPSTREAM_BAD_REQUEST}, /* not a contract */
        {2021, RX_UPSTREAM_NOT_FOUND},
        {2026, RX_UPSTREAM_NOT_FOUND},
        {2027, RX_UPSTREAM_NOT_FOUND},
        {2028, RX_UPSTREAM_NOT_FOUND},
        {4010, RX_UPSTREAM_AUTH},
        {4011, RX_UPSTREAM_AUTH},
        {4012, RX_UPSTREAM_AUTH},
        {4022, RX_UPSTREAM_AUTH},
        {4023, RX_UPSTREAM_AUTH},
        {4029, RX_UPSTREAM_RATE_LIMITED},
        {5000, RX_UPSTREAM_UNAVAILABLE},
        {5006, RX_UPSTREAM_BAD_REQUEST},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(codes); i++) {
        if (codes[i].code == code) {
            return codes[i].status;
        }
    }
    return RX_UPSTREAM_MALFORMED;
}

/* The member of the wanted token, or the only one. */
static const struct rx_json *pick(const struct rx_json *result, struct rx_str token,
                                  struct rx_upstream_answer *a)
{
    const struct rx_json *found = NULL;
    RX_JSON_FOREACH (it, result) {
        if (token.n == 0 || rx_up_same_address(it.key, token)) {
            if (found) {
                rx_up_fail(a, RX_UPSTREAM_MALFORMED, "several tokens: name the wanted one");
                return NULL;
            }
            found = it.value;
            rx_up_token(a, it.key);
        }
    }
    if (rx_json_type(found) != RX_JSON_OBJECT || rx_json_len(found) == 0) {
        if (a->status == RX_UPSTREAM_OK) {
            rx_up_fail(a, RX_UPSTREAM_EMPTY, "nothing about the token");
        }
        return NULL;
    }
    return found;
}

const struct rx_json *rx_up_goplus_open(const struct rx_json *root,
                                        const struct rx_upstream_query *query,
                                        struct rx_upstream_answer *a)
{
    if (rx_json_type(root) != RX_JSON_OBJECT) {
        rx_up_fail(a, RX_UPSTREAM_MALFORMED, "expected an object, got %s", rx_json_type_name(root));
        return NULL;
    }
    const struct rx_json *code = rx_json_get(root, "code");
    if (!code) {
        /* One token, as some clients store it. */
        if (!rx_json_get(root, "holders") && !rx_json_get(root, "is_open_source")) {
            rx_up_fail(a, RX_UPSTREAM_MALFORMED, "no code: expected {code, message, result}");
            return NULL;
        }
        rx_up_token(a, query->token);
        return root;
    }
    a->code = rx_json_i64(code, 0);
    a->status = status_of_code(a->code);
    if (a->status != RX_UPSTREAM_OK) {
        rx_up_fail(a, a->status, "code %lld: %s", (long long)a->code,
                   rx_json_cstr(rx_json_get(root, "message"), ""));
    }
    if (a->status != RX_UPSTREAM_OK && a->status != RX_UPSTREAM_PARTIAL) {
        return NULL;
    }
    return pick(rx_json_get(root, "result"), query->token, a);
}

/* The address of a pool in dex[]: "pair" on EVM, "id" on Solana. */
static bool is_pool(const struct rx_json *dex, struct rx_str address)
{
    RX_JSON_FOREACH (it, dex) {
        if (rx_up_same_address(rx_json_str(rx_json_get(it.value, "pair")), address) ||
            rx_up_same_address(rx_json_str(rx_json_get(it.value, "id")), address)) {
            return true;
        }
    }
    return false;
}

static struct rx_str address_of(const struct rx_json *holder)
{
    const struct rx_json *address = rx_json_get(holder, "address");
    return rx_json_str(address ? address : rx_json_get(holder, "account"));
}

void rx_up_goplus_holders(const struct rx_json *holders, const struct rx_json *dex,
                          struct rx_upstream_answer *a)
{
    struct rx_up_top top = {0};
    bool any = false;
    RX_JSON_FOREACH (it, holders) {
        const double share = rx_up_number(rx_json_get(it.value, "percent"));
        const struct rx_str address = address_of(it.value);
        any = any || share >= 0;
        if (rx_up_bool(rx_json_get(it.value, "is_locked")) != 1 && !rx_up_is_burn(address) &&
            !(address.n > 0 && is_pool(dex, address))) {
            rx_up_top_add(&top, share);
        }
    }
    if (any) {
        rx_up_share(a, RX_F_TOP10_UPSTREAM, rx_up_top_sum(&top), 1);
    }
}

/* Unix seconds, or -1. */
static int64_t end_of(const struct rx_json *detail)
{
    int64_t ns = 0;
    const struct rx_str text = rx_json_str(rx_json_get(detail, "end_time"));
    return rx_parse_rfc3339_ns(text, &ns) == 0 ? ns / NS_PER_S : -1;
}

struct lp_sums {
    double locked, free_top, first_end; /* first_end: Unix seconds, infinity = none */
};

/* A lock whose time is over holds nothing back any more. */
static void add_locked(const struct rx_json *holder, double share, int64_t now, struct lp_sums *s)
{
    const struct rx_json *details = rx_json_get(holder, "locked_detail");
    double total = 0;
    RX_JSON_FOREACH (it, details) {
        total += fmax(0, rx_up_number(rx_json_get(it.value, "amount")));
    }
    if (!(total > 0) || !isfinite(total)) {
        s->locked += share;
        return;
    }
    double free_share = 0;
    RX_JSON_FOREACH (it, details) {
        const double amount = fmax(0, rx_up_number(rx_json_get(it.value, "amount")));
        const double part = share * amount / total;
        const int64_t end = end_of(it.value);
        if (end >= 0 && end <= now) {
            free_share += part;
            continue;
        }
        s->locked += part;
        if (end > now && part >= SMALL_LOCK) {
            s->first_end = fmin(s->first_end, (double)end);
        }
    }
    s->free_top = fmax(s->free_top, free_share);
}

void rx_up_goplus_lp(const struct rx_json *lp_holders, double burned, struct rx_upstream_answer *a)
{
    struct lp_sums s = {.first_end = HUGE_VAL};
    bool any = false;
    RX_JSON_FOREACH (it, lp_holders) {
        const double share = rx_up_number(rx_json_get(it.value, "percent"));
        if (!(share >= 0 && share <= 1.05)) {
            continue;
        }
        any = true;
        if (rx_up_is_burn(address_of(it.value))) {
            s.locked += share;
        } else if (rx_up_bool(rx_json_get(it.value, "is_locked")) == 1) {
            add_locked(it.value, share, a->observed_at, &s);
        } else {
            s.free_top = fmax(s.free_top, share);
        }
    }
    if (burned >= 0) {
        s.locked = fmax(s.locked, burned);
    }
    if (any || burned >= 0) {
        rx_up_share(a, RX_F_LP_LOCKED_UPSTREAM, s.locked, 1);
    }
    if (any) {
        rx_up_share(a, RX_F_LP_TOP_UPSTREAM, s.free_top, 1);
    }
    if (isfinite(s.first_end)) {
        rx_up_amount(a, RX_F_LP_LOCK_EXPIRY_UPSTREAM_H,
                     (s.first_end - (double)a->observed_at) / HOUR_S);
    }
}

static void read_owner(const struct rx_json *token, struct rx_upstream_answer *a)
{
    /* "" means no owner or none found: unknown. */
    const struct rx_str owner = rx_json_str(rx_json_get(token, "owner_address"));
    if (owner.n > 0) {
        rx_up_set(a, RX_F_HAS_OWNER, rx_up_is_burn(owner) ? 0 : 1);
    }
    rx_up_share(a, RX_F_OWNER_SHARE_UPSTREAM, rx_up_number(rx_json_get(token, "owner_percent")), 1);
    rx_up_share(a, RX_F_CREATOR_SHARE_UPSTREAM, rx_up_number(rx_json_get(token, "creator_percent")),
                1);
}

static void read_taxes(const struct rx_json *token, struct rx_upstream_answer *a)
{
    rx_up_share(a, RX_F_BUY_TAX, rx_up_number(rx_json_get(token, "buy_tax")), 1);
    rx_up_share(a, RX_F_SELL_TAX, rx_up_number(rx_json_get(token, "sell_tax")), 1);
    rx_up_share(a, RX_F_TRANSFER_TAX, rx_up_number(rx_json_get(token, "transfer_tax")), 1);
    rx_up_flag(a, RX_F_TAX_MODIFIABLE, rx_json_get(token, "slippage_modifiable"));
    if (rx_up_bool(rx_json_get(token, "personal_slippage_modifiable")) == 1) {
        rx_up_set(a, RX_F_TAX_MODIFIABLE, 1);
    }
}

/* Signs that are sent only when they are true. */
static void read_lists(const struct rx_json *token, struct rx_upstream_answer *a)
{
    if (rx_up_bool(rx_json_get(token, "trust_list")) == 1) {
        rx_up_set(a, RX_F_TRUST_LISTED, 1);
    }
    if (rx_up_bool(rx_json_get(token, "is_airdrop_scam")) == 1 ||
        rx_up_bool(rx_json_at(token, "fake_token.value")) == 1) {
        rx_up_set(a, RX_F_DENY_LIST_HIT, 1);
    }
}

static void read_pools(const struct rx_json *dex, struct rx_upstream_answer *a)
{
    double deepest = RX_NAN;
    RX_JSON_FOREACH (it, dex) {
        deepest = fmax(deepest, rx_up_number(rx_json_get(it.value, "liquidity")));
    }
    rx_up_amount(a, RX_F_LIQ_USD, deepest);
}

void rx_up_goplus(const struct rx_json *root, const struct rx_upstream_query *query,
                  struct rx_upstream_answer *a)
{
    static const struct {
        const char *key;
        enum rx_feature feature;
    } flags[] = {
        {"is_honeypot", RX_F_IS_HONEYPOT},
        {"cannot_buy", RX_F_CANNOT_BUY},
        {"cannot_sell_all", RX_F_CANNOT_SELL_ALL},
        {"is_mintable", RX_F_IS_MINTABLE},
        {"transfer_pausable", RX_F_IS_PAUSABLE},
        {"is_blacklisted", RX_F_HAS_BLACKLIST},
        {"is_whitelisted", RX_F_HAS_WHITELIST},
        {"trading_cooldown", RX_F_TRADING_COOLDOWN},
        {"anti_whale_modifiable", RX_F_ANTI_WHALE_MODIFIABLE},
        {"is_proxy", RX_F_IS_PROXY},
        {"hidden_owner", RX_F_HIDDEN_OWNER},
        {"can_take_back_ownership", RX_F_CAN_TAKE_BACK},
        {"owner_change_balance", RX_F_OWNER_CHANGE_BALANCE},
        {"selfdestruct", RX_F_SELFDESTRUCT},
        {"external_call", RX_F_EXTERNAL_CALL},
        {"is_open_source", RX_F_OPEN_SOURCE},
    };
    const struct rx_json *token = rx_up_goplus_open(root, query, a);
    if (!token) {
        return;
    }
    for (size_t i = 0; i < RX_ARRAY_LEN(flags); i++) {
        rx_up_flag(a, flags[i].feature, rx_json_get(token, flags[i].key));
    }
    rx_up_amount(a, RX_F_HONEYPOT_SAME_CREATOR,
                 rx_up_number(rx_json_get(token, "honeypot_with_same_creator")));
    rx_up_amount(a, RX_F_HOLDERS_UPSTREAM, rx_up_number(rx_json_get(token, "holder_count")));
    read_owner(token, a);
    read_taxes(token, a);
    read_lists(token, a);
    read_pools(rx_json_get(token, "dex"), a);
    rx_up_goplus_holders(rx_json_get(token, "holders"), rx_json_get(token, "dex"), a);
    rx_up_goplus_lp(rx_json_get(token, "lp_holders"), RX_NAN, a);
}
