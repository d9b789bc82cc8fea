# SPDX-License-Identifier: Apache-2.0
"""The text of the model card, from measured figures only."""

import pathlib

from data import RUGS, TARGETS

PARTS = {
    "late 2020": "Last 25 % of the 2020 pools (fitted on earlier 2020; events only)",
    "2021": "Last weeks of early 2021, events only",
    "2021 with LP": "Last weeks of early 2021, with LP transfers",
}
HEADER = (
    "| target | rows (positive) | base rate of training | seen | mean p | AUC [95 %] | "
    "AUC of the floor | PR-AUC [95 %] | Brier [95 %] | BSS [95 %] | ECE [95 %] | groups covered | mean width |"
)


def ranged(figures, name, digits=3):
    low, high = figures[name + "_range"]
    return f"{figures[name]:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def row(target, f):
    floor = f"{f['floor']:.3f}" if "floor" in f else ""
    return (
        f"| {target} | {f['n']} ({f['positives']}) | {f['base']:.4f} | {f['seen']:.3f} | "
        f"{f['said']:.3f} | {ranged(f, 'auc')} | {floor} | {ranged(f, 'ap')} | {ranged(f, 'brier', 4)} | "
        f"{ranged(f, 'skill')} | {ranged(f, 'ece')} | {f['covered']} of 10 | {f['width']:.2f} |"
    )


def main_table(part, report):
    lines = [f"### {PARTS[part]}", "", HEADER, "|---" * 13 + "|"]
    targets = RUGS if part == "2021 with LP" else TARGETS
    return lines + [row(target, report[target]) for target in targets] + [""]


def age_table(reports):
    lines = ["| target, part | age | rows | seen | mean p | AUC |", "|---" * 6 + "|"]
    for target in ("rug_24h", "rug_7d", "x2_24h", "x2_7d"):
        for part in ("2021", "2021 with LP") if target in RUGS else ("2021",):
            for age, n, seen, said, auc in reports[part][target]["ages"]:
                name = f"{target}, {part}"
                lines.append(f"| {name} | {age} | {n} | {seen:.3f} | {said:.3f} | {auc:.3f} |")
    return lines


def tenths_table(reports):
    lines = ["| target, part | mean p | seen | mean interval | rows |", "|---" * 5 + "|"]
    for target, part in (("rug_24h", "2021"), ("rug_24h", "2021 with LP"), ("x2_24h", "2021")):
        for said, seen, low, high, n in reports[part][target]["tenths"]:
            name = f"{target}, {part}"
            lines.append(f"| {name} | {said:.3f} | {seen:.3f} | {low:.3f} to {high:.3f} | {n} |")
    return lines


def shipped_table(shipped, notes):
    lines = [
        "| target | rows (positive) | base rate | head | stack | calibration a, b | "
        "weight against the base rate | drift | level z | support |",
        "|---" * 10 + "|",
    ]
    for target in shipped.targets:
        for head in target["heads"]:
            note = notes[target["name"], head["name"]]
            stack = " + ".join(f"{t['weight']:g} {t['component']}" for t in head["stack"])
            platt = head["calibration"][0]
            lines.append(
                f"| {target['name']} | {target['rows']} ({target['positives']}) | "
                f"{target['base_rate']:.4f} | {head['name']} | {stack} | "
                f"{platt['a']:.2f}, {platt['b']:+.2f} | {head['shrinkage']['weight']:.2f} | "
                f"{note['drift']:.2f} | {note['z']:.2f} | {head['support']} |"
            )
    return lines


def summary(reports):
    """A line a target and part for the terminal."""
    lines = []
    for part, report in reports.items():
        for target in TARGETS:
            f = report[target]
            lines.append(
                f"{part:12s} {target:8s} n {f['n']} ({f['positives']}) AUC {f['auc']:.3f} "
                f"Brier {f['brier']:.4f} BSS {f['skill']:+.3f} ECE {f['ece']:.3f} "
                f"covered {f['covered']} width {f['width']:.2f}"
            )
    return "\n".join(lines)


def render(reports, shipped, notes, version, created):
    here = pathlib.Path(__file__).resolve().parent
    text = (here / "card.template.md").read_text()
    tables = {
        "TABLES": [line for part in PARTS for line in main_table(part, reports[part])],
        "AGES": age_table(reports),
        "TENTHS": tenths_table(reports),
        "SHIPPED": shipped_table(shipped, notes),
        "IDEAS": (here / "experiments.md").read_text().splitlines(),
    }
    text = text.replace("@VERSION@", version).replace("@CREATED@", created[:10])
    for name, lines in tables.items():
        text = text.replace(f"@{name}@", "\n".join(lines).strip())
    return text
