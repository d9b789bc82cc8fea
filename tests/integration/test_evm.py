# SPDX-License-Identifier: Apache-2.0
"""The agent's evm source against a synthetic node: what it serves equals the oracle, whatever happens."""

import random
import sqlite3
import threading
import time

import pytest
import univ2_oracle as oracle
from conftest import evm_source, wait_until
from faultnode import FaultNode, sample_chain
from synthetic import TOPIC, made_address, topic, word


@pytest.fixture
def node():
    with FaultNode(sample_chain(120)) as running:
        yield running


def truth(chain, token, head_time):
    """Features of the token's WETH pool by the oracle; None where no snapshot exists."""
    pool = next(p for p, s in chain.pools.items() if {s["token0"], s["token1"]} == {token, chain.weth})
    kind = chain.erc20[token]
    decimals = -999 if kind["style"] in ("revert", "empty") else kind["decimals"]
    syncs = [oracle.Sync(*sync) for sync in chain.syncs(pool)]
    out = oracle.live(syncs, decimals, chain.weth_pos(pool), head_time)
    return out and {**out, **oracle.lp_columns(chain.transfers(pool), pool)}


def assert_equal_to_chain(agent, chain):
    """Every token's features, as of the chain's head, equal the oracle's."""
    compared = 0
    for token in chain.tokens:
        status, body = agent.score(token)
        assert status == 200, body
        assert body["as_of_block"] == chain.head
        ours = truth(chain, token, chain.blocks[-1]["timestamp"])
        if ours is None:
            continue
        theirs = body["features"]["pool_features"]
        wrong = {k: (theirs.get(k), v) for k, v in ours.items() if not oracle.equal(theirs.get(k), v)}
        assert not wrong
        compared += 1
    assert compared >= 3


def stored_syncs(agent):
    with sqlite3.connect(agent.folder / "radarx.db") as db:
        return db.execute("SELECT count(*) FROM pool_events WHERE kind = 1").fetchone()[0]


def all_syncs(chain):
    return sum(len(chain.syncs(pool)) for pool in chain.pools)


def test_backfill_and_follow(make_agent, node):
    agent = make_agent([evm_source(node.url, node.chain)])
    agent.wait_block(node.chain.head)
    assert_equal_to_chain(agent, node.chain)
    for seed in range(5):
        node.trade(3, seed=seed)
        agent.wait_block(node.chain.head)
        assert_equal_to_chain(agent, node.chain)
    assert agent.source()["reorgs"] == 0
    assert agent.metric("radarx_source_events_total", event="sync") == all_syncs(node.chain)
    assert agent.metric("radarx_source_head_block") == node.chain.head


def test_confirmations(make_agent, node):
    agent = make_agent([evm_source(node.url, node.chain, confirmations=7)])
    agent.wait_block(node.chain.head - 7)
    assert agent.source()["as_of_block"] == node.chain.head - 7
    assert agent.source()["head_block"] == node.chain.head
    # A reorganisation below the confirmed depth is never seen.
    node.reorg(5, blocks=6)
    agent.wait_block(node.chain.head - 7)
    assert agent.source()["reorgs"] == 0


@pytest.mark.parametrize("depth", [1, 5, 130])
def test_reorganisation(make_agent, depth):
    with FaultNode(sample_chain(200)) as node:
        agent = make_agent([evm_source(node.url, node.chain)])
        agent.wait_block(node.chain.head)
        node.reorg(depth, blocks=depth + 2)
        agent.wait_block(node.chain.head)
        assert_equal_to_chain(agent, node.chain)
        assert agent.source()["reorgs"] == 1
        assert agent.metric("radarx_source_reorgs_total") == 1
        agent.stop()
        assert stored_syncs(agent) == all_syncs(node.chain)


def test_reorganisation_to_the_same_height(make_agent, node):
    """No new block comes: only the head's hash tells."""
    agent = make_agent([evm_source(node.url, node.chain)])
    agent.wait_block(node.chain.head)
    node.reorg(4, blocks=4, seed=99)
    wait_until(lambda: agent.source()["reorgs"] == 1, what="the reorganisation is seen")
    agent.wait_block(node.chain.head)
    assert_equal_to_chain(agent, node.chain)


def test_reorganisation_while_down(make_agent, node):
    agent = make_agent([evm_source(node.url, node.chain)])
    agent.wait_block(node.chain.head)
    agent.stop()
    node.reorg(9, blocks=20, seed=7)
    agent.start()
    agent.wait_block(node.chain.head)
    assert_equal_to_chain(agent, node.chain)
    assert agent.source()["reorgs"] == 1


def test_reorganisation_that_removes_a_pool(make_agent):
    chain = sample_chain(60)
    with FaultNode(chain) as node:
        with node.backend.lock:
            late = chain.token("LATE", 6)
            pool = chain.pair(late)
            chain.mint(pool, 10**19, 10**12)
            chain.block(13)
        agent = make_agent([evm_source(node.url, chain)])
        agent.wait_block(chain.head)
        assert agent.score(late)[0] == 200
        with node.backend.lock:
            chain.reorg(3)
            chain.trade(5, 4)
        agent.wait_block(chain.head)
        assert pool not in chain.pools
        assert agent.score(late)[0] == 404


@pytest.mark.parametrize("blocks", [30, 150, 400])
def test_another_chain_altogether(make_agent, blocks):
    """Not one block in common, be the new chain shorter or longer: everything is read again."""
    with FaultNode(sample_chain(300)) as node:
        agent = make_agent([evm_source(node.url, node.chain)])
        agent.wait_block(node.chain.head)
        with node.backend.lock:
            node.backend.chain = sample_chain(blocks, seed=5, timestamp=1_650_000_000)
        wait_until(lambda: agent.source()["reorgs"] == 1, what="the other chain is seen")
        wait_until(lambda: agent.source()["as_of_block"] == node.chain.head, what="it is read to its end")
        assert_equal_to_chain(agent, node.chain)
        agent.stop()
        assert stored_syncs(agent) == all_syncs(node.chain)


def test_resume_does_not_read_again(make_agent, node):
    agent = make_agent([evm_source(node.url, node.chain)])
    agent.wait_block(node.chain.head)
    agent.stop()
    node.counts.clear()
    agent.start()
    agent.wait_block(node.chain.head)
    assert node.counts["eth_getLogs"] == 0
    assert_equal_to_chain(agent, node.chain)


def test_other_settings_read_again(make_agent, node):
    agent = make_agent([evm_source(node.url, node.chain)])
    agent.wait_block(node.chain.head)
    agent.stop()
    agent.config["sources"][0]["factories"][0]["fromBlock"] = 3
    node.counts.clear()
    agent.start()
    agent.wait_block(node.chain.head)
    wait_until(lambda: node.counts["eth_getLogs"] > 0)
    assert "other settings" in agent.log()


def test_killed_at_random_moments(make_agent):
    """SIGKILL again and again while the chain trades and is reorganised: the same as never killed."""
    seed = 20260101
    rng = random.Random(seed)
    with FaultNode(sample_chain(100)) as node:
        stop = threading.Event()

        def trade():
            step = 0
            while not stop.wait(0.04):
                step += 1
                node.trade(1, seed=step)
                if step % 11 == 0:
                    depth = rng.choice([1, 2, 5])
                    node.reorg(depth, blocks=depth + 1, seed=step)

        trader = threading.Thread(target=trade)
        trader.start()
        try:
            agent = make_agent([evm_source(node.url, node.chain)])
            for _ in range(12):
                time.sleep(rng.uniform(0.05, 0.9))  # the moment of the kill is what is random
                agent.kill()
                agent.start()
        finally:
            stop.set()
            trader.join()
        agent.wait_block(node.chain.head)
        assert_equal_to_chain(agent, node.chain)
        twin = make_agent([evm_source(node.url, node.chain)], name="twin")
        twin.wait_block(node.chain.head)
        for token in node.chain.tokens:
            one, other = agent.score(token)[1], twin.score(token)[1]
            assert one["features"] == other["features"]
        agent.stop()
        twin.stop()
        assert stored_syncs(agent) == stored_syncs(twin) == all_syncs(node.chain)


def test_syncing_then_unknown(make_agent, node):
    """During the backfill an unknown token is 503 with Retry-After, afterwards 404."""
    stranger = "0x" + "12" * 20
    node.add("hang", count=-1, method="eth_getLogs", seconds=600)
    agent = make_agent([evm_source(node.url, node.chain)])
    wait_until(lambda: node.fired["hang"] > 0)
    status, body = agent.score(stranger)
    assert status == 503 and body["code"] == "syncing", body
    assert agent.get("/ready")[0] == 200
    agent.stop()
    node.clear()
    agent.start()
    agent.wait_block(node.chain.head)
    assert agent.score(stranger)[0] == 404


def test_deepest_pool_is_scored(make_agent):
    """A token with WETH pools of two factories: the deeper one counts, the other is listed."""
    chain = sample_chain(60)
    token, factory, pool = chain.tokens[0], made_address("factory 2"), made_address("pool 2")
    first = next(p for p, s in chain.pools.items() if {s["token0"], s["token1"]} == {token, chain.weth})
    a, b = sorted((token, chain.weth))
    chain.pools[pool] = {"token0": a, "token1": b, "reserves": [0, 0], "supply": 0, "lp": {}}
    chain._log(factory, [TOPIC["PairCreated"], topic(a), topic(b)], word(pool) + word(2))
    chain.mint(pool, 10**18, 10**18)
    chain.block(13)
    with FaultNode(chain) as node:
        settings = evm_source(node.url, chain)
        settings["factories"].append({"protocol": "uniswap-v2", "address": factory, "fromBlock": 0})
        agent = make_agent([settings])
        agent.wait_block(chain.head)
        small = agent.score(token)[1]["features"]["pool_features"]
        assert small["n_sync"] == len(chain.syncs(first))
        with node.backend.lock:
            chain.mint(pool, 10**24, 10**24)
            chain.block(13)
        agent.wait_block(chain.head)
        deep = agent.score(token)[1]["features"]["pool_features"]
        assert deep["n_sync"] == len(chain.syncs(pool)) == 2


def test_thousands_of_pools(make_agent):
    """Beyond 2,000 pools new blocks are asked for by event, without addresses; strangers' logs are skipped."""
    chain = sample_chain(30)
    pools = []
    for number in range(2100):
        pools.append(chain.pair(chain.token(f"T{number}", number % 19)))
        if number % 300 == 299:
            chain.block(13)
    for pool in pools[::10]:
        chain.mint(pool, 10**19, 10**21)
    chain.block(13)
    with FaultNode(chain) as node:
        agent = make_agent([evm_source(node.url, chain)])
        agent.wait_block(chain.head, 60)
        assert agent.source()["pools"] == 2105
        asked = node.counts["eth_getLogs"]
        with node.backend.lock:
            for step in range(6):
                for pool in pools[::100]:
                    chain.swap(pool, weth_in=10**17 + step)
                chain._log(made_address("stranger"), [TOPIC["Sync"]], "00")
                chain._log(made_address("nft"), [TOPIC["Transfer"]] * 4, "")
                chain.block(1300)
        agent.wait_block(chain.head)
        assert node.counts["eth_getLogs"] - asked <= 4
        chain_tokens, compared = chain.tokens, 0
        for pool in pools[::100]:
            token = next(t for t in (chain.pools[pool]["token0"], chain.pools[pool]["token1"]) if t != chain.weth)
            body = agent.score(token)[1]
            ours = truth(chain, token, chain.blocks[-1]["timestamp"])
            theirs = body["features"]["pool_features"]
            assert {k: theirs[k] for k, v in ours.items() if not oracle.equal(theirs[k], v)} == {}
            compared += 1
        assert compared == 21 and len(chain_tokens) >= 2105
