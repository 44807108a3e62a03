"""What `db policy` prints, by the same evaluator: one user of one database by one way, and nothing besides."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from generator.errors import AwsError, NotFound, Refused, UsageError
from generator.model.database import Database, Engine
from generator.model.stack import Stack, StackStatus
from generator.operations.database.iam_policy import connect_policy
from generator.operations.database.request import DatabaseRequest
from generator.template.stack import build
from tests.proof.evaluator import Answer, text
from tests.proof.judge import judge
from tests.proof.people import Actor, Context, role_session
from tests.proof.resolve import ACCOUNT, CLUSTER, STACK
from tests.proof.tables.support import (
    OPEN,
    OTHER_REGION,
    RESUME,
    SAME_ID_IN_EUROPE,
    START,
    TERMINATE,
    THEIRS,
    UNCHECKED,
    aws_owned,
)
from tests.proof.world import Row, World, in_region, may, may_not, table, tagged

ENDPOINT = "app.cluster-x.us-east-1.rds.amazonaws.com"
CONNECT, FIND, JUMP_HOST, TUNNEL = "rds-db:connect", "rds:DescribeDBClusters", "<Instance>", "<DatabaseDocument>"
HOST, ANOTHER = "<ec2>:instance/i-0bbbbbbbbbbbbbbbb", "<ec2>:instance/i-0fedcba9876543210"
ANY_HOST = aws_owned("AWS-StartPortForwardingSessionToRemoteHost")
READ, THE_STACK = "cloudformation:DescribeStacks", f"<cloudformation>:stack/{STACK}/7c8d9e0f"
OWN: Context = {"ssm:resourceTag/aws:ssmmessages:session-id": "AROA1B2C3D4E5F6G7H8I9:alice"}
ANOTHERS: Context = {"ssm:resourceTag/aws:ssmmessages:session-id": "AROA1B2C3D4E5F6G7H8I9:bob"}
BASTION = tagged(STACK, "deepsql:bastion")
KNOWN = Database("app", Engine.POSTGRESQL, ENDPOINT, 5432, CLUSTER, "shop", "us-east-1", ACCOUNT)


def found(host: str = ENDPOINT, port: str = "5432") -> str:
    return json.dumps({"sessionType": "Port", "properties": {"host": host, "portNumber": port}})


def gateway(known: bool = True, document: object = None, databases: object = None, **parameters: str) -> Any:
    """An account whose stack knows the database, unless it is said that it does not."""
    told = {"DatabaseEndpoint": ENDPOINT, "DatabasePort": "5432"} if known else {}
    outputs = {"InstanceId": "i-0a1b2c3d4e5f60718"}
    arn = f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/{STACK}/7c8d9e0f"
    stack = Stack(STACK, arn, StackStatus("CREATE_COMPLETE"), parameters={**told, **parameters}, outputs=outputs)
    asked = found() if document is None else document

    def answer(what: object) -> Any:
        def call(*_: object, **__: object) -> object:
            if isinstance(what, Exception):
                raise what
            return what

        return call

    return SimpleNamespace(
        rds=SimpleNamespace(describe_databases=answer([KNOWN] if databases is None else databases)),
        cloudformation=SimpleNamespace(find_stack=answer(stack)),
        ssm=SimpleNamespace(find_document=answer((asked, "1") if isinstance(asked, str) else asked)),
        sts=SimpleNamespace(get_caller_arn=answer(f"arn:aws:sts::{ACCOUNT}:assumed-role/engineer/alice")),
        deployment=SimpleNamespace(stack_name=STACK),
        region="us-east-1",
    )


PRINTED = {
    "alice": connect_policy(gateway(), DatabaseRequest()),
    "alice by a bastion": connect_policy(gateway(DeployBastionHost="Yes"), DatabaseRequest()),
    "whoever asks": connect_policy(gateway(), DatabaseRequest(user="${aws:username}_r")),
    "support": connect_policy(gateway(DeployBastionHost="Yes"), DatabaseRequest(support=True)),
    "alice by any host": connect_policy(gateway(known=False), DatabaseRequest(), any_host=True),
}


class Printed(World):
    """The stack that knows a database; who asks is called after what was printed for them."""

    def __init__(self) -> None:
        super().__init__(build().to_dict())

    def actor(self, who: str, stack: str) -> Actor:
        document = text(PRINTED[who].policy)
        session = role_session(f"arn:aws:iam::{ACCOUNT}:role/engineer", "alice", document)
        if who == "whoever asks":
            return replace(session, context={**session.context, "aws:username": "alice"})
        return session


def user(name: str, *, region: str = "us-east-1", account: str = ACCOUNT, cluster: str = CLUSTER) -> str:
    return f"arn:aws:rds-db:{region}:{account}:dbuser:{cluster}/{name}"


def rows_of(who: str, own: str) -> list[Row]:
    """What each of them may do alike, `own` being its user of the database."""
    identity = own[:-2]
    return table(
        "db policy",
        who,
        may("sign in as its user", CONNECT, user(own)),
        may("open a channel", OPEN, f"{THEIRS}alice-1"),
        may("end its own session", TERMINATE, f"{THEIRS}alice-1", given=OWN),
        may("resume its own session", RESUME, f"{THEIRS}alice-1", given=OWN),
        may("find the database", FIND, "<rds>:cluster:x"),
        *(may_not(f"sign in with {level}", CONNECT, user(f"{identity}_{level}")) for level in "wo"),
        may_not("sign in as another person", CONNECT, user("bob_r")),
        may_not("sign in as one whose name begins alike", CONNECT, user(f"{own}2")),
        may_not("sign in as the master", CONNECT, user("master")),
        may_not("sign in to another database", CONNECT, user(own, cluster="cluster-OTHER")),
        may_not("sign in in another region", CONNECT, user(own, region="eu-west-1")),
        may_not("sign in in another account", CONNECT, user(own, account="777788889999")),
        may_not("open a shell", START, "<ssm>:document/SSM-SessionManagerRunShell"),
        may_not("open the stack's own shell", START, "<ShellDocument>"),
        may_not("use SSH", START, aws_owned("AWS-StartSSHSession")),
        may_not("tunnel to the instance's own ports", START, aws_owned("AWS-StartPortForwardingSession")),
        may_not("use another stack's tunnel", START, "<ssm>:document/deepsql-database-i-0fedcba9876543210"),
        may_not("end another's session", TERMINATE, f"{THEIRS}bob-1", given=ANOTHERS),
        may_not("take another's session over", RESUME, f"{THEIRS}bob-1", given=ANOTHERS),
        may_not("end its own session in another region", TERMINATE, f"{OTHER_REGION}:session/alice-1", given=OWN),
        may_not("open a channel in another region", OPEN, f"{OTHER_REGION}:session/alice-1"),
        may_not("look for databases elsewhere", FIND, "<rds>:cluster:x", given=in_region("eu-west-1")),
        may_not("hop from another instance", START, ANOTHER),
        may_not("hop from its id in another region", START, SAME_ID_IN_EUROPE),
        may_not("lead the document elsewhere", "ssm:UpdateDocument", TUNNEL),
        may_not("run commands on the hop", "ssm:SendCommand", JUMP_HOST),
        may_not("change the stack", "cloudformation:UpdateStack", THE_STACK),
        may_not("read another stack", READ, "<cloudformation>:stack/other/1"),
        may_not("read the master's password", "secretsmanager:GetSecretValue", "<secretsmanager>:secret:rds!cluster-1"),
        may_not("put a tag on an instance", "ec2:CreateTags", ANOTHER),
    )  # fmt: skip


NO_OTHER_HOST = may_not("tunnel to any host", START, ANY_HOST)
BY_THE_INSTANCE = [
    may("open the tunnel", START, JUMP_HOST, TUNNEL),
    may_not("start without naming a document", START, JUMP_HOST, given=UNCHECKED),
    may_not("hop from the bastion", START, HOST, given=BASTION),
    NO_OTHER_HOST,
]
BY_THE_BASTION = table(
    "db policy",
    "alice by a bastion",
    may("open the tunnel from today's host", START, HOST, given=BASTION),
    may("open it from tomorrow's", START, "<ec2>:instance/i-0cccccccccccccccc", given=BASTION),
    may("use the database's document", START, TUNNEL),
    may("find today's host", "ec2:DescribeInstances", "*"),
    may("read the stack that tells of both", READ, THE_STACK),
    may_not("hop from another stack's bastion", START, HOST, given=tagged("other", "deepsql:bastion")),
    may_not("hop from the product's own instance", START, JUMP_HOST),
    may_not("start without naming a document", START, HOST, given=BASTION | UNCHECKED),
    may_not("use the document unchecked", START, TUNNEL, given=UNCHECKED),
    may_not("hop from a bastion in another region", START, SAME_ID_IN_EUROPE, given=BASTION),
    may_not("look for hosts elsewhere", "ec2:DescribeInstances", "*", given=in_region("eu-west-1")),
    NO_OTHER_HOST,
)
BY_ANY_HOST = table(
    "db policy",
    "alice by any host",
    may("tunnel to any host, as was asked for and warned of", START, ANY_HOST),
    may("start from the stack's instance", START, JUMP_HOST),
    may_not("use the document of the stack, which did not know", START, TUNNEL),
)  # fmt: skip
ROWS = [
    replace(row, stack="database")
    for row in (
        *rows_of("alice", "alice_r"),
        *table("db policy", "alice", *BY_THE_INSTANCE, may("read the stack", READ, THE_STACK)),
        *rows_of("alice by a bastion", "alice_r"),
        *BY_THE_BASTION,
        *rows_of("whoever asks", "alice_r"),
        *rows_of("support", "deepsql-support_r"),
        *table("db policy", "support", *BY_THE_INSTANCE,
               may_not("read the stack", READ, THE_STACK)),
        *rows_of("alice by any host", "alice_r"),
        *BY_ANY_HOST,
    )
]  # fmt: skip


@pytest.fixture(scope="module")
def answers() -> dict[str, Answer]:
    return judge(Printed(), ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_row(row: Row, answers: dict[str, Answer]) -> None:
    assert answers[row.id].decision == row.expect, answers[row.id].why


def wider(who: str) -> dict[str, Any]:
    """The policy with one bound less at a time: a resource that is any, a condition that is gone."""
    policy = PRINTED[who].policy
    statements: Any = policy["Statement"]
    made = {}
    for at, statement in enumerate(statements):
        for key, value in (("Resource", "*"), ("Condition", {})):
            if statement.get(key, value) != value:
                changed = [*statements[:at], {**statement, key: value}, *statements[at + 1 :]]
                made[f"{statement['Sid']} without its {key}"] = {**policy, "Statement": changed}
    return made


def test_no_bound_could_be_left_out_unnoticed() -> None:
    mutants = wider("alice by a bastion")
    world = Printed()
    world.actor = lambda who, stack: role_session(f"arn:aws:iam::{ACCOUNT}:role/x", "alice", text(mutants[who]))  # type: ignore[method-assign]
    denied = [row for row in ROWS if row.who == "alice by a bastion" and row.expect == "denied"]
    asked = [replace(row, who=mutant) for mutant in mutants for row in denied]
    turned = judge(world, asked)
    noticed = {row.who for row in asked if turned[row.id].decision == "allowed"}
    assert set(mutants) - noticed == set()


def test_only_the_hole_that_was_asked_for_is_warned_of() -> None:
    assert [who for who, made in PRINTED.items() if made.warnings] == ["alice by any host"]
    assert "any host" in PRINTED["alice by any host"].warnings[0]


@pytest.mark.parametrize(
    ("account", "asked", "says"),
    [
        (gateway(known=False), DatabaseRequest(), "does not have app"),
        (gateway(), DatabaseRequest(document="AWS-StartPortForwardingSessionToRemoteHost"), "reaches any host"),
        (gateway(), DatabaseRequest(document="AWS-StartInteractiveCommand"), "reaches any host"),
        (gateway(document=found("{{ host }}")), DatabaseRequest(document="ours"), "leads to {{ host }}:5432"),
        (gateway(document=found("other.example")), DatabaseRequest(), "leads to other.example:5432"),
        (gateway(document=found(port="{{ portNumber }}")), DatabaseRequest(), "leads to app.cluster-x"),
        (gateway(document="{}"), DatabaseRequest(document="ours"), "leads to the instance itself, not to"),
        (
            gateway(document=found().replace('"Port"', '"InteractiveCommands"')),
            DatabaseRequest(),
            "leads to the instance itself",
        ),
        (
            gateway(document=AwsError("", aws_code="AccessDeniedException")),
            DatabaseRequest(document="ours"),
            "may not read ours",
        ),
    ],
)
def test_a_route_that_reaches_further_is_refused_with_what_it_reaches(
    account: Any, asked: DatabaseRequest, says: str
) -> None:
    with pytest.raises(Refused) as refused:
        connect_policy(account, asked)
    assert refused.value.code == "any-host"
    assert says in refused.value.message
    assert f"deployer up --database-endpoint {ENDPOINT} --database-port 5432" in refused.value.hint
    assert connect_policy(account, asked, any_host=True).warnings


def test_a_missing_document_is_no_route() -> None:
    account = gateway()
    account.ssm.find_document = lambda name: None
    with pytest.raises(NotFound, match="no session document deepsql-database-i-0a1b2c3d4e5f60718"):
        connect_policy(account, DatabaseRequest(), any_host=True)


@pytest.mark.parametrize("databases", [[], AwsError("", aws_code="AccessDenied")])
def test_without_the_resource_id_no_policy_is_printed_as_it_would_open_every_database(databases: object) -> None:
    for request in (DatabaseRequest(), DatabaseRequest(endpoint=ENDPOINT), DatabaseRequest(support=True)):
        with pytest.raises(NotFound, match="would allow every database") as refused:
            connect_policy(gateway(databases=databases), request)
        assert refused.value.code == "resource-id-unknown"
    told = connect_policy(gateway(databases=databases, DatabaseResourceId=CLUSTER), DatabaseRequest())
    assert told.policy["Statement"][0]["Resource"] == user("alice_r")  # type: ignore[index]


@pytest.mark.parametrize("name", ["*", "*_r", "alic?_r", "alice_r/x", "x y", "${aws:userid}_r", "${*}_r"])
def test_a_name_that_stands_for_several_users_gets_no_policy(name: str) -> None:
    with pytest.raises(UsageError) as refused:
        connect_policy(gateway(), DatabaseRequest(user=name))
    assert refused.value.code == "bad-user"
