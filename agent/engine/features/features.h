// SPDX-License-Identifier: Apache-2.0
/*
 * The registry of token and pool features: what each number is, its unit, range, where it comes
 * from and what a missing value means. The order is that of every feature vector, and its first
 * part that of a snapshot's columns; models refer to features by name. Fractions are 0..1, booleans
 * 0/1. Constant data; thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/str.h"

enum rx_feature {
    RX_F_INVALID = -1,
    RX_F_DEC,
    RX_F_N_SYNC,
    RX_F_N_BUY,
    RX_F_N_SELL,
    RX_F_N_MINT,
    RX_F_N_BURN,
    RX_F_N_OTHER,
    RX_F_BUY_SHARE,
    RX_F_BUY_VOL,
    RX_F_SELL_VOL,
    RX_F_NET_RATIO,
    RX_F_W_INIT,
    RX_F_W_NOW,
    RX_F_W_MAX,
    RX_F_W_NOW_MAX,
    RX_F_W_NOW_INIT,
    RX_F_P_RET,
    RX_F_P_DD,
    RX_F_P_UP,
    RX_F_VOL,
    RX_F_MAX_DROP,
    RX_F_MAX_RISE,
    RX_F_K_GROWTH,
    RX_F_LATE_SHARE,
    RX_F_IDLE,
    RX_F_SNIPE0,
    RX_F_EARLY10,
    RX_F_EARLY100,
    RX_F_MEAN_BUY,
    RX_F_MAX_BUY,
    RX_F_MAX_BUY_REL,
    RX_F_HHI_BUY,
    RX_F_GAP_MEAN,
    RX_F_GAP_CV,
    RX_F_UNIQ_BLK,
    RX_F_T_INIT_LOG,
    RX_F_TURNOVER,
    RX_F_AGE_H,
    RX_F_LP_N,
    RX_F_LP_HOLDERS,
    RX_F_LP_BURN,
    RX_F_LP_LOCK,
    RX_F_LP_TOP,
    RX_F_LP_POOL,
    RX_F_LP_HHI,
    RX_F_LP_SAFE,
    RX_F_N_BUY_M5,
    RX_F_N_SELL_M5,
    RX_F_BUY_VOL_M5,
    RX_F_SELL_VOL_M5,
    RX_F_RET_M5,
    RX_F_N_BUY_H1,
    RX_F_N_SELL_H1,
    RX_F_BUY_VOL_H1,
    RX_F_SELL_VOL_H1,
    RX_F_RET_H1,
    RX_F_N_BUY_H6,
    RX_F_N_SELL_H6,
    RX_F_BUY_VOL_H6,
    RX_F_SELL_VOL_H6,
    RX_F_RET_H6,
    RX_F_N_BUY_H24,
    RX_F_N_SELL_H24,
    RX_F_BUY_VOL_H24,
    RX_F_SELL_VOL_H24,
    RX_F_RET_H24,
    RX_F_DEPTH_1PCT,
    RX_F_DEPTH_5PCT,
    RX_F_SLIP_1,
    RX_F_SLIP_10,
    RX_F_AMIHUD,
    RX_F_LP_LOCK_EXPIRY_H,
    RX_F_LP_UNLOCK_24H,
    RX_F_LP_UNLOCK_7D,
    RX_F_HOLDERS,
    RX_F_HOLDER_GROWTH_24H,
    RX_F_TOP1,
    RX_F_TOP10,
    RX_F_TOP50,
    RX_F_HOLDER_GINI,
    RX_F_HOLDER_HHI,
    RX_F_NAKAMOTO,
    RX_F_HOLDER_COVERAGE,
    RX_F_CREATOR_SHARE,
    RX_F_CREATOR_SELLS_24H,
    RX_F_CREATOR_SOLD_24H,
    RX_F_CREATOR_FUNDED_SHARE,
    RX_F_CREATOR_PRIOR_TOKENS,
    RX_F_CREATOR_PRIOR_RUGS,
    RX_F_PRICE_USD,
    RX_F_LIQ_USD,
    RX_F_VOLUME_24H_USD,
    RX_F_MARKET_CAP_USD,
    RX_F_FDV_USD,
    RX_F_PRICE_CHANGE_M5,
    RX_F_PRICE_CHANGE_H1,
    RX_F_PRICE_CHANGE_H6,
    RX_F_PRICE_CHANGE_H24,
    RX_F_TXN_BUYS_24H,
    RX_F_TXN_SELLS_24H,
    RX_F_WEBSITES_N,
    RX_F_SOCIALS_N,
    RX_F_BOOSTS,
    RX_F_PAIR_AGE_H,
    RX_F_BUY_TAX,
    RX_F_SELL_TAX,
    RX_F_TRANSFER_TAX,
    RX_F_TAX_MODIFIABLE,
    RX_F_IS_HONEYPOT,
    RX_F_CANNOT_BUY,
    RX_F_CANNOT_SELL_ALL,
    RX_F_IS_MINTABLE,
    RX_F_IS_PAUSABLE,
    RX_F_HAS_BLACKLIST,
    RX_F_HAS_WHITELIST,
    RX_F_TRADING_COOLDOWN,
    RX_F_ANTI_WHALE_MODIFIABLE,
    RX_F_IS_PROXY,
    RX_F_HIDDEN_OWNER,
    RX_F_CAN_TAKE_BACK,
    RX_F_OWNER_CHANGE_BALANCE,
    RX_F_SELFDESTRUCT,
    RX_F_EXTERNAL_CALL,
    RX_F_OPEN_SOURCE,
    RX_F_HONEYPOT_SAME_CREATOR,
    RX_F_FREEZE_AUTHORITY,
    RX_F_MINT_AUTHORITY,
    RX_F_TRANSFER_HOOK,
    RX_F_PERMANENT_DELEGATE,
    RX_F_METADATA_MUTABLE,
    RX_F_RUGGED,
    RX_F_INSIDER_SHARE,
    RX_F_FAILED_SELL_RATIO,
    RX_F_SIPHONED_RATIO,
    RX_F_RUGCHECK_SCORE,
    RX_F_LP_LOCKED_UPSTREAM,
    RX_F_HOLDERS_UPSTREAM,
    RX_F_TOP10_UPSTREAM,
    RX_F_CREATOR_SHARE_UPSTREAM,
    RX_F_OWNER_SHARE_UPSTREAM,
    RX_F_HAS_OWNER,
    RX_F_LP_TOP_UPSTREAM,
    RX_F_LP_LOCK_EXPIRY_UPSTREAM_H,
    RX_F_DENY_LIST_HIT,
    RX_F_TRUST_LISTED,
    RX_F_MENTIONS_1H,
    RX_F_MENTIONS_24H,
    RX_F_MENTION_VELOCITY,
    RX_F_DUPLICATE_RATIO,
    RX_F_BOT_SCORE,
    RX_F_MAX
};

/* A missing feature. NAN and INFINITY are floats; this and HUGE_VAL are doubles. */
#define RX_NAN (__builtin_nan(""))

/* The eight columns that come from LP-token transfers: [FIRST, END). */
#define RX_F_LP_FIRST RX_F_LP_N
#define RX_F_LP_END   RX_F_N_BUY_M5
/* The first registry (feature version 1): what univ2-1 models read, by position. */
#define RX_F_V1_MAX RX_F_LP_END
/* The columns computed from a pool's own events: [0, RX_F_EVENTS_END). */
#define RX_F_EVENTS_END RX_F_LP_LOCK_EXPIRY_H

/* What a NaN in a feature vector stands for. */
enum rx_missing {
    RX_MISSING_NEVER,      /* set for every pool with at least two events */
    RX_MISSING_NO_LP,      /* LP transfers were not read */
    RX_MISSING_LP_NONE,    /* no LP transfer yet, nothing outstanding, or too many holders */
    RX_MISSING_WINDOW,     /* more events in the window than are kept */
    RX_MISSING_NO_DAY,     /* no day with a trade is complete enough to have a return */
    RX_MISSING_NO_LOCKS,   /* the locks were not read, or nothing is locked (expiry) */
    RX_MISSING_NO_HOLDERS, /* token transfers were not read, no holder is left, or too many */
    RX_MISSING_NO_CREATOR, /* the creator, or what the column needs of it, is not known */
    RX_MISSING_NOT_SENT,   /* no source was asked, or none sent the field */
    RX_MISSING_MAX
};

/* Where a feature comes from. */
enum rx_feature_source {
    RX_FEATURE_SYNC,     /* Sync logs of the pool */
    RX_FEATURE_LP,       /* Transfer logs of the pair's own token */
    RX_FEATURE_LOCK,     /* locks of the pair's own token */
    RX_FEATURE_TRANSFER, /* Transfer logs of the token */
    RX_FEATURE_HISTORY,  /* earlier tokens of the creator */
    RX_FEATURE_MARKET,   /* a market data service (DexScreener and the like) */
    RX_FEATURE_SECURITY, /* a token checker (GoPlus, RugCheck, honeypot.is) */
    RX_FEATURE_SOCIAL,   /* posts on social media */
    RX_FEATURE_SOURCE_MAX
};

struct rx_feature_info {
    const char *name;
    const char *unit;
    double min, max; /* of the definition, both reachable; infinities where unbounded */
    enum rx_missing missing;
    enum rx_feature_source source;
    const char *formula;
    int since;    /* feature version that has it first */
    int revision; /* grows when the meaning changes; models name the one they were fitted on */
};

/* Static storage; `feature` must be below RX_F_MAX. */
const struct rx_feature_info *rx_feature_info(enum rx_feature feature);
/* Why a value of the policy is missing: a short constant for machines, and in words. Static. */
const char *rx_missing_reason(enum rx_missing missing);
const char *rx_missing_text(enum rx_missing missing);
/* The source in words, static. */
const char *rx_feature_source_name(enum rx_feature_source source);
/* RX_F_INVALID for an unknown name. O(features): meant for loading, not for scoring. */
enum rx_feature rx_feature_find(struct rx_str name);
/* SHA-256 over "<name> <revision>\n" of each of the n features in order; a model names the one it
 * was fitted with. */
void rx_features_hash(const enum rx_feature *features, size_t n, char out[65]);
/* SHA-256 of the names of the first registry (RX_F_V1_MAX), each ended by '\n'. */
void rx_feature_registry_hash(char out[65]);
