# SPDX-License-Identifier: Apache-2.0
"""The agent over real sockets: bad requests, keys, limits, start-up errors, ending."""

import concurrent.futures
import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.request

import pytest
from conftest import evm_source, free_port, program, wait_until
from faultnode import FaultNode, sample_chain

TOKEN = "0x" + "ab" * 20
KEYS = ("first-key-0123456789", "second-key-0123456789")


def connect(agent):
    sock = socket.create_connection(("127.0.0.1", agent.port), 10)
    sock.settimeout(20)
    return sock


def read_all(sock):
    """Everything until the agent closes; a reset counts as the end."""
    data = b""
    try:
        while part := sock.recv(65536):
            data += part
    except ConnectionResetError:
        pass
    return data


def talk(agent, *parts):
    with connect(agent) as sock:
        try:
            for part in parts:
                sock.sendall(part.encode("latin-1") if isinstance(part, str) else part)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return read_all(sock)


def status_of(answer):
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else None


def envelope_of(answer):
    body = json.loads(answer.split(b"\r\n\r\n", 1)[1])
    assert set(body) == {"error", "code", "message", "request_id"} and all(body.values())
    return body


def get(agent, target, **headers):
    lines = "".join(f"{k.replace('_', '-')}: {v}\r\n" for k, v in headers.items())
    return talk(agent, f"GET {target} HTTP/1.1\r\nHost: x\r\n{lines}Connection: close\r\n\r\n")


@pytest.fixture
def agent(make_agent):
    return make_agent()


@pytest.mark.parametrize(
    "query, status, code, names",
    [
        ("", 422, "missing_parameter", "address"),
        (f"address={TOKEN}", 422, "missing_parameter", "chain"),
        ("address=0x12&chain=ethereum", 400, "invalid_address", "address: expected 0x and 40 hex digits"),
        (f"address={TOKEN}00&chain=ethereum", 400, "invalid_address", "address"),
        (f"address={TOKEN[:-1]}g&chain=ethereum", 400, "invalid_address", "address"),
        (f"address={TOKEN}&chain=notachain", 400, "invalid_chain", "chain: expected ethereum"),
        (f"address={TOKEN}&chain=eth&horizons=1h", 400, "invalid_parameter", "horizons: expected some of 24h"),
        (f"address={TOKEN}&chain=eth&horizons=24h,,7d", 400, "invalid_parameter", "horizons"),
        (f"address={TOKEN}&chain=eth&include_features=maybe", 400, "invalid_parameter", "include_features"),
        (f"address={TOKEN}&chain=eth&chain=bsc", 400, "bad_request", '"chain" twice'),
        (f"address={TOKEN}&chain=eth&ch%61in=bsc", 400, "bad_request", '"chain" twice'),
        (f"address={TOKEN}&chain=%zz", 400, "bad_request", "two hex digits"),
        (f"address={TOKEN}&chain=%", 400, "bad_request", "two hex digits"),
        (f"address={TOKEN}&chain=eth%00", 400, "bad_request", "NUL"),
        (f"address={TOKEN}&chain=%ff%fe", 400, "bad_request", "UTF-8"),
        (f"address={TOKEN}&chain=eth", 404, "chain_not_followed", "ethereum"),
        ("&".join(f"p{i}=1" for i in range(33)), 400, "bad_request", "more than 32"),
        ("x=" + "a" * 9000, 414, "uri_too_long", "8192"),
    ],
)
def test_bad_queries_are_named(agent, query, status, code, names):
    answer = get(agent, f"/score/token?{query}", X_Request_Id="probe-1")
    assert status_of(answer) == status, answer[:300]
    body = envelope_of(answer)
    assert body["code"] == code and names in body["message"] and body["request_id"] == "probe-1"


@pytest.mark.parametrize(
    "request_text, status",
    [
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabcGET /", 400),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nX Y: z\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("POST /score/token HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n", 413),
        ("GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + "a" * 40000 + "\r\n\r\n", 431),
        ("GET / HTTP/1.1\r\nHost: x\r\n" + "X-Many: 1\r\n" * 4000 + "\r\n", 431),
        ("A" * 40 + " / HTTP/1.1\r\nHost: x\r\n\r\n", 501),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", None),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", None),
        ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", None),
        ("\x00\x01\x02\r\n\r\n", None),
        ("GET / HTTP/9.9\r\nHost: x\r\n\r\n", None),
    ],
)
def test_bad_messages_are_refused_and_closed(agent, request_text, status):
    """None: the library may refuse without a word. Nothing here asked for the close that must come."""
    answer = talk(agent, request_text)
    got = status_of(answer)
    if status is None:
        assert got is None or 400 <= got <= 505, answer[:300]
    elif status == 431:
        assert got in (400, 413, 414, 431), answer[:300]
    else:
        assert got == status, answer[:300]
    if status not in (None, 431):
        envelope_of(answer)
        assert len(re.findall(rb"HTTP/1\.1 \d{3} ", answer)) == 1
    assert agent.get("/livez")[0] == 200


def test_chunked_body_above_the_limit(agent):
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    answer = talk(agent, "POST /livez HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", *[chunk] * 20,
                  b"0\r\n\r\n")
    assert status_of(answer) == 413
    assert envelope_of(answer)["code"] == "body_too_large"
    # Without an end it is cut, not read for ever.
    talk(agent, "POST /livez HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", *[chunk] * 200)
    assert agent.get("/livez")[0] == 200


def test_unknown_paths_and_methods(agent):
    for path in ("/", "/score", "/score/token/", "/score/token/x", "/..", "/%2e%2e/etc/passwd", "//livez"):
        answer = get(agent, path)
        assert status_of(answer) == 404 and envelope_of(answer)["code"] == "not_found", path
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"):
        answer = talk(agent, f"{method} /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        assert status_of(answer) == 405 and b"\r\nAllow: GET, HEAD\r\n" in answer, method
    answer = talk(agent, "HEAD /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert status_of(answer) == 200 and answer.endswith(b"\r\n\r\n")
    answer = talk(agent, "GET http://x/livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert status_of(answer) == 400


def test_answers_carry_security_headers(agent):
    for path in ("/livez", "/nothing"):
        answer = get(agent, path, X_Request_Id="id-1")
        for line in ("X-Content-Type-Options: nosniff", "Cache-Control: no-store", "X-Frame-Options: DENY",
                     "Content-Security-Policy: default-src 'none'", "X-Request-Id: id-1"):
            assert answer.count(f"\r\n{line}\r\n".encode()) == 1, (path, line)


def test_health_without_sources_makes_no_number_up(agent):
    status, body = agent.get("/health")
    assert status == 200 and body["sources"] == []
    assert body["as_of_block"] is None and body["lag_seconds"] is None


def test_slow_clients_are_cut(agent):
    """A byte now and then never lasts longer than the deadline of a request (10 s)."""
    start, sockets = time.monotonic(), [connect(agent) for _ in range(20)]
    open_ones = set(sockets)
    text = b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: " + b"a" * 10000
    for at in range(10000):
        for sock in list(open_ones):
            try:
                sock.send(text[at:at + 1])
            except OSError:
                open_ones.discard(sock)
        if not open_ones or time.monotonic() - start > 25:
            break
        time.sleep(0.1)
    assert not open_ones, f"{len(open_ones)} still open after {time.monotonic() - start:.0f} s"
    assert time.monotonic() - start > 8
    for sock in sockets:
        sock.close()
    assert agent.get("/livez")[0] == 200
    assert agent.metric("http_rejected_total", reason="timeout") >= 20


def test_pipelined_requests_are_answered_in_order(agent):
    paths = ["/livez", "/nothing", "/ready"] * 50
    text = "".join(f"GET {p} HTTP/1.1\r\nHost: x\r\n\r\n" for p in paths)
    answer = talk(agent, text + "GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]] == [200, 404, 200] * 50 + [200]


def test_many_connections_on_two_loops(make_agent):
    agent = make_agent(settings={"server": {"threads": 2}})

    def work(_):
        with connect(agent) as sock:
            for _ in range(20):
                sock.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
                assert b" 200 OK" in sock.recv(4096)
        return True

    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        assert all(pool.map(work, range(80)))
    assert agent.metric("http_requests_total", route="/livez", status="200") >= 1600
    wait_until(lambda: agent.metric("http_connections") <= 1, what="the connections are gone")


def test_keys_are_asked_for_and_read_again(make_agent, tmp_path):
    keys = tmp_path / "keys"
    keys.mkdir()
    (keys / "key-1").write_text(KEYS[0] + "\n")
    agent = make_agent(settings={"auth": {"keys_dir": str(keys)}})
    target = f"/score/token?address={TOKEN}&chain=eth"
    for path in ("/livez", "/ready", "/health", "/metrics"):
        assert agent.get(path)[0] == 200
    for path in (target, "/api/info", "/openapi.json"):
        assert status_of(get(agent, path)) == 401
        assert status_of(get(agent, path, X_API_Key="x" * 300)) == 401
        assert status_of(get(agent, path, X_API_Key=KEYS[1])) == 401
        assert status_of(get(agent, path, X_API_Key=KEYS[0])) in (200, 404)
    assert envelope_of(get(agent, target))["code"] == "unauthorized"
    (keys / "key-2").write_text(KEYS[1])
    (keys / "key-1").unlink()
    wait_until(lambda: status_of(get(agent, target, X_API_Key=KEYS[1])) == 404, 15, "the new key opens")
    assert status_of(get(agent, target, X_API_Key=KEYS[0])) == 401
    # A file that is no key changes nothing, and says so.
    (keys / "bad").write_text("short")
    wait_until(lambda: "bad: expected 16 to 256 bytes" in agent.log(), 15, "the bad file is named")
    assert status_of(get(agent, target, X_API_Key=KEYS[1])) == 404
    assert not any(key in agent.log() for key in KEYS)


def test_limits_by_key_and_by_address(make_agent):
    agent = make_agent(settings={"auth": {"key": KEYS[0]}, "limits": {"rate_per_minute": 5, "rate_per_hour": 7}})
    answers = [get(agent, "/api/info", X_API_Key=KEYS[0]) for _ in range(9)]
    assert [status_of(a) for a in answers].count(200) <= 7
    limited = answers[-1]
    assert status_of(limited) == 429 and envelope_of(limited)["code"] == "rate_limited"
    wait = [line for line in limited.split(b"\r\n") if line.lower().startswith(b"retry-after: ")]
    assert 1 <= int(wait[0].split()[1]) <= 7200
    assert [status_of(get(agent, "/api/info", X_API_Key="wrong-key-0123456789")) for _ in range(9)][-1] == 429
    assert agent.get("/livez")[0] == 200


def test_scores_over_http(make_agent):
    chain = sample_chain(60)
    with FaultNode(chain) as node:
        agent = make_agent([evm_source(node.url, chain)])
        agent.wait_block(chain.head)
        token = list(chain.tokens)[0]
        status, body = agent.get("/score/token", address=token.upper().replace("0X", "0x"), chain="ETH")
        assert status == 200 and body["as_of_block"] == chain.head and body["features"] is None
        assert {u["path"] for u in body["unknown"]} >= {"risk_score.components.dev_risk", "top_holders"}
        assert agent.get("/score/token", address=TOKEN, chain="ethereum")[0] == 404
        assert agent.health()["status"] == "healthy" and agent.health()["synced"] is True
        hits = agent.metric("radarx_cache_requests_total", result="hit")
        agent.get("/score/token", address=token, chain="eth")
        assert agent.metric("radarx_cache_requests_total", result="hit") == hits + 1
        assert node.url not in json.dumps(agent.get("/api/info")[1])


def run_serve(*arguments, env=None):
    return subprocess.run([program("radarx-agent"), "serve", *arguments], capture_output=True, text=True, timeout=30,
                          env={**os.environ, **(env or {})}, check=False)


@pytest.mark.parametrize(
    "config, message",
    [
        ({"server": {"listen": "nowhere"}}, "server.listen: expected address:port"),
        ({"server": {"listen": "localhost:1"}, "auth": {"mode": "None"}},
         'listen address "localhost": expected a numeric address'),
        ({"server": {"listen": "0.0.0.0:PORT"}}, "auth.keys_dir, auth.key: expected at least one API key"),
        ({"server": {"threads": 65}}, "server.threads"),
        ({"server": {"drain": "1 hour"}}, "server.drain"),
        ({"log": {"level": "loud"}}, "log.level"),
        ({"engine": {"horizons": ["24h", "1y"]}}, "engine.horizons"),
        ({"engine": {"multipliers": [3]}}, "engine.multipliers"),
        ({"engine": {"risk_weights": {"rug": 2}}}, "engine.risk_weights: "),
        ({"auth": {"key": "short"}}, "auth.key: expected 16 to 256 bytes"),
        ({"auth": {"keys_dir": "/nonexistent"}}, "/nonexistent"),
        ({"nothing": {"like": "this"}}, "setting nothing"),
        ({"model": {"path": "/nonexistent.json"}}, "/nonexistent.json"),
        ({"store": {"path": "/nonexistent/radarx.db"}}, "/nonexistent/radarx.db"),
        ({"sources": [{"name": "a", "type": "solana"}]}, "sources[0]"),
    ],
)
def test_bad_settings_end_the_start(tmp_path, config, message):
    text = json.dumps({"store": {"path": str(tmp_path / "a.db")}, "server": {"listen": f"127.0.0.1:{free_port()}"},
                       **config}).replace("PORT", str(free_port()))
    (tmp_path / "radarx.json").write_text(text)
    result = run_serve("--config", tmp_path / "radarx.json")
    assert result.returncode in (1, 2)
    said = result.stderr + "".join(
        json.loads(line).get("error", "") for line in result.stderr.splitlines() if line.startswith("{"))
    assert message in said, result.stderr


def test_a_taken_port_is_an_error(agent):
    result = run_serve("--listen", f"127.0.0.1:{agent.port}", "--store", str(agent.folder / "other.db"))
    assert result.returncode == 1
    assert "Address already in use" in result.stderr and str(agent.port) in result.stderr


def test_help_lists_every_setting():
    text, table = run_serve("--help").stdout, run_serve("--help-markdown").stdout
    for name in ("--listen", "RADARX_LISTEN", "RATE_LIMIT_PER_MINUTE", "--sources"):
        assert name in text and name in table
    assert run_serve("--nonsense").returncode == 2
    assert run_serve("--config").returncode == 2


def test_precedence_of_settings(tmp_path):
    (tmp_path / "radarx.json").write_text(json.dumps({"log": {"level": "error"}, "cache": {"ttl": "1s"}}))
    port = free_port()
    process = subprocess.Popen(
        [program("radarx-agent"), "serve", "--config", tmp_path / "radarx.json", f"--listen=127.0.0.1:{port}",
         "--store", tmp_path / "a.db", "--cache-ttl", "3s"],
        env={**os.environ, "LOG_LEVEL": "warn", "RADARX_CACHE_TTL": "2s"}, stderr=subprocess.DEVNULL)

    def info():
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/info") as answer:
                return json.load(answer)["configuration"]
        except OSError:
            return None

    try:
        shown = wait_until(info)
        assert (shown["log.level"], shown["cache.ttl"]) == ("warn", "3s")
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def test_sigterm_finishes_what_is_under_way(make_agent):
    agent = make_agent(settings={"server": {"drain": "4s"}})
    with connect(agent) as sock:
        sock.sendall(b"POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab")
        agent.process.send_signal(signal.SIGTERM)
        wait_until(lambda: agent.get("/ready")[0] == 503, what="/ready says no")
        assert agent.get("/livez")[0] == 200  # still served: those who route to it learn of it late
        sock.sendall(b"cd")
        assert status_of(sock.recv(4096)) == 405
    assert agent.process.wait(20) == 0


def test_is_ready_soon_after_the_start(tmp_path):
    """The goal is 150 ms for a release build; a shared machine and sanitizers get their allowance."""
    best = 99.0
    for attempt in range(3):
        port = free_port()
        start = time.monotonic()
        process = subprocess.Popen([program("radarx-agent"), "serve", f"--listen=127.0.0.1:{port}", "--store",
                                    tmp_path / f"{attempt}.db"], stderr=subprocess.DEVNULL)
        try:
            while True:
                try:
                    with socket.create_connection(("127.0.0.1", port), 1) as sock:
                        sock.sendall(b"GET /ready HTTP/1.1\r\nHost: x\r\n\r\n")
                        assert b" 200 OK" in sock.recv(4096)
                        break
                except ConnectionRefusedError:
                    assert time.monotonic() - start < 10
                    time.sleep(0.001)
            best = min(best, time.monotonic() - start)
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
    print(f"ready after {best * 1000:.0f} ms")
    assert best < 2.0
