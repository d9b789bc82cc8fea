# SPDX-License-Identifier: Apache-2.0
"""A real etcd and kube-apiserver for a test module, by e2e/cluster/control-plane."""
import base64
import http.client
import json
import os
import pathlib
import ssl
import subprocess
import time
import urllib.parse

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "e2e" / "cluster" / "control-plane"


class ControlPlane:
    """With-statement: up on entry, down on exit. `request` speaks as cluster administrator."""

    def __init__(self, directory, controller_manager=False):
        self.directory = pathlib.Path(directory)
        self.arguments = ["--controller-manager"] if controller_manager else []
        self.kubeconfig = self.directory / "admin.kubeconfig"

    def run(self, *arguments):
        environment = dict(os.environ, RADARX_CP_DIR=str(self.directory))
        result = subprocess.run([SCRIPT, *arguments], env=environment, capture_output=True, text=True, timeout=900)
        assert result.returncode == 0, result.stderr
        return result.stdout.strip()

    def __enter__(self):
        try:
            self.kubeconfig = pathlib.Path(self.run("up", *self.arguments).splitlines()[-1])
            self.load()
        except BaseException:
            self.run("down")
            raise
        return self

    def __exit__(self, *_):
        self.run("down")

    def load(self):
        config = yaml.safe_load(self.kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        address = urllib.parse.urlsplit(cluster["server"])
        self.host, self.port = address.hostname, address.port
        decode = lambda text: base64.b64decode(text).decode()
        self.tls = ssl.create_default_context(cadata=decode(cluster["certificate-authority-data"]))
        pair = self.directory / "test-client.pem"
        pair.touch(mode=0o600)
        pair.write_text(decode(user["client-certificate-data"]) + decode(user["client-key-data"]))
        self.tls.load_cert_chain(pair)

    def request(self, method, path, body=None, content_type="application/json"):
        """Status code and decoded body."""
        connection = http.client.HTTPSConnection(self.host, self.port, timeout=60, context=self.tls)
        try:
            if isinstance(body, (dict, list)):
                body = json.dumps(body).encode()
            connection.request(method, path, body, {"Content-Type": content_type, "Accept": "application/json"})
            response = connection.getresponse()
            data = response.read()
        finally:
            connection.close()
        try:
            return response.status, json.loads(data)
        except ValueError:
            return response.status, {"message": data.decode(errors="replace")}

    def apply(self, path, body, manager="test"):
        """Server-side apply of bytes (YAML or JSON) or an object."""
        query = f"?fieldManager={manager}&force=true&fieldValidation=Strict"
        return self.request("PATCH", path + query, body, "application/apply-patch+yaml")

    def apply_crd(self, path):
        """Applies a CRD from a file and waits until it is served."""
        text = pathlib.Path(path).read_bytes()
        crd = yaml.safe_load(text)
        url = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{crd['metadata']['name']}"
        status, body = self.apply(url, text)
        assert status in (200, 201), body
        served = f"/apis/{crd['spec']['group']}/{crd['spec']['versions'][0]['name']}/{crd['spec']['names']['plural']}"
        self.wait(lambda: self.request("GET", served)[0] == 200, f"{served} to be served")

    @staticmethod
    def wait(condition, what, seconds=60):
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"waited {seconds} s for {what}"
            time.sleep(0.05)
