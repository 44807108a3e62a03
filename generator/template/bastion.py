"""The bastion: a small host of the customer's own, permanent as the jump host to the database, or started for recovery.

It has no `deepsql:managed` tag and the support policy names the stack's instance, so the vendor's support cannot reach
it. It has the instance's security group, and so reaches what the instance reaches, and a role of its own that cannot
read a secret (docs/decisions/0024-one-group-for-bastion-and-recovery.md).
"""

from __future__ import annotations

from troposphere import Ref, Sub, Template
from troposphere.autoscaling import AutoScalingGroup, LaunchTemplateSpecification
from troposphere.autoscaling import Tags as PropagatedTags
from troposphere.ec2 import (
    EBSBlockDevice,
    IamInstanceProfile,
    LaunchTemplate,
    LaunchTemplateBlockDeviceMapping,
    LaunchTemplateData,
    MetadataOptions,
    NetworkInterfaces,
)
from troposphere.iam import InstanceProfile, Role

from generator.model.contract import BASTION_TAG_KEY, IMAGE_PARAMETER, Condition, Parameter, Resource
from generator.policies.trust import service_assumes
from generator.template.parts import get_att, ref, when

WANTED = str(Condition.WANT_BASTION_GROUP)
LIFETIME = 30 * 24 * 3600
"""Seconds until a host is replaced by one with the latest image, which is how it is patched."""


def add_bastion(template: Template) -> None:
    """Add role, launch template and Auto Scaling group.

    The group sets no desired capacity: an update leaves it as it is, or raises it to the minimum. CloudFormation
    requires a launch template version, so it is an attribute; it changes only with the launch template, when the group
    has to change as well.
    """
    template.add_resource(
        Role(
            str(Resource.BASTION_ROLE),
            Condition=WANTED,
            AssumeRolePolicyDocument=service_assumes("Ec2AssumesForTheBastion", Sub("ec2.${AWS::URLSuffix}")),
            ManagedPolicyArns=[ref(Resource.AGENT_POLICY)],
        )
    )
    template.add_resource(
        InstanceProfile(str(Resource.BASTION_PROFILE), Condition=WANTED, Roles=[ref(Resource.BASTION_ROLE)])
    )
    template.add_resource(_launch_template())
    template.add_resource(
        AutoScalingGroup(
            str(Resource.BASTION_GROUP),
            Condition=WANTED,
            MinSize=when(Condition.WANT_BASTION_HOST, "1", "0"),
            MaxSize="1",
            MaxInstanceLifetime=LIFETIME,
            LaunchTemplate=LaunchTemplateSpecification(
                LaunchTemplateId=ref(Resource.BASTION_LAUNCH_TEMPLATE),
                Version=get_att(Resource.BASTION_LAUNCH_TEMPLATE, "LatestVersionNumber"),
            ),
            VPCZoneIdentifier=[ref(Parameter.SUBNET_ID)],
            Tags=PropagatedTags(Name=Sub("${InstanceName}-bastion"), **{BASTION_TAG_KEY: Ref("AWS::StackName")}),
        )
    )


def _launch_template() -> LaunchTemplate:
    """EC2 resolves the image at each launch (EC2 Auto Scaling user guide, "Use AWS Systems Manager parameters
    instead of AMI IDs in launch templates")."""
    data = LaunchTemplateData(
        ImageId=f"resolve:ssm:{IMAGE_PARAMETER}",
        InstanceType="t4g.nano",
        IamInstanceProfile=IamInstanceProfile(Name=ref(Resource.BASTION_PROFILE)),
        MetadataOptions=MetadataOptions(HttpTokens="required", HttpPutResponseHopLimit=1),
        NetworkInterfaces=[
            NetworkInterfaces(DeviceIndex=0, AssociatePublicIpAddress=False, Groups=[ref(Resource.SECURITY_GROUP)])
        ],
        BlockDeviceMappings=[
            LaunchTemplateBlockDeviceMapping(DeviceName="/dev/xvda", Ebs=EBSBlockDevice(Encrypted=True))
        ],
    )
    return LaunchTemplate(str(Resource.BASTION_LAUNCH_TEMPLATE), Condition=WANTED, LaunchTemplateData=data)
