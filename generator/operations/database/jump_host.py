"""Which way leads to a database: the instance a tunnel starts from, and the session document it uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.errors import AwsError
from generator.model.contract import BASTION_TAG_KEY, DocumentKind, Output, Parameter, document_name
from generator.model.database import Database
from generator.model.session import is_instance_id
from generator.model.stack import Stack
from generator.operations.database.request import Wish
from generator.operations.sessions.targets import StackView, find_target, view_stack

if TYPE_CHECKING:
    from generator.gateway.aws import Gateway

DOCUMENT_OUTPUT = "DatabaseDocumentName"  # of a stack that made its own database, as the example does


@dataclass(frozen=True)
class Way:
    """`document` is the session document that leads to this database alone; "" where only AWS's for any host is left.

    `notes` are sentences for the person: what was not as the stack has it.
    """

    instance: str
    document: str = ""
    notes: tuple[str, ...] = ()


def find_way(gateway: Gateway, wish: Wish, database: Database, avoid: str = "") -> Way:
    """The way as it is now; `avoid` is a bastion whose agent does not answer.

    The vendor's support may not read the stack: with its instance's id given, AWS is asked for nothing, so that no
    refused call stands in the customer's trail. Raises what finding the instance raises.
    """
    if wish.support and is_instance_id(wish.target):
        return Way(wish.target, wish.document or document_name(DocumentKind.DATABASE, wish.target))
    seen = view_stack(gateway)
    instance, notes = _hop(gateway, wish, seen, avoid)
    return Way(instance, document_of(seen, wish, database, instance), notes)


def by_bastion(wish: Wish, stack: Stack | None) -> bool:
    """Whether the stack's bastion is the hop: where it has one, no instance is named, and support is not meant.

    Support may start sessions on the stack's instance and on no other.
    """
    wanted = stack is not None and stack.parameters.get(Parameter.DEPLOY_BASTION_HOST) == "Yes"
    return wanted and not wish.target and not wish.support


def document_of(seen: StackView, wish: Wish, database: Database, instance: str) -> str:
    """The session document that leads to this database; "" where the stack does not know it, or there is no stack.

    Documents are named after the stack's instance. Where the stack may not be read, the hop is taken for that.
    """
    if wish.document:
        return wish.document
    if wish.support or seen.denied:
        return document_name(DocumentKind.DATABASE, own_instance(seen) or instance)
    stack = seen.stack
    if stack is None or stack.value(Parameter.DATABASE_ENDPOINT).lower() != database.endpoint.lower():
        return ""
    return stack.outputs.get(DOCUMENT_OUTPUT, "") or document_name(DocumentKind.DATABASE, own_instance(seen))


def own_instance(seen: StackView) -> str:
    """The id of the stack's own instance; "" where it is not known."""
    return seen.stack.outputs.get(Output.INSTANCE_ID, "") if seen.stack else ""


def _hop(gateway: Gateway, wish: Wish, seen: StackView, avoid: str) -> tuple[str, tuple[str, ...]]:
    notes: tuple[str, ...] = ()
    if seen.stack and by_bastion(wish, seen.stack):
        bastion, problem = _bastion(gateway, seen.stack.name, avoid)
        if bastion:
            return bastion, ()
        notes = (f"{problem} The way is the stack's own instance meanwhile.",)
    return find_target(gateway, wish.target, seen, lambda choices: None).instance_id, notes


def _bastion(gateway: Gateway, stack: str, avoid: str) -> tuple[str, str]:
    """The id of the bastion that runs, or "" and why there is none. Its group replaces it, so it is told by its tag."""
    try:
        found = gateway.ec2.find_targets(**{f"tag_{BASTION_TAG_KEY}": stack})
    except AwsError as error:
        if not error.denied:
            raise
        return "", f"These credentials may not look for the bastion of {stack} (ec2:DescribeInstances)."
    running = [host.instance_id for host in found if host.state == "running"]
    if avoid in running:
        running.remove(avoid)
        return next(iter(running), ""), f"The agent of the bastion {avoid} is not connected to Systems Manager."
    return next(iter(running), ""), f"The bastion of {stack} is not running just now."
