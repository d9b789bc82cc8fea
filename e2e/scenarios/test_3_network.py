# SPDX-License-Identifier: Apache-2.0
"""A client in another namespace is refused until the resource admits it."""

import json
import uuid

import pytest
from support import apply, deployment_yaml, get, kubectl, service_url, wait_ready, wait_until

TOOLS = "localhost/tools:1"


@pytest.fixture(scope="module")
def guarded(namespace, chain):
    apply(deployment_yaml("guarded", namespace, replicas=1))
    wait_ready(namespace, "guarded")
    return namespace


def client(namespace, name="client"):
    """A pod that waits to be told what to ask for."""
    apply(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {
                "terminationGracePeriodSeconds": 0,
                "automountServiceAccountToken": False,
                "securityContext": {
                    "runAsNonRoot": True,
                    "runAsUser": 65532,
                    "seccompProfile": {"type": "RuntimeDefault"},
                },
                "containers": [
                    {
                        "name": "tools",
                        "image": TOOLS,
                        "imagePullPolicy": "IfNotPresent",
                        "command": ["sleep", "3600"],
                        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
                    }
                ],
            },
        }
    )
    kubectl("-n", namespace, "wait", "--for=condition=Ready", f"pod/{name}", "--timeout=60s")


def ask(namespace, url):
    out = kubectl(
        "-n",
        namespace,
        "exec",
        "client",
        "--",
        "curl",
        "-s",
        "-m",
        "3",
        "-o",
        "/dev/null",
        "-w",
        "%{http_code}",
        url,
        check=False,
    )
    return out.strip()


@pytest.fixture(scope="module")
def stranger():
    name = f"e2e-client-{uuid.uuid4().hex[:8]}"
    kubectl("create", "namespace", name)
    kubectl("label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted", f"team={name}")
    client(name)
    yield name
    kubectl("delete", "namespace", name, "--wait=false")


def test_refused_until_admitted_and_again_after(guarded, stranger):
    url = f"http://guarded.{guarded}.svc/livez"
    client(guarded)
    wait_until("a client in the same namespace gets through", lambda: ask(guarded, url) == "200", 30)
    assert ask(stranger, url) == "000"

    def admit(peers):
        kubectl(
            "-n",
            guarded,
            "patch",
            "rxd",
            "guarded",
            "--type=merge",
            "-p",
            json.dumps({"spec": {"networkPolicy": {"enabled": True, "ingressFrom": peers}}}),
        )

    admit([{"namespaceSelector": {"matchLabels": {"team": stranger}}}])
    wait_until("the admitted client gets through", lambda: ask(stranger, url) == "200", 30)
    admit(None)
    wait_until("it is refused again", lambda: ask(stranger, url) == "000", 30)


def test_policies_are_ours_to_remove(guarded, stranger):
    kubectl(
        "-n",
        guarded,
        "patch",
        "rxd",
        "guarded",
        "--type=merge",
        "-p",
        json.dumps({"spec": {"networkPolicy": {"enabled": False}}}),
    )
    wait_until(
        "both are gone",
        lambda: not get("networkpolicy", "guarded-deny", guarded)
        and not get("networkpolicy", "guarded-allow", guarded),
        30,
    )
    wait_until("everybody gets through", lambda: ask(stranger, service_url(guarded, "guarded") + "/livez") == "200", 30)
