"""A grant without an end: a far date in this version's stacks, an empty value in those of an earlier one."""

from __future__ import annotations

import json
from typing import Any

from generator.model.contract import NO_END
from generator.model.duration import parse_end
from generator.template.emit import template_dict
from tests.embedded import VENDOR_ROLE, Deployer

GRANT = ("access", "grant", "--principal", VENDOR_ROLE, "--no-expiry", "--yes")
JSON = ("--output", "json")
UNTIL = "SupportAccessUntil"


def _optional(node: Any) -> Any:
    """The ends of an earlier version: a condition, where there is an end at all."""
    if isinstance(node, list):
        return [_optional(item) for item in node]
    if not isinstance(node, dict):
        return node
    changed = {key: _optional(value) for key, value in node.items()}
    if changed.get("DateLessThan") == {"aws:CurrentTime": {"Ref": UNTIL}}:
        changed["DateLessThan"] = {"Fn::If": ["AccessEnds", changed["DateLessThan"], {"Ref": "AWS::NoValue"}]}
    return changed


def to_earlier(deployer: Deployer) -> None:
    """Give the stack this version's template with the ends as an earlier one had them, and no end."""
    template: Any = _optional(json.loads(json.dumps(template_dict())))
    pattern = template["Parameters"][UNTIL]["AllowedPattern"]
    template["Parameters"][UNTIL] |= {"Default": "", "AllowedPattern": f"^$|{pattern}"}
    template["Conditions"]["AccessEnds"] = {"Fn::Not": [{"Fn::Equals": [{"Ref": UNTIL}, ""]}]}
    deployer.update_outside(template, **{UNTIL: ""})


def until(deployer: Deployer) -> str:
    return deployer.gateway.cloudformation.describe_stack(deployer.stack_name).parameters[UNTIL]


def test_no_end_is_never_shown_as_a_date(deployer: Deployer) -> None:
    deployer.create()
    granted = deployer(*GRANT)
    assert (granted.code, until(deployer)) == (0, NO_END), granted.err
    shown, confirmed = deployer("access", "show"), deployer("access", "confirm")
    again = deployer(*GRANT)
    for ran in (granted, shown, confirmed, again):
        assert ran.code == 0 and "9999" not in ran.out + ran.err
    assert "no end" in shown.out and "no end" in confirmed.out and "nothing to change" in again.err
    ended = deployer("access", "grant", "--principal", VENDOR_ROLE, "--for", "8h", "--yes")
    assert ended.code == 0 and parse_end(until(deployer)) is not None


def test_an_empty_value_that_an_upgrade_would_keep_is_sent_as_the_far_date(deployer: Deployer) -> None:
    deployer.create()
    to_earlier(deployer)
    assert until(deployer) == ""
    assert deployer("access", "show", *JSON).result["ends"] == [None]
    assert deployer.up("--support-ports", "3035,9085").code == 0 and until(deployer) == "", "its own template takes it"
    upgraded = deployer.upgrade()
    assert (upgraded.code, until(deployer)) == (0, NO_END), upgraded.err
    shown = deployer("access", "show", *JSON).result
    assert (shown["ends"], shown["grant"]["until"]) == ([None], None)


def test_a_grant_without_an_end_on_a_stack_of_an_earlier_version(deployer: Deployer) -> None:
    deployer.create()
    to_earlier(deployer)
    granted = deployer(*GRANT)
    assert granted.code == 0 and "FAIL" not in granted.out, granted.err
    assert deployer("access", "show", *JSON).result["ends"] == [None]
    assert deployer.upgrade().code == 0 and until(deployer) == NO_END
