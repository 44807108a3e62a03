"""Which way leads to the database: bastion or instance, which document, and what the vendor's support asks of AWS."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from generator.errors import AwsError, DeployerError, UsageError
from generator.model.database import AccessLevel, Database, Engine
from generator.model.session import SessionRequest, Target
from generator.model.stack import Stack, StackStatus
from generator.operations.database.jump_host import JumpHost, find_jump_host
from generator.operations.database.login import login_for
from generator.operations.database.lookup import find_database
from generator.operations.database.request import DatabaseRequest
from generator.operations.database.tunnel import DatabaseCalls, explained, session_request
from generator.operations.sessions.service import SessionCalls

ENDPOINT = "app.cluster-x.us-east-1.rds.amazonaws.com"
APP = Database("app", Engine.POSTGRESQL, ENDPOINT, 5432, "cluster-A", region="us-east-1", account="111122223333")
OWN, HOST = "i-0aaaaaaaaaaaaaaaa", "i-0bbbbbbbbbbbbbbbb"
DOCUMENT = f"deepsql-database-{OWN}"
DENIED = AwsError("no", aws_code="AccessDeniedException")


def gateway(hosts: object = (), stack: object = None, **parameters: str) -> Any:
    """An account with the stack that knows APP and these bastion hosts; `asked` keeps the calls made."""
    asked: list[str] = []
    told = {"DatabaseEndpoint": ENDPOINT, "DatabasePort": "5432", **parameters}
    arn = "arn:aws:cloudformation:us-east-1:111122223333:stack/s/1"
    made = Stack("s", arn, StackStatus("CREATE_COMPLETE"), parameters=told, outputs={"InstanceId": OWN})

    def call(name: str, answer: object) -> Callable[..., Any]:
        def called(*_: object, **wishes: object) -> object:
            asked.append(name)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return called

    return SimpleNamespace(
        cloudformation=SimpleNamespace(find_stack=call("find_stack", made if stack is None else stack)),
        ec2=SimpleNamespace(find_targets=call("find_targets", hosts)),
        rds=SimpleNamespace(
            describe_databases=call("describe_databases", DENIED),
            describe_database=call("describe_database", DENIED),
            generate_db_auth_token=lambda host, port, user: f"{host}:{port}/{user}",
        ),
        sts=SimpleNamespace(get_caller_arn=call("get_caller_arn", "arn:aws:iam::111122223333:user/alice")),
        deployment=SimpleNamespace(stack_name="s"),
        region="us-east-1",
        asked=asked,
    )


def host(state: str = "running", instance_id: str = HOST) -> Target:
    return Target(instance_id, state=state)


@pytest.mark.parametrize(
    ("account", "asked", "way"),
    [
        (gateway(), DatabaseRequest(), JumpHost(OWN, DOCUMENT)),
        (gateway([host()], DeployBastionHost="Yes"), DatabaseRequest(), JumpHost(HOST, DOCUMENT)),
        (gateway([host()], DeployBastionHost="No"), DatabaseRequest(), JumpHost(OWN, DOCUMENT)),
        (gateway([host()], DeployBastionHost="Yes"), DatabaseRequest(target=OWN), JumpHost(OWN, DOCUMENT)),
        (gateway([host()], DeployBastionHost="Yes"), DatabaseRequest(support=True), JumpHost(OWN, DOCUMENT)),
        (gateway(), DatabaseRequest(target=HOST), JumpHost(HOST, DOCUMENT)),
        (gateway(), DatabaseRequest(document="mine"), JumpHost(OWN, "mine")),
        (gateway(DatabaseEndpoint="other"), DatabaseRequest(), JumpHost(OWN, "")),
        (gateway(stack=DENIED), DatabaseRequest(target=OWN), JumpHost(OWN, DOCUMENT, assumed=True)),
    ],
)
def test_the_bastion_comes_before_the_instance_and_a_named_one_before_both(
    account: Any, asked: DatabaseRequest, way: JumpHost
) -> None:
    assert find_jump_host(account, asked, APP) == way


@pytest.mark.parametrize(
    ("hosts", "says"),
    [
        ([], "is not running at the moment"),
        ([host("pending")], "is not running at the moment"),
        (AwsError("no", aws_code="UnauthorizedOperation"), "may not look for the bastion"),
    ],
)
def test_without_a_running_bastion_the_instance_is_the_way_and_that_is_said(hosts: object, says: str) -> None:
    way = find_jump_host(gateway(hosts, DeployBastionHost="Yes"), DatabaseRequest(), APP)
    assert (way.instance, way.document) == (OWN, DOCUMENT)
    assert says in way.notes[0] and "instance instead" in way.notes[0]


def test_a_bastion_whose_agent_does_not_answer_is_gone_round(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []

    def start(self: SessionCalls) -> str:
        started.append(self.request.target)
        if self.request.target == HOST:
            raise AwsError("no", aws_code="TargetNotConnected")
        return "granted"

    monkeypatch.setattr(SessionCalls, "start", start)
    told: list[str] = []
    service = DatabaseCalls(gateway([host()], DeployBastionHost="Yes"), DatabaseRequest(), APP, told.append)
    assert service.start() == "granted"  # type: ignore[comparison-overlap]
    assert started == [HOST, OWN]
    assert f"{HOST} is not connected" in told[0]


def test_support_asks_aws_for_nothing_but_the_session() -> None:
    account = gateway(stack=DENIED)
    request = DatabaseRequest(endpoint=ENDPOINT, target=OWN, support=True, level=AccessLevel.WRITE)
    database = find_database(account, request)
    login = login_for(account, database, request)
    started = session_request(find_jump_host(account, request, database), request, database)
    assert (login.user, started) == ("deepsql-support_w", SessionRequest(OWN, DOCUMENT))
    assert account.asked == []


def test_support_without_a_target_is_led_to_the_instance_that_bears_the_tag() -> None:
    account = gateway([host(instance_id=OWN)], stack=DENIED)
    assert find_jump_host(account, DatabaseRequest(support=True), APP) == JumpHost(OWN, DOCUMENT)


def test_who_may_ask_rds_for_nothing_is_told_to_name_the_endpoint() -> None:
    for request in (DatabaseRequest(support=True), DatabaseRequest(name="app")):
        with pytest.raises(AwsError, match="may not list databases") as refused:
            find_database(gateway(stack=DENIED), request)
        assert "--endpoint" in refused.value.hint


def test_a_reader_endpoint_is_known_by_its_writer() -> None:
    reader = ENDPOINT.replace(".cluster-", ".cluster-ro-")
    account = gateway(DatabaseEndpoint=reader)
    account.rds.describe_databases = lambda: [APP]
    found = find_database(account, DatabaseRequest())
    assert (found.endpoint, found.resource_id) == (reader, "cluster-A")


def test_the_stack_tells_the_resource_id_where_rds_may_not_be_asked() -> None:
    found = find_database(gateway(DatabaseResourceId="cluster-B"), DatabaseRequest())
    assert found.user_arn("x_r") == "arn:aws:rds-db:us-east-1:111122223333:dbuser:cluster-B/x_r"


@pytest.mark.parametrize(
    "asked",
    [
        DatabaseRequest(support=True, user="alice_r"),
        DatabaseRequest(port=3306),
        DatabaseRequest(name="app", engine=Engine.MYSQL),
    ],
)
def test_options_that_cannot_be_meant_together_are_refused(asked: DatabaseRequest) -> None:
    account = gateway()
    account.rds.describe_databases = lambda: [APP]
    account.rds.describe_database = lambda name: APP
    with pytest.raises(UsageError):
        login_for(account, find_database(account, asked), asked)


@pytest.mark.parametrize(
    ("code", "asked", "message", "hint"),
    [
        ("AccessDeniedException", DatabaseRequest(), "may not open a tunnel", "deployer db policy"),
        ("AccessDeniedException", DatabaseRequest(support=True), "Support may not", "--support-database-level"),
        ("InvalidDocument", DatabaseRequest(), f"no session document {DOCUMENT}", f"--database-endpoint {ENDPOINT}"),
        ("InvalidDocument", DatabaseRequest(support=True), "no session document", "--support-database-level"),
    ],
)
def test_a_refused_session_says_who_can_mend_it(code: str, asked: DatabaseRequest, message: str, hint: str) -> None:
    said = explained(AwsError("no", aws_code=code), SessionRequest(OWN, DOCUMENT), asked, APP)
    assert message in said.message
    assert hint in said.hint


def test_other_refusals_stay_as_they_are() -> None:
    error: DeployerError = AwsError("busy", aws_code="Throttling")
    assert explained(error, SessionRequest(OWN), DatabaseRequest(), APP) is error  # type: ignore[arg-type]
