// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/risk/risk.h"

const char *rx_risk_name(enum rx_risk risk)
{
    static const char *const names[RX_RISK_MAX] = {
        [RX_RISK_RUG] = "rug_risk",
        [RX_RISK_DEV] = "dev_risk",
        [RX_RISK_DISTRIBUTION] = "distribution_risk",
        [RX_RISK_SOCIAL] = "social_manipulation_risk",
        [RX_RISK_LIQUIDITY] = "liquidity_risk",
        [RX_RISK_COMPOSITE] = "composite_score",
    };
    return risk >= 0 && risk < RX_RISK_MAX ? names[risk] : "";
}
