"""A parameter file: each form that `aws cloudformation` takes, and what is refused."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from generator.cli.parameter_file import ParameterFile, named_file, read_parameter_file, read_parameter_files
from generator.errors import UsageError

WANTED = {"InstanceName": "012", "CreateSupportUser": "No"}


BOMB = "a: &a x\n" + "".join(f"{to}: &{to} [{', '.join([f'*{of}'] * 9)}]\n" for of, to in pairwise("abcdefghijklmno"))
"""Nine times nine times nine, as each line says nine times what the one before it says."""


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
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
        ("a: " + "{a: " * 5000, "nested too deeply"),
        ("a: &a [*a]", "neither JSON nor YAML"),
        ("&a {b: *a}", "neither JSON nor YAML"),
        (BOMB, "gives the parameter c no text"),
        ("just words", "has an entry that is no parameter"),
        ("[1]", "has an entry that is no parameter"),
        ('{"InstanceName": null}', "gives the parameter InstanceName no text"),
        ('["InstanceName=1", "InstanceName=2"]', "gives the parameter InstanceName twice"),
        ('{"InstanceName": "1", "InstanceName": "2"}', "gives InstanceName twice"),
        ('Parameters:\n  InstanceName: "1"\n  InstanceName: "2"\n', "gives InstanceName twice"),
        ('{"Parameters": {}, "Tags": ["team"]}', "has a tag without Key and Value"),
        ('{"Parameters": {}, "StackPolicy": {"Statement": []}}', "has a StackPolicy"),
    ],
    ids=lambda text: text[:30],
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


@pytest.mark.parametrize("text", ["", "\n", "{}", "[]", "---\n# nothing yet\n", "null", '{"Parameters": {}}'])
def test_an_empty_file_is_called_that_and_nothing_is_done_in_silence(text: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"parameters is empty: it gives no parameter and no tag\.") as caught:
        read_parameter_file(written(tmp_path, text))
    assert caught.value.code == "empty-file"


def several(tmp_path: Path, *texts: str) -> list[str]:
    paths = [tmp_path / f"{number}.yaml" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    return [str(path) for path in paths]


def test_several_files_are_taken_together(tmp_path: Path) -> None:
    assert read_parameter_files([]) == ParameterFile()
    tags = '{"Parameters": {"VolumeSizeGiB": "60"}, "Tags": {"team": "data"}}'
    file = read_parameter_files(several(tmp_path, "InstanceName: a\n", tags, "CreateSupportUser: no\n"))
    assert file.values == {"InstanceName": "a", "VolumeSizeGiB": "60", "CreateSupportUser": "No"}
    assert file.tags == {"team": "data"}


@pytest.mark.parametrize(
    ("first", "second", "key"),
    [
        ("InstanceName: a\n", "InstanceName: b\n", "InstanceName"),
        ("InstanceName: a\n", "- InstanceName=a\n", "InstanceName"),
        ('{"Parameters": {"A": "1"}, "Tags": {"a": "1"}}', '{"Parameters": {"B": "1"}, "Tags": {"b": "1"}}', "Tags"),
    ],
)
def test_what_two_files_give_is_refused_by_both_names(first: str, second: str, key: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=rf"0\.yaml and .*1\.yaml both give {key}\."):
        read_parameter_files(several(tmp_path, first, second))


@pytest.mark.parametrize("typed", ["file:///tmp/a.json", "/tmp/a.json"])
def test_a_path_may_have_the_aws_command_lines_prefix(typed: str) -> None:
    assert named_file(typed) == Path("/tmp/a.json")
