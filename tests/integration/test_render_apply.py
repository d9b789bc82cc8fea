# SPDX-License-Identifier: Apache-2.0
"""What `radarx-operator render` prints is exactly what a real apiserver stores.

Every golden CR is rendered and applied. The fields that the operator then owns must be, value by value, those that it
sent: the operator finds drift by comparing digests of them, so a quantity that comes back in another form or an empty
list that is dropped would be applied for ever.
"""
import hashlib
import json
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from control_plane import ControlPlane  # noqa: E402

OPERATOR = pathlib.Path(os.environ.get("RADARX_BUILD", ROOT / "build")) / "radarx-operator"
CRS = sorted((ROOT / "tests" / "golden" / "operator").glob("*/cr.yaml"))
HASH = "radarx.io/applied-hash"
MANAGER = "radarx-operator"
PLURALS = {"NetworkPolicy": "networkpolicies"}


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    with ControlPlane(tmp_path_factory.mktemp("control-plane")) as plane:
        for crd in sorted((ROOT / "crds").glob("*.yaml")):
            plane.apply_crd(crd)
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        status, body = plane.request("POST", "/api/v1/namespaces", {"metadata": {"name": "risk", "labels": labels}})
        assert status == 201, body
        yield plane


def render(path):
    result = subprocess.run([OPERATOR, "render", "-f", path, "--operator-namespace", "radarx-system"],
                            capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    return result.stdout


def url_of(item):
    version = item["apiVersion"]
    plural = PLURALS.get(item["kind"], item["kind"].lower() + "s")
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    return f"{root}/namespaces/{item['metadata']['namespace']}/{plural}/{item['metadata']['name']}"


def owned(live, fields):
    """The part of a live value that a set of fieldsV1 names."""
    names = [name for name in fields if name != "."]
    if not names:
        return live
    if isinstance(live, dict):
        return {name[2:]: owned(live[name[2:]], fields[name]) for name in names}
    picked = []
    for item in live:
        for name in names:
            keys = json.loads(name[2:])
            if name.startswith("k:") and all(item.get(key) == value for key, value in keys.items()):
                picked.append(owned(item, fields[name]))
            elif name.startswith("v:") and item == keys:
                picked.append(item)
    return picked


def digest(item):
    text = json.dumps(item, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def without_hash(item):
    item = json.loads(json.dumps(item))
    item["metadata"]["annotations"].pop(HASH)
    if not item["metadata"]["annotations"]:
        del item["metadata"]["annotations"]
    return item


def apply(plane, item):
    status, live = plane.apply(url_of(item), item, MANAGER)
    assert status in (200, 201), live
    return live


@pytest.mark.parametrize("path", CRS, ids=lambda path: path.parent.name)
def test_stored_as_sent(plane, path):
    status, body = plane.request("POST", "/apis/radarx.io/v1/namespaces/risk/radarxdeployments?dryRun=All",
                                 path.read_bytes(), "application/yaml")
    assert status == 201, body
    for item in json.loads(render(path))["items"]:
        live = apply(plane, item)
        ours = next(entry for entry in live["metadata"]["managedFields"] if entry["manager"] == MANAGER)
        part = owned(live, ours["fieldsV1"])
        for key in ("name", "namespace"):
            part["metadata"][key] = live["metadata"][key]
        part |= {"apiVersion": live["apiVersion"], "kind": live["kind"]}
        assert without_hash(part) == without_hash(item)
        assert digest(without_hash(item)) == item["metadata"]["annotations"][HASH]
        assert apply(plane, item)["metadata"]["resourceVersion"] == live["metadata"]["resourceVersion"]


@pytest.mark.parametrize("path", CRS, ids=lambda path: path.parent.name)
def test_render_is_stable(path):
    assert render(path) == render(path)


@pytest.mark.parametrize("path", CRS, ids=lambda path: path.parent.name)
def test_pods_are_restricted(plane, path):
    """The namespace enforces the restricted Pod Security Standard: a pod of the template is admitted."""
    items = {item["kind"]: item for item in json.loads(render(path))["items"]}
    apply(plane, items["ServiceAccount"])
    template = items["Deployment"]["spec"]["template"]
    pod = {"metadata": {"generateName": "pod-", "labels": template["metadata"]["labels"]}, "spec": template["spec"]}
    status, body = plane.request("POST", "/api/v1/namespaces/risk/pods?dryRun=All&fieldValidation=Strict", pod)
    assert status == 201, body


def test_refuses_what_is_invalid():
    bad = ROOT / "tests" / "corpus" / "cr" / "bad" / "budget-for-one.yaml"
    result = subprocess.run([OPERATOR, "render", "-f", bad], capture_output=True, text=True, timeout=60)
    assert result.returncode == 1
    assert result.stdout == ""
    assert "spec.disruption.minAvailable" in result.stderr
    assert subprocess.run([OPERATOR, "render"], capture_output=True, timeout=60).returncode == 2
