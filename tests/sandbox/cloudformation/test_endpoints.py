"""VPC endpoints on the sandbox: the emitted template deployed as it is, and what EC2 refuses."""

from __future__ import annotations

from typing import Any

import pytest

from generator.model.template_name import TemplateName
from generator.template.emit import emit_named
from tests.sandbox.cloudformation.conftest import Client

VPC, PUBLIC, PRIVATE, TABLE = "vpc-00000001", "subnet-00000001", "subnet-00000002", "rtb-00000002"
PLACE = {"VpcId": VPC, "SubnetIds": PRIVATE, "ClientCidr": "172.31.0.0/16", "RouteTableIds": TABLE}


class Endpoints:
    """The template's stacks, and what EC2 has in the end."""

    def __init__(self, client: Client) -> None:
        self.cloudformation, self.ec2 = client("cloudformation"), client("ec2")

    def make(self, name: str, **more: str) -> str:
        given = [{"ParameterKey": key, "ParameterValue": value} for key, value in {**PLACE, **more}.items()]
        body = emit_named(TemplateName.VPC_ENDPOINTS)
        self.cloudformation.create_stack(StackName=name, TemplateBody=body, Parameters=given)
        return self.settled(name)

    def settled(self, name: str) -> str:
        import time

        while (status := str(self.stack(name)["StackStatus"])).endswith("_IN_PROGRESS"):
            time.sleep(0.02)
        return status

    def stack(self, name: str) -> Any:
        return self.cloudformation.describe_stacks(StackName=name)["Stacks"][0]

    def why(self, name: str) -> str:
        events = self.cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        return " ".join(event.get("ResourceStatusReason", "") for event in events)

    def endpoints_of(self, **filters: str) -> dict[str, Any]:
        conditions = [{"Name": key.replace("_", "-"), "Values": [value]} for key, value in filters.items()]
        endpoints = self.ec2.describe_vpc_endpoints(Filters=conditions)["VpcEndpoints"]
        return {each["ServiceName"].rpartition(".")[2]: each for each in endpoints}


@pytest.fixture
def endpoints(client: Client) -> Endpoints:
    return Endpoints(client)


def test_the_template_makes_what_it_says(endpoints: Endpoints) -> None:
    assert endpoints.make("one") == "CREATE_COMPLETE"
    made = endpoints.endpoints_of(vpc_id=VPC)
    assert set(made) == {"ssm", "ssmmessages", "logs", "secretsmanager", "cloudformation", "s3"}
    ssm, s3 = made["ssm"], made["s3"]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in endpoints.stack("one")["Outputs"]}
    assert ssm["PrivateDnsEnabled"] and [g["GroupId"] for g in ssm["Groups"]] == [outputs["EndpointSecurityGroupId"]]
    assert "aws:PrincipalAccount" in ssm["PolicyDocument"]
    assert {"Key": "deepsql:vpc-endpoints", "Value": "one"} in ssm["Tags"]
    assert (s3["RouteTableIds"], s3["VpcEndpointId"]) == ([TABLE], outputs["S3EndpointId"])
    assert endpoints.endpoints_of(vpc_id="vpc-elsewhere") == {}


def test_a_second_one_is_refused_until_it_leaves_out_what_exists(endpoints: Endpoints) -> None:
    only_ssm = {f"Create{name}Endpoint": "No" for name in ("SsmMessages", "Logs", "SecretsManager", "CloudFormation")}
    assert endpoints.make("first", RouteTableIds="", **only_ssm) == "CREATE_COMPLETE"
    assert endpoints.make("second") == "ROLLBACK_COMPLETE"
    assert "conflicting DNS domain for ssm.us-east-1.amazonaws.com in the VPC vpc-00000001" in endpoints.why("second")
    assert endpoints.make("third", CreateSsmEndpoint="No") == "CREATE_COMPLETE"
    assert len(endpoints.endpoints_of(vpc_endpoint_type="Interface")) == 5


def test_one_route_table_leads_to_s3_once(endpoints: Endpoints) -> None:
    none = {f"Create{n}Endpoint": "No" for n in ("Ssm", "SsmMessages", "Logs", "SecretsManager", "CloudFormation")}
    assert endpoints.make("first", **none) == "CREATE_COMPLETE"
    assert endpoints.make("second", **none) == "ROLLBACK_COMPLETE"
    assert "already has a route with destination-prefix-list-id" in endpoints.why("second")


def test_one_subnet_of_a_zone(endpoints: Endpoints) -> None:
    assert endpoints.make("one", SubnetIds=f"{PRIVATE},{PRIVATE}") == "ROLLBACK_COMPLETE"
    assert "different availability zones" in endpoints.why("one")


def test_an_update_adds_one_and_keeps_the_others(endpoints: Endpoints) -> None:
    endpoints.make("one", CreateLogsEndpoint="No")
    before = {name: each["VpcEndpointId"] for name, each in endpoints.endpoints_of().items()}
    unchanged = [{"ParameterKey": each, "UsePreviousValue": True} for each in PLACE]
    endpoints.cloudformation.update_stack(
        StackName="one",
        UsePreviousTemplate=True,
        Parameters=[*unchanged, {"ParameterKey": "CreateLogsEndpoint", "ParameterValue": "Yes"}],
    )
    assert endpoints.settled("one") == "UPDATE_COMPLETE"
    after = {name: each["VpcEndpointId"] for name, each in endpoints.endpoints_of().items()}
    assert set(after) - set(before) == {"logs"} and before.items() <= after.items()


def test_somebody_has_to_be_named(endpoints: Endpoints) -> None:
    with pytest.raises(Exception, match="ClientCidr"):
        endpoints.make("one", ClientCidr="")
