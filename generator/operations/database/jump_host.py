"""The jump host of a database: the instance a tunnel starts from, and the session document it uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.errors import AwsError
from generator.model.contract import BASTION_TAG_KEY, Parameter
from generator.model.database import Database
from generator.model.session import is_instance_id
from generator.model.stack import Stack
from generator.operations.database.request import DatabaseRequest
from generator.operations.sessions.documents import database_document
from generator.operations.sessions.targets import StackView, find_target, view_stack

if TYPE_CHECKING:
    from generator.gateway.aws import Gateway


@dataclass(frozen=True)
class JumpHost:
    """`document` is the session document for this database alone; "" when only AWS's document for any host is left.

    `assumed`: its name is only assumed, as the stack may not be read. `notes` are sentences for the user about what
    differs from the stack's settings.
    """

    instance: str
    document: str = ""
    assumed: bool = False
    notes: tuple[str, ...] = ()


def find_jump_host(gateway: Gateway, request: DatabaseRequest, database: Database, avoid: str = "") -> JumpHost:
    """The jump host to use now; `avoid` is a bastion whose agent does not answer.

    The vendor's support may not read the stack: with the instance's ID given, nothing is called, so that no refused
    call appears in the customer's CloudTrail. Raises what `find_target` raises.
    """
    if request.support and is_instance_id(request.target):
        return JumpHost(request.target, *_document(StackView(denied=True), request, database, request.target))
    seen = view_stack(gateway, request.target, request.document)
    instance, notes = _choose_instance(gateway, request, seen, avoid)
    return JumpHost(instance, *_document(seen, request, database, instance), notes)


def _document(seen: StackView, request: DatabaseRequest, database: Database, instance: str) -> tuple[str, bool]:
    return database_document(seen, instance, database.endpoint, support=request.support, document=request.document)


def uses_bastion(request: DatabaseRequest, stack: Stack | None) -> bool:
    """Whether the stack's bastion is the jump host: it has one, no instance is named, and the user is not support's.

    Support may start sessions on the stack's instance and on no other.
    """
    has_bastion = stack is not None and stack.parameters.get(Parameter.DEPLOY_BASTION_HOST) == "Yes"
    return has_bastion and not request.target and not request.support


def _choose_instance(
    gateway: Gateway, request: DatabaseRequest, seen: StackView, avoid: str
) -> tuple[str, tuple[str, ...]]:
    notes: tuple[str, ...] = ()
    if seen.stack and uses_bastion(request, seen.stack):
        bastion, problem = _bastion(gateway, seen.stack.name, avoid)
        if bastion:
            return bastion, ()
        notes = (f"{problem} Using the stack's own instance instead.",)
    return find_target(gateway, request.target, seen, lambda choices: None).instance_id, notes


def _bastion(gateway: Gateway, stack: str, avoid: str) -> tuple[str, str]:
    """The ID of the running bastion, or "" and why there is none. Its group replaces it, so it is found by tag."""
    try:
        bastions = gateway.ec2.find_targets(**{f"tag_{BASTION_TAG_KEY}": stack})
    except AwsError as error:
        if not error.denied:
            raise
        return "", f"These credentials may not look for the bastion of {stack} (ec2:DescribeInstances)."
    running = [host.instance_id for host in bastions if host.state == "running"]
    if avoid in running:
        running.remove(avoid)
        return next(iter(running), ""), f"The agent of the bastion {avoid} is not connected to Systems Manager."
    return next(iter(running), ""), f"The bastion of {stack} is not running at the moment."
