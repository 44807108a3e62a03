"""Who may use a sandbox: whoever holds keys that it made, and nobody else on this computer."""

from __future__ import annotations

import hashlib
import io
import json
import stat
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.auth
import botocore.session
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from generator.cli.main import main
from generator.errors import DeployerError
from generator.host.background_processes import spawn_detached
from generator.model.sandbox_key import is_sandbox_key
from generator.sandbox import lifecycle, state
from generator.sandbox.root_keys import find_root_key, root_key
from generator.sandbox.state import SandboxState
from tests.sandbox_keys import control, root

Keys = tuple[str, str]
ACCOUNT, FUNCTION = "111122223333", "opened"
# The first call of each protocol, and its words for an unknown key, a wrong signature and no signature.
CALLS = {
    "sts": ("get_caller_identity", "InvalidClientTokenId", "SignatureDoesNotMatch", "MissingAuthenticationToken"),
    "ssm": (
        "describe_parameters",
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
    ),
    "lambda": (
        "list_functions",
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
    ),
    "s3": ("list_buckets", "InvalidAccessKeyId", "SignatureDoesNotMatch", "AccessDenied"),
    "ec2": ("describe_vpcs", "AuthFailure", "AuthFailure", "MissingParameter"),
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxState]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(state.HOME_VARIABLE, str(tmp_path_factory.mktemp("sandbox")))
        yield lifecycle.start(None, spawn_detached)
        lifecycle.stop()


def client(service: str, running: SandboxState, keys: Keys | None, **more: Any) -> Any:
    own = {} if keys is None else {"aws_access_key_id": keys[0], "aws_secret_access_key": keys[1]}
    signed = UNSIGNED if keys is None else "s3v4" if service == "s3" else None
    style = {"addressing_style": "path"}
    config = Config(retries={"total_max_attempts": 1}, proxies={}, s3=style, signature_version=signed)
    session = botocore.session.Session()
    return session.create_client(service, "us-east-1", endpoint_url=running.endpoint, config=config, **own, **more)


def refused(service: str, running: SandboxState, keys: Keys | None, **more: Any) -> str:
    """The code of AWS's error for the service's first call."""
    with pytest.raises(ClientError) as error:
        getattr(client(service, running, keys, **more), CALLS[service][0])()
    return str(error.value.response["Error"]["Code"])


def ask(running: SandboxState, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    request = urllib.request.Request(running.endpoint + path, body, headers, method=method)
    try:
        with lifecycle.LOOPBACK.open(request, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


@pytest.mark.parametrize("service", CALLS)
def test_only_keys_of_this_sandbox_are_served(service: str, running: SandboxState) -> None:
    call, unknown, wrong, missing = CALLS[service]
    own = (*root(running).values(),)
    assert getattr(client(service, running, own), call)()
    strangers = [
        (ACCOUNT, "test"),  # MiniStack takes each of these for root
        ("test", "test"),
        ("000000000000", "test"),
        ("AKIAIOSFODNN7EXAMPLE", "x"),
        (*root(SandboxState(1, 1, "", "00" * 32)).values(),),  # of another sandbox
        (own[0][:-1] + ("A" if own[0][-1] != "A" else "B"), own[1]),
    ]
    assert {refused(service, running, keys) for keys in strangers} == {unknown}
    assert refused(service, running, (own[0], "wrong")) == wrong
    assert refused(service, running, None) == missing
    assert refused(service, running, own, aws_session_token="token") in (unknown, "InvalidToken")


def test_a_key_of_another_account_is_root_of_that_account_alone(running: SandboxState) -> None:
    keys = (*root(running, "999988887777").values(),)
    assert client("sts", running, keys).get_caller_identity()["Arn"] == "arn:aws:iam::999988887777:root"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/_sandbox/status"),
        ("POST", "/_sandbox/stop"),
        ("POST", "/_sandbox/reset"),
        ("POST", "/_sandbox/fail"),
        ("DELETE", "/_sandbox/fail"),
        ("PUT", "/_sandbox/database"),
        ("GET", "/_sandbox/database"),
        ("PUT", "/_sandbox/instances/x"),
        ("GET", "/_sandbox/anything-new"),
        ("POST", "/_ministack/reset"),
        ("POST", "/_ministack/config"),
        ("GET", "/_ministack/health"),
        ("GET", "/_localstack/health"),
        ("GET", "/health"),
        ("OPTIONS", "/"),
        ("POST", "/oauth2/token"),
        ("GET", "/.well-known/openid-configuration"),
        ("POST", "/2015-03-31/functions"),
        ("GET", f"/2015-03-31/functions/{FUNCTION}/invocations"),
        ("POST", "/_ministack/rds/iam-auth"),
        ("PUT", "/_ministack/cfn-response/guessed"),
        ("PUT", "/_ministack/cfn-response/../reset"),
    ],
)
def test_no_address_is_served_to_everybody(method: str, path: str, running: SandboxState) -> None:
    for headers in ({}, {"Authorization": "Bearer 00"}, {"Authorization": f"AWS {ACCOUNT}:x"}):
        status, body = ask(running, method, path, b"{}" if method in ("POST", "PUT") else None, **headers)
        assert status in (400, 401, 403), body
    assert lifecycle.status() == running


def test_what_a_bucket_policy_makes_public_is_read_by_everybody_and_nothing_else_is(running: SandboxState) -> None:
    own = (*root(running).values(),)
    s3 = client("s3", running, own)
    s3.create_bucket(Bucket="open-bucket")
    s3.put_object(Bucket="open-bucket", Key="page", Body=b"words")
    s3.delete_public_access_block(Bucket="open-bucket")
    anybody = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::open-bucket/*"}
    s3.put_bucket_policy(Bucket="open-bucket", Policy=json.dumps({"Version": "2012-10-17", "Statement": [anybody]}))
    assert ask(running, "GET", "/open-bucket/page") == (200, b"words")
    for method, path in (
        ("GET", "/open-bucket"),
        ("GET", "/open-bucket/"),
        ("GET", "/open-bucket/page?acl"),
        ("GET", "/open-bucket/page?tagging="),
        ("PUT", "/open-bucket/page"),
        ("DELETE", "/open-bucket/page"),
        ("GET", "/no-bucket/page"),
        ("GET", "//open-bucket/../no-bucket/page"),
    ):
        assert ask(running, method, path, b"" if method == "PUT" else None)[0] in (400, 403, 404), (method, path)
    s3.delete_bucket_policy(Bucket="open-bucket")
    assert ask(running, "GET", "/open-bucket/page")[0] == 403
    url = s3.generate_presigned_url("get_object", {"Bucket": "open-bucket", "Key": "page"}, ExpiresIn=60)
    path = url.removeprefix(running.endpoint)
    assert ask(running, "GET", path) == (200, b"words")
    assert ask(running, "GET", path.replace("/page", "/pagf"))[0] == 403
    assert ask(running, "GET", path.replace("Expires=60", "Expires=600"))[0] == 403
    twice = f"AWS4-HMAC-SHA256 Credential={ACCOUNT}/x/x/s3/aws4_request"
    assert ask(running, "GET", path, Authorization=twice)[0] in (400, 403)
    forged = client("s3", running, (ACCOUNT, "test"))
    url = forged.generate_presigned_url("get_object", {"Bucket": "open-bucket", "Key": "page"})
    assert ask(running, "GET", url.removeprefix(running.endpoint))[0] == 403


def test_a_body_that_was_not_signed_is_refused(running: SandboxState) -> None:
    iam, s3 = (client(service, running, (*root(running).values(),)) for service in ("iam", "s3"))
    s3.create_bucket(Bucket="signed-bucket")

    def forge(request: Any, **_: object) -> None:
        request.body = request.body.replace("signed", "forged") if isinstance(request.body, str) else b"forged"

    iam.meta.events.register("before-send.iam", forge)
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        iam.create_user(UserName="signed")
    s3.meta.events.register("before-send.s3", forge)
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        s3.put_object(Bucket="signed-bucket", Key="page", Body=b"signed")


def test_an_old_request_is_not_served_again(running: SandboxState, monkeypatch: pytest.MonkeyPatch) -> None:
    past = botocore.auth.get_current_datetime
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_, **__: past().replace(year=2020))
    assert refused("sts", running, (*root(running).values(),)) == "SignatureDoesNotMatch"


def test_a_functions_credentials_cannot_be_worked_out(running: SandboxState) -> None:
    """MiniStack makes them from the names of the function and its role, which anybody may know."""
    own = (*root(running).values(),)
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = client("iam", running, own).create_role(RoleName="runs", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    code = b"import os\ndef handler(event, context):\n    return dict(os.environ)\n"
    client("lambda", running, own).create_function(
        FunctionName=FUNCTION, Runtime="python3.12", Role=role, Handler="index.handler", Code={"ZipFile": zipped(code)}
    )
    answer = client("lambda", running, own).invoke(FunctionName=FUNCTION)
    seen = json.loads(answer["Payload"].read())
    function = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{FUNCTION}"
    digest = hashlib.sha256(f"{function}:{role}".encode()).hexdigest()
    key, token = f"ASIA{digest[:16].upper()}", hashlib.sha256(f"token:{digest}".encode()).hexdigest()
    secret = hashlib.sha256(f"secret:{digest}".encode()).hexdigest()
    assert seen["AWS_ACCESS_KEY_ID"] == key
    function_client = client(
        "sts", running, (key, seen["AWS_SECRET_ACCESS_KEY"]), aws_session_token=seen["AWS_SESSION_TOKEN"]
    )
    assert function_client.get_caller_identity()["Arn"].startswith(f"arn:aws:sts::{ACCOUNT}:assumed-role/runs/")
    for guess in ((key, secret, token), (key, secret, seen["AWS_SESSION_TOKEN"]), (key, secret, "")):
        assert refused("sts", running, guess[:2], aws_session_token=guess[2]) in (
            "InvalidClientTokenId",
            "SignatureDoesNotMatch",
        )
    assert running.secret not in str(seen) and root(running)["aws_secret_access_key"] not in str(seen)


def zipped(code: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("index.py", code)
    return made.getvalue()


def test_no_secret_stands_in_a_process_list_or_a_log(running: SandboxState) -> None:
    secrets = [running.secret, *root(running).values()]
    control("GET", "status", running=running)
    shown = "".join(path.read_bytes().decode(errors="replace") for path in commands())
    shown += (Path(running.home) / "server.log").read_text() + repr(running) + repr(root_key(running.secret, ACCOUNT))
    assert "generator.sandbox" in shown
    assert not [secret for secret in secrets if secret in shown and not is_sandbox_key(secret)]


@pytest.mark.parametrize(
    ("profile", "who"),
    [
        ("default", "arn:aws:iam::111122223333:root"),
        ("vendor-account", "arn:aws:iam::444455556666:root"),
        ("vendor", "arn:aws:sts::444455556666:assumed-role/deepsql-support/operator"),
        ("stranger", "arn:aws:sts::444455556666:assumed-role/another-team/operator"),
    ],
)
@pytest.mark.parametrize("account", ["111122223333", "444455556666"])
def test_a_profile_that_is_named_is_who_it_says_in_a_shell_of_any_account(
    account: str, profile: str, who: str, running: SandboxState, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in state.environment(running, account).items():
        monkeypatch.setenv(name, value)
    sts = botocore.session.Session(profile=profile).create_client("sts")
    assert sts.get_caller_identity()["Arn"] == who


def test_the_command_line_takes_the_default_profile_by_its_name(
    running: SandboxState, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in state.environment(running, state.VENDOR_ACCOUNT).items():
        monkeypatch.setenv(name, value)
    assert main(["status", "--profile", "default"]) == 4
    assert "There is no stack" in capsys.readouterr().err


def commands() -> list[Path]:
    """The command lines of every process."""
    return [path for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]


def test_the_keys_are_new_at_each_start_private_and_gone_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(state.HOME_VARIABLE, str(tmp_path / "home"))
    first = lifecycle.start(None, spawn_detached)
    files = [tmp_path / "home" / name for name in ("server.json", "aws-credentials")]
    assert [stat.S_IMODE(path.stat().st_mode) for path in (*files, tmp_path / "home")] == [0o600, 0o600, 0o700]
    lifecycle.stop()
    assert not [path for path in files if path.exists()]
    second = lifecycle.start(None, spawn_detached)
    try:
        assert not {*root(first).values()} & {*root(second).values()}
        with pytest.raises(ClientError, match="new keys at each start"):
            client("sts", second, (*root(first).values(),)).get_caller_identity()
    finally:
        lifecycle.stop()


@pytest.mark.parametrize("mode", [0o777, 0o720, 0o702])
def test_a_folder_into_which_others_may_write_is_refused(
    mode: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(state.HOME_VARIABLE, str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    (tmp_path / "home").chmod(mode)
    with pytest.raises(DeployerError, match=f"Other users can write to {tmp_path / 'home'}"):
        lifecycle.start(None, spawn_detached)
    assert not list((tmp_path / "home").iterdir())


def test_an_account_is_twelve_digits(
    running: SandboxState, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(state.HOME_VARIABLE, running.home)
    assert main(["sandbox", "env", "--account", "42"]) == 2
    assert "42 is not an account ID" in capsys.readouterr().err


@given(st.integers(0, 999_999_999_999), st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_a_root_key_is_found_by_its_own_secret_alone(number: int, secret: bytes, other: bytes) -> None:
    key = root_key(secret.hex(), f"{number:012d}")
    assert find_root_key(secret.hex(), key.access_key_id) == key and is_sandbox_key(key.access_key_id)
    assert len(key.access_key_id) == 20 and len(key.secret_access_key) == 40
    if other != secret:
        assert find_root_key(other.hex(), key.access_key_id) is None


@pytest.mark.parametrize("text", ["", "SBOX", "SBOX" + "A" * 16, "SBOX7777777777777777", "SBOX1111", ACCOUNT, "test"])
def test_what_no_secret_made_is_no_root_key(text: str) -> None:
    assert find_root_key("00" * 32, text) is None
