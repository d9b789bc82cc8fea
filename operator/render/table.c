// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>

#include "operator/render/parts.h"

static bool always(const struct rx_render_in *in)
{
    (void)in;
    return true;
}

static bool keys_generated(const struct rx_render_in *in)
{
    return rx_part_keys_generated(in->rxd);
}

static bool autoscaled(const struct rx_render_in *in)
{
    return in->rxd->scaling.enabled && !in->rxd->suspend;
}

/* Without a word from the CR a service of one agent gets no budget: it could only block a drain. */
static bool has_budget(const struct rx_render_in *in)
{
    const struct rx_rxd *rxd = in->rxd;
    return !rxd->suspend && (rxd->min_available >= 0 || rx_rxd_floor(rxd) > 1);
}

static bool has_policies(const struct rx_render_in *in)
{
    return in->rxd->network.enabled;
}

/* What a pod needs to start comes before the Deployment, the policies that guard it too. */
const struct rx_render_child rx_render_children[] = {
    {"v1", "ServiceAccount", "serviceaccounts", "", false, always, rx_render_serviceaccount},
    {"v1", "ConfigMap", "configmaps", "", false, always, rx_render_configmap},
    {"v1", "Secret", "secrets", "-api-keys", true, keys_generated, rx_render_secret},
    {"networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", "-deny", false, has_policies,
     rx_render_network_deny},
    {"networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", "-allow", false, has_policies,
     rx_render_network_allow},
    {"apps/v1", "Deployment", "deployments", "", false, always, rx_render_deployment},
    {"v1", "Service", "services", "", false, always, rx_render_service},
    {"autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", "", false, autoscaled,
     rx_render_hpa},
    {"policy/v1", "PodDisruptionBudget", "poddisruptionbudgets", "", false, has_budget,
     rx_render_pdb},
};
const size_t rx_render_children_n = RX_ARRAY_LEN(rx_render_children);

void rx_render_name(const struct rx_render_child *child, const struct rx_rxd *rxd,
                    char out[RX_CHILD_NAME_MAX])
{
    snprintf(out, RX_CHILD_NAME_MAX, RX_STR_FMT "%s", RX_STR_ARG(rxd->name), child->suffix);
}

int rx_render_child(const struct rx_render_child *child, const struct rx_render_in *in,
                    json_t **ret, struct rx_error *err)
{
    rx_auto(build) json_t *object = NULL;
    char hash[RX_BUILD_HASH_LEN];

    int r = child->render(in, &object, err);
    if (r < 0) {
        return rx_error_wrap(err, "render %s", child->kind);
    }
    r = rx_build_hash(object, hash);
    if (r < 0) {
        return rx_error_set(err, r, "render %s: no digest", child->kind);
    }
    json_t *annotations = json_pack("{s:s}", RX_HASH_ANNOTATION, hash);
    if (json_object_set_new(json_object_get(object, "metadata"), "annotations", annotations) < 0) {
        return rx_error_set(err, -ENOMEM, "render %s: out of memory", child->kind);
    }
    *ret = RX_TAKE(object);
    return 0;
}

void rx_render_selector(const struct rx_rxd *rxd, char out[RX_SELECTOR_MAX])
{
    snprintf(out, RX_SELECTOR_MAX,
             "app.kubernetes.io/component=agent,app.kubernetes.io/instance=" RX_STR_FMT
             ",app.kubernetes.io/name=" RX_AGENT_NAME,
             RX_STR_ARG(rxd->name));
}

void rx_render_image(const struct rx_rxd *rxd, char out[RX_IMAGE_MAX])
{
    struct rx_str repository = rxd->image.repository, tag = rxd->image.tag;

    if (repository.n == 0) {
        repository = RX_STR("ghcr.io/radarx/agent");
    }
    if (tag.n == 0) {
        tag = RX_STR(RX_VERSION);
    }
    snprintf(out, RX_IMAGE_MAX, RX_STR_FMT ":" RX_STR_FMT, RX_STR_ARG(repository), RX_STR_ARG(tag));
}

int rx_render_effective(const struct rx_render_in *in, json_t **ret, struct rx_error *err)
{
    const struct rx_rxd *rxd = in->rxd;
    char image[RX_IMAGE_MAX], secret[256];
    bool scaled = rxd->scaling.enabled && !rxd->suspend;

    rx_render_image(rxd, image);
    rx_part_keys_secret(rxd, secret);
    rx_auto(build) json_t *effective =
        json_pack("{s:s, s:i, s:i}", "image", image, "minReplicas", rx_rxd_floor(rxd),
                  "maxReplicas", scaled ? rxd->scaling.max : rx_rxd_floor(rxd));
    if (effective == NULL ||
        (*secret && !rx_part_put(effective, "apiKeySecret", json_string(secret)))) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    *ret = RX_TAKE(effective);
    return 0;
}
