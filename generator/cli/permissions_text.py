"""The text of `deployer permissions`: each policy with the purpose of its statements, and how to create it."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from generator.model.command_line import CommandLine

if TYPE_CHECKING:
    from generator.operations.permissions import NamedPolicy, Permissions

WIDTH = 116


def permission_lines(result: Permissions) -> list[str]:
    """The policies, and the commands that create them."""
    lines = [f"Policies for {', '.join(result.verbs)} in account {result.account}, region {result.region}:"]
    for policy in result.policies:
        lines += ["", *_policy(policy)]
    return [*lines, "", *_next_steps(result)]


def _policy(policy: NamedPolicy) -> Iterator[str]:
    yield f"{policy.name} (for the {policy.whose}; {policy.characters} of 6144 characters)"
    statements = {statement["Sid"]: statement for statement in _statements(policy)}
    for purpose in policy.purposes:
        statement = statements[purpose.sid]
        yield f"  {purpose.sid}: {purpose.purpose}"
        yield from _wrapped(statement["Action"])
        yield from _wrapped(statement["Resource"], "on ")
        for operator, keys in statement.get("Condition", {}).items():
            for key, values in keys.items():
                yield from _wrapped(values, f"if {key} {operator} ")


def _statements(policy: NamedPolicy) -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = json.loads(json.dumps(policy.document))["Statement"]
    return loaded


def _wrapped(values: object, before: str = "") -> list[str]:
    text = ", ".join(values) if isinstance(values, list) else str(values)
    return textwrap.wrap(
        before + text, WIDTH, initial_indent="    ", subsequent_indent="      ", break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


def _next_steps(result: Permissions) -> Iterator[str]:
    if not any(policy.file for policy in result.policies):
        yield "Write each to a file, and see the commands that create them: add --directory policies"
        return
    commands = CommandLine()
    yield "Create them:"
    if result.trust_file:
        role = ("--role-name", result.service_role, "--assume-role-policy-document", f"file://{result.trust_file}")
        yield f"  {commands.aws('iam', 'create-role', *role)}"
    for policy in result.policies:
        words = ("--policy-name", policy.name, "--policy-document", f"file://{policy.file}")
        yield f"  {commands.aws('iam', 'create-policy', *words)}"
    yield "Then attach each one by the ARN that this prints: aws iam attach-user-policy, attach-role-policy."
