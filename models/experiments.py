# SPDX-License-Identifier: Apache-2.0
"""Compares ideas for the default model and writes experiments.md, which the card quotes.

usage: experiments.py [--data DIR] [--out FILE]   (some ten minutes)

Nothing here reads the last 40 % of the early 2021 pools: they are kept for the card. Each idea is
fitted and judged, by AUC, on three kinds of split:

- late 2020: the last 25 % of the 2020 pools, from what was known before;
- next weeks: four origins in early 2021, each judging the next 15 % of the pools;
- held-out weeks: the same four parts, from 2020 and the other three: what a model that knows weeks
  of the new year can do.
"""

import argparse
import os
import pathlib

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import data  # noqa: E402
import learn  # noqa: E402
import metrics  # noqa: E402
import numpy as np  # noqa: E402
import recipe  # noqa: E402
import xgboost  # noqa: E402
from components import TRANSFORMS, Linear, RandomTrees, Trees  # noqa: E402
from data import COLUMN, EVENT_FEATURES, LP_FEATURES  # noqa: E402
from recipe import BOOST, PLAIN, RANDOM, STEADY  # noqa: E402

EDGES = (0.0, 0.15, 0.3, 0.45, 0.6)
TARGETS = ("rug_24h", "rug_7d", "x2_24h", "x2_7d", "x5_24h", "x5_7d")
KINDS = ("late 2020", "next weeks", "held-out weeks")
SHALLOW = BOOST | {"max_depth": 3}


def splits(table, target):
    """(kind, start, training rows, judged rows) of every split."""
    cut, end = table.birth_quantile(0.75, False), table.birth_quantile(1, False)
    yield KINDS[0], cut, table.train_rows(target, cut), table.test_rows(target, cut, end)
    edges = [table.birth_quantile(share, True) for share in EDGES]
    known = np.flatnonzero(~np.isnan(table.labels[target]) & (table.birth < edges[-1]))
    for a, b in zip(edges, edges[1:]):
        rows = table.test_rows(target, a, b)
        yield KINDS[1], a, table.train_rows(target, a), rows
        birth = table.birth[known]
        yield KINDS[2], edges[-1], known[(birth < a) | (birth >= b)], rows


def weights(table, rows, old=recipe.OLD_WEIGHT, pools=True):
    w = recipe.pool_weights(table.pools[rows]) if pools else np.ones(len(rows))
    fresh = table.fresh[rows]
    return np.where(fresh, w, old * w) if fresh.any() else w


class Sum:
    """Weighted log-odds of several models."""

    def __init__(self, *terms):
        self.terms = terms

    def margin(self, matrix):
        return sum(weight * model.margin(matrix) for weight, model in self.terms)


def trees(params=BOOST, features=STEADY, rounds=100, old=recipe.OLD_WEIGHT, pools=True, seed=1):
    def fit(table, target, rows):
        w = weights(table, rows, old, pools)
        x, y = table.matrix[rows], table.labels[target][rows]
        return Trees(features).fit(x, y, w, rounds, params | {"seed": seed})

    return fit


def random_trees(table, target, rows, features=STEADY):
    x, y = table.matrix[rows], table.labels[target][rows]
    return RandomTrees(features).fit(x, y, weights(table, rows), 100, RANDOM)


def linear(table, target, rows, adapt=True):
    fresh = table.fresh[rows] if adapt else np.zeros(len(rows), bool)
    w = weights(table, rows, 1.0 if adapt else 0.3)
    x, y = table.matrix[rows], table.labels[target][rows]
    return Linear(list(TRANSFORMS)).fit(x, y, w, fresh, **recipe.RIDGE)


def linear_plain(table, target, rows):
    return linear(table, target, rows, adapt=False)


def stack(tree_weight, tree=None):
    def fit(table, target, rows):
        first = (tree or trees())(table, target, rows)
        return Sum((tree_weight, first), (1 - tree_weight, linear(table, target, rows)))

    return fit


def stack_three(table, target, rows):
    parts = [(0.4, trees()), (0.4, random_trees), (0.2, linear)]
    return Sum(*((w, fit(table, target, rows)) for w, fit in parts))


def bagged(table, target, rows):
    models = [trees(seed=seed)(table, target, rows) for seed in (1, 2, 3, 4)]
    return Sum(*((0.25, model) for model in models))


def fresh_only(table, target, rows):
    fresh = rows[table.fresh[rows]]
    return trees()(table, target, fresh if len(fresh) >= 100 else rows)


def decayed(table, target, rows):
    """Weight halves every ten days before the newest row, down to the weight of 2020."""
    days = (table.birth[rows].max() - table.birth[rows]) / data.BLOCKS_PER_DAY
    w = weights(table, rows, 1.0) * np.maximum(0.5 ** (days / 10), recipe.OLD_WEIGHT)
    return Trees(STEADY).fit(table.matrix[rows], table.labels[target][rows], w, 100, BOOST)


def period_weighted(table, target, rows):
    """2020 rows weighted by how much they look like 2021 to a classifier of the year."""
    fresh = table.fresh[rows]
    w = weights(table, rows, 1.0)
    if fresh.any():
        x = table.matrix[rows]
        year = Trees(STEADY).fit(x, fresh.astype(float), np.ones(len(rows)), 60, SHALLOW)
        odds = np.exp(np.clip(year.margin(x), -3, 3))
        w = np.where(fresh, w, w * 0.1 * odds / odds[~fresh].mean())
    return Trees(STEADY).fit(table.matrix[rows], table.labels[target][rows], w, 100, BOOST)


def monotone(table, target, rows):
    """Longer idle and more sells lower every chance of a rise; a deeper fall from the peak does."""
    falls = {"rug": {"age_h": -1, "n_sell": -1, "uniq_blk": -1}, "x": {"idle": -1, "w_now": -1}}
    signs = falls["rug" if target.startswith("rug") else "x"]
    order = "(" + ",".join(str(signs.get(name, 0)) for name in STEADY) + ")"
    return trees(BOOST | {"monotone_constraints": order})(table, target, rows)


class RankLinear:
    """Logistic regression on the rank of each feature among the training rows of the same age, and
    that times the logarithm of the age."""

    def __init__(self, table, target, rows):
        self.names = [name for name in STEADY if name != "age_h"]
        self.sorted = {}
        for age in data.AGES.values():
            of_age = table.matrix[rows][table.age_h[rows] == age]
            self.sorted[age] = [np.sort(of_age[:, COLUMN[name]]) for name in self.names]
        z, y = self.inputs(table.matrix[rows]), table.labels[target][rows]
        self.beta = learn.fit_logistic(z, y, 100, weights(table, rows, 0.3))

    def inputs(self, matrix):
        age = matrix[:, COLUMN["age_h"]]
        z = np.zeros((len(matrix), len(self.names)))
        for one, columns in self.sorted.items():
            at = np.flatnonzero(age == one)
            for j, (name, column) in enumerate(zip(self.names, columns)):
                x = matrix[at, COLUMN[name]]
                both = np.searchsorted(column, x) + np.searchsorted(column, x, side="right")
                z[at, j] = 3.4 * (both / (2 * max(1, len(column))) - 0.5)
        log_age = (np.log(age) - 2) / 1.5
        return np.column_stack([z, log_age, log_age**2, z * log_age[:, None]])

    def margin(self, matrix):
        return self.beta[0] + self.inputs(matrix) @ self.beta[1:]


class Pooled:
    """One model of all cells of a kind, with horizon and multiplier as monotone inputs."""

    def __init__(self, table, target, rows):
        kind = data.RUGS if target.startswith("rug") else data.CELLS
        kind = [name for name in kind if data.multiplier(name) <= 20 and "30d" not in name]
        parts = []
        for name in kind:
            # A longer horizon than the target's is known later: such rows are left out.
            late = table.known(name)[rows] > np.maximum(table.known(target)[rows].max(), 0)
            at = rows[~late & ~np.isnan(table.labels[name][rows])]
            place = np.tile([data.horizon_days(name), data.multiplier(name)], (len(at), 1))
            x = np.column_stack([self.columns(table.matrix[at]), place])
            parts.append((x, table.labels[name][at], weights(table, at)))
        x, y, w = (np.concatenate(part) for part in zip(*parts))
        order = "(" + ",".join(["0"] * len(STEADY) + ["1", "-1"]) + ")"
        settings = BOOST | {"objective": "binary:logistic", "nthread": 1, "seed": 1}
        settings |= {"monotone_constraints": order, "min_child_weight": 10}
        self.booster = xgboost.train(settings, xgboost.DMatrix(x, y, weight=w), 150)
        self.place = [data.horizon_days(target), data.multiplier(target)]

    @staticmethod
    def columns(matrix):
        return matrix[:, [COLUMN[name] for name in STEADY]]

    def margin(self, matrix):
        x = np.column_stack([self.columns(matrix), np.tile(self.place, (len(matrix), 1))])
        return self.booster.predict(xgboost.DMatrix(x), output_margin=True).astype(float)


class ByAge:
    """Shallow trees of their own for each age, averaged with those of all ages."""

    def __init__(self, table, target, rows):
        self.all = trees()(table, target, rows)
        self.own = {}
        for age in data.AGES.values():
            own = rows[table.age_h[rows] == age]
            if table.labels[target][own].sum() >= 20:
                self.own[age] = trees(SHALLOW, rounds=60)(table, target, own)

    def margin(self, matrix):
        f = self.all.margin(matrix)
        for age, model in self.own.items():
            at = matrix[:, COLUMN["age_h"]] == age
            if at.any():
                f[at] = (f[at] + model.margin(matrix[at])) / 2
        return f


def lp_linear(table, target, rows):
    """LP features alone, in an additive model of the fresh rows."""
    fresh = rows[table.fresh[rows]]
    x, y = table.matrix[fresh], table.labels[target][fresh]
    return Trees([*LP_FEATURES, "age_h"]).fit(x, y, weights(table, fresh), 100, SHALLOW)


def lp_fresh(table, target, rows):
    return trees(features=STEADY + LP_FEATURES)(table, target, rows[table.fresh[rows]])


def lp_stack(table, target, rows):
    return stack(0.7, trees(features=STEADY + LP_FEATURES))(table, target, rows)


SLOW = BOOST | {"max_depth": 6, "eta": 0.02, "colsample_bynode": 0.2, "min_child_weight": 5}
IDEAS = {
    "plain XGBoost, 300 x depth 4, 2020 weighted 0.3 (the floor)": trees(
        PLAIN, EVENT_FEATURES, 300, 0.3, False
    ),
    "**boost**: few columns a node, strong penalty, 2020 weighted 0.07": trees(),
    "boost, 2020 weighted 0.3": trees(old=0.3),
    "boost, 2020 weighted 1": trees(old=1.0),
    "boost, fresh rows only": fresh_only,
    "boost, weights that halve every ten days": decayed,
    "boost, 2020 weighted by likeness to 2021": period_weighted,
    "boost with the drifting features `dec`, `t_init_log`": trees(features=EVENT_FEATURES),
    "boost, rows of a pool weighted alike": trees(pools=False),
    "boost, depth 2": trees(BOOST | {"max_depth": 2, "eta": 0.12}),
    "boost, depth 3": trees(SHALLOW),
    "boost, 300 x depth 6, slow": trees(SLOW, rounds=300),
    "boost, four seeds averaged": bagged,
    "boost, monotone constraints": monotone,
    "boost, own trees for each age beside": ByAge,
    "boost of all cells, horizon and multiplier as inputs": Pooled,
    "**random**: LightGBM with random thresholds": random_trees,
    "logistic, 2020 weighted 0.3": linear_plain,
    "**linear**: logistic of 2020, then corrected on fresh rows": linear,
    "logistic on ranks within the age": RankLinear,
    "stack 0.75 boost + 0.25 linear (shipped: rug_7d)": stack(0.75),
    "stack 0.5 boost + 0.5 linear (shipped: the multiples)": stack(0.5),
    "stack 0.4 boost + 0.4 random + 0.2 linear (shipped: rug_24h)": stack_three,
}
LP_IDEAS = {
    "boost without LP features": trees(),
    "**boost with LP features**, missing in 2020": trees(features=STEADY + LP_FEATURES),
    "the same, fresh rows only": lp_fresh,
    "LP features and age alone, fresh rows only": lp_linear,
    "stack 0.7 boost with LP features + 0.3 linear": lp_stack,
}


def scores(table, ideas, targets, fresh_rows=0):
    """{(idea, target, kind): AUC}, parts weighted by their rarer outcome. Splits with fewer fresh
    training rows are left out."""
    sums = {}
    for target in targets:
        for kind, _, rows, judged in splits(table, target):
            if table.fresh[rows].sum() < fresh_rows:
                continue
            y = table.labels[target][judged]
            weight = y.sum() * (1 - y.mean())
            for name, fit in ideas.items():
                p = fit(table, target, rows).margin(table.matrix[judged])
                total = sums.setdefault((name, target, kind), np.zeros(2))
                total += (metrics.auc(y, p) * weight, weight)
    return {key: total[0] / total[1] for key, total in sums.items()}


def ideas_table(found, ideas, targets, kinds):
    """Markdown: the mean over the targets by kind of split, then each target."""
    head = [f"mean, {kind}" for kind in kinds] + [f"{target}" for target in targets]
    lines = ["| idea | " + " | ".join(head) + " |", "|---" * (len(head) + 1) + "|"]
    for name in ideas:
        means = [np.mean([found[name, target, kind] for target in targets]) for kind in kinds]
        cells = [f"{mean:.4f}" for mean in means]
        for target in targets:
            cells.append(" / ".join(f"{found[name, target, kind]:.3f}" for kind in kinds[-2:]))
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = os.environ.get("RADARX_DATA", here.parent.parent / "shared" / "data")
    parser.add_argument("--data", default=default, type=pathlib.Path)
    parser.add_argument("--out", default=here / "experiments.md", type=pathlib.Path)
    args = parser.parse_args()
    table = data.load(args.data)
    lines = ideas_table(scores(table, IDEAS, TARGETS), IDEAS, TARGETS, KINDS)
    rugs = TARGETS[:2]
    lines += ["", "With LP transfers (splits that have at least 200 fresh rows to fit on):", ""]
    lines += ideas_table(scores(table, LP_IDEAS, rugs, 200), LP_IDEAS, rugs, KINDS[1:])
    args.out.write_text("\n".join(lines) + "\n")
    print(args.out.read_text())


if __name__ == "__main__":
    main()
