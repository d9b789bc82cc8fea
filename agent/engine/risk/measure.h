// SPDX-License-Identifier: Apache-2.0
/* Inside of the risk engine: one measure, which is one row of the table or several that look at the
 * same thing. Plain values; thread-safe. */
#pragma once

#include "agent/engine/risk/risk.h"

/* As fmax and fmin, for numbers only, in place of a call. */
static inline double rx_risk_max(double a, double b)
{
    return a > b ? a : b;
}
static inline double rx_risk_min(double a, double b)
{
    return a < b ? a : b;
}

/* What holds for the whole token. */
struct rx_risk_context {
    const double *features; /* [RX_F_MAX]; borrowed */
    enum rx_risk_chain chain;
    bool trusted, trust_known;
};
struct rx_risk_context rx_risk_context_of(const double features[RX_F_MAX],
                                          enum rx_risk_chain chain);

/* A value as it is, with all unknowns at their safest, and at their riskiest. */
struct rx_risk_triple {
    double now, lo, hi;
};

struct rx_risk_measure {
    bool applies, known;
    double weight; /* in the known share: the points of the strongest row that applies; of a power
                      only the part that counts whatever a trust list says */
    struct rx_risk_triple q;               /* 0..1; `now` is 0 when unknown */
    double q_worst;                        /* q with the unknown at its riskiest, as it is known */
    struct rx_risk_triple floor;           /* 0..100 */
    const struct rx_risk_rule *rule;       /* the row that gives q.now; NULL when unknown */
    const struct rx_risk_rule *floor_rule; /* the row that gives floor.now */
};

/* 0..1; the value must not be NaN. */
double rx_risk_strength(const struct rx_risk_rule *rule, double value);
/* Whether the value raises the flag of the row; false for NaN. */
bool rx_risk_met(const struct rx_risk_rule *rule, double value);
/* Evaluates the measure that starts at *rules (n rows are left) and returns how many it has. */
size_t rx_risk_measure_eval(const struct rx_risk_rule *rules, size_t n,
                            const struct rx_risk_context *context, struct rx_risk_measure *ret);
