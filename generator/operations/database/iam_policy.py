"""The IAM policy with which a person may be one user of a database, through one instance, and nothing besides."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace

from generator.errors import AwsError, NotFound, Refused, UsageError
from generator.gateway.aws import Gateway
from generator.model.contract import BASTION_TAG_KEY
from generator.model.database import Database
from generator.model.stack import Stack
from generator.operations.database.jump_host import by_bastion, document_of
from generator.operations.database.login import user_of
from generator.operations.database.lookup import as_rds_knows, find_database
from generator.operations.database.request import Wish
from generator.operations.database.tunnel import leads_anywhere
from generator.operations.sessions.documents import AWS_REMOTE_PORT
from generator.operations.sessions.targets import StackView, find_target, view_stack
from generator.policies.database import DatabaseScope, database_policy
from generator.policies.document import Document, plain

_USER = re.compile(r"(?:\$\{aws:username\}|[\w+=,.@-]+)[\w+=,.@-]*", re.ASCII)
"""A user's name, which may be the asking IAM user's; `*` and `?` would stand for other people's names."""


@dataclass(frozen=True)
class Permit:
    """The policy, for JSON, and what its reader has to know of it, a sentence each."""

    policy: Document
    warnings: tuple[str, ...] = ()


def permit(gateway: Gateway, wish: Wish, *, any_host: bool = False) -> Permit:
    """The policy for the user named, the vendor's or the caller's own of the grade: sign in, and the way there.

    Raises Refused where the way would lead to other hosts too and `any_host` is not asked for; NotFound without the
    database's resource id, as a policy without it would hold for every database; UsageError for a user's name with
    wildcards.
    """
    database = _known(gateway, find_database(gateway, wish))
    user = _user(gateway, wish, database)
    seen = view_stack(gateway)
    bastion = by_bastion(wish, seen.stack)
    instance = "*" if bastion else find_target(gateway, wish.target, seen, lambda choices: None).instance_id
    document = document_of(seen, wish, database, "" if bastion else instance)
    warnings = _check(gateway, database, seen, document, any_host)
    scope = DatabaseScope(
        users=[database.user_arn(user)],
        hop=database.arn("ec2", f"instance/{instance}"),
        tunnel=_document_arn(database, document or AWS_REMOTE_PORT),
        sessions=database.arn("ssm", "session/*"),
        region=database.region,
        stack=_stack_arn(seen.stack, wish),
        tag=(BASTION_TAG_KEY, seen.stack.name) if bastion and seen.stack else None,
    )
    made = database_policy(scope)
    return Permit({key: plain(value) for key, value in made.items()}, warnings)


def _known(gateway: Gateway, database: Database) -> Database:
    if not (database.resource_id and database.account):
        database = replace(as_rds_knows(gateway, database), database=database.database)
    if database.resource_id and database.account:
        return database
    raise NotFound(
        f"The resource id of {database.name} is not known, and a policy without it would open every database.",
        "Ask somebody who may do rds:DescribeDBClusters to print it, or tell the stack the id: "
        "deployer up --database-resource-id cluster-…",
        code="resource-id-unknown",
    )


def _user(gateway: Gateway, wish: Wish, database: Database) -> str:
    caller = "" if wish.user or wish.support else gateway.sts.get_caller_arn()
    user = user_of(wish, wish.grade, database.engine, caller)
    if not _USER.fullmatch(user):
        raise UsageError(
            f"A policy cannot be for the user {user}: it may have letters, digits and + = , . @ _ - only.",
            "Name one user, or ${aws:username}_r for each IAM user the policy is attached to.",
            code="bad-user",
        )
    return user


def _check(gateway: Gateway, database: Database, seen: StackView, document: str, any_host: bool) -> tuple[str, ...]:
    """Warnings, where any host was asked for. Raises Refused when the way is wider than the database."""
    wide = _wide(gateway, database, seen, document)
    if not wide:
        return ()
    if not any_host:
        raise Refused(wide, _narrow(database, seen), code="any-host")
    return (f"{wide} With this policy its holder may do that.",)


def _wide(gateway: Gateway, database: Database, seen: StackView, document: str) -> str:
    """Why the document is no way to this database alone; "" where it is."""
    there = f"{database.endpoint}:{database.port}"
    if document and leads_anywhere(document):
        return f"{document}, which was named, leads to any host that the instance reaches."
    if not document:
        name = gateway.deployment.stack_name
        why = f"The stack {name} does not know {database.name}" if seen.stack else f"There is no stack {name} here"
        return f"{why}, and {AWS_REMOTE_PORT} leads to any host that the instance reaches."
    try:
        found = gateway.ssm.find_document(document)
    except AwsError as error:
        if "AccessDenied" not in error.aws_code:
            raise
        return f"{document} may not be read with these credentials (ssm:GetDocument), so it may lead to any host."
    if found is None:
        raise NotFound(
            f"There is no session document {document} in this account and region.",
            _narrow(database, seen),
            code="document-not-found",
        )
    content = json.loads(found[0])
    end = content.get("properties") or {} if content.get("sessionType") == "Port" else {}
    leads = f"{end.get('host', 'the instance itself')}:{end.get('portNumber', '')}".rstrip(":")
    return "" if leads.lower() == there.lower() else f"{document} leads to {leads}, not to {there} alone."


def _narrow(database: Database, seen: StackView) -> str:
    tell = f"deployer up --database-endpoint {database.endpoint} --database-port {database.port}"
    first = f"Tell the stack of it: {tell}" if seen.stack else "Name the stack that knows it with --stack-name"
    return f"{first}. Or accept that its holder reaches any host: --any-host"


def _stack_arn(stack: Stack | None, wish: Wish) -> str:
    """The stack that tells of the database and of the way, where the policy's holder is to find them by it."""
    if stack is None or wish.support:
        return ""
    return str(stack.arn.beside("cloudformation", f"stack/{stack.name}/*"))


def _document_arn(database: Database, name: str) -> str:
    """AWS's own documents have no account in their ARN."""
    arn = database.arn("ssm", f"document/{name}")
    return arn.replace(f":{database.account}:", "::") if leads_anywhere(name) else arn
