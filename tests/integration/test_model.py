# SPDX-License-Identifier: Apache-2.0
"""The built-in model and its card are what models/train.py makes of the recorded snapshots."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("RADARX_DATA", ROOT.parent / "shared" / "data"))
MODELS = ROOT / "models"
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")

pytestmark = pytest.mark.skipif(not (DATA / "univ2").is_dir(),
                                reason=f"no recorded snapshots at {DATA}: set RADARX_DATA")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder that train.py wrote the model and the card to, and one that it wrote the model to again."""
    venv = subprocess.run([ROOT / "scripts" / "venv", "models/requirements.txt"], check=True, capture_output=True,
                          text=True, timeout=300).stdout.strip()
    once, again = tmp_path_factory.mktemp("once"), tmp_path_factory.mktemp("again")
    for out, extra in ((once, []), (again, ["--no-card"])):
        subprocess.run([f"{venv}/bin/python", MODELS / "train.py", "--data", DATA, "--out", out, *extra], check=True,
                       capture_output=True, timeout=900)
    return once, again


def model(folder):
    return json.loads((folder / "default.json").read_text())["model"]


def test_training_twice_gives_the_same_bytes(trained):
    once, again = trained
    assert (once / "default.json").read_bytes() == (again / "default.json").read_bytes()
    assert not (again / "default.card.md").exists()


def test_training_again_gives_the_same_answers(trained):
    ours, theirs = model(MODELS), model(trained[0])
    assert ours["features"] == theirs["features"] and len(ours["golden"]) >= 20
    assert [part["name"] for part in ours["components"]] == [part["name"] for part in theirs["components"]]
    for mine, other in zip(ours["targets"], theirs["targets"], strict=True):
        assert (mine["name"], mine["rows"], mine["positives"]) == (other["name"], other["rows"], other["positives"])
    for mine, other in zip(ours["golden"], theirs["golden"], strict=True):
        assert mine["x"] == other["x"] and mine["p"].keys() == other["p"].keys() and len(mine["p"]) == 18
        for target, answer in mine["p"].items():
            assert other["p"][target] == pytest.approx(answer, rel=0, abs=1e-6), target


def test_golden_vectors_are_ordered_and_cover_what_is_missing():
    golden = model(MODELS)["golden"]
    for vector in golden:
        for low, p, high in ((lo, p, hi) for p, lo, hi in vector["p"].values()):
            assert 0 <= low <= p <= high <= 1 and 0 < p < 1
        for horizon in ("24h", "7d", "30d"):
            row = [vector["p"][f"x{k}_{horizon}"][0] for k in (2, 5, 10, 20, 50)]
            assert all(a >= b - 1e-12 for a, b in zip(row, row[1:]))
        for kind in ("rug", "x2", "x5", "x10", "x20", "x50"):
            column = [vector["p"][f"{kind}_{horizon}"][0] for horizon in ("24h", "7d", "30d")]
            assert all(a <= b + 1e-12 for a, b in zip(column, column[1:]))
    missing = [sum(x is None for x in vector["x"]) for vector in golden]
    assert min(missing) == 0 and max(missing) > 30


def test_the_card_says_what_training_measures(trained):
    ours = (MODELS / "default.card.md").read_text()
    theirs = (trained[0] / "default.card.md").read_text()
    assert NUMBER.sub("#", ours) == NUMBER.sub("#", theirs)
    mine, other = ([float(text) for text in NUMBER.findall(card)] for card in (ours, theirs))
    assert len(mine) > 1000 and other == pytest.approx(mine, rel=1e-3, abs=0.002)
