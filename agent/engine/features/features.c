// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/features/features.h"

#include <math.h>

#include "common/base/sha256.h"

/*
 * Notation of the formulas: events 0..n-1 are the pool's Syncs with both reserves above zero; W and
 * T are the WETH and token reserves after each, p = W/T, dW and dT the changes; v is the time in
 * blocks of 13.35 s, v0 that of event 0, te the moment of the snapshot, span = te - v0.
 * A buy has dW > 0 > dT, a sell dW < 0 < dT, a mint raises and a burn lowers both.
 */
static const struct rx_feature_info registry[RX_F_MAX] = {
    [RX_F_DEC] = {"dec", "digits", 0, 255, RX_MISSING_NEVER,
                  "decimals of the token (18 when unknown)"},
    [RX_F_N_SYNC] = {"n_sync", "events", 1, HUGE_VAL, RX_MISSING_NEVER, "n"},
    [RX_F_N_BUY] = {"n_buy", "events", 0, HUGE_VAL, RX_MISSING_NEVER, "number of buys"},
    [RX_F_N_SELL] = {"n_sell", "events", 0, HUGE_VAL, RX_MISSING_NEVER, "number of sells"},
    [RX_F_N_MINT] = {"n_mint", "events", 0, HUGE_VAL, RX_MISSING_NEVER, "number of mints"},
    [RX_F_N_BURN] = {"n_burn", "events", 0, HUGE_VAL, RX_MISSING_NEVER, "number of burns"},
    [RX_F_N_OTHER] = {"n_other", "events", 0, HUGE_VAL, RX_MISSING_NEVER,
                      "n - 1 - n_buy - n_sell - n_mint - n_burn"},
    [RX_F_BUY_SHARE] = {"buy_share", "fraction", 0, 1, RX_MISSING_NEVER,
                        "n_buy / max(1, n_buy + n_sell)"},
    [RX_F_BUY_VOL] = {"buy_vol", "WETH", 0, HUGE_VAL, RX_MISSING_NEVER, "sum of dW over buys"},
    [RX_F_SELL_VOL] = {"sell_vol", "WETH", 0, HUGE_VAL, RX_MISSING_NEVER, "sum of -dW over sells"},
    [RX_F_NET_RATIO] = {"net_ratio", "fraction", -1, 1, RX_MISSING_NEVER,
                        "(buy_vol - sell_vol) / max(1e-9, buy_vol + sell_vol)"},
    [RX_F_W_INIT] = {"w_init", "WETH", 0, HUGE_VAL, RX_MISSING_NEVER, "W[0]"},
    [RX_F_W_NOW] = {"w_now", "WETH", 0, HUGE_VAL, RX_MISSING_NEVER, "W[n-1]"},
    [RX_F_W_MAX] = {"w_max", "WETH", 0, HUGE_VAL, RX_MISSING_NEVER, "max W"},
    [RX_F_W_NOW_MAX] = {"w_now_max", "fraction", 0, 1, RX_MISSING_NEVER, "W[n-1] / max W"},
    [RX_F_W_NOW_INIT] = {"w_now_init", "ratio", 0, HUGE_VAL, RX_MISSING_NEVER, "W[n-1] / W[0]"},
    [RX_F_P_RET] = {"p_ret", "log ratio", -HUGE_VAL, HUGE_VAL, RX_MISSING_NEVER,
                    "ln(p[n-1] / p[0])"},
    [RX_F_P_DD] = {"p_dd", "fraction", 0, 1, RX_MISSING_NEVER, "p[n-1] / max p"},
    [RX_F_P_UP] = {"p_up", "log ratio", 0, HUGE_VAL, RX_MISSING_NEVER, "ln(max p / p[0])"},
    [RX_F_VOL] = {"vol", "log ratio", 0, HUGE_VAL, RX_MISSING_NEVER,
                  "population standard deviation of ln(p[i] / p[i-1])"},
    [RX_F_MAX_DROP] = {"max_drop", "log ratio", -HUGE_VAL, HUGE_VAL, RX_MISSING_NEVER,
                       "min of ln(p[i] / p[i-1])"},
    [RX_F_MAX_RISE] = {"max_rise", "log ratio", -HUGE_VAL, HUGE_VAL, RX_MISSING_NEVER,
                       "max of ln(p[i] / p[i-1])"},
    [RX_F_K_GROWTH] = {"k_growth", "log ratio", -HUGE_VAL, HUGE_VAL, RX_MISSING_NEVER,
                       "0.5 ln(W[n-1] T[n-1] / (W[0] T[0]))"},
    [RX_F_LATE_SHARE] = {"late_share", "fraction", 0, 1, RX_MISSING_NEVER,
                         "share of the events with v > v0 + 0.75 span"},
    [RX_F_IDLE] = {"idle", "fraction", 0, 1, RX_MISSING_NEVER, "(te - v[n-1]) / span"},
    [RX_F_SNIPE0] = {"snipe0", "events", 1, HUGE_VAL, RX_MISSING_NEVER,
                     "events in the block of event 0"},
    [RX_F_EARLY10] = {"early10", "events", 1, HUGE_VAL, RX_MISSING_NEVER, "events with v <= v0+10"},
    [RX_F_EARLY100] = {"early100", "events", 1, HUGE_VAL, RX_MISSING_NEVER,
                       "events with v <= v0 + 100"},
    [RX_F_MEAN_BUY] = {"mean_buy", "WETH", 0, HUGE_VAL, RX_MISSING_NEVER,
                       "mean of dW over buys, 0 without"},
    [RX_F_MAX_BUY] = {"max_buy", "WETH", 0, HUGE_VAL, RX_MISSING_NEVER,
                      "max of dW over buys, 0 without"},
    [RX_F_MAX_BUY_REL] = {"max_buy_rel", "ratio", 0, HUGE_VAL, RX_MISSING_NEVER,
                          "max_buy / W[n-1]"},
    [RX_F_HHI_BUY] = {"hhi_buy", "fraction", 0, 1, RX_MISSING_NEVER,
                      "sum(buy^2) / max(1e-18, buy_vol^2), 1 without buys"},
    [RX_F_GAP_MEAN] = {"gap_mean", "blocks", 0, HUGE_VAL, RX_MISSING_NEVER,
                       "mean of v[i] - v[i-1]"},
    [RX_F_GAP_CV] = {"gap_cv", "ratio", 0, HUGE_VAL, RX_MISSING_NEVER,
                     "population standard deviation of the gaps / max(1e-9, gap_mean)"},
    [RX_F_UNIQ_BLK] = {"uniq_blk", "fraction", 0, 1, RX_MISSING_NEVER, "distinct blocks / n"},
    [RX_F_T_INIT_LOG] = {"t_init_log", "log10 tokens", -HUGE_VAL, HUGE_VAL, RX_MISSING_NEVER,
                         "log10 T[0]"},
    [RX_F_TURNOVER] = {"turnover", "ratio", 0, HUGE_VAL, RX_MISSING_NEVER,
                       "(buy_vol + sell_vol) / W[n-1]"},
    [RX_F_AGE_H] = {"age_h", "hours", 0, HUGE_VAL, RX_MISSING_NEVER, "span in hours"},
    [RX_F_LP_N] = {"lp_n", "events", 0, HUGE_VAL, RX_MISSING_NO_LP,
                   "transfers of the pair's own token"},
    [RX_F_LP_HOLDERS] = {"lp_holders", "addresses", 0, HUGE_VAL, RX_MISSING_LP_NONE,
                         "holders other than burn addresses, lockers and the pair"},
    [RX_F_LP_BURN] = {"lp_burn", "fraction", 0, 1, RX_MISSING_LP_NONE,
                      "share at the zero address and 0x...dead"},
    [RX_F_LP_LOCK] = {"lp_lock", "fraction", 0, 1, RX_MISSING_LP_NONE, "share at known lockers"},
    [RX_F_LP_TOP] = {"lp_top", "fraction", 0, 1, RX_MISSING_LP_NONE,
                     "largest share of a holder counted in lp_holders"},
    [RX_F_LP_POOL] = {"lp_pool", "fraction", 0, 1, RX_MISSING_LP_NONE, "share at the pair itself"},
    [RX_F_LP_HHI] = {"lp_hhi", "fraction", 0, 1, RX_MISSING_LP_NONE,
                     "sum of squared shares of the holders counted in lp_holders"},
    [RX_F_LP_SAFE] = {"lp_safe", "fraction", 0, 1, RX_MISSING_LP_NONE, "lp_burn + lp_lock"},
};

const struct rx_feature_info *rx_feature_info(enum rx_feature feature)
{
    return &registry[feature];
}

enum rx_feature rx_feature_find(struct rx_str name)
{
    for (int i = 0; i < RX_F_MAX; i++) {
        if (rx_str_is(name, registry[i].name)) {
            return (enum rx_feature)i;
        }
    }
    return RX_F_INVALID;
}

void rx_feature_registry_hash(char out[65])
{
    char names[RX_F_MAX * 16];
    size_t n = 0;
    for (int i = 0; i < RX_F_MAX; i++) {
        for (const char *c = registry[i].name; *c; c++) {
            names[n++] = *c;
        }
        names[n++] = '\n';
    }
    rx_sha256_hex(names, n, out);
}
