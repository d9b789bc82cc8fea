# SPDX-License-Identifier: Apache-2.0
"""The operator's program under test, beside a real control plane."""
import os
import pathlib
import re
import signal
import subprocess
import time
import urllib.request

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
RXD = "/apis/radarx.io/v1/namespaces/{ns}/radarxdeployments"
RXA = "/apis/radarx.io/v1/namespaces/{ns}/alertsubscriptions"
# Collection path and name suffix of each child of a plain RadarXDeployment with everything enabled.
CHILDREN = {
    "ServiceAccount": ("/api/v1/namespaces/{ns}/serviceaccounts", ""),
    "ConfigMap": ("/api/v1/namespaces/{ns}/configmaps", ""),
    "Secret": ("/api/v1/namespaces/{ns}/secrets", "-api-keys"),
    "NetworkPolicy deny": ("/apis/networking.k8s.io/v1/namespaces/{ns}/networkpolicies", "-deny"),
    "NetworkPolicy allow": ("/apis/networking.k8s.io/v1/namespaces/{ns}/networkpolicies", "-allow"),
    "Deployment": ("/apis/apps/v1/namespaces/{ns}/deployments", ""),
    "Service": ("/api/v1/namespaces/{ns}/services", ""),
    "HorizontalPodAutoscaler": ("/apis/autoscaling/v2/namespaces/{ns}/horizontalpodautoscalers", ""),
    "PodDisruptionBudget": ("/apis/policy/v1/namespaces/{ns}/poddisruptionbudgets", ""),
}
WRITES = {"POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION"}
# What the operator may write; the apiserver itself writes others.
OURS = {
    "radarxdeployments", "alertsubscriptions", "serviceaccounts", "configmaps", "secrets", "deployments", "services",
    "networkpolicies", "horizontalpodautoscalers", "poddisruptionbudgets",
}  # fmt: skip
FULL_SPEC = {
    "image": {"repository": "ghcr.io/radarx/agent", "tag": "1.0.0", "pullPolicy": "IfNotPresent"},
    "resources": {"requests": {"cpu": "500m", "memory": "256Mi"}, "limits": {"cpu": "1", "memory": "512Mi"}},
    "autoscaling": {"enabled": True, "minReplicas": 3, "maxReplicas": 10, "targetCPU": 70, "targetMemory": 80},
    "disruption": {"minAvailable": 2},
    "engine": {"logLevel": "info", "rateLimitPerMinute": 60, "cacheTTL": "300s", "horizons": ["24h", "7d"]},
    "networkPolicy": {"enabled": True},
}


class Operator:
    """`radarx-operator run` against a ControlPlane; a context manager that ends it by SIGTERM."""

    def __init__(self, plane, folder, *arguments, kubeconfig=None):
        self.program = pathlib.Path(os.environ.get("RADARX_BUILD", ROOT / "build")) / "radarx-operator"
        if not self.program.exists():
            pytest.fail(f"{self.program} is not built: run scripts/build release")
        self.plane, self.arguments = plane, arguments
        self.kubeconfig = kubeconfig or plane.kubeconfig
        self.log_path = pathlib.Path(folder) / "operator.log"
        self.process, self.port = None, None

    def start(self, ready=True):
        mark = self.log_path.stat().st_size if self.log_path.exists() else 0
        command = [self.program, "run", "--kubeconfig", self.kubeconfig, "--metrics-bind-address", "127.0.0.1:0"]
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([*command, *self.arguments], stdout=log, stderr=log)
        found = lambda: re.search(rb'"msg":"listening".*"port":(\d+)', self.log_path.read_bytes()[mark:])
        self.wait(found, "the operator to listen")
        self.port = int(found().group(1))
        if ready:
            self.wait(lambda: self.get("/readyz")[0] == 200, "the operator's caches")
        return self

    __enter__ = start

    def __exit__(self, *_):
        status = self.stop()
        assert status == 0, f"exit status {status}:\n{self.log()[-4000:]}"
        assert "ERROR: " not in self.log() and "runtime error" not in self.log(), self.log()[-4000:]

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)
        return self.process.returncode

    def kill(self):
        self.process.kill()
        self.process.wait()

    def log(self):
        return self.log_path.read_text(errors="replace")

    def wait(self, condition, what, seconds=30):
        end = time.monotonic() + seconds
        while not (result := condition()):
            assert self.process.poll() is None, f"the operator ended:\n{self.log()[-4000:]}"
            assert time.monotonic() < end, f"waited {seconds} s for {what}\n{self.log()[-4000:]}"
            time.sleep(0.05)
        return result

    def get(self, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metric(self, name, **labels):
        """Sum of the series of that name that have these labels."""
        total = 0.0
        for line in self.get("/metrics")[1].splitlines():
            series, _, value = line.rpartition(" ")
            if series.split("{")[0] == name and all(f'{k}="{v}"' in series for k, v in labels.items()):
                total += float(value)
        return total

    def cpu(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Cluster:
    """Shorthand for what the tests do to a control plane."""

    def __init__(self, plane):
        self.plane = plane

    def install_crds(self, kinds=("radarxdeployments", "alertsubscriptions")):
        for kind in kinds:
            self.plane.apply_crd(ROOT / "crds" / f"radarx.io_{kind}.yaml")

    def namespace(self, name):
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        status, answer = self.plane.request("POST", "/api/v1/namespaces", body)
        assert status == 201, answer
        return name

    def create(self, ns, name, spec=None):
        body = {"apiVersion": "radarx.io/v1", "kind": "RadarXDeployment", "metadata": {"name": name, "namespace": ns},
                "spec": FULL_SPEC if spec is None else spec}  # fmt: skip
        status, answer = self.plane.request("POST", RXD.format(ns=ns), body)
        assert status == 201, answer
        return answer

    def patch(self, path, body):
        status, answer = self.plane.request("PATCH", path, body, "application/merge-patch+json")
        assert status == 200, answer
        return answer

    def rxd_path(self, ns, name):
        return f"{RXD.format(ns=ns)}/{name}"

    def rxd(self, ns, name):
        status, answer = self.plane.request("GET", self.rxd_path(ns, name))
        return answer if status == 200 else None

    def child_path(self, kind, ns, name):
        collection, suffix = CHILDREN[kind]
        return f"{collection.format(ns=ns)}/{name}{suffix}"

    def child(self, kind, ns, name):
        status, answer = self.plane.request("GET", self.child_path(kind, ns, name))
        return answer if status == 200 else None

    def children(self, ns, name):
        found = {kind: self.child(kind, ns, name) for kind in CHILDREN}
        return {kind: child for kind, child in found.items() if child}

    def condition(self, ns, name, kind):
        status = (self.rxd(ns, name) or {}).get("status") or {}
        found = [c for c in status.get("conditions") or [] if c["type"] == kind]
        return found[0] if found else None

    def is_applied(self, ns, name):
        cr = self.rxd(ns, name)
        if not cr or (cr.get("status") or {}).get("observedGeneration") != cr["metadata"]["generation"]:
            return False
        applied = self.condition(ns, name, "Applied")
        return bool(applied) and applied["status"] == "True"

    def writes(self):
        """Mutating requests for our kinds that the apiserver has counted, failed ones included."""
        status, body = self.plane.request("GET", "/metrics")
        assert status == 200
        total = 0
        for line in body["message"].splitlines():
            if line.startswith("apiserver_request_total{"):
                labels = dict(re.findall(r'(\w+)="([^"]*)"', line))
                if labels["verb"] in WRITES and labels["resource"] in OURS:
                    total += float(line.rsplit(" ", 1)[1])
        return int(total)
