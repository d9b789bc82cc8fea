# SPDX-License-Identifier: Apache-2.0
"""One operator and one chain for the whole run; a namespace of its own for each test module."""

import json
import uuid

import pytest
from support import MARKET, OWN_CLUSTER, ROOT, kubectl, node, run


@pytest.fixture(scope="session")
def operator():
    run(
        "helm",
        "upgrade",
        "--install",
        "radarx",
        ROOT / "charts" / "radarx-operator",
        "--namespace",
        "radarx-system",
        "--create-namespace",
        "--wait",
        "--timeout",
        "120s",
    )
    return "radarx-system"


@pytest.fixture(scope="session")
def chain(operator):
    """The market, traded up to the last block before its rugs."""
    host = "10.88.0.1" if OWN_CLUSTER else "127.0.0.1"
    node("env", f"ANVIL_HOST={host}", ROOT / "e2e" / "chain" / "up", timeout=600)
    node(ROOT / "e2e" / "chain" / "market", "run", "--until", "before-rug")
    return json.loads(MARKET.read_text())


@pytest.fixture(scope="module")
def namespace(operator):
    name = f"e2e-{uuid.uuid4().hex[:8]}"
    kubectl("create", "namespace", name)
    kubectl("label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
    yield name
    kubectl("delete", "namespace", name, "--wait=false")
