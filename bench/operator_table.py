# SPDX-License-Identifier: Apache-2.0
"""Prints the medians of the operator's runs beside its peer's. usage: operator_table.py RESULTS.jsonl"""

import json
import statistics
import sys


def figures(run):
    idle = run["idle"]["memory"]
    n = run["n"] or 1
    return {
        "wall to settled, s": run.get("wall_s") or run["quiet_s"],
        "operator CPU, ms a CR": 1000 * run["cpu_s"]["operator"] / n if run["n"] else 0.0,
        "writes a CR": run["writes"]["total"] / n,
        "RSS peak, MiB": run["memory_peak_kib"] / 1024,
        "RSS idle, MiB": idle["rss"] / 1024,
        "anonymous idle, MiB": idle["anon"] / 1024,
        "idle writes": run["idle"]["writes"]["total"],
    }


def main():
    runs = [json.loads(line) for line in open(sys.argv[1])]
    for n in sorted({run["n"] for run in runs}):
        sides = {}
        for label in ("ours", "twin"):
            rows = [figures(run) for run in runs if run["n"] == n and run["label"] == label]
            sides[label] = {key: statistics.median(row[key] for row in rows) for key in rows[0]}
        print(f"\n{n} RadarXDeployments, cold start, median of {len(rows)}")
        print(f"{'':26} {'ours':>10} {'Go peer':>10} {'ratio':>7}")
        for key, ours in sides["ours"].items():
            twin = sides["twin"][key]
            ratio = f"{ours / twin:.2f}x" if twin else "-"
            print(f"{key:26} {ours:>10.2f} {twin:>10.2f} {ratio:>7}")


if __name__ == "__main__":
    main()
