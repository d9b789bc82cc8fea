// SPDX-License-Identifier: Apache-2.0
/* GoPlus token_security for Solana: powers are {status: "0"|"1", authority: []}. */
#include <math.h>

#include "agent/engine/features/upstream_core.h"

static void status(struct rx_upstream_answer *a, enum rx_feature feature,
                   const struct rx_json *token, const char *key)
{
    rx_up_flag(a, feature, rx_json_get(rx_json_get(token, key), "status"));
}

/* An authority or creator that GoPlus calls malicious. */
static bool malicious(const struct rx_json *list)
{
    RX_JSON_FOREACH (it, list) {
        if (rx_up_bool(rx_json_get(it.value, "malicious_address")) == 1) {
            return true;
        }
    }
    return false;
}

static void read_malicious(const struct rx_json *token, struct rx_upstream_answer *a)
{
    bool hit = malicious(rx_json_get(token, "creators"));
    RX_JSON_FOREACH (it, token) {
        hit = hit || malicious(rx_json_get(it.value, "authority")) ||
              malicious(rx_json_get(it.value, "metadata_upgrade_authority"));
    }
    if (hit) {
        rx_up_set(a, RX_F_DENY_LIST_HIT, 1);
    }
}

/* The deepest pool: its value, and the part of its liquidity that is burned (percent). */
static double read_pools(const struct rx_json *dex, struct rx_upstream_answer *a)
{
    double deepest = -1;
    double burned = RX_NAN;
    RX_JSON_FOREACH (it, dex) {
        const double tvl = rx_up_number(rx_json_get(it.value, "tvl"));
        if (tvl > deepest) {
            deepest = tvl;
            burned = rx_up_number(rx_json_get(it.value, "burn_percent")) / 100;
        }
    }
    rx_up_amount(a, RX_F_LIQ_USD, deepest);
    return burned;
}

void rx_up_goplus_solana(const struct rx_json *root, const struct rx_upstream_query *query,
                         struct rx_upstream_answer *a)
{
    const struct rx_json *token = rx_up_goplus_open(root, query, a);
    if (!token) {
        return;
    }
    status(a, RX_F_MINT_AUTHORITY, token, "mintable");
    status(a, RX_F_FREEZE_AUTHORITY, token, "freezable");
    status(a, RX_F_PERMANENT_DELEGATE, token, "balance_mutable_authority");
    status(a, RX_F_METADATA_MUTABLE, token, "metadata_mutable");
    status(a, RX_F_TAX_MODIFIABLE, token, "transfer_fee_upgradable");
    const struct rx_json *hook = rx_json_get(token, "transfer_hook");
    if (rx_json_type(hook) == RX_JSON_ARRAY) {
        rx_up_set(a, RX_F_TRANSFER_HOOK, rx_json_len(hook) > 0);
    }
    const struct rx_json *fee = rx_json_get(token, "transfer_fee");
    if (rx_json_type(fee) == RX_JSON_OBJECT && rx_json_len(fee) == 0) {
        rx_up_set(a, RX_F_TRANSFER_TAX, 0);
    }
    /* Tokens that cannot be moved cannot be sold. The opposite proves nothing. */
    if (rx_up_bool(rx_json_get(token, "non_transferable")) == 1) {
        rx_up_set(a, RX_F_IS_HONEYPOT, 1);
    }
    if (rx_up_bool(rx_json_get(token, "trusted_token")) == 1) {
        rx_up_set(a, RX_F_TRUST_LISTED, 1);
    }
    rx_up_amount(a, RX_F_HOLDERS_UPSTREAM, rx_up_number(rx_json_get(token, "holder_count")));
    read_malicious(token, a);
    const double burned = read_pools(rx_json_get(token, "dex"), a);
    rx_up_goplus_holders(rx_json_get(token, "holders"), rx_json_get(token, "dex"), a);
    rx_up_goplus_lp(rx_json_get(token, "lp_holders"), burned, a);
}
