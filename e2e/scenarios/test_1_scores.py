# SPDX-License-Identifier: Apache-2.0
"""A real token is scored in a pod that the operator made."""

import pytest
import scores
from support import api_key, apply, condition, deployment_yaml, get, http, items, service_url, wait_ready, wait_until


@pytest.fixture(scope="module")
def prod(namespace, chain):
    apply(deployment_yaml("prod", namespace))
    wait_ready(namespace, "prod")
    return namespace


def test_children_are_there_and_owned(prod):
    owner = get("rxd", "prod", prod)
    for kind, name in (
        ("serviceaccount", "prod"),
        ("configmap", "prod"),
        ("secret", "prod-api-keys"),
        ("deployment", "prod"),
        ("service", "prod"),
        ("networkpolicy", "prod-deny"),
        ("networkpolicy", "prod-allow"),
    ):
        child = get(kind, name, prod)
        assert child, f"{kind}/{name} is missing"
        assert child["metadata"]["ownerReferences"][0]["uid"] == owner["metadata"]["uid"]


def test_ready_is_exact(prod):
    obj = get("rxd", "prod", prod)
    assert obj["status"]["observedGeneration"] == obj["metadata"]["generation"]
    assert condition(obj, "Ready")["status"] == "True"
    assert condition(obj, "Applied")["status"] == "True"
    assert condition(obj, "Stalled") is None
    synced = wait_until(
        "Synced is True", lambda: (condition(get("rxd", "prod", prod), "Synced") or {}).get("status") == "True"
    )
    assert synced


def test_every_rugged_token_is_above_every_healthy_one(prod, chain):
    base, key = service_url(prod, "prod"), api_key(prod, "prod")
    probability = {}
    for token in chain["tokens"]:
        body = wait_until(
            f"{token['symbol']} is scored", lambda t=token: scored(base, key, t, chain["last_block_before_rug"]), 120
        )
        probability[token["symbol"]] = (token["rugged"], body["rug_probability"]["24h"]["probability"])
    assert len(probability) >= 6
    rugged = [p for is_rugged, p in probability.values() if is_rugged]
    healthy = [p for is_rugged, p in probability.values() if not is_rugged]
    assert len(rugged) >= 2 and len(healthy) >= 2
    assert min(rugged) > max(healthy), probability


def scored(base, key, token, block):
    status, body = http(f"{base}/score/token?address={token['token']}&chain=ethereum", key)
    return body if status == 200 and body["as_of_block"] >= block else None


def test_both_keys_open_and_none_is_refused(prod, chain):
    import base64

    base, token = service_url(prod, "prod"), chain["tokens"][0]["token"]
    data = get("secret", "prod-api-keys", prod)["data"]
    for name in ("key-1", "key-2"):
        assert (
            http(f"{base}/score/token?address={token}&chain=ethereum", base64.b64decode(data[name]).decode())[0] == 200
        )
    status, body = http(f"{base}/score/token?address={token}&chain=ethereum", "wrong")
    assert status == 401
    assert set(body) >= {"error", "code", "message", "request_id"}


def test_unknown_token_is_404_and_probes_are_open(prod):
    base, key = service_url(prod, "prod"), api_key(prod, "prod")
    status, body = http(f"{base}/score/token?address=0x{'ab' * 20}&chain=ethereum", key)
    assert status == 404, body
    for path in ("/livez", "/ready", "/health", "/metrics"):
        assert http(base + path)[0] == 200, path


def test_what_is_not_computed_is_null_with_a_reason(prod, chain):
    base, key = service_url(prod, "prod"), api_key(prod, "prod")
    body = scored(base, key, chain["tokens"][0], 0)
    named = {u["path"] for u in body["unknown"]}
    assert named and all(u["reason"] for u in body["unknown"])
    risk = body["risk_score"]
    for component in ("dev_risk", "distribution_risk"):  # no source tells of creators and holders yet
        assert risk["components"][component] is None
        assert f"risk_score.components.{component}" in named
        assert risk["details"][component]["upper"] > 90  # unknown is not safe
    assert 0 < risk["composite_score"] < 100


def test_no_secret_in_status_or_events(prod):
    key = api_key(prod, "prod")
    assert key not in str(get("rxd", "prod", prod))
    assert key not in str(items("events", prod))


def test_api_key_reader_prints_one_line(prod):
    assert len(scores.api_key(prod, "prod")) == 43
