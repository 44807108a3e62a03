"""The evaluator of the proof: Node from PyPI, the pinned npm package, one process for a whole table."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.node import node
from tests.proof.resolve import Tree

HERE = Path(__file__).parent


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
        [node(HERE), str(HERE / "simulate.mjs")],
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
