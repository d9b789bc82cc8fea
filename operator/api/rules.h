// SPDX-License-Identifier: Apache-2.0
/*
 * The cross-field rules of the CRDs (x-kubernetes-validations) once more in C, for the offline
 * validation and for the reconciler. A rule that cannot be decided because a field is missing or
 * malformed holds: the schema reports that field. Thread-safe: constant tables.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/json/read.h"

struct rx_rule {
    const char *scope;   /* where it is evaluated: "spec.sources[]"; "" = the whole object */
    const char *field;   /* appended to the scope's path in reports: ".rpcURL", or "" */
    const char *message; /* what was expected, as in the CRD */
    bool (*holds)(const struct rx_json *node);
};

#define RX_RULE_PATH_MAX 512
/* Called for each rule that does not hold; false ends the check. */
typedef bool (*rx_rule_report_fn)(void *ctx, const char *path, const char *message);

/* Checks the object against the first n rules, in the order of the table. */
void rx_rules_check(const struct rx_rule *rules, size_t n, const struct rx_json *object,
                    rx_rule_report_fn report, void *ctx);

extern const struct rx_rule rx_rules_rxd[];
extern const size_t rx_rules_rxd_n;
extern const struct rx_rule rx_rules_alert[];
extern const size_t rx_rules_alert_n;

/* Whether the object has the member, of any type but null. */
bool rx_has(const struct rx_json *object, const char *key);
/* Name of a label or annotation: "name" or "prefix/name"; any_case also accepts a prefix in upper
 * case. */
bool rx_is_qualified_name(struct rx_str key, bool any_case);
/* The object's metadata.name is a DNS label that begins with a letter. */
bool rx_rule_name(const struct rx_json *object);
/* min_ms <= node <= max_ms; holds for what is no duration. */
bool rx_rule_duration(const struct rx_json *node, long long min_ms, long long max_ms);
