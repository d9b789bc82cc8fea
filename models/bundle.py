# SPDX-License-Identifier: Apache-2.0
"""The model file: what it holds, what it answers, and how it is written.

A target's log-odds is a weighted sum of components, calibrated, then drawn towards the base rate;
the interval is read off a table at that log-odds. Last, the answers of one row are projected so
that higher multiples are never likelier and longer horizons never less likely.
"""

import hashlib
import json

import learn
import numpy as np
from components import short
from data import COLUMN, HORIZONS, MULTIPLIERS, RUGS, horizon_days, multiplier

FORMAT_VERSION = 2
CONFIDENCE = 0.95
FARTHEST = 15.0  # bound of a log-odds
STEP = 1e-14  # Dykstra's method has converged when no probability moves by more
ROUNDS = 10_000
HAIR = 1e-12


def pool_violators(values):
    """Least-squares non-decreasing fit along the last axis of a (rows, n) array: the smallest over
    the ends of the largest over the starts of the means."""
    n = values.shape[1]
    total = np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1)], axis=1)
    fit = np.empty_like(values)
    best = np.full((len(values), n), -np.inf)  # by end: largest mean over the starts so far
    for i in range(n):
        ends = np.arange(i, n)
        means = (total[:, ends + 1] - total[:, [i]]) / (ends - i + 1)
        best[:, i:] = np.maximum(best[:, i:], means)
        fit[:, i] = best[:, i:].min(axis=1)
    return fit


def project_heatmap(cells):
    """Nearest (rows, horizons, multipliers) array that falls with the multiplier and grows with the
    horizon. Dykstra (1983), alternating between the two orders."""
    x = cells.copy()
    first, second = np.zeros_like(x), np.zeros_like(x)
    rows, horizons, multipliers = x.shape
    for _ in range(ROUNDS):
        before = x
        y = x + first
        flat = -pool_violators(-y.reshape(rows * horizons, multipliers))
        first, x = y - flat.reshape(x.shape), flat.reshape(x.shape)
        y = (x + second).transpose(0, 2, 1)
        flat = pool_violators(y.reshape(rows * multipliers, horizons))
        fit = flat.reshape(rows, multipliers, horizons).transpose(0, 2, 1)
        second, x = x + second - fit, fit
        if np.abs(x - before).max(initial=0) < STEP:
            break
    return x


def project(answers):
    """Projects {target: (rows, 3) array of p, lo, hi} in place."""
    cells = [[f"x{k}_{horizon}" for k in MULTIPLIERS] for horizon in HORIZONS]
    grid = np.stack([np.stack([answers[name] for name in row], axis=1) for row in cells], axis=1)
    chain = np.stack([answers[name] for name in RUGS], axis=1)
    for part in range(3):
        grid[..., part] = project_heatmap(grid[..., part])
        chain[..., part] = pool_violators(chain[..., part])
    for i, row in enumerate(cells):
        for j, name in enumerate(row):
            answers[name] = ordered(grid[:, i, j])
    for i, name in enumerate(RUGS):
        answers[name] = ordered(chain[:, i])


def ordered(answer):
    """Bounds around p, exactly 0 or 1 where rounding left a hair of them."""
    p, low, high = answer.T
    low, high = np.where(low < HAIR, 0.0, low), np.where(high > 1 - HAIR, 1.0, high)
    return np.column_stack([p, np.minimum(low, p), np.maximum(high, p)])


def calibrate(chain, f):
    """Applies a chain of calibration maps, log-odds to log-odds."""
    for step in chain:
        if step["method"] == "platt":
            f = step["a"] * f + step["b"]
        else:
            f = np.interp(f, step["x"], step["y"])
    return f


def bounds(table, f):
    """lo and hi of an interval table at log-odds f; past its ends at the ends' distance."""
    inside = np.clip(f, table["x"][0], table["x"][-1])
    low = np.interp(inside, table["x"], table["lo"]) + (f - inside)
    high = np.interp(inside, table["x"], table["hi"]) + (f - inside)
    return np.minimum(low, f), np.maximum(high, f)


def bounded_logit(p):
    """Log-odds of a bound; FARTHEST stands for certainty."""
    with np.errstate(divide="ignore"):
        return np.clip(np.log(p) - np.log1p(-p), -FARTHEST, FARTHEST)


def bound_probability(f):
    """Probability of a bound: 0 or 1 exactly where its log-odds is as far as it can be."""
    p = learn.sigmoid(np.clip(f, -FARTHEST, FARTHEST))
    return np.where(f <= -FARTHEST, 0.0, np.where(f >= FARTHEST, 1.0, p))


def head_log_odds(target, head, margins):
    """Final log-odds of a head's rows, from {component: log-odds}."""
    f = head["bias"] + sum(t["weight"] * margins[t["component"]] for t in head["stack"])
    f = calibrate(head["calibration"], f)
    if "shrinkage" in head:
        w = head["shrinkage"]["weight"]
        f = w * f + (1 - w) * learn.logit(target["base_rate"])
    return f


class Bundle:
    """Fitted components by name, and targets as the file has them."""

    def __init__(self, components, targets):
        self.components, self.targets = components, short(targets)

    def margins(self, matrix):
        return {name: part.margin(matrix) for name, part in self.components.items()}

    def predict(self, matrix):
        """{target: (rows, 3) array of p, lo, hi} after projection."""
        margins = self.margins(matrix)
        answers = {}
        for target in self.targets:
            answer = np.full((len(matrix), 3), np.nan)
            for head in reversed(target["heads"]):
                needed = matrix[:, [COLUMN[name] for name in head["requires"]]]
                rows = ~np.isnan(needed).any(axis=1)
                f = head_log_odds(target, head, margins)
                low, high = bounds(head["interval"], f)
                p = learn.sigmoid(np.clip(f, -FARTHEST, FARTHEST))
                said = [p, bound_probability(low), bound_probability(high)]
                answer[rows] = np.column_stack(said)[rows]
            answers[target["name"]] = answer
        project(answers)
        return answers

    def features(self):
        """Registry features that any component or head reads, in registry order."""
        used = {name for part in self.components.values() for name in part.features}
        used |= {n for t in self.targets for head in t["heads"] for n in head["requires"]}
        return sorted(used | {"age_h"}, key=COLUMN.get)

    def golden(self, matrix):
        """Inputs and outputs that a reader of the file must reproduce."""
        features = self.features()
        matrix = np.array([[float(f"{x:.9g}") for x in row] for row in matrix])
        answers = self.predict(matrix)
        return [
            {
                "x": [None if np.isnan(v) else v for v in row[[COLUMN[n] for n in features]]],
                "p": {name: [float(v) for v in answer[i]] for name, answer in answers.items()},
            }
            for i, row in enumerate(matrix)
        ]

    def document(self, version, created, feature_version, golden_rows):
        features = self.features()
        revisions = "".join(f"{name} 1\n" for name in features)
        return {
            "format": "radarx-model",
            "format_version": FORMAT_VERSION,
            "version": version,
            "created": created,
            "feature_version": feature_version,
            "confidence_level": CONFIDENCE,
            "age_h": {"min": 1, "max": 72},
            "features": features,
            "features_sha256": hashlib.sha256(revisions.encode()).hexdigest(),
            "components": [{"name": n} | c.document() for n, c in self.components.items()],
            "targets": self.targets,
            "golden": self.golden(golden_rows),
        }


def target_document(name, labels, heads):
    """A target with the counts and the rate of its training labels."""
    return {
        "name": name,
        "rows": len(labels),
        "positives": int(labels.sum()),
        "base_rate": float(labels.mean()),
        "parameters": {"horizon_days": horizon_days(name), "multiplier": multiplier(name)},
        "heads": heads,
    }


def write(path, document):
    """The file: a digest and the exact bytes that it is of."""
    text = json.dumps(document, separators=(",", ":"), allow_nan=False)
    digest = hashlib.sha256(text.encode()).hexdigest()
    path.write_text(f'{{"sha256":"{digest}","model":{text}}}\n')
