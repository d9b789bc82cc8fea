# SPDX-License-Identifier: Apache-2.0
"""Trains the default model from pool snapshots and writes default.json and default.card.md.

usage: train.py [--data DIR] [--out DIR]

DIR (default: $RADARX_DATA, else ../shared/data beside the project) holds
univ2/snapshots_2020.csv.gz and univ2/snapshots_2021_early.csv.gz. Same input, same bytes out.

Coefficients come from the first 65 % of the 2020 pools. The model is calibrated twice: on what it
would have said of later 2020 pools, to be judged on the last 25 % of 2020; and on the first 60 % of
the early 2021 pools, to be shipped and judged on the other 40 %.
"""

import argparse
import csv
import gzip
import hashlib
import json
import os
import pathlib

import card
import learn
import numpy as np

CREATED = "2026-11-22T00:00:00Z"
VERSION = "univ2-logistic-1"
FEATURE_VERSION = "univ2-1"
BLOCKS_PER_DAY = 86400 / 13.35
AGES = {"1h": 1 / 24, "6h": 0.25, "24h": 1.0, "72h": 3.0}
SEED = 20200905
BOOTSTRAPS = 200
RIDGE = 100.0  # chosen on the 10 % after the training pools and the first 60 % of 2021
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


def births(table):
    return np.sort(table.first_block[np.unique(table.pools, return_index=True)[1]])


def split_2020(table):
    """Rows of the first 65 %, next 10 % and last 25 % of the pools by birth. A row trains only when
    its label is known before the next part begins."""
    born = births(table)
    cut1, cut2 = born[int(0.65 * len(born))], born[int(0.75 * len(born))]
    train = (table.first_block < cut1) & (table.end <= cut1)
    valid = (table.first_block >= cut1) & (table.first_block < cut2) & (table.end <= cut2)
    return np.flatnonzero(train), np.flatnonzero(valid), np.flatnonzero(table.first_block >= cut2)


def split_2021(table):
    """Rows of the first 60 % of the pools, labels known before the others begin, and the others."""
    born = births(table)
    cut = born[int(0.6 * len(born))]
    fresh = (table.first_block < cut) & (table.end <= cut)
    return np.flatnonzero(fresh), np.flatnonzero(table.first_block >= cut)


class Logistic:
    """Coefficients on standardised inputs and Platt's a and b."""

    def __init__(self, beta, a, b):
        self.beta, self.a, self.b = beta, a, b

    def log_odds(self, z):
        return self.a * (self.beta[0] + z @ self.beta[1:]) + self.b

    def effective(self):
        """Intercept and coefficients after calibration."""
        return np.concatenate([[self.a * self.beta[0] + self.b], self.a * self.beta[1:]])


def margin(beta, z):
    return beta[0] + z @ beta[1:]


def walk_forward(table, y, usable):
    """What models of the past say of each following tenth: (rows, margins, tenth)."""
    usable = usable[np.argsort(table.first_block[usable], kind="mergesort")]
    first = table.first_block[usable]
    edges = first[np.linspace(0, len(usable) - 1, 11).astype(int)]
    edges[-1] += 1
    rows, margins, tenths = [], [], []
    for k in range(3, 10):
        past = usable[(first < edges[k]) & (table.end[usable] <= edges[k])]
        future = usable[(first >= edges[k]) & (first < edges[k + 1])]
        scaler = Scaler(table.matrix[past])
        beta = learn.fit_logistic(scaler.apply(table.matrix[past]), y[past], RIDGE)
        rows.append(future)
        margins.append(margin(beta, scaler.apply(table.matrix[future])))
        tenths.append(np.full(len(future), k))
    return np.concatenate(rows), np.concatenate(margins), np.concatenate(tenths)


def misses(y, log_odds, periods):
    """How far, in log-odds, the frequency seen in each fifth of each period is from what was said."""
    found = []
    for period in np.unique(periods):
        at = np.flatnonzero(periods == period)
        p = learn.sigmoid(log_odds[at])
        for rows in learn.equal_mass_bins(p, 5):
            seen = (y[at][rows].sum() + 0.5) / (len(rows) + 1)
            found.append(abs(learn.logit(seen) - learn.logit(p[rows].mean())))
    return found


def drift_variance(found):
    """The variance whose 95 % interval held 95 % of the frequencies that came later."""
    return float((np.quantile(found, 0.95) / learn.Z95) ** 2)


def covariance(fit, calibrate, rng):
    """Of the calibrated coefficients, by drawing the pools of both sets anew. Each set is (inputs
    or margins, labels, pools); margins are given where calibration has its own."""
    z, y, pools = fit
    draws = []
    for _ in range(BOOTSTRAPS):
        beta = learn.fit_logistic(z, y, RIDGE, learn.bootstrap_weights(pools, rng))
        cal_z, cal_y, cal_pools = calibrate
        cal_margin = cal_z if cal_z.ndim == 1 else margin(beta, cal_z)
        a, b = learn.fit_platt(cal_margin, cal_y, learn.bootstrap_weights(cal_pools, rng))
        draws.append(Logistic(beta, a, b).effective())
    return np.cov(np.array(draws), rowvar=False)


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


def target_json(name, base, rows, scaler, model, cov, tau2, table, sample):
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
        "rows": rows,
        "base_rate": base,
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
        "covered_half": learn.bins_covered(
            truth, p, learn.sigmoid(f - h), learn.sigmoid(f + h), 0.5
        ),
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


def train_target(name, table, later, rng):
    train, valid, test = split_2020(table)
    fresh, held = split_2021(later)
    y, y_later = table.labels[name], later.labels[name]
    scaler = Scaler(table.matrix[train])
    z, z_later = scaler.apply(table.matrix), scaler.apply(later.matrix)
    beta = learn.fit_logistic(z[train], y[train], RIDGE)
    fit = (z[train], y[train], table.pools[train])

    rows, margins, tenths = walk_forward(table, y, np.concatenate([train, valid]))
    stale = Logistic(beta, *learn.fit_platt(margins, y[rows]))
    found = misses(y[rows], stale.a * margins + stale.b, tenths)
    # A freshly calibrated model, judged on what follows: the second half of the fresh rows.
    half = later.first_block[fresh] < np.median(later.first_block[fresh])
    early, late = fresh[half], fresh[~half]
    trial = Logistic(beta, *learn.fit_platt(margin(beta, z_later[early]), y_later[early]))
    found += misses(y_later[late], trial.log_odds(z_later[late]), np.zeros(len(late)))
    # And one that nobody calibrated for a year.
    found += misses(y_later[fresh], stale.log_odds(z_later[fresh]), half)
    tau2 = drift_variance(found)
    stale_cov = covariance(fit, (margins, y[rows], table.pools[rows]), rng)

    shipped = Logistic(beta, *learn.fit_platt(margin(beta, z_later[fresh]), y_later[fresh]))
    cov = covariance(fit, (z_later[fresh], y_later[fresh], later.pools[fresh]), rng)
    sample = held[np.linspace(0, len(held) - 1, 8).astype(int)]
    report = {
        "name": name,
        "train": len(train),
        "train_positives": int(y[train].sum()),
        "fresh": len(fresh),
        "fresh_positives": int(y_later[fresh].sum()),
        "drift": tau2,
        "coefficients": list(zip(INPUTS, shipped.effective()[1:])),
        "2020": figures(table, test, y, z, stale, stale_cov, tau2, rng),
        "2021 stale": figures(later, held, y_later, z_later, stale, stale_cov, tau2, rng),
        "2021": figures(later, held, y_later, z_later, shipped, cov, tau2, rng),
    }
    base = float(y_later[fresh].mean())
    return target_json(name, base, len(train), scaler, shipped, cov, tau2, later, sample), report


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
    rng = np.random.default_rng(SEED)
    results = [train_target(name, table, later, rng) for name in TARGETS]
    write_model(args.out / "default.json", [target for target, _ in results])
    text = card.render([report for _, report in results], VERSION, CREATED, len(INPUTS), RIDGE)
    (args.out / "default.card.md").write_text(text)
    for _, report in results:
        print(card.summary(report))


if __name__ == "__main__":
    main()
