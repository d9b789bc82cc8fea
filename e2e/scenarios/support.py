# SPDX-License-Identifier: Apache-2.0
"""What the scenarios share: kubectl, waiting for conditions, the chain, requests as a client would send them."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "e2e"))
import scores  # noqa: E402

CLUSTER = Path(os.environ.get("RADARX_CLUSTER_DIR", ROOT / "build" / "cluster"))
OWN_CLUSTER = os.environ.get("KUBECONFIG", "") == str(CLUSTER / "admin.kubeconfig")
MARKET = ROOT / "build" / "chain" / "market.json"


def run(*command, timeout=300, check=True, **kw):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=timeout, **kw)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def kubectl(*args, **kw):
    return run("kubectl", *args, **kw)


def get(kind, name, namespace):
    """The object, or None when it does not exist."""
    out = kubectl("-n", namespace, "get", kind, name, "-o", "json", "--ignore-not-found")
    return json.loads(out) if out.strip() else None


def items(kind, namespace, selector=""):
    return json.loads(kubectl("-n", namespace, "get", kind, "-o", "json", *(["-l", selector] if selector else [])))[
        "items"
    ]


def apply(text):
    return kubectl("apply", "-f", "-", input=text if isinstance(text, str) else json.dumps(text))


def wait_until(what, check, timeout=60, every=0.2):
    """Calls check() until it is true and returns that value; the last value or error is told on a time-out."""
    deadline = time.monotonic() + timeout
    last = None
    while True:
        try:
            last = check()
            if last:
                return last
        except (RuntimeError, OSError, KeyError, TypeError, IndexError) as error:
            last = error
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {what}; last: {last!r}")
        time.sleep(every)


def wait_ready(namespace, name, timeout=180):
    kubectl(
        "-n", namespace, "wait", "--for=condition=Ready", f"rxd/{name}", f"--timeout={timeout}s", timeout=timeout + 10
    )


def condition(obj, kind):
    return next((c for c in (obj or {}).get("status", {}).get("conditions", []) if c["type"] == kind), None)


def node(*command, **kw):
    """Runs a command where pod and Service addresses are routed."""
    return run(ROOT / "e2e" / "cluster" / "nodesh", *command, **kw) if OWN_CLUSTER else run(*command, **kw)


def market(*args, **kw):
    return node(ROOT / "e2e" / "chain" / "market", *args, **kw)


def deployment_yaml(name, namespace, **spec):
    """The RadarXDeployment for the running chain, with top-level spec fields replaced."""
    import yaml

    obj = yaml.safe_load(run(ROOT / "e2e" / "chain" / "cr", name, namespace))
    obj["spec"].update(spec)
    return obj


def agent_pods(namespace, name):
    pods = items("pods", namespace, f"app.kubernetes.io/instance={name}")
    return [p for p in pods if not p["metadata"].get("deletionTimestamp")]


def agent_pid(pod):
    """Host process id of the agent in a pod of our own cluster."""
    uid = pod["metadata"]["uid"]
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            if (folder / "comm").read_text().strip() == "radarx-agent" and uid in (folder / "cgroup").read_text():
                return int(folder.name)
        except OSError:
            continue  # the process is gone
    return None


def sigkill_agent(pod):
    pid = agent_pid(pod)
    assert pid, f"no radarx-agent process in pod {pod['metadata']['name']}"
    os.kill(pid, signal.SIGKILL)


def http(url, key="", timeout=5):
    """(status, parsed body) of a GET from the node; status 0 when nobody answers."""
    out = node("curl", "-s", "-m", timeout, "-H", f"X-API-Key: {key}", "-w", "\n%{http_code}", url, check=False)
    body, _, status = out.rpartition("\n")
    try:
        return int(status or 0), json.loads(body)
    except ValueError:
        return int(status or 0), body


def api_key(namespace, name):
    return scores.api_key(namespace, name)


def service_url(namespace, name):
    return scores.service_url(namespace, name)


def pod_url(pod):
    return f"http://{pod['status']['podIP']}:8080"


def score_of(base, key, token, at_block, timeout=90):
    """The score of a token once the agent has come to a block, without what tells of the moment of asking."""

    def ask():
        status, body = http(f"{base}/score/token?address={token}&chain=ethereum&include_features=true", key)
        return body if status == 200 and body["as_of_block"] >= at_block else None

    body = wait_until(f"{base} scores {token} at block {at_block}", ask, timeout)
    for key_ in ("timestamp", "lag_seconds"):
        body.pop(key_, None)
    return body
