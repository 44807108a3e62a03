"""What a value of a policy says, however it is spelled."""

from __future__ import annotations

import re

from generator.lint.traverse import mapping

EVERYTHING = re.compile(r"\*+|arn(:\*+)+")


def is_everything(value: object) -> bool:
    """Whether a value, one of a list, or one branch of a condition is `*`, also where a function puts it together."""
    if isinstance(value, list):
        return any(map(is_everything, value))
    if isinstance(value, dict):
        chosen = value.get("Fn::If")
        if isinstance(chosen, list):
            return any(map(is_everything, chosen[1:]))
        return is_everything(_text(value))
    return isinstance(value, str) and bool(EVERYTHING.fullmatch(value))


def _text(value: object) -> str | None:
    """What a value says without knowing any parameter: a text, or a function over texts; None for anything else."""
    if isinstance(value, str):
        return value
    written, joined = mapping(value).get("Fn::Sub"), mapping(value).get("Fn::Join")
    if isinstance(written, list) and written:
        variables = {str(name): _text(item) for name, item in mapping(written[-1]).items()}
        written = re.sub(r"\$\{(\w+)\}", lambda name: variables.get(name[1]) or name[0], str(written[0]))
    if isinstance(joined, list) and len(joined) == 2 and isinstance(joined[1], list):
        parts = [_text(item) for item in joined[1]]
        return None if None in parts else str(joined[0]).join(map(str, parts))
    return written if isinstance(written, str) else None


def is_function(value: object) -> bool:
    """Whether it is a function of CloudFormation and not a mapping of its own."""
    return any(str(key).startswith("Fn::") or key == "Ref" for key in mapping(value))
