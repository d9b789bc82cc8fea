# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/agent/model.json: a small bundle of made-up data that uses every part of the format, and
smaller ones, without their frames, as seeds of the fuzzer.

usage: $(scripts/venv models/requirements.txt)/bin/python tests/support/make_bundle.py

The golden vectors come from bundle_oracle.py; its trees are compared with the libraries' own margins here.
"""

import hashlib
import json
import math
import pathlib
import sys

import bundle_oracle as oracle
import lightgbm
import numpy as np
import xgboost

ROOT = pathlib.Path(__file__).resolve().parents[2]
FEATURES = ["n_buy", "p_dd", "idle", "w_now", "age_h", "lp_burn", "k_growth", "n_sync"]
DAYS = {"24h": 1, "7d": 7, "30d": 30}
QUANTILES = {"transform": "quantile", "knots": [0, 0.2, 0.5, 0.9], "values": [-1.5, -0.5, 0.25, 1.75]}
BY_AGE = {
    "transform": "quantile",
    "by_age": [
        {"age_h": 1, "knots": [0, 10, 100], "values": [-1, 0, 2]},
        {"age_h": 24, "knots": [0, 20, 300], "values": [-2, 0.5, 1.5]},
        {"age_h": 72, "knots": [5, 50], "values": [-1, 1]},
    ],
}


def random_rows(rng, n):
    x = np.column_stack([
        rng.poisson(30, n), rng.random(n), rng.random(n), rng.lognormal(2, 1, n), rng.choice([1, 6, 24, 72], n),
        rng.random(n), rng.normal(0, 0.05, n), rng.poisson(80, n) + 5,
    ]).astype(float)
    x[rng.random(x.shape) < 0.08] = np.nan
    x[:, 4] = np.where(np.isnan(x[:, 4]), 12.5, x[:, 4])
    return x


def as_row(values):
    return {f: None if v is None or math.isnan(v) else float(v) for f, v in zip(FEATURES, values)}


def matrix(component, rows, parameters):
    table = [oracle.tree_inputs(component, as_row(r), parameters, math.log(r[4])) for r in rows]
    return np.array([[np.nan if v is None else v for v in r] for r in table], dtype=np.float32)


def slim(model):
    """Only what an evaluator needs."""
    for tree in model["learner"]["gradient_booster"]["model"]["trees"]:
        for key in ("loss_changes", "base_weights", "parents"):
            del tree[key]
    return model


def fit_xgboost(component, x, y, trees, depth):
    options = {"objective": "binary:logistic", "max_depth": depth, "eta": 0.4, "nthread": 1, "seed": 1,
               "tree_method": "exact", "base_score": 0.3}
    booster = xgboost.train(options, xgboost.DMatrix(x, y), trees)
    component["model"] = slim(json.loads(booster.save_raw("json")))
    margins = booster.predict(xgboost.DMatrix(x), output_margin=True)
    mine = [oracle.xgboost(component, [None if np.isnan(v) else float(v) for v in r]) for r in x[:200]]
    assert list(margins[:200].astype(float)) == mine


def fit_lightgbm(component, x, y):
    options = {"objective": "binary", "num_leaves": 5, "learning_rate": 0.3, "verbose": -1, "seed": 1,
               "deterministic": True, "num_threads": 1, "min_data_in_leaf": 20}
    booster = lightgbm.train(options, lightgbm.Dataset(x.astype(float), y), 4)
    component["model"] = booster.model_to_string()
    margins = booster.predict(x.astype(float), raw_score=True)
    mine = [oracle.lightgbm(component, [None if np.isnan(v) else float(v) for v in r]) for r in x[:200]]
    assert np.allclose(margins[:200], mine, rtol=1e-14, atol=0)


def term(feature, coefficient, **more):
    return {"feature": feature, "low": -3, "high": 5, "mean": 0.25, "scale": 1.25, "coefficient": coefficient, **more}


def make_components(rng):
    x = random_rows(rng, 1500)
    clean = np.nan_to_num(x, nan=0.5)
    chance = 1 / (1 + np.exp(-(2 * clean[:, 2] - 2 * clean[:, 1] - clean[:, 5] + rng.normal(0, 0.5, len(x)))))
    y = (rng.random(len(x)) < chance).astype(int)
    trees = {"name": "trees", "kind": "xgboost", "inputs": [
        {"feature": "n_buy", "transform": "log1p"}, {"feature": "p_dd"}, {"feature": "idle"},
        {"feature": "w_now", "transform": "asinh", "factor": 2.0}, {"feature": "age_h", "transform": "log1p"}]}
    fit_xgboost(trees, matrix(trees, x, {}), y, 8, 3)
    reach = {"name": "reach", "kind": "xgboost", "inputs": [
        {"parameter": "horizon_days"}, {"feature": "p_dd", **QUANTILES}, {"feature": "n_buy", **BY_AGE},
        {"parameter": "multiplier"}, {"feature": "idle"}]}
    tables, labels = [], []
    for days in DAYS.values():
        for k in oracle.MULTIPLIERS:
            tables.append(matrix(reach, x[:300], {"horizon_days": days, "multiplier": k}))
            labels.append(rng.random(300) < chance[:300] * days**0.3 / k)
    fit_xgboost(reach, np.vstack(tables), np.concatenate(labels).astype(int), 10, 3)
    leaves = {"name": "leaves", "kind": "lightgbm", "inputs": [
        {"feature": "lp_burn"}, {"feature": "k_growth", "transform": "asinh", "factor": 50.0}, {"feature": "idle"}]}
    fit_lightgbm(leaves, matrix(leaves, x, {}), y)
    line = {"name": "line", "kind": "logistic", "intercept": -0.75, "inputs": [
        term("n_buy", -0.2, transform="log1p"), term("idle", 0.7, transform="identity"),
        term("idle", 0.3, transform="identity", by="age_h", age_mean=2.0, age_scale=1.5),
        term("k_growth", -0.4, transform="asinh", factor=100.0), term("p_dd", -0.6, **QUANTILES),
        {"parameter": "multiplier", "low": 0, "high": 50, "mean": 10, "scale": 20, "coefficient": -0.4}]}
    return [trees, reach, leaves, line]


def interval(width):
    x = [-5.0, -2.0, 0.0, 2.0]
    return {"x": x, "lo": [v - width * (1 + 0.2 * i) for i, v in enumerate(x)], "hi": [v + width for v in x]}


def stack(*terms):
    return [{"component": name, "output": 0, "weight": weight} for name, weight in terms]


CHAINS = [
    [{"method": "platt", "a": 0.8, "b": -0.1}],
    [{"method": "temperature", "t": 1.3}, {"method": "isotonic", "x": [-4, -1, 0.5, 3], "y": [-3.5, -1.5, 0, 2.5]}],
    [{"method": "beta", "a": 0.9, "b": 1.1, "c": 0.05}],
    [],
]


def make_targets():
    targets = []
    for i, (name, days) in enumerate(DAYS.items()):
        plain = {"name": "sync", "requires": [], "stack": stack(("trees", 0.5), ("line", 0.5)), "bias": 0.2 * i,
                 "calibration": CHAINS[i], "shrinkage": {"weight": 0.9}, "interval": interval(0.6), "support": "full"}
        lp = dict(plain, name="lp", requires=["lp_burn", "k_growth"],
                  stack=stack(("trees", 0.4), ("line", 0.4), ("leaves", 0.2)), calibration=CHAINS[(i + 1) % 4])
        targets.append({"name": f"rug_{name}", "rows": 1500, "positives": 500, "base_rate": 0.2 + 0.1 * i,
                        "parameters": {"horizon_days": days}, "heads": [lp, plain]})
    for name, days in DAYS.items():
        for k in oracle.MULTIPLIERS:
            thin = k >= 20
            head = {"name": "only", "requires": [], "stack": stack(("reach", 0.7), ("line", 0.3)),
                    "calibration": CHAINS[(k + days) % 4], "interval": interval(0.9),
                    "support": "thin" if thin else "full"}
            if thin:
                head["shrinkage"] = {"weight": 0.25}
            targets.append({"name": f"x{k}_{name}", "rows": 1500, "positives": 1500 // (4 * k),
                            "base_rate": round(0.1 * math.sqrt(days) / k, 6),
                            "parameters": {"horizon_days": days, "multiplier": k}, "heads": [head]})
    return targets


def seed(model, targets, name):
    """A part of the model that loads by itself."""
    kept = [t for t in model["targets"] if t["name"] in targets]
    small = dict(model, targets=kept, golden=model["golden"][:2])
    used = {term["component"] for t in kept for h in t["heads"] for term in h["stack"]}
    small["components"] = [c for c in model["components"] if c["name"] in used]
    values = (dict(zip(FEATURES, g["x"])) for g in small["golden"])
    small["golden"] = [{"x": list(row.values()), "p": oracle.evaluate(small, row)} for row in values]
    path = ROOT / "tests" / "fuzz" / "agent" / "engine" / "model" / "corpus_model" / name
    path.write_text(json.dumps(small, separators=(",", ":")))


def main():
    rng = np.random.default_rng(20200905)
    model = {
        "format": "radarx-model", "format_version": 2, "version": "test-bundle-1", "created": "2020-09-05T00:00:00Z",
        "feature_version": "test-2", "confidence_level": 0.95, "age_h": {"min": 1, "max": 72}, "features": FEATURES,
        "features_sha256": hashlib.sha256("".join(f"{f} 1\n" for f in FEATURES).encode()).hexdigest(),
        "components": make_components(rng), "targets": make_targets(), "golden": [],
    }
    for values in random_rows(rng, 20):
        row = as_row(values)
        model["golden"].append({"x": [row[f] for f in FEATURES], "p": oracle.evaluate(model, row)})
    (ROOT / "tests" / "golden" / "agent" / "model.json").write_text(oracle.sign(model))
    for component in model["components"]:
        if component["kind"] == "xgboost":
            component["model"]["learner"]["gradient_booster"]["model"]["trees"][2:] = []
            component["model"]["learner"]["gradient_booster"]["model"]["tree_info"][2:] = []
            component["model"]["learner"]["gradient_booster"]["model"]["iteration_indptr"][3:] = []
            counts = component["model"]["learner"]["gradient_booster"]["model"]["gbtree_model_param"]
            counts["num_trees"] = "2"
    seed(model, ("rug_24h", "rug_7d"), "trees.json")
    seed(model, ("x2_7d", "x50_24h"), "reach.json")
    for target in model["targets"]:
        target["heads"] = [dict(target["heads"][-1], stack=stack(("line", 1)))]
    seed(model, ("rug_30d",), "line.json")


if __name__ == "__main__":
    sys.exit(main())
