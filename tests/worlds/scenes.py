"""Where worlds begin: states of one stack that real commands made once and the sandbox puts back for each world."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from tests.embedded import PLACE, environment, run
from tests.sandbox_keys import control, recorded
from tests.worlds.account import ADMINISTRATOR, OPERATOR, OTHER_ROLE, VENDOR_ROLE, VENDOR_ROOT, Account

STACK = "deepsql-selfhost"
GRANT = ("access", "grant", "--principal")


@dataclass(frozen=True)
class Scene:
    """The scene before it, and the commands that lead on from there."""

    after: str
    commands: tuple[tuple[str, ...], ...]


SCENES = {
    "new": Scene("", (("up", *PLACE, "--support-role=yes"),)),
    "granted": Scene("new", ((*GRANT, VENDOR_ROLE, "--reason", "T-1"),)),
    "two granted": Scene("granted", ((*GRANT, OTHER_ROLE),)),
    "account granted": Scene("granted", ((*GRANT, VENDOR_ROOT),)),
    "revoked": Scene("granted", (("access", "revoke", "--all"),)),
    "paused": Scene("granted", (("access", "pause"),)),
    "user only": Scene("granted", (("up", "--support-role=no"),)),
    "user only, revoked": Scene("user only", (("access", "revoke", "--all"),)),
    "two granted, user only": Scene("two granted", (("up", "--support-role=no"),)),
    "role only": Scene("granted", (("up", "--support-user=no"),)),
}


@dataclass
class Site:
    """A running sandbox and the scenes it keeps. `leads` are the variables that lead to it."""

    leads: Mapping[str, str]
    _kept: set[str] = field(default_factory=set)

    def begin(self, name: str) -> Account:
        """The account with the stack as it is in that scene."""
        if name in self._kept:
            self._snapshot("POST", name)
            return Account(STACK)
        scene = SCENES[name]
        account = self.begin(scene.after) if scene.after else self._first()
        for command in scene.commands:
            ran = run(*command, "--yes", "--stack-name", STACK)
            assert ran.code == 0, ran.err
        self._snapshot("PUT", name)
        self._kept.add(name)
        return Account(account.stack_name)

    def _first(self) -> Account:
        """An operator beside root, and the sessions of the vendor's roles: every scene knows them."""
        account = Account(STACK)
        account.mine.iam.create_user(UserName=OPERATOR)
        account.mine.iam.attach_user_policy(UserName=OPERATOR, PolicyArn=ADMINISTRATOR)
        for profile in ("vendor", "stranger"):
            account.profile(profile).sts.get_caller_identity()
        return account

    def entered(self, caller: Mapping[str, str] = MappingProxyType({})) -> contextlib.AbstractContextManager[None]:
        """Every AWS client made meanwhile leads to the sandbox, as the account's root or as this caller."""
        return environment({**self.leads, **caller})

    def _snapshot(self, method: str, name: str) -> None:
        control(method, f"snapshots/{name.replace(' ', '-')}", running=recorded(self.leads["DEPLOYER_SANDBOX_HOME"]))
