#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Features of every market token at a block, by the oracle, beside the recorded quartiles.

usage: features.py [--block N | --head] [--json]

Reads market.json and the node's logs. Without --block it takes the last block before the rugs.
With --json it prints {symbol: {column: value}} for other checks.
"""

import argparse
import json
import os
import sys
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "tests" / "support"))
import univ2_oracle as oracle  # noqa: E402

SYNC = "0x1c411e9a96e071241c2f21f7726b17ae89e3cab4c78be50e062b03a9fffbbad1"
TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
SHOWN = (
    "n_sync n_buy n_sell buy_share buy_vol net_ratio w_init w_now p_ret p_dd p_up vol idle late_share early100 turnover"
)


class Node:
    def __init__(self, url):
        self.url = url

    def call(self, method, *params):
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}).encode()
        request = urllib.request.Request(self.url, body, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            reply = json.load(answer)
        if "error" in reply:
            raise RuntimeError(f"{method}: {reply['error']}")
        return reply["result"]


def token_features(node, token, weth, block):
    """Live columns and LP columns of one market token at a block."""
    head = int(node.call("eth_getBlockByNumber", hex(block), False)["timestamp"], 16)
    where = {"address": token["pool"], "fromBlock": hex(token["created_block"]), "toBlock": hex(block)}
    times, syncs, transfers = {}, [], []
    for log in node.call("eth_getLogs", where):
        number, data = int(log["blockNumber"], 16), log["data"][2:]
        if number not in times:
            times[number] = int(node.call("eth_getBlockByNumber", hex(number), False)["timestamp"], 16)
        if log["topics"][0] == SYNC:
            reserves = int(data[:64], 16), int(data[64:128], 16)
            syncs.append(oracle.Sync(number, int(log["logIndex"], 16), *reserves, times[number]))
        elif log["topics"][0] == TRANSFER:
            transfers.append(("0x" + log["topics"][1][26:], "0x" + log["topics"][2][26:], int(data, 16)))
    weth_pos = 0 if int(weth, 16) < int(token["token"], 16) else 1
    columns = oracle.live(syncs, token["decimals"], weth_pos, head)
    if columns is not None:
        columns.update(oracle.lp_columns(transfers, token["pool"]))
    return columns


def market_features(state, block=None):
    chain = json.loads((state / "chain.json").read_text())
    market = json.loads((state / "market.json").read_text())
    node = Node(os.environ.get("CHAIN_RPC", chain["rpc"]))
    at = market["before"]["block"] if block is None else block
    return {t["symbol"]: (t, token_features(node, t, chain["weth"], at)) for t in market["tokens"]}


def show(features):
    table = json.loads((HERE / "quantiles.json").read_text())
    names = SHOWN.split()
    print(f"{'token':18s}" + "".join(f"{n:>11s}" for n in names))
    for name, cls in table["classes"].items():
        for label, level in (("p25", 0.25), ("p50", 0.5), ("p75", 0.75)):
            at = table["levels"].index(level)
            print(f"{name + ' ' + label:18s}" + "".join(f"{cls['columns'][n][at]:11.4g}" for n in names))
    for symbol, (token, columns) in features.items():
        line = "".join(f"{columns[n]:11.4g}" for n in names) if columns else " no snapshot"
        print(f"{symbol + ' ' + token['kind']:18.18s}" + line)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--block", type=int)
    parser.add_argument("--head", action="store_true")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    state = Path(os.environ.get("CHAIN_STATE_DIR", HERE.parents[1] / "build" / "chain"))
    block = json.loads((state / "market.json").read_text())["head"] if args.head else args.block
    features = market_features(state, block)
    if args.json:
        print(json.dumps({symbol: columns for symbol, (_, columns) in features.items()}, indent=1))
    else:
        show(features)


if __name__ == "__main__":
    main()
