"""Whether a bucket is fit to publish from: everybody reads these keys and nothing else, over TLS, nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from generator.gateway.aws import Gateway
from generator.model.arn import Arn
from generator.model.policy import ANYONE, Policy, PolicyStatement, parse_policy
from generator.model.release import BucketSettings
from generator.model.up import Check
from generator.model.wildcards import like

READING = frozenset({"s3:getobject", "s3:getobjectversion"})
TLS = {("Bool", "aws:securetransport"): ("false",)}


def policy(gateway: Gateway, bucket: str, prefix: str) -> Mapping[str, object]:
    """The bucket policy that publishing needs, in the partition in use."""
    from generator.policies.bucket import publishing_policy

    return publishing_policy(gateway.partition, bucket, prefix)


def checks(settings: BucketSettings, region: str, partition: str, bucket: str, prefix: str) -> tuple[Check, ...]:
    """One check per property, in the order in which to put them right."""
    arn = str(Arn(partition, "s3", "", "", bucket))
    stored = parse_policy(settings.policy)
    others, tls = list(_other_access(stored, arn, prefix)), _only_tls(stored, arn)
    return (
        Check("region", settings.region in ("", region), f"the bucket is in {settings.region or region}"),
        Check("versioning", settings.versioning == "Enabled", settings.versioning or "never enabled"),
        Check(
            "no ACLs",
            settings.ownership == "BucketOwnerEnforced",
            f"object ownership: {settings.ownership or 'not set'}",
        ),
        Check(
            "public policy in force",
            not settings.blocks_public_policy,
            "Block Public Access stops the policy" if settings.blocks_public_policy else "not blocked",
        ),
        Check("only over TLS", tls, "denied without" if tls else "not denied"),
        Check(
            "everybody reads it",
            any(_reads(each, arn, prefix) for each in stored.statements),
            f"{prefix}/*",
        ),
        Check("and nothing else", not others, "; ".join(others) or "no other access, no listing"),
    )


def _everybody(statement: PolicyStatement) -> bool:
    return any(principal.value == "*" for principal in statement.principals)


def _reads(statement: PolicyStatement, arn: str, prefix: str) -> bool:
    whole = f"{arn}/{prefix}/*" in statement.resources and not statement.inverted and not statement.conditions
    return statement.effect == "Allow" and _everybody(statement) and statement.permits("s3:GetObject") and whole


def _other_access(policy: Policy, arn: str, prefix: str) -> Iterator[str]:
    """What lets everybody do more than read these keys, or was not understood."""
    yield from policy.problems
    for statement in policy.statements:
        if not statement.allows or not (_everybody(statement) or statement.problems):
            continue
        actions = {action.lower() for action in statement.actions}
        outside = [each for each in statement.resources if not each.startswith(f"{arn}/{prefix}/")]
        if statement.inverted or not actions <= READING or outside:
            yield f"statement {statement.name} permits more"


def _only_tls(policy: Policy, arn: str) -> bool:
    return any(_denies_without_tls(statement, arn) for statement in policy.statements)


def _denies_without_tls(statement: PolicyStatement, arn: str) -> bool:
    if statement.effect != "Deny" or statement.inverted or ANYONE not in statement.principals:
        return False
    conditions = {(op, key.lower()): values for (op, key), values in statement.conditions.items()}
    covered = all(any(like(each, arn_) for each in statement.resources) for arn_ in (arn, f"{arn}/any/key"))
    return conditions == TLS and covered and bool({"s3:*", "*"} & set(statement.actions))
