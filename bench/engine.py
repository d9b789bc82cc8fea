# SPDX-License-Identifier: Apache-2.0
"""The engine beside libxgboost, lleaves and shap on models fitted here: one row, a batch, contributions, a whole score.

All figures are processor time on one thread, medians of rounds in which ours and each peer take turns.
"""

import ctypes
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import xgboost as xgb

ROOT = Path(__file__).resolve().parent.parent
BENCH = Path(os.environ.get("RADARX_BUILD", ROOT / "build")) / "radarx-bench"
ROUNDS = int(os.environ.get("ROUNDS", "5"))
INPUTS, TREES, DEPTH, ROWS = 38, 300, 6, 2000


def make_data(rows=20_000):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(rows, INPUTS)).astype(np.float32)
    score = x @ rng.normal(size=INPUTS) + 2 * x[:, 0] * x[:, 1] + 2 * rng.normal(size=rows)
    x[rng.random(x.shape) < 0.02] = np.nan
    return x, (score > 0).astype(float)


def ours(*args):
    """Figures of one part of radarx-bench."""
    run = subprocess.run([BENCH, *map(str, args)], check=True, capture_output=True, text=True)
    return {name: float(value) for name, value in (line.split() for line in run.stdout.splitlines())}


def microseconds(call, count):
    began = time.process_time()
    for i in range(count):
        call(i)
    return (time.process_time() - began) / count * 1e6


class Libxgboost:
    """The library through its C interface: what a program that links it would pay, and a few µs of ctypes."""

    def __init__(self, booster, x):
        self.lib, self.handle, self.x = xgb.core._LIB, booster.handle, np.ascontiguousarray(x[:200])
        self.whole = np.ascontiguousarray(x)
        common = {"iteration_begin": 0, "iteration_end": 0, "strict_shape": False, "missing": float("nan")}
        common |= {"cache_id": 0}
        self.margin = json.dumps(common | {"type": 1, "training": False}).encode()
        self.contributions = json.dumps(common | {"type": 2, "training": False}).encode()
        self.rows = [self.interface(self.x[i : i + 1]) for i in range(len(self.x))]
        self.matrices = [xgb.DMatrix(self.x[i : i + 1], nthread=1) for i in range(len(self.x))]
        self.shape, self.dim = ctypes.POINTER(ctypes.c_uint64)(), ctypes.c_uint64()
        self.result = ctypes.POINTER(ctypes.c_float)()

    @staticmethod
    def interface(array):
        fields = array.__array_interface__
        return json.dumps({k: fields[k] for k in ("data", "shape", "typestr", "version")} | {"strides": None}).encode()

    def call(self, function, first, config, *more):
        out = (ctypes.byref(self.shape), ctypes.byref(self.dim), ctypes.byref(self.result))
        if function(self.handle, first, config, *more, *out) != 0:
            raise RuntimeError(self.lib.XGBGetLastError())

    def one_row(self, i):
        self.call(self.lib.XGBoosterPredictFromDense, self.rows[i % len(self.rows)], self.margin, None)

    def batch(self, _):
        self.call(self.lib.XGBoosterPredictFromDense, self.interface(self.whole), self.margin, None)

    def explain(self, i):
        matrix = self.matrices[i % len(self.matrices)]
        self.call(self.lib.XGBoosterPredictFromDMatrix, matrix.handle, self.contributions)


def make_lleaves(x, y, folder):
    """One row by lleaves on a LightGBM model of the same size, which ours reads too; None: not installed."""
    try:
        import lightgbm
        import lleaves
    except ImportError as missing:
        print(f"engine bench: lleaves is absent ({missing})", file=sys.stderr)
        return None, None
    p = {"objective": "binary", "num_leaves": 2**DEPTH, "max_depth": DEPTH, "verbose": -1, "num_threads": 1}
    path = folder / "model.txt"
    lightgbm.train(p, lightgbm.Dataset(x, y), TREES).save_model(path)
    model = lleaves.Model(model_file=str(path))
    model.compile()
    rows = [np.ascontiguousarray(x[i : i + 1], np.float64) for i in range(200)]
    return path, lambda i: model.predict(rows[i % 200], n_jobs=1)


def make_shap(booster, x):
    try:
        import shap
    except ImportError as missing:
        print(f"engine bench: shap is absent ({missing})", file=sys.stderr)
        return None
    explainer = shap.TreeExplainer(booster)
    return lambda i: explainer.shap_values(x[i % 200 : i % 200 + 1])


def in_turns(samples, calls):
    """One round of each peer behind one of ours."""
    for _ in range(ROUNDS):
        for name, call in calls.items():
            for key, value in call().items():
                samples.setdefault(f"{name}.{key}", []).append(value)


def forests(folder):
    x, y = make_data()
    booster = xgb.train(
        {"objective": "binary:logistic", "max_depth": DEPTH, "eta": 0.1, "tree_method": "hist", "nthread": 2},
        xgb.DMatrix(x, label=y), TREES,
    )  # fmt: skip
    booster.set_param("nthread", 1)
    booster.save_model(folder / "model.ubj")
    rows = folder / "rows.f64"
    x[:ROWS].astype(np.float64).tofile(rows)
    library = Libxgboost(booster, x[:ROWS])
    text, lleaves = make_lleaves(x, y, folder)
    explainer = make_shap(booster, x)
    calls = {
        "ours": lambda: ours("forest", folder / "model.ubj", rows),
        "xgboost": lambda: {
            "single_us": microseconds(library.one_row, 500),
            "batch_us": microseconds(library.batch, 5) / ROWS,
            "shap_us": microseconds(library.explain, 100),
        },
    }
    if lleaves:
        calls["ours_lightgbm"] = lambda: ours("forest", text, rows)
        calls["lleaves"] = lambda: {"single_us": microseconds(lleaves, 500)}
    if explainer:
        calls["shap"] = lambda: {"shap_us": microseconds(explainer, 50)}
    samples = {}
    in_turns(samples, calls)
    return {key: statistics.median(values) for key, values in samples.items()}


def rest():
    samples = {}
    calls = {
        "events": lambda: ours("events"),
        "score": lambda: ours("score"),
        "memory": lambda: ours("memory"),
        "finder": lambda: ours("finder", 200, 10),
    }
    in_turns(samples, calls)
    medians = {key: statistics.median(values) for key, values in samples.items()}
    for wallets in (1_000, 10_000, 100_000):
        medians[f"finder.{wallets}"] = ours("finder", wallets, 10)["finder_ms"]
    return medians


def line(what, value, unit, goal="", peer=None, of="", ratio_goal=None):
    ratio = value / peer if peer else None
    met = [value <= goal] if isinstance(goal, (int, float)) else []
    met += [ratio <= ratio_goal] if ratio and ratio_goal else []
    verdict = "" if not met else "met" if all(met) else "MISSED"
    wanted = f"<= {goal} {unit}" if isinstance(goal, (int, float)) else ""
    wanted += (", " if wanted and ratio_goal else "") + (f"<= {ratio_goal}x" if ratio_goal else "")
    beside = f"{peer:.4g} ({of})" if peer else ""
    times = f"{ratio:.3f}x" if ratio else ""
    print(f"{what:44} {f'{value:.4g} {unit}':>14} {beside:>26} {times:>9} {wanted:>20} {verdict}")


def main():
    with tempfile.TemporaryDirectory(prefix="radarx-engine-") as name:
        f = forests(Path(name))
    f |= rest()
    print(f"\nengine, one thread, processor time, medians of {ROUNDS} rounds in turns; xgboost {xgb.__version__}, "
          f"{TREES} trees x depth {DEPTH} ({f['ours.nodes']:.0f} nodes), {INPUTS} inputs, 2 % missing\n")  # fmt: skip
    print(f"{'':44} {'ours':>14} {'peer':>26} {'ratio':>9} {'goal':>20}")
    line("one row", f["ours.single_us"], "us", 4, f["xgboost.single_us"], "libxgboost", 0.2)
    line(f"a row of a batch of {ROWS}", f["ours.batch_us"], "us", "", f["xgboost.batch_us"], "libxgboost", 1)
    line("contributions of one row", f["ours.shap_us"], "us", 600, f["xgboost.shap_us"], "libxgboost", 0.4)
    if "shap.shap_us" in f:
        line("contributions of one row", f["ours.shap_us"], "us", "", f["shap.shap_us"], "shap")
    if "lleaves.single_us" in f:
        line("one row, LightGBM model", f["ours_lightgbm.single_us"], "us", "", f["lleaves.single_us"], "lleaves")
    else:
        print("one row, LightGBM model: lleaves is absent")
    line("one event of a pool", f["events.event_us"], "us", 1)
    line("a pool without an event for a day", f["memory.idle_bytes"], "bytes", 2048)
    line("a whole score, all heads and explanations", f["score.total_us"], "us", 200)
    line("  of it probabilities, heatmap, risk", f["score.score_us"], "us")
    line("finder, 200 wallets x 10 trades", f["finder.finder_ms"], "ms", 5)
    for wallets in (1_000, 10_000, 100_000):
        line(f"finder, {wallets:,} wallets x 10 trades", f[f"finder.{wallets}"], "ms")
    growth = f["finder.100000"] / f["finder.1000"] / 100
    line("  time a wallet, 100,000 over 1,000", growth, "x", 2)


if __name__ == "__main__":
    main()
