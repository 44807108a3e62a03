"""Auto Scaling: the size of the recovery group."""

from __future__ import annotations

from generator.errors import NotFound
from generator.gateway.service import Service
from generator.model.recovery import RecoveryGroup, RecoveryHost


class AutoScaling(Service):
    """Domain verbs over the Auto Scaling API."""

    def describe_group(self, name: str) -> RecoveryGroup:
        """The group and its hosts, their pings not asked for. Raises NotFound when the region has no such group."""
        groups = self._call("describe_auto_scaling_groups", AutoScalingGroupNames=[name])["AutoScalingGroups"]
        if not groups:
            raise NotFound(f"There is no Auto Scaling group {name} in this region.", "See: deployer status --all")
        hosts = (RecoveryHost(i["InstanceId"], i["LifecycleState"]) for i in groups[0].get("Instances", ()))
        return RecoveryGroup(name, int(groups[0]["DesiredCapacity"]), tuple(hosts))

    def set_desired_capacity(self, name: str, size: int) -> None:
        """Have the group start or end hosts until it has this many; does not wait. Raises AwsError."""
        self._call("set_desired_capacity", AutoScalingGroupName=name, DesiredCapacity=size)
