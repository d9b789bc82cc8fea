# SPDX-License-Identifier: Apache-2.0
"""A RadarXDeployment becomes nine children on a real apiserver, in ten writes, and then nothing is written."""
import base64
import time

import pytest
from control_plane import ControlPlane
from operator_program import CHILDREN, Cluster, Operator


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with ControlPlane(tmp_path_factory.mktemp("control-plane")) as plane:
        cluster = Cluster(plane)
        cluster.install_crds()
        yield cluster


@pytest.fixture(scope="module")
def operator(cluster, tmp_path_factory):
    with Operator(cluster.plane, tmp_path_factory.mktemp("operator")) as operator:
        yield operator


@pytest.fixture(scope="module")
def prod(cluster, operator):
    """A settled CR, and the writes that it took."""
    cluster.namespace("risk")
    before = cluster.writes()
    cluster.create("risk", "prod")
    operator.wait(lambda: cluster.is_applied("risk", "prod"), "prod to be applied")
    return cluster.writes() - before - 1


def settled(cluster, operator, ns, name):
    operator.wait(lambda: cluster.is_applied(ns, name), f"{name} to be applied")


def test_ten_writes_make_nine_children(cluster, prod):
    assert prod == 10  # 8 applies, 1 create, 1 status patch
    children = cluster.children("risk", "prod")
    assert set(children) == set(CHILDREN)
    uid = cluster.rxd("risk", "prod")["metadata"]["uid"]
    for kind, child in children.items():
        meta = child["metadata"]
        assert meta["labels"]["app.kubernetes.io/managed-by"] == "radarx-operator", kind
        assert [(o["uid"], o["controller"]) for o in meta["ownerReferences"]] == [(uid, True)], kind


def test_status_follows_kstatus_while_nothing_is_ready(cluster, prod):
    cr = cluster.rxd("risk", "prod")
    conditions = {c["type"]: (c["status"], c["reason"]) for c in cr["status"]["conditions"]}
    assert conditions["Applied"] == ("True", "AllApplied")
    assert conditions["Ready"] == ("False", "Progressing")
    assert conditions["Reconciling"] == ("True", "Progressing")
    assert "Stalled" not in conditions and "Synced" not in conditions
    assert cr["status"]["observedGeneration"] == cr["metadata"]["generation"] == 1
    assert cr["status"]["selector"].count("=") == 3 and cr["status"]["phase"] == "Progressing"


def test_secret_holds_two_different_keys(cluster, prod):
    data = cluster.child("Secret", "risk", "prod")["data"]
    keys = [base64.b64decode(data[name]) for name in ("key-1", "key-2")]
    assert set(data) == {"key-1", "key-2"} and keys[0] != keys[1]
    assert all(len(key) == 43 for key in keys)


def test_settled_writes_nothing_also_after_restarts(cluster, prod, operator):
    before = cluster.writes()
    time.sleep(5)  # a window in which nothing may happen
    assert cluster.writes() == before
    for end in (operator.stop, operator.kill):
        end()
        operator.start()
        operator.wait(lambda: operator.metric("radarx_operator_reconcile_total", result="success") >= 1, "a pass")
        time.sleep(2)  # the same
        assert cluster.writes() == before
        assert operator.metric("rest_client_requests_total") == 0, "the first lists say it all"


def test_what_leaves_the_cr_leaves_the_child(cluster, operator):
    ns = cluster.namespace("leaves")
    pod = {"nodeSelector": {"disk": "ssd"}, "annotations": {"team": "risk"}, "labels": {"tier": "one"},
           "tolerations": [{"key": "gpu", "operator": "Exists"}]}  # fmt: skip
    cluster.create(ns, "prod", {"podTemplate": pod, "engine": {"logLevel": "debug"}})
    settled(cluster, operator, ns, "prod")
    template = cluster.child("Deployment", ns, "prod")["spec"]["template"]
    assert template["spec"]["nodeSelector"] == {"disk": "ssd"}
    assert template["metadata"]["annotations"]["team"] == "risk" and template["metadata"]["labels"]["tier"] == "one"
    assert template["spec"]["tolerations"] == pod["tolerations"]

    cluster.patch(cluster.rxd_path(ns, "prod"), {"spec": {"podTemplate": None}})
    settled(cluster, operator, ns, "prod")
    template = cluster.child("Deployment", ns, "prod")["spec"]["template"]
    assert "nodeSelector" not in template["spec"] and "tolerations" not in template["spec"]
    assert "team" not in template["metadata"]["annotations"] and "tier" not in template["metadata"]["labels"]


def test_children_that_are_no_longer_wanted_go(cluster, operator):
    ns = cluster.namespace("unwanted")
    cluster.create(ns, "prod")
    settled(cluster, operator, ns, "prod")
    cluster.patch(cluster.rxd_path(ns, "prod"), {"spec": {"networkPolicy": {"enabled": False}, "disruption": None,
                                                          "autoscaling": {"enabled": False}}})  # fmt: skip
    settled(cluster, operator, ns, "prod")
    gone = {"NetworkPolicy deny", "NetworkPolicy allow", "HorizontalPodAutoscaler", "PodDisruptionBudget"}
    assert set(cluster.children(ns, "prod")) == set(CHILDREN) - gone
    cluster.patch(cluster.rxd_path(ns, "prod"), {"spec": {"networkPolicy": {"enabled": True}}})
    settled(cluster, operator, ns, "prod")
    assert cluster.child("NetworkPolicy deny", ns, "prod")


def test_quantities_in_another_spelling_settle(cluster, operator):
    """The apiserver stores "1000m" as "1"; that must not be taken for drift for ever."""
    ns = cluster.namespace("spelling")
    resources = {"requests": {"cpu": "0.5", "memory": "0.25Gi"}, "limits": {"cpu": "1000m", "memory": "1024Mi"}}
    cluster.create(ns, "prod", {"resources": resources})
    settled(cluster, operator, ns, "prod")
    before = cluster.writes()
    cluster.patch(cluster.child_path("Deployment", ns, "prod"), {"metadata": {"labels": {"poke": "1"}}})
    time.sleep(2)  # a window in which nothing more than the patch may be written
    assert cluster.writes() == before + 1


def test_names_at_the_length_limit(cluster, operator):
    ns = cluster.namespace("n" * 63)
    name = "a" * 40
    cluster.create(ns, name)
    settled(cluster, operator, ns, name)
    assert set(cluster.children(ns, name)) == set(CHILDREN)


def test_an_empty_spec_is_enough(cluster, operator):
    ns = cluster.namespace("empty")
    cluster.create(ns, "plain", {})
    settled(cluster, operator, ns, "plain")
    have = set(cluster.children(ns, "plain"))
    assert have == set(CHILDREN) - {"HorizontalPodAutoscaler", "PodDisruptionBudget"}


def test_no_secret_material_in_the_log_or_status(cluster, operator, prod):
    data = cluster.child("Secret", "risk", "prod")["data"]
    shown = operator.log() + str(cluster.rxd("risk", "prod")) + operator.get("/metrics")[1]
    for value in data.values():
        assert value not in shown and base64.b64decode(value).decode() not in shown
