"""What may pass a VPC endpoint: this account's principals, to this account's resources, and a few of AWS's own.

An endpoint policy grants nothing; it bounds what can go through, whatever credentials somebody brings into the VPC.
It names no actions, because an endpoint with private DNS serves the whole VPC, not DeepSQL alone.
"""

from __future__ import annotations

from awacs.aws import Action, ConditionElement, Principal, Statement, StringEquals, StringEqualsIfExists

from generator.policies.document import Document, Value, allow, document

ANYONE = Principal("*")
ANONYMOUS = "anonymous"
"""`aws:PrincipalAccount` of a request without a signature, as S3 gets them from dnf and curl (IAM user guide)."""
BUCKETS_OF_AWS = (
    "al2023-repos-{region}-de612dc2",  # Amazon Linux 2023 user guide: its package repositories
    "amazon-ssm-{region}",  # the rest: Systems Manager user guide, "AWS managed S3 buckets", what is for Linux
    "amazon-ssm-packages-{region}",
    "aws-ssm-{region}",
    "aws-ssm-distributor-file-{region}",
    "aws-ssm-document-attachments-{region}",
    "patch-baseline-snapshot-{region}",
    "{region}-birdwatcher-prod",
)
"""What an instance reads by itself: packages, the agent's updates, the documents' attachments."""


def own_account_only(service: str, account: Value) -> Document:
    """This account's principals to this account's resources. A call without a resource's account in its
    context passes: a policy that blocked the agent would block its owner."""
    return document([_own_account(service, account, StringEqualsIfExists("aws:ResourceAccount", account))])


def own_store_only(service: str, account: Value) -> Document:
    """The same for services that hold data: a call without the resource's account is denied."""
    return document([_own_store(service, account)])


def own_principals_only(service: str, account: Value) -> Document:
    """This account's principals. The message services' calls name no resource whose account could be checked."""
    return document([_own_principals("OwnPrincipals", [Action(service, "*")], "*", account)])


def systems_manager(account: Value, of_aws: list[Value]) -> Document:
    """As `own_account_only`, and AWS's own documents and public parameters, whose account is not this one."""
    return document(
        [
            _own_account("ssm", account, StringEqualsIfExists("aws:ResourceAccount", account)),
            _own_principals("DocumentsAndParametersOfAws", [Action("ssm", "*")], of_aws, account),
        ]
    )


def buckets(account: Value, of_aws: list[Value]) -> Document:
    """This account's buckets; AWS's package buckets; and what this account's buckets give to anybody in the VPC."""
    read = [Action("s3", "GetObject")]
    return document(
        [
            _own_store("s3", account),
            allow(
                "PackagesOfAws",
                read,
                of_aws,
                StringEqualsIfExists("aws:PrincipalAccount", [account, ANONYMOUS]),
                principal=ANYONE,
            ),
            allow(
                "OwnBucketsWithoutSignature",
                read,
                "*",
                StringEquals({"aws:PrincipalAccount": ANONYMOUS, "aws:ResourceAccount": account}),
                principal=ANYONE,
            ),
        ]
    )


def _own_account(service: str, account: Value, resources: ConditionElement) -> Statement:
    own = StringEquals("aws:PrincipalAccount", account)
    return allow("OwnAccount", [Action(service, "*")], "*", own, resources, principal=ANYONE)


def _own_store(service: str, account: Value) -> Statement:
    both = StringEquals({"aws:PrincipalAccount": account, "aws:ResourceAccount": account})
    return allow("OwnAccount", [Action(service, "*")], "*", both, principal=ANYONE)


def _own_principals(sid: str, actions: list[Action], resources: Value, account: Value) -> Statement:
    return allow(sid, actions, resources, StringEquals("aws:PrincipalAccount", account), principal=ANYONE)
