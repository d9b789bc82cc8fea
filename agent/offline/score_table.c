// SPDX-License-Identifier: Apache-2.0
#include "agent/offline/score_table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MAX_FLAGS 12
#define WRAP      100

/* "12.3 % [8.1, 17.4]". */
static void put_cell(struct rx_buf *out, const struct rx_score_target *target)
{
    char text[64] = "-";
    if (target && target->known) {
        const bool noted = target->notes != 0;
        snprintf(text, sizeof(text), "%.3g %% [%.3g, %.3g]%s", 100 * target->p, 100 * target->lo,
                 100 * target->hi, noted ? "*" : "");
    }
    rx_buf_printf(out, "  %-23s", text);
}

static void put_head(struct rx_buf *out, const struct rx_score_page *page)
{
    char age[48], weth[48];
    rx_value_text(RX_F_AGE_H, page->features[RX_F_AGE_H], age, sizeof(age));
    rx_value_text(RX_F_W_NOW, page->features[RX_F_W_NOW], weth, sizeof(weth));
    rx_buf_printf(out, "token  %s\npool   %s\n", page->token, page->pool);
    rx_buf_printf(out, "age    %s, %.0f events, %s in the pool, as of block %llu\n", age,
                  page->features[RX_F_N_SYNC], weth, page->block);
    rx_buf_printf(out, "model  %s\n", rx_model_version(page->model));
}

static void put_targets(struct rx_buf *out, const struct rx_score_page *page)
{
    char name[32];
    const double level = 100 * rx_model_confidence(page->model);
    rx_buf_printf(out, "\nPROBABILITY THAT THE PRICE REACHES A MULTIPLE [%g %% interval]\n      ",
                  level);
    for (size_t m = 0; m < RX_MULTIPLIERS; m++) {
        rx_buf_printf(out, "  %-23s", rx_multipliers[m]);
    }
    for (size_t h = 0; h < RX_HORIZONS; h++) {
        rx_buf_printf(out, "\n  %-4s", rx_horizons[h]);
        for (size_t m = 0; m < RX_MULTIPLIERS; m++) {
            snprintf(name, sizeof(name), "x%.*s_%s", (int)strlen(rx_multipliers[m]) - 1,
                     rx_multipliers[m], rx_horizons[h]);
            put_cell(out, rx_score_find(page->score, name));
        }
    }
    rx_buf_puts(out, "\n\nPROBABILITY THAT THE LIQUIDITY IS PULLED (a rug)\n      ");
    for (size_t h = 0; h < RX_HORIZONS; h++) {
        rx_buf_printf(out, "  %-23s", rx_horizons[h]);
    }
    rx_buf_puts(out, "\n      ");
    for (size_t h = 0; h < RX_HORIZONS; h++) {
        snprintf(name, sizeof(name), "rug_%s", rx_horizons[h]);
        put_cell(out, rx_score_find(page->score, name));
    }
    rx_buf_putc(out, '\n');
}

static void put_points(struct rx_buf *out, double value, int width)
{
    if (isnan(value)) {
        rx_buf_printf(out, "%*s", width, "-");
    } else {
        rx_buf_printf(out, "%*.1f", width, value);
    }
}

static void put_risk(struct rx_buf *out, const struct rx_risk_result *risk)
{
    rx_buf_puts(out,
                "\nRISK (0 safest, 100 riskiest)      value      low     high   known inputs\n");
    for (int i = 0; i < RX_RISK_MAX; i++) {
        const struct rx_risk_component *c = &risk->component[i];
        rx_buf_printf(out, "  %-30s", rx_risk_name((enum rx_risk)i));
        put_points(out, c->value, 8);
        put_points(out, c->lo, 9);
        put_points(out, c->hi, 9);
        rx_buf_printf(out, "%13.0f %%\n", 100 * c->known_share);
    }
    if (risk->n_flags > 0) {
        rx_buf_puts(out, "\nFLAGS\n");
    }
    for (size_t i = 0; i < risk->n_flags && i < MAX_FLAGS; i++) {
        char text[320];
        rx_risk_flag_text(&risk->flags[i], text, sizeof(text));
        rx_buf_printf(out, "  %-9s %s\n", rx_severity_name(risk->flags[i].rule->severity), text);
    }
    if (risk->n_flags > MAX_FLAGS) {
        rx_buf_printf(out, "  and %zu more\n", risk->n_flags - MAX_FLAGS);
    }
}

static void put_reasons(struct rx_buf *out, const struct rx_score_page *page, const char *name,
                        const char *title)
{
    struct rx_explanation why;
    char text[RX_SENTENCE_MAX];
    const int target = rx_model_target_find(page->model, name);
    if (target < 0 || !page->score->targets[target].known) {
        return;
    }
    rx_score_explain(page->model, page->score, (size_t)target, page->scratch, RX_TOP_FEATURES,
                     &why);
    double other = 0;
    rx_buf_printf(out, "\nWHY %s (shares of the log-odds, base %+.2f, all together %+.2f)\n", title,
                  why.base, why.log_odds);
    for (size_t i = 0; i < why.n; i++) {
        if (i >= RX_TOP_FEATURES) {
            other += why.items[i].log_odds;
            continue;
        }
        rx_contribution_sentence(&why.items[i], name, text, sizeof(text));
        rx_buf_printf(out, "  %+6.2f  %s\n", why.items[i].log_odds, text);
    }
    rx_buf_printf(out, "  %+6.2f  all other features\n", other);
}

static void put_risk_reasons(struct rx_buf *out, const struct rx_risk_result *risk)
{
    char text[RX_SENTENCE_MAX];
    for (int i = RX_RISK_DEV; i < RX_RISK_COMPOSITE; i++) {
        const struct rx_risk_component *c = &risk->component[i];
        if (!c->known || c->n_parts == 0) {
            continue;
        }
        rx_buf_printf(out, "\nWHY %s is %.1f\n", rx_risk_name((enum rx_risk)i), c->value);
        for (size_t k = 0; k < c->n_parts && k < 3; k++) {
            rx_risk_part_sentence(&c->parts[k], text, sizeof(text));
            rx_buf_printf(out, "  %+6.1f  %s\n", c->parts[k].points, text);
        }
    }
}

/* Features without a value, by the reason. */
static void put_unknown(struct rx_buf *out, const struct rx_score_page *page)
{
    bool any = false;
    for (int policy = 0; policy < RX_MISSING_MAX; policy++) {
        size_t column = 0;
        for (int i = 0; i < RX_F_MAX; i++) {
            const struct rx_feature_info *info = rx_feature_info((enum rx_feature)i);
            if ((int)info->missing != policy || isfinite(page->features[i])) {
                continue;
            }
            if (!any) {
                rx_buf_puts(out, "\nUNKNOWN\n");
                any = true;
            }
            const char *reason = rx_missing_reason((enum rx_missing)policy);
            if (column == 0) {
                rx_buf_printf(out, "  %s:", reason);
                column = strlen(reason) + 3;
            } else if (column + strlen(info->name) > WRAP) {
                rx_buf_puts(out, "\n   ");
                column = 3;
            }
            rx_buf_printf(out, " %s", info->name);
            column += strlen(info->name) + 1;
        }
        if (column > 0) {
            rx_buf_putc(out, '\n');
        }
    }
}

static void put_notes(struct rx_buf *out, const struct rx_score *score)
{
    unsigned notes = 0;
    enum rx_reason reason = RX_REASON_NONE;
    for (size_t i = 0; i < score->n_targets; i++) {
        notes |= score->targets[i].notes;
        reason = score->targets[i].known ? reason : score->targets[i].reason;
    }
    if (reason != RX_REASON_NONE) {
        rx_buf_printf(out, "\nNo probability: %s\n", rx_reason_name(reason));
    }
    for (int i = 1; i < RX_REASON_MAX; i++) {
        if (notes >> i & 1) {
            rx_buf_printf(out, "\n* %s\n", rx_reason_name((enum rx_reason)i));
        }
    }
}

void rx_score_table(const struct rx_score_page *page, struct rx_buf *out)
{
    put_head(out, page);
    put_targets(out, page);
    put_notes(out, page->score);
    put_risk(out, &page->score->risk);
    put_reasons(out, page, "rug_24h", "a rug within 24h");
    put_reasons(out, page, "x2_24h", "2x within 24h");
    put_risk_reasons(out, &page->score->risk);
    put_unknown(out, page);
}
