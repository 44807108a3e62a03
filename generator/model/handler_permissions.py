"""What CloudFormation's resource handlers call for the resource types of our template, and of the published one.

The table beside this file is generated from the resource schemas (`make permissions`). A schema lists what a handler
may need for any property; `UNUSED` takes out what it needs only for properties that the templates do not set, and
`ADDED` puts in what no schema lists.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Final

CREATE, READ, UPDATE, DELETE = HANDLERS = ("create", "read", "update", "delete")

_KMS = ("kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey")
_VPC = ("ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs")

UNUSED: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "AWS::AutoScaling::AutoScalingGroup": {
        "InstanceRequirements": ("ec2:Get*",),
        "LifecycleHookSpecificationList": ("autoscaling:PutLifecycleHook", "autoscaling:DeleteLifecycleHook"),
        "LoadBalancerNames": (
            "autoscaling:AttachLoadBalancers",
            "autoscaling:DetachLoadBalancers",
            "elasticloadbalancing:Describe*",
        ),
        "MetricsCollection": ("autoscaling:EnableMetricsCollection", "autoscaling:DisableMetricsCollection"),
        "MixedInstancesPolicy": (
            "managed-fleets:Get*",
            "managed-fleets:CreateAutoScalingGroup",
            "managed-fleets:UpdateAutoScalingGroup",
            "managed-fleets:DeleteAutoScalingGroup",
            "managed-fleets:RegisterAutoScalingGroup",
            "managed-fleets:DeregisterAutoScalingGroup",
        ),
        "NotificationConfigurations": (
            "autoscaling:PutNotificationConfiguration",
            "autoscaling:DeleteNotificationConfiguration",
        ),
        "TargetGroupARNs": (
            "autoscaling:AttachLoadBalancerTargetGroups",
            "autoscaling:DetachLoadBalancerTargetGroups",
        ),
        "TrafficSources": (
            "autoscaling:AttachTrafficSources",
            "autoscaling:DetachTrafficSources",
            "vpc-lattice:DeregisterTargets",
            "vpc-lattice:GetTargetGroup",
            "vpc-lattice:ListTargets",
            "vpc-lattice:RegisterTargets",
        ),
        "UpdatePolicy": (  # beside Properties, as CloudFormation has it
            "autoscaling:CancelInstanceRefresh",
            "autoscaling:ResumeProcesses",
            "autoscaling:StartInstanceRefresh",
            "autoscaling:SuspendProcesses",
            "cloudwatch:PutMetricAlarm",
        ),
    },
    "AWS::EC2::Instance": {
        "Affinity": ("ec2:ModifyInstancePlacement",),
        "CreditSpecification": ("ec2:ModifyInstanceCreditSpecification",),
        "KeyName": ("ec2:DescribeKeyPairs",),
        "LaunchTemplate": ("ec2:DescribeLaunchTemplateVersions",),
        "Monitoring": ("ec2:MonitorInstances", "ec2:UnmonitorInstances"),
        "PrivateDnsNameOptions": ("ec2:ModifyPrivateDnsNameOptions",),
        "SsmAssociations": ("ssm:CreateAssociation", "ssm:DeleteAssociation"),
        "Volumes": ("ec2:AttachVolume", "ec2:DetachVolume"),
    },
    "AWS::IAM::ManagedPolicy": {
        "Groups": ("iam:AttachGroupPolicy", "iam:DetachGroupPolicy"),
    },
    "AWS::IAM::Policy": {"Groups": ("iam:GetGroupPolicy", "iam:PutGroupPolicy", "iam:DeleteGroupPolicy")},
    "AWS::IAM::User": {
        "Groups": ("iam:AddUserToGroup", "iam:RemoveUserFromGroup"),
        "LoginProfile": ("iam:CreateLoginProfile", "iam:UpdateLoginProfile"),
    },
    "AWS::KMS::Key": {"Enabled": ("kms:DisableKey", "kms:EnableKey")},
    "AWS::Lambda::Function": {
        "CapacityProviderConfig": ("lambda:PassCapacityProvider",),
        "Code.S3Bucket": ("s3:GetObject", "s3:GetObjectVersion"),
        "CodeSigningConfigArn": (
            "lambda:DeleteFunctionCodeSigningConfig",
            "lambda:GetCodeSigningConfig",
            "lambda:PutFunctionCodeSigningConfig",
        ),
        "FileSystemConfigs": ("elasticfilesystem:DescribeMountTargets", "s3files:ListMountTargets"),
        "FunctionScalingConfig": ("lambda:PutFunctionScalingConfig",),
        "KmsKeyArn": _KMS,
        "Layers": ("lambda:GetLayerVersion",),
        "PublishToLatestPublished": ("lambda:PublishVersion",),
        "RecursiveLoop": ("lambda:PutFunctionRecursionConfig",),
        "ReservedConcurrentExecutions": ("lambda:DeleteFunctionConcurrency", "lambda:PutFunctionConcurrency"),
        "RuntimeManagementConfig": ("lambda:AssociateRuntimeAlias", "lambda:PutRuntimeManagementConfig"),
        "VpcConfig": _VPC,
    },
    "AWS::Logs::LogGroup": {
        "BearerTokenAuthenticationEnabled": ("logs:PutBearerTokenAuthentication",),
        "DataProtectionPolicy": (
            "firehose:TagDeliveryStream",
            "logs:CreateLogDelivery",
            "logs:DeleteDataProtectionPolicy",
            "logs:PutDataProtectionPolicy",
            "s3:REST.PUT.OBJECT",
        ),
        "DeletionProtectionEnabled": ("logs:PutLogGroupDeletionProtection",),
        "FieldIndexPolicies": ("logs:DeleteIndexPolicy", "logs:PutIndexPolicy"),
        "ResourcePolicyDocument": ("logs:DeleteResourcePolicy", "logs:PutResourcePolicy"),
    },
    "AWS::SSM::Document": {"Attachments": ("iam:PassRole", "s3:GetObject")},
    "AWS::SecretsManager::RotationSchedule": {"HostedRotationLambda": ("iam:PassRole",)},
    "AWS::SecretsManager::Secret": {
        "ReplicaRegions": (
            "secretsmanager:RemoveRegionsFromReplication",
            "secretsmanager:ReplicateSecretToRegions",
        ),
    },
}
"""Type -> property that no template here sets -> what its handlers call for that property only."""

NARROWED: Final = {"ssm:Get*": "ssm:GetParameters"}
"""A schema's wildcard -> the call behind it: the launch template names its image by a public parameter."""

ADDED: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "AWS::IAM::AccessKey": {  # its schema lists nothing; the published template has one, which an upgrade removes
        CREATE: ("iam:CreateAccessKey",),
        DELETE: ("iam:DeleteAccessKey", "iam:ListAccessKeys"),
    },
    "AWS::SecretsManager::Secret": {  # its value is encrypted with a customer managed key, in the caller's name
        CREATE: ("kms:Decrypt", "kms:GenerateDataKey"),
        UPDATE: ("kms:Decrypt", "kms:GenerateDataKey"),
    },
    "AWS::Lambda::Function": {CREATE: ("lambda:InvokeFunction",)},  # CloudFormation calls it for custom resources
}


@cache
def _schemas() -> dict[str, dict[str, list[str]]]:
    loaded: dict[str, dict[str, list[str]]] = json.loads(
        Path(__file__).with_suffix(".json").read_text(encoding="utf-8")
    )
    return loaded


def resource_types() -> tuple[str, ...]:
    """Every type of the table."""
    return tuple(_schemas())


def handler_permissions(resource_type: str, handlers: Iterable[str]) -> frozenset[str]:
    """The IAM actions that these handlers of a type may need for the properties that the templates set."""
    unused = {action for actions in UNUSED.get(resource_type, {}).values() for action in actions}
    listed = _schemas().get(resource_type, {})
    added = ADDED.get(resource_type, {})
    return frozenset(
        NARROWED.get(action, action)
        for handler in handlers
        for action in (*listed.get(handler, ()), *added.get(handler, ()))
        if action not in unused or action in added.get(handler, ())
    )
