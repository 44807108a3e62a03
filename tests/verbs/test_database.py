"""db bootstrap, drop-user, shut-out and kill: show, ask, connect, change, check, in this order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from generator.errors import Declined, DeployerError, NotFound, UsageError
from generator.gateway.aws import Gateway
from generator.model.caller import Caller
from generator.model.database import AccessLevel
from generator.model.database_changes import BootstrapPlan, BootstrapResult, ShutOutPlan, SqlScript
from generator.operations import sandbox
from generator.operations.database import revoke, users
from generator.operations.database.activity import activity, kill
from generator.operations.database.manage_users import bootstrap, drop_user, list_users
from generator.operations.database.request import DatabaseRequest, MasterRequest
from generator.operations.database.revoke import shut_out
from tests.embedded import environment
from tests.verbs.conftest import NotingCaller

CLUSTER = "verbs"
TUNNEL = ["StartSession", "TerminateSession"]
Users = Callable[[], dict[str, bool]]


@pytest.fixture(scope="module")
def bundle(sandbox_environment: dict[str, str]) -> str:
    """A database of the sandbox, a real PostgreSQL; the CA bundle that verifies it."""
    with environment(sandbox_environment):
        return str(sandbox.database(CLUSTER)["caBundle"])


@pytest.fixture
def master(bundle: str, create: Callable[..., None], caller: NotingCaller) -> MasterRequest:
    """A request as the master user, through the instance of a stack of the test's own."""
    create()
    caller.journal.clear()
    return MasterRequest(DatabaseRequest(name=CLUSTER, local_port=0, ca_bundle=bundle, level=AccessLevel.OPERATE))


@pytest.fixture
def listed(gateway: Gateway, master: MasterRequest) -> Iterator[Users]:
    """The users, and whether their tokens are accepted, as `root_o` sees them; all are dropped afterwards."""
    bootstrap(gateway, master, ["root=o"], NotingCaller())

    def names() -> dict[str, bool]:
        return {user.user: user.tokens for user in list_users(gateway, master.database, NotingCaller())}

    yield names
    for user in sorted(names()):
        drop_user(gateway, master, user, None, NotingCaller())


def writes(caller: NotingCaller) -> list[str]:
    """What was shown, asked and called; sentences left out."""
    return [entry for entry in caller.journal if entry != "say"]


def test_bootstrap_shows_asks_and_creates_users_that_can_sign_in(
    gateway: Gateway, master: MasterRequest, listed: Users, caller: NotingCaller
) -> None:
    caller.journal.clear()
    result = bootstrap(gateway, master, ["ada=rw"], caller)
    assert writes(caller) == ["show BootstrapPlan", "confirm BootstrapPlan", *TUNNEL]
    assert isinstance(result, BootstrapResult) and dict(result.users) == {"ada_r": "r", "ada_w": "w"}
    [plan] = caller.shown
    assert isinstance(plan, BootstrapPlan) and plan.users == result.users
    assert listed() == {"ada_r": True, "ada_w": True, "root_o": True}


def test_a_user_who_cannot_sign_in_after_the_script_is_no_success(
    gateway: Gateway, master: MasterRequest, listed: Users, caller: NotingCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, pytest.raises(DeployerError, match="tokens for bo_r") as error:
        patch.setattr(users, "bootstrap_sql", lambda database, named, full: "SELECT 1")
        bootstrap(gateway, master, ["bo=r"], caller)
    assert error.value.code == "not-created"


@pytest.mark.parametrize(
    ("verb", "plan"),
    [
        (lambda gateway, request, caller: bootstrap(gateway, request, ["eve=r"], caller), "BootstrapPlan"),
        (lambda gateway, request, caller: drop_user(gateway, request, "root_o", None, caller), "DropUserPlan"),
        (lambda gateway, request, caller: shut_out(gateway, request, (), caller), "ShutOutPlan"),
    ],
)
def test_who_declines_changes_nothing_and_opens_no_session(
    gateway: Gateway,
    master: MasterRequest,
    listed: Users,
    caller: NotingCaller,
    verb: Callable[[Gateway, MasterRequest, Caller], object],
    plan: str,
) -> None:
    before = listed()
    caller.journal.clear()
    caller.declines = True
    with pytest.raises(Declined):
        verb(gateway, master, caller)
    assert caller.journal == [f"show {plan}", f"confirm {plan}"]
    assert listed() == before == {"root_o": True}


def test_a_script_alone_is_printed_without_a_question_or_a_session(
    gateway: Gateway, master: MasterRequest, caller: NotingCaller
) -> None:
    printed = replace(master, print_only=True)
    scripts = [bootstrap(gateway, printed, ["ada=r"], caller), drop_user(gateway, printed, "ada_r", None, caller)]
    assert all(isinstance(script, SqlScript) and "ada_r" in script.sql for script in scripts)
    assert caller.journal == []


def test_mysql_has_nothing_to_create_without_a_user(gateway: Gateway, caller: NotingCaller) -> None:
    there = DatabaseRequest(endpoint="db.example", port=3306, dbname="shop")
    with pytest.raises(UsageError, match="No user was named"):
        bootstrap(gateway, MasterRequest(there, print_only=True), [], caller)
    script = bootstrap(gateway, MasterRequest(there, print_only=True), ["ada=r"], caller)
    assert isinstance(script, SqlScript) and "`ada_r`@`%`" in script.sql


def test_a_dropped_user_is_gone_and_nobody_is_dropped_for_another(
    gateway: Gateway, master: MasterRequest, listed: Users, caller: NotingCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    bootstrap(gateway, master, ["deepsql-support=w"], caller)
    caller.journal.clear()
    drop_user(gateway, master, "", AccessLevel.WRITE, caller)
    assert writes(caller) == ["show DropUserPlan", "confirm DropUserPlan", *TUNNEL]
    assert listed() == {"root_o": True}
    with pytest.raises(NotFound, match="no user deepsql-support_w"):
        drop_user(gateway, master, "", AccessLevel.WRITE, caller)
    with monkeypatch.context() as patch, pytest.raises(DeployerError, match="still lists root_o"):
        patch.setattr(users, "drop_user", lambda *_: None)
        drop_user(gateway, master, "root_o", None, caller)


def test_who_is_shut_out_can_sign_in_no_more_and_the_others_can(
    gateway: Gateway, master: MasterRequest, listed: Users, caller: NotingCaller
) -> None:
    bootstrap(gateway, master, ["ada=r"], caller)
    caller.journal.clear()
    caller.shown.clear()
    result = shut_out(gateway, master, ("ada_r",), caller)
    assert writes(caller) == ["show ShutOutPlan", "confirm ShutOutPlan", *TUNNEL]
    [plan] = caller.shown
    assert isinstance(plan, ShutOutPlan) and plan.users == ("ada_r",)
    assert result.holds and result.ended == ("ada_r",)
    assert listed() == {"ada_r": False, "root_o": True}
    with pytest.raises(NotFound, match="nothing was revoked"):
        shut_out(gateway, master, ("nobody_r",), caller)


@pytest.mark.parametrize("fails", ["take_levels", "owned_by", "owned_elsewhere"])
def test_what_fails_after_the_lock_is_not_told_as_if_nobody_had_been_locked(
    fails: str, gateway: Gateway, master: MasterRequest, listed: Users, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise DeployerError("the catalog is closed", "")

    bootstrap(gateway, master, ["ada=r"], NotingCaller())
    with monkeypatch.context() as patch:
        patch.setattr(revoke, fails, fail)
        result = shut_out(gateway, master, ("ada_r",), NotingCaller())
    assert result.holds and result.ended == ("ada_r",) and not listed()["ada_r"]
    assert [each.rpartition(": ")[2] for each in result.unsure] == ["the catalog is closed"]


@pytest.mark.parametrize(("fails", "said"), [("still_in", "It is not known what"), ("query_users", "No access was")])
def test_a_failure_says_whether_anything_may_have_been_revoked(
    fails: str, said: str, gateway: Gateway, master: MasterRequest, listed: Users, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise DeployerError("the catalog is closed", "")

    bootstrap(gateway, master, ["ada=r"], NotingCaller())
    with monkeypatch.context() as patch, pytest.raises(DeployerError, match=said):
        patch.setattr(revoke, fails, fail)
        shut_out(gateway, master, ("ada_r",), NotingCaller())


def test_a_session_is_shown_and_asked_about_before_it_is_ended(
    gateway: Gateway, master: MasterRequest, listed: Users, caller: NotingCaller
) -> None:
    with pytest.raises(NotFound, match="no client session 1"):
        kill(gateway, master.database, 1, caller)
    watching = activity(gateway, master.database, 60, NotingCaller())
    next(watching)
    try:
        [other] = next(activity(gateway, master.database, 0, NotingCaller())).sessions
        caller.journal.clear()
        caller.declines = True
        with pytest.raises(Declined):
            kill(gateway, master.database, other.pid, caller)
        assert [each for each in writes(caller) if "Session" not in each or "Plan" in each] == [
            "show EndSessionPlan",
            "confirm EndSessionPlan",
        ]
        caller.declines = False
        assert kill(gateway, master.database, other.pid, caller).ended
        assert next(activity(gateway, master.database, 0, NotingCaller())).sessions == ()
    finally:
        watching.close()
