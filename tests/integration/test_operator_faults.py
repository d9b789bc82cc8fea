# SPDX-License-Identifier: Apache-2.0
"""The apiserver gone for a minute, and a proxy that does to the operator what a real apiserver may do."""
import time

import pytest
from control_plane import ControlPlane
from faultproxy import FaultProxy, is_watch, is_write
from operator_program import CHILDREN, Cluster, Operator


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with ControlPlane(tmp_path_factory.mktemp("control-plane")) as plane:
        cluster = Cluster(plane)
        cluster.install_crds()
        yield cluster


@pytest.fixture
def proxy(cluster, tmp_path):
    with FaultProxy(cluster.plane, tmp_path) as proxy:
        yield proxy


@pytest.fixture
def operator(cluster, proxy, tmp_path):
    """Talks through the proxy; started by the test."""
    operator = Operator(cluster.plane, tmp_path, kubeconfig=proxy.kubeconfig)
    yield operator
    if operator.process:
        operator.__exit__()


def applied(cluster, operator, ns, name, seconds=30):
    operator.wait(lambda: cluster.is_applied(ns, name), f"{name} to be applied", seconds)
    assert set(cluster.children(ns, name)) == set(CHILDREN)


def of(plural):
    return lambda method, path: f"/{plural}" in path


def test_the_apiserver_is_away_for_a_minute(cluster, tmp_path):
    ns = cluster.namespace("outage")
    with Operator(cluster.plane, tmp_path) as operator:
        cluster.create(ns, "prod")
        applied(cluster, operator, ns, "prod")
        image = cluster.child("Deployment", ns, "prod")["spec"]["template"]["spec"]["containers"][0]["image"]
        cluster.plane.run("stop-apiserver")
        cpu, began = operator.cpu(), time.monotonic()
        time.sleep(60)
        used = operator.cpu() - cpu
        assert used < 0.02 * (time.monotonic() - began), f"{used} s of CPU while there was nothing to do"
        assert operator.get("/healthz")[0] == 200
        cluster.plane.run("start-apiserver")
        before = cluster.writes()
        # Made and changed at once, before the operator's watches are back.
        cluster.create(ns, "late")
        edit = {"spec": {"template": {"spec": {"containers": [{"name": "agent", "image": "evil:1"}]}}}}
        path = cluster.child_path("Deployment", ns, "prod")
        status, _ = cluster.plane.request("PATCH", path, edit, "application/strategic-merge-patch+json")
        assert status == 200
        applied(cluster, operator, ns, "late", 90)
        live = lambda: cluster.child("Deployment", ns, "prod")["spec"]["template"]["spec"]["containers"][0]["image"]
        operator.wait(lambda: live() == image, "the edit to be undone", 60)
        time.sleep(2)
        assert cluster.writes() - before <= 2 + 10 + 1, "what was settled is not written again"


def test_edits_while_the_operator_is_down(cluster, tmp_path):
    ns = cluster.namespace("down")
    with Operator(cluster.plane, tmp_path) as operator:
        cluster.create(ns, "prod")
        applied(cluster, operator, ns, "prod")
    cluster.patch(cluster.child_path("ConfigMap", ns, "prod"), {"data": {"radarx.json": "{}"}})
    cluster.plane.request("DELETE", cluster.child_path("Service", ns, "prod"))
    with Operator(cluster.plane, tmp_path) as operator:
        good = lambda: cluster.child("Service", ns, "prod") and (
            cluster.child("ConfigMap", ns, "prod")["data"]["radarx.json"] != "{}"
        )
        operator.wait(good, "both to be repaired")


def test_watches_that_end_in_410_start_over(cluster, proxy, operator):
    ns = cluster.namespace("gone")
    operator.start()
    cluster.create(ns, "a")
    applied(cluster, operator, ns, "a")
    # Each resume is told that its version is too old.
    gone = proxy.arm("gone", count=10, match=lambda m, p: is_watch(m, p) and "sendInitialEvents" not in p)
    # Every connection is cut by a short outage.
    cluster.plane.run("stop-apiserver")
    cluster.plane.run("start-apiserver")
    before = cluster.writes()
    operator.wait(lambda: gone.hits >= 1, "a resume to be refused", 40)
    cluster.create(ns, "b")
    applied(cluster, operator, ns, "b", 60)
    assert cluster.writes() - before == 1 + 10


def test_a_server_without_watch_list_is_listed_by_pages(cluster, proxy, operator):
    ns = cluster.namespace("pages")
    for i in range(3):
        cluster.create(ns, f"cr-{i}")
    refused = proxy.arm("status", count=-1, match=lambda m, p: "sendInitialEvents" in p, code=422)
    operator.start()
    for i in range(3):
        applied(cluster, operator, ns, f"cr-{i}")
    assert refused.hits >= len(set(kind.split()[0] for kind in CHILDREN))
    assert proxy.count(lambda m, p: "limit=" in p) >= refused.hits
    cluster.create(ns, "later")
    applied(cluster, operator, ns, "later")


def test_429_waits_as_long_as_it_is_told(cluster, proxy, operator):
    ns = cluster.namespace("busy")
    operator.start()
    fault = proxy.arm("status", count=1, match=is_write, code=429, headers={"Retry-After": "3"})
    cluster.create(ns, "prod")
    operator.wait(lambda: fault.hits == 1, "the refusal")
    refused = time.monotonic()
    applied(cluster, operator, ns, "prod")
    again = [at for at, m, p in proxy.requests if is_write(m, p) and "serviceaccounts/prod" in p and at > refused - 0.5]
    assert len(again) >= 2 and again[1] - again[0] >= 2.9


def test_server_errors_are_retried_with_growing_pauses(cluster, proxy, operator):
    ns = cluster.namespace("errors")
    operator.start()
    fault = proxy.arm("status", count=60, match=lambda m, p: is_write(m, p) and "/errors/" in p, code=500)
    began = time.monotonic()
    cluster.create(ns, "prod")
    operator.wait(lambda: proxy.count(is_write, began) >= 40, "some tries")
    condition = cluster.condition(ns, "prod", "Stalled")
    assert condition is None, "what passes by itself does not ask for a human"
    applied(cluster, operator, ns, "prod", 60)
    assert fault.hits == 60
    assert cluster.condition(ns, "prod", "Applied")["status"] == "True"


@pytest.mark.parametrize("size", [1, 300, 2500, 6000])
def test_streams_cut_in_the_middle_of_a_line(cluster, proxy, operator, size):
    ns = cluster.namespace(f"cut-{size}")
    cluster.create(ns, "first")
    fault = proxy.arm("cut", count=12, match=is_watch, bytes=size)
    operator.start(ready=False)
    operator.wait(lambda: fault.hits == 12, "the cuts", 60)
    cluster.create(ns, "second")
    applied(cluster, operator, ns, "first", 90)
    applied(cluster, operator, ns, "second", 90)


def test_streams_in_tiny_pieces(cluster, proxy, operator):
    ns = cluster.namespace("split")
    proxy.arm("split", count=-1, match=is_watch)
    operator.start()
    cluster.create(ns, "prod")
    applied(cluster, operator, ns, "prod")


def test_connections_that_are_closed_unanswered(cluster, proxy, operator):
    ns = cluster.namespace("reset")
    operator.start()
    proxy.arm("reset", count=10, match=is_write)
    before = cluster.writes()
    cluster.create(ns, "prod")
    applied(cluster, operator, ns, "prod", 60)
    assert cluster.writes() - before == 1 + 10


def test_a_silent_watch_holds_up_no_other_and_no_exit(cluster, proxy, operator):
    """One kind's stream is half-open from the start: the operator is not ready, but lives and ends."""
    fault = proxy.arm("half_open", count=1, match=lambda m, p: is_watch(m, p) and "/services" in p)
    operator.start(ready=False)
    operator.wait(lambda: fault.hits == 1, "the silent stream")
    time.sleep(2)
    assert operator.get("/readyz")[0] == 503 and operator.get("/healthz")[0] == 200
    began = time.monotonic()
    assert operator.stop() == 0
    assert time.monotonic() - began < 5


def test_killed_at_each_write(cluster, proxy, operator):
    """Crash-only: killed after its k-th write and started again, it ends in the same state."""
    operator.start()
    for k in range(1, 11):
        ns = cluster.namespace(f"crash-{k}")
        seen = lambda n=ns: proxy.count(lambda m, p: is_write(m, p) and f"/namespaces/{n}/" in p)
        cluster.create(ns, "prod")
        operator.wait(lambda k=k, seen=seen: seen() >= k, f"write {k}")
        operator.kill()
        operator.start()
        applied(cluster, operator, ns, "prod")
        status = cluster.condition(ns, "prod", "Stalled")
        assert status is None
        assert seen() <= 12
