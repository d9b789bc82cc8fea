# SPDX-License-Identifier: Apache-2.0
"""What others do to children: repaired where the operator owns it, left alone where it does not."""
import time

import pytest
from control_plane import ControlPlane
from operator_program import CHILDREN, RXA, Cluster, Operator

# One edit of each kind that the operator must undo.
EDITS = {
    "ServiceAccount": {"automountServiceAccountToken": True},
    "ConfigMap": {"data": {"radarx.json": "{}"}},
    "NetworkPolicy deny": {"spec": {"policyTypes": ["Ingress"]}},
    "NetworkPolicy allow": {"spec": {"egress": None, "ingress": None}},
    "Deployment": {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 7}}}},
    "Service": {"spec": {"ports": [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": 1}]}},
    "HorizontalPodAutoscaler": {"spec": {"maxReplicas": 99}},
    "PodDisruptionBudget": {"spec": {"minAvailable": 1}},
}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with ControlPlane(tmp_path_factory.mktemp("control-plane")) as plane:
        cluster = Cluster(plane)
        cluster.install_crds(["radarxdeployments"])
        yield cluster


@pytest.fixture(scope="module")
def operator(cluster, tmp_path_factory):
    with Operator(cluster.plane, tmp_path_factory.mktemp("operator")) as operator:
        yield operator


def make(cluster, operator, ns, name="prod", spec=None):
    cluster.namespace(ns)
    cluster.create(ns, name, spec)
    operator.wait(lambda: cluster.is_applied(ns, name), f"{name} to be applied")


def essence(child):
    """A child without what moves by itself."""
    meta = {k: child["metadata"].get(k) for k in ("labels", "annotations", "ownerReferences")}
    return {k: v for k, v in child.items() if k not in ("metadata", "status")} | {"metadata": meta}


@pytest.mark.parametrize("kind", EDITS)
def test_an_edited_child_is_put_right(cluster, operator, kind):
    ns = "edit-" + kind.lower().replace(" ", "-")
    make(cluster, operator, ns)
    good = essence(cluster.child(kind, ns, "prod"))
    before = cluster.writes()
    edited = cluster.patch(cluster.child_path(kind, ns, "prod"), EDITS[kind])
    assert essence(edited) != good
    operator.wait(lambda: essence(cluster.child(kind, ns, "prod")) == good, f"{kind} to be repaired", 10)
    time.sleep(0.5)
    assert cluster.writes() == before + 2, "one edit, one repair"


@pytest.mark.parametrize("kind", CHILDREN)
def test_a_deleted_child_is_back(cluster, operator, kind):
    ns = "delete-" + kind.lower().replace(" ", "-")
    make(cluster, operator, ns)
    old = cluster.child(kind, ns, "prod")["metadata"]["uid"]
    status, answer = cluster.plane.request("DELETE", cluster.child_path(kind, ns, "prod"))
    assert status == 200, answer
    is_back = lambda: (cluster.child(kind, ns, "prod") or {"metadata": {"uid": old}})["metadata"]["uid"] != old
    operator.wait(is_back, f"{kind} to be back", 10)


def test_a_lost_label_or_owner_is_put_back(cluster, operator):
    make(cluster, operator, "labels")
    for kind in ("Deployment", "ConfigMap"):
        good = essence(cluster.child(kind, "labels", "prod"))
        lost = {"metadata": {"labels": {"app.kubernetes.io/managed-by": None}}}
        cluster.patch(cluster.child_path(kind, "labels", "prod"), lost)
        operator.wait(lambda k=kind, g=good: essence(cluster.child(k, "labels", "prod")) == g, "the label", 10)


def test_a_secret_that_lost_its_label_keeps_its_keys(cluster, operator):
    make(cluster, operator, "secret")
    keys = cluster.child("Secret", "secret", "prod")["data"]
    path = cluster.child_path("Secret", "secret", "prod")
    cluster.patch(path, {"metadata": {"labels": {"app.kubernetes.io/managed-by": None}}})
    posts = lambda: operator.metric("rest_client_requests_total", method="POST", code="409")
    operator.wait(lambda: posts() >= 1, "the operator to find it")
    assert cluster.child("Secret", "secret", "prod")["data"] == keys
    operator.wait(lambda: cluster.is_applied("secret", "prod"), "still applied")
    seen = posts()
    cluster.patch(cluster.child_path("ConfigMap", "secret", "prod"), {"data": {"radarx.json": "{}"}})
    operator.wait(lambda: cluster.child("ConfigMap", "secret", "prod")["data"]["radarx.json"] != "{}", "a pass")
    assert posts() == seen, "an adopted Secret is not created again"


def test_fields_of_others_are_left_alone(cluster, operator):
    make(cluster, operator, "others")
    path = cluster.child_path("Deployment", "others", "prod")
    cluster.patch(path, {"metadata": {"annotations": {"deployment.kubernetes.io/revision": "7"}}})
    cluster.patch(path, {"spec": {"replicas": 8}})  # what an autoscaler does
    sidecar = {"spec": {"template": {"spec": {"containers": [{"name": "sidecar", "image": "proxy:1"}]}}}}
    status, answer = cluster.plane.request("PATCH", path, sidecar, "application/strategic-merge-patch+json")
    assert status == 200, answer
    before = operator.metric("rest_client_requests_total", method="PATCH", code="200")
    time.sleep(2)
    # At most the status, which tells how many agents the autoscaler wants.
    assert operator.metric("rest_client_requests_total", method="PATCH", code="200") <= before + 1
    live = cluster.child("Deployment", "others", "prod")
    assert live["metadata"]["resourceVersion"] == answer["metadata"]["resourceVersion"]
    assert live["spec"]["replicas"] == 8
    assert {c["name"] for c in live["spec"]["template"]["spec"]["containers"]} == {"agent", "sidecar"}


def test_replicas_are_ours_without_an_autoscaler(cluster, operator):
    make(cluster, operator, "replicas", spec={"replicas": 2})
    path = cluster.child_path("Deployment", "replicas", "prod")
    cluster.patch(path, {"spec": {"replicas": 9}})
    replicas = lambda: cluster.child("Deployment", "replicas", "prod")["spec"]["replicas"]
    operator.wait(lambda: replicas() == 2, "replicas to be put right", 10)


def test_replicas_are_handed_over_and_taken_back(cluster, operator):
    make(cluster, operator, "handover", spec={"replicas": 5})
    path = cluster.rxd_path("handover", "prod")
    replicas = lambda: cluster.child("Deployment", "handover", "prod")["spec"]["replicas"]
    assert replicas() == 5
    seen = {5}
    cluster.patch(path, {"spec": {"autoscaling": {"enabled": True, "minReplicas": 2, "maxReplicas": 9}}})
    operator.wait(lambda: seen.add(replicas()) or cluster.is_applied("handover", "prod"), "the autoscaler")
    assert cluster.child("HorizontalPodAutoscaler", "handover", "prod")
    assert seen == {5}, "turning the autoscaler on must not move the agents"
    cluster.patch(cluster.child_path("Deployment", "handover", "prod"), {"spec": {"replicas": 7}})
    time.sleep(1)
    assert replicas() == 7
    cluster.patch(path, {"spec": {"autoscaling": {"enabled": False}}})
    operator.wait(lambda: cluster.is_applied("handover", "prod"), "the autoscaler to go")
    assert replicas() == 5 and not cluster.child("HorizontalPodAutoscaler", "handover", "prod")


@pytest.mark.parametrize("kind", ["ConfigMap", "Secret", "Deployment"])
def test_a_foreign_object_is_never_taken_over(cluster, operator, kind):
    ns = cluster.namespace("foreign-" + kind.lower())
    collection, suffix = CHILDREN[kind]
    labels = {"app": "theirs"}
    body = {"metadata": {"name": "prod" + suffix, "namespace": ns}}
    if kind == "Deployment":
        pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "theirs"}]}}
        body["spec"] = {"selector": {"matchLabels": labels}, "template": pod}
    status, theirs = cluster.plane.request("POST", collection.format(ns=ns), body)
    assert status == 201, theirs
    cluster.create(ns, "prod")
    stalled = lambda: (cluster.condition(ns, "prod", "Stalled") or {}).get("reason") == "Conflict"
    operator.wait(stalled, "the conflict to be told")
    assert f"prod{suffix}" in cluster.condition(ns, "prod", "Stalled")["message"]
    assert cluster.condition(ns, "prod", "Applied")["status"] == "False"
    assert cluster.condition(ns, "prod", "Reconciling") is None
    live = cluster.child(kind, ns, "prod")
    assert live["metadata"]["resourceVersion"] == theirs["metadata"]["resourceVersion"], "untouched"
    assert cluster.child("Service", ns, "prod"), "the other children are there"

    cluster.plane.request("DELETE", cluster.child_path(kind, ns, "prod"))
    operator.wait(lambda: cluster.is_applied(ns, "prod"), "the name to be free", 90)
    assert cluster.condition(ns, "prod", "Stalled") is None


def test_deletion_in_the_middle_of_everything(cluster, operator):
    ns = cluster.namespace("middle")
    for i in range(40):
        cluster.create(ns, f"cr-{i}")
        status, _ = cluster.plane.request("DELETE", cluster.rxd_path(ns, f"cr-{i}"))
        assert status == 200
    cluster.create(ns, "last")
    operator.wait(lambda: cluster.is_applied(ns, "last"), "a CR after them")
    status, answer = cluster.plane.request("DELETE", "/api/v1/namespaces/middle")
    assert status == 200, answer
    time.sleep(1)
    before = operator.metric("rest_client_requests_total")
    time.sleep(3)
    assert operator.metric("rest_client_requests_total") - before <= 5, "a terminating namespace is not hammered"


def test_an_invalid_spec_stalls_without_touching_children(cluster, operator):
    """CEL refuses it at the apiserver; the reconciler must cope when the CRD installed is an older one."""
    make(cluster, operator, "invalid")
    crd = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/radarxdeployments.radarx.io"
    _, body = cluster.plane.request("GET", crd)
    strip_rules(body["spec"]["versions"][0]["schema"]["openAPIV3Schema"])
    body["metadata"] = {"name": body["metadata"]["name"], "resourceVersion": body["metadata"]["resourceVersion"]}
    status, answer = cluster.plane.request("PUT", crd, body)
    assert status == 200, answer
    bad = {"spec": {"autoscaling": {"enabled": True, "minReplicas": 9, "maxReplicas": 3}}}
    path = cluster.rxd_path("invalid", "prod")

    def accepted():  # the new schema is served a moment later
        return cluster.plane.request("PATCH", path, bad, "application/merge-patch+json")[0] == 200

    operator.wait(accepted, "the laxer CRD")
    stalled = lambda: (cluster.condition("invalid", "prod", "Stalled") or {}).get("reason") == "InvalidSpec"
    operator.wait(stalled, "InvalidSpec")
    assert "spec.autoscaling" in cluster.condition("invalid", "prod", "Ready")["message"]
    assert cluster.child("HorizontalPodAutoscaler", "invalid", "prod")["spec"]["maxReplicas"] == 10
    cluster.patch(path, {"spec": {"autoscaling": {"minReplicas": 3, "maxReplicas": 11}}})
    operator.wait(lambda: cluster.is_applied("invalid", "prod"), "the mended spec")
    assert cluster.condition("invalid", "prod", "Stalled") is None


def strip_rules(schema):
    schema.pop("x-kubernetes-validations", None)
    for part in (schema.get("properties") or {}).values():
        strip_rules(part)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            strip_rules(schema[key])


def test_alert_subscriptions_are_picked_up_when_their_crd_comes(cluster, operator):
    """The operator has been running without that CRD all along."""
    cluster.install_crds(["alertsubscriptions"])
    ns = cluster.namespace("alerts")
    spec = {"deploymentRef": {"name": "prod"},
            "criteria": [{"type": "Risk", "component": "composite", "op": ">=", "value": 70}],
            "sink": {"type": "Webhook", "url": "https://example.com/hook"}}  # fmt: skip
    body = {"apiVersion": "radarx.io/v1", "kind": "AlertSubscription", "metadata": {"name": "a", "namespace": ns},
            "spec": spec}  # fmt: skip
    status, answer = cluster.plane.request("POST", RXA.format(ns=ns), body)
    assert status == 201, answer
    path = RXA.format(ns=ns) + "/a"
    conditions = lambda: (cluster.plane.request("GET", path)[1].get("status") or {}).get("conditions")
    operator.wait(conditions, "its status", 60)
    answer = cluster.plane.request("GET", path)[1]
    ready = conditions()[0]
    assert (ready["type"], ready["status"], ready["reason"]) == ("Ready", "False", "NotYetDelivered")
    assert answer["status"]["observedGeneration"] == answer["metadata"]["generation"]
