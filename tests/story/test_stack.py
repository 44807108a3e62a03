"""The stack's life through whole commands."""

import json
import re

import pytest

from tests.embedded import PLACE, Deployer

SUPPORT = {"SupportUser", "SupportUserPolicy", "SupportCredentialsSecret", "SupportKey", "SupportSessionPolicy"}


def test_create_flip_back_and_take_down(deployer: Deployer) -> None:
    made = deployer.create()
    assert "add  Instance" in made.err and "CREATE_COMPLETE" in made.err
    before = deployer.physical_ids()
    assert set(before) >= SUPPORT

    closed = deployer.up("--support-user=no", "--output", "json")
    assert closed.code == 0
    checks = {c["subject"]: c["holds"] for c in closed.result["checks"]}
    assert len(checks) == 5 and all(checks.values()), checks
    after = deployer.physical_ids()
    assert not SUPPORT & set(after) and after["Instance"] == before["Instance"]

    assert deployer.up("--support-user=yes").code == 0
    assert set(deployer.physical_ids()) >= SUPPORT

    gone = deployer("down", "--yes")
    assert gone.code == 0 and "is deleted" in gone.out
    for kept in ("volume vol-", "log group", "KMS key"):
        assert kept in gone.out
    assert deployer("status").code == 4


def test_nothing_to_do_is_said_and_costs_no_write(deployer: Deployer) -> None:
    deployer.create()
    for argv in ((), ("--support-user=yes",), ("--instance-name", "deepsql-selfhost")):
        again = deployer.up(*argv)
        assert again.code == 0 and "nothing to change" in again.err, again.err


def test_plan_changes_nothing_not_even_for_a_new_stack(deployer: Deployer) -> None:
    planned = deployer("up", *PLACE, "--plan")
    assert planned.code == 0 and planned.out.count("add  Instance ") == 1 and "Instance" not in planned.err
    assert deployer("status").code == 4
    deployer.create()
    before = deployer.physical_ids()
    assert deployer("up", "--support-user=no", "--plan").code == 0
    assert deployer.physical_ids() == before


def test_what_would_replace_the_instance_is_refused_until_it_is_named(deployer: Deployer) -> None:
    deployer.create()
    before = deployer.physical_ids()
    refused = deployer.up("--image-id", "ami-0123456789abcdef0")
    assert refused.code == 3 and "--allow-replacement Instance" in refused.err
    assert deployer.physical_ids() == before
    allowed = deployer.up("--image-id", "ami-0123456789abcdef0", "--allow-replacement", "Instance")
    assert allowed.code == 0, allowed.err
    assert deployer.physical_ids()["Instance"] != before["Instance"]


def test_without_an_answer_nothing_is_changed(deployer: Deployer) -> None:
    refused = deployer("up", *PLACE)
    assert refused.code == 2 and "--yes" in refused.err
    assert deployer("status").code == 4


def test_missing_parameters_come_with_what_the_account_offers(deployer: Deployer) -> None:
    missing = deployer("up", "--yes", "--admin-email", "a@example.com", "--output", "json")
    assert missing.code == 2 and missing.error["code"] == "missing-parameter"
    assert "vpc-00000001  172.31.0.0/16  sandbox" in missing.error["hint"]
    assert "SubnetId" in missing.error["message"] and "in vpc-00000001" in missing.error["hint"]
    everything = deployer("up", "--plan")
    assert everything.code == 2 and "give --vpc-id, --subnet-id and --admin-email." in everything.err
    assert "--admin-email: E-mail" in everything.err
    subnet = deployer("up", "--yes", "--vpc-id", "vpc-00000001", "--admin-email", "a@example.com")
    assert re.search(r"subnet-00000002 .* private", subnet.err)


def test_every_reading_command_speaks_the_envelope(deployer: Deployer) -> None:
    deployer.create()
    for command in ("status", "outputs", "events", "diff"):
        outcome = deployer(command, "--output", "json")
        envelope = json.loads(outcome.out)
        assert outcome.code == 0 and envelope["ok"] and envelope["command"] == command


def test_status_shows_no_password_and_deletion_is_protected(
    deployer: Deployer, tmp_path: pytest.TempPathFactory
) -> None:
    secret = tmp_path / "password"  # type: ignore[operator]
    secret.write_text("canary-correct-horse\n")
    deployer.create("--admin-password-file", str(secret))
    shown = deployer("status")
    assert "canary" not in shown.out + shown.err and "protected" in shown.out


def test_a_diff_against_this_version_is_empty_after_up(deployer: Deployer) -> None:
    deployer.create()
    assert deployer("diff", "--check").code == 0


def test_a_renamed_support_user_leaves_no_user_and_no_key_behind(deployer: Deployer) -> None:
    deployer.create("--support-user-name", f"{deployer.stack_name}-a")
    old = deployer.physical_ids()["SupportUser"]
    renamed = deployer.up("--support-user-name", f"{deployer.stack_name}-b")
    assert renamed.code == 0, renamed.err
    assert not deployer.gateway.iam.user_exists(old)
    keys = deployer.gateway.iam.list_access_keys(deployer.physical_ids()["SupportUser"])
    assert [key.active for key in keys] == [True]
