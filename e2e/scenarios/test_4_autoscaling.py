# SPDX-License-Identifier: Apache-2.0
"""Load makes the HorizontalPodAutoscaler add pods; the operator leaves the count to it."""

import tempfile
import threading

from support import agent_pods, api_key, apply, deployment_yaml, get, node, service_url, wait_ready, wait_until

LOAD_SECONDS = 150
# Asks until its time is over or the file $4 is there. $1 seconds, $2 header, $3 address.
ASK = """
end=$((SECONDS + $1))
while [ $SECONDS -lt $end ] && [ ! -e "$4" ]; do
    curl -s -o /dev/null -H "$2" "$3" "$3" "$3" "$3"
done
"""


def test_load_adds_pods_and_replicas_belong_to_the_autoscaler(namespace, chain):
    apply(
        deployment_yaml(
            "busy",
            namespace,
            autoscaling={"enabled": True, "minReplicas": 1, "maxReplicas": 3, "targetCPU": 50},
            resources={"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"cpu": "200m", "memory": "256Mi"}},
        )
    )
    wait_ready(namespace, "busy")
    wait_until(
        "the autoscaler sees the pods' CPU",
        lambda: get("hpa", "busy", namespace)["status"].get("currentMetrics"),
        120,
        1,
    )
    url = f"{service_url(namespace, 'busy')}/score/token?address={chain['tokens'][0]['token']}&chain=ethereum"
    header = f"X-API-Key: {api_key(namespace, 'busy')}"
    with tempfile.TemporaryDirectory() as folder:
        stop = f"{folder}/stop"
        threads = [
            threading.Thread(
                target=node,
                args=("bash", "-c", ASK, "load", LOAD_SECONDS, header, url, stop),
                kwargs={"timeout": LOAD_SECONDS + 30},
            )
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        try:
            wait_until(
                "a second pod is ready",
                lambda: get("deployment", "busy", namespace)["status"].get("readyReplicas", 0) >= 2,
                LOAD_SECONDS,
                1,
            )
        finally:
            open(stop, "w").close()
            for thread in threads:
                thread.join()
    deployment = get("deployment", "busy", namespace)
    owners = [
        m["manager"]
        for m in deployment["metadata"].get("managedFields", [])
        if "f:replicas" in m.get("fieldsV1", {}).get("f:spec", {}) and m.get("subresource") != "status"
    ]
    assert "radarx-operator" not in owners
    assert len(agent_pods(namespace, "busy")) >= 2
