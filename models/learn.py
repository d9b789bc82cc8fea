# SPDX-License-Identifier: Apache-2.0
"""Logistic regression and Platt calibration on numpy."""

import numpy as np

ROUNDS = 60  # Newton steps at most


def sigmoid(x):
    return 1 / (1 + np.exp(-np.clip(x, -500, 500)))


def logit(p):
    return np.log(p / (1 - p))


def fit_logistic(z, y, ridge, weights=None, offset=0.0):
    """Newton's method for [intercept, coefficients]; the intercept is not penalised. `ridge` is one
    penalty or one a coefficient; `offset` is added to every row's log-odds."""
    x = np.column_stack([np.ones(len(z)), z])
    w = np.ones(len(y)) if weights is None else weights
    penalty = np.concatenate([[1e-9], np.broadcast_to(ridge, x.shape[1] - 1)])
    beta = np.zeros(x.shape[1])
    for _ in range(ROUNDS):
        p = sigmoid(x @ beta + offset)
        gradient = x.T @ (w * (y - p)) - penalty * beta
        hessian = (x * (w * p * (1 - p))[:, None]).T @ x + np.diag(penalty)
        step = np.linalg.solve(hessian, gradient)
        beta = beta + step * min(1, 5 / (1e-12 + np.abs(step).max()))
        if np.abs(step).max() < 1e-10:
            break
    return beta


def platt_targets(y, weights):
    """Smoothed labels of Lin, Lin and Weng (2007)."""
    positives, negatives = np.sum(weights * y), np.sum(weights * (1 - y))
    return np.where(y > 0, (positives + 1) / (positives + 2), 1 / (negatives + 2))


def fit_platt(margin, y, weights=None, slope_ridge=1e-6):
    """a, b of sigmoid(a * margin + b); `slope_ridge` pulls a towards 1."""
    w = np.ones(len(y)) if weights is None else weights
    beta = fit_logistic(margin[:, None], platt_targets(y, w), slope_ridge, w, offset=margin)
    return 1 + beta[1], beta[0]
