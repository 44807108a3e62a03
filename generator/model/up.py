"""What `up` is asked, what it would do, and what it did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from generator.errors import UsageError
from generator.model.access_path import OtherPaths
from generator.model.caller import Caller
from generator.model.change_set import Change, ChangeSet
from generator.model.database import AccessLevel
from generator.model.network import SubnetWarning
from generator.model.parameter_options import refuse_grant_parameters
from generator.model.policy_change import PolicyChange
from generator.model.session import Session
from generator.model.stack import Stack, StackEvent, StackStatus
from generator.model.stack_settings import StackSettings
from generator.model.template_changes import TemplateVersion


@dataclass(frozen=True)
class PublishedTemplate:
    """A template as it was published, whose signature was verified. `text` is what was read, once."""

    url: str
    text: str = field(repr=False)
    sha256: str
    version: str
    key_id: str

    @property
    def note(self) -> str:
        """A sentence for the plan."""
        return f"The template is version {self.version} of {self.url}: SHA-256 {self.sha256}, signed by {self.key_id}."


@dataclass(frozen=True)
class UpRequest:
    """The parameters given (template key to value), and what the user allows beyond them.

    `scope`, when set, is the closed list of logical ids the operation may touch: a support flip or a grant.
    `named` are the resources the request itself names, so that losing them is what was asked.
    `by_access`: a verb of `access` asks, and only those may change the grant's parameters; anything else that gives
    one raises UsageError. `stopped` are the policies from which a pause or revocation took the vendor directly, while
    the stack's parameters still admit it. `untouchable` are resources that no update may touch, named or not,
    `garbled` those of the stack's own whose definition CloudFormation may have given back with lost characters.
    `replace_instance`: an upgrade puts this version's definition in the place of the stack's own instance.
    `room_for`: values that the policies must have room for besides, so that they can still be set when it is urgent.
    `plan_only`: show and stop. `recreate` removes a stack whose creation failed first, `continue_rollback` rolls
    back an update that failed, or resumes a rollback that is stuck and leaves the resources `skip` as they are.
    `template_url` is the address of a published template to use, `keys` the public keys it is verified with (files),
    `template` what was read there.
    `check_subnet`: look whether the subnet of a new stack has a route to AWS.
    """

    given: Mapping[str, str] = field(default_factory=dict, repr=False)
    upgrade: bool = False
    allow_replacement: frozenset[str] = frozenset()
    scope: frozenset[str] | None = None
    named: frozenset[str] = frozenset()
    why: str = ""
    by_access: bool = False
    stopped: frozenset[str] = frozenset()
    untouchable: frozenset[str] = frozenset()
    garbled: frozenset[str] = frozenset()
    replace_instance: bool = False
    room_for: Mapping[str, str] = field(default_factory=dict)
    plan_only: bool = False
    recreate: bool = False
    continue_rollback: bool = False
    skip: frozenset[str] = frozenset()
    check_subnet: bool = True
    template_url: str = ""
    keys: tuple[str, ...] = ()
    template: PublishedTemplate | None = None
    settings: StackSettings = field(default_factory=StackSettings)

    def __post_init__(self) -> None:
        """Raise UsageError for a parameter of the grant, unless a verb of `access` asks, and for `skip` alone."""
        if self.skip and not self.continue_rollback:
            raise UsageError(
                "--skip is for a rollback that is stuck.", "Give --continue-rollback with it.", code="skip"
            )
        if not self.by_access:
            refuse_grant_parameters(self.given)

    @property
    def asks_nothing(self) -> bool:
        """Whether it has neither a value nor a setting, and is no upgrade."""
        return not (self.given or self.settings.given or self.upgrade)


@dataclass(frozen=True)
class Objection:
    """A change that was not asked for, with the reason it is refused."""

    change: Change
    reason: str


@dataclass(frozen=True)
class SupportIdentity:
    """A support user or role (`kind`) that loses access with a plan: removed, or replaced by one of another name."""

    kind: str
    name: str
    removed: bool


@dataclass(frozen=True)
class AccessLoss:
    """Who loses access with a plan, and their live sessions.

    `unread` says why those are not known (empty: they are), `problems` what could not be ended before the update.
    """

    holders: tuple[SupportIdentity, ...]
    sessions: tuple[Session, ...] = ()
    unread: str = ""
    problems: tuple[str, ...] = ()

    def with_problems(self, problems: Iterable[str]) -> AccessLoss:
        """The same, after an attempt to end it."""
        return replace(self, problems=tuple(dict.fromkeys(problems)))


@dataclass(frozen=True)
class RotationSchedule:
    """Days between two rotations of the key in the secret `arn`, as a person has set them."""

    arn: str
    days: int


@dataclass(frozen=True)
class UpPlan:
    """A change set compared with the request. Nothing has been changed yet.

    `change_set` is None when there is nothing to do; `stack` is then the stack as it is. `stack_before` is the stack
    that the plan was made from, None for one that is created. `notes` are sentences about what a person should know,
    `plan_notes` those that mean nothing any more when it is done.
    `policy` is the stack policy to set once the plan is done ("": leave it), `lifts` the resources that the policy in
    force must let go for it. `replaces` is the instance whose volumes have to outlive the plan. `upgrade_available`:
    nothing was asked, and this version's template would change the stack; `next_step` shows how. `policy_changes`: what
    each policy gains and loses. `versions`: the changelog from the stack's version to this one. `rotation` is the key's
    schedule that the plan resets, and that is restored after it. `subnet`: what an instance in the subnet of a new
    stack could not reach. `made_stack`: the stack, in REVIEW_IN_PROGRESS, is there only because of this plan, and goes
    with it. `remaining`: what lets support in afterwards besides its grant, where the plan removes its user or role.
    """

    stack_name: str
    stack_id: str
    creates: bool
    change_set: ChangeSet | None
    token: str
    given: tuple[str, ...] = ()
    template: str = "unchanged"
    objections: tuple[Objection, ...] = ()
    protect: bool = False
    stack: Stack | None = None
    stack_before: Stack | None = field(default=None, repr=False)
    access_loss: AccessLoss | None = None
    notes: tuple[str, ...] = ()
    plan_notes: tuple[str, ...] = ()
    policy: str = field(default="", repr=False)
    lifts: frozenset[str] = frozenset()
    replaces: str = ""
    upgrade_available: bool = False
    policy_changes: tuple[PolicyChange, ...] = ()
    versions: tuple[TemplateVersion, ...] = ()
    next_step: str = ""
    rotation: RotationSchedule | None = None
    subnet: SubnetWarning | None = None
    disable_rollback: bool = False
    made_stack: bool = False
    remaining: OtherPaths | None = None

    @property
    def changes(self) -> tuple[Change, ...]:
        """The changes, removals and replacements first."""
        changes = () if self.change_set is None else self.change_set.changes
        return tuple(sorted(changes, key=lambda c: (not c.removes, not c.loses, c.action != "Modify", c.logical_id)))


@dataclass(frozen=True)
class UpResult:
    """The stack after `up` or `upgrade`. `database_level`: the access level that support newly has in the database.

    `remaining`: what lets support in besides its grant, read afterwards, where its user or role was removed.
    """

    stack_name: str
    stack_id: str
    status: StackStatus
    changed: bool
    outputs: Mapping[str, str]
    checks: tuple[Check, ...] = ()
    notes: tuple[str, ...] = ()
    database_level: AccessLevel | None = None
    remaining: OtherPaths | None = None


@dataclass(frozen=True)
class Check:
    """One thing asked of a service after the fact, and what came back."""

    subject: str
    holds: bool
    answer: str


@dataclass(frozen=True)
class Failure:
    """Why an operation failed: the first event that failed in its own right."""

    cause: StackEvent | None
    status: StackStatus
    hint: str = ""


class Choice(Protocol):
    """Something in the account that can be chosen, described on one line."""

    @property
    def label(self) -> str:
        """The line; its first word is the ID."""
        ...


class UpCaller(Caller, Protocol):
    """A caller that can be asked for a value the stack needs and nobody gave."""

    @property
    def interactive(self) -> bool:
        """Whether a person can be asked."""
        ...

    def value(self, key: str, choices: Sequence[Choice]) -> str:
        """The value of the parameter `key`: the ID of one of `choices`, any text where there are none.

        Raises UsageError where nobody can be asked.
        """
        ...
