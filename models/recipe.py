# SPDX-License-Identifier: Apache-2.0
"""The method: which components are fitted, how they are stacked, calibrated and given intervals.

`fit(table, start)` uses nothing that was not known at block `start`, so the same code makes the
models that the card judges on later pools and, with start = infinity, the one that is shipped.
"""

import bundle
import learn
import numpy as np
from components import TRANSFORMS, Linear, RandomTrees, Trees, short
from data import EVENT_FEATURES, HORIZONS, LP_FEATURES, RUGS, TARGETS

LEAST_FRESH = 100  # rows of 2021 that a component with LP features needs
LEAST_POSITIVES = 50  # below: a cell is called thin
PRIOR_POSITIVES = 12  # shrinkage to the base rate: weight positives / (positives + this)
SCARCE_POSITIVES = 25  # cells with fewer are drawn harder to the base rate:
SCARCE_PRIOR_POSITIVES = 50
SLOPE_RIDGE = 100.0  # pull of the calibration's slope towards 1
LEVEL_ONLY = 1e9  # the same, when the slope is to be 1
BLOCKS = 5  # parts of the newest pools that are held out in turn to calibrate
LEAST_HISTORY = 150  # held-out rows with a label that a calibration needs

GROUP = 45  # independent pools' worth of rows that an interval speaks of
WIDEST = 0.235  # mean width of a target's intervals on the calibration rows
Z95 = 1.959963984540054
NONE_LIKELY = 0.025  # chance of a group without positives from which on its bound is 0
LEAST_DRIFT = 0.25  # standard deviation in log-odds
KNOTS = np.round(np.linspace(-9, 7, 65), 6)


# Names of tokens' units move most between the years and name single makers of pools.
STEADY = [name for name in EVENT_FEATURES if name not in ("dec", "t_init_log")]
OLD_WEIGHT = 0.07  # of a 2020 row in the trees, where a row of 2021 has 1
BOOST = {
    "max_depth": 4,
    "eta": 0.08,
    "subsample": 0.5,
    "colsample_bynode": 0.25,
    "min_child_weight": 3,
    "reg_lambda": 10,
}
RANDOM = {
    "max_depth": 4,
    "num_leaves": 12,
    "learning_rate": 0.08,
    "feature_fraction_bynode": 0.4,
    "min_data_in_leaf": 20,
    "lambda_l2": 5,
    "bagging_fraction": 0.6,
    "bagging_freq": 1,
}
PLAIN = {"max_depth": 4, "eta": 0.05, "subsample": 0.8, "colsample_bytree": 0.8}  # the floor
RIDGE = {"ridge": 100, "fresh_ridge": 50}
ROUNDS = 100


class Spec:
    """A component to fit: labels of one target, the class of the model, its inputs."""

    def __init__(self, kind, target, features, **settings):
        self.kind, self.target, self.features = kind, target, features
        self.settings = settings

    def fit(self, table, rows):
        """None when the features were not recorded for enough of the rows."""
        fresh = table.fresh[rows]
        if "lp_burn" in self.features and fresh.sum() < LEAST_FRESH:
            return None
        weights = pool_weights(table.pools[rows])
        if fresh.any() and self.kind is not Linear:
            weights = np.where(fresh, weights, OLD_WEIGHT * weights)
        x, y = table.matrix[rows], table.labels[self.target][rows]
        if self.kind is Linear:
            return Linear(self.features).fit(x, y, weights, fresh, **self.settings)
        return self.kind(self.features).fit(x, y, weights, **self.settings)


def pool_weights(pools):
    """A pool with four rows counts twice as much as one with one; the mean is 1."""
    weights = 1 / np.sqrt(np.bincount(pools)[pools])
    return weights / weights.mean()


def specs():
    """{name: Spec} of all components."""
    found = {}
    for target in ("rug_24h", "rug_7d", "x2_24h", "x2_7d", "x5_24h", "x5_7d"):
        found["boost_" + target] = Spec(Trees, target, STEADY, rounds=ROUNDS, params=BOOST)
    for target in ("rug_24h", "rug_7d"):
        features = STEADY + LP_FEATURES
        found["lp_boost_" + target] = Spec(Trees, target, features, rounds=ROUNDS, params=BOOST)
    for name, features in (("random", STEADY), ("lp_random", STEADY + LP_FEATURES)):
        spec = Spec(RandomTrees, "rug_24h", features, rounds=ROUNDS, params=RANDOM)
        found[name + "_rug_24h"] = spec
    for target in [*RUGS, *(f"x{k}_{h}" for h in HORIZONS for k in (2, 5))]:
        found["linear_" + target] = Spec(Linear, target, list(TRANSFORMS), **RIDGE)
    return found


def stacks():
    """{target: {component: weight}} of the head that reads only events."""
    found = {
        "rug_24h": {"boost_rug_24h": 0.4, "random_rug_24h": 0.4, "linear_rug_24h": 0.2},
        "rug_7d": {"boost_rug_7d": 0.75, "linear_rug_7d": 0.25},
        "rug_30d": {"boost_rug_7d": 0.5, "linear_rug_30d": 0.5},
    }
    for horizon in HORIZONS:
        trees = horizon if horizon != "30d" else "7d"
        two = {f"boost_x2_{trees}": 0.5, f"linear_x2_{horizon}": 0.5}
        five = {f"boost_x5_{trees}": 0.5, f"linear_x5_{horizon}": 0.5}
        found[f"x2_{horizon}"] = two
        for k in (5, 10, 20, 50):
            found[f"x{k}_{horizon}"] = {n: w / 2 for n, w in (two | five).items()}
    return found


def lp_stacks():
    """The same of the head that also reads LP transfers."""
    return {
        "rug_24h": {"lp_boost_rug_24h": 0.45, "lp_random_rug_24h": 0.35, "linear_rug_24h": 0.2},
        "rug_7d": {"lp_boost_rug_7d": 0.75, "linear_rug_7d": 0.25},
    }


HEADS = (("lp", ["lp_burn"], lp_stacks()), ("events", [], stacks()))


def fit_components(table, start, without=(0, 0)):
    """{name: fitted component} from what was known at block `start`, but for the pools born in the
    range `without`."""
    fitted = {}
    for name, spec in specs().items():
        rows = table.train_rows(spec.target, start)
        birth = table.birth[rows]
        rows = rows[(birth < without[0]) | (birth >= without[1])]
        component = spec.fit(table, rows)
        if component is not None:
            fitted[name] = component
    return fitted


def held_out(table, start):
    """What the method says of each BLOCKS-th of the newest pools, by birth, when it is fitted on
    everything else that was known at `start`: a list of (rows, margins)."""
    newest = np.flatnonzero(table.fresh & (table.birth < start))
    if len(newest) < LEAST_FRESH:
        newest = np.flatnonzero(table.birth >= table.birth_quantile(0.4, False))
        newest = newest[table.birth[newest] < start]
    edges = np.quantile(table.birth[newest], np.linspace(0, 1, BLOCKS + 1))
    edges[-1] += 1
    said = []
    for a, b in zip(edges, edges[1:]):
        rows = newest[(table.birth[newest] >= a) & (table.birth[newest] < b)]
        fitted = fit_components(table, start, (a, b))
        matrix = table.matrix[rows]
        said.append((rows, {name: part.margin(matrix) for name, part in fitted.items()}))
    return said


def head_history(stack, said, known):
    """Held-out rows with a known label that a stack could answer, its log-odds, and the number of
    the block."""
    rows, odds, period = [], [], []
    for number, (at, margins) in enumerate(said):
        if all(name in margins for name in stack):
            keep = np.isin(at, known)
            f = sum(weight * margins[name] for name, weight in stack.items())
            rows.append(at[keep])
            odds.append(f[keep])
            period.append(np.full(keep.sum(), number))
    if not rows:
        return np.zeros(0, int), np.zeros(0), np.zeros(0, int)
    return np.concatenate(rows), np.concatenate(odds), np.concatenate(period)


def drift(f, y, period):
    """Standard deviation, between periods, of how far in log-odds the observed rate is from the
    expected one, less what chance explains; not below LEAST_DRIFT."""
    found = []
    for number in np.unique(period):
        p, seen = learn.sigmoid(f[period == number]), y[period == number]
        expected, n = p.mean(), len(p)
        rate = (seen.sum() + 0.5) / (n + 1)
        chance = 2 / (n * expected * (1 - expected))  # rows of a pool go together: twice
        found.append((learn.logit(rate) - learn.logit(expected)) ** 2 - chance)
    return np.sqrt(max(LEAST_DRIFT**2, np.mean(found) if found else 0.0))


def wilson(p, z, tau):
    """Range in which the frequency of a group of rows with mean p is expected: Wilson's form with
    GROUP independent rows, fewer by the drift of the level. Bounds are 0 or 1 exactly where the
    group may well hold no, or only, positives."""
    m = 1 / (1 / GROUP + p * (1 - p) * tau**2)
    centre, square = p + z**2 / (2 * m), p * (1 - p) / m + z**2 / (4 * m**2)
    low = (centre - z * np.sqrt(square)) / (1 + z**2 / m)
    high = (centre + z * np.sqrt(square)) / (1 + z**2 / m)
    low[(1 - p) ** m > NONE_LIKELY] = 0.0
    high[p**m > NONE_LIKELY] = 1.0
    return low, high


def interval(f, tau):
    """Table of the interval by log-odds. Its level is lowered only when the mean width on the rows
    f of the past would pass WIDEST."""
    knots = learn.sigmoid(KNOTS)
    for z in np.arange(Z95, 1.0, -0.02):
        low, high = (bundle.bounded_logit(side) for side in wilson(knots, z, tau))
        table = {"x": KNOTS, "lo": low, "hi": high}
        if len(f) == 0 or width(table, f) <= WIDEST:
            break
    return table, float(z)


def width(table, f):
    low, high = bundle.bounds(table, f)
    return np.mean(bundle.bound_probability(high) - bundle.bound_probability(low))


def fit_head(name, requires, stack, basis, own, history, labels):
    """A head of the bundle's document, and the drift and level that its interval came to. `basis`
    are the rows whose rate is the base rate, `own` the stack's log-odds of them."""
    rows, f, period = history
    base, positives = labels[basis].mean(), int(labels[basis].sum())
    if len(rows) >= LEAST_HISTORY:
        a, b = learn.fit_platt(f, labels[rows], slope_ridge=SLOPE_RIDGE)
    else:  # only the level, from the rows that the components were fitted on
        a, b = learn.fit_platt(own, labels[basis], slope_ridge=LEVEL_ONLY)
    f = a * f + b
    scarce = positives < SCARCE_POSITIVES
    weight = positives / (positives + (SCARCE_PRIOR_POSITIVES if scarce else PRIOR_POSITIVES))
    f = weight * f + (1 - weight) * learn.logit(base)
    tau = drift(f, labels[rows], period)
    table, z = interval(f, tau)
    head = {
        "name": name,
        "requires": requires,
        "stack": [{"component": n, "output": 0, "weight": w} for n, w in stack.items()],
        "bias": 0.0,
        "calibration": [{"method": "platt", "a": a, "b": b}],
        "shrinkage": {"weight": weight},
        "interval": table,
        "support": "thin" if positives < LEAST_POSITIVES else "full",
    }
    return short(head), {"drift": float(tau), "z": z, "rows": len(rows)}


def fit(table, start):
    """The bundle of what was known at block `start`, and notes for the card: per target and head
    the rows, drift and level of the interval."""
    components = fit_components(table, start)
    said = held_out(table, start)
    targets, notes = [], {}
    for target in TARGETS:
        labels = table.labels[target]
        known = table.train_rows(target, start)
        fresh = known[table.fresh[known]]
        basis = fresh if len(fresh) >= LEAST_FRESH else known
        heads = []
        for name, requires, stacks in HEADS:
            stack = stacks.get(target, {"": 0.0})
            if all(part in components for part in stack):
                history = head_history(stack, said, known)
                matrix = table.matrix[basis]
                own = sum(w * components[n].margin(matrix) for n, w in stack.items())
                head, note = fit_head(name, requires, stack, basis, own, history, labels)
                heads.append(head)
                notes[target, name] = note
        targets.append(bundle.target_document(target, labels[basis], heads))
    used = {term["component"] for t in targets for h in t["heads"] for term in h["stack"]}
    components = {name: part for name, part in components.items() if name in used}
    return bundle.Bundle(components, targets), notes


def floor(table, target, start, features):
    """What the card compares with: a plain XGBoost on what was known at block `start`."""
    rows = table.train_rows(target, start)
    weights = np.where(table.fresh[rows], 1.0, 0.3)
    x, y = table.matrix[rows], table.labels[target][rows]
    return Trees(features).fit(x, y, weights, rounds=300, params=PLAIN)
