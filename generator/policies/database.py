"""What a person needs for `deployer db connect`, and what a bastion needs to carry it."""

from __future__ import annotations

from collections.abc import Sequence

import awacs.ssm as ssm
import awacs.ssmmessages as ssmmessages
from awacs.aws import Action, BoolIfExists, Statement, StringEquals

from generator.policies.document import Document, Value, allow, document
from generator.policies.support import OWN_BY_ID


def carry_sessions(region: Value) -> Statement:
    """The least an agent needs for sessions (Session Manager guide, "Minimum permissions"); held to the region."""
    calls = [
        ssm.UpdateInstanceInformation,
        ssmmessages.CreateControlChannel,
        ssmmessages.CreateDataChannel,
        ssmmessages.OpenControlChannel,
        ssmmessages.OpenDataChannel,
    ]
    return allow("CarrySessions", calls, "*", StringEquals("aws:RequestedRegion", region))


def database_policy(users: Sequence[Value], hop: Value, tunnel: Value, sessions: Value, region: Value) -> Document:
    """Sign in as these users (`…:dbuser:RESOURCE_ID/NAME`), by one document through one instance.

    The document has the database's host and port in it, so the tunnel leads nowhere else.
    """
    checked = BoolIfExists("ssm:SessionDocumentAccessCheck", "true")
    find = [Action("rds", "DescribeDBClusters"), Action("rds", "DescribeDBInstances")]
    return document(
        [
            allow("SignInToTheDatabase", [Action("rds-db", "connect")], list(users)),
            allow("OpenTheTunnel", [ssm.StartSession], [hop, tunnel], checked),
            allow("OpenTheChannel", [ssmmessages.OpenDataChannel], sessions),
            allow("KeepOrEndOwnSessions", [ssm.ResumeSession, ssm.TerminateSession], sessions, *OWN_BY_ID),
            allow("FindTheDatabase", find, "*", StringEquals("aws:RequestedRegion", region)),
        ]
    )
