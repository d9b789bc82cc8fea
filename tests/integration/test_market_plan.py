# SPDX-License-Identifier: Apache-2.0
"""The market's plan: repeatable, and each token a middling pool of its recorded class."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHAIN = ROOT / "e2e" / "chain"
TABLE = json.loads((CHAIN / "quantiles.json").read_text())
PRINT_PLAN = """
const { TOKENS, tokenPlan, afterPlan } = await import(process.argv[1]);
const seed = Number(process.argv[2]);
console.log(JSON.stringify({ tokens: TOKENS.map((_, i) => tokenPlan(seed, i)), after: afterPlan(seed) }));
"""


def plan(seed):
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    command = [node, "--input-type=module", "-e", PRINT_PLAN, (CHAIN / "plan.mjs").as_uri(), str(seed)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout)


def test_same_seed_same_plan():
    assert plan(1) == plan(1)
    assert plan(1) != plan(2)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_tokens_are_middling_pools_of_their_class(seed):
    tokens = plan(seed)["tokens"]
    kinds = {t["kind"] for t in tokens}
    assert {"healthy", "pumped", "instant_rug", "slow_rug", "lp_burned", "lp_locked", "fee_on_transfer"} <= kinds
    low, high = TABLE["levels"].index(0.25), TABLE["levels"].index(0.75)
    for token in tokens:
        columns = TABLE["classes"][token["cls"]]["columns"]
        trades = {kind: [e for e in token["events"] if e["type"] == kind] for kind in ("buy", "sell", "mint", "burn")}
        seen = {
            "n_buy": len(trades["buy"]),
            "n_sell": len(trades["sell"]),
            "buy_vol": sum(e["weth"] for e in trades["buy"]),
            "w_init": token["wInit"],
            "idle": min(e["before"] for e in token["events"]) / token["age"],
        }
        for name, value in seen.items():
            assert columns[name][low] <= value <= columns[name][high], f"{token['symbol']} {name}"
        assert 24 * 3600 <= token["age"] <= 30 * 3600
        assert all(0 < e["before"] < token["age"] for e in token["events"])


def test_rugs_come_after_the_common_moment_and_spare_the_others():
    made = plan(1)
    rugged = {t["index"] for t in made["tokens"] if "rug" in t}
    assert len(rugged) == 3
    assert all(step["at"] > 0 for step in made["after"])
    assert {s["index"] for s in made["after"] if s["type"] in ("pull", "dump", "bleed")} == rugged
    assert not rugged & {s["index"] for s in made["after"] if s["type"] in ("buy", "sell")}


def test_quantiles_are_those_of_the_recorded_pools():
    data = Path(os.environ.get("RADARX_DATA", ROOT.parent / "shared" / "data"))
    if not (data / "univ2").is_dir():
        pytest.skip(f"no recorded pools at {data} (set RADARX_DATA)")
    command = [sys.executable, CHAIN / "quantiles.py", "--check"]
    done = subprocess.run(
        command, env={**os.environ, "RADARX_DATA": str(data)}, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
