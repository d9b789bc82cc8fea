# SPDX-License-Identifier: Apache-2.0
"""Logistic regression, Platt calibration, intervals and the figures of a model card, on numpy."""

import numpy as np

Z95 = 1.959963984540054  # normal quantile of a two-sided 95 % interval
ROUNDS = 60  # Newton steps at most


def sigmoid(x):
    return 1 / (1 + np.exp(-np.clip(x, -500, 500)))


def logit(p):
    return np.log(p / (1 - p))


def fit_logistic(z, y, ridge, weights=None):
    """Newton's method for [intercept, coefficients]; the intercept is not penalised."""
    x = np.column_stack([np.ones(len(z)), z])
    w = np.ones(len(y)) if weights is None else weights
    penalty = np.full(x.shape[1], ridge)
    penalty[0] = 1e-9
    beta = np.zeros(x.shape[1])
    for _ in range(ROUNDS):
        p = sigmoid(x @ beta)
        gradient = x.T @ (w * (y - p)) - penalty * beta
        hessian = (x * (w * p * (1 - p))[:, None]).T @ x + np.diag(penalty)
        step = np.linalg.solve(hessian, gradient)
        beta = beta + step * min(1, 5 / (1e-12 + np.abs(step).max()))
        if np.abs(step).max() < 1e-10:
            break
    return beta


def fit_platt(margin, y, weights=None):
    """a, b of sigmoid(a * margin + b) on smoothed targets (Lin, Lin and Weng 2007)."""
    w = np.ones(len(y)) if weights is None else weights
    positives, negatives = np.sum(w * y), np.sum(w * (1 - y))
    target = np.where(y > 0, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    beta = fit_logistic(margin[:, None], target, 1e-6, w)
    return beta[1], beta[0]


def auc(y, p):
    """Mann-Whitney with ties at one half."""
    order = np.argsort(p, kind="mergesort")
    _, inverse, counts = np.unique(p[order], return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    rank = np.empty(len(p))
    rank[order] = (last - (counts - 1) / 2)[inverse]
    positives = y.sum()
    return (rank[y > 0].sum() - positives * (positives + 1) / 2) / (
        positives * (len(y) - positives)
    )


def auc_interval(y, p, pools, rng, draws=500):
    """95 % interval by resampling pools."""
    names, index = np.unique(pools, return_inverse=True)
    rows = [np.flatnonzero(index == i) for i in range(len(names))]
    values = []
    for _ in range(draws):
        take = np.concatenate([rows[i] for i in rng.integers(0, len(rows), len(rows))])
        if 0 < y[take].sum() < len(take):
            values.append(auc(y[take], p[take]))
    return np.quantile(values, [0.025, 0.975])


def equal_mass_bins(p, bins=10):
    return np.array_split(np.argsort(p, kind="mergesort"), bins)


def ece(y, p, bins=10):
    return sum(len(b) * abs(y[b].mean() - p[b].mean()) for b in equal_mass_bins(p, bins)) / len(y)


def brier(y, p):
    return np.mean((p - y) ** 2)


def brier_skill(y, p):
    base = y.mean()
    return 1 - brier(y, p) / (base * (1 - base))


def bins_covered(y, p, low, high, half=0.0, bins=10):
    """Equal-mass bins whose observed frequency lies within their mean interval. `half` an event may
    be added to both outcomes."""
    return sum(
        low[b].mean() <= (y[b].sum() + half) / (len(b) + 2 * half) <= high[b].mean()
        for b in equal_mass_bins(p, bins)
    )


def bootstrap_weights(pools, rng):
    """How often each row is drawn when whole pools are drawn with replacement."""
    names, index = np.unique(pools, return_inverse=True)
    draws = np.bincount(rng.integers(0, len(names), len(names)), minlength=len(names))
    return draws[index].astype(float)
