"""session-preferences: the account's Session Manager preferences, changed only here and only on request."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from generator.cli import session_text
from generator.cli.command import CommandResult, command
from generator.cli.invocation import Invocation
from generator.cli.parameter_options import YesNo
from generator.errors import UsageError

if TYPE_CHECKING:
    from generator.model.preferences import PreferencesResult

_SETTINGS: tuple[tuple[str, str, bool, str], ...] = (
    ("cloudwatch_log_group", "cloudWatchLogGroupName", False, "Log group for session output; '' for none."),
    (
        "cloudwatch_encryption",
        "cloudWatchEncryptionEnabled",
        True,
        "Require a log group that is encrypted with a KMS key.",
    ),
    ("cloudwatch_streaming", "cloudWatchStreamingEnabled", True, "Stream the log during the session, not at its end."),
    ("s3_bucket", "s3BucketName", False, "Bucket for session logs; '' for none."),
    ("s3_prefix", "s3KeyPrefix", False, "Prefix of the logs in the bucket."),
    ("s3_encryption", "s3EncryptionEnabled", True, "Require a bucket that is encrypted."),
    ("kms_key_id", "kmsKeyId", False, "KMS key that encrypts session data; '' for TLS only."),
    ("run_as", "runAsEnabled", True, "Run shells as a user other than ssm-user."),
    ("run_as_user", "runAsDefaultUser", False, "The user to run shells as."),
    ("idle_timeout", "idleSessionTimeout", False, "Minutes of inactivity after which a session ends, 1 to 60."),
    ("max_duration", "maxSessionDuration", False, "Minutes a session may last, 1 to 1440; '' for no limit."),
    ("linux_profile", "linux", False, "Commands to run when a shell starts on Linux."),
    ("windows_profile", "windows", False, "Commands to run when a shell starts on Windows."),
)
_OPTIONS = tuple(
    (name, Annotated[YesNo | None if yes_no else str | None, typer.Option(help=text, show_default=False)], None)
    for name, _, yes_no, text in _SETTINGS
)


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(
        name="session-preferences",
        help="The account's Session Manager preferences in a region.",
        no_args_is_help=True,
    )
    app.add_typer(group)
    _register_show(group)
    _register_set(group)
    _register_restore(group)


def _register_show(group: typer.Typer) -> None:
    @command(group, "show")
    def show(call: Invocation) -> CommandResult:
        """Show the preferences, which apply to every session that names no document."""
        from generator.operations.sessions.preferences import read

        preferences = read(call.gateway)
        return CommandResult(preferences, session_text.preference_lines(preferences.settings), to_read=True)


def _register_set(group: typer.Typer) -> None:
    @command(group, "set", changes=True, extra=_OPTIONS)
    def set_(call: Invocation, **values: Any) -> CommandResult:
        """Change the settings given and keep all others. The previous settings are saved first."""
        from generator.operations.sessions.preferences import set_preferences

        given = _given(values)
        if not given:
            raise UsageError(
                "No setting to change was given.",
                "For example: deployer session-preferences set --idle-timeout 15. For all settings, add --help",
            )
        return _done(set_preferences(call.gateway, given, call))


def _register_restore(group: typer.Typer) -> None:
    @command(group, "restore", changes=True)
    def restore(
        call: Invocation,
        file: Annotated[
            Path | None, typer.Option("--from", help="File with saved settings; the latest if omitted.")
        ] = None,
    ) -> CommandResult:
        """Restore the settings that `set` saved before its change."""
        from generator.operations.sessions.preferences import restore_preferences

        return _done(restore_preferences(call.gateway, file, call))


def _given(values: dict[str, Any]) -> dict[str, object]:
    """The settings that were given, by the document's names."""
    chosen = {key: values[name] for name, key, _, _ in _SETTINGS if values.get(name) is not None}
    given: dict[str, object] = {
        key: value == YesNo.yes if isinstance(value, YesNo) else value
        for key, value in chosen.items()
        if key not in ("linux", "windows")
    }
    profile = {key: chosen[key] for key in ("linux", "windows") if key in chosen}
    return {**given, "shellProfile": profile} if profile else given


def _done(result: PreferencesResult) -> CommandResult:
    return CommandResult(result, session_text.preference_lines(result.settings), to_read=True)
