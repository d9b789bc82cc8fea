# SPDX-License-Identifier: Apache-2.0
"""`radarx-agent drift` from outside: the documented example, recorded pools a year apart, made-up tables, bad input."""

import csv
import gzip
import json
import math
import os
import random
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from conftest import program

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("RADARX_DATA", ROOT.parent / "shared" / "data")) / "univ2"

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"no recorded pools at {DATA}: set RADARX_DATA")


def call(*arguments, cwd=None):
    return subprocess.run([program("radarx-agent"), *map(str, arguments)], capture_output=True, text=True,
                          timeout=120, cwd=cwd)  # fmt: skip


def drift(baseline, current, *more):
    result = call("drift", "--baseline", baseline, "--current", current, "--json", *more)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout, parse_constant=lambda name: pytest.fail(f"{name} in the answer"))


def write(path, columns):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


def verdicts(answer):
    return {c["name"]: c["verdict"] for c in answer["columns"]}


def made_up(rng, n, shift=0.0, odds=1.0):
    f = [rng.gauss(-0.5, 1.2) for _ in range(n)]
    sigmoid = [1 / (1 + math.exp(-x)) for x in f]
    return {
        "id": [f"0x{i:x}" for i in range(n)],
        "a": [rng.gauss(shift, 1) for _ in range(n)],
        "b": [rng.expovariate(1) for _ in range(n)],
        "p_t": sigmoid,
        "t": [int(rng.random() < 1 / (1 + math.exp(-x) / odds)) for x in f],
    }


def test_documented_example():
    page = (ROOT / "docs" / "drift.md").read_text()
    command, shown = re.search(r"\n    (radarx-agent drift .*?)\n\n((?:    .*\n|\n)+)", page).groups()
    result = call(*shlex.split(command)[1:], cwd=ROOT)
    assert result.returncode == 0, result.stderr
    lines = [line.rstrip() for line in result.stdout.splitlines()]
    for line in shown.splitlines():
        assert line.strip() in ("", "...") or line[4:].rstrip() in lines, line


@needs_data
def test_a_year_between():
    """Pools of 2020 against those of 2021: most features moved."""
    answer = drift(DATA / "snapshots_2020.csv.gz", DATA / "snapshots_2021_early.csv.gz")
    assert answer["verdict"]["status"] == "False" and answer["verdict"]["reason"] == "FeatureDrift"
    grades = verdicts(answer)
    assert grades["t_init_log"] == "drift" and grades["uniq_blk"] == "drift"
    assert all(c["kind"] == "feature" for c in answer["columns"])
    assert "first_block" not in grades and "rug_24h" not in grades


@needs_data
def test_one_time_split_at_random(tmp_path):
    """Halves of the pools of one period: the four snapshots of a pool count as one, so no alarm."""
    with gzip.open(DATA / "snapshots_2021_early.csv.gz", "rt") as file:
        rows = list(csv.reader(file))
    raised = 0
    for seed in range(20):
        rng = random.Random(seed)
        pools = sorted({row[0] for row in rows[1:]})
        first = set(rng.sample(pools, len(pools) // 2))
        for name, wanted in (("a", True), ("b", False)):
            with open(tmp_path / name, "w", newline="") as out:
                csv.writer(out).writerows([rows[0], *(r for r in rows[1:] if (r[0] in first) == wanted)])
        raised += drift(tmp_path / "a", tmp_path / "b")["verdict"]["status"] == "False"
    print(f"real pools of one period split in halves: {raised} of 20 runs raise")
    assert raised <= 1


def test_shift_label_and_text_columns(tmp_path):
    rng = random.Random(5)
    base = write(tmp_path / "base.csv", made_up(rng, 1500))
    same = write(tmp_path / "same.csv", made_up(rng, 800))
    moved = write(tmp_path / "moved.csv", made_up(rng, 800, shift=0.5))
    worse = write(tmp_path / "worse.csv", made_up(rng, 800, odds=2.5))
    answer = drift(base, same)
    assert answer["verdict"]["status"] == "True"
    assert verdicts(answer) == {"a": "stable", "b": "stable", "p_t": "stable"}
    answer = drift(base, moved)
    assert (answer["verdict"]["reason"], verdicts(answer)["a"]) == ("FeatureDrift", "drift")
    answer = drift(base, worse)
    assert answer["verdict"]["reason"] == "CalibrationDrift"
    target = answer["targets"][0]
    assert target["name"] == "t" and target["current"]["observed_over_expected_lo"] > 1.2
    assert verdicts(drift(base, moved, "--columns", "b,p_t")) == {"b": "stable", "p_t": "stable"}


def test_labels_beside(tmp_path):
    rng = random.Random(6)
    rows = made_up(rng, 600, odds=3)
    labels = {"id": rows["id"], "t": [y if i % 3 else "" for i, y in enumerate(rows.pop("t"))]}
    now = write(tmp_path / "now.csv", rows)
    base = write(tmp_path / "base.csv", made_up(rng, 600))
    assert drift(base, now)["targets"] == []
    answer = drift(base, now, "--labels", write(tmp_path / "labels.csv", labels))
    assert answer["targets"][0]["current"]["n"] == 400
    assert answer["verdict"]["reason"] == "CalibrationDrift"
    short = write(tmp_path / "short.csv", {"t": [0, 1]})
    result = call("drift", "--baseline", base, "--current", now, "--labels", short)
    assert result.returncode == 1 and "600 rows expected" in result.stderr


def test_exit_codes(tmp_path):
    rng = random.Random(7)
    base = write(tmp_path / "base.csv", made_up(rng, 500))
    moved = write(tmp_path / "moved.csv", made_up(rng, 500, shift=1))
    few = write(tmp_path / "few.csv", made_up(rng, 20))
    assert call("drift", "--baseline", base, "--current", moved).returncode == 0
    assert call("drift", "--baseline", base, "--current", moved, "--fail-on-drift").returncode == 1
    assert call("drift", "--baseline", base, "--current", base, "--fail-on-drift").returncode == 0
    result = call("drift", "--baseline", base, "--current", few, "--fail-on-drift")
    assert result.returncode == 0 and "ModelHealthy: Unknown (NotEnoughData)" in result.stdout


BAD = {
    "no-file": (None, "No such file"),
    "empty": ("", "a header line is expected"),
    "words": ("a,b\n1,2\nx,3\n", "line 3: column a: a finite number or nothing expected, got 'x'"),
    "infinite": ("a\n1\n1e999\n", "line 3: column a: a finite number"),
    "ragged": ("a,b\n1,2\n3\n", "line 3: 2 fields expected, got 1"),
    "twice": ("a,a\n1,2\n", "column 'a' appears twice"),
    "nameless": ("a,\n1,2\n", "column 2 has no name"),
    "nothing-shared": ("z\n1\n", "share no column of numbers"),
    "probability": ("p_t,t\n1.5,1\n", "row 1: column p_t: a probability from 0 to 1"),
    "label": ("p_t,t\n0.5,2\n", "row 1: column t: a label 0 or 1"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input(name, tmp_path):
    text, said = BAD[name]
    base = write(tmp_path / "base.csv", made_up(random.Random(1), 200))
    if text is not None:
        (tmp_path / "now.csv").write_text(text)
    result = call("drift", "--baseline", base, "--current", tmp_path / "now.csv")
    assert (result.returncode, result.stdout) == (1, "")
    assert said in result.stderr


@pytest.mark.parametrize("arguments", [[], ["--baseline", "x"], ["--alpha", "2"], ["--min-effect", "x"], ["--wat"]])
def test_wrong_usage(arguments):
    result = call("drift", *arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr


def test_help():
    result = call("drift", "--help")
    assert result.returncode == 0 and "--fail-on-drift" in result.stdout
