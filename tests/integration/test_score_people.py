# SPDX-License-Identifier: Apache-2.0
"""`radarx-agent score` with token transfers, locks and a creator, against a second program."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import people_oracle  # noqa: E402
import univ2_oracle as oracle  # noqa: E402

AGENT = Path(os.environ.get("RADARX_BUILD", ROOT / "build")) / "radarx-agent"
POOL, TOKEN = f"0x{1:040x}", f"0x{2:040x}"
CREATOR = f"0x{0xC0:040x}"
# Names in the answer that differ from those of the features.
SHOWN = {
    "holders": "total_holders",
    "top10": "top10_concentration",
    "creator_share": "dev_holding_percentage",
    "creator_sells_24h": "dev_sells_24h",
}


def write(path, header, rows):
    path.write_text(header + "\n" + "".join(",".join(map(str, row)) + "\n" for row in rows))
    return path


def market(rng):
    """Syncs of one pool over some days, and transfers of its token with large amounts between known and unknown."""
    syncs, block, weth, token = [], 1000, 10 * 10**18, 10**24
    for _ in range(rng.randrange(20, 60)):
        syncs.append((block, rng.randrange(1000, 2000), weth, token))
        block += rng.choice((1, 40, 400, 2000))
        step = rng.randrange(1, 10**17)
        kind = rng.random()
        weth += step if kind < 0.7 else -step
        token += 10**21 if kind > 0.5 else -(10**21)
    cast = [f"0x{n:040x}" for n in range(0x500, 0x500 + rng.choice((2, 12, 80)))]
    odd = [oracle.DEAD, min(oracle.LOCKERS), min(people_oracle.BRIDGES), TOKEN, POOL, POOL]
    transfers = [(900, 0, oracle.ZERO, CREATOR, 2**200)]
    for i in range(rng.randrange(50, 400)):
        at = rng.choice(syncs)[0] - rng.choice((0, 0, 7, 100))
        source = rng.choice([CREATOR, CREATOR, POOL, *cast])
        target = rng.choice([*odd, *cast, *cast, CREATOR])
        value = rng.choice((0, 1, rng.randrange(2**197), rng.randrange(2**196), rng.randrange(2**100)))
        transfers.append((max(at, 901), 3 * i, source, target, value))
    return syncs, transfers


def score(folder, syncs, transfers, locks, at):
    shuffled = [(TOKEN, *t) for t in random.Random(1).sample(transfers, len(transfers))]
    result = subprocess.run(
        [
            *(AGENT, "score", "--json", "--pool", POOL, "--at", str(at), "--creator", CREATOR),
            *("--pairs", write(folder / "pairs.csv", "pool,token,decimals,weth_pos", [(POOL, TOKEN, 18, 0)])),
            *("--events", write(folder / "e.csv", "pool,block,logi,reserve0,reserve1", [(POOL, *s) for s in syncs])),
            *("--transfers", write(folder / "t.csv", "token,block,logi,from,to,value", shuffled)),
            *("--locks", write(folder / "l.csv", "pool,unlock_block,share", [(POOL, *lock) for lock in locks])),
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    groups = json.loads(result.stdout)["features"]
    return {name: value for group in groups.values() if group for name, value in group.items()}


@pytest.mark.parametrize("seed", range(12))
def test_columns_of_made_up_tokens(seed, tmp_path):
    rng = random.Random(seed)
    syncs, transfers = market(rng)
    locks = [(rng.randrange(0, 90000), rng.choice((0.02, 0.05, 0.3))) for _ in range(rng.randrange(5))]
    at = max(s[0] for s in syncs) + rng.randrange(0, 3000)
    want = people_oracle.columns(transfers, syncs, TOKEN, POOL, CREATOR, at)
    want.update(people_oracle.lock_columns(locks, at))
    ours = score(tmp_path, syncs, transfers, locks, at)
    wrong = []
    for name, value in want.items():
        shown = "lp_lock_expires_in_hours" if name == "lp_lock_expiry_h" else SHOWN.get(name, name)
        got = ours.get(shown, ours.get(name))
        if not oracle.equal(got, None if value is None else float(value)):
            wrong.append((name, got, None if value is None else float(value)))
    assert wrong == []
    assert len(want) == 16
