"""One sandbox for the tests of this folder, started as a user would start it, emptied between tests."""

from collections.abc import Callable, Iterator
from typing import Any

import botocore.session
import pytest
from botocore.config import Config

from generator.host.background_processes import spawn_detached
from generator.sandbox import lifecycle
from generator.sandbox.state import CUSTOMER_ACCOUNT, REGION, SandboxState
from tests.sandbox_keys import root

Client = Callable[..., Any]


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxState]:
    home = tmp_path_factory.mktemp("sandbox")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEPLOYER_SANDBOX_HOME", str(home))
        patch.setenv("DEPLOYER_SANDBOX_STEP", "0")
        yield lifecycle.start(None, spawn_detached)
        lifecycle.stop()


@pytest.fixture
def sandbox(running: SandboxState, monkeypatch: pytest.MonkeyPatch) -> SandboxState:
    monkeypatch.setenv("DEPLOYER_SANDBOX_HOME", running.home)
    lifecycle.reset()
    return running


@pytest.fixture
def client(sandbox: SandboxState) -> Client:
    """client("iam") as root of the customer's account or another `account`, or with the key of somebody."""

    def make(
        service: str, access_key: str = "", secret: str = "", token: str | None = None, account: str = CUSTOMER_ACCOUNT
    ) -> Any:
        own = root(sandbox, account)
        session = botocore.session.Session()
        config = Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"}, proxies={})
        return session.create_client(
            service,
            region_name=REGION,
            endpoint_url=sandbox.endpoint,
            aws_access_key_id=access_key or own["aws_access_key_id"],
            aws_secret_access_key=secret or own["aws_secret_access_key"],
            aws_session_token=token,
            config=config,
        )

    return make


@pytest.fixture
def stacks(client: Client) -> "Stacks":
    return Stacks(client("cloudformation"))


class Stacks:
    """The stack `demo`, driven through change sets as the tool drives it."""

    name = "demo"

    def __init__(self, cloudformation: Any) -> None:
        self.api = cloudformation
        self.made = 0

    def change_set(self, parameters: list[Any], template: str | None = None, kind: str = "UPDATE") -> dict[str, Any]:
        self.made += 1
        body = {"TemplateBody": template} if template else {"UsePreviousTemplate": True}
        identifier = self.api.create_change_set(
            StackName=self.name, ChangeSetName=f"c{self.made}", ChangeSetType=kind, Parameters=parameters,
            Capabilities=["CAPABILITY_NAMED_IAM"], **body,
        )["Id"]  # fmt: skip
        return self.api.describe_change_set(ChangeSetName=identifier, IncludePropertyValues=True)  # type: ignore[no-any-return]

    def execute(self, change_set: dict[str, Any]) -> str:
        assert change_set["Status"] == "CREATE_COMPLETE", change_set["StatusReason"]
        self.api.execute_change_set(ChangeSetName=change_set["ChangeSetId"])
        return self.settled()

    def settled(self, seconds: float = 30) -> str:
        import time

        deadline = time.monotonic() + seconds
        while (status := self.status()).endswith("_IN_PROGRESS"):
            assert time.monotonic() < deadline, f"{status}: {self.events()}"
            time.sleep(0.02)
        return status

    def status(self) -> str:
        return str(self.stack()["StackStatus"])

    def stack(self) -> dict[str, Any]:
        return self.api.describe_stacks(StackName=self.name)["Stacks"][0]  # type: ignore[no-any-return]

    def outputs(self) -> dict[str, str]:
        return {o["OutputKey"]: o["OutputValue"] for o in self.stack().get("Outputs", [])}

    def resources(self) -> dict[str, str]:
        listed = self.api.describe_stack_resources(StackName=self.name)["StackResources"]
        return {r["LogicalResourceId"]: r["PhysicalResourceId"] for r in listed}

    def events(self, since: int = 0) -> list[tuple[str, str]]:
        """(logical id, status) in order of time, from the given number on."""
        return [(e["LogicalResourceId"], e["ResourceStatus"]) for e in self.history()[since:]]

    def history(self) -> list[dict[str, Any]]:
        """Every event, the oldest first."""
        pages = self.api.get_paginator("describe_stack_events").paginate(StackName=self.name)
        return [event for page in pages for event in page["StackEvents"]][::-1]


def changes(change_set: dict[str, Any]) -> dict[str, str]:
    """What a change set does to each resource."""
    return {c["ResourceChange"]["LogicalResourceId"]: c["ResourceChange"]["Action"] for c in change_set["Changes"]}
