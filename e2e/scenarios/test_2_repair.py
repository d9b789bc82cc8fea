# SPDX-License-Identifier: Apache-2.0
"""What is deleted or edited by hand comes back; what leaves the resource leaves its children."""

import json

import pytest
from support import apply, condition, deployment_yaml, get, kubectl, wait_ready, wait_until


@pytest.fixture(scope="module")
def fixed(namespace, chain):
    apply(deployment_yaml("fixed", namespace, replicas=1))
    wait_ready(namespace, "fixed")
    return namespace


CHILDREN = [
    ("serviceaccount", "fixed"),
    ("configmap", "fixed"),
    ("deployment", "fixed"),
    ("service", "fixed"),
    ("networkpolicy", "fixed-deny"),
    ("networkpolicy", "fixed-allow"),
    ("secret", "fixed-api-keys"),
]


@pytest.mark.parametrize("kind,name", CHILDREN)
def test_a_deleted_child_is_back(fixed, kind, name):
    before = get(kind, name, fixed)["metadata"]["uid"]
    kubectl("-n", fixed, "delete", kind, name, "--wait=false")

    def back():
        child = get(kind, name, fixed)
        return child and child["metadata"]["uid"] != before and not child["metadata"].get("deletionTimestamp")

    wait_until(f"{kind}/{name} is made again", back, 30)


def test_an_edited_image_is_repaired(fixed):
    image = get("deployment", "fixed", fixed)["spec"]["template"]["spec"]["containers"][0]["image"]
    kubectl("-n", fixed, "set", "image", "deployment/fixed", "*=example.com/other:1")
    wait_until(
        "the image is repaired",
        lambda: get("deployment", "fixed", fixed)["spec"]["template"]["spec"]["containers"][0]["image"] == image,
        30,
    )
    wait_ready(fixed, "fixed")


def test_what_leaves_the_resource_leaves_the_child(fixed):
    def template():
        return get("deployment", "fixed", fixed)["spec"]["template"]

    def patch(value):
        kubectl(
            "-n", fixed, "patch", "rxd", "fixed", "--type=merge", "-p", json.dumps({"spec": {"podTemplate": value}})
        )

    patch({"nodeSelector": {"kubernetes.io/os": "linux"}, "annotations": {"example.com/team": "risk"}})
    wait_until(
        "both are there",
        lambda: template()["spec"].get("nodeSelector")
        and template()["metadata"]["annotations"].get("example.com/team") == "risk",
        30,
    )
    patch(None)
    wait_until(
        "both are gone",
        lambda: not template()["spec"].get("nodeSelector")
        and "example.com/team" not in template()["metadata"].get("annotations", {}),
        30,
    )
    wait_ready(fixed, "fixed")


def test_suspend_stops_the_agents_and_resume_starts_them(fixed):
    def patch(value):
        kubectl("-n", fixed, "patch", "rxd", "fixed", "--type=merge", "-p", json.dumps({"spec": {"suspend": value}}))

    patch(True)
    wait_until("no pods", lambda: get("deployment", "fixed", fixed)["spec"]["replicas"] == 0, 30)
    patch(False)
    wait_ready(fixed, "fixed")


def test_alertsubscription_says_what_is_missing(fixed):
    apply(
        {
            "apiVersion": "radarx.io/v1",
            "kind": "AlertSubscription",
            "metadata": {"name": "rugs", "namespace": fixed},
            "spec": {
                "deploymentRef": {"name": "fixed"},
                "criteria": [{"type": "Risk", "component": "rug", "op": ">=", "value": 70}],
                "sink": {"type": "Webhook", "url": "https://alerts.example.com/hook"},
            },
        }
    )
    ready = wait_until("a condition", lambda: condition(get("rxa", "rugs", fixed), "Ready"), 30)
    assert (ready["status"], ready["reason"]) == ("False", "NotYetDelivered")


def test_deleting_the_resource_takes_its_children(fixed):
    kubectl("-n", fixed, "delete", "rxd", "fixed")
    wait_until("all children are gone", lambda: not any(get(kind, name, fixed) for kind, name in CHILDREN), 60)
