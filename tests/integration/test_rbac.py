# SPDX-License-Identifier: Apache-2.0
"""The operator's role is enough, and holds nothing that the operator does not use.

The role is that of manifests/ (scripts/check-manifests shows that the chart's is the same). One run has only that
role's rights on a real apiserver; another goes through a proxy that notes each request.
"""
import json
import pathlib
import urllib.parse

import pytest
import yaml
from control_plane import ControlPlane
from faultproxy import FaultProxy
from operator_program import CHILDREN, RXA, Cluster, Operator

ROOT = pathlib.Path(__file__).resolve().parents[2]
RBAC = ROOT / "manifests" / "base" / "rbac.yaml"
ALERT = {"apiVersion": "radarx.io/v1", "kind": "AlertSubscription", "metadata": {"name": "alert"},
         "spec": {"deploymentRef": {"name": "prod"}, "criteria": [{"type": "Risk", "op": ">=", "value": 70}],
                  "sink": {"type": "Webhook", "url": "https://hooks.example.com/x"}}}  # fmt: skip
# Checked by an admission plugin (OwnerReferencesPermissionEnforcement) and never requested.
NEVER_SEEN = {("radarx.io", "radarxdeployments/finalizers", "update")}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with ControlPlane(tmp_path_factory.mktemp("control-plane")) as plane:
        cluster = Cluster(plane)
        cluster.install_crds()
        yield cluster


def rules():
    """(group, resource, verb) of each right."""
    role = next(item for item in yaml.safe_load_all(RBAC.read_text()) if item["kind"] == "ClusterRole")
    return {(group, resource, verb) for rule in role["rules"] for group in rule["apiGroups"]
            for resource in rule["resources"] for verb in rule["verbs"]}  # fmt: skip


def kubeconfig_of_service_account(plane, folder):
    """The operator's identity with the shipped role and no other."""
    assert plane.request("POST", "/api/v1/namespaces", {"metadata": {"name": "radarx-system"}})[0] == 201
    accounts = "/api/v1/namespaces/radarx-system/serviceaccounts"
    assert plane.request("POST", accounts, {"metadata": {"name": "radarx-operator"}})[0] == 201
    for item in yaml.safe_load_all(RBAC.read_text()):
        url = f"/apis/rbac.authorization.k8s.io/v1/{item['kind'].lower()}s/{item['metadata']['name']}"
        status, body = plane.apply(url, item)
        assert status == 201, body
    status, body = plane.request("POST", f"{accounts}/radarx-operator/token", {"spec": {"expirationSeconds": 3600}})
    assert status == 201, body
    config = yaml.safe_load(plane.kubeconfig.read_text())
    config["users"][0]["user"] = {"token": body["status"]["token"]}
    path = folder / "operator.kubeconfig"
    path.touch(mode=0o600)
    path.write_text(json.dumps(config))
    return path


def live_through_everything(cluster, operator, ns):
    """Each kind of child is made, changed, repaired and removed."""
    applied = lambda: cluster.is_applied(ns, "prod")
    cluster.namespace(ns)
    cluster.create(ns, "prod")
    operator.wait(applied, "prod to be applied")
    assert set(cluster.children(ns, "prod")) == set(CHILDREN)
    status, body = cluster.plane.request("POST", RXA.format(ns=ns), ALERT)
    assert status == 201, body
    operator.wait(lambda: (cluster.plane.request("GET", RXA.format(ns=ns) + "/alert")[1].get("status") or {})
                  .get("conditions"), "a status of the alert")  # fmt: skip
    for kind in CHILDREN:
        path = cluster.child_path(kind, ns, "prod")
        uid = cluster.child(kind, ns, "prod")["metadata"]["uid"]
        assert cluster.plane.request("DELETE", path)[0] in (200, 202)
        operator.wait(lambda kind=kind, uid=uid: (cluster.child(kind, ns, "prod") or {"metadata": {"uid": uid}})
                      ["metadata"]["uid"] != uid, f"{kind} to be made again")  # fmt: skip
        if kind != "Secret":
            cluster.patch(path, {"metadata": {"labels": {"app.kubernetes.io/component": "drifted"}}})
            operator.wait(lambda kind=kind: cluster.child(kind, ns, "prod")["metadata"]["labels"]
                          ["app.kubernetes.io/component"] == "agent", f"{kind} to be repaired")  # fmt: skip
    cluster.patch(cluster.rxd_path(ns, "prod"), {"spec": {
        "autoscaling": None, "disruption": None, "networkPolicy": {"enabled": False}, "auth": {"mode": "None"}}})
    operator.wait(applied, "the smaller prod to be applied")
    left = {"ServiceAccount", "ConfigMap", "Deployment", "Service"}
    operator.wait(lambda: set(cluster.children(ns, "prod")) == left, "what is off to be removed")


def test_role_is_enough(cluster, tmp_path):
    kubeconfig = kubeconfig_of_service_account(cluster.plane, tmp_path)
    with Operator(cluster.plane, tmp_path, kubeconfig=kubeconfig) as operator:
        live_through_everything(cluster, operator, "enough")
        assert "status 403" not in operator.log()


def requested(method, path):
    """(group, resource, verb) of a request, as the apiserver's authorizer sees it."""
    url = urllib.parse.urlsplit(path)
    parts = url.path.strip("/").split("/")
    group, rest = ("", parts[2:]) if parts[0] == "api" else (parts[1], parts[3:])
    if rest[:1] == ["namespaces"] and len(rest) > 2:
        rest = rest[2:]
    named = len(rest) > 1
    watch = "watch=true" in url.query
    verb = {"GET": "watch" if watch else "get" if named else "list",
            "POST": "create", "PATCH": "patch", "DELETE": "delete"}[method]  # fmt: skip
    return group, "/".join(rest[:1] + rest[2:3]), verb


def test_role_holds_nothing_else(cluster, tmp_path):
    with FaultProxy(cluster.plane, tmp_path) as proxy:
        with Operator(cluster.plane, tmp_path, kubeconfig=proxy.kubeconfig) as operator:
            live_through_everything(cluster, operator, "exact")
        seen = {requested(method, path) for _, method, path in proxy.requests}
    # Applying what does not exist needs create beside patch; that an object is taken for missing or foreign is a race.
    applied = {(group, resource, "create") for group, resource, verb in seen if verb == "patch" and "/" not in resource}
    kinds = {(group, resource) for group, resource, _ in seen}
    conflicts = {(group, resource, "get") for group, resource in kinds if group not in ("radarx.io", "events.k8s.io")}
    # A WatchList is a watch that begins as a list; its fallback is a list.
    lists = {(group, resource, "list") for group, resource, verb in seen if verb == "watch"}
    repeated = {("events.k8s.io", "events", "patch")}
    assert seen <= rules(), sorted(seen - rules())
    unused = rules() - seen - applied - conflicts - lists - repeated - NEVER_SEEN
    assert not unused, sorted(unused)


def test_editors_cannot_write_status(cluster):
    """The roles that are added to view, edit and admin: no status, nothing but RadarX's own group."""
    roles = list(yaml.safe_load_all((ROOT / "manifests" / "base" / "aggregate-roles.yaml").read_text()))
    assert len(roles) == 2
    for role in roles:
        for rule in role["rules"]:
            assert rule["apiGroups"] == ["radarx.io"]
            writes = set(rule["verbs"]) - {"get", "list", "watch"}
            assert not writes or not any(resource.endswith("/status") for resource in rule["resources"])
