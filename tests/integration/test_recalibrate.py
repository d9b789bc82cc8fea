# SPDX-License-Identifier: Apache-2.0
"""`radarx-agent recalibrate` from outside: adopting, refusing, state, audit trail, rollback, bad input."""

import csv
import json
import math
import random
import subprocess

import pytest
from conftest import program

HOUR, DAY = 3_600_000, 86_400_000
START = 1_700_000_000_000


def call(*arguments):
    return subprocess.run([program("radarx-agent"), "recalibrate", *map(str, arguments)], capture_output=True,
                          text=True, timeout=120)  # fmt: skip


def decisions(*arguments):
    result = call(*arguments, "--json")
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def scores(rng, hours, slope=1.0, shift=0.0, start=START, pools=400):
    """A score of one of the pools an hour; the truth is slope * log-odds + shift."""
    rows = []
    for i in range(hours):
        f = rng.gauss(-0.8, 1.3)
        y = int(rng.random() < 1 / (1 + math.exp(-(slope * f + shift))))
        rows.append({"pool": f"0x{rng.randrange(pools):x}", "scored_at": start + i * HOUR,
                     "p_rug_24h": 1 / (1 + math.exp(-f)), "rug_24h": y})  # fmt: skip
    return rows


def write(path, rows):
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_adopt_keep_and_roll_back(tmp_path):
    rng = random.Random(11)
    state, audit = tmp_path / "state.json", tmp_path / "audit.jsonl"
    more = ("--state", state, "--audit", audit, "--model-version", "m-7")
    rows = scores(rng, 900, slope=0.5, shift=1.5)
    [first] = decisions("--scores", write(tmp_path / "a.csv", rows), *more)
    assert first["action"] == "adopted" and first["overlay"]["number"] == 1
    assert first["overlay"]["calibration"]["method"] == "platt"
    assert abs(first["overlay"]["calibration"]["a"] - 0.5) < 0.2
    assert first["overlay"]["test"]["log_loss_change"] < 0
    assert first["overlay"]["fit"]["to"] + DAY <= first["overlay"]["test"]["from"]
    assert first["immature"] == 24 and first["model_version"] == "m-7"

    rows += scores(rng, 2600, slope=0.5, shift=-0.5, start=START + 900 * HOUR)
    [second] = decisions("--scores", write(tmp_path / "b.csv", rows[900:]), *more)
    assert second["action"] == "adopted" and second["overlay"]["number"] == 2
    assert second["overlay"]["calibration"]["method"] == "isotonic"

    kept = state.read_bytes()
    [third] = decisions("--scores", tmp_path / "b.csv", *more)
    assert third["action"] == "rejected" and state.read_bytes() == kept

    result = call("--rollback", "rug_24h", "--state", state, "--audit", audit, "--now", START)
    assert result.returncode == 0 and "number 1 is in force again" in result.stdout
    document = json.loads(state.read_text())
    assert [t["number"] for t in document["targets"]] == [1]
    assert call("--rollback", "rug_24h", "--state", state).returncode == 0
    assert json.loads(state.read_text())["targets"] == []
    result = call("--rollback", "rug_24h", "--state", state)
    assert result.returncode == 1 and "no recalibration is in force" in result.stderr
    trail = [json.loads(line)["action"] for line in audit.read_text().splitlines()]
    assert trail == ["adopted", "adopted", "rejected", "rolled_back"]


def test_labels_not_yet_known_do_not_count(tmp_path):
    rng = random.Random(12)
    rows = scores(rng, 1500, slope=0.6)
    now = rows[1000]["scored_at"]
    [before] = decisions("--scores", write(tmp_path / "a.csv", rows), "--now", now)
    for row in rows:
        if row["scored_at"] + DAY > now:
            row["rug_24h"] = 1 - row["rug_24h"]
    [after] = decisions("--scores", write(tmp_path / "a.csv", rows), "--now", now)
    assert before == after and before["immature"] == 1500 - 977


def test_labels_beside_with_their_own_times(tmp_path):
    rng = random.Random(13)
    rows = scores(rng, 700, slope=0.5, shift=1)
    labels = [{"x": 1, "rug_24h": r.pop("rug_24h"), "known_at": r["scored_at"] + 2 * DAY} for r in rows]
    paths = write(tmp_path / "s.csv", rows), write(tmp_path / "l.csv", labels)
    [event] = decisions("--scores", paths[0], "--labels", paths[1])
    assert (event["action"], event["immature"]) == ("adopted", 48)
    for label in labels[:200]:
        label["rug_24h"] = ""
    write(paths[1], labels)
    [event] = decisions("--scores", paths[0], "--labels", paths[1])
    assert event["matured"] == 700 - 48 - 200
    write(paths[1], labels[1:])
    assert "700 rows expected" in call("--scores", paths[0], "--labels", paths[1]).stderr


def test_too_few_labels(tmp_path):
    [event] = decisions("--scores", write(tmp_path / "a.csv", scores(random.Random(1), 120)))
    assert event["action"] == "too_few_labels" and "are needed" in event["reason"]
    result = call("--scores", tmp_path / "a.csv", "--state", tmp_path / "state.json")
    assert result.returncode == 0 and "too_few_labels" in result.stdout
    assert not (tmp_path / "state.json").exists()


BAD = {
    "no-time": ("p_t_24h,t_24h\n0.5,1\n", "column 'scored_at' is missing"),
    "no-target": ("scored_at,p_t_24h\n1,0.5\n", "no column p_NAME with labels"),
    "no-horizon": ("scored_at,p_t,t\n1,0.5,1\n", "a name that ends with a horizon"),
    "fraction": ("scored_at,p_t_24h,t_24h\n1.5,0.5,1\n", "row 1: column scored_at: whole milliseconds"),
    "probability": ("scored_at,p_t_24h,t_24h\n1,1.5,1\n", "row 1: a probability"),
    "label": ("scored_at,p_t_24h,t_24h\n1,0.5,3\n", "row 0: a label 0 or 1"),
    "early": ("scored_at,known_at,p_t_24h,t_24h\n9,1,0.5,0\n", "known_at: a time not before scored_at"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input(name, tmp_path):
    text, said = BAD[name]
    (tmp_path / "a.csv").write_text(text)
    result = call("--scores", tmp_path / "a.csv")
    assert (result.returncode, result.stdout) == (1, "")
    assert said in result.stderr


@pytest.mark.parametrize("text", ["", "{}", '{"format":"radarx-recalibration","format_version":1,"targets":[{}]}'])
def test_damaged_state(text, tmp_path):
    path = write(tmp_path / "a.csv", scores(random.Random(1), 200))
    (tmp_path / "state.json").write_text(text)
    result = call("--scores", path, "--state", tmp_path / "state.json")
    assert result.returncode == 1 and "state.json" in result.stderr
    assert (tmp_path / "state.json").read_text() == text


@pytest.mark.parametrize("arguments", [[], ["--rollback", "t"], ["--scores", "x", "--rollback", "t", "--state", "y"],
                                       ["--scores", "x", "--now", "-1"], ["--wat"]])  # fmt: skip
def test_wrong_usage(arguments):
    result = call(*arguments)
    assert (result.returncode, result.stdout) == (2, "")


def test_help():
    result = call("--help")
    assert result.returncode == 0 and "--rollback" in result.stdout
