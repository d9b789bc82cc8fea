// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <string.h>

#include "agent/engine/model/heatmap.h"
#include "agent/engine/model/model_core.h"

/* An end of an interval this close to 0 or 1 is there: the rest is rounding of a mean. */
#define CERTAIN 1e-12

static double logistic(double x)
{
    return x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x));
}

static double bounded(double log_odds)
{
    return fmin(fmax(log_odds, -RX_MODEL_MAX_LOG_ODDS), RX_MODEL_MAX_LOG_ODDS);
}

/* Of the end of an interval: certainty is within its reach. */
static double end_of(double log_odds)
{
    return log_odds <= -RX_MODEL_MAX_LOG_ODDS  ? 0
           : log_odds >= RX_MODEL_MAX_LOG_ODDS ? 1
                                               : logistic(log_odds);
}

/* In standard deviations of the training rows; 0 = their mean, also for a missing value. With
 * `by_age` times how far the age is from its mean. */
double rx_model_standardised(const struct rx_model_input *input, double value, double ln_age)
{
    if (isnan(value)) {
        return 0;
    }
    double z = (fmin(fmax(value, input->low), input->high) - input->mean) / input->scale;
    if (input->by_age) {
        z *= isnan(ln_age) ? 0 : (ln_age - input->age_mean) / input->age_scale;
    }
    return z;
}

void rx_model_fill_row(const struct rx_model *model, const struct rx_model_eval_plan *plan,
                       const double *columns, double *row)
{
    const struct rx_model_component *part = &model->components[plan->component];
    for (size_t i = 0; i < part->n_inputs; i++) {
        const struct rx_model_input *input = &part->inputs[i];
        row[i] =
            input->parameter >= 0 ? plan->parameters[input->parameter] : columns[input->column];
        if (part->forest) {
            row[i] = (double)(float)row[i];
        }
    }
}

static void fill_columns(const struct rx_model *model, const double *features,
                         struct rx_model_scratch *scratch)
{
    const double age = features[RX_F_AGE_H];
    scratch->ln_age = age > 0 ? log(age) : RX_NAN;
    for (size_t i = 0; i < model->n_columns; i++) {
        const struct rx_model_column *column = &model->columns[i];
        const double value =
            rx_transform_apply(&column->transform, features[column->feature], scratch->ln_age);
        scratch->columns[i] = isfinite(value) ? value : RX_NAN;
    }
}

/* The first head whose features are all there; the last one requires nothing. */
static size_t choose_head(const struct rx_model_target *target, const double *features)
{
    for (size_t h = 0; h + 1 < target->n_heads; h++) {
        const struct rx_model_head *head = &target->heads[h];
        size_t known = 0;
        while (known < head->n_requires && !isnan(features[head->requires[known]])) {
            known++;
        }
        if (known == head->n_requires) {
            return h;
        }
    }
    return target->n_heads - 1;
}

static double eval_logistic(const struct rx_model_component *part, const double *row, double ln_age)
{
    double sum = part->intercept;
    for (size_t i = 0; i < part->n_inputs; i++) {
        sum +=
            part->inputs[i].coefficient * rx_model_standardised(&part->inputs[i], row[i], ln_age);
    }
    return sum;
}

/* One component at all the parameters that are wanted of it: the forest takes them in one batch. */
static void eval_component(const struct rx_model *model, size_t component,
                           struct rx_model_scratch *scratch)
{
    const struct rx_model_component *part = &model->components[component];
    const struct rx_model_eval_plan *plans[RX_MODEL_MAX_TARGETS];
    size_t n = 0;
    for (size_t i = 0; i < model->n_evals; i++) {
        if (model->evals[i].component == component && scratch->state[i]) {
            rx_model_fill_row(model, &model->evals[i], scratch->columns,
                              scratch->rows + n * part->n_inputs);
            plans[n++] = &model->evals[i];
        }
    }
    if (n > 0 && part->forest) {
        rx_forest_margins_batch(part->forest, scratch->rows, n, scratch->margins);
    }
    for (size_t k = 0; k < n; k++) {
        double *out = scratch->outputs + plans[k]->output;
        if (!part->forest) {
            *out = eval_logistic(part, scratch->rows + k * part->n_inputs, scratch->ln_age);
        }
        for (size_t i = 0; i < part->n_outputs; i++) {
            const double margin = part->forest ? scratch->margins[k * part->n_outputs + i] : out[i];
            out[i] = fmin(fmax(margin, -RX_MODEL_MAX_MARGIN), RX_MODEL_MAX_MARGIN);
        }
    }
}

double rx_model_map(const struct rx_model_target *target, const struct rx_model_head *head,
                    const struct rx_overlay *overlay, double margin)
{
    double f = margin;
    for (size_t i = 0; i < head->n_calibrations; i++) {
        f = rx_calibrator_apply(&head->calibrations[i], f);
    }
    const double base = log(target->base_rate / (1 - target->base_rate));
    f = bounded(head->shrinkage * f + (1 - head->shrinkage) * base);
    return overlay ? bounded(rx_overlay_apply(overlay, f)) : f;
}

/* Ends of the interval at f: linear in the table, at the distance of its end outside of it. */
static void look_up_interval(const struct rx_model_head *head, double f, double *lo, double *hi)
{
    const double *x = head->interval_x;
    const size_t last = head->n_interval - 1;
    if (f <= x[0] || f >= x[last]) {
        const size_t end = f <= x[0] ? 0 : last;
        *lo = head->interval_lo[end] + (f - x[end]);
        *hi = head->interval_hi[end] + (f - x[end]);
        return;
    }
    size_t low = 0, high = last;
    while (high - low > 1) {
        const size_t middle = (low + high) / 2;
        if (x[middle] <= f) {
            low = middle;
        } else {
            high = middle;
        }
    }
    const double share = (f - x[low]) / (x[high] - x[low]);
    *lo = head->interval_lo[low] + share * (head->interval_lo[high] - head->interval_lo[low]);
    *hi = head->interval_hi[low] + share * (head->interval_hi[high] - head->interval_hi[low]);
}

/*
 * The overlay moves the middle to its new place. Each end goes where the overlay takes it, and
 * stays at least as far from the middle as it was: a flat or steep map is no news on how sure the
 * model is.
 */
static double recalibrate(const struct rx_overlay *overlay, double f, double *lo, double *hi)
{
    const double moved = bounded(rx_overlay_apply(overlay, f));
    *lo = fmin(rx_overlay_apply(overlay, *lo), moved - (f - *lo));
    *hi = fmax(rx_overlay_apply(overlay, *hi), moved + (*hi - f));
    return moved;
}

static void eval_target(const struct rx_model *model, size_t index, double widen,
                        struct rx_model_scratch *scratch, struct rx_estimate *out)
{
    const struct rx_model_target *target = &model->targets[index];
    const struct rx_model_head *head = &target->heads[scratch->head[index]];
    double f = head->bias, lo, hi;
    for (size_t i = 0; i < head->n_terms; i++) {
        const struct rx_model_term *term = &head->terms[i];
        f += term->weight * scratch->outputs[model->evals[term->eval].output + term->output];
    }
    scratch->raw[index] = f;
    const struct rx_overlay *overlay = rx_recalibration_of(scratch->recalibration, index);
    const double base = rx_model_map(target, head, NULL, f);
    f = base;
    look_up_interval(head, f, &lo, &hi);
    lo = f - widen * fmax(f - lo, 0);
    hi = f + widen * fmax(hi - f, 0);
    f = overlay ? recalibrate(overlay, f, &lo, &hi) : f;
    scratch->mapped[index] = f;
    *out = (struct rx_estimate){.p = logistic(f),
                                .lo = end_of(lo),
                                .hi = end_of(hi),
                                .log_odds = f,
                                .base = base,
                                .head = scratch->head[index],
                                .thin = head->thin};
}

enum part { P, LO, HI, PARTS };

static double *part_of(struct rx_estimate *estimate, enum part part)
{
    return part == P ? &estimate->p : part == LO ? &estimate->lo : &estimate->hi;
}

/* Projects p, lo and hi of the n cells (target index or -1). */
static void project(const int *cells, size_t n, struct rx_estimate *out)
{
    double values[RX_HEATMAP_CELLS];
    for (enum part part = P; part < PARTS; part++) {
        for (size_t i = 0; i < n; i++) {
            values[i] = cells[i] < 0 ? RX_NAN : *part_of(&out[cells[i]], part);
        }
        if (n == RX_HEATMAP_CELLS) {
            rx_heatmap_project(values);
        } else {
            rx_chain_project(values, n);
        }
        for (size_t i = 0; i < n; i++) {
            if (cells[i] >= 0) {
                *part_of(&out[cells[i]], part) = values[i];
            }
        }
    }
}

void rx_model_eval(const struct rx_model *model, const double features[RX_F_MAX], double widen,
                   struct rx_model_scratch *scratch, struct rx_estimate *out)
{
    fill_columns(model, features, scratch);
    memset(scratch->state, 0, model->n_evals);
    for (size_t t = 0; t < model->n_targets; t++) {
        const struct rx_model_target *target = &model->targets[t];
        scratch->head[t] = choose_head(target, features);
        const struct rx_model_head *head = &target->heads[scratch->head[t]];
        for (size_t i = 0; i < head->n_terms; i++) {
            scratch->state[head->terms[i].eval] = RX_EVAL_MARGIN;
        }
    }
    for (size_t c = 0; c < model->n_components; c++) {
        eval_component(model, c, scratch);
    }
    double before[RX_MODEL_MAX_TARGETS];
    for (size_t t = 0; t < model->n_targets; t++) {
        eval_target(model, t, widen, scratch, &out[t]);
        before[t] = out[t].p;
    }
    project(&model->heatmap[0][0], RX_HEATMAP_CELLS, out);
    project(model->rug, RX_MODEL_HORIZONS, out);
    for (size_t t = 0; t < model->n_targets; t++) {
        out[t].lo = fmin(out[t].lo, out[t].p);
        out[t].hi = fmax(out[t].hi, out[t].p);
        out[t].lo = out[t].lo < CERTAIN ? 0 : out[t].lo;
        out[t].hi = out[t].hi > 1 - CERTAIN ? 1 : out[t].hi;
        if (out[t].p < before[t] || out[t].p > before[t]) {
            out[t].log_odds = log(out[t].p / (1 - out[t].p));
        }
    }
}
