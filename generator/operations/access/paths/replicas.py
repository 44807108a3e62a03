"""Replicas of the support secret in other regions: each gets what comes into it, under a policy of its own."""

from __future__ import annotations

from generator.gateway.aws import Gateway
from generator.model.access_path import AccessPath, PathKind, PathReading
from generator.operations.access.readings import absent, read
from generator.operations.access.stack_access import StackAccess


def replicas(gateway: Gateway, access: StackAccess) -> PathReading:
    """The regions with a replica: the next key would be read there by whomever that replica's own policy lets in.

    What the replica's policy says is not asked: the stack makes no replica, so each is somebody's.
    """
    asked, secret = "secretsmanager:DescribeSecret", access.secret_arn
    if not secret:
        return absent(asked, "the stack has no support secret")

    def path(region: str) -> AccessPath:
        words = ("remove-regions-from-replication", "--secret-id", secret, "--remove-replica-regions", region)
        remove = gateway.commands.aws("secretsmanager", *words)
        return AccessPath(PathKind.REPLICA, region, "whoever that replica's policy lets in", asked, remove)

    return read(asked, lambda: tuple(path(r) for r in gateway.secretsmanager.describe_secret(secret).replica_regions))
