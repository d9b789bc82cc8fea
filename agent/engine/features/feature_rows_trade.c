// SPDX-License-Identifier: Apache-2.0
#include <math.h>

#include "agent/engine/features/feature_rows.h"

/* The notation is that of feature_rows_events.c. "In the last w" is (te - w, te]. */
#define AT(feature) [RX_F_##feature - RX_F_N_BUY_M5]

const struct rx_feature_info rx_feature_rows_trade[] = {
    AT(N_BUY_M5) = {"n_buy_m5", "events", 0, HUGE_VAL, RX_MISSING_WINDOW, RX_FEATURE_SYNC,
                    "buys in the last 5 minutes", 2, 1},
    AT(N_SELL_M5) = {"n_sell_m5", "events", 0, HUGE_VAL, RX_MISSING_WINDOW, RX_FEATURE_SYNC,
                     "sells in the last 5 minutes", 2, 1},
    AT(BUY_VOL_M5) = {"buy_vol_m5", "WETH", 0, HUGE_VAL, RX_MISSING_WINDOW, RX_FEATURE_SYNC,
                      "sum of dW over the buys in the last 5 minutes", 2, 1},
    AT(SELL_VOL_M5) = {"sell_vol_m5", "WETH", 0, HUGE_VAL, RX_MISSING_WINDOW, RX_FEATURE_SYNC,
                       "sum of -dW over the sells in the last 5 minutes", 2, 1},
    AT(RET_M5) = {"ret_m5", "log ratio", -HUGE_VAL, HUGE_VAL, RX_MISSING_WINDOW, RX_FEATURE_SYNC,
                  "ln(p now / p after the last event at or before the start of the last 5 minutes; "
                  "p[0] when the pool is younger)",
                  2, 1},
    AT(N_BUY_H1) = {"n_buy_h1", "events", 0, HUGE_VAL, RX_MISSING_WINDOW, RX_FEATURE_SYNC,
                    "buys in the last hour", 2, 1},
    AT(N_SELL_H1) = {"n_sell_h1", "events", 0, HUGE_VAL, RX_MISSING_WINDOW, RX_FEATURE_SYNC,
                     "sells in the last hour", 2, 1},
    AT(BUY_VOL_H1) = {"buy_vol_h1", "WETH", 0, HUGE_VAL, RX_MISSING_WINDOW, RX_FEATURE_SYNC,
                      "sum of dW over the buys in the last hour", 2, 1},
    AT(SELL_VOL_H1) = {"sell_vol_h1", "WETH", 0, HUGE_VAL, RX_MISSING_WINDOW, RX_FEATURE_SYNC,
                       "sum of -dW over the sells in the last hour", 2, 1},
    AT(RET_H1) = {"ret_h1", "log ratio", -HUGE_VAL, HUGE_VAL, RX_MISSING_WINDOW, RX_FEATURE_SYNC,
                  "ln(p now / p after the last event at or before the start of the last hour; p[0] "
                  "when the pool is younger)",
                  2, 1},
    AT(N_BUY_H6) = {"n_buy_h6", "events", 0, HUGE_VAL, RX_MISSING_WINDOW, RX_FEATURE_SYNC,
                    "buys in the last 6 hours", 2, 1},
    AT(N_SELL_H6) = {"n_sell_h6", "events", 0, HUGE_VAL, RX_MISSING_WINDOW, RX_FEATURE_SYNC,
                     "sells in the last 6 hours", 2, 1},
    AT(BUY_VOL_H6) = {"buy_vol_h6", "WETH", 0, HUGE_VAL, RX_MISSING_WINDOW, RX_FEATURE_SYNC,
                      "sum of dW over the buys in the last 6 hours", 2, 1},
    AT(SELL_VOL_H6) = {"sell_vol_h6", "WETH", 0, HUGE_VAL, RX_MISSING_WINDOW, RX_FEATURE_SYNC,
                       "sum of -dW over the sells in the last 6 hours", 2, 1},
    AT(RET_H6) = {"ret_h6", "log ratio", -HUGE_VAL, HUGE_VAL, RX_MISSING_WINDOW, RX_FEATURE_SYNC,
                  "ln(p now / p after the last event at or before the start of the last 6 hours; "
                  "p[0] when the pool is younger)",
                  2, 1},
    AT(N_BUY_H24) = {"n_buy_h24", "events", 0, HUGE_VAL, RX_MISSING_WINDOW, RX_FEATURE_SYNC,
                     "buys in the last 24 hours", 2, 1},
    AT(N_SELL_H24) = {"n_sell_h24", "events", 0, HUGE_VAL, RX_MISSING_WINDOW, RX_FEATURE_SYNC,
                      "sells in the last 24 hours", 2, 1},
    AT(BUY_VOL_H24) = {"buy_vol_h24", "WETH", 0, HUGE_VAL, RX_MISSING_WINDOW, RX_FEATURE_SYNC,
                       "sum of dW over the buys in the last 24 hours", 2, 1},
    AT(SELL_VOL_H24) = {"sell_vol_h24", "WETH", 0, HUGE_VAL, RX_MISSING_WINDOW, RX_FEATURE_SYNC,
                        "sum of -dW over the sells in the last 24 hours", 2, 1},
    AT(RET_H24) = {"ret_h24", "log ratio", -HUGE_VAL, HUGE_VAL, RX_MISSING_WINDOW, RX_FEATURE_SYNC,
                   "ln(p now / p after the last event at or before the start of the last 24 hours; "
                   "p[0] when the pool is younger)",
                   2, 1},
    AT(DEPTH_1PCT) = {"depth_1pct", "WETH", 0, HUGE_VAL, RX_MISSING_NEVER, RX_FEATURE_SYNC,
                      "W (sqrt(1.01) - 1) / 0.997: WETH in that raises the price by 1 %", 2, 1},
    AT(DEPTH_5PCT) = {"depth_5pct", "WETH", 0, HUGE_VAL, RX_MISSING_NEVER, RX_FEATURE_SYNC,
                      "W (sqrt(1.05) - 1) / 0.997: WETH in that raises the price by 5 %", 2, 1},
    AT(SLIP_1) = {"slip_1", "fraction", 0, 1, RX_MISSING_NEVER, RX_FEATURE_SYNC,
                  "1 - (tokens out for 1 WETH, exact, fee 0.3 %) / (1 WETH / p)", 2, 1},
    AT(SLIP_10) = {"slip_10", "fraction", 0, 1, RX_MISSING_NEVER, RX_FEATURE_SYNC,
                   "1 - (tokens out for 10 WETH, exact, fee 0.3 %) / (10 WETH / p)", 2, 1},
    AT(AMIHUD) =
        {"amihud", "1/WETH", 0, HUGE_VAL, RX_MISSING_NO_DAY, RX_FEATURE_SYNC,
         "mean of |p at the end / p after the first event - 1| / volume over the days of the "
         "pool's life (6,472 blocks or 24 h) with two events and a trade (Amihud 2002)",
         2, 1},
    AT(LP_LOCK_EXPIRY_H) =
        {"lp_lock_expiry_h", "hours", 0, HUGE_VAL, RX_MISSING_NO_LOCKS, RX_FEATURE_LOCK,
         "hours until locks of 10 % of the LP supply have ended; of all when less is locked", 2, 1},
    AT(LP_UNLOCK_24H) = {"lp_unlock_24h", "fraction", 0, 1, RX_MISSING_NO_LOCKS, RX_FEATURE_LOCK,
                         "share of the LP supply whose lock ends within 24 hours", 2, 1},
    AT(LP_UNLOCK_7D) = {"lp_unlock_7d", "fraction", 0, 1, RX_MISSING_NO_LOCKS, RX_FEATURE_LOCK,
                        "share of the LP supply whose lock ends within 7 days", 2, 1},
};
