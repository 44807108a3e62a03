"""The evidence of a revocation where it lasts: two files of the caller's, and a line in the stack's own log.

The line has the digest of the JSON file, and only the stack's keeper and people of the account may write there. So
`access verify` can tell later whether a file is the report of a revocation, unchanged.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from generator.errors import DeployerError, NotFound, Refused, UsageError
from generator.gateway.aws import Gateway
from generator.host.files import require_writable as require_writable_file
from generator.host.files import write_private
from generator.model.contract import Parameter, Resource
from generator.model.evidence import STREAM, LogLine, Report, log_line, parse_line, sha256_of
from generator.model.json_text import parse_json
from generator.model.publishing import BUNDLE_SUFFIX
from generator.model.reading import Reading
from generator.model.stack import Stack
from generator.model.up import Check
from generator.operations.access import stack_access
from generator.operations.access.readings import read
from generator.operations.access.stack_access import StackAccess
from generator.operations.clock import SYSTEM, Clock

SUBJECT = "line in the stack's log"


@dataclass(frozen=True)
class Verified:
    """A report's file held against the log. `line` is the one with the file's digest; None where there is none."""

    file: str
    sha256: str
    group: str
    line: LogLine | None


def signature_of(file: Path) -> Path:
    """The file of the signature of FILE.json, where `verify` looks for it."""
    data, _ = files(file)
    return data.with_name(f"{data.name}{BUNDLE_SUFFIX}")


def files(file: Path) -> tuple[Path, Path]:
    """FILE.json and FILE.html; one of these endings that FILE has itself is not doubled, any other is part of it."""
    name = file.stem if file.suffix in (".json", ".html") else file.name
    return file.with_name(f"{name}.json"), file.with_name(f"{name}.html")


def require_writable(file: Path, *, signed: bool = False) -> None:
    """Raise UsageError where a report could not be written: asked before a revocation, whose evidence comes once."""
    try:
        if file.name in ("", "..") or file.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        for path in (*files(file), *([signature_of(file)] if signed else [])):
            require_writable_file(path)
    except OSError as error:
        raise UsageError(
            f"The report could not be written to {file}: {error.strerror}. Nothing was changed.",
            "Give a file's name in a folder that you may write to: --report FILE",
            code="report-not-written",
        ) from error


def write(report: Report, page: str, file: Path, bundle: str = "") -> tuple[Path, Path]:
    """Write FILE.json, its signature where there is a bundle, and FILE.html, each at once and for this user alone.

    Signature and page of an earlier report of that name are removed first: whenever this is stopped, those that are
    there belong to the JSON file. Raises DeployerError.
    """
    data, shown = files(file)
    signature = signature_of(file)
    try:
        for earlier in (signature, shown):
            earlier.resolve().unlink(missing_ok=True)  # where it is a link, that stays
        write_private(data, report.text)
        if bundle:
            write_private(signature, bundle)
        write_private(shown, page)
    except OSError as error:
        raise DeployerError(
            f"The report could not be written to {file}: {error.strerror}.",
            "Access is closed as shown; give another file, and run the same command again: --report FILE",
            code="report-not-written",
        ) from error
    return data, shown


def record(
    gateway: Gateway,
    resources: Reading[Mapping[str, str]],
    report: Report,
    clock: Clock = SYSTEM,
    *,
    has_file: bool = False,
) -> Check | None:
    """Append the report's line to the log among the stack's `resources` (physical IDs by logical ID); None where there
    is no log. `has_file`: the report is to be a file. Never raises.
    """
    if resources.value is None:
        return Check(SUBJECT, False, f"the stack's resources could not be listed: {resources.detail}")
    if not (group := resources.value.get(Resource.KEEPER_LOG_GROUP, "")):
        return None
    line = log_line(report, has_file=has_file).message
    written = read("logs:PutLogEvents", lambda: gateway.logs.put_line(group, STREAM, line, clock.now()))
    if written.value:
        return Check(SUBJECT, True, f"{group}, stream {STREAM}")
    needs = f" Needs {written.permission}." if written.permission else ""
    return Check(
        SUBJECT, False, f"not written to {group}: {written.detail or 'CloudWatch Logs did not take it'}{needs}"
    )


def verify(gateway: Gateway, file: Path, group: str = "") -> Verified:
    """Hold a report's JSON file against the log `group`, by default the stack's own.

    Raises UsageError for a file that cannot be read or is no report, StackNotFound, NotFound where there is no log,
    Refused where shells of the stack may write to it, and AwsError.
    """
    content = _content(file)
    group = _trusted_group(gateway, group)
    digest = sha256_of(content)
    try:
        lines = [parse_line(message, at) for message, at in gateway.logs.stream_lines(group, STREAM)]
    except NotFound:
        _require_group(gateway, group)
        lines = []
    line = next((line for line in lines if line is not None and line.sha256 == digest), None)
    return Verified(str(file), digest, group, line)


def last_line(gateway: Gateway, access: StackAccess) -> LogLine | None:
    """The record of the last revocation in the stack's own log; None where none has left one. Raises AwsError, and
    Refused where shells of the stack may write to that log."""
    ids = {r.logical_id: r.physical_id for r in gateway.cloudformation.list_stack_resources(access.stack.stack_id)}
    group = ids.get(Resource.KEEPER_LOG_GROUP, "")
    _require_unshared(gateway, access.stack, group)
    try:
        lines = [parse_line(text, at) for text, at in gateway.logs.stream_lines(group, STREAM)] if group else []
    except NotFound:
        return None
    return next((line for line in reversed(lines) if line is not None), None)


def _trusted_group(gateway: Gateway, group: str) -> str:
    """The log to ask: `group`, which may outlive its stack, or the stack's own. Raises as `verify`."""
    if not group:
        return _own_group(gateway)
    if stack := gateway.cloudformation.find_stack(gateway.deployment.stack_name):
        _require_unshared(gateway, stack, group)
    return group


def _require_unshared(gateway: Gateway, stack: Stack, group: str) -> None:
    """Raise Refused where the stack's shells are logged to this group: then its instance may write what a revocation
    would, line by line."""
    if group and group == stack.parameters.get(Parameter.LOG_GROUP, ""):
        raise Refused(
            f"The record of revocations, {group}, is also where the shells of {stack.name} are logged (LogGroup): "
            "whoever has a shell on the instance may write to it, so it proves nothing.",
            "Have shells logged elsewhere, and revoke again: "
            + gateway.commands.for_stack(stack.name).deployer("up", "--log-group", ""),
            code="record-shared",
        )


def _require_group(gateway: Gateway, group: str) -> None:
    """A log without the stream has no line; one that does not exist says nothing about a file. Raises NotFound."""
    if gateway.logs.find_log_group(group) is None:
        raise NotFound(
            f"There is no log group {group} in {gateway.region}, so the file could not be checked.",
            "Give the group that the revocation wrote to: --log-group NAME",
            code="no-log-group",
        )


def _content(file: Path) -> bytes:
    try:
        content = file.read_bytes()
        is_report = {"stack_name", "evidence", "verdict"} <= set(parse_json(content))
    except OSError as error:
        raise UsageError(f"{file} could not be read: {error.strerror}.", "Check the path.", code="file") from error
    except (ValueError, TypeError):
        is_report = False
    if not is_report:
        raise UsageError(
            f"{file} is not the JSON file of a revocation's report.", "Give the file that --report wrote: FILE.json"
        )
    return content


def _own_group(gateway: Gateway) -> str:
    access = stack_access.read_access(gateway)
    stack_id = access.stack.stack_id
    ids = {r.logical_id: r.physical_id for r in gateway.cloudformation.list_stack_resources(stack_id)}
    if group := ids.get(Resource.KEEPER_LOG_GROUP, ""):
        _require_unshared(gateway, access.stack, group)
        return group
    raise NotFound(
        f"The stack {access.stack.name} has no log of its own.",
        "Name the log group that the revocation wrote to: --log-group NAME",
        code="no-log-group",
    )
