// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/model/explain.h"

#include <math.h>
#include <string.h>

#include "agent/engine/model/model_core.h"

/* Below this distance from the base the ratio of a map is taken as its slope around the margin. */
#define NEAR_BASE 0.05

const char *rx_contribution_name(const struct rx_contribution *part)
{
    return part->feature == RX_CONTRIBUTION_PROJECTION ? "heatmap_projection"
                                                       : rx_feature_info(part->feature)->name;
}

/* Shares of each output of one component: inputs, then what is left of the margin. */
static double *shares_of(const struct rx_model *model, size_t eval,
                         struct rx_model_scratch *scratch)
{
    const struct rx_model_eval_plan *plan = &model->evals[eval];
    const struct rx_model_component *part = &model->components[plan->component];
    double *shares = scratch->shares + plan->share;
    if (scratch->state[eval] & RX_EVAL_SHARES) {
        return shares;
    }
    rx_model_fill_row(model, plan, scratch->columns, scratch->rows);
    if (part->forest) {
        rx_treeshap_values(part->shap, scratch->rows, scratch->shap, shares);
    } else {
        for (size_t i = 0; i < part->n_inputs; i++) {
            shares[i] = part->inputs[i].coefficient *
                        rx_model_standardised(&part->inputs[i], scratch->rows[i], scratch->ln_age);
        }
    }
    for (size_t k = 0; k < part->n_outputs; k++) {
        double *row = shares + k * (part->n_inputs + 1);
        double left = scratch->outputs[plan->output + k];
        for (size_t i = 0; i < part->n_inputs; i++) {
            left -= row[i];
        }
        row[part->n_inputs] = left;
    }
    scratch->state[eval] |= RX_EVAL_SHARES;
    return shares;
}

/* Shares of the head's margin by feature; the sum of them. */
static double add_terms(const struct rx_model *model, const struct rx_model_head *head,
                        struct rx_model_scratch *scratch, double sums[RX_F_MAX],
                        bool read[RX_F_MAX])
{
    for (size_t t = 0; t < head->n_terms; t++) {
        const struct rx_model_term *term = &head->terms[t];
        const struct rx_model_component *part =
            &model->components[model->evals[term->eval].component];
        const double *shares =
            shares_of(model, term->eval, scratch) + term->output * (part->n_inputs + 1);
        for (size_t i = 0; i < part->n_inputs; i++) {
            if (part->inputs[i].parameter < 0) {
                const enum rx_feature feature = model->columns[part->inputs[i].column].feature;
                sums[feature] += term->weight * shares[i];
                read[feature] = true;
            }
        }
    }
    double total = 0;
    for (size_t i = 0; i < model->n_features; i++) {
        total += sums[model->features[i]];
    }
    return total;
}

/* How much of a share of the margin arrives in the calibrated log-odds. */
static double ratio(const struct rx_model_target *target, const struct rx_model_head *head,
                    const struct rx_overlay *overlay, double margin, double distance)
{
    if (fabs(distance) < NEAR_BASE) {
        return (rx_model_map(target, head, overlay, margin + NEAR_BASE) -
                rx_model_map(target, head, overlay, margin - NEAR_BASE)) /
               (2 * NEAR_BASE);
    }
    return (rx_model_map(target, head, overlay, margin) -
            rx_model_map(target, head, overlay, margin - distance)) /
           distance;
}

/* Brings the `top` largest shares to the front, the largest first. */
static void select_top(struct rx_explanation *of, size_t top)
{
    for (size_t i = 0; i < top && i + 1 < of->n; i++) {
        size_t best = i;
        for (size_t k = i + 1; k < of->n; k++) {
            if (fabs(of->items[k].log_odds) > fabs(of->items[best].log_odds)) {
                best = k;
            }
        }
        const struct rx_contribution item = of->items[best];
        of->items[best] = of->items[i];
        of->items[i] = item;
    }
}

void rx_model_explain(const struct rx_model *model, size_t target, const double features[RX_F_MAX],
                      const struct rx_estimate *estimates, struct rx_model_scratch *scratch,
                      size_t top, struct rx_explanation *ret)
{
    const struct rx_model_target *t = &model->targets[target];
    const struct rx_model_head *head = &t->heads[scratch->head[target]];
    double sums[RX_F_MAX] = {0};
    bool read[RX_F_MAX] = {false};
    const double distance = add_terms(model, head, scratch, sums, read);
    const struct rx_overlay *overlay = rx_recalibration_of(scratch->recalibration, target);
    const double scale = ratio(t, head, overlay, scratch->raw[target], distance);
    const double moved = estimates[target].log_odds - scratch->mapped[target];
    ret->n = 0;
    ret->log_odds = estimates[target].log_odds;
    for (size_t i = 0; i < model->n_features; i++) {
        const enum rx_feature feature = model->features[i];
        if (read[feature]) {
            ret->items[ret->n++] =
                (struct rx_contribution){feature, features[feature], scale * sums[feature]};
        }
    }
    if (moved < 0 || moved > 0) {
        ret->items[ret->n++] = (struct rx_contribution){RX_CONTRIBUTION_PROJECTION, RX_NAN, moved};
    }
    ret->base = ret->log_odds;
    for (size_t i = 0; i < ret->n; i++) {
        ret->base -= ret->items[i].log_odds;
    }
    select_top(ret, top);
}
