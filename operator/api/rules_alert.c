// SPDX-License-Identifier: Apache-2.0
#include "operator/api/rules.h"

#define MS_SECOND 1000LL

static bool is_type(const struct rx_json *leaf, const char *type)
{
    return rx_str_is(rx_json_str(rx_json_get(leaf, "type")), type);
}

static bool leaf_or_any(const struct rx_json *criterion)
{
    return rx_has(criterion, "anyOf") != rx_has(criterion, "type");
}

static bool any_alone(const struct rx_json *criterion)
{
    return !rx_has(criterion, "anyOf") ||
           !(rx_has(criterion, "op") || rx_has(criterion, "value") ||
             rx_has(criterion, "horizon") || rx_has(criterion, "multiplier") ||
             rx_has(criterion, "component"));
}

static bool has_op(const struct rx_json *criterion)
{
    return !rx_has(criterion, "type") || rx_has(criterion, "op");
}

static bool has_value(const struct rx_json *criterion)
{
    return !rx_has(criterion, "type") || rx_has(criterion, "value");
}

static bool horizon_fits(const struct rx_json *leaf)
{
    return !rx_has(leaf, "type") || is_type(leaf, "Probability") == rx_has(leaf, "horizon");
}

static bool multiplier_fits(const struct rx_json *leaf)
{
    return !rx_has(leaf, "type") || is_type(leaf, "Probability") == rx_has(leaf, "multiplier");
}

static bool component_fits(const struct rx_json *leaf)
{
    return !rx_has(leaf, "type") || is_type(leaf, "Risk") || !rx_has(leaf, "component");
}

static bool value_fits(const struct rx_json *leaf)
{
    return !is_type(leaf, "Probability") || rx_json_double(rx_json_get(leaf, "value"), 0) <= 1.0;
}

static bool one_address(const struct rx_json *sink)
{
    return rx_has(sink, "url") != rx_has(sink, "urlSecretRef");
}

static bool signing_fits(const struct rx_json *sink)
{
    return !rx_has(sink, "signingSecretRef") || is_type(sink, "Webhook");
}

static bool timeout_in_range(const struct rx_json *node)
{
    return rx_rule_duration(node, MS_SECOND, 30 * MS_SECOND);
}

#define ONLY_PROBABILITY "must be given for Probability, and for no other type"
#define ONLY_RISK        "must be left out unless type is Risk"
#define AT_MOST_ONE      "must be at most 1 for Probability"

const struct rx_rule rx_rules_alert[] = {
    {"", ".metadata.name", "must be a DNS label that begins with a letter (a-z, 0-9 and '-')",
     rx_rule_name},
    {"spec.criteria[]", "", "needs either type or anyOf", leaf_or_any},
    {"spec.criteria[]", ".anyOf",
     "must not stand beside type, op, value, horizon, multiplier or component", any_alone},
    {"spec.criteria[]", ".op", "is required", has_op},
    {"spec.criteria[]", ".value", "is required", has_value},
    {"spec.criteria[]", ".horizon", ONLY_PROBABILITY, horizon_fits},
    {"spec.criteria[]", ".multiplier", ONLY_PROBABILITY, multiplier_fits},
    {"spec.criteria[]", ".component", ONLY_RISK, component_fits},
    {"spec.criteria[]", ".value", AT_MOST_ONE, value_fits},
    {"spec.criteria[].anyOf[]", ".horizon", ONLY_PROBABILITY, horizon_fits},
    {"spec.criteria[].anyOf[]", ".multiplier", ONLY_PROBABILITY, multiplier_fits},
    {"spec.criteria[].anyOf[]", ".component", ONLY_RISK, component_fits},
    {"spec.criteria[].anyOf[]", ".value", AT_MOST_ONE, value_fits},
    {"spec.sink", ".url", "exactly one of url and urlSecretRef is required", one_address},
    {"spec.sink", ".signingSecretRef", "must be left out unless type is Webhook", signing_fits},
    {"spec.sink.timeout", "", "must be from 1s to 30s", timeout_in_range},
};
const size_t rx_rules_alert_n = RX_ARRAY_LEN(rx_rules_alert);
