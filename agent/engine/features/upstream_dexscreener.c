// SPDX-License-Identifier: Apache-2.0
/* DexScreener: pairs of one or more tokens. Prices are decimal strings, changes are percent; what
 * is not known is left out, a token that is not indexed has pairs: null. */
#include <math.h>

#include "agent/engine/features/upstream_core.h"

#define MS_PER_H 3600000.0

/* The array of pairs in any of the forms: bare, {pairs: []}, {pairs: {pairs: []}}; `ret_one` is set
 * to the only pair of {pair: {}}. False when there is no such member. */
static bool find_pairs(const struct rx_json *root, const struct rx_json **ret_list,
                       const struct rx_json **ret_one)
{
    *ret_one = NULL;
    *ret_list = root;
    if (rx_json_type(root) == RX_JSON_ARRAY) {
        return true;
    }
    *ret_list = rx_json_get(root, "pairs");
    if (rx_json_type(*ret_list) == RX_JSON_OBJECT) {
        *ret_list = rx_json_get(*ret_list, "pairs");
    }
    if (rx_json_type(rx_json_get(root, "pair")) == RX_JSON_OBJECT) {
        *ret_one = rx_json_get(root, "pair");
    }
    const enum rx_json_type type = rx_json_type(*ret_list);
    return *ret_one || type == RX_JSON_ARRAY || type == RX_JSON_NULL;
}

static struct rx_str base_of(const struct rx_json *pair)
{
    return rx_json_str(rx_json_at(pair, "baseToken.address"));
}

/* Prices and counts of a pair are about its base token. */
static bool matches(const struct rx_json *pair, const struct rx_upstream_query *query,
                    struct rx_str token)
{
    const struct rx_str chain = rx_json_str(rx_json_get(pair, "chainId"));
    return base_of(pair).n > 0 && rx_up_same_address(base_of(pair), token) &&
           (query->chain.n == 0 || rx_str_eq(chain, query->chain));
}

struct choice {
    const struct rx_json *pair, *info, *boosts;
    double depth, volume;
};

/* The deepest pair; one without liquidity comes last, then the volume decides. What is told about
 * the project may stand in any of its pairs. */
static void choose(const struct rx_json *pair, struct choice *c)
{
    const struct rx_json *usd = rx_json_at(pair, "liquidity.usd");
    const double depth = fmax(-1, rx_up_number(usd));
    const double volume = fmax(-1, rx_up_number(rx_json_at(pair, "volume.h24")));
    if (!c->pair || depth > c->depth || (depth == c->depth && volume > c->volume)) {
        c->pair = pair;
        c->depth = depth;
        c->volume = volume;
    }
    if (!c->info && rx_json_type(rx_json_get(pair, "info")) == RX_JSON_OBJECT) {
        c->info = rx_json_get(pair, "info");
    }
    if (!c->boosts) {
        c->boosts = rx_json_at(pair, "boosts.active");
    }
}

static void count(struct rx_upstream_answer *a, enum rx_feature feature, const struct rx_json *list)
{
    if (rx_json_type(list) == RX_JSON_ARRAY) {
        rx_up_set(a, feature, (double)rx_json_len(list));
    }
}

static void read_pair(const struct choice *c, struct rx_upstream_answer *a)
{
    static const struct {
        const char *path;
        enum rx_feature feature;
    } amounts[] = {
        {"priceUsd", RX_F_PRICE_USD},
        {"liquidity.usd", RX_F_LIQ_USD},
        {"volume.h24", RX_F_VOLUME_24H_USD},
        {"marketCap", RX_F_MARKET_CAP_USD},
        {"fdv", RX_F_FDV_USD},
        {"txns.h24.buys", RX_F_TXN_BUYS_24H},
        {"txns.h24.sells", RX_F_TXN_SELLS_24H},
    };
    static const struct {
        const char *path;
        enum rx_feature feature;
    } changes[] = {
        {"priceChange.m5", RX_F_PRICE_CHANGE_M5},
        {"priceChange.h1", RX_F_PRICE_CHANGE_H1},
        {"priceChange.h6", RX_F_PRICE_CHANGE_H6},
        {"priceChange.h24", RX_F_PRICE_CHANGE_H24},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(amounts); i++) {
        rx_up_amount(a, amounts[i].feature, rx_up_number(rx_json_at(c->pair, amounts[i].path)));
    }
    for (size_t i = 0; i < RX_ARRAY_LEN(changes); i++) {
        const double percent = rx_up_number(rx_json_at(c->pair, changes[i].path));
        rx_up_change(a, changes[i].feature, percent, 100);
    }
    count(a, RX_F_WEBSITES_N, rx_json_get(c->info, "websites"));
    count(a, RX_F_SOCIALS_N, rx_json_get(c->info, "socials"));
    rx_up_amount(a, RX_F_BOOSTS, rx_up_number(c->boosts));
    const double created = rx_up_number(rx_json_get(c->pair, "pairCreatedAt"));
    if (created > 0) {
        rx_up_amount(a, RX_F_PAIR_AGE_H, ((double)a->observed_at * 1000 - created) / MS_PER_H);
    }
}

void rx_up_dexscreener(const struct rx_json *root, const struct rx_upstream_query *query,
                       struct rx_upstream_answer *a)
{
    const struct rx_json *list = NULL;
    const struct rx_json *one = NULL;
    if (!find_pairs(root, &list, &one)) {
        rx_up_fail(a, RX_UPSTREAM_MALFORMED, "no pairs: expected an array or {pairs: []}");
        return;
    }
    struct rx_str token = query->token;
    if (token.n == 0) {
        token = base_of(one ? one : rx_json_item(list, 0));
    }
    struct choice c = {0};
    if (one && matches(one, query, token)) {
        choose(one, &c);
    }
    RX_JSON_FOREACH (it, list) {
        if (matches(it.value, query, token)) {
            choose(it.value, &c);
        }
    }
    if (!c.pair) {
        rx_up_fail(a, RX_UPSTREAM_EMPTY, "no pair of the token");
        return;
    }
    rx_up_token(a, base_of(c.pair));
    read_pair(&c, a);
}
