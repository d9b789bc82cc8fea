# SPDX-License-Identifier: Apache-2.0
"""Trains the default model from pool snapshots and writes default.json and default.card.md.

usage: train.py [--data DIR] [--out DIR] [--no-card]

DIR (default: $RADARX_DATA, else ../shared/data beside the project) holds
univ2/snapshots_2020.csv.gz and univ2/snapshots_2021_early.csv.gz. Same input, same bytes out.

The method of recipe.py is fitted three times: on what was known when 75 % of the 2020 pools were
born, and when 60 % of the early 2021 pools were, each to be judged on the pools that came after;
and on everything, to be shipped.
"""

import argparse
import os
import pathlib

# Before numpy is read: sums in one order, and small matrices that do not wait for each other.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import bundle  # noqa: E402
import card  # noqa: E402
import data  # noqa: E402
import judge  # noqa: E402
import numpy as np  # noqa: E402
import recipe  # noqa: E402

CREATED = "2026-11-22T00:00:00Z"
VERSION = "univ2-stack-2"
FEATURE_VERSION = "univ2-2"
JUDGED_2020, JUDGED_2021 = 0.75, 0.6  # shares of a year's pools born before its judged ones


def golden_rows(table):
    """Inputs of the golden vectors: real rows of both years, some with missing values, some whose
    numbers no pool would have."""
    rows = table.matrix[np.linspace(0, len(table) - 1, 20).astype(int)].copy()
    fresh = table.matrix[np.flatnonzero(table.fresh)][::250][:8].copy()
    fresh[1, [data.COLUMN[name] for name in data.LP_FEATURES]] = np.nan
    fresh[2, [data.COLUMN["idle"], data.COLUMN["vol"], data.COLUMN["lp_top"]]] = np.nan
    rows[1, ::2] = np.nan
    rows[2, :] = np.nan
    rows[3, :] *= 1e6
    rows[4, :] = 0.0
    rows[5, :] *= -1.0
    age = data.COLUMN["age_h"]
    rows[1:6, age] = (1.0, 6.0, 72.0, 24.0, 2.5)
    return np.vstack([rows, fresh])


def judged(table):
    """{part of the card: report}: each fitted on what was known before its pools were born."""
    old = table.birth_quantile(JUDGED_2020, False), table.birth_quantile(1, False)
    new = table.birth_quantile(JUDGED_2021, True), table.birth_quantile(1, True)
    earlier, _ = recipe.fit(table, old[0])
    later, _ = recipe.fit(table, new[0])
    return {
        "late 2020": judge.judge(earlier, table, *old),
        "2021": judge.judge(later, table, *new),
        "2021 with LP": judge.judge(later, table, *new, with_lp=True),
    }


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = os.environ.get("RADARX_DATA", here.parent.parent / "shared" / "data")
    parser.add_argument("--data", default=default, type=pathlib.Path)
    parser.add_argument("--out", default=here, type=pathlib.Path)
    parser.add_argument("--no-card", action="store_true", help="write the model only")
    args = parser.parse_args()
    table = data.load(args.data)
    shipped, notes = recipe.fit(table, np.inf)
    document = shipped.document(VERSION, CREATED, FEATURE_VERSION, golden_rows(table))
    bundle.write(args.out / "default.json", document)
    if args.no_card:
        return
    reports = judged(table)
    text = card.render(reports, shipped, notes, VERSION, CREATED)
    (args.out / "default.card.md").write_text(text)
    print(card.summary(reports))


if __name__ == "__main__":
    main()
