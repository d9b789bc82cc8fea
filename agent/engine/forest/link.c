// SPDX-License-Identifier: Apache-2.0
/*
 * From margins to values by the objective. XGBoost's are computed in float32 with the C library's
 * expf, its guards included (the exponent is capped at 88.7, 1e-16 is added to the denominator).
 * Where the libraries answer infinity the answer is the largest finite number.
 */
#include <float.h>

#include "agent/engine/forest/forest_core.h"

static double sigmoid_float(double margin)
{
    float x = -(float)margin;
    x = x > 88.7f ? 88.7f : x;
    float denominator = expf(x) + 1.0f + 1e-16f;
    return (double)(1.0f / denominator);
}

static double one_of(const struct rx_forest *forest, double margin)
{
    bool single = forest->family == RX_FOREST_XGBOOST;
    switch (forest->link) {
    case RX_LINK_SIGMOID:
        return single ? sigmoid_float(margin) : 1 / (1 + exp(-forest->link_scale * margin));
    case RX_LINK_EXP:
        return single ? fmin((double)expf((float)margin), (double)FLT_MAX)
                      : fmin(exp(margin), DBL_MAX);
    case RX_LINK_LOG1P_EXP:
        return fmin(log1p(exp(margin)), DBL_MAX);
    case RX_LINK_SIGNED_SQUARE:
        return copysign(fmin(margin * margin, DBL_MAX), margin);
    case RX_LINK_STEP:
        return margin > 0 ? 1 : 0;
    default:
        return margin;
    }
}

static void softmax_float(const double *margins, size_t n, double *out)
{
    float highest = (float)margins[0];
    for (size_t i = 1; i < n; i++) {
        highest = (float)margins[i] > highest ? (float)margins[i] : highest;
    }
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        float value = expf((float)margins[i] - highest);
        out[i] = (double)value;
        sum += (double)value;
    }
    for (size_t i = 0; i < n; i++) {
        out[i] = (double)((float)out[i] / (float)sum);
    }
}

static void softmax_double(const double *margins, double divide, size_t n, double *out)
{
    double highest = margins[0] / divide;
    for (size_t i = 1; i < n; i++) {
        highest = fmax(highest, margins[i] / divide);
    }
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        out[i] = exp(margins[i] / divide - highest);
        sum += out[i];
    }
    for (size_t i = 0; i < n; i++) {
        out[i] /= sum;
    }
}

/* The first of the largest. */
static double class_of(const double *margins, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++) {
        best = margins[i] > margins[best] ? i : best;
    }
    return (double)best;
}

void rx_forest_transform(const struct rx_forest *forest, const double *margins, double *out)
{
    if (forest->link == RX_LINK_SOFTMAX_CLASS) {
        out[0] = class_of(margins, forest->n_outputs);
    } else if (forest->link == RX_LINK_SOFTMAX && forest->family == RX_FOREST_XGBOOST) {
        softmax_float(margins, forest->n_outputs, out);
    } else if (forest->link == RX_LINK_SOFTMAX) {
        softmax_double(margins, forest->divide, forest->n_outputs, out);
    } else {
        for (size_t i = 0; i < forest->n_outputs; i++) {
            out[i] = one_of(forest, margins[i] / forest->divide);
        }
    }
}
