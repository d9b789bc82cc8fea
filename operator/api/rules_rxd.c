// SPDX-License-Identifier: Apache-2.0
#include "operator/api/cidr.h"
#include "operator/api/quantity.h"
#include "operator/api/rules.h"

#include "common/base/parse.h"

#define MS_SECOND 1000LL
#define MS_HOUR   3600000LL

static struct rx_str text_at(const struct rx_json *object, const char *key)
{
    return rx_json_str(rx_json_get(object, key));
}

/* Whether the member is the text; a member that is left out counts as `fallback`. */
static bool text_is(const struct rx_json *object, const char *key, const char *fallback,
                    const char *want)
{
    return rx_str_is(rx_has(object, key) ? text_at(object, key) : rx_str_of(fallback), want);
}

static bool disruption_leaves_room(const struct rx_json *spec)
{
    int64_t min_available = rx_json_i64(rx_json_at(spec, "disruption.minAvailable"), -1);
    const struct rx_json *scaling = rx_json_get(spec, "autoscaling");

    if (min_available < 0) {
        return true;
    }
    if (rx_json_bool(rx_json_get(scaling, "enabled"), false)) {
        return min_available < rx_json_i64(rx_json_get(scaling, "minReplicas"), 1);
    }
    int64_t replicas = rx_json_i64(rx_json_get(spec, "replicas"), 0);
    return replicas == 0 || min_available < replicas;
}

static bool request_within_limit(const struct rx_json *resources, const char *name)
{
    struct rx_quantity request, limit;

    return !rx_quantity_read(rx_json_get(rx_json_get(resources, "requests"), name), &request) ||
           !rx_quantity_read(rx_json_get(rx_json_get(resources, "limits"), name), &limit) ||
           request.milli <= limit.milli;
}

static bool cpu_within_limit(const struct rx_json *resources)
{
    return request_within_limit(resources, "cpu");
}

static bool memory_within_limit(const struct rx_json *resources)
{
    return request_within_limit(resources, "memory");
}

static bool disk_within_limit(const struct rx_json *resources)
{
    return request_within_limit(resources, "ephemeral-storage");
}

static bool scaling_has_max(const struct rx_json *scaling)
{
    return !rx_json_bool(rx_json_get(scaling, "enabled"), false) || rx_has(scaling, "maxReplicas");
}

static bool scaling_in_order(const struct rx_json *scaling)
{
    return !rx_has(scaling, "maxReplicas") ||
           rx_json_i64(rx_json_get(scaling, "minReplicas"), 1) <=
               rx_json_i64(rx_json_get(scaling, "maxReplicas"), INT64_MAX);
}

static bool hour_covers_minute(const struct rx_json *engine)
{
    int64_t hour = rx_json_i64(rx_json_get(engine, "rateLimitPerHour"), 0);
    return hour == 0 || hour >= rx_json_i64(rx_json_get(engine, "rateLimitPerMinute"), 0);
}

static bool cache_ttl_in_range(const struct rx_json *node)
{
    return rx_rule_duration(node, 0, MS_HOUR);
}

static bool interval_in_range(const struct rx_json *node)
{
    return rx_rule_duration(node, 10 * MS_SECOND, 24 * MS_HOUR);
}

static bool one_rpc_url(const struct rx_json *source)
{
    return rx_has(source, "rpcURL") != rx_has(source, "rpcURLSecretRef");
}

static bool weth_known(const struct rx_json *source)
{
    return rx_has(source, "weth") || text_is(source, "chain", "ethereum", "ethereum");
}

static bool factories_once(const struct rx_json *factories)
{
    RX_JSON_FOREACH (a, factories) {
        RX_JSON_FOREACH (b, factories) {
            struct rx_str x = text_at(a.value, "address"), y = text_at(b.value, "address");
            if (a.index < b.index && x.n > 0 && rx_str_eq_nocase(x, y)) {
                return false;
            }
        }
    }
    return true;
}

static bool secret_only_with_keys(const struct rx_json *auth)
{
    return !rx_has(auth, "existingSecret") || text_is(auth, "mode", "ApiKey", "ApiKey");
}

static bool one_kind_of_peer(const struct rx_json *peer)
{
    return rx_has(peer, "ipBlock") !=
           (rx_has(peer, "namespaceSelector") || rx_has(peer, "podSelector"));
}

static bool is_range(const struct rx_json *node)
{
    struct rx_cidr cidr;
    return rx_json_type(node) != RX_JSON_STR || rx_cidr_parse(rx_json_str(node), &cidr);
}

static bool exceptions_inside(const struct rx_json *block)
{
    struct rx_cidr outer, inner;

    if (!rx_cidr_parse(text_at(block, "cidr"), &outer)) {
        return true;
    }
    RX_JSON_FOREACH (item, rx_json_get(block, "except")) {
        if (rx_cidr_parse(rx_json_str(item.value), &inner) && !rx_cidr_contains(&outer, &inner)) {
            return false;
        }
    }
    return true;
}

static bool values_fit_operator(const struct rx_json *expression)
{
    bool wants =
        text_is(expression, "operator", "", "In") || text_is(expression, "operator", "", "NotIn");
    return wants == (rx_json_len(rx_json_get(expression, "values")) > 0);
}

static bool keys_are_names(const struct rx_json *map)
{
    RX_JSON_FOREACH (member, map) {
        if (!rx_is_qualified_name(member.key, false)) {
            return false;
        }
    }
    return true;
}

static bool labels_not_ours(const struct rx_json *labels)
{
    static const char *const ours[] = {"app.kubernetes.io/name", "app.kubernetes.io/instance",
                                       "app.kubernetes.io/component",
                                       "app.kubernetes.io/managed-by"};
    RX_JSON_FOREACH (label, labels) {
        if (rx_str_starts(label.key, RX_STR("radarx.io/"))) {
            return false;
        }
        for (size_t i = 0; i < RX_ARRAY_LEN(ours); i++) {
            if (rx_str_is(label.key, ours[i])) {
                return false;
            }
        }
    }
    return true;
}

static bool annotations_not_ours(const struct rx_json *annotations)
{
    RX_JSON_FOREACH (annotation, annotations) {
        if (rx_str_starts(annotation.key, RX_STR("radarx.io/"))) {
            return false;
        }
    }
    return true;
}

static bool toleration_value(const struct rx_json *toleration)
{
    return text_at(toleration, "value").n == 0 || text_is(toleration, "operator", "Equal", "Equal");
}

static bool toleration_key(const struct rx_json *toleration)
{
    return text_at(toleration, "key").n > 0 || text_is(toleration, "operator", "Equal", "Exists");
}

static bool toleration_effect(const struct rx_json *toleration)
{
    return !rx_has(toleration, "tolerationSeconds") ||
           text_is(toleration, "effect", "", "NoExecute");
}

static bool min_domains(const struct rx_json *constraint)
{
    return !rx_has(constraint, "minDomains") ||
           text_is(constraint, "whenUnsatisfiable", "", "DoNotSchedule");
}

static bool env_not_ours(const struct rx_json *node)
{
    static const char *const ours[] = {"LOG_LEVEL", "RATE_LIMIT_PER_MINUTE", "RATE_LIMIT_PER_HOUR",
                                       "BACKGROUND_TASK_INTERVAL"};
    struct rx_str name = rx_json_str(node);

    for (size_t i = 0; i < RX_ARRAY_LEN(ours); i++) {
        if (rx_str_is(name, ours[i])) {
            return false;
        }
    }
    return !rx_str_starts(name, RX_STR("RADARX_"));
}

#define RANGE_MESSAGE  "must be a range of addresses such as 10.0.0.0/8 or 2001:db8::/32"
#define LABEL_MESSAGE  "every key must be a label name such as team or example.com/team"
#define VALUES_MESSAGE "must be given for In and NotIn, and for no other operator"

const struct rx_rule rx_rules_rxd[] = {
    {"", ".metadata.name", "must be a DNS label that begins with a letter (a-z, 0-9 and '-')",
     rx_rule_name},
    {"spec", ".disruption.minAvailable",
     "must be below the smallest number of agents (autoscaling.minReplicas, or replicas without "
     "autoscaling): otherwise no node that runs an agent can ever be drained",
     disruption_leaves_room},
    {"spec.resources", ".requests.cpu", "must not be above limits.cpu", cpu_within_limit},
    {"spec.resources", ".requests.memory", "must not be above limits.memory", memory_within_limit},
    {"spec.resources", ".requests.ephemeral-storage", "must not be above limits.ephemeral-storage",
     disk_within_limit},
    {"spec.autoscaling", ".maxReplicas", "is required while autoscaling is enabled",
     scaling_has_max},
    {"spec.autoscaling", ".minReplicas", "must not be above maxReplicas", scaling_in_order},
    {"spec.engine", ".rateLimitPerHour", "must not be below rateLimitPerMinute (0 switches it off)",
     hour_covers_minute},
    {"spec.engine.cacheTTL", "", "must be at most 1h", cache_ttl_in_range},
    {"spec.engine.backgroundInterval", "", "must be from 10s to 24h", interval_in_range},
    {"spec.sources[]", ".rpcURL", "exactly one of rpcURL and rpcURLSecretRef is required",
     one_rpc_url},
    {"spec.sources[]", ".weth", "is required for chains other than ethereum", weth_known},
    {"spec.sources[].factories", "", "each address may be listed once", factories_once},
    {"spec.auth", ".existingSecret", "must be left out unless mode is ApiKey",
     secret_only_with_keys},
    {"spec.networkPolicy.ingressFrom[]", "",
     "needs either ipBlock, or namespaceSelector and/or podSelector", one_kind_of_peer},
    {"spec.networkPolicy.ingressFrom[].ipBlock", ".except", "every range must lie within cidr",
     exceptions_inside},
    {"spec.networkPolicy.ingressFrom[].ipBlock.cidr", "", RANGE_MESSAGE, is_range},
    {"spec.networkPolicy.ingressFrom[].ipBlock.except[]", "", RANGE_MESSAGE, is_range},
    {"spec.networkPolicy.ingressFrom[].namespaceSelector.matchExpressions[]", ".values",
     VALUES_MESSAGE, values_fit_operator},
    {"spec.networkPolicy.ingressFrom[].podSelector.matchExpressions[]", ".values", VALUES_MESSAGE,
     values_fit_operator},
    {"spec.networkPolicy.prometheusNamespaceSelector.matchExpressions[]", ".values", VALUES_MESSAGE,
     values_fit_operator},
    {"spec.networkPolicy.egressCIDRs[]", "", RANGE_MESSAGE, is_range},
    {"spec.podTemplate.labels", "", LABEL_MESSAGE, keys_are_names},
    {"spec.podTemplate.labels", "",
     "must not hold the operator's own labels (radarx.io/*, app.kubernetes.io/name, instance, "
     "component, managed-by)",
     labels_not_ours},
    {"spec.podTemplate.annotations", "",
     "every key must be an annotation name such as note or example.com/note", keys_are_names},
    {"spec.podTemplate.nodeSelector", "", LABEL_MESSAGE, keys_are_names},
    {"spec.podTemplate.annotations", "", "must not hold annotations below radarx.io/",
     annotations_not_ours},
    {"spec.podTemplate.tolerations[]", ".value", "must be empty when operator is Exists",
     toleration_value},
    {"spec.podTemplate.tolerations[]", ".operator", "must be Exists when key is empty",
     toleration_key},
    {"spec.podTemplate.tolerations[]", ".effect", "must be NoExecute when tolerationSeconds is set",
     toleration_effect},
    {"spec.podTemplate.topologySpreadConstraints[]", ".minDomains",
     "must be left out unless whenUnsatisfiable is DoNotSchedule", min_domains},
    {"spec.podTemplate.topologySpreadConstraints[].labelSelector.matchExpressions[]", ".values",
     VALUES_MESSAGE, values_fit_operator},
    {"spec.podTemplate.env[].name", "",
     "is the agent's own setting; use spec.engine, spec.sources or spec.auth", env_not_ours},
};
const size_t rx_rules_rxd_n = RX_ARRAY_LEN(rx_rules_rxd);
