# SPDX-License-Identifier: Apache-2.0
"""`radarx-agent risk`: flags and intervals from stored answers, what it refuses, and the table of rules."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from conftest import program

ROOT = Path(__file__).resolve().parents[2]
RECORDED = Path(os.environ.get("RADARX_DATA", ROOT.parent / "shared" / "data")) / "fixtures"
TOKEN = "0xab00000000000000000000000000000000000001"
COMPONENTS = ["rug_risk", "dev_risk", "distribution_risk", "social_manipulation_risk", "liquidity_risk"]

GOPLUS = {"code": 1, "message": "OK", "result": {TOKEN: {
    "is_honeypot": "0", "is_open_source": "1", "is_mintable": "1", "sell_tax": "0.02", "cannot_sell_all": "",
    "holder_count": "40", "creator_percent": "0.3"}}}  # fmt: skip
HONEYPOT = {"token": {"address": TOKEN, "totalHolders": 42}, "simulationSuccess": True,
            "honeypotResult": {"isHoneypot": True},
            "simulationResult": {"buyTax": 1, "sellTax": 100, "transferTax": 0}}  # fmt: skip


def call(*arguments):
    return subprocess.run([program("radarx-agent"), "risk", *map(str, arguments)], capture_output=True, text=True,
                          timeout=60)  # fmt: skip


def assess(*arguments):
    result = call(*arguments, "--json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def write(folder, name, document):
    path = folder / name
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def check_sums(risk):
    for name, detail in risk["details"].items():
        assert detail["lower"] <= detail["upper"]
        if detail["value"] is None:
            assert detail["reason"] in ("no_source", "missing_components")
            assert detail["contributions"] == []
            continue
        assert detail["lower"] <= detail["value"] <= detail["upper"], name
        points = [part["points"] for part in detail["contributions"]]
        assert detail["base"] + sum(points) == pytest.approx(detail["value"])


def test_nothing_known():
    risk = assess()["risk_score"]
    assert risk["composite_score"] is None
    assert risk["components"] == dict.fromkeys(COMPONENTS)
    assert risk["missing_components"] == COMPONENTS
    assert risk["risk_flags"] == []
    check_sums(risk)


def test_services_disagree(tmp_path):
    goplus = write(tmp_path, "goplus.json", GOPLUS)
    alone = assess("--snapshot", goplus, "--observed-at", 1735689600)
    assert "honeypot" not in alone["risk_score"]["risk_flags"]
    both = assess("--snapshot", goplus, "--snapshot", write(tmp_path, "h.json", HONEYPOT), "--observed-at", 1735689600)
    risk = both["risk_score"]
    assert risk["risk_flags"][0] == "honeypot"
    assert {"mintable", "sell_tax_high", "high_dev_holding", "few_holders"} <= set(risk["risk_flags"])
    assert risk["composite_score"] >= 95
    assert risk["details"]["composite_score"]["floor"] == {"id": "honeypot", "value": 95}
    check_sums(risk)
    facts = {fact["feature"]: fact for fact in both["facts"]}
    assert facts["is_honeypot"]["source"] == "honeypot_is"
    assert facts["is_honeypot"]["disputed"] == {"lower": 0, "upper": 1}
    assert facts["holders_upstream"]["value"] == 40 and "disputed" not in facts["holders_upstream"]
    assert "cannot_sell_all" not in facts
    tax = next(flag for flag in risk["flag_details"] if flag["id"] == "sell_tax_high")
    assert tax["severity"] == "critical"
    assert tax["evidence"] == {"feature": "sell_tax", "value": 1, "op": ">=", "threshold": 0.99, "unit": "fraction"}
    assert "sell_tax is 100 %" in tax["sentence"]


def test_unknown_widens():
    known = assess("--rug", "0.1,0.2", "--feature", "is_honeypot=0")["risk_score"]["details"]["rug_risk"]
    less = assess("--rug", "0.1,0.2")["risk_score"]["details"]["rug_risk"]
    assert less["upper"] >= known["upper"] and less["lower"] <= known["lower"]
    assert less["known_share"] < known["known_share"]
    assert less["value"] >= known["value"]


def test_stale(tmp_path):
    path = write(tmp_path, "goplus.json", GOPLUS)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    fact = assess("--snapshot", path)["facts"][0]
    assert fact["observed_at"] == 1_700_000_000
    assert fact["stale"] is True and fact["age_s"] > 86_400


def test_page(tmp_path):
    result = call("--snapshot", write(tmp_path, "h.json", HONEYPOT))
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[1].startswith("composite_score ")
    assert "critical  honeypot" in result.stdout


@pytest.mark.parametrize(("body", "message"), [
    ('{"code":4029,"message":"slow down"}', "goplus: rate_limited: code 4029: slow down"),
    ('{"code":404,"error":"No pairs found"}', "honeypot_is: not_found: No pairs found"),
    ('{"error":"unable to generate report"}', "rugcheck: not_found: unable to generate report"),
    ('{"schemaVersion":"1.0.0","pairs":null}', "dexscreener: empty: no pair of the token"),
    ("Too Many Requests", "unknown: rate_limited"),
    ('{"code":1', "unknown: malformed: line 1"),
    ('{"hello":1}', "unknown: malformed: no known form of answer"),
])  # fmt: skip
def test_errors_of_services(tmp_path, body, message):
    result = call("--snapshot", write(tmp_path, "a.json", body))
    assert result.returncode == 1
    assert message in result.stderr


@pytest.mark.parametrize(("arguments", "message"), [
    (["--feature", "sell_tax"], "NAME=VALUE expected"),
    (["--feature", "nonsense=1"], "no such feature"),
    (["--feature", "sell_tax=2"], "a number from 0 to 1 expected"),
    (["--rug", "0.1,0.2,0.3"], "one or two numbers"),
    (["--chain", "tron"], "evm or solana expected"),
    (["--weights", '{"rug":1}'], "'dev' is missing"),
    (["--markdown"], "--markdown goes with --rules"),
    (["extra"], "unexpected argument 'extra'"),
])  # fmt: skip
def test_usage(arguments, message):
    result = call(*arguments)
    assert result.returncode == 2
    assert message in result.stderr


def test_rules():
    result = call("--rules", "--json")
    assert result.returncode == 0, result.stderr
    rules = json.loads(result.stdout)
    ids = {rule["id"] for rule in rules}
    assert {"high_dev_holding", "recent_dev_sell", "low_liquidity_depth", "suspicious_social_pattern", "lp_not_locked",
            "ownership_not_renounced", "high_contract_risk", "highly_concentrated_holdings", "high_bot_activity",
            "low_liquidity", "honeypot", "mintable", "blacklist", "proxy", "hidden_owner", "sell_tax_high",
            "lock_expires_soon", "single_lp_holder", "serial_rugger"} <= ids  # fmt: skip
    assert {rule["component"] for rule in rules} == set(COMPONENTS)
    # The documentation has the same table.
    page = (ROOT / "docs" / "risk.md").read_text()
    assert call("--rules", "--markdown").stdout.strip() in page
    assert len(call("--rules").stdout.splitlines()) == len(rules) + 1


@pytest.mark.skipif(not RECORDED.is_dir(), reason=f"no recorded answers at {RECORDED}: set RADARX_DATA")
def test_recorded():
    risk = assess("--snapshot", RECORDED / "rugcheck" / "report_MEMELON_2025-04-28.json")["risk_score"]
    assert risk["risk_flags"][0] == "serial_rugger"
    assert risk["composite_score"] >= 70
    check_sums(risk)
    taxed = assess("--snapshot", RECORDED / "honeypot.is" / "IsHoneypot_v2_CNDL_taxed_maxbuy.json")["risk_score"]
    assert taxed["risk_flags"] == []
    assert taxed["composite_score"] < risk["composite_score"]
    check_sums(taxed)
