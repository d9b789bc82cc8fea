# SPDX-License-Identifier: Apache-2.0
"""Makes random XGBoost models with rows and the library's contributions for them.

usage: xgb_contributions.py OUT COUNT SEED    (run by the Python of models/requirements.txt)

OUT/<n>/ gets model.json, rows.csv, margins.csv and contributions.csv: a column an output and input, then its base.
"""

import random
import sys
from pathlib import Path

import numpy as np
import xgboost as xgb

ROWS = 120


def write_table(path, values):
    with open(path, "w") as file:
        for row in np.asarray(values, float).reshape(ROWS, -1):
            file.write(",".join("" if v != v else f"{v:.17g}" for v in row) + "\n")


def make(folder, py, seed):
    rng = np.random.default_rng(seed)
    kinds = [py.random() < 0.3 for _ in range(py.randint(3, 12))]
    rows = rng.normal(size=(ROWS, len(kinds))).astype(np.float32)
    for j in np.flatnonzero(kinds):
        rows[:, j] = rng.integers(0, py.choice([2, 6, 40]), ROWS)
    rows[rng.random(rows.shape) < py.choice([0, 0.02, 0.3])] = np.nan
    objective = py.choice(["binary:logistic", "reg:squarederror", "multi:softprob", "count:poisson"])
    score = np.nan_to_num(rows) @ rng.normal(size=len(kinds))
    labels = {"multi:softprob": rng.integers(0, 3, ROWS), "count:poisson": np.abs(score).round()}
    label = labels.get(objective, score > 0)
    p = {
        "objective": objective, "max_depth": py.choice([2, 3, 5, 6, 9]), "eta": 0.3, "nthread": 1, "verbosity": 0,
        "seed": seed, "min_child_weight": py.choice([0.1, 1]), "booster": py.choice(["gbtree", "dart"]),
        "num_parallel_tree": py.choice([1, 1, 3]), "max_cat_to_onehot": py.choice([1, 10]), "tree_method": "hist",
    }  # fmt: skip
    if objective.startswith("multi"):
        p["num_class"] = 3
    if p["booster"] == "dart":
        p |= {"rate_drop": 0.3}
    types = ["c" if c else "q" for c in kinds]
    data = xgb.DMatrix(rows, label=label, feature_types=types, enable_categorical=True)
    model = xgb.train(p, data, py.choice([1, 5, 20]))
    model.save_model(folder / "model.json")
    write_table(folder / "rows.csv", rows)
    write_table(folder / "margins.csv", model.predict(data, output_margin=True))
    write_table(folder / "contributions.csv", model.predict(data, pred_contribs=True))


def main():
    out, count, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    for n in range(count):
        folder = out / str(n)
        folder.mkdir(parents=True)
        make(folder, random.Random(f"{seed} {n}"), seed * 100_000 + n)


if __name__ == "__main__":
    main()
