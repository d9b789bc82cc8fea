// SPDX-License-Identifier: Apache-2.0
/* Answers of several services about one token, put together. */
#include <math.h>

#include "agent/engine/features/upstream.h"

#define MARKET_FRESH_S   900
#define SOCIAL_FRESH_S   3600
#define SECURITY_FRESH_S 86400

/* Where features differ from their group's rule: security facts take the largest value (a power
 * that one service sees is there), market figures the best ranked service. */
static int policy_of(enum rx_feature feature)
{
    static const struct {
        enum rx_feature feature;
        int policy;
    } rows[] = {
        {RX_F_OPEN_SOURCE, -1},        {RX_F_TRUST_LISTED, -1},
        {RX_F_LP_LOCKED_UPSTREAM, -1}, {RX_F_LP_LOCK_EXPIRY_UPSTREAM_H, -1},
        {RX_F_HOLDERS_UPSTREAM, 0},    {RX_F_CREATOR_PRIOR_TOKENS, 1},
        {RX_F_CREATOR_PRIOR_RUGS, 1},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(rows); i++) {
        if (rows[i].feature == feature) {
            return rows[i].policy;
        }
    }
    return rx_feature_info(feature)->source == RX_FEATURE_SECURITY ? 1 : 0;
}

int rx_facts_policy(enum rx_feature feature)
{
    return policy_of(feature);
}

unsigned rx_facts_rank(enum rx_feature feature, enum rx_upstream source)
{
    /* Market figures: who follows the pools first. Counts of holders: who counts on chain first. */
    static const unsigned char market[RX_UPSTREAM_MAX] = {
        [RX_UPSTREAM_DEXSCREENER] = 0,      [RX_UPSTREAM_GOPLUS_SOLANA] = 1,
        [RX_UPSTREAM_GOPLUS_EVM] = 2,       [RX_UPSTREAM_HONEYPOT] = 3,
        [RX_UPSTREAM_HONEYPOT_PAIRS] = 4,   [RX_UPSTREAM_RUGCHECK] = 5,
        [RX_UPSTREAM_RUGCHECK_SUMMARY] = 6,
    };
    static const unsigned char holders[RX_UPSTREAM_MAX] = {
        [RX_UPSTREAM_GOPLUS_EVM] = 0,     [RX_UPSTREAM_GOPLUS_SOLANA] = 1,
        [RX_UPSTREAM_HONEYPOT] = 2,       [RX_UPSTREAM_RUGCHECK] = 3,
        [RX_UPSTREAM_HONEYPOT_PAIRS] = 4, [RX_UPSTREAM_RUGCHECK_SUMMARY] = 5,
        [RX_UPSTREAM_DEXSCREENER] = 6,
    };
    if (source < 0 || source >= RX_UPSTREAM_MAX) {
        return RX_UPSTREAM_MAX;
    }
    return feature == RX_F_HOLDERS_UPSTREAM ? holders[source] : market[source];
}

void rx_facts_init(struct rx_facts *facts)
{
    for (int i = 0; i < RX_F_MAX; i++) {
        facts->cells[i] = (struct rx_facts_cell){RX_NAN, RX_NAN, RX_NAN, 0, RX_UPSTREAM_UNKNOWN};
    }
}

/* Whether the new value takes the place of the old one: a total order, so that the order of merging
 * does not matter. */
static bool wins(enum rx_feature feature, const struct rx_facts_cell *old, double value,
                 const struct rx_upstream_answer *answer)
{
    if (isnan(old->value)) {
        return true;
    }
    const int policy = policy_of(feature);
    if (policy != 0 && value != old->value) {
        return policy > 0 ? value > old->value : value < old->value;
    }
    const unsigned rank = rx_facts_rank(feature, answer->source);
    const unsigned old_rank = rx_facts_rank(feature, old->source);
    if (rank != old_rank) {
        return rank < old_rank;
    }
    if (answer->observed_at != old->observed_at) {
        return answer->observed_at > old->observed_at;
    }
    return value > old->value;
}

void rx_facts_merge(struct rx_facts *facts, const struct rx_upstream_answer *answer)
{
    for (size_t i = 0; i < answer->n; i++) {
        const enum rx_feature feature = answer->values[i].feature;
        const double value = answer->values[i].value;
        struct rx_facts_cell *cell = &facts->cells[feature];
        if (wins(feature, cell, value, answer)) {
            cell->value = value;
            cell->observed_at = answer->observed_at;
            cell->source = answer->source;
        }
        cell->lo = fmin(cell->lo, value);
        cell->hi = fmax(cell->hi, value);
    }
}

bool rx_facts_disputed(const struct rx_facts *facts, enum rx_feature feature)
{
    const struct rx_facts_cell *cell = &facts->cells[feature];
    if (isnan(cell->value)) {
        return false;
    }
    const char *unit = rx_feature_info(feature)->unit;
    const bool share = rx_str_is(RX_STR("fraction"), unit) || rx_str_is(RX_STR("boolean"), unit);
    /* Two points of percent, or a quarter of an amount. */
    return cell->hi - cell->lo > (share ? 0.02 : 0.25 * cell->hi);
}

int64_t rx_facts_fresh_s(enum rx_feature feature)
{
    switch (rx_feature_info(feature)->source) {
    case RX_FEATURE_MARKET:
        return MARKET_FRESH_S;
    case RX_FEATURE_SOCIAL:
        return SOCIAL_FRESH_S;
    default:
        return SECURITY_FRESH_S;
    }
}

size_t rx_facts_apply(const struct rx_facts *facts, double features[RX_F_MAX])
{
    size_t n = 0;
    for (int i = 0; i < RX_F_MAX; i++) {
        if (isnan(features[i]) && !isnan(facts->cells[i].value)) {
            features[i] = facts->cells[i].value;
            n++;
        }
    }
    return n;
}

static void write_cell(struct rx_jw *w, const struct rx_facts *facts, enum rx_feature feature,
                       int64_t now)
{
    const struct rx_facts_cell *cell = &facts->cells[feature];
    const struct rx_feature_info *info = rx_feature_info(feature);
    const int64_t age = now > cell->observed_at ? now - cell->observed_at : 0;
    rx_jw_begin_object(w);
    rx_jw_kv_cstr(w, "feature", info->name);
    rx_jw_kv_double(w, "value", cell->value);
    rx_jw_kv_cstr(w, "unit", info->unit);
    rx_jw_kv_cstr(w, "source", rx_upstream_name(cell->source));
    rx_jw_kv_i64(w, "observed_at", cell->observed_at);
    rx_jw_kv_i64(w, "age_s", age);
    rx_jw_kv_bool(w, "stale", age > rx_facts_fresh_s(feature));
    if (rx_facts_disputed(facts, feature)) {
        rx_jw_key(w, "disputed");
        rx_jw_begin_object(w);
        rx_jw_kv_double(w, "lower", cell->lo);
        rx_jw_kv_double(w, "upper", cell->hi);
        rx_jw_end_object(w);
    }
    rx_jw_end_object(w);
}

void rx_facts_write(struct rx_jw *w, const struct rx_facts *facts, int64_t now)
{
    rx_jw_begin_array(w);
    for (int i = 0; i < RX_F_MAX; i++) {
        if (!isnan(facts->cells[i].value)) {
            write_cell(w, facts, (enum rx_feature)i, now);
        }
    }
    rx_jw_end_array(w);
}
