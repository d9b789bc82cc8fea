# SPDX-License-Identifier: Apache-2.0
"""`radarx-agent replay` and `score` from outside: recorded snapshots, fixtures, made-up markets, bad input."""

import csv
import gzip
import io
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import bundle_oracle  # noqa: E402
import trade_oracle  # noqa: E402
import univ2_oracle as oracle  # noqa: E402

AGENT = Path(os.environ.get("RADARX_BUILD", ROOT / "build")) / "radarx-agent"
FIXTURES = ROOT / "tests" / "fixtures" / "replay"
DATA = Path(os.environ.get("RADARX_DATA", ROOT.parent / "shared" / "data")) / "univ2"
AGES = {"1h": 1, "6h": 6, "24h": 24, "72h": 72}
FEATURES = list(oracle.EVENT_COLUMNS) + list(oracle.LP_COLUMNS)
HORIZONS = ("24h", "7d", "30d")
TARGETS = [f"rug_{h}" for h in HORIZONS] + [f"x{k}_{h}" for h in HORIZONS for k in (2, 5, 10, 20, 50)]
MODEL = [f"p_{t}{s}" for t in TARGETS for s in ("", "_lo", "_hi")]
HEADER = ["pool", "token", "age", "first_block"] + FEATURES + trade_oracle.COLUMNS + MODEL

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"no recorded pools at {DATA}: set RADARX_DATA")


def agent(*args):
    return subprocess.run([AGENT, *map(str, args)], capture_output=True, text=True, timeout=300)


def replay(events, pairs, *more):
    result = agent("replay", "--events", events, "--pairs", pairs, *more)
    assert result.returncode == 0, result.stderr
    return list(csv.DictReader(io.StringIO(result.stdout))), result.stderr


def equal(ours, theirs):
    if ours == "" or theirs == "":
        return ours == theirs
    return oracle.equal(float(ours), float(theirs))


def differences(ours, theirs, columns):
    return [(c, ours[c], theirs[c]) for c in columns if not equal(ours[c], theirs[c])]


def write_events(path, pools):
    with open(path, "w") as file:
        file.write("pool,block,logi,reserve0,reserve1\n")
        for pool, syncs in pools.items():
            for s in syncs:
                file.write(f"{pool},{s.block},{s.logi},{s.reserve0},{s.reserve1}\n")


def write_pairs(path, pairs):
    with open(path, "w") as file:
        file.write("pool,token,decimals,weth_pos\n")
        for pool, (decimals, weth_pos) in pairs.items():
            file.write(f"{pool},0x{1:040x},{decimals},{weth_pos}\n")


# --- recorded pools ------------------------------------------------------------------------------


@needs_data
def test_every_recorded_row():
    """906 + 214 snapshots, each equal to the published one, and no others."""
    checked, bad = 0, []
    jobs = (
        ("events_2020_700pools.csv.gz", "snapshots_2020.csv.gz", None, 906),
        ("subset_sync.csv.gz", "subset_snapshots.csv", "subset_lp_transfer.csv.gz", 214),
    )
    lp_rows = {(r["pool"].lower(), r["age"]): r for r in oracle.read_csv(DATA / "snapshots_2021_early.csv.gz")}
    for events, snapshots, lp, count in jobs:
        pools = {row["pool"].lower() for row in oracle.read_csv(DATA / events)}
        want = {
            (row["pool"].lower(), row["age"]): row
            for row in oracle.read_csv(DATA / snapshots)
            if row["pool"].lower() in pools
        }
        rows, _ = replay(DATA / events, DATA / "pairs.csv.gz", *(("--lp", DATA / lp) if lp else ()))
        assert [(r["pool"], r["age"]) for r in rows] == sorted(want, key=lambda k: (k[0], AGES[k[1]]))
        assert len(rows) == count
        columns = [c for c in oracle.EVENT_COLUMNS if c != "age_h"]
        for row in rows:
            key = (row["pool"], row["age"])
            found = differences(row, want[key], columns + ["first_block"])
            if row["token"] != want[key]["token"].lower() or float(row["age_h"]) != AGES[row["age"]]:
                found.append("token or age_h")
            if lp and key in lp_rows:
                found += differences(row, lp_rows[key], oracle.LP_COLUMNS)
            elif not lp:
                found += [c for c in oracle.LP_COLUMNS if row[c] != ""]
            checked += 1
            bad += [(key, found)] if found else []
    assert bad == []
    assert checked == 1120


@needs_data
def test_trade_columns_of_every_recorded_row():
    """Windows, depth and illiquidity of the 1,120 snapshots against going over all events again."""
    table = oracle.read_csv(DATA / "pairs.csv.gz")
    pairs = {r["pool"].lower(): (int(r["decimals"]), int(r["weth_pos"])) for r in table}
    checked, bad = 0, []
    for name in ("events_2020_700pools.csv.gz", "subset_sync.csv.gz"):
        syncs = oracle.read_syncs(DATA / name)
        rows, _ = replay(DATA / name, DATA / "pairs.csv.gz")
        for row in rows:
            want = trade_oracle.columns(trade_oracle.kept(syncs[row["pool"]], *pairs[row["pool"]]), AGES[row["age"]])
            for column in trade_oracle.COLUMNS:
                ours = None if row[column] == "" else float(row[column])
                if not oracle.equal(ours, want[column]):
                    bad.append((row["pool"], row["age"], column, ours, want[column]))
            checked += len(trade_oracle.COLUMNS)
    assert bad[:10] == []
    assert checked == 1120 * 25


@needs_data
def test_probabilities_rank_recorded_rugs():
    """The built-in model separates the recorded pools of the last quarter, which it was not fitted on."""
    rows, _ = replay(DATA / "events_2020_700pools.csv.gz", DATA / "pairs.csv.gz")
    labels = {(r["pool"].lower(), r["age"]): r for r in oracle.read_csv(DATA / "snapshots_2020.csv.gz")}
    for target, least in (("rug_24h", 0.80), ("x2_24h", 0.72)):
        pairs = [(float(r[f"p_{target}"]), float(labels[r["pool"], r["age"]][target])) for r in rows]
        yes = [p for p, label in pairs if label == 1]
        no = [p for p, label in pairs if label == 0]
        wins = sum((a > b) + 0.5 * (a == b) for a in yes for b in no)
        assert wins / (len(yes) * len(no)) >= least


# --- fixtures ------------------------------------------------------------------------------------


def test_fixtures(tmp_path):
    out = tmp_path / "out.csv"
    result = agent("replay", "--events", FIXTURES / "events.csv", "--pairs", FIXTURES / "pairs.csv", "--lp",
                   FIXTURES / "lp.csv", "--ages", "24h,1h,72h,6h", "--out", out)
    assert result.returncode == 0, result.stderr
    assert result.stdout == ""
    with open(out) as file:
        reader = csv.DictReader(file)
        rows = list(reader)
    assert reader.fieldnames == HEADER
    want = list(oracle.read_csv(FIXTURES / "expected.csv"))
    assert [(r["pool"], r["age"]) for r in rows] == [(r["pool"], r["age"]) for r in want]
    for ours, theirs in zip(rows, want):
        assert ours["token"] == theirs["token"]
        assert differences(ours, theirs, FEATURES + ["first_block"]) == []
        for target in ("rug_24h", "x2_24h"):
            low, p, high = (float(ours[f"p_{target}{s}"]) for s in ("_lo", "", "_hi"))
            assert 0 <= low <= p <= high <= 1 and 0 < p < 1 and low < high
    assert "1 of 1 pools that the pairs file lacks" in result.stderr
    assert "1 repeated" in result.stderr
    assert not (tmp_path / "out.csv.partial").exists()


def test_order_and_packing_do_not_matter(tmp_path):
    plain = [agent("replay", "--events", FIXTURES / "events.csv", "--pairs", FIXTURES / "pairs.csv", "--lp",
                   FIXTURES / "lp.csv").stdout]
    header, *lines = (FIXTURES / "events.csv").read_text().splitlines()
    for seed in range(5):
        random.Random(seed).shuffle(lines)
        path = tmp_path / "events.csv.gz"
        path.write_bytes(gzip.compress("\n".join([header, *lines]).encode()))
        plain.append(agent("replay", "--events", path, "--pairs", FIXTURES / "pairs.csv", "--lp",
                           FIXTURES / "lp.csv").stdout)
    assert len(plain[0].splitlines()) > 5
    assert all(text == plain[0] for text in plain)


# --- made-up markets against the second implementation ------------------------------------------


def random_pool(rng):
    """Events with every awkwardness: same block, long gaps, empty sides, unchanged and huge reserves."""
    block, logi = rng.randrange(1, 2**31), rng.randrange(50)
    w, t = rng.choice([1, 10**17, 5 * 10**18, 2**111]), rng.choice([1, 10**9, 10**21, 2**111])
    syncs = []
    for _ in range(rng.randrange(1, 200)):
        if rng.random() < 0.2:
            logi += rng.randrange(1, 9)
        else:
            block, logi = block + rng.choice([1, 1, 2, 7, 60, 900]), rng.randrange(50)
        kind = rng.random()
        if kind < 0.9:
            w = min(2**112 - 1, max(1, int(w * rng.uniform(0.5, 2.0))))
            t = min(2**112 - 1, max(1, int(t * rng.uniform(0.5, 2.0))))
        elif kind < 0.93:
            w, t = rng.choice([(0, t), (w, 0), (2**112 - 1, t), (w, 2**112 - 1)])
        syncs.append((block, logi, w, t))
        w, t = max(w, 1), max(t, 1)
    return syncs


def idle(syncs, decimals, weth_pos, hours):
    """As the published rows have it: te is rounded to a double of the block number's size before the difference."""
    kept = oracle.points(syncs, decimals, weth_pos, False)
    te = kept[0].block + hours / 24 * oracle.BPD
    return (te - max(k.block for k in kept if k.block <= te)) / (hours / 24 * oracle.BPD)


def test_random_markets(tmp_path):
    rng = random.Random(1)
    pools, pairs = {}, {}
    for _ in range(150):
        pool = f"0x{rng.getrandbits(160):040x}"
        weth_pos = rng.randrange(2)
        pairs[pool] = (rng.choice([0, 1, 6, 8, 9, 18, 24, 77, 255, -999]), weth_pos)
        pools[pool] = [oracle.Sync(b, i, *((w, t) if weth_pos == 0 else (t, w))) for b, i, w, t in random_pool(rng)]
    write_events(tmp_path / "events.csv", {p: rng.sample(s, len(s)) for p, s in pools.items()})
    write_pairs(tmp_path / "pairs.csv", pairs)
    rows, _ = replay(tmp_path / "events.csv", tmp_path / "pairs.csv")
    want = {}
    for pool, syncs in pools.items():
        for age, hours in AGES.items():
            columns = oracle.recorded(syncs, *pairs[pool], hours)
            if columns is not None:
                want[pool, age] = dict(columns, idle=idle(syncs, *pairs[pool], hours))
    assert [(r["pool"], r["age"]) for r in rows] == sorted(want, key=lambda k: (k[0], AGES[k[1]]))
    assert len(rows) > 100
    for row in rows:
        columns = {c: str(v) for c, v in want[row["pool"], row["age"]].items()}
        assert differences(row, columns, oracle.EVENT_COLUMNS) == []


# --- the model, computed a second time by the text of models/README.md ----------------------------


def test_probabilities():
    model = bundle_oracle.read((ROOT / "models" / "default.json").read_text())
    checked = 0
    for lp in ((), ("--lp", FIXTURES / "lp.csv")):
        rows, _ = replay(FIXTURES / "events.csv", FIXTURES / "pairs.csv", *lp)
        assert len(rows) == 5
        for row in rows:
            values = {name: float(row[name]) if row[name] else None for name in model["features"]}
            for name, want in bundle_oracle.evaluate(model, values).items():
                got = [float(row[f"p_{name}{s}"]) for s in ("", "_lo", "_hi")]
                assert got == pytest.approx(want, rel=1e-9, abs=1e-12)
                checked += 1
    assert checked == 10 * len(model["targets"])


# --- score ---------------------------------------------------------------------------------------


def score(*more):
    result = agent("score", "--events", FIXTURES / "events.csv", "--pairs", FIXTURES / "pairs.csv", *more)
    return result, json.loads(result.stdout) if result.returncode == 0 and "--json" in more else None


def test_score_agrees_with_replay():
    rows = list(oracle.read_csv(FIXTURES / "expected.csv"))
    row = next(r for r in rows if r["age"] == "1h")
    # The last block within the hour; the features that depend on the moment itself differ by a fraction of a block.
    at = int(int(row["first_block"]) + 3600 / 13.35)
    _, answer = score("--pool", row["pool"], "--at", at, "--json")
    assert answer["as_of_block"] == at
    assert answer["features"]["pool_features"]["n_sync"] == float(row["n_sync"])
    assert answer["probabilities"]["rug_24h"] is None  # 269 of 269.66 blocks: not an hour yet
    assert {"path": "probabilities.rug_24h", "reason": "pool_too_young"} in answer["unknown"]
    assert {"path": "rug_probability.24h", "reason": "pool_too_young"} in answer["unknown"]
    _, answer = score("--pool", row["pool"], "--at", at + 1, "--json")
    target = answer["rug_probability"]["24h"]
    assert target == answer["probabilities"]["rug_24h"]
    assert target["confidence_interval"]["lower"] <= target["probability"] <= target["confidence_interval"]["upper"]
    assert answer["features"]["pool_features"]["lp_n"] is None
    assert {"path": "features.pool_features.lp_n", "reason": "lp_transfers_not_read"} in answer["unknown"]
    cells = [[answer["probability_heatmap"]["horizons"][h][f"{k}x"]["probability"] for k in (2, 5, 10, 20, 50)]
             for h in HORIZONS]
    assert all(a >= b for r in cells for a, b in zip(r, r[1:]))
    assert all(a <= b for x, y in zip(cells, cells[1:]) for a, b in zip(x, y))
    for name, why in answer["explanations"].items():
        shown = why["base"] + sum(t["contribution"] for t in why["top_features"]) + why["other"]
        assert shown == pytest.approx(why.get("log_odds", why.get("value")), abs=1e-9), name
    assert why["value"] == answer["risk_score"]["composite_score"]


def test_score_page():
    """What a person reads: every part, and the numbers of --json."""
    pool = next(oracle.read_csv(FIXTURES / "expected.csv"))["pool"]
    result, _ = score("--pool", pool, "--lp", FIXTURES / "lp.csv")
    assert result.returncode == 0, result.stderr
    page = result.stdout
    _, answer = score("--pool", pool, "--lp", FIXTURES / "lp.csv", "--json")
    for part in ("token  0x", "PROBABILITY THAT THE PRICE", "PROBABILITY THAT THE LIQUIDITY", "RISK (0 safest",
                 "WHY a rug within 24h", "UNKNOWN", "composite_score", "all other features"):
        assert part in page, part
    cell = answer["probability_heatmap"]["horizons"]["7d"]["5x"]["probability"]
    assert f"{100 * cell:.3g} % [" in page
    assert "nan" not in page and "inf" not in page.replace("information", "")
    assert max(len(line) for line in page.splitlines()) <= 140


def test_score_takes_more(tmp_path):
    """Token transfers, LP locks, the creator and stored answers of services fill what events alone leave unknown."""
    row = next(oracle.read_csv(FIXTURES / "expected.csv"))
    pool, token, block = row["pool"], row["token"], int(row["first_block"])
    creator, holder, zero = f"0x{0xc0:040x}", f"0x{0xd0:040x}", f"0x{0:040x}"
    (tmp_path / "transfers.csv").write_text(
        "token,block,logi,from,to,value\n"
        f"{token},{block},0,{zero},{creator},1000\n{token},{block},1,{creator},{holder},250\n")
    (tmp_path / "locks.csv").write_text(f"pool,unlock_block,share\n{pool},{block + 100000},0.5\n")
    security = {"is_honeypot": "1", "sell_tax": "0.62", "is_open_source": "1"}
    (tmp_path / "goplus.json").write_text(json.dumps({"code": 1, "message": "OK", "result": {token: security}}))
    _, answer = score("--pool", pool, "--lp", FIXTURES / "lp.csv", "--transfers", tmp_path / "transfers.csv", "--locks",
                      tmp_path / "locks.csv", "--creator", creator, "--creator-tokens", "3", "--creator-rugs", "2",
                      "--snapshot", tmp_path / "goplus.json", "--json")
    features = answer["features"]
    assert features["holder_features"]["total_holders"] == 2
    assert features["dev_features"]["dev_holding_percentage"] == pytest.approx(0.75)
    assert features["dev_features"]["creator_prior_rugs"] == 2
    assert features["dev_features"]["contract_verified"] is True
    assert features["security_features"]["sell_tax"] == 0.62
    assert features["pool_features"]["lp_lock_expiry_h"] > 24
    assert "honeypot" in answer["risk_score"]["risk_flags"]
    assert answer["risk_score"]["composite_score"] >= 90
    weights = {"rug": 0, "dev": 0, "distribution": 1, "social_manipulation": 0, "liquidity": 0}
    _, other = score("--pool", pool, "--lp", FIXTURES / "lp.csv", "--risk-weights", json.dumps(weights), "--json")
    assert other["risk_score"]["composite_score"] != answer["risk_score"]["composite_score"]


def test_score_refuses():
    pool = "0x00000000000000000000000000000000000a11ce"
    for more, message in (
        (("--pool", "0x" + "1" * 40), "--pool"),
        (("--pool", pool, "--at", "4999"), "--at"),
    ):
        result, _ = score(*more)
        assert result.returncode == 1 and message in result.stderr
    for more in (("--pool", "nonsense"), ("--pool", pool, "--at", "-1"), (), ("--pool", pool, "extra"),
                 ("--pool", pool, "--creator", "0x1"), ("--pool", pool, "--creator-rugs", "-1"),
                 ("--pool", pool, "--risk-weights", "{\"rug\":2}"), ("--pool", pool, "--snapshot")):
        result, _ = score(*more)
        assert result.returncode == 2 and result.stderr


# --- bad input -----------------------------------------------------------------------------------

PAIRS = f"pool,token,decimals,weth_pos\n0x{1:040x},0x{1:040x},18,1\n"
POOL = f"0x{1:040x}"
ROWS = "".join(f"{POOL},{n},1,{n**5 + 1},{n**6 + 1}\n" for n in range(2000))
HALF = (lambda whole: whole[: len(whole) // 2])(gzip.compress(f"pool,block,logi,reserve0,reserve1\n{ROWS}".encode()))
BAD_EVENTS = {
    "empty": (b"", "line 1: a header line is expected"),
    "no reserve1": (b"pool,block,logi,reserve0\n", "line 1: column 'reserve1' is missing"),
    "NaN": (f"pool,block,logi,reserve0,reserve1\n{POOL},1,1,NaN,1\n".encode(), "line 2: column reserve0"),
    "fraction": (f"pool,block,logi,reserve0,reserve1\n{POOL},1,1,1,1.5\n".encode(), "line 2: column reserve1"),
    "2^112": (f"pool,block,logi,reserve0,reserve1\n{POOL},1,1,{2**112},1\n".encode(), "line 2: column reserve0"),
    "short row": (f"pool,block,logi,reserve0,reserve1\n{POOL},1\n".encode(), "line 2: 5 fields expected, got 2"),
    "long line": (b"pool,block,logi,reserve0,reserve1\n" + b"x" * 70000, "line 2: longer than 65536 bytes"),
    "bad pool": (b"pool,block,logi,reserve0,reserve1\nxyz,1,1,1,1\n", "line 2: column pool"),
    "binary": (b"pool,block,logi,reserve0,reserve1\n\xff\x00\xfe,1,1,1,1\n", "line 2: column pool"),
    "half a gzip": (HALF, "truncated"),
}


@pytest.mark.parametrize("name", BAD_EVENTS)
def test_bad_events(tmp_path, name):
    content, message = BAD_EVENTS[name]
    events, pairs, out = tmp_path / "events.csv", tmp_path / "pairs.csv", tmp_path / "out.csv"
    events.write_bytes(content)
    pairs.write_text(PAIRS)
    result = agent("replay", "--events", events, "--pairs", pairs, "--out", out)
    assert result.returncode == 1
    assert result.stderr.startswith(f"radarx-agent replay: {events}: ")
    assert message in result.stderr and len(result.stderr.splitlines()) == 1
    assert not out.exists() and not (tmp_path / "out.csv.partial").exists()


def test_every_truncation_of_a_gzip(tmp_path):
    """A cut file is an error or, cut before the first byte of text, an empty one; never a short result."""
    whole = gzip.compress((FIXTURES / "events.csv").read_bytes())
    path = tmp_path / "events.csv.gz"
    for n in range(20, len(whole), max(1, len(whole) // 25)):
        path.write_bytes(whole[:n])
        result = agent("replay", "--events", path, "--pairs", FIXTURES / "pairs.csv")
        assert result.returncode == 1 and "truncated" in result.stderr


def test_usage():
    assert agent("replay").returncode == 2
    assert agent("replay", "--nonsense").returncode == 2
    assert agent("replay", "--help").returncode == 0
    assert agent().returncode == 2
    assert agent("nonsense").returncode == 2
    assert agent("version").stdout.startswith("radarx-agent ")
    assert "replay" in agent("--help").stdout
    result = agent("replay", "--events", "/nonexistent", "--pairs", FIXTURES / "pairs.csv")
    assert result.returncode == 1 and "/nonexistent" in result.stderr
    result = agent("replay", "--events", FIXTURES / "events.csv", "--pairs", FIXTURES / "pairs.csv", "--ages", "1h,x")
    assert result.returncode == 1 and "ages" in result.stderr
    result = agent("replay", "--events", FIXTURES / "events.csv", "--pairs", FIXTURES / "pairs.csv", "--out",
                   "/nonexistent/out.csv")
    assert result.returncode == 1 and "/nonexistent/out.csv" in result.stderr


def test_bad_model(tmp_path):
    path = tmp_path / "model.json"
    good = (ROOT / "models" / "default.json").read_text()
    base = ("replay", "--events", FIXTURES / "events.csv", "--pairs", FIXTURES / "pairs.csv", "--model", path)
    path.write_text(good)
    assert agent(*base).returncode == 0
    for text, message in (
        (good[:-100], "sha256"),
        (good.replace("rug_24h", "rug_48h"), "sha256: the file has been changed"),
        ("{}", "sha256"),
        ("[" * 100000, "sha256"),
        ('{"format": "radarx-model", "format_version": 1, "version": "x"}', "must be trained again"),
        (bundle_oracle.sign(dict(bundle_oracle.read(good), components=[])), "components: an array of 1 to 64 expected"),
    ):
        path.write_text(text)
        result = agent(*base)
        assert result.returncode == 1
        assert str(path) in result.stderr and message in result.stderr
