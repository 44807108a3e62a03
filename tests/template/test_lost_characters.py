"""A `?` in what is carried over may stand for a character that GetTemplate lost."""

from __future__ import annotations

import pytest

from generator.template.adoption import adopt
from generator.template.emit import wire
from generator.template.lost_characters import MAY_BE_LOST, as_given_back, garbled, places
from tests.template.rendered import PUBLISHED_FILE

OURS, PUBLISHED = wire(), PUBLISHED_FILE.read_text(encoding="utf-8")


def test_what_is_ours_or_a_shell_s_is_no_lost_character() -> None:
    for live in (OURS, PUBLISHED):
        lost = places(adopt(OURS, live).text, OURS)
        assert not lost and not garbled(lost, OURS)


@pytest.mark.parametrize(
    ("old", "new", "place", "resources"),
    [
        ("#!/bin/bash", "#!/bin/bash # f\u00fcr uns", "Resources/Instance/Properties/UserData", {"Instance"}),
        ("Outputs:\n", "Outputs:\n  Theirs:\n    Value: in \u65e5\u672c\n", "Outputs/Theirs/Value", set()),
        (
            "Resources:\n",
            'Resources:\n  Theirs: {Type: "AWS::SNS::Topic", Properties: {DisplayName: Zo\u00eb}}\n',
            "Resources/Theirs/Properties/DisplayName",
            {"Theirs"},
        ),
    ],
)
def test_what_was_lost_is_named(old: str, new: str, place: str, resources: set[str]) -> None:
    assert old in PUBLISHED
    whole = PUBLISHED.replace(old, new, 1)
    lost = places(adopt(OURS, as_given_back(whole)).text, OURS)
    assert lost == (place,) and garbled(lost, OURS) == resources
    kept = adopt(OURS, whole).text
    assert kept.isascii() and not places(kept, OURS), "as escapes nothing is lost"


@pytest.mark.parametrize(
    ("text", "may"),
    [("$?", False), ("a-??????", False), ("a-?????", True), ("a??????", True), ("-" + "?" * 17, False)],
)
def test_patterns_of_a_policy_are_no_lost_characters(text: str, may: bool) -> None:
    assert bool(MAY_BE_LOST.search(text)) == may


def test_what_the_instance_takes_from_a_mapping_counts_as_its_own() -> None:
    assert garbled(("Mappings/Names/one/two",), OURS) == {"Instance"}
    assert garbled(("Resources/KeeperRole/Properties/RoleName", "Parameters/X/Description"), OURS) == set()
