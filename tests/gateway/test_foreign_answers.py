"""What is not AWS and answers all the same: a network's sign-in page, a proxy's refusal, a server of another kind."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from botocore.exceptions import SSLError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from generator.channel.transport import authorities
from generator.errors import AwsError, DeployerError
from generator.gateway.aws import Gateway
from generator.gateway.translate import translated
from generator.model.deployment import Deployment
from generator.operations.sessions.channel_options import channel_options

PAGE = b"<html><body>Please sign in.</body></html>"


class Foreign(ThreadingHTTPServer):
    """Answers each request with the same status and body."""

    status, body = 200, b""

    class Handler(BaseHTTPRequestHandler):
        server: Foreign

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(self.server.status)
            self.send_header("Content-Length", str(len(self.server.body)))
            self.end_headers()
            self.wfile.write(self.server.body)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), self.Handler)


@pytest.fixture(scope="module")
def serving() -> Iterator[Foreign]:
    with Foreign() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def gateway(serving: Foreign, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Gateway:
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{serving.server_port}",
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "example",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
    }.items():
        monkeypatch.setenv(name, value)
    return Gateway(Deployment(region="eu-west-3"))


QUESTIONS: dict[str, Callable[[Gateway], object]] = {
    "query": lambda aws: aws.iam.list_access_keys("u"),
    "query with pages": lambda aws: aws.rds.describe_databases(),
    "ec2": lambda aws: aws.ec2.describe_instance("i-1"),
    "json": lambda aws: aws.secretsmanager.get_resource_policy("s"),
    "json with a key": lambda aws: aws.kms.get_key_policy("k"),
    "json without an answer": lambda aws: aws.kms.put_key_policy("k", {}),
    "json with pages": lambda aws: aws.ssm.describe_nodes(),
}


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
@pytest.mark.parametrize("body", [PAGE, b"", b"{}", b"null", b"[]", b'"ok"', b"<a/>", b"\xff\xfe\0"])
def test_an_answer_of_another_form_is_no_answer(
    body: bytes, question: Callable[[Gateway], object], serving: Foreign, gateway: Gateway
) -> None:
    """Least of all one that says nobody is let in: an empty answer is not a secret without a policy."""
    serving.status, serving.body = 200, body
    if question is QUESTIONS["json without an answer"] and body in (b"", b"{}", b"null"):
        assert question(gateway) is None
        return
    with pytest.raises(DeployerError, match=r"What answered .* is not AWS") as caught:
        question(gateway)
    assert caught.value.code == "not-aws"


STACK = (
    "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>x</StackName><StackStatus>CREATE_COMPLETE"
    "</StackStatus>{}</member></Stacks></DescribeStacksResult></DescribeStacksResponse>"
)
LACKING: dict[str, tuple[Callable[[Gateway], object], str]] = {
    "a stack without its ARN": (lambda aws: aws.cloudformation.describe_stack("x"), STACK.format("")),
    "a stack whose ARN is none": (
        lambda aws: aws.cloudformation.describe_stack("x"),
        STACK.format("<StackId>x</StackId>"),
    ),
    "an output without a name": (
        lambda aws: aws.cloudformation.describe_stack("x"),
        STACK.format(
            "<StackId>arn:aws:cloudformation:r:1:stack/x/y</StackId><Outputs><member><OutputValue/></member></Outputs>"
        ),
    ),
    "a document cut short": (lambda aws: aws.ssm.find_document("d"), '{"Content": "{"}'),
    "a document that is a list": (lambda aws: aws.ssm.find_document("d"), '{"Content": "[]"}'),
    "a session without an ID": (lambda aws: list(aws.ssm.list_sessions()), '{"Sessions": [{}]}'),
    "a key without its state": (lambda aws: aws.kms.describe_key("k"), '{"KeyMetadata": {"KeyId": "k"}}'),
}


@pytest.mark.parametrize(("question", "body"), LACKING.values(), ids=LACKING)
def test_an_answer_that_lacks_what_aws_always_says_is_no_answer(
    question: Callable[[Gateway], object], body: str, serving: Foreign, gateway: Gateway
) -> None:
    serving.status, serving.body = 200, body.encode()
    with pytest.raises(DeployerError, match=r"What answered .* at http://127.0.0.1:\d+ is not AWS") as caught:
        question(gateway)
    assert caught.value.code == "not-aws" and caught.value.transient


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
@pytest.mark.parametrize(("status", "body"), [(403, PAGE), (302, PAGE), (407, PAGE)])
def test_a_refusal_of_something_else_is_not_called_one_of_aws(
    status: int, body: bytes, question: Callable[[Gateway], object], serving: Foreign, gateway: Gateway
) -> None:
    serving.status, serving.body = status, body
    with pytest.raises(AwsError, match=rf"Something between here and .* with HTTP status {status}\.") as caught:
        question(gateway)
    assert not caught.value.denied and "HTTPS_PROXY" in caught.value.hint


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that is its own authority, and both with the key."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "t")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - dt.timedelta(1), now + dt.timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    folder = tmp_path_factory.mktemp("authority")
    (folder / "ca.pem").write_bytes(certificate)
    (folder / "server.pem").write_bytes(private + certificate)
    return folder / "ca.pem", folder / "server.pem"


@pytest.mark.parametrize("place", ["AWS_CA_BUNDLE", "config", "REQUESTS_CA_BUNDLE"])
def test_the_authority_of_the_customer_is_trusted_where_it_is_named(
    place: str,
    authority: tuple[Path, Path],
    gateway: Gateway,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority[1])
    with Foreign() as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://127.0.0.1:{server.server_port}")
        monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
        monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
        with pytest.raises(
            DeployerError, match=r"certificate of https://127.0.0.1:\d+/ was not accepted: .*self.signed"
        ):
            QUESTIONS["json"](Gateway(gateway.deployment))
        if place != "config":
            monkeypatch.setenv(place, str(authority[0]))
        (tmp_path / "config").write_text(f"[default]\nca_bundle = {authority[0]}\n" if place == "config" else "")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        with pytest.raises(DeployerError, match="is not AWS"):  # asked, and answered
            QUESTIONS["json"](Gateway(gateway.deployment))
        trusted = authorities(channel_options(Gateway(gateway.deployment)).ca_bundle)
        assert trusted.cert_store_stats()["x509"] == 1, "the data channel trusts the same and no other"
        monkeypatch.setenv("AWS_CA_BUNDLE", "/nope.pem")
        with pytest.raises(DeployerError, match=r"The CA bundle /nope.pem cannot be used: No such file"):
            authorities(Gateway(gateway.deployment).ca_bundle)
        with pytest.raises(DeployerError, match=r"The CA bundle .* names, cannot be used: No such file"):
            QUESTIONS["json"](Gateway(gateway.deployment))
        server.shutdown()


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("certificate verify failed: certificate is not yet valid (_ssl.c:1)", True),
        ("certificate verify failed: certificate has expired (_ssl.c:1)", True),
        ("certificate verify failed: self-signed certificate (_ssl.c:1)", False),
    ],
)
def test_a_certificate_of_another_time_names_the_clock(text: str, clock: bool) -> None:
    with pytest.raises(DeployerError) as caught, translated("S", "O", {}):
        raise SSLError(endpoint_url="https://sts.eu-west-3.amazonaws.com/", error=text)
    assert ("this computer's clock" in caught.value.hint, "CA_BUNDLE" in caught.value.hint) == (clock, not clock)
    assert "https://sts.eu-west-3.amazonaws.com/ was not accepted: " in caught.value.message


@pytest.mark.parametrize(
    ("text", "says", "hint"),
    [
        (
            "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate (_ssl.c:1006)",
            "The TLS certificate of https://sts.example/ was not accepted: self-signed certificate.",
            "AWS_CA_BUNDLE",
        ),
        (
            "hostname 'sts.example' doesn't match '10.0.0.1'",
            "The TLS certificate of https://sts.example/ was not accepted: hostname 'sts.example' doesn't match",
            "another name",
        ),
        (
            "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: IP address mismatch (_ssl.c:1)",
            "The TLS certificate of https://sts.example/ was not accepted: ",
            "another name",
        ),
        (
            "[SSL: SSLV3_ALERT_HANDSHAKE_FAILURE] sslv3 alert handshake failure (_ssl.c:1006)",
            "No TLS connection to https://sts.example/ could be made: sslv3 alert handshake failure.",
            "TLS, 1.2",
        ),
        (
            "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)",
            "No TLS connection to https://sts.example/ could be made: wrong version number.",
            "http://",
        ),
        (
            "[SSL: UNEXPECTED_EOF_WHILE_READING] EOF occurred in violation of protocol (_ssl.c:1006)",
            "No TLS connection to https://sts.example/ could be made: EOF occurred",
            "HTTPS_PROXY",
        ),
    ],
)
def test_a_certificate_is_blamed_for_what_is_its_own_fault_alone(text: str, says: str, hint: str) -> None:
    with pytest.raises(DeployerError) as caught, translated("S", "O", {}):
        raise SSLError(endpoint_url="https://sts.example/", error=text)
    assert caught.value.message.startswith(says) and hint in caught.value.hint
    assert "_ssl.c" not in caught.value.message and caught.value.code == "ssl"


def test_a_server_that_speaks_no_tls_is_called_that(
    serving: Foreign, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving.status, serving.body = 200, PAGE
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://127.0.0.1:{serving.server_port}")
    with pytest.raises(DeployerError, match=r"No TLS connection to https://127.0.0.1:\d+/ could be made: "):
        QUESTIONS["json"](Gateway(gateway.deployment))


@pytest.mark.parametrize("question", [QUESTIONS["query"], QUESTIONS["json"]], ids=["query", "json"])
def test_a_network_that_wants_a_sign_in_is_not_waited_for(
    question: Callable[[Gateway], object], serving: Foreign, gateway: Gateway
) -> None:
    serving.status, serving.body = 511, PAGE
    with pytest.raises(AwsError, match=r"Something between here and .* with HTTP status 511") as caught:
        question(gateway)
    assert not caught.value.transient and "sign-in" in caught.value.hint


def test_a_refusal_without_a_request_id_has_a_next_step_too(serving: Foreign, gateway: Gateway) -> None:
    serving.status, serving.body = 400, b"<ErrorResponse><Error><Code>Odd</Code></Error></ErrorResponse>"
    with pytest.raises(AwsError, match=r"IAM refused ListAccessKeys \(Odd\): it gave no reason\.") as caught:
        QUESTIONS["query"](gateway)
    assert "AWS_ENDPOINT_URL" in caught.value.hint
