#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An Ethereum JSON-RPC node that misbehaves when told to.

It answers from a SyntheticChain, or passes calls on to a real node (--upstream), and applies
faults on the way out.  GET /_control shows counters, POST /_control takes JSON:

  {"faults": [{"kind": K, "count": N, "skip": N, "method": M, ...}]}   added to those active
  {"clear": true}                 no faults, no limits
  {"limits": {"max_range": 2000, "max_results": 10000, "max_batch": 100}}
  {"trade": N, "reorg": D}        reorg first, then trade N blocks (synthetic chain only)
  {"refuse_ms": T}                close the listener for a while: connection refused

A fault fires `count` times (1; -1 = for ever) after `skip` matching requests; `method` limits
it to requests that contain that method.  Kinds and their own fields:

  http          status (429), retry_after          another HTTP status instead of an answer
  rpc_error     code (-32005), message             a JSON-RPC error inside HTTP 200
  gap           block                              that block (default: the asked one) is null
  wrong_parent  block                              a block with another parentHash
  wrong_hash    block                              a block with another hash
  logs_shuffled, logs_duplicated, logs_dropped     eth_getLogs in disorder, twice, last one missing
  logs_foreign                                     a log of an address nobody asked about
  bad_log       field, value                       one field of the first log replaced
  non_utf8                                         bytes that are no UTF-8 in the answer
  huge          bytes (10000000)                   a valid answer behind so much white space
  not_json, empty                                  an HTML page; no body at all
  truncated                                        Content-Length promises more than is sent
  drip          delay_ms (100), chunk (1)          the body in small pieces
  hang          seconds (3600)                     no answer until then, or until the node stops
  close                                            the connection closes before any answer
  reset                                            half the body, then a TCP reset
  stale_head    lag (3)                            the answer of a node some blocks behind
  batch_shuffled, batch_missing                    elements in another order; the last one gone
  wrong_id                                         an answer to another request
"""

import argparse
import json
import random
import socket
import struct
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from backends import RpcError, SyntheticBackend, UpstreamBackend  # noqa: E402
from synthetic import SyntheticChain, bench_chain, sample_chain  # noqa: E402

KINDS = set(
    "http rpc_error gap wrong_parent wrong_hash logs_shuffled logs_duplicated logs_dropped logs_foreign bad_log "
    "non_utf8 huge not_json empty truncated drip hang close reset stale_head batch_shuffled batch_missing "
    "wrong_id".split()
)
BLOCK_KINDS = {"gap", "wrong_parent", "wrong_hash"}
LOG_KINDS = {"logs_shuffled", "logs_duplicated", "logs_dropped", "logs_foreign", "bad_log"}
BODY_MAX = 16 << 20


class FaultNode:
    """with FaultNode(chain) as node: node.url, node.add(kind=...), node.counts"""

    def __init__(self, chain=None, upstream=None, host="127.0.0.1", port=0):
        if chain is None and upstream is None:
            chain = sample_chain()
        self.backend = UpstreamBackend(upstream) if upstream else SyntheticBackend(chain)
        self.host, self.port = host, port
        self.faults, self.limits = [], {}
        self.counts, self.fired = Counter(), Counter()
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.server = None

    @property
    def url(self):
        return f"http://{self.host}:{self.port}"

    @property
    def chain(self):
        return self.backend.chain

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        handler = type("BoundHandler", (Handler,), {"node": self})
        self.server = Server((self.host, self.port), handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def _close_listener(self):
        self.server.shutdown()
        self.server.server_close()
        self.server.drop_connections()

    def stop(self):
        self.stopping.set()
        self._close_listener()

    def refuse(self, seconds):
        """Closes the listener and what is connected, then listens again on the same port."""
        self._close_listener()
        self.stopping.wait(seconds)
        if not self.stopping.is_set():
            self.start()

    def add(self, kind, count=1, skip=0, method=None, **more):
        if kind not in KINDS:
            raise ValueError(f"unknown fault {kind!r}; known: {', '.join(sorted(KINDS))}")
        with self.lock:
            self.faults.append({"kind": kind, "count": count, "skip": skip, "method": method, **more})

    def clear(self):
        with self.lock:
            self.faults.clear()
            self.limits = {}

    def limit(self, **limits):
        with self.lock:
            self.limits.update(limits)

    def trade(self, blocks=1, seed=1, seconds=13):
        with self.backend.lock:
            self.chain.trade(blocks, seed, seconds)

    def reorg(self, depth, blocks=0, seed=2):
        """Replaces the last blocks in one step, so that no reader sees a shorter chain between."""
        with self.backend.lock:
            self.chain.reorg(depth)
            self.chain.trade(blocks, seed)

    def take(self, methods):
        """The faults that fire for a request with these methods."""
        out = []
        with self.lock:
            for method in methods:
                self.counts[method] += 1
            for fault in list(self.faults):
                if not self._applies(fault, methods):
                    continue
                if fault["skip"] > 0:
                    fault["skip"] -= 1
                    continue
                if fault["count"] > 0:
                    fault["count"] -= 1
                    if fault["count"] == 0:
                        self.faults.remove(fault)
                self.fired[fault["kind"]] += 1
                out.append(fault)
        return out

    @staticmethod
    def _applies(fault, methods):
        if fault["method"] is not None and fault["method"] not in methods:
            return False
        if fault["kind"] in BLOCK_KINDS:
            return any(m.startswith("eth_getBlockBy") for m in methods)
        return fault["kind"] not in LOG_KINDS or "eth_getLogs" in methods

    def control(self, order):
        if order.get("clear"):
            self.clear()
        self.limit(**order.get("limits", {}))
        for fault in order.get("faults", []):
            self.add(**fault)
        if "reorg" in order:
            self.reorg(order["reorg"], order.get("trade", 0), order.get("seed", 2))
        elif "trade" in order:
            self.trade(order["trade"], order.get("seed", 1))
        return self.status()

    def status(self):
        with self.lock:
            status = {"counts": dict(self.counts), "fired": dict(self.fired), "faults": list(self.faults)}
            status["limits"] = dict(self.limits)
        if self.chain:
            status["head"] = self.chain.head
        return status


class Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128
    block_on_close = False

    def __init__(self, *args):
        self.open = set()
        super().__init__(*args)

    def process_request(self, request, client_address):
        self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request):
        self.open.discard(request)
        super().shutdown_request(request)

    def drop_connections(self):
        for request in list(self.open):
            try:
                request.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # already gone

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    node = None

    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.path == "/_control":
            self.reply(json.dumps(self.node.status()).encode())
        else:
            self.reply(b"POST JSON-RPC here\n", status=405)

    def do_POST(self):
        size = int(self.headers.get("content-length", 0))
        if size > BODY_MAX:
            self.reply(b"too large\n", status=413)
            self.close_connection = True
            return
        body = self.rfile.read(size)
        if self.path == "/_control":
            try:
                order = json.loads(body)
                self.reply(json.dumps(self.node.control(order)).encode())
                if "refuse_ms" in order:
                    # Only now: the answer above still needs its connection.
                    self.close_connection = True
                    threading.Thread(target=self.node.refuse, args=(order["refuse_ms"] / 1000,), daemon=True).start()
            except (ValueError, TypeError, KeyError) as error:
                self.reply(json.dumps({"error": str(error)}).encode(), status=400)
            return
        self.rpc(body)

    def rpc(self, body):
        try:
            asked = json.loads(body)
        except ValueError:
            self.reply(json.dumps(error_of(None, -32700, "parse error")).encode())
            return
        calls = asked if isinstance(asked, list) else [asked]
        faults = {f["kind"]: f for f in self.node.take([c.get("method", "") for c in calls])}
        if self.refused(faults):
            return
        most = self.node.limits.get("max_batch")
        if isinstance(asked, list) and most and len(calls) > most:
            self.reply(json.dumps(error_of(None, -32600, f"batch limit {most} exceeded")).encode())
            return
        answers = [self.answer(call, faults) for call in calls]
        if isinstance(asked, list):
            if "batch_shuffled" in faults:
                random.Random(len(answers)).shuffle(answers)
            if "batch_missing" in faults:
                answers = answers[:-1]
        self.deliver(json.dumps(answers if isinstance(asked, list) else answers[0]).encode(), faults)

    def refused(self, faults):
        """Faults that come in place of any answer."""
        if "close" in faults:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        elif "hang" in faults:
            self.node.stopping.wait(faults["hang"].get("seconds", 3600))
            self.close_connection = True
        elif "http" in faults:
            after = faults["http"].get("retry_after")
            headers = {} if after is None else {"Retry-After": str(after)}
            self.reply(b'{"error":"refused"}\n', faults["http"].get("status", 429), headers)
        elif "not_json" in faults:
            self.reply(b"<html><body>502 Bad Gateway</body></html>\n")
        elif "empty" in faults:
            self.reply(b"")
        else:
            return False
        return True

    def answer(self, call, faults):
        ident, method, params = call.get("id"), call.get("method", ""), call.get("params") or []
        if "wrong_id" in faults:
            ident = 999999999
        refusal = faults.get("rpc_error")
        if refusal and refusal["method"] in (None, method):
            return error_of(ident, refusal.get("code", -32005), refusal.get("message", "limit exceeded"))
        try:
            lag = faults["stale_head"].get("lag", 3) if "stale_head" in faults else 0
            result = self.node.backend.call(method, params, lag, self.node.limits)
        except RpcError as error:
            return error_of(ident, error.code, str(error))
        except (KeyError, IndexError, TypeError, ValueError) as error:
            return error_of(ident, -32602, f"invalid params: {error}")
        return {"jsonrpc": "2.0", "id": ident, "result": spoil(method, result, faults)}

    def deliver(self, body, faults):
        if "non_utf8" in faults:
            at = body.find(b'"result"')
            body = body[: at + 8] + b': "\xff\xfe\xc0\xaf", "was"' + body[at + 8 :] if at >= 0 else b"\xff\xfe" + body
        if "huge" in faults:
            body = b" " * faults["huge"].get("bytes", 10_000_000) + body
        if "truncated" in faults:
            self.head(len(body))
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
        elif "reset" in faults:
            self.head(len(body))
            self.wfile.write(body[: len(body) // 2])
            # Linger 0 makes the close a reset.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
        elif "drip" in faults:
            self.drip(body, faults["drip"])
        else:
            self.reply(body)

    def drip(self, body, fault):
        self.head(len(body))
        step = fault.get("chunk", 1)
        for at in range(0, len(body), step):
            self.wfile.write(body[at : at + step])
            self.wfile.flush()
            if self.node.stopping.wait(fault.get("delay_ms", 100) / 1000):
                return

    def head(self, length, status=200, headers=None):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(length))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()

    def reply(self, body, status=200, headers=None):
        self.head(len(body), status, headers)
        self.wfile.write(body)


def error_of(ident, code, message):
    return {"jsonrpc": "2.0", "id": ident, "error": {"code": code, "message": message}}


def spoil(method, result, faults):
    """The result of one call, changed by the faults about blocks and logs."""
    if method.startswith("eth_getBlockBy") and result:
        number = int(result["number"], 16)
        for kind in BLOCK_KINDS & faults.keys():
            if faults[kind].get("block", number) != number:
                continue
            if kind == "gap":
                return None
            field = "parentHash" if kind == "wrong_parent" else "hash"
            result = {**result, field: "0x" + "ab" * 32}
    if method == "eth_getLogs" and result:
        result = spoil_logs(result, faults)
    return result


def spoil_logs(logs, faults):
    logs = list(logs)
    if "bad_log" in faults:
        logs[0] = {**logs[0], faults["bad_log"]["field"]: faults["bad_log"]["value"]}
    if "logs_foreign" in faults:
        logs.append({**logs[-1], "address": "0x" + "99" * 20, "logIndex": "0xffff"})
    if "logs_dropped" in faults:
        logs.pop()
    if "logs_duplicated" in faults:
        logs = [log for log in logs for _ in range(2)]
    if "logs_shuffled" in faults:
        random.Random(len(logs)).shuffle(logs)
    return logs


def main():
    parser = argparse.ArgumentParser(description="an Ethereum JSON-RPC node that misbehaves when told to")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--upstream", help="pass calls on to this node instead of the synthetic chain")
    parser.add_argument("--blocks", type=int, default=60, help="length of the synthetic chain")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--end-now", action="store_true", help="let the synthetic chain end at the present")
    args = parser.parse_args()
    chain = None
    if not args.upstream:
        start = int(time.time()) - 5 * 26 - 120 * args.blocks if args.end_now else 1_700_000_000
        chain = sample_chain(args.blocks, args.seed, start)
    node = FaultNode(chain, args.upstream, args.host, args.port).start()
    print(json.dumps({"url": node.url, "control": node.url + "/_control"}), flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        node.stop()


__all__ = ["FaultNode", "SyntheticChain", "bench_chain", "sample_chain"]

if __name__ == "__main__":
    main()
