"""generate and lint: the emitted template on disk, and findings in any template."""

from __future__ import annotations

import difflib
import gc
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from generator import __version__
from generator.errors import DeployerError, UsageError
from generator.model.lint import Finding
from generator.model.template_name import TemplateName


@dataclass(frozen=True)
class Written:
    """Where the template went, and whether that changed the file."""

    path: str
    bytes: int
    changed: bool


@dataclass(frozen=True)
class Freshness:
    """Whether a file is what would be emitted now; if not, the unified diff."""

    path: str
    current: bool
    lines: list[str]


def text(fmt: str, name: TemplateName = TemplateName.STACK) -> str:
    """A template as it would be written."""
    from generator.template.emit import emit_named

    return emit_named(name, "json" if fmt == "json" else "yaml")


def target(file: str | None, fmt: str, name: TemplateName = TemplateName.STACK) -> Path:
    """Where to write when the user did not say."""
    return Path(file) if file else Path(name.path).with_suffix(f".{fmt}")


def write(path: Path, fmt: str, name: TemplateName = TemplateName.STACK) -> Written:
    """Write a template; leave an identical file alone. Raises UsageError when the folder is not there."""
    new = text(fmt, name)
    if not path.parent.is_dir():
        raise UsageError(
            f"There is no folder {path.parent} to write {path.name} to.", f"Name another file: -o {path.name}"
        )
    old = _content(path)
    if old != new:
        try:
            path.write_text(new)
        except OSError as error:
            raise DeployerError(
                f"{path} could not be written: {error.strerror}.", "Name another file: -o FILE"
            ) from None
    return Written(str(path), len(new.encode()), old != new)


def check(path: Path, fmt: str, name: TemplateName = TemplateName.STACK) -> Freshness:
    """Compare a file with what would be emitted now."""
    if not path.exists():
        return Freshness(str(path), False, [f"There is no file {path}; {_command(name)} -o {path} writes it."])
    old, new = _content(path), text(fmt, name)
    if old == new:
        return Freshness(str(path), True, [f"{path} is current."])
    found = difflib.unified_diff((old or "").splitlines(), new.splitlines(), str(path), "generated now", lineterm="")
    return Freshness(str(path), False, list(found))


def _command(name: TemplateName) -> str:
    return "deployer generate" if name is TemplateName.STACK else f"deployer generate --template {name}"


def _content(path: Path) -> str | None:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError):
        return None


@dataclass(frozen=True)
class LintReport:
    """What a template was found to have."""

    name: str
    findings: list[Finding]


def lint(files: Sequence[Path]) -> list[LintReport]:
    """Check template files, or the product's own. Raises NotFound or UsageError when one cannot be read as one."""
    from generator.lint.engine import read_template

    named = [(str(file), read_template(file)) for file in files] or [("the product's template", text("yaml"))]
    return [LintReport(name, _findings(name, content)) for name, content in named]


def _findings(name: str, content: str) -> list[Finding]:
    from generator.operations import lint_cache

    if lint_cache.known(content):
        return []
    from generator.lint.engine import lint_text

    _load_cfn_lint()
    found = lint_text(content, name)
    if not found:
        lint_cache.remember(content)
    return found


@lru_cache(maxsize=1)
def _load_cfn_lint() -> None:
    """Load it without the collector, which would go over its many lasting objects again and again, now and later.

    What a check makes is let go of young: looking often then costs nothing and saves 15 MiB.
    """
    from generator.lint.engine import load

    gc.disable()
    try:
        load()
        gc.freeze()
        gc.set_threshold(2_000, 20, 100)
    finally:
        gc.enable()


def report_lines(reports: Sequence[LintReport], fmt: str) -> list[str]:
    """The findings as text, JSON or SARIF."""
    from generator.lint.sarif import to_json, to_sarif

    found = [(report.name, report.findings) for report in reports]
    if fmt == "json":
        return json.dumps(to_json(found), indent=2).splitlines()
    if fmt == "sarif":
        return json.dumps(to_sarif(found, __version__), indent=2).splitlines()
    return [line for report in reports for line in _lines(report)]


def _lines(report: LintReport) -> list[str]:
    if not report.findings:
        return [f"{report.name}: no findings."]
    found = [f"{report.name}:{f.line or '-'}  {f.rule}  {f.level}  {f.message}" for f in report.findings]
    return [*found, f"{len(found)} finding{'s' if len(found) > 1 else ''}."]
