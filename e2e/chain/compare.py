#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares a running agent's features with the oracle's, for every market token.

usage: compare.py --agent URL [--key KEY] [--timeout S]

Waits until the agent has come to the market's head, asks for each token's features and works
them out again from the node's logs up to the block the answer names.  Exit 0 when all are
equal within the tolerance of the feature definitions.
"""

import argparse
import json
import os
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from features import Node, oracle, token_features  # noqa: E402


def ask(base, token, key):
    """The answer's status and body; status 0 when nobody answers."""
    url = f"{base}/score/token?address={token}&chain=ethereum&include_features=true"
    request = urllib.request.Request(url, headers={"X-API-Key": key} if key else {})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, {}
    except OSError:
        return 0, {}


def scored(base, token, key, block, deadline):
    while True:
        status, body = ask(base, token, key)
        if status == 200 and body["as_of_block"] >= block:
            return body
        if time.monotonic() > deadline:
            raise SystemExit(f"{token}: not scored at block {block}; last status {status}, {body.get('as_of_block')}")
        time.sleep(0.1)


def differences(body, ours):
    """Columns that differ, as text; where the oracle sees no snapshot the agent must give no probability."""
    if ours is None:
        rug = ((body.get("rug_probability") or {}).get("24h") or {}).get("probability")
        return [] if rug is None else [f"probability {rug} where there is no snapshot"]
    theirs = (body.get("features") or {}).get("pool_features") or {}
    return [
        f"{name}: agent {theirs.get(name)}, oracle {ours[name]}"
        for name in oracle.EVENT_COLUMNS + oracle.LP_COLUMNS
        if not oracle.equal(theirs.get(name), ours[name])
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agent", required=True)
    parser.add_argument("--key", default="")
    parser.add_argument("--timeout", type=float, default=60)
    args = parser.parse_args()
    state = Path(os.environ.get("CHAIN_STATE_DIR", Path(__file__).resolve().parents[2] / "build" / "chain"))
    chain = json.loads((state / "chain.json").read_text())
    market = json.loads((state / "market.json").read_text())
    node = Node(os.environ.get("CHAIN_RPC", chain["rpc"]))
    deadline = time.monotonic() + args.timeout
    wrong = 0
    for token in market["tokens"]:
        body = scored(args.agent, token["token"], args.key, market["head"], deadline)
        bad = differences(body, token_features(node, token, chain["weth"], body["as_of_block"]))
        wrong += len(bad)
        print(f"{token['symbol']:6} block {body['as_of_block']}: {'equal' if not bad else '; '.join(bad)}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
