// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/features/labels.h"

#include <math.h>

bool rx_label_reserves(const struct rx_pool_meta *meta, const struct rx_sync *event, double *weth,
                       double *token)
{
    const int decimals = meta->decimals == RX_DECIMALS_UNKNOWN ? 18 : meta->decimals;
    *weth = (double)event->reserve[meta->weth_pos] / 1e18;
    *token = (double)event->reserve[!meta->weth_pos] / pow(10, decimals);
    return *weth > 0 && *token > 0;
}

void rx_label_outcome(const struct rx_pool_meta *meta, const struct rx_sync *events, size_t n,
                      size_t seen, double te, double horizon, double end, struct rx_outcome *ret)
{
    double weth, token, w0 = 0, p0 = 0;
    *ret = (struct rx_outcome){false, RX_NAN, RX_NAN};
    for (size_t i = seen; i-- > 0;) {
        if (rx_label_reserves(meta, &events[i], &weth, &token)) {
            w0 = weth;
            p0 = weth / token;
            break;
        }
    }
    if (!(p0 > 0) || te + horizon > end) {
        return;
    }
    const double liquid = fmax(RX_POOL_MIN_WETH, RX_LABEL_LIQUID_SHARE * w0);
    struct rx_outcome outcome = {true, HUGE_VAL, 0};
    for (size_t i = seen; i < n && (double)events[i].time <= te + horizon; i++) {
        if (!rx_label_reserves(meta, &events[i], &weth, &token)) {
            continue;
        }
        outcome.lowest = fmin(outcome.lowest, weth / w0);
        if (weth >= liquid) {
            outcome.highest = fmax(outcome.highest, weth / token / p0);
        }
    }
    if (isinf(outcome.lowest)) { /* nothing happened any more */
        outcome.lowest = outcome.highest = 1;
    }
    *ret = outcome;
}

double rx_label_value(const struct rx_outcome *outcome, double multiplier)
{
    if (!outcome->known) {
        return RX_NAN;
    }
    return multiplier > 0 ? outcome->highest >= multiplier : outcome->lowest <= RX_LABEL_RUG_SHARE;
}
