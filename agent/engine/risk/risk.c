// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/risk/risk.h"

#include <math.h>
#include <string.h>

#include "agent/engine/risk/measure.h"

#define PERCENT 100.0
/* A component of 100 counts as 99.9 in the composite, so that one alone does not decide it. */
#define LEAST_SAFETY 1e-3

/* The probability that nothing bad comes of it: product over the measures of 1 - q. */
struct safety {
    double now, worst, lo, hi;
};

struct building {
    struct safety safety;
    struct rx_risk_triple floor;
    double weight, known_weight; /* of the measures */
    double shares[RX_RISK_MAX_PARTS];
    double share_sum;
};

static bool missing(struct rx_risk_range range)
{
    return isnan(range.p) || isnan(range.lo) || isnan(range.hi);
}

static double unit(double x)
{
    return rx_risk_max(0, rx_risk_min(1, x));
}

static void multiply(struct safety *s, double now, double worst, double lo, double hi)
{
    s->now *= 1 - now;
    s->worst *= 1 - worst;
    s->lo *= 1 - lo;
    s->hi *= 1 - hi;
}

/* Shares of a product: logarithms of its factors. A factor of 0 has a large, finite one. */
static void add_part(struct rx_risk_component *c, struct building *b, struct rx_risk_part part,
                     double q)
{
    const double share = -log(rx_risk_max(1 - q, 1e-12));
    if (share > 0) {
        b->shares[c->n_parts] = share;
        b->share_sum += share;
        c->parts[c->n_parts++] = part;
    }
}

/*
 * The model's part of the rug component: the mean of both horizons, as a rug within a day is one
 * within a week. One that is missing is somewhere between the other and its end of the scale.
 */
static void add_model(struct rx_risk_component *c, struct building *b,
                      const struct rx_risk_rug *rug)
{
    const bool no_day = missing(rug->day);
    const bool no_week = missing(rug->week);
    /* The model weighs as much as all measures together. */
    const double weight = b->weight;
    b->weight += weight;
    if (no_day && no_week) {
        multiply(&b->safety, 0, 1, 0, 1);
        return;
    }
    const struct rx_risk_range day = no_day ? rug->week : rug->day;
    const struct rx_risk_range week = no_week ? rug->day : rug->week;
    const double now = (unit(day.p) + unit(week.p)) / 2;
    const double lo = ((no_day ? 0 : unit(day.lo)) + unit(week.lo)) / 2;
    const double hi = (unit(day.hi) + (no_week ? 1 : unit(week.hi))) / 2;
    const double worst = (unit(day.p) + (no_week ? 1 : unit(week.p))) / 2;
    multiply(&b->safety, now, worst, lo, hi);
    b->known_weight += weight * ((no_day ? 0 : 0.5) + (no_week ? 0 : 0.5));
    c->known = true;
    add_part(c, b, (struct rx_risk_part){"rug_probability", NULL, now, 0}, now);
}

static bool is_graver(const struct rx_risk_rule *rule, const struct rx_risk_rule *than)
{
    return rule->severity != than->severity ? rule->severity > than->severity
                                            : rule->floor > than->floor;
}

/* One flag an id: of several rows the gravest. */
static void add_flag(struct rx_risk_result *ret, const struct rx_risk_rule *rule, double value)
{
    for (size_t i = 0; i < ret->n_flags; i++) {
        struct rx_risk_flag *flag = &ret->flags[i];
        if (strcmp(flag->rule->id, rule->id) == 0) {
            if (is_graver(rule, flag->rule)) {
                *flag = (struct rx_risk_flag){rule, value};
            }
            return;
        }
    }
    ret->flags[ret->n_flags++] = (struct rx_risk_flag){rule, value};
}

static void add_measure(struct rx_risk_component *c, struct building *b,
                        const struct rx_risk_measure *m, const struct rx_risk_context *context)
{
    b->weight += m->weight;
    multiply(&b->safety, m->q.now, m->q_worst, m->q.lo, m->q.hi);
    b->floor.lo = rx_risk_max(b->floor.lo, m->floor.lo);
    b->floor.hi = rx_risk_max(b->floor.hi, m->floor.hi);
    if (m->floor.now > b->floor.now) {
        b->floor.now = m->floor.now;
        c->floor_rule = m->floor_rule;
    }
    if (m->known) {
        c->known = true;
        b->known_weight += m->weight;
        const double value = context->features[m->rule->feature];
        add_part(c, b, (struct rx_risk_part){m->rule->id, m->rule, value, 0}, m->q.now);
    }
}

static void sort_parts(struct rx_risk_component *c)
{
    for (size_t i = 1; i < c->n_parts; i++) {
        const struct rx_risk_part part = c->parts[i];
        size_t k = i;
        for (; k > 0 && c->parts[k - 1].points < part.points; k--) {
            c->parts[k] = c->parts[k - 1];
        }
        c->parts[k] = part;
    }
}

/* Turns shares into points: `sum` over those, and what is above it under its own name. */
static void finish_parts(struct rx_risk_component *c, const struct building *b, double sum,
                         double unknown)
{
    for (size_t i = 0; i < c->n_parts; i++) {
        c->parts[i].points = sum * b->shares[i] / b->share_sum;
    }
    if (unknown > 0) {
        c->parts[c->n_parts++] = (struct rx_risk_part){"unknown_inputs", NULL, RX_NAN, unknown};
    }
    if (c->value > sum + unknown) {
        c->parts[c->n_parts++] =
            (struct rx_risk_part){"floor", c->floor_rule, RX_NAN, c->value - sum - unknown};
    }
    sort_parts(c);
}

static void finish(struct rx_risk_component *c, struct building *b, double unknown_weight)
{
    const double now = PERCENT * (1 - b->safety.now);
    const double worst = PERCENT * (1 - b->safety.worst);
    c->known_share = b->weight > 0 ? b->known_weight / b->weight : 0;
    const double unknown = unknown_weight * (1 - c->known_share) * (worst - now);
    c->floor = b->floor.now;
    c->value = rx_risk_max(now + unknown, b->floor.now);
    c->lo = rx_risk_min(c->value, rx_risk_max(PERCENT * (1 - b->safety.lo), b->floor.lo));
    c->hi = rx_risk_max(c->value, rx_risk_max(PERCENT * (1 - b->safety.hi), b->floor.hi));
    finish_parts(c, b, now, unknown);
    if (!c->known) {
        c->value = RX_NAN;
        c->n_parts = 0;
    }
}

/* Flags of a row whose feature is the component itself. */
static void flag_component(const struct rx_risk_rule *rule, struct rx_risk_result *ret)
{
    const double value = ret->component[rule->component].value;
    if (rx_risk_met(rule, value)) {
        add_flag(ret, rule, value);
    }
}

static void add_flags(const struct rx_risk_rule *rules, size_t n,
                      const struct rx_risk_context *context, struct rx_risk_result *ret)
{
    for (size_t i = 0; i < n; i++) {
        const double value = context->features[rules[i].feature];
        if ((rules[i].chains & context->chain) && rx_risk_met(&rules[i], value)) {
            add_flag(ret, &rules[i], value);
        }
    }
}

static void clear(struct rx_risk_component *c)
{
    c->known = false;
    c->value = c->lo = c->hi = c->known_share = c->floor = 0;
    c->floor_rule = NULL;
    c->n_parts = 0;
}

/* The rows of one component, which follow one another; returns how many. */
static size_t compute_component(const struct rx_risk_rule *rules, size_t n,
                                const struct rx_risk_context *context,
                                const struct rx_risk_rug *rug, double unknown_weight,
                                struct rx_risk_result *ret, double floor[2])
{
    const enum rx_risk id = rules[0].component;
    struct rx_risk_component *c = &ret->component[id];
    struct building b = {.safety = {1, 1, 1, 1}};
    clear(c);
    size_t i = 0;
    while (i < n && rules[i].component == id) {
        struct rx_risk_measure m;
        const size_t rows = rx_risk_measure_eval(&rules[i], n - i, context, &m);
        if (m.applies) {
            add_measure(c, &b, &m, context);
        }
        if (m.known) {
            add_flags(&rules[i], rows, context, ret);
        }
        i += rows;
    }
    if (id == RX_RISK_RUG) {
        add_model(c, &b, rug);
    }
    finish(c, &b, unknown_weight);
    floor[0] = rx_risk_max(floor[0], b.floor.lo);
    floor[1] = rx_risk_max(floor[1], b.floor.hi);
    for (size_t k = 0; k < i; k++) {
        if (rules[k].feature == RX_F_INVALID) {
            flag_component(&rules[k], ret);
        }
    }
    return i;
}

/* -ln of the safety of a component, and back. */
static double hazard(double value)
{
    return -log(rx_risk_max(1 - value / PERCENT, LEAST_SAFETY));
}

static double risk_of(double hazard_sum)
{
    return PERCENT * (1 - exp(-hazard_sum));
}

/* What a component that is not known counts as: the mean of the known ones, if that is more than
 * the weight of the unknown. */
static double missing_hazard(const struct rx_risk_result *ret, const struct rx_risk_weights *w)
{
    double sum = 0;
    double weight = 0;
    for (int i = 0; i < RX_RISK_COMPOSITE; i++) {
        if (ret->component[i].known) {
            sum += w->component[i] * hazard(ret->component[i].value);
            weight += w->component[i];
        }
    }
    return rx_risk_max(hazard(PERCENT * w->unknown), weight > 0 ? sum / weight : 0);
}

static void compute_composite(const struct rx_risk_weights *w, const double floor[2],
                              struct rx_risk_result *ret)
{
    struct rx_risk_component *all = &ret->component[RX_RISK_COMPOSITE];
    struct building b = {.floor = {0, floor[0], floor[1]}};
    clear(all);
    const double unknown = missing_hazard(ret, w);
    struct rx_risk_triple sum = {0};
    for (int i = 0; i < RX_RISK_COMPOSITE; i++) {
        const struct rx_risk_component *c = &ret->component[i];
        const double now = c->known ? hazard(c->value) : rx_risk_min(unknown, hazard(c->hi));
        const double share = w->component[i] * now;
        sum.now += share;
        sum.lo += w->component[i] * hazard(c->lo);
        sum.hi += w->component[i] * hazard(c->hi);
        all->known_share += w->component[i] * c->known_share;
        if (c->floor > all->floor) {
            all->floor = c->floor;
            all->floor_rule = c->floor_rule;
        }
        b.shares[all->n_parts] = share;
        b.share_sum += share;
        all->parts[all->n_parts++] =
            (struct rx_risk_part){rx_risk_name((enum rx_risk)i), NULL, c->value, 0};
    }
    all->known_share = rx_risk_min(1, all->known_share);
    all->known = ret->component[RX_RISK_RUG].known || ret->component[RX_RISK_LIQUIDITY].known;
    b.share_sum = rx_risk_max(b.share_sum, 1e-300);
    all->value = rx_risk_max(risk_of(sum.now), all->floor);
    all->lo = rx_risk_min(all->value, rx_risk_max(risk_of(sum.lo), b.floor.lo));
    all->hi = rx_risk_max(all->value, rx_risk_max(risk_of(sum.hi), b.floor.hi));
    finish_parts(all, &b, risk_of(sum.now), 0);
    if (!all->known) {
        all->value = RX_NAN;
        all->n_parts = 0;
    }
}

static void sort_flags(struct rx_risk_result *ret)
{
    for (size_t i = 1; i < ret->n_flags; i++) {
        const struct rx_risk_flag flag = ret->flags[i];
        size_t k = i;
        for (; k > 0 && ret->flags[k - 1].rule->severity < flag.rule->severity; k--) {
            ret->flags[k] = ret->flags[k - 1];
        }
        ret->flags[k] = flag;
    }
}

void rx_risk_compute(const double features[RX_F_MAX], const struct rx_risk_rug *rug,
                     const struct rx_risk_weights *weights, enum rx_risk_chain chain,
                     struct rx_risk_result *ret)
{
    static const struct rx_risk_range none = {RX_NAN, RX_NAN, RX_NAN};
    const struct rx_risk_rug no_model = {none, none};
    const struct rx_risk_weights standard = rx_risk_weights_default();
    const struct rx_risk_weights *w = weights ? weights : &standard;
    const struct rx_risk_context context = rx_risk_context_of(features, chain);
    size_t n = 0;
    const struct rx_risk_rule *rules = rx_risk_rules(&n);
    double floor[2] = {0, 0};
    ret->n_flags = 0;
    for (size_t i = 0; i < n;) {
        i += compute_component(&rules[i], n - i, &context, rug ? rug : &no_model, w->unknown, ret,
                               floor);
    }
    compute_composite(w, floor, ret);
    sort_flags(ret);
}
