# SPDX-License-Identifier: Apache-2.0
"""A serving agent learns from what came of its forecasts: it says so, its answers move, and they stay in order."""

import math
import random
import sqlite3
import struct
import time

from conftest import evm_source, wait_until
from faultnode import FaultNode
from synthetic import sample_chain

ROWS = 900
TARGET = "rug_24h"


def model_of(agent):
    return agent.get("/api/info")[1]["model"]


def write_forecasts(agent, model, slope, shift):
    """Forecasts with their outcomes, one every half hour up to yesterday: log-odds f, truth slope f + shift."""
    rng = random.Random(5)
    names = [t["name"] for t in model["targets"]]
    first = int(time.time()) - 86400 - 1800 * ROWS
    nan = math.nan
    with sqlite3.connect(agent.folder / "radarx.db") as db:
        for i in range(ROWS):
            f = rng.gauss(-0.5, 1.4)
            rug = rng.random() < 1 / (1 + math.exp(-(slope * f + shift)))
            values = []
            for name in names:
                base = f if name == TARGET else -3.0
                values += [base, 1 / (1 + math.exp(-base))]
            outcomes = [0.01 if rug else 0.9, 1.1, nan, nan, nan, nan]
            at = first + 1800 * i
            db.execute(
                "INSERT INTO forecasts (model, chain, pair, band, time, due, forecast, outcomes)"
                " VALUES (?, 'ethereum', ?, 0, ?, NULL, ?, ?)",
                (
                    model["sha256"],
                    i.to_bytes(20, "big"),
                    at,
                    struct.pack(f"{len(values)}d", *values),
                    struct.pack("6d", *outcomes),
                ),
            )


def assert_monotone(score):
    horizons = score["probability_heatmap"]["horizons"]
    cells = [[horizons[h][m]["probability"] for m in ("2x", "5x", "10x", "20x", "50x")] for h in ("24h", "7d", "30d")]
    for row in cells:
        assert row == sorted(row, reverse=True)
    for column in zip(*cells, strict=True):
        assert list(column) == sorted(column)
    rugs = [score["rug_probability"][h]["probability"] for h in ("24h", "7d", "30d")]
    assert rugs == sorted(rugs)
    for h in ("24h", "7d", "30d"):
        interval = score["rug_probability"][h]["confidence_interval"]
        assert interval["lower"] <= score["rug_probability"][h]["probability"] <= interval["upper"]


def rug_of(score):
    return score["rug_probability"]["24h"]["probability"]


def test_learns_and_remembers(make_agent):
    chain = sample_chain(400)
    with FaultNode(chain) as node:
        settings = {"background": {"interval": "10s"}}
        agent = make_agent([evm_source(node.url, chain)], settings)
        agent.wait_block(chain.head)
        model = model_of(agent)
        assert model["recalibration"] == [] and model["health"]["status"] == "Unknown"
        known = [t for t in chain.tokens if agent.score(t)[1]["rug_probability"]["24h"] is not None]
        assert known
        before = {t: agent.score(t)[1] for t in known}
        agent.stop()
        write_forecasts(agent, model, 0.5, -1.5)

        agent.start()
        agent.wait_block(chain.head)
        wait_until(lambda: model_of(agent)["recalibration"], seconds=60, what="the recalibration")
        after = model_of(agent)
        assert after["sha256"] == model["sha256"]
        (mine,) = after["recalibration"]
        assert mine["target"] == TARGET and mine["method"] == "platt" and mine["number"] == 1
        assert mine["fitted_on"]["rows"] > 400 and mine["test"]["rows"] == ROWS * 3 // 10
        assert mine["test"]["log_loss_after"] < mine["test"]["log_loss_before"]
        labelled = {t["name"]: t for t in after["health"]["targets"]}[TARGET]
        assert labelled["labels"] == 500 and labelled["upper"] < 1 and labelled["verdict"] == "drift"
        assert agent.health()["status"] in ("healthy", "syncing")
        assert agent.metric("radarx_recalibrated_targets") == 1
        assert agent.metric("radarx_recalibrations_total", result="adopted") == 1
        assert '"result":"adopted"' in agent.log()
        recalibrated = {}
        for token in known:
            score = agent.score(token)[1]
            assert_monotone(score)
            assert score["model_metadata"]["recalibration"] == after["recalibration"]
            recalibrated[token] = rug_of(score)
            why = score["explanations"]["rug_probability_24h"]
            total = why["base"] + why["other"] + sum(f["contribution"] for f in why["top_features"])
            p = rug_of(score)
            assert math.isclose(total, math.log(p / (1 - p)), abs_tol=1e-9)
        assert any(abs(recalibrated[t] - rug_of(before[t])) > 0.01 for t in known)
        agent.stop()
        with sqlite3.connect(agent.folder / "radarx.db") as db:
            assert db.execute("SELECT count(*) FROM recalibration_audit").fetchone()[0] >= 1

        # In force again from the first answer on.
        agent.start()
        assert model_of(agent)["recalibration"] == after["recalibration"]
        agent.stop()

        # Turned off: the model alone answers.
        agent.config["recalibration"] = {"enabled": False}
        agent.start()
        agent.wait_block(chain.head)
        assert model_of(agent)["recalibration"] == []
        for token in known:
            assert math.isclose(rug_of(agent.score(token)[1]), rug_of(before[token]), rel_tol=1e-9)
