"""A change set as a value: what CloudFormation would do, and how sure it is about replacements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from generator.model.update_effect import Replacement


@dataclass(frozen=True)
class PropertyChange:
    """A property's value before and after, None where it has none. `path` is the one within the properties.

    Only short values that are no secret come this far: see gateway.property_values.
    """

    path: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Change:
    """One resource in a change set. `properties` are the changing ones, `scope` what kinds of attribute change.

    `action` is AWS's word (Add, Modify, Remove, Import, Dynamic, …); `policy_action` says what a deletion or
    replacement policy keeps (Retain, Snapshot, …; empty when nothing is kept). `echo_of` names the resources and
    attributes (`StackKey.Arn`) it only refers to, when nothing of its own changes: CloudFormation lists it because it
    cannot say before the execution whether that value stays the same. `replacement` is CloudFormation's word, but for
    what is known to be settled (model.update_effect); `interrupts`: the resource stays and is stopped for a while.
    Source: CloudFormation API reference, ResourceChange.
    """

    logical_id: str
    resource_type: str
    action: str
    replacement: Replacement = Replacement.NO
    physical_id: str = ""
    properties: tuple[str, ...] = ()
    scope: tuple[str, ...] = ()
    policy_action: str = ""
    echo_of: tuple[str, ...] = ()
    interrupts: bool = False
    values: tuple[PropertyChange, ...] = ()

    @property
    def removes(self) -> bool:
        """The resource leaves the stack."""
        return self.action == "Remove"

    @property
    def loses(self) -> bool:
        """The live resource is, or may be, lost or exchanged: removal, replacement, or an action we do not know."""
        known = self.action in ("Add", "Import", "Modify")
        return not known or (self.action == "Modify" and self.replacement is not Replacement.NO)

    @property
    def touches_properties(self) -> bool:
        """Whether the live resource itself changes, not just an attribute of the template such as DeletionPolicy."""
        return self.action != "Modify" or not self.scope or bool({"Properties", "Tags"} & set(self.scope))


def harmless_echoes(changes: Iterable[Change]) -> frozenset[str]:
    """Logical ids of changes that are echoes of resources modified in place, and of nothing else.

    An ARN and what `Ref` gives are a resource's identity: they stay while it is not replaced, whatever CloudFormation
    leaves open (CausingEntity and Evaluation in the API reference, ResourceChangeDetail).
    """
    listed = list(changes)
    in_place = {c.logical_id for c in listed if c.action == "Modify" and not c.loses and not c.echo_of}
    echoes: set[str] = set()
    while True:
        fixed = in_place | echoes
        more = {c.logical_id for c in listed if c.echo_of and all(_identity_of(e) in fixed for e in c.echo_of)} - echoes
        if not more:
            return frozenset(echoes)
        echoes |= more


def _identity_of(entity: str) -> str:
    """StackKey from StackKey and StackKey.Arn; any other attribute is no identity."""
    name, _, attribute = entity.partition(".")
    return name if attribute in ("", "Arn") else ""


@dataclass(frozen=True)
class ChangeSet:
    """A change set, read whole. `empty` is AWS's failed change set that found nothing to do."""

    change_set_id: str
    name: str
    stack_id: str
    status: str
    status_reason: str
    changes: tuple[Change, ...] = ()

    @property
    def pending(self) -> bool:
        """CloudFormation is still working it out."""
        return self.status in ("CREATE_PENDING", "CREATE_IN_PROGRESS")

    @property
    def empty(self) -> bool:
        """Nothing would change (the texts vary between AWS's own paths, so both known ones are matched)."""
        reason = self.status_reason
        return self.status == "FAILED" and (
            "didn't contain changes" in reason or "No updates are to be performed" in reason
        )


@dataclass(frozen=True)
class ChangeSetRequest:
    """What CreateChangeSet is asked. `template_body` None means the stack's own template (UsePreviousTemplate);
    `template_url`: where that body is in S3, to be read from there.

    `tags`, `role_arn` and `notification_arns` that are None or empty stay as the stack has them.
    `parameters` maps a key to its value, or to None for UsePreviousValue. Values are left out of repr: one of
    them may be a password.
    """

    stack_name: str
    name: str
    creates: bool
    template_body: str | None
    parameters: Mapping[str, str | None]
    tags: Mapping[str, str] | None = None
    description: str = ""
    role_arn: str = ""
    notification_arns: tuple[str, ...] | None = None
    template_url: str = ""

    def __repr__(self) -> str:
        return f"ChangeSetRequest(stack_name={self.stack_name!r}, name={self.name!r}, keys={sorted(self.parameters)})"
