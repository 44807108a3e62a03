"""What a resource of the stack is when it is not as the stack made it, and the commands that bring it back. Pure.

Somebody has disabled or deleted it by hand. CloudFormation does not notice: an update without changes restores nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from generator.model.command_line import CommandLine
from generator.model.contract import Resource
from generator.model.session_log import LogGroup

DELETED, TO_BE_DELETED = "deleted", "scheduled for deletion"
DRIFT = "Read the change set before you execute it: it undoes everything that was changed by hand."
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


def revert_drift(parameters: Iterable[str], commands: CommandLine) -> tuple[str, ...]:
    """The commands that make again what was deleted by hand and cannot be flipped: a drift-aware change set.

    Each parameter keeps its value: one that is left out would get the template's default.
    Source: CloudFormation API, CreateChangeSet.DeploymentMode (REVERT_DRIFT), Parameter.UsePreviousValue.
    """
    named = ("--stack-name", commands.stack_name, "--change-set-name", "restore")
    same = (f"ParameterKey={key},UsePreviousValue=true" for key in parameters)
    return (
        commands.aws(
            *("cloudformation", "create-change-set", *named, "--use-previous-template"),
            *("--deployment-mode", "REVERT_DRIFT", "--capabilities", "CAPABILITY_NAMED_IAM", "--parameters", *same),
        ),
        commands.aws("cloudformation", "describe-change-set", *named),
        commands.aws("cloudformation", "execute-change-set", *named),
    )


def deleted_keeper(name: str, parameters: Iterable[str], commands: CommandLine) -> BrokenResource:
    """The keeper: without it no key is made or rotated, and CloudFormation cannot remove the support user."""
    effect = "no key is made, rotated or removed, and open sessions do not end with access"
    return BrokenResource(
        Resource.KEEPER_FUNCTION, f"function {name}", DELETED, effect, revert_drift(parameters, commands), DRIFT
    )


def broken_rule(name: str, state: str, commands: CommandLine) -> BrokenResource:
    """The rule that ends open sessions, disabled or deleted (`state`)."""
    effect = "open sessions go on after the end of access"
    if state == DELETED:
        again = commands.deployer("access", "revoke", "--all")
        note = "Then grant access again: a grant with an end makes the rule anew."
        return BrokenResource(Resource.ACCESS_END_RULE, f"rule {name}", state, effect, (again,), note)
    enable = commands.aws("events", "enable-rule", "--name", name)
    return BrokenResource(Resource.ACCESS_END_RULE, f"rule {name}", state, effect, (enable,))


def broken_profile(
    name: str, role: str, roles: Iterable[str] | None, parameters: Iterable[str], commands: CommandLine
) -> BrokenResource | None:
    """The instance profile and its role, None where it has it. `roles`: those of the profile, None if it is gone."""
    effect = "the instance's agent loses its credentials, and no session can be started"
    if roles is None:
        note = f"Then give it to the instance: aws ec2 replace-iam-instance-profile-association. {DRIFT}"
        restore = revert_drift(parameters, commands)
        return BrokenResource(Resource.INSTANCE_PROFILE, f"instance profile {name}", DELETED, effect, restore, note)
    if role in roles:
        return None
    add = commands.aws(*("iam", "add-role-to-instance-profile", "--instance-profile-name", name, "--role-name", role))
    note = "Where the role itself is gone, first make it again as the stack made it."
    return BrokenResource(
        Resource.INSTANCE_PROFILE, f"instance profile {name}", f"without its role {role}", effect, (add,), note
    )


def deleted_documents(names: Iterable[str], parameters: Iterable[str], commands: CommandLine) -> BrokenResource:
    """Session documents of the stack that are gone."""
    restore = revert_drift(parameters, commands)
    effect = "sessions by it cannot be started"
    return BrokenResource(
        Resource.SHELL_DOCUMENT, f"session document {', '.join(names)}", DELETED, effect, restore, DRIFT
    )


def broken_instance(instance_id: str, state: str, commands: CommandLine, *, own: bool = True) -> BrokenResource | None:
    """An instance by EC2's word for its state ("": there is none), None for one that runs or is about to. `own`: it is
    the stack's."""
    subject, effect = f"instance {instance_id}", "no session or command can be started on it"
    if state in ("running", "pending"):
        return None
    gone = state in ("", "terminated", "shutting-down")
    if gone and not own:
        known = state or "not in this account and region"
        return BrokenResource(Resource.INSTANCE, subject, known, effect, note="Check its ID, or name another instance.")
    if gone:
        replace = commands.deployer("upgrade", "--replace-instance", "--allow-replacement", str(Resource.INSTANCE))
        note = "That installs DeepSQL anew: what was on the instance's volumes is not brought back."
        return BrokenResource(Resource.INSTANCE, subject, state or "terminated", effect, (replace,), note)
    start = commands.aws("ec2", "start-instances", "--instance-ids", instance_id)
    return BrokenResource(Resource.INSTANCE, subject, state, effect, (start,))


def _on(moment: datetime | None) -> str:
    return f" (on {moment:%Y-%m-%d})" if moment else ""
