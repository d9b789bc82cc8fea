// SPDX-License-Identifier: Apache-2.0
/*
 * Maps from a model's log-odds to calibrated log-odds. Fitting is in fit.h and isotonic.h.
 *
 * Sources: Platt scaling: J. Platt 1999. Temperature: C. Guo et al. 2017. Beta: M. Kull, T. Silva
 * Filho, P. Flach 2017. Isotonic: M. Ayer et al. 1955 (PAVA), B. Zadrozny, C. Elkan 2002.
 *
 * Pure functions; thread-safe.
 */
#pragma once

#include <stddef.h>

#include "common/base/error.h"

/* Answers are clipped to this many log-odds on either side, so they are always finite. */
#define RX_CAL_MAX_LOG_ODDS 700.0
/* Most knots of an isotonic map. */
#define RX_CAL_MAX_KNOTS 65536

enum rx_calibrator_kind {
    RX_CAL_PLATT,       /* f' = a f + b */
    RX_CAL_TEMPERATURE, /* f' = f / a, a > 0 is the temperature */
    RX_CAL_BETA,        /* f' = a ln p - b ln(1 - p) + c, p = 1 / (1 + exp(-f)) */
    RX_CAL_ISOTONIC,    /* linear between the knots (x, y), both log-odds; constant outside */
    RX_CAL_KINDS
};

/* All members are plain values, so a calibrator may be copied; x and y are borrowed. */
struct rx_calibrator {
    enum rx_calibrator_kind kind;
    double a, b, c;
    size_t n;        /* knots, isotonic only */
    const double *x; /* [n] ascending; two equal ones make a step: the upper one counts */
    const double *y; /* [n] non-decreasing */
};

/* "platt", "temperature", "beta", "isotonic": the name that files use; NULL when out of range. */
const char *rx_calibrator_kind_name(enum rx_calibrator_kind kind);
/* The kind of that name, or RX_CAL_KINDS. */
enum rx_calibrator_kind rx_calibrator_kind_of(const char *name);

/*
 * Refuses what cannot be applied: numbers that are not finite, a decreasing map (negative slope,
 * a temperature that is not above zero), knots out of order, no knot, more than RX_CAL_MAX_KNOTS.
 * RX_EINVALID or RX_ELIMIT with the member and what is expected.
 */
int rx_calibrator_validate(const struct rx_calibrator *cal, struct rx_error *err) RX_MUST_CHECK;

/*
 * Calibrated log-odds of `log_odds`, within +-RX_CAL_MAX_LOG_ODDS; infinite input counts as
 * +-RX_CAL_MAX_LOG_ODDS. NaN (missing) stays NaN. The calibrator must be valid. O(log n).
 */
double rx_calibrator_apply(const struct rx_calibrator *cal, double log_odds);
