// SPDX-License-Identifier: Apache-2.0
/* What a reader sees of the risk: sentences and JSON. */
#include "agent/engine/risk/risk.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *unit_of(const struct rx_risk_rule *rule)
{
    return rule->feature == RX_F_INVALID ? "points" : rx_feature_info(rule->feature)->unit;
}

static const char *feature_of(const struct rx_risk_rule *rule)
{
    return rule->feature == RX_F_INVALID ? rx_risk_name(rule->component)
                                         : rx_feature_info(rule->feature)->name;
}

const char *rx_risk_rule_op(const struct rx_risk_rule *rule)
{
    return rule->none < rule->full ? ">=" : "<=";
}

/* "62 %", "1.3 WETH"; nothing for a yes or no. */
static void add_number(char *out, size_t size, double value, const char *unit)
{
    if (strcmp(unit, "fraction") == 0) {
        snprintf(out, size, "%.3g %%", 100 * value);
    } else {
        snprintf(out, size, "%.6g %s", value, unit);
    }
}

void rx_risk_flag_text(const struct rx_risk_flag *flag, char *out, size_t size)
{
    const struct rx_risk_rule *rule = flag->rule;
    const char *unit = unit_of(rule);
    if (strcmp(unit, "boolean") == 0) {
        snprintf(out, size, "%s", rule->sentence);
        return;
    }
    char value[64];
    char limit[64];
    add_number(value, sizeof(value), flag->value, unit);
    add_number(limit, sizeof(limit), rule->threshold, unit);
    snprintf(out, size, "%s %s is %s; flagged at %s or %s.", rule->sentence, feature_of(rule),
             value, limit, rule->none < rule->full ? "more" : "less");
}

static void write_part(struct rx_jw *w, const struct rx_risk_part *part)
{
    rx_jw_begin_object(w);
    rx_jw_kv_cstr(w, "id", part->id);
    rx_jw_kv_double(w, "points", part->points);
    if (part->rule) {
        rx_jw_kv_cstr(w, "feature", feature_of(part->rule));
        rx_jw_kv_cstr(w, "unit", unit_of(part->rule));
    }
    if (!isnan(part->value)) {
        rx_jw_kv_double(w, "value", part->value);
    }
    rx_jw_end_object(w);
}

static void write_detail(struct rx_jw *w, const struct rx_risk_component *c, const char *reason)
{
    rx_jw_begin_object(w);
    rx_jw_kv_double(w, "value", c->value);
    rx_jw_kv_double(w, "lower", c->lo);
    rx_jw_kv_double(w, "upper", c->hi);
    rx_jw_kv_double(w, "known_share", c->known_share);
    if (!c->known) {
        rx_jw_kv_cstr(w, "reason", reason);
    }
    if (c->floor_rule) {
        rx_jw_key(w, "floor");
        rx_jw_begin_object(w);
        rx_jw_kv_cstr(w, "id", c->floor_rule->id);
        rx_jw_kv_double(w, "value", c->floor);
        rx_jw_end_object(w);
    }
    rx_jw_kv_i64(w, "base", 0);
    rx_jw_key(w, "contributions");
    rx_jw_begin_array(w);
    for (size_t i = 0; i < c->n_parts; i++) {
        write_part(w, &c->parts[i]);
    }
    rx_jw_end_array(w);
    rx_jw_end_object(w);
}

static void write_flag(struct rx_jw *w, const struct rx_risk_flag *flag)
{
    char text[320];
    rx_risk_flag_text(flag, text, sizeof(text));
    rx_jw_begin_object(w);
    rx_jw_kv_cstr(w, "id", flag->rule->id);
    rx_jw_kv_cstr(w, "severity", rx_severity_name(flag->rule->severity));
    rx_jw_kv_cstr(w, "component", rx_risk_name(flag->rule->component));
    rx_jw_kv_cstr(w, "sentence", text);
    rx_jw_key(w, "evidence");
    rx_jw_begin_object(w);
    rx_jw_kv_cstr(w, "feature", feature_of(flag->rule));
    rx_jw_kv_double(w, "value", flag->value);
    rx_jw_kv_cstr(w, "op", rx_risk_rule_op(flag->rule));
    rx_jw_kv_double(w, "threshold", flag->rule->threshold);
    rx_jw_kv_cstr(w, "unit", unit_of(flag->rule));
    rx_jw_end_object(w);
    rx_jw_end_object(w);
}

static void write_flags(struct rx_jw *w, const struct rx_risk_result *result)
{
    rx_jw_key(w, "risk_flags");
    rx_jw_begin_array(w);
    for (size_t i = 0; i < result->n_flags; i++) {
        rx_jw_cstr(w, result->flags[i].rule->id);
    }
    rx_jw_end_array(w);
    rx_jw_key(w, "flag_details");
    rx_jw_begin_array(w);
    for (size_t i = 0; i < result->n_flags; i++) {
        write_flag(w, &result->flags[i]);
    }
    rx_jw_end_array(w);
}

void rx_risk_write(struct rx_jw *w, const struct rx_risk_result *result)
{
    rx_jw_kv_double(w, "composite_score", result->component[RX_RISK_COMPOSITE].value);
    rx_jw_key(w, "components");
    rx_jw_begin_object(w);
    for (int i = 0; i < RX_RISK_COMPOSITE; i++) {
        rx_jw_kv_double(w, rx_risk_name((enum rx_risk)i), result->component[i].value);
    }
    rx_jw_end_object(w);
    write_flags(w, result);
    rx_jw_key(w, "details");
    rx_jw_begin_object(w);
    for (int i = 0; i < RX_RISK_MAX; i++) {
        rx_jw_key(w, rx_risk_name((enum rx_risk)i));
        write_detail(w, &result->component[i],
                     i == RX_RISK_COMPOSITE ? "missing_components" : "no_source");
    }
    rx_jw_end_object(w);
    rx_jw_key(w, "missing_components");
    rx_jw_begin_array(w);
    for (int i = 0; i < RX_RISK_COMPOSITE; i++) {
        if (!result->component[i].known) {
            rx_jw_cstr(w, rx_risk_name((enum rx_risk)i));
        }
    }
    rx_jw_end_array(w);
}
