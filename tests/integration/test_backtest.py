# SPDX-License-Identifier: Apache-2.0
"""`radarx-agent backtest`: recorded or made pools in, a report out."""

import csv
import gzip
import json
import os
import random
import subprocess
from pathlib import Path

import pytest
from conftest import program

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("RADARX_DATA", ROOT.parent / "shared" / "data")) / "univ2"
recorded = pytest.mark.skipif(not DATA.is_dir(), reason=f"no recorded pools at {DATA}: set RADARX_DATA")


def call(*arguments):
    return subprocess.run([program("radarx-agent"), "backtest", *map(str, arguments)], capture_output=True, text=True,
                          timeout=500)  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """60 random walks of constant-product pools over five days, born an hour apart."""
    folder = tmp_path_factory.mktemp("pools")
    rng = random.Random(3)
    with (folder / "pairs.csv").open("w") as pairs, (folder / "events.csv").open("w") as events:
        pairs.write("pool,token,decimals,weth_pos\n")
        events.write("pool,block,logi,reserve0,reserve1\n")
        for i in range(60):
            pairs.write(f"0x{i:040x},0x{i + 1000:040x},18,0\n")
            weth, tokens, block = 20.0, 1e6, 11_000_000 + 270 * i
            end = block + 4 * 6472
            while block < end:
                step = 1 + rng.uniform(-0.05, 0.0505)
                weth, tokens = weth * step, tokens / step
                events.write(f"0x{i:040x},{block},1,{int(weth * 1e18)},{int(tokens * 1e18)}\n")
                block += rng.randrange(1, 60)
    return ("--events", folder / "events.csv", "--pairs", folder / "pairs.csv")


def test_report(made):
    result = call(*made, "--json", "--audit", "1000")
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert report["pools"] == 60 and report["decisions"] == 240 == report["answered"]
    assert report["audit"] == {"repeated": 240, "leaks": 0}
    assert [fold["decisions"] for fold in report["folds"]] == [48] * 5
    labels = [fold["labels_known_before"] for fold in report["folds"]]
    assert labels[0] == 0 and labels == sorted(labels)
    for key in ("trades", "every_pool"):
        trades = report[key]
        assert trades["closed"] + trades["open_at_the_end"] <= 240
        assert trades["final_equity"] == pytest.approx(100 + trades["profit"])
        assert trades["gas"] > 0 or trades["closed"] == 0
    assert report["every_pool"]["closed"] > 0
    again = call(*made, "--json", "--audit", "1000")
    assert again.stdout == result.stdout


def test_table(made):
    result = call(*made)
    assert result.returncode == 0, result.stderr
    for said in ("60 pools, 240 decisions, 240 answered", "x2_24h by folds in time", "every pool",
                 "look-ahead: 200 answers repeated without their future, 0 changed"):  # fmt: skip
        assert said in result.stdout


def test_costs_cost(made):
    """Dearer gas and a later execution change the result; more gas never helps."""
    reports = [json.loads(call(*made, "--json", "--strategy", "every", "--gas", gas).stdout) for gas in ("0", "0.05")]
    cheap, dear = reports
    assert dear["trades"]["profit"] < cheap["trades"]["profit"]
    assert cheap["trades"]["gas"] == 0 < dear["trades"]["gas"]


REFUSED = {
    "buy": (("--buy", "x3_24h"), "--buy: the model has no target x3_24h"),
    "rug": (("--buy", "rug_24h"), "buy: a target with a multiplier expected"),
    "guard": (("--guard", "nothing"), "--guard: the model has no target nothing"),
    "stake": (("--stake", "2"), "stake: a number from 1e-06 to 1 expected"),
    "number": (("--stop", "half"), "--stop: a number expected"),
    "strategy": (("--strategy", "luck"), "--strategy: threshold, quantile, kelly or every expected"),
    "file": (("--lp", "absent.csv"), "absent.csv"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses(name, made):
    arguments, said = REFUSED[name]
    result = call(*made, *arguments)
    assert result.returncode in (1, 2) and result.stdout == ""
    assert said in result.stderr


@recorded
def test_labels_are_the_recorded_ones():
    """Positives of the report = labels of the snapshots, for every target that the model has."""
    result = call("--events", DATA / "events_2020_700pools.csv.gz", "--pairs", DATA / "pairs.csv.gz", "--json",
                  "--audit", "50")  # fmt: skip
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    with gzip.open(DATA / "events_2020_700pools.csv.gz", "rt") as file:
        pools = {row["pool"].lower() for row in csv.DictReader(file)}
    with gzip.open(DATA / "snapshots_2020.csv.gz", "rt") as file:
        rows = [row for row in csv.DictReader(file) if row["pool"].lower() in pools]
    assert report["decisions"] == len(rows) == 906
    for target, metrics in report["targets"].items():
        labels = [float(row[target]) for row in rows if row.get(target)]
        if metrics and target in rows[0]:
            assert (metrics["rows"], metrics["positives"]) == (len(labels), sum(labels)), target
    assert report["audit"]["leaks"] == 0
