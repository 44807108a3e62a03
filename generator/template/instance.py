"""The instance, its role and profile, and the two custom resources it depends on."""

from __future__ import annotations

from troposphere import Base64, If, Sub, Template
from troposphere.ec2 import (
    BlockDeviceMapping,
    EbsBlockDevice,
    Instance,
    MetadataOptions,
    NetworkInterfaceProperty,
)
from troposphere.eks import AccessEntry, AccessPolicy, AccessScope
from troposphere.iam import InstanceProfile, ManagedPolicy, Policy, Role
from troposphere.policies import CreationPolicy, ResourceSignal

from generator.model.contract import IMAGE_PARAMETER, TAG_KEY, TAG_VALUE, Condition, Parameter, Resource
from generator.policies import instance as permits
from generator.policies.document import document
from generator.policies.trust import service_assumes
from generator.template import user_data
from generator.template.conditions import session_log
from generator.template.parts import (
    REGION,
    STACK_ID,
    arn,
    arn_of,
    custom_resource,
    ref,
    regional_service,
    tags,
    when,
)


def add_instance(template: Template) -> None:
    """Add role, profile, image lookup, instance and cluster access.

    The image is looked up once: its ID is then part of the stack and does not change. The lookup refuses a stack that
    has an instance without one, before anything touches that instance: our definition would replace it.
    """
    template.add_resource(ManagedPolicy(str(Resource.AGENT_POLICY), PolicyDocument=document(_of_the_agent())))
    template.add_resource(_role())
    template.add_resource(_profile())
    template.add_resource(custom_resource(Resource.INSTANCE_IMAGE, 120, None, {"Parameter": IMAGE_PARAMETER}))
    template.add_resource(_instance())
    template.add_resource(_cluster_access())


def _role() -> Role:
    """Without a name of its own: IAM names are global in an account."""
    return Role(
        str(Resource.INSTANCE_ROLE),
        AssumeRolePolicyDocument=service_assumes("Ec2Assumes", Sub("ec2.${AWS::URLSuffix}")),
        ManagedPolicyArns=[ref(Resource.AGENT_POLICY)],
        Policies=[
            Policy(PolicyName="deepsql-instance", PolicyDocument=document([permits.report_readiness(STACK_ID)])),
            Policy(PolicyName="deepsql-installation", PolicyDocument=document(_to_install())),
        ],
    )


def _profile() -> InstanceProfile:
    """It waits for the image, and the instance for it: nothing reaches the instance of a stack that has none."""
    return InstanceProfile(
        str(Resource.INSTANCE_PROFILE), DependsOn=[str(Resource.INSTANCE_IMAGE)], Roles=[ref(Resource.INSTANCE_ROLE)]
    )


def _of_the_agent() -> list[object]:
    """What the agent may do: sessions and their log. The bastion has the same policy."""
    return [
        permits.be_managed_by_systems_manager(REGION),
        permits.read_aws_documents(Sub("arn:${AWS::Partition}:ssm:${AWS::Region}::document/*")),  # of no account
        permits.write_the_session_log(_session_log(":*")),
        permits.encrypt_the_session_log(_keys_of_the_log(), regional_service("logs"), _session_log()),
    ]


def _keys_of_the_log() -> Sub:
    """The stack's key; where the log group is the customer's, whichever key that has: the condition names the group."""
    here = "arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:key/${Key}"
    return Sub(here, Key=when(Condition.NO_LOG_GROUP, ref(Resource.STACK_KEY), "*"))


def _session_log(more: str = "") -> Sub:
    """The ARN of the log group of shells, with `more` appended."""
    here = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:${Log}"
    return Sub(here + more, Log=session_log())


def _to_install() -> list[object]:
    """What the installation reads."""
    return [
        permits.read_the_admin_password(ref(Resource.ADMIN_SECRET)),
        permits.decrypt_with_the_stack_key(arn_of(Resource.STACK_KEY), regional_service("secretsmanager")),
        permits.read_the_install_settings(arn("ssm", f"parameter/${{{Resource.INSTALL_SETTINGS}}}")),
    ]


def _instance() -> Instance:
    """The one definition of an instance; a stack that has another one keeps it (generator/template/adoption.py)."""
    return Instance(
        str(Resource.INSTANCE),
        CreationPolicy=CreationPolicy(ResourceSignal=ResourceSignal(Count=1, Timeout="PT30M")),
        DeletionPolicy="Delete",
        UpdateReplacePolicy="Retain",
        ImageId=image(),
        InstanceType=ref(Parameter.INSTANCE_TYPE),
        IamInstanceProfile=ref(Resource.INSTANCE_PROFILE),
        NetworkInterfaces=[_interface()],
        BlockDeviceMappings=[
            BlockDeviceMapping(
                DeviceName="/dev/xvda",
                Ebs=EbsBlockDevice(
                    VolumeType="gp3",
                    VolumeSize=ref(Parameter.VOLUME_SIZE_GIB),
                    Encrypted=True,
                    DeleteOnTermination=False,
                ),
            )
        ],
        MetadataOptions=MetadataOptions(HttpTokens="required", HttpEndpoint="enabled", HttpPutResponseHopLimit=1),
        Tags=tags({"Name": ref(Parameter.INSTANCE_NAME), TAG_KEY: TAG_VALUE}),
        UserData=Base64(Sub(user_data.NEW)),
    )


def image() -> If:
    """The image given, else the pinned one."""
    return when(Condition.NO_IMAGE_ID, ref(Resource.INSTANCE_IMAGE), ref(Parameter.IMAGE_ID))


def _cluster_access() -> AccessEntry:
    """Access to the EKS cluster, by the instance's role, for whoever works there while a grant names somebody."""
    policy = Sub(f"arn:${{AWS::Partition}}:eks::aws:cluster-access-policy/${{{Parameter.EKS_ACCESS_POLICY}}}")
    return AccessEntry(
        str(Resource.CLUSTER_ACCESS),
        Condition=str(Condition.WANT_CLUSTER_ACCESS),
        ClusterName=ref(Parameter.EKS_CLUSTER_NAME),
        PrincipalArn=arn_of(Resource.INSTANCE_ROLE),
        AccessPolicies=[AccessPolicy(PolicyArn=policy, AccessScope=AccessScope(Type="cluster"))],
    )


def _interface() -> NetworkInterfaceProperty:
    """The only way to refuse a public address where the subnet gives one by itself."""
    return NetworkInterfaceProperty(
        DeviceIndex="0",
        AssociatePublicIpAddress=False,
        DeleteOnTermination=True,
        SubnetId=ref(Parameter.SUBNET_ID),
        GroupSet=[ref(Resource.SECURITY_GROUP)],
    )
