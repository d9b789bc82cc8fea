# SPDX-License-Identifier: Apache-2.0
"""Events a second of `radarx-agent replay` on one core, features and model included.

Uses the recorded events of RADARX_DATA (or ../shared/data) when present, else a generated stream of the same shape.
"""

import os
import random
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("RADARX_DATA", ROOT.parent / "shared" / "data")) / "univ2"
ROUNDS = int(os.environ.get("ROUNDS", "3"))


def generate(folder, pools=400, events=600):
    """A random walk of constant-product pools, in the recorded files' columns."""
    rng = random.Random(1)
    with (folder / "pairs.csv").open("w") as pairs, (folder / "events.csv").open("w") as out:
        pairs.write("pool,token,decimals,weth_pos\n")
        out.write("pool,block,txi,logi,tx8,event,reserve0,reserve1\n")
        for i in range(pools):
            pool, token = f"0x{i:040x}", f"0x{i + 10**6:040x}"
            pairs.write(f"{pool},{token},18,{i % 2}\n")
            weth, tokens, block = 10.0**19, 10.0**24, 10_000_000
            for logi in range(events):
                step = 1 + rng.uniform(-0.02, 0.02)
                weth, tokens, block = weth * step, tokens / step, block + rng.choice((0, 1, 2, 9))
                pair = (int(weth), int(tokens)) if i % 2 == 0 else (int(tokens), int(weth))
                out.write(f"{pool},{block},0,{logi},00000000,Sync,{pair[0]},{pair[1]}\n")
    return folder / "events.csv", folder / "pairs.csv", pools * events


def main():
    with tempfile.TemporaryDirectory(prefix="radarx-replay-") as name:
        folder = Path(name)
        recorded = DATA / "events_2020_700pools.csv.gz"
        if recorded.exists():
            source, events, pairs, count = "recorded", recorded, DATA / "pairs.csv.gz", 261_792
        else:
            source = "generated"
            events, pairs, count = generate(folder)
        command = [
            "taskset",
            "-c",
            "0",
            str(ROOT / "build" / "radarx-agent"),
            "replay",
            "--events",
            str(events),
            "--pairs",
            str(pairs),
            "--ages",
            "1h,6h,24h,72h",
            "--out",
            str(folder / "out.csv"),
        ]
        rates = []
        for _ in range(ROUNDS):
            began = time.monotonic()
            subprocess.run(command, check=True, capture_output=True)
            rates.append(count / (time.monotonic() - began))
        rows = sum(1 for _ in (folder / "out.csv").open()) - 1
        print(
            f"\nreplay, {count} {source} events to {rows} rows on one core: "
            f"{statistics.median(rates):,.0f} events/s (median of {ROUNDS}; goal 100,000)"
        )


if __name__ == "__main__":
    main()
