// SPDX-License-Identifier: Apache-2.0
#include "operator/api/rules.h"

#include <stdio.h>
#include <string.h>

#include "common/base/parse.h"

struct walk {
    const struct rx_rule *rule;
    rx_rule_report_fn report;
    void *ctx;
    bool stopped;
};

static void evaluate(struct walk *walk, const struct rx_json *node, const char *path)
{
    char full[RX_RULE_PATH_MAX];

    if (node == NULL || rx_json_type(node) == RX_JSON_NULL || walk->rule->holds(node)) {
        return;
    }
    const char *field = walk->rule->field;
    snprintf(full, sizeof(full), "%s%s", path, *path ? field : field + (*field == '.'));
    walk->stopped = !walk->report(walk->ctx, full, walk->rule->message);
}

/* Follows the rest of the scope from node; "[]" stands for every element of a list. */
static void descend(struct walk *walk, const char *scope, const struct rx_json *node,
                    const char *path)
{
    char next[RX_RULE_PATH_MAX];

    if (walk->stopped) {
        return;
    }
    if (*scope == '\0') {
        evaluate(walk, node, path);
        return;
    }
    if (strncmp(scope, "[]", 2) == 0) {
        if (rx_json_type(node) != RX_JSON_ARRAY) {
            return;
        }
        RX_JSON_FOREACH (item, node) {
            snprintf(next, sizeof(next), "%s[%zu]", path, item.index);
            descend(walk, scope + 2, item.value, next);
        }
        return;
    }
    scope += *scope == '.';
    struct rx_str key = {scope, strcspn(scope, ".[")};
    snprintf(next, sizeof(next), "%s%s" RX_STR_FMT, path, *path ? "." : "", RX_STR_ARG(key));
    descend(walk, scope + key.n, rx_json_get_n(node, key), next);
}

void rx_rules_check(const struct rx_rule *rules, size_t n, const struct rx_json *object,
                    rx_rule_report_fn report, void *ctx)
{
    struct walk walk = {.report = report, .ctx = ctx};

    for (size_t i = 0; i < n && !walk.stopped; i++) {
        walk.rule = &rules[i];
        descend(&walk, rules[i].scope, object, "");
    }
}

bool rx_has(const struct rx_json *object, const char *key)
{
    const struct rx_json *value = rx_json_get(object, key);
    return value != NULL && rx_json_type(value) != RX_JSON_NULL;
}

bool rx_rule_name(const struct rx_json *object)
{
    const struct rx_json *node = rx_json_at(object, "metadata.name");
    struct rx_str name = rx_json_str(node);

    if (rx_json_type(node) != RX_JSON_STR) {
        return true;
    }
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool letter = c >= 'a' && c <= 'z', digit = c >= '0' && c <= '9';
        bool inner = i > 0 && i + 1 < name.n;
        if (!letter && !(digit && i > 0) && !(c == '-' && inner)) {
            return false;
        }
    }
    return name.n > 0;
}

bool rx_rule_duration(const struct rx_json *node, long long min_ms, long long max_ms)
{
    int64_t ms;

    if (rx_parse_duration_ms(rx_json_str(node), 0, INT64_MAX, &ms) < 0) {
        return true;
    }
    return ms >= min_ms && ms <= max_ms;
}
