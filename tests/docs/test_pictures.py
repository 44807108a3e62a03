"""The drawn pages: what is drawn is what the source and the template have, and everything drawn can be read as text."""

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import Any

import pytest

from generator.template.emit import template_dict
from tests.docs.drawing import WIDTH, Box, rows, svg
from tests.docs.pictures import _named, parts, rooms
from tests.test_rooms import MAY_IMPORT

SVG = "{http://www.w3.org/2000/svg}"
DRAWN = pytest.mark.parametrize(("boxes", "verb"), [(rooms(), "imports"), (parts(), "uses")], ids=["rooms", "parts"])


def box(*uses: str) -> Box:
    return Box((), frozenset(uses))


def test_the_rooms_are_those_of_the_rule_and_import_no_others() -> None:
    drawn = rooms()
    assert set(drawn) == set(MAY_IMPORT) and all(box.uses <= MAY_IMPORT[room] for room, box in drawn.items())
    assert drawn["cli"].uses == {"errors", "model", "operations"} and drawn["policies"].uses == {"model"}


def test_every_resource_is_in_one_part_with_its_condition() -> None:
    lines = [line for part in parts().values() for line in part.lines]
    resources: dict[str, Any] = template_dict()["Resources"]
    assert sorted(line.split()[0] for line in lines) == sorted(resources)
    assert {"Instance", "SupportKey if WantSupportUser", "BastionGroup if WantBastionGroup"} <= set(lines)


def test_a_part_uses_those_whose_resources_it_names() -> None:
    drawn = parts()
    assert drawn["session log"].uses == {"stack key"} and drawn["stack key"].uses == set()
    assert drawn["access end"].uses == {"instance", "keeper", "support", "support role"}


@pytest.mark.parametrize(
    "value",
    [
        {"Ref": "Named"},
        {"Fn::GetAtt": ["Named", "Arn"]},
        {"Fn::GetAtt": "Named.Arn"},
        {"Fn::Sub": "arn:${Named.Arn}"},
        {"Fn::Sub": ["${Named}${Other}", {"Other": 1}]},
        {"Fn::Sub": ["${Other}", {"Other": {"Ref": "Named"}}]},
        {"DependsOn": "Named"},
        {"DependsOn": ["Named"]},
        {"a": [{"b": {"Ref": "Named"}}]},
    ],
)
def test_every_form_of_a_reference_is_read(value: Any) -> None:
    assert "Named" in set(_named(value))


def test_a_box_stands_below_all_that_use_it() -> None:
    chain = {"a": box("b", "c"), "b": box("c"), "c": box(), "alone": box(), "late": box("c")}
    assert rows(chain) == [["a"], ["b", "late"], ["c", "alone"]]


def test_a_circle_is_refused_with_its_names() -> None:
    with pytest.raises(ValueError, match="a circle"):
        rows({"top": box("a"), "a": box("b"), "b": box("a")})


@DRAWN
def test_every_box_is_above_what_it_uses(boxes: Mapping[str, Box], verb: str) -> None:
    row = {name: number for number, names in enumerate(rows(boxes)) for name in names}
    assert all(row[name] < row[used] for name, box in boxes.items() for used in box.uses)


@DRAWN
def test_the_picture_can_be_read_as_text_and_fits_the_page(boxes: Mapping[str, Box], verb: str) -> None:
    root = ET.fromstring(svg("A title", boxes, verb))
    said = root.findtext(f"{SVG}desc") or ""
    assert root.findtext(f"{SVG}title") == "A title" and root.get("role") == "img"
    for name, drawn in boxes.items():
        assert f"{name} {verb} {', '.join(sorted(drawn.uses)) or 'nothing'}." in said
    frames = [{key: float(rect.get(key, "")) for key in ("x", "width")} for rect in root.iter(f"{SVG}rect")]
    assert len(frames) == len(boxes) and all(frame["x"] + frame["width"] < WIDTH for frame in frames)


def test_an_arrow_says_nothing_twice() -> None:
    picture = svg("t", {"a": box("b", "c"), "b": box("c"), "c": box()}, "uses")
    assert picture.count("marker-end") == 2
