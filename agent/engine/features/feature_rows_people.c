// SPDX-License-Identifier: Apache-2.0
#include <math.h>

#include "agent/engine/features/feature_rows.h"

#define AT(feature) [RX_F_##feature - RX_F_HOLDERS]

const struct rx_feature_info rx_feature_rows_people[] = {
    AT(HOLDERS) = {"holders", "addresses", 0, HUGE_VAL, RX_MISSING_NO_HOLDERS, RX_FEATURE_TRANSFER,
                   "addresses with a positive balance other than pools, lockers, burn addresses, "
                   "bridges and the token itself",
                   2, 1},
    AT(HOLDER_GROWTH_24H) = {"holder_growth_24h", "ratio", -1, HUGE_VAL, RX_MISSING_NO_HOLDERS,
                             RX_FEATURE_TRANSFER, "holders now / holders 24 hours ago - 1", 2, 1},
    AT(TOP1) = {"top1", "fraction", 0, 1, RX_MISSING_NO_HOLDERS, RX_FEATURE_TRANSFER,
                "largest balance of a holder / sum of the balances of holders", 2, 1},
    AT(TOP10) = {"top10", "fraction", 0, 1, RX_MISSING_NO_HOLDERS, RX_FEATURE_TRANSFER,
                 "sum of the 10 largest balances / sum of the balances of holders", 2, 1},
    AT(TOP50) = {"top50", "fraction", 0, 1, RX_MISSING_NO_HOLDERS, RX_FEATURE_TRANSFER,
                 "sum of the 50 largest balances / sum of the balances of holders", 2, 1},
    AT(HOLDER_GINI) = {"holder_gini", "fraction", 0, 1, RX_MISSING_NO_HOLDERS, RX_FEATURE_TRANSFER,
                       "2 sum(i x_i) / (n sum x) - (n+1)/n over balances x ascending, i from 1", 2,
                       1},
    AT(HOLDER_HHI) = {"holder_hhi", "fraction", 0, 1, RX_MISSING_NO_HOLDERS, RX_FEATURE_TRANSFER,
                      "sum of the squared shares of the holders", 2, 1},
    AT(NAKAMOTO) = {"nakamoto", "addresses", 1, HUGE_VAL, RX_MISSING_NO_HOLDERS,
                    RX_FEATURE_TRANSFER,
                    "fewest holders who together own more than half of what holders own", 2, 1},
    AT(HOLDER_COVERAGE) = {"holder_coverage", "fraction", 0, 1, RX_MISSING_NO_HOLDERS,
                           RX_FEATURE_TRANSFER,
                           "share of the outstanding supply (burned excluded) that holders own", 2,
                           1},
    AT(CREATOR_SHARE) = {"creator_share", "fraction", 0, 1, RX_MISSING_NO_CREATOR,
                         RX_FEATURE_TRANSFER,
                         "share of the outstanding supply that the creator owns", 2, 1},
    AT(CREATOR_SELLS_24H) =
        {"creator_sells_24h", "events", 0, HUGE_VAL, RX_MISSING_NO_CREATOR, RX_FEATURE_TRANSFER,
         "transfers from the creator to a pool in the last 24 hours, liquidity excluded", 2, 1},
    AT(CREATOR_SOLD_24H) = {"creator_sold_24h", "fraction", 0, HUGE_VAL, RX_MISSING_NO_CREATOR,
                            RX_FEATURE_TRANSFER, "amount of those transfers / outstanding supply",
                            2, 1},
    AT(CREATOR_FUNDED_SHARE) = {"creator_funded_share", "fraction", 0, 1, RX_MISSING_NO_CREATOR,
                                RX_FEATURE_TRANSFER,
                                "share of the outstanding supply owned by addresses that got "
                                "tokens from the creator, directly or through one such address",
                                2, 1},
    AT(CREATOR_PRIOR_TOKENS) = {"creator_prior_tokens", "tokens", 0, HUGE_VAL,
                                RX_MISSING_NO_CREATOR, RX_FEATURE_HISTORY,
                                "tokens that the creator made before", 2, 1},
    AT(CREATOR_PRIOR_RUGS) = {"creator_prior_rugs", "tokens", 0, HUGE_VAL, RX_MISSING_NO_CREATOR,
                              RX_FEATURE_HISTORY, "those of them that were rugged", 2, 1},
};
