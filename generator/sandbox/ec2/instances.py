"""AWS::EC2::Instance with the template's volume, metadata options, interface and tags; nothing runs on it.

AWS deletes the volumes with DeleteOnTermination when an instance terminates; the others become available. MiniStack has
no such resource type, launches every instance with a plain 8 GiB volume and a public address, and leaves the volumes of
a terminated instance attached.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from ministack.services import ec2, iam

from generator.sandbox.cloudformation.resource_types import Created, Properties, register
from generator.sandbox.ec2 import network
from generator.sandbox.service_api import Answer, Params, Proceed, call, serve, xml_answer, xml_error

RESOURCE = "AWS::EC2::Instance"
# createOnly and conditionalCreateOnly of the resource's schema
CREATE_ONLY = (
    "ImageId", "SubnetId", "KeyName", "AvailabilityZone", "LaunchTemplate", "NetworkInterfaces", "PrivateIpAddress",
    "SecurityGroups", "Ipv6Addresses", "Ipv6AddressCount", "EnclaveOptions", "HibernationOptions", "CpuOptions",
    "PlacementGroupName", "LicenseSpecifications", "HostResourceGroupArn",
)  # fmt: skip
CONDITIONAL = (
    "InstanceType", "UserData", "EbsOptimized", "BlockDeviceMappings", "SecurityGroupIds", "Tenancy", "HostId",
    "Affinity", "PrivateDnsNameOptions",
)  # fmt: skip

_instance_xml = ec2._instance_xml


def install() -> None:
    """Add the type, and the parts of an instance that MiniStack's EC2 does not show."""
    register(RESOURCE, create, update, delete, replacing=CREATE_ONLY, conditionally=CONDITIONAL, tags=True)
    ec2._instance_xml = instance_xml
    serve(ec2, {"TerminateInstances": terminate_instances, "ModifyInstanceAttribute": modify_instance_attribute})


def terminate_instances(params: Params, proceed: Proceed) -> Answer:
    """TerminateInstances, which also deletes or detaches the instances' volumes and interfaces."""
    answer = proceed()
    for volume in list(ec2._volumes.values()):
        for attachment in volume["Attachments"]:
            state = state_of(attachment["InstanceId"]) or "terminated"
            if state == "terminated" and attachment["DeleteOnTermination"]:
                ec2._volumes.pop(volume["VolumeId"], None)
            elif state == "terminated":
                volume.update(State="available", Attachments=[])
    for interface in list(ec2._network_interfaces.values()):
        owner = (interface.get("Attachment") or {}).get("InstanceId")
        if owner and state_of(owner) == "terminated":
            ec2._network_interfaces.pop(interface["NetworkInterfaceId"], None)
    return answer


def modify_instance_attribute(params: Params, proceed: Proceed) -> Answer:
    """ModifyInstanceAttribute, which MiniStack lacks: DeleteOnTermination of the volumes, and nothing else."""
    instance_id = params.get("InstanceId", "")
    if not state_of(instance_id):
        text = f"The instance ID '{instance_id}' does not exist"
        return xml_error("ec2", "InvalidInstanceID.NotFound", text)
    prefix, number = "BlockDeviceMapping", 1
    while device := params.get(f"{prefix}.{number}.DeviceName"):
        delete = _yes(params.get(f"{prefix}.{number}.Ebs.DeleteOnTermination", "true"))
        _keep_or_delete(instance_id, device, delete)
        number += 1
    return xml_answer("ec2", "ModifyInstanceAttribute", "<return>true</return>")


def _keep_or_delete(instance_id: str, device: str, delete: bool) -> None:
    for mapping in ec2._instances[instance_id].get("BlockDeviceMappings", ()):
        if mapping["DeviceName"] == device:
            mapping["Ebs"]["DeleteOnTermination"] = delete
            for attachment in ec2._volumes[mapping["Ebs"]["VolumeId"]]["Attachments"]:
                attachment["DeleteOnTermination"] = delete


def instance_xml(record: dict[str, Any]) -> str:
    """MiniStack's XML with metadata options and interfaces, and without an address that the instance lacks."""
    options = record.get("MetadataOptions") or {}
    parts = {"httpTokens": "HttpTokens", "httpPutResponseHopLimit": "HttpPutResponseHopLimit"}
    parts |= {"httpEndpoint": "HttpEndpoint"}
    metadata = "".join(f"<{tag}>{options[key]}</{tag}>" for tag, key in parts.items() if key in options)
    interfaces = "".join(
        f"<item><networkInterfaceId>{eni['NetworkInterfaceId']}</networkInterfaceId><subnetId>{eni['SubnetId']}</subnetId>"
        f"<privateIpAddress>{eni['PrivateIpAddress']}</privateIpAddress><status>in-use</status></item>"
        for eni in ec2._network_interfaces.values()
        if (eni.get("Attachment") or {}).get("InstanceId") == record["InstanceId"]
    )
    shown: str = _instance_xml(record)
    for empty in ("<dnsName></dnsName>", "<ipAddress></ipAddress>"):
        shown = shown.replace(empty, "")
    extra = f"<metadataOptions><state>applied</state>{metadata}</metadataOptions>" if metadata else ""
    extra += f"<networkInterfaceSet>{interfaces}</networkInterfaceSet>" if interfaces else ""
    return shown.rstrip().removesuffix("</item>") + extra + "</item>"


def state_of(instance_id: str) -> str:
    """The EC2 state of an instance ("running" ...); "" when there is no such instance."""
    return str(((ec2._instances.get(instance_id) or {}).get("State") or {}).get("Name", ""))


def create(logical_id: str, props: Properties, stack: str) -> Created:
    """Launch an instance. ValueError with EC2's message when something that the properties name does not exist."""
    network.ensure_defaults()
    interface = (props.get("NetworkInterfaces") or [{}])[0]
    subnet_id = props.get("SubnetId") or interface.get("SubnetId") or network.PUBLIC
    groups = props.get("SecurityGroupIds") or interface.get("GroupSet") or [network.SECURITY_GROUP]
    _check_exists("subnet ID", subnet_id, ec2._subnets)
    for group in groups:
        _check_exists("security group", group, ec2._security_groups)
    subnet = ec2._subnets[subnet_id]
    launched = _launch(props, subnet, groups)
    public = interface.get("AssociatePublicIpAddress", subnet.get("MapPublicIpOnLaunch", False))
    launched.update(
        VpcId=subnet["VpcId"],
        Architecture="arm64" if _is_graviton(launched["InstanceType"]) else "x86_64",
        Placement={"AvailabilityZone": subnet["AvailabilityZone"], "Tenancy": props.get("Tenancy", "default")},
        MetadataOptions={"HttpTokens": "optional", "HttpPutResponseHopLimit": 1, "HttpEndpoint": "enabled"}
        | (props.get("MetadataOptions") or {}),
        DisableApiTermination=_yes(props.get("DisableApiTermination")),
    )
    if not _yes(public):
        launched.update(PublicIpAddress="", PublicDnsName="")
    ec2._tags[launched["InstanceId"]] = list(props.get("Tags") or [])
    _apply_volumes(launched, props, subnet["AvailabilityZone"])
    _attach_interface(launched, interface)
    return launched["InstanceId"], _attributes(launched)


def update(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Created:
    """Update in place; a changed volume replaces the instance (resource reference)."""
    if _volumes_of(old) != _volumes_of(new):
        return create(logical_id, new, stack)
    record = ec2._instances[physical_id]
    record["InstanceType"] = new.get("InstanceType", record["InstanceType"])
    record["UserData"] = new.get("UserData", "")
    record["MetadataOptions"] |= new.get("MetadataOptions") or {}
    record["DisableApiTermination"] = _yes(new.get("DisableApiTermination"))
    if groups := new.get("SecurityGroupIds"):
        record["SecurityGroups"] = [
            {"GroupId": g, "GroupName": ec2._security_groups.get(g, {}).get("GroupName", g)} for g in groups
        ]
    if new.get("IamInstanceProfile") != old.get("IamInstanceProfile"):
        record["IamInstanceProfile"] = _profile(new.get("IamInstanceProfile"))
    _replace_tags(ec2._tags.setdefault(physical_id, []), old.get("Tags") or [], new.get("Tags") or [])
    return physical_id, _attributes(record)


def delete(physical_id: str, props: Properties) -> None:
    """Terminate the instance if it exists. Raises ValueError while termination protection is on."""
    if physical_id not in ec2._instances:
        return
    if ec2._instances[physical_id].get("DisableApiTermination"):
        raise ValueError(f"The instance '{physical_id}' may not be terminated. Modify its 'disableApiTermination'.")
    terminate(physical_id)


def terminate(instance_id: str) -> None:
    """Terminate an instance as TerminateInstances does."""
    call(ec2, "TerminateInstances", {"InstanceId.1": instance_id})


def _launch(props: Properties, subnet: dict[str, Any], groups: list[str]) -> dict[str, Any]:
    """MiniStack's record of a new instance; ValueError for an instance profile that does not exist."""
    query = {
        "ImageId": props["ImageId"],
        "InstanceType": props.get("InstanceType", "m1.small"),
        "SubnetId": subnet["SubnetId"],
        "KeyName": props.get("KeyName", ""),
        "UserData": props.get("UserData", ""),
        "PrivateIpAddress": props.get("PrivateIpAddress") or _free_address(subnet),
        **{f"SecurityGroupId.{n}": group for n, group in enumerate(groups, 1)},
    }
    if profile := _profile(props.get("IamInstanceProfile")):
        query["IamInstanceProfile.Arn"] = profile["Arn"]
    record: dict[str, Any] = ec2._instances[call(ec2, "RunInstances", query).findtext(".//instanceId")]
    return record


def _replace_tags(tags: list[dict[str, str]], old: list[dict[str, str]], new: list[dict[str, str]]) -> None:
    """Replace the template's old tags by its new ones; other tags stay."""
    named = {tag["Key"] for tag in (*old, *new)}
    if old != new:
        tags[:] = [tag for tag in tags if tag["Key"] not in named] + [dict(tag) for tag in new]


def _apply_volumes(record: dict[str, Any], props: Properties, zone: str) -> None:
    """Set the template's size, type, encryption and DeleteOnTermination on the volumes."""
    root = record["BlockDeviceMappings"][0]
    mappings = {m["DeviceName"]: m.get("Ebs") or {} for m in props.get("BlockDeviceMappings") or []}
    for device, ebs in {root["DeviceName"]: {}, **mappings}.items():
        if device != root["DeviceName"]:
            continue  # further volumes are not used by the templates served here
        volume = ec2._volumes[root["Ebs"]["VolumeId"]]
        outlives_instance = not _yes(ebs.get("DeleteOnTermination", True))
        volume.update(
            Size=int(ebs.get("VolumeSize", volume["Size"])),
            VolumeType=ebs.get("VolumeType", volume["VolumeType"]),
            Encrypted=_yes(ebs.get("Encrypted")),
            AvailabilityZone=zone,
        )
        root["Ebs"]["DeleteOnTermination"] = volume["Attachments"][0]["DeleteOnTermination"] = not outlives_instance
        if _yes(props.get("PropagateTagsToVolumeOnCreation")):
            ec2._tags[volume["VolumeId"]] = list(props.get("Tags") or [])


def _attach_interface(record: dict[str, Any], template_interface: dict[str, Any]) -> None:
    groups = [group["GroupId"] for group in record["SecurityGroups"]]
    query = {f"SecurityGroupId.{n}": group for n, group in enumerate(groups, 1)}
    query |= {"SubnetId": record["SubnetId"], "Description": template_interface.get("Description", "")}
    interface_id = call(ec2, "CreateNetworkInterface", query).findtext(".//networkInterfaceId")
    ec2._network_interfaces[interface_id]["PrivateIpAddress"] = record["PrivateIpAddress"]
    attachment = {"NetworkInterfaceId": interface_id, "InstanceId": record["InstanceId"], "DeviceIndex": "0"}
    call(ec2, "AttachNetworkInterface", attachment)


def _attributes(record: dict[str, Any]) -> dict[str, str]:
    return {
        "InstanceId": record["InstanceId"],
        "VpcId": record["VpcId"],
        "AvailabilityZone": record["Placement"]["AvailabilityZone"],
        "PrivateIp": record["PrivateIpAddress"],
        "PrivateDnsName": record["PrivateDnsName"],
        "PublicIp": record["PublicIpAddress"],
        "PublicDnsName": record["PublicDnsName"],
        "VolumeId": record["BlockDeviceMappings"][0]["Ebs"]["VolumeId"],
    }


def _volumes_of(props: Properties) -> list[Any]:
    """The mappings without DeleteOnTermination, which changes in place."""
    mappings = []
    for mapping in props.get("BlockDeviceMappings") or []:
        ebs = {key: str(value) for key, value in (mapping.get("Ebs") or {}).items() if key != "DeleteOnTermination"}
        mappings.append({**mapping, "Ebs": ebs})
    return mappings


def _profile(name: str | None) -> dict[str, str] | None:
    if not name:
        return None
    try:
        profile = call(iam, "GetInstanceProfile", {"InstanceProfileName": name})
    except ValueError:
        sentence = f"Value ({name}) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name"
        raise ValueError(sentence) from None
    return {"Arn": profile.findtext(".//InstanceProfile/Arn"), "Id": profile.findtext(".//InstanceProfileId")}


def _check_exists(kind: str, name: str, table: Any) -> None:
    if name not in table:
        raise ValueError(f"The {kind} '{name}' does not exist")


def _free_address(subnet: dict[str, Any]) -> str:
    """The lowest free address of the subnet; AWS reserves the first four."""
    taken = {interface["PrivateIpAddress"] for interface in ec2._network_interfaces.values()}
    hosts = list(ipaddress.ip_network(subnet["CidrBlock"]))[4:-1]
    return next(str(host) for host in hosts if str(host) not in taken)


def _is_graviton(instance_type: str) -> bool:
    return "g" in instance_type.partition(".")[0][2:]


def _yes(value: Any) -> bool:
    return str(value).lower() == "true"
