# SPDX-License-Identifier: Apache-2.0
"""What faultnode answers from: a synthetic chain, or a real node behind it."""

import json
import threading
import urllib.request

from synthetic import Revert


class RpcError(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class SyntheticBackend:
    def __init__(self, chain):
        self.chain = chain
        self.lock = threading.RLock()

    def call(self, method, params, lag, limits):
        with self.lock:
            return self._answer(method, params, self.chain.head - lag, limits)

    def _answer(self, method, params, head, limits):
        if method == "eth_chainId":
            return hex(self.chain.chain_id)
        if method == "net_version":
            return str(self.chain.chain_id)
        if method == "web3_clientVersion":
            return "faultnode/1"
        if method == "eth_syncing":
            return False
        if method == "eth_blockNumber":
            return hex(head)
        if method == "eth_getBlockByNumber":
            number = self._number(params[0], head)
            return self._block(self.chain.blocks[number]) if 0 <= number <= head else None
        if method == "eth_getBlockByHash":
            block = self.chain.by_hash(params[0])
            return self._block(block) if block and block["number"] <= head else None
        if method == "eth_getLogs":
            return self._logs(params[0], head, limits)
        if method == "eth_call":
            try:
                return self.chain.eth_call(params[0]["to"], params[0].get("data") or params[0].get("input"))
            except Revert as error:
                raise RpcError(3, str(error)) from error
        raise RpcError(-32601, f"the method {method} does not exist/is not available")

    @staticmethod
    def _number(tag, head):
        if tag in ("latest", "pending", "safe", "finalized"):
            return head
        return 0 if tag == "earliest" else int(tag, 16)

    @staticmethod
    def _block(block):
        return {
            "number": hex(block["number"]),
            "hash": block["hash"],
            "parentHash": block["parent"],
            "timestamp": hex(block["timestamp"]),
            "gasLimit": "0x1c9c380",
            "transactions": sorted({log["transactionHash"] for log in block["logs"]}),
        }

    def _logs(self, spec, head, limits):
        if "blockHash" in spec:
            block = self.chain.by_hash(spec["blockHash"])
            if block is None or block["number"] > head:
                raise RpcError(-32000, "unknown block")
            first = last = block["number"]
        else:
            first = self._number(spec.get("fromBlock", "latest"), head)
            last = self._number(spec.get("toBlock", "latest"), head)
        if first > last:
            raise RpcError(-32602, "invalid block range")
        if last - first + 1 > limits.get("max_range", 1 << 62):
            raise RpcError(-32005, f"block range is too wide, limit is {limits['max_range']}")
        address = spec.get("address")
        addresses = [address] if isinstance(address, str) else address
        wanted = {a.lower() for a in addresses} if addresses else None
        found = self.chain.logs(first, min(last, head), wanted, spec.get("topics"))
        if len(found) > limits.get("max_results", 1 << 62):
            raise RpcError(-32005, f"query returned more than {limits['max_results']} results")
        return found


class UpstreamBackend:
    """Passes calls on to a real node; a lag is made by asking for an older head."""

    def __init__(self, url):
        self.url = url
        self.chain = None

    def call(self, method, params, lag, limits):
        if method == "eth_getLogs" and "max_range" in limits and "blockHash" not in params[0]:
            self._check_range(params[0], limits["max_range"])
        answer = self._post(method, params)
        if lag and method == "eth_blockNumber":
            return hex(int(answer, 16) - lag)
        if lag and method == "eth_getBlockByNumber" and answer:
            head = int(self._post("eth_blockNumber", []), 16) - lag
            if params[0] == "latest":
                return self._post(method, [hex(head), *params[1:]])
            return answer if int(answer["number"], 16) <= head else None
        if method == "eth_getLogs" and len(answer) > limits.get("max_results", 1 << 62):
            raise RpcError(-32005, f"query returned more than {limits['max_results']} results")
        return answer

    def _check_range(self, spec, most):
        head = int(self._post("eth_blockNumber", []), 16)
        ends = [spec.get("fromBlock", "latest"), spec.get("toBlock", "latest")]
        first, last = (int(e, 16) if e.startswith("0x") else (0 if e == "earliest" else head) for e in ends)
        if last - first + 1 > most:
            raise RpcError(-32005, f"block range is too wide, limit is {most}")

    def _post(self, method, params):
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        request = urllib.request.Request(self.url, body, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            reply = json.loads(answer.read())
        if "error" in reply:
            raise RpcError(reply["error"]["code"], reply["error"]["message"])
        return reply["result"]
