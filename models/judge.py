# SPDX-License-Identifier: Apache-2.0
"""What a bundle says of later pools, against what happened to them."""

import metrics
import numpy as np
import recipe
from data import AGES, COLUMN, EVENT_FEATURES, LP_FEATURES, TARGETS

DRAWS = 200
SEED = 20211023
FLOOR_POSITIVES = 20  # judged positives from which on a plain model is put beside


def predictions(fitted, table, rows, with_lp):
    """{target: (rows, 3)} for rows of the table; `with_lp` False hides the LP features."""
    matrix = table.matrix[rows].copy()
    if not with_lp:
        matrix[:, [COLUMN[name] for name in LP_FEATURES]] = np.nan
    return fitted.predict(matrix)


def figures(y, answer, pools, base):
    """Every figure of one target, the last five with a 95 % interval from whole pools."""
    p, low, high = answer.T
    rng = np.random.default_rng(SEED)
    result = {
        "n": len(y),
        "positives": int(y.sum()),
        "seen": y.mean(),
        "said": p.mean(),
        "base": base,
        "covered": metrics.bins_covered(y, p, low, high),
        "width": np.mean(high - low),
    }
    ranks = {
        "auc": lambda rows: metrics.auc(y[rows], p[rows]),
        "ap": lambda rows: metrics.average_precision(y[rows], p[rows]),
        "brier": lambda rows: metrics.brier(y[rows], p[rows]),
        "skill": lambda rows: metrics.brier_skill(y[rows], p[rows], base),
        "ece": lambda rows: metrics.ece(y[rows], p[rows]),
    }
    for name, figure in ranks.items():
        both = 0 < y.sum() < len(y)
        if name in ("auc", "ap") and not both:
            result[name], result[name + "_range"] = np.nan, (np.nan, np.nan)
            continue

        def drawn(rows, figure=figure):
            return figure(rows) if 0 < y[rows].sum() < len(rows) else np.nan

        result[name] = figure(np.arange(len(y)))
        result[name + "_range"] = metrics.bootstrap(drawn, pools, rng, DRAWS)
    return result


def by_age(y, p, ages):
    """(age, rows, seen, said, AUC) for each age."""
    found = []
    for age in AGES:
        at = ages == age
        if not at.any():
            continue
        mixed = 0 < y[at].sum() < at.sum()
        auc = metrics.auc(y[at], p[at]) if mixed else np.nan
        found.append((age, int(at.sum()), y[at].mean(), p[at].mean(), auc))
    return found


def tenths(y, answer):
    """(said, seen, lower, upper, rows) of equal groups by p."""
    p, low, high = answer.T
    return [
        (p[b].mean(), y[b].mean(), low[b].mean(), high[b].mean(), len(b))
        for b in metrics.equal_mass_bins(p)
    ]


def judge(fitted, table, start, end, with_lp=False):
    """{target: figures, with `ages`, `tenths` and the AUC of a plain model as `floor`} on pools born
    in [start, end)."""
    everything = np.flatnonzero((table.birth >= start) & (table.birth < end))
    answers = predictions(fitted, table, everything, with_lp)
    bases = {target["name"]: target["base_rate"] for target in fitted.targets}
    report = {}
    for target in TARGETS:
        y = table.labels[target][everything]
        at = np.flatnonzero(~np.isnan(y))
        rows, answer = everything[at], answers[target][at]
        found = figures(y[at], answer, table.pools[rows], bases[target])
        if found["positives"] >= FLOOR_POSITIVES:
            features = EVENT_FEATURES + (LP_FEATURES if with_lp else [])
            plain = recipe.floor(table, target, start, features)
            found["floor"] = metrics.auc(y[at], plain.margin(table.matrix[rows]))
        found["ages"] = by_age(y[at], answer[:, 0], table.ages[rows])
        found["tenths"] = tenths(y[at], answer)
        report[target] = found
    return report
