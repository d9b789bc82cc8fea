// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "operator/render/parts.h"

static int add_metric(json_t *metrics, const char *resource, int percent)
{
    if (percent == 0) {
        return 0;
    }
    return json_array_append_new(metrics,
                                 json_pack("{s:s, s:{s:s, s:{s:s, s:i}}}", "type", "Resource",
                                           "resource", "name", resource, "target", "type",
                                           "Utilization", "averageUtilization", percent));
}

static json_t *metrics(const struct rx_rxd_scaling *scaling)
{
    rx_auto(build) json_t *list = json_array();

    if (add_metric(list, "cpu", scaling->target_cpu) < 0 ||
        add_metric(list, "memory", scaling->target_memory) < 0) {
        return NULL;
    }
    return RX_TAKE(list);
}

int rx_render_hpa(const struct rx_render_in *in, json_t **ret, struct rx_error *err)
{
    const struct rx_rxd *rxd = in->rxd;
    const struct rx_rxd_scaling *scaling = &rxd->scaling;
    rx_auto(build) json_t *spec =
        json_pack("{s:{s:s, s:s, s:o}, s:i, s:i, s:o}", "scaleTargetRef", "apiVersion", "apps/v1",
                  "kind", "Deployment", "name", rx_part_str(rxd->name), "minReplicas", scaling->min,
                  "maxReplicas", scaling->max, "metrics", metrics(scaling));

    if (scaling->behavior && !rx_part_put(spec, "behavior", rx_part_copy(scaling->behavior))) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    return rx_part_finish(in, "autoscaling/v2", "HorizontalPodAutoscaler", "", "spec",
                          RX_TAKE(spec), ret, err);
}
