// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "operator/api/quantity.h"
#include "operator/render/parts.h"

/* Of a resource that the CR names neither as request nor as limit. */
static const struct {
    const char *name, *request, *limit;
} resources[] = {
    {"cpu", "100m", "1"},
    {"memory", "128Mi", "512Mi"},
    {"ephemeral-storage", "256Mi", "3Gi"},
};

static bool put_quantity(json_t *to, const char *name, const struct rx_json *value,
                         const char *fallback)
{
    char text[RX_QUANTITY_TEXT_MAX];
    struct rx_quantity quantity;

    if (!value) {
        return !fallback || rx_part_put(to, name, json_string(fallback));
    }
    if (!rx_quantity_read(value, &quantity)) {
        return false;
    }
    rx_quantity_format(quantity, text);
    return rx_part_put(to, name, json_string(text));
}

static json_t *resource_requirements(const struct rx_rxd *rxd)
{
    rx_auto(build) json_t *requests = json_object();
    rx_auto(build) json_t *limits = json_object();

    for (size_t i = 0; i < RX_ARRAY_LEN(resources); i++) {
        const char *name = resources[i].name;
        const struct rx_json *request = rx_json_get(rxd->requests, name);
        const struct rx_json *limit = rx_json_get(rxd->limits, name);
        bool silent = !request && !limit;
        if (!put_quantity(requests, name, request, silent ? resources[i].request : NULL) ||
            !put_quantity(limits, name, limit, silent ? resources[i].limit : NULL)) {
            return NULL;
        }
    }
    rx_auto(build) json_t *both = json_object();
    if ((json_object_size(requests) && !rx_part_put(both, "requests", RX_TAKE(requests))) ||
        (json_object_size(limits) && !rx_part_put(both, "limits", RX_TAKE(limits)))) {
        return NULL;
    }
    return RX_TAKE(both);
}

static json_t *probe(const char *path, int period, int timeout, int failures)
{
    return json_pack("{s:{s:s, s:s}, s:i, s:i, s:i}", "httpGet", "path", path, "port", "http",
                     "periodSeconds", period, "timeoutSeconds", timeout, "failureThreshold",
                     failures);
}

static bool add_mount(json_t *mounts, const char *name, const char *path, bool read_only)
{
    json_t *mount = json_pack("{s:s, s:s}", "name", name, "mountPath", path);

    if (mount && read_only && !rx_part_put(mount, "readOnly", json_true())) {
        json_decref(mount);
        return false;
    }
    return json_array_append_new(mounts, mount) == 0;
}

static bool add_source_mounts(json_t *mounts, const struct rx_rxd *rxd)
{
    char volume[64], path[128];

    RX_JSON_FOREACH (item, rxd->sources) {
        struct rx_str name = rx_json_str(rx_json_get(item.value, "name"));
        if (!rx_json_get(item.value, "rpcURLSecretRef")) {
            continue;
        }
        snprintf(volume, sizeof(volume), "source-" RX_STR_FMT, RX_STR_ARG(name));
        snprintf(path, sizeof(path), RX_SOURCES_DIR "/" RX_STR_FMT, RX_STR_ARG(name));
        if (!add_mount(mounts, volume, path, true)) {
            return false;
        }
    }
    return true;
}

static json_t *mounts(const struct rx_rxd *rxd)
{
    rx_auto(build) json_t *list = json_array();

    /* The file alone is mounted, so that the directory can hold the other mounts; a changed
     * ConfigMap rolls the pods, nothing waits for the file to change in place. */
    bool ok = json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:b}", "name", "config",
                                                    "mountPath", RX_CONFIG_DIR "/" RX_CONFIG_KEY,
                                                    "subPath", RX_CONFIG_KEY, "readOnly", 1)) == 0;
    if (rxd->api_keys) {
        ok = ok && add_mount(list, "keys", RX_KEYS_DIR, true);
    }
    ok = ok && add_source_mounts(list, rxd) && add_mount(list, "data", RX_DATA_DIR, false) &&
         add_mount(list, "tmp", "/tmp", false);
    return ok ? RX_TAKE(list) : NULL;
}

static json_t *security_context(void)
{
    return json_pack("{s:b, s:b, s:{s:[s]}}", "allowPrivilegeEscalation", 0,
                     "readOnlyRootFilesystem", 1, "capabilities", "drop", "ALL");
}

json_t *rx_part_container(const struct rx_rxd *rxd)
{
    const struct rx_json *env = rx_json_get(rxd->pod_template, "env");
    char image[RX_IMAGE_MAX];

    rx_render_image(rxd, image);
    rx_auto(build) json_t *container = json_pack(
        "{s:s, s:s, s:o, s:[s, s, s], s:[{s:s, s:i, s:s}], s:o, s:o, s:o, s:{s:{s:{s:i}}}, s:o, "
        "s:o, s:o}",
        "name", "agent", "image", image, "imagePullPolicy", rx_part_str(rxd->image.pull_policy),
        "args", "serve", "--config", RX_CONFIG_DIR "/" RX_CONFIG_KEY, "ports", "name", "http",
        "containerPort", RX_AGENT_PORT, "protocol", "TCP", "startupProbe",
        probe("/livez", 1, 2, 60), "livenessProbe", probe("/livez", 10, 3, 3), "readinessProbe",
        probe("/ready", 5, 3, 2), "lifecycle", "preStop", "sleep", "seconds", RX_PRESTOP_SECONDS,
        "resources", resource_requirements(rxd), "volumeMounts", mounts(rxd), "securityContext",
        security_context());
    if (rx_json_len(env) > 0 && !rx_part_put(container, "env", rx_part_copy(env))) {
        return NULL;
    }
    return RX_TAKE(container);
}
