# SPDX-License-Identifier: Apache-2.0
"""The built-in model and its card are what models/train.py makes of the recorded snapshots."""

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("RADARX_DATA", ROOT.parent / "shared" / "data"))


def numbers(value, path=""):
    """Every number of a JSON document with its place."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from numbers(item, f"{path}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from numbers(item, f"{path}[{index}]")
    elif not isinstance(value, (str, bool)) and value is not None:
        yield path, value


@pytest.mark.skipif(not (DATA / "univ2").is_dir(), reason=f"no recorded snapshots at {DATA}: set RADARX_DATA")
def test_training_again_gives_the_same(tmp_path):
    venv = subprocess.run([ROOT / "scripts" / "venv", "models/requirements.txt"], check=True, capture_output=True,
                          text=True, timeout=300).stdout.strip()
    subprocess.run([f"{venv}/bin/python", ROOT / "models" / "train.py", "--data", DATA, "--out", tmp_path], check=True,
                   capture_output=True, timeout=500)
    ours = dict(numbers(json.loads((ROOT / "models" / "default.json").read_text())))
    again = dict(numbers(json.loads((tmp_path / "default.json").read_text())))
    assert ours.keys() == again.keys() and len(ours) > 1000
    assert again == pytest.approx(ours, rel=1e-6, abs=1e-9)
    assert (tmp_path / "default.card.md").read_text() == (ROOT / "models" / "default.card.md").read_text()
