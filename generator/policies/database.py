"""What a person needs for `deployer db connect`, and what a bastion needs for its sessions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import awacs.cloudformation as cloudformation
import awacs.ec2 as ec2
import awacs.ssm as ssm
import awacs.ssmmessages as ssmmessages
from awacs.aws import Action, Statement, StringEquals

from generator.policies.document import Document, Value, allow, document
from generator.policies.support import OWN_SESSIONS_BY_TAG, documents_are_checked


@dataclass(frozen=True)
class DatabaseScope:
    """Who signs in, and through which host and document. Every value is an ARN or an intrinsic function giving one.

    `users` are `…:dbuser:RESOURCE_ID/NAME`. `jump_host` is the instance a tunnel starts from; with `tag`, any instance
    of that pattern with the tag. `tunnel` is the session document, `stack` the stack that names both ("" for none).
    """

    users: Sequence[Value]
    jump_host: Value
    tunnel: Value
    sessions: Value
    region: Value
    stack: Value = ""
    tag: tuple[str, str] | None = None


def carry_sessions(region: Value) -> Statement:
    """The minimum an agent needs for sessions (Session Manager guide, "Minimum permissions"), in one region."""
    calls = [
        ssm.UpdateInstanceInformation,
        ssmmessages.CreateControlChannel,
        ssmmessages.CreateDataChannel,
        ssmmessages.OpenControlChannel,
        ssmmessages.OpenDataChannel,
    ]
    return allow("CarrySessions", calls, "*", StringEquals("aws:RequestedRegion", region))


def database_policy(scope: DatabaseScope) -> Document:
    """Sign in as these users, by one document through one instance.

    The document contains the database's host and port, so the tunnel reaches nothing else. The tag condition applies to
    the instance only: documents do not have the tag.
    """
    checked = documents_are_checked()
    here = StringEquals("aws:RequestedRegion", scope.region)
    tagged = [StringEquals(f"ssm:resourceTag/{scope.tag[0]}", scope.tag[1])] if scope.tag else []
    find = [Action("rds", "DescribeDBClusters"), Action("rds", "DescribeDBInstances")]
    statements = [
        allow("SignInToTheDatabase", [Action("rds-db", "connect")], list(scope.users)),
        allow("StartFromTheJumpHost", [ssm.StartSession], scope.jump_host, checked, *tagged),
        allow("UseTheTunnel", [ssm.StartSession], scope.tunnel, checked),
        allow("OpenTheChannel", [ssmmessages.OpenDataChannel], scope.sessions),
        allow("KeepOrEndOwnSessions", [ssm.ResumeSession, ssm.TerminateSession], scope.sessions, *OWN_SESSIONS_BY_TAG),
        allow("FindTheDatabase", find, "*", here),
    ]
    if scope.stack:
        statements.append(allow("ReadTheStack", [cloudformation.DescribeStacks], scope.stack))
    if scope.tag:
        statements.append(allow("FindTheJumpHost", [ec2.DescribeInstances], "*", here))
    return document(statements)
