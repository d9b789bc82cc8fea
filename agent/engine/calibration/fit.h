// SPDX-License-Identifier: Apache-2.0
/*
 * Fits of the parametric calibrators to log-odds x and labels y (rows as in isotonic.h), by
 * Newton's method with step halving on the log loss. The result is a calibrator that passes
 * rx_calibrator_validate; isotonic knots come from isotonic.h.
 *
 * Sources: Platt: H.-T. Lin, C.-J. Lin, R. Weng 2007 (targets (N+ + 1)/(N+ + 2) and 1/(N- + 2) in
 * place of 1 and 0). Temperature: C. Guo et al. 2017. Beta: M. Kull, T. Silva Filho, P. Flach 2017
 * (a slope that comes out negative is set to 0 and the rest fitted again).
 *
 * Errors: RX_EINVALID when the rows are unusable, one class is missing (temperature, beta) or the
 * classes are perfectly separated so that no finite optimum exists (beta). Pure; thread-safe.
 */
#pragma once

#include "agent/engine/calibration/isotonic.h"

/* Bounds of a fitted temperature. */
#define RX_CAL_MIN_TEMPERATURE 0.05
#define RX_CAL_MAX_TEMPERATURE 20.0

int rx_fit_platt(const struct rx_cal_rows *rows, struct rx_calibrator *ret, struct rx_error *err)
    RX_MUST_CHECK;
int rx_fit_temperature(const struct rx_cal_rows *rows, struct rx_calibrator *ret,
                       struct rx_error *err) RX_MUST_CHECK;
int rx_fit_beta(const struct rx_cal_rows *rows, struct rx_calibrator *ret, struct rx_error *err)
    RX_MUST_CHECK;
