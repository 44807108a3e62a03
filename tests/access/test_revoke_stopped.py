"""A revocation stopped at any call, by an error of any kind or by Ctrl-C, ends proven when it is run again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError, EndpointConnectionError

from generator.operations import polling
from tests.access.test_revoke_refused import opened
from tests.api_calls import recorded
from tests.embedded import Deployer, Outcome, environment

STACK = "stopped"
ALL = ("access", "revoke", "--all", "--yes")
WRITES = (
    "UpdateAccessKey",
    "UpdateAssumeRolePolicy",
    "PutRolePolicy",
    "DeleteResourcePolicy",
    "PutKeyPolicy",
    "CreateChangeSet",
    "ExecuteChangeSet",
    "DeleteAccessKey",
    "TerminateSession",
    "CreateLogStream",
    "PutLogEvents",
)
READS = (
    "DescribeStacks",
    "GetSecretValue",
    "ListAccessKeys",
    "GetResourcePolicy",
    "GetKeyPolicy",
    "GetRolePolicy",
    "DescribeSessions",
    "DescribeChangeSet",
    "DescribeStackEvents",
    "GetCallerIdentity",
    "ListUserPolicies",
    "GetRole",
    "SimulatePrincipalPolicy",
    "ListStackResources",
    "GetAccountAuthorizationDetails",
)
Fault = Callable[[str], BaseException]


def error(code: str, status: int) -> Fault:
    answer = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return lambda operation: ClientError(answer, operation)  # type: ignore[arg-type]


FAULTS: dict[str, Fault] = {
    "denied": error("AccessDenied", 403),
    "throttled": error("Throttling", 400),
    "unavailable": error("InternalFailure", 500),
    "unheard of": error("SomethingNobodyForesaw", 418),
    "cut off": lambda operation: EndpointConnectionError(endpoint_url="https://aws"),
    "a defect": lambda operation: KeyError("what nobody foresaw"),
}


@pytest.fixture(scope="module")
def both(sandbox_environment: dict[str, str]) -> Iterator[Deployer]:
    """A stack with a support user and a support role."""
    with environment(sandbox_environment):
        made = Deployer(STACK, "--output", "json")
        made.create("--support-role", "yes")
        yield made


@pytest.fixture
def let_in(both: Deployer) -> Deployer:
    """The vendor is let in, and has a session open."""
    opened(both)
    return both


@pytest.fixture
def stopped_at(let_in: Deployer, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    """Revoke everybody; the first call of that operation fails, or `each`, and never reaches AWS."""

    def ran(operation: str, fault: Fault, *, each: bool = False) -> Outcome:
        failed: list[str] = []
        call = BaseClient._make_api_call

        def spoiled(client: Any, name: str, parameters: Any) -> Any:
            if name == operation and (each or not failed):
                failed.append(name)
                raise fault(name)
            return call(client, name, parameters)

        with monkeypatch.context() as patch:
            patch.setattr(BaseClient, "_make_api_call", spoiled)
            patch.setattr(polling, "OUTAGE_SECONDS", 1.0)  # an outage without an end is given up on, as after minutes
            outcome = let_in(*ALL)
        assert failed, f"a revocation never calls {operation}"
        return outcome

    return ran


def again(deployer: Deployer) -> None:
    ran = deployer(*ALL)
    assert ran.code == 0, [row for row in ran.result["evidence"] if row["proven"] is False]


@pytest.mark.parametrize("operation", [*READS[:7], *WRITES])
def test_after_ctrl_c_at_any_call_the_same_command_ends_proven(
    operation: str, stopped_at: Callable[..., Outcome], let_in: Deployer
) -> None:
    ran = stopped_at(operation, lambda name: KeyboardInterrupt())
    assert ran.code == 130 and "Traceback" not in ran.err
    again(let_in)


def test_a_revocation_interrupted_at_its_first_call_then_at_its_second_and_so_on_ends_proven(
    let_in: Deployer, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = BaseClient._make_api_call
    stopped: list[str] = []
    left = 0

    def interrupted(client: Any, name: str, parameters: Any) -> Any:
        nonlocal left
        left -= 1
        if left == 0:
            stopped.append(name)
            raise KeyboardInterrupt
        return call(client, name, parameters)

    with monkeypatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", interrupted)
        code = 130
        while code == 130:
            left = len(stopped) + 1
            ran = let_in(*ALL)
            code = ran.code
            assert "Traceback" not in ran.err
    assert ran.code == 0, ran.err
    assert {*READS} - {*ASKED_AGAIN, "GetRolePolicy"} <= {*stopped}, "each was interrupted once"


ASKED_AGAIN = {"DescribeChangeSet", "DescribeStackEvents", "TerminateSession"}
"""A revocation waits for these until it has an answer; what is still open it ends once more."""


@pytest.mark.parametrize(("number", "operation"), list(enumerate((*WRITES, *READS))))
def test_an_error_at_any_call_is_never_proven_and_never_the_end(
    number: int, operation: str, stopped_at: Callable[..., Outcome], let_in: Deployer
) -> None:
    kind = list(FAULTS)[number % len(FAULTS)]
    ran = stopped_at(operation, FAULTS[kind], each=operation in set(READS) - ASKED_AGAIN)
    assert "Traceback" not in ran.err
    assert ran.code != 0 or operation in ASKED_AGAIN, f"{operation} {kind}: called proven"
    again(let_in)


def test_every_call_that_writes_is_stopped_once_above(let_in: Deployer, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        made = recorded(patch)
        assert let_in(*ALL).code == 0
    reads = ("Get", "List", "Describe", "Simulate")
    assert {name for name in made if not name.startswith(reads)} == set(WRITES)
