# SPDX-License-Identifier: Apache-2.0
"""With a real controller manager: agents become ready, get lost, are suspended; a CR goes and comes back.

No kubelet runs, so the test itself says which pods are ready.
"""
import pytest
from control_plane import ControlPlane
from operator_program import Cluster, Operator

SPEC = {"replicas": 2, "networkPolicy": {"enabled": False}}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with ControlPlane(tmp_path_factory.mktemp("control-plane"), controller_manager=True) as plane:
        cluster = Cluster(plane)
        cluster.install_crds()
        yield cluster


@pytest.fixture(scope="module")
def operator(cluster, tmp_path_factory):
    with Operator(cluster.plane, tmp_path_factory.mktemp("operator")) as operator:
        yield operator


def pods(cluster, ns):
    items = cluster.plane.request("GET", f"/api/v1/namespaces/{ns}/pods")[1]["items"]
    return [pod for pod in items if not pod["metadata"].get("deletionTimestamp")]


def set_ready(cluster, ns, ready):
    for pod in pods(cluster, ns):
        name = pod["metadata"]["name"]
        condition = {"type": "Ready", "status": str(ready), "lastTransitionTime": "2026-01-01T00:00:00Z"}
        status = {"status": {"phase": "Running", "conditions": [condition]}}
        path = f"/api/v1/namespaces/{ns}/pods/{name}/status"
        answer = cluster.plane.request("PATCH", path, status, "application/merge-patch+json")
        assert answer[0] in (200, 404), answer


def reason(cluster, ns, kind):
    condition = cluster.condition(ns, "prod", kind)
    return condition and (condition["status"], condition["reason"])


def make(cluster, operator, ns, spec):
    cluster.namespace(ns)
    cluster.create(ns, "prod", spec)
    operator.wait(lambda: len(pods(cluster, ns)) == spec.get("replicas", 1), "pods")
    set_ready(cluster, ns, True)
    operator.wait(lambda: reason(cluster, ns, "Ready") == ("True", "Available"), "Ready")


def events(cluster, ns):
    items = cluster.plane.request("GET", f"/apis/events.k8s.io/v1/namespaces/{ns}/events")[1]["items"]
    return [event["reason"] for event in items if event["reportingController"] == "radarx.io/operator"]


def test_ready_lost_and_ready_again(cluster, operator):
    make(cluster, operator, "life", SPEC)
    cr = cluster.rxd("life", "prod")
    assert cr["status"]["replicas"] == cr["status"]["readyReplicas"] == 2 and cr["status"]["phase"] == "Ready"
    assert reason(cluster, "life", "Reconciling") is None and reason(cluster, "life", "Stalled") is None
    assert reason(cluster, "life", "Available") == ("True", "AgentsReady")
    assert events(cluster, "life") == ["Ready"]
    since = cluster.condition("life", "prod", "Applied")["lastTransitionTime"]

    set_ready(cluster, "life", False)
    operator.wait(lambda: reason(cluster, "life", "Ready") == ("False", "Progressing"), "the loss")
    assert cluster.rxd("life", "prod")["status"]["phase"] == "Degraded"
    set_ready(cluster, "life", True)
    operator.wait(lambda: reason(cluster, "life", "Ready") == ("True", "Available"), "Ready again")
    assert cluster.condition("life", "prod", "Applied")["lastTransitionTime"] == since


def test_scale_subresource(cluster, operator):
    make(cluster, operator, "scale", SPEC)
    path = cluster.rxd_path("scale", "prod") + "/scale"
    status, scale = cluster.plane.request("GET", path)
    assert status == 200 and scale["status"]["replicas"] == 2 and "radarx-agent" in scale["status"]["selector"]
    cluster.patch(path, {"spec": {"replicas": 3}})
    operator.wait(lambda: len(pods(cluster, "scale")) == 3, "the third agent")
    set_ready(cluster, "scale", True)
    operator.wait(lambda: cluster.rxd("scale", "prod")["status"]["readyReplicas"] == 3, "it is counted")


def test_suspend_and_resume(cluster, operator):
    make(cluster, operator, "pause", SPEC)
    path = cluster.rxd_path("pause", "prod")
    cluster.patch(path, {"spec": {"suspend": True}})
    operator.wait(lambda: reason(cluster, "pause", "Ready") == ("True", "Suspended"), "the suspension")
    assert not pods(cluster, "pause")
    cr = cluster.rxd("pause", "prod")
    assert cr["status"]["phase"] == "Suspended" and cr["status"]["observedGeneration"] == cr["metadata"]["generation"]
    assert reason(cluster, "pause", "Available") == ("False", "Suspended")
    cluster.patch(path, {"spec": {"suspend": False}})
    operator.wait(lambda: len(pods(cluster, "pause")) == 2, "the agents")
    set_ready(cluster, "pause", True)
    operator.wait(lambda: reason(cluster, "pause", "Ready") == ("True", "Available"), "Ready")


def test_deleted_and_made_again_at_once(cluster, operator):
    make(cluster, operator, "again", SPEC)
    old = {kind: child["metadata"]["uid"] for kind, child in cluster.children("again", "prod").items()}
    keys = cluster.child("Secret", "again", "prod")["data"]
    assert cluster.plane.request("DELETE", cluster.rxd_path("again", "prod"))[0] == 200
    cluster.create("again", "prod", SPEC)
    operator.wait(lambda: cluster.is_applied("again", "prod"), "the new one", 90)
    new = {kind: child["metadata"]["uid"] for kind, child in cluster.children("again", "prod").items()}
    assert set(new) == set(old) and not set(new.values()) & set(old.values())
    assert cluster.child("Secret", "again", "prod")["data"] != keys


def test_everything_goes_with_the_cr(cluster, operator):
    make(cluster, operator, "gone", SPEC)
    assert cluster.plane.request("DELETE", cluster.rxd_path("gone", "prod"))[0] == 200
    operator.wait(lambda: not cluster.children("gone", "prod"), "the garbage collector", 60)
    assert cluster.rxd("gone", "prod") is None


def test_only_the_named_namespaces_are_watched(cluster, tmp_path):
    for ns in ("only-a", "only-b", "not-c"):
        cluster.namespace(ns)
    with Operator(cluster.plane, tmp_path, "--namespaces", "only-a,only-b", "--workers", "1") as operator:
        requests = operator.metric("rest_client_requests_total")
        assert requests == 0, "what is elsewhere is not its business"
        for ns in ("only-a", "only-b"):
            status, _ = cluster.plane.request("GET", cluster.rxd_path(ns, "prod"))
            assert status == 404
        assert operator.metric("radarx_operator_cached_objects") == 0
        assert operator.metric("radarx_operator_reconcile_total") == 0


def test_synced_is_unknown_while_no_agent_can_be_asked(cluster, operator):
    source = {"name": "main", "type": "evm", "rpcURL": "http://10.0.0.1:8545", "chain": "ethereum",
              "factories": [{"protocol": "uniswap-v2", "address": "0x" + "12" * 20, "fromBlock": 0}]}  # fmt: skip
    cluster.namespace("synced")
    cluster.create("synced", "prod", {**SPEC, "sources": [source]})
    operator.wait(lambda: cluster.is_applied("synced", "prod"), "prod")
    assert reason(cluster, "synced", "Synced") == ("Unknown", "NoReadyAgents")
    # Without its sources the CR has no such condition.
    cluster.patch(cluster.rxd_path("synced", "prod"), {"spec": {"sources": None}})
    operator.wait(lambda: reason(cluster, "synced", "Synced") is None, "the condition to go")
