"""What a resource of the stack is when it is not as the stack made it, and the commands that bring it back. Pure.

Somebody has disabled or deleted it by hand. CloudFormation does not notice: an update without changes restores nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from generator.model.command_line import CommandLine
from generator.model.contract import Resource
from generator.model.session_log import STANDARD, LogGroup, holds_evidence

DELETED, TO_BE_DELETED = "deleted", "scheduled for deletion"
DRIFT = "Read the change set before you execute it: it undoes everything that was changed by hand."
WHAT_IT_KEEPS = "the secret cannot be read, and no shell of support is logged"
NO_CREDENTIALS = "the instance's agent loses its credentials, and no session can be started"
NOTHING_BY_IT = "nothing can be encrypted, decrypted or signed with it"
NOT_WRITTEN = "not what the stack's function wrote"
NO_KEY_IN_IT = "it holds no access key, so whoever reads it has no access"
PLACE_LOST = "Region and InstanceId in it stay empty where they were lost; they are in deployer outputs."
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


def broken_key(
    arn: str, now: KeyState | None, commands: CommandLine, effect: str = WHAT_IT_KEEPS
) -> BrokenResource | None:
    """The stack's key, None for one that can be used. `now`: None where it does not exist any more.

    `effect`: what that means for another key.
    """
    if now is not None and now.state == "Enabled":
        return None
    enable = commands.aws("kms", "enable-key", "--key-id", arn)
    cancel = commands.aws("kms", "cancel-key-deletion", "--key-id", arn)
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


def broken_value(arn: str, key_id: str, commands: CommandLine) -> BrokenResource:
    """The value of the support secret, which names no key that the support user has. `key_id`: the key that it names,
    "" where somebody put something else in its place."""
    subject, rotate = f"value of the support secret {arn}", (commands.deployer("access", "rotate"),)
    if key_id:
        lost = f"that of the key {key_id}, which does not exist any more"
        return BrokenResource(Resource.SUPPORT_SECRET, subject, lost, "whoever reads it has no access", rotate)
    return BrokenResource(Resource.SUPPORT_SECRET, subject, NOT_WRITTEN, NO_KEY_IN_IT, rotate, PLACE_LOST)


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


def broken_own_log_group(name: str, now: LogGroup | None, commands: CommandLine) -> BrokenResource | None:
    """A log group of the customer's own for shells; None for one that can be used. How long it keeps lines is theirs.

    Session Manager starts no shell whose log group has no key (user guide, "Logging session data"), and the lines of
    another class than STANDARD cannot be read (CloudWatch Logs user guide, "Log classes").
    """
    subject, with_key = f"log group {name}", ("--log-group-name", name, "--kms-key-id", "KEY-ARN")
    back = "Or give --log-group '', for none of yours"
    broken, unlogged = partial(BrokenResource, Resource.SESSION_LOG_GROUP, subject), "no shell would be logged"
    if holds_evidence(name):
        forged = "whoever has a shell on the instance could write to the record of revocations"
        return broken("the log of a stack's function", forged, (), f"Name another one with --log-group. {back}")
    if now is None:
        return broken("not there", unlogged, (commands.aws("logs", "create-log-group", *with_key),), back)
    if now.log_class != STANDARD:
        other = "A log group keeps its class: name another one with --log-group. "
        return broken(f"of the class {now.log_class}", "nobody could read a transcript in it", (), other + back)
    if not now.kms_key:
        encrypt = commands.aws("logs", "associate-kms-key", *with_key)
        return broken("without a key", "Session Manager would start no shell", (encrypt,), back)
    return None


def broken_key_of_group(name: str, key: str, now: KeyState | None, commands: CommandLine) -> BrokenResource | None:
    """A log group of the customer's own whose key cannot be used; None where it can. `now`: None for a deleted key.

    CloudWatch Logs can then neither write nor read (its user guide, "Encrypt log data").
    """
    broken = broken_key(key, now, commands)
    if broken is None:
        return None
    note = f"{broken.note} Or give --log-group '', for none of yours".strip()
    state, effect = f"encrypted with the key {key}, which is {broken.state}", "no shell would be logged"
    return BrokenResource(Resource.SESSION_LOG_GROUP, f"log group {name}", state, effect, broken.restore, note)


def unused(broken: BrokenResource) -> BrokenResource:
    """The stack's session log group while shells are logged elsewhere: only its lack stops something."""
    gone = broken.state == DELETED
    return replace(broken, effect="an update that touches it is rolled back" if gone else "")


def revert_drift(parameters: Iterable[str], commands: CommandLine) -> tuple[str, ...]:
    """The commands that make again what was deleted by hand and cannot be flipped: a drift-aware change set.

    Each parameter keeps its value: one that is left out would get the template's default.
    Source: CloudFormation API, CreateChangeSet.DeploymentMode (REVERT_DRIFT), Parameter.UsePreviousValue.
    """
    stack = ("--stack-name", commands.stack_name)
    named = (*stack, "--change-set-name", "restore")
    same = (f"ParameterKey={key},UsePreviousValue=true" for key in parameters)
    return (
        commands.aws(
            *("cloudformation", "create-change-set", *named, "--use-previous-template"),
            *("--deployment-mode", "REVERT_DRIFT", "--capabilities", "CAPABILITY_NAMED_IAM", "--parameters", *same),
        ),
        commands.aws("cloudformation", "wait", "change-set-create-complete", *named),
        commands.aws("cloudformation", "describe-change-set", *named),
        commands.aws("cloudformation", "execute-change-set", *named),
        commands.aws("cloudformation", "wait", "stack-update-complete", *stack),
    )


def _drift_note(commands: CommandLine) -> str:
    """What there is to know of those commands before they are typed."""
    delete = commands.aws(
        "cloudformation", "delete-change-set", "--stack-name", commands.stack_name, "--change-set-name", "restore"
    )
    return f"{DRIFT} Where AWS says that there is one of that name already, delete that first: {delete}"


def deleted_keeper(name: str, parameters: Iterable[str], commands: CommandLine) -> BrokenResource:
    """The keeper: without it no key is made or rotated, and CloudFormation cannot remove the support user."""
    effect = "no key is made, rotated or removed, and open sessions do not end with access"
    return BrokenResource(
        Resource.KEEPER_FUNCTION,
        f"function {name}",
        DELETED,
        effect,
        revert_drift(parameters, commands),
        _drift_note(commands),
    )


def deleted_keeper_log(name: str, days: int, commands: CommandLine) -> BrokenResource:
    """The log group of the keeper, in which each revocation leaves its line. `days` is how long it kept them."""
    keep = commands.aws("logs", "put-retention-policy", "--log-group-name", name, "--retention-in-days", str(days))
    restore = (commands.aws("logs", "create-log-group", "--log-group-name", name), *((keep,) if days else ()))
    effect = "revocations leave no record, and earlier records are lost"
    return BrokenResource(Resource.KEEPER_LOG_GROUP, f"log group {name}", DELETED, effect, restore)


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
    if roles is None:
        restore = revert_drift(parameters, commands)
        return BrokenResource(
            Resource.INSTANCE_PROFILE, f"instance profile {name}", DELETED, NO_CREDENTIALS, restore, DRIFT
        )
    if role in roles:
        return None
    add = commands.aws(*("iam", "add-role-to-instance-profile", "--instance-profile-name", name, "--role-name", role))
    state = f"without its role {role}"
    return BrokenResource(Resource.INSTANCE_PROFILE, f"instance profile {name}", state, NO_CREDENTIALS, (add,))


def deleted_instance_role(name: str, parameters: Iterable[str], commands: CommandLine) -> BrokenResource:
    """The instance's role, which the change set makes anew and puts into the instance profile."""
    restore = revert_drift(parameters, commands)
    return BrokenResource(
        Resource.INSTANCE_ROLE, f"instance role {name}", DELETED, NO_CREDENTIALS, restore, _drift_note(commands)
    )


def deleted_documents(names: Iterable[str], parameters: Iterable[str], commands: CommandLine) -> BrokenResource:
    """Session documents of the stack that are gone."""
    restore = revert_drift(parameters, commands)
    effect = "sessions by it cannot be started"
    return BrokenResource(
        Resource.SHELL_DOCUMENT, f"session document {', '.join(names)}", DELETED, effect, restore, DRIFT
    )


def broken_instance(
    instance_id: str, state: str, commands: CommandLine, parameters: Iterable[str] | None
) -> BrokenResource | None:
    """An instance by EC2's word for its state ("": there is none), None for one that runs or is about to. `parameters`:
    those of the stack whose instance it is, None for another instance."""
    subject, effect = f"instance {instance_id}", "no session or command can be started on it"
    if state in ("running", "pending"):
        return None
    gone = state in ("", "terminated", "shutting-down")
    if gone and parameters is None:
        known = state or "not in this account and region"
        return BrokenResource(Resource.INSTANCE, subject, known, effect, note="Check its ID, or name another instance.")
    if gone and parameters is not None:
        lost = "That installs DeepSQL anew: what was on the instance's volumes is not brought back."
        note = f"{lost}\n{_drift_note(commands)}"
        restore = revert_drift(parameters, commands)
        return BrokenResource(Resource.INSTANCE, subject, state or "terminated", effect, restore, note)
    start = commands.aws("ec2", "start-instances", "--instance-ids", instance_id)
    wait = commands.aws("ec2", "wait", "instance-stopped", "--instance-ids", instance_id)
    # EC2 starts none that is still stopping (IncorrectInstanceState)
    return BrokenResource(Resource.INSTANCE, subject, state, effect, (wait, start) if state == "stopping" else (start,))


def _on(moment: datetime | None) -> str:
    return f" (on {moment:%Y-%m-%d})" if moment else ""
