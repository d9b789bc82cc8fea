# SPDX-License-Identifier: Apache-2.0
"""Trains the default model from pool snapshots and writes default.json and default.card.md.

usage: train.py [--data DIR] [--out DIR]

DIR (default: $RADARX_DATA, else ../shared/data beside the project) holds
univ2/snapshots_2020.csv.gz and univ2/snapshots_2021_early.csv.gz. Same input, same bytes out.
"""

import argparse
import csv
import gzip
import hashlib
import json
import os
import pathlib

import numpy as np

import card
import learn

CREATED = "2026-11-22T00:00:00Z"
VERSION = "univ2-logistic-1"
FEATURE_VERSION = "univ2-1"
BLOCKS_PER_DAY = 86400 / 13.35
AGES = {"1h": 1 / 24, "6h": 0.25, "24h": 1.0, "72h": 3.0}
SEED = 20200905
BOOTSTRAPS = 200
RIDGE = 20.0
CLIP = (0.005, 0.995)  # quantiles of the training rows that bound each transformed feature

REGISTRY = (
    "dec n_sync n_buy n_sell n_mint n_burn n_other buy_share buy_vol sell_vol net_ratio w_init "
    "w_now w_max w_now_max w_now_init p_ret p_dd p_up vol max_drop max_rise k_growth late_share "
    "idle snipe0 early10 early100 mean_buy max_buy max_buy_rel hhi_buy gap_mean gap_cv uniq_blk "
    "t_init_log turnover age_h lp_n lp_holders lp_burn lp_lock lp_top lp_pool lp_hhi lp_safe"
).split()

# feature: (transform, factor); asinh(factor * x) is linear near 0 and logarithmic far from it.
INPUTS = {
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
    "t_init_log": ("identity", 1),
    "turnover": ("log1p", 1),
    "age_h": ("log1p", 1),
}
TARGETS = ("rug_24h", "x2_24h")
HORIZON_DAYS = 1.0


class Table:
    """Rows of one snapshots file as columns of numbers."""

    def __init__(self, path):
        with gzip.open(path, "rt", newline="") as file:
            rows = list(csv.DictReader(file))
        self.pools = np.array([row["pool"] for row in rows])
        self.first_block = np.array([float(row["first_block"]) for row in rows])
        self.age = np.array([AGES[row["age"]] for row in rows])
        self.ages = np.array([row["age"] for row in rows])
        self.end = self.first_block + (self.age + HORIZON_DAYS) * BLOCKS_PER_DAY
        self.columns = {
            name: np.array([float(row[name]) if row.get(name) else np.nan for row in rows])
            for name in REGISTRY
            if name in rows[0]
        }
        self.columns["age_h"] = self.age * 24
        self.labels = {name: np.array([float(row[name]) for row in rows]) for name in TARGETS}
        self.matrix = np.column_stack(
            [self.columns.get(name, np.full(len(rows), np.nan)) for name in REGISTRY]
        )


def transform(kind, factor, x):
    if kind == "log1p":
        return np.log1p(np.maximum(x, 0))
    if kind == "asinh":
        return np.arcsinh(factor * x)
    return x


class Scaler:
    """Transforms, clips and standardises the inputs; bounds and moments are of the training rows."""

    def __init__(self, matrix):
        raw = self.raw(matrix)
        self.low, self.high = np.quantile(raw, CLIP, axis=0)
        clipped = np.clip(raw, self.low, self.high)
        self.mean, self.scale = clipped.mean(axis=0), clipped.std(axis=0)

    @staticmethod
    def raw(matrix):
        return np.column_stack(
            [transform(*how, matrix[:, REGISTRY.index(name)]) for name, how in INPUTS.items()]
        )

    def apply(self, matrix):
        z = (np.clip(self.raw(matrix), self.low, self.high) - self.mean) / self.scale
        return np.nan_to_num(z, nan=0.0)


def split(table):
    """Rows of the first 65 %, next 10 % and last 25 % of the pools by birth. A row trains only when
    its label is known before the next part begins."""
    order = np.sort(np.unique(np.array(list(zip(table.first_block, table.pools)))[:, 0].astype(float)))
    births = np.sort([table.first_block[table.pools == pool][0] for pool in np.unique(table.pools)])
    assert len(order) <= len(births)
    cut1, cut2 = births[int(0.65 * len(births))], births[int(0.75 * len(births))]
    train = (table.first_block < cut1) & (table.end <= cut1)
    valid = (table.first_block >= cut1) & (table.first_block < cut2) & (table.end <= cut2)
    return np.flatnonzero(train), np.flatnonzero(valid), np.flatnonzero(table.first_block >= cut2)


class Logistic:
    """Coefficients on standardised inputs, Platt's a and b, and the interval's variance."""

    def __init__(self, z, y, calibrate_z, calibrate_y, w=None, calibrate_w=None):
        self.beta = learn.fit_logistic(z, y, RIDGE, w)
        margin = self.margin(calibrate_z)
        self.a, self.b = learn.fit_platt(margin, calibrate_y, calibrate_w)

    def margin(self, z):
        return self.beta[0] + z @ self.beta[1:]

    def log_odds(self, z):
        return self.a * self.margin(z) + self.b

    def effective(self):
        """Intercept and coefficients after calibration."""
        return np.concatenate([[self.a * self.beta[0] + self.b], self.a * self.beta[1:]])


def covariance(z, y, pools, parts, rng):
    """Of the calibrated coefficients, by drawing pools of both parts anew."""
    train, valid = parts
    draws = []
    for _ in range(BOOTSTRAPS):
        w = learn.bootstrap_weights(pools[train], rng)
        v = learn.bootstrap_weights(pools[valid], rng)
        draws.append(Logistic(z[train], y[train], z[valid], y[valid], w, v).effective())
    return np.cov(np.array(draws), rowvar=False)


def drift_variance(table, y, usable):
    """Variance in log-odds between what a model says of a later period and what happens there,
    beyond chance: five periods, each judged by a model of what was known before it."""
    usable = usable[np.argsort(table.first_block[usable], kind="mergesort")]
    edges = table.first_block[usable[np.linspace(0, len(usable) - 1, 11).astype(int)]]
    excess = []
    for k in range(5, 10):
        start, stop, cut = edges[k], edges[k + 1], edges[k - 1]
        past = usable[(table.first_block[usable] < cut) & (table.end[usable] <= cut)]
        recent = usable[(table.first_block[usable] >= cut) & (table.end[usable] <= start)]
        future = usable[(table.first_block[usable] >= start) & (table.first_block[usable] < stop)]
        if y[recent].sum() < 10 or len(future) < 50:
            continue
        scaler = Scaler(table.matrix[past])
        model = Logistic(
            scaler.apply(table.matrix[past]), y[past], scaler.apply(table.matrix[recent]), y[recent]
        )
        p = learn.sigmoid(model.log_odds(scaler.apply(table.matrix[future])))
        for rows in learn.equal_mass_bins(p, 5):
            n, hits, mean = len(rows), y[future][rows].sum(), p[rows].mean()
            seen = (hits + 0.5) / (n + 1)
            chance = 1 / (n * mean * (1 - mean))
            excess.append((learn.logit(seen) - learn.logit(mean)) ** 2 - chance)
    return max(0.0, float(np.mean(excess)))


def half_width(z, cov, tau2):
    x = np.column_stack([np.ones(len(z)), z])
    return learn.Z95 * np.sqrt(np.einsum("ij,jk,ik->i", x, cov, x) + tau2)


def golden(rows, scaler, model, cov, tau2):
    """Inputs and outputs that a reader of the file must reproduce; some with missing values."""
    vectors = []
    for number, row in enumerate(rows):
        x = row.copy()
        if number % 2:
            x[[REGISTRY.index("idle"), REGISTRY.index("vol")]] = np.nan
        z = scaler.apply(x[None, :])
        f, h = model.log_odds(z)[0], half_width(z, cov, tau2)[0]
        vectors.append(
            {
                "x": [None if np.isnan(value) else float(value) for value in x],
                "p": float(learn.sigmoid(f)),
                "lo": float(learn.sigmoid(f - h)),
                "hi": float(learn.sigmoid(f + h)),
            }
        )
    return vectors


def target_json(name, y, train, scaler, model, cov, tau2, table, sample):
    inputs = [
        {
            "name": feature,
            "transform": kind,
            "factor": factor,
            "low": float(scaler.low[i]),
            "high": float(scaler.high[i]),
            "mean": float(scaler.mean[i]),
            "scale": float(scaler.scale[i]),
            "coefficient": float(model.beta[i + 1]),
        }
        for i, (feature, (kind, factor)) in enumerate(INPUTS.items())
    ]
    return {
        "name": name,
        "type": "logistic",
        "rows": len(train),
        "base_rate": float(y[train].mean()),
        "intercept": float(model.beta[0]),
        "inputs": inputs,
        "calibration": {"method": "platt", "a": float(model.a), "b": float(model.b)},
        "interval": {
            "method": "delta, pool bootstrap and variance between periods",
            "drift_variance": tau2,
            "covariance": [float(cov[i, j]) for i in range(len(cov)) for j in range(i + 1)],
        },
        "golden": golden(table.matrix[sample], scaler, model, cov, tau2),
    }


def figures(table, rows, y, z, model, cov, tau2, rng):
    f, h = model.log_odds(z[rows]), half_width(z[rows], cov, tau2)
    p, truth = learn.sigmoid(f), y[rows]
    low, high = learn.auc_interval(truth, p, table.pools[rows], rng)
    result = {
        "n": len(rows),
        "positives": int(truth.sum()),
        "base": truth.mean(),
        "auc": learn.auc(truth, p),
        "auc_low": low,
        "auc_high": high,
        "brier": learn.brier(truth, p),
        "skill": learn.brier_skill(truth, p),
        "ece": learn.ece(truth, p),
        "covered": learn.bins_covered(truth, p, learn.sigmoid(f - h), learn.sigmoid(f + h)),
        "width": np.mean(learn.sigmoid(f + h) - learn.sigmoid(f - h)),
        "bins": [
            (p[b].mean(), truth[b].mean(), learn.sigmoid(f - h)[b].mean(),
             learn.sigmoid(f + h)[b].mean(), len(b))
            for b in learn.equal_mass_bins(p)
        ],
        "ages": [],
    }
    for age in AGES:
        at = table.ages[rows] == age
        if 0 < truth[at].sum() < at.sum():
            result["ages"].append(
                (age, int(at.sum()), truth[at].mean(), p[at].mean(), learn.auc(truth[at], p[at]))
            )
    return result


def train_target(name, table, later, parts, rng):
    train, valid, test = parts
    y = table.labels[name]
    scaler = Scaler(table.matrix[train])
    z, z_later = scaler.apply(table.matrix), scaler.apply(later.matrix)
    model = Logistic(z[train], y[train], z[valid], y[valid])
    cov = covariance(z, y, table.pools, (train, valid), rng)
    tau2 = drift_variance(table, y, np.concatenate([train, valid]))
    sample = test[np.linspace(0, len(test) - 1, 8).astype(int)]
    everything = np.arange(len(later.pools))
    report = {
        "name": name,
        "train": len(train),
        "valid": len(valid),
        "drift": tau2,
        "coefficients": list(zip(INPUTS, model.effective()[1:])),
        "2020": figures(table, test, y, z, model, cov, tau2, rng),
        "2021": figures(later, everything, later.labels[name], z_later, model, cov, tau2, rng),
    }
    return target_json(name, y, train, scaler, model, cov, tau2, table, sample), report


def write_model(path, targets):
    document = {
        "format": "radarx-model",
        "format_version": 1,
        "version": VERSION,
        "created": CREATED,
        "feature_version": FEATURE_VERSION,
        "registry_hash": hashlib.sha256("".join(n + "\n" for n in REGISTRY).encode()).hexdigest(),
        "confidence_level": 0.95,
        "age_h": {"min": 1, "max": 72},
        "sha256": "0" * 64,
        "targets": targets,
    }
    text = json.dumps(document, indent=1) + "\n"
    digest = hashlib.sha256(text.encode()).hexdigest()
    path.write_text(text.replace('"sha256": "' + "0" * 64, '"sha256": "' + digest))


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = os.environ.get("RADARX_DATA", here.parent.parent / "shared" / "data")
    parser.add_argument("--data", default=default, type=pathlib.Path)
    parser.add_argument("--out", default=here, type=pathlib.Path)
    args = parser.parse_args()
    table = Table(args.data / "univ2" / "snapshots_2020.csv.gz")
    later = Table(args.data / "univ2" / "snapshots_2021_early.csv.gz")
    parts = split(table)
    rng = np.random.default_rng(SEED)
    results = [train_target(name, table, later, parts, rng) for name in TARGETS]
    write_model(args.out / "default.json", [target for target, _ in results])
    text = card.render([report for _, report in results], VERSION, CREATED, len(INPUTS))
    (args.out / "default.card.md").write_text(text)
    for _, report in results:
        print(card.summary(report))


if __name__ == "__main__":
    main()
