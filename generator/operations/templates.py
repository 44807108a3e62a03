"""generate and lint: the emitted template on disk, and findings in any template."""

from __future__ import annotations

import difflib
import gc
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from generator import __version__
from generator.errors import DeployerError, UsageError
from generator.model.contract import Resource
from generator.model.lint import Finding
from generator.model.template_name import TemplateName

DEFAULT_REGION = "us-east-1"
NESTING = ("AWS::CloudFormation::Stack", "AWS::Serverless::Application")
"""Resources whose template is in another file. That file may change, so a template with one is checked each time."""


@dataclass(frozen=True)
class GenerateRequest:
    """The templates to emit, as "yaml" or "json". `file`: None for each one's own file, "-" for standard output.

    `check`: compare with the files, and write nothing. `wire`: the form that is sent, without comments.
    """

    names: tuple[TemplateName, ...]
    fmt: str = "yaml"
    file: str | None = None
    check: bool = False
    wire: bool = False


@dataclass(frozen=True)
class Written:
    """Where the template went, and whether that changed the file."""

    path: str
    bytes: int
    changed: bool


@dataclass(frozen=True)
class Freshness:
    """Whether a file is what would be emitted now; if not, the unified diff, None where there is no file."""

    path: str
    template: TemplateName
    current: bool
    diff: list[str] | None = None


def generate(request: GenerateRequest) -> list[str | Written | Freshness]:
    """Emit each template: its text, or what became of its file, or how its file compares.

    Raises UsageError when the folder to write to does not exist, and DeployerError when the file cannot be written.
    """
    return [_one(request, name) for name in request.names]


def _one(request: GenerateRequest, name: TemplateName) -> str | Written | Freshness:
    content = _wire(name) if request.wire else _text(request.fmt, name)
    if request.file == "-":
        return content
    path = Path(request.file) if request.file else Path(name.path).with_suffix(_ending(request))
    return _compare(path, content, name) if request.check else _write(path, content)


def _text(fmt: str, name: TemplateName) -> str:
    from generator.template.emit import emit_named

    return emit_named(name, "json" if fmt == "json" else "yaml")


def _wire(name: TemplateName) -> str:
    from generator.template.yaml_document import wire_form

    return wire_form(_text("yaml", name))


def _ending(request: GenerateRequest) -> str:
    return ".wire.yaml" if request.wire else f".{request.fmt}"


def _write(path: Path, content: str) -> Written:
    """Write the file, or leave an identical one alone."""
    if not path.parent.is_dir():
        raise UsageError(
            f"There is no folder {path.parent} to write {path.name} to.", f"Name another file: -o {path.name}"
        )
    changed = _content(path) != content
    if changed:
        try:
            path.write_text(content, encoding="utf-8")
        except OSError as error:
            raise DeployerError(
                f"{path} could not be written: {error.strerror}.", "Name another file: -o FILE"
            ) from None
    return Written(str(path), len(content.encode()), changed)


def _compare(path: Path, content: str, name: TemplateName) -> Freshness:
    if not path.exists():
        return Freshness(str(path), name, False)
    old = _content(path)
    if old == content:
        return Freshness(str(path), name, True, [])
    diff = difflib.unified_diff((old or "").splitlines(), content.splitlines(), str(path), "generated now", lineterm="")
    return Freshness(str(path), name, False, list(diff))


def _content(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


@dataclass(frozen=True)
class LintReport:
    """The findings in one template. `wire_bytes`: the size of our template as it is sent; 0 for any other."""

    name: str
    findings: list[Finding]
    wire_bytes: int = 0


@dataclass(frozen=True)
class LintResult:
    """A report per template, and all of them as one document where JSON or SARIF was asked for.

    `unread`: why the one file that was named could not be read.
    """

    reports: list[LintReport]
    document: object = None
    unread: DeployerError | None = None

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return not any(report.findings for report in self.reports)

    @property
    def exit_code(self) -> int:
        """0 for no findings, 3 for some; where the one file could not be read, what says why."""
        if self.unread:
            return self.unread.exit_code
        return 0 if self.clean else 3


def lint(files: Sequence[Path], fmt: str = "text", region: str | None = None) -> LintResult:
    """Check template files for a region, or the product's own template when no file is given.

    `fmt` is text, json or sarif. A file that cannot be read has a finding, and the others are checked. Raises NotFound
    or UsageError where it is the only file and no document has to be complete, and UsageError for an unknown region.
    """
    own = TemplateName.STACK
    reports, errors = [], []
    for file in files:
        report, error = _report(file, region)
        reports.append(report)
        errors += [error] if error else []
    unread = errors[0] if errors and len(files) == 1 else None
    if unread and fmt == "text":
        raise unread
    reports = reports or [_judged("the product's template", _text("yaml", own), region)]
    return LintResult(reports, _document(reports, fmt), unread)


def _report(file: Path, region: str | None) -> tuple[LintReport, DeployerError | None]:
    """The report of a file, and why it could not be read, if it could not."""
    from generator.lint.engine import read_template, unreadable

    try:
        content = read_template(file)
    except DeployerError as error:
        return LintReport(str(file), [unreadable(error.message)]), error
    return _judged(str(file), content, region, file), None


def _judged(name: str, content: str, region: str | None, file: Path | None = None) -> LintReport:
    from generator.lint.engine import UNREADABLE

    findings = _findings(name, content, region, file)
    whole = all(finding.rule != UNREADABLE for finding in findings)
    return LintReport(name, findings, _wire_bytes(content) if whole else 0)


def _wire_bytes(content: str) -> int:
    """The size that counts against CloudFormation's limit, where the template is the product's."""
    from generator.template.yaml_document import entries, parse, text_of

    if Resource.KEEPER_FUNCTION not in content:
        return 0
    sections = parse(content)
    return len(text_of(sections).encode()) if Resource.KEEPER_FUNCTION in entries(sections.get("Resources")) else 0


def _document(reports: Sequence[LintReport], fmt: str) -> object:
    from generator.lint.sarif import to_json, to_sarif

    findings = [(report.name, report.findings) for report in reports]
    if fmt == "json":
        return to_json(findings)
    return to_sarif(findings, __version__) if fmt == "sarif" else None


def _findings(name: str, content: str, region: str | None, file: Path | None) -> list[Finding]:
    from generator.operations import lint_cache

    regions = (region or DEFAULT_REGION,)
    size = file.stat().st_size if file else 0  # with other line ends the same text has another
    judged = f"{regions}\0{size}\0{content}"
    if lint_cache.known(judged):
        return []
    from generator.lint.engine import lint_text

    _load_cfn_lint(regions)
    findings = lint_text(content, name, regions, str(file) if file else None)
    if not findings and not any(kind in content for kind in NESTING):
        lint_cache.remember(judged)
    return findings


@lru_cache(maxsize=1)
def _load_cfn_lint(regions: tuple[str, ...]) -> None:
    """Load it without the collector, which would go over its many lasting objects again and again, now and later.

    What a check makes is let go of young: looking often then costs little and saves 13 MiB.
    """
    from generator.lint.engine import load

    gc.disable()
    try:
        load(regions)
        gc.freeze()
        gc.set_threshold(10_000, 20, 100)
    finally:
        gc.enable()
