"""kubectl: put on an instance by its checksum, and used through a tunnel against a stand-in of the API server."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from generator.model.run_command import HostResult
from generator.operations.sessions import kubectl
from tests.sandbox_keys import control
from tests.sessions.conftest import Deployer, as_support

PROGRAM = b"#!/bin/sh\necho kubectl\n"
DIGEST = hashlib.sha256(PROGRAM).hexdigest()
WORDS = ("cluster", "kubectl", "--version", "1.33.1", "--sha256", DIGEST)
URL = "https://dl.k8s.io/release/v1.33.1/bin/linux/arm64/kubectl"


@pytest.fixture
def run_script(tmp_path: Path) -> Any:
    """Run the script in a real shell; its `curl` gives these bytes for the one address."""
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    (tmp_path / "served").write_bytes(PROGRAM)
    curl = f'#!/bin/sh\nfor last; do :; done\n[ "$last" = {URL} ] || exit 22\n'
    curl += f'while [ "$1" != -o ]; do shift; done\ncp {tmp_path}/served "$2"\n'
    (bin_ / "curl").write_text(curl)
    (bin_ / "curl").chmod(0o755)

    def run(script: str) -> subprocess.CompletedProcess[str]:
        env = {"PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}", "TMPDIR": str(tmp_path / "tmp")}
        (tmp_path / "tmp").mkdir(exist_ok=True)
        return subprocess.run(["sh", "-c", script], capture_output=True, text=True, env=env)

    return run


def test_the_script_puts_a_file_with_that_checksum_and_no_other(run_script: Any, tmp_path: Path) -> None:
    path = tmp_path / "kubectl"
    done = run_script(kubectl.script_of(URL, DIGEST, str(path)))
    assert done.returncode == 0 and done.stdout.split()[0] == DIGEST, done.stderr
    assert path.read_bytes() == PROGRAM and path.stat().st_mode & 0o777 == 0o755
    (tmp_path / "served").write_bytes(PROGRAM + b"evil\n")
    refused = run_script(kubectl.script_of(URL, DIGEST, str(path)))
    assert refused.returncode == 1 and "the file has the SHA-256" in refused.stderr
    assert path.read_bytes() == PROGRAM, "what was there stays"
    missing = run_script(kubectl.script_of(URL.replace("1.33.1", "9.9.9"), DIGEST, str(path)))
    assert missing.returncode == 22 and path.read_bytes() == PROGRAM
    assert list((tmp_path / "tmp").iterdir()) == []


def test_the_plan_says_what_is_put_where_and_runs_nothing(deployer: Deployer) -> None:
    planned = deployer(*WORDS, "--plan")
    assert planned.code == 0
    for words in (f"Put kubectl 1.33.1 on {deployer.instance}", URL, DIGEST, "/usr/local/bin/kubectl", "sha256sum"):
        assert words in planned.out
    asked = deployer(*WORDS)
    assert asked.code == 2 and f"Put kubectl 1.33.1 on {deployer.instance} in the sandbox" in asked.err


@pytest.mark.parametrize(
    ("host", "code", "says"),
    [
        (HostResult("i", "Success", 0, f"{DIGEST}  -\n"), 0, ""),
        (HostResult("i", "Success", 0, f"{'0' * 64}  -\n"), 1, "was not put on"),
        (HostResult("i", "Success", 0, ""), 1, "was not put on"),
        (HostResult("i", "Failed", 1, "", "the file has the SHA-256 ab"), 1, "the file has the SHA-256 ab"),
        (HostResult("i", "Undeliverable"), 1, "Undeliverable"),
    ],
)
def test_only_the_checksum_that_the_instance_says_is_success(
    host: HostResult, code: int, says: str, deployer: Deployer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kubectl.run, "follow", lambda *_: iter([host]))
    done = deployer(*WORDS, "--yes")
    assert done.code == code and says in done.err, done.err
    assert (DIGEST in done.out) is (code == 0)


def test_the_sandbox_runs_no_program_and_says_so(deployer: Deployer) -> None:
    done = deployer(*WORDS, "--yes")
    assert done.code == 1 and "the sandbox runs no programs" in done.err


def test_support_may_not_put_it_there(deployer: Deployer, monkeypatch: pytest.MonkeyPatch) -> None:
    name = deployer.instance
    with monkeypatch.context() as patch:
        as_support(deployer, patch)
        done = deployer(*WORDS, "--instance-id", name, "--yes")
    assert done.code == 1 and "Support may only start sessions" in done.err


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (("--version", "latest"), "latest is no version"),
        (("--version", "1.33"), "1.33 is no version"),
        (("--sha256", "abc"), "abc is no SHA-256"),
        (("--sha256", DIGEST.upper()), "is no SHA-256"),
        (("--source", "http://mirror/kubectl"), "is no https address"),
        (("--source", "https://mirror/k'; id; '"), "is no https address"),
    ],
)
def test_what_is_no_version_checksum_or_address_is_refused(
    given: tuple[str, str], says: str, deployer: Deployer
) -> None:
    refused = deployer(*WORDS, *given, "--yes")
    assert refused.code == 2 and says in refused.err, refused.err


# Through a tunnel to the private API server, as the page has it


class ApiServer(BaseHTTPRequestHandler):
    """As much of an API server as `kubectl get nodes` asks for."""

    asked: list[str]

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.asked.append(path)
        node = {"metadata": {"name": "ip-10-0-0-7"}, "status": {}}
        resource = {
            "name": "nodes",
            "singularName": "node",
            "kind": "Node",
            "namespaced": False,
            "verbs": ["get", "list"],
        }
        answers: dict[str, object] = {
            "/api": {"kind": "APIVersions", "versions": ["v1"]},
            "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
            "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": [resource]},
            "/api/v1/nodes": {"kind": "NodeList", "apiVersion": "v1", "items": [node]},
        }
        body = json.dumps(answers.get(path, {})).encode()
        self.send_response(200 if path in answers else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


@pytest.fixture
def api_server(deployer: Deployer) -> Iterator[list[str]]:
    """What the API server was asked for, as it is behind the instance."""
    asked: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Asked", (ApiServer,), {"asked": asked}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    control("PUT", f"instances/{deployer.instance}", {"ports": {"api.cell-1.example:443": server.server_port}})
    yield asked
    server.shutdown()
    server.server_close()


@pytest.fixture
def kubectl_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real kubectl where this computer has it; else a program that asks for the nodes as it does."""
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    if shutil.which("kubectl"):
        return
    asks = "import json, sys, urllib.request as u; s = sys.argv[sys.argv.index('--server') + 1]\n"
    asks += "for i in json.load(u.urlopen(s + '/api/v1/nodes'))['items']: print(i['metadata']['name'])\n"
    (tmp_path / "kubectl").write_text(f"#!{sys.executable}\n{asks}")
    (tmp_path / "kubectl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")


def test_kubectl_get_nodes_through_a_tunnel(deployer: Deployer, api_server: list[str], kubectl_here: None) -> None:
    tunnel = "0:api.cell-1.example:443"
    command = "kubectl --server http://127.0.0.1:$DEPLOYER_PORT get nodes"
    done = deployer("connect", "-L", tunnel, "--exec", command)
    assert done.code == 0 and "ip-10-0-0-7" in done.out, done.out + done.err
    assert "/api/v1/nodes" in api_server
