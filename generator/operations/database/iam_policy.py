"""The IAM policy that allows connecting to a database as one user, through one jump host, and nothing else."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace

from generator.errors import AwsError, NotFound, Refused, UsageError
from generator.gateway.aws import Gateway
from generator.model.contract import BASTION_TAG_KEY
from generator.model.database import Database
from generator.model.stack import Stack
from generator.operations.database.jump_host import uses_bastion
from generator.operations.database.login import user_of
from generator.operations.database.lookup import as_rds_knows, find_database
from generator.operations.database.request import DatabaseRequest
from generator.operations.database.tunnel import reaches_any_host
from generator.operations.sessions.documents import AWS_REMOTE_PORT, database_document
from generator.operations.sessions.targets import StackView, find_target, view_stack
from generator.policies.database import DatabaseScope, database_policy
from generator.policies.document import Document, plain

_USER = re.compile(r"(?:\$\{aws:username\}|[\w+=,.@-]+)[\w+=,.@-]*", re.ASCII)
"""A user's name, which may contain the calling IAM user's; `*` and `?` would match other people's names."""


@dataclass(frozen=True)
class ConnectPolicy:
    """The policy as plain data, and warnings about it, one sentence each."""

    policy: Document
    warnings: tuple[str, ...] = ()


def connect_policy(gateway: Gateway, request: DatabaseRequest, *, any_host: bool = False) -> ConnectPolicy:
    """The policy for one user, by default the caller's own of the access level: sign in, and open a tunnel.

    Raises Refused when the tunnel would reach other hosts too and `any_host` is false; NotFound without the database's
    resource ID, as a policy without it would apply to every database; UsageError for a user's name with wildcards.
    """
    database = _known(gateway, find_database(gateway, request))
    user = _user(gateway, request, database)
    seen = view_stack(gateway)
    bastion = uses_bastion(request, seen.stack)
    instance = "*" if bastion else find_target(gateway, request.target, seen, lambda choices: None).instance_id
    document, _ = database_document(
        seen, "" if bastion else instance, database.endpoint, support=request.support, document=request.document
    )
    warnings = _check(gateway, database, seen, document, any_host)
    scope = DatabaseScope(
        users=[database.user_arn(user)],
        jump_host=database.arn("ec2", f"instance/{instance}"),
        tunnel=_document_arn(database, document or AWS_REMOTE_PORT),
        sessions=database.arn("ssm", "session/*"),
        region=database.region,
        stack=_stack_arn(seen.stack, request),
        tag=(BASTION_TAG_KEY, seen.stack.name) if bastion and seen.stack else None,
    )
    made = database_policy(scope)
    return ConnectPolicy({key: plain(value) for key, value in made.items()}, warnings)


def _known(gateway: Gateway, database: Database) -> Database:
    if not (database.resource_id and database.account):
        database = replace(as_rds_knows(gateway, database), database=database.database)
    if database.resource_id and database.account:
        return database
    raise NotFound(
        f"The resource ID of {database.name} is unknown, and a policy without it would allow every database.",
        "Have somebody with rds:DescribeDBClusters print the policy, or add the ID to the stack: "
        "deployer up --database-resource-id cluster-…",
        code="resource-id-unknown",
    )


def _user(gateway: Gateway, request: DatabaseRequest, database: Database) -> str:
    caller = "" if request.user or request.support else gateway.sts.get_caller_arn()
    user = user_of(request, request.level, database.engine, caller)
    if not _USER.fullmatch(user):
        raise UsageError(
            f"There can be no policy for the user {user}: a name may contain only letters, digits and + = , . @ _ -",
            "Name one user, or ${aws:username}_r for each IAM user the policy is attached to.",
            code="bad-user",
        )
    return user


def _check(gateway: Gateway, database: Database, seen: StackView, document: str, any_host: bool) -> tuple[str, ...]:
    """Warnings if any host is accepted. Raises Refused if it is not, and the document reaches more than the
    database."""
    wide = _too_wide(gateway, database, seen, document)
    if not wide:
        return ()
    if not any_host:
        raise Refused(wide, _narrower(database, seen), code="any-host")
    return (f"{wide} This policy allows that.",)


def _too_wide(gateway: Gateway, database: Database, seen: StackView, document: str) -> str:
    """Why the document reaches more than this database; "" if it does not."""
    endpoint = f"{database.endpoint}:{database.port}"
    if document and reaches_any_host(document):
        return f"The document {document} reaches any host that the instance reaches."
    if not document:
        name = gateway.deployment.stack_name
        why = f"The stack {name} does not have {database.name}" if seen.stack else f"There is no stack {name}"
        return f"{why}, and {AWS_REMOTE_PORT} reaches any host that the instance reaches."
    try:
        document_text = gateway.ssm.find_document(document)
    except AwsError as error:
        if not error.denied:
            raise
        return f"These credentials may not read {document} (ssm:GetDocument), so it may reach any host."
    if document_text is None:
        raise NotFound(
            f"There is no session document {document} in this account and region.",
            _narrower(database, seen),
            code="document-not-found",
        )
    content = json.loads(document_text[0])
    end = content.get("properties") or {} if content.get("sessionType") == "Port" else {}
    leads = f"{end.get('host', 'the instance itself')}:{end.get('portNumber', '')}".rstrip(":")
    return "" if leads.lower() == endpoint.lower() else f"{document} leads to {leads}, not to {endpoint} alone."


def _narrower(database: Database, seen: StackView) -> str:
    command = f"deployer up --database-endpoint {database.endpoint} --database-port {database.port}"
    first = f"Add it to the stack: {command}" if seen.stack else "Name the stack that has it with --stack-name"
    return f"{first}. Or accept that the policy allows any host: --any-host"


def _stack_arn(stack: Stack | None, request: DatabaseRequest) -> str:
    """The ARN of the stack in which the policy's holder finds the database and the jump host; "" for support."""
    if stack is None or request.support:
        return ""
    return str(stack.arn.beside("cloudformation", f"stack/{stack.name}/*"))


def _document_arn(database: Database, name: str) -> str:
    """The document's ARN; those of AWS's own documents contain no account."""
    arn = database.arn("ssm", f"document/{name}")
    return arn.replace(f":{database.account}:", "::") if reaches_any_host(name) else arn
