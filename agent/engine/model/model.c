// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/model/model.h"

#include <math.h>
#include <string.h>

#include "agent/engine/model/model_core.h"

extern const unsigned char rx_model_default_json[];
extern const size_t rx_model_default_json_len;

int rx_model_load_default(struct rx_model **ret, struct rx_error *err)
{
    struct rx_str text = {(const char *)rx_model_default_json, rx_model_default_json_len};
    int rc = rx_model_load(text, ret, err);
    return rc < 0 ? rx_error_wrap(err, "built-in model") : 0;
}

void rx_model_free(struct rx_model *model)
{
    if (model) {
        for (size_t i = 0; i < model->n_targets; i++) {
            free(model->targets[i].covariance);
        }
        free(model);
    }
}

const char *rx_model_version(const struct rx_model *model)
{
    return model->version;
}

const char *rx_model_created(const struct rx_model *model)
{
    return model->created;
}

const char *rx_model_feature_version(const struct rx_model *model)
{
    return model->feature_version;
}

const char *rx_model_sha256(const struct rx_model *model)
{
    return model->sha256;
}

double rx_model_confidence(const struct rx_model *model)
{
    return model->confidence;
}

double rx_model_max_age_h(const struct rx_model *model)
{
    return model->max_age_h;
}

double rx_model_min_age_h(const struct rx_model *model)
{
    return model->min_age_h;
}

size_t rx_model_targets(const struct rx_model *model)
{
    return model->n_targets;
}

const char *rx_model_target_name(const struct rx_model *model, size_t target)
{
    return target < model->n_targets ? model->targets[target].name : NULL;
}

int rx_model_target_find(const struct rx_model *model, const char *name)
{
    for (size_t i = 0; i < model->n_targets; i++) {
        if (strcmp(model->targets[i].name, name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

double rx_model_base_rate(const struct rx_model *model, size_t target)
{
    return model->targets[target].base_rate;
}

size_t rx_model_inputs(const struct rx_model *model, size_t target)
{
    return model->targets[target].n_inputs;
}

double rx_model_base(const struct rx_model *model, size_t target)
{
    const struct rx_model_target *t = &model->targets[target];
    return t->platt_a * t->intercept + t->platt_b;
}

static double transformed(const struct rx_model_input *input, double x)
{
    switch (input->transform) {
    case RX_TF_LOG1P:
        return log1p(fmax(x, 0));
    case RX_TF_ASINH:
        return asinh(input->factor * x);
    case RX_TF_IDENTITY:
    case RX_TF_MAX:
        break;
    }
    return x;
}

/* In standard deviations of the training rows; 0 = their mean, also for a missing value. */
static double standardised(const struct rx_model_input *input, const double features[RX_F_MAX])
{
    double x = features[input->feature];
    if (isnan(x)) {
        return 0;
    }
    double value = fmin(fmax(transformed(input, x), input->low), input->high);
    return (value - input->mean) / input->scale;
}

static double logistic(double x)
{
    return x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x));
}

/* x' C x with x = [1, z] and C given by its lower triangle. */
static double quadratic(const double *triangle, const double *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double row = 0;
        for (size_t j = 0; j < i; j++) {
            row += 2 * triangle[j] * x[j];
        }
        sum += x[i] * (row + triangle[i] * x[i]);
        triangle += i + 1;
    }
    return sum;
}

struct rx_estimate rx_model_eval(const struct rx_model *model, size_t target,
                                 const double features[RX_F_MAX], double widen)
{
    const struct rx_model_target *t = &model->targets[target];
    double x[RX_F_MAX + 1] = {1};
    double margin = t->intercept;
    for (size_t i = 0; i < t->n_inputs; i++) {
        x[i + 1] = standardised(&t->inputs[i], features);
        margin += t->inputs[i].coefficient * x[i + 1];
    }
    double log_odds = t->platt_a * margin + t->platt_b;
    double variance = quadratic(t->covariance, x, t->n_inputs + 1) + t->drift_variance;
    double half = widen * model->quantile * sqrt(fmax(variance, 0));
    return (struct rx_estimate){
        .p = logistic(log_odds), .lo = logistic(log_odds - half), .hi = logistic(log_odds + half)};
}

static int by_share(const void *a, const void *b)
{
    const struct rx_contribution *x = a;
    const struct rx_contribution *y = b;
    double left = fabs(x->log_odds);
    double right = fabs(y->log_odds);
    if (left != right) {
        return left < right ? 1 : -1;
    }
    return (x->feature > y->feature) - (x->feature < y->feature);
}

size_t rx_model_explain(const struct rx_model *model, size_t target,
                        const double features[RX_F_MAX], struct rx_contribution *out, size_t max)
{
    const struct rx_model_target *t = &model->targets[target];
    struct rx_contribution all[RX_F_MAX];
    for (size_t i = 0; i < t->n_inputs; i++) {
        const struct rx_model_input *input = &t->inputs[i];
        double share = t->platt_a * input->coefficient * standardised(input, features);
        all[i] = (struct rx_contribution){input->feature, features[input->feature], share};
    }
    qsort(all, t->n_inputs, sizeof(all[0]), by_share);
    size_t n = t->n_inputs < max ? t->n_inputs : max;
    memcpy(out, all, n * sizeof(all[0]));
    return n;
}
