"""A parameter file: each form that `aws cloudformation` takes, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.cli.parameter_file import named_file, read_parameter_file
from generator.errors import UsageError

WANTED = {"InstanceName": "012", "CreateSupportUser": "No"}


def written(folder: Path, text: str, mode: int = 0o644) -> Path:
    path = folder / "parameters"
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    "text",
    [
        (
            '[{"ParameterKey": "InstanceName", "ParameterValue": "012"},'
            ' {"ParameterKey": "VpcId", "UsePreviousValue": true},'
            ' {"ParameterKey": "CreateSupportUser", "ParameterValue": "No"}]'
        ),
        '["InstanceName=012", "CreateSupportUser=No"]',
        '{"Parameters": {"InstanceName": "012", "CreateSupportUser": "No"}}',
        '{"InstanceName": "012", "CreateSupportUser": false}',
        "InstanceName: 012\nCreateSupportUser: no\n",
        "Parameters:\n  InstanceName: 012\n  CreateSupportUser: No\n",
        "- ParameterKey: InstanceName\n  ParameterValue: 012\n- CreateSupportUser=No\n",
    ],
)
def test_every_form_gives_the_same_values_as_they_are_written(text: str, tmp_path: Path) -> None:
    file = read_parameter_file(written(tmp_path, text))
    assert file.values == WANTED and file.tags is None


def test_numbers_and_lists_become_what_cloudformation_takes(tmp_path: Path) -> None:
    file = read_parameter_file(written(tmp_path, '{"VolumeSizeGiB": 60, "SupportPorts": ["3035", "9085"]}'))
    assert file.values == {"VolumeSizeGiB": "60", "SupportPorts": "3035,9085"}


@pytest.mark.parametrize("tags", ['{"team": "data"}', '[{"Key": "team", "Value": "data"}]'])
def test_tags_are_taken_in_both_forms(tags: str, tmp_path: Path) -> None:
    file = read_parameter_file(written(tmp_path, f'{{"Parameters": {{}}, "Tags": {tags}}}'))
    assert file.tags == {"team": "data"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: [", "neither JSON nor YAML"),
        ("just words", "has an entry that is no parameter"),
        ("[1]", "has an entry that is no parameter"),
        ('{"InstanceName": null}', "gives the parameter InstanceName no text"),
        ('["InstanceName=1", "InstanceName=2"]', "gives the parameter InstanceName twice"),
        ('{"InstanceName": "1", "InstanceName": "2"}', "gives InstanceName twice"),
        ('Parameters:\n  InstanceName: "1"\n  InstanceName: "2"\n', "gives InstanceName twice"),
        ('{"Parameters": {}, "Tags": ["team"]}', "has a tag without Key and Value"),
        ('{"Parameters": {}, "StackPolicy": {"Statement": []}}', "has a StackPolicy"),
    ],
)
def test_anything_else_is_refused_by_name(text: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=sentence):
        read_parameter_file(written(tmp_path, text))


@pytest.mark.parametrize(
    ("mode", "refused"), [(0o644, True), (0o640, True), (0o620, True), (0o600, False), (0o400, False)]
)
def test_a_secret_is_read_only_from_a_file_that_is_closed_to_others(mode: int, refused: bool, tmp_path: Path) -> None:
    path = written(tmp_path, "AdminPassword: canary-of-the-password\n", mode)
    if not refused:
        file = read_parameter_file(path)
        assert file.values["AdminPassword"] == "canary-of-the-password" and "canary" not in repr(file)
        return
    with pytest.raises(UsageError) as caught:
        read_parameter_file(path)
    assert f"chmod 600 {path}" in caught.value.hint and "canary" not in caught.value.message


def test_a_broken_file_with_a_secret_is_not_quoted(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        read_parameter_file(written(tmp_path, 'AdminPassword: "canary-of-the-password\n', 0o600))
    assert "canary" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize("typed", ["file:///tmp/a.json", "/tmp/a.json"])
def test_a_path_may_have_the_aws_command_lines_prefix(typed: str) -> None:
    assert named_file(typed) == Path("/tmp/a.json")
