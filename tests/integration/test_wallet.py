# SPDX-License-Identifier: Apache-2.0
"""`radarx-agent wallet`: reports, rankings and the finder over files of trades."""

import csv
import io
import json
import random
import re
import subprocess
from fractions import Fraction
from pathlib import Path

import pytest
from conftest import program

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests" / "fixtures" / "wallet"
FORESIGHT, TAXED, OTHER = ("0x" + pair * 20 for pair in ("a1", "d4", "e5"))
PEPPER, QUARK = "0x" + "11" * 20, "0x" + "22" * 20
TWELVE = {"early_adopter", "swing_trader", "multi_chain", "smart_money_follower", "diamond_hands", "day_trader",
          "smart_money", "wash_trader", "pump_chaser", "profit_taker", "loss_cutter", "high_frequency"}  # fmt: skip


def call(*arguments):
    command = [program("radarx-agent"), "wallet", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def answer(*arguments):
    result = call(*arguments, "--json")
    assert (result.returncode, result.stderr) == (0, ""), result.stderr
    return json.loads(result.stdout)


def fixture(*arguments):
    return answer("--trades", FIXTURES / "trades.csv", "--prices", FIXTURES / "prices.csv", *arguments)


def write_csv(path, rows):
    columns = list(dict.fromkeys(key for row in rows for key in row))
    with open(path, "w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_report_of_the_example():
    report = fixture("--wallet", FORESIGHT)
    assert report["win_rate"]["overall"] == 1.0
    assert report["win_rate"]["total_trades"] == 30
    interval = report["win_rate"]["confidence_interval"]
    assert interval["lower"] == pytest.approx(30 / (30 + 1.959963984540054**2)) and interval["upper"] == 1.0
    assert set(report["win_rate"]["by_timeframe"]) == {"1d", "7d", "30d", "all_time"}
    assert report["timeframe"]["period"] == "all-time"
    tags = set(report["behavioral_patterns"]["pattern_tags"])
    assert {"day_trader", "smart_money", "profit_taker"} <= tags <= TWELVE
    assert {row["tag"] for row in report["behavioral_patterns"]["tag_evidence"]} == TWELVE
    assert report["ranking"]["global_rank"] == 1 and 0 < report["ranking"]["percentile"] <= 1
    closed = [row for row in report["trades"] if row["status"] == "closed"]
    assert sum(row["pnl_usd"] for row in closed) == pytest.approx(report["pnl_summary"]["realized_pnl"]["total_usd"])
    assert report["breakdown_by_token"][0]["trade_count"] == 60


def test_every_field_that_clients_know_is_there():
    report = fixture("--wallet", TAXED)
    wanted = {
        "": "wallet_address chain timestamp timeframe win_rate pnl_summary performance_metrics breakdown_by_token "
            "breakdown_by_chain trades behavioral_patterns related_wallets ranking",
        "timeframe": "from to period",
        "win_rate": "overall by_timeframe profitable_trades total_trades",
        "pnl_summary": "realized_pnl unrealized_pnl total_volume",
        "pnl_summary.realized_pnl": "total_usd average_per_trade_usd best_trade_usd worst_trade_usd",
        "pnl_summary.unrealized_pnl": "total_usd by_token",
        "pnl_summary.total_volume": "buy_volume_usd sell_volume_usd total_volume_usd",
        "performance_metrics": "average_trade_duration_hours average_profit_per_trade_usd trade_frequency_per_day "
                               "sharpe_ratio max_drawdown",
        "behavioral_patterns": "pattern_tags is_bot_like is_smart_money copies_wallet wash_trading_score",
        "ranking": "global_rank chain_rank percentile",
    }  # fmt: skip
    for path, keys in wanted.items():
        part = report
        for key in path.split(".") if path else ():
            part = part[key]
        assert set(keys.split()) <= set(part), path
    lists = {
        "breakdown_by_token": "token_address token_symbol chain trade_count win_rate total_pnl_usd average_roi "
                              "volume_usd first_trade last_trade",
        "breakdown_by_chain": "chain trade_count win_rate total_pnl_usd volume_usd",
        "trades": "trade_id token_address token_symbol chain entry_timestamp exit_timestamp entry_price exit_price "
                  "quantity entry_value_usd exit_value_usd pnl_usd roi duration_hours status",
        "related_wallets": "wallet_address relationship_type correlation_score shared_tokens",
    }  # fmt: skip
    for name, keys in lists.items():
        assert report[name], name
        assert all(set(keys.split()) <= set(row) for row in report[name]), name
    assert report["related_wallets"][0]["relationship_type"] == "fund_flow"
    assert all(isinstance(row["quantity"], str) for row in report["trades"])


def test_own_wallets_carry_their_basis():
    # 500 QUARK of unknown basis, 200 bought for 401; FIFO sends and sells the airdrop first.
    alone = fixture("--wallet", OTHER)
    assert alone["win_rate"]["overall"] is None and alone["win_rate"]["unknown_basis_trades"] == 1
    lifo = fixture("--wallet", TAXED, "--wallet", OTHER, "--method", "lifo")
    sales = {row["wallet"]: row for row in lifo["trades"] if row["status"] == "closed"}
    # 100 of the 200 were sent and arrive as 95: they still cost 200.5.
    assert sales[OTHER]["entry_value_usd"] == 200.5 and sales[OTHER]["pnl_usd"] == 98.5
    assert sales[TAXED]["quantity"] == "100" and sales[TAXED]["unknown_basis_quantity"] == "500"


def test_ranking_filters_and_sorts():
    everyone = fixture("--sort", "pnl")
    assert everyone["total"] == 5
    pnl = [row["realized_pnl_usd"] for row in everyone["results"]]
    assert pnl == sorted(pnl, reverse=True)
    assert fixture("--min-win-rate", "0.9")["total"] == 2
    assert fixture("--min-win-rate", "0.9", "--min-trades", "10")["total"] == 1
    page = fixture("--sort", "trades", "--ascending", "--limit", "2", "--offset", "1")
    assert page["total"] == 5 and len(page["results"]) == 2
    assert {"wallet_address", "chain", "win_rate", "total_trades", "realized_pnl_usd", "total_volume_usd",
            "ranking"} <= set(page["results"][0])  # fmt: skip


def test_finder_ranks_foresight_first_and_adds_up():
    found = fixture("--find", "--token", PEPPER, "--min-confidence", "0")
    first = found["ranked_wallets"][0]
    assert first["wallet_address"] == FORESIGHT and first["rank"] == 1 and first["smart_money_score"] > 0.9
    explanation = first["explanation"]
    total = explanation["base_log_odds"] + explanation["other_contributions"]
    total += sum(signal["contribution"] for signal in explanation["top_signals"])
    assert total == pytest.approx(explanation["log_odds"], abs=1e-9)
    assert found["metadata"]["total_wallets_analyzed"] == 3
    assert found["metadata"]["wallets_returned"] == len(found["ranked_wallets"])
    assert found["summary_stats"]["total_smart_wallets"] == 3
    assert fixture("--find", "--token", PEPPER)["metadata"]["wallets_passing_filters"] == 1


def test_profile_and_bulk_scan():
    profile = fixture("--find", "--token", PEPPER, "--wallet", FORESIGHT)
    assert profile["score"] > 0.9 and len(profile["trades"]) == 60
    assert profile["trades"][1]["pnl"] > 0 and profile["trades"][0]["pnl"] is None
    nothing = fixture("--find", "--token", PEPPER, "--wallet", TAXED)
    assert nothing["score"] is None and nothing["reason"] == "no_trades_in_window"
    bulk = fixture("--find", "--token", PEPPER, "--token", QUARK, "--min-confidence", "0")
    assert bulk["tokens_analyzed"] == 2 and len(bulk["results"]) == 2
    names = [row["wallet_address"] for row in bulk["leaderboard"]]
    assert len(names) == len(set(names)) and names[0] == FORESIGHT


def test_an_empty_result_is_an_answer():
    found = fixture("--find", "--token", PEPPER, "--min-trade-usd", "100000000")
    assert found["ranked_wallets"] == [] and found["summary_stats"]["total_smart_wallets"] == 0
    assert found["summary_stats"]["avg_smart_money_score"] is None


def test_tables_for_people():
    arguments = ("--trades", FIXTURES / "trades.csv", "--prices", FIXTURES / "prices.csv")
    report = call(*arguments, "--wallet", FORESIGHT)
    assert report.returncode == 0 and "realised PnL, USD" in report.stdout and report.stdout.isascii()
    assert re.search(r"\* smart_money ", report.stdout)
    ranking = call(*arguments)
    assert ranking.stdout.endswith("5 of 5 wallets\n")
    profile = call(*arguments, "--find", "--token", PEPPER, "--wallet", FORESIGHT)
    assert "= score 0.9" in profile.stdout


GOOD = {"wallet": "w", "token": "T", "side": "buy", "time": 100, "amount": 1, "usd": 5}
BAD = {
    "side": ("swap", "buy, sell, transfer_in, transfer_out or airdrop expected, got 'swap'"),
    "time": ("soon", "seconds since 1970 or an RFC 3339 time"),
    "amount": ("-1", "a number of tokens above 0"),
    "usd": ("1e30", "an amount of money from 0 to 10^18 expected, got '1e30'"),
    "wallet": ("", "a name of 1 to 128 bytes expected"),
}


@pytest.mark.parametrize("column", BAD)
def test_bad_input_names_line_and_column(column, tmp_path):
    value, said = BAD[column]
    path = write_csv(tmp_path / "trades.csv", [GOOD, {**GOOD, column: value}])
    result = call("--trades", path)
    assert result.returncode == 1 and result.stdout == ""
    assert f"{path}: line 3: column {column}: {said}" in result.stderr
    path = tmp_path / "trades.json"
    path.write_text(json.dumps([GOOD, {**GOOD, column: value}]), encoding="utf-8")
    result = call("--trades", path)
    assert result.returncode == 1 and f"trades[1].{column}: {said}" in result.stderr


def test_missing_column_file_wallet_and_token(tmp_path):
    path = write_csv(tmp_path / "trades.csv", [{key: GOOD[key] for key in GOOD if key != "amount"}])
    assert "line 1: column 'amount' is missing" in call("--trades", path).stderr
    assert "No such file" in call("--trades", tmp_path / "none.csv").stderr
    path = write_csv(tmp_path / "trades.csv", [GOOD])
    assert "no wallet 'x'" in call("--trades", path, "--wallet", "x").stderr
    assert "no token 'x' on ethereum" in call("--trades", path, "--find", "--token", "x").stderr


@pytest.mark.parametrize("arguments", [(), ("--trades",), ("--trades", "x", "y"), ("--trades", "x", "--method", "hifo"),
                                       ("--trades", "x", "--period", "2d"), ("--trades", "x", "--find"),
                                       ("--trades", "x", "--token", "T"), ("--trades", "x", "--top-k", "0"),
                                       ("--trades", "x", "--window-days", "366"),
                                       ("--trades", "x", "--min-confidence", "2")])  # fmt: skip
def test_wrong_usage(arguments):
    assert call(*arguments).returncode == 2


def test_json_and_csv_give_the_same_report(tmp_path):
    with open(FIXTURES / "trades.csv", encoding="utf-8") as text:
        rows = list(csv.DictReader(text))
    path = tmp_path / "trades.json"
    path.write_text(json.dumps({"trades": rows}), encoding="utf-8")
    assert answer("--trades", path, "--wallet", FORESIGHT) == answer(
        "--trades", FIXTURES / "trades.csv", "--wallet", FORESIGHT)  # fmt: skip


class Lots:
    """The same books in exact fractions: slow, and written from the definitions."""

    def __init__(self, method):
        self.method, self.lots = method, []  # [quantity, cost or None, time]
        self.realised, self.wins, self.trades, self.unknown = Fraction(0), 0, 0, 0

    def add(self, quantity, cost, time):
        if self.method == "average":
            for lot in self.lots:
                if (lot[1] is None) == (cost is None):
                    lot[0] += quantity
                    lot[1] = None if cost is None else lot[1] + cost
                    return
        self.lots.append([quantity, cost, time])

    def take(self, quantity):
        """[(quantity, cost or None)] out of the books; what they lack is of unknown basis."""
        if self.method == "average":
            held = sum(lot[0] for lot in self.lots)
            part = min(quantity, held)
            out = []
            for lot in self.lots:
                amount = part * lot[0] / held
                cost = None if lot[1] is None else lot[1] * amount / lot[0]
                lot[0], lot[1] = lot[0] - amount, None if cost is None else lot[1] - cost
                out.append((amount, cost))
            self.lots = [lot for lot in self.lots if lot[0] > 0]
            return [*out, (quantity - part, None)]
        out = []
        while quantity > 0 and self.lots:
            lot = self.lots[-1 if self.method == "lifo" else 0]
            amount = min(quantity, lot[0])
            cost = None if lot[1] is None else lot[1] * amount / lot[0]
            out.append((amount, cost))
            lot[0], lot[1] = lot[0] - amount, None if cost is None else lot[1] - cost
            quantity -= amount
            if lot[0] == 0:
                self.lots.remove(lot)
        return [*out, (quantity, None)]

    def sell(self, quantity, net):
        taken = self.take(quantity)
        known = sum(amount for amount, cost in taken if cost is not None)
        self.unknown += known < quantity
        if known > 0:
            pnl = net * known / quantity - sum(cost for _, cost in taken if cost is not None)
            self.realised += pnl
            self.trades += 1
            self.wins += pnl > 0


def random_rows(rng, count):
    rows = []
    for i in range(count):
        side = rng.choice(["buy", "buy", "buy", "sell", "sell", "transfer_in", "transfer_out", "airdrop"])
        usd = "" if side in ("transfer_in", "transfer_out", "airdrop") and rng.random() < 0.5 else (
            f"{rng.randrange(1, 10**7)}.{rng.randrange(10**6):06d}")  # fmt: skip
        rows.append({"wallet": f"w{rng.randrange(3)}", "token": f"T{rng.randrange(2)}", "side": side, "time": 1000 * i,
                     "amount": f"{rng.randrange(0, 1000)}.{rng.randrange(1, 10**9):09d}", "usd": usd,
                     "fee": f"0.{rng.randrange(1000):03d}", "decimals": 18})  # fmt: skip
    return rows


def book(rows, method):
    owners = {}
    for row in rows:
        lots = owners.setdefault(row["wallet"], {}).setdefault(row["token"], Lots(method))
        quantity, fee = Fraction(row["amount"]), Fraction(row["fee"])
        usd = Fraction(row["usd"]) if row["usd"] else None
        if row["side"] == "buy":
            lots.add(quantity, usd + fee, row["time"])
        elif row["side"] == "transfer_in":
            lots.add(quantity, usd, row["time"])
        elif row["side"] == "airdrop":
            lots.add(quantity, None, row["time"])
        elif row["side"] == "transfer_out":
            lots.take(quantity)
        else:
            lots.sell(quantity, usd - fee)
    return owners


@pytest.mark.parametrize("method", ["fifo", "average", "lifo"])
def test_lots_against_exact_fractions(method, tmp_path):
    rng = random.Random(method)
    compared = 0
    for _ in range(12):
        rows = random_rows(rng, 150)
        path = write_csv(tmp_path / "trades.csv", rows)
        for wallet, tokens in book(rows, method).items():
            report = answer("--trades", path, "--wallet", wallet, "--method", method)
            realised = report["pnl_summary"]["realized_pnl"]["total_usd"]
            # A nano-dollar may be left in a lot at each of the cuts.
            assert realised == pytest.approx(float(sum(lots.realised for lots in tokens.values())), abs=2e-6)
            assert report["win_rate"]["total_trades"] == sum(lots.trades for lots in tokens.values())
            assert report["win_rate"]["profitable_trades"] == sum(lots.wins for lots in tokens.values())
            holdings = report["pnl_summary"]["unrealized_pnl"]["by_token"]
            by_token = {row["token_address"]: row for row in holdings}
            for token, lots in tokens.items():
                known = [lot for lot in lots.lots if lot[1] is not None]
                if known:
                    row = by_token[token]
                    assert float(Fraction(row["quantity"]) - sum(lot[0] for lot in known)) == pytest.approx(0, abs=5e-8)
                    assert row["entry_value_usd"] == pytest.approx(float(sum(lot[1] for lot in known)), abs=2e-6)
            compared += 1
    assert compared >= 30


def test_columns_of_the_page_are_those_of_the_program():
    page = (ROOT / "docs" / "wallets.md").read_text(encoding="utf-8")
    usage = call("--help").stdout
    columns = re.findall(r"[a-z_]+", re.search(r"--trades FILE\s+(wallet.*?\])", usage, re.S).group(1))
    assert len(columns) == 16
    for column in columns:
        assert f"| `{column}` |" in page, column


def test_example_of_the_page_runs(tmp_path):
    page = (ROOT / "docs" / "wallets.md").read_text(encoding="utf-8")
    example = re.search(r"```csv\n(.*?)```", page, re.S).group(1)
    assert len(list(csv.DictReader(io.StringIO(example)))) >= 5
    path = tmp_path / "trades.csv"
    path.write_text(example, encoding="utf-8")
    shown = re.search(r"```text\n\$ radarx-agent wallet --trades trades.csv\n(.*?)```", page, re.S).group(1)
    assert call("--trades", path).stdout == shown
