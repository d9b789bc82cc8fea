#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Quantiles of recorded Uniswap V2 pools, for the market script.

Source: the recorded pools of RADARX_DATA/univ2 (default ../shared/data next to the
repository): snapshots_2020.csv.gz at age 24 h (columns and labels) and
events_2020_700pools.csv.gz (sizes of single trades, moment of the price peak, length
of a rug).  Only the small table of quantiles is kept, in quantiles.json beside this file.

Classes: rug = rug_24h is 1; healthy = no rug within 30 days (rug_30d is 0);
pumped = healthy and the price at least doubled since the start (p_ret >= ln 2).
"""

import csv
import gzip
import json
import math
import os
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
BPD = 86400 / 13.35
LEVELS = [0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9]
FINE = [i / 20 for i in range(21)]
COLUMNS = (
    "n_buy n_sell n_mint n_burn buy_share buy_vol sell_vol net_ratio w_init w_now w_now_init p_ret p_dd p_up "
    "vol max_drop max_rise k_growth late_share idle early10 early100 mean_buy max_buy hhi_buy "
    "gap_mean gap_cv uniq_blk t_init_log turnover n_sync"
).split()


def quantiles(values, levels):
    values = sorted(values)
    if not values:
        return []
    out = []
    for level in levels:
        at = level * (len(values) - 1)
        low = int(at)
        high = min(low + 1, len(values) - 1)
        out.append(float(f"{values[low] + (values[high] - values[low]) * (at - low):.6g}"))
    return out


def rows(path):
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        yield from csv.DictReader(stream)


def class_of(row):
    if row["rug_24h"] == "1.0":
        return "rug"
    return "healthy" if row["rug_30d"] == "0.0" else None


def read_events(data, wanted, pairs):
    pools = {}
    for row in rows(data / "events_2020_700pools.csv.gz"):
        pool = row["pool"].lower()
        if pool in wanted and row["event"] == "Sync" and pool in pairs:
            reserves = (int(row["reserve0"]), int(row["reserve1"]))
            at = int(pairs[pool]["weth_pos"])
            pools.setdefault(pool, {})[(int(row["block"]), int(row["logi"]))] = (
                reserves[at] / 1e18,
                float(reserves[1 - at]),
            )
    for pool, events in pools.items():
        kept = [(key[0], w, t) for key, (w, t) in sorted(events.items()) if w > 0 and t > 0]
        if kept:
            yield pool, kept


def trade_shapes(kept, shapes):
    """Sizes relative to the pool's mean buy or sell (trades) or to the reserve (liquidity)."""
    end = kept[0][0] + BPD
    before = [event for event in kept if event[0] <= end]
    buys, sells = [], []
    for (_, w0, t0), (_, w1, t1) in zip(before, before[1:]):
        if w1 > w0 and t1 < t0:
            buys.append(w1 - w0)
        elif w1 < w0 and t1 > t0:
            sells.append(w0 - w1)
        elif w1 > w0 and t1 > t0:
            shapes["mint_frac"].append((w1 - w0) / w0)
        elif w1 < w0 and t1 < t0:
            shapes["burn_frac"].append((w0 - w1) / w0)
    for name, sizes in (("buy_size", buys), ("sell_size", sells)):
        if len(sizes) >= 3:
            mean = sum(sizes) / len(sizes)
            shapes[name] += [size / mean for size in sizes]
    prices = [w / t for _, w, t in before]
    if len(prices) >= 5:
        shapes["peak_at"].append(prices.index(max(prices)) / (len(prices) - 1))


def rug_shapes(kept, outcome):
    """How a pool that is rugged within a day loses its WETH: at once, or by many sells."""
    end = kept[0][0] + BPD
    before = [event for event in kept if event[0] <= end]
    after = [event for event in kept if end < event[0] <= end + BPD]
    start = before[-1][1]
    steps, worst, last = 0, 0.0, start
    for _, w, _ in after:
        steps += 1
        worst = max(worst, 1 - w / last)
        last = w
        if w <= 0.05 * start:
            break
    else:
        return
    outcome["instant" if worst >= 0.8 else "slow"].append(steps)


def main():
    """Writes quantiles.json; with --check only compares it with what the recorded pools give."""
    data = Path(os.environ.get("RADARX_DATA", HERE.parents[2] / "shared" / "data")) / "univ2"
    if not data.is_dir():
        sys.exit(f"quantiles.py: no recorded pools at {data} (set RADARX_DATA)")
    snapshots = [row for row in rows(data / "snapshots_2020.csv.gz") if row["age"] == "24h"]
    pairs = {row["pool"].lower(): row for row in rows(data / "pairs.csv.gz")}
    members = {"rug": [], "healthy": [], "pumped": []}
    labels = {}
    for row in snapshots:
        name = class_of(row)
        if name is None:
            continue
        members[name].append(row)
        labels[row["pool"].lower()] = name
        if name == "healthy" and float(row["p_ret"]) >= math.log(2):
            members["pumped"].append(row)
    shapes = {
        name: {key: [] for key in ("buy_size", "sell_size", "mint_frac", "burn_frac", "peak_at")}
        for name in ("rug", "healthy")
    }
    outcome = {"instant": [], "slow": []}
    for pool, kept in read_events(data, labels, pairs):
        trade_shapes(kept, shapes[labels[pool]])
        if labels[pool] == "rug":
            rug_shapes(kept, outcome)
    shapes["pumped"] = shapes["healthy"]
    result = {
        "source": "univ2/snapshots_2020.csv.gz (age 24h) and univ2/events_2020_700pools.csv.gz, by quantiles.py",
        "levels": LEVELS,
        "fine": FINE,
        "classes": {
            name: {
                "pools": len(rows_),
                "columns": {c: quantiles([float(r[c]) for r in rows_], LEVELS) for c in COLUMNS},
                "shapes": {key: quantiles(v, FINE) for key, v in shapes[name].items()},
            }
            for name, rows_ in members.items()
        },
        "rug_events": {k: {"pools": len(v), "events": quantiles(v, LEVELS)} for k, v in outcome.items()},
    }
    # One list a line.
    lines = re.sub(r"\[[^][]*\]", lambda m: " ".join(m.group().split()), json.dumps(result, indent=1))
    kept = HERE / "quantiles.json"
    if "--check" in sys.argv[1:]:
        sys.exit(0 if kept.read_text(encoding="utf-8") == lines + "\n" else "quantiles.json is not what the pools give")
    kept.write_text(lines + "\n", encoding="utf-8")
    print({name: len(rows_) for name, rows_ in members.items()}, result["rug_events"])


if __name__ == "__main__":
    main()
