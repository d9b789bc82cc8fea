# SPDX-License-Identifier: Apache-2.0
"""Windows, depth and illiquidity of a Uniswap V2 pool, written a second time to check the agent by.

Plain integers, and all events again for each column. Blocks only: the recorded data has no seconds.
"""

import math

from univ2_oracle import BLOCK_S, BPD

WINDOWS = {"m5": 300, "h1": 3600, "h6": 21600, "h24": 86400}
DAY_BLOCKS = 6472
COLUMNS = [f"{c}_{w}" for w in WINDOWS for c in ("n_buy", "n_sell", "buy_vol", "sell_vol", "ret")]
COLUMNS += ["depth_1pct", "depth_5pct", "slip_1", "slip_10", "amihud"]


def kept(syncs, decimals, weth_pos):
    """(block, WETH in wei, token in base units, w, t) of the kept events, in order."""
    scale = 10.0 ** (18 if decimals == -999 else decimals)
    unique = {}
    for s in syncs:
        unique.setdefault((s.block, s.logi), s)
    out = []
    for key in sorted(unique):
        reserves = (unique[key].reserve0, unique[key].reserve1)
        weth, token = reserves[weth_pos], reserves[1 - weth_pos]
        if weth > 0 and token > 0:
            out.append((key[0], weth, token, float(weth) / 1e18, float(token) / scale))
    return out


def trades(events):
    """(block, +1 buy or -1 sell, wei) by event number; 0 for the others."""
    out = [(events[0][0], 0, 0)]
    for a, b in zip(events, events[1:]):
        dw, dt = b[3] - a[3], b[4] - a[4]
        side = 1 if dw > 0 > dt else -1 if dw < 0 < dt else 0
        out.append((b[0], side, abs(b[1] - a[1])))
    return out


def columns(events, age_h):
    """All columns at the age, from the events of `kept`."""
    te = events[0][0] + age_h / 24 * BPD
    events = [e for e in events if e[0] <= te]
    flow = trades(events)
    prices = [e[3] / e[4] for e in events]
    out = {}
    for name, seconds in WINDOWS.items():
        start = te - seconds / BLOCK_S
        inside = [(side, wei) for block, side, wei in flow if block > start]
        for label, which in (("buy", 1), ("sell", -1)):
            amounts = [wei for side, wei in inside if side == which]
            out[f"n_{label}_{name}"] = len(amounts)
            out[f"{label}_vol_{name}"] = sum(amounts) / 1e18
        before = [p for e, p in zip(events, prices) if e[0] <= start]
        out[f"ret_{name}"] = math.log(prices[-1] / (before[-1] if before else prices[0]))
    out.update(market(events[-1]))
    out["amihud"] = amihud(events, flow, prices)
    return out


def market(last):
    _, weth, token, w, _ = last
    out = {f"depth_{n}pct": w * (math.sqrt(1 + n / 100) - 1) / 0.997 for n in (1, 5)}
    for ether in (1, 10):
        paid = ether * 10**18 * 997
        got = paid * token // (weth * 1000 + paid)
        out[f"slip_{ether}"] = 1 - got / (ether * 10**18 * token / weth)
    return out


def amihud(events, flow, prices):
    days = {}
    for i, event in enumerate(events):
        days.setdefault((event[0] - events[0][0]) // DAY_BLOCKS, []).append(i)
    found = []
    for numbers in days.values():
        volume = math.fsum(abs(events[i][3] - events[i - 1][3]) for i in numbers if flow[i][1])
        if len(numbers) > 1 and volume > 0:
            found.append(abs(prices[numbers[-1]] / prices[numbers[0]] - 1) / volume)
    return math.fsum(found) / len(found) if found else None
