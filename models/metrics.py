# SPDX-License-Identifier: Apache-2.0
"""How well probabilities agree with what happened."""

import numpy as np


def auc(y, p):
    """Mann-Whitney with ties at one half."""
    _, inverse, counts = np.unique(p, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    positives = y.sum()
    return (rank[y > 0].sum() - positives * (positives + 1) / 2) / (
        positives * (len(y) - positives)
    )


def average_precision(y, p):
    """Area under precision and recall as a sum of steps, ties as one step."""
    values, inverse = np.unique(-p, return_inverse=True)
    found = np.cumsum(np.bincount(inverse, weights=y, minlength=len(values)))
    taken = np.cumsum(np.bincount(inverse, minlength=len(values)))
    return np.sum(np.diff(found, prepend=0) * found / taken) / y.sum()


def brier(y, p):
    return np.mean((p - y) ** 2)


def brier_skill(y, p, base):
    """Against always saying `base`, the rate of the training rows."""
    return 1 - brier(y, p) / np.mean((base - y) ** 2)


def log_loss(y, p):
    p = np.clip(p, 1e-15, 1 - 1e-15)
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


def equal_mass_bins(p, bins=10):
    return np.array_split(np.argsort(p, kind="mergesort"), bins)


def ece(y, p, bins=10):
    return sum(len(b) * abs(y[b].mean() - p[b].mean()) for b in equal_mass_bins(p, bins)) / len(y)


def bins_covered(y, p, low, high, bins=10):
    """Equal-mass bins whose observed frequency lies within their mean interval."""
    return sum(
        low[b].mean() <= y[b].mean() <= high[b].mean() for b in equal_mass_bins(p, bins)
    )


def bootstrap(figure, pools, rng, draws=300):
    """95 % interval of figure(rows) by drawing whole pools anew; draws that give none are skipped."""
    _, index = np.unique(pools, return_inverse=True)
    order = np.argsort(index, kind="mergesort")
    groups = np.split(order, np.cumsum(np.bincount(index))[:-1])
    values = []
    for _ in range(draws):
        rows = np.concatenate([groups[i] for i in rng.integers(0, len(groups), len(groups))])
        value = figure(rows)
        if np.isfinite(value):
            values.append(value)
    return np.quantile(values, [0.025, 0.975]) if values else np.array([np.nan, np.nan])
