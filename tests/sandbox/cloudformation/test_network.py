"""What a fresh account offers."""

from generator.sandbox.state import VENDOR_ACCOUNT
from tests.sandbox.cloudformation.conftest import Client

AMI_PARAMETER = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"


def test_a_public_and_a_private_subnet_bear_names(client: Client) -> None:
    ec2 = client("ec2")
    named = {
        t["Value"]: s["SubnetId"] for s in ec2.describe_subnets()["Subnets"] for t in s["Tags"] if t["Key"] == "Name"
    }
    assert set(named) == {"sandbox-public-a", "sandbox-private-b"}
    for table in ec2.describe_route_tables()["RouteTables"]:
        leads_out = any(route.get("GatewayId", "").startswith("igw-") for route in table["Routes"])
        private = any(a.get("SubnetId") == named["sandbox-private-b"] for a in table["Associations"])
        assert leads_out is not private


def test_every_account_has_the_same_network_of_its_own(client: Client) -> None:
    vendor = client("ec2", account=VENDOR_ACCOUNT)
    assert [vpc["OwnerId"] for vpc in vendor.describe_vpcs()["Vpcs"]] == [VENDOR_ACCOUNT]
    assert len(vendor.describe_subnets()["Subnets"]) == 2


def test_the_arm64_image_is_published_and_described(client: Client) -> None:
    image_id = client("ssm").get_parameter(Name=AMI_PARAMETER)["Parameter"]["Value"]
    image = client("ec2").describe_images(ImageIds=[image_id])["Images"][0]
    assert (image["Architecture"], image["State"]) == ("arm64", "available")
