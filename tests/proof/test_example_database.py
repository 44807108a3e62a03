"""The example's policies by the same evaluator: an access level's policy opens its own way and no other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from generator.model.database import AccessLevel
from generator.template.example_database import build_example
from tests.proof.evaluator import Answer, text
from tests.proof.judge import judge
from tests.proof.people import Actor, Context, role_session
from tests.proof.resolve import ACCOUNT, CLUSTER, STACK, Stack
from tests.proof.tables.support import OPEN, OTHER_REGION, RESUME, START, TERMINATE, THEIRS, UNCHECKED, aws_owned
from tests.proof.world import Row, World, in_region, may, may_not, table

CONNECT, JUMP_HOST, TUNNEL = "rds-db:connect", "<Bastion>", "<DatabaseDocument>"
READ, STACK_UUID = "cloudformation:DescribeStacks", "7c8d9e0f-1a2b-3c4d-5e6f-708192a3b4c5"
SESSION_TAG = "ssm:resourceTag/aws:ssmmessages:session-id"
OWN: Context = {SESSION_TAG: "AROA1B2C3D4E5F6G7H8I9:alice"}
ANOTHERS: Context = {SESSION_TAG: "AROA1B2C3D4E5F6G7H8I9:bob"}


def database_user(name: str, *, region: str = "us-east-1", account: str = ACCOUNT, cluster: str = CLUSTER) -> str:
    return f"arn:aws:rds-db:{region}:{account}:dbuser:{cluster}/{name}"


class Example(World):
    """The example in the place of the stack; who asks is called after the access level whose policy is attached."""

    def __init__(self) -> None:
        super().__init__({})
        self._only = Stack(build_example().to_dict())

    def stack(self, name: str) -> Stack:
        return self._only

    def actor(self, who: str, stack: str) -> Actor:
        if who == "bastion":
            held = self._only.property("BastionRole", "Policies")
            documents = [text(policy["PolicyDocument"]) for policy in held]
            return role_session(self._only.arn("BastionRole"), "i-0a1b2c3d4e5f60718", *documents)
        document = self._only.property(f"{AccessLevel(who).name.capitalize()}Policy", "PolicyDocument")
        return role_session(f"arn:aws:iam::{ACCOUNT}:role/engineer", "alice", text(document))


def rows_of(level: AccessLevel) -> list[Row]:
    own = f"alice_{level.value}"
    others = [other for other in AccessLevel if other is not level]
    return table(
        "example",
        level.value,
        may("sign in with its access level", CONNECT, database_user(own)),
        may("open the tunnel", START, JUMP_HOST, TUNNEL),
        may("open its channel", OPEN, f"{THEIRS}alice-1"),
        may("end its own session", TERMINATE, f"{THEIRS}alice-1", given=OWN),
        may("find the database", "rds:DescribeDBClusters", "<rds>:cluster:x"),
        may("read the stack that tells the way", READ, f"<cloudformation>:stack/{STACK}/{STACK_UUID}"),
        may_not("read another stack", READ, f"<cloudformation>:stack/other/{STACK_UUID}"),
        *(may_not(f"sign in with {o.value}", CONNECT, database_user(f"alice_{o.value}")) for o in others),
        may_not("sign in as the master", CONNECT, database_user("master")),
        may_not("sign in as RDS itself", CONNECT, database_user("rdsadmin")),
        may_not("sign in to another database", CONNECT, database_user(own, cluster="cluster-OTHER")),
        may_not("sign in in another region", CONNECT, database_user(own, region="eu-west-1")),
        may_not("sign in in another account", CONNECT, database_user(own, account="777788889999")),
        may_not("open a shell on the bastion", START, "<ssm>:document/SSM-SessionManagerRunShell"),
        may_not("tunnel to another host", START, aws_owned("AWS-StartPortForwardingSessionToRemoteHost")),
        may_not("use SSH", START, aws_owned("AWS-StartSSHSession")),
        may_not("hop from another instance", START, "<ec2>:instance/i-0fedcba9876543210"),
        may_not("start without naming a document", START, JUMP_HOST, given=UNCHECKED),
        may_not("end another's session", TERMINATE, f"{THEIRS}bob-1", given=ANOTHERS),
        may_not("take another's session over", RESUME, f"{THEIRS}bob-1", given=ANOTHERS),
        may_not("open a channel in another region", OPEN, f"{OTHER_REGION}:session/alice-1"),
        may_not("look for databases elsewhere", "rds:DescribeDBClusters", "<rds>:cluster:x",
                given=in_region("eu-west-1")),
        may_not("read the master's password", "secretsmanager:GetSecretValue", "<secretsmanager>:secret:rds!cluster-1"),
        may_not("change the master's password", "rds:ModifyDBCluster", "<rds>:cluster:example"),
        may_not("lead the document elsewhere", "ssm:UpdateDocument", TUNNEL),
        may_not("run commands on the bastion", "ssm:SendCommand", JUMP_HOST),
    )  # fmt: skip


BASTION = table(
    "example",
    "bastion",
    may("carry sessions", "ssmmessages:CreateDataChannel", "*"),
    may("be known to Systems Manager", "ssm:UpdateInstanceInformation", JUMP_HOST),
    may_not("carry them elsewhere", "ssmmessages:CreateDataChannel", "*", given=in_region("eu-west-1")),
    may_not("sign in to the database", CONNECT, database_user("alice_r")),
    may_not("read secrets", "secretsmanager:GetSecretValue", "<secretsmanager>:secret:rds!cluster-1"),
    may_not("start a session", START, JUMP_HOST, TUNNEL),
    may_not("read parameters", "ssm:GetParameter", "<ssm>:parameter/x"),
)
LIMIT = may("sign in as another person's user of the access level: the policy tells access levels, not people", CONNECT,
            database_user("bob_r"))  # fmt: skip
ROWS = [*(row for level in AccessLevel for row in rows_of(level)), *BASTION, *table("example's limit", "r", LIMIT)]


@pytest.fixture(scope="module")
def answers() -> dict[str, Answer]:
    return judge(Example(), ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_row(row: Row, answers: dict[str, Answer]) -> None:
    assert answers[row.id].decision == row.expect, answers[row.id].why


def test_an_access_level_that_is_any_access_level_would_be_noticed() -> None:
    """The rows can fail: with every database user allowed, those about other users turn round."""
    world = Example()
    wide = text({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "rds-db:*", "Resource": "*"}})
    world.actor = lambda who, stack: replace(Example.actor(world, who, stack), identity=(wide,))  # type: ignore[method-assign]
    denied = [row for row in rows_of(AccessLevel.READ) if row.expect == "denied" and row.steps[0][0] == CONNECT]
    turned = judge(world, denied)
    assert {turned[row.id].decision for row in denied} == {"allowed"}
