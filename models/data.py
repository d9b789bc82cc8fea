# SPDX-License-Identifier: Apache-2.0
"""Pool snapshots as columns of numbers, and splits that follow time.

Time is counted in blocks of 13.35 s, as in the definitions of the features. A pool is born with
its first block; parts are cut by birth, so no pool is in two parts. A row may train only when its
label was known before the part that it is judged on begins.
"""

import csv
import gzip

import numpy as np

BLOCKS_PER_DAY = 86400 / 13.35
AGES = {"1h": 1.0, "6h": 6.0, "24h": 24.0, "72h": 72.0}

EVENT_FEATURES = (
    "dec n_sync n_buy n_sell n_mint n_burn n_other buy_share buy_vol sell_vol net_ratio w_init "
    "w_now w_max w_now_max w_now_init p_ret p_dd p_up vol max_drop max_rise k_growth late_share "
    "idle snipe0 early10 early100 mean_buy max_buy max_buy_rel hhi_buy gap_mean gap_cv uniq_blk "
    "t_init_log turnover age_h"
).split()
LP_FEATURES = "lp_n lp_holders lp_burn lp_lock lp_top lp_pool lp_hhi lp_safe".split()
REGISTRY = EVENT_FEATURES + LP_FEATURES
COLUMN = {name: index for index, name in enumerate(REGISTRY)}

HORIZONS = {"24h": 1.0, "7d": 7.0, "30d": 30.0}
MULTIPLIERS = (2, 5, 10, 20, 50)
RUGS = [f"rug_{horizon}" for horizon in HORIZONS]
CELLS = [f"x{k}_{horizon}" for horizon in HORIZONS for k in MULTIPLIERS]
TARGETS = RUGS + CELLS


def horizon_days(target):
    """Days over which a target looks."""
    return HORIZONS[target.split("_")[1]]


def multiplier(target):
    """Price multiple that a target asks for; 0 for rugs."""
    return 0 if target.startswith("rug") else int(target.split("_")[0][1:])


class Table:
    """Rows of one or more snapshot files. `matrix` has the registry's columns, NaN = missing;
    `labels[target]` is NaN where the recording ended too early; `fresh` marks the 2021 rows."""

    def __init__(self, *paths):
        rows = []
        for path in paths:
            with gzip.open(path, "rt", newline="") as file:
                rows += csv.DictReader(file)
        rows.sort(key=lambda row: (float(row["first_block"]), row["pool"], AGES[row["age"]]))
        self.pools = np.unique([row["pool"] for row in rows], return_inverse=True)[1]
        self.birth = np.array([float(row["first_block"]) for row in rows])
        self.ages = np.array([row["age"] for row in rows])
        self.age_h = np.array([AGES[row["age"]] for row in rows])
        self.fresh = self.birth > 13_000_000
        self.matrix = np.array([[number(row.get(name)) for name in REGISTRY] for row in rows])
        self.matrix[:, COLUMN["age_h"]] = self.age_h
        self.labels = {name: np.array([number(row[name]) for row in rows]) for name in TARGETS}

    def __len__(self):
        return len(self.birth)

    def known(self, target):
        """Block at which each row's label is known."""
        return self.birth + (self.age_h / 24 + horizon_days(target)) * BLOCKS_PER_DAY

    def train_rows(self, target, start):
        """Rows of pools born before block `start` whose label was known by then."""
        ready = (self.birth < start) & (self.known(target) <= start)
        return np.flatnonzero(ready & ~np.isnan(self.labels[target]))

    def test_rows(self, target, start, end):
        """Labelled rows of pools born in [start, end)."""
        born = (self.birth >= start) & (self.birth < end)
        return np.flatnonzero(born & ~np.isnan(self.labels[target]))

    def birth_quantile(self, share, fresh):
        """Block before which this share of the pools of 2020 (or 2021, `fresh`) was born."""
        rows = np.flatnonzero(self.fresh == fresh)
        _, first = np.unique(self.pools[rows], return_index=True)
        born = np.sort(self.birth[rows][first])
        return born[int(share * len(born))] if share < 1 else born[-1] + 1


def number(text):
    """A field of a CSV file; empty or absent is NaN."""
    return float(text) if text else np.nan


def load(folder):
    """The table of both snapshot files below `folder`, in order of birth."""
    univ2 = folder / "univ2"
    return Table(univ2 / "snapshots_2020.csv.gz", univ2 / "snapshots_2021_early.csv.gz")
