// SPDX-License-Identifier: Apache-2.0
#include "operator/reconcile/live.h"

#include <string.h>

#include "operator/kube/client.h"
#include "operator/kube/owned.h"

static int32_t count_of(const struct rx_json *status, const char *key)
{
    return (int32_t)rx_json_i64(rx_json_get(status, key), 0);
}

void rx_deploy_project(const struct rx_json *object, void *extra)
{
    struct rx_deploy_live *live = extra;
    const struct rx_json *status = rx_json_get(object, "status");
    live->observed_generation = rx_json_i64(rx_json_get(status, "observedGeneration"), 0);
    live->spec_replicas = (int32_t)rx_json_i64(rx_json_at(object, "spec.replicas"), 1);
    live->replicas = count_of(status, "replicas");
    live->ready = count_of(status, "readyReplicas");
    live->updated = count_of(status, "updatedReplicas");
    live->available = count_of(status, "availableReplicas");
    live->owns_replicas = rx_kube_owns(object, RX_KUBE_FIELD_MANAGER, "spec.replicas");
    RX_JSON_FOREACH (iter, rx_json_get(status, "conditions")) {
        struct rx_str type = rx_json_str(rx_json_get(iter.value, "type"));
        struct rx_str reason = rx_json_str(rx_json_get(iter.value, "reason"));
        if (rx_str_is(type, "Available")) {
            live->is_available = rx_str_is(rx_json_str(rx_json_get(iter.value, "status")), "True");
        } else if (rx_str_is(type, "Progressing")) {
            live->rolled_out = rx_str_is(reason, "NewReplicaSetAvailable");
            live->deadline_exceeded = rx_str_is(reason, "ProgressDeadlineExceeded");
        }
    }
}

void rx_service_project(const struct rx_json *object, void *extra)
{
    struct rx_service_live *live = extra;
    struct rx_str ip = rx_json_str(rx_json_at(object, "spec.clusterIP"));
    if (ip.n > 0 && ip.n < sizeof(live->cluster_ip) && !rx_str_is(ip, "None")) {
        memcpy(live->cluster_ip, ip.p, ip.n);
    }
}
