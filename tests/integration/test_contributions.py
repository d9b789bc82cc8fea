# SPDX-License-Identifier: Apache-2.0
"""Random LightGBM models: predictions as the library prints them; contributions of both libraries' random models."""

import csv
import hashlib
import json
import math
import os
import subprocess
from array import array
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("RADARX_BUILD", ROOT / "build"))
MODELS = int(os.environ.get("RADARX_RANDOM_MODELS", "100"))
SEED = int(os.environ.get("RADARX_RANDOM_SEED", "1"))


def library():
    """Python with the pinned trainers, when they are installed (scripts/venv models/requirements.txt installs them)."""
    digest = hashlib.sha256((ROOT / "models" / "requirements.txt").read_bytes()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    venv = cache / "radarx" / f"venv-models-{digest}"
    return venv / "bin" / "python" if (venv / "done").exists() else None


def make(script, out):
    python = library()
    if not python:
        pytest.skip("the trainers are not installed: scripts/venv models/requirements.txt")
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [python, ROOT / "tests" / "support" / script, out, str(MODELS), str(SEED)]
    subprocess.run(command, check=True, timeout=900, env=environment)
    return sorted(out.iterdir(), key=lambda p: int(p.name))


@pytest.fixture(scope="module")
def lightgbm_models(tmp_path_factory):
    return make("lgb_models.py", tmp_path_factory.mktemp("lgb"))


@pytest.fixture(scope="module")
def xgboost_models(tmp_path_factory):
    return make("xgb_contributions.py", tmp_path_factory.mktemp("xgb"))


def model(command, folder, out, *more):
    path = next(folder.glob("model.*"))
    args = [BUILD / "radarx-agent", "model", command, "--model", path, "--input", folder / "rows.csv"]
    args += ["--header", "no", "--output", out, *more]
    result = subprocess.run(args, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, (folder, result.stderr)


def numbers(path):
    with open(path, newline="") as file:
        return [[float(field) if field else None for field in row] for row in csv.reader(file)]


def last_fields(path, k, header):
    with open(path, newline="") as file:
        return [row[-k:] for row in list(csv.reader(file))[header:]]


def contributions(path, outputs, width):
    """Lines of row, output, contributions ... base to rows of outputs x width."""
    with open(path, newline="") as file:
        lines = [list(map(float, row[-width:])) for row in list(csv.reader(file))[1:]]
    return [sum(lines[i : i + outputs], []) for i in range(0, len(lines), outputs)]


def test_lightgbm_predictions(lightgbm_models, tmp_path):
    compared = Counter()
    out = tmp_path / "out.csv"
    for folder in lightgbm_models:
        for name, more in (("margins", ["--margin"]), ("values", [])):
            want = numbers(folder / f"{name}.csv")
            model("predict", folder, out, *more)
            got = last_fields(out, len(want[0]), 0)
            assert got == [[f"{v:.9g}" for v in row] for row in want], (folder, name)
            compared[name] += len(want) * len(want[0])
    facts = [json.loads((f / "facts.json").read_text()) for f in lightgbm_models]
    kinds = Counter(f["objective"] for f in facts)
    print(f"{len(facts)} LightGBM models of {len(kinds)} objectives, "
          f"{sum(f['categorical'] for f in facts)} with categories, {dict(Counter(f['boosting'] for f in facts))}: "
          f"{compared['margins']} margins and {compared['values']} predictions print the same digits")  # fmt: skip
    assert len(kinds) == min(18, len(facts))


def flat(table):
    return array("d", (math.nan if v is None else v for row in table for v in row))


def test_lightgbm_full_precision(lightgbm_models, tmp_path):
    """Margins and contributions as float64; 1e-15 and 1e-12 of the largest number of the model."""
    identical = compared = 0
    worst = worst_share = 0.0
    for folder in lightgbm_models:
        rows, out = tmp_path / "rows.f64", tmp_path / "out.f64"
        rows.write_bytes(flat(numbers(folder / "rows.csv")).tobytes())
        subprocess.run([BUILD / "radarx-bench", "dump", folder / "model.txt", rows, out], check=True, timeout=120)
        got = array("d")
        got.frombytes(out.read_bytes())
        tables = [numbers(folder / f"{name}.csv") for name in ("margins", "values", "contributions")]
        width = sum(len(t[0]) for t in tables)
        k, v = len(tables[0][0]), len(tables[1][0])
        want = [sum(parts, []) for parts in zip(*tables)]
        assert len(got) == width * len(want)
        size = max(1, *map(abs, flat(tables[2])))
        for i, row in enumerate(want):
            ours = got[i * width : (i + 1) * width]
            for a, b in zip(ours[: k + v], row):
                identical += a == b
                worst = max(worst, abs(a - b) / max(abs(b), 1e-300))
            compared += k + v
            worst_share = max(worst_share, *(abs(a - b) / size for a, b in zip(ours[k + v :], row[k + v :])))
    print(f"{identical} of {compared} margins and predictions are bit-identical, largest relative difference "
          f"{worst:.1e}; of contributions {worst_share:.1e}")  # fmt: skip
    assert worst <= 1e-15 and worst_share <= 1e-12


@pytest.mark.parametrize("kind, tolerance", [("lightgbm", 1e-8), ("xgboost", 5e-6)])
def test_contributions(kind, tolerance, request, tmp_path):
    """To what the command prints (%.9g) and, for XGBoost, to what the library's float32 sums allow."""
    out = tmp_path / "out.csv"
    worst = worst_sum = compared = 0
    folders = request.getfixturevalue(f"{kind}_models")
    for folder in folders:
        margins, want = numbers(folder / "margins.csv"), numbers(folder / "contributions.csv")
        outputs, width = len(margins[0]), len(want[0]) // len(margins[0])
        model("explain", folder, out)
        got = contributions(out, outputs, width)
        assert len(got) == len(want)
        for ours, theirs, row in zip(got, want, margins):
            size = max(1, *map(abs, theirs))
            worst = max(worst, *(abs(a - b) / size for a, b in zip(ours, theirs)))
            sums = [sum(ours[k * width : (k + 1) * width]) for k in range(outputs)]
            worst_sum = max(worst_sum, *(abs(a - b) / size for a, b in zip(sums, row)))
            compared += len(ours)
    print(f"{len(folders)} {kind} models: {compared} contributions, largest difference {worst:.1e}, "
          f"of a row's sum to its margin {worst_sum:.1e}")  # fmt: skip
    assert worst <= tolerance and worst_sum <= max(tolerance * 4, 1e-7)
