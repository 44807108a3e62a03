"""Whether a bucket is fit to publish from: everybody reads these keys and nothing else, over TLS, nothing is lost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from generator.errors import DeployerError
from generator.gateway.aws import Gateway
from generator.model.arn import Arn
from generator.model.command_line import CommandLine
from generator.model.policy import ANYONE, Policy, PolicyStatement, PrincipalType, parse_policy
from generator.model.release import BucketSettings
from generator.model.up import Check
from generator.model.wildcards import like, reaches

READING = frozenset({"s3:getobject", "s3:getobjectversion"})
REGION, VERSIONING, NO_ACLS, IN_FORCE = "region", "versioning", "no ACLs", "public policy in force"
NOTHING_EXPIRES, NOT_KNOWN = "nothing expires", "the account's own block is not known: reading back shows it"
NO_BLOCK = "no Block Public Access of the account"
ONLY_TLS, READS, NOTHING_ELSE = "only over TLS", "everybody reads it", "and nothing else"
TLS = {("Bool", "aws:securetransport"): ("false",)}


def policy(gateway: Gateway, bucket: str, prefix: str) -> Mapping[str, object]:
    """The bucket policy that publishing needs, in the partition in use."""
    from generator.policies.bucket import publishing_policy

    return publishing_policy(gateway.partition, bucket, prefix)


def account_block(gateway: Gateway, account: str) -> bool | None:
    """Whether the account stops public policies in all of its buckets; None where that could not be asked."""
    try:
        return gateway.s3control.blocks_public_policy(account) if account else None
    except DeployerError:  # no permission, or a network that does not lead there
        return None


def checks(
    settings: BucketSettings,
    region: str,
    partition: str,
    bucket: str,
    prefix: str,
    account: str = "",
    *,
    account_blocks: bool | None = None,
) -> tuple[Check, ...]:
    """One check per property, in the order in which to put them right.

    `account` is the owner's own, "" if unknown; `account_blocks` is what `account_block` says of it.
    """
    arn = str(Arn(partition, "s3", "", "", bucket))
    stored = parse_policy(settings.policy)
    others, tls = list(_other_access(stored, arn, prefix, account)), _only_tls(stored, arn)
    expiring = [each.name for each in settings.lifecycle if _meets(each.prefix, f"{prefix}/")]
    denying = [each.name for each in stored.statements if _withholds(each, arn, prefix)]
    return (
        Check(REGION, settings.region in ("", region), f"the bucket is in {settings.region or region}"),
        Check(VERSIONING, settings.versioning == "Enabled", settings.versioning or "never enabled"),
        Check(
            NO_ACLS,
            settings.ownership == "BucketOwnerEnforced",
            f"object ownership: {settings.ownership or 'not set'}",
        ),
        Check(
            IN_FORCE,
            not settings.blocks_public_policy,
            "Block Public Access stops the policy" if settings.blocks_public_policy else "not blocked by the bucket",
        ),
        Check(NO_BLOCK, not account_blocks, _answer_of(account, account_blocks)),
        Check(
            NOTHING_EXPIRES,
            not expiring,
            f"lifecycle rule {', '.join(expiring)} deletes or moves what is published" if expiring else "no such rule",
        ),
        Check(ONLY_TLS, tls, "denied without" if tls else "not denied"),
        Check(
            READS,
            any(_reads(each, arn, prefix) for each in stored.statements) and not denying,
            f"statement {', '.join(denying)} denies it" if denying else f"{prefix}/*",
        ),
        Check(NOTHING_ELSE, not others, "; ".join(others) or "no other access, no listing"),
    )


def _answer_of(account: str, blocks: bool | None) -> str:
    if blocks is None:
        return NOT_KNOWN
    return f"that of {account} stops the policy in each of its buckets" if blocks else "none that stops the policy"


def remedies(
    checks: Iterable[Check], commands: CommandLine, bucket: str, prefix: str, account: str = ""
) -> tuple[str, ...]:
    """The commands that put right what does not hold, in the order of the checks: one policy for all that it says."""
    s3 = partial(commands.aws, "s3api")
    of = ("--bucket", bucket)
    printed = commands.for_stack("").deployer("publish", "policy", *of, "--prefix", prefix)
    policy = f"{printed} > policy.json && {s3('put-bucket-policy', *of, '--policy', 'file://policy.json')}"
    enabled = ("--versioning-configuration", "Status=Enabled")
    owned = ("--ownership-controls", "Rules=[{ObjectOwnership=BucketOwnerEnforced}]")
    known = {
        REGION: "Give the region that the bucket is in: --region NAME",
        VERSIONING: s3("put-bucket-versioning", *of, *enabled),
        NO_ACLS: s3("put-bucket-ownership-controls", *of, *owned),
        IN_FORCE: s3("delete-public-access-block", *of),
        NO_BLOCK: "Publish from an account that may have public buckets, or see what this one blocks, and why: "
        + commands.aws("s3control", "get-public-access-block", "--account-id", account),
        NOTHING_EXPIRES: "Take the rule out, or limit it to another prefix: "
        + s3("get-bucket-lifecycle-configuration", *of),
    }
    return tuple(dict.fromkeys(known.get(each.subject, policy) for each in checks if not each.holds))


def _everybody(statement: PolicyStatement) -> bool:
    return any(principal.value == "*" for principal in statement.principals)


def _reads(statement: PolicyStatement, arn: str, prefix: str) -> bool:
    whole = f"{arn}/{prefix}/*" in statement.resources and not statement.inverted and not statement.conditions
    reading = all(map(statement.permits, ("s3:GetObject", "s3:GetObjectVersion")))  # links name a version
    return statement.effect == "Allow" and _everybody(statement) and reading and whole


def _withholds(statement: PolicyStatement, arn: str, prefix: str) -> bool:
    """Whether it may deny reading to somebody who reads over TLS, of a version that is in use."""
    if statement.effect != "Deny" or not (_everybody(statement) or statement.inverted or statement.problems):
        return False
    conditions = _conditions(statement)
    if conditions == TLS or set(conditions) == {("NumericLessThan", "s3:tlsversion")}:
        return False
    below = (reaches(each, f"{arn}/{prefix}/") for each in statement.resources)
    reading = any(like(pattern.lower(), action) for pattern in statement.actions for action in READING)
    return bool(statement.inverted) or (reading and any(below))


def _conditions(statement: PolicyStatement) -> dict[tuple[str, str], tuple[str, ...]]:
    return {(operator, key.lower()): values for (operator, key), values in statement.conditions.items()}


def _meets(one: str, another: str) -> bool:
    """Whether some key begins with both prefixes."""
    return one.startswith(another) or another.startswith(one)


def _other_access(policy: Policy, arn: str, prefix: str, account: str) -> Iterator[str]:
    """What lets others than the owner's account do more than read these keys, or was not understood."""
    yield from policy.problems
    for statement in policy.statements:
        if not statement.allows or _own_alone(statement, account):
            continue
        actions = {action.lower() for action in statement.actions}
        outside = [each for each in statement.resources if not each.startswith(f"{arn}/{prefix}/")]
        if statement.inverted or not actions <= READING or outside:
            who = "" if _everybody(statement) else f" to {', '.join(each.value[:90] for each in statement.principals)}"
            yield f"statement {statement.name} permits more{who}"


def _own_alone(statement: PolicyStatement, account: str) -> bool:
    """Whether it lets in nobody but the owner's own account, whose own policies say what is permitted there."""
    named = [each.value for each in statement.principals if each.type is PrincipalType.AWS]
    own = [value for value in named if account and account == _account(value)]
    understood = not statement.problems and "NotPrincipal" not in statement.inverted
    return understood and bool(named) and len(own) == len(statement.principals)


def _account(principal: str) -> str:
    arn = Arn.find(principal)
    return arn.account if arn else principal


def _only_tls(policy: Policy, arn: str) -> bool:
    return any(_denies_without_tls(statement, arn) for statement in policy.statements)


def _denies_without_tls(statement: PolicyStatement, arn: str) -> bool:
    if statement.effect != "Deny" or statement.inverted or ANYONE not in statement.principals:
        return False
    covered = all(any(like(each, arn_) for each in statement.resources) for arn_ in (arn, f"{arn}/any/key"))
    return _conditions(statement) == TLS and covered and bool({"s3:*", "*"} & set(statement.actions))
