# SPDX-License-Identifier: Apache-2.0
"""The misbehaving node used by the agent's tests must itself behave as described."""

import http.client
import json
import os
import socket
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "e2e" / "chain"))
sys.path.insert(0, str(ROOT / "tests" / "support"))

import univ2_oracle as oracle  # noqa: E402
from faultnode import FaultNode, bench_chain, sample_chain  # noqa: E402
from synthetic import DEAD, RESERVE_MAX, TOPIC, WEI, SyntheticChain, made_address  # noqa: E402


@pytest.fixture
def node():
    with FaultNode(sample_chain(20)) as running:
        yield running


def post(url, body, timeout=5):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data), timeout=timeout) as answer:
        return answer.read()


def request(method, *params, ident=1):
    return {"jsonrpc": "2.0", "id": ident, "method": method, "params": list(params)}


def call(node, method, *params):
    return json.loads(post(node.url, request(method, *params)))["result"]


def all_logs(node, **more):
    return call(node, "eth_getLogs", {"fromBlock": "0x0", "toBlock": "latest", **more})


def test_chain_is_linked_and_repeatable(node):
    head = int(call(node, "eth_blockNumber"), 16)
    parent = None
    for number in range(head + 1):
        block = call(node, "eth_getBlockByNumber", hex(number), False)
        assert parent is None or block["parentHash"] == parent["hash"]
        assert parent is None or int(block["timestamp"], 16) > int(parent["timestamp"], 16)
        assert call(node, "eth_getBlockByHash", block["hash"], False) == block
        parent = block
    assert sample_chain(20).blocks[-1]["hash"] == parent["hash"]
    assert call(node, "eth_getBlockByNumber", hex(head + 1), False) is None


def test_logs_are_filtered(node):
    chain = node.chain
    pool = sorted(chain.pools)[0]
    created = all_logs(node, address=chain.factory, topics=[TOPIC["PairCreated"]])
    assert len(created) == 5 and {"0x" + log["data"][26:66] for log in created} == set(chain.pools)
    mine = all_logs(node, address=[pool], topics=[[TOPIC["Sync"], TOPIC["Swap"]]])
    assert {log["topics"][0] for log in mine} == {TOPIC["Sync"], TOPIC["Swap"]}
    assert {log["address"] for log in mine} == {pool}
    one = call(node, "eth_getLogs", {"blockHash": mine[-1]["blockHash"], "address": pool})
    assert mine[-1] in one and {log["blockNumber"] for log in one} == {mine[-1]["blockNumber"]}


def test_pool_state_follows_its_logs(node):
    for pool in node.chain.pools:
        last = node.chain.syncs(pool)[-1]
        answer = call(node, "eth_call", {"to": pool, "data": "0x0902f1ac"}, "latest")
        assert (int(answer[2:66], 16), int(answer[66:130], 16)) == last[2:4]


def test_token_answers():
    chain = SyntheticChain()
    plain, odd = chain.token("PLAIN", 255), chain.token("ODD", 0, "bytes32")
    bad, none = chain.token("BAD", style="revert"), chain.token("NONE", style="empty")
    with FaultNode(chain) as node:
        assert int(call(node, "eth_call", {"to": plain, "data": "0x313ce567"}, "latest"), 16) == 255
        assert "504c41494e" in call(node, "eth_call", {"to": plain, "data": "0x95d89b41"}, "latest")
        assert call(node, "eth_call", {"to": odd, "data": "0x95d89b41"}, "latest") == "0x4f4444" + "0" * 58
        assert call(node, "eth_call", {"to": none, "data": "0x313ce567"}, "latest") == "0x"
        answer = json.loads(post(node.url, request("eth_call", {"to": bad, "data": "0x95d89b41"}, "latest")))
        assert answer["error"]["code"] == 3


def test_extreme_reserves_and_lp():
    chain = SyntheticChain()
    pool = chain.pair(chain.token("BIG"))
    chain.mint(pool, 10 * WEI, 10 * WEI)
    chain.transfer_lp(pool, DEAD, 4 * WEI)
    chain.burn(pool, WEI)
    chain.set_reserves(pool, RESERVE_MAX, RESERVE_MAX)
    chain.set_reserves(pool, 0, 5)
    chain.block()
    assert [s[2 + chain.weth_pos(pool)] for s in chain.syncs(pool)][-2:] == [RESERVE_MAX, 0]
    columns = oracle.lp_columns(chain.transfers(pool), pool)
    assert columns["lp_n"] == 5 and columns["lp_burn"] == pytest.approx((4 * WEI + 1000) / (9 * WEI))
    with pytest.raises(ValueError):
        chain.set_reserves(pool, RESERVE_MAX + 1, 1)


def test_reorg_takes_state_back():
    chain = sample_chain(20)
    twin = sample_chain(20)
    pool = sorted(chain.pools)[0]
    old = chain.blocks[-1]["hash"]
    chain.reorg(5)
    assert chain.pools[pool]["reserves"] == list(chain.syncs(pool)[-1][2:4])
    chain.trade(6, seed=9)
    assert chain.head == twin.head + 1 and chain.by_hash(old) is None
    assert [b["hash"] for b in chain.blocks[:-6]] == [b["hash"] for b in twin.blocks[:-5]]
    assert chain.syncs(pool) != twin.syncs(pool)


def test_http_and_rpc_errors(node):
    node.add("http", retry_after=7)
    with pytest.raises(urllib.error.HTTPError) as caught:
        call(node, "eth_blockNumber")
    assert caught.value.code == 429 and caught.value.headers["Retry-After"] == "7"
    node.add("rpc_error", method="eth_getLogs", message="query returned more than 10000 results")
    assert call(node, "eth_blockNumber") == hex(node.chain.head)
    answer = json.loads(post(node.url, request("eth_getLogs", {"fromBlock": "0x0"})))
    assert answer["error"] == {"code": -32005, "message": "query returned more than 10000 results"}
    assert all_logs(node)


def test_limits(node):
    node.limit(max_range=10)
    answer = json.loads(post(node.url, request("eth_getLogs", {"fromBlock": "0x0", "toBlock": "0xa"})))
    assert answer["error"]["code"] == -32005 and "10" in answer["error"]["message"]
    assert call(node, "eth_getLogs", {"fromBlock": "0x0", "toBlock": "0x9"})
    node.limit(max_range=1000, max_results=3)
    assert json.loads(post(node.url, request("eth_getLogs", {"fromBlock": "0x0"})))["error"]


def test_lying_blocks(node):
    clean = call(node, "eth_getBlockByNumber", "0x5", False)
    node.add("gap", block=5)
    assert call(node, "eth_getBlockByNumber", "0x5", False) is None
    for kind, field in (("wrong_parent", "parentHash"), ("wrong_hash", "hash")):
        node.add(kind)
        lie = call(node, "eth_getBlockByNumber", "0x5", False)
        assert [k for k in clean if clean[k] != lie[k]] == [field]
    assert call(node, "eth_getBlockByNumber", "0x5", False) == clean


def test_lying_logs(node):
    clean = all_logs(node)
    node.add("logs_shuffled")
    shuffled = all_logs(node)
    assert shuffled != clean and sorted(map(str, shuffled)) == sorted(map(str, clean))
    node.add("logs_duplicated")
    assert len(all_logs(node)) == 2 * len(clean)
    node.add("logs_dropped")
    assert all_logs(node) == clean[:-1]
    node.add("bad_log", field="data", value="0x12")
    assert all_logs(node)[0]["data"] == "0x12"
    node.add("logs_foreign")
    assert all_logs(node)[-1]["address"] not in {log["address"] for log in clean}
    assert all_logs(node) == clean


def test_broken_bodies(node):
    ask = request("eth_blockNumber")
    node.add("non_utf8")
    with pytest.raises(UnicodeDecodeError):
        post(node.url, ask).decode()
    node.add("huge")
    assert len(post(node.url, ask)) > 10_000_000
    node.add("truncated")
    with pytest.raises(http.client.IncompleteRead):
        post(node.url, ask)
    node.add("reset")
    with pytest.raises((ConnectionError, http.client.IncompleteRead)):
        post(node.url, ask)
    node.add("close")
    with pytest.raises((ConnectionError, http.client.RemoteDisconnected)):
        post(node.url, ask)
    for kind in ("not_json", "empty"):
        node.add(kind)
        with pytest.raises(ValueError):
            json.loads(post(node.url, ask))
    node.add("hang", seconds=30)
    with pytest.raises(TimeoutError):
        post(node.url, ask, timeout=0.2)
    node.add("drip", delay_ms=2)
    started = time.monotonic()
    assert json.loads(post(node.url, ask))["result"] and time.monotonic() - started > 0.05


def test_batches(node):
    batch = [request("eth_getBlockByNumber", hex(n), False, ident=n) for n in range(8)]
    clean = json.loads(post(node.url, batch))
    assert [a["id"] for a in clean] == list(range(8))
    node.add("batch_shuffled")
    mixed = json.loads(post(node.url, batch))
    assert mixed != clean and sorted(mixed, key=lambda a: a["id"]) == clean
    node.add("batch_missing")
    assert json.loads(post(node.url, batch)) == clean[:-1]
    node.limit(max_batch=4)
    assert "error" in json.loads(post(node.url, batch))


def test_stale_head_and_skip(node):
    head = node.chain.head
    node.add("stale_head", skip=1, count=2, lag=4)
    assert [int(call(node, "eth_blockNumber"), 16) for _ in range(4)] == [head, head - 4, head - 4, head]
    node.add("stale_head", lag=4)
    assert call(node, "eth_getBlockByNumber", hex(head), False) is None


def test_control_endpoint_and_refusal(node):
    control = node.url + "/_control"
    head = node.chain.head
    status = json.loads(post(control, {"reorg": 3, "trade": 5, "faults": [{"kind": "empty", "count": -1}]}))
    assert status["head"] == head + 2 and status["faults"][0]["kind"] == "empty"
    assert post(node.url, request("eth_blockNumber")) == b""
    status = json.loads(post(control, {"clear": True}))
    assert status["fired"] == {"empty": 1} and status["counts"]["eth_blockNumber"] == 1 and not status["faults"]
    with pytest.raises(urllib.error.HTTPError):
        post(control, {"faults": [{"kind": "no such"}]})
    post(control, {"refuse_ms": 300})
    refused, deadline = 0, time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            socket.create_connection((node.host, node.port), timeout=1).close()
            if refused:
                break
        except ConnectionRefusedError:
            refused += 1
        except OSError:
            continue  # caught in the middle of closing
    assert refused and call(node, "eth_blockNumber") == hex(node.chain.head)


def test_proxy_passes_on_and_spoils(node):
    with FaultNode(upstream=node.url) as proxy:
        assert all_logs(proxy) == all_logs(node)
        proxy.add("stale_head", lag=2)
        assert int(call(proxy, "eth_blockNumber"), 16) == node.chain.head - 2
        proxy.add("wrong_parent")
        assert call(proxy, "eth_getBlockByNumber", "0x5", False)["parentHash"] == "0x" + "ab" * 32
        assert "error" in json.loads(post(proxy.url, request("no_such")))


def test_oracle_agrees_with_recorded_pools():
    data = Path(os.environ.get("RADARX_DATA", ROOT.parent / "shared" / "data")) / "univ2"
    if not data.is_dir():
        pytest.skip(f"no recorded pools at {data} (set RADARX_DATA)")
    checked, wrong = oracle.check_data(data, limit=40)
    assert checked == 80 and wrong == []


def test_oracle_live_counts_time():
    """Live and recorded columns agree when timestamps are 13.35 s a block."""
    syncs = []
    for i in range(12):
        block = 1000 + i * i * 30
        syncs.append(oracle.Sync(block, 3, (5 + i) * WEI, (900 - 20 * i) * WEI, 1_600_000_000 + (block - 1000) * 13.35))
    past = oracle.recorded(syncs, 18, 0, 24)
    now = oracle.live(syncs, 18, 0, 1_600_000_000 + 86400)
    assert past["n_buy"] == 11 and past["idle"] == pytest.approx(1 - 3630 / oracle.BPD)
    assert {k: pytest.approx(v, rel=1e-9, abs=1e-12) for k, v in past.items()} == now
    assert oracle.live(syncs, 18, 0, 1_600_000_000 + 3599) is None


def test_made_addresses_are_addresses():
    assert len(made_address("x")) == 42 and made_address("x") != made_address("y")


def test_bench_chain_is_alive_and_grown():
    chain = bench_chain(hours=26)
    assert len(chain.tokens) == 1 and abs(chain.blocks[-1]["timestamp"] - time.time()) < 10
    (pool,) = chain.pools
    syncs = [oracle.Sync(*s) for s in chain.syncs(pool)]
    columns = oracle.live(syncs, 18, chain.weth_pos(pool), chain.blocks[-1]["timestamp"])
    assert columns["n_sync"] > 300 and columns["age_h"] > 24 and columns["w_now"] > 0.5
