"""The ID of an instance is enough: CloudFormation out of reach, sessions take documents of the usual names."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from http import HTTPStatus

import pytest

from tests.sessions import sshd
from tests.sessions.conftest import Deployer

OUT_OF_REACH = ["nobody listens", "a page in its place", "throttled"]
SAID = "could not be looked at"


class _Page(http.server.BaseHTTPRequestHandler):
    body, status = b"<html>Sign in</html>", HTTPStatus.OK

    def do_POST(self) -> None:
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *args: object) -> None: ...


class _Throttled(_Page):
    body = b"<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>"
    status = HTTPStatus.BAD_REQUEST


@pytest.fixture(params=OUT_OF_REACH)
def no_cloudformation(request: pytest.FixtureRequest, deployer: Deployer) -> Iterator[str]:
    """CloudFormation alone is out of reach; gives the instance's ID."""
    instance = deployer.instance
    handler = _Throttled if request.param == "throttled" else _Page
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server, pytest.MonkeyPatch.context() as patch:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = sshd.free_port() if request.param == "nobody listens" else server.server_port
        patch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", f"http://127.0.0.1:{port}")
        patch.setenv("AWS_MAX_ATTEMPTS", "1")
        yield instance
        server.shutdown()


VERBS: dict[str, Callable[[str], tuple[str, ...]]] = {
    "connect -L": lambda instance: ("connect", instance, "-L", "0:localhost:3035", "--exec", "true"),
    "ssh-config": lambda instance: ("ssh-config", instance),
}


@pytest.mark.parametrize("verb", VERBS)
def test_a_session_opens_and_says_what_it_could_not_see(deployer: Deployer, no_cloudformation: str, verb: str) -> None:
    done = deployer(*VERBS[verb](no_cloudformation))
    assert done.code == 0, done.err
    assert done.err.count(SAID) == 1 and "--document NAME" in done.err, done.err


def test_doctor_asks_the_rest_and_says_what_it_could_not_see(deployer: Deployer, no_cloudformation: str) -> None:
    done = deployer("doctor", no_cloudformation)
    assert f"instance {no_cloudformation}" in done.out and "agent" in done.out, done.out + done.err
    assert "as intended for support" not in done.out and SAID in done.err, done.out + done.err


def test_kubectl_is_put_on_an_instance_without_a_look_at_the_stack(deployer: Deployer, no_cloudformation: str) -> None:
    words = ("--version", "1.33.1", "--sha256", "0" * 64, "--plan")
    done = deployer("cluster", "kubectl", "--instance-id", no_cloudformation, *words)
    assert done.code == 0 and SAID not in done.err, done.err


def test_a_shell_opens_too(deployer: Deployer, no_cloudformation: str) -> None:
    shell = deployer.start("connect", no_cloudformation)
    _, err = shell.communicate("exit\r", timeout=30)
    assert shell.returncode == 0 and SAID in err, err


def test_with_a_document_the_stack_is_not_even_asked_for(deployer: Deployer, no_cloudformation: str) -> None:
    document = ("--document", f"deepsql-port-{no_cloudformation}")
    done = deployer(*VERBS["connect -L"](no_cloudformation), *document)
    assert done.code == 0 and SAID not in done.err, done.err


@pytest.mark.parametrize("argv", [("connect",), ("ssh", "."), ("cp", ":/etc/hostname", ".")])
def test_without_an_id_there_is_no_guessing(deployer: Deployer, no_cloudformation: str, argv: tuple[str, ...]) -> None:
    done = deployer(*argv)
    assert done.code == 1 and "next:" in done.err and "defect" not in done.err, done.err


NO_SERVICE = {
    "an unknown key": {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE"},
    "another secret": {"AWS_SECRET_ACCESS_KEY": "x" * 40},
    "no region": {"AWS_REGION": "", "AWS_DEFAULT_REGION": ""},
    "no such profile": {"AWS_PROFILE": "nope"},
}


@pytest.mark.parametrize("lack", NO_SERVICE)
@pytest.mark.parametrize("verb", ["connect", "ssh", "cp"])
def test_what_no_service_would_answer_ends_it_at_the_first_question(verb: str, lack: str, deployer: Deployer) -> None:
    more = {"connect": (), "ssh": ("true",), "cp": (".",)}[verb]
    place = deployer.instance + (":/etc/hostname" if verb == "cp" else "")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in NO_SERVICE[lack].items():
            patch.setenv(name, value)
        done = deployer(verb, place, *more)
    assert done.code in (1, 2) and done.err.startswith("error: ") and SAID not in done.err, done.err
