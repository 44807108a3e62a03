"""What the keeper may do: a little always, and manage keys only while there is a support user."""

from __future__ import annotations

import awacs.cloudformation as cloudformation
import awacs.iam as iam
import awacs.kms as kms
import awacs.logs as logs
import awacs.secretsmanager as secretsmanager
import awacs.ssm as ssm
from awacs.aws import StringEquals

from generator.policies.document import Document, Value, allow, document


def keeper_policy(*, streams: Value, images: Value, stack: Value) -> Document:
    """Write its own log, read the public image parameters, describe its own stack's resources."""
    return document(
        [
            allow("WriteItsOwnLog", [logs.CreateLogStream, logs.PutLogEvents], streams),
            allow("ReadPublicImageParameters", [ssm.GetParameter], images),
            allow("LookAtItsOwnStack", [cloudformation.DescribeStackResource], stack),
        ]
    )


def keeper_support_policy(*, user: Value, secret: Value, key: Value, service: Value) -> Document:
    """Manage the keys of that one user and the values of that one secret (`service`: Secrets Manager)."""
    return document(
        [
            allow(
                "KeepTheKeysOfThisUser",
                [iam.CreateAccessKey, iam.DeleteAccessKey, iam.ListAccessKeys, iam.UpdateAccessKey],
                user,
            ),
            allow(
                "KeepThisSecret",
                [
                    secretsmanager.DescribeSecret,
                    secretsmanager.GetSecretValue,
                    secretsmanager.PutSecretValue,
                    secretsmanager.UpdateSecretVersionStage,
                ],
                secret,
            ),
            allow(
                "EncryptThisSecret", [kms.Decrypt, kms.GenerateDataKey], key, StringEquals("kms:ViaService", service)
            ),
        ]
    )


def access_end_policy(*, region: Value, instance: Value, sessions: Value) -> Document:
    """End sessions on that one instance: Session Manager tags each session with its target. Listing names no resource.

    Source: Session Manager user guide, "Additional sample policies"; the keeper picks the sessions by their owner.
    """
    on_it = StringEquals("ssm:resourceTag/aws:ssmmessages:target-id", instance)
    return document(
        [
            allow("ListSessions", [ssm.DescribeSessions], "*", StringEquals("aws:RequestedRegion", region)),
            allow("EndSessionsOnThisInstance", [ssm.TerminateSession], sessions, on_it),
        ]
    )
