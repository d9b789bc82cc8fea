# SPDX-License-Identifier: Apache-2.0
"""The three kinds of models that a bundle is made of, fitted on rows of a Table.

Each has `margin(matrix)`: log-odds of the rows of a matrix with the registry's columns (NaN =
missing), and `document()`: what the bundle stores of it.
"""

import json

import learn
import lightgbm
import numpy as np
import xgboost
from data import COLUMN

CLIP = (0.005, 0.995)  # quantiles of the training rows that bound each transformed input

# feature: (transform, factor); asinh(factor * x) is linear near 0 and logarithmic far from it.
TRANSFORMS = {
    "n_buy": ("log1p", 1),
    "n_sell": ("log1p", 1),
    "n_mint": ("log1p", 1),
    "n_burn": ("log1p", 1),
    "buy_share": ("identity", 1),
    "buy_vol": ("log1p", 1),
    "sell_vol": ("log1p", 1),
    "net_ratio": ("identity", 1),
    "w_init": ("log1p", 1),
    "w_now": ("log1p", 1),
    "w_now_max": ("identity", 1),
    "p_ret": ("asinh", 1),
    "p_dd": ("identity", 1),
    "p_up": ("asinh", 1),
    "vol": ("asinh", 10),
    "max_drop": ("asinh", 1),
    "max_rise": ("asinh", 1),
    "k_growth": ("asinh", 100),
    "late_share": ("asinh", 10),
    "idle": ("identity", 1),
    "snipe0": ("log1p", 1),
    "early100": ("log1p", 1),
    "mean_buy": ("log1p", 1),
    "max_buy_rel": ("log1p", 1),
    "hhi_buy": ("identity", 1),
    "gap_mean": ("log1p", 1),
    "gap_cv": ("log1p", 1),
    "uniq_blk": ("identity", 1),
    "turnover": ("log1p", 1),
    "age_h": ("log1p", 1),
}


def transform(name, x):
    """A feature as the linear models see it."""
    kind, factor = TRANSFORMS[name]
    if kind == "log1p":
        return np.log1p(np.maximum(x, 0))
    if kind == "asinh":
        return np.arcsinh(factor * x)
    return x


def short(value):
    """Numbers of a document with nine significant digits."""
    if isinstance(value, dict):
        return {key: short(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [short(item) for item in value]
    if isinstance(value, (float, np.floating)):
        return float(f"{value:.9g}")
    return value


class Linear:
    """Ridge logistic regression on transformed, clipped and standardised features."""

    def __init__(self, features):
        self.features = list(features)

    def fit(self, matrix, y, weights, fresh, ridge, fresh_ridge):
        """First on the rows that are not `fresh`, then what the fresh ones add to that: a penalty
        of `fresh_ridge` keeps the coefficients near the old ones."""
        self._fit_scale(matrix, weights)
        z = self._inputs(matrix)
        old = ~fresh
        self.beta = learn.fit_logistic(z[old], y[old], ridge, weights[old])
        if fresh.any():
            offset = self.beta[0] + z[fresh] @ self.beta[1:]
            added = learn.fit_logistic(z[fresh], y[fresh], fresh_ridge, weights[fresh], offset)
            self.beta = self.beta + added
        self.beta = np.array(short(self.beta))
        return self

    def _fit_scale(self, matrix, weights):
        raw = self._raw(matrix)
        self.low, self.high = np.nanquantile(raw, CLIP, axis=0)
        clipped = np.clip(raw, self.low, self.high)
        share = weights[:, None] * ~np.isnan(clipped)
        share = share / share.sum(axis=0)
        self.mean = np.nansum(share * clipped, axis=0)
        self.scale = np.sqrt(np.nansum(share * (clipped - self.mean) ** 2, axis=0))
        self.scale[self.scale < 1e-9] = 1.0
        for name in ("low", "high", "mean", "scale"):
            setattr(self, name, np.array(short(getattr(self, name))))

    def _raw(self, matrix):
        return np.column_stack([transform(n, matrix[:, COLUMN[n]]) for n in self.features])

    def _inputs(self, matrix):
        z = (np.clip(self._raw(matrix), self.low, self.high) - self.mean) / self.scale
        return np.nan_to_num(z, nan=0.0)

    def margin(self, matrix):
        return self.beta[0] + self._inputs(matrix) @ self.beta[1:]

    def document(self):
        inputs = []
        for i, name in enumerate(self.features):
            kind, factor = TRANSFORMS[name]
            row = {"feature": name, "transform": kind}
            if kind == "asinh":
                row["factor"] = factor
            row |= {"low": self.low[i], "high": self.high[i], "mean": self.mean[i]}
            row |= {"scale": self.scale[i], "coefficient": self.beta[i + 1]}
            inputs.append(row)
        return short({"kind": "logistic", "intercept": self.beta[0], "inputs": inputs})


class Trees:
    """Gradient-boosted trees of XGBoost on features as they are."""

    def __init__(self, features):
        self.features = list(features)
        self.columns = [COLUMN[name] for name in self.features]

    def fit(self, matrix, y, weights, rounds, params):
        data = xgboost.DMatrix(matrix[:, self.columns], y, weight=weights)
        settings = {"objective": "binary:logistic", "tree_method": "hist", "base_score": 0.5}
        self.booster = xgboost.train(settings | {"nthread": 1, "seed": 1} | params, data, rounds)
        return self

    def margin(self, matrix):
        data = xgboost.DMatrix(matrix[:, self.columns])
        return self.booster.predict(data, output_margin=True).astype(float)

    def document(self):
        model = json.loads(self.booster.save_raw("json"))
        return {
            "kind": "xgboost",
            "inputs": [{"feature": name} for name in self.features],
            "model": slim(model),
        }


def slim(model):
    """Leaves out what no reader of the bundle needs, and shortens the covers."""
    for tree in model["learner"]["gradient_booster"]["model"]["trees"]:
        for name in ("loss_changes", "base_weights", "parents"):
            tree.pop(name, None)
        tree["sum_hessian"] = [float(f"{cover:.4g}") for cover in tree["sum_hessian"]]
    return model


class RandomTrees:
    """Boosted trees of LightGBM whose thresholds are drawn at random (Geurts 2006), so that single
    trees cannot lean on exact values."""

    def __init__(self, features):
        self.features = list(features)
        self.columns = [COLUMN[name] for name in self.features]

    def fit(self, matrix, y, weights, rounds, params):
        settings = {"objective": "binary", "extra_trees": True, "num_threads": 1, "seed": 1}
        settings |= {"deterministic": True, "force_row_wise": True, "verbose": -1} | params
        data = lightgbm.Dataset(self._rows(matrix), y, weight=weights, params=settings)
        self.text = slim_text(lightgbm.train(settings, data, rounds).model_to_string())
        self.booster = lightgbm.Booster(model_str=self.text)
        return self

    def _rows(self, matrix):
        """Single precision, as every reader of a bundle gives to trees."""
        return matrix[:, self.columns].astype(np.float32)

    def margin(self, matrix):
        return self.booster.predict(self._rows(matrix), raw_score=True, num_threads=1)

    def document(self):
        return {
            "kind": "lightgbm",
            "inputs": [{"feature": name} for name in self.features],
            "model": self.text,
        }


UNREAD = ("tree_sizes", "split_gain", "leaf_weight", "internal_value", "internal_weight")
ROUNDED = ("threshold", "leaf_value")


def slim_text(text):
    """LightGBM's model text without what no reader needs, its numbers of nine digits."""
    kept = []
    for line in text.split("end of trees")[0].splitlines():
        name, _, values = line.partition("=")
        if name in UNREAD:
            continue
        if name in ROUNDED:
            line = name + "=" + " ".join(f"{float(v):.9g}" for v in values.split())
        kept.append(line)
    return "\n".join(kept) + "\nend of trees\n"
