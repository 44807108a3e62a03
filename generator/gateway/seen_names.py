"""Which stacks, instances and databases an answer of AWS names: what the completion of a shell offers next time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from generator.model.names import is_name

_PLACES: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "DescribeStacks": (("stack", ("Stacks", "StackName")),),
    "DescribeInstances": (("instance", ("Reservations", "Instances", "InstanceId")),),
    "DescribeInstanceInformation": (("instance", ("InstanceInformationList", "InstanceId")),),
    "DescribeDBClusters": (("database", ("DBClusters", "DBClusterIdentifier")),),
    "DescribeDBInstances": (("database", ("DBInstances", "DBInstanceIdentifier")),),
}
"""By operation: the kind of name, and the members that lead to it; lists are entered."""


def names_in(operation: str, answer: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each kind and name in the answer of an operation, in the answer's order; what has another form is no name."""
    yield from ((kind, name) for kind, name in _named(operation, answer) if is_name(kind, name))


def _named(operation: str, answer: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for kind, path in _PLACES.get(operation, ()):
        yield from ((kind, name) for name in _at(answer, path))
    if operation == "DescribeStacks":
        outputs = [output for stack in answer.get("Stacks", ()) for output in stack.get("Outputs", ())]
        yield from (("instance", out["OutputValue"]) for out in outputs if out["OutputKey"] == "InstanceId")


def _at(value: Any, path: tuple[str, ...]) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _at(each, path)
    elif path and isinstance(value, Mapping):
        yield from _at(value.get(path[0]), path[1:])
    elif isinstance(value, str) and not path:
        yield value
