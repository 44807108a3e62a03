"""What only reads: nothing is asked, nothing is written."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from generator.errors import NotFound, UsageError
from generator.gateway.aws import Gateway
from generator.model.template_name import TemplateName
from generator.operations.stack import read
from generator.operations.templates import Freshness, GenerateRequest, Written, generate, lint
from tests.verbs.conftest import NotingCaller


def test_events_are_shown_only_to_somebody_who_follows(
    gateway: Gateway, caller: NotingCaller, create: Callable[..., None]
) -> None:
    create()
    caller.journal.clear()
    latest = read.events(gateway, 5, caller)
    assert len(latest) == 5 and latest[-1].ends_operation and caller.journal == []
    assert read.events(gateway, 5, caller, follow=True) == latest and caller.journal == ["events"]
    assert len(read.status(gateway).resources) > 10 and "InstanceId" in read.outputs(gateway)
    assert read.diff(gateway).lines == []


def test_a_template_is_compared_and_written_and_compared_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names, file = (TemplateName.VPC_ENDPOINTS,), "endpoints.yaml"
    assert generate(GenerateRequest(names, file=file, check=True)) == [Freshness(file, names[0], False)]
    [written] = generate(GenerateRequest(names, file=file))
    assert isinstance(written, Written) and written.changed
    assert generate(GenerateRequest(names, file=file)) == [Written(file, written.bytes, False)]
    assert generate(GenerateRequest(names, file=file, check=True)) == [Freshness(file, names[0], True, [])]
    Path(file).write_text(Path(file).read_text() + "# stale\n")
    [stale] = generate(GenerateRequest(names, file=file, check=True))
    assert isinstance(stale, Freshness) and stale.diff is not None and "-# stale" in stale.diff
    assert generate(GenerateRequest(names, file="-", check=True)) == [Path(file).read_text().removesuffix("# stale\n")]
    with pytest.raises(UsageError, match="no folder"):
        generate(GenerateRequest(names, file="absent/endpoints.yaml"))


@pytest.mark.parametrize(("fmt", "whole"), [("text", False), ("json", True), ("sarif", True)])
def test_findings_come_as_reports_and_where_asked_as_a_document(tmp_path: Path, fmt: str, whole: bool) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("Resources: {Thing: {Type: AWS::SNS::Topic, Properties: {NoSuch: 1}}}\n")
    result = lint([bad], fmt)
    assert not result.clean and (result.document is not None) == whole
    assert "E3002" in str(list(itertools.chain(*(report.findings for report in result.reports))))


def test_of_several_files_each_is_judged_though_one_cannot_be_read(tmp_path: Path) -> None:
    bad, broken = tmp_path / "bad.yaml", tmp_path / "broken.yaml"
    bad.write_text("Resources: {Thing: {Type: AWS::SNS::Topic, Properties: {NoSuch: 1}}}\n")
    broken.write_text("Resources: [")
    reports = lint([tmp_path / "absent.yaml", broken, bad], "sarif").reports
    assert [{finding.rule for finding in report.findings} for report in reports] == [{"E0000"}, {"E0000"}, {"E3002"}]
    with pytest.raises(NotFound):
        lint([tmp_path / "absent.yaml"])


def test_a_clean_file_is_judged_again_for_another_region(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    file = tmp_path / "a.yaml"
    file.write_text(
        "Resources: {A: {Type: AWS::AppStream::User, Properties: {UserName: a, AuthenticationType: USERPOOL}}}\n"
    )
    assert lint([file]).clean and lint([file]).clean
    assert not lint([file], region="af-south-1").clean
    with pytest.raises(UsageError, match="nowhere-1"):
        lint([file], region="nowhere-1")
