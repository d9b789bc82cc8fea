# SPDX-License-Identifier: Apache-2.0
"""Makes random LightGBM models with rows and what the library predicts and explains for them.

usage: lgb_models.py OUT COUNT SEED    (run by the Python of models/requirements.txt)

OUT/<n>/ gets model.txt, rows.csv, margins.csv, values.csv and contributions.csv (all %.17g) and facts.json.
"""

import json
import random
import sys
from pathlib import Path

import lightgbm as lgb
import numpy as np

OBJECTIVES = (
    "binary regression regression_sqrt regression_l1 huber fair quantile mape poisson gamma tweedie cross_entropy "
    "cross_entropy_lambda multiclass multiclassova lambdarank rank_xendcg none"
).split()
ROWS = 240


def table(py, rng, categorical):
    rows = rng.normal(size=(ROWS, len(categorical))).round(py.choice([1, 2, 9]))
    rows[rng.random(rows.shape) < py.choice([0, 0.3])] = 0
    for j in np.flatnonzero(categorical):
        rows[:, j] = rng.integers(0, py.choice([3, 20, 70]), ROWS)
    rows[rng.random(rows.shape) < py.choice([0, 0.05, 0.4])] = np.nan
    return rows


def labels(rng, objective, rows):
    score = np.nan_to_num(rows) @ rng.normal(size=rows.shape[1])
    if objective in ("binary", "cross_entropy", "cross_entropy_lambda"):
        return (score > 0).astype(float)
    if objective.startswith("multi") or "rank" in objective:
        return rng.integers(0, 3, ROWS)
    return np.abs(score) + 0.1


def parameters(py, objective, seed):
    p = {
        "objective": objective.removesuffix("_sqrt"), "verbose": -1, "num_threads": 1, "seed": seed,
        "num_leaves": py.randint(2, 40), "min_data_in_leaf": py.choice([1, 5]), "min_data_per_group": 5,
        "cat_smooth": 1, "max_cat_to_onehot": py.randint(1, 6), "use_missing": py.random() < 0.8,
        "zero_as_missing": py.random() < 0.2,
        "boosting": py.choice(["gbdt", "gbdt", "rf", "dart"]), "learning_rate": py.choice([0.1, 0.5]),
    }  # fmt: skip
    if p["boosting"] == "rf":
        p |= {"bagging_freq": 1, "bagging_fraction": 0.7}
    if objective == "regression_sqrt":
        p["reg_sqrt"] = True
    if objective.startswith("multi"):
        p["num_class"] = 3
    if objective in ("binary", "multiclassova"):
        p["sigmoid"] = py.choice([1.0, 0.7, 2.0])
    return p


def own_objective(values, data):
    """Squared error as a function of the trainer's own: the file names no objective then."""
    return values - data.get_label(), np.ones_like(values)


def write_table(path, values):
    with open(path, "w") as file:
        for row in np.asarray(values, float).reshape(ROWS, -1):
            file.write(",".join("" if v != v else f"{v:.17g}" for v in row) + "\n")


def make(folder, py, seed):
    rng = np.random.default_rng(seed)
    objective = OBJECTIVES[seed % len(OBJECTIVES)]
    categorical = [py.random() < 0.3 for _ in range(py.randint(3, 9))]
    rows = table(py, rng, categorical)
    p = parameters(py, objective, seed)
    if objective == "none":
        p |= {"objective": own_objective, "boosting": "gbdt"}
    data = lgb.Dataset(
        rows, labels(rng, objective, rows), group=[ROWS // 4] * 4 if "rank" in objective else None,
        categorical_feature=[j for j, c in enumerate(categorical) if c],
    )  # fmt: skip
    text = lgb.train(p, data, py.choice([1, 3, 20])).model_to_string()
    (folder / "model.txt").write_text(text)
    model = lgb.Booster(model_str=text)
    for value, share in ((np.nan, 0.05), (0, 0.05), (-3.7, 0.02), (9e-36, 0.02), (1e12, 0.02)):
        rows[rng.random(rows.shape) < share] = value
    write_table(folder / "rows.csv", rows)
    write_table(folder / "margins.csv", model.predict(rows, raw_score=True))
    write_table(folder / "values.csv", model.predict(rows))
    write_table(folder / "contributions.csv", model.predict(rows, pred_contrib=True))
    (folder / "facts.json").write_text(
        json.dumps({"objective": objective, "boosting": p["boosting"], "categorical": any(categorical)})
    )


def main():
    out, count, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    for n in range(count):
        folder = out / str(n)
        folder.mkdir(parents=True)
        make(folder, random.Random(f"{seed} {n}"), seed * 100_000 + n)


if __name__ == "__main__":
    main()
