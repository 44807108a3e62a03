"""A stack made from the vendor's published template: upgraded in place, instance untouched, support removed."""

from tests.embedded import Deployer


def instance(deployer: Deployer) -> object:
    return deployer.gateway.ec2.describe_instance(deployer.physical_ids()["Instance"])


def test_an_upgrade_leaves_the_instance_alone_and_moves_the_key_out_of_cloudformation(published: Deployer) -> None:
    before, ids = instance(published), published.physical_ids()
    planned = published("upgrade", "--plan", "--output", "json")
    touched = {c["logical_id"]: c for c in planned.result["change_set"]["changes"]}
    assert "Instance" not in touched
    assert touched["SupportAccessKey"]["action"] == "Remove" and touched["SupportKey"]["action"] == "Add"

    done = published.upgrade()
    assert done.code == 0, done.err
    after = published.physical_ids()
    assert instance(published) == before
    kept = (
        "Instance",
        "InstanceRole",
        "InstanceProfile",
        "InstanceSecurityGroup",
        "SupportUser",
        "SupportCredentialsSecret",
    )
    assert {k: after[k] for k in kept} == {k: ids[k] for k in kept}
    assert "SupportAccessKey" not in after


def test_its_own_template_serves_the_flip(published: Deployer) -> None:
    before = instance(published)
    flipped = published.up("--support-user=no", "--output", "json")
    assert flipped.code == 0, flipped.err
    assert all(check["holds"] for check in flipped.result["checks"])
    assert instance(published) == before
    assert set(published.physical_ids()) == {"Instance", "InstanceRole", "InstanceProfile", "InstanceSecurityGroup"}


def test_its_volume_is_said_to_go_with_the_instance_before_anything_is_deleted(published: Deployer) -> None:
    refused = published("down")
    assert refused.code == 2, "nobody was there to type the name"
    assert "has DeepSQL's data and is deleted with the instance" in refused.err
    assert published("status").code == 0
