# SPDX-License-Identifier: Apache-2.0
"""Killed agents and reorganised chains: the scores afterwards equal those of an agent that never noticed."""

import json

import pytest
from support import (
    MARKET,
    OWN_CLUSTER,
    agent_pods,
    api_key,
    apply,
    deployment_yaml,
    market,
    pod_url,
    score_of,
    sigkill_agent,
    wait_ready,
    wait_until,
)


@pytest.fixture(scope="module")
def pair(namespace, chain):
    """A victim and a witness that follow the same chain."""
    assert OWN_CLUSTER, "this scenario kills processes of its own cluster's pods"
    for name in ("victim", "witness"):
        apply(deployment_yaml(name, namespace, replicas=1, autoscaling={"enabled": False}))
    for name in ("victim", "witness"):
        wait_ready(namespace, name)
    return namespace


def the_pod(namespace, name):
    pods = agent_pods(namespace, name)
    assert len(pods) == 1
    return pods[0]


def restarts(namespace, name):
    return the_pod(namespace, name)["status"]["containerStatuses"][0]["restartCount"]


def same_scores(namespace, chain):
    head = json.loads(MARKET.read_text())["head"]
    both = {}
    for name in ("victim", "witness"):
        base, key = pod_url(the_pod(namespace, name)), api_key(namespace, name)
        both[name] = {t["symbol"]: score_of(base, key, t["token"], head) for t in chain["tokens"]}
    assert both["victim"] == both["witness"]
    return both["witness"]


def test_killed_in_the_middle_of_trading(pair, chain):
    before = same_scores(pair, chain)
    for _ in range(3):
        count = restarts(pair, "victim")
        market("trade", "--blocks", "40")
        sigkill_agent(the_pod(pair, "victim"))
        market("trade", "--blocks", "40")
        wait_until("the container is started again", lambda c=count: restarts(pair, "victim") > c, 120)
        wait_ready(pair, "victim")
    after = same_scores(pair, chain)
    assert restarts(pair, "witness") == 0
    assert any(after[s]["features"] != before[s]["features"] for s in after), "the trades changed nothing"


def test_reorganisation_of_five_blocks(pair, chain):
    market("trade", "--blocks", "20")
    before = same_scores(pair, chain)
    market("reorg", "--depth", "5")
    market("trade", "--blocks", "20")
    after = same_scores(pair, chain)
    assert before != after
    # A fresh agent, which has only ever seen the chain as it is now, agrees too.
    apply(deployment_yaml("fresh", pair, replicas=1))
    wait_ready(pair, "fresh")
    head = json.loads(MARKET.read_text())["head"]
    base, key = pod_url(the_pod(pair, "fresh")), api_key(pair, "fresh")
    assert {t["symbol"]: score_of(base, key, t["token"], head) for t in chain["tokens"]} == after
