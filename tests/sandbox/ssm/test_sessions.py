"""Sessions over the API: who may start, on what, with which document, and what is left afterwards."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from .conftest import document, launch

ACCOUNT, REGION = "111122223333", "us-east-1"
CHECK = {"BoolIfExists": {"ssm:SessionDocumentAccessCheck": "true"}}
TAGGED = {"StringEquals": {"ssm:resourceTag/deepsql:managed": "true"}, **CHECK}
PREFERENCES = "SSM-SessionManagerRunShell"
INSTANCES = f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/*"


def on_instances(**condition: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "ssm:StartSession", "Resource": INSTANCES, "Condition": condition or TAGGED}


def with_document(name: str) -> dict[str, Any]:
    arn = f"arn:aws:ssm:{REGION}:{ACCOUNT}:document/{name}"
    return {"Effect": "Allow", "Action": "ssm:StartSession", "Resource": arn, "Condition": CHECK}


def code(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return f"{caught.value.response['Error']['Code']}: {caught.value.response['Error']['Message']}"


def tunnel(instance: str, document: str, port: str = "3035") -> dict[str, Any]:
    return {"Target": instance, "DocumentName": document, "Parameters": {"portNumber": [port]}}


def test_a_tunnel_is_started_by_tag_and_document(user: Any, instance: str, port_document: str) -> None:
    who = user(on_instances(), with_document(port_document))
    opened = who("ssm").start_session(**tunnel(instance, port_document))
    assert opened["SessionId"].startswith(f"{who.name}-0")
    assert opened["StreamUrl"].startswith("ws://127.0.0.1:") and opened["TokenValue"]


def test_an_instance_without_the_tag_is_refused_by_name(client: Any, user: Any, port_document: str) -> None:
    stranger = launch(client, {"Name": "stranger"})
    who = user(on_instances(), with_document(port_document))
    sentence = code(who("ssm").start_session, **tunnel(stranger, port_document))
    assert sentence == (
        f"AccessDeniedException: User: arn:aws:iam::{ACCOUNT}:user/{who.name} is not authorized to perform: "
        f"ssm:StartSession on resource: arn:aws:ec2:{REGION}:{ACCOUNT}:instance/{stranger} "
        "because no identity-based policy allows the ssm:StartSession action"
    )


def test_a_document_that_is_not_granted_is_refused(user: Any, instance: str, port_document: str) -> None:
    who = user(on_instances(), with_document(port_document))
    asked = {"Target": instance, "DocumentName": "AWS-StartPortForwardingSession"}
    assert "document/AWS-StartPortForwardingSession" in code(who("ssm").start_session, **asked)


@pytest.mark.parametrize(("condition", "opens"), [(TAGGED, False), ({"Bool": {"aws:ViaAWSService": "false"}}, True)])
def test_the_default_shell_is_shut_by_the_document_check_only(
    user: Any, instance: str, condition: dict[str, Any], opens: bool
) -> None:
    ssm = user(on_instances(**condition))("ssm")
    if opens:
        assert ssm.start_session(Target=instance)["SessionId"]
    else:
        assert code(ssm.start_session, Target=instance).startswith("AccessDeniedException")


def test_parameters_must_match_the_document(client: Any, instance: str, port_document: str) -> None:
    start = client("ssm").start_session
    assert code(start, **tunnel(instance, port_document, "22")).startswith("InvalidParameters")
    assert code(start, Target=instance, DocumentName=port_document).startswith("InvalidParameters")
    assert code(start, Target=instance, DocumentName="no-such").startswith("InvalidDocument")


def test_a_target_without_an_agent_is_not_connected(client: Any) -> None:
    ssm = client("ssm")
    silent = launch(client, {}, agent=[])
    stopped = launch(client, {})
    client("ec2").stop_instances(InstanceIds=[stopped])
    for target in (silent, stopped, "i-0123456789abcdef0"):
        assert code(ssm.start_session, Target=target) == f"TargetNotConnected: {target} is not connected."
        assert ssm.get_connection_status(Target=target)["Status"] == "notconnected"


def test_live_and_past_sessions_are_listed_apart(client: Any, instance: str) -> None:
    ssm = client("ssm")
    session = ssm.start_session(Target=instance, Reason="ticket 7")["SessionId"]
    mine = [{"key": "SessionId", "value": session}]
    live = ssm.describe_sessions(State="Active", Filters=mine)["Sessions"][0]
    assert (live["Status"], live["Reason"], live["Target"]) == ("Connected", "ticket 7", instance)
    assert live["Owner"] == f"arn:aws:iam::{ACCOUNT}:root"
    ssm.terminate_session(SessionId=session)
    assert ssm.describe_sessions(State="Active", Filters=mine)["Sessions"] == []
    past = ssm.describe_sessions(State="History", Filters=mine)["Sessions"][0]
    assert past["Status"] == "Terminated" and past["EndDate"] >= past["StartDate"]


def test_ending_an_unknown_session_succeeds_and_resuming_it_does_not(client: Any) -> None:
    assert client("ssm").terminate_session(SessionId="nobody-0123")["SessionId"] == "nobody-0123"
    assert code(client("ssm").resume_session, SessionId="nobody-0123").startswith("DoesNotExistException")


def test_resume_gives_a_new_token(client: Any, instance: str) -> None:
    opened = client("ssm").start_session(Target=instance)
    again = client("ssm").resume_session(SessionId=opened["SessionId"])
    assert again["SessionId"] == opened["SessionId"] and again["TokenValue"] != opened["TokenValue"]


def test_users_end_their_own_sessions_only(client: Any, user: Any, instance: str) -> None:
    own = {
        "Effect": "Allow",
        "Action": ["ssm:TerminateSession"],
        "Resource": "arn:aws:ssm:*:*:session/${aws:username}-*",
    }
    anything = {"Effect": "Allow", "Action": "ssm:StartSession", "Resource": "*"}
    ada, bob = user(own, anything)("ssm"), user(own, anything)("ssm")
    session = ada.start_session(Target=instance)["SessionId"]
    assert code(bob.terminate_session, SessionId=session).startswith("AccessDeniedException")
    assert ada.terminate_session(SessionId=session)


def test_roles_end_their_own_sessions_by_awss_tag(client: Any, instance: str) -> None:
    iam, name = client("iam"), "session-role"
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
    start = {"Effect": "Allow", "Action": "ssm:StartSession", "Resource": "*"}
    own = {
        "Effect": "Allow",
        "Action": "ssm:TerminateSession",
        "Resource": "arn:aws:ssm:*:*:session/*",
        "Condition": {"StringLike": {"ssm:resourceTag/aws:ssmmessages:session-id": ["${aws:userid}"]}},
    }
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(start, own))
    ada, bob = (
        client("ssm", keys=client("sts").assume_role(RoleArn=role, RoleSessionName=who)["Credentials"])
        for who in ("ada", "bob")
    )
    session = ada.start_session(Target=instance)["SessionId"]
    assert session.startswith("ada-0")
    assert code(bob.terminate_session, SessionId=session).startswith("AccessDeniedException")
    assert ada.terminate_session(SessionId=session)


def test_a_principals_tag_opens_the_instances_that_bear_it(client: Any, user: Any) -> None:
    same_team = {"StringEquals": {"ssm:resourceTag/team": "${aws:PrincipalTag/team}"}}
    who = user(on_instances(**same_team), with_document(PREFERENCES))
    client("iam").tag_user(UserName=who.name, Tags=[{"Key": "team", "Value": "data"}])
    ours, theirs = launch(client, {"team": "data"}), launch(client, {"team": "web"})
    assert who("ssm").start_session(Target=ours)["SessionId"]
    assert code(who("ssm").start_session, Target=theirs).startswith("AccessDeniedException")


def test_only_nodes_with_an_agent_are_listed(client: Any, instance: str) -> None:
    silent = launch(client, {}, agent=[])
    rows = client("ssm").describe_instance_information()["InstanceInformationList"]
    ids = {row["InstanceId"] for row in rows}
    assert instance in ids and silent not in ids
    filters = [{"Key": "tag:deepsql:managed", "Values": ["true"]}]
    assert instance in {
        row["InstanceId"]
        for row in client("ssm").describe_instance_information(Filters=filters)["InstanceInformationList"]
    }
