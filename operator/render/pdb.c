// SPDX-License-Identifier: Apache-2.0
#include "operator/render/parts.h"

/* AlwaysAllow: an agent that crashes in a loop must not keep its node from being drained. */
int rx_render_pdb(const struct rx_render_in *in, json_t **ret, struct rx_error *err)
{
    const struct rx_rxd *rxd = in->rxd;
    bool counted = rxd->min_available >= 0;
    json_t *spec = json_pack("{s:i, s:o, s:s}", counted ? "minAvailable" : "maxUnavailable",
                             counted ? rxd->min_available : 1, "selector", rx_part_selector(rxd),
                             "unhealthyPodEvictionPolicy", "AlwaysAllow");
    return rx_part_finish(in, "policy/v1", "PodDisruptionBudget", "", "spec", spec, ret, err);
}
