"""session-preferences: the one place that changes the account's own preferences, and only on request.

What was in force is saved to this computer before anything is written, so that it can be restored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from generator import directories
from generator.errors import AwsError, DeployerError, NotFound
from generator.gateway.aws import Gateway
from generator.model import preferences as model
from generator.model.access import AccessFinding
from generator.model.caller import Caller
from generator.model.json_text import parse_json
from generator.model.preferences import Preferences, PreferencesPlan, PreferencesResult, SettingChange
from generator.model.session_log import STANDARD, holds_evidence
from generator.operations.clock import SYSTEM, Clock


def read(gateway: Gateway) -> Preferences:
    """The preferences in force."""
    document = gateway.ssm.find_document(model.DOCUMENT)
    if document is None:
        return Preferences(None)
    content, version = document
    return Preferences(parse_json(content), version)


def set_preferences(gateway: Gateway, given: Mapping[str, object], caller: Caller) -> PreferencesResult:
    """Change the settings `given`, keep all others, and return those in force.

    Raises UsageError for values the service does not take, Declined, and DeployerError when the settings in force
    afterwards are not those written.
    """
    return _carry_out(gateway, _plan_set(gateway, given), caller)


def restore_preferences(gateway: Gateway, file: Path | None, caller: Caller) -> PreferencesResult:
    """Put back what `file` holds, by default the latest state saved for this account and region.

    Raises NotFound when none was saved, DeployerError for a file that holds none, and as `set_preferences`.
    """
    return _carry_out(gateway, _plan_restore(gateway, file), caller)


def _carry_out(gateway: Gateway, plan: PreferencesPlan, caller: Caller) -> PreferencesResult:
    """Show, ask, save what is in force, write, and read back."""
    if not plan.changes:
        caller.say("The settings are as requested: nothing to change.")
        return PreferencesResult(plan.before.settings, ())
    caller.show(plan)
    caller.confirm(plan)
    saved = _save(gateway, plan.before)
    _write(gateway, plan)
    settings = _require_in_force(gateway, plan, saved)
    caller.say(f"The previous settings are in {saved}; restore them with: deployer session-preferences restore")
    return PreferencesResult(settings, plan.changes, str(saved))


def _plan_set(gateway: Gateway, given: Mapping[str, object]) -> PreferencesPlan:
    """What setting these would change. Raises UsageError for values the service does not take."""
    before = read(gateway)
    after = model.changed(before.content, given)
    changes = model.differences(before.content, after)
    return PreferencesPlan(before, after, changes, _findings(gateway, Preferences(after).settings, given))


def _plan_restore(gateway: Gateway, file: Path | None) -> PreferencesPlan:
    """What putting a saved state back would change; the latest one saved for this account and region by default."""
    path = file or _latest(gateway)
    try:
        saved = parse_json(path.read_text(encoding="utf-8"))
        content, version = saved["content"], str(saved.get("version", ""))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DeployerError(f"{path} does not contain saved preferences.", "Give another file: --from FILE") from error
    before = read(gateway)
    if content is None:
        gone = () if before.content is None else (SettingChange(model.DOCUMENT, "saved", None),)
        return PreferencesPlan(before, None, gone)
    return PreferencesPlan(before, content, model.differences(before.content, content), version=version)


def _require_in_force(gateway: Gateway, plan: PreferencesPlan, saved: Path) -> Mapping[str, object]:
    """The settings in force. Raises DeployerError when they are not those of the plan."""
    now = read(gateway)
    if now.content != plan.after:
        raise DeployerError(
            "The preferences in force are not those that were written.",
            f"Restore the previous ones: deployer session-preferences restore --from {saved}",
        )
    return now.settings


def _latest(gateway: Gateway) -> Path:
    """The newest saved state of this account and region. Raises NotFound."""
    saved = sorted(_directory().glob(f"{_place(gateway)}-*.json"))
    if not saved:
        raise NotFound(
            "No preferences of this account and region were saved on this computer.",
            "session-preferences set saves what it changes; a state saved elsewhere is given with: --from FILE",
            code="nothing-saved",
        )
    return saved[-1]


def _write(gateway: Gateway, plan: PreferencesPlan) -> None:
    if plan.after is None:
        gateway.ssm.delete_document(model.DOCUMENT)
        return
    text = json.dumps(plan.after, indent=2)
    if plan.before.content is None:
        gateway.ssm.create_session_document(model.DOCUMENT, text)
        return
    try:
        version = gateway.ssm.update_document(model.DOCUMENT, text)
    except AwsError as error:
        if error.aws_code != "DuplicateDocumentContent":
            raise
        version = gateway.ssm.version_with(model.DOCUMENT, text)
    gateway.ssm.set_default_version(model.DOCUMENT, version)


def _save(gateway: Gateway, before: Preferences, clock: Clock = SYSTEM) -> Path:
    moment = clock.now().strftime("%Y%m%dT%H%M%S%f")
    path = _directory() / f"{_place(gateway)}-{moment}.json"
    path.write_text(json.dumps({"content": before.content, "version": before.version}, indent=2), encoding="utf-8")
    path.chmod(0o600)
    return path


def _directory() -> Path:
    return directories.private_state("preferences")


def _place(gateway: Gateway) -> str:
    account = re.search(r":(\d{12}):", gateway.sts.get_caller_arn())
    return f"{account[1] if account else 'unknown'}-{gateway.region}"


def _findings(
    gateway: Gateway, settings: Mapping[str, object], given: Mapping[str, object]
) -> tuple[AccessFinding, ...]:
    """Settings that would make sessions fail: a log group that is missing, or not encrypted though it must be."""
    name = str(settings.get("cloudWatchLogGroupName") or "")
    if not name or not {"cloudWatchLogGroupName", "cloudWatchEncryptionEnabled"} & set(given):
        return ()
    return tuple(_log_group_findings(gateway, name, encrypts=bool(settings.get("cloudWatchEncryptionEnabled"))))


def _log_group_findings(gateway: Gateway, name: str, *, encrypts: bool) -> Iterator[AccessFinding]:
    another = "Name another: session-preferences set --cloudwatch-log-group"
    group = gateway.logs.find_log_group(name)
    if holds_evidence(name):
        yield AccessFinding(name, "Revocations are recorded in this log group: keep sessions out of it.", another)
    if group is None:
        hint = gateway.commands.aws("logs", "create-log-group", "--log-group-name", name)
        yield AccessFinding(name, "There is no such log group, so sessions would not start or not be logged.", hint)
        return
    if group.log_class != STANDARD:
        yield AccessFinding(name, f"The log group is of the class {group.log_class}: nobody could read it.", another)
    if encrypts and not group.kms_key:
        warning = "The log group is not encrypted by a key, so no session would start."
        yield AccessFinding(name, warning, "Give it a key, or set --cloudwatch-encryption no")
