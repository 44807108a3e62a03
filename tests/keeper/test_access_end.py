"""The end of support's open sessions: at the end of their access, theirs alone, and said once in the log."""

from collections.abc import Iterator
from typing import Any

import jmespath
import pytest

from generator.keeper import index
from tests.keeper.conftest import World, refused

UNTIL = "2026-12-01T12:00:00Z"
EVENT = {"Until": UNTIL, "Instance": "i-1", "User": "deepsql-support", "Role": "their-role", "Now": UNTIL}
IAM, STS = "arn:aws:iam::111122223333", "arn:aws:sts::111122223333"
OWNERS = {
    "by-key": f"{IAM}:user/deepsql-support",
    "by-key-with-path": f"{IAM}:user/vendor/deepsql-support",
    "by-role": f"{STS}:assumed-role/their-role/ada",
}
OTHERS = {
    "root": f"{IAM}:root",
    "user": f"{IAM}:user/not-deepsql-support",
    "longer": f"{IAM}:user/deepsql-support-lead",
    "user-of-the-roles-name": f"{IAM}:user/their-role",
    "role": f"{STS}:assumed-role/another-role/their-role",
    "role-of-the-users-name": f"{STS}:assumed-role/another-role/deepsql-support",
    "federated": f"{STS}:federated-user/deepsql-support",
    "unknown": "",
}


class SSM:
    """Session Manager with these sessions, one a page; `busy` refuses to end some."""

    def __init__(self, owners: dict[str, str], busy: tuple[str, ...] = ()) -> None:
        self.owners, self.busy = owners, busy
        self.asked: list[dict[str, Any]] = []
        self.ended: list[str] = []

    def get_paginator(self, operation: str) -> "SSM":
        assert operation == "describe_sessions"
        return self

    def paginate(self, **asked: Any) -> "SSM":
        self.asked.append(asked)
        return self

    def search(self, expression: str) -> Iterator[Any]:
        """As botocore's pages have it: an answer of more than one page, and one without a session."""
        pages = [
            {"Sessions": [{"SessionId": name, **({"Owner": owner} if owner else {})}]}
            for name, owner in self.owners.items()
        ]
        for page in [*pages, {"Sessions": []}]:
            yield from jmespath.search(expression, page)

    def terminate_session(self, SessionId: str) -> None:
        if SessionId in self.busy:
            raise refused("ThrottlingException")
        self.ended.append(SessionId)


@pytest.fixture
def ssm(monkeypatch: pytest.MonkeyPatch, world: World) -> SSM:
    service = SSM({**OTHERS, **OWNERS})
    monkeypatch.setattr(index.boto3, "client", lambda name, config: {"ssm": service}[name])
    return service


@pytest.mark.parametrize("now", [UNTIL, "2026-12-01T12:00:59Z", "2027-01-01T00:00:00Z"])
def test_from_the_end_on_supports_sessions_end_and_nobody_elses(world: World, ssm: SSM, now: str) -> None:
    world.handle({**EVENT, "Now": now})
    assert ssm.ended == list(OWNERS)
    assert ssm.asked == [{"State": "Active", "Filters": [{"key": "Target", "value": "i-1"}]}]
    assert world.logged == [f"ended with access: {list(OWNERS)}"]


@pytest.mark.parametrize("now", ["2026-12-01T11:59:59Z", "2026-11-30T23:00:00Z"])
def test_before_the_end_nothing_is_asked(world: World, ssm: SSM, now: str) -> None:
    world.handle({**EVENT, "Now": now})
    assert (ssm.asked, ssm.ended) == ([], [])


@pytest.mark.parametrize(("gone", "left"), [("User", ["by-role"]), ("Role", ["by-key", "by-key-with-path"])])
def test_a_stack_without_user_or_role_ends_only_what_the_other_has_open(
    world: World, ssm: SSM, gone: str, left: list[str]
) -> None:
    world.handle({**EVENT, gone: ""})
    assert ssm.ended == left


def test_without_a_session_to_end_nothing_is_logged(world: World, ssm: SSM) -> None:
    ssm.owners = OTHERS
    world.handle(EVENT)
    assert world.logged == []


def test_a_session_that_cannot_be_ended_stops_no_other_and_fails_the_call(world: World, ssm: SSM) -> None:
    ssm.busy = ("by-key",)
    with pytest.raises(index.Refusal, match=r"Ending sessions.*AWS says ThrottlingException"):
        world.handle(EVENT)
    assert ssm.ended == ["by-key-with-path", "by-role"]
