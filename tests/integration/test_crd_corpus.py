# SPDX-License-Identifier: Apache-2.0
"""`radarx-operator validate` against a real apiserver, on every CR of tests/corpus/cr.

Both must give the same verdict and blame the same field. The apiserver walks maps in random order, so that of several
problems of one stage any may come first: ours must be among them.
"""
import os
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from control_plane import ControlPlane  # noqa: E402

CORPUS = ROOT / "tests" / "corpus" / "cr"
OPERATOR = pathlib.Path(os.environ.get("RADARX_BUILD", ROOT / "build")) / "radarx-operator"
PLURALS = {"RadarXDeployment": "radarxdeployments", "AlertSubscription": "alertsubscriptions"}
UNKNOWN = re.compile(r'unknown field "([^"]+)"')


def crs(kind):
    return sorted((CORPUS / kind).glob("*.yaml"))


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    with ControlPlane(tmp_path_factory.mktemp("control-plane")) as plane:
        for crd in sorted((ROOT / "crds").glob("*.yaml")):
            plane.apply_crd(crd)
        yield plane


def validate(path):
    """Exit status and the field paths in the order of the report."""
    result = subprocess.run([OPERATOR, "validate", "-f", path], capture_output=True, text=True, timeout=60)
    assert result.returncode in (0, 1), result.stderr
    paths = [line.split(": ")[0] for line in result.stdout.splitlines()]
    return result.returncode, paths, result.stdout + result.stderr


def ask(plane, path):
    """Status code, field paths and message of a strict dry-run create."""
    kind = re.search(r'kind"?: "?(\w+)', path.read_text()).group(1)
    version = re.search(r'apiVersion"?: "?([\w./]+)', path.read_text()).group(1)
    url = f"/apis/{version}/namespaces/default/{PLURALS.get(kind, kind.lower())}"
    status, body = plane.request("POST", url + "?dryRun=All&fieldValidation=Strict", path.read_bytes(),
                                 "application/yaml")
    if status == 201:
        return status, [], ""
    causes = (body.get("details") or {}).get("causes") or []
    paths = [cause.get("field") or "<nil>" for cause in causes]
    # "<nil>" says that rules were left out; the scale subresource repeats problems of .spec.replicas.
    paths = [path for path in paths if path != "<nil>" and not path.startswith(".")]
    return status, paths or UNKNOWN.findall(body["message"]), body["message"]


def normal(path):
    """The apiserver writes a[b] for keys of maps, we write a.b; an index stays."""
    return re.sub(r"\[([^\]0-9][^\]]*)\]", r".\1", path)


def test_corpus_is_large():
    assert len(crs("good")) + len(crs("bad")) >= 60


@pytest.mark.parametrize("path", crs("good"), ids=lambda path: path.stem)
def test_good(plane, path):
    status, _, message = ask(plane, path)
    assert status == 201, message
    code, _, output = validate(path)
    assert code == 0, output


@pytest.mark.parametrize("path", crs("bad"), ids=lambda path: path.stem)
def test_bad(plane, path):
    status, theirs, message = ask(plane, path)
    assert 400 <= status < 500, message
    code, ours, output = validate(path)
    assert code == 1, output
    print(f"apiserver: {message}\nvalidate: {output}")
    if theirs:
        assert ours, output
        assert normal(ours[0]) in [normal(their) for their in theirs], message
        assert {normal(our) for our in ours} == {normal(their) for their in theirs}, message


def test_annotations_are_bounded(plane, tmp_path):
    path = tmp_path / "large.yaml"
    path.write_text("apiVersion: radarx.io/v1\nkind: RadarXDeployment\nspec: {}\n"
                    f"metadata: {{name: sample, annotations: {{a: {'x' * (256 * 1024)}}}}}\n")
    test_bad(plane, path)


# What a user reads is the rule's own sentence, on the field that it is about.
MESSAGES = {
    "budget-equals-replicas": "spec.disruption.minAvailable: Invalid value: must be below the smallest number",
    "name-with-dot": "metadata.name: Invalid value: must be a DNS label that begins with a letter",
    "autoscaling-without-max": "spec.autoscaling.maxReplicas: Required value: is required while autoscaling is enabled",
    "source-with-two-urls": "spec.sources[0].rpcURL: Invalid value: exactly one of rpcURL and rpcURLSecretRef",
    "cpu-above-limit": "spec.resources.requests.cpu: Invalid value: must not be above limits.cpu",
    "cache-ttl-too-long": 'spec.engine.cacheTTL: Invalid value: "61m": must be at most 1h',
    "env-reserved": "is the agent's own setting; use spec.engine, spec.sources or spec.auth",
    "alert-probability-above-one": "spec.criteria[0].value: Invalid value: must be at most 1 for Probability",
    "unknown-field": 'unknown field "spec.replica"',
}


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_message(plane, name):
    _, _, message = ask(plane, CORPUS / "bad" / f"{name}.yaml")
    assert MESSAGES[name] in message


def test_rules_say_the_same():
    """The sentence of a broken rule is the CRD's, in both."""
    crd = "".join(path.read_text() for path in (ROOT / "crds").glob("*.yaml"))
    crd = re.sub(r"\s+", " ", crd)
    for path in crs("bad"):
        _, _, output = validate(path)
        for line in output.splitlines():
            message = line.split(": ", 1)[1]
            if "must not be above" in message or "each address" in message or "smallest number" in message:
                assert message in crd, line
