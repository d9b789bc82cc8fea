# SPDX-License-Identifier: Apache-2.0
"""Prints the scores of the market's tokens, read through the Service of a RadarXDeployment with an API key."""

import argparse
import base64
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

MARKET = Path(__file__).resolve().parent.parent / "build" / "chain" / "market.json"


def kubectl(*args):
    return subprocess.run(["kubectl", *args], check=True, capture_output=True, text=True).stdout


def service_url(namespace, name):
    return "http://" + kubectl("-n", namespace, "get", "service", name, "-o", "jsonpath={.spec.clusterIP}")


def api_key(namespace, name):
    data = kubectl("-n", namespace, "get", "secret", f"{name}-api-keys", "-o", r"jsonpath={.data.key-1}")
    return base64.b64decode(data).decode()


def get(url, key, timeout=10):
    """Status and parsed body of a GET; an unreachable Service is status 0."""
    request = urllib.request.Request(url, headers={"X-API-Key": key})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)
    except OSError as error:
        return 0, {"error": str(error)}


def score(base, key, token):
    return get(f"{base}/score/token?address={token}&chain=ethereum", key)


def scores_at(base, key, tokens, block, timeout=120):
    """Scores of all tokens at or after a block; waits until the agents have come so far."""
    deadline = time.monotonic() + timeout
    found = {}
    while True:
        for token in tokens:
            if token in found:
                continue
            status, body = score(base, key, token)
            if status == 200 and body["as_of_block"] >= block:
                found[token] = body
            else:
                last = status, body
        if len(found) == len(tokens):
            return found
        if time.monotonic() > deadline:
            raise TimeoutError(
                f"{len(tokens) - len(found)} tokens are not scored at block {block}; last answer: {last}"
            )
        time.sleep(0.2)


def probability(body, *path):
    value = body
    for key in path:
        value = (value or {}).get(key)
    return value


def cell(value):
    if not value or value.get("probability") is None:
        return "unknown"
    interval = value.get("confidence_interval") or {}
    return f"{value['probability']:.4f} [{interval.get('lower', 0):.3f}, {interval.get('upper', 0):.3f}]"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--namespace", default="risk")
    parser.add_argument("--name", default="demo")
    parser.add_argument("--wait", action="store_true", help="wait until the market's last block is scored")
    args = parser.parse_args()
    market = json.loads(MARKET.read_text())
    base, key = service_url(args.namespace, args.name), api_key(args.namespace, args.name)
    block = market["last_block_before_rug"] if args.wait else 0
    tokens = {t["token"].lower(): t for t in market["tokens"]}
    found = scores_at(base, key, list(tokens), block)

    def rug(item):
        return probability(item[1], "rug_probability", "24h", "probability") or 0.0

    print(f"{'token':10} {'what it is':16} {'rug within 24h':26} {'2x within 24h':26} {'at block':>8} {'lag':>7}")
    for token, body in sorted(found.items(), key=rug, reverse=True):
        info = tokens[token]
        rug_cell = cell(probability(body, "rug_probability", "24h"))
        up_cell = cell(probability(body, "probability_heatmap", "horizons", "24h", "2x"))
        fresh = f"{body['as_of_block']:>8} {body['lag_seconds']:>6.0f}s"
        print(f"{info['symbol']:10} {info['kind']:16} {rug_cell:26} {up_cell:26} {fresh}")
    rugged = [rug(i) for i in found.items() if tokens[i[0]]["rugged"]]
    healthy = [rug(i) for i in found.items() if not tokens[i[0]]["rugged"]]
    ordered = min(rugged) > max(healthy)
    verdict = "every rugged one is above every healthy one" if ordered else "NOT ordered"
    print(f"\nlowest of {len(rugged)} that are rugged later: {min(rugged):.4f}; "
          f"highest of {len(healthy)} that are not: {max(healthy):.4f} -> {verdict}")
    sys.exit(0 if ordered else 1)


if __name__ == "__main__":
    main()
