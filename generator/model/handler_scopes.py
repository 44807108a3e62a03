"""The permissions that CloudFormation uses for a stack, for the person or for the service role."""

from __future__ import annotations

from typing import Final

from generator.model.permission_scopes import (
    ATTACHED,
    BOUNDARY,
    PASSED_TO,
    POLICIES,
    PROFILES,
    ROLES,
    SECRETS,
    USERS,
    scope,
)

HANDLER_SCOPES: Final = (
    scope(
        "MakeUsersWithTheBoundary",
        "Make the support user, only with the support policy as its permissions boundary.",
        "iam",
        "CreateUser PutUserPermissionsBoundary",
        USERS,
        conditions=(BOUNDARY,),
    ),
    scope(
        "AttachPoliciesOfTheStack",
        "Attach the stack's own managed policies, and detach them, and no others.",
        "iam",
        "AttachRolePolicy DetachRolePolicy AttachUserPolicy DetachUserPolicy",
        ROLES,
        USERS,
        conditions=(ATTACHED,),
    ),
    scope(
        "PassRolesOfTheStack",
        "Give the stack's roles to EC2 and Lambda, and to no other service.",
        "iam",
        "PassRole",
        ROLES,
        conditions=(PASSED_TO,),
    ),
    scope(
        "MakeTheRoleOfAutoScaling",
        "Make the service-linked role of EC2 Auto Scaling, where the account has none yet.",
        "iam",
        "CreateServiceLinkedRole",
        "iam:role/aws-service-role/autoscaling.amazonaws.com/*",
        conditions=(("StringEquals", "iam:AWSServiceName", ("autoscaling.amazonaws.com",)),),
    ),
    scope(
        "ManageRoles",
        "Make, change and delete the stack's roles and their inline policies.",
        "iam",
        "CreateRole DeleteRole GetRole UpdateRole UpdateRoleDescription UpdateAssumeRolePolicy TagRole UntagRole"
        " ListAttachedRolePolicies ListRolePolicies GetRolePolicy PutRolePolicy DeleteRolePolicy"
        " PutRolePermissionsBoundary DeleteRolePermissionsBoundary",
        ROLES,
    ),
    scope(
        "ManageInstanceProfiles",
        "Make, change and delete the stack's instance profiles.",
        "iam",
        "CreateInstanceProfile DeleteInstanceProfile GetInstanceProfile AddRoleToInstanceProfile"
        " RemoveRoleFromInstanceProfile",
        PROFILES,
    ),
    scope(
        "ManageUsers",
        "Change and delete the support user, its inline policies and its keys.",
        "iam",
        "DeleteUser GetUser UpdateUser TagUser UntagUser ListUserTags ListAttachedUserPolicies ListUserPolicies"
        " GetUserPolicy PutUserPolicy DeleteUserPolicy DeleteUserPermissionsBoundary ListGroupsForUser"
        " CreateAccessKey DeleteAccessKey ListAccessKeys GetLoginProfile DeleteLoginProfile",
        USERS,
    ),
    scope(
        "ManagePolicies",
        "Make, change and delete the stack's managed policies.",
        "iam",
        "CreatePolicy DeletePolicy GetPolicy CreatePolicyVersion DeletePolicyVersion GetPolicyVersion"
        " ListPolicyVersions ListEntitiesForPolicy",
        POLICIES,
    ),
    scope(
        "ManageRules",
        "Make, change and delete the rule that ends support's sessions.",
        "events",
        "PutRule DeleteRule DescribeRule PutTargets RemoveTargets ListTargetsByRule TagResource UntagResource"
        " ListTagsForResource",
        "events:rule/{names}",
    ),
    scope(
        "ManageInstances",
        "Start the instance, change it and end it.",
        "ec2",
        "RunInstances StartInstances StopInstances TerminateInstances ModifyInstanceAttribute"
        " ModifyInstanceMaintenanceOptions ModifyInstanceMetadataOptions AssociateIamInstanceProfile"
        " DisassociateIamInstanceProfile ReplaceIamInstanceProfileAssociation",
        *(f"ec2:{kind}/*" for kind in ("instance", "volume", "network-interface", "security-group", "subnet")),
        *("ec2:launch-template/*", "ec2:/image/*"),
    ),
    scope(
        "ManageSecurityGroups",
        "Make, change and delete the security group, and the rule in the database's group.",
        "ec2",
        "CreateSecurityGroup DeleteSecurityGroup AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress"
        " RevokeSecurityGroupEgress RevokeSecurityGroupIngress UpdateSecurityGroupRuleDescriptionsEgress"
        " UpdateSecurityGroupRuleDescriptionsIngress",
        *(f"ec2:{kind}/*" for kind in ("security-group", "security-group-rule", "vpc")),
    ),
    scope(
        "ManageLaunchTemplates",
        "Make, change and delete the bastion's launch template.",
        "ec2",
        "CreateLaunchTemplate CreateLaunchTemplateVersion DeleteLaunchTemplate",
        "ec2:launch-template/*",
    ),
    scope("TagInEc2", "Tag what it makes in EC2.", "ec2", "CreateTags DeleteTags", "ec2:*/*"),
    scope(
        "ManageTheBastionGroup",
        "Make, change and delete the bastion's Auto Scaling group.",
        "autoscaling",
        "CreateAutoScalingGroup UpdateAutoScalingGroup DeleteAutoScalingGroup CreateOrUpdateTags DeleteTags",
        "autoscaling:autoScalingGroup:*:autoScalingGroupName/{names}",
    ),
    scope(
        "ManageTheAccessEntry",
        "Give the instance's role its access in an EKS cluster, and take it back.",
        "eks",
        "CreateAccessEntry DescribeAccessEntry UpdateAccessEntry DeleteAccessEntry AssociateAccessPolicy"
        " DisassociateAccessPolicy ListAssociatedAccessPolicies TagResource UntagResource",
        "eks:cluster/*",
        "eks:access-entry/*",
    ),
    scope(
        "ManageTheKey",
        "Change the stack's key, and schedule its deletion.",
        "kms",
        "DescribeKey GetKeyPolicy PutKeyPolicy EnableKeyRotation DisableKeyRotation GetKeyRotationStatus TagResource"
        " UntagResource ListResourceTags UpdateKeyDescription ScheduleKeyDeletion Decrypt GenerateDataKey",
        "kms:key/*",
    ),
    scope(
        "ManageTheFunction",
        "Make, change and delete the keeper's function, and call it for the stack's custom resources.",
        "lambda",
        "CreateFunction DeleteFunction GetFunction UpdateFunctionCode UpdateFunctionConfiguration InvokeFunction"
        " AddPermission RemovePermission GetPolicy GetFunctionCodeSigningConfig GetFunctionRecursionConfig"
        " GetFunctionScalingConfig GetRuntimeManagementConfig TagResource UntagResource",
        "lambda:function:{names}",
    ),
    scope(
        "ManageLogGroups",
        "Make, change and delete the stack's log groups.",
        "logs",
        "CreateLogGroup DeleteLogGroup AssociateKmsKey DisassociateKmsKey PutRetentionPolicy DeleteRetentionPolicy"
        " GetDataProtectionPolicy TagResource UntagResource ListTagsForResource",
        "logs:log-group:{names}",
    ),
    scope(
        "ManageSecrets",
        "Make, change, rotate and delete the stack's secrets, and their resource policies.",
        "secretsmanager",
        "CreateSecret UpdateSecret DeleteSecret DescribeSecret GetSecretValue TagResource UntagResource RotateSecret"
        " CancelRotateSecret GetResourcePolicy PutResourcePolicy DeleteResourcePolicy",
        *SECRETS,
    ),
    scope(
        "ManageDocuments",
        "Make, change and delete the stack's session documents and its install settings.",
        "ssm",
        "CreateDocument UpdateDocument DeleteDocument DescribeDocument GetDocument UpdateDocumentDefaultVersion"
        " PutParameter DeleteParameter AddTagsToResource RemoveTagsFromResource ListTagsForResource",
        "ssm:document/{documents}",
        "ssm:parameter/CFN-InstallSettings-*",
    ),
    scope(
        "ReadParameters",
        "Read the stack's install settings, and which image is current.",
        "ssm",
        "GetParameters",
        "ssm:parameter/CFN-InstallSettings-*",
        "ssm:/parameter/aws/service/*",
    ),
)
