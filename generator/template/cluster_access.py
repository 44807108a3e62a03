"""What the privileged instance needs besides its EKS access entry, as a template of its own.

Neither part opens the cluster: whoever comes without an access entry is refused by the API server, and the entry is
the main template's, there only while a grant names somebody (decision record 67).
"""

from __future__ import annotations

from troposphere import Output, Parameter, Ref, Template
from troposphere.ec2 import SecurityGroupIngress
from troposphere.iam import RolePolicy

from generator.policies.cluster import find_the_cluster
from generator.template.parts import arn

DESCRIPTION = (
    "For the DeepSQL instance beside an EKS cluster: it may find that cluster and reach its API server. What it may do "
    "there is the access entry of the main stack. Delete this stack before that one, whose role it holds."
)
COMMENTS = {
    "FindTheCluster": "Where the cluster's API server is, and whom it is signed by; nothing of what is in the cluster.",
    "ApiServerIngress": "The API server of a private cluster answers in its own security group.",
}
HTTPS = 443
PARAMETERS = {
    "ClusterName": ("Name of the EKS cluster, as the main stack has it.", "^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$"),
    "ClusterSecurityGroupId": ("A group of the cluster's, best one that only its endpoint has.", "^sg-[0-9a-f]{8,17}$"),
    "InstanceRoleName": ("Physical ID of InstanceRole in the main stack.", r"^[\w+=,.@-]{1,64}$"),
    "InstanceSecurityGroupId": ("The main stack's output InstanceSecurityGroupId.", "^sg-[0-9a-f]{8,17}$"),
}


def build_cluster_access() -> Template:
    """A new template."""
    template = Template()
    template.set_version("2010-09-09")
    template.set_description(DESCRIPTION)
    for name, (text, pattern) in PARAMETERS.items():
        template.add_parameter(Parameter(name, Type="String", Description=text, AllowedPattern=pattern))
    template.add_resource(
        RolePolicy(
            "FindTheCluster",
            RoleName=Ref("InstanceRoleName"),
            PolicyName="deepsql-find-the-cluster",
            PolicyDocument=find_the_cluster(arn("eks", "cluster/${ClusterName}")),
        )
    )
    template.add_resource(
        SecurityGroupIngress(
            "ApiServerIngress",
            GroupId=Ref("ClusterSecurityGroupId"),
            IpProtocol="tcp",
            FromPort=HTTPS,
            ToPort=HTTPS,
            SourceSecurityGroupId=Ref("InstanceSecurityGroupId"),
            Description="The DeepSQL instance",
        )
    )
    template.add_output(Output("ClusterName", Value=Ref("ClusterName")))
    return template
