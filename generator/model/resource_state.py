"""What a resource of the stack is when it is not as the stack made it, and the commands that bring it back. Pure.

Somebody has disabled or deleted it by hand. CloudFormation does not notice: an update without changes restores nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from generator.model.command_line import CommandLine
from generator.model.contract import Resource
from generator.model.session_log import LogGroup

DELETED, TO_BE_DELETED = "deleted", "scheduled for deletion"
NEW_SECRET = "That makes a new key in a new secret, with another ARN: then grant access again."  # noqa: S105 - no secret


@dataclass(frozen=True)
class BrokenResource:
    """One resource: `subject` names it, `state` says what it is now, `effect` what does not work because of it ("": all
    works).

    `restore` are the commands that bring it back, in their order; `note` says what they do not bring back.
    """

    resource: Resource
    subject: str
    state: str
    effect: str = ""
    restore: tuple[str, ...] = ()
    note: str = ""

    @property
    def stops_update(self) -> bool:
        """Whether CloudFormation cannot update it, or what needs it."""
        return self.state in (DELETED, TO_BE_DELETED, "terminated") or self.resource == Resource.STACK_KEY

    @property
    def answer(self) -> str:
        """State and effect, for a table: pending deletion (on 2026-12-30): the secret cannot be read."""
        return f"{self.state}: {self.effect}" if self.effect else self.state

    @property
    def sentence(self) -> str:
        """The same as a sentence that names the resource."""
        return f"The {self.subject} is {self.answer}."

    @property
    def hint(self) -> str:
        """The commands, and the note."""
        first, *then = self.restore or ("",)
        lines = [f"Restore it with: {first}"] if first else []
        return "\n".join([*lines, *(f"Then: {each}" for each in then), *([self.note] if self.note else [])])


@dataclass(frozen=True)
class KeyState:
    """A KMS key's state by AWS's word (Enabled, Disabled, PendingDeletion, …), and when AWS deletes it."""

    state: str
    deletion: datetime | None = None

    @property
    def words(self) -> str:
        """The state in words."""
        known = {"Enabled": "enabled", "Disabled": "disabled", "PendingDeletion": "pending deletion"}
        return known.get(self.state, f"in the state {self.state}") + _on(self.deletion)


def broken_key(arn: str, now: KeyState | None, commands: CommandLine) -> BrokenResource | None:
    """The stack's key, None for one that can be used. `now`: None where it does not exist any more."""
    if now is not None and now.state == "Enabled":
        return None
    enable = commands.aws("kms", "enable-key", "--key-id", arn)
    cancel = commands.aws("kms", "cancel-key-deletion", "--key-id", arn)
    effect = "the secret cannot be read, and no shell of support is logged"
    if now is None:
        lost = "AWS cannot bring a deleted key back: what it encrypted is lost."
        return BrokenResource(Resource.STACK_KEY, f"key {arn}", DELETED, effect, note=lost)
    restore = {"Disabled": (enable,), "PendingDeletion": (cancel, enable)}  # a cancelled deletion leaves it disabled
    describe = commands.aws("kms", "describe-key", "--key-id", arn)
    note = "" if now.state in restore else f"See: {describe}"
    return BrokenResource(Resource.STACK_KEY, f"key {arn}", now.words, effect, restore.get(now.state, ()), note)


def broken_secret(
    resource: Resource, arn: str, commands: CommandLine, *, exists: bool, deleted: bool
) -> BrokenResource | None:
    """A secret, None for one that is there. `deleted`: its deletion is ordered; AWS waits for a week or more."""
    name = "support secret" if resource == Resource.SUPPORT_SECRET else "secret of DeepSQL's administrator"
    if not exists:
        flip = resource == Resource.SUPPORT_SECRET
        note = NEW_SECRET if flip else "The password that it held is lost here; DeepSQL still has it."
        restore = flips("user", commands) if flip else ()
        return BrokenResource(resource, f"{name} {arn}", DELETED, "nobody can read it", restore, note)
    if not deleted:
        return None
    restore = (commands.aws("secretsmanager", "restore-secret", "--secret-id", arn),)
    return BrokenResource(resource, f"{name} {arn}", TO_BE_DELETED, "nobody can read it", restore)


def deleted_support(kind: str, name: str, commands: CommandLine) -> BrokenResource:
    """The support user or role (`kind`), deleted by hand: removing it from the stack and adding it again makes it anew.

    Source: AWS knowledge center, "recreate a resource deleted outside of CloudFormation".
    """
    user = kind == "user"
    resource = Resource.SUPPORT_USER if user else Resource.SUPPORT_ROLE
    effect = "its keys are gone, and nobody can use the secret" if user else "nobody can assume it"
    note = NEW_SECRET if user else "Then grant access again."
    return BrokenResource(resource, f"support {kind} {name}", DELETED, effect, flips(kind, commands), note)


def flips(kind: str, commands: CommandLine) -> tuple[str, ...]:
    """The commands that take the support user or role (`kind`) out of the stack and make it anew."""
    return tuple(commands.deployer("up", f"--support-{kind}={answer}") for answer in ("no", "yes"))


def broken_log_group(
    name: str, now: LogGroup | None, key_arn: str, days: int, commands: CommandLine
) -> BrokenResource | None:
    """The session log group, None for one as the stack made it: with its key, and lines length for `days` (0: any)."""
    keep = commands.aws("logs", "put-retention-policy", "--log-group-name", name, "--retention-in-days", str(days))
    with_key = ("--log-group-name", name, "--kms-key-id", key_arn)
    subject, unlogged = f"session log group {name}", "shells of support do not start, or are not logged"
    if now is None:
        restore = (commands.aws("logs", "create-log-group", *with_key), *((keep,) if days else ()))
        return BrokenResource(Resource.SESSION_LOG_GROUP, subject, DELETED, unlogged, restore)
    if now.kms_key != key_arn:
        state = f"encrypted with {now.kms_key}, not with the stack's key" if now.kms_key else "without its key"
        restore = (commands.aws("logs", "associate-kms-key", *with_key),)
        if days and now.retention_days != days:
            restore = (*restore, keep)
        return BrokenResource(Resource.SESSION_LOG_GROUP, subject, state, unlogged, restore)
    if days and now.retention_days != days:
        length = f"{now.retention_days} days" if now.retention_days else "for ever"
        state = f"keeping its lines {length}, not {days} days"
        return BrokenResource(Resource.SESSION_LOG_GROUP, subject, state, restore=(keep,))
    return None


def broken_instance(instance_id: str, state: str, commands: CommandLine) -> BrokenResource | None:
    """The instance by EC2's word for its state ("": there is none), None for one that runs or is about to."""
    subject, effect = f"instance {instance_id}", "no session can be started on it"
    if state in ("running", "pending"):
        return None
    if state in ("", "terminated", "shutting-down"):
        replace = commands.deployer("upgrade", "--replace-instance", "--allow-replacement", str(Resource.INSTANCE))
        note = "That installs DeepSQL anew: what was on the instance's volumes is not brought back."
        return BrokenResource(Resource.INSTANCE, subject, state or "terminated", effect, (replace,), note)
    start = commands.aws("ec2", "start-instances", "--instance-ids", instance_id)
    return BrokenResource(Resource.INSTANCE, subject, state, effect, (start,))


def _on(moment: datetime | None) -> str:
    return f" (on {moment:%Y-%m-%d})" if moment else ""
