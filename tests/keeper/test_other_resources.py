"""The pinned image, the guard of a published instance, and what the keeper does not serve."""

import json
from typing import Any

import pytest

from tests.keeper.conftest import World, client

IMAGES = "/deepsql/test/images/"


@pytest.fixture
def image(world: World) -> dict[str, Any]:
    client("ssm").put_parameter(Name=f"{IMAGES}arm64", Value="ami-0123456789abcdef0", Type="String")
    return world.event("Create", "InstanceImage", Parameter=f"{IMAGES}arm64")


def publish(name: str, value: str) -> None:
    client("ssm").put_parameter(Name=IMAGES + name, Value=value, Type="String", Overwrite=True)


def test_the_image_is_read_once(world: World, image: dict[str, Any]) -> None:
    made = world.send(image)
    assert made["Data"] == {"ImageId": "ami-0123456789abcdef0"}
    publish("arm64", "ami-0fedcba9876543210")
    changed = {"Parameter": f"{IMAGES}arm64", "ServiceTimeout": "60"}
    update = {**image, "RequestType": "Update", "PhysicalResourceId": made["PhysicalResourceId"]}
    update |= {"OldResourceProperties": image["ResourceProperties"], "ResourceProperties": changed}
    again = world.send(update)
    assert (again["Data"], again["PhysicalResourceId"]) == (made["Data"], made["PhysicalResourceId"])


def test_another_parameter_gives_another_image(world: World, image: dict[str, Any]) -> None:
    made = world.send(image)
    publish("other", "ami-0fedcba9876543210")
    update = {**image, "RequestType": "Update", "PhysicalResourceId": made["PhysicalResourceId"]}
    update |= {
        "OldResourceProperties": image["ResourceProperties"],
        "ResourceProperties": {"Parameter": f"{IMAGES}other"},
    }
    assert world.send(update)["Data"] == {"ImageId": "ami-0fedcba9876543210"}


@pytest.mark.parametrize("parameter", ["absent", "nonsense"])
def test_a_parameter_without_an_image_fails_and_says_what_to_set(
    world: World, image: dict[str, Any], parameter: str
) -> None:
    publish("nonsense", "latest")
    answer = world.send({**image, "ResourceProperties": {"Parameter": IMAGES + parameter}})
    assert answer["Status"] == "FAILED"
    assert "ImageId" in answer["Reason"]


def test_the_guard_refuses_a_new_stack(world: World) -> None:
    answer = world.send(world.event("Create", "PublishedInstanceGuard"))
    assert answer["Status"] == "FAILED"
    assert "InstanceOrigin=new" in answer["Reason"]


@pytest.mark.parametrize("how", ["Update", "Delete"])
def test_the_guard_stands_in_nobodys_way_later(world: World, how: str) -> None:
    assert world.send(world.event(how, "PublishedInstanceGuard"))["Status"] == "SUCCESS"


INSTANCE = {"Type": "AWS::EC2::Instance", "Properties": {"ImageId": "ami-12c6146b"}}
A_SECRET = {"Type": "AWS::SNS::Topic"}  # the keeper asks for the name alone


@pytest.mark.parametrize(
    ("resources", "status"),
    [({"Instance": INSTANCE}, "SUCCESS"), ({"Instance": INSTANCE, "AdminSecret": A_SECRET}, "FAILED")],
    ids=["of the published template", "of this one"],
)
def test_the_guard_lets_a_published_instance_pass_and_no_other(
    world: World, resources: dict[str, Any], status: str
) -> None:
    """A stack of this template that is given a password and a user name later looks published to its condition."""
    template = json.dumps({"Resources": resources})
    world.stack = client("cloudformation").create_stack(StackName="live", TemplateBody=template)["StackId"]
    assert world.send(world.event("Create", "PublishedInstanceGuard"))["Status"] == status


@pytest.mark.parametrize("status", ["CREATE_IN_PROGRESS", "CREATE_FAILED", "DELETE_COMPLETE", "DELETE_SKIPPED"])
def test_an_instance_that_is_none_does_not_pass(world: World, monkeypatch: pytest.MonkeyPatch, status: str) -> None:
    detail = {"ResourceStatus": status, "PhysicalResourceId": "what-it-was"}
    monkeypatch.setattr(world.faults, "wrap", lambda verb, act: lambda **asked: {"StackResourceDetail": detail})
    assert world.send(world.event("Create", "PublishedInstanceGuard"))["Status"] == "FAILED"


def test_a_stack_that_cannot_be_looked_at_fails_rather_than_guesses(world: World) -> None:
    world.faults.fail("describe_stack_resource", "InternalFailure")
    assert world.send(world.event("Delete"))["Status"] == "FAILED"


@pytest.mark.parametrize("kind", ["InstanceImage", "PublishedInstanceGuard", "Unheard"])
def test_delete_of_what_holds_nothing_asks_nothing(world: World, kind: str) -> None:
    event = {**world.event("Delete", kind), "PhysicalResourceId": "what-it-was"}
    answer = world.send(event)
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", "what-it-was")
    assert world.faults.calls == []


def test_what_it_does_not_serve_fails(world: World) -> None:
    answer = world.send(world.event("Create", "Unheard"))
    assert answer["Status"] == "FAILED"
    assert "Unheard" in answer["Reason"]
