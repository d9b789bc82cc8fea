// SPDX-License-Identifier: Apache-2.0
/*
 * Risk of a token in 0..100 (0 = safest): five components made of documented rules and of the
 * model's rug probability, and a composite of them. docs/risk.md has the whole table of rules.
 *
 * A component is a noisy-or of its measures (Pearl 1988, independent causes): every measure has a
 * strength q in 0..1 from one or more features, value = 100 (1 - prod(1 - q)). A rule that is met
 * may carry a floor below which neither its component nor the composite falls.
 * The composite is a weighted noisy-or: 1 - prod((1 - s_c)^w_c), the weights summing to 1, so equal
 * components give themselves and the worst ones weigh most.
 *
 * What is unknown stays unknown. lo and hi are the values with every unknown input at its safest
 * and at its riskiest; `value` adds to what is known a part of the way up to the riskiest:
 * weights.unknown x (1 - known_share). So an unknown input widens the interval and never makes a
 * token look safer than knowing the best about it would.
 *
 * Pure functions on plain values; thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "agent/engine/features/features.h"
#include "common/base/error.h"
#include "common/json/read.h"
#include "common/json/write.h"

enum rx_risk {
    RX_RISK_RUG,
    RX_RISK_DEV,
    RX_RISK_DISTRIBUTION,
    RX_RISK_SOCIAL,
    RX_RISK_LIQUIDITY,
    RX_RISK_COMPOSITE,
    RX_RISK_MAX
};
/* "rug_risk", "dev_risk", "distribution_risk", "social_manipulation_risk", "liquidity_risk",
 * "composite_score"; "" beyond. Static storage. */
const char *rx_risk_name(enum rx_risk risk);

/* Which rules can apply at all; the others are left out, not unknown. */
enum rx_risk_chain { RX_RISK_EVM = 1, RX_RISK_SOLANA = 2 };

/* A probability and its interval, 0..1, lo <= p <= hi; all NaN when unknown. */
struct rx_risk_range {
    double p, lo, hi;
};
/* Calibrated probability of a rug pull within a day and within a week. */
struct rx_risk_rug {
    struct rx_risk_range day, week;
};

/* How the components make the composite. */
struct rx_risk_weights {
    double component[RX_RISK_COMPOSITE]; /* 0..1 each, sum 1 */
    double unknown;                      /* 0..0.5: share of the way to the riskiest, see above */
};
/* rug 0.40, dev 0.15, distribution 0.15, social_manipulation 0.10, liquidity 0.20; unknown 0.25. */
struct rx_risk_weights rx_risk_weights_default(void);
/*
 * From an object like {"rug": 0.3, "dev": 0.25, "distribution": 0.2, "social_manipulation": 0.15,
 * "liquidity": 0.1, "unknown": 0.25}: either all five components or none, `unknown` if wanted; {}
 * gives the defaults. RX_EINVALID names the member and what was expected.
 */
int rx_risk_weights_read(const struct rx_json *object, struct rx_risk_weights *ret,
                         struct rx_error *err) RX_MUST_CHECK;
int rx_risk_weights_parse(struct rx_str json, struct rx_risk_weights *ret, struct rx_error *err)
    RX_MUST_CHECK;

enum rx_severity {
    RX_SEVERITY_INFO,
    RX_SEVERITY_WARNING,
    RX_SEVERITY_DANGER,
    RX_SEVERITY_CRITICAL
};
/* "info", "warning", "danger", "critical". */
const char *rx_severity_name(enum rx_severity severity);

/* One row of the table of rules. */
struct rx_risk_rule {
    const char *id; /* the flag, snake_case; several rows may raise the same */
    enum rx_severity severity;
    enum rx_risk component;
    enum rx_feature feature; /* RX_F_INVALID: the value of the component itself (a flag only) */
    unsigned char chains;    /* of enum rx_risk_chain, or-ed */
    bool same_measure;       /* another view of the measure of the row above: the worse counts */
    bool power;              /* a power over the token: weighs a quarter on a trust list */
    bool log;                /* strength runs along the logarithm of the value */
    double none, full;       /* strength 0 at `none`, 1 at `full`, in between along a line; none >
                                full where less is worse */
    double threshold;        /* the flag is raised from here on, in the direction of `full` */
    double points;           /* 0..100: 100 q at full strength */
    double floor;            /* 0 = none */
    const char *sentence;
};
/* The whole table, grouped by component; *ret_n rows. Static storage. */
const struct rx_risk_rule *rx_risk_rules(size_t *ret_n);
#define RX_RISK_MAX_RULES 96
#define RX_RISK_MAX_PARTS 48 /* measures of one component and three */
/* ">=" or "<=": the side of the threshold that raises the flag. */
const char *rx_risk_rule_op(const struct rx_risk_rule *rule);

/* A share of a component's value, in points. rule NULL: see `id`. */
struct rx_risk_part {
    const char *id; /* the rule's, or rug_probability, unknown_inputs, floor, a component's name */
    const struct rx_risk_rule *rule;
    double value; /* of the rule's feature; NaN where none */
    double points;
};

struct rx_risk_component {
    bool known;           /* false: nothing is known; value NaN, lo 0, hi 100 */
    double value, lo, hi; /* lo <= value <= hi */
    double known_share;   /* 0..1, of the inputs by their points; powers count a quarter */
    double floor;         /* the highest one met; 0 = none */
    const struct rx_risk_rule *floor_rule; /* NULL = none */
    size_t n_parts; /* value = sum of their points (the base is 0), largest first;
                              those from n_parts on are not set */
    struct rx_risk_part parts[RX_RISK_MAX_PARTS];
};

struct rx_risk_flag {
    const struct rx_risk_rule *rule;
    double value; /* of rule->feature */
};

struct rx_risk_result {
    struct rx_risk_component component[RX_RISK_MAX]; /* the composite's parts are the components */
    size_t n_flags;
    struct rx_risk_flag flags[RX_RISK_MAX_RULES]; /* most severe first; one a flag id */
};

/*
 * features: NaN = unknown; outside a feature's range counts as its nearest end. rug: NaN = unknown,
 * NULL = no model. weights NULL = defaults. The composite is unknown (value NaN, yet with its
 * interval) only when both rug and liquidity are; a component that is not known counts in it as the
 * mean of the known ones, but no less than 100 x weights.unknown (and no more than its own hi).
 */
void rx_risk_compute(const double features[RX_F_MAX], const struct rx_risk_rug *rug,
                     const struct rx_risk_weights *weights, enum rx_risk_chain chain,
                     struct rx_risk_result *ret);

/* The sentence of a flag with its value: "Sell tax of 62 %: ... (limit 50 %)". Cut when too long.
 */
void rx_risk_flag_text(const struct rx_risk_flag *flag, char *out, size_t size);

/*
 * Writes members of the object that is open in `w`:
 * "composite_score": n|null, "components": {"rug_risk": n|null, ...}, "risk_flags": [id, ...],
 * "details": {NAME: {"value", "lower", "upper", "known_share", "reason"?, "floor"?,
 * "contributions":
 * [{"id", "points", "feature"?, "value"?, "unit"?}]}}, "missing_components": [NAME, ...],
 * "flag_details": [{"id", "severity", "component", "sentence", "evidence": {"feature", "value",
 * "op", "threshold", "unit"}}].
 */
void rx_risk_write(struct rx_jw *w, const struct rx_risk_result *result);
