"""A way in when the instance itself answers no session: an empty group that starts one small host.

The host bears no `deepsql:managed` tag and the support policies name the stack's instance, so the vendor's support does
not reach it. It has the instance's role and security group, and so reaches what the instance reaches.
"""

from __future__ import annotations

from troposphere import Sub, Template
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

from generator.model.contract import Condition, Parameter, Resource
from generator.template.instance import image
from generator.template.parts import att, ref


def add_recovery(template: Template) -> None:
    """The group names no desired capacity: it is born empty, and an update leaves it at what it has.

    An unnamed version of a launch template is nothing CloudFormation takes, so the version is an attribute; it changes
    with the launch template only, and then the group has to change as well.
    """
    template.add_resource(_launch_template())
    template.add_resource(
        AutoScalingGroup(
            str(Resource.RECOVERY_GROUP),
            Condition=str(Condition.WANT_RECOVERY),
            MinSize="0",
            MaxSize="1",
            LaunchTemplate=LaunchTemplateSpecification(
                LaunchTemplateId=ref(Resource.RECOVERY_LAUNCH_TEMPLATE),
                Version=att(Resource.RECOVERY_LAUNCH_TEMPLATE, "LatestVersionNumber"),
            ),
            VPCZoneIdentifier=[ref(Parameter.SUBNET_ID)],
            Tags=PropagatedTags(Name=Sub("${InstanceName}-recovery")),
        )
    )


def _launch_template() -> LaunchTemplate:
    data = LaunchTemplateData(
        ImageId=image(),
        InstanceType="t4g.nano",
        IamInstanceProfile=IamInstanceProfile(Name=ref(Resource.INSTANCE_PROFILE)),
        MetadataOptions=MetadataOptions(HttpTokens="required", HttpPutResponseHopLimit=1),
        NetworkInterfaces=[
            NetworkInterfaces(DeviceIndex=0, AssociatePublicIpAddress=False, Groups=[ref(Resource.SECURITY_GROUP)])
        ],
        BlockDeviceMappings=[
            LaunchTemplateBlockDeviceMapping(DeviceName="/dev/xvda", Ebs=EBSBlockDevice(Encrypted=True))
        ],
    )
    return LaunchTemplate(
        str(Resource.RECOVERY_LAUNCH_TEMPLATE), Condition=str(Condition.WANT_RECOVERY), LaunchTemplateData=data
    )
