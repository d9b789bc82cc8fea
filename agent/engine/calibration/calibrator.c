// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/calibration/calibrator.h"

#include <math.h>
#include <string.h>

static const char *const kind_names[RX_CAL_KINDS] = {
    [RX_CAL_PLATT] = "platt",
    [RX_CAL_TEMPERATURE] = "temperature",
    [RX_CAL_BETA] = "beta",
    [RX_CAL_ISOTONIC] = "isotonic",
};

const char *rx_calibrator_kind_name(enum rx_calibrator_kind kind)
{
    return (unsigned)kind < RX_CAL_KINDS ? kind_names[kind] : NULL;
}

enum rx_calibrator_kind rx_calibrator_kind_of(const char *name)
{
    for (int i = 0; i < RX_CAL_KINDS; i++) {
        if (strcmp(kind_names[i], name) == 0) {
            return (enum rx_calibrator_kind)i;
        }
    }
    return RX_CAL_KINDS;
}

static int check_numbers(const struct rx_calibrator *cal, struct rx_error *err)
{
    static const char *const names[] = {"a", "b", "c"};
    static const int used[RX_CAL_KINDS] = {
        [RX_CAL_PLATT] = 2, [RX_CAL_TEMPERATURE] = 1, [RX_CAL_BETA] = 3, [RX_CAL_ISOTONIC] = 0};
    const double values[] = {cal->a, cal->b, cal->c};
    for (int i = 0; i < used[cal->kind] && i < (int)RX_ARRAY_LEN(values); i++) {
        if (!isfinite(values[i])) {
            return rx_error_set(err, RX_EINVALID, "%s calibrator: %s: a finite number expected",
                                kind_names[cal->kind], names[i]);
        }
    }
    if (cal->kind == RX_CAL_PLATT && cal->a < 0) {
        return rx_error_set(err, RX_EINVALID,
                            "platt calibrator: a: a slope of at least 0 expected, got %g", cal->a);
    }
    if (cal->kind == RX_CAL_TEMPERATURE && cal->a <= 0) {
        return rx_error_set(err, RX_EINVALID,
                            "temperature calibrator: t: a number above 0 expected, got %g", cal->a);
    }
    if (cal->kind == RX_CAL_BETA && (cal->a < 0 || cal->b < 0)) {
        return rx_error_set(err, RX_EINVALID,
                            "beta calibrator: a and b: numbers of at least 0 expected, got %g, %g",
                            cal->a, cal->b);
    }
    return 0;
}

static int check_knots(const struct rx_calibrator *cal, struct rx_error *err)
{
    if (cal->n == 0) {
        return rx_error_set(err, RX_EINVALID, "isotonic calibrator: x: at least one knot expected");
    }
    if (cal->n > RX_CAL_MAX_KNOTS) {
        return rx_error_set(err, RX_ELIMIT, "isotonic calibrator: x: at most %d knots, got %zu",
                            RX_CAL_MAX_KNOTS, cal->n);
    }
    for (size_t i = 0; i < cal->n; i++) {
        if (!isfinite(cal->x[i]) || !isfinite(cal->y[i])) {
            return rx_error_set(err, RX_EINVALID,
                                "isotonic calibrator: knot %zu: finite numbers expected", i);
        }
        if (i > 0 && cal->x[i] < cal->x[i - 1]) {
            return rx_error_set(err, RX_EINVALID,
                                "isotonic calibrator: x[%zu]: ascending order expected", i);
        }
        if (i > 0 && cal->y[i] < cal->y[i - 1]) {
            return rx_error_set(err, RX_EINVALID,
                                "isotonic calibrator: y[%zu]: a non-decreasing map expected", i);
        }
    }
    return 0;
}

int rx_calibrator_validate(const struct rx_calibrator *cal, struct rx_error *err)
{
    if ((unsigned)cal->kind >= RX_CAL_KINDS) {
        return rx_error_set(err, RX_EINVALID,
                            "calibrator: method: platt, temperature, beta or isotonic expected");
    }
    int rc = check_numbers(cal, err);
    return rc == 0 && cal->kind == RX_CAL_ISOTONIC ? check_knots(cal, err) : rc;
}

/* ln(1 + exp(x)) without overflow. */
static double softplus(double x)
{
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

static double apply_isotonic(const struct rx_calibrator *cal, double f)
{
    if (f < cal->x[0]) {
        return cal->y[0];
    }
    size_t low = 0; /* x[low] <= f, and x[high] > f or high is the end */
    size_t high = cal->n;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (cal->x[middle] <= f) {
            low = middle;
        } else {
            high = middle;
        }
    }
    if (high == cal->n) {
        return cal->y[low];
    }
    double share = (f - cal->x[low]) / (cal->x[high] - cal->x[low]);
    double y = cal->y[low] + share * (cal->y[high] - cal->y[low]);
    return fmin(y, cal->y[high]); /* rounding must not break the order */
}

double rx_calibrator_apply(const struct rx_calibrator *cal, double log_odds)
{
    if (isnan(log_odds)) {
        return log_odds;
    }
    double f = fmin(fmax(log_odds, -RX_CAL_MAX_LOG_ODDS), RX_CAL_MAX_LOG_ODDS);
    double out = f;
    switch (cal->kind) {
    case RX_CAL_PLATT:
        out = cal->a * f + cal->b;
        break;
    case RX_CAL_TEMPERATURE:
        out = f / cal->a;
        break;
    case RX_CAL_BETA:
        out = cal->b * softplus(f) - cal->a * softplus(-f) + cal->c;
        break;
    case RX_CAL_ISOTONIC:
        out = apply_isotonic(cal, f);
        break;
    case RX_CAL_KINDS:
        break;
    }
    return fmin(fmax(out, -RX_CAL_MAX_LOG_ODDS), RX_CAL_MAX_LOG_ODDS);
}
