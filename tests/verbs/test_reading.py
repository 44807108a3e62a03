"""What only reads: nothing is asked, nothing is written."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from generator.errors import UsageError
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
