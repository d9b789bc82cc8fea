// SPDX-License-Identifier: Apache-2.0
/*
 * The registry of pool features: what each number is, its unit, range and what a missing value
 * means. The order is the column order of a snapshot and of every feature vector; models refer to
 * features by name. Constant data; thread-safe.
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
    RX_F_MAX
};

/* A missing feature. NAN and INFINITY are floats; this and HUGE_VAL are doubles. */
#define RX_NAN (__builtin_nan(""))

/* First of the eight columns that come from LP-token transfers. */
#define RX_F_LP_FIRST RX_F_LP_N

/* What a NaN in a feature vector stands for. */
enum rx_missing {
    RX_MISSING_NEVER,  /* set for every pool with at least two events */
    RX_MISSING_NO_LP,  /* LP transfers were not read */
    RX_MISSING_LP_NONE /* no LP transfer yet, nothing outstanding, or more holders than are kept */
};

struct rx_feature_info {
    const char *name;
    const char *unit;
    double min, max; /* of the definition, both reachable; infinities where unbounded */
    enum rx_missing missing;
    const char *formula;
};

/* Static storage; `feature` must be below RX_F_MAX. */
const struct rx_feature_info *rx_feature_info(enum rx_feature feature);
/* RX_F_INVALID for an unknown name. */
enum rx_feature rx_feature_find(struct rx_str name);
/* SHA-256 of the names in order, each ended by '\n'; a model names the hash it was trained with. */
void rx_feature_registry_hash(char out[65]);
