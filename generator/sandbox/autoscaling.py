"""Auto Scaling groups whose instances exist in EC2.

AWS launches a group's instances from the launch template into the group's subnets with the tags that are propagated,
and terminates them when the group shrinks or is deleted. An update that names no desired capacity leaves it unchanged.
MiniStack invents instance IDs that EC2 and Systems Manager do not know, and resets the desired capacity. Here the
instances are real ones of EC2 in the first subnet; none is replaced for its age.
"""

from __future__ import annotations

from typing import Any

from ministack.services import autoscaling, ec2, ssm

from generator.sandbox.cloudformation.resource_types import Created, Properties, handler
from generator.sandbox.ec2 import instances
from generator.sandbox.service_api import Answer, Params, Proceed, call, serve, xml_error

RESOURCE = "AWS::AutoScaling::AutoScalingGroup"
Group = dict[str, Any]  # MiniStack's record of a group
AT_LAUNCH = "resolve:ssm:"
"""How a launch template names an image that EC2 looks up at each launch."""

_original = dict(handler(RESOURCE))


def install() -> None:
    """Replace the invented instances, and CloudFormation's handlers of the type."""
    autoscaling._reconcile_instances = reconcile
    serve(autoscaling, {"SetDesiredCapacity": set_desired_capacity})
    handler(RESOURCE).update(create=create, update=update, update_with_logical_id=True, delete=delete)


def set_desired_capacity(params: Params, proceed: Proceed) -> Answer:
    """SetDesiredCapacity; ValidationError with AWS's message outside the group's bounds."""
    group = autoscaling._asgs.get(params.get("AutoScalingGroupName")) or {}
    desired = int(params.get("DesiredCapacity") or 0)
    least, most = group.get("MinSize", desired), group.get("MaxSize", desired)
    if not least <= desired <= most:
        bound = f"below min value {least}" if desired < least else f"above max value {most}"
        text = f"New SetDesiredCapacity value {desired} is {bound} for the AutoScalingGroup."
        return xml_error("autoscaling", "ValidationError", text)
    return proceed()


def create(logical_id: str, props: Properties, stack: str) -> Created:
    """Create the group and launch its instances."""
    created: Created = _original["create"](logical_id, props, stack)
    reconcile(autoscaling._asgs[created[0]])
    return created


def reconcile(group: Group) -> None:
    """Launch and terminate instances until the group has its desired capacity."""
    members = group["Instances"]
    members[:] = [member for member in members if _running(member["InstanceId"])]
    surplus = members[group["DesiredCapacity"] :]
    del members[group["DesiredCapacity"] :]
    for member in surplus:
        instances.terminate(member["InstanceId"])
    while len(members) < group["DesiredCapacity"]:
        members.append(_launched(group))


def update(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Created:
    """Update the group; its desired capacity changes only if the template names it."""
    before = autoscaling._asgs[physical_id]["DesiredCapacity"]
    changed: Created = _original["update"](physical_id, old, new, stack, logical_id)
    group = autoscaling._asgs[changed[0]]
    if "DesiredCapacity" not in new and changed[0] == physical_id:
        group["DesiredCapacity"] = min(max(before, group["MinSize"]), group["MaxSize"])
    reconcile(group)
    return changed


def delete(physical_id: str, props: Properties) -> None:
    """Terminate the instances, then delete the group."""
    if group := autoscaling._asgs.get(physical_id):
        group["DesiredCapacity"] = 0
        reconcile(group)
    _original["delete"](physical_id, props)


def _running(instance_id: str) -> bool:
    return instances.state_of(instance_id) == "running"


def _launched(group: Group) -> Group:
    chosen = group["LaunchTemplate"]
    data = _data(chosen)
    interfaces = [{**given, "GroupSet": given.get("Groups", [])} for given in data.get("NetworkInterfaces") or []]
    tags = [{"Key": tag["Key"], "Value": tag["Value"]} for tag in group["Tags"] if tag["PropagateAtLaunch"]]
    own = {"Key": "aws:autoscaling:groupName", "Value": group["AutoScalingGroupName"]}
    props = {
        **data,
        "ImageId": _image(data["ImageId"]),
        "IamInstanceProfile": (data.get("IamInstanceProfile") or {}).get("Name"),
        "NetworkInterfaces": interfaces,
        "SubnetId": group["VPCZoneIdentifier"].split(",")[0],
        "Tags": [*tags, own],
    }
    instance_id, attributes = instances.create(group["AutoScalingGroupName"], props, "")
    return {
        "InstanceId": instance_id,
        "LifecycleState": "InService",
        "HealthStatus": "Healthy",
        "AvailabilityZone": attributes["AvailabilityZone"],
        "ProtectedFromScaleIn": group["NewInstancesProtectedFromScaleIn"],
        "LaunchTemplate": chosen,
        "LaunchConfigurationName": "",
    }


def _image(named: str) -> str:
    if not named.startswith(AT_LAUNCH):
        return named
    parameter = call(ssm, "GetParameter", {"Name": named.removeprefix(AT_LAUNCH)})
    return str(parameter["Parameter"]["Value"])


def _data(chosen: dict[str, Any]) -> Properties:
    """The data of the launch template version that the group names."""
    template = ec2.get_state()["launch_templates"][chosen["LaunchTemplateId"]]
    data: Properties = next(
        version["LaunchTemplateData"]
        for version in template["Versions"]
        if str(version["VersionNumber"]) == str(chosen["Version"])
    )
    return data
