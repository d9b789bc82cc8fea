// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/score/sentence.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define HOURS_AS_DAYS 96 /* from here on an age is told in days */

/* Three significant digits, large numbers with a letter. */
static void put_number(char *out, size_t size, double value, const char *behind)
{
    static const struct {
        double from, by;
        const char *letter;
    } scales[] = {
        {1e15, 1, ""}, {1e12, 1e12, "T"}, {1e9, 1e9, "G"}, {1e6, 1e6, "M"}, {1e5, 1e3, "k"}};
    for (size_t i = 0; i < RX_ARRAY_LEN(scales); i++) {
        if (fabs(value) >= scales[i].from) {
            snprintf(out, size, "%.3g%s%s", value / scales[i].by, scales[i].letter, behind);
            return;
        }
    }
    if (fabs(value) >= 1000) {
        snprintf(out, size, "%.0f%s", value, behind);
    } else {
        snprintf(out, size, "%.3g%s", value, behind);
    }
}

static void put_hours(char *out, size_t size, double hours)
{
    if (hours >= HOURS_AS_DAYS) {
        put_number(out, size, hours / 24, " days");
    } else if (hours >= 1) {
        put_number(out, size, hours, " hours");
    } else {
        put_number(out, size, 60 * hours, " minutes");
    }
}

static void put_usd(char *out, size_t size, double value)
{
    snprintf(out, size, "$");
    if (size > 1) {
        put_number(out + 1, size - 1, value, "");
    }
}

/* A count: its unit is in the sentence, but for those that are rare there. */
static const char *noun(const char *unit)
{
    static const struct {
        const char *unit, *shown;
    } nouns[] = {{"WETH", " WETH"},     {"ratio", " times"},    {"blocks", " blocks"},
                 {"tokens", " tokens"}, {"posts", " posts"},    {"1/WETH", " per WETH"},
                 {"points", " points"}, {"log ratio", " times"}};
    for (size_t i = 0; i < RX_ARRAY_LEN(nouns); i++) {
        if (strcmp(unit, nouns[i].unit) == 0) {
            return nouns[i].shown;
        }
    }
    return "";
}

void rx_value_text(enum rx_feature feature, double value, char *out, size_t size)
{
    const char *unit = rx_feature_info(feature)->unit;
    if (!isfinite(value)) {
        snprintf(out, size, "unknown");
    } else if (strcmp(unit, "boolean") == 0) {
        snprintf(out, size, "%s", value >= 0.5 ? "yes" : "no");
    } else if (strcmp(unit, "fraction") == 0 || feature == RX_F_HOLDER_GROWTH_24H) {
        put_number(out, size, 100 * value, " %");
    } else if (strcmp(unit, "hours") == 0) {
        put_hours(out, size, value);
    } else if (strcmp(unit, "USD") == 0) {
        put_usd(out, size, value);
    } else if (strcmp(unit, "log ratio") == 0) {
        put_number(out, size, exp(fmin(value, 700)), " times");
    } else if (strcmp(unit, "log10 tokens") == 0) {
        put_number(out, size, pow(10, fmin(value, 300)), "");
    } else {
        put_number(out, size, value, noun(unit));
    }
}

/* Copies the pattern with its placeholders filled. */
static void fill(const char *pattern, size_t n, enum rx_feature feature, double value, char *out,
                 size_t size)
{
    char text[48], change[48];
    size_t used = 0;
    rx_value_text(feature, value, text, sizeof(text));
    put_number(change, sizeof(change), 100 * expm1(fmin(value, 700)), " %");
    for (size_t i = 0; i < n && used + 1 < size; i++) {
        const char *more = pattern[i] == '#' ? text : pattern[i] == '~' ? change : NULL;
        if (!more) {
            out[used++] = pattern[i];
            continue;
        }
        for (; *more && used + 1 < size; more++) {
            out[used++] = *more;
        }
    }
    out[used] = 0;
}

void rx_feature_sentence(enum rx_feature feature, double value, char *out, size_t size)
{
    const char *pattern = rx_sentence_patterns[feature];
    if (!isfinite(value)) {
        snprintf(out, size, "%s is unknown", rx_feature_info(feature)->name);
        return;
    }
    if (!pattern) {
        char text[48];
        rx_value_text(feature, value, text, sizeof(text));
        snprintf(out, size, "%s is %s", rx_feature_info(feature)->name, text);
        return;
    }
    const char *bar = strchr(pattern, '|');
    const bool boolean = strcmp(rx_feature_info(feature)->unit, "boolean") == 0;
    if (bar && (boolean ? value < 0.5 : fabs(value) <= 0)) {
        pattern = bar + 1;
        bar = NULL;
    }
    fill(pattern, bar ? (size_t)(bar - pattern) : strlen(pattern), feature, value, out, size);
}

/* "the rug risk", "the chance of 5x". */
static void subject(const char *target, char *out, size_t size)
{
    const char *end = strchr(target, '_');
    if (target[0] == 'x' && end) {
        snprintf(out, size, "the chance of %.*sx", (int)(end - target - 1), target + 1);
    } else if (strncmp(target, "rug", 3) == 0) {
        snprintf(out, size, "the rug risk");
    } else {
        snprintf(out, size, "%s", target);
    }
}

void rx_contribution_sentence(const struct rx_contribution *part, const char *target, char *out,
                              size_t size)
{
    char what[RX_SENTENCE_MAX], whom[48];
    subject(target, whom, sizeof(whom));
    if (part->feature == RX_CONTRIBUTION_PROJECTION) {
        snprintf(what, sizeof(what), "agreement with the other horizons and multiples");
    } else {
        rx_feature_sentence(part->feature, part->value, what, sizeof(what));
    }
    snprintf(out, size, "%s: %s %s", what, part->log_odds < 0 ? "lowers" : "raises", whom);
}

void rx_risk_part_sentence(const struct rx_risk_part *part, char *out, size_t size)
{
    static const struct {
        const char *id, *text;
    } texts[] = {
        {"rug_probability", "the model's probability of a rug pull"},
        {"unknown_inputs", "what is unknown, counted part of the way to the worst"},
        {"floor", "a deal-breaker sets the least value"},
    };
    char what[RX_SENTENCE_MAX];
    snprintf(what, sizeof(what), "%s", part->id);
    for (size_t i = 0; i < RX_ARRAY_LEN(texts); i++) {
        if (strcmp(part->id, texts[i].id) == 0) {
            snprintf(what, sizeof(what), "%s", texts[i].text);
        }
    }
    if (part->rule && part->rule->feature != RX_F_INVALID) {
        rx_feature_sentence(part->rule->feature, part->value, what, sizeof(what));
    }
    snprintf(out, size, "%s: %s %.3g points", what, part->points < 0 ? "takes away" : "adds",
             fabs(part->points));
}
