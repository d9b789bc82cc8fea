// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/risk/measure.h"

#include <math.h>

/* A power over a token that a trust list names is common there (stable coins can be minted). */
#define TRUSTED_SHARE 0.25

struct rx_risk_context rx_risk_context_of(const double features[RX_F_MAX], enum rx_risk_chain chain)
{
    const double trust = features[RX_F_TRUST_LISTED];
    return (struct rx_risk_context){
        .features = features,
        .chain = chain,
        .trusted = trust >= 0.5,
        .trust_known = !isnan(trust),
    };
}

double rx_risk_strength(const struct rx_risk_rule *rule, double value)
{
    const double none = rule->none;
    const double full = rule->full;
    const bool rising = none < full;
    if (rising ? value <= none : value >= none) {
        return 0;
    }
    if (rising ? value >= full : value <= full) {
        return 1;
    }
    return rule->log ? log(value / none) / log(full / none) : (value - none) / (full - none);
}

bool rx_risk_met(const struct rx_risk_rule *rule, double value)
{
    return rule->none < rule->full ? value >= rule->threshold : value <= rule->threshold;
}

static void raise_floor(struct rx_risk_measure *m, const struct rx_risk_rule *rule,
                        const struct rx_risk_context *context)
{
    const bool relieved = rule->power && context->trusted;
    const bool perhaps = rule->power && !context->trust_known;
    if (relieved || rule->floor <= 0) {
        return;
    }
    if (rule->floor > m->floor.now) {
        m->floor.now = rule->floor;
        m->floor_rule = rule;
    }
    m->floor.lo = rx_risk_max(m->floor.lo, perhaps ? 0 : rule->floor);
    m->floor.hi = rx_risk_max(m->floor.hi, rule->floor);
}

static void add_known(struct rx_risk_measure *m, const struct rx_risk_rule *rule, double value,
                      const struct rx_risk_context *context)
{
    const double q = rule->points / 100 * rx_risk_strength(rule, value);
    const double now = q * (rule->power && context->trusted ? TRUSTED_SHARE : 1);
    if (!m->rule || now > m->q.now) {
        m->q.now = now;
        m->rule = rule;
    }
    const bool perhaps = rule->power && !context->trust_known;
    m->q.lo = rx_risk_max(m->q.lo, perhaps ? q * TRUSTED_SHARE : now);
    if (rx_risk_met(rule, value)) {
        raise_floor(m, rule, context);
    }
}

/* All rows unknown: nothing at the safest, the strongest row at the riskiest. */
static void set_unknown(struct rx_risk_measure *m, const struct rx_risk_rule *rules, size_t n,
                        const struct rx_risk_context *context)
{
    m->q = (struct rx_risk_triple){0};
    m->q_worst = 0;
    for (size_t i = 0; i < n; i++) {
        if (!(rules[i].chains & context->chain)) {
            continue;
        }
        const bool relieved = rules[i].power && context->trusted;
        m->q_worst =
            rx_risk_max(m->q_worst, rules[i].points / 100 * (relieved ? TRUSTED_SHARE : 1));
        m->floor.hi = rx_risk_max(m->floor.hi, relieved ? 0 : rules[i].floor);
    }
    m->q.hi = m->q_worst;
}

size_t rx_risk_measure_eval(const struct rx_risk_rule *rules, size_t n,
                            const struct rx_risk_context *context, struct rx_risk_measure *ret)
{
    *ret = (struct rx_risk_measure){0};
    size_t rows = 1;
    while (rows < n && rules[rows].same_measure) {
        rows++;
    }
    for (size_t i = 0; i < rows; i++) {
        const struct rx_risk_rule *rule = &rules[i];
        if (!(rule->chains & context->chain) || rule->points <= 0) {
            continue;
        }
        ret->applies = true;
        ret->weight = rx_risk_max(ret->weight, rule->points * (rule->power ? TRUSTED_SHARE : 1));
        const double value = context->features[rule->feature];
        if (!isnan(value)) {
            ret->known = true;
            add_known(ret, rule, value, context);
        }
    }
    if (ret->known) {
        ret->q.hi = ret->q.now;
        ret->q_worst = ret->q.now;
    } else {
        set_unknown(ret, rules, rows, context);
    }
    return rows;
}
