# SPDX-License-Identifier: Apache-2.0
"""Fixtures shared by the integration tests: the built programs, free ports, running agents."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
for folder in ("e2e/chain", "tests/support"):
    sys.path.insert(0, str(ROOT / folder))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, seconds=30, what="the condition"):
    """The first true result of condition(), asked again and again."""
    end = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.02)


def program(name):
    path = Path(os.environ.get("RADARX_BUILD", ROOT / "build")) / name
    if not path.exists():
        pytest.fail(f"{path} is not built: run scripts/build release")
    return path


class Agent:
    """A radarx-agent that serves; stopped by the fixture that made it."""

    def __init__(self, folder, sources=(), settings=None):
        self.folder, self.port = Path(folder), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.config = {
            "server": {"listen": f"127.0.0.1:{self.port}", "threads": 1, "drain": "1s"},
            "store": {"path": str(self.folder / "radarx.db")},
            "limits": {"rate_per_minute": 0, "rate_per_hour": 0},
            "sources": list(sources),
        }
        for key, value in (settings or {}).items():
            self.config[key] = {**self.config.get(key, {}), **value}
        self.log_path = self.folder / "agent.log"
        self.process = None

    def start(self, ready=True):
        config = self.folder / "radarx.json"
        config.write_text(json.dumps(self.config), encoding="utf-8")
        with open(self.log_path, "a", encoding="utf-8") as log:
            command = [program("radarx-agent"), "serve", "--config", config]
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        if ready:
            wait_until(self._listens, what="the agent listens")
        return self

    def _listens(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the agent ended with {self.process.returncode}:\n{self.log()[-3000:]}")
        return self.get("/livez")[0] == 200

    def get(self, path, timeout=10, **query):
        """Status and body: JSON when it is, else text. Status 0 when nobody answers."""
        url = self.url + path + ("?" + urllib.parse.urlencode(query) if query else "")
        try:
            with urllib.request.urlopen(url, timeout=timeout) as answer:
                status, body = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, body = error.code, error.read()
        except OSError:
            return 0, None
        try:
            return status, json.loads(body)
        except ValueError:
            return status, body.decode("utf-8", "replace")

    def health(self):
        return self.get("/health")[1]

    def source(self, index=0):
        body = self.health()
        return body["sources"][index] if body and body.get("sources") else None

    def score(self, token, chain="ethereum", **query):
        return self.get("/score/token", address=token, chain=chain, include_features="true", **query)

    def metric(self, name, **labels):
        """Sum of the series of that name that have these labels."""
        total = 0.0
        for line in self.get("/metrics")[1].splitlines():
            series, _, value = line.rpartition(" ")
            if series.split("{")[0] == name and all(f'{k}="{v}"' in series for k, v in labels.items()):
                total += float(value)
        return total

    def wait_block(self, block, seconds=30):
        """Waits until the source follows and scores are as of that block or a later one."""

        def there():
            source = self.source()
            return source and source["state"] == "following" and (source["as_of_block"] or 0) >= block

        try:
            wait_until(there, seconds)
        except AssertionError:
            raise AssertionError(f"block {block} not reached: {self.source()}\n{self.log()[-3000:]}") from None

    def log(self):
        return self.log_path.read_text(encoding="utf-8", errors="replace") if self.log_path.exists() else ""

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """Asks it to end; its exit status."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(f"the agent did not end:\n{self.log()[-3000:]}") from None
        return self.process.returncode if self.process else None


@pytest.fixture
def make_agent(tmp_path):
    """make_agent(sources, settings=None, name="agent") -> a started Agent; stopped afterwards, which
    must end well (a sanitizer's report makes it fail)."""
    agents = []

    def make(sources=(), settings=None, name="agent", start=True):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        agent = Agent(folder, sources, settings)
        agents.append(agent)
        return agent.start() if start else agent

    yield make
    killed = (None, -signal.SIGKILL)
    for agent in agents:
        status = agent.stop()
        assert status in (0, *killed), f"exit status {status}:\n{agent.log()[-5000:]}"
        assert "ERROR: " not in agent.log() and "runtime error" not in agent.log(), agent.log()[-5000:]


def evm_source(node_url, chain, **more):
    """The settings of an evm source that follows a synthetic chain."""
    return {
        "name": "chain",
        "type": "evm",
        "rpcURL": node_url,
        "chain": "ethereum",
        "weth": chain.weth,
        "factories": [{"protocol": "uniswap-v2", "address": chain.factory, "fromBlock": 0}],
        "confirmations": 0,
        "pollInterval": "50ms",
        **more,
    }
