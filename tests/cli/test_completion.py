"""What the shell's completion offers: names that the last commands saw, of the place that was typed."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from generator.gateway.seen_names import names_in
from generator.operations import completion_names
from generator.operations.completion_names import MOST, remember, seen
from generator.sandbox import state

DEPLOYER = Path(sys.executable).with_name("deployer")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / name))
    return tmp_path / "deployer" / completion_names.FILE


def looked(region: str, *names: tuple[str, str], sandbox: bool = False) -> None:
    """As if a command had asked AWS there, and had seen these names."""
    remember(
        SimpleNamespace(  # type: ignore[arg-type]
            seen_names=list(names), region=region, regions=["eu-west-1", "us-east-1"], only_sandbox=sandbox
        )
    )


def offered(line: str) -> list[str]:
    """What bash offers at the end of a line: its own words, in its own variables."""
    words = line.split(" ")
    variables = {"_DEPLOYER_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    done = subprocess.run([DEPLOYER], env={**os.environ, **variables}, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.stdout.split()


def test_names_are_offered_where_they_are_typed() -> None:
    looked("eu-west-1", ("stack", "green"), ("instance", "i-0a"), ("database", "orders"))
    looked("us-east-1", ("stack", "blue"), ("instance", "i-0b"))
    looked("us-east-1", ("stack", "tried"), sandbox=True)
    assert offered("deployer status --stack-name ") == ["green", "blue"]
    assert offered("deployer status --stack-name b") == ["blue"]
    assert offered("deployer status --region us-east-1 --stack-name ") == ["blue"]
    assert offered("deployer --sandbox status --stack-name ") == ["tried"]
    assert offered("deployer connect ") == ["i-0a", "i-0b"]
    assert offered("deployer ssh i-0b") == ["i-0b"]
    assert offered("deployer db connect ") == ["orders"]
    assert offered("deployer status --region ") == ["eu-west-1", "us-east-1"]


def test_a_shell_that_points_to_the_sandbox_is_offered_its_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked("us-east-1", ("stack", "real"), ("instance", "i-0a"))
    looked("us-east-1", ("stack", "tried"), ("instance", "i-0b"), sandbox=True)
    monkeypatch.setenv("DEPLOYER_SANDBOX_HOME", str(tmp_path))
    for name, value in state.environment(state.SandboxState(0, 1, str(tmp_path), "ab" * 32)).items():
        monkeypatch.setenv(name, value)
    assert offered("deployer status --stack-name ") == ["tried"] and offered("deployer connect ") == ["i-0b"]
    assert offered("deployer status --region us-east-1 --stack-name ") == ["tried"]


NO_NAMES = ["$(touch${IFS}x)", "`id`", "a;b", "-i-1", "i-1 x", "i-1\n", "", "../x", "a_b", "é"]


@pytest.mark.parametrize("kind", ["stack", "instance", "database", "another"])
def test_what_has_another_form_is_neither_stored_nor_offered(kind: str, cache: Path) -> None:
    stacks = [{"StackName": name, "Outputs": [{"OutputKey": "InstanceId", "OutputValue": name}]} for name in NO_NAMES]
    assert list(names_in("DescribeStacks", {"Stacks": stacks})) == []
    cache.parent.mkdir()
    cache.write_text(json.dumps({"eu-west-1": {kind: NO_NAMES}, "regions": {"regions": NO_NAMES}, "$(id)": {}}))
    assert seen(kind) == [] and completion_names.regions() == ["eu-west-1"]


def test_the_regions_of_each_partition_that_was_asked_are_offered() -> None:
    looked("eu-west-1", ("stack", "green"))
    for partition, region in (
        ("aws-cn", "cn-north-1"),
        ("aws-us-gov", "us-gov-west-1"),
        ("aws-eusc", "eusc-de-east-1"),
    ):
        remember(
            SimpleNamespace(  # type: ignore[arg-type]
                seen_names=[("stack", partition)], region=region, regions=[region], only_sandbox=False
            )
        )
    assert {"eu-west-1", "us-east-1", "cn-north-1", "us-gov-west-1", "eusc-de-east-1"} == set(
        completion_names.regions()
    )


def test_profiles_are_read_from_the_files_of_the_aws_configuration(tmp_path: Path) -> None:
    (tmp_path / "AWS_CONFIG_FILE").write_text("[default]\n[profile prod]\nregion=x\n[sso-session s]\n[profile 'a b']\n")
    (tmp_path / "AWS_SHARED_CREDENTIALS_FILE").write_text("[prod]\n[keys]\n")
    assert completion_names.profiles() == ["default", "prod", "a b", "keys"]
    assert offered("deployer status --profile p") == ["prod"]
    (tmp_path / "AWS_CONFIG_FILE").write_bytes(b"[default\n\xff")
    assert completion_names.profiles() == ["prod", "keys"]


@pytest.mark.parametrize("junk", ["", "{", "[]", '{"eu-west-1": []}', '{"eu-west-1": {"stack": 1}}', "\x00"])
def test_a_file_that_is_no_cache_offers_nothing_and_is_written_anew(cache: Path, junk: str) -> None:
    cache.parent.mkdir()
    cache.write_text(junk)
    assert seen("stack") == []
    looked("eu-west-1", ("stack", "green"))
    assert seen("stack") == ["green"]


def test_the_newest_comes_first_and_the_oldest_goes(cache: Path) -> None:
    looked("eu-west-1", *(("stack", f"s{number}") for number in range(MOST + 5)))
    looked("eu-west-1", ("stack", "s7"))
    assert seen("stack")[:2] == ["s7", "s0"] and len(seen("stack")) == MOST
    assert stat.S_IMODE(cache.stat().st_mode) == 0o600


def test_a_cache_that_cannot_be_written_stops_no_command(cache: Path) -> None:
    cache.mkdir(parents=True)
    looked("eu-west-1", ("stack", "green"))
    assert seen("stack") == []


def test_nothing_is_written_where_nothing_new_was_seen(cache: Path) -> None:
    looked("eu-west-1", ("stack", "green"))
    before = cache.stat().st_mtime_ns
    looked("eu-west-1", ("stack", "green"))
    looked("eu-west-1")
    assert cache.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("operation", "answer", "names"),
    [
        (
            "DescribeStacks",
            {"Stacks": [{"StackName": "s", "Outputs": [{"OutputKey": "InstanceId", "OutputValue": "i-1"}]}]},
            [("stack", "s"), ("instance", "i-1")],
        ),
        (
            "DescribeInstances",
            {"Reservations": [{"Instances": [{"InstanceId": "i-1"}]}, {"Instances": [{"InstanceId": "i-2"}]}]},
            [("instance", "i-1"), ("instance", "i-2")],
        ),
        ("DescribeInstanceInformation", {"InstanceInformationList": [{"InstanceId": "mi-1"}]}, [("instance", "mi-1")]),
        ("DescribeDBClusters", {"DBClusters": [{"DBClusterIdentifier": "c"}]}, [("database", "c")]),
        ("DescribeDBInstances", {"DBInstances": [{"DBInstanceIdentifier": "d"}]}, [("database", "d")]),
        ("DescribeStacks", {"Error": {"Code": "ValidationError"}}, []),
        ("GetSecretValue", {"SecretString": "x", "Name": "s"}, []),
    ],
)
def test_what_an_answer_names(operation: str, answer: dict[str, Any], names: list[tuple[str, str]]) -> None:
    assert list(names_in(operation, answer)) == names


def test_only_names_of_the_table_reach_the_file(cache: Path) -> None:
    looked("eu-west-1", ("stack", "green"))
    assert json.loads(cache.read_text()) == {
        "eu-west-1": {"stack": ["green"]},
        "regions": {"regions": ["eu-west-1", "us-east-1"]},
    }
