// SPDX-License-Identifier: Apache-2.0
/* honeypot.is: a simulated buy and sale. Taxes are percent; without a successful simulation they
 * mean nothing. */
#include <math.h>

#include "agent/engine/features/upstream_core.h"

#define HOUR_S 3600.0

static bool failed(const struct rx_json *root, struct rx_upstream_answer *a)
{
    const struct rx_json *error = rx_json_get(root, "error");
    if (!error) {
        return false;
    }
    a->code = rx_json_i64(rx_json_get(root, "code"), 0);
    enum rx_upstream_status status = rx_up_status_of_text(rx_json_str(error));
    if (a->code == 404) {
        status = RX_UPSTREAM_NOT_FOUND;
    } else if (a->code == 429) {
        status = RX_UPSTREAM_RATE_LIMITED;
    } else if (a->code == 401 || a->code == 403) {
        status = RX_UPSTREAM_AUTH;
    } else if (a->code >= 500) {
        status = RX_UPSTREAM_UNAVAILABLE;
    } else if (a->code >= 400) {
        status = RX_UPSTREAM_BAD_REQUEST;
    }
    rx_up_fail(a, status, "%s", rx_json_cstr(error, "error"));
    return true;
}

static void age(struct rx_upstream_answer *a, double created_s)
{
    if (created_s > 0) {
        rx_up_amount(a, RX_F_PAIR_AGE_H, ((double)a->observed_at - created_s) / HOUR_S);
    }
}

static void read_simulation(const struct rx_json *root, struct rx_upstream_answer *a)
{
    const int success = rx_up_bool(rx_json_get(root, "simulationSuccess"));
    const int honeypot = rx_up_bool(rx_json_at(root, "honeypotResult.isHoneypot"));
    /* A failed simulation clears nobody. */
    if (honeypot == 1 || (honeypot == 0 && success == 1)) {
        rx_up_set(a, RX_F_IS_HONEYPOT, honeypot);
    }
    if (success != 1) {
        return;
    }
    const struct rx_json *result = rx_json_get(root, "simulationResult");
    rx_up_share(a, RX_F_BUY_TAX, rx_up_number(rx_json_get(result, "buyTax")), 100);
    rx_up_share(a, RX_F_SELL_TAX, rx_up_number(rx_json_get(result, "sellTax")), 100);
    rx_up_share(a, RX_F_TRANSFER_TAX, rx_up_number(rx_json_get(result, "transferTax")), 100);
}

static void read_holders(const struct rx_json *root, struct rx_upstream_answer *a)
{
    const struct rx_json *analysis = rx_json_get(root, "holderAnalysis");
    const double tried = rx_up_number(rx_json_get(analysis, "holders"));
    if (tried > 0) {
        rx_up_share(a, RX_F_FAILED_SELL_RATIO, rx_up_number(rx_json_get(analysis, "failed")),
                    tried);
        rx_up_share(a, RX_F_SIPHONED_RATIO, rx_up_number(rx_json_get(analysis, "siphoned")), tried);
    }
    rx_up_amount(a, RX_F_HOLDERS_UPSTREAM, rx_up_number(rx_json_at(root, "token.totalHolders")));
}

static void read_code(const struct rx_json *code, struct rx_upstream_answer *a)
{
    const int shown = rx_up_bool(rx_json_get(code, "openSource"));
    const int root = rx_up_bool(rx_json_get(code, "rootOpenSource"));
    if (shown == 0 || root == 0) {
        rx_up_set(a, RX_F_OPEN_SOURCE, 0);
    } else if (shown == 1) {
        rx_up_set(a, RX_F_OPEN_SOURCE, 1);
    }
    rx_up_flag(a, RX_F_IS_PROXY, rx_json_get(code, "isProxy"));
}

/* Flags that no number of the answer has: names, or objects with a name. */
static void read_flags(const struct rx_json *flags, struct rx_upstream_answer *a)
{
    static const struct {
        const char *name;
        enum rx_feature feature;
        double value;
    } known[] = {
        {"effective_honeypot_low_sell_limit", RX_F_CANNOT_SELL_ALL, 1},
        {"closed_source", RX_F_OPEN_SOURCE, 0},
    };
    RX_JSON_FOREACH (it, flags) {
        const struct rx_json *name = rx_json_get(it.value, "flag");
        const struct rx_str text = rx_json_str(name ? name : it.value);
        for (size_t i = 0; i < RX_ARRAY_LEN(known); i++) {
            if (rx_str_eq_nocase(text, rx_str_of(known[i].name))) {
                rx_up_set(a, known[i].feature, known[i].value);
            }
        }
    }
}

void rx_up_honeypot(const struct rx_json *root, const struct rx_upstream_query *query,
                    struct rx_upstream_answer *a)
{
    if (failed(root, a)) {
        return;
    }
    if (rx_json_type(rx_json_get(root, "simulationSuccess")) == RX_JSON_MISSING &&
        rx_json_type(rx_json_get(root, "honeypotResult")) == RX_JSON_MISSING) {
        rx_up_fail(a, RX_UPSTREAM_MALFORMED, "no simulationSuccess: expected an IsHoneypot answer");
        return;
    }
    const struct rx_str token = rx_json_str(rx_json_at(root, "token.address"));
    if (query->token.n > 0 && token.n > 0 && !rx_up_same_address(token, query->token)) {
        rx_up_fail(a, RX_UPSTREAM_EMPTY, "the answer is about another token");
        return;
    }
    rx_up_token(a, token.n > 0 ? token : query->token);
    read_holders(root, a);
    read_code(rx_json_get(root, "contractCode"), a);
    rx_up_amount(a, RX_F_LIQ_USD, rx_up_number(rx_json_at(root, "pair.liquidity")));
    age(a, rx_up_number(rx_json_at(root, "pair.createdAtTimestamp")));
    read_flags(rx_json_get(root, "flags"), a);
    read_flags(rx_json_at(root, "summary.flags"), a);
    read_simulation(root, a);
}

static bool has_token(const struct rx_json *pair, struct rx_str token)
{
    if (token.n == 0) {
        return true;
    }
    RX_JSON_FOREACH (it, rx_json_at(pair, "Pair.Tokens")) {
        if (rx_up_same_address(rx_json_str(it.value), token)) {
            return true;
        }
    }
    return false;
}

void rx_up_honeypot_pairs(const struct rx_json *root, const struct rx_upstream_query *query,
                          struct rx_upstream_answer *a)
{
    if (failed(root, a)) {
        return;
    }
    if (rx_json_type(root) != RX_JSON_ARRAY) {
        rx_up_fail(a, RX_UPSTREAM_MALFORMED, "expected an array, got %s", rx_json_type_name(root));
        return;
    }
    const struct rx_json *best = NULL;
    double depth = -1;
    RX_JSON_FOREACH (it, root) {
        const double usd = rx_up_number(rx_json_get(it.value, "Liquidity"));
        if (usd > depth && has_token(it.value, query->token)) {
            depth = usd;
            best = it.value;
        }
    }
    if (!best) {
        rx_up_fail(a, RX_UPSTREAM_EMPTY, "no pair of the token");
        return;
    }
    rx_up_token(a, query->token);
    rx_up_amount(a, RX_F_LIQ_USD, depth);
    age(a, rx_up_number(rx_json_get(best, "CreatedAtTimestamp")));
}
