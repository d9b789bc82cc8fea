// SPDX-License-Identifier: Apache-2.0
#include "operator/api/rxd.h"

#include "operator/api/rules.h"

#define DEFAULT_TARGET_CPU 80

static struct rx_str text(const struct rx_json *object, const char *key, const char *fallback)
{
    const struct rx_json *value = rx_json_get(object, key);
    return rx_json_type(value) == RX_JSON_STR ? rx_json_str(value) : rx_str_of(fallback);
}

static int64_t number(const struct rx_json *object, const char *key, int64_t fallback)
{
    return rx_json_i64(rx_json_get(object, key), fallback);
}

static bool flag(const struct rx_json *object, const char *key, bool fallback)
{
    return rx_json_bool(rx_json_get(object, key), fallback);
}

/* The member when it is of that type, else NULL. */
static const struct rx_json *typed(const struct rx_json *object, const char *key,
                                   enum rx_json_type type)
{
    const struct rx_json *value = rx_json_get(object, key);
    return rx_json_type(value) == type ? value : NULL;
}

static void read_metadata(const struct rx_json *object, struct rx_rxd *rxd)
{
    const struct rx_json *metadata = rx_json_get(object, "metadata");

    rxd->ns = text(metadata, "namespace", "");
    rxd->name = text(metadata, "name", "");
    rxd->uid = text(metadata, "uid", "");
    rxd->resource_version = text(metadata, "resourceVersion", "");
    rxd->generation = number(metadata, "generation", 0);
    rxd->deleting = rx_has(metadata, "deletionTimestamp");
}

static void read_image(const struct rx_json *image, struct rx_rxd_image *ret)
{
    ret->repository = text(image, "repository", "");
    ret->tag = text(image, "tag", "");
    ret->pull_policy = text(image, "pullPolicy", "IfNotPresent");
    ret->pull_secrets = typed(image, "pullSecrets", RX_JSON_ARRAY);
}

static void read_scaling(const struct rx_json *scaling, struct rx_rxd_scaling *ret)
{
    ret->enabled = flag(scaling, "enabled", false);
    ret->min = (int)number(scaling, "minReplicas", 1);
    ret->max = (int)number(scaling, "maxReplicas", ret->min);
    ret->target_cpu = (int)number(scaling, "targetCPU", 0);
    ret->target_memory = (int)number(scaling, "targetMemory", 0);
    if (ret->target_cpu == 0 && ret->target_memory == 0) {
        ret->target_cpu = DEFAULT_TARGET_CPU;
    }
    ret->behavior = typed(scaling, "behavior", RX_JSON_OBJECT);
}

static void read_engine(const struct rx_json *engine, struct rx_rxd_engine *ret)
{
    ret->log_level = text(engine, "logLevel", "info");
    ret->rate_per_minute = number(engine, "rateLimitPerMinute", 60);
    ret->rate_per_hour = number(engine, "rateLimitPerHour", 1000);
    ret->cache_ttl = text(engine, "cacheTTL", "300s");
    ret->background_interval = text(engine, "backgroundInterval", "600s");
    ret->horizons = typed(engine, "horizons", RX_JSON_ARRAY);
    ret->multipliers = typed(engine, "multipliers", RX_JSON_ARRAY);
}

static void read_network(const struct rx_json *network, struct rx_rxd_network *ret)
{
    ret->enabled = flag(network, "enabled", true);
    ret->ingress_from = typed(network, "ingressFrom", RX_JSON_ARRAY);
    ret->prometheus = typed(network, "prometheusNamespaceSelector", RX_JSON_OBJECT);
    ret->egress_cidrs = typed(network, "egressCIDRs", RX_JSON_ARRAY);
}

static void read_spec(const struct rx_json *spec, struct rx_rxd *rxd)
{
    const struct rx_json *resources = rx_json_get(spec, "resources");
    const struct rx_json *auth = rx_json_get(spec, "auth");

    read_image(rx_json_get(spec, "image"), &rxd->image);
    rxd->replicas = (int)number(spec, "replicas", 1);
    rxd->requests = typed(resources, "requests", RX_JSON_OBJECT);
    rxd->limits = typed(resources, "limits", RX_JSON_OBJECT);
    read_scaling(rx_json_get(spec, "autoscaling"), &rxd->scaling);
    rxd->min_available = (int)number(rx_json_get(spec, "disruption"), "minAvailable", -1);
    read_engine(rx_json_get(spec, "engine"), &rxd->engine);
    rxd->sources = typed(spec, "sources", RX_JSON_ARRAY);
    rxd->api_keys = rx_str_is(text(auth, "mode", "ApiKey"), "ApiKey");
    rxd->existing_secret = text(auth, "existingSecret", "");
    read_network(rx_json_get(spec, "networkPolicy"), &rxd->network);
    rxd->pod_template = typed(spec, "podTemplate", RX_JSON_OBJECT);
    rxd->suspend = flag(spec, "suspend", false);
}

static bool first_problem(void *ctx, const char *path, const char *message)
{
    rx_error_set(ctx, RX_EINVALID, "%s: %s", path, message);
    return false;
}

int rx_rxd_read(const struct rx_json *object, struct rx_rxd *ret, struct rx_error *err)
{
    struct rx_error problem = {0};

    *ret = (struct rx_rxd){0};
    read_metadata(object, ret);
    read_spec(rx_json_get(object, "spec"), ret);
    if (ret->name.n == 0 || ret->name.n > RX_RXD_NAME_MAX) {
        return rx_error_set(err, RX_EINVALID, "metadata.name: must have 1 to %d characters",
                            RX_RXD_NAME_MAX);
    }
    rx_rules_check(rx_rules_rxd, rx_rules_rxd_n, object, first_problem, &problem);
    if (problem.code < 0) {
        return rx_error_set(err, problem.code, "%s", problem.msg);
    }
    return 0;
}

int rx_rxd_floor(const struct rx_rxd *rxd)
{
    if (rxd->suspend) {
        return 0;
    }
    return rxd->scaling.enabled ? rxd->scaling.min : rxd->replicas;
}
