// SPDX-License-Identifier: Apache-2.0
/*
 * Features in plain words: "the price stands at 31 % of its peak". One pattern a feature; units as
 * people write them. Pure functions; thread-safe.
 */
#pragma once

#include "agent/engine/model/explain.h"
#include "agent/engine/risk/risk.h"

#define RX_SENTENCE_MAX 240

/* A number with its unit: "31 %", "2.4 WETH", "26 hours", "yes"; "unknown" for NaN. */
void rx_value_text(enum rx_feature feature, double value, char *out, size_t size);
/* "the price stands at 31 % of its peak". */
void rx_feature_sentence(enum rx_feature feature, double value, char *out, size_t size);
/* The same with what it does to a target ("rug_24h", "x5_7d"): "...: raises the rug risk". */
void rx_contribution_sentence(const struct rx_contribution *part, const char *target, char *out,
                              size_t size);
/* Of a share of a risk component: "...: adds 12.5 points". */
void rx_risk_part_sentence(const struct rx_risk_part *part, char *out, size_t size);

/* sentence_rows.c: [RX_F_MAX]. '#' is the value with its unit, '~' a log ratio as a change in
 * percent; of a boolean, what is true before '|' and what is false behind it; of a number, behind
 * it what is said of 0. */
extern const char *const rx_sentence_patterns[RX_F_MAX];
