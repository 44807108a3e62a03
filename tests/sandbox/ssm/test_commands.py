"""SendCommand over the API: how many nodes at a time, after how many failures no more, and what each end is called."""

from __future__ import annotations

import time
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from generator.errors import DeployerError
from generator.sandbox.ssm.command_schedule import overall, rate, schedule
from generator.sandbox.ssm.shell import Outcome

from .conftest import launch

SUCCESS, FAILURE = Outcome(), Outcome(1)
NODES = tuple("abcdefghij")


def ends(outcomes: str, concurrency: str, errors: str, timeout: float = 60) -> str:
    """What happened on each of the nodes, a letter each: + - ? T(imed out), U(ndeliverable), . for not started."""
    kinds = {"+": SUCCESS, "-": FAILURE, "s": Outcome(0, seconds=5), "l": Outcome(0, seconds=99), "u": None}
    names = dict(zip(NODES, (kinds[each] for each in outcomes), strict=False))
    made = schedule(names, rate(concurrency, errors, len(names)), 0, timeout)
    letters = {"Success": "+", "Failed": "-", "ExecutionTimedOut": "T", "Undeliverable": "U", "Terminated": "."}
    return "".join(letters[made[name].detail] for name in names)


@pytest.mark.parametrize(
    ("outcomes", "concurrency", "errors", "what"),
    [
        ("------", "1", "0", "-....."),
        ("------", "50", "0", "------"),  # all of them had begun
        ("------", "2", "0", "--...."),
        ("+-----", "1", "0", "+-...."),
        ("------", "1", "2", "---..."),
        ("----------", "1", "10%", "--........"),  # 10% of ten is one that may fail
        ("------", "1", "10%", "-....."),  # 10% of six is none
        ("----------", "20%", "0", "--........"),
        ("------", "10%", "100%", "------"),  # less than one node at a time is one
        ("s-+++", "2", "0", "+-..."),  # one that runs goes on to its end
        ("l+++", "1", "0", "T..."),  # a timeout is a failure
        ("uu-+", "1", "0", "UU-."),  # what was not delivered is none
        ("++++++", "1", "0", "++++++"),
    ],
)
def test_a_command_stops_where_aws_stops_it(outcomes: str, concurrency: str, errors: str, what: str) -> None:
    assert ends(outcomes, concurrency, errors) == what


@pytest.mark.parametrize(
    ("outcomes", "errors", "status"),
    [
        ("++", "0", ("Success", "Success")),
        ("+-", "0", ("Failed", "Failed")),
        ("+-", "1", ("Failed", "Incomplete")),
        ("+l", "0", ("TimedOut", "ExecutionTimedOut")),
        ("+u", "0", ("Failed", "Incomplete")),
        ("", "0", ("Success", "NoInstancesInTag")),
    ],
)
def test_the_whole_command_ends_as_its_runs_did(outcomes: str, errors: str, status: tuple[str, str]) -> None:
    kinds = {"+": SUCCESS, "-": FAILURE, "l": Outcome(0, seconds=99), "u": None}
    limits = rate("50", errors, len(outcomes))
    made = schedule(dict(zip(NODES, (kinds[each] for each in outcomes), strict=False)), limits, 0, 60)
    assert overall(made, limits) == status


@pytest.mark.parametrize(
    ("concurrency", "errors"), [("0", "0"), ("0%", "0"), ("101%", "0"), ("x", "0"), ("1", "-1"), ("1", "00"), ("", "0")]
)
def test_a_rate_that_is_none_is_refused(concurrency: str, errors: str) -> None:
    with pytest.raises(DeployerError) as refused:
        rate(concurrency, errors, 6)
    assert refused.value.code == "ValidationException"


def refusal(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value.response["Error"]["Code"])


def test_one_failure_stops_a_command_of_one_node_at_a_time(client: Any) -> None:
    ssm, mark = client("ssm"), uuid.uuid4().hex[:8]
    nodes = [launch(client, {"fleet": mark}) for _ in range(6)]
    targets = [{"Key": "tag:fleet", "Values": [mark]}]
    sent = ssm.send_command(
        DocumentName="AWS-RunShellScript",
        Targets=targets,
        Parameters={"commands": ["false"]},
        MaxConcurrency="1",
        MaxErrors="0",
    )["Command"]
    command = ended(ssm, sent["CommandId"])
    assert (command["Status"], command["TargetCount"], command["CompletedCount"], command["ErrorCount"]) == (
        "Failed", 6, 6, 1,
    )  # fmt: skip
    rows = ssm.list_command_invocations(CommandId=sent["CommandId"], Details=True)["CommandInvocations"]
    assert sorted(row["StatusDetails"] for row in rows) == ["Failed", *["Terminated"] * 5]
    [ran] = [row["InstanceId"] for row in rows if row["CommandPlugins"]]
    for node in set(nodes) - {ran}:
        one = ssm.get_command_invocation(CommandId=sent["CommandId"], InstanceId=node)
        assert (one["ResponseCode"], one["ExecutionStartDateTime"]) == (-1, "")


def ended(ssm: Any, command_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        [command] = ssm.list_commands(CommandId=command_id)["Commands"]
        if command["Status"] not in ("Pending", "InProgress"):
            return dict(command)
        time.sleep(0.05)
    raise AssertionError("the command has not ended")


def test_a_command_is_cancelled_on_the_nodes_that_are_named_or_on_all(client: Any) -> None:
    ssm, nodes = client("ssm"), [launch(client, {"fleet": "cancelled"}) for _ in range(3)]
    given: dict[str, Any] = {"DocumentName": "AWS-RunShellScript", "Parameters": {"commands": ["sleep 600"]}}
    command = ssm.send_command(**given, InstanceIds=nodes)["Command"]["CommandId"]

    def states() -> list[str]:
        return [ssm.get_command_invocation(CommandId=command, InstanceId=node)["Status"] for node in nodes]

    assert states() == ["InProgress"] * 3
    ssm.cancel_command(CommandId=command, InstanceIds=[nodes[1]])
    assert states() == ["InProgress", "Cancelled", "InProgress"]
    ssm.cancel_command(CommandId=command)
    assert states() == ["Cancelled"] * 3 and ended(ssm, command)["Status"] == "Cancelled"
    assert refusal(ssm.cancel_command, CommandId="00000000-0000-4000-8000-000000000000") == "InvalidCommandId"


def test_a_node_that_was_stopped_is_named_by_id_in_vain_and_by_tag_not_reached(client: Any) -> None:
    ssm, mark = client("ssm"), uuid.uuid4().hex[:8]
    on, off = (launch(client, {"fleet": mark}) for _ in range(2))
    client("ec2").stop_instances(InstanceIds=[off])
    given: dict[str, Any] = {"DocumentName": "AWS-RunShellScript", "Parameters": {"commands": ["true"]}}
    assert refusal(ssm.send_command, **given, InstanceIds=[on, off]) == "InvalidInstanceId"
    sent = ssm.send_command(**given, Targets=[{"Key": "tag:fleet", "Values": [mark]}])["Command"]
    command = ended(ssm, sent["CommandId"])
    assert (command["StatusDetails"], command["ErrorCount"]) == ("Incomplete", 0)
    rows = ssm.list_command_invocations(CommandId=sent["CommandId"])["CommandInvocations"]
    assert {row["InstanceId"]: row["StatusDetails"] for row in rows} == {on: "Success", off: "Undeliverable"}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"InstanceIds": [f"i-{number:017x}" for number in range(51)]}, "ValidationException"),
        ({"InstanceIds": ["i-00000000000000001"]}, "InvalidInstanceId"),
        ({"Targets": [{"Key": f"tag:a{number}", "Values": ["b"]} for number in range(6)]}, "ValidationException"),
        ({"Parameters": {"commands": ["true"], "executionTimeout": ["172801"]}}, "InvalidParameters"),
        ({"Parameters": {"commands": ["true"], "executionTimeout": ["soon"]}}, "InvalidParameters"),
        ({"Parameters": {"command": ["true"]}}, "InvalidParameters"),
        ({"Parameters": {}}, "InvalidParameters"),
        ({"MaxErrors": "1.5"}, "ValidationException"),
        ({"MaxConcurrency": "0"}, "ValidationException"),
        ({"DocumentName": "AWS-Nothing"}, "InvalidDocument"),
    ],
)
def test_what_aws_refuses_is_refused(client: Any, changed: dict[str, Any], code: str) -> None:
    given: dict[str, Any] = {"DocumentName": "AWS-RunShellScript", "Parameters": {"commands": ["true"]}}
    if not changed.keys() & {"InstanceIds", "Targets"}:
        given["Targets"] = [{"Key": "tag:fleet", "Values": ["none"]}]
    assert refusal(client("ssm").send_command, **{**given, **changed}) == code
