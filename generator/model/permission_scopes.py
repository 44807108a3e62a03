"""On which resources, and under which conditions, each IAM action is allowed by a person's policy.

Source of what IAM can narrow: the service authorization reference. An action that is on no list here is allowed on
every resource: it has no resource-level permissions (most Describe and List calls), or has to see what is not the
stack's. Patterns: {names} begins the names that CloudFormation derives from the stack's name, {documents} those of its
session documents.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

Condition = tuple[str, str, tuple[str, ...]]  # operator, key, values


@dataclass(frozen=True)
class Scope:
    """A group of actions with the same resources. `sid` and `purpose` say what a statement of it is for.

    `resources` are `service:resource`; the partition, region and account are filled in, without a region where the
    service is `iam` and without an account where it begins with `/`.
    """

    sid: str
    purpose: str
    actions: frozenset[str]
    resources: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()


def scope(
    sid: str, purpose: str, service: str, actions: str, *resources: str, conditions: tuple[Condition, ...] = ()
) -> Scope:
    """A scope of `actions`, the names of one service's separated by spaces."""
    return Scope(sid, purpose, frozenset(f"{service}:{each}" for each in actions.split()), resources, conditions)


ANYWHERE: Final = ("*",)
ROLES, USERS, POLICIES = "iam:role/{names}", "iam:user/{names}", "iam:policy/{names}"
PROFILES = "iam:instance-profile/{names}"
SECRETS = (
    "secretsmanager:secret:*AdminSecret-*",
    "secretsmanager:secret:*SupportCredentialsSecret-*",
    "secretsmanager:secret:deepsql/support/*",  # of a stack of the published template
)
BOUNDARY: Condition = ("StringLike", "iam:PermissionsBoundary", ("iam:policy/{names}SupportSessionPolicy-*",))
ATTACHED: Condition = (
    "ArnLike",
    "iam:PolicyARN",
    (POLICIES, "iam:/policy/AmazonSSMManagedInstanceCore"),  # the latter is the published template's
)
PASSED_TO: Condition = ("StringEquals", "iam:PassedToService", ("ec2.amazonaws.com", "lambda.amazonaws.com"))

CALL_SCOPES: Final = (
    scope(
        "ManageTheStack",
        "Plan, change, follow and delete this stack.",
        "cloudformation",
        "ContinueUpdateRollback CreateChangeSet DeleteChangeSet DeleteStack DescribeChangeSet DescribeStackEvents"
        " DescribeStacks ExecuteChangeSet GetStackPolicy GetTemplate ListStackResources RollbackStack SetStackPolicy"
        " UpdateTerminationProtection",
        "cloudformation:stack/{stack}/*",
    ),
    scope(
        "PassTheServiceRole",
        "Give CloudFormation the service role of --role-arn.",
        "iam",
        "PassRole",
        "iam:role/{service_role}",
        conditions=(("StringEquals", "iam:PassedToService", ("cloudformation.amazonaws.com",)),),
    ),
    scope(
        "SignWithTheKey",
        "Sign with the key that --signing-key names.",
        "kms",
        "GetPublicKey Sign",
        "kms:{signing_key}",
    ),
    scope(
        "UseTheTemplateBucket",
        "Put a template into the bucket of --s3-bucket, and let CloudFormation read it there.",
        "s3",
        "GetObject PutObject",
        "s3:{bucket}/*",
    ),
    scope(
        "CloseAccessPaths",
        "Deactivate and delete the support user's keys, and close the stack's roles, without waiting for the stack.",
        "iam",
        "UpdateAccessKey DeleteAccessKey PutRolePolicy UpdateAssumeRolePolicy",
        USERS,
        ROLES,
    ),
    scope(
        "UseSecrets",
        "Read, share and rotate the stack's secrets.",
        "secretsmanager",
        "GetSecretValue DescribeSecret RotateSecret GetResourcePolicy PutResourcePolicy DeleteResourcePolicy",
        *SECRETS,
    ),
    scope(
        "UseTheKey",
        "Use the stack's key for sessions and secrets, and read and change its policy.",
        "kms",
        "Decrypt DescribeKey GenerateDataKey GetKeyPolicy ListGrants PutKeyPolicy",
        "kms:key/*",
    ),
    scope(
        "ReadTheKeeper",
        "Read who may invoke the keeper's function.",
        "lambda",
        "GetPolicy ListAliases ListFunctionUrlConfigs ListVersionsByFunction",
        "lambda:function:{names}",
    ),
    scope(
        "OpenSessions",
        "Open sessions on instances with the stack's documents.",
        "ssm",
        "StartSession",
        "ec2:instance/*",
        "ssm:document/{documents}",
        "ssm:/document/AWS-StartSSHSession",
        "ssm:/document/AWS-StartPortForwardingSession*",
        "ssm:document/SSM-SessionManagerRunShell",
    ),
    scope(
        "UseSessions",
        "Continue and end sessions.",
        "ssm",
        "ResumeSession TerminateSession",
        "ssm:session/*",
    ),
    scope(
        "UseTheDataChannel",
        "Carry the data of a session.",
        "ssmmessages",
        "OpenDataChannel",
        "ssm:session/*",
    ),
    scope(
        "RunCommands",
        "Run a shell command on instances.",
        "ssm",
        "SendCommand",
        "ec2:instance/*",
        "ssm:/document/AWS-RunShellScript",
    ),
    scope(
        "ReadDocuments",
        "Read session documents.",
        "ssm",
        "GetDocument",
        "ssm:document/{documents}",
        "ssm:document/SSM-SessionManagerRunShell",
    ),
    scope(
        "ChangePreferences",
        "Change the account's Session Manager preferences in this region.",
        "ssm",
        "CreateDocument DeleteDocument ListDocumentVersions UpdateDocument UpdateDocumentDefaultVersion",
        "ssm:document/SSM-SessionManagerRunShell",
    ),
    scope(
        "PushSshKeys",
        "Put a key for one SSH connection on an instance.",
        "ec2-instance-connect",
        "SendSSHPublicKey",
        "ec2:instance/*",
    ),
    scope(
        "FindDatabases",
        "Find a database of the account by its name.",
        "rds",
        "DescribeDBClusters DescribeDBInstances",
        "rds:cluster:*",
        "rds:db:*",
    ),
    scope(
        "SignInToDatabases",
        "Sign in to a database with an IAM token.",
        "rds-db",
        "connect",
        "rds-db:dbuser:*/*",
    ),
    scope(
        "ProtectVolumes",
        "Keep an instance's volume when the instance ends.",
        "ec2",
        "ModifyInstanceAttribute",
        "ec2:instance/*",
    ),
    scope(
        "SetTheSizeOfTheBastionGroup",
        "Start and end the recovery host.",
        "autoscaling",
        "SetDesiredCapacity",
        "autoscaling:autoScalingGroup:*:autoScalingGroupName/{names}",
    ),
    scope(
        "UseTheLogsOfTheStack",
        "Read the logs of sessions, and record revocations in the stack's own log.",
        "logs",
        "GetLogEvents CreateLogStream PutLogEvents",
        "logs:log-group:{names}",
    ),
    scope(
        "TagTheInstance",
        "Mark instances for a support policy that finds them by tag.",
        "ec2",
        "CreateTags DeleteTags",
        "ec2:instance/*",
    ),
)
"""The permissions of the calls that this program makes itself."""

_OWN_VERSIONS: Final = (
    scope(
        "SetTheVersionOfDocuments",
        "Make the version of a session document that an update added the one that sessions go by.",
        "ssm",
        "UpdateDocumentDefaultVersion",
        "ssm:document/{documents}",
    ),
)

VERB_SCOPES: Final = {
    **dict.fromkeys(("init", "up", "upgrade", "engineers up"), _OWN_VERSIONS),
    "access policy": (
        scope(
            "AttachTheSupportPolicy",
            "Put the support policy on a user or role that the person names with --attach-to, and take it off.",
            "iam",
            "PutUserPolicy DeleteUserPolicy PutRolePolicy DeleteRolePolicy",
            "iam:user/*",
            "iam:role/*",
        ),
    ),
    "publish template": (
        scope(
            "WriteWhatIsPublished",
            "Write each version once, move the pointer to the latest, and read what is there.",
            "s3",
            "GetObject PutObject",
            "s3:{bucket}/{prefix}/*",
        ),
        scope(
            "CheckTheBucket",
            "See who may read the bucket, whether it keeps versions, and which objects are missing or were replaced.",
            "s3",
            "ListBucket ListBucketVersions GetBucketVersioning GetBucketPolicy GetBucketOwnershipControls "
            "GetBucketPublicAccessBlock GetLifecycleConfiguration",
            "s3:{bucket}",
        ),
        scope(
            "CheckTheAccount",
            "See whether the account stops public policies in all of its buckets; without it, that is not known.",
            "s3",
            "GetAccountPublicAccessBlock",
            *ANYWHERE,
        ),
    ),
}
"""Where a verb needs an action on other resources than the others do."""
