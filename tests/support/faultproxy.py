# SPDX-License-Identifier: Apache-2.0
"""A proxy in front of a real apiserver that misbehaves on demand, where the real one cannot be made to.

It ends TLS, forwards each request to the apiserver as cluster administrator, streams answers through, and applies
the faults that are armed. What it does not do: HTTP/2, chunked request bodies, upgrades.
"""
import http.client
import json
import ssl
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Fault:
    """One misbehaviour, for at most `count` requests that `match(method, path)` picks."""

    def __init__(self, kind, count=1, match=None, **more):
        self.kind, self.left, self.match, self.more, self.hits = kind, count, match, more, 0

    def take(self, method, path):
        if self.left == 0 or (self.match and not self.match(method, path)):
            return False
        self.left -= 1
        self.hits += 1
        return True


def is_watch(method, path):
    return method == "GET" and "watch=true" in path


def is_write(method, path):
    return method != "GET"


def status_body(code, reason, message):
    return json.dumps({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                       "code": code, "reason": reason, "message": message}).encode()  # fmt: skip


class FaultProxy:
    """Faults: status (code, headers), gone (410 in the stream), cut (mid-line after `bytes`), half_open (silence
    from the start), stall (silence after `bytes`), split (bytes one by one), reset (connection closed unanswered)."""

    def __init__(self, plane, folder):
        self.plane, self.faults, self.lock = plane, [], threading.Lock()
        self.requests, self.stopping = [], threading.Event()
        key, pem = folder / "proxy.key", folder / "proxy.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", key, "-out", pem, "-days", "2", "-subj", "/CN=proxy",
                        "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)  # fmt: skip
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem, key)
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 700

            def log_message(self, *_):
                pass

            def handle_any(self):
                proxy.handle(self)

            do_GET = do_POST = do_PATCH = do_DELETE = handle_any

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        self.kubeconfig = folder / "proxy.kubeconfig"
        self.kubeconfig.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "proxy",
            "clusters": [{"name": "proxy", "cluster": {"server": f"https://127.0.0.1:{self.port}",
                                                       "certificate-authority": str(pem)}}],
            "users": [{"name": "proxy", "user": {"token": "not-looked-at"}}],
            "contexts": [{"name": "proxy", "context": {"cluster": "proxy", "user": "proxy"}}]}))  # fmt: skip

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.server.shutdown()
        self.server.server_close()

    def arm(self, kind, count=1, match=None, **more):
        fault = Fault(kind, count, match, **more)
        with self.lock:
            self.faults.append(fault)
        return fault

    def disarm(self):
        with self.lock:
            self.faults.clear()

    def pick(self, method, path):
        with self.lock:
            self.requests.append((time.monotonic(), method, path))
            return next((fault for fault in self.faults if fault.take(method, path)), None)

    def count(self, match=None, since=0.0):
        with self.lock:
            return sum(1 for at, method, path in self.requests if at >= since and (not match or match(method, path)))

    # ---- one request ----

    def handle(self, handler):
        length = int(handler.headers.get("Content-Length") or 0)
        body = handler.rfile.read(length) if length else None
        fault = self.pick(handler.command, handler.path)
        kind = fault.kind if fault else None
        try:
            if kind == "status":
                self.answer(handler, fault.more["code"], fault.more.get("headers") or {})
            elif kind == "reset":
                handler.close_connection = True
            elif kind == "half_open":
                self.stopping.wait(600)
                handler.close_connection = True
            elif kind == "gone":
                line = {"type": "ERROR", "object": json.loads(status_body(410, "Expired", "too old resource version"))}
                self.begin(handler)
                self.chunk(handler, json.dumps(line).encode() + b"\n")
                self.chunk(handler, b"")
            else:
                self.forward(handler, body, fault)
        except (OSError, http.client.HTTPException):
            handler.close_connection = True

    def answer(self, handler, code, headers):
        data = status_body(code, "Fault", f"injected {code}")
        handler.send_response(code)
        for name, value in {"Content-Type": "application/json", "Content-Length": len(data), **headers}.items():
            handler.send_header(name, str(value))
        handler.end_headers()
        handler.wfile.write(data)

    def begin(self, handler, status=200):
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()

    @staticmethod
    def chunk(handler, data):
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        handler.wfile.flush()

    def forward(self, handler, body, fault):
        upstream = http.client.HTTPSConnection(self.plane.host, self.plane.port, timeout=700, context=self.plane.tls)
        try:
            headers = {n: handler.headers[n] for n in ("Content-Type", "Accept") if handler.headers.get(n)}
            upstream.request(handler.command, handler.path, body, headers)
            response = upstream.getresponse()
            self.begin(handler, response.status)
            sent = 0
            while data := response.read1(65536):
                limit = fault.more.get("bytes") if fault else None
                if limit is not None and sent + len(data) > limit:
                    self.chunk(handler, data[: limit - sent] or b" ")
                    if fault.kind == "stall":
                        self.stopping.wait(600)
                    handler.close_connection = True
                    return
                if fault and fault.kind == "split":
                    for i in range(0, len(data), 7):
                        self.chunk(handler, data[i : i + 7])
                else:
                    self.chunk(handler, data)
                sent += len(data)
            self.chunk(handler, b"")
        finally:
            upstream.close()
