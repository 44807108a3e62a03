"""Whether the stack's resources are as it made them: the one place that asks, for every verb.

Each question costs one call, and a verb asks only about what it needs: before it changes anything (`require`), or when
something failed (`explained`). What these credentials may not read is no answer, and stops nothing.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from generator.errors import AwsError, DeployerError, NotFound, Refused
from generator.gateway.aws import Gateway
from generator.gateway.resource_state_errors import RESOURCE_STATE
from generator.model import resource_state
from generator.model.access import ScheduledRule
from generator.model.command_line import CommandLine
from generator.model.contract import DocumentKind, Output, Parameter, Resource, document_name
from generator.model.reading import Reading
from generator.model.resource_state import BrokenResource
from generator.model.stack import Stack
from generator.operations.access.readings import read
from generator.operations.access.secret_value import read_secret_key
from generator.operations.access.stack_access import StackAccess, access_of

T = TypeVar("T")
E = TypeVar("E", bound=DeployerError)
Question = Callable[[Gateway, Stack], BrokenResource | None]
"""Asks about one resource of the stack; None where it is as it should be, or the stack has none. Raises AwsError."""


DOCUMENTS = (
    *(Output.SHELL_DOCUMENT_NAME, Output.CUSTOMER_SHELL_DOCUMENT_NAME, Output.PORT_DOCUMENT_NAME),
    Output.SSH_DOCUMENT_NAME,
)


def key(gateway: Gateway, stack: Stack) -> BrokenResource | None:
    """The stack's key (kms:DescribeKey)."""
    arn = access_of(stack).key_arn
    if not arn:
        return None
    return resource_state.broken_key(arn, _unless_gone(lambda: gateway.kms.describe_key(arn)), gateway.commands)


def support_secret(gateway: Gateway, stack: Stack) -> BrokenResource | None:
    """The support secret (secretsmanager:DescribeSecret)."""
    return _secret(gateway, Resource.SUPPORT_SECRET, access_of(stack).secret_arn)


def support_value(gateway: Gateway, stack: Stack) -> BrokenResource | None:
    """What the support secret holds (iam:ListAccessKeys, secretsmanager:GetSecretValue).

    Where the user has no key and nobody is let in, the next grant writes it, whatever it is now. A user or secret that
    cannot be asked about because it is gone, or its key is, has a question of its own.
    """
    access = access_of(stack)
    if not (access.secret_arn and access.support_user):
        return None
    keys = _unless_gone(lambda: [each.key_id for each in gateway.iam.list_access_keys(access.support_user)])
    if keys is None or (not keys and (access.grant.paused or not access.grant.principals)):
        return None
    return unusable_value(gateway, access, keys)


def unusable_value(gateway: Gateway, access: StackAccess, keys: Collection[str]) -> BrokenResource | None:
    """The same for a user who has these keys, by their IDs (secretsmanager:GetSecretValue)."""
    try:
        named = read_secret_key(gateway, access.secret_arn)
    except (AwsError, NotFound) as error:
        if isinstance(error, NotFound) or error.code == RESOURCE_STATE:
            return None
        raise
    if named is not None and named.key_id in keys:
        return None
    return resource_state.broken_value(access.secret_arn, named.key_id if named else "", gateway.commands)


def admin_secret(gateway: Gateway, stack: Stack) -> BrokenResource | None:
    """The secret with the administrator's password (secretsmanager:DescribeSecret)."""
    return _secret(gateway, Resource.ADMIN_SECRET, stack.outputs.get(Output.ADMIN_SECRET_ARN, ""))


def support_user(gateway: Gateway, stack: Stack) -> BrokenResource | None:
    """The support user (iam:GetUser)."""
    name = access_of(stack).support_user
    gone = bool(name) and not gateway.iam.user_exists(name)
    return resource_state.deleted_support("user", name, gateway.commands) if gone else None


def support_role(gateway: Gateway, stack: Stack) -> BrokenResource | None:
    """The support role (iam:GetRole)."""
    name = access_of(stack).support_role
    gone = bool(name) and not gateway.iam.role_exists(name)
    return resource_state.deleted_support("role", name, gateway.commands) if gone else None


def session_log_group(gateway: Gateway, stack: Stack) -> BrokenResource | None:
    """The session log group, the stack's or the customer's own (logs:DescribeLogGroups)."""
    if own := stack.parameters.get(Parameter.LOG_GROUP, ""):
        return own_log_group(gateway, own)
    name, arn = stack.outputs.get(Output.SESSION_LOG_GROUP_NAME, ""), access_of(stack).key_arn
    if not (name and arn):
        return None
    days = stack.parameters.get(Parameter.SESSION_LOG_RETENTION_DAYS, "")
    group = gateway.logs.find_log_group(name)
    return resource_state.broken_log_group(name, group, arn, int(days or 0), gateway.commands)


def own_log_group(gateway: Gateway, name: str) -> BrokenResource | None:
    """A log group of the customer's own for shells, and its key (logs:DescribeLogGroups, kms:DescribeKey)."""
    group = gateway.logs.find_log_group(name)
    broken = resource_state.broken_own_log_group(name, group, gateway.commands)
    if broken or group is None:
        return broken
    now = _unless_gone(lambda: gateway.kms.describe_key(group.kms_key))
    return resource_state.broken_key_of_group(name, group.kms_key, now, gateway.commands)


def unused_log_group(gateway: Gateway, stack: Stack) -> BrokenResource | None:
    """The stack's own session log group where shells are logged in the customer's: older transcripts are in it, and an
    update needs it (cloudformation:ListStackResources, logs:DescribeLogGroups)."""
    key_arn = access_of(stack).key_arn
    if not (stack.parameters.get(Parameter.LOG_GROUP, "") and key_arn):
        return None
    name = _physical_ids(gateway, stack).get(Resource.SESSION_LOG_GROUP, "")
    if not name:
        return None
    days = int(stack.parameters.get(Parameter.SESSION_LOG_RETENTION_DAYS, "") or 0)
    broken = resource_state.broken_log_group(name, gateway.logs.find_log_group(name), key_arn, days, gateway.commands)
    return resource_state.unused(broken) if broken else None


def keeper(gateway: Gateway, stack: Stack) -> BrokenResource | None:
    """The stack's function (lambda:GetFunctionConfiguration)."""
    name = stack.outputs.get(Output.KEEPER_FUNCTION_NAME, "")
    gone = bool(name) and not gateway.lambda_functions.function_exists(name)
    return resource_state.deleted_keeper(name, stack.parameters, _commands(gateway, stack)) if gone else None


def keeper_log_group(gateway: Gateway, stack: Stack) -> BrokenResource | None:
    """The log group in which revocations are recorded (cloudformation:ListStackResources, logs:DescribeLogGroups)."""
    name = _physical_ids(gateway, stack).get(Resource.KEEPER_LOG_GROUP, "")
    if not name or gateway.logs.find_log_group(name) is not None:
        return None
    days = int(stack.parameters.get(Parameter.SESSION_LOG_RETENTION_DAYS, "") or 0)
    return resource_state.deleted_keeper_log(name, days, gateway.commands)


def access_end_rule(gateway: Gateway, stack: Stack) -> BrokenResource | None:
    """The rule that ends open sessions (cloudformation:ListStackResources, events:DescribeRule, ListTargetsByRule)."""
    name = _physical_ids(gateway, stack).get(Resource.ACCESS_END_RULE, "")
    return rule_state(gateway, name, live_rule(gateway, name)) if name else None


def live_rule(gateway: Gateway, name: str) -> ScheduledRule | None:
    """The rule as EventBridge has it; None where it is deleted (events:DescribeRule, events:ListTargetsByRule)."""
    return _unless_gone(lambda: gateway.events.read_rule(name))


def rule_state(gateway: Gateway, name: str, live: ScheduledRule | None) -> BrokenResource | None:
    """What a rule is that does nothing; None for one that is enabled. Pure."""
    if live is not None and live.enabled:
        return None
    return resource_state.broken_rule(name, "disabled" if live else resource_state.DELETED, gateway.commands)


def instance_profile(gateway: Gateway, stack: Stack) -> BrokenResource | None:
    """The instance's profile and role (cloudformation:ListStackResources, iam:GetInstanceProfile, and iam:GetRole where
    the profile is without its role)."""
    ids = _physical_ids(gateway, stack)
    name, role = ids.get(Resource.INSTANCE_PROFILE, ""), ids.get(Resource.INSTANCE_ROLE, "")
    if not name:
        return None
    roles, commands = profile_roles(gateway, name), _commands(gateway, stack)
    if role not in (roles or ()) and not _role_remains(gateway, role):
        return resource_state.deleted_instance_role(role, stack.parameters, commands)
    return resource_state.broken_profile(name, role, roles, stack.parameters, commands)


def _role_remains(gateway: Gateway, role: str) -> bool:
    """Whether the account has the role; it is taken to have it where these credentials may not ask."""
    try:
        return gateway.iam.role_exists(role)
    except AwsError:
        return True


def profile_roles(gateway: Gateway, name: str) -> tuple[str, ...] | None:
    """The roles of an instance profile; None where it is deleted (iam:GetInstanceProfile)."""
    return _unless_gone(lambda: tuple(gateway.iam.instance_profile_roles(name)))


def session_documents(gateway: Gateway, stack: Stack) -> BrokenResource | None:
    """The session documents that the stack's outputs name, and its database's (ssm:GetDocument for each)."""
    names = filter(None, dict.fromkeys([*(stack.outputs.get(output, "") for output in DOCUMENTS), _database(stack)]))
    gone = [name for name in names if gateway.ssm.find_document(name) is None]
    return resource_state.deleted_documents(gone, stack.parameters, _commands(gateway, stack)) if gone else None


def instance(gateway: Gateway, stack: Stack) -> BrokenResource | None:
    """The stack's instance (ec2:DescribeInstances)."""
    instance_id = access_of(stack).instance_id
    return any_instance(gateway, instance_id, stack) if instance_id else None


def any_instance(gateway: Gateway, instance_id: str, stack: Stack | None = None) -> BrokenResource | None:
    """An instance by its ID (ec2:DescribeInstances); `stack`: the one whose instance it is. Raises AwsError."""
    answer = _unless_gone(lambda: gateway.ec2.describe_instance(instance_id))
    commands = _commands(gateway, stack) if stack else gateway.commands
    parameters = stack.parameters if stack else None
    return resource_state.broken_instance(instance_id, answer.state if answer else "", commands, parameters)


def find(gateway: Gateway, stack: Stack, questions: Iterable[Question]) -> tuple[BrokenResource, ...]:
    """The resources that are not as the stack made them, of those asked about. Never raises."""
    return tuple(each.value for each in look(gateway, stack, questions) if each.value is not None)


def look(gateway: Gateway, stack: Stack, questions: Iterable[Question]) -> Iterator[Reading[BrokenResource | None]]:
    """The answer to each question; None without a problem: as the stack made it, or it has none. Never raises."""
    for question in questions:
        yield read(question.__name__.replace("_", " "), functools.partial(question, gateway, stack))


def require(gateway: Gateway, stack: Stack, questions: Iterable[Question], verdict: str) -> None:
    """Raise Refused while something does not work because of one of these resources. `verdict`: what did not happen.

    One that these credentials may not read is taken to be there: AWS refuses what needs it.
    """
    if broken := tuple(each for each in find(gateway, stack, questions) if each.effect):
        raise refusal(broken, verdict)


def refusal(broken: tuple[BrokenResource, ...], verdict: str = "") -> Refused:
    """The error for resources that are not as the stack made them; its hint restores each."""
    first, *others = broken
    message = " ".join(filter(None, (verdict, first.sentence)))
    return Refused(message, _hint(first, others), code="resource-state")


@contextmanager
def explained(gateway: Gateway, stack: Stack, questions: Iterable[Question]) -> Iterator[None]:
    """Where AWS refuses what runs within, look whether one of these resources is why, and say so instead.

    Nothing is asked while all goes well.
    """
    try:
        yield
    except (AwsError, NotFound) as error:
        if isinstance(error, AwsError) and error.transient:
            raise
        if broken := find(gateway, stack, questions):
            raise because(error, broken) from error
        raise


def because(error: E, broken: tuple[BrokenResource, ...]) -> E:
    """The same error, saying of the first of these resources what it is, with what restores each."""
    first, *others = broken
    return error.explained(first.sentence, hint=_hint(first, others))


def described(gateway: Gateway, stack: Stack, questions: Iterable[Question]) -> tuple[str, ...]:
    """The same as `find`, each as a sentence with its commands: for a verb that is not to be stopped by it."""
    return tuple(f"{each.sentence}\n{each.hint}" for each in find(gateway, stack, questions))


def _hint(first: BrokenResource, others: list[BrokenResource]) -> str:
    """What restores the first, and each other with what restores it."""
    return "\n".join([first.hint, *(f"{each.sentence}\n{each.hint}" for each in others)])


def _secret(gateway: Gateway, resource: Resource, arn: str) -> BrokenResource | None:
    if not arn:
        return None
    answer = _unless_gone(lambda: gateway.secretsmanager.describe_secret(arn))
    deleted = answer is not None and answer.deleted is not None
    return resource_state.broken_secret(resource, arn, gateway.commands, exists=answer is not None, deleted=deleted)


def _database(stack: Stack) -> str:
    """The document for the database that was given to the stack; "" without one."""
    instance_id, given = access_of(stack).instance_id, stack.parameters.get(Parameter.DATABASE_ENDPOINT)
    return document_name(DocumentKind.DATABASE, instance_id) if given and instance_id else ""


def _physical_ids(gateway: Gateway, stack: Stack) -> dict[str, str]:
    return {r.logical_id: r.physical_id for r in gateway.cloudformation.list_stack_resources(stack.stack_id)}


def _commands(gateway: Gateway, stack: Stack) -> CommandLine:
    return gateway.commands.for_stack(stack.name)


def _unless_gone(ask: Callable[[], T]) -> T | None:
    try:
        return ask()
    except NotFound:
        return None
