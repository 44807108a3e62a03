"""The recovery group, against botocore's own models."""

from typing import Any

import pytest

from generator.errors import NotFound
from generator.gateway.autoscaling import AutoScaling
from generator.model.recovery import RecoveryGroup, RecoveryHost

ASKED = {"AutoScalingGroupNames": ["g"]}


def test_a_group_is_its_size_and_its_hosts(stubbed: Any) -> None:
    client, stub = stubbed.client("autoscaling")
    member = {"InstanceId": "i-1", "LifecycleState": "Pending", "AvailabilityZone": "a", "HealthStatus": "Healthy"}
    group = {
        "AutoScalingGroupName": "g",
        "MinSize": 0,
        "MaxSize": 1,
        "DesiredCapacity": 1,
        "DefaultCooldown": 300,
        "AvailabilityZones": ["a"],
        "HealthCheckType": "EC2",
        "CreatedTime": "2026-12-01T00:00:00Z",
        "Instances": [{**member, "ProtectedFromScaleIn": False}],
    }
    stub.add_response("describe_auto_scaling_groups", {"AutoScalingGroups": [group]}, ASKED)
    assert AutoScaling(client).describe_group("g") == RecoveryGroup("g", 1, (RecoveryHost("i-1", "Pending"),))


def test_a_group_that_is_gone_is_not_found(stubbed: Any) -> None:
    client, stub = stubbed.client("autoscaling")
    stub.add_response("describe_auto_scaling_groups", {"AutoScalingGroups": []}, ASKED)
    with pytest.raises(NotFound, match="no Auto Scaling group g"):
        AutoScaling(client).describe_group("g")


def test_a_size_is_set_whatever_the_cooldown(stubbed: Any) -> None:
    client, stub = stubbed.client("autoscaling")
    stub.add_response("set_desired_capacity", {}, {"AutoScalingGroupName": "g", "DesiredCapacity": 0})
    AutoScaling(client).set_desired_capacity("g", 0)
