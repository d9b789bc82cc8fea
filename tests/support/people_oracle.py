# SPDX-License-Identifier: Apache-2.0
"""Holder, creator and lock columns, written a second time to check the agent by: exact integers, all rows again."""

from fractions import Fraction

from univ2_oracle import BLOCK_S, DEAD, LOCKERS, ZERO

DAY_BLOCKS = 86400 / BLOCK_S
BRIDGES = {
    "0x40ec5b33f54e0e8a33a975908c5ba1c14e5bbbdf",
    "0xa3a7b6f88361f48403514059f1f16c8e78d60eec",
    "0x99c9fc46f92e8a1c0dec1b1747d010903e884be1",
    "0x3154cf16ccdb4c6d922629664174b904d80f2c35",
    "0x3ee18b2214aff97000d974cf647e7c347e8fa585",
    "0x88ad09518695c6c3712ac10a214be5109a655671",
    "0x8eb8a3b98659cce290402893d0123abb75e3ab28",
}
VAULTS = {"0xba12222222228d8ba445958a75a0704d566bf2c8", "0x000000000004444c5dc75cb358380d2e3de08a90"}
BURNED = {ZERO, DEAD}
SPREAD = ("top1", "top10", "top50", "holder_gini", "holder_hhi", "nakamoto")


def balances(transfers):
    out = {}
    for _, _, source, target, value in transfers:
        if source != ZERO:
            out[source] = out.get(source, 0) - value
        out[target] = out.get(target, 0) + value
    return {who: value for who, value in out.items() if value > 0}


def people(held, token, pool):
    others = BURNED | LOCKERS | BRIDGES | VAULTS | {token, pool}
    return {who: value for who, value in held.items() if who not in others}


def spread(values):
    """Concentration of positive amounts by its definitions."""
    values = sorted(values)
    n, total = len(values), sum(values)
    down = values[::-1]
    half = next(k for k in range(1, n + 1) if 2 * sum(down[:k]) > total)
    gini = Fraction(2 * sum((i + 1) * x for i, x in enumerate(values)), n * total) - Fraction(n + 1, n)
    out = {f"top{k}": Fraction(sum(down[:k]), total) for k in (1, 10, 50)}
    out.update(holder_gini=gini, holder_hhi=Fraction(sum(x * x for x in values), total * total), nakamoto=half)
    return out


def is_liquidity(syncs, pool, block, logi, target):
    """The pool's next Sync of the block shows both reserves grown."""
    ordered = sorted(syncs)
    later = [i for i, s in enumerate(ordered) if s[0] == block and s[1] >= logi]
    if target != pool or not later:
        return False
    after = ordered[later[0]]
    before = ordered[later[0] - 1] if later[0] else (0, 0, 0, 0)
    return after[2] > before[2] and after[3] > before[3]


def columns(transfers, syncs, token, pool, creator, at):
    """transfers: (block, logi, from, to, value); syncs: (block, logi, reserve0, reserve1)."""
    rows = sorted(t for t in transfers if t[0] <= at)
    held = balances(rows)
    who = people(held, token, pool)
    before = people(balances([t for t in rows if t[0] <= at - DAY_BLOCKS]), token, pool)
    outstanding = sum(value for address, value in held.items() if address not in BURNED)
    outsiders = BURNED | LOCKERS | BRIDGES | VAULTS | {token, pool, creator}
    direct, removed = set(), set()
    sales = []
    for block, logi, source, target, value in rows:
        if value == 0:
            continue
        if source == creator and target in VAULTS | {pool} and not is_liquidity(syncs, pool, block, logi, target):
            sales.append((block, value))
        if target not in outsiders and source == creator:
            direct.add(target)
        elif target not in outsiders and source in direct:
            removed.add(target)
    recent = [value for block, value in sales if block > at - DAY_BLOCKS]
    out = {"holders": len(who), "holder_growth_24h": Fraction(len(who), len(before)) - 1 if before else None}
    out.update(spread(who.values()) if who else dict.fromkeys(SPREAD))
    out["holder_coverage"] = Fraction(sum(who.values()), outstanding)
    out["creator_share"] = Fraction(held.get(creator, 0), outstanding)
    out["creator_sells_24h"] = len(recent)
    out["creator_sold_24h"] = Fraction(sum(recent), outstanding)
    out["creator_funded_share"] = Fraction(sum(held.get(a, 0) for a in direct | removed), outstanding)
    return out


def lock_columns(locks, at):
    """locks: (unlock_block, share)."""
    active = sorted(((end - at) * BLOCK_S / 3600, share) for end, share in locks if end > at)
    out = {f"lp_unlock_{n}": min(1, sum(s for h, s in active if h <= hours)) for n, hours in (("24h", 24), ("7d", 168))}
    freed, out["lp_lock_expiry_h"] = 0, None
    for hours, share in active:
        if freed < 0.1 and share > 0:
            freed, out["lp_lock_expiry_h"] = freed + share, hours
    return out
