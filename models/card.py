# SPDX-License-Identifier: Apache-2.0
"""The text of the model card, from measured figures only."""

PARTS = {
    "2020": "last 25 % of the 2020 pools, calibrated in 2020",
    "2021 stale": "last 40 % of the early 2021 pools, calibrated in 2020",
    "2021": "last 40 % of the early 2021 pools, **as shipped**",
}


def summary(report):
    """Three lines for the terminal."""

    def line(part):
        f = report[part]
        return (
            f"  {part}: n {f['n']} ({f['positives']}), base {f['base']:.3f}, "
            f"AUC {f['auc']:.3f} [{f['auc_low']:.3f}, {f['auc_high']:.3f}], "
            f"Brier {f['brier']:.3f} (skill {f['skill']:.3f}), ECE {f['ece']:.3f}, "
            f"bins covered {f['covered']}/10, {f['covered_half']}/10 with half an event added"
        )

    return "\n".join([report["name"], *map(line, PARTS)])


def main_table(report):
    rows = [
        "| judged on | rows (positive) | base rate | AUC [95 %] | Brier (skill) | ECE | bins covered | mean width |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for part, text in PARTS.items():
        f = report[part]
        rows.append(
            f"| {text} | {f['n']} ({f['positives']}) | {f['base']:.3f} | {f['auc']:.3f} "
            f"[{f['auc_low']:.3f}, {f['auc_high']:.3f}] | {f['brier']:.3f} ({f['skill']:+.3f}) | "
            f"{f['ece']:.3f} | {f['covered']} of 10 ({f['covered_half']}) | {f['width']:.2f} |"
        )
    return rows


def reliability(report):
    rows = ["| mean p | seen | mean interval | rows |", "|---|---|---|---|"]
    for p, seen, low, high, n in report["2021"]["bins"]:
        rows.append(f"| {p:.3f} | {seen:.3f} | {low:.3f} to {high:.3f} | {n} |")
    return rows


def by_age(report):
    rows = ["| age | rows | seen | mean p | AUC |", "|---|---|---|---|---|"]
    for age, n, seen, p, value in report["2021"]["ages"]:
        rows.append(f"| {age} | {n} | {seen:.3f} | {p:.3f} | {value:.3f} |")
    return rows


def weights(report):
    ordered = sorted(report["coefficients"], key=lambda item: -abs(item[1]))[:10]
    return ", ".join(f"`{name}` {value:+.2f}" for name, value in ordered)


def section(report):
    return [
        f"## {report['name']}",
        "",
        f"Fitted on {report['train']} rows ({report['train_positives']} positive), calibrated on "
        f"{report['fresh']} ({report['fresh_positives']}).",
        "",
        *main_table(report),
        "",
        "As shipped, by tenths of the predicted probability:",
        "",
        *reliability(report),
        "",
        "As shipped, by age:",
        "",
        *by_age(report),
        "",
        f"Largest weights, in log-odds a standard deviation: {weights(report)}.",
        "",
    ]


HEAD = """# Card of the built-in model ({version}, {created})

Written by `models/train.py`; every figure is measured by it.

What it answers, for one Uniswap-V2 pool of a token and WETH at least one hour old:

- `rug_24h`: probability that the pool's WETH reserve falls to 5 % of its present value or less
  within 24 hours;
- `x2_24h`: probability that the spot price doubles within 24 hours while the WETH reserve stays at
  or above max(0.5, 20 % of its present value).

How: two logistic regressions on {inputs} features of the pool's Sync events (transformed, clipped to
the training rows' 0.5 % and 99.5 % quantiles, standardised, ridge penalty {ridge:g}), then Platt
scaling. Time is counted in blocks of 13.35 s.

Data: 6,878 snapshots of Ethereum pools born September to December 2020 and 1,754 of pools born
September to October 2021, at ages of 1 h, 6 h, 24 h and 72 h. Parts follow each other in time, never
at random, and a row trains only when its label was known before the next part begins: coefficients
from the first 65 % of the 2020 pools; the ridge penalty from the next 10 % and the first 60 % of the
2021 pools; Platt scaling as shipped from that 60 %. The last 25 % of 2020 and the last 40 % of 2021
took part in nothing but the tables below.

Intervals (95 %): the delta method in log-odds. The variance is that of the calibrated coefficients
(200 bootstraps of whole pools) plus one of drift: the value at which 95 % of the fifths of later
periods - seven of 2020, one right after a fresh calibration in 2021, and 2021 seen by the model
calibrated in 2020 - had their frequency inside. So an interval speaks of the frequency in a group of
some ninety pools that look alike, a year of drift included; it says nothing of the chance in a
single pool, which p itself is. "Bins covered" counts equal-mass tenths whose frequency lies within
their mean interval; in brackets, with half an event added to the count, so that a bin of few rows
without any positive is not a miss by itself.
"""

TAIL = """## Where it fails

- Rates move: compare the base rates of the two years above. The order of the pools survives better
  than the level of the numbers, and a calibration on the weeks just before helps only in part: see
  the tenths of `rug_24h` in the middle, where clusters of similar pools went the same way together.
- At 72 h both targets are rare and the rows few; the AUC there is not to be relied upon.
- 2020 and 2021 Ethereum mainnet only; other chains, launchpads and routers look different. Pools of
  two tokens without WETH are not scored.
- Only reserves are read. Who holds the LP tokens, what the contract can do, who deployed it and what
  is said about it are invisible to it: a locked pool and an unlocked one with the same trades get
  the same number.
- Wash trading moves most inputs at the price of fees: somebody who knows the weights can lower the
  number.
- Above 72 hours the age counts as 72 and the interval is widened (`age_beyond_training`); under an
  hour, under 5 events or under 0.5 WETH nothing is answered.
"""


def render(reports, version, created, inputs, ridge):
    lines = [HEAD.format(version=version, created=created[:10], inputs=inputs, ridge=ridge)]
    for report in reports:
        lines += section(report)
    return "\n".join(lines) + "\n" + TAIL
