"""The time is passed and never read in the middle of a decision; read off the source, with the few places that may."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "generator"
READERS = {
    "operations/clock.py": "the clock itself",
    "cli/progress.py": "a line on the screen that counts seconds",
    "host/shared_key.py": "the age of files, by this computer's own clock",
    "channel/channel.py": "a timer of the channel, set to the end of access",
    "channel/buffers.py": "the time of day that a frame carries",
    "channel/port.py": "the same for a connection that is about to be opened",
    "keeper/": "its Lambda function has no caller that could pass a time",
    "sandbox/": "it is an AWS, and AWS has its own time",
}
READS = {"now", "utcnow", "today", "time", "monotonic", "perf_counter", "monotonic_ns", "time_ns", "perf_counter_ns"}
MODULES = {"datetime", "date", "time", "dt"}


def clock_reads(source: str) -> Iterator[str]:
    """Every use of a function of `time` or `datetime` that tells the time: called, or passed on."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in READS:
            owner = node.value.attr if isinstance(node.value, ast.Attribute) else ast.unparse(node.value)
            if owner in MODULES:
                yield f"line {node.lineno}: {ast.unparse(node)}"
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            yield from (f"line {node.lineno}: {alias.name}" for alias in node.names if alias.name in READS)


def system_clock_in_code(source: str) -> Iterator[str]:
    """Every use of the computer's clock that is not the default of an argument or of a dataclass's field."""
    tree, allowed = ast.parse(source), set[int]()
    for node in ast.walk(tree):
        if isinstance(node, ast.arguments):
            allowed |= {id(default) for default in (*node.defaults, *node.kw_defaults)}
        if isinstance(node, ast.keyword) and node.arg == "default":
            allowed.add(id(node.value))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and (node.id, id(node) in allowed) == ("SYSTEM", False):
            yield from [f"line {node.lineno}"] * isinstance(node.ctx, ast.Load)


def _offences(sources: Iterator[Path], find: object) -> dict[str, list[str]]:
    found = {str(path.relative_to(ROOT)): list(find(path.read_text())) for path in sources}  # type: ignore[operator]
    return {name: lines for name, lines in found.items() if lines}


def test_the_time_is_read_in_few_places_only() -> None:
    reads = _offences(ROOT.rglob("*.py"), clock_reads)
    assert {name: lines for name, lines in reads.items() if not name.startswith(tuple(READERS))} == {}
    unused = [prefix for prefix in READERS if not any(name.startswith(prefix) for name in reads)]
    assert unused == [], "these read no clock any more: take them off the list"


def test_operations_have_the_computers_clock_as_a_default_only() -> None:
    assert _offences((ROOT / "operations").rglob("*.py"), system_clock_in_code) == {}


@pytest.mark.parametrize(
    ("source", "find"),
    [
        ("from datetime import datetime, UTC\nif datetime.now(UTC) > end: ...", clock_reads),
        ("import datetime\nx = datetime.datetime.utcnow()", clock_reads),
        ("import time\nbegan = time.monotonic()", clock_reads),
        ("import time\ndef f(now=time.time): ...", clock_reads),
        ("from time import monotonic", clock_reads),
        ("def f(clock=SYSTEM): return SYSTEM.now()", system_clock_in_code),
    ],
)
def test_the_two_checks_find_what_they_look_for(source: str, find: object) -> None:
    assert list(find(source))  # type: ignore[operator]


def test_a_clock_that_was_passed_is_no_read_of_the_time() -> None:
    source = "def f(clock: Clock = SYSTEM, now=0): return clock.now() - clock.seconds() + now"
    assert list(clock_reads(source)) == [] == list(system_clock_in_code(source))
