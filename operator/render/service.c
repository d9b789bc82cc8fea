// SPDX-License-Identifier: Apache-2.0
#include "operator/render/parts.h"

/* Addresses and node ports are allocated by the apiserver and never sent. */
int rx_render_service(const struct rx_render_in *in, json_t **ret, struct rx_error *err)
{
    json_t *spec = json_pack("{s:s, s:o, s:[{s:s, s:i, s:s, s:s}]}", "type", "ClusterIP",
                             "selector", rx_part_selector_labels(in->rxd), "ports", "name", "http",
                             "port", 80, "protocol", "TCP", "targetPort", "http");
    return rx_part_finish(in, "v1", "Service", "", "spec", spec, ret, err);
}
