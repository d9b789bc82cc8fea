# SPDX-License-Identifier: Apache-2.0
"""Nodes and disks that fail or lie: an error that says what, a metric, no crash, and the right state afterwards."""

import os
import sqlite3
import subprocess
import time

import pytest
from conftest import evm_source, wait_until
from faultnode import FaultNode, sample_chain
from synthetic import RESERVE_MAX
from test_evm import all_syncs, assert_equal_to_chain, stored_syncs

LOGS = {"method": "eth_getLogs"}
BLOCKS = {"method": "eth_getBlockByNumber"}
# fault, its fields, the kinds of error that may be counted for it, a part of the sentence
LIES = {
    "429": ("http", {"status": 429}, {"rate_limited"}, "HTTP 429"),
    "429-later": ("http", {"status": 429, "retry_after": 1}, {"rate_limited"}, "HTTP 429"),
    "500": ("http", {"status": 500}, {"http_status"}, "HTTP 500"),
    "413": ("http", {"status": 413, **LOGS}, {"too_many_results"}, "HTTP 413"),
    "rpc-limit": ("rpc_error", {"message": "rate limit exceeded"}, {"rate_limited"}, "rate limit exceeded"),
    "rpc-error": ("rpc_error", {"code": -32603, "message": "internal error"}, {"rpc_error"}, "internal error (-32603)"),
    "too-many": (
        "rpc_error",
        {"message": "query returned more than 10000 results", **LOGS},
        {"too_many_results"},
        "more than 10000 results",
    ),
    "gap": ("gap", {}, {"block_gap"}, "the node has no"),
    "wrong-parent": ("wrong_parent", {"skip": 3}, {"parent_hash"}, "parentHash"),
    "wrong-hash": ("wrong_hash", {}, {"block_hash", "parent_hash"}, "block "),
    "shuffled": ("logs_shuffled", LOGS, {"log_order"}, "comes after block"),
    "duplicated": ("logs_duplicated", LOGS, {"log_duplicate"}, "there twice"),
    "foreign": ("logs_foreign", LOGS, {"log_foreign"}, "not asked for"),
    "removed": ("bad_log", {"field": "removed", "value": True, **LOGS}, {"log_removed"}, "marked as removed"),
    "outside": ("bad_log", {"field": "blockNumber", "value": "0x1", **LOGS}, {"log_range"}, "asked for blocks"),
    "no-number": ("bad_log", {"field": "blockNumber", "value": None, **LOGS}, {"log_form"}, "blockNumber"),
    "bad-index": ("bad_log", {"field": "logIndex", "value": "0xzz", **LOGS}, {"log_form"}, "logIndex"),
    "bad-data": ("bad_log", {"field": "data", "value": "0x12", **LOGS}, {"log_form"}, "data is not"),
    "other-block": ("bad_log", {"field": "blockHash", "value": "0x" + "00" * 32, **LOGS}, {"block_hash"}, "blockHash"),
    "not-utf8": ("non_utf8", {}, {"json"}, "UTF-8"),
    "huge": ("huge", {"bytes": 10_000_000}, {"too_large"}, "more than 8388608 bytes"),
    "html": ("not_json", {}, {"json"}, "not JSON"),
    "empty": ("empty", {}, {"json"}, "not JSON"),
    "truncated": ("truncated", {}, {"transport"}, "transfer closed"),
    "reset": ("reset", {}, {"transport"}, "reset"),
    "part-of-batch": ("batch_missing", {}, {"protocol"}, "is missing"),
    "wrong-id": ("wrong_id", {}, {"protocol"}, "not asked for"),
}


@pytest.fixture
def node():
    with FaultNode(sample_chain(60)) as running:
        yield running


@pytest.mark.parametrize("name", LIES)
def test_a_lie_is_named_and_undone(make_agent, node, name):
    kind, fields, counted, sentence = LIES[name]
    agent = make_agent([evm_source(node.url, node.chain)])
    agent.wait_block(node.chain.head)
    # At each place of the follower's cycle that the fault can reach; lies about logs need logs.
    for skip in range(4 if "skip" not in fields else 1):
        node.add(kind, **{"skip": skip, **fields})
        fired = node.fired[kind]
        seed = skip
        while node.fired[kind] == fired:
            seed += 7
            node.trade(2, seed=seed)
            agent.wait_block(node.chain.head)
    agent.wait_block(node.chain.head)
    assert_equal_to_chain(agent, node.chain)
    seen = sum(agent.metric("radarx_source_errors_total", kind=each) for each in counted)
    assert seen >= 1
    assert seen == agent.metric("radarx_source_errors_total")
    assert sentence in agent.log()
    wait_until(lambda: not agent.source()["error"], what="the error is gone from the status")
    agent.stop()
    assert stored_syncs(agent) == all_syncs(node.chain)


@pytest.mark.parametrize("kind", ["batch_shuffled", "close", "drip"])
def test_what_is_allowed_is_no_error(make_agent, node, kind):
    agent = make_agent([evm_source(node.url, node.chain)])
    agent.wait_block(node.chain.head)
    fields = {"delay_ms": 1, "chunk": 100} if kind == "drip" else {}
    node.add(kind, count=3, **fields)
    node.trade(3)
    agent.wait_block(node.chain.head)
    assert_equal_to_chain(agent, node.chain)


def test_a_node_that_fell_behind(make_agent, node):
    agent = make_agent([evm_source(node.url, node.chain)])
    agent.wait_block(node.chain.head)
    block = agent.source()["as_of_block"]
    node.add("stale_head", count=-1, lag=4)
    wait_until(lambda: agent.metric("radarx_source_errors_total", kind="head_backwards") > 1)
    assert "newest block" in agent.source()["error"]
    assert agent.source()["as_of_block"] == block and agent.source()["reorgs"] == 0
    node.clear()
    node.trade(3)
    agent.wait_block(node.chain.head)
    assert_equal_to_chain(agent, node.chain)


def test_a_balancer_with_one_slow_node(make_agent, node):
    """Any request may be answered by a node some blocks behind: nothing is lost."""
    agent = make_agent([evm_source(node.url, node.chain)])
    agent.wait_block(node.chain.head)
    for seed in range(25):
        node.add("stale_head", lag=2, skip=seed % 5)
        node.trade(1, seed=seed)
    node.clear()
    node.trade(1)
    agent.wait_block(node.chain.head)
    assert_equal_to_chain(agent, node.chain)


def test_narrow_limits(make_agent):
    """A provider that allows 7 blocks and 40 logs an answer is still read to the end."""
    with FaultNode(sample_chain(200)) as node:
        node.limit(max_range=7, max_results=40)
        agent = make_agent([evm_source(node.url, node.chain)])
        agent.wait_block(node.chain.head, 60)
        assert_equal_to_chain(agent, node.chain)
        assert agent.metric("radarx_source_errors_total", kind="too_many_results") < 40


def test_node_down_and_back(make_agent, node):
    agent = make_agent([evm_source(node.url, node.chain)])
    agent.wait_block(node.chain.head)
    token = node.chain.tokens[0]
    node._close_listener()
    wait_until(lambda: agent.metric("radarx_source_errors_total", kind="transport") >= 2)
    # What is known is still served, and says how old it is.
    status, body = agent.score(token)
    assert status == 200 and body["as_of_block"] == node.chain.head
    assert agent.get("/ready")[0] == 200 and agent.get("/livez")[0] == 200
    assert agent.get("/health")[0] == 200, "one failed call is no illness"
    wait_until(lambda: agent.get("/health")[0] == 503, 30)
    lag = agent.metric("radarx_source_lag_seconds")
    wait_until(lambda: agent.metric("radarx_source_lag_seconds") > lag + 0.5)
    node.start()
    node.trade(4)
    agent.wait_block(node.chain.head)
    wait_until(lambda: agent.get("/health")[0] == 200)
    assert_equal_to_chain(agent, node.chain)


def test_down_from_the_start(make_agent, node):
    url = node.url
    node._close_listener()
    agent = make_agent([evm_source(url, node.chain)])
    wait_until(lambda: agent.metric("radarx_source_errors_total", kind="transport") >= 2)
    assert agent.score(node.chain.tokens[0])[0] == 503
    node.start()
    agent.wait_block(node.chain.head)
    assert_equal_to_chain(agent, node.chain)


def test_stops_at_once_while_the_node_hangs(make_agent, node):
    node.add("hang", count=-1, seconds=600)
    agent = make_agent([evm_source(node.url, node.chain)])
    wait_until(lambda: node.fired["hang"] > 0)
    begin = time.monotonic()
    assert agent.stop() == 0
    assert time.monotonic() - begin < 3


def test_another_chain_id(make_agent, node):
    agent = make_agent([evm_source(node.url, node.chain)])
    agent.wait_block(node.chain.head)
    agent.stop()
    node.chain.chain_id = 5
    agent.start()
    wait_until(lambda: agent.metric("radarx_source_errors_total", kind="chain_id") > 0)
    assert "the node is of chain 5" in agent.source()["error"]
    node.chain.chain_id = 31337
    node.trade(2)
    agent.wait_block(node.chain.head)
    assert_equal_to_chain(agent, node.chain)


def test_odd_tokens_and_reserves(make_agent):
    """0 and 255 decimals, tokens that revert, reserves of 0 and 2^112 - 1."""
    chain = sample_chain(60)
    made = []
    for name, decimals, style in (("ZERO", 0, "string"), ("MOST", 255, "string"), ("BYTES", 6, "bytes32")):
        made.append(chain.pair(chain.token(name, decimals, style)))
    made.append(chain.pair(chain.token("REV", 18, "revert")))
    made.append(chain.pair(chain.token("EMPTY", 18, "empty")))
    for pool in made:
        chain.mint(pool, 10**19, 10**21)
    for step in range(6):
        chain.block(1200)
        for pool in made:
            chain.swap(pool, weth_in=10**17 + step)
    chain.block(13)
    chain.set_reserves(made[0], 0, 0)
    chain.set_reserves(made[1], RESERVE_MAX, RESERVE_MAX)
    chain.block(13)
    with FaultNode(chain) as node:
        agent = make_agent([evm_source(node.url, chain)])
        agent.wait_block(chain.head)
        assert_equal_to_chain(agent, chain)
        assert agent.metric("radarx_source_errors_total") == 0


def test_locked_database(make_agent, node):
    """Scores go on while another program holds the write lock; afterwards all is stored."""
    agent = make_agent([evm_source(node.url, node.chain)])
    agent.wait_block(node.chain.head)
    with sqlite3.connect(agent.folder / "radarx.db", isolation_level=None) as db:
        db.execute("BEGIN IMMEDIATE")
        node.trade(5)
        agent.wait_block(node.chain.head)
        assert_equal_to_chain(agent, node.chain)
        wait_until(lambda: agent.metric("radarx_store_commit_failures_total") > 0, 20)
        assert agent.metric("radarx_store_ok") == 0
        status, body = agent.get("/health")
        assert status == 503 and "store" in str(body["failing"])
        db.execute("ROLLBACK")
    wait_until(lambda: agent.metric("radarx_store_ok") == 1)
    wait_until(lambda: agent.metric("radarx_store_queue_units") == 0)
    agent.stop()
    assert stored_syncs(agent) == all_syncs(node.chain)


def test_full_disk(make_agent, node, tmp_path):
    """No space left: memory stays bounded, the state stays right, room makes it go on."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting a small tmpfs needs root")
    try:
        agent = make_agent([evm_source(node.url, node.chain)], {"store": {"path": str(disk / "radarx.db")}})
        agent.wait_block(node.chain.head)
        seed = 0
        while agent.metric("radarx_store_commit_failures_total") == 0:
            seed += 1
            node.trade(40, seed=seed)
            agent.wait_block(node.chain.head)
            assert seed < 200
        assert "full" in agent.health()["store"]["error"]
        assert_equal_to_chain(agent, node.chain)
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        wait_until(lambda: agent.metric("radarx_store_ok") == 1, 30)
        wait_until(lambda: agent.metric("radarx_store_queue_units") == 0)
        agent.stop()
        with sqlite3.connect(disk / "radarx.db") as db:
            assert db.execute("SELECT count(*) FROM pool_events WHERE kind = 1").fetchone()[0] == all_syncs(node.chain)
            assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        db.close()
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_database_damaged_while_running(make_agent, node):
    """Scores go on from memory, and the store says what is wrong with it."""
    agent = make_agent([evm_source(node.url, node.chain)])
    agent.wait_block(node.chain.head)
    wait_until(lambda: agent.metric("radarx_store_queue_units") == 0)
    with sqlite3.connect(agent.folder / "radarx.db") as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    size = (agent.folder / "radarx.db").stat().st_size
    with open(agent.folder / "radarx.db", "r+b") as file:
        file.write(b"\xa5" * size)
    # A change from another program makes the writer read its pages again.
    (agent.folder / "radarx.db-wal").write_bytes(b"")
    for seed in range(40):
        node.trade(5, seed=seed)
        agent.wait_block(node.chain.head)
        if agent.metric("radarx_store_ok") == 0:
            break
    wait_until(lambda: agent.metric("radarx_store_ok") == 0)
    assert_equal_to_chain(agent, node.chain)
    status, body = agent.get("/health")
    assert status == 503 and body["store"]["error"]
    assert agent.get("/livez")[0] == 200


def test_newer_layout_stops_the_start(make_agent, node):
    agent = make_agent([evm_source(node.url, node.chain)])
    agent.wait_block(node.chain.head)
    agent.stop()
    with sqlite3.connect(agent.folder / "radarx.db") as db:
        db.execute("PRAGMA user_version = 999")
    db.close()
    agent.start(ready=False)
    assert agent.process.wait(10) not in (0, None)
    assert "version 999, newer than" in agent.log()
    agent.process = None


def test_damaged_database_stops_the_start(make_agent, node):
    agent = make_agent([evm_source(node.url, node.chain)], start=False)
    (agent.folder / "radarx.db").write_bytes(b"not a database at all " * 500)
    agent.start(ready=False)
    assert agent.process.wait(10) not in (0, None)
    assert "radarx.db" in agent.log() and "not a database" in agent.log()
    agent.process = None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rpcURL": "ftp://x"}, "sources[0]: rpcURL: must be an http or https URL"),
        ({"rpcURL": None}, "exactly one of rpcURL and rpcURLFile"),
        ({"weth": "0x12"}, "sources[0]: weth: must be an address"),
        ({"chain": "Ethereum!"}, "sources[0]: chain: must be"),
        ({"factories": []}, "sources[0]: factories: must be"),
        ({"factories": [{"address": "0x"}]}, "factories[0]: address"),
        ({"confirmations": -1}, "confirmations: must be an integer from 0 to 1000"),
        ({"confirmations": 1.5}, "confirmations: must be an integer"),
        ({"pollInterval": "1"}, "pollInterval: must be a duration"),
        ({"type": "evn"}, "sources[0]: type: must be evm"),
        ({"colour": "red"}, "colour: no such setting"),
        ({"name": ""}, "name: must be a name"),
    ],
)
def test_bad_settings_stop_the_start(make_agent, node, change, message):
    source = {k: v for k, v in {**evm_source(node.url, node.chain), **change}.items() if v is not None}
    agent = make_agent([source], start=False)
    agent.start(ready=False)
    assert agent.process.wait(10) not in (0, None)
    assert message in agent.log()
    agent.process = None


def test_url_from_a_file_is_never_shown(make_agent, node):
    agent = make_agent(start=False)
    secret = agent.folder / "rpc-url"
    secret.write_text(node.url + "/v2/s3cr3t\n", encoding="utf-8")
    source = evm_source(node.url, node.chain, rpcURLFile=str(secret))
    del source["rpcURL"]
    agent.config["sources"] = [source]
    agent.start()
    agent.wait_block(node.chain.head)
    node.add("not_json", count=2)
    wait_until(lambda: agent.metric("radarx_source_errors_total") > 0)
    shown = agent.log() + str(agent.health()) + str(agent.get("/api/info")) + agent.get("/metrics")[1]
    assert "s3cr3t" not in shown


def test_token_descriptions_are_asked_for_again(make_agent):
    """A node's own error about a token is no answer of the token: decimals come out right later."""
    chain = sample_chain(60)
    with FaultNode(chain) as node:
        node.add("rpc_error", count=2, code=-32603, message="internal error", method="eth_call")
        agent = make_agent([evm_source(node.url, chain)])
        agent.wait_block(chain.head)
        assert agent.metric("radarx_source_errors_total", kind="rpc_error") == 2
        assert_equal_to_chain(agent, chain)


def test_a_token_nobody_can_ask_about_is_unknown(make_agent):
    """When the node never answers about tokens, pools are still followed, with decimals unknown."""
    chain = sample_chain(60)
    with FaultNode(chain) as node:
        node.add("rpc_error", count=-1, code=-32603, message="internal error", method="eth_call")
        agent = make_agent([evm_source(node.url, chain)])
        agent.wait_block(chain.head, 60)
        assert agent.metric("radarx_source_errors_total", kind="rpc_error") == 6
        assert agent.score(chain.tokens[0])[1]["features"]["pool_features"]["dec"] == 18
