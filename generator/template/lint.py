"""cfn-lint in process, and the product's own rules, over any template."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

from generator.errors import NotFound, UsageError
from generator.model.lint import Finding, Level, RuleInfo
from generator.template.own_rules import OF_VARIANTS, OWN_RULES, is_ours
from generator.template.variants import dangling, decide, only_what_differs, yes_no_combinations
from generator.template.walk import Path as Place
from generator.template.walk import Tree

if TYPE_CHECKING:
    from cfnlint.match import Match
    from cfnlint.runner import Runner

MOST_BYTES = 1_048_576  # CloudFormation takes no larger template, not even from a bucket
LEVELS = {"E": Level.ERROR, "W": Level.WARNING, "I": Level.INFO}


def read_template(path: str | Path) -> str:
    """The text of a template file. Raises NotFound when it is not there, UsageError when it cannot be a template."""
    file = Path(path)
    if not file.exists():
        raise NotFound(f"There is no file {path}.", "deployer generate writes templates/deepsql-stack.yaml.")
    if not file.is_file():
        raise UsageError(f"{path} is not a file.", "deployer lint FILE")
    size = file.stat().st_size
    if size > MOST_BYTES:
        raise UsageError(_too_large(str(path), size), "Name a CloudFormation template: deployer lint FILE")
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read as text ({type(error).__name__}).", "deployer lint FILE") from None


def _too_large(name: str, size: int) -> str:
    return f"{name} has {size / 1_048_576:.1f} MiB; CloudFormation takes no template above 1 MiB."


def lint_text(text: str, name: str, regions: Sequence[str] = ("us-east-1",)) -> list[Finding]:
    """What is wrong with a template, in the order of its lines.

    cfn-lint runs once on the whole, with its own view of conditions, and once for every combination of the
    template's Yes/No parameters. Raises UsageError when the text is no template at all; `name` is for its sentence.
    """
    size = len(text.encode())
    if size > MOST_BYTES:
        raise UsageError(_too_large(name, size), "Name a CloudFormation template: deployer lint FILE")
    template = _decode(text, name)
    found = [*_own(template, text), *_cfn_lint(template, regions)]
    linted: set[str] = set()
    for answers in yes_no_combinations(template):
        found += _of_variant(template, answers, regions, found, linted)
    return sorted(found, key=lambda finding: (finding.line or 0, finding.rule, finding.path))


def _decode(text: str, name: str) -> Tree:
    from cfnlint.decode.decode import decode_str

    if not text.strip():
        raise UsageError(f"{name} is empty.", "deployer generate -o FILE writes a template.")
    template, errors = decode_str(text)
    if errors:
        first = errors[0]
        sentence = " ".join(str(first.message).split()).rstrip(".")
        raise UsageError(f"{name} is not YAML or JSON: line {first.linenumber}: {sentence}.", "Mend that line first.")
    if not isinstance(template, dict):
        raise UsageError(f"{name} holds no template: its top level is no mapping.", "deployer lint FILE")
    return cast(Tree, template)


def _own(template: Tree, text: str) -> Iterable[Finding]:
    ours = is_ours(template)
    for info, check in OWN_RULES:
        if ours or not info.ours_only:
            for place, message in check(template, text):
                yield _finding(info, message, place, template)


def _finding(info: RuleInfo, message: str, place: Place, template: Tree) -> Finding:
    return Finding(info.id, info.level, message, "/".join(map(str, place)), _line(template, place), info.source)


def _line(template: Tree, place: Place) -> int | None:
    """The line of the nearest thing on the way that knows its own: cfn-lint's mappings and lists do."""
    line: int | None = None
    node: object = template
    for step in place:
        try:
            if isinstance(node, dict):
                line = next((_start(key) for key in node if key == step), None) or line
                node = node[step]
            else:
                node = cast("list[object]", node)[cast(int, step)]
        except (KeyError, IndexError, TypeError):
            return line
        line = _start(node) or line
    return line


def _start(node: object) -> int | None:
    mark = getattr(node, "start_mark", None)
    return int(mark.line) + 1 if mark is not None else None


def load(regions: Sequence[str] = ("us-east-1",)) -> None:
    """Import cfn-lint and its rules now and not with the first template."""
    _runner(tuple(regions))


@lru_cache(maxsize=8)
def _runner(regions: tuple[str, ...]) -> Runner:
    """cfn-lint with its rules loaded, which costs more than a check: kept for the next template."""
    from cfnlint.config import ConfigMixIn
    from cfnlint.runner import Runner

    return Runner(ConfigMixIn(regions=list(regions)))


def _cfn_lint(template: Tree, regions: Sequence[str]) -> list[Finding]:
    matches = _runner(tuple(regions)).validate_template(template)
    return [_from_match(match) for match in matches]


def _from_match(match: Match) -> Finding:
    rule = str(match.rule.id)
    path = "/".join(map(str, getattr(match, "path", None) or ()))
    source = str(getattr(match.rule, "source_url", "") or "")
    level = LEVELS.get(rule[:1], Level.ERROR)
    return Finding(rule, level, str(match.message).strip(), path, int(match.linenumber), source)


def _of_variant(
    template: Tree, answers: dict[str, str], regions: Sequence[str], known: Sequence[Finding], linted: set[str]
) -> list[Finding]:
    """What is wrong with these answers and was not seen on the whole. A variant has no lines of its own."""
    case = ", ".join(f"{name}={answer}" for name, answer in answers.items())
    decided = decide(template, answers)
    found = [
        _finding(OF_VARIANTS, f"With {case}: {name} does not exist.", place, {}) for place, name in dangling(decided)
    ]
    reduced, kept = only_what_differs(template, decided, linted)
    seen = {(finding.rule, _decided_path(finding.path)) for finding in known}
    if kept:
        for finding in _cfn_lint(_decode(json.dumps(reduced), "the variant"), regions):
            if "/".join(finding.path.split("/")[:2]) in kept and (finding.rule, finding.path) not in seen:
                found.append(replace(finding, message=f"With {case}: {finding.message}", line=None))
    return found


def _decided_path(path: str) -> str:
    """The path on the whole as it is in a variant, where an `Fn::If` is its branch."""
    return re.sub(r"/Fn::If/[12]", "", path)
