# SPDX-License-Identifier: Apache-2.0
"""Cached GET /score/token against nginx (`return 200`, the same bytes) and a FastAPI constant, each on one core.

The server is pinned to core 0 and wrk to core 1; rounds alternate, medians are compared. Loopback only.
"""

import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "e2e" / "chain"))
SECONDS = int(os.environ.get("SECONDS_EACH", "5"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
CONNECTIONS = 64
TICK = os.sysconf("SC_CLK_TCK")
FASTAPI = """
from fastapi import FastAPI, Response
body = open("body.json", "rb").read()
app = FastAPI()
@app.get("/score/token")
async def score():
    return Response(body, media_type="application/json")
"""


def free_port():
    import socket

    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_http(url, want=200, timeout=60):
    deadline = time.monotonic() + timeout
    last = None
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            last = f"{error.code} {error.read()[:200]!r}"
        except OSError as error:
            last = str(error)
        time.sleep(0.05)
    raise TimeoutError(f"{url}: no {want} within {timeout} s; last: {last}")


def tree(pid):
    """A process and its descendants."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += tree(int(child))
    return found


def cpu_seconds(pids):
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICK


def memory_mib(pids):
    total = 0
    for pid in pids:
        total += int(re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M).group(1))
    return total / 1024


def load(url, process):
    pids = tree(process.pid)
    before = cpu_seconds(pids)
    out = subprocess.run(
        ["taskset", "-c", "1", "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--latency", url],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    spent = cpu_seconds(pids) - before
    if "Non-2xx" in out or "Socket errors" in out:
        raise RuntimeError(out)
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1))
    count = int(re.search(r"(\d+) requests in", out).group(1))
    p99 = re.search(r"99%\s+(\S+)", out).group(1)
    return {"rate": rate, "cpu_us": spent / count * 1e6, "p99": p99, "pss_mib": memory_mib(pids)}


def start(command, folder, env=None):
    return subprocess.Popen(
        ["taskset", "-c", "0", *command],
        cwd=folder,
        env={**os.environ, **(env or {})},
        stdout=(folder / "out.log").open("a"),
        stderr=subprocess.STDOUT,
    )


def start_agent(folder):
    """The agent following a synthetic chain; ready when its first token is scored."""
    from faultnode import FaultNode, bench_chain

    chain = bench_chain()
    node = FaultNode(chain)
    node.start()
    port = free_port()
    source = {
        "name": "bench",
        "type": "evm",
        "rpcURL": node.url,
        "chain": "ethereum",
        "weth": chain.weth,
        "factories": [{"protocol": "uniswap-v2", "address": chain.factory, "fromBlock": 0}],
        "confirmations": 0,
    }
    env = {
        "RADARX_LISTEN": f"127.0.0.1:{port}",
        "RADARX_THREADS": "1",
        "RADARX_STORE_PATH": str(folder / "bench.db"),
        "RATE_LIMIT_PER_MINUTE": "0",
        "RATE_LIMIT_PER_HOUR": "0",
        "RADARX_AUTH_MODE": "None",
        "LOG_LEVEL": "warn",
        "RADARX_SOURCES": json.dumps([source]),
    }
    began = time.monotonic()
    process = start([str(ROOT / "build" / "radarx-agent"), "serve"], folder, env)
    wait_http(f"http://127.0.0.1:{port}/ready")
    ready_ms = (time.monotonic() - began) * 1000
    url = f"http://127.0.0.1:{port}/score/token?address={chain.tokens[0]}&chain=ethereum"
    return process, url, wait_http(url), node, ready_ms


def start_nginx(folder, body):
    port = free_port()
    # A parameter may have 4,096 bytes, so the body is put together from pieces.
    pieces = [body[i : i + 2000].decode() for i in range(0, len(body), 2000)]
    quoted = [p.replace("\\", "\\\\").replace("'", "\\'").replace("$", "${dollar}") for p in pieces]
    sets = " ".join(f"set $p{i} '{text}';" for i, text in enumerate(quoted))
    answer = "".join(f"$p{i}" for i in range(len(pieces)))
    (folder / "nginx.conf").write_text(
        f"daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr crit;\n"
        "events { worker_connections 1024; }\n"
        "http { access_log off; keepalive_requests 100000000; geo $dollar { default '$'; }\n"
        f" server {{ listen 127.0.0.1:{port} reuseport; location /score/token {{ default_type application/json;"
        f" {sets} return 200 {answer}; }} }} }}\n"
    )
    process = start(["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")], folder)
    return process, f"http://127.0.0.1:{port}/score/token"


def start_fastapi(folder, body):
    port = free_port()
    (folder / "body.json").write_bytes(body)
    (folder / "constant.py").write_text(FASTAPI)
    process = start(
        [
            sys.executable,
            "-m",
            "uvicorn",
            "--port",
            str(port),
            "--no-access-log",
            "--log-level",
            "critical",
            "constant:app",
        ],
        folder,
    )
    return process, f"http://127.0.0.1:{port}/score/token"


def main():
    folder = Path(tempfile.mkdtemp(prefix="radarx-bench-"))
    processes, node = [], None
    try:
        agent, agent_url, body, node, ready_ms = start_agent(folder)
        processes.append(agent)
        peers = {"agent, cached score": (agent, agent_url)}
        for name, make in (("nginx return 200", start_nginx), ("FastAPI constant", start_fastapi)):
            process, url = make(folder, body)
            processes.append(process)
            if wait_http(url) != body:
                raise RuntimeError(f"{name} does not answer the same bytes")
            peers[name] = (process, url)
        rows = {name: [] for name in peers}
        for _ in range(ROUNDS):
            for name, (process, url) in peers.items():
                rows[name].append(load(url, process))
        median = {
            name: {k: statistics.median(r[k] for r in runs) for k in ("rate", "cpu_us", "pss_mib")}
            for name, runs in rows.items()
        }
        base = median["nginx return 200"]["rate"]
        print(f"\nGET, {len(body)} bytes, {CONNECTIONS} connections, one core each, median of {ROUNDS} x {SECONDS} s")
        print(f"{'server':22} {'req/s':>10} {'of nginx':>9} {'CPU us/req':>11} {'p99':>9} {'PSS MiB':>8}")
        for name, m in median.items():
            print(
                f"{name:22} {m['rate']:>10.0f} {m['rate'] / base:>8.2f}x {m['cpu_us']:>11.2f} "
                f"{rows[name][-1]['p99']:>9} {m['pss_mib']:>8.1f}"
            )
        print(f"agent: /ready answers {ready_ms:.0f} ms after exec")
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            process.wait(timeout=30)
        if node:
            node.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
