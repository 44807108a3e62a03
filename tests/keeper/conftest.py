"""The keeper's world: moto for AWS, a real listener for CloudFormation's address, and no waiting."""

import functools
import json
import threading
import traceback
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.secretsmanager import secretsmanager_backends

from generator.keeper import index

USER, OTHER_USER = "deepsql-support", "another-support"
STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
PLACE = {"Region": "us-east-1", "InstanceId": "i-0123456789abcdef0"}


client = functools.cache(boto3.client)  # one for all tests: making one takes longer than most of them


class Crash(BaseException):
    """The function's process ends here: no `except Exception` sees it."""


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": f"AWS says {code}."}}, "Something")


class Faults:
    """Between the keeper and moto: raises what was planned for the nth call, before or after it took effect."""

    def __init__(self, make: Any) -> None:
        self.make = make
        self.calls: list[str] = []
        self.plan: list[tuple[str, BaseException, bool]] = []
        self.crash_at: tuple[int, bool] | None = None
        self.secrets: set[str] = set()
        self.quoting = False  # whether a write of the secret fails with an error that quotes it

    def fail(self, verb: str, *codes: str, after: bool = False) -> None:
        """The next calls of `verb` fail with these codes, one after the other."""
        self.plan += [(verb, refused(code), after) for code in codes]

    def client(self, service: str, **options: Any) -> Any:
        options.pop("config", None)
        real = self.make(service, **options)
        return type("Client", (), {"__getattr__": lambda _, verb: self.wrap(verb, getattr(real, verb))})()

    def wrap(self, verb: str, act: Any) -> Any:
        def run(**asked: Any) -> Any:
            place = len(self.calls)
            self.calls.append(verb)
            fault = next((fault for fault in self.plan if fault[0] == verb), None)
            if fault:
                self.plan.remove(fault)
            elif self.crash_at and self.crash_at[0] == place:
                fault = (verb, Crash(), self.crash_at[1])
            if fault and not fault[2]:
                raise fault[1]
            if verb == "put_secret_value" and self.quoting:
                raise ValueError(f"canary: {asked}")
            try:
                answer = act(**asked)
            finally:
                if fault:
                    raise fault[1]
            if verb == "create_access_key":
                self.secrets.add(answer["AccessKey"]["SecretAccessKey"])
            return answer

        return run


class Listener:
    """Where CloudFormation waits for answers; the path is as secret as a presigned URL's signature."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.content_types: list[str | None] = []
        self.statuses: list[int] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = outer.statuses.pop(0) if outer.statuses else 200
                if status == 200:
                    outer.bodies.append(json.loads(body))
                    outer.content_types.append(self.headers["Content-Type"])
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/?X-Amz-Signature=canary-of-the-response-url"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()


class World:
    """A stack's user and secret, and the events that reach the keeper."""

    def __init__(self, faults: Faults, listener: Listener) -> None:
        self.faults, self.listener = faults, listener
        self.iam, self.vault = client("iam"), client("secretsmanager")
        self.iam.create_user(UserName=USER)
        tag = {"Key": "deepsql:support-user", "Value": USER}
        self.secret: str = self.vault.create_secret(Name="support", Tags=[tag])["ARN"]
        template = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
        self.stack: str = client("cloudformation").create_stack(StackName="deepsql", TemplateBody=template)["StackId"]
        self.seconds = 100.0
        self.raised: list[BaseException] = []
        self.logged: list[str] = []

    # events

    def handle(self, event: dict[str, Any]) -> None:
        try:
            index.handler(event, self)
        except BaseException as error:
            self.raised.append(error)
            raise

    def get_remaining_time_in_millis(self) -> int:
        return int(self.seconds * 1000)

    def event(self, how: str, kind: str = "SupportKey", **properties: Any) -> dict[str, Any]:
        """A CloudFormation event, with an id of its own; sending it twice is CloudFormation sending it again."""
        asked = {"UserName": USER, "SecretArn": self.secret, **PLACE} if kind == "SupportKey" else {}
        event = {
            "RequestType": how,
            "ResourceType": f"Custom::{kind}",
            "LogicalResourceId": kind,
            "StackId": self.stack,
            "RequestId": str(uuid.uuid4()),
            "ResponseURL": self.listener.url,
            "ResourceProperties": asked | properties,
        }
        if how == "Update":
            event["OldResourceProperties"] = asked
        return event if how == "Create" else {**event, "PhysicalResourceId": f"support-key-of-{USER}"}

    def send(self, event: dict[str, Any]) -> dict[str, Any]:
        """What CloudFormation hears."""
        self.handle(event)
        return self.listener.bodies[-1]

    def stage(self, value: str | None = None, version: str | None = None) -> str:
        """What RotateSecret does before it calls the function: a version that waits, as a rule without a value."""
        stored = self.stored()
        stored.rotation_requested = stored.rotation_enabled = True
        version = version or str(uuid.uuid4())
        stored.versions[version] = {"createdate": 0, "version_id": version, "version_stages": ["AWSPENDING"]}
        if value:
            stored.versions[version]["secret_string"] = value
        return version

    def stored(self) -> Any:
        """What moto keeps about the secret."""
        return secretsmanager_backends["123456789012"]["us-east-1"].secrets[self.secret]

    def step(self, step: str, version: str) -> None:
        self.handle({"Step": step, "SecretId": self.secret, "ClientRequestToken": version})
        if self.labels().get(version) == ["AWSCURRENT"]:  # moto moves the label and forgets what it means
            self.stored().set_default_version_id(version)

    def rotate(self, version: str | None = None) -> str:
        """A whole rotation. Its version."""
        version = version or self.stage()
        for step in STEPS:
            self.step(step, version)
        return version

    # what AWS shows

    def keys(self, user: str = USER) -> dict[str, str]:
        """The user's keys and their status."""
        return {k["AccessKeyId"]: k["Status"] for k in self.iam.list_access_keys(UserName=user)["AccessKeyMetadata"]}

    def value(self, **version: str) -> dict[str, str]:
        """The secret's JSON."""
        asked = version or {"VersionStage": "AWSCURRENT"}
        found: dict[str, str] = json.loads(self.vault.get_secret_value(SecretId=self.secret, **asked)["SecretString"])
        return found

    def current(self) -> str:
        """The id of the key in the secret."""
        return self.value()["AccessKeyId"]

    def labels(self) -> dict[str, list[str]]:
        """The staging labels of each version."""
        found = self.vault.describe_secret(SecretId=self.secret)["VersionIdsToStages"]
        return {version: stages for version, stages in found.items() if stages}  # AWS shows no version without one

    def switch(self, key: str, status: str) -> None:
        self.iam.update_access_key(UserName=USER, AccessKeyId=key, Status=status)

    def add_foreign_key(self, user: str = USER) -> str:
        key = self.iam.create_access_key(UserName=user)["AccessKey"]
        return str(key["AccessKeyId"])

    def adopt(self) -> str:
        """A stack of the published template: CloudFormation made the key and its value is in the secret. The key."""
        resources = {"SupportAccessKey": {"Type": "AWS::IAM::AccessKey", "Properties": {"UserName": USER}}}
        made = client("cloudformation").create_stack(
            StackName="published", TemplateBody=json.dumps({"Resources": resources})
        )
        self.stack = made["StackId"]
        (key,) = self.keys()
        text = {"AccessKeyId": key, "SecretAccessKey": "made-by-cloudformation", **PLACE}
        self.vault.put_secret_value(SecretId=self.secret, SecretString=json.dumps(text))
        return key


class Clock:
    """Time that passes by sleeping alone."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture(scope="session")
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(index, "time", made)
    return made


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, listener: Listener, clock: Clock) -> Iterator[World]:
    """The world; and at its end, whatever was done: no secret and no address of an answer was told to anybody."""
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN"):
        monkeypatch.setenv(f"AWS_{name}", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    listener.bodies.clear()
    listener.statuses.clear()
    with mock_aws():
        faults = Faults(client)
        monkeypatch.setattr(index, "boto3", faults)
        made = World(faults, listener)
        monkeypatch.setattr(index, "print", lambda *what: made.logged.append(" ".join(map(str, what))), raising=False)
        yield made
    raised = [line for error in made.raised for line in traceback.format_exception(error)]
    told = "".join([*made.logged, *raised, json.dumps(listener.bodies)])
    assert "canary" not in told
    assert not [secret for secret in faults.secrets if secret in told]
