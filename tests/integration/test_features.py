# SPDX-License-Identifier: Apache-2.0
"""`radarx-agent features`: the registry as table, JSON and page."""

import json
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
AGENT = Path(os.environ.get("RADARX_BUILD", ROOT / "build")) / "radarx-agent"


def features(*args):
    return subprocess.run([AGENT, "features", *args], capture_output=True, text=True, timeout=60)


def test_json_describes_every_feature_once():
    rows = json.loads(features("--json").stdout)
    names = [row["name"] for row in rows]
    assert names[:2] == ["dec", "n_sync"] and names[45:47] == ["lp_safe", "n_buy_m5"]
    assert len(set(names)) == len(names) >= 147
    for row in rows:
        assert row["unit"] and row["formula"] and row["source"] and row["missing_when"]
        assert row["min"] is None or row["max"] is None or row["min"] < row["max"]
        assert row["since"] in (1, 2) and row["revision"] >= 1
        if row["unit"] == "boolean":
            assert (row["min"], row["max"]) == (0, 1)


def test_table_and_page_name_the_same_features():
    names = [row["name"] for row in json.loads(features("--json").stdout)]
    table = features().stdout.splitlines()
    assert [line.split()[0] for line in table[1:]] == names
    assert max(len(line) for line in table) <= 100
    page = features("--markdown").stdout
    cells = [line.split("`")[1] for line in page.splitlines() if line.startswith("| `")]
    assert [cell for cell in cells if not cell.startswith("0x")] == names
    assert page == (ROOT / "docs" / "features.md").read_text()


def test_wrong_usage():
    for args in (["--json", "--markdown"], ["--yaml"], ["n_sync"]):
        result = features(*args)
        assert result.returncode == 2
        assert "usage: radarx-agent features" in result.stderr
    assert features("--help").returncode == 0
