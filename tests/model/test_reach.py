"""Whether a permissions boundary keeps its role away from a stack: only what is plain counts as yes."""

import json
from typing import Any

import pytest

from generator.model.access import AccountRole
from generator.model.policy import parse_policy
from generator.model.reach import reaches, reaching
from generator.policies.document import plain
from generator.policies.support import support_user_policy_document

PLACE = "us-east-1:111122223333"
INSTANCE, OTHER = f"arn:aws:ec2:{PLACE}:instance/i-1", f"arn:aws:ec2:{PLACE}:instance/i-2"
SECRET = f"arn:aws:secretsmanager:{PLACE}:secret:support-AbCdEf"
MINE = (INSTANCE, SECRET, "arn:aws:iam::111122223333:role/support")
SESSIONS = f"arn:aws:ssm:{PLACE}:session/*"
TAG = {"StringLike": {"ssm:resourceTag/aws:ssmmessages:session-id": "${aws:userid}"}}


def policy(action: Any, resource: Any, **more: Any) -> Any:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, **more}
    return parse_policy({"Version": "2012-10-17", "Statement": [statement]})


@pytest.mark.parametrize(
    "boundary",
    [
        policy("ssm:StartSession", INSTANCE),
        policy("ssm:StartSession", [OTHER, INSTANCE]),
        policy("ssm:StartSession", f"arn:aws:ec2:{PLACE}:instance/*"),
        policy("ssm:StartSession", "*", Condition={"StringEquals": {"ssm:resourceTag/deepsql:managed": "true"}}),
        policy("*", "*"),
        policy("secretsmanager:Get*", SECRET),
        policy("sts:AssumeRole", "arn:aws:iam::111122223333:role/*"),
        policy(["ec2:DescribeInstances", "ssm:SendCommand"], "*"),
        policy("ssm:ResumeSession", SESSIONS),
        policy("ssm:*Session", SESSIONS, Condition=TAG),
        policy("ssm:ResumeSession", SESSIONS, Condition={"StringNotLike": TAG["StringLike"]}),
        policy("ssm:ResumeSession", SESSIONS, Condition={"StringLike": {"aws:username": "x"}}),
        parse_policy({"Statement": {"Effect": "Allow", "NotAction": "iam:*", "Resource": OTHER}}),
        parse_policy({"Statement": {"Effect": "Allow", "Action": "ssm:StartSession", "NotResource": INSTANCE}}),
        parse_policy({"Statement": {"Effect": "Maybe", "Action": "ssm:GetConnectionStatus", "Resource": OTHER}}),
        parse_policy({"Statement": {"Effect": "Allow", "Action": "ssm:StartSession"}}),
        policy("ssm:G*", "*"),
        policy("secretsmanager:BatchGet*", "*"),
        policy("unheard:Of", "*"),
        policy("iam:PutRolePolicy", "arn:aws:iam::111122223333:role/elsewhere"),
        policy("cloudformation:UpdateStack", "*"),
        parse_policy("nonsense"),
        parse_policy([]),
    ],
)
def test_what_may_open_the_stack_reaches_it(boundary: Any) -> None:
    assert reaches(boundary, MINE)


@pytest.mark.parametrize(
    "boundary",
    [
        policy("ssm:StartSession", OTHER),
        policy("s3:*", "arn:aws:s3:::bucket/*"),
        policy(["ec2:DescribeInstances", "ssm:DescribeInstanceInformation"], "*"),
        policy(["ssm:Get*", "ec2:Describe*", "iam:List*", "sts:TagSession", "kms:Verify"], "*"),
        policy("s3:*", "*"),
        policy("iam:PassRole", "arn:aws:iam::111122223333:role/elsewhere"),
        policy("ssmmessages:OpenDataChannel", SESSIONS),
        policy("ssm:ResumeSession", SESSIONS, Condition=TAG),
        policy("ssm:TerminateSession", f"arn:aws:ssm:{PLACE}:session/${{aws:username}}-*"),
        parse_policy({"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}),
        parse_policy({"Version": "2012-10-17", "Statement": []}),
    ],
)
def test_what_plainly_is_about_something_else_does_not(boundary: Any) -> None:
    assert not reaches(boundary, MINE)


@pytest.mark.parametrize(("instance", "reached"), [("i-1", True), ("i-2", False)])
def test_the_support_policy_of_another_stack_reaches_its_own_instance_alone(instance: str, reached: bool) -> None:
    document = support_user_policy_document(region="us-east-1", account="111122223333", instance_ids=(instance,))
    assert reaches(parse_policy(json.dumps(plain(document))), MINE) == reached


def test_what_a_role_may_become_or_pass_on_it_reaches_too() -> None:
    own = "arn:aws:iam::111122223333:role/"

    def role(name: str, *policies: Any, boundary: Any = None) -> AccountRole:
        return AccountRole(name, own + name, parse_policy({}), None, policies, boundary)

    roles = [
        role("a", policy("sts:AssumeRole", f"{own}b")),
        role("b", policy("iam:PassRole", f"{own}c")),
        role("c", policy("ssm:StartSession", INSTANCE)),
        role("d", policy("sts:AssumeRole", f"{own}e")),
        role("e"),
        role("f", policy("*", "*"), boundary=policy("ssm:StartSession", OTHER)),
        role("g", policy("*", "*"), boundary=parse_policy("not read")),
        role("h", policy("*", "*"), boundary=policy("sts:AssumeRole", f"{own}c")),
    ]
    assert {arn.removeprefix(own) for arn in reaching(roles, MINE)} == {"a", "b", "c", "g", "h"}
