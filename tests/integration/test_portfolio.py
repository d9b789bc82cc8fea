# SPDX-License-Identifier: Apache-2.0
"""`radarx-agent portfolio`: what it prints, what it refuses, and five real Aave borrowers."""

import csv
import gzip
import json
import math
import os
import subprocess
from pathlib import Path

import pytest
from conftest import program

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("RADARX_DATA", ROOT.parent / "shared" / "data")) / "defi"
recorded = pytest.mark.skipif(not DATA.is_dir(), reason=f"no recorded accounts at {DATA}: set RADARX_DATA")

POSITIONS = """\
account,protocol,asset,side,amount,decimals,liquidation_threshold,ltv
0xa,aave-v2,WETH,supply,10000000000000000000,18,0.825,0.8
0xa,aave-v2,USDC,borrow,5000000000,6,,
"""


def call(*arguments):
    return subprocess.run([program("radarx-agent"), "portfolio", *map(str, arguments)], capture_output=True, text=True,
                          timeout=120)  # fmt: skip


def assess(*arguments):
    result = call(*arguments, "--json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def write(folder, name, text):
    path = folder / name
    path.write_text(text)
    return path


def prices(days, first=1_600_000_000):
    """A clock of hours: ether swings by 1 %, the coin stands still."""
    rows = ["asset,timestamp,price"]
    for hour in range(days * 24):
        rows.append(f"WETH,{first + 3600 * hour},{2000 * (1 + 0.01 * math.sin(hour))}")
        rows.append(f"USDC,{(first + 3600 * hour) * 1000},1")
    return "\n".join(rows) + "\n"


def test_an_account(tmp_path):
    files = ("--positions", write(tmp_path, "positions.csv", POSITIONS), "--prices",
             write(tmp_path, "prices.csv", prices(90)))  # fmt: skip
    found = assess(*files)
    price = 2000 * (1 + 0.01 * math.sin(90 * 24 - 1))
    account = found["accounts"][0]
    assert account["health_factor"] == pytest.approx(10 * price * 0.825 / 5000)
    ether = next(row for row in account["liquidation_prices"] if row["asset"] == "WETH")
    assert (ether["when_price"], ether["price"]) == ("falls", pytest.approx(5000 / 8.25))
    assert found["value_at_risk"]["horizon"] == "1d"
    assert found["risk"]["components"]["liquidity"] is None
    assert {"path": "risk.components.liquidity", "reason": "no_pool"} in found["unknown"]
    assert found["risk"]["lower"] <= found["risk"]["score"] <= found["risk"]["upper"]
    table = call(*files)
    assert table.returncode == 0
    for said in ("health factor", "liquidated when WETH alone falls to 606.061", "value at risk 99 %",
                 "liquidity      unknown (no_pool)"):  # fmt: skip
        assert said in table.stdout


def test_json_input_says_the_same(tmp_path):
    by_csv = assess("--positions", write(tmp_path, "positions.csv", POSITIONS), "--prices",
                    write(tmp_path, "prices.csv", prices(90)))  # fmt: skip
    positions = [
        {"account": "0xa", "protocol": "aave-v2", "asset": "WETH", "side": "supply", "amount": 10,
         "liquidation_threshold": 0.825, "ltv": 0.8},
        {"account": "0xa", "protocol": "aave-v2", "asset": "USDC", "side": "borrow", "amount": 5000},
    ]  # fmt: skip
    history = {"WETH": [], "USDC": []}
    for line in prices(90).splitlines()[1:]:
        asset, time, price = line.split(",")
        history[asset].append([int(time), float(price)])
    by_json = assess("--positions", write(tmp_path, "positions.json", json.dumps({"positions": positions})), "--prices",
                     write(tmp_path, "prices.json", json.dumps(history)))  # fmt: skip
    assert by_json == by_csv


def test_a_pool_makes_liquidity_known(tmp_path):
    pools = write(tmp_path, "pools.csv", "asset,units,value\nWETH,1000,2000000\nUNKNOWN,1,1\n")
    found = assess("--positions", write(tmp_path, "positions.csv", POSITIONS), "--prices",
                   write(tmp_path, "prices.json", '{"WETH": 2000, "USDC": 1}'), "--pools", pools)  # fmt: skip
    paid = 10 * 0.997
    ether = next(row for row in found["assets"] if row["asset"] == "WETH")
    assert ether["slippage_to_sell"] == pytest.approx(1 - 0.997 * 1000 / (1000 + paid))
    assert found["risk"]["components"]["liquidity"] > 0
    assert found["value_at_risk"] is None


REFUSED = {
    "side": ("asset,side,amount\nWETH,lend,1\n", "positions.csv: line 2", "side: supply or borrow expected"),
    "amount": ("asset,side,amount\nWETH,supply,-1\n", "line 2", "amount: a number of 0 or more expected"),
    "number": ("asset,side,amount\nWETH,supply,ten\n", "line 2", "amount"),
    "column": ("asset,amount\nWETH,1\n", "line 1", "column 'side' is missing"),
    "threshold": ("asset,side,amount,liquidation_threshold\nA,supply,1,82.5\n", "line 2", "a share from 0 to 1"),
    "no-threshold": ("asset,side,amount,price\nA,supply,1,1\nB,borrow,1,1\n", "[0] (A)", "liquidation_threshold"),
    "no-price": ("asset,side,amount\nA,supply,1\n", "A: no price", "--prices"),
    "decimals": ("asset,side,amount,decimals,price\nA,supply,1,1.5,1\n", "line 2", "decimals: a whole number"),
    "empty": ("asset,side,amount\n", "positions", "1 to 4096 expected"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refuses(name, tmp_path):
    text, *said = REFUSED[name]
    result = call("--positions", write(tmp_path, "positions.csv", text))
    assert (result.returncode, result.stdout) == (1, "")
    for part in said:
        assert part in result.stderr


def test_refuses_json(tmp_path):
    for text, said in (('{"positions": 3}', "an array expected, got integer"), ('[{"asset": "A"}]', "positions[0]"),
                       ('[{"asset": "A", "side": "supply", "amount": "1"}]', "amount: a number expected, got string"),
                       ("[", "line 1 column")):  # fmt: skip
        result = call("--positions", write(tmp_path, "positions.json", text))
        assert result.returncode == 1 and said in result.stderr
    assert call().returncode == 2


# Liquidation thresholds of Aave v2 on Ethereum at the time of the recordings (its governance's parameters).
THRESHOLDS = {"WETH": 0.825, "LINK": 0.75, "DAI": 0.80, "WBTC": 0.75, "UNI": 0.65, "TUSD": 0.80, "USDT": 0.0}
DECIMALS = {"USDC": 6, "USDT": 6, "WBTC": 8}


def threshold(asset, time):
    if asset == "USDC":
        return 0.85 if time < 1_640_000_000 else 0.88
    return THRESHOLDS[asset]


def moments():
    for path in sorted(DATA.glob("wallets/*.csv")):
        with path.open() as file:
            for row in csv.DictReader(file):
                amounts = {name.removesuffix("_collateral"): float(value) for name, value in row.items()
                           if name.endswith("_collateral") and value and float(value) > 0}  # fmt: skip
                if amounts and float(row["totalDebt"]) > 0 and float(row["totalCollateral"]) > 0:
                    yield path.stem[:8], row, amounts


def test_the_documented_example():
    page = (ROOT / "docs" / "portfolio.md").read_text()
    result = call("--positions", ROOT / "docs" / "examples" / "positions.csv", "--prices",
                  ROOT / "docs" / "examples" / "prices.json")  # fmt: skip
    shown = [line[4:] for line in page.split("## Input")[0].splitlines() if line.startswith("    ")][1:-1]
    said = [line for line in result.stdout.splitlines() if line]
    assert len(shown) > 8 and said[: len(shown)] == shown


@recorded
def test_recorded_health_factors(tmp_path):
    """Aave's own totals with our split by asset: the factor is the recorded one to its two decimals."""
    lines = ["account,protocol,asset,side,amount,decimals,liquidation_threshold,price"]
    expected = {}
    for wallet, row, amounts in moments():
        values = {asset: amount / 10 ** DECIMALS.get(asset, 18) * float(row[f"{asset}_USD_price"])
                  for asset, amount in amounts.items()}  # fmt: skip
        scale = float(row["totalCollateral"]) / 1e18 / sum(values.values())
        account = f"{wallet}@{row['block']}"
        for asset, amount in amounts.items():
            price = float(row[f"{asset}_USD_price"]) * scale
            lines.append(f"{account},aave-v2,{asset}@{account},supply,{amount:.17g},{DECIMALS.get(asset, 18)},"
                         f"{threshold(asset, int(row['timestamp']))},{price:.17g}")  # fmt: skip
        lines.append(f"{account},aave-v2,ETH,borrow,{row['totalDebt']},18,,1")
        expected[account] = float(row["healthFactor"])
    names, checked = list(expected), 0
    for at in range(0, len(names), 40):
        some = set(names[at : at + 40])
        text = "\n".join([lines[0]] + [line for line in lines[1:] if line.split(",")[0] in some]) + "\n"
        for account in assess("--positions", write(tmp_path, "positions.csv", text))["accounts"]:
            assert account["health_factor"] == pytest.approx(expected[account["account"]], abs=0.0051)
            checked += 1
    assert checked == len(expected) >= 520


@recorded
def test_recorded_prices(tmp_path):
    """A real account with two years of real hourly prices: everything but liquidity is known, and plausible."""
    positions = write(tmp_path, "positions.csv",
                      "account,protocol,asset,side,amount,liquidation_threshold,ltv\n"
                      "0xa,aave-v2,WETH,supply,10,0.825,0.8\n0xa,aave-v2,WBTC,supply,0.5,0.75,0.7\n"
                      "0xa,aave-v2,USDC,borrow,14000,,\n")  # fmt: skip
    files = [argument for asset in ("WETH", "WBTC", "USDC")
             for argument in ("--prices", DATA / "prices" / f"{asset}_usd.csv.gz")]  # fmt: skip
    found = assess("--positions", positions, *files)
    assert found["volatility"]["interval_seconds"] == 86400 and found["volatility"]["returns"] > 700
    pairs = {(row["a"], row["b"]): row["r"] for row in found["correlation"]["pairs"]}
    assert 0.7 < pairs["WETH", "WBTC"] < 0.95
    factor = found["accounts"][0]["health_factor"]
    with gzip.open(DATA / "prices" / "WETH_usd.csv.gz", "rt") as file:
        ether = [float(row["USD_price"]) for row in csv.DictReader(file)][-1]
    assert found["assets"][0]["price"] == pytest.approx(ether) and factor > 1
    day, week = (found["accounts"][0]["liquidation_probability"][h]["closed_form"] for h in ("24h", "7d"))
    assert 0 <= day <= week < 1
    assert found["value_at_risk"]["95%"]["var"] < found["value_at_risk"]["99%"]["var"] < 1
