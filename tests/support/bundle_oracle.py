# SPDX-License-Identifier: Apache-2.0
"""A model bundle evaluated a second time, by the text of models/README.md, with the standard library only."""

import hashlib
import json
import math
import struct

HORIZONS = ("24h", "7d", "30d")
MULTIPLIERS = (2, 5, 10, 20, 50)
HEAD, NECK = '{"sha256":"', '","model":'


def read(text):
    """The model of a bundle's text; the digest must be right."""
    text = text.rstrip("\n")
    body = text[len(HEAD) + 64 + len(NECK) : -1]
    assert text == HEAD + hashlib.sha256(body.encode()).hexdigest() + NECK + body + "}"
    return json.loads(body)


def sign(model):
    """The text of a bundle."""
    body = json.dumps(model, separators=(",", ":"), allow_nan=False)
    return HEAD + hashlib.sha256(body.encode()).hexdigest() + NECK + body + "}\n"


def float32(x):
    return struct.unpack("f", struct.pack("f", x))[0]


def sigmoid(x):
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def logit(p):
    return math.log(p / (1 - p))


def clip(x, low, high):
    return min(max(x, low), high)


def linear(xs, ys, x):
    """Piecewise linear, constant outside; of equal xs the upper one counts."""
    if x < xs[0]:
        return ys[0]
    if x >= xs[-1]:
        return ys[-1]
    i = max(k for k in range(len(xs)) if xs[k] <= x)
    return ys[i] + (x - xs[i]) / (xs[i + 1] - xs[i]) * (ys[i + 1] - ys[i])


def transform(item, x, ln_age):
    if x is None:
        return None
    kind = item.get("transform", "identity")
    if kind == "log1p":
        return math.log1p(max(x, 0))
    if kind == "asinh":
        return math.asinh(item["factor"] * x)
    if kind == "quantile":
        tables = item.get("by_age") or [dict(item, age_h=1)]
        values = [linear(t["knots"], t["values"], x) for t in tables]
        ages = [math.log(t["age_h"]) for t in tables]
        return values[0] if ln_age is None else linear(ages, values, ln_age)
    return x


# --- components ----------------------------------------------------------------------------------


def logistic(component, row, parameters, ln_age):
    total = component["intercept"]
    for i in component["inputs"]:
        t = parameters[i["parameter"]] if "parameter" in i else transform(i, row.get(i["feature"]), ln_age)
        z = 0.0 if t is None else (clip(t, i["low"], i["high"]) - i["mean"]) / i["scale"]
        if "by" in i:
            z *= 0.0 if ln_age is None else (ln_age - i["age_mean"]) / i["age_scale"]
        total += i["coefficient"] * z
    return total


def tree_inputs(component, row, parameters, ln_age):
    values = (
        parameters[i["parameter"]] if "parameter" in i else transform(i, row.get(i["feature"]), ln_age)
        for i in component["inputs"]
    )
    return [None if v is None else float32(v) for v in values]


def xgboost(component, x):
    """Margins in float32, the trees in their order."""
    learner = component["model"]["learner"]
    base = float(learner["learner_model_param"]["base_score"].strip("[]"))
    margin = float32(logit(base))
    for tree in learner["gradient_booster"]["model"]["trees"]:
        node = 0
        while tree["left_children"][node] != -1:
            value = x[tree["split_indices"][node]]
            left = tree["default_left"][node] if value is None else value < float32(tree["split_conditions"][node])
            node = tree["left_children" if left else "right_children"][node]
        margin = float32(margin + float32(tree["split_conditions"][node]))
    return margin


def lightgbm(component, x):
    """Numeric splits only, missing type None or NaN."""
    margin, tree = 0.0, {}
    for line in component["model"].splitlines() + ["Tree=end"]:
        if line.startswith("Tree=") and "leaf_value" in tree:
            margin += lightgbm_tree(tree, x)
            tree = {}
        key, _, value = line.partition("=")
        tree[key] = value.split()
        if line == "end of trees":
            margin += lightgbm_tree(tree, x)
            return margin
    raise ValueError("no end of trees")


def lightgbm_tree(tree, x):
    leaves = [float(v) for v in tree["leaf_value"]]
    if tree["num_leaves"] == ["1"]:
        return leaves[0]
    node = 0
    while node >= 0:
        kind = int(tree["decision_type"][node])
        value, missing = x[int(tree["split_feature"][node])], kind >> 2 & 3
        if value is None and missing == 0:
            value = 0.0
        if value is None:
            left = bool(kind & 2)
        else:
            left = value <= float(tree["threshold"][node])
        node = int(tree["left_child" if left else "right_child"][node])
    return leaves[~node]


def output(component, row, parameters, ln_age):
    if component["kind"] == "logistic":
        return logistic(component, row, parameters, ln_age)
    x = tree_inputs(component, row, parameters, ln_age)
    return (xgboost if component["kind"] == "xgboost" else lightgbm)(component, x)


# --- from margins to probabilities -----------------------------------------------------------------


def calibrate(step, f):
    method = step["method"]
    if method == "platt":
        return step["a"] * f + step["b"]
    if method == "temperature":
        return f / step["t"]
    if method == "beta":
        return step["a"] * -math.log1p(math.exp(-f)) + step["b"] * math.log1p(math.exp(f)) + step["c"]
    return linear(step["x"], step["y"], f)


def ends(interval, f):
    x, lo, hi = interval["x"], interval["lo"], interval["hi"]
    if f <= x[0]:
        return lo[0] + f - x[0], hi[0] + f - x[0]
    if f >= x[-1]:
        return lo[-1] + f - x[-1], hi[-1] + f - x[-1]
    return linear(x, lo, f), linear(x, hi, f)


def bound(f):
    return 0.0 if f <= -15 else 1.0 if f >= 15 else sigmoid(f)


def pava(values):
    """Non-decreasing least squares."""
    blocks = []
    for v in values:
        blocks.append([v, 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (a, n), (b, m) = blocks[-2:]
            blocks[-2:] = [[(a * n + b * m) / (n + m), n + m]]
    return [v for v, n in blocks for _ in range(n)]


def grid(cells):
    """Dykstra's alternating projections onto rows that do not increase and columns that do not decrease."""
    rows, cols = len(cells), len(cells[0])
    x = [list(r) for r in cells]
    p = [[0.0] * cols for _ in x]
    q = [[0.0] * cols for _ in x]
    for _ in range(20000):
        before = [list(r) for r in x]
        t = [[x[i][j] + p[i][j] for j in range(cols)] for i in range(rows)]
        y = [[-v for v in pava([-v for v in r])] for r in t]
        p = [[t[i][j] - y[i][j] for j in range(cols)] for i in range(rows)]
        t = [[y[i][j] + q[i][j] for j in range(cols)] for i in range(rows)]
        columns = [pava([t[i][j] for i in range(rows)]) for j in range(cols)]
        x = [[columns[j][i] for j in range(cols)] for i in range(rows)]
        q = [[t[i][j] - x[i][j] for j in range(cols)] for i in range(rows)]
        if max(abs(x[i][j] - before[i][j]) for i in range(rows) for j in range(cols)) < 1e-15:
            break
    return x


def project(found):
    """All 15 cells and the three rugs must be there, or none of a group."""
    names = [[f"x{k}_{h}" for k in MULTIPLIERS] for h in HORIZONS]
    for part in range(3):
        if all(n in found for r in names for n in r):
            fitted = grid([[found[n][part] for n in r] for r in names])
            for i, r in enumerate(names):
                for j, n in enumerate(r):
                    found[n][part] = fitted[i][j]
        rugs = [f"rug_{h}" for h in HORIZONS if f"rug_{h}" in found]
        for n, v in zip(rugs, pava([found[n][part] for n in rugs])):
            found[n][part] = v
    for v in found.values():
        v[1], v[2] = min(v[1], v[0]), max(v[2], v[0])


def evaluate(model, row):
    """{target: [p, lo, hi]} of a row {feature: number or None}."""
    components = {c["name"]: c for c in model["components"]}
    age = row.get("age_h")
    ln_age = math.log(age) if age is not None and age > 0 else None
    cache, found = {}, {}
    for target in model["targets"]:
        parameters = {"horizon_days": 0, "multiplier": 0, **target["parameters"]}
        head = next(h for h in target["heads"] if all(row.get(f) is not None for f in h["requires"]))
        f = head.get("bias", 0)
        for term in head["stack"]:
            component = components[term["component"]]
            uses = any("parameter" in i for i in component["inputs"])
            key = (term["component"], tuple(parameters.values()) if uses else None)
            if key not in cache:
                cache[key] = output(component, row, parameters, ln_age)
            f += term["weight"] * cache[key]
        for step in head["calibration"]:
            f = calibrate(step, f)
        weight = head.get("shrinkage", {"weight": 1})["weight"]
        f = clip(weight * f + (1 - weight) * logit(target["base_rate"]), -15, 15)
        lo, hi = ends(head["interval"], f)
        found[target["name"]] = [sigmoid(f), bound(min(lo, f)), bound(max(hi, f))]
    project(found)
    return found
