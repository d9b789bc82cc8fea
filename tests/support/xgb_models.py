# SPDX-License-Identifier: Apache-2.0
"""Makes random XGBoost models with rows and what the library predicts for them.

usage: xgb_models.py OUT COUNT SEED    (run by the Python of models/requirements.txt)

OUT/<n>/ gets model.json, model.ubj, rows.csv, margins.f32 and values.f32 (all trees: margins_all.f32) and facts.json.
Predictions are those of a Booster loaded from the file, one thread, limited to its best iteration when it has one.
"""

import json
import random
import sys
from pathlib import Path

import numpy as np
import xgboost as xgb

OBJECTIVES = (
    "reg:squarederror reg:squaredlogerror reg:logistic reg:pseudohubererror reg:absoluteerror reg:quantileerror "
    "binary:logistic binary:logitraw binary:hinge count:poisson reg:gamma reg:tweedie survival:cox survival:aft "
    "rank:pairwise rank:ndcg rank:map multi:softprob multi:softmax"
).split()


def column(py, rng, n, categorical):
    if categorical:
        return rng.integers(0, py.choice([2, 5, 40, 300]), n)
    return py.choice(
        [
            lambda: rng.normal(size=n),
            lambda: rng.integers(-50, 50, n),
            lambda: rng.integers(2**24 - 50, 2**24 + 1000, n) * py.choice([1.0, 7.0, 1e20]),
            lambda: rng.normal(size=n) * 1e-39,
            lambda: np.exp(rng.normal(size=n) * 8),
            lambda: py.choice([-0.0, 1, 0.5]) * rng.integers(0, 2, n),
        ]
    )()


def table(py, rng, n, categorical):
    rows = np.empty((n, len(categorical)), np.float32)
    for j, is_category in enumerate(categorical):
        rows[:, j] = column(py, rng, n, is_category)
    rows[rng.random(rows.shape) < py.choice([0, 0.05, 0.5])] = np.nan
    return rows


def parameters(py, rng, objective, categorical, seed):
    k = len(categorical)
    method = py.choice(["hist", "approx"] if any(categorical) else ["hist", "hist", "exact", "approx"])
    p = {
        "objective": objective, "tree_method": method, "nthread": 1, "seed": seed, "verbosity": 0,
        "max_depth": py.choice([1, 2, 3, 6, 10]), "eta": py.choice([0.01, 0.3, 1, 5]),
        "min_child_weight": py.choice([0, 1, 5]), "gamma": py.choice([0, 0, 0.5, 3]),
        "subsample": py.choice([1, 0.7]), "reg_lambda": py.choice([0, 1, 10]),
    }  # fmt: skip
    if method != "exact" and rng.random() < 0.3:
        p |= {"grow_policy": "lossguide", "max_leaves": py.choice([2, 7, 64, 0]), "max_depth": py.choice([0, 12])}
    if objective == "reg:quantileerror":
        p["quantile_alpha"] = 0.7
    if objective.startswith("multi"):
        p["num_class"] = py.choice([1, 2, 3, 7])
    if rng.random() < 0.25:
        p["num_parallel_tree"] = py.choice([2, 5])
    if rng.random() < 0.3:
        p |= {"booster": "dart", "rate_drop": py.choice([0, 0.3, 0.9]), "one_drop": py.choice([0, 1]),
              "normalize_type": py.choice(["tree", "forest"]), "skip_drop": 0.2}  # fmt: skip
    if rng.random() < 0.3:
        p["base_score"] = py.choice([0.5, 0.3, 0.999, 1e-6, 0.123456789])
    if any(categorical):
        p["max_cat_to_onehot"] = py.choice([1, 4, 100])
    if rng.random() < 0.2:
        signs = [0 if c else py.choice([-1, 0, 1]) for c in categorical]
        p["monotone_constraints"] = "(" + ",".join(map(str, signs)) + ")"
    if rng.random() < 0.2 and k > 3:
        p["interaction_constraints"] = "[[0,1],[2,3]]"
    if rng.random() < 0.1:
        p["max_delta_step"] = 0.7
    return p


def labels(rng, objective, rows, classes):
    n = len(rows)
    y = rng.normal(size=n)
    first = np.nan_to_num(rows[:, 0])
    y += first / (np.abs(first).max() or 1)
    if objective.startswith(("binary", "rank")):
        return y > 0
    if objective == "reg:logistic":
        return 1 / (1 + np.exp(-y))
    if objective.startswith("multi"):
        return rng.integers(0, classes, n)
    plain = ("reg:squarederror", "reg:absoluteerror", "reg:quantileerror", "reg:pseudohubererror")
    return y if objective in plain else np.abs(y) + 0.01


def train(py, rng, seed):
    objective = py.choice(OBJECTIVES)
    n, k = int(rng.integers(50, 600)), int(rng.integers(1, 25))
    share = 0.3 if rng.random() < 0.35 else 0
    categorical = [bool(rng.random() < share) for _ in range(k)]
    rows = table(py, rng, n, categorical)
    p = parameters(py, rng, objective, categorical, seed)
    how = {
        "feature_names": [f'f{i} "a", é' for i in range(k)] if rng.random() < 0.5 else None,
        "feature_types": ["c" if c else "q" for c in categorical] if any(categorical) else None,
        "enable_categorical": any(categorical), "nthread": 1,
    }  # fmt: skip
    if how["feature_names"] and rng.random() < 0.8:
        how["feature_names"] = [f"f{i}" for i in range(k)]
    y = labels(rng, objective, rows, p.get("num_class", 0))
    data = xgb.DMatrix(rows, label=None if objective == "survival:aft" else y, **how)
    if objective == "survival:aft":
        data.set_float_info("label_lower_bound", y)
        data.set_float_info("label_upper_bound", y + 1)
    if objective.startswith("rank"):
        data.set_group([n // 2, n - n // 2])
    rounds, early = py.choice([0, 1, 5, 20]), {}
    if rng.random() < 0.3 and rounds > 1:
        early = {"evals": [(data, "t")], "early_stopping_rounds": py.choice([1, 3]), "verbose_eval": False}
    booster = xgb.train(p, data, rounds, **early)
    return booster, disturb(rng, rows, categorical), how, p


def disturb(rng, rows, categorical):
    """Rows that training has not seen: all missing, zeros, categories of every kind."""
    rows = rows.copy()
    rows[rng.random(rows.shape) < 0.1] = np.nan
    rows[0], rows[1] = np.nan, 0
    odd = [-1, -0.5, 1.7, 3.99, 5000, 2.0**24 - 1, 2.0**24, 1e9]
    for j, is_category in enumerate(categorical):
        if is_category:
            where = rng.random(len(rows)) < 0.1
            rows[where, j] = rng.choice(odd, where.sum())
    return rows


def write(folder, booster, rows, how, p):
    folder.mkdir(parents=True)
    (folder / "model.json").write_bytes(booster.save_raw("json"))
    (folder / "model.ubj").write_bytes(booster.save_raw("ubj"))
    loaded = xgb.Booster({"nthread": 1}, model_file=folder / "model.json")
    data = xgb.DMatrix(rows, **how)
    best = loaded.attr("best_iteration")
    limit = (0, int(best) + 1) if best is not None else (0, 0)
    margins = loaded.predict(data, output_margin=True, iteration_range=limit)
    margins.astype("<f4").tofile(folder / "margins.f32")
    loaded.predict(data, iteration_range=limit).astype("<f4").tofile(folder / "values.f32")
    loaded.predict(data, output_margin=True).astype("<f4").tofile(folder / "margins_all.f32")
    with open(folder / "rows.csv", "w") as file:
        if how["feature_names"]:
            file.write(",".join('"' + n.replace('"', '""') + '"' for n in how["feature_names"]) + "\n")
        for row in rows:
            file.write(",".join("" if np.isnan(v) else f"{v:.9g}" for v in row) + "\n")
    facts = {"rows": len(rows), "outputs": margins.size // len(rows), "parameters": p, "best": best,
             "header": bool(how["feature_names"]), "finite": bool(np.isfinite(margins).all())}  # fmt: skip
    (folder / "facts.json").write_text(json.dumps(facts))


def main(out, count, seed):
    xgb.set_config(verbosity=0)
    for i in range(count):
        py, rng = random.Random(seed + i), np.random.default_rng(seed + i)
        write(Path(out) / str(i), *train(py, rng, seed + i))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
