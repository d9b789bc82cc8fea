# SPDX-License-Identifier: Apache-2.0
"""Features of a Uniswap V2 pool, written a second time to check the agent by.

Standard library only, and plain: it goes over all events again for each column.  The
input is a list of Sync events (block, log index, reserve0, reserve1, timestamp) in any
order; a timestamp is needed only for live features.  Recorded features count time in
blocks of 13.35 s from the first kept event; live ones in (timestamp - first) / 13.35.
"""

import csv
import gzip
import math
import sys
from collections import namedtuple

BLOCK_S = 13.35
BPD = 86400 / BLOCK_S
LOCKERS = {
    "0x663a5c229c09b049e36dcc11a9b0d4a8eb9db214",
    "0xe2fe530c047f2d85298b07d9333c05737f1435fb",
    "0xc77aab3c6d7dab46248f3cc3033c856171878bd5",
    "0xdba68f07d1b7ca219f78ae8582c213d975c25caf",
    "0x71b5759d73262fbb223956913ecf4ecc51057641",
    "0x17e00383a843a9922bca3b280c0ade9f8ba48449",
}
ZERO = "0x" + "0" * 40
DEAD = "0x000000000000000000000000000000000000dead"
EVENT_COLUMNS = (
    "dec n_sync n_buy n_sell n_mint n_burn n_other buy_share buy_vol sell_vol net_ratio w_init w_now w_max "
    "w_now_max w_now_init p_ret p_dd p_up vol max_drop max_rise k_growth late_share idle snipe0 early10 early100 "
    "mean_buy max_buy max_buy_rel hhi_buy gap_mean gap_cv uniq_blk t_init_log turnover age_h"
).split()
LP_COLUMNS = "lp_n lp_holders lp_burn lp_lock lp_top lp_pool lp_hhi lp_safe".split()

Sync = namedtuple("Sync", "block logi reserve0 reserve1 timestamp", defaults=(None,))
Point = namedtuple("Point", "block v w t p")


def points(syncs, decimals, weth_pos, live):
    """Kept events in order, each with its time v in blocks since the first."""
    unique = {(s.block, s.logi): s for s in syncs}
    scale = 10.0 ** (18 if decimals == -999 else decimals)
    kept = []
    for key in sorted(unique):
        sync = unique[key]
        reserves = (sync.reserve0, sync.reserve1)
        w = float(reserves[weth_pos]) / 1e18
        t = float(reserves[1 - weth_pos]) / scale
        if w > 0 and t > 0:
            kept.append((sync, w, t))
    if not kept:
        return []
    first = kept[0][0]
    return [
        Point(s.block, (s.timestamp - first.timestamp) / BLOCK_S if live else s.block - first.block, w, t, w / t)
        for s, w, t in kept
    ]


def sd(values):
    mean = math.fsum(values) / len(values)
    return mean, math.sqrt(math.fsum((x - mean) ** 2 for x in values) / len(values))


def event_columns(kept, span, decimals, age_h):
    """The 37 columns and age_h; span is te in blocks since the first event, kept is cut at te."""
    n = len(kept)
    first, last = kept[0], kept[-1]
    buys, sells, mints, burns = [], [], 0, 0
    for a, b in zip(kept, kept[1:]):
        dw, dt = b.w - a.w, b.t - a.t
        if dw > 0 > dt:
            buys.append(dw)
        elif dw < 0 < dt:
            sells.append(-dw)
        elif dw > 0 and dt > 0:
            mints += 1
        elif dw < 0 and dt < 0:
            burns += 1
    bought, sold = math.fsum(buys), math.fsum(sells)
    top_w, top_p = max(k.w for k in kept), max(k.p for k in kept)
    returns = [math.log(b.p / a.p) for a, b in zip(kept, kept[1:])]
    gaps = [b.v - a.v for a, b in zip(kept, kept[1:])]
    gap_mean, gap_sd = sd(gaps)
    out = {
        "dec": 18 if decimals == -999 else decimals,
        "n_sync": n,
        "n_buy": len(buys),
        "n_sell": len(sells),
        "n_mint": mints,
        "n_burn": burns,
        "n_other": n - 1 - len(buys) - len(sells) - mints - burns,
        "buy_share": len(buys) / max(1, len(buys) + len(sells)),
        "buy_vol": bought,
        "sell_vol": sold,
        "net_ratio": (bought - sold) / max(1e-9, bought + sold),
        "w_init": first.w,
        "w_now": last.w,
        "w_max": top_w,
        "w_now_max": last.w / top_w,
        "w_now_init": last.w / first.w,
        "p_ret": math.log(last.p / first.p),
        "p_dd": last.p / top_p,
        "p_up": math.log(top_p / first.p),
        "vol": sd(returns)[1],
        "max_drop": min(returns),
        "max_rise": max(returns),
        "k_growth": 0.5 * math.log(last.w * last.t / (first.w * first.t)),
        "late_share": sum(k.v > 0.75 * span for k in kept) / n,
        "idle": (span - last.v) / span,
        "snipe0": sum(k.block == first.block for k in kept),
        "early10": sum(k.v <= 10 for k in kept),
        "early100": sum(k.v <= 100 for k in kept),
        "mean_buy": bought / len(buys) if buys else 0.0,
        "max_buy": max(buys, default=0.0),
        "max_buy_rel": max(buys, default=0.0) / last.w,
        "hhi_buy": math.fsum(x * x for x in buys) / max(1e-18, bought * bought) if buys else 1.0,
        "gap_mean": gap_mean,
        "gap_cv": gap_sd / max(1e-9, gap_mean),
        "uniq_blk": len({k.block for k in kept}) / n,
        "t_init_log": math.log10(first.t),
        "turnover": (bought + sold) / last.w,
        "age_h": age_h,
    }
    return out


def lp_columns(transfers, pool):
    """The 8 LP columns from (from, to, value) in order, already cut at te; None = missing."""
    pool = pool.lower()
    balances = {}
    for source, target, value in transfers:
        source, target = source.lower(), target.lower()
        if source != ZERO:
            balances[source] = balances.get(source, 0) - value
        if not (source == pool and target == ZERO):
            balances[target] = balances.get(target, 0) + value
    out = dict.fromkeys(LP_COLUMNS)
    out["lp_n"] = len(transfers)
    held = {who: value for who, value in balances.items() if value > 0}
    total = sum(held.values())
    if total == 0:
        return out
    burn = sum(held.pop(who, 0) for who in (ZERO, DEAD)) / total
    lock = sum(held.pop(who, 0) for who in LOCKERS) / total
    own = held.pop(pool, 0) / total
    shares = [value / total for value in held.values()]
    out.update(lp_burn=burn, lp_lock=lock, lp_pool=own, lp_holders=len(shares), lp_top=max(shares, default=0.0))
    out.update(lp_hhi=math.fsum(s * s for s in shares), lp_safe=burn + lock)
    return out


def recorded(syncs, decimals, weth_pos, age_h):
    """Columns of a recorded snapshot, or None where none exists."""
    kept = points(syncs, decimals, weth_pos, live=False)
    span = age_h / 24 * BPD
    kept = [k for k in kept if k.v <= span]
    if len(kept) < 5 or kept[-1].w < 0.5:
        return None
    return event_columns(kept, span, decimals, age_h)


def live(syncs, decimals, weth_pos, head_timestamp):
    """Columns at the head block, or None while the pool is too young or too small."""
    kept = points(syncs, decimals, weth_pos, live=True)
    if not kept:
        return None
    first = min((s for s in syncs if s.reserve0 > 0 and s.reserve1 > 0), key=lambda s: (s.block, s.logi))
    seconds = head_timestamp - first.timestamp
    span = seconds / BLOCK_S
    kept = [k for k in kept if k.v <= span]
    if seconds < 3600 or len(kept) < 5 or kept[-1].w < 0.5:
        return None
    return event_columns(kept, span, decimals, seconds / 3600)


def equal(a, b):
    """The tolerance of FEATURES.md; two missing values are equal."""
    if a is None or b is None:
        return a is None and b is None
    return abs(a - b) <= 1e-9 * abs(b) + 1e-12


def read_csv(path):
    opener = gzip.open if str(path).endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8") as stream:
        yield from csv.DictReader(stream)


def read_syncs(path):
    pools = {}
    for row in read_csv(path):
        if row["event"] == "Sync":
            sync = Sync(int(row["block"]), int(row["logi"]), int(row["reserve0"]), int(row["reserve1"]))
            pools.setdefault(row["pool"].lower(), []).append(sync)
    return pools


def compare(rows, pools, pairs, transfers=None, lp_rows=None, limit=None):
    """How many snapshot rows were compared, and what differs as (pool, age, column, ours, theirs)."""
    checked, bad = 0, []
    for row in rows:
        pool = row["pool"].lower()
        if pool not in pools or pool not in pairs or (limit is not None and checked == limit):
            continue
        checked += 1
        pair = pairs[pool]
        age_h = float(row["age"].rstrip("h"))
        ours = recorded(pools[pool], int(pair["decimals"]), int(pair["weth_pos"]), age_h)
        if ours is None:
            bad.append((pool, row["age"], "snapshot", None, "exists"))
            continue
        theirs = dict(row, age_h=age_h)
        columns = list(EVENT_COLUMNS)
        wanted = lp_rows.get((pool, row["age"])) if lp_rows else None
        if wanted is not None:
            end = int(row["first_block"]) + age_h / 24 * BPD
            ours.update(lp_columns([t[2:] for t in sorted(transfers.get(pool, [])) if t[0] <= end], pool))
            theirs.update({c: wanted[c] for c in LP_COLUMNS})
            columns += LP_COLUMNS
        for column in columns:
            text = theirs[column]
            want = None if text == "" else float(text)
            if not equal(ours[column], want):
                bad.append((pool, row["age"], column, ours[column], text))
    return checked, bad


def check_data(univ2, limit=None):
    """Compares with the recorded snapshots under a univ2 folder; limit counts rows of each file."""
    pairs = {row["pool"].lower(): row for row in read_csv(univ2 / "pairs.csv.gz")}
    first = compare(
        read_csv(univ2 / "snapshots_2020.csv.gz"), read_syncs(univ2 / "events_2020_700pools.csv.gz"), pairs, limit=limit
    )
    transfers = {}
    for row in read_csv(univ2 / "subset_lp_transfer.csv.gz"):
        entry = (int(row["block"]), int(row["logi"]), row["from"], row["to"], int(row["value"]))
        transfers.setdefault(row["pool"].lower(), []).append(entry)
    lp_rows = {(r["pool"].lower(), r["age"]): r for r in read_csv(univ2 / "snapshots_2021_early.csv.gz")}
    second = compare(
        read_csv(univ2 / "subset_snapshots.csv"),
        read_syncs(univ2 / "subset_sync.csv.gz"),
        pairs,
        transfers,
        lp_rows,
        limit,
    )
    return first[0] + second[0], first[1] + second[1]


if __name__ == "__main__":
    from pathlib import Path

    COUNT, WRONG = check_data(Path(sys.argv[1]))
    print(f"{COUNT} rows, {len(WRONG)} differences")
    for item in WRONG[:20]:
        print(*item)
