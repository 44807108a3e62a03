"""On which resources, and under which conditions, each IAM action is allowed by a person's policy.

Source of what IAM can narrow: the service authorization reference. An action that is on no list here is allowed on
every resource: it has no resource-level permissions (most Describe and List calls), or has to see what is not the
stack's. Patterns: {names} begins the names that CloudFormation derives from the stack's name.
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


def _scope(
    sid: str, purpose: str, service: str, actions: str, *resources: str, conditions: tuple[Condition, ...] = ()
) -> Scope:
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

HANDLER_SCOPES: Final = (
    _scope(
        "MakeUsersWithTheBoundary",
        "Make the support user, only with the support policy as its permissions boundary.",
        "iam",
        "CreateUser PutUserPermissionsBoundary",
        USERS,
        conditions=(BOUNDARY,),
    ),
    _scope(
        "AttachPoliciesOfTheStack",
        "Attach the stack's own managed policies, and detach them, and no others.",
        "iam",
        "AttachRolePolicy DetachRolePolicy AttachUserPolicy DetachUserPolicy",
        ROLES,
        USERS,
        conditions=(ATTACHED,),
    ),
    _scope(
        "PassRolesOfTheStack",
        "Give the stack's roles to EC2 and Lambda, and to no other service.",
        "iam",
        "PassRole",
        ROLES,
        conditions=(PASSED_TO,),
    ),
    _scope(
        "MakeTheRoleOfAutoScaling",
        "Make the service-linked role of EC2 Auto Scaling, where the account has none yet.",
        "iam",
        "CreateServiceLinkedRole",
        "iam:role/aws-service-role/autoscaling.amazonaws.com/*",
        conditions=(("StringEquals", "iam:AWSServiceName", ("autoscaling.amazonaws.com",)),),
    ),
    _scope(
        "ManageRoles",
        "Make, change and delete the stack's roles and their inline policies.",
        "iam",
        "CreateRole DeleteRole GetRole UpdateRole UpdateRoleDescription UpdateAssumeRolePolicy TagRole UntagRole"
        " ListAttachedRolePolicies ListRolePolicies GetRolePolicy PutRolePolicy DeleteRolePolicy"
        " PutRolePermissionsBoundary DeleteRolePermissionsBoundary",
        ROLES,
    ),
    _scope(
        "ManageInstanceProfiles",
        "Make, change and delete the stack's instance profiles.",
        "iam",
        "CreateInstanceProfile DeleteInstanceProfile GetInstanceProfile AddRoleToInstanceProfile"
        " RemoveRoleFromInstanceProfile",
        PROFILES,
    ),
    _scope(
        "ManageUsers",
        "Change and delete the support user, its inline policies and its keys.",
        "iam",
        "DeleteUser GetUser UpdateUser TagUser UntagUser ListUserTags ListAttachedUserPolicies ListUserPolicies"
        " GetUserPolicy PutUserPolicy DeleteUserPolicy DeleteUserPermissionsBoundary ListGroupsForUser"
        " CreateAccessKey DeleteAccessKey ListAccessKeys GetLoginProfile DeleteLoginProfile",
        USERS,
    ),
    _scope(
        "ManagePolicies",
        "Make, change and delete the stack's managed policies.",
        "iam",
        "CreatePolicy DeletePolicy GetPolicy CreatePolicyVersion DeletePolicyVersion GetPolicyVersion"
        " ListPolicyVersions ListEntitiesForPolicy",
        POLICIES,
    ),
    _scope(
        "ManageRules",
        "Make, change and delete the rule that ends support's sessions.",
        "events",
        "PutRule DeleteRule DescribeRule PutTargets RemoveTargets ListTargetsByRule TagResource UntagResource"
        " ListTagsForResource",
        "events:rule/{names}",
    ),
    _scope(
        "ManageInstances",
        "Start the instance, change it and end it.",
        "ec2",
        "RunInstances StartInstances StopInstances TerminateInstances ModifyInstanceAttribute"
        " ModifyInstanceMaintenanceOptions ModifyInstanceMetadataOptions AssociateIamInstanceProfile"
        " DisassociateIamInstanceProfile ReplaceIamInstanceProfileAssociation",
        *(f"ec2:{kind}/*" for kind in ("instance", "volume", "network-interface", "security-group", "subnet")),
        *("ec2:launch-template/*", "ec2:/image/*"),
    ),
    _scope(
        "ManageSecurityGroups",
        "Make, change and delete the security group, and the rule in the database's group.",
        "ec2",
        "CreateSecurityGroup DeleteSecurityGroup AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress"
        " RevokeSecurityGroupEgress RevokeSecurityGroupIngress UpdateSecurityGroupRuleDescriptionsEgress"
        " UpdateSecurityGroupRuleDescriptionsIngress",
        *(f"ec2:{kind}/*" for kind in ("security-group", "security-group-rule", "vpc")),
    ),
    _scope(
        "ManageLaunchTemplates",
        "Make, change and delete the bastion's launch template.",
        "ec2",
        "CreateLaunchTemplate CreateLaunchTemplateVersion DeleteLaunchTemplate",
        "ec2:launch-template/*",
    ),
    _scope("TagInEc2", "Tag what it makes in EC2.", "ec2", "CreateTags DeleteTags", "ec2:*/*"),
    _scope(
        "ManageTheBastionGroup",
        "Make, change and delete the bastion's Auto Scaling group.",
        "autoscaling",
        "CreateAutoScalingGroup UpdateAutoScalingGroup DeleteAutoScalingGroup CreateOrUpdateTags DeleteTags",
        "autoscaling:autoScalingGroup:*:autoScalingGroupName/{names}",
    ),
    _scope(
        "ManageTheAccessEntry",
        "Give the instance's role its access in an EKS cluster, and take it back.",
        "eks",
        "CreateAccessEntry DescribeAccessEntry UpdateAccessEntry DeleteAccessEntry AssociateAccessPolicy"
        " DisassociateAccessPolicy ListAssociatedAccessPolicies TagResource UntagResource",
        "eks:cluster/*",
        "eks:access-entry/*",
    ),
    _scope(
        "ManageTheKey",
        "Change the stack's key, and schedule its deletion.",
        "kms",
        "DescribeKey GetKeyPolicy PutKeyPolicy EnableKeyRotation DisableKeyRotation GetKeyRotationStatus TagResource"
        " UntagResource ListResourceTags UpdateKeyDescription ScheduleKeyDeletion Decrypt GenerateDataKey",
        "kms:key/*",
    ),
    _scope(
        "ManageTheFunction",
        "Make, change and delete the keeper's function, and call it for the stack's custom resources.",
        "lambda",
        "CreateFunction DeleteFunction GetFunction UpdateFunctionCode UpdateFunctionConfiguration InvokeFunction"
        " AddPermission RemovePermission GetPolicy GetFunctionCodeSigningConfig GetFunctionRecursionConfig"
        " GetFunctionScalingConfig GetRuntimeManagementConfig TagResource UntagResource",
        "lambda:function:{names}",
    ),
    _scope(
        "ManageLogGroups",
        "Make, change and delete the stack's log groups.",
        "logs",
        "CreateLogGroup DeleteLogGroup AssociateKmsKey DisassociateKmsKey PutRetentionPolicy DeleteRetentionPolicy"
        " GetDataProtectionPolicy TagResource UntagResource ListTagsForResource",
        "logs:log-group:{names}",
    ),
    _scope(
        "ManageSecrets",
        "Make, change, rotate and delete the stack's secrets, and their resource policies.",
        "secretsmanager",
        "CreateSecret UpdateSecret DeleteSecret DescribeSecret GetSecretValue TagResource UntagResource RotateSecret"
        " CancelRotateSecret GetResourcePolicy PutResourcePolicy DeleteResourcePolicy",
        *SECRETS,
    ),
    _scope(
        "ManageDocuments",
        "Make, change and delete the stack's session documents and its install settings.",
        "ssm",
        "CreateDocument UpdateDocument DeleteDocument DescribeDocument GetDocument UpdateDocumentDefaultVersion"
        " PutParameter DeleteParameter AddTagsToResource RemoveTagsFromResource ListTagsForResource",
        "ssm:document/deepsql-*",
        "ssm:parameter/CFN-InstallSettings-*",
    ),
    _scope(
        "ReadParameters",
        "Read the stack's install settings, and which image is current.",
        "ssm",
        "GetParameters",
        "ssm:parameter/CFN-InstallSettings-*",
        "ssm:/parameter/aws/service/*",
    ),
)
"""The permissions that CloudFormation uses, for the person or for the service role."""

CALL_SCOPES: Final = (
    _scope(
        "ManageTheStack",
        "Plan, change, follow and delete this stack.",
        "cloudformation",
        "ContinueUpdateRollback CreateChangeSet DeleteChangeSet DeleteStack DescribeChangeSet DescribeStackEvents"
        " DescribeStacks ExecuteChangeSet GetStackPolicy GetTemplate ListStackResources RollbackStack SetStackPolicy"
        " UpdateTerminationProtection",
        "cloudformation:stack/{stack}/*",
    ),
    _scope(
        "PassTheServiceRole",
        "Give CloudFormation the service role of --role-arn.",
        "iam",
        "PassRole",
        "iam:role/{service_role}",
        conditions=(("StringEquals", "iam:PassedToService", ("cloudformation.amazonaws.com",)),),
    ),
    _scope(
        "SignWithTheKey",
        "Sign with the key that --signing-key names.",
        "kms",
        "GetPublicKey Sign",
        "kms:{signing_key}",
    ),
    _scope(
        "UseTheTemplateBucket",
        "Put a template into the bucket of --s3-bucket, and let CloudFormation read it there.",
        "s3",
        "GetObject PutObject",
        "s3:{bucket}/*",
    ),
    _scope(
        "CloseAccessPaths",
        "Deactivate and delete the support user's keys, and close the stack's roles, without waiting for the stack.",
        "iam",
        "UpdateAccessKey DeleteAccessKey PutRolePolicy UpdateAssumeRolePolicy",
        USERS,
        ROLES,
    ),
    _scope(
        "UseSecrets",
        "Read, share and rotate the stack's secrets.",
        "secretsmanager",
        "GetSecretValue DescribeSecret RotateSecret GetResourcePolicy PutResourcePolicy DeleteResourcePolicy",
        *SECRETS,
    ),
    _scope(
        "UseTheKey",
        "Use the stack's key for sessions and secrets, and read and change its policy.",
        "kms",
        "Decrypt DescribeKey GenerateDataKey GetKeyPolicy ListGrants PutKeyPolicy",
        "kms:key/*",
    ),
    _scope(
        "ReadTheKeeper",
        "Read who may invoke the keeper's function.",
        "lambda",
        "GetPolicy ListAliases ListFunctionUrlConfigs ListVersionsByFunction",
        "lambda:function:{names}",
    ),
    _scope(
        "OpenSessions",
        "Open sessions on instances with the stack's documents.",
        "ssm",
        "StartSession",
        "ec2:instance/*",
        "ssm:document/deepsql-*",
        "ssm:/document/AWS-StartSSHSession",
        "ssm:/document/AWS-StartPortForwardingSession*",
        "ssm:document/SSM-SessionManagerRunShell",
    ),
    _scope(
        "UseSessions",
        "Continue and end sessions.",
        "ssm",
        "ResumeSession TerminateSession",
        "ssm:session/*",
    ),
    _scope(
        "UseTheDataChannel",
        "Carry the data of a session.",
        "ssmmessages",
        "OpenDataChannel",
        "ssm:session/*",
    ),
    _scope(
        "RunCommands",
        "Run a shell command on instances.",
        "ssm",
        "SendCommand",
        "ec2:instance/*",
        "ssm:/document/AWS-RunShellScript",
    ),
    _scope(
        "ReadDocuments",
        "Read session documents.",
        "ssm",
        "GetDocument",
        "ssm:document/deepsql-*",
        "ssm:document/SSM-SessionManagerRunShell",
    ),
    _scope(
        "ChangePreferences",
        "Change the account's Session Manager preferences in this region.",
        "ssm",
        "CreateDocument DeleteDocument ListDocumentVersions UpdateDocument UpdateDocumentDefaultVersion",
        "ssm:document/SSM-SessionManagerRunShell",
    ),
    _scope(
        "PushSshKeys",
        "Put a key for one SSH connection on an instance.",
        "ec2-instance-connect",
        "SendSSHPublicKey",
        "ec2:instance/*",
    ),
    _scope(
        "FindDatabases",
        "Find a database of the account by its name.",
        "rds",
        "DescribeDBClusters DescribeDBInstances",
        "rds:cluster:*",
        "rds:db:*",
    ),
    _scope(
        "SignInToDatabases",
        "Sign in to a database with an IAM token.",
        "rds-db",
        "connect",
        "rds-db:dbuser:*/*",
    ),
    _scope(
        "ProtectVolumes",
        "Keep an instance's volume when the instance ends.",
        "ec2",
        "ModifyInstanceAttribute",
        "ec2:instance/*",
    ),
    _scope(
        "SetTheSizeOfTheBastionGroup",
        "Start and end the recovery host.",
        "autoscaling",
        "SetDesiredCapacity",
        "autoscaling:autoScalingGroup:*:autoScalingGroupName/{names}",
    ),
    _scope(
        "UseTheLogsOfTheStack",
        "Read the logs of sessions, and record revocations in the stack's own log.",
        "logs",
        "GetLogEvents CreateLogStream PutLogEvents",
        "logs:log-group:{names}",
    ),
    _scope(
        "TagTheInstance",
        "Mark instances for a support policy that finds them by tag.",
        "ec2",
        "CreateTags DeleteTags",
        "ec2:instance/*",
    ),
)
"""The permissions of the calls that this program makes itself."""

VERB_SCOPES: Final = {
    "access policy": (
        _scope(
            "AttachTheSupportPolicy",
            "Put the support policy on a user or role that the person names with --attach-to, and take it off.",
            "iam",
            "PutUserPolicy DeleteUserPolicy PutRolePolicy DeleteRolePolicy",
            "iam:user/*",
            "iam:role/*",
        ),
    ),
    "publish template": (
        _scope(
            "WriteWhatIsPublished",
            "Write each version once, move the pointer to the latest, and read what is there.",
            "s3",
            "GetObject PutObject",
            "s3:{bucket}/{prefix}/*",
        ),
        _scope(
            "CheckTheBucket",
            "See who may read the bucket, whether it keeps versions, and which objects are missing.",
            "s3",
            "ListBucket GetBucketVersioning GetBucketPolicy GetBucketOwnershipControls GetBucketPublicAccessBlock",
            "s3:{bucket}",
        ),
    ),
}
"""Where a verb needs an action on other resources than the others do."""
