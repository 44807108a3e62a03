"""The pinned image, and what the keeper does not serve."""

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


INSTANCE = {"Resources": {"Instance": {"Type": "AWS::EC2::Instance", "Properties": {"ImageId": "ami-12c6146b"}}}}


@pytest.fixture
def with_instance(world: World) -> None:
    template = json.dumps(INSTANCE)
    world.stack = client("cloudformation").create_stack(StackName="live", TemplateBody=template)["StackId"]


@pytest.mark.usefixtures("with_instance")
def test_a_stack_whose_instance_has_no_image_yet_is_refused(image: dict[str, Any], world: World) -> None:
    """Our template, taken by hand to a stack of another one, would replace that stack's instance."""
    answer = world.send({**image, "StackId": world.stack})
    assert answer["Status"] == "FAILED"
    assert "would replace the stack's instance. Run: deployer upgrade" in answer["Reason"]


@pytest.mark.usefixtures("with_instance")
def test_a_stack_that_has_its_image_goes_on(image: dict[str, Any], world: World) -> None:
    made = {"PhysicalResourceId": "ami-0123456789abcdef0", "OldResourceProperties": image["ResourceProperties"]}
    answer = world.send({**image, "StackId": world.stack, "RequestType": "Update", **made})
    assert (answer["Status"], answer["Data"]) == ("SUCCESS", {"ImageId": "ami-0123456789abcdef0"})


@pytest.mark.parametrize("status", ["CREATE_IN_PROGRESS", "CREATE_FAILED", "DELETE_COMPLETE", "DELETE_SKIPPED"])
def test_an_instance_that_is_none_does_not_count(
    world: World, image: dict[str, Any], monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    detail = {"ResourceStatus": status, "PhysicalResourceId": "what-it-was"}
    answers = {"describe_stack_resource": {"StackResourceDetail": detail}}
    wrap = world.faults.wrap
    monkeypatch.setattr(
        world.faults, "wrap", lambda verb, act: (lambda **_: answers[verb]) if verb in answers else wrap(verb, act)
    )
    assert world.send(image)["Status"] == "SUCCESS"


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
