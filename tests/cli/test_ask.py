"""Picking from a list at a terminal."""

import re
from unittest.mock import Mock

import pytest

from generator.cli.ask import choose
from generator.cli.invocation import Invocation

LABELS = ["vpc-1  10.0.0.0/16  main", "vpc-2  10.1.0.0/16"]


@pytest.mark.parametrize(("typed", "picked", "listed"), [(["MAIN"], 0, 2), (["10.1"], 1, 2), (["vpc", "2"], 1, 4)])
def test_a_part_of_the_line_names_one_or_narrows_the_list(
    typed: list[str],
    picked: int,
    listed: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(Invocation, "interactive", True)
    monkeypatch.setattr("builtins.input", Mock(side_effect=typed))
    assert choose(Invocation("up"), "VPC", LABELS) == picked
    assert len(re.findall(r"\d  vpc-", capsys.readouterr().err)) == listed


@pytest.mark.parametrize(("typed", "picked"), [([""], 0), (["2"], 1), (["vpc-2"], 1), (["7", "0", "vpc-3", "1"], 0)])
def test_one_is_picked_by_number_or_id_and_nothing_else_is_taken(
    typed: list[str], picked: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Invocation, "interactive", True)
    monkeypatch.setattr("builtins.input", Mock(side_effect=typed))
    assert choose(Invocation("up"), "VPC", LABELS) == picked
    refused = [line for line in capsys.readouterr().err.splitlines() if "is not in" in line]
    assert [line.split()[-6] for line in refused] == typed[:-1]
