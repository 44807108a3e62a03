"""cfn-lint in process, and the product's own rules, over any template."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

from generator.errors import NotFound, UsageError
from generator.lint.batches import Batch, batches, statement_texts
from generator.lint.rules import OF_FAILURE, OF_VARIANTS, OWN_RULES, is_ours
from generator.lint.traverse import Path as Place
from generator.lint.traverse import Tree, resources
from generator.lint.variants import Variants, yes_no_combinations
from generator.model.lint import Finding, Level, RuleInfo
from generator.model.unreadable_text import unreadable_text
from generator.template.nesting import DEEPEST, too_deep

if TYPE_CHECKING:
    from cfnlint.match import Match
    from cfnlint.rules import CloudFormationLintRule, Rules
    from cfnlint.runner import Runner

MOST_BYTES = 1_048_576  # CloudFormation takes no larger template, not even from a bucket
OF_A_TYPE = re.compile(r"Resources/AWS::[^/*]+(/|$)")  # the keyword of a cfn-lint rule for one resource type
UNREADABLE = "E0000"  # cfn-lint's own rule for what cannot be parsed
STOPPED = "E0002"  # cfn-lint's own rule for a fault in its own processing
LEVELS = {"E": Level.ERROR, "W": Level.WARNING, "I": Level.INFO}


def read_template(path: str | Path) -> str:
    """The text of a template file. Raises NotFound when it does not exist, UsageError when it cannot be a template."""
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
        raise unreadable_text(path, error) from None


def _too_large(name: str, size: int) -> str:
    return f"{name} has {size / 1_048_576:.1f} MiB; CloudFormation takes no template above 1 MiB."


def lint_text(text: str, name: str, regions: Sequence[str] = ("us-east-1",), file: str | None = None) -> list[Finding]:
    """What is wrong with a template, in the order of its lines.

    cfn-lint runs on the whole, with its own view of conditions, and on what each combination of the template's Yes/No
    parameters changes. A text that cannot be parsed gives findings (E0000). Raises UsageError when it is too large for
    CloudFormation; `name` is for its sentence. `file`: the path that the text is from, if it is from one: cfn-lint
    looks at the file's size and at the templates beside it that the text names as nested stacks.
    """
    size = len(text.encode())
    if size > MOST_BYTES:
        raise UsageError(_too_large(name, size), "Name a CloudFormation template: deployer lint FILE")
    template = _decode(text)
    if not isinstance(template, dict):
        return template
    findings = [*_own(template, text), *_cfn_lint(template, regions, file)]
    findings += _guarded(OF_VARIANTS, lambda: _of_variants(template, regions, findings))
    return sorted(findings, key=lambda finding: (finding.line or 0, finding.rule, finding.path))


def _decode(text: str) -> Tree | list[Finding]:
    """The template, or why it is none: every place that the parser names."""
    from cfnlint.decode.decode import decode_str

    if not text.strip():
        return [unreadable("The file is empty.")]
    if too_deep(text):
        return [unreadable(f"The template is nested more than {DEEPEST:,} levels deep.", 1)]
    template, errors = decode_str(text)
    if errors:
        return [unreadable(" ".join(str(error.message).split()), int(error.linenumber)) for error in errors]
    if not isinstance(template, dict):
        return [unreadable("This is no template: its top level is not a mapping.", 1)]
    return cast(Tree, template)


def unreadable(message: str, line: int | None = None) -> Finding:
    """The finding for what cannot be read as a template at all."""
    return Finding(UNREADABLE, Level.ERROR, message, line=line)


def _own(template: Tree, text: str) -> Iterable[Finding]:
    ours = is_ours(template)
    for info, check in OWN_RULES:
        if ours or not info.ours_only:
            yield from _guarded(
                info,
                lambda info=info, check=check: [  # type: ignore[misc]
                    _finding(info, message, place, template) for place, message in check(template, text)
                ],
            )


def _guarded(info: RuleInfo, find: Callable[[], list[Finding]]) -> list[Finding]:
    """What a rule finds; when it fails on this template, that, and the other rules go on."""
    try:
        return find()
    except Exception as error:
        message = (
            f"{info.id} failed with {type(error).__name__}. This is a bug in deployer: report it with the template."
        )
        return [Finding(OF_FAILURE.id, OF_FAILURE.level, message)]


def _finding(info: RuleInfo, message: str, place: Place, template: Tree) -> Finding:
    return Finding(info.id, info.level, message, "/".join(map(str, place)), _line(template, place), info.source)


def _line(template: Tree, place: Place) -> int | None:
    """The line of the innermost mapping or list on the path that has one, as cfn-lint's own do."""
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
    """cfn-lint with its rules loaded, which takes longer than a check; cached for the next template."""
    from cfnlint.config import ConfigMixIn
    from cfnlint.runner import Runner

    class Settings(ConfigMixIn):  # type: ignore[misc]
        """cfn-lint's settings without its files: a `.cfnlintrc` of the current folder names programs (append_rules)."""

        def _find_config(self) -> tuple[str, str]:
            return "", ""

    return Runner(Settings(regions=list(regions)))


def _cfn_lint(template: Tree, regions: Sequence[str], file: str | None = None) -> list[Finding]:
    """What cfn-lint finds. Its public function for a template that is already read names no file."""
    from cfnlint.exceptions import InvalidRegionException
    from cfnlint.runner.template.runner import _run_template

    runner = _runner(tuple(regions))
    rules = runner.rules
    if "Transform" not in template:  # a transform makes types that are not written here
        kinds = {kind for _, kind, _ in resources(template)}
        rules = _rules_for(kinds, rules)
    findings: list[Finding] = []
    try:
        findings.extend(_from_match(match) for match in _run_template(file, template, runner.config, rules))
    except InvalidRegionException:
        raise UsageError(f"cfn-lint knows no region {' or '.join(regions)}.", "deployer lint --region REGION") from None
    except Exception as error:  # cfn-lint itself stops: what it and our own rules have found stays
        findings.append(_stopped(template, error))
    return findings


def _stopped(template: Tree, error: Exception) -> Finding:
    """What stopped cfn-lint: a name that is no text, which nothing after it can be judged by, or something else."""
    for section, names in template.items():
        for name in names if isinstance(names, dict) else ():
            if not isinstance(name, str):
                message = f"The name {name!r} is not a text, and no template may have it. Put it in quotes."
                return Finding(STOPPED, Level.ERROR, message, str(section), _line(template, (section,)))
    message = f"cfn-lint stopped at this template with {type(error).__name__}: it may have more faults than are named."
    return Finding(STOPPED, Level.ERROR, message)


def _rules_for(kinds: set[str], rules: Rules) -> Rules:
    """The rules that apply to these resource types; cfn-lint would run the others at every node too."""
    return type(rules)({name: rule for name, rule in rules.items() if not _is_for_other_types(rule, kinds)})


def _is_for_other_types(rule: CloudFormationLintRule, kinds: set[str]) -> bool:
    keywords = list(getattr(rule, "keywords", ()))
    return bool(keywords) and all(
        OF_A_TYPE.match(keyword) and keyword.split("/")[1] not in kinds for keyword in keywords
    )


def _from_match(match: Match) -> Finding:
    rule = str(match.rule.id)
    path = "/".join(map(str, getattr(match, "path", None) or ()))
    source = str(getattr(match.rule, "source_url", "") or "")
    level = LEVELS.get(rule[:1], Level.ERROR)
    return Finding(rule, level, str(match.message).strip(), path, int(match.linenumber), source)


def _of_variants(template: Tree, regions: Sequence[str], known: Sequence[Finding]) -> list[Finding]:
    """What is wrong with some answers only. A variant has no lines of its own."""
    variants = Variants(template)
    cases = [(answers, variants.entries(answers)) for answers in yes_no_combinations(template)]
    findings = [
        _finding(OF_VARIANTS, f"With {_case(answers)}: {name} does not exist.", place, {})
        for answers, entries in cases
        for place, name in variants.dangling(entries)
    ]
    changed = [(entry, answers) for answers, entries in cases for entry in entries]
    statements = statement_texts(template)
    seen = {(finding.rule, _decided_path(finding.path)) for finding in known}
    for batch in batches(changed, statements):
        for finding in _of_batch(batch, template, statements, regions):
            if (finding.rule, finding.path) not in seen:
                seen.add((finding.rule, finding.path))
                findings.append(finding)
    return findings


def _of_batch(batch: Batch, template: Tree, statements: Mapping[str, str], regions: Sequence[str]) -> Iterable[Finding]:
    reduced, shortened = batch.template(template, statements)
    for finding in _cfn_lint(cast(Tree, _decode(json.dumps(reduced))), regions):
        steps = finding.path.split("/")
        answers = batch.answers.get((steps[0], steps[1] if len(steps) > 1 else ""))
        above = {"/".join(steps[:length]) for length in range(len(steps) + 1)}
        if answers is not None and not above & shortened:
            yield replace(finding, message=f"With {_case(answers)}: {finding.message}", line=None)


def _case(answers: dict[str, str]) -> str:
    return ", ".join(f"{name}={answer}" for name, answer in answers.items())


def _decided_path(path: str) -> str:
    """The path on the whole as it is in a variant, where an `Fn::If` is its branch."""
    return re.sub(r"/Fn::If/[12]", "", path)
