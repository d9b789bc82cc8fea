# SPDX-License-Identifier: Apache-2.0
"""Models change under a serving agent: no request is lost, bad files are refused, rollback and the shadow work."""

import json
import os
import signal
import sys
import threading
from pathlib import Path

from conftest import ROOT, Agent, wait_until

sys.path.insert(0, str(ROOT / "tests" / "support"))

import bundle_oracle  # noqa: E402

BASE = bundle_oracle.read((ROOT / "tests" / "golden" / "agent" / "model.json").read_text())


def put(path, version, **changes):
    """A whole file at once, as a rename does it."""
    part = path.with_suffix(".part")
    part.write_text(bundle_oracle.sign({**BASE, "version": version, **changes}))
    os.replace(part, path)


def versions(agent):
    return [(m["state"], m["version"]) for m in agent.get("/api/info")[1]["models"]]


def active(agent):
    return agent.get("/api/info")[1]["model"]["version"]


def test_swap_under_load(tmp_path):
    model, shadow = tmp_path / "model.json", tmp_path / "shadow.json"
    put(model, "one")
    put(shadow, "three")
    agent = Agent(tmp_path, settings={"model": {"path": str(model), "shadow_path": str(shadow)}}).start()
    answers, stop = [], threading.Event()

    def ask():
        while not stop.is_set():
            status, body = agent.get("/api/info")[:2]
            answers.append((status, body["model"]["version"] if status == 200 else body))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    try:
        for thread in threads:
            thread.start()
        wait_until(lambda: ("shadow", "three") in versions(agent), what="the shadow model")
        put(model, "two")
        wait_until(lambda: active(agent) == "two", what="the second model")
        put(model, "broken", targets=[])
        wait_until(lambda: agent.get("/health")[1]["model"]["refused"], what="the refusal")
        health = agent.get("/health")[1]["model"]
        assert health["version"] == "two" and "targets: an array of 1 to 32 expected" in health["refused"]
        agent.process.send_signal(signal.SIGUSR2)
        wait_until(lambda: active(agent) == "one", what="the rollback")
        put(model, "four")
        wait_until(lambda: active(agent) == "four", what="the fourth model")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        agent.stop()
    assert len(answers) > 100
    assert {status for status, _ in answers} == {200}
    assert [version for _, version in answers][-1] == "four"
    assert {version for _, version in answers} == {"one", "two", "four"}
    assert "model refused; the one before stays" in agent.log()


def test_bad_models_at_start(tmp_path):
    model = tmp_path / "model.json"
    model.write_text(json.dumps({"format": "radarx-model", "format_version": 1, "version": "old"}))
    agent = Agent(Path(tmp_path), settings={"model": {"path": str(model)}}).start(ready=False)
    assert agent.process.wait(20) == 1
    assert f"{model}: format_version: 2 expected" in agent.log()
