// SPDX-License-Identifier: Apache-2.0
#include "agent/offline/risk_page.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MAX_PARTS_SHOWN 4

static const char *unit_of(const struct rx_risk_rule *rule)
{
    return rule->feature == RX_F_INVALID ? "points" : rx_feature_info(rule->feature)->unit;
}

static const char *feature_of(const struct rx_risk_rule *rule)
{
    return rule->feature == RX_F_INVALID ? rx_risk_name(rule->component)
                                         : rx_feature_info(rule->feature)->name;
}

static void put_parts(const struct rx_risk_component *c, struct rx_buf *out)
{
    for (size_t i = 0; i < c->n_parts && i < MAX_PARTS_SHOWN; i++) {
        const struct rx_risk_part *part = &c->parts[i];
        if (part->points < 0.05) {
            break;
        }
        rx_buf_printf(out, "%s%s %.1f", i > 0 ? ", " : "", part->id, part->points);
        if (part->rule && strcmp(part->id, "floor") == 0) {
            rx_buf_printf(out, " (%s)", part->rule->id);
        }
    }
}

static void put_component(enum rx_risk risk, const struct rx_risk_component *c, struct rx_buf *out)
{
    char value[16] = "unknown";
    if (c->known) {
        snprintf(value, sizeof(value), "%.1f", c->value);
    }
    rx_buf_printf(out, "%-26s %7s  %5.1f to %5.1f  %5.0f %%  ", rx_risk_name(risk), value, c->lo,
                  c->hi, 100 * c->known_share);
    put_parts(c, out);
    while (out->n > 0 && out->p[out->n - 1] == ' ') {
        out->n--;
    }
    rx_buf_putc(out, '\n');
}

void rx_risk_page(const struct rx_risk_result *result, struct rx_buf *out)
{
    rx_buf_printf(out, "%-26s %7s  %14s  %7s  %s\n", "risk (0 = safest)", "value", "interval",
                  "known", "made of");
    put_component(RX_RISK_COMPOSITE, &result->component[RX_RISK_COMPOSITE], out);
    for (int i = 0; i < RX_RISK_COMPOSITE; i++) {
        put_component((enum rx_risk)i, &result->component[i], out);
    }
    rx_buf_puts(out, result->n_flags > 0 ? "\nflags\n" : "\nno flags\n");
    for (size_t i = 0; i < result->n_flags; i++) {
        const struct rx_risk_flag *flag = &result->flags[i];
        char text[320];
        rx_risk_flag_text(flag, text, sizeof(text));
        rx_buf_printf(out, "  %-9s %-30s %s\n", rx_severity_name(flag->rule->severity),
                      flag->rule->id, text);
    }
}

/* "0.05 to 0.5 (log)" or, for a yes or no, the value that counts. */
static void put_ramp(const struct rx_risk_rule *rule, struct rx_buf *out)
{
    if (strcmp(unit_of(rule), "boolean") == 0 || rule->points <= 0) {
        rx_buf_putc(out, '-');
        return;
    }
    rx_buf_add_double(out, rule->none);
    rx_buf_puts(out, " to ");
    rx_buf_add_double(out, rule->full);
    rx_buf_puts(out, rule->log ? " (log)" : "");
}

static const char *chain_of(const struct rx_risk_rule *rule)
{
    return rule->chains == RX_RISK_EVM ? "EVM" : rule->chains == RX_RISK_SOLANA ? "Solana" : "all";
}

void rx_risk_rules_page(struct rx_buf *out)
{
    size_t n = 0;
    const struct rx_risk_rule *rules = rx_risk_rules(&n);
    rx_buf_printf(out, "%-24s %-29s %-8s %-26s %14s %6s %5s\n", "component", "flag", "severity",
                  "feature", "raised at", "points", "floor");
    for (size_t i = 0; i < n; i++) {
        const struct rx_risk_rule *r = &rules[i];
        char limit[32];
        snprintf(limit, sizeof(limit), "%s %g", rx_risk_rule_op(r), r->threshold);
        rx_buf_printf(out, "%-24s %-29s %-8s %-26s %14s %6g %5g\n", rx_risk_name(r->component),
                      r->id, rx_severity_name(r->severity), feature_of(r), limit, r->points,
                      r->floor);
    }
}

static void put_markdown_row(const struct rx_risk_rule *r, struct rx_buf *out)
{
    rx_buf_printf(out, "| %s`%s` | %s | `%s` | ", r->same_measure ? "+ " : "", r->id,
                  rx_severity_name(r->severity), feature_of(r));
    rx_buf_printf(out, "%s ", rx_risk_rule_op(r));
    rx_buf_add_double(out, r->threshold);
    rx_buf_printf(out, " %s | ", unit_of(r));
    put_ramp(r, out);
    rx_buf_printf(out, " | %g | ", r->points);
    if (r->floor > 0) {
        rx_buf_printf(out, "%g", r->floor);
    }
    rx_buf_printf(out, " | %s%s | %s |\n", chain_of(r), r->power ? ", power" : "", r->sentence);
}

void rx_risk_rules_markdown(struct rx_buf *out)
{
    size_t n = 0;
    const struct rx_risk_rule *rules = rx_risk_rules(&n);
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || rules[i].component != rules[i - 1].component) {
            rx_buf_printf(out,
                          "%s### %s\n\n| flag | severity | feature | raised at | strength runs "
                          "from, to | points | floor | for | what it says |\n"
                          "|---|---|---|---|---|---|---|---|---|\n",
                          i > 0 ? "\n" : "", rx_risk_name(rules[i].component));
        }
        put_markdown_row(&rules[i], out);
    }
}

void rx_risk_rules_json(struct rx_buf *out)
{
    size_t n = 0;
    const struct rx_risk_rule *rules = rx_risk_rules(&n);
    struct rx_jw w;
    rx_jw_init(&w, out);
    rx_jw_begin_array(&w);
    for (size_t i = 0; i < n; i++) {
        const struct rx_risk_rule *r = &rules[i];
        rx_jw_begin_object(&w);
        rx_jw_kv_cstr(&w, "id", r->id);
        rx_jw_kv_cstr(&w, "severity", rx_severity_name(r->severity));
        rx_jw_kv_cstr(&w, "component", rx_risk_name(r->component));
        rx_jw_kv_cstr(&w, "feature", feature_of(r));
        rx_jw_kv_cstr(&w, "unit", unit_of(r));
        rx_jw_kv_cstr(&w, "op", rx_risk_rule_op(r));
        rx_jw_kv_double(&w, "threshold", r->threshold);
        rx_jw_kv_double(&w, "strength_from", r->none);
        rx_jw_kv_double(&w, "strength_to", r->full);
        rx_jw_kv_bool(&w, "logarithmic", r->log);
        rx_jw_kv_double(&w, "points", r->points);
        rx_jw_kv_double(&w, "floor", r->floor > 0 ? r->floor : RX_NAN);
        rx_jw_kv_cstr(&w, "chains", chain_of(r));
        rx_jw_kv_bool(&w, "power", r->power);
        rx_jw_kv_bool(&w, "same_measure", r->same_measure);
        rx_jw_kv_cstr(&w, "sentence", r->sentence);
        rx_jw_end_object(&w);
    }
    rx_jw_end_array(&w);
    rx_buf_putc(out, '\n');
}
