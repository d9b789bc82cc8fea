// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "operator/render/parts.h"

#define USER_ID           65532
#define GRACE_SECONDS     30 /* pre-stop pause, drain and some slack */
#define STORE_SIZE_LIMIT  "2Gi"
#define TMP_SIZE_LIMIT    "16Mi"
#define KEYS_MODE         0440
#define REVISION_HISTORY  5
#define PROGRESS_DEADLINE 600

_Static_assert(RX_PRESTOP_SECONDS + RX_DRAIN_SECONDS < GRACE_SECONDS, "no time left to drain");

static bool append(json_t *list, json_t *value)
{
    return json_array_append_new(list, value) == 0;
}

static bool add_source_volumes(json_t *volumes, const struct rx_rxd *rxd)
{
    char volume[64];

    RX_JSON_FOREACH (item, rxd->sources) {
        const struct rx_json *ref = rx_json_get(item.value, "rpcURLSecretRef");
        struct rx_str name = rx_json_str(rx_json_get(item.value, "name"));
        if (!ref) {
            continue;
        }
        snprintf(volume, sizeof(volume), "source-" RX_STR_FMT, RX_STR_ARG(name));
        if (!append(volumes,
                    json_pack("{s:s, s:{s:o, s:i, s:[{s:o, s:s}]}}", "name", volume, "secret",
                              "secretName", rx_part_str(rx_json_str(rx_json_get(ref, "name"))),
                              "defaultMode", KEYS_MODE, "items", "key",
                              rx_part_str(rx_json_str(rx_json_get(ref, "key"))), "path",
                              RX_SOURCE_FILE))) {
            return false;
        }
    }
    return true;
}

static json_t *volumes(const struct rx_rxd *rxd)
{
    rx_auto(build) json_t *list = json_array();
    char secret[256];

    bool ok = append(list, json_pack("{s:s, s:{s:o}}", "name", "config", "configMap", "name",
                                     rx_part_str(rxd->name)));
    rx_part_keys_secret(rxd, secret);
    if (*secret) {
        ok = ok && append(list, json_pack("{s:s, s:{s:s, s:i}}", "name", "keys", "secret",
                                          "secretName", secret, "defaultMode", KEYS_MODE));
    }
    ok = ok && add_source_volumes(list, rxd) &&
         append(list, json_pack("{s:s, s:{s:s}}", "name", "data", "emptyDir", "sizeLimit",
                                STORE_SIZE_LIMIT)) &&
         append(list, json_pack("{s:s, s:{s:s, s:s}}", "name", "tmp", "emptyDir", "medium",
                                "Memory", "sizeLimit", TMP_SIZE_LIMIT));
    return ok ? RX_TAKE(list) : NULL;
}

/* The CR's constraints, each counting this deployment's agents unless it says otherwise; without
 * any, one agent a node as far as possible. */
static json_t *spread(const struct rx_rxd *rxd)
{
    const struct rx_json *wanted = rx_json_get(rxd->pod_template, "topologySpreadConstraints");
    rx_auto(build) json_t *list = json_array();

    if (!wanted) {
        bool ok = append(list, json_pack("{s:i, s:s, s:s, s:o}", "maxSkew", 1, "topologyKey",
                                         "kubernetes.io/hostname", "whenUnsatisfiable",
                                         "ScheduleAnyway", "labelSelector", rx_part_selector(rxd)));
        return ok ? RX_TAKE(list) : NULL;
    }
    RX_JSON_FOREACH (item, wanted) {
        rx_auto(build) json_t *constraint = rx_part_copy(item.value);
        if (!rx_json_get(item.value, "labelSelector") &&
            !rx_part_put(constraint, "labelSelector", rx_part_selector(rxd))) {
            return NULL;
        }
        if (!append(list, RX_TAKE(constraint))) {
            return NULL;
        }
    }
    return RX_TAKE(list);
}

static bool put_unless_empty(json_t *spec, const char *key, json_t *value)
{
    if (json_is_array(value) && json_array_size(value) == 0) {
        json_decref(value);
        return true;
    }
    return rx_part_put(spec, key, value);
}

/* What the CR says of scheduling goes into the pod as it is. */
static bool put_scheduling(json_t *spec, const struct rx_rxd *rxd)
{
    const struct rx_json *from = rxd->pod_template;
    const struct rx_json *node_selector = rx_json_get(from, "nodeSelector");
    const struct rx_json *priority = rx_json_get(from, "priorityClassName");
    const struct rx_json *tolerations = rx_json_get(from, "tolerations");
    const struct rx_json *affinity = rx_json_get(from, "affinity");
    bool ok = put_unless_empty(spec, "topologySpreadConstraints", spread(rxd));

    if (rx_json_len(node_selector) > 0) {
        ok = ok && rx_part_put(spec, "nodeSelector", rx_part_map(node_selector));
    }
    if (rx_json_len(tolerations) > 0) {
        ok = ok && rx_part_put(spec, "tolerations", rx_part_copy(tolerations));
    }
    if (affinity) {
        ok = ok && rx_part_put(spec, "affinity", rx_part_copy(affinity));
    }
    if (rx_json_str(priority).n > 0) {
        ok = ok && rx_part_put(spec, "priorityClassName", rx_part_str(rx_json_str(priority)));
    }
    if (rx_json_len(rxd->image.pull_secrets) > 0) {
        ok = ok && rx_part_put(spec, "imagePullSecrets", rx_part_copy(rxd->image.pull_secrets));
    }
    return ok;
}

static json_t *pod_spec(const struct rx_rxd *rxd)
{
    rx_auto(build) json_t *spec = json_pack(
        "{s:o, s:b, s:b, s:i, s:{s:b, s:i, s:i, s:i, s:{s:s}}, s:[o], s:o}", "serviceAccountName",
        rx_part_str(rxd->name), "automountServiceAccountToken", 0, "enableServiceLinks", 0,
        "terminationGracePeriodSeconds", GRACE_SECONDS, "securityContext", "runAsNonRoot", 1,
        "runAsUser", USER_ID, "runAsGroup", USER_ID, "fsGroup", USER_ID, "seccompProfile", "type",
        "RuntimeDefault", "containers", rx_part_container(rxd), "volumes", volumes(rxd));

    return put_scheduling(spec, rxd) ? RX_TAKE(spec) : NULL;
}

static json_t *pod_labels(const struct rx_rxd *rxd)
{
    rx_auto(build) json_t *labels = rx_part_map(rx_json_get(rxd->pod_template, "labels"));
    rx_auto(build) json_t *ours = rx_part_labels(rxd);

    return json_object_update(labels, ours) < 0 ? NULL : RX_TAKE(labels);
}

/* A changed configuration gives another digest, which rolls the pods. */
static json_t *pod_annotations(const struct rx_rxd *rxd)
{
    rx_auto(build) json_t *annotations = rx_part_map(rx_json_get(rxd->pod_template, "annotations"));
    rx_auto(build) json_t *data = rx_part_config_data(rxd);
    char hash[RX_BUILD_HASH_LEN];

    if (!data || rx_build_hash(data, hash) < 0 ||
        !rx_part_put(annotations, RX_CONFIG_ANNOTATION, json_string(hash))) {
        return NULL;
    }
    return RX_TAKE(annotations);
}

int rx_render_deployment(const struct rx_render_in *in, json_t **ret, struct rx_error *err)
{
    const struct rx_rxd *rxd = in->rxd;
    rx_auto(build) json_t *spec = json_pack(
        "{s:i, s:i, s:{s:s, s:{s:i, s:s}}, s:o, s:{s:{s:o, s:o}, s:o}}", "revisionHistoryLimit",
        REVISION_HISTORY, "progressDeadlineSeconds", PROGRESS_DEADLINE, "strategy", "type",
        "RollingUpdate", "rollingUpdate", "maxUnavailable", 0, "maxSurge", "25%", "selector",
        rx_part_selector(rxd), "template", "metadata", "labels", pod_labels(rxd), "annotations",
        pod_annotations(rxd), "spec", pod_spec(rxd));

    /* Under the autoscaler the count is its own; a suspended service has none at all. */
    if (!rxd->scaling.enabled || rxd->suspend) {
        if (!rx_part_put(spec, "replicas", json_integer(rx_rxd_floor(rxd)))) {
            return rx_error_set(err, -ENOMEM, "out of memory");
        }
    }
    return rx_part_finish(in, "apps/v1", "Deployment", "", "spec", RX_TAKE(spec), ret, err);
}
