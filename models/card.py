# SPDX-License-Identifier: Apache-2.0
"""The text of the model card, from measured figures only."""


def summary(report):
    def line(part):
        f = report[part]
        return (
            f"  {part}: n {f['n']} ({f['positives']}), base {f['base']:.3f}, "
            f"AUC {f['auc']:.3f} [{f['auc_low']:.3f}, {f['auc_high']:.3f}], "
            f"Brier {f['brier']:.3f} (skill {f['skill']:.3f}), ECE {f['ece']:.3f}, "
            f"bins covered {f['covered']}/10, mean width {f['width']:.3f}"
        )

    return "\n".join([report["name"], line("2020"), line("2021")])


def render(reports, version, created, inputs):
    return "\n".join(map(summary, reports))
