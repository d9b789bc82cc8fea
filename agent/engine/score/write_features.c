// SPDX-License-Identifier: Apache-2.0
/* The features of a score in groups, under the names that clients know. */
#include <math.h>
#include <stdio.h>

#include "agent/engine/score/write.h"

enum show { NUMBER, FLAG, NEVER }; /* NEVER: no source gives it */

struct member {
    const char *key; /* NULL: the feature's own name */
    enum rx_feature feature;
    enum show show;
};

#define OWN(name)                                                                                  \
    {                                                                                              \
        NULL, RX_F_##name, NUMBER                                                                  \
    }

static const struct member token_members[] = {
    {"market_cap", RX_F_MARKET_CAP_USD, NUMBER},
    {"age_hours", RX_F_AGE_H, NUMBER},
    {"volume_24h", RX_F_VOLUME_24H_USD, NUMBER},
    {"price_change_24h", RX_F_PRICE_CHANGE_H24, NUMBER},
    {"is_paid_listing", RX_F_INVALID, NEVER},
};
static const struct member liquidity_members[] = {
    {"total_liquidity_usd", RX_F_LIQ_USD, NUMBER},
    {"liquidity_depth_1pct", RX_F_DEPTH_1PCT, NUMBER},
    {"liquidity_depth_5pct", RX_F_DEPTH_5PCT, NUMBER},
    {"lp_locked", RX_F_LP_SAFE, NUMBER},
    {"lp_lock_expires_in_hours", RX_F_LP_LOCK_EXPIRY_H, NUMBER},
};
static const struct member holder_members[] = {
    {"total_holders", RX_F_HOLDERS, NUMBER},
    {"holder_gini", RX_F_HOLDER_GINI, NUMBER},
    {"top10_concentration", RX_F_TOP10, NUMBER},
    OWN(HOLDER_GROWTH_24H),
    OWN(TOP1),
    OWN(TOP50),
    OWN(HOLDER_HHI),
    OWN(NAKAMOTO),
    OWN(HOLDER_COVERAGE),
};
static const struct member social_members[] = {
    {"mention_volume_24h", RX_F_MENTIONS_24H, NUMBER},
    {"mention_velocity_1h", RX_F_MENTION_VELOCITY, NUMBER},
    {"sentiment_score", RX_F_INVALID, NEVER},
    {"kol_mentions", RX_F_INVALID, NEVER},
    OWN(MENTIONS_1H),
    OWN(DUPLICATE_RATIO),
    OWN(BOT_SCORE),
};
static const struct member dev_members[] = {
    {"dev_holding_percentage", RX_F_CREATOR_SHARE, NUMBER},
    {"dev_sells_24h", RX_F_CREATOR_SELLS_24H, NUMBER},
    {"contract_verified", RX_F_OPEN_SOURCE, FLAG},
    OWN(CREATOR_SOLD_24H),
    OWN(CREATOR_FUNDED_SHARE),
    OWN(CREATOR_PRIOR_TOKENS),
    OWN(CREATOR_PRIOR_RUGS),
};

static const char *missing_reason(const struct rx_score_writer *x, enum rx_feature feature)
{
    const struct rx_feature_info *info = rx_feature_info(feature);
    if (x->no_events && (info->source == RX_FEATURE_SYNC || info->source == RX_FEATURE_LP)) {
        return "no_event";
    }
    /* Without LP transfers even their number is missing. */
    if (info->source == RX_FEATURE_LP && isnan(x->features[RX_F_LP_N])) {
        return rx_missing_reason(RX_MISSING_NO_LP);
    }
    return rx_missing_reason(info->missing);
}

static bool is_known(const struct rx_score_writer *x, const struct member *m)
{
    return m->show != NEVER && isfinite(x->features[m->feature]);
}

static void write_member(struct rx_score_writer *x, const char *path, const struct member *m)
{
    const char *key = m->key ? m->key : rx_feature_info(m->feature)->name;
    if (!is_known(x, m)) {
        rx_score_write_unknown(x, path, key,
                               m->show == NEVER ? "no_source" : missing_reason(x, m->feature));
    } else if (m->show == FLAG) {
        rx_jw_kv_bool(x->w, key, x->features[m->feature] >= 0.5);
    } else {
        rx_jw_kv_double(x->w, key, x->features[m->feature]);
    }
}

static void write_group(struct rx_score_writer *x, const char *group, const struct member *members,
                        size_t n)
{
    char path[RX_NOTE_PATH_MAX];
    size_t known = 0;
    for (size_t i = 0; i < n; i++) {
        known += is_known(x, &members[i]);
    }
    if (known == 0) {
        rx_score_write_unknown(x, "features", group, "no_source");
        return;
    }
    snprintf(path, sizeof(path), "features.%s", group);
    rx_jw_key(x->w, group);
    rx_jw_begin_object(x->w);
    for (size_t i = 0; i < n; i++) {
        write_member(x, path, &members[i]);
    }
    rx_jw_end_object(x->w);
}

/* Every feature of the sources from first to last, by its own name. */
static void write_sources(struct rx_score_writer *x, const char *group,
                          enum rx_feature_source first, enum rx_feature_source last)
{
    struct member members[RX_F_MAX];
    size_t n = 0;
    for (int i = 0; i < RX_F_MAX; i++) {
        const enum rx_feature_source source = rx_feature_info((enum rx_feature)i)->source;
        if (source >= first && source <= last) {
            members[n++] = (struct member){NULL, (enum rx_feature)i, NUMBER};
        }
    }
    write_group(x, group, members, n);
}

void rx_score_write_features(struct rx_score_writer *x)
{
    rx_jw_key(x->w, "features");
    rx_jw_begin_object(x->w);
    write_group(x, "token_features", token_members, RX_ARRAY_LEN(token_members));
    write_group(x, "liquidity_features", liquidity_members, RX_ARRAY_LEN(liquidity_members));
    write_group(x, "holder_features", holder_members, RX_ARRAY_LEN(holder_members));
    write_group(x, "social_features", social_members, RX_ARRAY_LEN(social_members));
    write_group(x, "dev_features", dev_members, RX_ARRAY_LEN(dev_members));
    write_sources(x, "market_features", RX_FEATURE_MARKET, RX_FEATURE_MARKET);
    write_sources(x, "security_features", RX_FEATURE_SECURITY, RX_FEATURE_SECURITY);
    write_sources(x, "pool_features", RX_FEATURE_SYNC, RX_FEATURE_LOCK);
    rx_jw_end_object(x->w);
}
